"""Communities of any table of counts, ranked."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from benchmarks.places import BY, KINDS, Kind, Order, Place, found_share, score_ranking, simulate_place
from evenground.errors import InputError
from evenground.reach import rank_counts

SMALL = Kind(areas=12, groups=4, people=6_000)
STRATA = ["sex", "age_band"]
FIRST_COLUMNS = [
    *BY, "rank", "eligible", "reached", "expected_missing", "lower_cl", "upper_cl", "probability_top_k",
]  # fmt: skip
EXACT = ["eligible", "reached"]
ESTIMATED = [
    "expected_missing",
    "lower_cl",
    "upper_cl",
    "estimated_uptake",
    "predicted_uptake",
    "expected_rank",
]


@pytest.fixture(scope="module")
def place() -> Place:
    return simulate_place(SMALL, 1)


def rank(place: Place, **options) -> pl.DataFrame:
    chosen = {"standard": place.standard, "by": BY, "strata": STRATA, "covariates": ["imd_rank"], **options}
    return rank_counts(place.counts, **chosen)


def test_there_is_one_row_a_community_in_rank_order(place: Place) -> None:
    ranked = rank(place)
    assert ranked.columns[: len(FIRST_COLUMNS)] == FIRST_COLUMNS
    assert ranked.height == place.truth.height
    assert ranked["rank"].to_list() == list(range(1, ranked.height + 1))
    assert ranked["expected_missing"].is_sorted(descending=True)
    assert_frame_equal(ranked.select(*BY, *EXACT).sort(BY), place.truth.select(*BY, *EXACT))


def test_every_figure_is_within_its_bounds(place: Place) -> None:
    ranked = rank(place, flag_fdr=0.1, capacity=500)
    for name in ("estimated_uptake", "predicted_uptake", "probability_top_k", "probability_below"):
        assert ranked[name].is_between(0, 1).all(), name
    for name in ("explained_share", "local_share"):
        assert ranked[name].drop_nulls().is_between(0, 1).all(), name
    assert (ranked["lower_cl"] <= ranked["upper_cl"]).all()
    assert (ranked["upper_cl"] <= place.standard * ranked["eligible"] + 1e-9).all()
    assert ranked["expected_missing_per_100"].is_between(0, 100).all()
    assert (ranked["rank_lower_cl"] <= ranked["rank_upper_cl"]).all()
    assert ranked["probability_top_k"].sum() == pytest.approx(10, abs=0.01)
    assert not any(ranked[name].is_nan().any() for name in ESTIMATED)


def test_per_contact_orders_by_people_found_for_each_100_contacted(place: Place) -> None:
    ranked = rank(place, order="per-contact")
    assert ranked["expected_missing_per_100"].is_sorted(descending=True)
    np.testing.assert_allclose(
        ranked["expected_missing_per_100"], 100 * ranked["expected_missing"] / ranked["eligible"]
    )
    total = rank(place).select(*BY, *ESTIMATED[:5]).sort(BY)
    assert_frame_equal(ranked.select(*BY, *ESTIMATED[:5]).sort(BY), total)


def test_local_leads_with_what_only_that_community_shows(place: Place) -> None:
    first = rank(place, order="local").row(0, named=True)
    assert first["estimated_uptake"] < first["predicted_uptake"]
    assert 0 < first["local_share"] <= 1


def test_contacts_go_down_the_list_until_they_are_used_up(place: Place) -> None:
    ranked = rank(place, order="per-contact", capacity=700)
    assert ranked["contacts"].sum() == 700
    visited = ranked.filter(pl.col("contacts") > 0)
    assert visited["rank"].to_list() == list(range(1, visited.height + 1))
    whole = visited.head(visited.height - 1)
    assert whole["contacts"].to_list() == whole["eligible"].to_list()
    np.testing.assert_allclose(whole["expected_found"], whole["expected_missing"])
    last = visited.row(-1, named=True)
    assert last["expected_found"] == pytest.approx(
        last["expected_missing"] * last["contacts"] / last["eligible"]
    )


def test_contacts_can_be_spent_on_those_not_reached_alone(place: Place) -> None:
    ranked = rank(place, order="per-contact", contacted="not-reached", capacity=700)
    assert (ranked["contacts"] <= ranked["eligible"] - ranked["reached"]).all()
    assert (ranked["expected_found"] <= ranked["contacts"]).all()
    assert ranked["expected_missing_per_100"].is_sorted(descending=True)


def test_strata_held_against_the_standard_by_themselves_miss_no_fewer(place: Place) -> None:
    whole, parts = (rank(place, shortfall=name).sort(BY) for name in ("community", "strata"))
    assert (parts["expected_missing"] >= whole["expected_missing"] * 0.99 - 0.05).all()
    assert parts["expected_missing"].sum() > whole["expected_missing"].sum()
    truth = place.truth.sort(BY)["missing_in_strata"]
    held = truth.is_between(parts["lower_cl"] - 1e-6, parts["upper_cl"] + 1e-6)
    assert held.mean() > 0.88


def test_the_flagged_are_below_the_standard_but_for_the_stated_share() -> None:
    flags, wrong = 0, 0
    for seed in range(6):
        place = simulate_place(Kind(areas=40, groups=6, people=12_000, base=1.0), seed)
        ranked = rank(place, flag_fdr=0.1).join(place.truth.select(*BY, "missing"), on=BY)
        flags += int(ranked["flagged"].sum())
        wrong += ranked.filter(pl.col("flagged") & (pl.col("missing") == 0)).height
    assert flags > 300
    assert wrong / flags == pytest.approx(0.1, abs=0.05)


def test_stricter_flags_are_fewer_and_among_the_others(place: Place) -> None:
    loose, strict = (rank(place, flag_fdr=rate, standard=0.6)["flagged"] for rate in (0.2, 0.02))
    assert (loose | ~strict).all()
    assert loose.sum() >= strict.sum()


def test_one_surface_over_neighbours_helps_where_uptake_follows_the_map() -> None:
    kind = Kind(areas=64, groups=3, people=6_000, spatial=0.7, area_spread=0.05, gap_share=0.0, imd=0.0)
    error = {"with": [], "without": []}
    for seed in range(3):
        place = simulate_place(kind, seed)
        for name, beside in (("with", place.neighbours), ("without", None)):
            error[name].append(score_ranking(rank(place, neighbours=beside), place)[0]["error"])
    assert np.mean(error["with"]) < 0.97 * np.mean(error["without"])


def test_neighbours_need_areas_of_the_table(place: Place) -> None:
    with pytest.raises(InputError, match="No two neighbours"):
        rank(place, neighbours=pl.DataFrame({"one": ["x"], "other": ["y"]}))
    with pytest.raises(InputError, match="two columns"):
        rank(place, neighbours=pl.DataFrame({"one": ["x"]}))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"standard": 75}, "from 0 to 1, but 75 was given"),
        ({"standard": float("nan")}, "must be a share"),
        ({"order": "totl"}, 'Did you mean "total"'),
        ({"shortfall": "stratum"}, 'Did you mean "strata"'),
        ({"contacted": "all"}, "is not known"),
        ({"top": 0}, "top must be at least 1"),
        ({"capacity": 0}, "capacity must be at least 1"),
        ({"flag_fdr": 10}, "rate of false discoveries must be a share"),
        ({"confidence_level": 95}, "Write 75 % as 0.75"),
    ],
)
def test_options_out_of_range_are_refused(place: Place, options: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        rank(place, **options)


def test_the_same_counts_give_the_same_table(place: Place) -> None:
    assert_frame_equal(rank(place), rank(place), check_exact=True)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    place = simulate_place(SMALL, 2)
    shuffled = place.counts.sample(fraction=1, shuffle=True, seed=seed)
    again = rank_counts(shuffled, standard=place.standard, by=BY, strata=STRATA, covariates=["imd_rank"])
    assert_frame_equal(rank(place), again, check_exact=True)


@settings(max_examples=5, deadline=None)
@given(share=st.floats(0.05, 0.95))
def test_splitting_rows_of_a_stratum_changes_nothing(share: float) -> None:
    place = simulate_place(SMALL, 3)
    part = [(pl.col(name) * share).floor().cast(pl.Int64).alias(name) for name in EXACT]
    # The parts must be counts of people: no more reached than eligible in either.
    one = place.counts.with_columns(part).with_columns(reached=pl.min_horizontal(EXACT))
    rest = place.counts.with_columns(place.counts[name] - one[name] for name in EXACT)
    whole = one["reached"] + (rest["reached"] - rest["eligible"]).clip(lower_bound=0)
    one = one.with_columns(reached=whole).with_columns(eligible=pl.max_horizontal(EXACT))
    rest = place.counts.with_columns(place.counts[name] - one[name] for name in EXACT)
    split = rank_counts(
        pl.concat([one, rest]), standard=place.standard, by=BY, strata=STRATA, covariates=["imd_rank"]
    )
    assert_frame_equal(rank(place), split, check_exact=True)


@settings(max_examples=5, deadline=None)
@given(order=st.permutations(range(SMALL.areas)))
def test_other_names_for_areas_change_no_estimate(order: list[int]) -> None:
    place = simulate_place(SMALL, 4)
    codes = place.counts["area_code"].unique().sort().to_list()
    names = {code: f"X{number:03}" for code, number in zip(codes, order, strict=True)}
    renamed = place.counts.with_columns(pl.col("area_code").replace_strict(names))
    ranked = rank_counts(renamed, standard=place.standard, by=BY, strata=STRATA, covariates=["imd_rank"])
    back = ranked.with_columns(pl.col("area_code").replace_strict({new: old for old, new in names.items()}))
    assert_frame_equal(
        back.select(*BY, *ESTIMATED).sort(BY), rank(place).select(*BY, *ESTIMATED).sort(BY), rel_tol=1e-3
    )


def test_codes_keep_their_kind(place: Place) -> None:
    numbered = place.counts.with_columns(pl.col("area_code").str.slice(1).cast(pl.Int64))
    ranked = rank_counts(numbered, standard=0.75, by=BY, strata=STRATA)
    assert ranked["area_code"].dtype == pl.Int64


def test_people_without_an_area_or_group_inform_the_model_and_are_not_ranked(place: Place) -> None:
    some = place.counts.with_columns(
        ethnic_group=pl.when(pl.col("ethnic_group") != "G02").then(pl.col("ethnic_group"))
    )
    ranked = rank_counts(some, standard=0.75, by=BY, strata=STRATA)
    assert sorted(ranked["ethnic_group"].unique()) == ["G00", "G01", "G03"]
    with pytest.raises(InputError, match="No community is left to rank"):
        rank_counts(place.counts.with_columns(ethnic_group=pl.lit(None)), standard=0.75, by=BY)


@pytest.mark.parametrize("by", [["area_code"], ["area_code", "ethnic_group", "sex"], ["ethnic_group"]])
def test_a_community_is_whatever_columns_make_it(place: Place, by: list[str]) -> None:
    ranked = rank_counts(place.counts, standard=0.75, by=by, strata=["age_band"], covariates=["imd_rank"])
    assert ranked.height == place.counts.select(by).n_unique()


@pytest.mark.parametrize("areas", [["E02000000"], ["E02000000", "E02000001"]])
def test_one_or_two_areas_can_be_ranked(place: Place, areas: list[str]) -> None:
    few = place.counts.filter(pl.col("area_code").is_in(areas))
    ranked = rank_counts(few, standard=0.75, by=BY, strata=STRATA, covariates=["imd_rank"])
    assert ranked["area_code"].n_unique() == len(areas)
    assert np.isfinite(ranked["expected_missing"].to_numpy()).all()


def test_a_group_absent_from_all_areas_but_one_is_ranked_there(place: Place) -> None:
    lone = place.counts.filter((pl.col("ethnic_group") != "G03") | (pl.col("area_code") == "E02000000"))
    ranked = rank_counts(lone, standard=0.75, by=BY, strata=STRATA).filter(pl.col("ethnic_group") == "G03")
    assert ranked.height == 1
    assert 0 < ranked["estimated_uptake"][0] < 1


@pytest.mark.parametrize(("reached", "missing"), [("eligible", 0.0), (None, 1.0)])
def test_all_or_none_reached_is_ranked(place: Place, reached: str | None, missing: float) -> None:
    certain = place.counts.with_columns(reached=pl.lit(0) if reached is None else pl.col(reached))
    ranked = rank_counts(certain, standard=0.75, by=BY, strata=STRATA, covariates=["imd_rank"])
    share = ranked["expected_missing"].sum() / (0.75 * ranked["eligible"].sum())
    assert share == pytest.approx(missing, abs=0.01)


def test_most_of_those_missing_are_found_and_intervals_hold_the_truth() -> None:
    found, held = [], []
    for name in ("as usual", "rare deep gaps", "tiny groups"):
        for seed in (300, 301):
            place = simulate_place(KINDS[name], seed)
            figures, table = score_ranking(rank(place, order="per-contact"), place)
            found.append(figures["per-contact_ranking"])
            held.append(figures["held_missing"])
            raw = found_share(table, -pl.col("raw"), Order.PER_CONTACT)
            assert figures["per-contact_ranking"] > raw - 0.03
    assert np.mean(found) > 0.97
    assert 0.93 < np.mean(held) < 0.97
