"""A figure as a file of its own, with its title and where it comes from drawn in."""

from __future__ import annotations

import re
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Final

from evenground.errors import EvengroundError
from evenground.reports.charts import Figure
from evenground.reports.drawing import INK, MARGIN, QUIET, WIDTH
from evenground.reports.svg import FONT, NAMESPACE
from evenground.reports.words import clean_text

_TITLE: Final = {"font-size": "18", "font-weight": "700", "fill": INK}
_TITLE_LINE: Final = 24
_TITLE_CHARACTERS: Final = 44
_NOTE: Final = {"font-size": "13", "fill": QUIET}
_NOTE_LINE: Final = 18
_NOTE_CHARACTERS: Final = 66
_LINK: Final = re.compile(r"</?a\b[^>]*>")
_SCALE: Final = 2
"""Pixels of a PNG for each unit of the drawing: sharp on paper and on fine screens."""


def render_svg(figure: Figure, notes: Sequence[str]) -> str:
    """The picture as an SVG document that stands by itself.

    Parameters
    ----------
    figure
        As a page shows it.
    notes
        What is written under the picture, a paragraph each: what it shows, and where the figures come from.

    Returns
    -------
    str
        One ``<svg>`` element with a size of its own; title and notes are text, so that they can be searched.
    """
    ET.register_namespace("", NAMESPACE)
    # A file stands by itself: paths of a site lead nowhere from it.
    inner = ET.fromstring(_LINK.sub("", figure.svg))  # noqa: S314 (what this package wrote)
    _, _, width, height = (float(part) for part in inner.get("viewBox", "0 0 0 0").split())
    title = textwrap.wrap(figure.title, _TITLE_CHARACTERS)
    below = [line for note in notes for line in textwrap.wrap(clean_text(note), _NOTE_CHARACTERS)]
    top = MARGIN + _TITLE_LINE * len(title) + MARGIN
    total = top + height + MARGIN + _NOTE_LINE * len(below) + MARGIN
    outer = max(width, WIDTH + 2 * MARGIN)
    root = ET.Element(
        _name("svg"),
        {
            "viewBox": f"0 0 {outer:g} {total:g}",
            "width": f"{outer:g}",
            "height": f"{total:g}",
            "font-family": FONT,
        },
    )
    ET.SubElement(root, _name("rect"), {"width": f"{outer:g}", "height": f"{total:g}", "fill": "#ffffff"})
    _write(root, title, MARGIN + 16, _TITLE_LINE, _TITLE)
    inner.attrib |= {"x": "0", "y": f"{top:g}", "width": f"{width:g}", "height": f"{height:g}"}
    root.append(inner)
    _write(root, below, top + height + MARGIN + 12, _NOTE_LINE, _NOTE)
    return ET.tostring(root, encoding="unicode")


def render_png(figure: Figure, notes: Sequence[str]) -> bytes:
    """The same as pixels, twice as many as the drawing has units.

    Parameters
    ----------
    figure, notes
        As for ``render_svg``.

    Raises
    ------
    EvengroundError
        Where vl-convert, which draws it, is not installed.
    """
    return _draw_pixels(render_svg(figure, notes))


def render_plain_png(figure: Figure) -> bytes:
    """The picture alone as pixels, for a document that says in words what it shows.

    Parameters
    ----------
    figure
        As a page shows it.

    Raises
    ------
    EvengroundError
        As for ``render_png``.
    """
    return _draw_pixels(figure.svg)


def _draw_pixels(svg: str) -> bytes:
    try:
        import vl_convert  # loads a JavaScript engine, so only where something is drawn
    except ModuleNotFoundError:
        raise EvengroundError("Pictures need vl-convert-python: install evenground[web].") from None
    return bytes(vl_convert.svg_to_png(svg, scale=_SCALE))


def _write(root: ET.Element, lines: Sequence[str], y: float, step: float, style: dict[str, str]) -> None:
    for number, line in enumerate(lines):
        place = {"x": str(MARGIN), "y": f"{y + step * number:g}"}
        ET.SubElement(root, _name("text"), place | style).text = line


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"
