"""Where in the list a community may truly stand."""

from __future__ import annotations

import numpy as np
import pytest

from evenground.reach.draws import LEVELS
from evenground.reach.expected_ranks import expect_ranks

TAILS = np.array([0.025, 0.975])


def make_levels(communities: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middle, spread = rng.gamma(2, 20, (communities, 1)), rng.gamma(2, 4, (communities, 1))
    return np.sort(np.maximum(0, rng.normal(middle, spread, (communities, LEVELS))), axis=1)


def test_expected_ranks_and_intervals_are_those_of_independent_draws() -> None:
    levels = make_levels(60, 1)
    expected, limits = expect_ranks(levels.astype(np.float32), TAILS)
    rng = np.random.default_rng(2)
    drawn = np.take_along_axis(levels, rng.integers(0, LEVELS, (60, 4000)), axis=1)
    ranks = np.argsort(np.argsort(-drawn, axis=0), axis=0) + 1
    np.testing.assert_allclose(expected, ranks.mean(axis=1), atol=0.6)
    np.testing.assert_allclose(limits, np.quantile(ranks, TAILS, axis=1), atol=3.0)


def test_a_sure_order_has_sure_ranks() -> None:
    levels = np.arange(20, 0, -1)[:, None] * np.ones(LEVELS) + np.linspace(0, 0.1, LEVELS)
    expected, limits = expect_ranks(levels.astype(np.float32), TAILS)
    np.testing.assert_allclose(expected, np.arange(1, 21), atol=0.2)
    np.testing.assert_allclose(limits[0], np.arange(1, 21), atol=0.7)


def test_equals_share_the_middle() -> None:
    expected, _ = expect_ranks(np.zeros((9, LEVELS), np.float32), TAILS)
    np.testing.assert_allclose(expected, 5)


def test_ranks_add_up_and_stay_within_the_list() -> None:
    expected, limits = expect_ranks(make_levels(300, 3).astype(np.float32), TAILS)
    assert expected.sum() == pytest.approx(300 * 301 / 2, rel=0.01)
    assert limits.min() >= 1
    assert limits.max() <= 300
    assert (limits[0] <= limits[1]).all()


def test_only_one_community_is_first() -> None:
    expected, limits = expect_ranks(np.linspace(0, 5, LEVELS, dtype=np.float32)[None], TAILS)
    assert expected.tolist() == [1]
    assert limits.ravel().tolist() == [1, 1]
