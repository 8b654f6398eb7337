"""Texts, rules, boxes and dots at places given in pixels, as SVG."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import Final

from evenground.reports.drawing import INK, MARGIN, TEXT_SIZE, WIDTH
from evenground.reports.svg import NAMESPACE
from evenground.reports.words import clean_text

TEXT: Final = TEXT_SIZE
"""The size of every text."""


def round_ticks(lowest: float, highest: float, *, steps: int = 3) -> list[float]:
    """Round numbers around two levels, from 0 unless the lower lies well above it.

    >>> round_ticks(3, 58), round_ticks(-4, 9), round_ticks(61, 68)
    ([0.0, 20.0, 40.0, 60.0], [-5.0, 0.0, 5.0, 10.0], [60.0, 65.0, 70.0])
    """
    low = 0.0 if 0 <= lowest < highest / 3 else lowest
    rough = max(highest - low, abs(highest) * 0.02, 1e-6) / steps
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(round(low / step, 6)), math.ceil(round(highest / step, 6))
    return [round(step * number, 6) + 0.0 for number in range(first, max(last, first + 1) + 1)]


class Drawing:
    """An SVG as wide as every picture, its parts in layers that ``make_inline_safe`` keeps the names of."""

    def __init__(self) -> None:
        self._root = ET.Element("svg", {"xmlns": NAMESPACE})
        self._layer: ET.Element | None = None

    def render(self, height: float) -> str:
        """What was drawn, down to a height; not yet fit for a page."""
        return ET.tostring(self.finish(height), encoding="unicode")

    def finish(self, height: float) -> ET.Element:
        """The same as the root of its elements."""
        self._root.set("viewBox", f"0 0 {WIDTH + 2 * MARGIN} {height:g}")
        return self._root

    def add(self, tag: str, layer: str, **attributes: str) -> ET.Element:
        """An element on top of all others; ``stroke_width`` stands for ``stroke-width``."""
        name = f"{layer}_marks"
        if self._layer is None or self._layer.get("class") != name:
            self._layer = ET.SubElement(self._root, "g", {"class": name})
        given = {key.replace("_", "-"): value for key, value in attributes.items()}
        return ET.SubElement(self._layer, tag, given)

    def text(
        self, words: str, x: float, y: float, layer: str, *, anchor: str = "start", weight: str = "400"
    ) -> None:
        """Words on a line at ``y``."""
        place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text_anchor": anchor, "font_weight": weight}
        self.add("text", layer, font_size=str(TEXT), fill=INK, **place).text = clean_text(words)

    def box(self, x: float, y: float, width: float, height: float, fill: str, layer: str) -> None:
        """A filled rectangle."""
        size = {"width": f"{width:.1f}", "height": f"{height:.1f}"}
        self.add("rect", layer, x=f"{x:.1f}", y=f"{y:.1f}", fill=fill, **size)

    def rule(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        layer: str,
        colour: str,
        width: str,
        dashes: str = "",
    ) -> None:
        """A straight line, dashed where ``dashes`` says how."""
        ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
        dashed = {"stroke_dasharray": dashes} if dashes else {}
        placed = {name: f"{place:.1f}" for name, place in ends.items()}
        self.add("line", layer, stroke=colour, stroke_width=width, **placed, **dashed)

    def dot(self, x: float, y: float, colour: str) -> None:
        """A point of a line."""
        self.add("circle", "points", cx=f"{x:.1f}", cy=f"{y:.1f}", r="4", fill=colour)
