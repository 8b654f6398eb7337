"""A design by tiers, held against the same design as one matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from evenground.reach.main_effects import Floats
from evenground.reach.nested import Counts, Nested, Spreads
from evenground.reach.terms import Terms, join_blocks, make_curve, make_levels
from evenground.reach.tiers import Tiers


@pytest.fixture(params=["rising", "mixed"])
def counts(request: pytest.FixtureRequest) -> Counts:
    """Strata of 30 communities in 6 areas; communities in order of their areas, or not."""
    rng = np.random.default_rng(1)
    area = np.repeat(np.arange(6), 5)
    if request.param == "mixed":
        area = rng.permutation(area)
    community = np.sort(np.concatenate([np.arange(30), rng.integers(0, 30, 90)]))
    eligible = 1.0 + rng.poisson(20, len(community))
    return Counts(eligible, np.floor(eligible / 3), community, area)


@pytest.fixture
def terms(counts: Counts) -> Terms:
    """Deprivation of areas as a curve, a group of communities, an age and a number of strata."""
    rng = np.random.default_rng(2)
    imd, group = rng.normal(size=6), rng.permutation(np.repeat(np.arange(3), 10))
    strata = len(counts.community)
    blocks = [
        *make_curve(imd[counts.area][counts.community]),
        make_levels(group[counts.community]),
        make_levels(rng.permutation(np.arange(strata) % 4)),
        *make_curve(rng.normal(size=strata)),
    ]
    return join_blocks(strata, blocks)


def weigh_densely(design: Floats, counts: Counts, spreads: Spreads, weight: Floats) -> Floats:
    """The design's sums of squares and products by the inverse of the whole covariance of the strata."""
    same_community = counts.community[:, None] == counts.community
    same_area = counts.area[counts.community][:, None] == counts.area[counts.community]
    covariance = np.diag(1 / weight + spreads.stratum**2)
    covariance += same_community * spreads.community[counts.community] ** 2 + same_area * spreads.area**2
    return design.T @ np.linalg.solve(covariance, design)


def test_columns_are_told_apart_by_where_they_are_the_same(terms: Terms, counts: Counts) -> None:
    tiers = Tiers(terms.design, counts)
    widths = [one.rows.shape[1] for one in (tiers.area, tiers.community, tiers.stratum)]
    blocks = terms.block[tiers.order]
    assert set(blocks[: widths[0]]) == {0, 1, 2}  # the intercept, a line of deprivation and its bends
    assert set(blocks[widths[0] : sum(widths[:2])]) == {3}
    assert set(blocks[sum(widths[:2]) :]) == {4, 5, 6}
    assert len(tiers.community.rows) == 3


def test_the_normal_equations_are_those_of_the_whole_covariance(terms: Terms, counts: Counts) -> None:
    rng = np.random.default_rng(3)
    spreads = Spreads(terms.spreads, 0.4, rng.uniform(0.1, 0.6, 30), 0.3)
    weight = counts.eligible * special.expit(rng.normal(size=len(counts.eligible)))
    tiers = Tiers(terms.design, counts)
    dense = terms.design.toarray()[:, tiers.order]
    found = tiers.weigh(Nested(counts, weight, spreads), spreads)
    np.testing.assert_allclose(found.precision, weigh_densely(dense, counts, spreads, weight), atol=1e-9)


def test_sums_over_the_columns_are_those_of_the_design(terms: Terms, counts: Counts) -> None:
    rng = np.random.default_rng(4)
    tiers, dense = Tiers(terms.design, counts), terms.design.toarray()
    coefficients, values = rng.normal(size=dense.shape[1]), rng.normal(size=len(dense))
    np.testing.assert_allclose(tiers.predict(coefficients[tiers.order]), dense @ coefficients, atol=1e-12)
    np.testing.assert_allclose(tiers.gather(values), (dense.T @ values)[tiers.order], atol=1e-12)


def test_a_design_of_nothing_but_an_intercept_has_one_tier(counts: Counts) -> None:
    tiers = Tiers(join_blocks(len(counts.community), []).design, counts)
    np.testing.assert_allclose(tiers.predict(np.array([0.7])), 0.7)
    assert tiers.community.rows.shape[1] == tiers.stratum.rows.shape[1] == 0
