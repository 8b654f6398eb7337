"""Communities in the order of the people a service misses there."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from benchmarks.places import BY, KINDS, Kind, Place, score_ranking, simulate_place
from evenground.errors import InputError
from evenground.reach import Service, rank_communities

COLUMNS = [
    "service_id", "area_code", "ethnic_group", "rank", "standard", "eligible", "reached",
    "estimated_uptake", "predicted_uptake", "expected_missing", "lower_cl", "upper_cl",
    "confidence_level", "probability_top_10", "probability_below", "top_service_id",
    "expected_missing_per_100",
]  # fmt: skip


def with_quintiles(place: Place) -> pl.DataFrame:
    quintile = (pl.col("imd_rank") * 5 // 33_756).clip(0, 4) + 1
    return place.counts.with_columns(imd_quintile=quintile).drop("imd_rank")


def score(kind: Kind, seed: int) -> tuple[dict[str, float], pl.DataFrame]:
    place = simulate_place(kind, seed)
    ranked = rank_communities([Service("s", place.standard, with_quintiles(place))], by=BY)
    ranked = ranked.filter(pl.col("service_id") == "s").rename({"probability_top_10": "probability_top_k"})
    return score_ranking(ranked, place)


@pytest.fixture(scope="module")
def strata() -> pl.DataFrame:
    return with_quintiles(simulate_place(Kind(areas=12, people=20_000), 1))


@pytest.fixture(scope="module")
def two_services(strata: pl.DataFrame) -> list[Service]:
    older = strata.filter(pl.col("age_band") == "60-69").with_columns(reached=pl.col("eligible") // 2)
    return [Service("bowel_screening", 0.75, strata), Service("flu_vaccination_65", 0.9, older)]


def counts(eligible: list[int], reached: list[int]) -> pl.DataFrame:
    areas = [f"E0{i}" for i in range(len(eligible))]
    return pl.DataFrame({"area_code": areas, "sex": "female", "eligible": eligible, "reached": reached})


def rank_one(strata: pl.DataFrame, standard: float = 0.75, **options) -> pl.DataFrame:
    ranked = rank_communities([Service("s", standard, strata)], by=["area_code"], **options)
    return ranked.filter(pl.col("service_id") == "s")


def test_the_table_has_its_columns_in_order_and_nothing_unknown(two_services: list[Service]) -> None:
    ranked = rank_communities(two_services, by=BY)
    assert ranked.columns == COLUMNS
    unknown = ranked.null_count().row(0, named=True)
    totals = ranked.filter(pl.col("service_id") == "all").height
    # All services together have no one standard.
    of_one = {"standard", "probability_below"}
    assert unknown == {name: totals if name in of_one else 0 for name in COLUMNS}


def test_rows_come_by_service_and_rank(two_services: list[Service]) -> None:
    ranked = rank_communities(two_services, by=BY)
    assert ranked["service_id"].unique(maintain_order=True).to_list() == [
        "all", "bowel_screening", "flu_vaccination_65",
    ]  # fmt: skip
    for _, service in ranked.group_by("service_id"):
        assert service["rank"].to_list() == list(range(1, service.height + 1))
        assert service["expected_missing"].is_sorted(descending=True)


def test_every_figure_is_within_its_bounds(two_services: list[Service]) -> None:
    ranked = rank_communities(two_services, by=BY)
    assert ranked.select(
        pl.col("estimated_uptake", "predicted_uptake", "probability_top_10").is_between(0, 1).all()
    ).row(0) == (True, True, True)
    assert (ranked["lower_cl"] <= ranked["upper_cl"]).all()
    assert (ranked["upper_cl"] <= ranked["eligible"]).all()
    assert (ranked["expected_missing"] >= 0).all()
    # Ten places in every draw, and one more where two communities tie for the last.
    tops = ranked.group_by("service_id").agg(pl.col("probability_top_10").sum())["probability_top_10"]
    assert tops.to_list() == pytest.approx([10.0] * 3, abs=0.01)


def test_all_services_sum_the_people_each_misses(two_services: list[Service]) -> None:
    ranked = rank_communities(two_services, by=BY)
    total = ranked.filter(pl.col("service_id") == "all").sort(BY)
    parts = ranked.filter(pl.col("service_id") != "all")
    summed = parts.group_by(BY).agg(pl.col("eligible", "expected_missing").sum()).sort(BY)
    assert total["eligible"].to_list() == summed["eligible"].to_list()
    np.testing.assert_allclose(total["expected_missing"], summed["expected_missing"])
    assert (
        (total["lower_cl"] <= total["expected_missing"]) & (total["expected_missing"] <= total["upper_cl"])
    ).all()
    worst = parts.sort("expected_missing", descending=True).unique(BY, keep="first").sort(BY)
    assert total["top_service_id"].to_list() == worst["service_id"].to_list()


def test_the_same_input_and_seed_give_the_same_table_in_any_row_order(two_services: list[Service]) -> None:
    shuffled = [
        Service(s.id, s.standard, s.strata.sample(fraction=1, shuffle=True, seed=3)) for s in two_services
    ]
    first = rank_communities(two_services, by=BY)
    assert_frame_equal(first, rank_communities(two_services, by=BY), check_exact=True)
    assert_frame_equal(first, rank_communities(shuffled[::-1], by=BY), check_exact=True)


def test_a_service_keeps_its_figures_when_another_is_added(two_services: list[Service]) -> None:
    alone = rank_communities(two_services[:1], by=BY).filter(pl.col("service_id") == "bowel_screening")
    both = rank_communities(two_services, by=BY).filter(pl.col("service_id") == "bowel_screening")
    assert_frame_equal(alone, both, check_exact=True)


def test_a_small_community_is_drawn_towards_what_is_expected_and_a_large_one_is_not() -> None:
    strata = counts([20, 5_000, *[1_000] * 20], [8, 1_000, *range(690, 710)])
    ranked = rank_one(strata).sort("area_code")
    small, large = ranked.row(0, named=True), ranked.row(1, named=True)
    assert 0.45 < small["estimated_uptake"] < small["predicted_uptake"]
    assert large["estimated_uptake"] == pytest.approx(0.2, abs=0.02)


def test_nobody_misses_out_where_uptake_is_above_the_standard() -> None:
    ranked = rank_one(counts([1_000] * 5, [950] * 5), standard=0.5)
    assert ranked["expected_missing"].to_list() == pytest.approx([0.0] * 5, abs=1e-6)
    assert ranked["upper_cl"].to_list() == pytest.approx([0.0] * 5, abs=1e-6)
    assert ranked["probability_top_10"].to_list() == [0.0] * 5


def test_ties_are_ranked_by_code() -> None:
    ranked = rank_one(counts([100] * 4, [50] * 4)[[2, 0, 3, 1]])
    assert ranked["area_code"].to_list() == ["E00", "E01", "E02", "E03"]


def test_people_of_unrecorded_groups_and_areas_inform_the_model_and_are_not_ranked(
    strata: pl.DataFrame,
) -> None:
    unrecorded = strata.with_columns(
        ethnic_group=pl.when(pl.col("ethnic_group") == "G01").then(pl.lit("Z"))
        .when(pl.col("ethnic_group") == "G02").then(None).otherwise("ethnic_group"),
        area_code=pl.when(pl.col("area_code") == "E02000000").then(pl.lit("unknown")).otherwise("area_code"),
    )  # fmt: skip
    ranked = rank_communities([Service("s", 0.75, unrecorded)], by=BY)
    assert not set(ranked["ethnic_group"]) & {"Z", "99", "missing"}
    assert "unknown" not in set(ranked["area_code"])
    by_area = rank_communities([Service("s", 0.75, unrecorded)], by=["area_code"])
    known = unrecorded.filter(pl.col("area_code") != "unknown")
    assert by_area.filter(pl.col("service_id") == "s")["eligible"].sum() == known["eligible"].sum()


def test_a_single_community_is_ranked_first() -> None:
    ranked = rank_one(counts([200], [100]))
    row = ranked.row(0, named=True)
    assert row["rank"] == 1
    assert row["lower_cl"] < row["expected_missing"] < row["upper_cl"]
    assert row["expected_missing"] == pytest.approx(50, abs=5)


@pytest.mark.parametrize(("reached", "share"), [(0, 0.0), (50, 1.0)])
def test_all_or_nobody_reached_gives_finite_figures(reached: int, share: float) -> None:
    ranked = rank_one(counts([50] * 6, [reached] * 6))
    assert ranked["estimated_uptake"].to_list() == pytest.approx([share] * 6, abs=0.05)
    assert ranked.select(pl.selectors.float().is_finite().all()).row(0) == (True,) * 10


def test_a_group_that_is_reached_nowhere_does_not_spoil_the_others() -> None:
    rows = [(a, g, 200, 0 if g == "P" else 140) for a in ("E01", "E02", "E03") for g in "AHP"]
    strata = pl.DataFrame(rows, ["area_code", "ethnic_group", "eligible", "reached"], orient="row")
    ranked = rank_communities([Service("s", 0.75, strata)], by=BY).filter(pl.col("service_id") == "s")
    assert set(ranked["ethnic_group"][:3]) == {"P"}
    others = ranked.filter(pl.col("ethnic_group") != "P")["estimated_uptake"].to_list()
    assert others == pytest.approx([0.7] * 6, abs=0.02)


def test_strata_without_anybody_change_nothing() -> None:
    strata = counts([100, 200, 300], [50, 120, 200])
    empty = counts([0, 0, 0], [0, 0, 0]).with_columns(sex=pl.lit("male"))
    assert_frame_equal(rank_one(pl.concat([strata, empty])), rank_one(strata))


@pytest.mark.parametrize("standard", [0.0, 1.0])
def test_a_standard_at_either_end_is_a_standard(standard: float) -> None:
    ranked = rank_one(counts([100, 100], [40, 60]), standard=standard)
    assert (ranked["expected_missing"].sum() > 0) == (standard == 1.0)


@pytest.mark.parametrize("standard", [75, -0.1, float("nan")])
def test_a_standard_that_is_no_share_is_refused(standard: float) -> None:
    with pytest.raises(InputError, match="Write 75 % as 0.75"):
        rank_one(counts([100], [40]), standard=standard)


def test_more_reached_than_eligible_is_refused_by_row_number() -> None:
    with pytest.raises(InputError, match=r"s: more people are reached than are eligible, in 1 of 3 rows: 1 "):
        rank_one(counts([10, 10, 10], [5, 11, 10]))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"reached": -1}, '"reached" is not a count'),
        ({"eligible": None}, "Give whole numbers"),
        ({"eligible": 10.5}, '"eligible" is not a count'),
        ({"eligible": float("nan")}, '"eligible" is not a count'),
        ({"reached": "few"}, "Give whole numbers"),
    ],
)
def test_what_is_no_count_is_refused(change: dict, problem: str) -> None:
    strata = counts([10, 10], [5, 5]).with_columns(**{k: pl.lit(v) for k, v in change.items()})
    with pytest.raises(InputError, match=problem):
        rank_one(strata)


def test_the_same_stratum_twice_is_refused() -> None:
    strata = counts([10, 10], [5, 5])
    with pytest.raises(InputError, match="the same stratum in several rows, in 4 of 4 rows"):
        rank_one(pl.concat([strata, strata]))


def test_a_service_with_nobody_eligible_is_refused() -> None:
    with pytest.raises(InputError, match="nobody is eligible"):
        rank_one(counts([0, 0], [0, 0]))
    with pytest.raises(InputError, match="nobody is eligible"):
        rank_one(counts([], []).cast({"eligible": pl.Int64, "reached": pl.Int64}))


def test_a_place_of_unrecorded_communities_only_is_refused() -> None:
    strata = counts([10], [5]).with_columns(area_code=pl.lit("unknown"))
    with pytest.raises(InputError, match="no community is left to rank"):
        rank_one(strata)


def test_a_missing_column_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match='no column "area".*Did you mean "area_code"'):
        rank_communities([Service("s", 0.5, counts([10], [5]))], by=["area"])
    with pytest.raises(InputError, match='no column "imd_quintile"'):
        rank_one(counts([10], [5]), covariates=["imd_quintile"])


@pytest.mark.parametrize(
    ("ids", "problem"), [([], "no service"), (["a", "a"], "an id of its own"), (["all"], "an id of its own")]
)
def test_services_need_ids_of_their_own(ids: list[str], problem: str) -> None:
    services = [Service(name, 0.5, counts([10], [5])) for name in ids]
    with pytest.raises(InputError, match=problem):
        rank_communities(services, by=["area_code"])


@pytest.mark.parametrize("options", [{"confidence_level": 95}, {"top": 0}, {"draws": 0}])
def test_options_out_of_range_are_refused(options: dict) -> None:
    with pytest.raises(InputError):
        rank_one(counts([10], [5]), **options)


def test_the_probability_is_named_after_the_top_it_is_of() -> None:
    ranked = rank_one(counts([100, 100, 100], [10, 50, 60]), top=1)
    assert ranked["probability_top_1"].to_list() == pytest.approx([1.0, 0.0, 0.0], abs=0.01)


def test_intervals_hold_the_truth_of_simulated_places_as_often_as_they_say() -> None:
    held = [score(KINDS["as usual"], seed)[0]["held_missing"] for seed in range(100, 106)]
    assert 0.93 <= np.mean(held) <= 0.975


def test_shrinkage_finds_more_than_raw_rates_and_main_effects_alone() -> None:
    places = [score(KINDS["tiny groups"], seed)[0] for seed in range(100, 104)]
    mean = {name: np.mean([figures[name] for figures in places]) for name in places[0]}
    assert mean["per-contact_ranking"] > max(mean["per-contact_raw"], mean["per-contact_main"], 0.95)
    assert mean["per-contact_main"] > mean["per-contact_deprived"]


def test_the_probability_of_the_top_ten_comes_true_as_often_as_it_says() -> None:
    tables = [score(KINDS["few people"], seed)[1] for seed in range(100, 112)]
    table = pl.concat(tables).filter(pl.col("probability_top_k").is_between(0.05, 0.95))
    assert table.height > 75
    assert table["truly_top"].mean() == pytest.approx(table["probability_top_k"].mean(), abs=0.08)


def test_a_planted_gap_is_found_among_communities_that_are_otherwise_alike() -> None:
    rng = np.random.default_rng(8)
    areas, n = 40, 300
    uptake = np.full(areas, 0.7)
    uptake[17] = 0.35
    strata = counts([n] * areas, rng.binomial(n, uptake).tolist())
    first = rank_one(strata).row(0, named=True)
    assert first["area_code"] == "E017"
    assert first["lower_cl"] <= n * (0.75 - 0.35) <= first["upper_cl"]
    assert first["predicted_uptake"] == pytest.approx(0.69, abs=0.02)
