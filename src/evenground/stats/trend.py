"""Recent trend: whether the latest years of a series rise or fall by more than chance."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import (
    REASONS,
    Floats,
    reasons_for,
    require_numbers,
    require_rows,
    require_same_shape,
)
from evenground.stats.intervals import calculate_standard_error, require_share
from evenground.stats.polarity import require_polarity

CHI_SQUARED_LIMIT: Final = 9.5495
"""The 99.8 % point of chi-squared on one degree of freedom, as the Fingertips technical guidance on recent
trends gives it: a change is called so at p < 0.002."""

POINTS: Final = 5
"""How many of the latest years Fingertips looks at (the same guidance)."""

_FEWEST_POINTS: Final = 3

_ROUNDING: Final = 1e-12
"""A slope smaller than this part of its terms is zero: what is left is rounding."""

_DIRECTIONS: Final = ("cannot_be_calculated", "no_significant_change", "increasing", "decreasing")

_ASSESSMENTS: Final = {
    "higher_is_better": (*_DIRECTIONS[:2], "getting_better", "getting_worse"),
    "lower_is_better": (*_DIRECTIONS[:2], "getting_worse", "getting_better"),
    "none": _DIRECTIONS,
}


class RecentTrend(NamedTuple):
    """The recent trend of each series.

    Attributes
    ----------
    slope
        Change a year: of the log odds for shares, else in the units of the value. NaN where there is a
        reason.
    chi_squared
        What is compared with ``CHI_SQUARED_LIMIT``; NaN where it cannot be calculated.
    direction
        ``increasing``, ``decreasing``, ``no_significant_change`` or ``cannot_be_calculated``.
    assessment
        The same with the polarity: ``getting_better``, ``getting_worse``; ``increasing`` and
        ``decreasing`` where it is ``none``.
    reason
        ``too_few_values`` where the series is shorter than the points looked at, ``missing`` where it has
        a break within them, ``no_population``, ``not_estimable`` where a limit, share or count leaves the
        method nothing to divide by; or the empty text.
    """

    slope: Floats
    chi_squared: Floats
    direction: NDArray[np.str_]
    assessment: NDArray[np.str_]
    reason: NDArray[np.str_]


def assess_recent_trend(
    value: ArrayLike,
    lower_cl: ArrayLike,
    upper_cl: ArrayLike,
    *,
    polarity: str,
    points: int = POINTS,
    confidence_level: ArrayLike = 0.95,
) -> RecentTrend:
    """Recent trend of rates, ratios, means and other values with confidence limits.

    A line weighted by the inverse of each value's variance is fitted to the latest years. The series rises
    or falls where its slope is significant at 99.8 % and keeps its sign whichever one year is left out.
    For shares use ``assess_recent_trend_of_proportion``.

    Parameters
    ----------
    value
        Shape (..., years): a column for every year up to the latest, in order, NaN where a year is
        missing. Years that do not overlap: not for rolling averages.
    lower_cl, upper_cl
        The limits of each value, of shapes that broadcast with it.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    points
        How many of the latest years to look at; they must be unbroken.
    confidence_level
        The level of the limits.

    Returns
    -------
    RecentTrend
        Of shape (...). Beside the reasons of ``RecentTrend``: ``not_estimable`` where a lower and an upper
        limit are equal.

    Raises
    ------
    InputError
        Where a lower limit is above its upper limit or a value is infinite (rows are named), the polarity is
        not known, or ``points`` is below 3.

    References
    ----------
    Office for Health Improvement and Disparities. Fingertips public health technical guidance: recent
    trends. PHEindicatormethods, branch add_trend_markers, ``assign_trend_markers``.

    Examples
    --------
    >>> rates = np.array([10.0, 12, 14, 16, 18])
    >>> trend = assess_recent_trend(rates, rates - 1, rates + 1, polarity="lower_is_better")
    >>> print(f"{trend.slope:.1f} a year: {trend.direction}, {trend.assessment}")
    2.0 a year: increasing, getting_worse
    """
    require_polarity(polarity)
    y, low, high = require_same_shape(
        value=require_numbers("value", value),
        lower_cl=require_numbers("lower_cl", lower_cl),
        upper_cl=require_numbers("upper_cl", upper_cl),
    )
    require_rows(low <= high, low + high, "a lower limit is above its upper limit")
    error = calculate_standard_error(low, high, confidence_level=confidence_level)
    present = ~np.isnan(y + error)
    y, error = _latest(y, points), _latest(error, points)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = 1 / error**2
        slope, variance = _fit_slope(y - y[..., :1], weight)
        chi_squared = slope**2 / variance
        significant = _is_sign_kept(slope, y, weight, chi_squared > CHI_SQUARED_LIMIT)
    exact = (error == 0).any(axis=-1)
    reasons = _series_reasons(present, points, not_estimable=exact)
    return _assess(slope, chi_squared, significant, reasons, polarity)


def assess_recent_trend_of_proportion(
    numerator: ArrayLike, denominator: ArrayLike, *, polarity: str, points: int = POINTS
) -> RecentTrend:
    """Recent trend of shares, from their counts.

    The chi-squared test for trend in proportions says whether there is a trend; the slope of the log odds,
    unweighted, says which way, and must keep its sign whichever one year is left out.

    Parameters
    ----------
    numerator, denominator
        Counts of shape (..., years): a column for every year up to the latest, in order, NaN where a year
        is missing.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    points
        How many of the latest years to look at; they must be unbroken.

    Returns
    -------
    RecentTrend
        Of shape (...). Beside the reasons of ``RecentTrend``: ``not_estimable`` where the change is
        significant but a year's share is 0 or 1, which has no log odds, or where all of them are. A
        series that has a year at 0 or 1 and no significant change says so, without a slope.

    Raises
    ------
    InputError
        Where a count is negative or infinite, or a numerator above its denominator (rows are named), the
        polarity is not known, or ``points`` is below 3.

    References
    ----------
    Office for Health Improvement and Disparities. Fingertips public health technical guidance: recent
    trends. Armitage P. Tests for linear trends in proportions and frequencies. Biometrics 1955;11:375-86.

    Examples
    --------
    >>> trend = assess_recent_trend_of_proportion(
    ...     [200, 260, 300, 350, 420], [1000] * 5, polarity="higher_is_better")
    >>> print(f"{trend.chi_squared:.1f}: {trend.direction}, {trend.assessment}")
    132.3: increasing, getting_better
    """
    require_polarity(polarity)
    x, n = require_share(numerator, denominator)
    present = ~np.isnan(x + n)
    x, n = _latest(x, points), _latest(n, points)
    with np.errstate(invalid="ignore", divide="ignore"):
        chi_squared = _test_proportions(x, n)
        log_odds = np.log(x) - np.log(n - x)
        alike = np.ones_like(log_odds)
        slope, _ = _fit_slope(log_odds - log_odds[..., :1], alike)
        significant = _is_sign_kept(slope, log_odds, alike, chi_squared > CHI_SQUARED_LIMIT)
    undefined = ((x == 0) | (x == n)).any(axis=-1)
    all_alike = np.isnan(chi_squared)
    reasons = _series_reasons(
        present, points,
        no_population=(n == 0).any(axis=-1),
        not_estimable=all_alike | (undefined & (chi_squared > CHI_SQUARED_LIMIT)),
    )  # fmt: skip
    return _assess(np.where(undefined, np.nan, slope), chi_squared, significant, reasons, polarity)


def _latest(series: Floats, points: int) -> Floats:
    """The latest years of each series, with NaN before one that is shorter."""
    if isinstance(points, bool) or not isinstance(points, int | np.integer) or points < _FEWEST_POINTS:
        raise InputError(f"points must be a whole number of at least {_FEWEST_POINTS}: {points!r} was given.")
    if not series.ndim:
        raise InputError("A trend needs a series: a value for each year along the last axis.")
    short = points - series.shape[-1]
    if short > 0:
        series = np.concatenate([np.full((*series.shape[:-1], short), np.nan), series], axis=-1)
    return np.asarray(series[..., -points:])


def _fit_slope(y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The slope of the weighted line through each series and its variance; 0 where it is all rounding."""
    year = np.arange(y.shape[-1], dtype=np.float64)
    total = weight.sum(axis=-1)
    spread = year - ((weight * year).sum(axis=-1) / total)[..., np.newaxis]
    terms = weight * spread * y
    squares = (weight * spread**2).sum(axis=-1)
    cross = terms.sum(axis=-1)
    rounding = _ROUNDING * np.abs(terms).sum(axis=-1)
    return np.where(np.abs(cross) <= rounding, 0.0, cross) / squares, 1 / squares


