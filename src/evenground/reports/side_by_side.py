"""Two to six areas or groups side by side: a small dot plot an indicator, on a scale of its own."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from evenground.releases import IndicatorInfo
from evenground.reports.cells import Cell, describe_cell, make_cell, published, withheld
from evenground.reports.charts import FIGURE_COLUMNS, Figure, finish_figure
from evenground.reports.drawing import AVERAGE, GAP, LINE, MARGIN, QUIET, WIDTH
from evenground.reports.marks import MEANINGS, Drawing, wrap_label
from evenground.reports.sentences import Certainty, judge_difference
from evenground.reports.words import (
    PERCENT,
    clean_text,
    count_in_words,
    format_difference,
    format_value,
    format_value_with_interval,
    round_as_shown,
)
from evenground.vocabulary import Comparison, Polarity

_LEFT: Final = 168
_RIGHT: Final = 84
_LABEL_CHARACTERS: Final = 20
_ROW: Final = 30


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the areas or groups that stand side by side, with how it compares with the place."""

    cell: Cell
    comparison: str


def make_compared(label: str, row: Mapping[str, Any] | None) -> Compared:
    """From a row of a release's values; without a row there is no data."""
    comparison = Comparison.NOT_COMPARED if row is None else row["comparison"]
    return Compared(make_cell(clean_text(label), row), comparison)


def draw_compared(
    names: Sequence[str], info: IndicatorInfo, compared: Sequence[Compared], overall: Cell
) -> Figure:
    """Areas or groups of one indicator as dots with intervals, around the place's own figure.

    Parameters
    ----------
    names
        What makes the picture's id its own on a page.
    info
        The indicator.
    compared
        In the order to show them in.
    overall
        The place's figure for everybody, labelled with the place's name.
    """
    rows = [(one.cell.label, *describe_cell(one.cell, info.unit), _say(one)) for one in compared]
    rows.append((overall.label, *describe_cell(overall, info.unit), ""))
    return finish_figure(
        names,
        info.name,
        say_compared([one.cell for one in compared], unit=info.unit, polarity=info.polarity),
        _draw(compared, overall, info.unit),
        ("Area or group", *FIGURE_COLUMNS, f"Against {overall.label}"),
        rows,
    )


def say_compared(cells: Sequence[Cell], *, unit: str, polarity: str) -> str:
    """The two that differ most of those that surely differ, or else of those that may, and how sure it is."""
    shown = published(cells)
    hidden = len(withheld(cells))
    tail = f" {count_in_words(hidden, 'figure')} suppressed: too few people to publish." if hidden else ""
    if len(shown) < 2:
        return f"There are not two figures to compare.{tail}"
    low, high = min(combinations(sorted(shown, key=_level), 2), key=order_of_pair)
    difference = _shown_difference(low, high)
    if difference == 0:
        return f"No difference: they stand at {format_value(low.value, unit, low.note)}.{tail}"
    first, last = (low, high) if polarity == Polarity.HIGHER_IS_BETTER else (high, low)
    worse, better = (f"{cell.label} ({format_value(cell.value, unit, cell.note)})" for cell in (first, last))
    size = format_difference(difference, unit)
    certainty = judge_difference(low, high)
    if certainty is Certainty.UNCLEAR:
        told = "the numbers are too small to say whether there is a real difference"
        return f"The furthest apart are {worse} and {better}: {told}.{tail}"
    if certainty is Certainty.NO_INTERVAL:
        told = "without intervals nobody can say whether that is more than chance"
        return f"The furthest apart are {worse} and {better}, by {size}; {told}.{tail}"
    hedge = "probably " if certainty is Certainty.PROBABLE else ""
    verb = "higher" if polarity == Polarity.NONE else "worse"
    return f"{worse} is {hedge}{verb} than {better}, by {size}.{tail}"


_SURENESS: Final = (Certainty.APART, Certainty.PROBABLE, Certainty.NO_INTERVAL, Certainty.UNCLEAR)


def order_of_pair(pair: tuple[Cell, Cell]) -> tuple[int, float]:
    """What sorts two figures, the lower first, by how surely and then how far they are apart.

    A figure of few people is often the furthest away, and says the least.
    """
    return _SURENESS.index(judge_difference(*pair)), -_shown_difference(*pair)


