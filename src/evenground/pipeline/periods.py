"""The dates of a time series: which, and what of an earlier date a release keeps."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from evenground.errors import Fault, WorkspaceError, suggest
from evenground.indicators import Definitions, Indicator
from evenground.indicators.expressions import Count, Has, LatestCategory, LatestValue, months_before, walk
from evenground.vocabulary import AreaType, Cut

MONTHS: Final = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
MOST_DATES: Final = 120
ENOUGH: Final = 2 / 3
"""How many records an earlier figure needs, of those that the latest rests on."""

_YEARS: Final = re.compile(r"(\d{4})(?:\.\.(\d{4}))?")


def list_dates(as_at: dt.date, years: str | None, every: str) -> tuple[dt.date, ...]:
    """The dates that figures are worked out for, the earliest first and ``as_at`` always the last.

    They are whole steps before ``as_at``, within the calendar years asked for. From the last day of a month
    they are last days of months.

    Parameters
    ----------
    as_at
        The date of the release.
    years
        ``2021..2026`` or ``2021``; ``None`` for no earlier date.
    every
        ``month``, ``quarter``, ``half-year`` or ``year``.

    Raises
    ------
    WorkspaceError
        Where the years or the step cannot be read, or are too many.

    Examples
    --------
    >>> [str(day) for day in list_dates(dt.date(2026, 3, 31), "2025..2026", "quarter")]
    ['2025-03-31', '2025-06-30', '2025-09-30', '2025-12-31', '2026-03-31']
    """
    if years is None:
        return (as_at,)
    first, last = _read_years(years, as_at)
    if every not in MONTHS:
        raise _fault("every", f'is "{every}".', suggest(every, MONTHS))
    steps = (as_at.year - first) * 12 // MONTHS[every] + 12
    days = {months_before(as_at, MONTHS[every] * step) for step in range(1, steps)}
    wanted = sorted(day for day in days if first <= day.year <= last)
    if len(wanted) > MOST_DATES:
        what = f"gives {len(wanted)} dates every {every}; the most is {MOST_DATES}."
        raise _fault("years", what, "Ask for fewer years, or longer steps.")
    return (*wanted, as_at)


def keep_over_time(values: pl.DataFrame) -> pl.DataFrame:
    """What a release keeps of an earlier date: areas as a whole, and the place's breakdowns but pairs."""
    is_pair = pl.col("cut").str.contains("*", literal=True)
    is_whole = pl.col("cut") == Cut.ALL
    return values.filter(is_whole | ((pl.col("area_type") == AreaType.PLACE) & ~is_pair))


def join_periods(
    earlier: Sequence[Mapping[str, pl.DataFrame]], latest: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """The tables of a release with the rows of earlier dates beside those of the latest."""
    joined = dict(latest)
    for name in ("values", "inequality"):
        frames = [tables[name] for tables in earlier if name in tables]
        if frames:
            keys = [key for key in _KEYS if key in joined[name].columns]
            joined[name] = pl.concat([*frames, joined[name]]).sort(keys)
    return joined


_KEYS: Final = ("indicator_id", "area_type", "area_code", "cut", "category", "period", "measure")


def _read_years(years: str, as_at: dt.date) -> tuple[int, int]:
    found = _YEARS.fullmatch(years.replace(" ", ""))
    if not found:
        raise _fault("years", f'is "{years}".', 'Write the first and the last year: "2021..2026".')
    first, last = int(found[1]), int(found[2] or found[1])
    if first > last or first > as_at.year:
        what = f'is "{years}", and figures are as at {as_at}.'
        raise _fault("years", what, "Begin with the earlier year, no later than that date.")
    return first, last


def _fault(key: str, what: str, fix: str) -> WorkspaceError:
    return WorkspaceError("The time series cannot be made.", [Fault(f"periods.{key}", what, fix)])


class History:
    """How far back the records of each feature go.

    An extract has a first day, and a practice's system may hold only what was still of use when it was set
    up. What is not held would look like people whom nobody reached, so an earlier figure needs records to
    rest on.
    """

    def __init__(self, definitions: Definitions, by_month: pl.DataFrame, as_at: dt.date) -> None:
        self._definitions = definitions
        self._as_at = as_at
        codes = [
            (feature.id, code.code_system, code.code)
            for feature in definitions.features.values()
            if not feature.is_rule
            for code in definitions.codelists[feature.codelist].codes
        ]
        of_feature = pl.DataFrame(codes, schema=["feature", "code_system", "code"], orient="row")
        found = by_month.join(of_feature, on=["code_system", "code"]).group_by("feature", "month")
        self._records: dict[str, list[tuple[dt.date, int]]] = {}
        for feature, month, records in found.agg(pl.col("records").sum()).iter_rows():
            self._records.setdefault(feature, []).append((month, records))

    def find_thin(self, day: dt.date) -> dict[str, str]:
        """The indicators whose records up to a date are too thin for a figure, by id, and of what.

        Thin are the records of a feature of which, in the window that the indicator looks at, there were
        fewer than two thirds as many as up to the date of the release; where it looks back for ever, in
        twelve months.
        """
        thin = {}
        for indicator in self._definitions.indicators.values():
            names = sorted(
                {
                    self._definitions.features[leaf.feature].name
                    for leaf in self._leaves(indicator)
                    if self._count(leaf, day) < ENOUGH * self._count(leaf, self._as_at)
                }
            )
            if names:
                thin[indicator.id] = f"too few records up to then: {'; '.join(names)}"
        return thin

    def _leaves(self, indicator: Indicator) -> list[Has | LatestValue | LatestCategory | Count]:
        nodes = (self._definitions.expand(part.node) for part in (indicator.denominator, indicator.numerator))
        kinds = Has | LatestValue | LatestCategory | Count
        return [leaf for node in nodes for leaf in walk(node) if isinstance(leaf, kinds)]

    def _count(self, leaf: Has | LatestValue | LatestCategory | Count, day: dt.date) -> int:
        cutoff = leaf.window.cutoff(day) or months_before(day, 12)
        # By whole months: the first is counted where the window holds most of it.
        first = (cutoff + dt.timedelta(days=15)).replace(day=1)
        months = self._records.get(leaf.feature, ())
        return sum(records for month, records in months if first <= month <= day)
