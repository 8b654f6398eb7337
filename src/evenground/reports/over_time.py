"""An indicator over time: the area's line beside those of its most and least deprived fifths, and in words.

A gap can narrow because everybody does worse, so the words about a gap always tell what became of each end.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from evenground.errors import InputError, suggest
from evenground.releases import IndicatorInfo, Release
from evenground.reports.cells import Cell, describe_cell, make_cell
from evenground.reports.charts import FIGURE_COLUMNS, Figure, FigureData, finish_figure
from evenground.reports.drawing import LINE_KINDS, Line, draw_lines
from evenground.reports.sentences import Certainty, judge_difference
from evenground.reports.words import (
    PERCENT,
    clean_text,
    format_date,
    format_difference,
    format_value,
    format_value_with_interval,
    round_as_shown,
)
from evenground.stats import assess_recent_trend, assess_recent_trend_of_proportion
from evenground.vocabulary import EVERYONE, AreaType, Cut, Polarity

YEARS: Final = 5
"""How many years the recent trend looks at, as Fingertips does."""

_MOST, _LEAST = "1", "5"
_AS_AT: Final = re.compile(r"(?:\d{4}-\d{2}-\d{2} )?to (\d{4}-\d{2}-\d{2})")
_YEAR: Final = re.compile(r"(\d{4})(?:/\d{2})?")


@dataclass(frozen=True, slots=True)
class Series:
    """One line: a cell a period, in the order of the periods."""

    name: str
    cells: tuple[Cell, ...]

    @property
    def ends(self) -> tuple[Cell, Cell] | None:
        """The first and the last cell with a value; ``None`` where there are not two."""
        shown = [cell for cell in self.cells if cell.value is not None]
        return (shown[0], shown[-1]) if len(shown) > 1 else None


def draw_over_time(
    release: Release, indicator_id: str, *, area_type: str = AreaType.PLACE, area_code: str | None = None
) -> Figure | None:
    """An indicator's figures of every period that a release holds, for an area.

    For the place, the most and the least deprived of its own fifths have lines of their own.

    Parameters
    ----------
    release
        The release to read.
    indicator_id
        One of its indicators.
    area_type, area_code
        The area; without a code, the place.

    Returns
    -------
    Figure or None
        ``None`` where the area has figures of fewer than two periods.

    Raises
    ------
    InputError
        Where the release has no such indicator.
    """
    if indicator_id not in release.indicators:
        hint = suggest(indicator_id, release.indicators)
        raise InputError(f'The release has no indicator "{indicator_id}". {hint}')
    info = release.indicators[indicator_id]
    code = area_code or release.manifest.place_code
    own = release.figures_of(indicator_id).filter(
        (pl.col("area_type") == area_type) & (pl.col("area_code") == code)
    )
    periods = own.filter(pl.col("cut") == Cut.ALL)["period"].unique().sort().to_list()
    if len(periods) < 2:
        return None
    name = clean_text(release.area_names.get((area_type, code), code))
    whole = read_series(own, name, Cut.ALL, EVERYONE, periods)
    fifths = [
        read_series(own, f"{words} deprived fifth of its areas", Cut.LOCAL_QUINTILE, category, periods)
        for words, category in (("Most", _MOST), ("Least", _LEAST))
    ]
    ends = [one for one in fifths if one.ends] if all(one.ends for one in fifths) else []
    lines = [Line(one.name, kind, one.cells) for one, kind in zip([whole, *ends], LINE_KINDS, strict=False)]
    drawn = tuple((one.name, one.cells) for one in (whole, *ends))
    shown = tuple(short_period(period) for period in periods)
    figure = finish_figure(
        ("over-time", indicator_id, area_type, code),
        f"{info.name}, over time: {name}",
        say_over_time(whole, ends, periods, info),
        draw_lines(lines, shown, unit=info.unit),
        ("Period", *FIGURE_COLUMNS, *(one.name for one in ends)),
        [_table_row(number, whole, ends, info.unit) for number in reversed(range(len(periods)))],
    )
    return replace(figure, data=FigureData.of("lines", info.unit, shown, drawn))


def say_over_time(
    whole: Series, fifths: Sequence[Series], periods: Sequence[str], info: IndicatorInfo
) -> str:
    """How the figure changed, its recent trend where five years are known, and what became of the gap."""
    if whole.ends is None:
        return "There are not two published figures to compare over time."
    first, last = whole.ends
    unit = info.unit
    start, end = (format_value(cell.value, unit, cell.note) for cell in (first, last))
    parts = [f"From {start} ({first.label}) to {end} ({last.label}): {_say_change(first, last, info)}."]
    parts.append(_say_trend(whole, periods, info))
    if len(fifths) == 2:
        parts.append(say_gap_change(fifths[0], fifths[1], info))
    return " ".join(part for part in parts if part)


def short_period(period: str) -> str:
    """A period as it fits below a line.

    >>> short_period("to 2026-03-31"), short_period("2021/22")
    ('Mar 2026', '2021/22')
    """
    day = _as_at(period)
    return f"{day:%b %Y}" if day else period


def _as_at(period: str) -> dt.date | None:
    found = _AS_AT.fullmatch(period)
    return dt.date.fromisoformat(found[1]) if found else None


def say_period(period: str) -> str:
    """The date that a period ends on, as people write it, where it tells one.

    >>> say_period("to 2026-03-31"), say_period("2021/22")
    ('31 March 2026', '2021/22')
    """
    day = _as_at(period)
    return format_date(day) if day else period


def read_series(values: pl.DataFrame, name: str, cut: str, category: str, periods: Sequence[str]) -> Series:
    """One category's figures over some periods, from the rows of one indicator and area."""
    found = values.filter((pl.col("cut") == cut) & (pl.col("category") == category))
    rows: Mapping[str, dict[str, Any]] = {row["period"]: row for row in found.iter_rows(named=True)}
    return Series(name, tuple(make_cell(say_period(period), rows.get(period)) for period in periods))


