"""Confidence intervals for shares and counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from evenground.stats.estimates import (
    Floats,
    require_confidence_level,
    require_counts,
    require_rows,
    require_same_shape,
)

EXACT_BELOW = 10
"""Counts below this take the exact Poisson interval; from it on, Byar's (the field's switch)."""


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
    z = _two_sided_z(confidence_level)
    with np.errstate(invalid="ignore", divide="ignore"):
        # The upper limit is one minus the lower limit of the complement: both stay exact at the ends
        # and keep their digits near them.
        return _wilson_lower(x, n, z), 1.0 - _wilson_lower(n - x, n, z)


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
    z = _two_sided_z(confidence_level)
    with np.errstate(invalid="ignore", divide="ignore"):
        lower = x * (1 - 1 / (9 * x) - z / (3 * np.sqrt(x))) ** 3
        above = x + 1
        upper = above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3
    return lower, upper


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
    confidence intervals, 2008, pp. 12-13.

    Examples
    --------
    >>> lower, upper = calculate_poisson_interval([0, 5])
    >>> print(lower.round(2), upper.round(2))
    [0.   1.62] [ 3.69 11.67]
    """
    x = require_counts("count", count)
    x, level = require_same_shape(count=x, confidence_level=require_confidence_level(confidence_level))
    lower, upper = (np.array(limit) for limit in calculate_byars_interval(x, confidence_level=level))
    small = x < EXACT_BELOW
    tail = (1 - level[small]) / 2
    # Half the chi-square quantile on 2x degrees of freedom is the gamma quantile of shape x.
    lower[small] = np.where(x[small] > 0, special.gammaincinv(np.maximum(x[small], 1e-300), tail), 0.0)
    upper[small] = special.gammainccinv(x[small] + 1, tail)
    return lower, upper


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
    require_rows((x <= n) | np.isnan(n), x, "the numerator is above the denominator")
    return x, n


def _two_sided_z(confidence_level: ArrayLike) -> Floats:
    z: Floats = special.ndtri(0.5 + require_confidence_level(confidence_level) / 2)
    return z


def _wilson_lower(x: Floats, n: Floats, z: Floats) -> Floats:
    # The two limits are roots of one quadratic whose product is x^2 / (n (n + z^2)): dividing by the
    # larger root avoids the subtraction that loses the digits of the smaller.
    larger = (2 * x + z**2 + z * np.sqrt(z**2 + 4 * x * (1 - x / n))) / 2
    return (x / n) * (x / larger)
