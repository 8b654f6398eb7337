"""How staff of different groups fare: relative likelihoods and disparity ratios."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
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
    require_same_shape,
)

NON_ADVERSE_BAND: Final = (0.80, 1.25)
"""The four-fifths rule: a relative likelihood from 0.80 to 1.25 is not treated as adverse."""


def calculate_relative_likelihood(
    numerator: ArrayLike,
    denominator: ArrayLike,
    reference_numerator: ArrayLike,
    reference_denominator: ArrayLike,
    *,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """How many times as likely an outcome is in a group as in the reference group.

    For the Workforce Race Equality Standard, the group of appointment and training (indicators 2 and 4)
    is white and its reference BME; of disciplinary processes (indicator 3) the group is BME and its
    reference white. Above 1 is then always to the disadvantage of BME staff.

    Parameters
    ----------
    numerator, denominator
        Persons of the group with the outcome, and all of them, such as appointed and shortlisted. Arrays
        of any shapes that broadcast together.
    reference_numerator, reference_denominator
        The same of the reference group.
    confidence_level
        A share, or an array that broadcasts with the counts.

    Returns
    -------
    Estimate
        A ratio, with the interval on its logarithm (Katz). NaN with a reason: ``missing`` where a count
        is NaN, ``no_population`` where a denominator is 0, ``not_estimable`` where a numerator is 0, or
        where all of both groups have the outcome: the logarithm has no standard error there, and none is
        made up by adding to the counts. The standard error is that of the ratio, by the delta method.

    Raises
    ------
    InputError
        Where a count is negative or infinite, or a numerator is above its denominator (rows are named),
        or shapes differ.

    References
    ----------
    Katz D, Baptista J, Azen SP, Pike MC. Obtaining confidence intervals for the risk ratio in cohort
    studies. Biometrics 1978;34:469-74, method C. NHS England. Workforce Race Equality Standard:
    technical guidance, indicators 2 to 4.

    Examples
    --------
    White applicants, 300 of 1,000 appointed, and BME applicants, 100 of 500:

    >>> ratio = calculate_relative_likelihood(300, 1000, 100, 500)
    >>> print(f"{ratio.value:.2f} ({ratio.lower_cl:.2f} to {ratio.upper_cl:.2f})")
    1.50 (1.23 to 1.83)
    """
    a, n, c, m = require_same_shape(
        numerator=require_counts("numerator", numerator),
        denominator=require_counts("denominator", denominator),
        reference_numerator=require_counts("reference_numerator", reference_numerator),
        reference_denominator=require_counts("reference_denominator", reference_denominator),
    )
    require_rows((a <= n) | np.isnan(n), a, "numerator is above denominator")
    require_rows((c <= m) | np.isnan(m), c, "reference_numerator is above reference_denominator")
    with np.errstate(invalid="ignore", divide="ignore"):
        # (1 - a / n) / a is 1 / a - 1 / n without the loss of digits, and exactly 0 at a = n.
        variance = (1 - a / n) / a + (1 - c / m) / c
        ratio = (a / n) / (c / m)
    return _log_interval(
        ratio,
        variance,
        confidence_level,
        missing=np.isnan(a + n + c + m),
        no_population=(n == 0) | (m == 0),
        not_estimable=(a == 0) | (c == 0) | (variance == 0),
    )


def judge_relative_likelihood(
    value: ArrayLike,
    lower_cl: ArrayLike,
    upper_cl: ArrayLike,
    *,
    non_adverse_band: tuple[float, float] = NON_ADVERSE_BAND,
) -> NDArray[np.str_]:
    """Say whether a relative likelihood lies outside the non-adverse band, and by more than chance.

    Parameters
    ----------
    value, lower_cl, upper_cl
        The ratio and its limits, as an ``Estimate`` unpacks, of any shapes that broadcast together.
    non_adverse_band
        The lowest and the highest ratio that is not adverse; both belong to the band.

    Returns
    -------
    numpy.ndarray
        ``non_adverse`` where the ratio lies in the band; ``higher`` or ``lower`` where it lies outside
        and its interval leaves 1 out; ``uncertain`` where it lies outside and its interval holds 1;
        ``not_judged`` where one of the three is NaN. Whether higher or lower is the adverse side depends
        on the outcome: for the indicators as the Standard words them it is higher.

    Raises
    ------
    InputError
        Where the band does not run upwards from above 0, a lower limit is above its upper limit, or
        shapes differ.

    References
    ----------
    Uniform guidelines on employee selection procedures, 29 CFR 1607.4(D), 1978 (the four-fifths rule),
    which the Workforce Race Equality Standard takes in both directions: 0.80 and 1 / 0.80 = 1.25.

    Examples
    --------
    >>> print(judge_relative_likelihood([1.5, 1.1, 1.5], [1.2, 1.0, 0.9], [1.8, 1.2, 2.5]))
    ['higher' 'non_adverse' 'uncertain']
    """
    low, high = (float(end) for end in non_adverse_band)
    if not 0 < low < high:
        raise InputError(
            f"non_adverse_band must run upwards from above 0, as in (0.80, 1.25), but {low:g} to {high:g} "
            "was given."
        )
    ratio, lower, upper = require_same_shape(
        value=require_numbers("value", value),
        lower_cl=require_numbers("lower_cl", lower_cl),
        upper_cl=require_numbers("upper_cl", upper_cl),
    )
    if np.any(lower > upper):
        raise InputError("A lower limit is above its upper limit. Are the two columns the wrong way round?")
    unknown = np.isnan(ratio + lower + upper)
    within = (ratio >= low) & (ratio <= high)
    by_chance = (lower <= 1) & (upper >= 1)
    return np.select(
        [unknown, within, by_chance, ratio > high],
        ["not_judged", "non_adverse", "uncertain", "higher"],
        "lower",
    )


def calculate_disparity_ratio(
    reference_staff: ArrayLike,
    comparison_staff: ArrayLike,
    *,
    tiers: ArrayLike,
    lower_tier: str,
    higher_tier: str,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Staff of the reference group for each of the comparison group, in a higher tier over a lower one.

    The race disparity ratio takes white staff as the reference and BME staff as the comparison: above 1
    means that BME staff are under-represented in the higher tier against the lower.

    Parameters
    ----------
    reference_staff, comparison_staff
        Heads by pay band: shape (..., bands). A band that is not of the two tiers is left out.
    tiers
        The tier of each band, of shape (bands,): bands with the same name are summed. A band scheme is
        data: one with other bands, or none, has another list here.
    lower_tier, higher_tier
        The names of the two tiers to compare.
    confidence_level
        A share, or an array that broadcasts with the result.

    Returns
    -------
    Estimate
        A ratio for each organisation, with the interval on its logarithm (Woolf). NaN with a reason:
        ``missing`` where a count of the two tiers is NaN, ``no_population`` where a tier has no staff of
        either group, ``not_estimable`` where a tier has none of one group. The standard error is that of
        the ratio, by the delta method.

    Raises
    ------
    InputError
        Where a count is negative or infinite (rows are named), the bands of the data are not those of
        ``tiers``, a tier is not known, or both are the same.

    References
    ----------
    NHS England. Workforce Race Equality Standard: race disparity ratio (bands 5 and under, 6 and 7, 8a
    and over). Woolf B. On estimating the relation between blood group and disease. Ann Hum Genet
    1955;19:251-3.

    Examples
    --------
    >>> ratio = calculate_disparity_ratio(
    ...     [800, 400, 200], [300, 100, 30], tiers=["lower", "middle", "upper"],
    ...     lower_tier="lower", higher_tier="upper")
    >>> print(f"{ratio.value:.2f} ({ratio.lower_cl:.2f} to {ratio.upper_cl:.2f})")
    2.50 (1.67 to 3.75)
    """
    reference, comparison = require_same_shape(
        reference_staff=require_counts("reference_staff", reference_staff),
        comparison_staff=require_counts("comparison_staff", comparison_staff),
    )
    low, high = _require_tiers(reference.shape, tiers, lower_tier, higher_tier)
    heads = [staff[..., tier].sum(axis=-1) for tier in (high, low) for staff in (reference, comparison)]
    white_high, bme_high, white_low, bme_low = heads
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (white_high / bme_high) / (white_low / bme_low)
        variance = 1 / white_high + 1 / bme_high + 1 / white_low + 1 / bme_low
    return _log_interval(
        ratio,
        variance,
        confidence_level,
        missing=np.isnan(white_high + bme_high + white_low + bme_low),
        no_population=(white_high + bme_high == 0) | (white_low + bme_low == 0),
        not_estimable=(white_high == 0) | (bme_high == 0) | (white_low == 0) | (bme_low == 0),
    )


def _require_tiers(
    shape: tuple[int, ...], tiers: ArrayLike, lower_tier: str, higher_tier: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    names = np.asarray(tiers, dtype=np.str_)
    bands = shape[-1] if shape else 1
    if not shape or names.shape != (bands,):
        raise InputError(
            f"tiers must name the tier of each of the {bands} bands on the last axis of the data; it has "
            f"shape {names.shape}."
        )
    for name in (lower_tier, higher_tier):
        if name not in names:
            known = suggest(str(name), (str(tier) for tier in np.unique(names)))
            raise InputError(f'The tier "{name}" is not one of tiers. {known}')
    if lower_tier == higher_tier:
        raise InputError(f'lower_tier and higher_tier are both "{lower_tier}". Name two tiers to compare.')
    return names == lower_tier, names == higher_tier


def _log_interval(
    ratio: Floats, variance: Floats, confidence_level: ArrayLike, **known: NDArray[np.bool_]
) -> Estimate:
    z = special.ndtri(0.5 + require_confidence_level(confidence_level) / 2)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.sqrt(variance)
        factor = np.exp(z * error)
        reasons = reasons_for(factor.shape, **known)
        return Estimate.of(ratio, ratio / factor, ratio * factor, reasons, ratio * error)
