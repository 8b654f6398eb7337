"""Means with their intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_numbers,
)
from evenground.stats.groups import Groups, find_groups


def calculate_mean(
    values: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    confidence_level: ArrayLike = 0.95,
) -> Estimate:
    """A mean with Student's t interval.

    Parameters
    ----------
    values
        Numbers of any sign: shape (..., values), or (rows,) with ``groups`` or ``offsets``.
    groups
        A label for each row, in any order; results come in the order of ``numpy.unique(groups)``.
    offsets
        Where each group starts in sorted rows, then the number of rows: shape (groups + 1,).
    confidence_level
        A share, or an array that broadcasts with the result.

    Returns
    -------
    Estimate
        One mean for each group, in the units of the values. NaN with reason ``missing`` where a value of
        the group is NaN, ``too_few_values`` where it has none. A single value is its own mean and has
        no reason, but nothing tells how far it may be off: its limits and standard error are NaN. The
        standard error is s / sqrt(n), with n - 1 in the variance; where all values of a group are equal
        it is exactly 0, and both limits are the mean.

    Raises
    ------
    InputError
        Where a value is infinite (rows are named), or groups or offsets do not fit.

    References
    ----------
    Student. The probable error of a mean. Biometrika 1908;6:1-25. Altman DG, Machin D, Bryant TN,
    Gardner MJ. Statistics with confidence, 2nd ed. BMJ Books 2000, ch. 4.

    Examples
    --------
    >>> mean = calculate_mean([132, 141, 138, 150, 149, 126, 133, 144])
    >>> print(f"{mean.value:.1f} ({mean.lower_cl:.1f} to {mean.upper_cl:.1f})")
    139.1 (132.0 to 146.2)
    """
    array = require_numbers("values", values)
    rows = find_groups(array.shape, groups, offsets)
    size = rows.sizes.reshape(rows.shape).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        value, error = _mean_and_error(rows, rows.arrange(array), size)
    half_width = _t_quantile(size, require_confidence_level(confidence_level)) * error
    reasons = reasons_for(half_width.shape, missing=np.isnan(value) & (size > 0), too_few_values=size == 0)
    return Estimate.of(value, value - half_width, value + half_width, reasons, error)


def _mean_and_error(rows: Groups, values: Floats, size: Floats) -> tuple[Floats, Floats]:
    # Measured from the first value of each group, values far from 0 keep their digits and equal values
    # differ by nothing at all.
    first = np.full(rows.sizes.size, np.nan)
    held = rows.sizes > 0
    first[held] = values[rows.offsets[:-1][held]]
    away = values - rows.spread(first)
    shift = rows.total(away) / size
    away -= rows.spread(shift)
    variance = rows.total(np.square(away, out=away)) / (size - 1)
    return first.reshape(rows.shape) + shift, np.sqrt(variance / size)


def _t_quantile(size: Floats, level: Floats) -> Floats:
    """Student's t on one degree of freedom less than values; NaN for fewer than two values."""
    sizes, place = np.unique(size, return_inverse=True)
    place = place.reshape(size.shape)
    freedom = np.where(sizes > 1, sizes - 1.0, np.nan)
    lead = level.shape[: max(level.ndim - size.ndim, 0)]
    if level.size != np.prod(lead, dtype=int):
        return np.asarray(special.stdtrit(freedom[place], 0.5 + level / 2))
    # Groups of one size share their quantile.
    return np.take(special.stdtrit(freedom, 0.5 + level.reshape(*lead, 1) / 2), place, axis=-1)
