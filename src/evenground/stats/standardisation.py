"""Rates that a different age structure does not distort."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_counts,
    require_same_shape,
)
from evenground.stats.groups import Groups, find_groups
from evenground.stats.intervals import calculate_byars_interval

EUROPEAN_STANDARD_POPULATION_2013: Final = (
    5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000,
    7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000,
)  # fmt: skip
"""Eurostat, Revision of the European Standard Population, 2013: five-year bands 0-4 to 85-89, and 90+."""

FEWEST_EVENTS: Final = 10
"""A directly standardised rate of fewer events is not calculated."""


def calculate_dsr(
    count: ArrayLike,
    population: ArrayLike,
    standard_population: ArrayLike = EUROPEAN_STANDARD_POPULATION_2013,
    *,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 100_000.0,
) -> Estimate:
    """Directly standardised rate with Dobson's interval on Byar's limits.

    Parameters
    ----------
    count
        Events by age band: shape (..., bands), or (rows,) with ``groups`` or ``offsets``.
    population
        Persons or person-years of the same shape.
    standard_population
        Weights that broadcast with the events: (bands,) or one for each row.
    groups
        A label for each row, in any order; results come in the order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows: shape (groups + 1,).
    confidence_level
        A share, or an array that broadcasts with the result.
    multiplier
        What the rate is expressed per.

    Returns
    -------
    Estimate
        One figure for each group. NaN with a reason: ``missing`` where a count or population of the group
        is NaN, ``no_population`` where an age band has none (its rate is not known), ``too_few_events``
        below 10 events. A caller whose absent counts are zeros says so with ``numpy.nan_to_num``.

    Raises
    ------
    InputError
        Where an input is negative or infinite (rows are named), shapes differ, or a group's standard
        population is zero.

    References
    ----------
    Dobson AJ, Kuulasmaa K, Eberle E, Scherer J. Confidence intervals for weighted sums of Poisson
    parameters. Stat Med 1991;10:457-62, eq. 3. Association of Public Health Observatories. Technical
    briefing 3, 2008, pp. 16-17.

    Examples
    --------
    Two age bands in two areas with the same rates have the same standardised rate:

    >>> dsr = calculate_dsr([[10, 40], [30, 20]], [[1000, 1000], [3000, 500]], [3, 1], multiplier=1000)
    >>> print(dsr.value)
    [17.5 17.5]
    """
    x, n, w = require_same_shape(
        count=require_counts("count", count),
        population=require_counts("population", population),
        standard_population=require_counts("standard_population", standard_population),
    )
    rows = find_groups(x.shape, groups, offsets)
    x, n, w = (rows.arrange(values) for values in (x, n, w))
    events = rows.total(x)
    rate, variance = _weighted_rate(rows, x, n, w)
    level = require_confidence_level(confidence_level)
    reasons = reasons_for(
        np.broadcast_shapes(events.shape, level.shape),
        missing=np.isnan(rows.total(x + n + w)),
        no_population=rows.total((n == 0).astype(np.float64)) > 0,
        too_few_events=events < FEWEST_EVENTS,
    )
    return _dobson(events, rate, variance, level, multiplier, reasons)


def _weighted_rate(rows: Groups, x: Floats, n: Floats, w: Floats) -> tuple[Floats, Floats]:
    standard = rows.total(w)
    if np.any((standard == 0) & (rows.sizes.reshape(rows.shape) > 0)):
        raise InputError("The standard population of a group sums to 0. Give a weight for each age band.")
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = rows.total(w * x / n) / standard
        variance = rows.total(w**2 * x / n**2) / standard**2
    return rate, variance


def _dobson(
    events: Floats,
    rate: Floats,
    variance: Floats,
    level: Floats,
    multiplier: float,
    reasons: NDArray[np.int8],
) -> Estimate:
    lower, upper = calculate_byars_interval(events, confidence_level=level)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt(variance / events)
        lower = (rate + scale * (lower - events)) * multiplier
        upper = (rate + scale * (upper - events)) * multiplier
    return Estimate.of(np.broadcast_to(rate * multiplier, lower.shape), lower, upper, reasons)
