"""Life expectancy from data frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenground.errors import InputError
from evenground.stats import life_expectancy as of_arrays
from evenground.stats.estimates import Estimate, Floats
from evenground.stats.frames.face import By, Grouped, Levels, build_figures, confidence_levels, open_groups
from evenground.stats.frames.table import Frame


def calculate_life_expectancy(
    frame: Frame,
    *,
    deaths: str = "deaths",
    population: str = "population",
    band_start: str = "band_start",
    by: By = None,
    confidence_level: Levels = 0.95,
    widest_interval: float | None = of_arrays.WIDEST_INTERVAL,
    fewest_people: float | None = of_arrays.FEWEST_PEOPLE,
) -> Frame:
    """Life expectancy at the start of every age band, from a row for each age band of each group.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    deaths, population
        Names of columns of counts.
    band_start
        The column with the age at which each band starts; rows need not be in its order. Every group must
        have the same bands, the first from 0.
    by
        The columns that name a group, or ``None`` for the whole frame as one.
    confidence_level
        One level or several.
    widest_interval, fewest_people
        As in ``evenground.stats.calculate_life_expectancy``.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        The keys, ``band_start`` and the figures in years, a row for each band.

    Raises
    ------
    InputError
        Where a column is absent or holds no numbers, a count is impossible, or groups differ in their bands.

    Examples
    --------
    >>> import polars as pl
    >>> ages = pl.DataFrame(
    ...     {"band_start": [0, 1, 60], "deaths": [9, 120, 900], "population": [1200, 61_000, 20_000]}
    ... )
    >>> at_birth = calculate_life_expectancy(ages).filter(pl.col("band_start") == 0)
    >>> print(f"{at_birth['value'][0]:.1f} ({at_birth['lower_cl'][0]:.1f} to {at_birth['upper_cl'][0]:.1f})")
    76.0 (74.3 to 77.6)
    """
    return _by_band(
        frame, of_arrays.calculate_life_expectancy, [deaths, population], band_start, by, confidence_level,
        widest_interval=widest_interval, fewest_people=fewest_people,
    )  # fmt: skip


def calculate_healthy_life_expectancy(
    frame: Frame,
    *,
    deaths: str = "deaths",
    population: str = "population",
    share_in_good_health: str = "share_in_good_health",
    sample_size: str = "sample_size",
    band_start: str = "band_start",
    by: By = None,
    confidence_level: Levels = 0.95,
    widest_interval: float | None = of_arrays.WIDEST_INTERVAL,
    fewest_people: float | None = of_arrays.FEWEST_PEOPLE,
) -> Frame:
    """Healthy life expectancy (Sullivan) at the start of every age band.

    Parameters
    ----------
    frame, deaths, population, band_start, by, confidence_level, widest_interval, fewest_people
        As for ``calculate_life_expectancy``.
    share_in_good_health, sample_size
        Names of columns: the share of each band in good health, from 0 to 1, and how many were asked.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        As of ``calculate_life_expectancy``.
    """
    return _by_band(
        frame, of_arrays.calculate_healthy_life_expectancy,
        [deaths, population, share_in_good_health, sample_size], band_start, by, confidence_level,
        widest_interval=widest_interval, fewest_people=fewest_people,
    )  # fmt: skip


def _by_band(
    frame: Frame,
    calculate: Callable[..., Estimate],
    columns: Sequence[str],
    band_start: str,
    by: By,
    confidence_level: Levels,
    **keywords: Any,
) -> Frame:
    grouped = open_groups(frame, by, [*columns, band_start], sort_by=band_start)
    levels = confidence_levels(confidence_level)
    starts = _shared_bands(grouped, band_start)
    tables = (grouped.numbers(name).reshape(-1, len(starts)) for name in columns)
    with grouped.naming_rows():
        estimate = calculate(*tables, band_starts=starts, confidence_level=levels[:, None, None], **keywords)
    flat = _flatten(estimate, len(levels))
    result: Frame = build_figures(grouped.table, [*grouped.by, band_start], grouped.rows, flat, levels, {})
    return result


def _shared_bands(grouped: Grouped, band_start: str) -> Floats:
    """The bands that every group has."""
    starts = grouped.numbers(band_start)
    sizes = np.diff(grouped.offsets)
    if not len(starts):
        raise InputError("The frame has no rows: a life table needs one for each age band.")
    first = starts[: sizes[0]]
    same = bool(np.all(sizes == sizes[0])) and bool(np.all(starts.reshape(-1, len(first)) == first))
    if not same:
        raise InputError(
            f'The groups differ in their age bands ("{band_start}"): {len(first)} bands in the first, '
            f"{sizes.min()} to {sizes.max()} in all. Give every group the same bands, "
            "with 0 deaths where there are none."
        )
    return first


def _flatten(estimate: Estimate, levels: int) -> Estimate:
    def flat(part: NDArray[Any]) -> NDArray[Any]:
        return part.reshape(levels, -1)

    error = flat(estimate.standard_error) if estimate.has_standard_error else None
    value, lower, upper = map(flat, estimate)
    return Estimate.of(value, lower, upper, flat(estimate.reason_codes), error)
