"""How unevenly a figure is spread over all subgroups: variance, entropy and mean difference measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from evenground.errors import InputError, suggest
from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_counts,
    require_numbers,
    require_rows,
)
from evenground.stats.inequality import find_mean
from evenground.stats.polarity import require_polarity
from evenground.stats.spread_measures import (
    DISPARITY,
    FROM_BEST,
    FROM_MEAN,
    FROM_REFERENCE,
    MEAN_LOG_DEVIATION,
    STANDARD_DEVIATION,
    THEIL,
    VARIANCE,
    VARIATION,
    Measure,
    Weighing,
)
from evenground.stats.subgroups import Bools, Subgroups, find_reference, gather_subgroups

INTERVALS: Final = ("analytic", "simulated")

_CELLS_AT_ONCE = 2**18
"""Simulated values handled together: so few that they stay in the processor's cache."""

_NEGLIGIBLE = 1e-12
"""A share of draws outside the range that no simulation would meet."""


@dataclass(frozen=True, slots=True)
class _Interval:
    """How the limits are found."""

    kind: str
    level: Floats
    lowest: float
    highest: float
    repetitions: int
    seed: int


def calculate_theil_index(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike | None = None,
    interval: str = "analytic",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 1000.0,
) -> Estimate:
    """Theil index: the entropy that the data lack because values differ between subgroups.

    Parameters
    ----------
    value
        The figure of each subgroup, not negative: shape (..., subgroups), or (rows,) with ``groups`` or
        ``offsets``. A value of 0 adds nothing (the limit of y ln y).
    population
        The people of each subgroup, of the same shape.
    standard_error
        Of each value, in its units; subgroups are taken as independent. Without it there is no interval.
    interval
        ``analytic``: the delta method, symmetric. ``simulated``: quantiles of the measure over normal
        draws of the values, each drawn anew where it lies outside ``value_range``.
    value_range
        The lowest and highest that a value can be, for the simulation: (0, 100) for a percentage.
    repetitions, seed
        Of the simulation. The same draws serve every data set and measure, so that differences between
        them are no noise; the same seed gives the same limits.
    groups
        A label of the data set for each row, in any order; results come in the order of
        ``numpy.unique(groups)``.
    offsets
        Where each data set starts in sorted rows, then the number of rows.
    confidence_level
        A share, or an array that broadcasts with the result.
    multiplier
        The index is reported in thousandths.

    Returns
    -------
    Estimate
        0 where all values are equal. NaN with a reason: ``missing`` where a value or population of the data
        set is NaN, ``no_population`` where a subgroup has none, ``too_few_values`` below two subgroups,
        ``not_estimable`` where the mean is 0. A standard error that is absent or NaN leaves the value and
        makes the limits of its data set NaN; so does a value of 0 with a standard error, where the
        derivative has no end (``simulated`` has limits there). Simulated limits need not hold the value:
        noise makes subgroups look more unequal than they are.

    Raises
    ------
    InputError
        Where an input is negative or infinite (rows are named), shapes differ, the interval is not known,
        or, where it is simulated, a value lies outside the range.

    References
    ----------
    Theil H. Economics and information theory. North-Holland 1967, ch. 4. Ahn J, Harper S, Yu M, Feuer EJ,
    Liu B, Luta G. Variance estimation and confidence intervals for 11 commonly used health disparity
    measures. JCO Clin Cancer Inform 2018;2:1-19. Schlotheuber A, Hosseinpoor AR. Summary measures of health
    inequality. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> theil = calculate_theil_index([10, 20, 30], [100, 100, 100], standard_error=[1, 1, 1])
    >>> print(f"{theil.value:.1f} ({theil.lower_cl:.1f} to {theil.upper_cl:.1f})")
    87.2 (59.5 to 114.9)
    """
    value = require_counts("value", value)
    sets, _ = gather_subgroups(value, population, standard_error, groups, offsets)
    weighing = Weighing(sets.share, sets.share, sets.filled, multiplier=multiplier)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    return _summarise(THEIL, sets, weighing, how)


