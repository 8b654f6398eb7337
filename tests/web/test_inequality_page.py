"""The page of an indicator's inequality: lines, measures, shares, and what is said where there are none."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import TABLES, Release
from tests.support.release_factory import write_sample_release
from tests.web.test_pages import get, words_of

PROFILE = "/profiles/core20plus5_adults/"
PAGE = f"{PROFILE}smi_annual_health_check/inequality/"
ADDRESSES = [
    PAGE,
    f"{PAGE}?by=ethnic_group",
    f"{PAGE}?by=plus_group",
    f"{PROFILE}copd_emergency_admissions/inequality/",
    f"{PROFILE}hypertension_prevalence/inequality/?by=imd_quintile",
    "/profiles/screening/bowel_screening/inequality/?by=ethnic_group_5",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_choice_is_a_page_with_one_heading_and_no_id_twice(client: Client, address: str) -> None:
    page = get(client, address)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    assert "<style" not in page
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_picture_has_its_table_its_sentence_and_its_files(client: Client, address: str) -> None:
    page = get(client, address)
    pictures = page.count('<div class="eg-picture">')
    assert pictures
    assert page.count("as a table</span>") == pictures
    links = [unescape(link) for link in re.findall(r'href="([^"]*/pictures/[^"]*)"', page)]
    assert len(links) == 2 * pictures
    assert {client.get(link).status_code for link in links if ".svg" in link} == {200}


def test_the_overall_level_stands_beside_the_gap(client: Client) -> None:
    page = words_of(get(client, "/profiles/screening/bowel_screening/inequality/"))
    assert re.search(r"Samplebury as a whole stands at 66\.6% \(95% interval", page)
    assert "Between the most and the least deprived fifth of its own areas lie" in page
    assert "A gap can narrow because everybody does worse" in page


def test_people_of_unknown_ethnic_group_are_on_the_page(client: Client) -> None:
    page = words_of(get(client, f"{PAGE}?by=ethnic_group"))
    for name in ("Not stated", "Not known", "Missing from the record"):
        assert name in page


def test_groups_of_one_period_say_that_there_is_nothing_yet_to_see_over_time(client: Client) -> None:
    page = words_of(get(client, f"{PAGE}?by=ethnic_group"))
    assert "holds these groups for one period only" in page


def test_rates_by_age_say_that_shares_are_not_adjusted(client: Client) -> None:
    assert "they are not adjusted for age" in words_of(
        get(client, f"{PROFILE}copd_emergency_admissions/inequality/")
    )
    assert "they are not adjusted for age" not in words_of(get(client, PAGE))


@pytest.mark.parametrize("address", [f"{PAGE}?by=segment", f"{PAGE}?by=<b>", f"{PROFILE}nothing/inequality/"])
def test_a_breakdown_or_indicator_that_there_is_not_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_an_indicator_without_breakdowns_says_so(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    tables["values"] = tables["values"].filter(pl.col("cut") == "all")
    tables["inequality"] = tables["inequality"].clear()
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    page = words_of(get(client, PAGE))
    assert "does not break this indicator down" in page


def test_the_page_of_the_indicator_leads_there(client: Client) -> None:
    assert f'href="{PAGE}"' in get(client, f"{PROFILE}smi_annual_health_check/")


def test_an_indicator_without_better_or_worse_is_not_called_so(client: Client) -> None:
    page = words_of(get(client, f"{PROFILE}hypertension_prevalence/inequality/"))
    assert "How do groups differ, and is that changing?" in page
    assert "worse" not in page.replace("does worse", "")
