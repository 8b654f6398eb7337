"""Confidence intervals for shares and counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from evenground.errors import InputError, suggest
from evenground.stats.estimates import (
    Floats,
    require_confidence_level,
    require_counts,
    require_numbers,
    require_rows,
    require_same_shape,
)

EXACT_BELOW = 10
"""Counts below this take the exact Poisson interval; from it on, Byar's (the field's switch)."""

Limits: TypeAlias = tuple[Floats, Floats]
_Interval: TypeAlias = Callable[[Floats, Floats], Limits]

_ROWS_PER_COUNT: Final = 4


def calculate_wilson_interval(
    numerator: ArrayLike, denominator: ArrayLike, *, confidence_level: ArrayLike = 0.95
) -> tuple[Floats, Floats]:
    """Wilson's score interval for a share.

    Parameters
    ----------
    numerator, denominator
        Counts of any shapes that broadcast together. NaN gives NaN; so does a denominator of 0.
    confidence_level
        A share, or an array that broadcasts with the counts.

    Returns
    -------
    lower, upper
        Limits as shares. The lower limit is exactly 0 at numerator 0, the upper exactly 1 at
        numerator = denominator.

    Raises
    ------
    InputError
        Where a count is negative or infinite, or a numerator is above its denominator; rows are named.

    References
    ----------
    Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc
    1927;22:209-12. Newcombe RG. Stat Med 1998;17:857-72 (method 3, p. 859).

    Examples
    --------
    Newcombe's Table I, 81 of 263:

    >>> lower, upper = calculate_wilson_interval(81, 263)
    >>> print(f"{lower:.4f} to {upper:.4f}")
    0.2553 to 0.3662
    """
    x, n = require_share(numerator, denominator)
    return wilson_limits(x, n, require_confidence_level(confidence_level))


def calculate_byars_interval(
    count: ArrayLike, *, confidence_level: ArrayLike = 0.95
) -> tuple[Floats, Floats]:
    """Byar's approximate interval for a Poisson count, at every size of count.

    Parameters
    ----------
    count
        Counts of any shape; NaN gives NaN. Below about 4 the lower limit is poor, and at 0 it is NaN:
        ``calculate_poisson_interval`` switches to the exact interval there.
    confidence_level
        A share, or an array that broadcasts with the counts.

    Returns
    -------
    lower, upper

    Raises
    ------
    InputError
        Where a count is negative or infinite; rows are named.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. IARC 1987, p. 69.

    Examples
    --------
    >>> lower, upper = calculate_byars_interval(50)
    >>> print(f"{lower:.2f} to {upper:.2f}")
    37.11 to 65.92
    """
    x = require_counts("count", count)
    return byars_limits(x, require_confidence_level(confidence_level))


def calculate_exact_poisson_interval(
    count: ArrayLike, *, confidence_level: ArrayLike = 0.95
) -> tuple[Floats, Floats]:
    """Garwood's exact interval for a Poisson count, at every size of count.

    Parameters
    ----------
    count
        Counts of any shape, whole or not; NaN gives NaN. The lower limit is exactly 0 at a count of 0.
    confidence_level
        A share, or an array that broadcasts with the counts.

    Returns
    -------
    lower, upper
        Half the chi-square quantiles on 2 count and 2 count + 2 degrees of freedom.

    Raises
    ------
    InputError
        Where a count is negative or infinite; rows are named.

    References
    ----------
    Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;28:437-42.

    Examples
    --------
    >>> lower, upper = calculate_exact_poisson_interval([0, 5, 100])
    >>> print(lower.round(2), upper.round(2))
    [ 0.    1.62 81.36] [  3.69  11.67 121.63]
    """
    x = require_counts("count", count)
    return count_limits(x, require_confidence_level(confidence_level), method="exact")


def calculate_poisson_interval(
    count: ArrayLike, *, confidence_level: ArrayLike = 0.95
) -> tuple[Floats, Floats]:
    """Interval for a Poisson count: exact below 10, Byar's from 10.

    Parameters
    ----------
    count
        Counts of any shape; NaN gives NaN. The lower limit is exactly 0 at a count of 0.
    confidence_level
        A share, or an array that broadcasts with the counts.

    Returns
    -------
    lower, upper

    Raises
    ------
    InputError
        Where a count is negative or infinite; rows are named.

    References
    ----------
    Garwood F. Fiducial limits for the Poisson distribution. Biometrika 1936;28:437-42. Association of
    Public Health Observatories. Technical briefing 3: commonly used public health statistics and their
    confidence intervals, 2008, p. 7. The switch at 10: Public Health England. Technical guide: confidence
    intervals, 2018, appendices 1 and 2.

    Examples
    --------
    >>> lower, upper = calculate_poisson_interval([0, 5])
    >>> print(lower.round(2), upper.round(2))
    [0.   1.62] [ 3.69 11.67]
    """
    x = require_counts("count", count)
    return count_limits(x, require_confidence_level(confidence_level))


def calculate_standard_error(
    lower_cl: ArrayLike, upper_cl: ArrayLike, *, confidence_level: ArrayLike = 0.95
) -> Floats:
    """The standard error that a symmetric interval of this width would have had.

    Parameters
    ----------
    lower_cl, upper_cl
        Limits; NaN gives NaN.
    confidence_level
        The level the limits were calculated at.

    Returns
    -------
    numpy.ndarray
        (upper - lower) / 2z, in the units of the limits.

    Examples
    --------
    >>> print(calculate_standard_error(0.4, 0.6).round(4))
    0.051
    """
    return (np.asarray(upper_cl, np.float64) - np.asarray(lower_cl, np.float64)) / (
        2 * _two_sided_z(confidence_level)
    )


def require_share(numerator: ArrayLike, denominator: ArrayLike) -> tuple[Floats, Floats]:
    """Numerator and denominator as floats of one shape, the first never above the second."""
    x, n = require_same_shape(
        numerator=require_counts("numerator", numerator),
        denominator=require_counts("denominator", denominator),
    )
    if np.any(x > n):
        require_rows((x <= n) | np.isnan(n), x, "the numerator is above the denominator")
    return x, n


def require_multiplier(multiplier: ArrayLike) -> Floats:
    """What a figure is expressed per, as a finite number above 0 (or an array of them)."""
    per = require_numbers("multiplier", multiplier)
    if not np.all(per > 0):
        raise InputError(
            "multiplier must be above 0: 1 for a share, 100 for a percentage, 100_000 for a rate per 100,000."
        )
    return per


def scale(limit: Floats, per: Floats) -> Floats:
    """A limit just worked out, times what it is expressed per: in its own memory where the shapes allow."""
    limit = np.asarray(limit)
    fits = np.broadcast_shapes(limit.shape, np.shape(per)) == limit.shape
    scaled: Floats = np.multiply(limit, per, out=limit if fits else None)
    return scaled


def wilson_limits(x: Floats, n: Floats, level: Floats) -> Limits:
    """Wilson's limits of counts that are known to be possible."""
    z = _two_sided_z(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        other = n - x
        root = np.asarray(z**2 + 4 * x * (other / n))
        np.sqrt(root, out=root)
        root *= z
        root += z**2
        # The two limits are roots of one quadratic: dividing their product by the larger root avoids the
        # subtraction that loses the digits of the smaller. The upper limit is one minus the lower limit
        # of the complement, which has the same square root: both are exact at the ends.
        lower = np.asarray(root + 2 * x)
        np.divide(2 * x * (x / n), lower, out=lower)
        root += 2 * other
        np.divide(2 * other * (other / n), root, out=root)
        return lower, np.subtract(1.0, root, out=root)


def count_limits(x: Floats, level: Floats, *, method: str = "exact_below_10") -> Limits:
    """Limits of counts that are known to be possible, by one of ``COUNT_METHODS``.

    Raises
    ------
    InputError
        Where the method is not known; the nearest is named.
    """
    if method not in COUNT_METHODS:
        raise InputError(f'The method "{method}" is not known. {suggest(method, COUNT_METHODS)}')
    return _once_a_count(COUNT_METHODS[method], x, level)


def byars_limits(x: Floats, level: Floats) -> Limits:
    """Byar's limits of counts that are known to be possible."""
    z = _two_sided_z(level)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return _byars_limit(x, -z), _byars_limit(x + 1, z)


def _byars_limit(x: Floats, z: Floats) -> Floats:
    root = 1 / (3 * np.sqrt(x))
    # Multiplied out, since NumPy's third power is many times slower.
    base = np.asarray(z * root + (1 - root * root))
    limit = np.multiply(base, base)
    limit *= base
    limit *= x
    return np.asarray(limit)


def _exact_limits(x: Floats, level: Floats) -> Limits:
    tail = (1 - level) / 2
    # Half the chi-square quantile on 2x degrees of freedom is the gamma quantile of shape x.
    lower = np.where(x == 0, 0.0, special.gammaincinv(np.where(x == 0, 1.0, x), tail))
    return lower, np.asarray(special.gammainccinv(x + 1, tail))


def _switched_limits(x: Floats, level: Floats) -> Limits:
    lower, upper = byars_limits(x, level)
    lead = _leading_axes(x, level)
    if lead is None:
        x, level = np.broadcast_arrays(x, level)
    small = x < EXACT_BELOW
    if small.any():
        at = level[small] if lead is None else level.reshape(*lead, 1)
        lower[..., small], upper[..., small] = _once_a_count(_exact_limits, x[small], at)
    return lower, upper


def _once_a_count(interval: _Interval, x: Floats, level: Floats) -> Limits:
    # Many small areas share few counts: their limits are worked out once for each count.
    lead, highest = _leading_axes(x, level), np.fmax.reduce(x, axis=None, initial=-1.0)
    if lead is None or not 0 <= highest < x.size / _ROWS_PER_COUNT:
        return interval(x, level)
    unknown = highest + 1
    places = np.nan_to_num(x, nan=unknown).astype(np.intp)
    if not np.all((places == x) | (places == unknown)):
        return interval(x, level)
    counts = np.append(np.arange(unknown), np.nan)
    lower, upper = interval(counts, level.reshape(*lead, 1))
    return np.take(lower, places, axis=-1), np.take(upper, places, axis=-1)


def _leading_axes(x: Floats, level: Floats) -> tuple[int, ...] | None:
    """The axes that the levels put before those of the counts; None where levels differ along the counts."""
    lead = level.shape[: max(level.ndim - x.ndim, 0)]
    return lead if level.size == np.prod(lead, dtype=int) else None


def _two_sided_z(confidence_level: ArrayLike) -> Floats:
    z: Floats = special.ndtri(0.5 + require_confidence_level(confidence_level) / 2)
    return z


COUNT_METHODS: Final[dict[str, _Interval]] = {
    "exact_below_10": _switched_limits,
    "exact": _exact_limits,
    "byar": byars_limits,
}
"""The intervals for a count by name."""
