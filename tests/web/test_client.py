"""Reading a release in a notebook: from a folder, and from a real site through its interface."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from pytest_django.live_server_helper import LiveServer

import evenground
from evenground.client import READABLE
from evenground.errors import InputError, ReleaseError
from evenground.releases import TABLES, Release


def test_a_folder_of_releases_gives_its_current_one(sample_releases: Path, release: Release) -> None:
    read = evenground.read_release(sample_releases)
    assert read.id == release.id
    assert read.tables == tuple(TABLES)
    assert read.to_polars("areas").equals(release.table("areas"))
    assert list(read.indicators) == list(release.indicators)


def test_a_workspace_and_the_folder_of_one_release_open_too(
    tmp_path: Path, sample_releases: Path, release: Release
) -> None:
    (tmp_path / "releases").symlink_to(sample_releases)
    assert evenground.read_release(tmp_path).id == release.id
    assert evenground.read_release(str(release.path), verify=True).id == release.id


def test_filters_take_one_value_or_several(sample_releases: Path) -> None:
    read = evenground.read_release(sample_releases)
    rows = read.to_polars(indicator_id="bowel_screening", cut=["all", "local_quintile"], area_type="place")
    assert set(rows["cut"]) == {"all", "local_quintile"}
    assert set(rows["indicator_id"]) == {"bowel_screening"}


def test_pandas_and_arrow_hold_the_same_figures(sample_releases: Path) -> None:
    read = evenground.read_release(sample_releases)
    frame = read.to_polars("rankings")
    assert pl.DataFrame(read.to_arrow("rankings")).equals(frame)
    assert read.to_pandas("rankings")["rank"].tolist() == frame["rank"].to_list()


@pytest.mark.parametrize(
    ("table", "filters", "told"),
    [
        ("value", {}, 'There is no table "value" here. Did you mean "values"?'),
        (
            "values",
            {"indicator": "x"},
            'values cannot be filtered by "indicator". Did you mean "indicator_id"?',
        ),
        ("values", {"value": "3"}, 'values cannot be filtered by "value"'),
    ],
)
def test_what_is_misspelt_is_told(
    sample_releases: Path, table: str, filters: dict[str, str], told: str
) -> None:
    with pytest.raises(InputError) as caught:
        evenground.read_release(sample_releases).to_polars(table, **filters)
    assert told in str(caught.value)


def test_a_folder_without_a_release_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="evenground build"):
        evenground.read_release(tmp_path)


def test_a_site_gives_the_tables_of_its_folder(live_server: LiveServer, release: Release) -> None:
    read = evenground.read_release(live_server.url)
    assert read.manifest == release.manifest
    assert read.tables == READABLE
    for table in READABLE:
        own = release.table(table)
        assert read.to_polars(table).sort(own.columns).equals(own.sort(own.columns))
    some = read.to_polars(indicator_id="bowel_screening", cut="all", area_type=["place", "msoa"])
    assert some.height == 6 * 5


def test_long_tables_come_in_parts(
    live_server: LiveServer, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenground.client._ROWS", 7)
    own = release.table("areas")
    read = evenground.read_release(f"{live_server.url}/").to_polars("areas")
    assert read.sort(own.columns).equals(own.sort(own.columns))


def test_a_site_tells_what_it_does_not_hold(live_server: LiveServer) -> None:
    with pytest.raises(InputError, match="The release holds nothing with"):
        evenground.read_release(live_server.url).to_polars(indicator_id="bowel_screning")


def test_what_is_no_such_site_is_named(live_server: LiveServer) -> None:
    with pytest.raises(ReleaseError, match=r"does not give a release \(answer 404\)"):
        evenground.read_release(f"{live_server.url}/elsewhere")
    with pytest.raises(ReleaseError, match="does not give a release"):
        evenground.read_release("http://127.0.0.1:9")
