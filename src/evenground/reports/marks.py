"""Marks of a small drawing, as SVG: each comparison has a shape of its own as well as a colour.

For pictures that are many rows of a few marks at known places, where starting a chart engine would take
longer than everything else on the page. What is written here still goes through ``charts.finish_figure``.
"""

from __future__ import annotations

import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from evenground.reports.drawing import INK, LINE, MARGIN, TEXT_SIZE, WIDTH
from evenground.reports.svg import NAMESPACE
from evenground.reports.words import clean_text
from evenground.vocabulary import Comparison

BETTER: Final = "#006747"
WORSE: Final = "#b3261e"
SIMILAR: Final = "#4c6272"
NEITHER: Final = "#003087"
"""At least 5:1 on white and 3:1 on the greys behind them."""

OUTSIDE: Final = "#6b1d48"
EDGE: Final = "#6f7f8a"

_PATHS: Final[Mapping[str, tuple[str, str]]] = {
    Comparison.BETTER: (BETTER, "M-7,0A7,7 0 1 1 7,0A7,7 0 1 1 -7,0Z"),
    Comparison.WORSE: (WORSE, "M0,-9L9,0L0,9L-9,0Z"),
    Comparison.SIMILAR: (SIMILAR, "M-6.5,-6.5H6.5V6.5H-6.5Z"),
    Comparison.HIGHER: (NEITHER, "M0,-8L8,7H-8Z"),
    Comparison.LOWER: (NEITHER, "M0,8L8,-7H-8Z"),
    Comparison.NOT_COMPARED: (INK, "M-5,-5L5,5M-5,5L5,-5"),
}
MEANINGS: Final = {
    Comparison.BETTER: "better",
    Comparison.SIMILAR: "similar",
    Comparison.WORSE: "worse",
    Comparison.HIGHER: "higher",
    Comparison.LOWER: "lower",
    Comparison.NOT_COMPARED: "not compared",
}


SERIES: Final = (
    ("#002c56", "M-7,0A7,7 0 1 1 7,0A7,7 0 1 1 -7,0Z"),
    ("#ffffff", "M-6.5,-6.5H6.5V6.5H-6.5Z"),
    ("#a6cbec", "M0,-9L9,0L0,9L-9,0Z"),
    ("#005eb8", "M0,-8L8,7H-8Z"),
    ("#5a9ad5", "M0,8L8,-7H-8Z"),
    ("#ffffff", "M-7,0A7,7 0 1 1 7,0A7,7 0 1 1 -7,0Z"),
)
"""Fills and shapes of members of a series, edged in ink: none says that something is good or bad."""


class Drawing:
    """Marks at places in pixels of a drawing 440 wide, from the top down."""

    def __init__(self) -> None:
        self._root = ET.Element("svg", {"xmlns": NAMESPACE})

    def text(self, words: str, x: float, y: float, *, anchor: str = "start", weight: str = "400") -> None:
        """Words whose middle is at ``y``."""
        place = {"x": _at(x), "y": f"{y + 5.5:g}", "fill": INK, "font-size": str(TEXT_SIZE)}
        style = {"text-anchor": anchor, "font-weight": weight}
        ET.SubElement(self._root, "text", place | style).text = clean_text(words)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, stroke: str = INK, width: float = 2
    ) -> None:
        """A straight line."""
        place = {"x1": _at(x1), "y1": f"{y1:g}", "x2": _at(x2), "y2": f"{y2:g}"}
        ET.SubElement(self._root, "line", place | {"stroke": stroke, "stroke-width": f"{width:g}"})

    def box(self, x1: float, x2: float, y: float, height: float, *, fill: str) -> None:
        """A filled box between two places."""
        place = {"x": _at(x1), "y": f"{y:g}", "width": f"{max(x2 - x1, 1):.1f}", "height": f"{height:g}"}
        style = {"fill": fill, "stroke": EDGE, "stroke-width": "1"}
        ET.SubElement(self._root, "rect", place | style)

    def mark(self, comparison: str, x: float, y: float, tooltip: str = "") -> None:
        """The shape and colour of a comparison."""
        colour, path = _PATHS[Comparison(comparison)]
        is_cross = comparison == Comparison.NOT_COMPARED
        style = (
            {"fill": "none", "stroke": colour, "stroke-width": "3"}
            if is_cross
            else {"fill": colour, "stroke": "#ffffff", "stroke-width": "1.5"}
        )
        self._shape(path, x, y, style, tooltip)

    def point(self, number: int, x: float, y: float, tooltip: str = "") -> None:
        """The shape of the member of a series with this number, from 0."""
        fill, path = SERIES[number]
        self._shape(path, x, y, {"fill": fill, "stroke": INK, "stroke-width": "1.5"}, tooltip)

    def wider(self, x: float, y: float, tooltip: str = "") -> None:
        """The open ring of a wider area."""
        style = {"fill": "#ffffff", "stroke": OUTSIDE, "stroke-width": "2.5"}
        self._shape("M-5,0A5,5 0 1 1 5,0A5,5 0 1 1 -5,0Z", x, y, style, tooltip)

    def finish(self, height: float) -> ET.Element:
        """The root of the drawing, not yet fit for a page."""
        self._root.set("viewBox", f"0 0 {WIDTH + 2 * MARGIN} {height:g}")
        return self._root

    def _shape(self, path: str, x: float, y: float, style: dict[str, str], tooltip: str) -> None:
        place = {"d": path, "transform": f"translate({_at(x)},{y:g})"}
        said = {"aria-label": tooltip} if tooltip else {}
        ET.SubElement(self._root, "path", place | style | said)


def draw_key(drawing: Drawing, entries: Mapping[str, str], y: float) -> float:
    """A legend of comparisons with what each means, below one another; returns where the next thing goes."""
    for comparison, meaning in entries.items():
        drawing.mark(comparison, 12, y + LINE / 2)
        drawing.text(meaning, 34, y + LINE / 2)
        y += LINE + 4
    return y


@lru_cache(maxsize=1024)
def wrap_label(text: str, width: int) -> tuple[str, ...]:
    """A label in at most two lines."""
    return tuple(textwrap.wrap(clean_text(text), width, max_lines=2, placeholder=" …")) or ("",)


def _at(x: float) -> str:
    return f"{x + MARGIN:.1f}"
