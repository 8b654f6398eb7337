"""Shares and crude rates with their intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evenground.stats.estimates import Estimate, reasons_for, require_counts, require_same_shape
from evenground.stats.intervals import (
    calculate_poisson_interval,
    calculate_wilson_interval,
    require_share,
)


def calculate_proportion(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 1.0,
) -> Estimate:
    """A share with Wilson's interval.

    Parameters
    ----------
    numerator, denominator
        Counts of any shapes that broadcast together.
    confidence_level
        A share, or an array that broadcasts with the counts.
    multiplier
        What the share is expressed per: 1 for a share, 100 for a percentage.

    Returns
    -------
    Estimate
        NaN with reason ``missing`` where a count is NaN, ``no_population`` where the denominator is 0.

    Raises
    ------
    InputError
        Where a count is negative or infinite, or a numerator is above its denominator; rows are named.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-12.

    Examples
    --------
    >>> uptake = calculate_proportion([65, 0], [100, 0], multiplier=100)
    >>> print(uptake.value, uptake.reason)
    [65. nan] ['' 'no_population']
    """
    x, n = require_share(numerator, denominator)
    lower, upper = calculate_wilson_interval(x, n, confidence_level=confidence_level)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.broadcast_to(x / n, lower.shape)
    reasons = reasons_for(lower.shape, missing=np.isnan(x) | np.isnan(n), no_population=n == 0)
    return Estimate.of(share * multiplier, lower * multiplier, upper * multiplier, reasons)


def calculate_crude_rate(
    count: ArrayLike,
    population: ArrayLike,
    *,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 100_000.0,
) -> Estimate:
    """Events over the population they arose in, with an exact (below 10 events) or Byar's interval.

    Parameters
    ----------
    count
        Events. They may outnumber the population: one person can have several.
    population
        Persons or person-years, of a shape that broadcasts with the events.
    confidence_level
        A share, or an array that broadcasts with the counts.
    multiplier
        What the rate is expressed per.

    Returns
    -------
    Estimate
        NaN with reason ``missing`` where an input is NaN, ``no_population`` where the population is 0.

    Raises
    ------
    InputError
        Where an input is negative or infinite; rows are named.

    References
    ----------
    Association of Public Health Observatories. Technical briefing 3, 2008, pp. 12-13.

    Examples
    --------
    >>> rate = calculate_crude_rate(65, 100, multiplier=100)
    >>> print(f"{rate.value:.1f} ({rate.lower_cl:.1f} to {rate.upper_cl:.1f})")
    65.0 (50.2 to 82.8)
    """
    x, n = require_same_shape(
        count=require_counts("count", count), population=require_counts("population", population)
    )
    lower, upper = calculate_poisson_interval(x, confidence_level=confidence_level)
    reasons = reasons_for(lower.shape, missing=np.isnan(x) | np.isnan(n), no_population=n == 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        per = multiplier / n
        return Estimate.of(np.broadcast_to(x * per, lower.shape), lower * per, upper * per, reasons)
