"""The gap between the two ends of a social scale, from a regression on rank (the WHO's method)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from evenground.errors import InputError, suggest
from evenground.stats.estimates import (
    Estimate,
    Floats,
    require_counts,
    require_numbers,
    require_rows,
    require_same_shape,
)
from evenground.stats.polarity import require_polarity
from evenground.stats.ranked import Bools, Ranked, rank_subgroups, rank_survey
from evenground.stats.subgroups import estimate_log_normal, estimate_normal

MODELS: Final = ("logit", "linear")

_TOLERANCE = 1e-10
_STEPS = 60


class _Ends(NamedTuple):
    """The fitted values at rank 0 and 1 with the influence of each row on them, and where there is a fit."""

    most: Floats
    least: Floats
    most_influence: Floats
    least_influence: Floats
    fitted: Bools


def calculate_slope_index_by_regression(
    value: ArrayLike,
    population: ArrayLike,
    *,
    polarity: str,
    model: str = "logit",
    scale: float = 1.0,
    weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Slope index of inequality by the WHO's method: the gap between the fitted values at the two ends.

    The values are regressed on the midpoints of their population ranks, by a logistic or a linear model, and
    the interval comes from how far they lie from the fit. ``calculate_sii`` is the English method: a straight
    line, and an interval from the standard errors of the values.

    Parameters
    ----------
    value
        The figure of each subgroup, from the most to the least disadvantaged: shape (..., subgroups), or
        (rows,) with ``groups`` or ``offsets``.
    population
        The people of each subgroup, of the same shape.
    polarity
        ``higher_is_better``: least minus most disadvantaged. Otherwise most minus least. So a larger value
        always means a larger gap against the more disadvantaged.
    model
        ``logit`` for shares and percentages: the fitted values stay between 0 and ``scale``. ``linear`` for
        figures without an upper bound.
    scale
        What the value is expressed per: 1 for a share, 100 for a percentage. Only the logit model uses it.
    weight
        Of each subgroup in the fit, where it is not its population; the ranks stay those of the population.
    groups
        A label of the data set for each row, each set's rows in order; results come in the order of
        ``numpy.unique(groups)``.
    offsets
        Where each data set starts in sorted rows, then the number of rows.
    confidence_level
        A share, or an array that broadcasts with the result.

    Returns
    -------
    Estimate
        In the units of ``value``. The standard error is White's (HC1) by the delta method; two subgroups have
        none. NaN with a reason: ``missing`` where a value, population or weight of the data set is NaN,
        ``no_population`` where a subgroup has none, ``too_few_values`` below two subgroups,
        ``not_estimable`` where the fit does not converge (all values 0 or all ``scale``, or the two kept
        apart by rank).

    Raises
    ------
    InputError
        Where a population or weight is negative (rows are named), a value of the logit model lies outside
        0 to ``scale`` (rows are named), shapes differ, or the model or the polarity is not known.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Summary measures of health inequality: a review of existing measures and
    their application. Int J Environ Res Public Health 2022;19:3697. MacKinnon JG, White H. Some
    heteroskedasticity-consistent covariance matrix estimators with improved finite sample properties.
    J Econom 1985;29:305-25.

    Examples
    --------
    >>> sii = calculate_slope_index_by_regression([47, 64, 71, 79, 89], [1200, 2400, 1200, 2000, 1300],
    ...                                           polarity="higher_is_better", scale=100)
    >>> print(f"{sii.value:.1f}")
    44.4
    """
    sign, value = require_polarity(polarity), _require_fit(value, model, scale)
    ranked, fit_weight = _rank_with_weight(value, population, weight, groups, offsets)
    ends = _fit_ends(ranked, fit_weight, model, scale)
    return _estimate_slope(ranked, ends, sign, confidence_level)


