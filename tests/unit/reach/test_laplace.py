"""The search for spreads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from evenground.reach.laplace import LEAST_SPREAD, Laplace, Moves, maximise_laplace
from evenground.reach.nested import Counts, Effects, Spreads

ALL = Moves(area=True, community=True, stratum=True)


def make_start(area: float, community: float, stratum: float, *, people: int = 12) -> Laplace:
    """Strata that differ by these spreads, and a search that starts at 0.3 of each."""
    rng = np.random.default_rng(5)
    community_of, area_of = np.repeat(np.arange(240), 4), np.repeat(np.arange(40), 6)
    main = rng.normal(0.3, 0.3, len(community_of))
    effect = main + rng.normal(0, area, 40)[area_of][community_of]
    effect += rng.normal(0, community, 240)[community_of] + rng.normal(0, stratum, len(main))
    eligible = rng.poisson(people, len(main)) + 1
    reached = rng.binomial(eligible, special.expit(effect)).astype(float)
    counts = Counts(eligible.astype(float), reached, community_of, area_of)
    effects = Effects(np.zeros(0), main, np.zeros(40), np.zeros(240), np.zeros(len(main)))
    return Laplace(counts, Spreads(np.ones(1), 0.3, np.full(240, 0.3), 0.3), effects)


def move(spreads: Spreads, name: str, factor: float) -> Spreads:
    return replace(spreads, **{name: getattr(spreads, name) * factor})


@pytest.fixture(scope="module")
def start() -> Laplace:
    return make_start(0.5, 0.4, 0.3)


@pytest.fixture(scope="module")
def found(start: Laplace) -> Laplace:
    return maximise_laplace(start, ALL, lambda _: 0.0)


def test_slopes_are_how_the_likelihood_changes_by_way_of_the_mode_as_well(start: Laplace) -> None:
    settled = start
    for _ in range(5):
        settled = settled.at(start.spreads)
    slopes = settled.slopes()[0]
    for slope, name in zip(slopes, ("area", "community", "stratum"), strict=True):
        up, down = (settled.at(move(start.spreads, name, np.exp(step))) for step in (0.01, -0.01))
        assert slope == pytest.approx((up.loss - down.loss) / 0.02, rel=0.01, abs=0.02)


def test_no_spread_near_those_found_is_likelier(found: Laplace) -> None:
    for name in ("area", "community", "stratum"):
        for factor in (0.8, 0.9, 1.1, 1.25):
            assert found.at(move(found.spreads, name, factor)).loss > found.loss - 0.01


def test_the_search_ends_at_the_same_spreads_wherever_it_starts(start: Laplace, found: Laplace) -> None:
    other = start.at(Spreads(np.ones(1), 0.05, np.full(240, 1.5), 0.9))
    again = maximise_laplace(other, ALL, lambda _: 0.0).spreads
    assert again.area == pytest.approx(found.spreads.area, rel=0.03)
    assert again.community[0] == pytest.approx(found.spreads.community[0], rel=0.03)
    assert again.stratum == pytest.approx(found.spreads.stratum, rel=0.05)


def test_a_spread_that_is_not_there_goes_down_to_the_least_and_the_others_do_not() -> None:
    spreads = maximise_laplace(make_start(0.0, 0.5, 0.0, people=60), ALL, lambda _: 0.0).spreads
    assert spreads.area < 0.1
    assert LEAST_SPREAD <= spreads.stratum < 0.1
    assert spreads.community[0] == pytest.approx(0.5, rel=0.15)


def test_a_spread_that_does_not_move_stays(start: Laplace) -> None:
    held = start.at(replace(start.spreads, area=0.0))
    spreads = maximise_laplace(held, Moves(area=False, community=True, stratum=True), lambda _: 0.0).spreads
    assert spreads.area == 0.0
    assert spreads.community[0] > 0.3
