"""People missing out where each stratum is held against the standard by itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from evenground.reach.draws import LEVEL_MIDDLES, Together
from evenground.reach.hierarchy import Estimate, Strata
from evenground.reach.nested import Spreads
from evenground.reach.shortfall import miss_in_strata
from evenground.reach.shrinkage import Posterior


def make_estimate(predictor: list[float], variance: float = 0.0) -> Estimate:
    """One community of 100 people in each of its strata, whose uptake is between 45 % and 65 %."""
    uptake = np.linspace(0.45, 0.65, 201)[None]
    nothing = np.zeros(1)
    eligible = np.full(len(predictor), 100.0)
    return Estimate(
        np.array([eligible.sum()]),
        np.array([0.55]),
        Posterior(uptake, np.full_like(uptake, 1 / 201)),
        Together(nothing[:, None], np.zeros(1, np.int64), nothing, np.ones(1)),
        Spreads(np.ones(1), 0.0, nothing, 0.0),
        Strata(
            eligible,
            np.zeros(len(predictor), np.int64),
            np.array(predictor),
            np.full(len(predictor), variance),
        ),
    )


def test_strata_alike_miss_as_many_as_their_community() -> None:
    missing = miss_in_strata(make_estimate([0.2, 0.2, 0.2]), 0.7)[0]
    uptake = 0.45 + 0.2 * LEVEL_MIDDLES
    np.testing.assert_allclose(missing, 300 * (0.7 - uptake), atol=0.5)


def test_a_stratum_above_the_standard_makes_up_for_no_other() -> None:
    low, high = special.logit([0.3, 0.8])
    missing = miss_in_strata(make_estimate([low, high]), 0.55)[0]
    # Where the community as a whole is at 55 %, its first stratum is at 30 % and misses a quarter of 100.
    assert missing[128] == pytest.approx(25, abs=0.3)


def test_what_is_not_known_of_strata_can_only_add_people() -> None:
    sure, unsure = (miss_in_strata(make_estimate([0.2, 0.2], variance), 0.55)[0] for variance in (0.0, 0.3))
    assert (unsure >= sure - 0.2).all()
    assert unsure[128] > sure[128] + 5


def test_fewer_are_missing_the_higher_the_uptake() -> None:
    assert (np.diff(miss_in_strata(make_estimate([-0.5, 0.9], 0.1), 0.6)[0]) <= 0).all()
