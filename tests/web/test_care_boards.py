"""A place in two integrated care boards: built, and shown."""

from __future__ import annotations

import re

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.pipeline import build_release
from evenground.releases import Release, set_current
from tests.support.linkage import LSOAS, make_register

BOARDS = {"E54000901": "North Board", "E54000902": "South Board"}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    workspace = make_register(tmp_path_factory.mktemp("boards") / "place")
    areas = workspace.root / "data/areas.csv"
    codes = [*[next(iter(BOARDS))] * 2, *[list(BOARDS)[1]] * 3]
    pl.read_csv(areas, infer_schema=False).sort("lsoa_code").with_columns(
        pl.Series("icb_code", codes), pl.Series("icb_name", [BOARDS[code] for code in codes])
    ).write_csv(areas)
    return build_release(workspace)[0]


def test_people_are_counted_by_the_board_that_their_home_is_in(release):
    people = (
        release.table("areas")
        .select("area_type", "area_code", "population")
        .filter(pl.col("area_type").is_in(["lsoa", "icb", "place"]))
    )
    of = {code: population for _, code, population in people.iter_rows()}
    boards = release.table("areas").filter(area_type="icb")
    assert dict(boards.select("area_code", "area_name").iter_rows()) == BOARDS
    north, south = (of[code] for code in BOARDS)
    # Each count is rounded by itself.
    assert abs(north - sum(of[code] for code in LSOAS[:2])) <= 7.5
    assert abs(south - sum(of[code] for code in LSOAS[2:])) <= 10
    figures = release.table("values").filter(area_type="icb", cut="all")
    assert set(figures["area_code"]) == set(BOARDS)
    assert set(figures["indicator_id"]) == set(
        release.table("values").filter(area_type="place")["indicator_id"]
    )


def test_a_board_has_a_page_with_its_parts_and_stands_above_its_small_areas(
    release: Release, site: Settings, client: Client
):
    set_current(release.path.parent, release.path.name)
    site.EVENGROUND_RELEASES = release.path.parent
    code, name = next(iter(BOARDS.items()))
    page = client.get(f"/areas/icb/{code}/").content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert name in text
    assert "/areas/msoa/E02000001/" in page
    assert "South Board" in client.get("/search/?q=board").content.decode()
    assert name in client.get(f"/areas/lsoa/{LSOAS[0]}/").content.decode()
