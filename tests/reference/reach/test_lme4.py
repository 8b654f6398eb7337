"""The hierarchical model beside lme4's, on invented counts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.places import BY, Kind, simulate_place
from benchmarks.places.lme4 import Fitted, fit_glmer, has_lme4
from evenground.reach import Columns, check_counts, rank_counts
from evenground.reach.counted import estimate_counts
from evenground.reach.hierarchy import Estimate

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not has_lme4(), reason="R or its package lme4 is not here (Debian: r-cran-lme4)"),
]

# No rare gaps: glmer takes communities to stray as a normal distribution, as they do here.
SPREADS = {"area_spread": 0.4, "community_spread": 0.3, "stratum_spread": 0.3}
PLACE = simulate_place(Kind(areas=30, groups=4, people=15_000, gap_share=0.0, **SPREADS), 5)
HOW = {"by": BY, "strata": ["sex", "age_band"], "covariates": ["imd_rank"]}


@pytest.fixture(scope="module")
def theirs() -> Fitted:
    return fit_glmer(PLACE.counts, is_quick=True)


@pytest.fixture(scope="module")
def ours() -> Estimate:
    columns = Columns(tuple(BY), ("sex", "age_band"), ("imd_rank",))
    return estimate_counts(check_counts(PLACE.counts, columns))


def test_the_spreads_are_those_of_glmer(theirs: Fitted, ours: Estimate) -> None:
    assert ours.spreads.area == pytest.approx(theirs.area, rel=0.15)
    assert ours.spreads.stratum == pytest.approx(theirs.stratum, rel=0.15)
    assert np.sqrt(np.mean(ours.spreads.community**2)) == pytest.approx(theirs.community, rel=0.35)


def test_uptake_of_communities_is_that_of_glmer_within_a_fraction_of_its_doubt(theirs: Fitted) -> None:
    share = (pl.col("fitted") * pl.col("eligible")).sum() / pl.col("eligible").sum()
    fitted = theirs.strata.group_by(BY).agg(share.alias("fitted"))
    ranked = rank_counts(PLACE.counts, standard=1.0, **HOW).join(fitted, on=BY)
    away = (ranked["estimated_uptake"] - ranked["fitted"]).abs().to_numpy()
    doubt = ((ranked["upper_cl"] - ranked["lower_cl"]) / ranked["eligible"] / 3.92).to_numpy()
    assert away.mean() < 0.01
    assert np.mean(away / doubt) < 0.25
    assert np.corrcoef(ranked["estimated_uptake"], ranked["fitted"])[0, 1] > 0.99
