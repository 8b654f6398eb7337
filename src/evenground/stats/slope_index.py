"""How large the gap is between the two ends of the deprivation scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_counts,
    require_numbers,
    require_same_shape,
)
from evenground.stats.groups import Groups, find_groups
from evenground.stats.polarity import require_polarity


class _Line(NamedTuple):
    """The weighted line through the quantiles, at its two ends, with their covariance."""

    most_deprived: Floats
    least_deprived: Floats
    most_variance: Floats
    least_variance: Floats
    covariance: Floats
    rows: Groups
    missing: NDArray[np.bool_]
    no_population: NDArray[np.bool_]


def calculate_sii(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike,
    polarity: str,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Slope index of inequality: the gap between the two ends of the deprivation scale.

    A straight line is fitted to the quantiles at the midpoints of their population ranks, weighted by
    population. The index is the difference between its ends, signed so that a larger value always means
    a larger gap against the more deprived: least minus most deprived where higher is better, most minus
    least where lower is better. Where the polarity is ``none`` it is most minus least: how much more of
    it there is among the more deprived.

    Parameters
    ----------
    value
        The figure of each quantile, the most deprived first: shape (..., quantiles), or (rows,) with
        ``groups`` or ``offsets``.
    population
        The people of each quantile, of the same shape.
    standard_error
        Of each value, in its units; ``calculate_standard_error`` derives it from limits. It sets the
        interval and not the line.
    polarity
        ``higher_is_better``, ``lower_is_better`` or ``none``.
    groups
        A label for each row, each group's rows from the most to the least deprived; results come in the
        order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows.
    confidence_level
        A share, or an array that broadcasts with the result.

    Returns
    -------
    Estimate
        In the units of ``value``. NaN with a reason: ``missing`` where a value or standard error of the
        group is NaN, ``no_population`` where a quantile has none, ``too_few_quantiles`` below two.

    Raises
    ------
    InputError
        Where a population or standard error is negative (rows are named), shapes differ, or the polarity
        is not known.

    References
    ----------
    Pamuk ER. Social class inequality in mortality from 1921 to 1972 in England and Wales. Popul Stud
    1985;39:17-31. Low A, Low A. Importance of relative measures in policy on health inequalities.
    BMJ 2006;332:967-9. The interval is that of a linear combination of independent normal values.

    Examples
    --------
    Uptake of 50 % among the most deprived fifth, and 5 points more in each fifth after it:

    >>> sii = calculate_sii([50, 55, 60, 65, 70], [1000] * 5, standard_error=[1] * 5,
    ...                     polarity="higher_is_better")
    >>> print(f"{sii.value:.1f} ({sii.lower_cl:.1f} to {sii.upper_cl:.1f})")
    25.0 (21.9 to 28.1)
    """
    sign = require_polarity(polarity)
    line = _fit_line(value, population, standard_error, groups, offsets)
    gap = sign * (line.least_deprived - line.most_deprived)
    variance = line.most_variance + line.least_variance - 2 * line.covariance
    level = require_confidence_level(confidence_level)
    half_width = special.ndtri(0.5 + level / 2) * np.sqrt(np.maximum(variance, 0.0))
    reasons = _line_reasons(line, half_width.shape)
    return Estimate.of(np.broadcast_to(gap, half_width.shape), gap - half_width, gap + half_width, reasons)


def calculate_rii(
    value: ArrayLike,
    population: ArrayLike,
    *,
    standard_error: ArrayLike,
    polarity: str,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """Relative index of inequality: the ratio between the two ends of the deprivation scale.

    The ends are those of the line that ``calculate_sii`` fits. Above 1 means a gap against the more
    deprived: least over most deprived where higher is better, most over least otherwise.

    Parameters
    ----------
    value, population, standard_error, polarity, groups, offsets, confidence_level
        As for ``calculate_sii``.

    Returns
    -------
    Estimate
        The interval is by the delta method on the logarithm of the ratio. Beside the reasons of
        ``calculate_sii``, NaN with ``not_estimable`` where an end of the line is not above 0.

    Raises
    ------
    InputError
        As for ``calculate_sii``.

    References
    ----------
    Mackenbach JP, Kunst AE. Measuring the magnitude of socio-economic inequalities in health. Soc Sci
    Med 1997;44:757-71.

    Examples
    --------
    >>> rii = calculate_rii([50, 55, 60, 65, 70], [1000] * 5, standard_error=[1] * 5,
    ...                     polarity="higher_is_better")
    >>> print(f"{rii.value:.3f}")
    1.526
    """
    sign = require_polarity(polarity)
    line = _fit_line(value, population, standard_error, groups, offsets)
    level = require_confidence_level(confidence_level)
    most, least = line.most_deprived, line.least_deprived
    with np.errstate(invalid="ignore", divide="ignore"):
        log_ratio = sign * (np.log(least) - np.log(most))
        variance = line.most_variance / most**2 + line.least_variance / least**2
        variance -= 2 * line.covariance / (most * least)
        half_width = special.ndtri(0.5 + level / 2) * np.sqrt(np.maximum(variance, 0.0))
    not_estimable = ~((most > 0) & (least > 0))
    reasons = _line_reasons(line, half_width.shape, not_estimable)
    value_at = np.broadcast_to(np.exp(log_ratio), half_width.shape)
    return Estimate.of(value_at, np.exp(log_ratio - half_width), np.exp(log_ratio + half_width), reasons)


def _fit_line(
    value: ArrayLike,
    population: ArrayLike,
    standard_error: ArrayLike,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> _Line:
    y, n, se = require_same_shape(
        value=require_numbers("value", value),
        population=require_counts("population", population),
        standard_error=require_counts("standard_error", standard_error),
    )
    rows = find_groups(y.shape, groups, offsets)
    y, n, se = (rows.arrange(array) for array in (y, n, se))
    missing = np.isnan(rows.total(y + n + se))
    no_population = rows.total((n == 0).astype(np.float64)) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        share, rank = _population_ranks(rows, np.nan_to_num(n))
        # Midpoint ranks weighted by population average exactly one half, so the line needs one moment.
        lean = share * (rank - 0.5)
        slope_weight = lean / rows.spread(rows.total(lean * (rank - 0.5)))
        most, least = share - 0.5 * slope_weight, share + 0.5 * slope_weight
        variance = se**2
        return _Line(
            rows.total(most * y),
            rows.total(least * y),
            rows.total(most**2 * variance),
            rows.total(least**2 * variance),
            rows.total(most * least * variance),
            rows,
            missing,
            no_population,
        )


def _population_ranks(rows: Groups, n: Floats) -> tuple[Floats, Floats]:
    share = n / rows.spread(rows.total(n))
    below = np.concatenate([[0.0], np.cumsum(n)])
    start = np.repeat(below[rows.offsets[:-1]], rows.sizes)
    return share, (below[:-1] - start + n / 2) / rows.spread(rows.total(n))


def _line_reasons(line: _Line, shape: tuple[int, ...], not_estimable: object = None) -> NDArray[np.int8]:
    sizes = line.rows.sizes.reshape(line.rows.shape)
    return reasons_for(
        shape,
        missing=line.missing,
        no_population=line.no_population,
        too_few_quantiles=sizes < 2,
        not_estimable=not_estimable,
    )
