"""A funnel plot as a picture: areas by size and figure between the limits, and the table behind them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evenground.releases import IndicatorInfo, Release
from evenground.reports.canvas import TEXT, Drawing, round_ticks
from evenground.reports.charts import Figure, finish_figure
from evenground.reports.drawing import INK, LEGEND_CHARACTERS, LINE, MARGIN, QUIET, WIDTH
from evenground.reports.funnels import (
    Funnel,
    FunnelArea,
    Place,
    describe_place,
    say_funnel,
    words_of_sides,
)
from evenground.reports.marks import BETTER, NEITHER, WORSE
from evenground.reports.names import AREA_KINDS
from evenground.reports.words import (
    PERCENT,
    clean_text,
    format_count,
    format_interval,
    format_value,
    format_value_with_interval,
)
from evenground.vocabulary import ValueType

COLUMNS: Final = (
    "Where it lies",
    "Value (95% interval)",
    "Numerator",
    "Denominator",
    "Inner limits (95%)",
    "Outer limits (99.8%)",
)
MOST_NUMBERED: Final = 9
_LEFT: Final = 60
_HEIGHT: Final = 320
_PLOT: Final = WIDTH - _LEFT - 8
_RING: Final = "#5c6a75"
_INNER_DASHES: Final = "6 4"
_COLOURS: Final = {"better": BETTER, "worse": WORSE, "higher": NEITHER, "lower": NEITHER}
_OUTER: Final = (Place.ABOVE_OUTER, Place.BELOW_OUTER)


def draw_funnel(release: Release, found: Funnel) -> Figure | None:
    """The areas between their limits: squares above, diamonds below; full where chance does not explain it.

    Parameters
    ----------
    release
        The release that the areas were found in.
    found
        What ``find_funnel`` found.

    Returns
    -------
    Figure or None
        ``None`` where a funnel is not the right picture. The table has every area, placed or not.
    """
    if found.reason or found.average is None:
        return None
    info, where = found.info, clean_text(found.within.name)
    kind = AREA_KINDS[found.area_type][0]
    # A place and a district may bear one code, so the type of area is part of the id.
    names = ("funnel", found.area_type, found.within.area_type, found.within.area_code, info.id)
    return finish_figure(
        names,
        f"{info.name}, by {kind[0].lower()}{kind[1:]} and its size: {where}"
        if not kind.startswith("GP")
        else f"{info.name}, by {kind} and its size: {where}",
        say_funnel(found),
        _draw(found, found.average),
        ("Area", *COLUMNS),
        [(area.name, *describe_area(area, info)) for area in found.areas],
    )


def describe_area(area: FunnelArea, info: IndicatorInfo) -> tuple[str, ...]:
    """Where an area lies, its figure, its counts and its limits, as text; limits only where it is placed."""
    cell, limits = area.cell, area.limits
    return (
        describe_place(area.place, info),
        format_value_with_interval(cell.value, cell.lower, cell.upper, info.unit, cell.note),
        format_count(cell.numerator, cell.note),
        format_count(cell.denominator, cell.note),
        format_interval(limits[1], limits[2], info.unit) if limits else "none",
        format_interval(limits[0], limits[3], info.unit) if limits else "none",
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where sizes and figures stand, in pixels."""

    top: float
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]

    @property
    def bottom(self) -> float:
        return self.top + _HEIGHT

    @property
    def left(self) -> float:
        return MARGIN + _LEFT

    @property
    def right(self) -> float:
        return self.left + _PLOT

    def x(self, size: float) -> float:
        return self.left + _PLOT * (size - self.x_ticks[0]) / (self.x_ticks[-1] - self.x_ticks[0])

    def y(self, value: float) -> float:
        return self.top + _HEIGHT * (self.y_ticks[-1] - value) / (self.y_ticks[-1] - self.y_ticks[0])


def _draw(found: Funnel, average: float) -> str:
    root, placed = Drawing(), found.placed
    top = _draw_key(root, found) + LINE
    frame = _fit_frame(found, top)
    _draw_limits(root, frame, found, average)
    _draw_axes(root, frame, found)
    order = (Place.WITHIN, Place.ABOVE_INNER, Place.BELOW_INNER, *_OUTER)
    for area in sorted(placed, key=lambda area: order.index(area.place)):
        x, y = frame.x(area.size or 0.0), frame.y(area.cell.value or 0.0)
        told = format_value(area.cell.value, found.info.unit, area.cell.note)
        _draw_mark(root, x, y, area.place, found.info, f"{area.name}: {told}")
    _draw_numbers(root, frame, found)
    return root.render(_list_numbered(root, frame, found) + MARGIN)


def _numbered(found: Funnel) -> list[FunnelArea]:
    return found.standing_out[:MOST_NUMBERED]


def _draw_numbers(root: Drawing, frame: _Frame, found: Funnel) -> None:
    # Counts are rounded, so that several areas can stand on one spot: their numbers share a label.
    labels: dict[tuple[int, int], list[str]] = {}
    for number, area in enumerate(_numbered(found), start=1):
        spot = round(frame.x(area.size or 0.0)), round(frame.y(area.cell.value or 0.0))
        labels.setdefault(spot, []).append(str(number))
    for (x, y), numbers in labels.items():
        at_edge = x > frame.right - 24
        anchor = "end" if at_edge else "start"
        words = ", ".join(numbers)
        root.text(words, x + (-9 if at_edge else 9), y + 5, "numbers", anchor=anchor, weight="700")


