"""Shares, rates and means from data frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evenground.stats import means, standardisation
from evenground.stats import proportions_and_rates as rates
from evenground.stats.estimates import Estimate, Floats
from evenground.stats.frames.face import By, Levels, calculate_by_group, calculate_by_row
from evenground.stats.frames.table import Frame


def calculate_proportion(
    frame: Frame,
    *,
    numerator: str = "numerator",
    denominator: str = "denominator",
    by: By = None,
    confidence_level: Levels = 0.95,
    multiplier: float = 1.0,
) -> Frame:
    """Shares with Wilson's interval: one a row, or one a group of rows.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    numerator, denominator
        Names of columns of counts. An absent count gives an absent share.
    by
        The columns that name a group; the rows of a group are summed first. Without it every row is a
        share of its own and the frame's columns stay.
    confidence_level
        One level, or several: then a share has a row for each.
    multiplier
        1 for a share, 100 for a percentage.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        Of the caller's kind: the keys (or the whole frame), ``numerator`` and ``denominator`` where they
        were summed, then ``value``, ``lower_cl``, ``upper_cl``, ``confidence_level``, ``value_note`` (why
        there is no value) and ``standard_error``.

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers, or a count is impossible; rows are named.

    Examples
    --------
    >>> import polars as pl
    >>> uptake = pl.DataFrame(
    ...     {"area_code": ["A", "A", "B"], "numerator": [3, 5, 6], "denominator": [10, 10, 8]}
    ... )
    >>> by_area = calculate_proportion(uptake, by="area_code", multiplier=100)
    >>> by_area.select("area_code", "numerator", "value").rows()
    [('A', 8.0, 40.0), ('B', 6.0, 75.0)]
    """
    columns = [numerator, denominator]
    keywords: dict[str, Any] = {"confidence_level": confidence_level, "multiplier": multiplier}
    if by is None:
        return calculate_by_row(frame, rates.calculate_proportion, columns, **keywords)
    totals = {"numerator": numerator, "denominator": denominator}
    return calculate_by_group(frame, rates.calculate_proportion, columns, by=by, totals=totals, **keywords)


def calculate_crude_rate(
    frame: Frame,
    *,
    count: str = "count",
    population: str = "population",
    by: By = None,
    confidence_level: Levels = 0.95,
    multiplier: float = 100_000.0,
    method: str = "exact_below_10",
) -> Frame:
    """Crude rates: one a row, or one a group of rows.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    count, population
        Names of columns: events, and persons or person-years.
    by
        The columns that name a group; the rows of a group are summed first. Without it every row is a rate
        of its own and the frame's columns stay.
    confidence_level
        One level, or several.
    multiplier
        What the rate is expressed per.
    method
        ``exact_below_10`` (exact limits below 10 events, Byar's from 10), ``exact`` or ``byar``.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        As of ``calculate_proportion``, with ``count`` and ``population`` where they were summed.

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers, or a count is impossible; rows are named.

    Examples
    --------
    >>> import polars as pl
    >>> admissions = pl.DataFrame({"count": [65], "population": [100]})
    >>> rate = calculate_crude_rate(admissions, multiplier=100)
    >>> print(f"{rate['value'][0]:.1f} ({rate['lower_cl'][0]:.1f} to {rate['upper_cl'][0]:.1f})")
    65.0 (50.2 to 82.8)
    """
    columns = [count, population]
    keywords: dict[str, Any] = {
        "confidence_level": confidence_level, "multiplier": multiplier, "method": method
    }  # fmt: skip
    if by is None:
        return calculate_by_row(frame, rates.calculate_crude_rate, columns, **keywords)
    totals = {"count": count, "population": population}
    return calculate_by_group(frame, rates.calculate_crude_rate, columns, by=by, totals=totals, **keywords)


def calculate_mean(
    frame: Frame, *, value: str = "value", by: By = None, confidence_level: Levels = 0.95
) -> Frame:
    """Means with Student's t interval: one a group of rows.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    value
        The column of measured values.
    by
        The columns that name a group, or ``None`` for the whole frame as one.
    confidence_level
        One level, or several.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The keys and the figures.

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers; rows that are infinite are named.

    Examples
    --------
    >>> import polars as pl
    >>> waits = pl.DataFrame({"clinic": ["A", "A", "B", "B"], "value": [2.0, 4, 5, 9]})
    >>> calculate_mean(waits, by="clinic").select("clinic", "value").rows()
    [('A', 3.0), ('B', 7.0)]
    """
    return calculate_by_group(frame, means.calculate_mean, [value], by=by, confidence_level=confidence_level)


def calculate_dsr(
    frame: Frame,
    *,
    count: str = "count",
    population: str = "population",
    standard_population: str = "standard_population",
    event_frequency: str | None = None,
    by: By = None,
    confidence_level: Levels = 0.95,
    multiplier: float = 100_000.0,
) -> Frame:
    """Directly standardised rates with Dobson's interval: one a group of rows, a row for each age band.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    count, population, standard_population
        Names of columns: events, people and the standard population of each age band.
    event_frequency
        Where one person can have several events: the column with how many. ``count`` is then the persons
        with that many, and each frequency has a row for every age band.
    by
        The columns that name a group, or ``None`` for the whole frame as one.
    confidence_level
        One level, or several.
    multiplier
        What the rate is expressed per.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The keys, ``count`` and ``population`` summed (not where events have frequencies), and the figures.
        Below 10 events there is none.

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers, or a count is impossible; rows are named.

    Examples
    --------
    >>> import polars as pl
    >>> bands = pl.DataFrame({
    ...     "area_code": ["A", "A", "B", "B"], "count": [10, 40, 30, 20],
    ...     "population": [1000, 1000, 3000, 500], "standard_population": [3, 1, 3, 1],
    ... })
    >>> calculate_dsr(bands, by="area_code", multiplier=1000)["value"].to_list()
    [17.5, 17.5]
    """
    columns = [count, population, standard_population]
    keywords: dict[str, Any] = {"by": by, "confidence_level": confidence_level, "multiplier": multiplier}
    if event_frequency:
        return calculate_by_group(frame, _dsr_of_frequencies, [*columns, event_frequency], **keywords)
    totals = {"count": count, "population": population}
    return calculate_by_group(frame, standardisation.calculate_dsr, columns, totals=totals, **keywords)


def _dsr_of_frequencies(
    count: Floats, population: Floats, standard: Floats, frequency: Floats, **keywords: Any
) -> Estimate:
    return standardisation.calculate_dsr(count, population, standard, event_frequency=frequency, **keywords)


def calculate_indirectly_standardised_ratio(
    frame: Frame,
    *,
    count: str = "count",
    population: str = "population",
    reference_count: str = "reference_count",
    reference_population: str = "reference_population",
    by: By = None,
    confidence_level: Levels = 0.95,
    multiplier: float = 100.0,
) -> Frame:
    """Indirectly standardised ratios: events seen over events expected at the reference's rates.

    Parameters
    ----------
    frame
        A Polars or pandas data frame with a row for each age band (and sex) of each group.
    count, population
        Names of columns: events and people.
    reference_count, reference_population
        Names of columns: the events and people of the same band in the reference population.
    by
        The columns that name a group, or ``None`` for the whole frame as one.
    confidence_level
        One level, or several.
    multiplier
        100 makes a ratio of 100 of as many events as expected.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The keys, ``count`` and ``population`` summed, and the figures.

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers, or a count is impossible; rows are named.

    Examples
    --------
    >>> import polars as pl
    >>> bands = pl.DataFrame({
    ...     "count": [12, 30], "population": [1000, 500],
    ...     "reference_count": [100, 400], "reference_population": [10_000, 10_000],
    ... })
    >>> calculate_indirectly_standardised_ratio(bands)["value"].to_list()
    [140.0]
    """
    return _indirect(
        frame, standardisation.calculate_indirectly_standardised_ratio, count, population, reference_count,
        reference_population, by=by, confidence_level=confidence_level, multiplier=multiplier,
    )  # fmt: skip


def calculate_indirectly_standardised_rate(
    frame: Frame,
    *,
    count: str = "count",
    population: str = "population",
    reference_count: str = "reference_count",
    reference_population: str = "reference_population",
    by: By = None,
    confidence_level: Levels = 0.95,
    multiplier: float = 100_000.0,
) -> Frame:
    """Indirectly standardised rates: the ratio times the reference's crude rate.

    Parameters
    ----------
    frame, count, population, reference_count, reference_population, by, confidence_level
        As for ``calculate_indirectly_standardised_ratio``.
    multiplier
        What the rate is expressed per.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The keys, ``count`` and ``population`` summed, and the figures.

    Raises
    ------
    InputError
        As for ``calculate_indirectly_standardised_ratio``.
    """
    return _indirect(
        frame, standardisation.calculate_indirectly_standardised_rate, count, population, reference_count,
        reference_population, by=by, confidence_level=confidence_level, multiplier=multiplier,
    )  # fmt: skip


def _indirect(
    frame: Frame,
    calculate: Callable[..., Estimate],
    count: str,
    population: str,
    reference_count: str,
    reference_population: str,
    **keywords: Any,
) -> Frame:
    def of_columns(x: Floats, n: Floats, reference_x: Floats, reference_n: Floats, **more: Any) -> Estimate:
        return calculate(x, n, reference_count=reference_x, reference_population=reference_n, **more)

    return calculate_by_group(
        frame, of_columns, [count, population, reference_count, reference_population],
        totals={"count": count, "population": population}, **keywords,
    )  # fmt: skip
