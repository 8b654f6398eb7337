"""How far a community's own figure is to be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evenground.reach.main_effects import Floats

SPREADS: Final = (0.03, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Standard deviations, on the logit scale, of the kinds of community that the prior mixes."""

_CHUNK: Final = 1024
_ENOUGH: Final = 20_000
_WEIGHT_STEPS: Final = 100
_WEIGHT_GAIN: Final = 1e-6
"""Of log likelihood, that a further step promises at most when the search ends."""

_SHORTEST: Final = 1e-4


def _rising(points: int, *, end: float, pinch: float) -> Floats:
    # Dense at 0, the more so the higher the pinch, and sparse far out.
    rising: Floats = end * np.sinh(np.linspace(-pinch, pinch, points)) / np.sinh(pinch)
    return rising


_LIKELIHOOD: Final = _rising(49, end=8.0, pinch=3.0)
_PRIOR: Final = _rising(47, end=7.0, pinch=5.0)
"""Points about what a community's own counts say, in its standard errors, and about what else is expected."""


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
        found = np.empty((len(self.mass), len(probabilities)))
        for part in parts_of(len(found)):
            found[part] = _quantiles(self.uptake[part], self.mass[part], probabilities)
        return found


def parts_of(communities: int) -> Iterator[slice]:
    """Some communities at a time: so few that what is worked out of them stays in the processor's memory."""
    for start in range(0, communities, _CHUNK):
        yield slice(start, start + _CHUNK)


def _quantiles(uptake: Floats, mass: Floats, probabilities: Floats) -> Floats:
    # The mass of a point lies around it: half below, half above.
    rows = np.arange(len(mass))[:, None]
    middle = np.empty((mass.shape[0], mass.shape[1] + 2))
    middle[:, 0], middle[:, -1] = 0.0, 1.0
    np.cumsum(mass, axis=1, out=middle[:, 1:-1])
    middle[:, 1:-1] -= mass / 2
    # One interpolation for all rows: each row's probabilities are moved to an interval of their own.
    middle += 2 * rows
    uptake = np.pad(uptake, ((0, 0), (1, 1)), mode="edge")
    flat = np.interp((probabilities + 2 * rows).ravel(), middle.ravel(), uptake.ravel())
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
    every = _every(communities)
    some = list(_scan(communities, every))
    weights = _mixture_weights(np.concatenate([scan.evidence() for scan in some]))
    shape = (len(communities.eligible), len(_LIKELIHOOD) + len(_PRIOR))
    found = Posterior(np.empty(shape), np.empty(shape))
    scans = some if every == 1 else _scan(communities)
    for part, scan in zip(parts_of(len(communities.eligible)), scans, strict=True):
        found.uptake[part], found.mass[part] = scan.posterior(weights)
    return found


def estimate_stray(communities: Communities) -> Floats:
    """How far each community is likely to stray from its like, as a share of each of ``SPREADS``.

    Returns
    -------
    numpy.ndarray
        Shape (communities, spreads): the probability that each spread is the one that it was drawn with.
    """
    evidence = np.concatenate([scan.evidence() for scan in _scan(communities)])
    likely = evidence * _mixture_weights(evidence[:: _every(communities)])
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def _every(communities: Communities) -> int:
    """Of very many communities one in so many tells how far all of them stray."""
    return max(1, len(communities.eligible) // _ENOUGH)


def _scan(communities: Communities, every: int = 1) -> Iterator[_Scan]:
    """The likelihood of one in so many communities, some at a time."""
    for start in range(0, len(communities.eligible), _CHUNK * every):
        part = slice(start, start + _CHUNK * every, every)
        yield _Scan(Communities(**{name: getattr(communities, name)[part] for name in Communities.__slots__}))


class _Scan:
    """The likelihood of some communities at points on the logit scale, about their predictions.

    The points are dense where the likelihood is and where the prior is. Single precision is enough for what
    is summed over a community's points.
    """

    def __init__(self, some: Communities) -> None:
        self._total = [some.variance + spread**2 for spread in SPREADS]
        n, y, predicted = some.eligible, some.reached, special.logit(some.predicted)
        own = special.logit((y + 0.5) / (n + 1))
        own_spread = np.sqrt(1 / (y + 0.5) + 1 / (n - y + 0.5))
        likelihood = (own - predicted)[:, None] + own_spread[:, None] * _LIKELIHOOD
        grid = np.concatenate([np.clip(likelihood, -15.0, 15.0), some.shift[:, None] + _PRIOR], axis=1)
        grid.sort(axis=1)
        predictor = predicted[:, None] + grid
        self._odds = np.exp(predictor) + 1.0
        loss = np.log(self._odds)
        loss *= -n[:, None]
        predictor *= y[:, None]
        loss += predictor
        # What the likelihood is at its highest, or nearly: that keeps it within single precision.
        loss -= (y * own - n * np.log1p(np.exp(own)))[:, None]
        self._measure = np.exp(loss.astype(np.float32))
        self._measure *= _trapezoid_widths(grid)
        grid -= some.shift[:, None]
        self._away = grid.astype(np.float32)
        self._away *= -0.5 * self._away

    def evidence(self) -> Floats:
        """How well each kind of community explains each one's figure, shape (communities, spreads)."""
        kernel = np.empty_like(self._away)
        found = [
            np.einsum("ij,ij->i", self._measure, self._kernel(total, kernel)) / np.sqrt(total)
            for total in self._total
        ]
        return np.stack(found, axis=1).astype(np.float64)

    def posterior(self, weights: Floats) -> tuple[Floats, Floats]:
        """Uptake at the points, and the mass of each."""
        mixed, kernel = np.zeros_like(self._away), np.empty_like(self._away)
        for weight, total in zip(weights, self._total, strict=True):
            self._kernel(total, kernel)
            kernel *= (weight / np.sqrt(total)).astype(np.float32)[:, None]
            mixed += kernel
        mixed *= self._measure
        mass = mixed / mixed.sum(axis=1, keepdims=True, dtype=np.float64)
        return 1.0 - 1.0 / self._odds, mass

    def _kernel(self, total: Floats, out: NDArray[np.float32]) -> NDArray[np.float32]:
        np.multiply(self._away, (1 / total).astype(np.float32)[:, None], out=out)
        return np.exp(out, out=out)


def _trapezoid_widths(grid: Floats) -> NDArray[np.float32]:
    """Twice the width that each point stands for."""
    widths = np.empty(grid.shape, dtype=np.float32)
    np.subtract(grid[:, 2:], grid[:, :-2], out=widths[:, 1:-1], casting="same_kind")
    widths[:, 0], widths[:, -1] = grid[:, 1] - grid[:, 0], grid[:, -1] - grid[:, -2]
    return widths


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
