"""Measures of how unevenly a figure is spread over subgroups, and how each answers to a single value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from evenground.stats.estimates import Floats
from evenground.stats.subgroups import Bools, Rows


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a measure needs beside the values: arrays of shape (sets, subgroups) or (sets,)."""

    share: Floats
    weight: Floats
    filled: Bools
    fixed_mean: Floats | None = None
    best: float = 0.0
    reference: Rows | None = None
    multiplier: float = 1.0

    def mean(self, y: Floats) -> Floats:
        """The mean of the values, or the one that was given; of shape (sets,) or (sets, draws)."""
        if self.fixed_mean is not None:
            return self.fixed_mean.reshape(-1, *[1] * (y.ndim - 2))
        return _weigh(self.share, y)

    def mean_gradient(self) -> Floats:
        """How the mean answers to each value."""
        return self.share if self.fixed_mean is None else np.zeros_like(self.share)

    def take(self, some: slice) -> Weighing:
        """The weighing of some of the sets."""
        return replace(
            self,
            share=self.share[some],
            weight=self.weight[some],
            filled=self.filled[some],
            fixed_mean=None if self.fixed_mean is None else self.fixed_mean[some],
            reference=None if self.reference is None else self.reference[some],
        )


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of values of shape (sets, subgroups[, draws]), and its derivatives without draws."""

    of: Callable[[Floats, Weighing], Floats]
    gradient: Callable[[Floats, Weighing], Floats]
    variance: Callable[[Floats, Floats, Weighing], Floats] | None = None
    relative: bool = False


def _weigh(weight: Floats, y: Floats) -> Floats:
    if y.ndim == 2:
        total: Floats = np.einsum("gk,gk->g", weight, y)
        return total
    product: Floats = np.matmul(weight[:, None, :], y)[:, 0, :]
    return product


def _across(weighing: Weighing, y: Floats) -> Floats:
    return np.expand_dims(weighing.mean(y), 1)


def _ratio_to_mean(y: Floats, weighing: Weighing) -> Floats:
    ratio = y / _across(weighing, y)
    if weighing.filled.all():
        return ratio
    return np.where(weighing.filled.reshape(*weighing.filled.shape, *[1] * (y.ndim - 2)), ratio, 1.0)


def _theil(y: Floats, weighing: Weighing) -> Floats:
    ratio = _ratio_to_mean(y, weighing)
    # r ln r goes to 0 with r; the smallest number in place of 0 makes it exactly that.
    terms = ratio * np.log(np.maximum(ratio, np.finfo(np.float64).tiny))
    return weighing.multiplier * _weigh(weighing.share, terms)


def _theil_gradient(y: Floats, weighing: Weighing) -> Floats:
    ratio, w = _ratio_to_mean(y, weighing), weighing.share
    logs = np.log(ratio)
    centre = np.sum(w * (ratio + special.xlogy(ratio, ratio)), axis=1, keepdims=True)
    gradient: Floats = weighing.multiplier * w * (1 + logs - centre) / _across(weighing, y)
    return gradient


def _mean_log_deviation(y: Floats, weighing: Weighing) -> Floats:
    return -weighing.multiplier * _weigh(weighing.share, np.log(_ratio_to_mean(y, weighing)))


def _mean_log_deviation_gradient(y: Floats, weighing: Weighing) -> Floats:
    inverse = 1 / _ratio_to_mean(y, weighing)
    return weighing.multiplier * weighing.share * (1 - inverse) / _across(weighing, y)


def _variance(y: Floats, weighing: Weighing) -> Floats:
    return _weigh(weighing.share, (y - _across(weighing, y)) ** 2)


def _variance_gradient(y: Floats, weighing: Weighing) -> Floats:
    return 2 * weighing.share * (y - _across(weighing, y))


def _variance_of_variance(y: Floats, error: Floats, weighing: Weighing) -> Floats:
    w, squared = weighing.share, error**2
    first = np.sum((w * error * (y - _across(weighing, y))) ** 2, axis=1)
    second = np.sum(w**2 * squared, axis=1) ** 2 - np.sum((w * error) ** 4, axis=1)
    own = np.sum((w * (1 - w) * squared) ** 2, axis=1)
    total: Floats = 4 * first + 2 * (second + own)
    return total


def _standard_deviation(y: Floats, weighing: Weighing) -> Floats:
    return np.sqrt(_variance(y, weighing))


def _standard_deviation_gradient(y: Floats, weighing: Weighing) -> Floats:
    return _variance_gradient(y, weighing) / (2 * _standard_deviation(y, weighing)[:, None])


def _variation(y: Floats, weighing: Weighing) -> Floats:
    return weighing.multiplier * _standard_deviation(y, weighing) / weighing.mean(y)


def _variation_gradient(y: Floats, weighing: Weighing) -> Floats:
    mean, deviation = _across(weighing, y), _standard_deviation(y, weighing)[:, None]
    own = _standard_deviation_gradient(y, weighing) / mean
    return weighing.multiplier * (own - deviation * weighing.mean_gradient() / mean**2)


def _from_mean(y: Floats, weighing: Weighing) -> Floats:
    return _weigh(weighing.weight, np.abs(y - _across(weighing, y)))


def _from_mean_gradient(y: Floats, weighing: Weighing) -> Floats:
    side = weighing.weight * np.sign(y - _across(weighing, y))
    gradient: Floats = side - side.sum(axis=1, keepdims=True) * weighing.mean_gradient()
    return gradient


def _disparity(y: Floats, weighing: Weighing) -> Floats:
    return weighing.multiplier * _from_mean(y, weighing) / weighing.mean(y)


def _disparity_gradient(y: Floats, weighing: Weighing) -> Floats:
    mean, apart = _across(weighing, y), _from_mean(y, weighing)[:, None]
    own = _from_mean_gradient(y, weighing) / mean
    return weighing.multiplier * (own - apart * weighing.mean_gradient() / mean**2)


def _best(y: Floats, weighing: Weighing) -> Floats:
    lead = weighing.best * y
    if not weighing.filled.all():
        filled = weighing.filled.reshape(*weighing.filled.shape, *[1] * (y.ndim - 2))
        lead = np.where(filled, lead, -np.inf)
    highest: Floats = weighing.best * lead.max(axis=1)
    return highest


def _from_best(y: Floats, weighing: Weighing) -> Floats:
    # None is better than the best, so the mean of the distances is the distance of the mean.
    return weighing.best * (_best(y, weighing) - _weigh(weighing.weight, y))


def _from_best_gradient(y: Floats, weighing: Weighing) -> Floats:
    leading = (y == _best(y, weighing)[:, None]) & weighing.filled
    # Of several that lead together, each is as much the best as the others.
    gradient: Floats = leading / leading.sum(axis=1, keepdims=True) - weighing.weight
    return weighing.best * gradient


def _reference_of(y: Floats, weighing: Weighing) -> Floats:
    column = np.asarray(weighing.reference)
    return np.take_along_axis(y, column.reshape(-1, *[1] * (y.ndim - 1)), axis=1)


def _from_reference(y: Floats, weighing: Weighing) -> Floats:
    return _weigh(weighing.weight, np.abs(y - _reference_of(y, weighing)))


def _from_reference_gradient(y: Floats, weighing: Weighing) -> Floats:
    side = weighing.weight * np.sign(y - _reference_of(y, weighing))
    at = np.arange(y.shape[1]) == np.asarray(weighing.reference)[:, None]
    gradient: Floats = side - at * side.sum(axis=1, keepdims=True)
    return gradient


THEIL = Measure(_theil, _theil_gradient, relative=True)
MEAN_LOG_DEVIATION = Measure(_mean_log_deviation, _mean_log_deviation_gradient, relative=True)
VARIANCE = Measure(_variance, _variance_gradient, _variance_of_variance)
STANDARD_DEVIATION = Measure(_standard_deviation, _standard_deviation_gradient)
VARIATION = Measure(_variation, _variation_gradient, relative=True)
FROM_MEAN = Measure(_from_mean, _from_mean_gradient)
DISPARITY = Measure(_disparity, _disparity_gradient, relative=True)
FROM_BEST = Measure(_from_best, _from_best_gradient)
FROM_REFERENCE = Measure(_from_reference, _from_reference_gradient)
