"""Draws of people missing out."""

from __future__ import annotations

import numpy as np
import pytest

from evenground.reach import draws as module
from evenground.reach.draws import LEVELS, Missing, Together, draw_missing, draw_top

TAILS = np.array([0.025, 0.975])


def make_missing(name: str, communities: int, positions: list[int] | None = None, seed: int = 1) -> Missing:
    rng = np.random.default_rng(seed)
    levels = np.sort(rng.gamma(2, rng.gamma(1, 20, communities)[:, None], (communities, LEVELS)), axis=1)
    places = range(communities) if positions is None else positions
    return Missing(name, levels.astype(np.float32), np.array(places, dtype=np.int64))


def draw(services: list[Missing], communities: int, *, top: int = 5, draws: int = 400, seed: int = 0):
    return draw_missing(services, communities, draws=draws, seed=seed, top=top, tails=TAILS)


def test_leaving_out_who_cannot_be_in_the_top_changes_no_probability() -> None:
    service = make_missing("a", 60)
    beside = Missing("a", np.vstack([service.levels, np.zeros((200, LEVELS), np.float32)]), np.arange(260))
    alone, among_others = draw([service], 60), draw([beside], 260)
    np.testing.assert_allclose(among_others.probabilities[0][:60], alone.probabilities[0], atol=0.1)
    assert not among_others.probabilities[0][60:].any()
    assert alone.probabilities[0].sum() == pytest.approx(5)


def test_doubts_that_all_share_leave_the_order_as_it_is() -> None:
    levels = np.sort(np.random.default_rng(2).gamma(5, 4, (1, LEVELS)), axis=1).astype(np.float32)
    nearly_alike = np.vstack([levels, levels * 1.01, levels * 1.02])
    ones, nothing, areas = np.ones(3), np.zeros(3), np.zeros(3, np.int64)
    together = {
        "all": Together(ones[:, None], areas, nothing, nothing),
        "area": Together(nothing[:, None], areas, ones, nothing),
        "own": Together(nothing[:, None], areas, nothing, ones),
    }
    first = {
        name: draw_top(Missing("a", nearly_alike, areas, one), draws=2000, seed=1, top=1)[2]
        for name, one in together.items()
    }
    assert first["all"] == first["area"] == 1
    assert 0.3 < first["own"] < 0.45


def test_draws_have_the_quantiles_of_each_posterior() -> None:
    service = make_missing("a", 30)
    common = np.full((30, 2), 0.5)
    half = np.full(30, 0.5)
    together = Together(common, np.arange(30) // 5, half, half)
    shared = Missing("a", service.levels, service.positions, together)
    drawn = draw([shared], 30, top=30, draws=8000)
    expected = np.quantile(service.levels, TAILS, axis=1)
    np.testing.assert_allclose(drawn.all_limits, expected, rtol=0.15, atol=1.5)


def test_one_service_is_all_services() -> None:
    drawn = draw([make_missing("a", 40)], 40)
    np.testing.assert_array_equal(drawn.probabilities[0], drawn.all_probability)


def test_services_add_up_at_the_communities_they_share() -> None:
    one = Missing("one", np.full((2, LEVELS), 3, np.float32), np.array([0, 2]))
    two = Missing("two", np.full((2, LEVELS), 4, np.float32), np.array([1, 2]))
    drawn = draw([one, two], 3, top=1)
    assert drawn.all_limits.tolist() == [[3, 4, 7], [3, 4, 7]]
    assert drawn.all_probability.tolist() == [0, 0, 1]


def test_drawing_some_communities_at_a_time_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    services = [make_missing("a", 50), make_missing("b", 20, list(range(0, 40, 2)), seed=2)]
    at_once = draw(services, 50)
    monkeypatch.setattr(module, "_DRAWN_AT_ONCE", 400 * 7)
    in_parts = draw(services, 50)
    np.testing.assert_array_equal(at_once.all_limits, in_parts.all_limits)
    np.testing.assert_array_equal(at_once.all_probability, in_parts.all_probability)
    for whole, part in zip(at_once.probabilities, in_parts.probabilities, strict=True):
        np.testing.assert_array_equal(whole, part)


def test_another_seed_draws_otherwise() -> None:
    services = [make_missing("a", 30)]
    assert (draw(services, 30).all_limits != draw(services, 30, seed=1).all_limits).any()
