"""How large the gap is between the two ends of the deprivation scale."""

from __future__ import annotations

from typing import Final, NamedTuple, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from evenground.errors import InputError, suggest
from evenground.stats.deprivation_line import SCALES, Line, read_line
from evenground.stats.estimates import Estimate, Floats, require_confidence_level
from evenground.stats.moment_matching import Cumulants, RatioCumulants, find_quantile, find_ratio_quantile
from evenground.stats.polarity import require_polarity
from evenground.stats.simulation import Seed, simulate_limits

INTERVALS: Final = ("analytic", "simulated")


class SlopeIndices(NamedTuple):
    """The slope index (a difference) and the relative index (a ratio) of one line."""

    sii: Estimate
    rii: Estimate


class SlopeOptions(TypedDict, total=False):
    """What ``calculate_slope_indices`` takes by keyword, and so ``calculate_sii`` and ``calculate_rii``."""

    standard_error: ArrayLike | None
    lower_cl: ArrayLike | None
    upper_cl: ArrayLike | None
    limits_confidence_level: float
    scale: str
    sampling_scale: str | None
    relative_rank: ArrayLike | None
    quantile: ArrayLike | None
    interval: str
    repetitions: int
    seed: Seed
    groups: ArrayLike | None
    offsets: ArrayLike | None
    confidence_level: ArrayLike
    multiplier: float


class _Simulation(TypedDict):
    repetitions: int
    seed: Seed


class _Limits(NamedTuple):
    sii: tuple[Floats, Floats]
    rii: tuple[Floats, Floats]


class _Ends(NamedTuple):
    """The line at its two ends on the natural scale, and the gap and ratio of which a larger is worse."""

    most: Floats
    least: Floats
    sign: float

    @property
    def gap(self) -> Floats:
        return self.sign * (self.least - self.most)

    @property
    def ratio(self) -> Floats:
        return self.least / self.most if self.sign > 0 else self.most / self.least


