"""Addresses that were given out with an older release."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.support.release_factory import LSOAS, make_sample_content, write_sample_release


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An older release, and a newer without one of its indicators and one of its areas."""
    folder = tmp_path_factory.mktemp("releases")
    write_sample_release(folder, as_at="2025-03-31")
    content = make_sample_content()
    profiles = tuple(
        profile.model_copy(
            update={
                "sections": tuple(
                    section.model_copy(
                        update={
                            "indicators": tuple(
                                name for name in section.indicators if name != "bowel_screening"
                            )
                        }
                    )
                    for section in profile.sections
                )
            }
        )
        for profile in content.profiles
    )
    tables = dict(content.tables)
    tables["areas"] = tables["areas"].filter(pl.col("area_code") != next(iter(LSOAS)))
    indicators = tuple(one for one in content.indicators if one.id != "bowel_screening")
    for name in ("values", "inequality", "rankings"):
        if "indicator_id" in tables[name].columns:
            tables[name] = tables[name].filter(pl.col("indicator_id") != "bowel_screening")
    write_sample_release(folder, profiles=profiles, tables=tables, indicators=indicators)
    return folder


@pytest.fixture
def pages(folder: Path, site: Settings, client: Client) -> Client:
    site.EVENGROUND_RELEASES = folder
    return client


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def of_profile(release_folder: Path) -> str:
    return make_sample_content().profiles[0].id


def test_an_indicator_that_was_withdrawn_is_named_with_the_release_that_had_it(pages, folder):
    page = read(pages, f"/profiles/{of_profile(folder)}/bowel_screening/", 404)
    assert re.search(
        r"The indicator [^.]*owel[^.]* is not in the newest release, of figures as at 31 March 2026", page
    )
    assert "It was in the release of figures as at 31 March 2025" in page


@pytest.mark.parametrize("address", ["/areas/lsoa/{code}/", "/profiles/{profile}/?area=lsoa:{code}"])
def test_an_area_that_is_gone_is_named_and_can_be_looked_for(pages, folder, address):
    code, (_, name) = next(iter(LSOAS.items()))
    address = address.format(code=code, profile=of_profile(folder))
    assert f"The area {name} is not in the newest release" in read(pages, address, 404)
    link = re.search(r'href="(/search/\?q=[^"]+)"', pages.get(address).content.decode())
    assert link is not None
    assert pages.get(link[1]).status_code == 200


@pytest.mark.parametrize(
    "address", ["/nowhere/", "/areas/lsoa/X99/", "/profiles/nothing/", "/areas/lsoa/a:b:c/"]
)
def test_what_no_release_had_is_not_found_without_a_guess(pages, address):
    page = read(pages, address, 404)
    assert "If you typed the address, check it." in page
    assert "was in the release" not in page


def test_the_address_that_a_page_gives_of_itself_names_its_release(pages, folder, site: Settings):
    page = pages.get("/profiles/?x=1").content.decode()
    link = re.search(r'href="(/profiles/\?[^"]*release=[^"]+)"', page)
    assert link is not None
    assert "of another release" not in read(pages, link[1].replace("&amp;", "&"))


def test_an_address_of_an_older_release_says_so_and_shows_the_newest(pages, folder):
    older = next(path.name for path in folder.iterdir() if path.name.startswith("2025-03-31"))
    page = read(pages, f"/profiles/?release={older}")
    assert "This address is of another release, of figures as at 31 March 2025." in page
    assert "You are looking at the current one, of figures as at 31 March 2026" in page


@pytest.mark.parametrize("asked", ["", "nothing", "2025-03-31-<b>", "2025-99-99-000000000000"])
def test_what_is_no_release_changes_nothing(pages, asked):
    answer = pages.get("/profiles/", {"release": asked})
    assert answer.status_code == 200
    assert "of another release" not in answer.content.decode()


def test_an_older_release_that_is_damaged_does_not_break_the_page(pages, folder: Path, site, tmp_path):
    shutil.copytree(folder, tmp_path / "releases")
    site.EVENGROUND_RELEASES = tmp_path / "releases"
    older = next(path for path in (tmp_path / "releases").iterdir() if path.name.startswith("2025-03-31"))
    (older / "indicators.json").write_text("{")
    read(pages, f"/profiles/{of_profile(folder)}/bowel_screening/", 404)
