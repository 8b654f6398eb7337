"""Vega's SVG made safe to stand inside a page.

The page's policy allows no inline style and no script, several figures share one document, and names of
areas are text that anybody may have typed. So the picture is parsed, and only the elements and attributes
named here are written again.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from evenground.errors import InputError
from evenground.reports.words import clean_text

NAMESPACE: Final = "http://www.w3.org/2000/svg"
FONT: Final = "arial, sans-serif"
HATCH: Final = "hatch"
DOTS: Final = "dots"

ELEMENTS: Final = frozenset(
    {"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "defs", "clipPath", "pattern"}
)
_PRESENTATION: Final = frozenset(
    {
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-dasharray",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-opacity",
        "opacity",
        "font-size",
        "font-weight",
        "font-style",
        "text-anchor",
        "clip-path",
    }
)
_GEOMETRY: Final = frozenset(
    {"d", "transform", "x", "y", "dx", "dy", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "width", "height"}
)
ATTRIBUTES: Final = _PRESENTATION | _GEOMETRY | {"id", "class", "viewBox"}

_DECIMALS = re.compile(r"-?\d*\.\d+(?:e[-+]?\d+)?")
_REFERENCE = re.compile(r"url\(['\"]?#([^'\")]+)['\"]?\)")
_UNSAFE = re.compile(r"url\(|javascript:|expression\(|@import|[<>&\\]", re.IGNORECASE)
_SAME_SITE = re.compile(r"(?:/(?:[A-Za-z0-9]|%[0-9A-F]{2})(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*)+/?")
_LAYER = re.compile(r"\b([a-z]+)_marks\b")
_EMPTY: Final = frozenset({"g", "defs", "text", "clipPath"})
_AS_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_AS_VALUE: Final = _AS_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#09;"})
_SHORT: Final = 40


def make_inline_safe(svg: str | ET.Element, *, prefix: str, title: str, description: str) -> str:
    """The picture as one ``<svg>`` element that may stand inside a page.

    A mark's ``aria-label`` becomes its ``<title>``, which browsers show as a tooltip. Everything inside is
    hidden from screen readers: the title and description speak for the picture, the table beside it for
    the figures.

    Parameters
    ----------
    svg
        A document as Vega writes it, or the root of one that was put together here.
    prefix
        Goes before every id, so that several figures can share a page. Letters, digits and hyphens.
    title, description
        Plain text; the accessible name of the picture.

    Returns
    -------
    str
        No ``style``, ``script`` or references to outside, and no links but to paths of the same site. The
        same input gives the same text.

    Raises
    ------
    InputError
        Where ``svg`` is not an SVG document, or declares a document type.
    """
    source = _parse(svg) if isinstance(svg, str) else svg
    names = _number_ids(source, prefix)
    drawing = "".join([_write(child, names) for child in source])
    opening = {
        "xmlns": NAMESPACE,
        "class": "evenground-figure",
        "viewBox": _view_box(source),
        "width": "100%",
        "focusable": "false",
        "font-family": FONT,
    }
    speaking = {"role": "img", "aria-labelledby": f"{prefix}-title {prefix}-desc"}
    told = "".join(
        _element(tag, {"id": f"{prefix}-{tag}"}, clean_text(text).translate(_AS_TEXT))
        for tag, text in (("title", title), ("desc", description))
    )
    hidden = _element("g", {"aria-hidden": "true"}, drawing)
    # Only a picture that refers to a pattern needs it: sixty small ones on a page do not.
    patterns = _patterns(prefix, drawing)
    if "<a " not in drawing:
        return _element("svg", opening | speaking, told + patterns + hidden)
    # An image may hold nothing that can be clicked: an empty one stands beside the links and speaks for them.
    size = dict(zip(("x", "y", "width", "height"), opening["viewBox"].split(), strict=True))
    image = _element("g", speaking, told + _element("rect", size | {"fill": "none"}, ""))
    return _element("svg", opening, patterns + image + hidden)


def reference_pattern(name: str) -> str:
    """The fill that Vega passes through untouched and that ``make_inline_safe`` ties to its pattern."""
    return f"url(#{name})"


def _parse(svg: str) -> ET.Element:
    if "<!" in svg:
        raise InputError("The picture declares a document type or entities; draw it again with Vega.")
    try:
        root = ET.fromstring(svg)  # noqa: S314 (no declarations, so nothing to expand)
    except ET.ParseError as error:
        raise InputError(f"The picture is not XML ({error}).") from error
    if _local(root.tag) != "svg":
        raise InputError(f"The picture is a <{_local(root.tag)}>, not an <svg>.")
    return root


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _number_ids(root: ET.Element, prefix: str) -> dict[str, str]:
    """Vega counts its ids up for as long as the process lives; numbering them here makes them repeat."""
    found = dict.fromkeys(element.attrib["id"] for element in root.iter() if "id" in element.attrib)
    numbered = {name: f"{prefix}-{number}" for number, name in enumerate(found, start=1)}
    return numbered | {name: f"{prefix}-{name}" for name in (HATCH, DOTS)}


def _view_box(root: ET.Element) -> str:
    box = root.get("viewBox") or f"0 0 {root.get('width', '0')} {root.get('height', '0')}"
    return " ".join(_round(part) for part in box.split())


def _write(element: ET.Element, names: Mapping[str, str]) -> str:
    """An element and what is in it as text, of what is named above; nothing where nothing is left."""
    tag = _local(element.tag)
    if tag == "a":
        return _write_link(element, names)
    if tag not in ELEMENTS or element.get("display") == "none":
        return ""
    if tag == "path" and _draws_nothing(element):
        return ""
    words = element.text.translate(_AS_TEXT) if tag in {"text", "tspan"} and element.text else ""
    label = clean_text(element.get("aria-label", ""))
    tooltip = _element("title", {}, label.translate(_AS_TEXT)) if label else ""
    inside = "".join([words, tooltip, *[_write(inner, names) for inner in element]])
    if tag in _EMPTY and not inside:
        return ""
    return _element(tag, _clean_attributes(element, names), inside)


def _write_link(element: ET.Element, names: Mapping[str, str]) -> str:
    """A link for the pointer, with what it holds; the table beside the picture has the same for the keyboard.

    A picture of 170 areas would put 170 stops in the way of the Tab key, and what is hidden from screen
    readers must not take the focus.
    """
    inside = "".join([_write(inner, names) for inner in element])
    address = element.get("href", "")
    if not _SAME_SITE.fullmatch(address):
        return inside
    return _element("a", {"href": address, "tabindex": "-1"}, inside) if inside else ""


def _element(tag: str, attributes: Mapping[str, str], inside: str) -> str:
    opening = "".join([f' {name}="{value.translate(_AS_VALUE)}"' for name, value in attributes.items()])
    return f"<{tag}{opening}>{inside}</{tag}>" if inside else f"<{tag}{opening} />"


def _draws_nothing(path: ET.Element) -> bool:
    painted = any(path.get(name, "none") != "none" for name in ("fill", "stroke"))
    return not path.get("d") or (path.get("class") in {"background", "foreground"} and not painted)


def _clean_attributes(element: ET.Element, names: Mapping[str, str]) -> dict[str, str]:
    style = element.get("style")
    attributes = _style_properties(style) | element.attrib if style else element.attrib
    kept = {}
    for name, value in attributes.items():
        if name not in ATTRIBUTES:
            continue
        cleaned = _clean_value(name, value, names)
        if cleaned:
            kept[name] = cleaned
    return kept


def _style_properties(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() in _PRESENTATION}


def _clean_value(name: str, value: str, names: Mapping[str, str]) -> str:
    if name == "id":
        return names[value]
    if name == "class":
        layer = _LAYER.search(value)
        return f"evenground-{layer[1]}" if layer else ""
    reference = _REFERENCE.fullmatch(value)
    if reference:
        return f"url(#{names[reference[1]]})" if reference[1] in names else ""
    keep = _keep_short if len(value) < _SHORT else _keep
    return keep(name in _GEOMETRY, value)


def _keep(is_geometry: bool, value: str) -> str:
    if _UNSAFE.search(value):
        return ""
    return _DECIMALS.sub(lambda found: _round(found[0]), value) if is_geometry else value


_keep_short = lru_cache(maxsize=8192)(_keep)
"""Colours, sizes and places repeat from mark to mark; the outline of an area does not."""


def _round(number: str) -> str:
    """A tenth of a pixel is finer than any screen shows, and makes a map a third of the size."""
    return f"{round(float(number), 1):g}" if abs(float(number)) < 1e5 else number


def _patterns(prefix: str, drawing: str) -> str:
    size = {"width": "8", "height": "8", "patternUnits": "userSpaceOnUse"}
    background = _element("rect", {"width": "8", "height": "8", "fill": "#ffffff"}, "")
    patterns = []
    for name, path in ((HATCH, "M-1,9L9,-1M-1,1L1,-1M7,9L9,7"), (DOTS, "M3,4h2")):
        if f"url(#{prefix}-{name})" in drawing:
            lines = _element("path", {"d": path, "stroke": "#4c6272", "stroke-width": "2"}, "")
            patterns.append(_element("pattern", {"id": f"{prefix}-{name}", **size}, background + lines))
    return _element("defs", {}, "".join(patterns)) if patterns else ""
