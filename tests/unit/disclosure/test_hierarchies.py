"""A hundred invented hierarchies: what is hidden stays hidden, by a solver that knows nothing of the attack.

The attack has an unknown for each published count and sums of those. This has a whole number for each
smallest group of people, and every published count as a sum of them: another way to write the same, solved by
integer programming.
"""

from __future__ import annotations

import os

import numpy as np
import polars as pl
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from evenground.disclosure import Policy, Published, audit, load_policy
from evenground.disclosure.knowledge import read_counts
from evenground.vocabulary import ETHNIC_GROUP_TO_5
from tests.support.town import Town, make_town, publish

GROUP = ("area_type", "area_code", "cut", "category")
POLICIES = ("nhs-7-5", "threshold-10")
CHECKED = int(os.environ.get("EVENGROUND_HIDDEN_CHECKED", "2"))
"""Hidden counts of each hierarchy, drawn at random; 1000 checks all of them, in two minutes."""


def small_town(seed: int) -> Town:
    return make_town(seed, mean=(3.0, 9.0, 25.0)[seed % 3], lsoas=("L1", "L2", "L4"), groups=("A", "H", "J"))


def memberships(town: Town, groups: pl.DataFrame) -> np.ndarray:
    """Which smallest groups of people are in which published group, of shape (groups, people)."""
    people = town.people.with_columns(
        pl.col("lsoa").replace_strict(town.msoa).alias("msoa"),
        pl.col("lsoa").replace_strict(town.ward).alias("ward"),
        pl.col("lsoa").replace_strict(town.fifth).cast(pl.String).alias("imd_quintile"),
        pl.col("ethnic_group").replace_strict(ETHNIC_GROUP_TO_5).alias("ethnic_group_5"),
        pl.concat_str("sex", pl.lit("*"), "ethnic_group").alias("sex*ethnic_group"),
        pl.lit("P").alias("place"),
        pl.lit("all").alias("all"),
    )
    return np.array(
        [
            ((people[area_type] == code) & (people[cut] == category)).to_numpy()
            for area_type, code, cut, category in groups.select(GROUP).iter_rows()
        ],
        dtype=np.float64,
    )


def possible_values(town: Town, release: Published, seed: int) -> list[int]:
    """How many values integer programming leaves for some of the hidden counts."""
    counts = read_counts([release])
    inside = memberships(town, counts.groups)[counts.group]
    part = counts.measures["part"].to_numpy()[counts.measure]
    # People of the numerator, and the others of the denominator.
    rest = np.where((part == "numerator")[:, None], 0.0, inside)
    sums = np.hstack([inside, rest])
    told = [LinearConstraint(sums, lb=counts.lower, ub=counts.upper)]
    hidden = np.flatnonzero(counts.is_hidden)
    random = np.random.default_rng(seed)
    left = []
    for count in random.permutation(hidden)[:CHECKED]:
        ends = []
        for sign in (1.0, -1.0):
            found = milp(
                sign * sums[count],
                integrality=np.ones(sums.shape[1]),
                bounds=Bounds(0, 1e5),
                constraints=told,
            )
            assert found.status in {0, 3}
            ends.append(found.fun if found.status == 0 else -1e5)
        least, most = ends[0], -ends[1]
        if most > 0 and least <= release.policy.suppress_to:
            left.append(round(most - least) + 1)
    return left


@pytest.mark.parametrize("seed", range(100))
def test_no_hidden_count_of_a_hierarchy_can_be_pinned(seed):
    policy: Policy = load_policy(POLICIES[seed % 2])
    town = small_town(seed)
    release = publish(town, policy)
    assert audit(release).is_safe
    assert all(values >= policy.possible_values for values in possible_values(town, release, seed))


def test_the_same_solver_finds_the_leaks_of_hierarchies_that_only_hide_what_is_small():
    found = 0
    for seed in range(1, 20, 2):
        town = small_town(seed)
        release = publish(town, load_policy("threshold-10"), secondary=False)
        narrow = [values for values in possible_values(town, release, seed) if values < 5]
        found += len(narrow)
        assert not narrow or not audit(release).is_safe
    assert found > 5
