"""How far a community's own figure is believed."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from evenground.reach.shrinkage import (
    SPREADS,
    Communities,
    Posterior,
    _mixture_weights,
    estimate_uptake,
)


def make_communities(eligible: np.ndarray, reached: np.ndarray, predicted: float) -> Communities:
    return Communities(
        eligible,
        reached,
        eligible * predicted,
        eligible * predicted * (1 - predicted),
        np.zeros(len(eligible)),
        np.full(len(eligible), 1e-4),
    )


def test_posterior_means_are_those_of_a_brute_force_integration() -> None:
    eligible = np.array([3.0, 40, 400, 5_000, 12, 60])
    reached = np.array([0.0, 10, 290, 3_400, 12, 45])
    communities = make_communities(eligible, reached, 0.7)
    weighed = np.array([[integrate(c, spread, communities) for spread in SPREADS] for c in range(6)])
    evidence, first_moment = weighed[..., 0], weighed[..., 1]
    weights = _mixture_weights(evidence)
    expected = (first_moment @ weights) / (evidence @ weights)
    np.testing.assert_allclose(estimate_uptake(communities).mean, expected, atol=1e-3)


def integrate(community: int, spread: float, communities: Communities) -> tuple[float, float]:
    """A community's likelihood (relative to its best) against a normal prior, and its first moment."""
    n, y = communities.eligible[community], communities.reached[community]
    deviation = np.linspace(-9, 9, 20_001)
    share = special.expit(special.logit(communities.predicted[community]) + deviation)
    log_likelihood = stats.binom.logpmf(y, n, share)
    scale = np.sqrt(spread**2 + communities.variance[community])
    mass = np.exp(log_likelihood - log_likelihood.max()) * stats.norm.pdf(deviation, scale=scale)
    step = deviation[1] - deviation[0]
    return float(mass.sum() * step), float(mass @ share * step)


def test_quantiles_rise_and_invert_the_distribution() -> None:
    grid = np.linspace(0.001, 0.999, 400)
    shapes = [(2, 5), (40, 10)]
    mass = np.stack([stats.beta.pdf(grid, *shape) for shape in shapes])
    posterior = Posterior(np.tile(grid, (2, 1)), mass / mass.sum(axis=1, keepdims=True))
    probabilities = np.array([0.025, 0.5, 0.975])
    expected = np.stack([stats.beta.ppf(probabilities, *shape) for shape in shapes])
    np.testing.assert_allclose(posterior.quantiles(probabilities), expected, atol=2e-3)


def test_a_few_far_out_communities_are_let_stand_while_the_rest_are_drawn_in() -> None:
    rng = np.random.default_rng(3)
    eligible = np.full(200, 60.0)
    truth = np.full(200, 0.7)
    truth[:6] = 0.2
    reached = rng.binomial(60, truth).astype(float)
    posterior = estimate_uptake(make_communities(eligible, reached, 0.7))
    assert np.abs(posterior.mean[:6] - reached[:6] / 60).max() < 0.05
    assert posterior.mean[6:].std() < 0.3 * (reached[6:] / 60).std()
