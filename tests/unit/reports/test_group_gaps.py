"""One group of people beside everybody: gaps, their order, and what is said of them."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.releases import Release
from evenground.reports.charts import draw_map
from evenground.reports.group_gaps import read_group_gaps, say_group_gaps, say_people
from tests.support.release_factory import write_sample_release

GROUP = ("ethnic_group", "J")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return write_sample_release(tmp_path_factory.mktemp("releases"))


def figure(release: Release, indicator: str, cut: str, category: str) -> dict:
    found = release.latest_values.filter(
        pl.col("indicator_id").eq(indicator)
        & pl.col("area_type").eq("place")
        & pl.col("cut").eq(cut)
        & pl.col("category").eq(category)
    )
    return found.row(0, named=True)


def test_a_gap_is_the_distance_to_everybody_and_so_many_people_of_the_group(release):
    gaps = {gap.info.id: gap for gap in read_group_gaps(release, *GROUP)}
    gap = gaps["bowel_screening"]
    own = figure(release, "bowel_screening", *GROUP)
    everybody = figure(release, "bowel_screening", "all", "all")
    # A higher share is better: the group is worse where its own is lower.
    assert gap.points == pytest.approx(everybody["value"] - own["value"])
    assert gap.people == pytest.approx((everybody["value"] - own["value"]) / 100 * own["denominator"])
    assert gap.comparison == own["comparison"]
    assert say_people(gap) == f"about {round(gap.people / 5) * 5} people"


def test_the_sign_of_a_gap_is_of_the_polarity(release):
    for gap in read_group_gaps(release, *GROUP):
        if gap.points is None or gap.comparison not in {"worse", "better"}:
            continue
        assert (gap.points > 0) == (gap.comparison == "worse")


def test_an_indicator_that_is_no_share_tells_no_people(release):
    for gap in read_group_gaps(release, *GROUP):
        if gap.info.value_type != "proportion":
            assert gap.people is None


def test_what_is_clearly_worse_comes_first_and_the_most_people_among_it(release):
    for order in ("people", "points"):
        gaps = read_group_gaps(release, *GROUP, order=order)
        worse = [gap for gap in gaps if gap.comparison == "worse"]
        assert worse
        assert gaps[: len(worse)] == worse
        sizes = [gap.people if order == "people" else gap.points for gap in worse]
        known = [size for size in sizes if size is not None]
        assert known == sorted(known, reverse=True)
        assert sizes[len(known) :] == [None] * (len(sizes) - len(known))


def test_the_sentence_counts_and_names_the_widest_with_both_figures(release):
    gaps = read_group_gaps(release, *GROUP)
    told = say_group_gaps(gaps, place_name="Samplebury")
    worse = sum(gap.comparison == "worse" for gap in gaps)
    assert f"this group is worse on {worse}" in told
    first = gaps[0]
    assert f"Widest first: {first.info.short_name} (" in told
    assert f"{first.cell.value:.1f}% against {first.place.value:.1f}%" in told


def test_a_group_without_figures_is_told_as_such(release):
    assert read_group_gaps(release, "ethnic_group", "nobody") == []
    assert (
        say_group_gaps([], place_name="Samplebury")
        == "No figure of this group can be compared with Samplebury."
    )


def test_a_map_of_a_group_shows_the_groups_figures_by_area(release):
    picture = draw_map(release, "bowel_screening", cut="ethnic_group", category="J", people="Pakistani")
    assert "Pakistani" in picture.title
    shown = {row[0]: row[1] for row in picture.rows}
    values = release.latest_values.filter(
        pl.col("indicator_id").eq("bowel_screening")
        & pl.col("area_type").eq("msoa")
        & pl.col("cut").eq("ethnic_group")
        & pl.col("category").eq("J")
    )
    for row in values.iter_rows(named=True):
        if row["value_note"] == "published" and row["area_code"] != "unknown":
            assert shown[release.area_names["msoa", row["area_code"]]] == f"{row['value']:.1f}%"
    assert picture.id != draw_map(release, "bowel_screening").id
