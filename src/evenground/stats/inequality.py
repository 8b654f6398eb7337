"""How far apart subgroups are: the gap between two of them, and what the whole would gain without it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from evenground.errors import InputError
from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_counts,
    require_numbers,
    require_same_shape,
)
from evenground.stats.groups import Groups, find_groups
from evenground.stats.intervals import calculate_wilson_interval
from evenground.stats.polarity import require_polarity
from evenground.stats.subgroups import (
    FEWEST_SUBGROUPS,
    Bools,
    Rows,
    Subgroups,
    find_reference,
    gather_subgroups,
    pick,
)


class _Pair(NamedTuple):
    """The two subgroups of each data set that are compared."""

    reference: Floats
    compared: Floats
    reference_error: Floats
    compared_error: Floats
    found: dict[str, Bools]
    sets: Subgroups


def calculate_difference(
    value: ArrayLike,
    *,
    polarity: str,
    standard_error: ArrayLike | None = None,
    ordered: bool = False,
    reference: object = None,
    compared: object = None,
    subgroups: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Difference between two subgroups, positive where the reference does better.

    Parameters
    ----------
    value
        The figure of each subgroup: shape (..., subgroups), or (rows,) with ``groups`` or ``offsets``.
    polarity
        ``higher_is_better``: reference minus compared. ``lower_is_better``: compared minus reference.
        ``none``: compared minus reference, so more among the compared is positive.
    standard_error
        Of each value, in its units; of two subgroups they are taken as independent.
    ordered
        The subgroups run from the most to the least disadvantaged, as deprivation quintiles do: the first
        is compared with the last.
    reference
        The subgroup to compare with: its position from 0 (or -1 for the last), one for all data sets or
        one for each, or its label where ``subgroups`` is given. Without it, and where the subgroups are not
        ordered, the best; of equal ones the one with the smallest standard error.
    compared
        The subgroup that is compared, given in the same way. Without it, the worst.
    subgroups
        A label for each subgroup, of a shape that broadcasts with the values.
    groups
        A label of the data set for each row, in any order; results come in the order of
        ``numpy.unique(groups)``.
    offsets
        Where each data set starts in sorted rows, then the number of rows.
    confidence_level
        A share, or an array that broadcasts with the result.

    Returns
    -------
    Estimate
        In the units of ``value``. NaN with a reason: ``missing`` where a value that is compared is NaN
        (any value, where the best or the worst is sought) or the data set lacks the subgroup;
        ``too_few_values`` where it has fewer than two. A standard error that is absent or NaN leaves the
        value and makes its limits NaN.

    Raises
    ------
    InputError
        Where a standard error is negative (rows are named), shapes differ, the polarity is not known, the
        worst is sought and the polarity is ``none``, or no data set has the subgroup named.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Summary measures of health inequality: a review of existing measures
    and their application. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    Uptake in five quintiles, the most deprived first:

    >>> gap = calculate_difference([62, 66, 70, 73, 79], standard_error=[1, 1, 1, 1, 1],
    ...                            polarity="higher_is_better", ordered=True)
    >>> print(f"{gap.value:.1f} ({gap.lower_cl:.1f} to {gap.upper_cl:.1f})")
    17.0 (14.2 to 19.8)
    """
    sign = require_polarity(polarity)
    pair = _find_pair(
        value, standard_error, polarity, ordered, reference, compared, subgroups, groups, offsets
    )
    gap = sign * (pair.reference - pair.compared)
    error = np.hypot(pair.reference_error, pair.compared_error)
    return pair.sets.estimate(gap, error, confidence_level, **pair.found)