def calculate_mean_log_deviation(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike | None = None,
    interval: str = "analytic",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 1000.0,
) -> Estimate:
    """Mean log deviation: how far the logarithm of the mean is above the mean logarithm.

    Parameters
    ----------
    value, population, standard_error, interval, value_range, repetitions, seed
        As for ``calculate_theil_index``.
    groups, offsets, confidence_level, multiplier
        As for ``calculate_theil_index``.

    Returns
    -------
    Estimate
        0 where all values are equal. NaN with the reasons of ``calculate_theil_index``; ``not_estimable``
        also where a value is 0, since the measure is infinite there.

    Raises
    ------
    InputError
        As for ``calculate_theil_index``.

    References
    ----------
    Theil H. Economics and information theory. North-Holland 1967, ch. 4. Ahn J and others. JCO Clin Cancer
    Inform 2018;2:1-19.

    Examples
    --------
    >>> deviation = calculate_mean_log_deviation([10, 20, 30], [100, 100, 100], standard_error=[1, 1, 1])
    >>> print(f"{deviation.value:.1f} ({deviation.lower_cl:.1f} to {deviation.upper_cl:.1f})")
    95.9 (61.5 to 130.3)
    """
    value = require_counts("value", value)
    sets, _ = gather_subgroups(value, population, standard_error, groups, offsets)
    weighing = Weighing(sets.share, sets.share, sets.filled, multiplier=multiplier)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    zero = ((sets.value == 0) & sets.filled).any(axis=1)
    return _summarise(MEAN_LOG_DEVIATION, sets, weighing, how, not_estimable=zero)


