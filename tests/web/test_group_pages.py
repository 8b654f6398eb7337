"""The page of a group of people: its widest gaps, where they are, and files of both."""

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

from tests.support.release_factory import make_sample_content, write_sample_release
from tests.web.test_pages import get, words_of

PAGE = "/groups/ethnic_group/J/"
PAKISTANI = "Ethnic group: Pakistani"


def rows_of(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_group_is_found_by_its_name_and_leads_to_its_page(client: Client) -> None:
    found = get(client, "/search/?q=pakistani")
    assert f'href="{PAGE}"' in found
    assert PAKISTANI in words_of(get(client, PAGE))


@pytest.mark.parametrize(
    "address",
    [
        PAGE,
        f"{PAGE}?order=points",
        "/groups/plus_group/ethnic_minority_communities/",
        "/groups/imd_quintile/1/",
    ],
)
def test_every_link_of_the_page_leads_somewhere(client: Client, address: str) -> None:
    page = get(client, address)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    links = {unescape(link) for link in re.findall(r'href="(/(?!static)[^"#]*)', page)}
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_the_widest_gaps_are_told_first_and_led_to_where_they_are(client: Client) -> None:
    page = get(client, PAGE)
    assert "Widest first:" in words_of(page)
    table = page.split('id="gaps"')[1]
    first = re.search(r"<th role=\"rowheader\".*?</tr>", table, re.DOTALL)
    assert first is not None
    assert "worse" in words_of(first[0]).lower()
    where = re.search(r'href="([^"]*indicator=[^"#]*)#where"', first[0])
    assert where is not None
    there = get(client, unescape(where[1]))
    assert "by neighbourhood (MSOA)" in words_of(there.split('id="where"')[1])


def test_the_files_hold_what_the_page_shows_in_its_order(client: Client) -> None:
    rows = rows_of(client, f"{PAGE}table.csv")
    assert {row["cut"] for row in rows} == {"ethnic_group", "all"}
    own = [row["indicator_id"] for row in rows if row["cut"] == "ethnic_group"]
    everybody = [row["indicator_id"] for row in rows if row["cut"] == "all"]
    assert own == everybody
    shown = re.findall(r'profiles/[^/]+/(\w+)/">', get(client, PAGE).split('id="gaps"')[1])
    assert own[: len(shown)] == shown
    areas = rows_of(client, f"{PAGE}areas.csv?indicator=bowel_screening")
    assert {(row["indicator_id"], row["area_type"], row["category"]) for row in areas} == {
        ("bowel_screening", "msoa", "J")
    }
    for name in ("table", "areas"):
        workbook = client.get(f"{PAGE}{name}.csv?file=xlsx")
        assert workbook.content.startswith(b"PK")


def test_a_group_that_areas_are_not_broken_down_by_says_so(
    client: Client, site: Settings, tmp_path: Path
) -> None:
    tables = dict(make_sample_content().tables)
    by_area = (pl.col("cut") == "imd_quintile") & (pl.col("area_type") != "place")
    tables["values"] = tables["values"].filter(~by_area)
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    page = words_of(get(client, "/groups/imd_quintile/1/"))
    assert "does not break areas down by this group" in page
    assert client.get("/groups/imd_quintile/1/areas.csv").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/groups/ethnic_group/XX/",
        "/groups/nothing/J/",
        "/groups/all/all/",
        f"{PAGE}?order=loud",
        f"{PAGE}?indicator=no",
        f"{PAGE}?map=lsoa&indicator=",
        f"{PAGE}?map=ward",
    ],
)
def test_what_there_is_not_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