def _is_sign_kept(slope: Floats, y: Floats, weight: Floats, asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the slope of all years has the same sign in each fit with one year left out, where asked."""
    kept = np.zeros(asked.shape, dtype=np.bool_)
    moved = (y - y[..., :1])[asked][:, np.newaxis, :]
    slopes, _ = _fit_slope(moved, weight[asked][:, np.newaxis, :] * (1.0 - np.eye(y.shape[-1])))
    kept[asked] = (np.sign(slopes) == np.sign(np.asarray(slope)[asked])[:, np.newaxis]).all(axis=-1)
    return kept


def _test_proportions(x: Floats, n: Floats) -> Floats:
    """Chi-squared for trend in proportions, from departures that do not lose the digits of large counts."""
    year = np.arange(x.shape[-1], dtype=np.float64)
    total = n.sum(axis=-1, keepdims=True)
    share = x.sum(axis=-1, keepdims=True) / total
    spread = year - (n * year).sum(axis=-1, keepdims=True) / total
    cross = ((x - share * n) * spread).sum(axis=-1)
    return np.asarray(cross**2 / ((share * (1 - share))[..., 0] * (n * spread**2).sum(axis=-1)))


def _series_reasons(present: NDArray[np.bool_], points: int, **found: NDArray[np.bool_]) -> NDArray[np.int8]:
    shape, years = present.shape[:-1], present.shape[-1]
    began = np.where(present.any(axis=-1), present.argmax(axis=-1), years) if years else np.zeros(shape)
    short = years - began < points
    broken = ~short & ~present[..., -points:].all(axis=-1)
    # A break leaves NaN in every sum: what they would also seem to show is not a second finding.
    whole = ~short & ~broken
    found = {reason: where & whole for reason, where in found.items()}
    return reasons_for(shape, missing=broken, too_few_values=short, **found)


def _assess(
    slope: Floats,
    chi_squared: Floats,
    significant: NDArray[np.bool_],
    reasons: NDArray[np.int8],
    polarity: str,
) -> RecentTrend:
    calculated = reasons == 0
    picked = np.select([~calculated, ~significant, slope > 0], [0, 1, 2], 3)
    return RecentTrend(
        np.where(calculated, slope, np.nan),
        np.where(calculated, chi_squared, np.nan),
        np.asarray(_DIRECTIONS)[picked],
        np.asarray(_ASSESSMENTS[polarity])[picked],
        np.asarray(REASONS)[reasons],
    )
