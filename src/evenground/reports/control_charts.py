"""The figures of many periods against what they vary by of themselves: XmR charts of process control."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from evenground.errors import InputError, suggest
from evenground.releases import IndicatorInfo, Release
from evenground.reports.cells import Cell
from evenground.reports.over_time import read_series
from evenground.reports.subjects import Area
from evenground.reports.words import clean_text, count_in_words, format_interval, format_number, format_value
from evenground.stats import XmrChart, calculate_xmr_chart
from evenground.stats.control_charts import FEWEST_POINTS
from evenground.vocabulary import EVERYONE, Cut

_RANGE: Final = re.compile(r"(\d{4}-\d{2}-\d{2}) to (\d{4}-\d{2}-\d{2})")
_YEARS: Final = re.compile(r"(\d{4})(?:/\d{2})? ?- ?(\d{2,4})(?:/\d{2})?")
_AS_AT: Final = re.compile(r"to \d{4}-\d{2}-\d{2}")


class Reason(StrEnum):
    """Why there is no control chart; empty where there is one."""

    NONE = ""
    TOO_FEW = "too_few"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Point:
    """The figure of a period and what the rules say of it; ``rules`` are empty where nothing stands out."""

    cell: Cell
    period: str
    variation: str
    rules: tuple[str, ...]

    @property
    def is_special(self) -> bool:
        """Whether chance does not explain it."""
        return bool(self.rules)


@dataclass(frozen=True, slots=True)
class ControlChart:
    """The points of an area in the order of time, their mean and the process limits.

    ``limits`` are ``None`` where there is no chart; they stay within what a value can be.
    """

    info: IndicatorInfo
    area: Area
    points: tuple[Point, ...]
    mean: float | None
    limits: tuple[float, float] | None
    assurance: str
    reason: Reason

    @property
    def shown(self) -> list[Point]:
        """The points with a figure."""
        return [point for point in self.points if point.cell.value is not None]

    @property
    def standing_out(self) -> list[Point]:
        """The points that chance does not explain, the latest first."""
        return [point for point in reversed(self.points) if point.is_special]

    @property
    def are_dates(self) -> bool:
        """Whether the figures are as at dates, so that neighbours may look back over the same time."""
        return any(_AS_AT.fullmatch(point.period) for point in self.points)


_RULES: Final = (
    ("outside_limits", "beyond a limit"),
    ("run", "seven or more in a row on one side of the mean"),
    ("trend", "seven or more in a row that rise or fall"),
    ("two_of_three", "two of three near a limit"),
)
VARIATION_WORDS: Final = {
    "not_assessed": "Not assessed",
    "common_cause": "Usual variation",
    "special_cause_improvement": "Stands out: better",
    "special_cause_concern": "Stands out: worse",
    "special_cause_neither_high": "Stands out: high",
    "special_cause_neither_low": "Stands out: low",
}


def find_control_chart(release: Release, indicator_id: str, area: Area) -> ControlChart:
    """The figures of every period of an area, with the limits of an XmR chart.

    Parameters
    ----------
    release
        The release to read.
    indicator_id
        One of its indicators.
    area
        One of its areas.

    Returns
    -------
    ControlChart
        With a ``reason`` and without limits where there are fewer than 13 figures, or periods share years.

    Raises
    ------
    InputError
        Where the release has no such indicator.
    """
    if indicator_id not in release.indicators:
        hint = suggest(indicator_id, release.indicators)
        raise InputError(f'The release has no indicator "{indicator_id}". {hint}')
    info = release.indicators[indicator_id]
    own = release.figures_of(indicator_id).filter(
        (pl.col("area_type") == area.area_type)
        & (pl.col("area_code") == area.area_code)
        & (pl.col("cut") == Cut.ALL)
    )
    periods = own["period"].unique().sort().to_list()
    cells = read_series(own, clean_text(area.name), Cut.ALL, EVERYONE, periods).cells
    reason = Reason.NONE
    if sum(cell.value is not None for cell in cells) < FEWEST_POINTS:
        reason = Reason.TOO_FEW
    elif share_time(periods):
        reason = Reason.OVERLAP
    if reason:
        points = tuple(
            Point(cell, period, "not_assessed", ()) for cell, period in zip(cells, periods, strict=True)
        )
        return ControlChart(info, area, points, None, None, "not_assessed", reason)
    return _chart(info, area, periods, cells)


def share_time(periods: Sequence[str]) -> bool:
    """Whether periods that follow one another overlap, as pooled years do.

    >>> share_time(["2015-17", "2016-18"]), share_time(["2015-17", "2018-20"])
    (True, False)
    >>> share_time(["2024-01-01 to 2024-12-31", "2024-02-01 to 2025-01-31"])
    True
    """
    spans = [_span(period) for period in periods]
    known = sorted(span for span in spans if span)
    return any(later[0] <= earlier[1] for earlier, later in itertools.pairwise(known))


def _span(period: str) -> tuple[str, str] | None:
    """First and last day or year, as text in the order of time; of a single year or date there is none."""
    if found := _RANGE.fullmatch(period):
        return found[1], found[2]
    if found := _YEARS.fullmatch(period):
        first, last = found[1], found[2]
        return first, last if len(last) == 4 else _century(first, last)
    return None


def _century(first: str, last: str) -> str:
    start = int(first)
    end = start - start % 100 + int(last)
    return str(end if end >= start else end + 100)


def _chart(info: IndicatorInfo, area: Area, periods: Sequence[str], cells: Sequence[Cell]) -> ControlChart:
    values = np.array([np.nan if cell.value is None else cell.value for cell in cells])
    target = info.target.value if info.target else None
    chart = calculate_xmr_chart(values, polarity=str(info.polarity), target=target)
    points = tuple(
        Point(cell, period, str(chart.variation[number]), _rules_at(chart, number))
        for number, (cell, period) in enumerate(zip(cells, periods, strict=True))
    )
    lowest = 0.0 if values[~np.isnan(values)].min() >= 0 else -np.inf
    highest = info.multiplier if str(info.value_type) == "proportion" else np.inf
    limits = np.clip([chart.lower_limit[-1], chart.upper_limit[-1]], lowest, highest)
    return ControlChart(
        info,
        area,
        points,
        float(chart.mean[-1]),
        (float(limits[0]), float(limits[1])),
        str(chart.assurance),
        Reason.NONE,
    )


def _rules_at(chart: XmrChart, number: int) -> tuple[str, ...]:
    return tuple(words for name, words in _RULES if getattr(chart, name)[number])


def say_control_chart(found: ControlChart) -> str:
    """The level and the limits, what the latest figure is within them, and what stands out.

    Parameters
    ----------
    found
        What ``find_control_chart`` found. Without a chart the words say why, and what to look at instead.
    """
    if found.mean is None or found.limits is None:
        return _say_why_not(found)
    unit, shown = found.info.unit, found.shown
    first, latest = shown[0], shown[-1]
    usual = format_interval(*found.limits, unit).replace(" to ", " and ", 1)
    parts = [
        f"From {first.cell.label} to {latest.cell.label} the mean is {format_value(found.mean, unit)}, and "
        f"figures vary of themselves between {usual}.",
        _say_latest(found, latest),
    ]
    standing = [point for point in shown if point.is_special]
    if others := len(standing) - int(latest.is_special):
        noun = "earlier period"
        verb = "stands" if others == 1 else "stand"
        also = " as well" if latest.is_special else ""
        parts.append(f"{count_in_words(others, noun)} of {len(shown):,} {verb} out{also}.")
    if len(standing) > len(shown) / 2:
        parts.append(
            "So many stand out that the level itself moved in this time: compare before and after, not with "
            "one mean."
        )
    parts += [_say_target(found), _say_gaps(found)]
    return " ".join(part for part in parts if part)


def _say_latest(found: ControlChart, latest: Point) -> str:
    value = format_value(latest.cell.value, found.info.unit, latest.cell.note)
    if not latest.is_special:
        return f"The latest, {value}, is within the usual variation: it tells of no change."
    side = {
        "special_cause_improvement": "better than chance explains",
        "special_cause_concern": "worse than chance explains",
        "special_cause_neither_high": "higher than chance explains",
        "special_cause_neither_low": "lower than chance explains",
    }[latest.variation]
    return f"The latest, {value}, is {side} ({'; '.join(latest.rules)})."


def _say_target(found: ControlChart) -> str:
    told = {
        "consistently_passing": "Left as it is, it meets the target of {} every time.",
        "consistently_failing": "Left as it is, it cannot be expected to meet the target of {}.",
        "hit_and_miss": "Whether it meets the target of {} in a period is chance.",
    }.get(found.assurance, "")
    target = found.info.target
    return told.format(format_value(target.value, found.info.unit)) if told and target else ""


def _say_gaps(found: ControlChart) -> str:
    hidden = len(found.points) - len(found.shown)
    verb = "is" if hidden == 1 else "are"
    told = f"{count_in_words(hidden, 'period')} without a published figure {verb} passed over."
    return told if hidden else ""


def _say_why_not(found: ControlChart) -> str:
    if found.reason == Reason.OVERLAP:
        return (
            "These periods share years with one another, so neighbours are alike and limits would come out "
            "too narrow. The line over time with its intervals is the better picture."
        )
    held = len(found.shown)
    return (
        f"A control chart needs at least {FEWEST_POINTS} periods with a published figure, and there "
        f"{'is' if held == 1 else 'are'} {format_number(held, decimals=0)}: with fewer, its limits are "
        "guesses. The line over time with its intervals is the better picture."
    )
