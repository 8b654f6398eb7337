"""A control chart as a picture: points over time between their process limits, and the table behind them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evenground.reports.canvas import Drawing, round_ticks
from evenground.reports.cells import describe_cell
from evenground.reports.charts import FIGURE_COLUMNS, Figure, finish_figure
from evenground.reports.control_charts import VARIATION_WORDS, ControlChart, Point, say_control_chart
from evenground.reports.drawing import INK, LINE, MARGIN, QUIET, TARGET, WIDTH
from evenground.reports.marks import BETTER, NEITHER, WORSE
from evenground.reports.over_time import short_period
from evenground.reports.words import PERCENT, clean_text, format_value
from evenground.vocabulary import ValueType

_LEFT: Final = 60
_HEIGHT: Final = 260
_PLOT: Final = WIDTH - _LEFT - 8
_LINE_COLOUR: Final = "#5c6a75"
_DASHES: Final = "6 4"
_TARGET_DASHES: Final = "2 4"
_MOST_LABELS: Final = 4
_COLOURS: Final = {
    "special_cause_improvement": BETTER,
    "special_cause_concern": WORSE,
    "special_cause_neither_high": NEITHER,
    "special_cause_neither_low": NEITHER,
}


def draw_control_chart(found: ControlChart) -> Figure | None:
    """Points over time: rings for usual variation; squares (better), diamonds (worse) or triangles stand out.

    Parameters
    ----------
    found
        What ``find_control_chart`` found.

    Returns
    -------
    Figure or None
        ``None`` where a control chart is not the right picture.
    """
    if found.mean is None or found.limits is None:
        return None
    info, area = found.info, found.area
    return finish_figure(
        ("control-chart", area.area_type, area.area_code, info.id),
        f"{info.name}, control chart: {clean_text(area.name)}",
        say_control_chart(found),
        _draw(found, found.mean, found.limits),
        ("Period", *FIGURE_COLUMNS, "What it is", "Why it stands out"),
        [_table_row(point, info.unit) for point in reversed(found.points)],
    )


def _table_row(point: Point, unit: str) -> tuple[str, ...]:
    why = "; ".join(point.rules) or "nothing"
    return (point.cell.label, *describe_cell(point.cell, unit), VARIATION_WORDS[point.variation], why)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where periods and levels stand, in pixels."""

    top: float
    count: int
    ticks: Sequence[float]

    @property
    def bottom(self) -> float:
        return self.top + _HEIGHT

    @property
    def left(self) -> float:
        return MARGIN + _LEFT

    @property
    def right(self) -> float:
        return self.left + _PLOT

    def x(self, number: int) -> float:
        return self.left + 8 + (_PLOT - 16) * number / (self.count - 1)

    def y(self, level: float) -> float:
        return self.top + _HEIGHT * (self.ticks[-1] - level) / (self.ticks[-1] - self.ticks[0])


def _draw(found: ControlChart, mean: float, limits: tuple[float, float]) -> str:
    root = Drawing()
    top = _draw_key(root, found) + LINE
    levels = [point.cell.value or 0.0 for point in found.shown] + list(limits)
    levels += [found.info.target.value] if found.info.target else []
    highest = found.info.multiplier if found.info.value_type == ValueType.PROPORTION else float("inf")
    ticks = [tick for tick in round_ticks(min(levels), max(levels), steps=4) if tick <= highest]
    frame = _Frame(top, len(found.points), ticks)
    _draw_axes(root, frame, found)
    root.rule((frame.left, frame.y(mean)), (frame.right, frame.y(mean)), "mean", INK, "2")
    for level in limits:
        root.rule((frame.left, frame.y(level)), (frame.right, frame.y(level)), "limits", INK, "1.5", _DASHES)
    if found.info.target:
        level = frame.y(found.info.target.value)
        root.rule((frame.left, level), (frame.right, level), "target", TARGET, "3", _TARGET_DASHES)
    _draw_line(root, frame, found)
    for number, point in enumerate(found.points):
        if point.cell.value is not None:
            told = f"{point.cell.label}: {format_value(point.cell.value, found.info.unit, point.cell.note)}"
            _draw_mark(root, frame.x(number), frame.y(point.cell.value), point.variation, told)
    return root.render(frame.bottom + LINE + 2 * MARGIN)