def _table_row(number: int, whole: Series, fifths: Sequence[Series], unit: str) -> tuple[str, ...]:
    cell = whole.cells[number]
    others = (one.cells[number] for one in fifths)
    beside = (
        format_value_with_interval(other.value, other.lower, other.upper, unit, other.note)
        for other in others
    )
    return (cell.label, *describe_cell(cell, unit), *beside)


def _say_change(first: Cell, last: Cell, info: IndicatorInfo) -> str:
    change = round_as_shown(round_as_shown(last.value or 0.0) - round_as_shown(first.value or 0.0))
    if change == 0:
        return "no change"
    certainty = judge_difference(first, last)
    size = format_difference(change, info.unit)
    if certainty is Certainty.NO_INTERVAL:
        direction = "more" if change > 0 else "less"
        return f"{size} {direction}, but without intervals nobody can say whether that is chance"
    if certainty is Certainty.UNCLEAR:
        return "too little to say whether it changed"
    hedge = "probably " if certainty is Certainty.PROBABLE else ""
    return f"{hedge}{_judge(change, info.polarity)} by {size}"


def _judge(change: float, polarity: str) -> str:
    if polarity == Polarity.NONE:
        return "up" if change > 0 else "down"
    return "better" if (change > 0) == (polarity == Polarity.HIGHER_IS_BETTER) else "worse"


def _say_trend(whole: Series, periods: Sequence[str], info: IndicatorInfo) -> str:
    years = _yearly(periods)[-YEARS:]
    cells = [whole.cells[number] for number in years]
    if len(cells) < YEARS or any(cell.value is None for cell in cells):
        return ""
    counts = [(cell.numerator, cell.denominator) for cell in cells]
    if info.unit == PERCENT and all(None not in pair for pair in counts):
        numerator, denominator = np.array(counts, dtype=float).T
        trend = assess_recent_trend_of_proportion(numerator, denominator, polarity=info.polarity)
    elif all(cell.has_interval for cell in cells):
        value, lower, upper = np.array([(one.value, one.lower, one.upper) for one in cells], dtype=float).T
        trend = assess_recent_trend(value, lower, upper, polarity=info.polarity)
    else:
        return ""
    words = _TREND_WORDS.get(str(trend.assessment))
    return f"Recent trend, over {YEARS} years: {words}." if words else ""


_TREND_WORDS: Final = {
    "no_significant_change": "no significant change",
    "getting_better": "getting better",
    "getting_worse": "getting worse",
    "increasing": "increasing",
    "decreasing": "decreasing",
}


