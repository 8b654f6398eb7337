"""The profile of a real place, from public files through the product's own sources, in a real browser."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evenground.gate import approve
from evenground.pipeline import build_release
from evenground.releases import Release, current_release
from tests.browser.conftest import Watched
from tests.browser.test_site import OpenContext, find_violations, open_details
from tests.support.chromium import DESKTOP, NARROW
from tests.support.real_rotherham import (
    DEPRIVATION,
    ETHNICITY,
    LISTS,
    POPULATION,
    SMOKING,
    write_rotherham_profile,
)

pytestmark = pytest.mark.reference

PLACE = "E08000018"
OURS = "/profiles/our_places/"
PUBLISHED = "/profiles/published_figures/"
SMOKING_PAGE = f"{PUBLISHED}smoking_prevalence_qof/"
PAGES = [
    OURS,
    f"{OURS}income_deprived_imd/",
    "/areas/practice/C87012/",
    f"{SMOKING_PAGE}inequality/",
    f"{SMOKING_PAGE}funnel/",
]


@pytest.fixture(scope="module")
def releases(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rotherham built from its public files, and approved by another than whoever built it."""
    workspace = write_rotherham_profile(tmp_path_factory.mktemp("real") / "place", shared)
    release, _ = build_release(workspace)
    approve(workspace.releases, release.id, by="steward-2", reason="", seen=1)
    return workspace.releases


@pytest.fixture
def real(releases: Path) -> Release:
    return current_release(releases)


@pytest.fixture
def page(
    site: Settings, live_server: LiveServer, releases: Path, open_context: OpenContext
) -> tuple[Page, str]:
    site.EVENGROUND_RELEASES = releases
    return open_context(viewport=DESKTOP, bypass_csp=True).new_page(), live_server.url


def rows_of(shared: Path, file: str) -> list[dict[str, str]]:
    content = (shared / file).read_bytes()
    text = gzip.decompress(content) if file.endswith(".gz") else content
    return list(csv.DictReader(text.decode("utf-8-sig").splitlines()))


def test_pages_of_a_real_place_open_without_a_fault_and_fit_a_narrow_screen(
    page: tuple[Page, str],
) -> None:
    browser, address = page
    watched = Watched(browser)
    for path in PAGES:
        browser.set_viewport_size(DESKTOP)
        browser.goto(address + path)
        expect(browser.get_by_role("heading", level=1)).to_be_visible()
        assert find_violations(browser) == [], path
        browser.set_viewport_size(NARROW)
        open_details(browser)
        assert browser.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
    assert watched.problems == []
    assert watched.hosts == {address.split("/")[2]}


def test_the_map_has_every_small_area_with_the_figure_that_was_published(
    page: tuple[Page, str], shared: Path
) -> None:
    browser, address = page
    browser.goto(f"{address}{OURS}income_deprived_imd/")
    areas = browser.locator(".eg-picture svg .evenground-areas > *")
    expect(areas).to_have_count(170)
    told = dict(
        re.fullmatch(r"(.+): ([\d.]+)%.*", text).groups()  # type: ignore[union-attr]
        for text in browser.locator(".eg-picture svg .evenground-areas title").all_text_contents()
    )
    published = {row["lsoa21_code"]: row["Income_score"] for row in rows_of(shared, DEPRIVATION)}
    assert told["Rotherham 029A"] == f"{100 * float(published['E01007657']):.1f}"
    expect(browser.locator(".eg-keys")).to_contain_text("Rotherham")


def test_the_census_of_each_small_area_is_that_of_the_file(real: Release, shared: Path) -> None:
    found = real.table("values").filter(indicator_id="asian_residents_census", area_type="lsoa")
    wanted = {
        row["lsoa21_code"]: (int(row["n"]), int(row["total_residents"]))
        for row in rows_of(shared, ETHNICITY)
        if row["ethnic_group"].startswith("Asian")
    }
    counts = dict(
        zip(found["area_code"], zip(found["numerator"], found["denominator"], strict=True), strict=True)
    )
    assert len(counts) == 170
    assert counts == {code: wanted[code] for code in counts}
    assert found["denominator"].sum() == 265_823


def test_each_practices_list_is_that_of_the_file(real: Release, shared: Path) -> None:
    found = real.table("values").filter(indicator_id="registered_65_and_over", area_type="practice")
    wanted = {row["PRACTICE_CODE"]: (int(row["65OV"]), int(row["TOTAL"])) for row in rows_of(shared, LISTS)}
    lists = {
        code: (old, every)
        for code, old, every in found.select("area_code", "numerator", "denominator").rows()
    }
    assert len(lists) > 20
    assert lists == {code: wanted[code] for code in lists}


def test_people_of_areas_that_were_merged_since_are_added_up_and_split_ones_keep_their_value(
    real: Release, shared: Path
) -> None:
    found = real.table("values").filter(indicator_id="residents_90_and_over", area_type="lsoa")
    rows = {row["area_code"]: row for row in found.rows(named=True)}
    wanted = {
        row["lsoa11_code"]: (int(row["90+"]), int(row["total_population"]))
        for row in rows_of(shared, POPULATION)
    }
    merged = [sum(pair) for pair in zip(wanted["E01007813"], wanted["E01007814"], strict=True)]
    assert [rows["E01034253"][name] for name in ("numerator", "denominator")] == merged
    assert rows["E01007657"]["denominator"] == wanted["E01007657"][1]
    old, every = wanted["E01007693"]
    parts = [row for code, row in rows.items() if row["denominator"] is None and row["value"] is not None]
    assert len(parts) >= 6
    assert any(row["value"] == pytest.approx(100 * old / every) for row in parts)


def test_the_slope_across_published_deciles_on_the_page_is_the_line_through_the_file(
    page: tuple[Page, str], shared: Path
) -> None:
    names = ["Most", "Second most", "Third more", "Fourth more", "Fifth more", "Fifth less", "Fourth less"]
    names += ["Third less", "Second least", "Least"]
    tenths = {
        row["Category"].split(" deprived")[0]: row
        for row in rows_of(shared, SMOKING)
        if row["Category Type"].startswith("County & UA")
        and row["Time period"] == "2021/22"
        and row["Area Name"] == "England"
        and row["Indicator ID"]
    }
    people, value = (
        np.array([float(tenths[name][column]) for name in names]) for column in ("Denominator", "Value")
    )
    share = people / people.sum()
    slope = -np.polyfit(np.cumsum(share) - share / 2, value, 1, w=np.sqrt(share))[0]
    browser, address = page
    browser.goto(address + SMOKING_PAGE)
    told = browser.locator(".eg-inequality").first.inner_text()
    assert "tenths of England’s counties and unitary authorities, 2021/22" in told
    shown = re.search(r"([\d.]+) percentage points", told)
    assert shown
    assert float(shown[1]) == pytest.approx(slope, abs=0.006)


def test_practices_on_the_funnel_are_those_that_published_counts(
    page: tuple[Page, str], real: Release
) -> None:
    browser, address = page
    browser.goto(f"{address}{SMOKING_PAGE}funnel/?of=practice")
    expect(browser.locator(".evenground-areas > *")).to_have_count(28)
    practices = real.table("values").filter(
        (pl.col("indicator_id") == "smoking_prevalence_qof") & (pl.col("area_type") == "practice")
    )
    average = 100 * practices["numerator"].sum() / practices["denominator"].sum()
    expect(browser.locator(".eg-figure").first).to_contain_text(
        f"The average of these 28 practices is {average:.1f}%."
    )
