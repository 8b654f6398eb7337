"""The map of a ranking: areas by people missing out."""

from __future__ import annotations

import polars as pl

from evenground.releases import Release
from evenground.reports.missing_map import draw_missing_map


def ranked(release: Release, kind: str) -> pl.DataFrame:
    return release.table("rankings").filter(
        (pl.col("service_id") == "bowel_screening") & (pl.col("community_type") == kind)
    )


def draw(release: Release, kind: str):
    return draw_missing_map(release, ranked(release, kind), what="Bowel screening", noun="people missing out")


def test_communities_of_one_area_are_added_up(release: Release) -> None:
    figure = draw(release, "msoa_ethnic_group")
    assert figure
    sums = ranked(release, "msoa_ethnic_group").group_by("area_code").agg(pl.col("expected_missing").sum())
    wanted = {f"{missing:,}" for missing in sums["expected_missing"]}
    assert {row[1] for row in figure.rows} == wanted
    assert {row[2] for row in figure.rows} == {"4"}
    assert figure.areas[0][0] == "msoa"


def test_it_says_where_most_are_and_in_how_many_areas_half_of_them(release: Release) -> None:
    figure = draw(release, "lsoa")
    assert figure
    assert figure.summary.startswith("Most are in Samplebury 001A: 185 people missing out.")
    missing = sorted(ranked(release, "lsoa")["expected_missing"], reverse=True)
    half = next(n for n in range(1, 13) if sum(missing[:n]) >= sum(missing) / 2)
    assert f"Half of them are in {half} of 12 areas." in figure.summary


def test_an_area_without_a_ranked_community_is_shown_as_no_data(release: Release) -> None:
    figure = draw_missing_map(
        release, ranked(release, "lsoa").head(8), what="Bowel screening", noun="people missing out"
    )
    assert figure
    assert "nobody is ranked here" in figure.svg
    assert len(figure.rows) == 8


def test_without_boundaries_or_a_ranking_there_is_no_map(changed_release, release: Release) -> None:
    assert draw(changed_release(boundaries=lambda table: table.clear()), "lsoa") is None
    assert (
        draw_missing_map(release, ranked(release, "lsoa").clear(), what="Bowel screening", noun="people")
        is None
    )