def _list_numbered(root: Drawing, frame: _Frame, found: Funnel) -> float:
    y = frame.bottom + 2 * LINE + MARGIN
    for number, area in enumerate(_numbered(found), start=1):
        for line in textwrap.wrap(f"{number}: {area.name}", LEGEND_CHARACTERS):
            root.text(line, MARGIN, y + TEXT, "legend")
            y += LINE
    if (more := len(found.at(*_OUTER)) - MOST_NUMBERED) > 0:
        root.text(f"and {more:,} more without a number: see the table", MARGIN, y + TEXT, "legend")
        y += LINE
    return y


def _fit_frame(found: Funnel, top: float) -> _Frame:
    """Scales that hold every point and the lines."""
    levels = [area.cell.value for area in found.placed if area.cell.value is not None]
    levels += [line[number] for line in found.lines for number in (1, 4)]
    highest = found.info.multiplier if found.info.value_type == ValueType.PROPORTION else float("inf")
    ticks = [tick for tick in round_ticks(min(levels), max(levels), steps=5) if 0 <= tick <= highest]
    largest = found.lines[-1][0]
    return _Frame(top, round_ticks(0, largest, steps=4), ticks)


def _draw_key(root: Drawing, found: Funnel) -> float:
    y = float(MARGIN)
    for place in (Place.ABOVE_OUTER, Place.ABOVE_INNER, Place.BELOW_OUTER, Place.BELOW_INNER, Place.WITHIN):
        if not found.at(place):
            continue
        _draw_mark(root, MARGIN + 14, y + LINE / 2, place, found.info)
        root.text(describe_place(place, found.info), MARGIN + 52, y + LINE / 2 + 5, "legend")
        y += LINE + 2
    for dashes, width, words in (
        ("", "2", "Average of the areas drawn"),
        (_INNER_DASHES, "1.5", "Inner limits: 95 in 100 by chance"),
        ("", "1", "Outer limits: 998 in 1,000 by chance"),
    ):
        root.rule((MARGIN, y + LINE / 2), (MARGIN + 42, y + LINE / 2), "key", INK, width, dashes)
        root.text(words, MARGIN + 52, y + LINE / 2 + 5, "legend")
        y += LINE + 2
    return y


def _draw_limits(root: Drawing, frame: _Frame, found: Funnel, average: float) -> None:
    for tick in frame.y_ticks:
        root.rule((frame.left, frame.y(tick)), (frame.right, frame.y(tick)), "grid", "#c5ccd1", "1")
    ends = (frame.x(found.lines[0][0]), frame.x(found.lines[-1][0]))
    root.rule((ends[0], frame.y(average)), (ends[1], frame.y(average)), "average", INK, "2")
    for number in (1, 2, 3, 4):
        points = "L".join(f"{frame.x(line[0]):.1f},{frame.y(line[number]):.1f}" for line in found.lines)
        dashed = {"stroke_dasharray": _INNER_DASHES} if number in (2, 3) else {}
        width = "1.5" if dashed else "1"
        root.add("path", "limits", d=f"M{points}", fill="none", stroke=INK, stroke_width=width, **dashed)


def _draw_axes(root: Drawing, frame: _Frame, found: Funnel) -> None:
    unit = found.info.unit
    sign = "%" if unit == PERCENT else ""
    if not sign:
        root.text(unit, MARGIN, frame.top - 8, "unit")
    for tick in frame.y_ticks:
        root.text(f"{tick:,g}{sign}", frame.left - 8, frame.y(tick) + 5, "levels", anchor="end")
    last = len(frame.x_ticks) - 1
    for number, tick in enumerate(frame.x_ticks):
        anchor = "end" if number == last else "middle"
        root.text(f"{tick:,.0f}", frame.x(tick), frame.bottom + LINE, "levels", anchor=anchor)
    root.rule((frame.left, frame.bottom), (frame.right, frame.bottom), "axis", QUIET, "1")
    is_adjusted = found.info.value_type == ValueType.DSR
    words = "People, as many as would give this rate" if is_adjusted else "People that the figure is of"
    root.text(words, frame.left - 40, frame.bottom + 2 * LINE, "axis-title")


def _draw_mark(root: Drawing, x: float, y: float, place: Place, info: IndicatorInfo, told: str = "") -> None:
    """A ring within the limits, a square above them, a diamond below; full beyond the outer ones."""
    label = {"aria_label": told} if told else {}
    layer = "areas" if told else "key"
    if place == Place.WITHIN:
        spot = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4"}
        root.add("circle", layer, fill="#ffffff", stroke=_RING, stroke_width="1.5", **spot, **label)
        return
    high, low = words_of_sides(info)
    is_above = place in (Place.ABOVE_OUTER, Place.ABOVE_INNER)
    colour = _COLOURS[high if is_above else low]
    path = f"M{x - 6:.1f},{y - 6:.1f}h12v12h-12Z" if is_above else f"M{x:.1f},{y - 8:.1f}l8,8l-8,8l-8,-8Z"
    fill = colour if place in _OUTER else "#ffffff"
    root.add("path", layer, d=path, fill=fill, stroke=colour, stroke_width="2", **label)
