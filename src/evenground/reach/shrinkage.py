"""How far a community's own figure is to be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from evenground.reach.main_effects import Floats

SPREADS: Final = (0.03, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Standard deviations, on the logit scale, of the kinds of community that the prior mixes."""

_CHUNK: Final = 4096
_ENOUGH: Final = 20_000
_LIKELIHOOD_POINTS: Final = 49
_PRIOR_POINTS: Final = 47
_WEIGHT_STEPS: Final = 100
_WEIGHT_GAIN: Final = 1e-6
"""Of log likelihood, that a further step promises at most when the search ends."""

_SHORTEST: Final = 1e-4


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
    shift, variance
        What else leads to expect another uptake, as a normal distribution on the logit scale: the area's
        effect as its other communities show it, with the doubt about that and about the main effects.
    """

    eligible: Floats
    reached: Floats
    expected: Floats
    information: Floats
    shift: Floats
    variance: Floats

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


def estimate_uptake(communities: Communities) -> Posterior:
    """The posterior of each community's uptake.

    Uptake on the logit scale is the main effects' prediction, shifted by what the community's area shares,
    plus an effect of the community alone: a mixture of normals about 0 with the spreads ``SPREADS``, whose
    weights are estimated by maximum marginal likelihood. The mixture lets most communities be drawn in
    closely while a few are let stand far out.

    Parameters
    ----------
    communities
        Every one with someone eligible.

    Returns
    -------
    Posterior

    References
    ----------
    Stephens M. False discovery rates: a new deal. Biostatistics 2017;18:275-94 (the mixture of normals
    about 0). Efron B. Large-scale inference. 2010, chapter 1 (empirical Bayes).
    """
    weights = _estimate_weights(communities)
    posteriors = [_posterior(communities, weights, part) for part in _parts(communities)]
    return Posterior(*(np.concatenate(arrays) for arrays in zip(*posteriors, strict=True)))


def estimate_stray(communities: Communities) -> Floats:
    """How far each community is likely to stray from its like, as a share of each of ``SPREADS``.

    Returns
    -------
    numpy.ndarray
        Shape (communities, spreads): the probability that each spread is the one that it was drawn with.
    """
    evidence = np.concatenate([_evidence(communities, part) for part in _parts(communities)])
    likely = evidence * _mixture_weights(evidence[:: _every(communities)])
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def _estimate_weights(communities: Communities) -> Floats:
    every = _every(communities)
    some = Communities(**{name: getattr(communities, name)[::every] for name in Communities.__slots__})
    return _mixture_weights(np.concatenate([_evidence(some, part) for part in _parts(some)]))


def _every(communities: Communities) -> int:
    """Of very many communities one in so many tells how far all of them stray."""
    return max(1, len(communities.eligible) // _ENOUGH)


def _parts(communities: Communities) -> list[slice]:
    return [slice(start, start + _CHUNK) for start in range(0, len(communities.eligible), _CHUNK)]


def _grid(communities: Communities, part: slice) -> Floats:
    """Points on the logit scale: where the likelihood is, and where the prior is; shape (part, points)."""
    n, y = communities.eligible[part], communities.reached[part]
    own = special.logit((y + 0.5) / (n + 1)) - special.logit(communities.predicted[part])
    own_spread = np.sqrt(1 / (y + 0.5) + 1 / (n - y + 0.5))
    likelihood = own[:, None] + own_spread[:, None] * _rising(_LIKELIHOOD_POINTS, end=8.0, pinch=3.0)
    prior = communities.shift[part, None] + _rising(_PRIOR_POINTS, end=7.0, pinch=5.0)
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


def _prior(communities: Communities, grid: Floats, part: slice, spread: float) -> Floats:
    total = (communities.variance[part] + spread**2)[:, None]
    away = grid - communities.shift[part, None]
    return np.asarray(np.exp(-0.5 * away**2 / total) / np.sqrt(total))


def _trapezoid_widths(grid: Floats) -> Floats:
    steps = np.diff(grid, axis=1) / 2
    widths = np.zeros_like(grid)
    widths[:, :-1] += steps
    widths[:, 1:] += steps
    return widths


def _evidence(communities: Communities, part: slice) -> Floats:
    """How well each kind of community explains each one's figure, shape (part, spreads)."""
    grid = _grid(communities, part)
    measure = np.exp(_log_likelihood(communities, grid, part)) * _trapezoid_widths(grid)
    return np.stack(
        [np.sum(measure * _prior(communities, grid, part, spread), axis=1) for spread in SPREADS], axis=1
    )


def _mixture_weights(evidence: Floats) -> Floats:
    """Maximum-likelihood weights by Newton's method; a single community leaves them near equal.

    References
    ----------
    Kim Y et al. A fast algorithm for maximum likelihood estimation of mixture proportions using sequential
    quadratic programming. J Comput Graph Stat 2020;29:261-73 (the form without a constraint).
    """
    relative = evidence / evidence.max(axis=1, keepdims=True)
    communities, kinds = relative.shape
    weights, fitted = np.full(kinds, 1 / kinds), relative.mean(axis=1)
    for _ in range(_WEIGHT_STEPS):
        share = relative / fitted[:, None]
        # One community's worth of doubt, spread evenly, keeps every kind possible.
        slope = share.sum(axis=0) + 1 / kinds / weights - (communities + 1)
        bend = share.T @ share + np.diag(1 / kinds / weights**2)
        step = np.linalg.solve(bend, slope)
        gain = float(slope @ step)
        if gain < _WEIGHT_GAIN:
            break
        moved = relative @ step
        length = min(1.0, 0.9 / max(float(np.max(-step / weights)), 1e-9))
        while (
            length > _SHORTEST and _gain(moved / fitted, step / weights, step, length) < 0.1 * length * gain
        ):
            length /= 2
        weights, fitted = weights + length * step, fitted + length * moved
    return np.asarray(weights / weights.sum())


def _gain(fitted: Floats, weights: Floats, step: Floats, length: float) -> float:
    """What a step of the weights gains of log likelihood, from the relative changes of it and of them."""
    gained = np.sum(np.log1p(length * fitted)) + np.mean(np.log1p(length * weights))
    return float(gained - (len(fitted) + 1) * length * step.sum())


def _posterior(communities: Communities, weights: Floats, part: slice) -> tuple[Floats, Floats]:
    grid = _grid(communities, part)
    mass = np.exp(_log_likelihood(communities, grid, part)) * _trapezoid_widths(grid)
    mass *= sum(
        weight * _prior(communities, grid, part, spread)
        for weight, spread in zip(weights, SPREADS, strict=True)
    )
    mass /= mass.sum(axis=1, keepdims=True)
    return special.expit(special.logit(communities.predicted[part])[:, None] + grid), mass
