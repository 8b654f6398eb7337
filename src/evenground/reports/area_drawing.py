"""Maps as SVG, in pixels: areas filled by class, places marked by shape, and a legend below.

Written directly: every edge is known in pixels already, and starting a chart engine for it would take longer
than the rest of the page. What is written here still goes through ``charts.finish_figure``.
"""

from __future__ import annotations

import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evenground.reports.canvas import Drawing
from evenground.reports.drawing import GAP, INK, LEGEND_CHARACTERS, LINE, MARGIN, MOST_LINES, QUIET
from evenground.reports.words import clean_text

_SWATCH: Final = 28
_BASELINE: Final = 5.5
# One for each of ``services.MOST_KINDS``.
_SYMBOLS: Final = (
    "M-6,0A6,6 0 1 1 6,0A6,6 0 1 1 -6,0Z",
    "M-5.5,-5.5H5.5V5.5H-5.5Z",
    "M0,-7L7,6H-7Z",
    "M0,-7.5L7.5,0L0,7.5L-7.5,0Z",
    "M-2.2,-6.6H2.2V-2.2H6.6V2.2H2.2V6.6H-2.2V2.2H-6.6V-2.2H-2.2Z",
    "M0,7L7,-6H-7Z",
)


@dataclass(frozen=True, slots=True)
class Swatch:
    """One entry of a map's legend: its fill, and what it means."""

    fill: str
    label: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One area of a map, in pixels, with its fill, its tooltip, and the path that it leads to, if any."""

    geometry: Mapping[str, Any]
    fill: str
    tooltip: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class PlaceMark:
    """A place on a map, in pixels: the number of its kind, which has a shape of its own, and its tooltip."""

    x: float
    y: float
    kind: int
    tooltip: str


def draw_areas(
    shapes: Sequence[Shape],
    legend: Sequence[Swatch],
    *,
    height: int,
    places: Sequence[PlaceMark] = (),
    kinds: Sequence[str] = (),
) -> ET.Element:
    """Areas filled by class with places above them; the legend below. Returns SVG, not yet fit for a page.

    ``kinds`` are the kinds of places in words, by number.
    """
    drawing = Drawing()
    for shape in shapes:
        _add_area(drawing, shape)
    for place in places:
        _add_symbol(drawing, place.kind, place.x + MARGIN, place.y + MARGIN, "places", place.tooltip)
    y = float(MARGIN + (height + GAP if shapes else 0))
    for swatch in legend:
        size = {"width": str(_SWATCH), "height": str(LINE)}
        edge = {"stroke": QUIET, "stroke_width": "1"}
        drawing.add("rect", "swatches", x=str(MARGIN), y=f"{y:.1f}", fill=swatch.fill, **size, **edge)
        y = _write_label(drawing, swatch.label, y)
    for number, kind in enumerate(kinds):
        _add_symbol(drawing, number, MARGIN + _SWATCH / 2, y + LINE / 2, "key")
        y = _write_label(drawing, kind, y)
    return drawing.finish(y + MARGIN)


def _add_area(drawing: Drawing, shape: Shape) -> None:
    edge = {"stroke": QUIET, "stroke-width": "0.6"}
    drawn = {"d": _path(shape.geometry), "fill": shape.fill, "aria-label": shape.tooltip, **edge}
    if shape.href:
        ET.SubElement(drawing.add("a", "areas", href=shape.href), "path", drawn)
    else:
        drawing.add("path", "areas", **drawn)


def _add_symbol(drawing: Drawing, kind: int, x: float, y: float, layer: str, tooltip: str = "") -> None:
    said = {"aria-label": tooltip} if tooltip else {}
    look = {
        "fill": INK,
        "stroke": "#ffffff",
        "stroke-width": "1.5",
        "transform": f"translate({x:.1f},{y:.1f})",
    }
    drawing.add("path", layer, d=_SYMBOLS[kind], **look, **said)


def _write_label(drawing: Drawing, label: str, y: float) -> float:
    lines = textwrap.wrap(clean_text(label), LEGEND_CHARACTERS, max_lines=MOST_LINES, placeholder=" …")
    for line in lines or [""]:
        drawing.text(line, MARGIN + _SWATCH + 10, y + LINE / 2 + _BASELINE, "legend")
        y += LINE + 4
    return y


def _path(geometry: Mapping[str, Any]) -> str:
    """The rings of a polygon or of several, as the path of a mark."""
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return "".join(_ring(ring) for part in parts for ring in part)


def _ring(ring: Sequence[Sequence[float]]) -> str:
    # The last point is the first again.
    points = [f"{x + MARGIN:.1f},{y + MARGIN:.1f}" for x, y, *_ in ring[:-1]]
    return f"M{'L'.join(points)}Z"
