"""The page of priority areas: choices, table, files, and what it says where nothing can be placed."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import TABLES, Release
from tests.support.release_factory import SUPPRESSED_LSOA, write_sample_release
from tests.web.test_pages import get, words_of

PAGE = "/priorities/areas/"
ADDRESSES = [
    PAGE,
    f"{PAGE}?indicator=smi_annual_health_check",
    f"{PAGE}?indicator=copd_emergency_admissions&type=lsoa",
    f"{PAGE}?indicator=bowel_screening&type=msoa",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_choice_is_a_page_whose_links_lead_somewhere(client: Client, address: str) -> None:
    page = get(client, address)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    links = {unescape(link) for link in re.findall(r'href="(/(?!static)[^"#]*)', page)}
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_the_areas_to_act_in_first_are_links_with_their_neighbourhood(client: Client) -> None:
    page = get(client, f"{PAGE}?indicator=bowel_screening")
    words = words_of(page)
    assert re.search(r"Of 12 areas with a published figure, \d are more deprived than the middle one", words)
    assert "In Old Town" in words
    assert "May be chance" in words or "Clearly worse than predicted" in words
    assert 'class="nhsuk-table__header eg-rowname"><a href="/areas/lsoa/' in page


def test_suppressed_areas_are_listed_not_placed(client: Client) -> None:
    words = words_of(get(client, f"{PAGE}?indicator=smi_annual_health_check"))
    assert "Areas that are not placed" in words
    assert re.search(r"Samplebury 003D : suppressed", words)
    assert "Samplebury 003B : no data" in words


def test_too_few_areas_say_so(client: Client) -> None:
    words = words_of(get(client, f"{PAGE}?indicator=bowel_screening&type=msoa"))
    assert "Too few areas have published figures" in words


def test_the_file_has_every_area_and_a_word_where_there_is_no_figure(client: Client) -> None:
    text = client.get(f"{PAGE}table.csv?indicator=smi_annual_health_check").content.decode("utf-8-sig")
    rows = {row["area_code"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == 12
    hidden = rows[SUPPRESSED_LSOA]
    assert (hidden["value"], hidden["standing"], hidden["predicted"]) == ("suppressed", "Not placed", "")
    assert all(row["deprivation"] for row in rows.values())


@pytest.mark.parametrize(
    "address",
    [
        f"{PAGE}?indicator=nothing",
        f"{PAGE}?indicator=hypertension_prevalence",
        f"{PAGE}?type=practice",
        f"{PAGE}table.csv?indicator=<b>",
        f"{PAGE}picture.pdf",
        f"{PAGE}picture.svg?indicator=bowel_screening&type=msoa",
    ],
)
def test_what_there_is_not_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_without_deprivation_the_page_says_why_it_is_empty(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    tables["areas"] = tables["areas"].with_columns(pl.lit(None, pl.Int32).alias("imd_rank"))
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    assert "This release cannot place areas" in words_of(get(client, PAGE))
    assert client.get(f"{PAGE}table.csv").status_code == 404


def test_a_name_that_a_spreadsheet_would_run_or_a_page_would_show_as_markup_is_made_plain(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    lsoa = pl.col("area_type") == "lsoa"
    tables["areas"] = tables["areas"].with_columns(
        pl.when(lsoa).then(pl.lit("=1+1<b>x</b>")).otherwise("area_name").alias("area_name")
    )
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    assert "<b>x" not in get(client, PAGE)
    text = client.get(f"{PAGE}table.csv").content.decode("utf-8-sig")
    assert {row["area_name"] for row in csv.DictReader(io.StringIO(text))} == {"'=1+1<b>x</b>"}


def test_the_priorities_lead_there(client: Client) -> None:
    assert f'href="{PAGE}"' in get(client, "/priorities/")


def test_a_kind_of_area_without_figures_is_not_offered(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    tables["values"] = tables["values"].filter(pl.col("area_type") != "lsoa")
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    page = get(client, PAGE)
    assert '<option value="msoa" selected>' in page
    assert '<option value="lsoa"' not in page