def calculate_slope_indices(
    value: ArrayLike,
    population: ArrayLike,
    *,
    polarity: str,
    standard_error: ArrayLike | None = None,
    lower_cl: ArrayLike | None = None,
    upper_cl: ArrayLike | None = None,
    limits_confidence_level: float = 0.95,
    scale: str = "linear",
    sampling_scale: str | None = None,
    relative_rank: ArrayLike | None = None,
    quantile: ArrayLike | None = None,
    interval: str = "analytic",
    repetitions: int = 100_000,
    seed: Seed = 1,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
    multiplier: float = 1.0,
) -> SlopeIndices:
    """Slope and relative index of inequality: the gap and the ratio between the ends of deprivation.

    A line is fitted to the quantiles at the midpoints of their population ranks, weighted by population.
    The slope index is the difference between its ends and the relative index their ratio, each so that a
    larger one always means a larger gap against the more deprived: least against most deprived where
    higher is better, most against least where lower is better or the polarity is ``none``.

    There are two forms. Without ``relative_rank`` the ranks are those of the people given: right for the
    local quantiles of one place, not comparable with another place. With the national midpoints of
    national quantiles (``calculate_relative_rank``) as ``relative_rank`` and the local people as weights,
    the ends are those of the whole country's deprivation: only this form can be compared between places.

    Parameters
    ----------
    value
        The figure of each quantile, the most deprived first: shape (..., quantiles), or (rows,) with
        ``groups`` or ``offsets``.
    population
        The people of each quantile, of the same shape.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    standard_error
        Of each value, in its units; on a log or logit sampling scale it is taken there by the delta
        method. It sets the interval and not the line.
    lower_cl, upper_cl
        Limits of each value, instead of standard errors: their width on the sampling scale gives them.
    limits_confidence_level
        The level of those limits.
    scale
        What the line is fitted to: the values (``linear``), their logarithms (``log``, for rates that
        change by factors) or log odds (``logit``, for shares). Its ends are taken back before they are
        compared.
    sampling_scale
        Where each value's error is normal: ``linear``, ``log`` (rates) or ``logit`` (shares); that of
        the fit unless told. A line on a log or logit scale takes its errors there.
    relative_rank
        Where each quantile lies between the ends, 0 to 1; broadcasts with ``value``. A quantile where
        nobody lives then carries no weight, whatever its value.
    quantile
        Labels that put the rows of each group in order, 1 the most deprived: numbers, or text that holds
        numbers; 10 comes after 2. Without them the order is that of the rows.
    interval
        ``analytic``: closed form or by moments, always the same. ``simulated``: as the field's programs,
        from draws of each value.
    repetitions
        How many draws; at least 1,000. Memory is 8 bytes a draw and quantile, and a little more.
    seed
        A whole number, a NumPy generator, or ``None`` for limits that differ each time.
    groups
        A label for each row; results come in the order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows.
    confidence_level
        A share, or an array that broadcasts with the result.
    multiplier
        Above 0; for the slope index alone: 100 gives percentage points for values given as shares.

    Returns
    -------
    SlopeIndices
        ``sii`` in the units of ``value`` times the multiplier, and ``rii``. NaN with a reason: ``missing``
        where a value, error, limit, rank or population of the group is NaN, ``no_population`` where a
        quantile has none (with ``relative_rank``: where all have none), ``too_few_quantiles`` below two
        that differ in rank, ``not_estimable`` where a value or limit is not on the scale (0 or less for
        log, outside 0 to 1 for logit) or, for ``rii``, where an end of the line is not above 0.

    Raises
    ------
    InputError
        Where a population or standard error is negative, a label comes twice in a group, a rank lies
        outside 0 to 1 (rows are named), shapes differ, or a choice is not known.

    Notes
    -----
    Analytic limits. Linear fit, linear errors: normal for the slope index, and for the relative index by
    the delta method on its logarithm. Linear fit, log or logit errors: the distribution of the sum has
    its first three cumulants by Gauss-Hermite quadrature and is matched by a shifted lognormal; the
    relative index by inverting that. Log or logit fit: those of the slope, the line turning about the
    weighted mean. A simulated draw in which an end of the line is not above 0 counts as ratio 0 (its
    numerator) or infinity (its denominator). Standard errors are by the delta method in every case.

    References
    ----------
    Pamuk ER. Social class inequality in mortality from 1921 to 1972 in England and Wales. Popul Stud
    1985;39:17-31. Low A, Low A. Measuring the gap: quantifying and comparing local health inequalities.
    J Public Health 2004;26:388-95. Mackenbach JP, Kunst AE. Measuring the magnitude of socio-economic
    inequalities in health. Soc Sci Med 1997;44:757-71.

    Examples
    --------
    Rates with 95 % limits, by fifth of deprivation, for two areas:

    >>> rate = np.array([[300, 260, 250, 210, 180], [220, 230, 210, 205, 200]])
    >>> sii, rii = calculate_slope_indices(rate, [1000] * 5, polarity="lower_is_better",
    ...                                    lower_cl=rate * 0.9, upper_cl=rate / 0.9, sampling_scale="log")
    >>> for area in range(2):
    ...     print(f"{sii.value[area]:.0f} ({sii.lower_cl[area]:.0f} to {sii.upper_cl[area]:.0f}), "
    ...           f"{rii.value[area]:.2f}")
    145 (105 to 187), 1.87
    32 (-3 to 68), 1.17
    """
    sign, level = require_polarity(polarity), require_confidence_level(confidence_level)
    _require_choices(interval, multiplier)
    line = read_line(
        value, population, standard_error=standard_error, lower_cl=lower_cl, upper_cl=upper_cl,
        limits_confidence_level=limits_confidence_level, scale=scale, sampling_scale=sampling_scale,
        relative_rank=relative_rank, quantile=quantile, groups=groups, offsets=offsets,
    )  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ends = _find_ends(line, sign)
        simulate: _Simulation | None = None
        if interval == "simulated":
            simulate = {"repetitions": repetitions, "seed": seed}
        if scale != "linear":
            limits = _turn(line, ends, level, simulate)
        elif simulate is not None:
            limits = _simulate(line, sign, level, simulate)
        elif line.drawn_on_other_scale:
            limits = _match_moments(line, ends, level)
        else:
            limits = _take_normal_limits(line, ends, level)
        return _estimate(line, ends, limits, multiplier)


