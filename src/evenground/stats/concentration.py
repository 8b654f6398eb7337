"""How far a figure is concentrated among the disadvantaged or the advantaged."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evenground.errors import InputError, suggest
from evenground.stats.estimates import Estimate, Floats, require_numbers, require_rows
from evenground.stats.polarity import require_polarity
from evenground.stats.ranked import Bools, Ranked, rank_subgroups, rank_survey
from evenground.stats.subgroups import estimate_normal

FORMS: Final = ("relative", "absolute", "wagstaff", "erreygers")


def calculate_concentration_index(
    value: ArrayLike,
    population: ArrayLike,
    *,
    polarity: str,
    form: str = "relative",
    bounds: tuple[float, float] | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Concentration index: twice the covariance of the values with their population ranks.

    Parameters
    ----------
    value
        The figure of each subgroup, from the most to the least disadvantaged: shape (..., subgroups), or
        (rows,) with ``groups`` or ``offsets``.
    population
        The people of each subgroup, of the same shape.
    polarity
        ``higher_is_better``: positive where there is more of it among the less disadvantaged, the sign that
        the literature uses for every indicator. Otherwise positive where there is more of it among the more
        disadvantaged. So a larger value always means a larger gap against them.
    form
        ``relative``: over the mean. ``absolute``: in the units of ``value``. ``wagstaff`` and ``erreygers``:
        the corrections for a figure with bounds, in which the index of the figure and of its complement are
        mirror images.
    bounds
        The lowest and highest that the figure can be, such as (0, 100) for a percentage; the corrections need
        them. Where given, the values are first put on the scale from 0 to 1 between them.
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
        The standard error is that of the slope in the regression of the transformed values on rank, weighted
        by population, with the mean taken as known; two subgroups have none. NaN with a reason: ``missing``
        where a value or population of the data set is NaN, ``no_population`` where a subgroup has none,
        ``too_few_values`` below two subgroups, ``not_estimable`` where the mean is not above 0 (``relative``,
        ``wagstaff``) or is at the upper bound (``wagstaff``).

    Raises
    ------
    InputError
        Where a population is negative, a value lies outside the bounds (rows are named), shapes differ,
        bounds that are needed are not given, or the form or the polarity is not known.

    References
    ----------
    Kakwani N, Wagstaff A, van Doorslaer E. Socioeconomic inequalities in health: measurement, computation,
    and statistical inference. J Econom 1997;77:87-103. Wagstaff A. The bounds of the concentration index when
    the variable of interest is binary. Health Econ 2005;14:429-32. Erreygers G. Correcting the concentration
    index. J Health Econ 2009;28:504-15. Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health
    2022;19:3697.

    Examples
    --------
    >>> index = calculate_concentration_index([60, 70, 80], [1000, 1000, 1000],
    ...                                       polarity="higher_is_better")
    >>> print(index.value.round(4))
    0.0635
    """
    sign = require_polarity(polarity)
    value = _rescale(value, bounds, form)
    ranked = rank_subgroups(value, population, groups, offsets)
    return _estimate_index(ranked, sign, form, confidence_level)


def calculate_survey_concentration_index(
    value: ArrayLike,
    position: ArrayLike,
    weight: ArrayLike = 1.0,
    *,
    polarity: str,
    psu: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    form: str = "relative",
    bounds: tuple[float, float] | None = None,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Concentration index of a survey's persons, with an interval for its design.

    Parameters
    ----------
    value, position, weight, psu, strata, groups, offsets
        As for ``calculate_survey_slope_index``.
    polarity, form, bounds, confidence_level
        As for ``calculate_concentration_index``.

    Returns
    -------
    Estimate
        The standard error is by linearisation of the regression on rank, with the mean and the ranks taken
        as known. NaN with a reason: ``missing`` where a value, position or weight of the survey is NaN,
        ``no_population`` where all weights are 0, ``too_few_values`` below two persons, ``not_estimable`` as
        for ``calculate_concentration_index`` or where all persons have one position.

    Raises
    ------
    InputError
        As for ``calculate_concentration_index``, or where a unit or stratum is NaN.

    References
    ----------
    Kakwani N, Wagstaff A, van Doorslaer E. J Econom 1997;77:87-103. Binder DA. Int Stat Rev 1983;51:279-92.

    Examples
    --------
    >>> index = calculate_survey_concentration_index([0, 1, 0, 1, 1, 1, 0, 1], [1, 1, 2, 2, 3, 3, 1, 3],
    ...                                              polarity="higher_is_better")
    >>> print(index.value.round(3))
    0.25
    """
    sign = require_polarity(polarity)
    value = _rescale(value, bounds, form)
    ranked = rank_survey(value, position, weight, psu, strata, groups, offsets)
    return _estimate_index(ranked, sign, form, confidence_level)


def _rescale(value: ArrayLike, bounds: tuple[float, float] | None, form: str) -> Floats:
    if form not in FORMS:
        raise InputError(f'The form "{form}" is not known. {suggest(form, FORMS)}')
    y = require_numbers("value", value)
    if bounds is None:
        if form in ("wagstaff", "erreygers"):
            raise InputError(f'The form "{form}" needs bounds, such as (0, 100) for a percentage.')
        return y
    lowest, highest = bounds
    if not -np.inf < lowest < highest < np.inf:
        raise InputError(f"bounds must be (lowest, highest), but {bounds} was given.")
    require_rows((y >= lowest) & (y <= highest), y, "the value is outside its bounds")
    return (y - lowest) / (highest - lowest)


def _estimate_index(ranked: Ranked, sign: float, form: str, level: ArrayLike) -> Estimate:
    y, w = ranked.value, ranked.share
    mean = ranked.total(w * y)
    away, apart = ranked.rank - 0.5, y - ranked.spread(mean)
    spread = ranked.total(w * away**2)
    index = 2 * ranked.total(w * away * apart)
    with np.errstate(invalid="ignore", divide="ignore"):
        # The slope of 2 spread y on rank is the index, so its standard error is that of the slope.
        residual = 2 * ranked.spread(spread) * apart - ranked.spread(index) * away
        if ranked.design is None:
            free = ranked.rows.sizes - 2
            variance = np.where(free > 0, ranked.total(w * residual**2) / (free * spread), np.nan)
        else:
            variance = ranked.design.variance_of_total(w * away * residual / ranked.spread(spread))
        factor, defined = _normalise(mean, form)
        found = ranked.found | {"not_estimable": ~(defined & (spread > 0))}
        index, error = sign * factor * index, factor * np.sqrt(variance)
    return estimate_normal(index, error, level, ranked.rows.shape, **found)


def _normalise(mean: Floats, form: str) -> tuple[Floats, Bools]:
    """What the absolute index is multiplied by, and where that is defined."""
    everywhere = np.ones(mean.shape, dtype=np.bool_)
    if form == "absolute":
        return np.ones_like(mean), everywhere
    if form == "relative":
        return 1 / mean, mean > 0
    if form == "wagstaff":
        return 1 / (mean * (1 - mean)), (mean > 0) & (mean < 1)
    return np.full_like(mean, 4.0), everywhere
