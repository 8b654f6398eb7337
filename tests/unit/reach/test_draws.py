"""Draws of people missing out."""

from __future__ import annotations

import numpy as np
import pytest

from evenground.reach import draws as module
from evenground.reach.draws import LEVELS, Missing, draw_missing

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
    drawn = draw([service], 60)
    levels = np.random.default_rng([0, 0xE8B7BE43]).integers(0, LEVELS, size=(60, 400), dtype=np.uint8)
    values = np.take_along_axis(service.levels, levels.astype(np.int64), axis=1)
    best = np.sort(values, axis=0)[-5]
    np.testing.assert_allclose(drawn.probabilities[0], np.mean(values >= best, axis=1))
    np.testing.assert_allclose(drawn.all_limits, np.quantile(values, TAILS, axis=1))


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
