"""Limits of sums of skewed quantities, from their first three cumulants.

A weighted sum of lognormal or logit-normal values is matched by a shifted lognormal distribution of the
same mean, variance and skewness: normal where the skewness is none, exact where one lognormal value
dominates, and rising in the quantile everywhere, which a series in the cumulants is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import elementwise

from evenground.stats.estimates import Floats

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_FAR: Final = 1e3


class Cumulants(NamedTuple):
    """Mean, variance and third cumulant (of independent quantities they add up)."""

    mean: Floats
    variance: Floats
    third: Floats


class RatioCumulants(NamedTuple):
    """The cumulants of a numerator and a denominator, with those that they share."""

    numerator: Floats
    denominator: Floats
    numerator2: Floats
    mixed: Floats
    denominator2: Floats
    numerator3: Floats
    numerator2_denominator: Floats
    numerator_denominator2: Floats
    denominator3: Floats

    def of_difference(self, n: Floats, d: Floats) -> Cumulants:
        """The cumulants of n numerators less d denominators."""
        return Cumulants(
            n * self.numerator - d * self.denominator,
            n**2 * self.numerator2 - 2 * n * d * self.mixed + d**2 * self.denominator2,
            n**3 * self.numerator3
            - 3 * n**2 * d * self.numerator2_denominator
            + 3 * n * d**2 * self.numerator_denominator2
            - d**3 * self.denominator3,
        )


def take_cumulants(back: Callable[[Floats], Floats], point: Floats, error: Floats) -> Cumulants:
    """The cumulants of ``back(x)``, x normal about the point; by Gauss-Hermite quadrature."""
    mean, variance, third = np.zeros((3, *point.shape))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        mean += weight * back(point + error * node)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        distance = back(point + error * node) - mean
        square = weight * distance**2
        variance += square
        third += square * distance
    return Cumulants(mean, variance, third)


def find_quantile(cumulants: Cumulants, z: Floats) -> Floats:
    """The quantile that a normal quantity would have at z."""
    mean, variance, _ = cumulants
    side, ratio, spread = _match(cumulants)
    return mean + np.sqrt(variance) * side * np.expm1(side * spread * z - spread**2 / 2) / ratio


def find_ratio_quantile(cumulants: RatioCumulants, z: Floats) -> Floats:
    """The ratio of numerator to denominator that a normal quantity would reach at z.

    A ratio is below a bound where numerator less bound times denominator is below 0. The bound is sought
    as an angle: 0 where already the numerator is below zero there, infinite where the denominator is.
    """

    def distance(angle: Floats, z: Floats, *cumulants: Floats) -> Floats:
        difference = RatioCumulants(*cumulants).of_difference(np.cos(angle), np.sin(angle))
        # Off the end of the matched distribution the score is infinite, which a root finder cannot use.
        return np.clip(_score_of_zero(difference) - z, -_FAR, _FAR)

    ends = np.zeros_like(z), np.full_like(z, np.pi / 2)
    none, infinite = distance(ends[0], z, *cumulants) >= 0, distance(ends[1], z, *cumulants) <= 0
    angle = elementwise.find_root(distance, ends, args=(z, *cumulants)).x
    return np.where(none, 0.0, np.where(infinite, np.inf, np.tan(angle)))


def _score_of_zero(cumulants: Cumulants) -> Floats:
    """The z of a normal quantity at the probability of not being above 0."""
    mean, variance, _ = cumulants
    side, ratio, spread = _match(cumulants)
    inside = np.maximum(-side * ratio * mean / np.sqrt(variance), -1.0)
    score: Floats = side * (np.log1p(inside) + spread**2 / 2) / spread
    return score


def _match(cumulants: Cumulants) -> tuple[Floats, Floats, Floats]:
    """Side of the long tail, coefficient of variation from the shift, and spread of the logarithm."""
    _, variance, third = cumulants
    skewness = np.where(variance > 0, third / variance**1.5, 0.0)
    # Skewness r(r^2 + 3) of a lognormal with coefficient of variation r; at 1e-12 it is normal to the
    # last digit.
    ratio = np.maximum(2 * np.sinh(np.arcsinh(np.abs(skewness) / 2) / 3), 1e-12)
    return np.where(skewness < 0, -1.0, 1.0), ratio, np.sqrt(np.log1p(ratio**2))