def calculate_between_group_variance(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike | None = None,
    interval: str = "analytic",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Between-group variance: the mean squared distance from the mean, weighted by population.

    Parameters
    ----------
    value
        The figure of each subgroup: shape (..., subgroups), or (rows,) with ``groups`` or ``offsets``.
    population, standard_error, interval, value_range, repetitions, seed
        As for ``calculate_theil_index``.
    groups, offsets, confidence_level
        As for ``calculate_theil_index``.

    Returns
    -------
    Estimate
        In squared units of ``value``. The analytic standard error is that of a quadratic form in normal
        values, not only its first order, so it is above 0 where all values are equal; the lower limit of
        the symmetric interval can be below 0. NaN with the reasons of ``calculate_theil_index`` but
        ``not_estimable``.

    Raises
    ------
    InputError
        As for ``calculate_theil_index``; a value may be negative here.

    References
    ----------
    Ahn J and others. JCO Clin Cancer Inform 2018;2:1-19. National Cancer Institute. HD*Calc: inference
    methods, variance by the quadratic form approximation.

    Examples
    --------
    >>> variance = calculate_between_group_variance([10, 20, 30], [100, 100, 100])
    >>> print(variance.value.round(3), variance.lower_cl)
    66.667 nan
    """
    value = require_numbers("value", value)
    sets, _ = gather_subgroups(value, population, standard_error, groups, offsets)
    weighing = Weighing(sets.share, sets.share, sets.filled)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    return _summarise(VARIANCE, sets, weighing, how)


def calculate_between_group_standard_deviation(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike | None = None,
    interval: str = "simulated",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Between-group standard deviation: the square root of the between-group variance.

    Parameters
    ----------
    value, population, standard_error, interval, value_range, repetitions, seed
        As for ``calculate_between_group_variance``; the published interval is the simulated one.
    groups, offsets, confidence_level
        As for ``calculate_theil_index``.

    Returns
    -------
    Estimate
        In the units of ``value``, with the reasons of ``calculate_between_group_variance``. Equal values
        have no analytic limits: there is no derivative at 0.

    Raises
    ------
    InputError
        As for ``calculate_between_group_variance``.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. Ahn J, Harper S, Yu M,
    Feuer EJ, Liu B. Improved Monte Carlo methods for estimating confidence intervals for eleven commonly used
    health disparity measures. PLoS One 2019;14:e0219542.

    Examples
    --------
    >>> spread = calculate_between_group_standard_deviation(
    ...     [10, 20, 30], [100, 100, 100], standard_error=[1, 1, 1], interval="analytic")
    >>> print(f"{spread.value:.2f} ({spread.lower_cl:.2f} to {spread.upper_cl:.2f})")
    8.16 (7.03 to 9.30)
    """
    value = require_numbers("value", value)
    sets, _ = gather_subgroups(value, population, standard_error, groups, offsets)
    weighing = Weighing(sets.share, sets.share, sets.filled)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    return _summarise(STANDARD_DEVIATION, sets, weighing, how)


def calculate_coefficient_of_variation(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike | None = None,
    interval: str = "simulated",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 100.0,
) -> Estimate:
    """Coefficient of variation: the between-group standard deviation over the mean.

    Parameters
    ----------
    value, population, standard_error, interval, value_range, repetitions, seed
        As for ``calculate_between_group_standard_deviation``.
    groups, offsets, confidence_level
        As for ``calculate_theil_index``.
    multiplier
        What the coefficient is expressed per: 100 for a percentage of the mean.

    Returns
    -------
    Estimate
        With the reasons of ``calculate_between_group_standard_deviation``, and ``not_estimable`` where the
        mean is not above 0.

    Raises
    ------
    InputError
        As for ``calculate_between_group_variance``.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> variation = calculate_coefficient_of_variation([10, 20, 30], [100, 100, 100])
    >>> print(variation.value.round(2))
    40.82
    """
    value = require_numbers("value", value)
    sets, _ = gather_subgroups(value, population, standard_error, groups, offsets)
    weighing = Weighing(sets.share, sets.share, sets.filled, multiplier=multiplier)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    return _summarise(VARIATION, sets, weighing, how)


def calculate_mean_difference_from_best(
    value: ArrayLike,
    population: ArrayLike | None = None,
    *,
    polarity: str,
    weighted: bool = True,
    standard_error: ArrayLike | None = None,
    interval: str = "simulated",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Mean difference from the best subgroup: how far the others are behind it on average.

    Parameters
    ----------
    value
        The figure of each subgroup: shape (..., subgroups), or (rows,) with ``groups`` or ``offsets``.
    population
        The people of each subgroup, of the same shape; needed where ``weighted``.
    polarity
        ``higher_is_better`` or ``lower_is_better``.
    weighted
        Whether a subgroup counts by its population, or each the same.
    standard_error, interval, value_range, repetitions, seed
        As for ``calculate_theil_index``. In a simulation the best is sought in each draw.
    groups, offsets, confidence_level
        As for ``calculate_theil_index``.

    Returns
    -------
    Estimate
        In the units of ``value``, with the reasons of ``calculate_between_group_variance``. The analytic
        interval takes the best as known to be the best: prefer the simulated one where several are close.

    Raises
    ------
    InputError
        As for ``calculate_between_group_variance``, where the polarity is ``none``, or where the population
        that weighting needs is not given.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. Ahn J and others. PLoS One
    2019;14:e0219542.

    Examples
    --------
    >>> behind = calculate_mean_difference_from_best([70, 80, 90], [1000, 1000, 2000],
    ...                                              polarity="higher_is_better")
    >>> print(behind.value)
    7.5
    """
    sign = require_polarity(polarity)
    if polarity == "none":
        raise InputError(
            'Where the polarity is "none" no subgroup is the best. '
            "Take the mean difference from the mean or from a reference."
        )
    value = require_numbers("value", value)
    sets, _ = gather_subgroups(value, population, standard_error, groups, offsets)
    weighing = _weigh_subgroups(sets, population, weighted, best=sign)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    return _summarise(FROM_BEST, sets, weighing, how, weighted=weighted)


def calculate_mean_difference_from_reference(
    value: ArrayLike,
    population: ArrayLike | None = None,
    *,
    reference: object,
    subgroups: ArrayLike | None = None,
    weighted: bool = True,
    standard_error: ArrayLike | None = None,
    interval: str = "simulated",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Mean difference from a reference subgroup: how far the others are from it on average, either way.

    Parameters
    ----------
    value, population, weighted
        As for ``calculate_mean_difference_from_best``.
    reference
        The position of the reference from 0 (or -1 for the last), one for all data sets or one for each,
        or its label where ``subgroups`` is given.
    subgroups
        A label for each subgroup, of a shape that broadcasts with the values.
    standard_error, interval, value_range, repetitions, seed
        As for ``calculate_theil_index``.
    groups, offsets, confidence_level
        As for ``calculate_theil_index``.

    Returns
    -------
    Estimate
        In the units of ``value``, with the reasons of ``calculate_between_group_variance``; ``missing`` also
        where a data set lacks the reference.

    Raises
    ------
    InputError
        As for ``calculate_between_group_variance``, or where no data set has the reference.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> apart = calculate_mean_difference_from_reference(
    ...     [70, 80, 90], reference="East", subgroups=["North", "East", "South"], weighted=False)
    >>> print(apart.value.round(2))
    6.67
    """
    value = require_numbers("value", value)
    sets, shape = gather_subgroups(value, population, standard_error, groups, offsets)
    column, held = find_reference(sets, shape, reference, subgroups, "reference")
    weighing = _weigh_subgroups(sets, population, weighted, reference=column)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    return _summarise(FROM_REFERENCE, sets, weighing, how, weighted=weighted, missing=~held)


def calculate_mean_difference_from_mean(
    value: ArrayLike,
    population: ArrayLike | None = None,
    *,
    mean: ArrayLike | None = None,
    weighted: bool = True,
    standard_error: ArrayLike | None = None,
    interval: str = "simulated",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Mean difference from the mean: how far subgroups are from the level of the whole on average.

    Parameters
    ----------
    value
        The figure of each subgroup: shape (..., subgroups), or (rows,) with ``groups`` or ``offsets``.
    population
        The people of each subgroup, of the same shape; it may be left out where ``mean`` is given and not
        ``weighted``.
    mean
        The level of the whole, one for all data sets or one for each, taken as known. Without it, the mean
        weighted by population (also where not ``weighted``), which moves with the values.
    weighted
        Whether a subgroup counts by its population, or each the same.
    standard_error, interval, value_range, repetitions, seed
        As for ``calculate_theil_index``.
    groups, offsets, confidence_level
        As for ``calculate_theil_index``.

    Returns
    -------
    Estimate
        In the units of ``value``, with the reasons of ``calculate_between_group_variance``.

    Raises
    ------
    InputError
        As for ``calculate_between_group_variance``, or where the population that is needed is not given.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> apart = calculate_mean_difference_from_mean([70, 80, 90], [1000, 1000, 2000])
    >>> print(apart.value)
    7.5
    """
    value = require_numbers("value", value)
    sets, _ = gather_subgroups(value, population, standard_error, groups, offsets)
    fixed = None if mean is None else find_mean(sets, population, mean)
    weighing = _weigh_subgroups(sets, population, weighted, needs_mean=True, fixed_mean=fixed)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    uses = weighted or fixed is None
    return _summarise(FROM_MEAN, sets, weighing, how, weighted=uses)


def calculate_index_of_disparity(
    value: ArrayLike,
    population: ArrayLike | None = None,
    *,
    mean: ArrayLike | None = None,
    weighted: bool = True,
    standard_error: ArrayLike | None = None,
    interval: str = "simulated",
    value_range: tuple[float, float] = (0.0, np.inf),
    repetitions: int = 10_000,
    seed: int = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 100.0,
) -> Estimate:
    """Index of disparity: the mean difference from the mean, over the mean.

    Parameters
    ----------
    value, population, mean, weighted
        As for ``calculate_mean_difference_from_mean``.
    standard_error, interval, value_range, repetitions, seed
        As for ``calculate_theil_index``.
    groups, offsets, confidence_level
        As for ``calculate_theil_index``.
    multiplier
        What the index is expressed per: 100 for a percentage of the mean.

    Returns
    -------
    Estimate
        With the reasons of ``calculate_between_group_variance``, and ``not_estimable`` where the mean is not
        above 0.

    Raises
    ------
    InputError
        As for ``calculate_mean_difference_from_mean``.

    References
    ----------
    Pearcy JN, Keppel KG. A summary measure of health disparity. Public Health Rep 2002;117:273-80.
    Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> index = calculate_index_of_disparity([70, 80, 90], [1000, 1000, 2000])
    >>> print(index.value.round(3))
    9.091
    """
    value = require_numbers("value", value)
    sets, _ = gather_subgroups(value, population, standard_error, groups, offsets)
    fixed = None if mean is None else find_mean(sets, population, mean)
    weighing = _weigh_subgroups(sets, population, weighted, needs_mean=True, fixed_mean=fixed)
    weighing = replace(weighing, multiplier=multiplier)
    how = _require_interval(interval, confidence_level, value_range, repetitions, seed)
    uses = weighted or fixed is None
    return _summarise(DISPARITY, sets, weighing, how, weighted=uses)


def _weigh_subgroups(
    sets: Subgroups,
    population: ArrayLike | None,
    weighted: bool,
    *,
    needs_mean: bool = False,
    fixed_mean: Floats | None = None,
    **other: Any,
) -> Weighing:
    if population is None and (weighted or (needs_mean and fixed_mean is None)):
        raise InputError(
            "Give population, which the weights and the mean are taken from; or weighted=False, "
            "with mean where the measure needs one."
        )
    share = sets.share if weighted or (needs_mean and population is not None) else sets.equal_share
    weight = sets.share if weighted else sets.equal_share
    return Weighing(share, weight, sets.filled, fixed_mean, **other)


def _require_interval(
    interval: str,
    confidence_level: ArrayLike,
    value_range: tuple[float, float],
    repetitions: int,
    seed: int,
) -> _Interval:
    if interval not in INTERVALS:
        raise InputError(f'The interval "{interval}" is not known. {suggest(interval, INTERVALS)}')
    lowest, highest = value_range
    if not lowest < highest:
        raise InputError(f"value_range must be (lowest, highest), but {value_range} was given.")
    if repetitions < 2:
        raise InputError(f"repetitions must be 2 or more, but {repetitions} was given.")
    level = require_confidence_level(confidence_level)
    return _Interval(interval, level, float(lowest), float(highest), int(repetitions), seed)


def _summarise(
    measure: Measure,
    sets: Subgroups,
    weighing: Weighing,
    how: _Interval,
    *,
    weighted: bool = True,
    missing: Bools | bool = False,
    not_estimable: Bools | bool = False,
) -> Estimate:
    y, error = sets.value, sets.standard_error
    found = sets.reasons(population=weighted)
    mean = weighing.mean(y)
    found["missing"] = found["missing"] | missing
    if weighing.fixed_mean is not None:
        found["missing"] = found["missing"] | np.isnan(mean)
    found["not_estimable"] = np.full(len(y), not_estimable) | (measure.relative & ~(mean > 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        value = measure.of(y, weighing)
        if how.kind == "analytic":
            return sets.estimate(value, _delta_error(measure, y, error, weighing), how.level, **found)
        lower, upper, spread = _simulate(measure, sets, weighing, how)
    shape = np.broadcast_shapes(sets.rows.shape, how.level.shape)
    reasons = reasons_for(shape, **{name: at.reshape(sets.rows.shape) for name, at in found.items()})
    value, spread = (part.reshape(sets.rows.shape) for part in (value, spread))
    return Estimate.of(value, lower, upper, reasons, spread)


def _delta_error(measure: Measure, y: Floats, error: Floats, weighing: Weighing) -> Floats:
    if measure.variance is not None:
        return np.sqrt(measure.variance(y, error, weighing))
    # A value known exactly adds nothing, however steep the measure is there.
    parts = np.where(error == 0, 0.0, measure.gradient(y, weighing) * error)
    total: Floats = np.sqrt((parts**2).sum(axis=1))
    return np.where(np.isinf(total), np.nan, total)


def _simulate(
    measure: Measure, sets: Subgroups, weighing: Weighing, how: _Interval
) -> tuple[Floats, Floats, Floats]:
    """Limits in the shape of the result, and the standard deviation of the draws of each set."""
    level = np.broadcast_to(how.level, np.broadcast_shapes(how.level.shape, sets.rows.shape))
    tails, place = np.unique([(1 - level) / 2, (1 + level) / 2], return_inverse=True)
    count = len(sets.value)
    quantiles, spread = np.full((len(tails), count), np.nan), np.full(count, np.nan)
    if np.isnan(sets.standard_error).all():
        chunks: Iterator[slice] = iter(())
    else:
        inside = (sets.value >= how.lowest) & (sets.value <= how.highest)
        require_rows(inside | ~sets.filled, sets.value, "the value is outside value_range")
        chunks = _chunks(sets, how.repetitions)
    uniform = np.random.default_rng(how.seed).random((sets.value.shape[1], how.repetitions))
    normal = special.ndtri(uniform)
    for some in chunks:
        drawn = _draw(sets.value[some], sets.standard_error[some], uniform, normal, how)
        measured = measure.of(drawn, weighing.take(some))
        quantiles[:, some] = _quantiles(measured, tails)
        spread[some] = measured.std(axis=1, ddof=1)
    sets_at = np.broadcast_to(np.arange(count).reshape(sets.rows.shape), level.shape)
    lower, upper = (quantiles[at, sets_at] for at in place.reshape(2, *level.shape))
    return lower, upper, spread


def _quantiles(draws: Floats, tails: Floats) -> Floats:
    """Quantiles by linear interpolation, shape (tails, sets)."""
    # Sorting is vectorised where partitioning at several places is not.
    ordered = np.sort(draws, axis=1)
    place = tails * (ordered.shape[1] - 1)
    below = np.minimum(place.astype(np.int64), ordered.shape[1] - 2)
    part = place - below
    found: Floats = ordered[:, below] * (1 - part) + ordered[:, below + 1] * part
    return found.T


def _chunks(sets: Subgroups, repetitions: int) -> Iterator[slice]:
    count, columns = sets.value.shape
    step = max(1, _CELLS_AT_ONCE // (columns * repetitions))
    return (slice(start, start + step) for start in range(0, count, step))


def _draw(y: Floats, error: Floats, uniform: Floats, normal: Floats, how: _Interval) -> Floats:
    """Normal draws of each value, shape (sets, subgroups, draws); those outside the range drawn anew."""
    drawn = error[..., None] * normal + y[..., None]
    below, above = (special.ndtr((end - y) / error) for end in (how.lowest, how.highest))
    # Drawing anew until a draw falls inside is drawing from the truncated distribution.
    truncated = ((below > _NEGLIGIBLE) | (above < 1 - _NEGLIGIBLE)) & (error > 0)
    if truncated.any():
        column = np.nonzero(truncated)[1]
        low, high = below[truncated][:, None], above[truncated][:, None]
        z = special.ndtri(low + uniform[column] * (high - low))
        drawn[truncated] = error[truncated][:, None] * z + y[truncated][:, None]
    return drawn
