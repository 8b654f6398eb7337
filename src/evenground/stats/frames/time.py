"""Series over time from data frames: recent trend and control charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenground.errors import InputError
from evenground.stats import trend
from evenground.stats.control_charts import XmrChart
from evenground.stats.control_charts import calculate_xmr_chart as xmr_of_arrays
from evenground.stats.estimates import Floats
from evenground.stats.frames.face import By, Grouped, open_groups
from evenground.stats.frames.table import Frame


@dataclass(frozen=True, slots=True)
class _Series:
    """Rows of a frame laid out as one line a group, one place a point in time."""

    grouped: Grouped
    group: NDArray[np.int64]
    place: NDArray[np.int64]
    length: int

    def numbers(self, name: str) -> Floats:
        """A column laid out; NaN where a group has no row."""
        laid = np.full((len(self.grouped.runs.first), self.length), np.nan)
        laid[self.group, self.place] = self.grouped.numbers(name)
        return laid

    def rows_of(self, laid: NDArray[Any]) -> NDArray[Any]:
        """What was laid out, back at the frame's rows."""
        found = np.empty(len(self.group), dtype=laid.dtype)
        found[self.grouped.rows] = laid[self.group, self.place]
        return found


def assess_recent_trend(
    frame: Frame,
    *,
    polarity: str,
    year: str = "year",
    numerator: str | None = None,
    denominator: str | None = None,
    value: str = "value",
    lower_cl: str = "lower_cl",
    upper_cl: str = "upper_cl",
    points: int = 5,
    by: By = None,
) -> Frame:
    """The recent trend of each group by Fingertips' rules, from a row for each year.

    Parameters
    ----------
    frame
        A Polars or pandas data frame. Rows need not be in order; a year without a row breaks the series.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    year
        The column with the year, a whole number: the first of a financial year or of a pooled period.
    numerator, denominator
        Names of columns of counts, for a proportion: then these are used and not the next three.
    value, lower_cl, upper_cl
        Names of columns, for a rate or another value with 95 % limits.
    points
        How many of the latest points are looked at.
    by
        The columns that name a group, or ``None`` for the whole frame as one series.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The keys, ``slope``, ``chi_squared``, ``direction``, ``assessment`` (with the polarity) and
        ``trend_note``.

    Raises
    ------
    InputError
        Where a column is absent, a year comes twice in a group or is not a whole number, or only one of
        numerator and denominator is named.

    Examples
    --------
    >>> import polars as pl
    >>> smoking = pl.DataFrame({
    ...     "year": [2018, 2019, 2020, 2021, 2022],
    ...     "numerator": [1670, 1650, 1590, 1540, 1470], "denominator": [10_000] * 5,
    ... })
    >>> found = assess_recent_trend(smoking, polarity="lower_is_better", numerator="numerator",
    ...                             denominator="denominator")
    >>> found["assessment"].to_list()
    ['getting_better']
    """
    if (numerator is None) != (denominator is None):
        raise InputError("A proportion needs both numerator and denominator. Name both columns, or neither.")
    shares = numerator is not None and denominator is not None
    columns = [numerator, denominator] if shares else [value, lower_cl, upper_cl]
    names = [name for name in columns if name is not None]
    adds = ("slope", "chi_squared", "direction", "assessment", "trend_note")
    series = _lay_out_years(open_groups(frame, by, [*names, year], sort_by=year, adds=adds), year)
    assess = trend.assess_recent_trend_of_proportion if shares else trend.assess_recent_trend
    found = assess(*(series.numbers(name) for name in names), polarity=polarity, points=points)
    grouped = series.grouped
    result: Frame = grouped.table.build(grouped.by, grouped.runs.first, dict(zip(adds, found, strict=True)))
    return result


def calculate_xmr_chart(
    frame: Frame,
    *,
    polarity: str,
    date: str = "date",
    value: str = "value",
    target: str | None = None,
    by: By = None,
    **options: Any,
) -> Frame:
    """An XmR control chart of each group, from a row for each point in time.

    Parameters
    ----------
    frame
        A Polars or pandas data frame. Rows need not be in order.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    date
        The column of dates or numbers that puts points in order.
    value, target
        Names of columns.
    by
        The columns that name a group, or ``None`` for the whole frame as one series.
    **options
        ``baseline``, ``screen_moving_ranges`` and ``minimum_points`` of
        ``evenground.stats.calculate_xmr_chart``.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The frame, its rows in their order, with ``mean``, ``lower_limit``, ``upper_limit``,
        ``special_cause``, ``variation`` (of each point, in words) and ``assurance`` (of the series).

    Raises
    ------
    InputError
        Where a column is absent, or a date comes twice in a group.

    Examples
    --------
    >>> import polars as pl
    >>> days = [50, 52, 49, 51, 50, 48, 52, 50, 51, 49, 50, 52, 49, 51, 70]
    >>> waits = pl.DataFrame({"date": range(15), "value": days})
    >>> chart = calculate_xmr_chart(waits, polarity="lower_is_better")
    >>> chart["variation"][-1]
    'special_cause_concern'
    """
    columns = [value, *([target] if target else [])]
    series = _lay_out_in_order(open_groups(frame, by, [*columns, date], sort_by=date), date)
    chart = xmr_of_arrays(
        series.numbers(value), polarity=polarity,
        target=series.numbers(target) if target else None, **options,
    )  # fmt: skip
    table = series.grouped.table
    result: Frame = table.build(table.names, None, _chart_columns(series, chart))
    return result


def _chart_columns(series: _Series, chart: XmrChart) -> dict[str, NDArray[Any]]:
    points = {
        name: series.rows_of(getattr(chart, name))
        for name in ("mean", "lower_limit", "upper_limit", "special_cause", "variation")
    }
    whole = np.broadcast_to(chart.assurance[:, None], (len(chart.assurance), series.length))
    return {**points, "assurance": series.rows_of(whole)}


def _lay_out_years(grouped: Grouped, year: str) -> _Series:
    years = grouped.numbers(year)
    if np.any(years != np.round(years)):
        raise InputError(f'The column "{year}" must hold whole years: write 2021/22 as 2021.')
    first = int(years.min()) if len(years) else 0
    place = years.astype(np.int64) - first
    return _lay_out(grouped, place, year)


def _lay_out_in_order(grouped: Grouped, date: str) -> _Series:
    dates = grouped.runs.arrange(grouped.table.order_values(date))
    starts = np.repeat(grouped.offsets[:-1], np.diff(grouped.offsets))
    series = _lay_out(grouped, np.arange(len(dates)) - starts, date)
    same = (dates[1:] == dates[:-1]) & (series.group[1:] == series.group[:-1])
    _require_once(int(same.sum()), date)
    return series


def _lay_out(grouped: Grouped, place: NDArray[np.int64], name: str) -> _Series:
    group = np.repeat(np.arange(len(grouped.runs.first)), np.diff(grouped.offsets))
    repeated = (group[1:] == group[:-1]) & (place[1:] == place[:-1])
    _require_once(int(repeated.sum()), name)
    return _Series(grouped, group, place, int(place.max()) + 1 if len(place) else 0)


def _require_once(repeated: int, name: str) -> None:
    if repeated:
        raise InputError(
            f'{repeated} values of "{name}" come twice in a group. Add the column that tells the rows apart '
            "to by, or put them together first."
        )
