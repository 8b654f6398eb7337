"""The scan for neighbours that share a gap, and the local statistic beside it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy import stats

from evenground.errors import InputError
from evenground.reach import find_clusters, rank_counts
from evenground.reach.local_g import beside, calculate_local_g
from evenground.reach.scan import (
    Counted,
    _afford_draws,
    _draw_windows,
    _find_top,
    _ratios,
    _scale,
    find_unevenness,
    scan,
)


def draw_map(seed: int, *, areas: int = 60, unevenness: float = 0.0, gap: float = 0.0) -> Counted:
    """A map on which the eight areas around the first miss more, by ``gap`` on the logit scale."""
    random = np.random.default_rng(seed)
    points = random.uniform(0, 1, (areas, 2))
    eligible = random.integers(60, 400, areas).astype(np.float64)
    logit = random.normal(-0.8, 0.4, areas)
    true = logit.copy()
    true[planted(points)] += gap
    share = 1 / (1 + np.exp(-true))
    if unevenness:
        size = 1 / unevenness - 1
        share = random.beta(share * size, (1 - share) * size)
    missed = random.binomial(eligible.astype(int), share).astype(np.float64)
    return Counted(points, eligible, missed, eligible / (1 + np.exp(-logit)))


def planted(points: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.argsort(((points - points[0]) ** 2).sum(axis=1))[:8]


@pytest.mark.parametrize("unevenness", [0.0, 0.05])
def test_about_one_in_twenty_maps_made_by_chance_has_a_find(unevenness):
    maps = 120
    found = sum(
        bool(scan([draw_map(seed, areas=40, unevenness=unevenness)], draws=39, seed=seed)[0])
        for seed in range(maps)
    )
    # Fewer than one in twenty is no fault: it errs on the side of no find.
    assert found <= stats.binom.ppf(0.99, maps, 0.05)


def test_several_groups_together_have_no_more_false_finds():
    found = [
        scan([draw_map(100 * seed + group, areas=30) for group in range(4)], draws=19, seed=seed)
        for seed in range(25)
    ]
    assert sum(any(circles) for circles in found) <= stats.binom.ppf(0.99, 25, 0.05)


def test_a_planted_cluster_is_found_with_its_areas():
    one = draw_map(3, areas=120, unevenness=0.01, gap=0.9)
    first = scan([one], draws=199)[0][0]
    wanted = set(planted(one.points).tolist())
    assert len(wanted & set(first.areas.tolist())) >= 7
    assert len(first.areas) <= 10
    assert first.relative_risk > 1.2
    assert first.p_value == pytest.approx(1 / 200)


def test_clusters_do_not_overlap_and_the_first_stands_out_most():
    circles = scan([draw_map(3, areas=120, gap=0.9)], level=1.0, draws=19)[0]
    areas = np.concatenate([circle.areas for circle in circles])
    assert len(circles) > 1
    assert len(areas) == len(set(areas.tolist()))
    assert [circle.log_ratio for circle in circles] == sorted((c.log_ratio for c in circles), reverse=True)


def test_the_ratio_is_kulldorffs_where_nothing_else_differs():
    points = np.array([[0.0, 0], [1, 0], [10, 0], [20, 0]])
    eligible = np.full(4, 100.0)
    # Every area at its binomial spread or closer, so that no unevenness enters.
    missed = np.array([36.0, 34, 30, 28])
    one = Counted(points, eligible, missed, np.full(4, 30.0))
    circle = scan([one], share=0.5, level=1.0, draws=9)[0][0]
    assert sorted(circle.areas.tolist()) == [0, 1]

    def log_likelihood(cases: float, people: float) -> float:
        return cases * np.log(cases / people) + (people - cases) * np.log(1 - cases / people)

    wanted = log_likelihood(70, 200) + log_likelihood(58, 200) - log_likelihood(128, 400)
    assert circle.log_ratio == pytest.approx(wanted)


@pytest.mark.parametrize("areas", [2, 9, 60, 700])
def test_the_highest_ratio_is_found_though_few_are_worked_out(areas):
    for seed in range(4):
        one = draw_map(seed, areas=areas, unevenness=0.05 * (seed % 2), gap=0.4 * (seed // 2))
        windows, scaled = _draw_windows(one, 0.5), _scale(one, one.missed)
        every = _ratios(one.eligible, one.missed, *scaled, windows)
        assert _find_top(one.eligible, one.missed, *scaled, windows) == every.max()


def test_there_are_fewer_maps_made_by_chance_where_each_takes_long():
    few, many = (_draw_windows(draw_map(1, areas=areas), 0.25) for areas in (60, 4_000))
    assert _afford_draws([few]) == 999
    assert 99 < _afford_draws([many] * 2) < 999
    assert _afford_draws([many] * 12) == 99


def test_the_same_seed_gives_the_same_answer():
    one = draw_map(5, gap=0.5)
    first, again = (scan([one], draws=49, seed=7, level=1.0)[0] for _ in range(2))
    assert [circle.p_value for circle in first] == [circle.p_value for circle in again]


def test_a_circle_holds_no_more_people_than_its_share():
    one = draw_map(3, gap=1.5)
    for circle in scan([one], share=0.1, level=1.0, draws=9)[0]:
        assert one.eligible[circle.areas].sum() <= 0.1 * one.eligible.sum()
    with pytest.raises(InputError, match="0.5"):
        scan([one], share=0.6)


def test_nobody_or_everybody_missed_is_no_cluster():
    one = draw_map(1)
    for missed in (np.zeros(60), one.eligible):
        assert scan([Counted(one.points, one.eligible, missed, one.expected)], draws=9) == [[]]


@pytest.mark.parametrize("unevenness", [0.0, 0.02, 0.1])
def test_unevenness_is_found_again(unevenness):
    maps = [draw_map(seed, areas=200, unevenness=unevenness) for seed in range(20)]
    found = [float(find_unevenness(one.eligible, one.missed, one.expected)[0]) for one in maps]
    assert np.mean(found) == pytest.approx(unevenness, abs=0.004 + 0.15 * unevenness)


def test_local_g_agrees_with_the_fields_library():
    esda = pytest.importorskip("esda")
    weights_of = pytest.importorskip("libpysal").weights
    random = np.random.default_rng(1)
    points, values = random.uniform(0, 1, (80, 2)), random.uniform(1, 3, size=80)
    neighbours = weights_of.KNN.from_array(points, k=8)
    theirs = esda.G_Local(values, neighbours, transform="B", permutations=0, star=True)
    np.testing.assert_allclose(calculate_local_g(values, beside(points, 8)), theirs.Zs, rtol=1e-9)


def test_local_g_of_values_that_are_all_one_is_not_known():
    assert np.isnan(
        calculate_local_g(np.ones(5), beside(np.random.default_rng(1).normal(size=(5, 2)), 2))
    ).all()


@pytest.fixture(scope="module")
def counts() -> pl.DataFrame:
    """Areas on a line in two groups; the first six areas miss more than the rest in group J alone."""
    random = np.random.default_rng(2)
    rows = []
    for place in range(40):
        for group in ("A", "J"):
            share = 0.7 - (0.25 if group == "J" and place < 6 else 0.0)
            eligible = int(random.integers(150, 400))
            rows.append(
                (f"E{place:03d}", group, place * 500.0, 0.0, eligible, random.binomial(eligible, share))
            )
    columns = ["area_code", "ethnic_group", "easting", "northing", "eligible", "reached"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def places_of(counts: pl.DataFrame) -> pl.DataFrame:
    return counts.select("area_code", pl.col("easting").alias("x"), pl.col("northing").alias("y")).unique()


def test_neighbours_of_one_group_become_one_community(counts):
    ranked = rank_counts(counts, standard=0.75, by=["area_code", "ethnic_group"])
    found = find_clusters(ranked, places_of(counts), apart=["ethnic_group"])
    row = found.table.row(0, named=True)
    assert row["ethnic_group"] == "J"
    assert sorted(row["area_codes"].split(";")) == [f"E{place:03d}" for place in range(6)]
    members = ranked.filter(pl.col("area_code") < "E006", pl.col("ethnic_group") == "J")
    assert row["eligible"] == members["eligible"].sum()
    assert row["expected_missing"] == pytest.approx(members["expected_missing"].sum())
    assert row["not_reached"] == (members["eligible"] - members["reached"]).sum()
    inside = found.areas.filter(pl.col("cluster") == 1)
    assert inside["ethnic_group"].unique().to_list() == ["J"]
    assert inside["local_g"].min() > found.areas.filter(pl.col("cluster").is_null())["local_g"].mean()


def test_areas_without_a_place_are_counted_and_left_out(counts):
    ranked = rank_counts(counts, standard=0.75, by=["area_code"])
    some = places_of(counts).sort("area_code")
    assert find_clusters(ranked, some.head(30)).unplaced == 10
    with pytest.raises(InputError, match="Only 2 of the 40 ranked areas have a place"):
        find_clusters(ranked, some.head(2))
    with pytest.raises(InputError, match="lack the columns area"):
        find_clusters(ranked, some, area="area")


def test_a_hidden_count_is_read_from_the_estimate(counts):
    ranked = rank_counts(counts, standard=0.75, by=["area_code", "ethnic_group"])
    hidden = ranked.with_columns(
        pl.when(pl.col("area_code") == "E001").then(None).otherwise("reached").alias("reached")
    )
    found = find_clusters(hidden, places_of(counts), apart=["ethnic_group"])
    assert "E001" in found.table["area_codes"][0]
