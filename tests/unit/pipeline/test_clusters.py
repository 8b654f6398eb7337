"""Neighbours that share a gap, from a release's own tables."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from evenground.pipeline.clusters import find_clusters_for_release
from evenground.releases import TABLES, current_release

SIDE = 6


def make_rankings(uptake_of_first: float) -> pl.DataFrame:
    """A grid of areas with published counts; the four in one corner may share a gap."""
    rows = []
    for place in range(SIDE * SIDE):
        corner = place % SIDE < 2 and place // SIDE < 2
        reached = 5 * round(400 * (uptake_of_first if corner else 0.68 + 0.01 * (place % 5)) / 5)
        rows.append(
            {
                "service_id": "screening",
                "community_type": "lsoa",
                "rank": place + 1,
                "area_type": "lsoa",
                "area_code": f"E{place:02d}",
                "standard": 0.75,
                "eligible": 400,
                # As a release hides it: the estimate is then all that is known.
                "reached": None if place == 1 else reached,
                "estimated_uptake": reached / 400,
                "predicted_uptake": 0.7,
                "expected_missing": 300 - reached,
            }
        )
    schema = pl.DataFrame(pl.from_arrow(TABLES["rankings"].empty_table())).schema
    return pl.DataFrame(rows, schema=schema)


@pytest.fixture(scope="module")
def boundaries() -> pl.DataFrame:
    rows = []
    for place in range(SIDE * SIDE):
        x, y = place % SIDE, place // SIDE
        ring = [[x, y], [x, y + 1], [x + 1, y + 1], [x + 1, y], [x, y]]
        shape = json.dumps({"type": "Polygon", "coordinates": [[[x / 100, 52 + y / 100] for x, y in ring]]})
        rows.append(("lsoa", f"E{place:02d}", shape))
    return pl.DataFrame(rows, schema=TABLES["boundaries"].names, orient="row")


def test_the_corner_that_shares_a_gap_is_one_cluster(boundaries):
    ranked = make_rankings(0.4)
    found = find_clusters_for_release(ranked, boundaries)
    assert found.columns == TABLES["clusters"].names
    row = found.row(0, named=True)
    assert sorted(row["area_codes"].split(";")) == ["E00", "E01", "E06", "E07"]
    assert row["eligible"] == 1600
    assert row["expected_missing"] == 4 * 140
    assert row["p_value"] <= 0.05
    assert row["ethnic_group"] is None


def test_an_even_map_has_none_and_the_table_is_empty(boundaries):
    found = find_clusters_for_release(make_rankings(0.7), boundaries)
    assert found.is_empty()
    assert found.columns == TABLES["clusters"].names


def test_without_boundaries_nothing_is_looked_for(boundaries):
    assert find_clusters_for_release(make_rankings(0.4), boundaries.clear()).is_empty()


def test_it_follows_from_the_published_tables_alone(boundaries):
    """The same shown figures give the same clusters, whatever counts lie behind what is hidden."""
    shown = make_rankings(0.4)
    again = shown.sample(fraction=1.0, shuffle=True, seed=1)
    assert find_clusters_for_release(shown, boundaries).equals(find_clusters_for_release(again, boundaries))


def test_the_clusters_of_a_built_release_follow_from_its_own_tables(wenbury_template: Path) -> None:
    release = current_release(wenbury_template / "releases")
    again = find_clusters_for_release(release.table("rankings"), release.table("boundaries"))
    assert_frame_equal(again, release.table("clusters"))