def calculate_sii(
    value: ArrayLike, population: ArrayLike, *, polarity: str, **options: Unpack[SlopeOptions]
) -> Estimate:
    """Slope index of inequality: the gap between the two ends of the deprivation scale.

    ``calculate_slope_indices`` gives it together with the relative index, and tells how.

    Parameters
    ----------
    value, population, polarity, **options
        As for ``calculate_slope_indices``, among them ``standard_error`` or ``lower_cl`` and ``upper_cl``,
        ``scale``, ``relative_rank``, ``interval``, ``groups`` and ``confidence_level``.

    Returns
    -------
    Estimate
        In the units of ``value``, times the multiplier. NaN with a reason where it cannot be calculated.

    Raises
    ------
    InputError
        As ``calculate_slope_indices``.

    References
    ----------
    Pamuk ER. Popul Stud 1985;39:17-31. Low A, Low A. J Public Health 2004;26:388-95.

    Examples
    --------
    Uptake of 50 % among the most deprived fifth, and 5 points more in each fifth after it:

    >>> sii = calculate_sii([50, 55, 60, 65, 70], [1000] * 5, standard_error=[1] * 5,
    ...                     polarity="higher_is_better")
    >>> print(f"{sii.value:.1f} ({sii.lower_cl:.1f} to {sii.upper_cl:.1f})")
    25.0 (21.9 to 28.1)
    """
    return calculate_slope_indices(value, population, polarity=polarity, **options).sii


def calculate_rii(
    value: ArrayLike, population: ArrayLike, *, polarity: str, **options: Unpack[SlopeOptions]
) -> Estimate:
    """Relative index of inequality: the ratio between the two ends of the deprivation scale.

    Above 1 means a gap against the more deprived. ``calculate_slope_indices`` gives it together with the
    slope index, and tells how.

    Parameters
    ----------
    value, population, polarity, **options
        As for ``calculate_slope_indices``; a multiplier changes nothing here.

    Returns
    -------
    Estimate
        NaN with a reason where it cannot be calculated: with ``not_estimable`` where an end of the line is
        not above 0.

    Raises
    ------
    InputError
        As ``calculate_slope_indices``.

    References
    ----------
    Mackenbach JP, Kunst AE. Soc Sci Med 1997;44:757-71.

    Examples
    --------
    >>> rii = calculate_rii([50, 55, 60, 65, 70], [1000] * 5, standard_error=[1] * 5,
    ...                     polarity="higher_is_better")
    >>> print(f"{rii.value:.3f} ({rii.lower_cl:.3f} to {rii.upper_cl:.3f})")
    1.526 (1.446 to 1.612)
    """
    return calculate_slope_indices(value, population, polarity=polarity, **options).rii


def _require_choices(interval: str, multiplier: float) -> None:
    if interval not in INTERVALS:
        raise InputError(f'The interval "{interval}" is not known. {suggest(interval, INTERVALS)}')
    if not (np.isfinite(multiplier) and multiplier > 0):
        raise InputError(
            f"multiplier must be a finite number above 0, but {multiplier} was given. "
            "The sign follows from the polarity."
        )


def _find_ends(line: Line, sign: float) -> _Ends:
    back, fitted = line.fit.back, line.fitted
    most = back(line.rows.total(line.intercept_weight * fitted))
    return _Ends(most, back(line.rows.total(line.end_weight * fitted)), sign)


def _take_normal_limits(line: Line, ends: _Ends, level: Floats) -> _Limits:
    gap_error, log_ratio_error = _find_errors(line, ends)
    z = special.ndtri(0.5 + level / 2)
    factor = np.exp(z * log_ratio_error)
    return _Limits(
        (ends.gap - z * gap_error, ends.gap + z * gap_error), (ends.ratio / factor, ends.ratio * factor)
    )


def _match_moments(line: Line, ends: _Ends, level: Floats) -> _Limits:
    total, (mean, variance, third) = line.rows.total, line.cumulants()
    weight = ends.sign * line.slope_weight
    gap = Cumulants(total(weight * mean), total(weight**2 * variance), total(weight**3 * third))
    # Both ends by their own size: the ratio sought is then near 1.
    scaled = (
        line.end_weight / line.rows.spread(ends.least),
        line.intercept_weight / line.rows.spread(ends.most),
    )
    n, d = scaled if ends.sign > 0 else scaled[::-1]
    ratio = RatioCumulants(
        total(n * mean), total(d * mean),
        total(n * n * variance), total(n * d * variance), total(d * d * variance),
        total(n**3 * third), total(n * n * d * third), total(n * d * d * third), total(d**3 * third),
    )  # fmt: skip
    shape = np.broadcast_shapes(level.shape, ends.gap.shape)
    z = np.broadcast_to(special.ndtri(0.5 + level / 2), shape)
    lower, upper = find_ratio_quantile(ratio, -z), find_ratio_quantile(ratio, z)
    return _Limits((find_quantile(gap, -z), find_quantile(gap, z)), (ends.ratio * lower, ends.ratio * upper))


