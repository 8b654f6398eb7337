"""The pages of funnel plots and control charts: their choices, files, and what they say without a picture."""

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

PROFILE = "/profiles/core20plus5_adults/"
FUNNEL = f"{PROFILE}smi_annual_health_check/funnel/"
CONTROL = f"{PROFILE}smi_annual_health_check/control-chart/"
SCREENING = "/profiles/screening/bowel_screening/"


@pytest.fixture
def monthly(tmp_path: Path, settings: Settings, release: Release) -> None:
    """A release in which the place's figures are of sixteen years instead of six."""
    values = release.table("values")
    is_first = pl.col("period") == values["period"].min()
    first = values.filter(is_first & (pl.col("cut") == "all"))
    earlier = [
        first.with_columns(
            pl.lit(f"{year}-04-01 to {year + 1}-03-31").alias("period"), pl.col("value") + year % 3
        )
        for year in range(2010, 2020)
    ]
    tables = {name: release.table(name) for name in TABLES} | {"values": pl.concat([values, *earlier])}
    write_sample_release(tmp_path, tables=tables)
    settings.EVENGROUND_RELEASES = tmp_path


@pytest.mark.parametrize("address", [FUNNEL, f"{FUNNEL}?of=msoa", CONTROL, f"{SCREENING}funnel/?of=lsoa"])
def test_every_choice_is_a_page_with_one_heading_and_no_id_twice(client: Client, address: str) -> None:
    page = get(client, address)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page)


def test_a_funnel_has_its_sentence_its_table_and_its_files(client: Client) -> None:
    page = get(client, f"{SCREENING}funnel/?of=lsoa")
    assert "The average of these 12 small areas is" in words_of(page)
    assert page.count("as a table</span>") == 1
    links = [unescape(link) for link in re.findall(r'href="([^"]*/funnel/[^"]+)" download', page)]
    assert [link.partition("?")[0].rpartition(".")[2] for link in links] == ["svg", "png", "csv", "csv"]
    assert {client.get(link).status_code for link in links} == {200}


def test_the_table_of_a_funnel_gives_words_and_no_limits_for_what_is_kept_back(client: Client) -> None:
    text = client.get(f"{FUNNEL}table.csv?of=lsoa").content.decode("utf-8-sig")
    rows = {row["area_code"]: row for row in csv.DictReader(io.StringIO(text))}
    hidden = rows[SUPPRESSED_LSOA]
    assert hidden["value"] == hidden["numerator"] == hidden["denominator"] == "suppressed"
    assert hidden["lower_95"] == hidden["upper_99_8"] == ""
    assert rows["X01000001A"]["lower_95"]


def test_too_few_areas_are_pointed_to_the_overview(client: Client) -> None:
    page = get(client, f"{FUNNEL}?of=msoa")
    assert "A funnel needs at least 10 neighbourhoods" in words_of(page)
    assert "/overview/?by=msoa&amp;sort=smi_annual_health_check" in page
    assert '<div class="eg-picture">' not in page


def test_too_few_periods_are_pointed_to_the_line_over_time(client: Client) -> None:
    page = get(client, CONTROL)
    assert "A control chart needs at least 13 periods" in words_of(page)
    assert f'href="{PROFILE}smi_annual_health_check/"' in page
    assert client.get(f"{CONTROL}picture.svg").status_code == 404


@pytest.mark.usefixtures("monthly")
def test_sixteen_periods_have_a_control_chart_for_each_area(client: Client) -> None:
    page = get(client, f"{SCREENING}control-chart/?area=msoa:X02000001")
    assert "the mean is" in words_of(page)
    links = [unescape(link) for link in re.findall(r'href="([^"]*/control-chart/[^"]+)" download', page)]
    assert len(links) == 4
    assert all("area=msoa%3AX02000001" in link for link in links)
    assert {client.get(link).status_code for link in links} == {200}
    rows = list(csv.DictReader(io.StringIO(client.get(links[2]).content.decode("utf-8-sig"))))
    assert len(rows) == 16
    assert {row["area_code"] for row in rows} == {"X02000001"}


def test_the_page_of_an_indicator_leads_to_both(client: Client) -> None:
    page = get(client, f"{SCREENING}?area=msoa:X02000001")
    assert f'href="{SCREENING}funnel/"' in page
    assert f'href="{SCREENING}control-chart/?area=msoa%3AX02000001"' in page


@pytest.mark.parametrize(
    "address",
    [
        f"{FUNNEL}?of=galaxy",
        f"{FUNNEL}?of=<b>",
        f"{FUNNEL}?within=msoa:nowhere",
        f"{CONTROL}?area=msoa:nowhere",
        f"{FUNNEL}picture.exe",
        f"{PROFILE}nothing/funnel/",
    ],
)
def test_what_the_release_has_not_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