def _yearly(periods: Sequence[str]) -> list[int]:
    """The places of the latest period and of those whole years before it, without a break, earliest first."""
    days = [_as_at(period) for period in periods]
    latest = days[-1]
    if latest:
        known = {day: number for number, day in enumerate(days) if day}
        wanted = (_years_before(latest, years) for years in range(len(periods)))
        places = [known.get(day) for day in wanted]
    else:
        matches = [_YEAR.fullmatch(period) for period in periods]
        by_year = {int(found[1]): number for number, found in enumerate(matches) if found}
        if matches[-1] is None:
            return []
        places = [by_year.get(int(matches[-1][1]) - years) for years in range(len(periods))]
    unbroken = places[: places.index(None)] if None in places else places
    return [place for place in reversed(unbroken) if place is not None]


def _years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def say_gap_change(
    most: Series,
    least: Series,
    info: IndicatorInfo,
    *,
    between: str = "the fifths",
    names: tuple[str, str] = ("the most deprived", "the least deprived"),
    other: str = "the least deprived fifth",
) -> str:
    """What became of the gap between two groups, of each of them, and where the gap says less than it seems.

    Parameters
    ----------
    most, least
        The one that is expected to have the worse of it, and the one it is held against.
    info
        The indicator; where it has no better or worse there is no gap, and nothing is said.
    between, names, other
        What the gap lies between, the two as they read inside a sentence, and the second in full.
    """
    pairs = [
        (a, b) for a, b in zip(most.cells, least.cells, strict=True) if a.has_interval and b.has_interval
    ]
    if len(pairs) < 2 or info.polarity == Polarity.NONE:
        return ""
    (first_most, first_least), (last_most, last_least) = pairs[0], pairs[-1]
    before, after = (_gap(*pair, polarity=info.polarity) for pair in (pairs[0], pairs[-1]))
    size = round_as_shown(round_as_shown(after) - round_as_shown(before))
    error = math.hypot(*(_half_width(cell) for pair in (pairs[0], pairs[-1]) for cell in pair))
    told = (
        f"The gap between {between} was {format_difference(before, info.unit)} ({first_most.label}) "
        f"and is {format_difference(after, info.unit)} ({last_most.label})"
    )
    if before < 0 or after < 0:
        return f"{told}; at one end of that time it was {other} that had the worse of it."
    ends = (judge_change(first_most, last_most, info), judge_change(first_least, last_least, info))
    if abs(size) <= error / 2:
        both = " Both did worse." if set(ends) == {"worse"} else ""
        return f"{told}: the numbers are too small to say whether it changed.{both}"
    hedge = "" if abs(size) > error else "probably "
    verb = "narrowed" if size < 0 else "widened"
    became = ", ".join(
        _say_end(name, *pair, info)
        for name, pair in zip(names, ((first_most, last_most), (first_least, last_least)), strict=True)
    )
    return f"{told}: it {hedge}{verb}; {became}.{_warn_of_gap(verb, ends, names)}"


def _warn_of_gap(verb: str, ends: tuple[str, str], names: tuple[str, str]) -> str:
    """A gap that narrows by somebody's doing worse is no gain, and one that widens need not be a loss."""
    if verb == "narrowed" and ends == ("worse", "worse"):
        return " A gap that narrows because both do worse is no gain."
    if verb == "narrowed" and ends[1] == "worse" and ends[0] != "better":
        return f" It is smaller because {names[1]} did worse, not because {names[0]} did better."
    if verb == "widened" and ends == ("better", "better"):
        return f" Both did better, {names[1]} by more."
    return ""


def _gap(most: Cell, least: Cell, *, polarity: str) -> float:
    sign = 1 if polarity == Polarity.HIGHER_IS_BETTER else -1
    return sign * ((least.value or 0.0) - (most.value or 0.0))


def _half_width(cell: Cell) -> float:
    return ((cell.upper or 0.0) - (cell.lower or 0.0)) / 2


def judge_change(first: Cell, last: Cell, info: IndicatorInfo) -> str:
    """``better`` or ``worse`` (``up`` or ``down`` without polarity); empty where nobody can say."""
    change = round_as_shown(round_as_shown(last.value or 0.0) - round_as_shown(first.value or 0.0))
    certainty = judge_difference(first, last)
    if change == 0 or certainty in (Certainty.UNCLEAR, Certainty.NO_INTERVAL):
        return ""
    return _judge(change, info.polarity)


def _say_end(name: str, first: Cell, last: Cell, info: IndicatorInfo) -> str:
    change = judge_change(first, last, info)
    if not change:
        return f"{name} did not clearly change"
    hedge = "probably " if judge_difference(first, last) is Certainty.PROBABLE else ""
    return f"{name} did {hedge}{change}"