def _turn(line: Line, ends: _Ends, level: Floats, simulate: _Simulation | None) -> _Limits:
    """Limits of a line fitted on another scale: those of the slope, turned about the weighted mean.

    The level of the line and its slope hardly depend on each other, so the mean stays where it is.
    """
    middle, back = line.rows.total(line.share * line.fitted), line.fit.back
    turned = [
        ends._replace(
            most=back(middle - line.centre * ends.sign * gap),
            least=back(middle + (1 - line.centre) * ends.sign * gap),
        )
        for gap in _limit_slope(line, ends.sign, level, simulate)
    ]
    return _Limits((turned[0].gap, turned[1].gap), (turned[0].ratio, turned[1].ratio))


def _limit_slope(
    line: Line, sign: float, level: Floats, simulate: _Simulation | None
) -> tuple[Floats, Floats]:
    """Limits of the slope on the scale of the fit, signed as the gap is."""
    weight = sign * line.slope_weight
    if simulate is not None:
        (limits,) = simulate_limits(
            line.rows, [weight], line.fitted, line.error, back=None, measure=lambda slope: slope,
            held=line.reasons(line.rows.shape) == 0, level=level, **simulate,
        )  # fmt: skip
        return limits
    slope = line.rows.total(weight * line.fitted)
    error = np.sqrt(line.rows.total(weight**2 * line.error**2))
    half_width = special.ndtri(0.5 + level / 2) * error
    return slope - half_width, slope + half_width


def _simulate(line: Line, sign: float, level: Floats, simulate: _Simulation) -> _Limits:
    gap, ratio = simulate_limits(
        line.rows, [line.intercept_weight, line.end_weight], line.sampling.forward(line.value), line.error,
        back=line.sampling.back if line.drawn_on_other_scale else None,
        measure=lambda sums: (sign * (sums[1] - sums[0]), _take_positive_ratio(sums[:: int(sign)])),
        held=line.reasons(line.rows.shape) == 0, level=level, **simulate,
    )  # fmt: skip
    return _Limits(gap, ratio)


def _take_positive_ratio(ends: Floats) -> Floats:
    """The second end over the first."""
    bottom, top = ends
    ratio: Floats = top / bottom
    # A line that has crossed zero has no ratio: as its end nears zero the ratio goes to 0 or to infinity.
    if ends.size and ends.min() <= 0:
        ratio = np.where(bottom <= 0, np.inf, np.where(top <= 0, 0.0, ratio))
    return ratio


def _find_errors(line: Line, ends: _Ends) -> tuple[Floats, Floats]:
    """Standard errors of the gap and of the logarithm of the ratio, by the delta method."""
    total, spread, most, least = line.rows.total, line.rows.spread, ends.most, ends.least
    variance, centre = line.cumulants().variance, line.centre
    slope_error = np.sqrt(total(line.slope_weight**2 * variance))
    at_least, at_most = (1 - centre) * line.fit.steepness(least), centre * line.fit.steepness(most)
    if line.fit is not SCALES["linear"]:
        return slope_error * (at_least + at_most), slope_error * (at_least / least + at_most / most)
    difference = line.end_weight / spread(least) - line.intercept_weight / spread(most)
    return slope_error, np.sqrt(total(difference**2 * variance))


def _estimate(line: Line, ends: _Ends, limits: _Limits, multiplier: float) -> SlopeIndices:
    gap_error, log_ratio_error = _find_errors(line, ends)
    gap, ratio = multiplier * ends.gap, ends.ratio
    shape = np.broadcast_shapes(gap.shape, limits.sii[0].shape)
    lower, upper = (multiplier * limit for limit in limits.sii)
    sii = Estimate.of(gap, lower, upper, line.reasons(shape, ~np.isfinite(gap)), multiplier * gap_error)
    not_estimable = ~((ends.most > 0) & (ends.least > 0) & np.isfinite(ratio))
    reasons = line.reasons(shape, not_estimable)
    return SlopeIndices(sii, Estimate.of(ratio, *limits.rii, reasons, ratio * log_ratio_error))
