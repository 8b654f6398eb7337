"""One indicator by two breakdowns at once: a line a group, from its lowest figure to its highest."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from evenground.releases import Release
from evenground.reports.cells import Cell, describe_cell, make_cell, published, withheld
from evenground.reports.charts import FIGURE_COLUMNS, Figure, finish_figure
from evenground.reports.drawing import GAP, LINE, MARGIN, QUIET, WIDTH
from evenground.reports.figures import PairTable, read_pair
from evenground.reports.marks import SERIES, Drawing, wrap_label
from evenground.reports.names import name_category
from evenground.reports.side_by_side import order_of_pair, round_outward, say_compared
from evenground.reports.words import (
    PERCENT,
    clean_text,
    count_in_words,
    format_value,
    format_value_with_interval,
)
from evenground.vocabulary import MISSING_CATEGORY, Cut

_ROW: Final = 26
_LABEL_CHARACTERS: Final = 48
_NOT_RECORDED: Final = frozenset(
    name_category(category, cut)
    for cut, category in (
        (Cut.ETHNIC_GROUP, "Z"),
        (Cut.ETHNIC_GROUP, "99"),
        (Cut.ETHNIC_GROUP, MISSING_CATEGORY),
        (Cut.IMD_QUINTILE, "unknown"),
    )
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A group of the first breakdown, and its figures by the second, in the order of the columns."""

    name: str
    cells: tuple[Cell, ...]


def draw_cut_pair(release: Release, indicator_id: str, cut: str) -> Figure | None:
    """The latest figures of an indicator by a pair of breakdowns, for the whole place.

    People of whom the second breakdown is not recorded are in the table and not in the picture: what stands
    against the others is not a group.

    Parameters
    ----------
    release, indicator_id
        The indicator and the release that it is read from.
    cut
        A pair of breakdowns, such as ``sex*age_band``.

    Returns
    -------
    Figure or None
        Without any published figure, or with more columns than there are shapes to tell them apart, there is
        nothing to draw.
    """
    info, pair = release.indicators[indicator_id], read_pair(release, indicator_id, cut)
    drawn = [place for place, name in enumerate(pair.columns) if name not in _NOT_RECORDED]
    names = [pair.columns[place] for place in drawn]
    lines = _read_lines(pair, drawn)
    if len(names) > len(SERIES) or not published(cell for line in lines for cell in line.cells):
        return None
    rows = [
        (f"{line.name}: {cell.label}", *describe_cell(cell, info.unit))
        for line in _read_lines(pair, range(len(pair.columns)))
        for cell in line.cells
    ]
    return finish_figure(
        ("pair", *cut.split("*"), indicator_id),
        f"{info.name}, by {pair.title[0].lower()}{pair.title[1:]}",
        _say(lines, info.unit, info.polarity),
        _draw(lines, names, info.unit),
        ("Group", *FIGURE_COLUMNS),
        rows,
    )


def _read_lines(pair: PairTable, drawn: Sequence[int]) -> list[_Line]:
    return [
        _Line(
            clean_text(name),
            tuple(
                make_cell(clean_text(pair.columns[place]), row.raw if (row := cells[place]) else None)
                for place in drawn
            ),
        )
        for name, cells in pair.lines
    ]


def _say(lines: Sequence[_Line], unit: str, polarity: str) -> str:
    """The line in which two figures differ most of those that surely differ, or else of those that may."""
    held = [
        (line, sorted(published(line.cells), key=lambda cell: (cell.value or 0.0, cell.label)))
        for line in lines
    ]
    compared = [
        (line, min(combinations(cells, 2), key=order_of_pair)) for line, cells in held if len(cells) > 1
    ]
    hidden = sum(len(withheld(line.cells)) for line in lines)
    tail = f" {count_in_words(hidden, 'figure')} suppressed: too few people to publish." if hidden else ""
    if not compared:
        return f"No group has two figures to compare.{tail}"
    line, cells = min(compared, key=lambda one: order_of_pair(one[1]))
    return (
        f"The groups differ most in ‘{line.name}’. {say_compared(cells, unit=unit, polarity=polarity)}{tail}"
    )


def _draw(lines: Sequence[_Line], names: Sequence[str], unit: str) -> ET.Element:
    values = [cell.value for line in lines for cell in published(line.cells) if cell.value is not None]
    low, high = round_outward(min(values), max(values))
    if unit == PERCENT:
        low, high = max(low, 0.0), min(high, 100.0)
    drawing, y = Drawing(), float(MARGIN)
    for number, name in enumerate(names):
        drawing.point(number, 12, y + LINE / 2)
        drawing.text(clean_text(name), 34, y + LINE / 2)
        y += LINE + 4
    y += GAP

    def place(value: float) -> float:
        return 10 + (WIDTH - 20) * (value - low) / (high - low)

    for line in lines:
        y = _draw_line(drawing, line, y, place, unit)
    drawing.line(place(low), y, place(high), y, stroke=QUIET, width=1)
    short = unit if unit == PERCENT else ""
    decimals = 0 if low.is_integer() and high.is_integer() else 1
    drawing.text(format_value(low, short, decimals=decimals), 0, y + LINE / 2 + 4)
    drawing.text(format_value(high, short, decimals=decimals), WIDTH, y + LINE / 2 + 4, anchor="end")
    y += LINE + 8
    if short != unit:
        drawing.text(unit, 0, y + LINE / 2)
        y += LINE + 4
    return drawing.finish(y)


def _draw_line(drawing: Drawing, line: _Line, y: float, place: Callable[[float], float], unit: str) -> float:
    for words in wrap_label(line.name, _LABEL_CHARACTERS):
        drawing.text(words, 0, y + LINE / 2, weight="600")
        y += LINE
    middle = y + _ROW / 2
    found = [(number, cell) for number, cell in enumerate(line.cells) if cell.value is not None]
    if not found:
        drawing.text("No figure to show", 10, middle)
        return y + _ROW + 6
    places = [place(cell.value or 0.0) for _, cell in found]
    drawing.line(min(places), middle, max(places), middle, stroke=QUIET, width=3)
    for (number, cell), x in zip(found, places, strict=True):
        figure = format_value_with_interval(cell.value, cell.lower, cell.upper, unit, cell.note)
        drawing.point(number, x, middle, f"{line.name}, {cell.label}: {figure}")
    return y + _ROW + 6
