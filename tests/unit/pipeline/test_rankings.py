"""What a release says of ranked communities, and what nobody can work out from it."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.disclosure import load_policy
from evenground.indicators import SHIPPED, load_definitions
from evenground.pipeline.rankings import rank_for_release

POLICY = load_policy("nhs-7-5")
INDICATOR = load_definitions(SHIPPED).indicators["bowel_screening"]
FIGURES = (
    "eligible",
    "reached",
    "value_note",
    "estimated_uptake",
    "predicted_uptake",
    "expected_missing",
    "expected_missing_per_100",
    "lower_cl",
    "upper_cl",
    "probability_top_10",
)
LSOAS = pl.DataFrame(
    {
        "lsoa_code": [f"L{n:02}" for n in range(40)],
        "msoa_code": [f"M{n // 5}" for n in range(40)],
        "imd_quintile": [1 + n % 5 for n in range(40)],
    }
)


def make_cells(hidden: int, *, eligible: int = 60) -> pl.DataFrame:
    """Cells of one service, in which the Pakistani people of M0, all in L00, have ``hidden`` reached."""
    rows = [
        ("L00", "J", eligible, hidden)
        if (lsoa, group) == ("L00", "J")
        else (lsoa, group, people, round(people * share))
        for lsoa in LSOAS["lsoa_code"]
        for group, people, share in (("A", 400, 0.7), ("J", 40, 0.5))
        if (lsoa, group) == ("L00", "J") or group == "A" or lsoa > "L04"
    ]
    return pl.DataFrame(
        [(lsoa, "65-69", "female", group, n, n, y) for lsoa, group, n, y in rows],
        schema=["lsoa_code", "age_band", "sex", "ethnic_group", "population", *COUNTS],
        orient="row",
    )


COUNTS = ("bowel_screening__denominator", "bowel_screening__numerator")


def community(hidden: int, **sizes: int) -> list[dict]:
    ranked = rank_for_release(make_cells(hidden, **sizes), LSOAS, [INDICATOR], POLICY)
    chosen = ranked.filter((pl.col("area_code") == "M0") & (pl.col("ethnic_group") == "J")).sort("service_id")
    return chosen.select("service_id", *FIGURES).to_dicts()


@pytest.mark.parametrize("hidden", [2, 3, 5, 7])
def test_no_figure_of_a_community_depends_on_a_hidden_count(hidden):
    assert community(hidden) == community(1)


def test_no_figure_of_a_community_depends_on_what_rounding_hides():
    assert community(28, eligible=58) == community(32, eligible=62)


def test_a_community_with_a_hidden_count_is_still_ranked_by_what_is_known_of_it():
    ranked = rank_for_release(make_cells(2), LSOAS, [INDICATOR], POLICY)
    (hidden,) = [row for row in community(2) if row["service_id"] == "bowel_screening"]
    assert (hidden["eligible"], hidden["reached"], hidden["value_note"]) == (60, None, "suppressed")
    assert hidden["estimated_uptake"] < 0.3
    others = ranked.filter((pl.col("ethnic_group") == "J") & (pl.col("service_id") == "bowel_screening"))
    assert others.sort("expected_missing_per_100")["area_code"][-1] == "M0"


def test_a_community_too_small_to_show_is_left_out():
    assert community(2, eligible=6) == []


def test_a_place_without_the_service_has_an_empty_ranking():
    empty = make_cells(2).with_columns(pl.lit(0, dtype=pl.Int64).alias(name) for name in COUNTS)
    ranked = rank_for_release(empty, LSOAS, [INDICATOR], POLICY)
    assert ranked.is_empty()
    assert "expected_missing" in ranked.columns


def test_under_a_policy_that_does_not_exempt_modelled_figures_nothing_is_ranked():
    strict = POLICY.model_copy(update={"exempt": ("standardised",)})
    ranked = [rank_for_release(make_cells(20), LSOAS, [INDICATOR], policy) for policy in (POLICY, strict)]
    assert ranked[0].height > 0
    assert ranked[1].height == 0
    assert set(ranked[1].columns) == set(ranked[0].columns)
