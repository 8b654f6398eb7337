"""Shares and crude rates with their intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_counts,
    require_same_shape,
)
from evenground.stats.groups import find_groups
from evenground.stats.intervals import (
    count_limits,
    require_multiplier,
    require_share,
    scale,
    wilson_limits,
)


def calculate_proportion(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: ArrayLike = 1.0,
) -> Estimate:
    """A share with Wilson's interval.

    Parameters
    ----------
    numerator, denominator
        Counts of any shapes that broadcast together, one figure for each; or (rows,) with ``groups`` or
        ``offsets``, whose rows are summed within a group first.
    groups
        A label for each row, in any order; results come in the order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows: shape (groups + 1,).
    confidence_level
        A share, or an array that broadcasts with the result.
    multiplier
        What the share is expressed per: 1 for a share, 100 for a percentage.

    Returns
    -------
    Estimate
        NaN with reason ``missing`` where a count (of the group) is NaN, ``no_population`` where the
        denominator is 0. The standard error is sqrt(p (1 - p) / n): 0 at both ends, where only the
        interval tells how little is known.

    Raises
    ------
    InputError
        Where a count is negative or infinite, or a numerator is above its denominator in any row; rows
        are named. Where groups or offsets do not fit, or the multiplier is not above 0.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-12. Association of Public Health Observatories. Technical
    briefing 3, 2008, p. 6.

    Examples
    --------
    >>> uptake = calculate_proportion([65, 0], [100, 0], multiplier=100)
    >>> print(uptake.value, uptake.reason)
    [65. nan] ['' 'no_population']

    Two age groups in each of two areas:

    >>> uptake = calculate_proportion([20, 45, 3, 9], [40, 60, 10, 20], groups=["a", "a", "b", "b"])
    >>> print(uptake.value)
    [0.65 0.4 ]
    """
    x, n = require_share(numerator, denominator)
    x, n = _sum_within(x, n, groups, offsets)
    per, level = require_multiplier(multiplier), require_confidence_level(confidence_level)
    lower, upper = (scale(limit, per) for limit in wilson_limits(x, n, level))
    with np.errstate(invalid="ignore", divide="ignore"):
        value = x * per / n
        error = per * np.sqrt(x * ((n - x) / n)) / n
    return Estimate.of(value, lower, upper, _reasons(lower.shape, x, n, value), error)


def calculate_crude_rate(
    count: ArrayLike,
    population: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: ArrayLike = 100_000.0,
    method: str = "exact_below_10",
) -> Estimate:
    """Events over the population they arose in, with an interval for the count.

    Parameters
    ----------
    count
        Events. They may outnumber the population: one person can have several.
    population
        Persons or person-years, of a shape that broadcasts with the events. With ``groups`` or
        ``offsets`` both are (rows,) and are summed within a group first.
    groups
        A label for each row, in any order; results come in the order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows: shape (groups + 1,).
    confidence_level
        A share, or an array that broadcasts with the result.
    multiplier
        What the rate is expressed per.
    method
        The interval of the count: ``exact_below_10`` (the field's: exact below 10 events, Byar's from
        10), ``exact`` or ``byar`` at every count. Byar's has no lower limit at 0 events (NaN) and one
        below 0 at a single event and a high confidence level.

    Returns
    -------
    Estimate
        NaN with reason ``missing`` where an input (of the group) is NaN, ``no_population`` where the
        population is 0. The standard error is sqrt(count) / population.

    Raises
    ------
    InputError
        Where an input is negative or infinite (rows are named), groups or offsets do not fit, the
        multiplier is not above 0 or the method is not known.

    References
    ----------
    Association of Public Health Observatories. Technical briefing 3, 2008, p. 7.

    Examples
    --------
    >>> rate = calculate_crude_rate(65, 100, multiplier=100)
    >>> print(f"{rate.value:.1f} ({rate.lower_cl:.1f} to {rate.upper_cl:.1f})")
    65.0 (50.2 to 82.8)
    """
    x, n = require_same_shape(
        count=require_counts("count", count), population=require_counts("population", population)
    )
    x, n = _sum_within(x, n, groups, offsets)
    multiplied, level = require_multiplier(multiplier), require_confidence_level(confidence_level)
    lower, upper = count_limits(x, level, method=method)
    with np.errstate(invalid="ignore", divide="ignore"):
        value, per = x * multiplied / n, multiplied / n
        lower, upper, error = scale(lower, per), scale(upper, per), np.sqrt(x) * per
    return Estimate.of(value, lower, upper, _reasons(lower.shape, x, n, value), error)


def _sum_within(
    x: Floats, n: Floats, groups: ArrayLike | None, offsets: ArrayLike | None
) -> tuple[Floats, Floats]:
    if groups is None and offsets is None:
        return x, n
    rows = find_groups(x.shape, groups, offsets)
    return rows.total(rows.arrange(x)), rows.total(rows.arrange(n))


def _reasons(shape: tuple[int, ...], x: Floats, n: Floats, value: Floats) -> NDArray[np.int8]:
    # Where every value is finite, nothing is missing and nobody is absent.
    if np.isfinite(np.sum(value)):
        return np.zeros(shape, dtype=np.int8)
    return reasons_for(shape, missing=np.isnan(x) | np.isnan(n), no_population=n == 0)