def _level(cell: Cell) -> tuple[float, str]:
    return cell.value or 0.0, cell.label


def _shown_difference(low: Cell, high: Cell) -> float:
    return round_as_shown(round_as_shown(high.value or 0.0) - round_as_shown(low.value or 0.0))


def _say(one: Compared) -> str:
    return MEANINGS[Comparison(one.comparison)]


def _draw(compared: Sequence[Compared], overall: Cell, unit: str) -> ET.Element:
    levels = [
        level
        for cell in (*(one.cell for one in compared), overall)
        for level in (cell.lower, cell.value, cell.upper)
        if level is not None
    ]
    low, high = round_outward(min(levels, default=0.0), max(levels, default=1.0))
    if unit == PERCENT:
        low, high = max(low, 0.0), min(high, 100.0)
    drawing = Drawing()
    y: float = MARGIN
    width = WIDTH - _LEFT - _RIGHT

    def place(value: float) -> float:
        return _LEFT + width * (value - low) / (high - low)

    if overall.value is not None:
        drawing.line(4, y, 4, y + LINE, stroke=AVERAGE, width=3)
        level = format_value(overall.value, unit, overall.note)
        drawing.text(f"{overall.label}: {level}", 16, y + LINE / 2)
        y += LINE + GAP
    top = y
    for one in compared:
        y = _label_one(drawing, one, y, unit)
    if overall.value is not None:
        drawing.line(place(overall.value), top, place(overall.value), y, stroke=AVERAGE, width=3)
    for one, middle in zip(compared, _middles(compared, top), strict=True):
        _draw_dot(drawing, one, middle, place, unit)
    drawing.line(_LEFT, y, _LEFT + width, y, stroke=QUIET, width=1)
    short = unit if unit == PERCENT else ""
    decimals = 0 if low.is_integer() and high.is_integer() else 1
    ends = [format_value(end, short, decimals=decimals) for end in (low, high)]
    drawing.text(ends[0], _LEFT, y + LINE / 2 + 4)
    drawing.text(ends[1], _LEFT + width, y + LINE / 2 + 4, anchor="end")
    y += LINE + 8
    if short != unit:
        drawing.text(unit, _LEFT, y + LINE / 2)
        y += LINE + 4
    return drawing.finish(y)


def _middles(compared: Sequence[Compared], top: float) -> list[float]:
    middles = []
    for one in compared:
        height = _height(one)
        middles.append(top + height / 2)
        top += height
    return middles


def _height(one: Compared) -> float:
    return max(_ROW, LINE * len(wrap_label(one.cell.label, _LABEL_CHARACTERS)) + 8)


def _label_one(drawing: Drawing, one: Compared, y: float, unit: str) -> float:
    cell, height = one.cell, _height(one)
    lines = wrap_label(cell.label, _LABEL_CHARACTERS)
    first = y + height / 2 - LINE * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        drawing.text(line, 0, first + LINE * number)
    if cell.value is None:
        drawing.text(format_value(None, unit, cell.note), WIDTH, y + height / 2, anchor="end")
    else:
        value = format_value(cell.value, unit if unit == PERCENT else "", cell.note)
        drawing.text(value, WIDTH, y + height / 2, anchor="end", weight="600")
    return y + height


def _draw_dot(
    drawing: Drawing, one: Compared, middle: float, place: Callable[[float], float], unit: str
) -> None:
    cell = one.cell
    if cell.value is None:
        return
    if cell.lower is not None and cell.upper is not None:
        drawing.line(place(cell.lower), middle, place(cell.upper), middle)
    figure = format_value_with_interval(cell.value, cell.lower, cell.upper, unit, cell.note)
    drawing.mark(one.comparison, place(cell.value), middle, f"{cell.label}: {figure}, {_say(one)}")


def round_outward(low: float, high: float) -> tuple[float, float]:
    """The round numbers next below and above.

    >>> round_outward(41.3, 58.8), round_outward(5.0, 5.0)
    ((40.0, 60.0), (4.0, 6.0))
    """
    span = high - low or max(abs(high), 1.0)
    step = 10.0 ** math.floor(math.log10(span))
    start, end = math.floor(low / step) * step, math.ceil(high / step) * step
    if start == end:
        start, end = start - step, end + step
    return start, end