def _draw_key(root: Drawing, found: ControlChart) -> float:
    y = float(MARGIN)
    present = {point.variation for point in found.shown}
    for variation, words in VARIATION_WORDS.items():
        if variation in present:
            _draw_mark(root, MARGIN + 14, y + LINE / 2, variation)
            root.text(words, MARGIN + 52, y + LINE / 2 + 5, "legend")
            y += LINE + 2
    lines = [("", "2", INK, "Mean"), (_DASHES, "1.5", INK, "Process limits")]
    if found.info.target:
        target = format_value(found.info.target.value, found.info.unit)
        lines.append((_TARGET_DASHES, "3", TARGET, f"Target: {target}"))
    for dashes, width, colour, words in lines:
        root.rule((MARGIN, y + LINE / 2), (MARGIN + 42, y + LINE / 2), "key", colour, width, dashes)
        root.text(words, MARGIN + 52, y + LINE / 2 + 5, "legend")
        y += LINE + 2
    return y


def _draw_axes(root: Drawing, frame: _Frame, found: ControlChart) -> None:
    unit = found.info.unit
    sign = "%" if unit == PERCENT else ""
    if not sign:
        root.text(unit, MARGIN, frame.top - 8, "unit")
    for tick in frame.ticks:
        root.rule((frame.left, frame.y(tick)), (frame.right, frame.y(tick)), "grid", "#c5ccd1", "1")
        words = f"{tick:,g}".replace("-", "−")
        root.text(f"{words}{sign}", frame.left - 8, frame.y(tick) + 5, "levels", anchor="end")
    for number in _labelled(frame.count):
        anchor = "end" if number == frame.count - 1 else "start" if not number else "middle"
        words = short_period(found.points[number].period)
        root.text(words, frame.x(number), frame.bottom + LINE, "periods", anchor=anchor)
    root.rule((frame.left, frame.bottom), (frame.right, frame.bottom), "axis", QUIET, "1")


def _labelled(count: int) -> list[int]:
    """The first, the last, and some between at equal steps."""
    steps = _MOST_LABELS - 1
    return sorted({round((count - 1) * step / steps) for step in range(steps + 1)})


def _draw_line(root: Drawing, frame: _Frame, found: ControlChart) -> None:
    """From point to point; broken where a period has no figure."""
    known = [(number, point.cell.value) for number, point in enumerate(found.points)]
    for (first, start), (second, end) in itertools.pairwise(known):
        if start is not None and end is not None:
            ends = (frame.x(first), frame.y(start)), (frame.x(second), frame.y(end))
            root.rule(*ends, "line", _LINE_COLOUR, "1.5")


def _draw_mark(root: Drawing, x: float, y: float, variation: str, told: str = "") -> None:
    label = {"aria_label": told} if told else {}
    layer = "points" if told else "key"
    colour = _COLOURS.get(variation)
    if colour is None:
        spot = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4.5"}
        root.add("circle", layer, fill="#ffffff", stroke=_LINE_COLOUR, stroke_width="2", **spot, **label)
        return
    shapes = {
        "special_cause_improvement": f"M{x - 6:.1f},{y - 6:.1f}h12v12h-12Z",
        "special_cause_concern": f"M{x:.1f},{y - 8:.1f}l8,8l-8,8l-8,-8Z",
        "special_cause_neither_high": f"M{x:.1f},{y - 8:.1f}l8,14h-16Z",
        "special_cause_neither_low": f"M{x:.1f},{y + 8:.1f}l8,-14h-16Z",
    }
    root.add("path", layer, d=shapes[variation], fill=colour, **label)
