"""How far a community's own figure is to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import optimize, special

from evenground.reach.main_effects import Codes, Floats

SPREADS: Final = (0.03, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Standard deviations, on the logit scale, of the kinds of community that the prior mixes."""

_CHUNK: Final = 4096
_LIKELIHOOD_POINTS: Final = 49
_PRIOR_POINTS: Final = 47
_WEIGHT_STEPS: Final = 500
_WEIGHT_TOLERANCE: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Communities:
    """What is known of each community before its own figure is believed: arrays of shape (communities,).

    Attributes
    ----------
    eligible, reached
        Counts.
    expected
        How many the main effects would lead one to expect to be reached.
    information
        The binomial variance of that number, summed over the strata.
    prediction_variance
        Of the main-effects prediction, on the logit scale.
    """

    eligible: Floats
    reached: Floats
    expected: Floats
    information: Floats
    prediction_variance: Floats

    @property
    def predicted(self) -> Floats:
        """Uptake by the main effects alone."""
        return np.asarray(np.clip(self.expected / self.eligible, 1e-9, 1 - 1e-9))


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known of each community's uptake afterwards, on a grid of its own.

    Attributes
    ----------
    uptake
        Shape (communities, points), rising: shares.
    mass
        Shape (communities, points): the probability at each point; each row sums to 1.
    """

    uptake: Floats
    mass: Floats

    @property
    def mean(self) -> Floats:
        """The expected uptake of each community."""
        return np.asarray(np.sum(self.uptake * self.mass, axis=1))

    def quantiles(self, probabilities: Floats) -> Floats:
        """Uptake at these rising probabilities, shape (communities, probabilities)."""
        # The mass of a point lies around it: half below, half above.
        rows = np.arange(len(self.mass))[:, None]
        middle = np.pad(np.cumsum(self.mass, axis=1) - self.mass / 2, ((0, 0), (1, 1)))
        middle[:, -1] = 1.0
        uptake = np.pad(self.uptake, ((0, 0), (1, 1)), mode="edge")
        # One interpolation for all rows: each row's probabilities are moved to an interval of their own.
        flat = np.interp((probabilities + 2 * rows).ravel(), (middle + 2 * rows).ravel(), uptake.ravel())
        return np.asarray(flat.reshape(len(rows), len(probabilities)))


def estimate_uptake(communities: Communities, area: Codes | None) -> Posterior:
    """The posterior of each community's uptake.

    Uptake on the logit scale is the main effects' prediction, plus an effect shared by the communities of
    an area (normal), plus an effect of the community alone: a mixture of normals about 0 with the spreads
    ``SPREADS``, whose weights are estimated by maximum marginal likelihood. The mixture lets most
    communities be drawn in closely while a few are let stand far out.

    Parameters
    ----------
    communities
        Every one with someone eligible.
    area
        The area of each community, from 0, where several communities share one; else ``None``.

    Returns
    -------
    Posterior

    References
    ----------
    Stephens M. False discovery rates: a new deal. Biostatistics 2017;18:275-94 (the mixture of normals
    about 0). Efron B. Large-scale inference. 2010, chapter 1 (empirical Bayes).
    """
    shift, shift_variance = _area_effects(communities, area)
    variance = communities.prediction_variance + shift_variance
    starts = range(0, len(shift), _CHUNK)
    parts = [slice(start, start + _CHUNK) for start in starts]
    evidence = np.concatenate([_evidence(communities, shift, variance, part) for part in parts])
    weights = _mixture_weights(evidence)
    posteriors = [_posterior(communities, shift, variance, weights, part) for part in parts]
    return Posterior(*(np.concatenate(arrays) for arrays in zip(*posteriors, strict=True)))


def estimate_spreads(deviation: Floats, variance: Floats, area: Codes) -> tuple[float, float]:
    """The variances of area and community effects by maximum likelihood, on the logit scale.

    Parameters
    ----------
    deviation, variance
        Each community's own deviation from its prediction, and the sampling variance of that.
    area
        The area of each community, from 0.
    """

    def loss(log_spreads: Floats) -> float:
        between_areas, within = np.exp(2 * log_spreads)
        weight = 1 / (variance + within)
        total = np.bincount(area, weight)
        pull = np.bincount(area, weight * deviation)
        grown = 1 + between_areas * total
        fit = np.sum(weight * deviation**2) - np.sum(between_areas * pull**2 / grown)
        return float(fit - np.sum(np.log(weight)) + np.sum(np.log(grown)))

    best = optimize.minimize(
        loss, np.log([0.2, 0.2]), method="L-BFGS-B", bounds=[(np.log(0.005), np.log(3.0))] * 2
    )
    between_areas, within = np.exp(2 * best.x)
    return float(between_areas), float(within)


def _area_effects(communities: Communities, area: Codes | None) -> tuple[Floats, Floats]:
    if area is None:
        nothing = np.zeros(len(communities.eligible))
        return nothing, nothing
    information = np.maximum(communities.information, 1e-9)
    deviation = (communities.reached - communities.expected) / information
    variance = 1 / information + communities.prediction_variance
    between_areas, within = estimate_spreads(deviation, variance, area)
    weight = 1 / (variance + within)
    # A community's own figure is counted once, in its likelihood: here the area is judged by the others.
    others = np.bincount(area, weight)[area] - weight
    pull = np.bincount(area, weight * deviation)[area] - weight * deviation
    area_variance = 1 / (1 / between_areas + np.maximum(others, 0.0))
    return pull * area_variance, area_variance


def _grid(communities: Communities, shift: Floats, part: slice) -> Floats:
    """Points on the logit scale: where the likelihood is, and where the prior is; shape (part, points)."""
    n, y = communities.eligible[part], communities.reached[part]
    own = special.logit((y + 0.5) / (n + 1)) - special.logit(communities.predicted[part])
    own_spread = np.sqrt(1 / (y + 0.5) + 1 / (n - y + 0.5))
    likelihood = own[:, None] + own_spread[:, None] * _rising(_LIKELIHOOD_POINTS, end=8.0, pinch=3.0)
    prior = shift[part, None] + _rising(_PRIOR_POINTS, end=7.0, pinch=5.0)
    return np.sort(np.concatenate([np.clip(likelihood, -15.0, 15.0), prior], axis=1), axis=1)


def _rising(points: int, *, end: float, pinch: float) -> Floats:
    # Dense at 0, the more so the higher the pinch, and sparse far out.
    rising: Floats = end * np.sinh(np.linspace(-pinch, pinch, points)) / np.sinh(pinch)
    return rising


def _log_likelihood(communities: Communities, grid: Floats, part: slice) -> Floats:
    predictor = special.logit(communities.predicted[part])[:, None] + grid
    n, y = communities.eligible[part, None], communities.reached[part, None]
    loss = y * predictor - n * np.logaddexp(0.0, predictor)
    return np.asarray(loss - loss.max(axis=1, keepdims=True))


def _prior(grid: Floats, shift: Floats, variance: Floats, spread: float) -> Floats:
    total = (variance + spread**2)[:, None]
    return np.asarray(np.exp(-0.5 * (grid - shift[:, None]) ** 2 / total) / np.sqrt(total))


def _trapezoid_widths(grid: Floats) -> Floats:
    steps = np.diff(grid, axis=1) / 2
    widths = np.zeros_like(grid)
    widths[:, :-1] += steps
    widths[:, 1:] += steps
    return widths


def _evidence(communities: Communities, shift: Floats, variance: Floats, part: slice) -> Floats:
    """How well each kind of community explains each one's figure, shape (part, spreads)."""
    grid = _grid(communities, shift, part)
    measure = np.exp(_log_likelihood(communities, grid, part)) * _trapezoid_widths(grid)
    return np.stack(
        [np.sum(measure * _prior(grid, shift[part], variance[part], spread), axis=1) for spread in SPREADS],
        axis=1,
    )


def _mixture_weights(evidence: Floats) -> Floats:
    """Maximum-likelihood weights by expectation-maximisation; a single community leaves them near equal."""
    relative = evidence / evidence.max(axis=1, keepdims=True)
    weights = np.full(relative.shape[1], 1 / relative.shape[1])
    for _ in range(_WEIGHT_STEPS):
        share = weights * (relative.T @ (1 / (relative @ weights)))
        # One community's worth of doubt, spread evenly, keeps every kind possible.
        before, weights = weights, (share + 1 / len(weights)) / (len(relative) + 1)
        if np.max(np.abs(weights - before)) < _WEIGHT_TOLERANCE:
            break
    return weights


def _posterior(
    communities: Communities, shift: Floats, variance: Floats, weights: Floats, part: slice
) -> tuple[Floats, Floats]:
    grid = _grid(communities, shift, part)
    mass = np.exp(_log_likelihood(communities, grid, part)) * _trapezoid_widths(grid)
    mass *= sum(
        weight * _prior(grid, shift[part], variance[part], spread)
        for weight, spread in zip(weights, SPREADS, strict=True)
    )
    mass /= mass.sum(axis=1, keepdims=True)
    return special.expit(special.logit(communities.predicted[part])[:, None] + grid), mass
