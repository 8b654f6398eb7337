"""Figures against a benchmark, each other and chance, from data frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenground.stats import funnel, quantiles, workforce
from evenground.stats.comparison import compare_with_benchmark as compare_arrays
from evenground.stats.frames.face import By, Levels, calculate_by_row, open_groups, require_free_names
from evenground.stats.frames.table import Frame, Table, open_table, require_columns


def compare_with_benchmark(
    frame: Frame,
    benchmark: float | str,
    *,
    polarity: str,
    benchmark_upper: float | str | None = None,
    lower_cl: str = "lower_cl",
    upper_cl: str = "upper_cl",
) -> Frame:
    """Say of each row whether its interval lies on the better or worse side of a benchmark, or holds it.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    benchmark, benchmark_upper
        A number for every row or the name of a column; both for a range.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    lower_cl, upper_cl
        Names of the columns with the limits.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The frame with the column ``comparison``: ``better``, ``similar``, ``worse``; ``lower``,
        ``higher`` where the polarity is ``none``; ``not_compared``.

    Raises
    ------
    InputError
        Where a column is absent, or limits are the wrong way round.

    Examples
    --------
    >>> import polars as pl
    >>> uptake = pl.DataFrame({"lower_cl": [52.0, 61], "upper_cl": [58.0, 67]})
    >>> compare_with_benchmark(uptake, 60, polarity="higher_is_better")["comparison"].to_list()
    ['worse', 'better']
    """
    table = open_table(frame)
    named = [name for name in (benchmark, benchmark_upper) if isinstance(name, str)]
    require_columns(table, [lower_cl, upper_cl, *named])
    found = compare_arrays(
        table.numbers(lower_cl), table.numbers(upper_cl), _number_or_column(table, benchmark),
        polarity=polarity,
        benchmark_upper=None if benchmark_upper is None else _number_or_column(table, benchmark_upper),
    )  # fmt: skip
    result: Frame = _with_columns(table, {"comparison": found})
    return result


def assign_quantiles(
    frame: Frame,
    *,
    quantile_1: str,
    value: str = "value",
    quantiles: int = 5,
    by: By = None,
) -> Frame:
    """Put each row into a quantile of its group, by value.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    quantile_1
        Which end is quantile 1: ``highest`` or ``lowest``.
    value
        The column to rank by.
    quantiles
        How many: 5 for quintiles, 10 for deciles.
    by
        The columns that name a group to rank within, or ``None`` to rank all rows together.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The frame, its rows in their order, with ``quantile`` (0 where there is none) and
        ``quantile_note`` (why).

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers.

    Examples
    --------
    >>> import polars as pl
    >>> scores = pl.DataFrame({"value": [4.0, 1, 3, 2]})
    >>> assign_quantiles(scores, quantile_1="highest", quantiles=2)["quantile"].to_list()
    [1, 2, 1, 2]
    """
    grouped = open_groups(frame, by, [value])
    names = ("quantile", "quantile_note")
    require_free_names([name for name in grouped.table.names if name in names], names)
    found = _of_arrays(grouped.numbers(value), quantile_1, quantiles, grouped.offsets)
    back = np.argsort(grouped.rows, kind="stable")
    columns = {name: part[back] for name, part in zip(names, found, strict=True)}
    result: Frame = _with_columns(grouped.table, columns)
    return result


def _of_arrays(
    values: NDArray[Any], quantile_1: str, count: int, offsets: NDArray[np.int64]
) -> quantiles.Quantiles:
    return quantiles.assign_quantiles(values, quantile_1=quantile_1, quantiles=count, offsets=offsets)


def assign_funnel_significance(
    frame: Frame,
    *,
    statistic: str,
    numerator: str = "numerator",
    denominator: str = "denominator",
    baseline: float | None = None,
    multiplier: float = 1.0,
) -> Frame:
    """Say of each row whether it lies outside the funnel of its size, at two or three standard deviations.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    statistic, baseline, multiplier
        As in ``evenground.stats.assign_funnel_significance``.
    numerator, denominator
        Names of columns of counts.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The frame with ``significance`` and ``significance_note``.

    Raises
    ------
    InputError
        Where a column is absent, or a count is impossible.
    """
    table = open_table(frame)
    require_columns(table, [numerator, denominator])
    found = funnel.assign_funnel_significance(
        table.numbers(numerator), table.numbers(denominator), statistic=statistic, baseline=baseline,
        multiplier=multiplier,
    )  # fmt: skip
    columns = {"significance": found.significance, "significance_note": found.reason}
    result: Frame = _with_columns(table, columns)
    return result


def calculate_relative_likelihood(
    frame: Frame,
    *,
    numerator: str = "numerator",
    denominator: str = "denominator",
    reference_numerator: str = "reference_numerator",
    reference_denominator: str = "reference_denominator",
    confidence_level: Levels = 0.95,
) -> Frame:
    """How many times as likely an outcome is in a group as in the reference group, a row each.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    numerator, denominator, reference_numerator, reference_denominator
        Names of columns of counts of people.
    confidence_level
        One level or several.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The frame with the figures.

    Raises
    ------
    InputError
        Where a column is absent, or a count is impossible.
    """
    columns = [numerator, denominator, reference_numerator, reference_denominator]
    return calculate_by_row(
        frame, workforce.calculate_relative_likelihood, columns, confidence_level=confidence_level
    )


def _number_or_column(table: Table, given: float | str) -> Any:
    return table.numbers(given) if isinstance(given, str) else given


def _with_columns(table: Table, added: dict[str, NDArray[Any]]) -> Any:
    return table.build(table.names, None, added)