def calculate_ratio(
    value: ArrayLike,
    *,
    polarity: str,
    standard_error: ArrayLike | None = None,
    ordered: bool = False,
    reference: object = None,
    compared: object = None,
    subgroups: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Ratio of two subgroups, above 1 where the reference does better.

    Parameters
    ----------
    value
        As for ``calculate_difference``; a ratio needs values on a scale with a true zero.
    polarity
        ``higher_is_better``: reference over compared. Otherwise compared over reference.
    standard_error, ordered, reference, compared, subgroups, groups, offsets, confidence_level
        As for ``calculate_difference``.

    Returns
    -------
    Estimate
        The interval is by the delta method on the logarithm; the standard error is that of the ratio
        itself. NaN with the reasons of ``calculate_difference``, and ``not_estimable`` where the
        denominator is not above 0 or the numerator is below it. A ratio of 0 has no limits.

    Raises
    ------
    InputError
        As for ``calculate_difference``.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> ratio = calculate_ratio([30, 24, 20], standard_error=[1, 1, 1], polarity="lower_is_better",
    ...                         subgroups=["North", "East", "South"], reference="South", compared="North")
    >>> print(f"{ratio.value:.2f} ({ratio.lower_cl:.2f} to {ratio.upper_cl:.2f})")
    1.50 (1.33 to 1.69)
    """
    sign = require_polarity(polarity)
    pair = _find_pair(
        value, standard_error, polarity, ordered, reference, compared, subgroups, groups, offsets
    )
    above, below = (pair.reference, pair.compared) if sign > 0 else (pair.compared, pair.reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = above / below
        error = np.hypot(pair.reference_error / pair.reference, pair.compared_error / pair.compared)
    error = np.where(above == 0, np.nan, error)
    found = pair.found | {"not_estimable": ~((below > 0) & (above >= 0))}
    return pair.sets.estimate_ratio(ratio, error, confidence_level, **found)


def calculate_population_attributable_risk(
    value: ArrayLike,
    population: ArrayLike | None = None,
    *,
    polarity: str,
    scale: float | None = None,
    mean: ArrayLike | None = None,
    ordered: bool = False,
    reference: object = None,
    subgroups: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Population attributable risk: how the mean would change if all were at the reference's level.

    Parameters
    ----------
    value
        The figure of each subgroup: shape (..., subgroups), or (rows,) with ``groups`` or ``offsets``.
    population
        The people of each subgroup, of the same shape. It may be left out where ``mean`` is given; there is
        no interval then.
    polarity
        ``higher_is_better``, ``lower_is_better``, or ``none`` (with ``ordered`` or ``reference`` only).
    scale
        What the value is expressed per: 1 for a share, 100 for a percentage, 100,000 for a rate. The
        interval counts the cases with it; without it there is none.
    mean
        The level of the whole, one for all data sets or one for each. Without it, the mean weighted by
        population.
    ordered
        The subgroups run from the most to the least disadvantaged: the last is the reference.
    reference
        The reference subgroup, as for ``calculate_difference``. Without it, the best; of equal ones the
        one with the largest population.
    subgroups, groups, offsets, confidence_level
        As for ``calculate_difference``.

    Returns
    -------
    Estimate
        Reference minus mean, in the units of ``value``: positive where a higher value is better, negative
        where a lower one is; by definition 0 where the reference is on the worse side of the mean. NaN with a
        reason: ``missing``, ``no_population`` where a subgroup has none, ``too_few_values`` below two
        subgroups. Limits are NaN where the values are no shares of their scale (a mean above it).

    Raises
    ------
    InputError
        Where a population is negative (rows are named), neither population nor mean is given, the scale
        is not above 0, shapes differ, the polarity is not known, or no data set has the reference.

    References
    ----------
    Walter SD. Calculation of attributable risks from epidemiological data. Int J Epidemiol
    1978;7:175-82. Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> par = calculate_population_attributable_risk(
    ...     [50, 60, 80], [1000, 1000, 2000], polarity="higher_is_better", scale=100, ordered=True)
    >>> print(f"{par.value:.1f} ({par.lower_cl:.1f} to {par.upper_cl:.1f})")
    12.5 (11.0 to 14.0)
    """
    whole = _find_whole(
        value, population, polarity, mean, scale, ordered, reference, subgroups, groups, offsets
    )
    error = whole.mean * whole.fraction_error
    return whole.sets.estimate(whole.gain, error, confidence_level, **whole.found)


def calculate_population_attributable_fraction(
    value: ArrayLike,
    population: ArrayLike | None = None,
    *,
    polarity: str,
    scale: float | None = None,
    mean: ArrayLike | None = None,
    ordered: bool = False,
    reference: object = None,
    subgroups: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 100.0,
) -> Estimate:
    """Population attributable fraction: the population attributable risk as a share of the mean.

    Parameters
    ----------
    value, population, polarity, scale, mean, ordered, reference, subgroups, groups, offsets, confidence_level
        As for ``calculate_population_attributable_risk``.
    multiplier
        What the fraction is expressed per: 100 for a percentage.

    Returns
    -------
    Estimate
        NaN with the reasons of ``calculate_population_attributable_risk``, and ``not_estimable`` where the
        mean is not above 0.

    Raises
    ------
    InputError
        As for ``calculate_population_attributable_risk``.

    References
    ----------
    Walter SD. Int J Epidemiol 1978;7:175-82.

    Examples
    --------
    >>> paf = calculate_population_attributable_fraction(
    ...     [50, 60, 80], [1000, 1000, 2000], polarity="higher_is_better", scale=100, ordered=True)
    >>> print(f"{paf.value:.1f} % ({paf.lower_cl:.1f} to {paf.upper_cl:.1f})")
    18.5 % (16.2 to 20.8)
    """
    whole = _find_whole(
        value, population, polarity, mean, scale, ordered, reference, subgroups, groups, offsets
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = multiplier * whole.gain / whole.mean
    found = whole.found | {"not_estimable": ~(whole.mean > 0)}
    return whole.sets.estimate(fraction, multiplier * whole.fraction_error, confidence_level, **found)


def calculate_relative_inequity(
    count: ArrayLike,
    population: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Relative inequity: each subgroup's share of the events over its share of the population.

    1 where a subgroup has the events that its size would lead one to expect, 1.2 where it has a fifth more.
    It is also the subgroup's crude rate over the rate of the whole.

    Parameters
    ----------
    count
        Events of each subgroup: shape (..., subgroups), or (rows,) with ``groups`` or ``offsets``.
    population
        The people of each subgroup, of the same shape; taken as known.
    groups, offsets
        As for ``calculate_difference``.
    confidence_level
        A share, or an array that broadcasts with the counts.

    Returns
    -------
    Estimate
        One figure for each subgroup, in the order and shape of ``count``. Given their total, Poisson events
        fall on the subgroups as a multinomial: the limits are Wilson's for the share of the events, over the
        share of the population. NaN with a reason: ``missing`` where a count or a population of the data
        set is NaN, ``no_population`` where the subgroup has none, ``too_few_events`` where the data set has
        no event, ``too_few_values`` below two subgroups.

    Raises
    ------
    InputError
        Where an input is negative or infinite (rows are named), or shapes differ.

    References
    ----------
    Przyborowski J, Wilenski H. Homogeneity of results in testing samples from Poisson series. Biometrika
    1940;31:313-23 (conditioning on the total). Wilson EB. J Am Stat Assoc 1927;22:209-12.

    Examples
    --------
    Emergency admissions by deprivation fifth, the most deprived first:

    >>> inequity = calculate_relative_inequity([260, 220, 200, 170, 150], [1000] * 5)
    >>> print(inequity.value.round(2))
    [1.3  1.1  1.   0.85 0.75]
    """
    x, n = require_same_shape(
        count=require_counts("count", count), population=require_counts("population", population)
    )
    rows = find_groups(x.shape, groups, offsets)
    events, people, subgroups = (
        _place_at_rows(rows, per_set).reshape(x.shape)
        for per_set in (
            rows.total(rows.arrange(x)),
            rows.total(rows.arrange(n)),
            rows.sizes.astype(np.float64),
        )
    )
    x_known, total = np.where(np.isnan(events), np.nan, x), np.where(events == 0, np.nan, events)
    # A sum of rounded fractions may fall short of its only part by a last digit.
    inside = np.minimum(x_known, total)
    low, high = calculate_wilson_interval(inside, total, confidence_level=confidence_level)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected, observed = n / people, inside / total
        error = np.sqrt(observed * (1 - observed) / total) / expected
        reasons = reasons_for(
            low.shape,
            missing=np.isnan(events + people),
            no_population=n == 0,
            too_few_events=events == 0,
            too_few_values=subgroups < FEWEST_SUBGROUPS,
        )
        return Estimate.of(observed / expected, low / expected, high / expected, reasons, error)


def _place_at_rows(rows: Groups, per_set: Floats) -> Floats:
    """A figure of each data set at each row of the caller's."""
    spread = rows.spread(per_set)
    if rows.order is None:
        return spread
    placed = np.empty_like(spread)
    placed[rows.order] = spread
    return placed


def _find_pair(
    value: ArrayLike,
    standard_error: ArrayLike | None,
    polarity: str,
    ordered: bool,
    reference: object,
    compared: object,
    subgroups: ArrayLike | None,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> _Pair:
    y = require_numbers("value", value)
    sets, shape = gather_subgroups(y, None, standard_error, groups, offsets)
    if ordered:
        _refuse_named(reference, compared)
        reference, compared, subgroups = -1, 0, None
    if (reference is None) != (compared is None) and polarity == "none":
        raise InputError(
            'Where the polarity is "none" no subgroup is the best or the worst. '
            "Give both reference and compared, or neither."
        )
    found = sets.reasons(population=False)
    if reference is not None and compared is not None:
        found["missing"] = np.zeros(len(sets.value), dtype=np.bool_)
    columns: list[Rows] = []
    sign = require_polarity(polarity)
    for wanted, name, end in ((reference, "reference", -sign), (compared, "compared", sign)):
        if wanted is None:
            columns.append(sets.first_least(end * sets.value, _spare(sets.standard_error, columns)))
        else:
            column, held = find_reference(sets, shape, wanted, subgroups, name)
            found["missing"] = found["missing"] | ~held
            columns.append(column)
    return _take_pair(sets, columns[0], columns[1], found)


def _spare(standard_error: Floats, taken: list[Rows]) -> Floats:
    """The standard errors, infinite where the subgroup is the other of the pair already."""
    spared = standard_error.copy()
    for column in taken:
        np.put_along_axis(spared, column[:, None], np.inf, axis=1)
    return spared


def _take_pair(sets: Subgroups, reference: Rows, compared: Rows, found: dict[str, Bools]) -> _Pair:
    values = [pick(sets.value, column) for column in (reference, compared)]
    # A subgroup compared with itself differs by exactly 0.
    same = reference == compared
    errors = [np.where(same, 0.0, pick(sets.standard_error, column)) for column in (reference, compared)]
    found["missing"] = found["missing"] | np.isnan(values[0] + values[1])
    return _Pair(values[0], values[1], errors[0], errors[1], found, sets)


def _refuse_named(reference: object, compared: object) -> None:
    if reference is not None or compared is not None:
        raise InputError(
            "ordered compares the first subgroup with the last. Give ordered or name subgroups, not both."
        )


class _Whole(NamedTuple):
    """The mean of each data set and what it would gain at the reference's level."""

    gain: Floats
    mean: Floats
    fraction_error: Floats
    found: dict[str, Bools]
    sets: Subgroups


def _find_whole(
    value: ArrayLike,
    population: ArrayLike | None,
    polarity: str,
    mean: ArrayLike | None,
    scale: float | None,
    ordered: bool,
    reference: object,
    subgroups: ArrayLike | None,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> _Whole:
    sign = require_polarity(polarity)
    sets, shape = gather_subgroups(require_numbers("value", value), population, None, groups, offsets)
    if ordered:
        _refuse_named(reference, None)
        reference, subgroups = -1, None
    if reference is None and polarity == "none":
        raise InputError(
            'Where the polarity is "none" no subgroup is the best. Give ordered=True or the reference.'
        )
    if reference is None:
        column = sets.first_least(-sign * sets.value, -sets.population)
        held = np.ones(len(column), dtype=np.bool_)
    else:
        column, held = find_reference(sets, shape, reference, subgroups, "reference")
    level = find_mean(sets, population, mean)
    gain = pick(sets.value, column) - level
    if polarity != "none":
        # The measure's definition: where the reference is the worse one, nothing is to be gained.
        gain = np.where(sign * gain < 0, 0.0, gain)
    found = sets.reasons(population=population is not None)
    found["missing"] = found["missing"] | ~held
    if mean is not None:
        found["missing"] = found["missing"] | np.isnan(level)
    return _Whole(gain, level, _fraction_error(sets, column, level, scale), found, sets)


def find_mean(sets: Subgroups, population: ArrayLike | None, mean: ArrayLike | None) -> Floats:
    """The level of the whole of each data set: as given, or weighted by population."""
    if mean is not None:
        given = require_numbers("mean", mean)
        try:
            return np.broadcast_to(given, sets.rows.shape).ravel()
        except ValueError as error:
            raise InputError(
                f"mean has shape {given.shape}, but the data sets have shape {sets.rows.shape}. "
                "Give one mean for all of them or one for each."
            ) from error
    if population is None:
        raise InputError("Give population, so that the mean can be weighted, or give mean itself.")
    return sets.mean()


def _fraction_error(sets: Subgroups, column: Rows, mean: Floats, scale: float | None) -> Floats:
    """Walter's standard error of the fraction, from the cases within and outside the reference."""
    if scale is None:
        return np.full(len(mean), np.nan)
    if not scale > 0:
        raise InputError(f"scale must be above 0, but {scale} was given. Write 100 for a percentage.")
    everyone, inside = sets.population.sum(axis=1), pick(sets.population, column)
    c = pick(sets.value, column) / scale * inside
    d = inside - c
    a = mean / scale * everyone - c
    b = everyone - inside - a
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = c * everyone * (a * d * (everyone - c) + b * c**2) / ((a + c) ** 3 * (c + d) ** 3)
        error: Floats = np.sqrt(variance)
    return error
