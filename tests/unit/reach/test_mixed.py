"""The hierarchical model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from evenground.reach.main_effects import Codes
from evenground.reach.mixed import MixedModel, fit_mixed
from evenground.reach.nested import Counts
from evenground.reach.terms import Block, Terms, join_blocks, make_levels


def make_counts(
    seed: int, *, areas: int = 12, groups: int = 4, strata: int = 5, people: float = 60.0
) -> tuple[Counts, Codes]:
    """Strata whose uptake differs by area (0.5), community (0.3) and stratum (0.4), and their levels."""
    rng = np.random.default_rng(seed)
    area, group, level = (part.ravel() for part in np.indices((areas, groups, strata)))
    community = area * groups + group
    effect = 0.4 + 0.2 * level + rng.normal(0, 0.5, areas)[area]
    effect += rng.normal(0, 0.3, areas * groups)[community] + rng.normal(0, 0.4, len(area))
    eligible = 1 + rng.poisson(people, len(area))
    reached = rng.binomial(eligible, special.expit(effect))
    counts = Counts(
        eligible.astype(float), reached.astype(float), community, np.repeat(np.arange(areas), groups)
    )
    return counts, level


def make_terms(level: Codes) -> Terms:
    block = make_levels(level)
    return join_blocks(len(level), [Block(block.columns, 0.5, is_estimated=False)])


def fit(counts: Counts, level: Codes) -> MixedModel:
    return fit_mixed(make_terms(level), counts, areas_share=True, strata_differ=True)


def solve_densely(
    model: MixedModel, counts: Counts, level: Codes, kept: np.ndarray
) -> tuple[np.ndarray, ...]:
    """The linear model at the mode, every effect a column: effects and covariance, from the kept strata."""
    fixed = make_terms(level).design.toarray()
    strata, communities, areas = len(level), len(counts.area), int(counts.area.max()) + 1
    parts = [fixed, np.eye(areas)[counts.area[counts.community]], np.eye(communities)[counts.community]]
    design = np.hstack([*parts, np.eye(strata)])
    community = np.bincount(counts.community, minlength=communities)
    spreads = [
        np.array([10.0, *np.full(fixed.shape[1] - 1, 0.5)]),
        np.full(areas, model.spreads.area),
        model.spreads.community,
        np.full(strata, model.spreads.stratum),
    ]
    assert community.min() > 0
    own = mode_community(model, counts)
    predictor = (model.main_predictor + (model.area_effect + own)[counts.community]) + model.stratum_effect
    share = special.expit(predictor)
    weight = counts.eligible * share * (1 - share)
    middle = np.zeros(design.shape[1])
    middle[0] = special.logit((counts.reached.sum() + 0.5) / (counts.eligible.sum() + 1))
    response = predictor + (counts.reached - counts.eligible * share) / weight - design @ middle
    weighted = design * (weight * kept)[:, None]
    covariance = np.linalg.inv(weighted.T @ design + np.diag(np.concatenate(spreads) ** -2.0))
    return middle + covariance @ (weighted.T @ response), covariance, fixed


def mode_community(model: MixedModel, counts: Counts) -> np.ndarray:
    """Communities' own effects at the mode: where the penalised likelihood's slope is nil."""
    own = np.zeros(len(counts.area))
    for _ in range(50):
        predictor = model.main_predictor + (model.area_effect + own)[counts.community] + model.stratum_effect
        share = special.expit(predictor)
        slope = np.bincount(counts.community, counts.reached - counts.eligible * share)
        bend = np.bincount(counts.community, counts.eligible * share * (1 - share))
        precision = model.spreads.community**-2.0
        own += (slope - precision * own) / (bend + precision)
    return own


def test_eliminating_the_nested_effects_gives_what_solving_for_all_of_them_gives() -> None:
    counts, level = make_counts(1)
    model = fit(counts, level)
    effects, covariance, fixed = solve_densely(model, counts, level, np.ones(len(level)))
    width = fixed.shape[1]
    np.testing.assert_allclose(model.coefficients, effects[:width], atol=0.01)
    np.testing.assert_allclose(model.covariance, covariance[:width, :width], atol=1e-3)
    area = effects[width : width + 12]
    np.testing.assert_allclose(model.area_effect, area[counts.area], atol=0.01)
    np.testing.assert_allclose(model.stratum_effect, effects[-len(level) :], atol=0.01)


def test_a_community_is_judged_by_the_others_as_if_it_were_not_there() -> None:
    counts, level = make_counts(2)
    model = fit(counts, level)
    community = 7
    kept = (counts.community != community).astype(float)
    effects, covariance, fixed = solve_densely(model, counts, level, kept)
    whole, _, _ = solve_densely(model, counts, level, np.ones(len(level)))
    width = fixed.shape[1]
    inside = counts.community == community
    own = model.information  # of the strata, as they weigh in the community's predictor
    assert own[community] > 0
    spread = model.spreads.stratum**2
    share = special.expit(model.main_predictor[inside] + model.area_effect[community])
    weight = counts.eligible[inside] * share * (1 - share)
    weight = weight / (1 + spread * weight)
    profile = np.zeros(len(effects))
    profile[:width] = weight @ fixed[inside] / weight.sum()
    profile[width + counts.area[community]] = 1
    change = profile[:width] @ (effects[:width] - whole[:width])
    expected = effects[width + counts.area[community]] + change
    assert model.others_effect[community] == pytest.approx(expected, abs=0.02)
    assert model.others_variance[community] == pytest.approx(profile @ covariance @ profile, rel=0.06)


def test_the_spreads_of_areas_communities_and_strata_are_recovered() -> None:
    counts, level = make_counts(3, areas=150, groups=6, strata=6)
    spreads = fit(counts, level).spreads
    assert spreads.area == pytest.approx(0.5, rel=0.15)
    assert spreads.community[0] == pytest.approx(0.3, rel=0.15)
    assert spreads.stratum == pytest.approx(0.4, rel=0.1)


def test_small_counts_do_not_hide_how_far_communities_differ() -> None:
    found = [fit(*make_counts(seed, areas=150, groups=6, strata=3, people=3.0)).spreads for seed in (4, 5, 6)]
    assert np.mean([spreads.area for spreads in found]) == pytest.approx(0.5, rel=0.15)
    together = np.mean([np.hypot(spreads.community[0], spreads.stratum / np.sqrt(3)) for spreads in found])
    assert together == pytest.approx(np.hypot(0.3, 0.4 / np.sqrt(3)), rel=0.2)


def test_what_does_not_differ_is_given_next_to_no_spread() -> None:
    rng = np.random.default_rng(7)
    eligible = rng.poisson(80, 1200) + 1
    community = np.repeat(np.arange(240), 5)
    area = np.repeat(np.arange(40), 6)
    counts = Counts(eligible.astype(float), rng.binomial(eligible, 0.6).astype(float), community, area)
    spreads = fit(counts, np.tile(np.arange(5), 240)).spreads
    assert max(spreads.area, spreads.community[0], spreads.stratum) < 0.08


def test_everybody_or_nobody_reached_keeps_every_effect_finite() -> None:
    counts, level = make_counts(8)
    for reached in (counts.eligible, 0 * counts.eligible):
        model = fit(Counts(counts.eligible, reached, counts.community, counts.area), level)
        assert np.isfinite(model.coefficients).all()
        assert np.isfinite(model.others_variance).all()
        assert np.abs(model.main_predictor).max() < 15