def calculate_relative_index_by_regression(
    value: ArrayLike,
    population: ArrayLike,
    *,
    polarity: str,
    model: str = "logit",
    scale: float = 1.0,
    weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Relative index of inequality by the WHO's method: the ratio of the fitted values at the two ends.

    Parameters
    ----------
    value, population, model, scale, weight, groups, offsets, confidence_level
        As for ``calculate_slope_index_by_regression``.
    polarity
        ``higher_is_better``: least over most disadvantaged. Otherwise most over least. So above 1 means a gap
        against the more disadvantaged.

    Returns
    -------
    Estimate
        The interval is by the delta method on the logarithm; the standard error is that of the ratio itself.
        NaN with the reasons of ``calculate_slope_index_by_regression``; ``not_estimable`` also where a fitted
        end is not above 0.

    Raises
    ------
    InputError
        As for ``calculate_slope_index_by_regression``.

    References
    ----------
    Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697.

    Examples
    --------
    >>> rii = calculate_relative_index_by_regression([47, 64, 71, 79, 89], [1200, 2400, 1200, 2000, 1300],
    ...                                              polarity="higher_is_better", scale=100)
    >>> print(f"{rii.value:.2f}")
    1.99
    """
    sign, value = require_polarity(polarity), _require_fit(value, model, scale)
    ranked, fit_weight = _rank_with_weight(value, population, weight, groups, offsets)
    ends = _fit_ends(ranked, fit_weight, model, scale)
    return _estimate_relative(ranked, ends, sign, confidence_level)


def calculate_survey_slope_index(
    value: ArrayLike,
    position: ArrayLike,
    weight: ArrayLike = 1.0,
    *,
    polarity: str,
    psu: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    model: str = "logit",
    scale: float = 1.0,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Slope index of inequality of a survey's persons, with an interval for its design.

    Parameters
    ----------
    value
        Of each person, such as 0 or 1: shape (persons,), or (surveys, persons).
    position
        The person's place on the social scale, a higher number for the less disadvantaged: a wealth quintile
        or a score. Persons of one position share a rank. The rows may be in any order.
    weight
        Sampling weight of each person.
    polarity
        As for ``calculate_slope_index_by_regression``.
    psu, strata
        Labels of each person's primary sampling unit and stratum. Units are taken within strata, so their
        labels may repeat in another. Without ``psu`` each person is a unit, without ``strata`` there is one.
    model, scale, confidence_level
        As for ``calculate_slope_index_by_regression``.
    groups, offsets
        Labels of the survey for each row, or where each survey starts in sorted rows.

    Returns
    -------
    Estimate
        In the units of ``value``. The standard error is by linearisation, with replacement; a stratum with
        one unit is centred at the mean of all. NaN with a reason: ``missing`` where a value, position or
        weight of the survey is NaN, ``no_population`` where all weights are 0, ``too_few_values`` below two
        persons, ``not_estimable`` where the fit does not converge or all have one position.

    Raises
    ------
    InputError
        As for ``calculate_slope_index_by_regression``, or where a unit or stratum is NaN.

    References
    ----------
    Binder DA. On the variances of asymptotically normal estimators from complex surveys. Int Stat Rev
    1983;51:279-92. Lumley T. Analysis of complex survey samples. J Stat Softw 2004;9(8):1-19.

    Examples
    --------
    >>> sii = calculate_survey_slope_index([0, 1, 0, 1, 1, 1, 0, 1], [1, 1, 2, 2, 3, 3, 1, 3],
    ...                                    polarity="higher_is_better")
    >>> print(sii.value.round(2))
    0.87
    """
    sign, value = require_polarity(polarity), _require_fit(value, model, scale)
    ranked = rank_survey(value, position, weight, psu, strata, groups, offsets)
    return _estimate_slope(ranked, _fit_ends(ranked, ranked.share, model, scale), sign, confidence_level)


def calculate_survey_relative_index(
    value: ArrayLike,
    position: ArrayLike,
    weight: ArrayLike = 1.0,
    *,
    polarity: str,
    psu: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    model: str = "logit",
    scale: float = 1.0,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Relative index of inequality of a survey's persons, with an interval for its design.

    Parameters
    ----------
    value, position, weight, psu, strata, model, scale, groups, offsets, confidence_level
        As for ``calculate_survey_slope_index``.
    polarity
        As for ``calculate_relative_index_by_regression``.

    Returns
    -------
    Estimate
        The interval is by the delta method on the logarithm. NaN with the reasons of
        ``calculate_survey_slope_index``; ``not_estimable`` also where a fitted end is not above 0.

    Raises
    ------
    InputError
        As for ``calculate_survey_slope_index``.

    References
    ----------
    Binder DA. Int Stat Rev 1983;51:279-92.

    Examples
    --------
    >>> rii = calculate_survey_relative_index([0, 1, 0, 1, 1, 1, 0, 1], [1, 1, 2, 2, 3, 3, 1, 3],
    ...                                       polarity="higher_is_better", model="linear")
    >>> print(rii.value.round(1))
    12.6
    """
    sign, value = require_polarity(polarity), _require_fit(value, model, scale)
    ranked = rank_survey(value, position, weight, psu, strata, groups, offsets)
    return _estimate_relative(ranked, _fit_ends(ranked, ranked.share, model, scale), sign, confidence_level)


def _rank_with_weight(
    value: ArrayLike,
    population: ArrayLike,
    weight: ArrayLike | None,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> tuple[Ranked, Floats]:
    if weight is None:
        ranked = rank_subgroups(value, population, groups, offsets)
        return ranked, ranked.share
    n, w = require_same_shape(
        population=require_counts("population", population), weight=require_counts("weight", weight)
    )
    ranked = rank_subgroups(value, n, groups, offsets)
    if w.size != ranked.value.size:
        raise InputError(f"weight has shape {w.shape}; give one for each of the {ranked.value.size} values.")
    w = ranked.rows.arrange(w)
    total = ranked.total(w)
    ranked.found["missing"] |= np.isnan(total)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ranked, w / ranked.spread(total)


def _fit_ends(ranked: Ranked, weight: Floats, model: str, scale: float) -> _Ends:
    with np.errstate(all="ignore"):
        return _fit_linear(ranked, weight) if model == "linear" else _fit_logit(ranked, weight, scale)


def _require_fit(value: ArrayLike, model: str, scale: float) -> Floats:
    if model not in MODELS:
        raise InputError(f'The model "{model}" is not known. {suggest(model, MODELS)}')
    if not scale > 0:
        raise InputError(f"scale must be above 0, but {scale} was given. Write 100 for a percentage.")
    y = require_numbers("value", value)
    if model == "logit":
        require_rows((y >= 0) & (y <= scale), y, f"the value is no share of the scale {scale:g}")
    return y


def _fit_linear(ranked: Ranked, w: Floats) -> _Ends:
    y, r = ranked.value, ranked.rank
    centre, mean = ranked.total(w * r), ranked.total(w * y)
    away = r - ranked.spread(centre)
    squares = ranked.total(w * away**2)
    slope = ranked.total(w * away * y) / squares
    residual = w * (y - ranked.spread(mean) - ranked.spread(slope) * away)
    slope_influence = residual * away / ranked.spread(squares)
    most, least = (mean + (end - centre) * slope for end in (0, 1))
    most_influence, least_influence = (
        residual + (end - ranked.spread(centre)) * slope_influence for end in (0, 1)
    )
    return _Ends(most, least, most_influence, least_influence, squares > 0)


class _Curve(NamedTuple):
    """One step of Newton's method for the logistic fits: where they are, and the step to take."""

    start: Floats
    slope: Floats
    start_step: Floats
    slope_step: Floats
    start_influence: Floats
    slope_influence: Floats
    likelihood: Floats


def _evaluate(ranked: Ranked, y: Floats, w: Floats, start: Floats, slope: Floats) -> _Curve:
    linear = ranked.spread(start) + ranked.spread(slope) * ranked.rank
    p = 1 / (1 + np.exp(-linear))
    information = w * p * (1 - p)
    total = ranked.total(information)
    centre = ranked.total(information * ranked.rank) / total
    away = ranked.rank - ranked.spread(centre)
    squares = ranked.total(information * away**2)
    score = w * (y - p)
    slope_influence = score * away / ranked.spread(squares)
    start_influence = score / ranked.spread(total) - ranked.spread(centre) * slope_influence
    steps = ranked.total(start_influence), ranked.total(slope_influence)
    likelihood = ranked.total(w * (y * linear - np.logaddexp(0.0, linear)))
    return _Curve(start, slope, *steps, start_influence, slope_influence, likelihood)


def _fit_logit(ranked: Ranked, w: Floats, scale: float) -> _Ends:
    y = ranked.value / scale
    mean = ranked.total(w * y)
    curve = _evaluate(ranked, y, w, np.log(mean / (1 - mean)), np.zeros_like(mean))
    damping = np.ones_like(mean)
    converged = _is_converged(curve)
    for _ in range(_STEPS):
        if np.all(converged | ~np.isfinite(curve.likelihood)):
            break
        tried = _step(ranked, y, w, curve, damping)
        # A step that overshoots is halved; the last digits of the likelihood do not count.
        worse = tried.likelihood < curve.likelihood - 1e-12 * np.abs(curve.likelihood)
        damping = np.where(worse, damping / 2, 1.0)
        # A set that is there stays there, so that its digits do not depend on the others.
        curve = _keep(curve, tried, worse | converged, ranked)
        converged = _is_converged(curve)
    return _curve_ends(ranked, _step(ranked, y, w, curve, np.ones_like(mean)), converged, scale)


def _step(ranked: Ranked, y: Floats, w: Floats, curve: _Curve, damping: Floats) -> _Curve:
    start = curve.start + damping * curve.start_step
    return _evaluate(ranked, y, w, start, curve.slope + damping * curve.slope_step)


def _keep(old: _Curve, new: _Curve, where: Bools, ranked: Ranked) -> _Curve:
    """The old step of some sets and the new one of the others."""
    rows = np.repeat(where, ranked.rows.sizes)
    per_row = ("start_influence", "slope_influence")
    return _Curve(
        *(
            np.where(rows if name in per_row else where, before, after)
            for name, before, after in zip(_Curve._fields, old, new, strict=True)
        )
    )


def _is_converged(curve: _Curve) -> Bools:
    size = 1 + np.abs(curve.start) + np.abs(curve.slope)
    return np.maximum(np.abs(curve.start_step), np.abs(curve.slope_step)) <= _TOLERANCE * size


def _curve_ends(ranked: Ranked, curve: _Curve, converged: Bools, scale: float) -> _Ends:
    ends, influences = [], []
    for end in (0, 1):
        p = 1 / (1 + np.exp(-(curve.start + end * curve.slope)))
        ends.append(scale * p)
        on_line = curve.start_influence + end * curve.slope_influence
        influences.append(ranked.spread(scale * p * (1 - p)) * on_line)
    return _Ends(ends[0], ends[1], influences[0], influences[1], converged)


def _variance(ranked: Ranked, influence: Floats) -> Floats:
    if ranked.design is not None:
        return ranked.design.variance_of_total(influence)
    free = ranked.rows.sizes - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(free > 0, ranked.total(influence**2) * ranked.rows.sizes / free, np.nan)


def _estimate_slope(ranked: Ranked, ends: _Ends, sign: float, level: ArrayLike) -> Estimate:
    gap = sign * (ends.least - ends.most)
    error = np.sqrt(_variance(ranked, ends.least_influence - ends.most_influence))
    found = ranked.found | {"not_estimable": ~ends.fitted}
    return estimate_normal(gap, error, level, ranked.rows.shape, **found)


def _estimate_relative(ranked: Ranked, ends: _Ends, sign: float, level: ArrayLike) -> Estimate:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = ends.least / ends.most if sign > 0 else ends.most / ends.least
        influence = ends.least_influence / ranked.spread(ends.least)
        influence = influence - ends.most_influence / ranked.spread(ends.most)
        error = np.sqrt(_variance(ranked, influence))
    found = ranked.found | {"not_estimable": ~(ends.fitted & (ends.least > 0) & (ends.most > 0))}
    return estimate_log_normal(ratio, error, level, ranked.rows.shape, **found)
