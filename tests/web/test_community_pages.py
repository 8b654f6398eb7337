"""One community by its own address: what is missed, why here, with which neighbours, and on paper."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import TABLES, Release, load_release
from tests.support.release_factory import LSOAS, write_sample_release
from tests.web.test_pages import get, words_of

GROUP = "/priorities/communities/msoa_ethnic_group/X02000001/group/J/"
AREA = f"/priorities/communities/lsoa/{next(iter(LSOAS))}/"


@pytest.mark.parametrize("address", [GROUP, AREA, f"{GROUP}brief/", f"{AREA}brief/"])
def test_each_community_has_pages_of_its_own(client: Client, address: str) -> None:
    words = words_of(get(client, address))
    assert "Why here" in words
    assert "Bowel screening uptake, ages 60 to 74" in words
    assert "between 160 and 210, we are 95% sure" in words


def test_why_here_tells_main_effects_from_what_is_local(client: Client) -> None:
    words = words_of(get(client, GROUP))
    assert "points are what its deprivation, ethnic group, ages and sexes would lead you to expect" in words
    assert "are local to this community" in words
    assert "It is number 1 of 12 by how many miss out" in words
    assert "almost certain" in words


def test_what_is_local_is_called_chance_where_it_may_be(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    """Uptake from 0.14 to 0.26 is sure: 0.30 expected is more than chance explains, 0.25 is not."""

    def show(predicted: float) -> str:
        ranked = release.table("rankings").with_columns(
            predicted_uptake=pl.lit(predicted),
            estimated_uptake=pl.lit(0.2),
            eligible=pl.lit(400, pl.Int64),
            lower_cl=pl.lit(135, pl.Int64),
            upper_cl=pl.lit(185, pl.Int64),
        )
        tables = {name: release.table(name) for name in TABLES} | {"rankings": ranked}
        write_sample_release(tmp_path, tables=tables)
        site.EVENGROUND_RELEASES = tmp_path
        return words_of(get(client, GROUP))

    assert "more than chance would explain" in show(0.30)
    assert "The local part may be chance" in show(0.25)


def test_neighbours_that_share_its_gap_are_named(client: Client) -> None:
    words = words_of(get(client, AREA))
    assert (
        "it is one of 3 neighbouring areas that share this gap, with Samplebury 001B and Samplebury 001C"
        in words
    )
    assert "1.4 times as likely to be missed" in words
    assert "on fewer than 1 in 100 maps" in words
    assert "540 of 1,185 eligible people" in words


def test_a_community_in_no_cluster_says_so(client: Client) -> None:
    words = words_of(get(client, f"/priorities/communities/lsoa/{list(LSOAS)[-1]}/"))
    assert "No neighbours share a gap with it that chance would not explain" in words


def test_without_boundaries_it_says_what_to_do(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    tables |= {name: tables[name].clear() for name in ("boundaries", "clusters")}
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    assert "It needs boundaries: name them in place.toml" in words_of(get(client, AREA))
    assert 'class="eg-map"' not in get(client, "/priorities/")


def test_an_older_release_without_clusters_is_still_read(release: Release, tmp_path: Path) -> None:
    older = write_sample_release(tmp_path)
    object.__setattr__(
        older.manifest,
        "files",
        tuple(file for file in older.manifest.files if file.name != "clusters.parquet"),
    )
    assert older.table("clusters").is_empty()
    assert older.table("clusters").columns == TABLES["clusters"].names


@pytest.mark.parametrize(
    "address",
    [
        "/priorities/communities/lsoa/X02000001/",
        "/priorities/communities/nothing/X02000001/",
        "/priorities/communities/msoa_ethnic_group/X02000001/",
        "/priorities/communities/msoa_ethnic_group/X02000001/group/Z/brief/",
    ],
)
def test_what_is_not_ranked_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_the_ranking_leads_to_each_community_and_names_the_neighbours(client: Client) -> None:
    page = get(client, "/priorities/?service=bowel_screening")
    assert f'href="{GROUP}"' in page
    assert "Neighbours that share a gap" in words_of(page)
    assert "Neighbours that share a gap" not in words_of(
        get(client, "/priorities/?service=smi_annual_health_check")
    )


def test_the_map_stands_with_its_table_and_areas_lead_to_their_pages(client: Client) -> None:
    page = get(client, "/priorities/?service=bowel_screening&kind=lsoa")
    words = words_of(page)
    assert "people missing out, by small area (LSOA)" in words
    assert "Half of them are in" in words
    assert re.search(r'<a href="/areas/lsoa/X01000001A/">Samplebury 001A</a>', page)


def test_an_older_release_without_a_column_has_nulls_in_it(release: Release, tmp_path: Path) -> None:
    older = write_sample_release(tmp_path)
    path = older.path / "rankings.parquet"
    pl.read_parquet(path).drop("probability_below").write_parquet(path)
    read = load_release(older.path).table("rankings")
    assert read["probability_below"].is_null().all()
    assert set(read.columns) == set(TABLES["rankings"].names)
