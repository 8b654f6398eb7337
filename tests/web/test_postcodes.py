"""The search by postcode: where it lies, what is said where it cannot be told, and that nobody keeps it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.geography.postcodes import SCHEMA, write_postcodes
from evenground_web.common.kept_pages import kept_pages
from tests.web.test_pages import get, words_of

ROWS = [
    ("ZZ11AA", "X01000002B", None),
    ("ZZ11AB", "X01000002B", "201906"),
    ("ZZ12AA", None, None),
]


@pytest.fixture
def lookup(site: Settings, tmp_path: Path) -> Path:
    """A look-up of three postcodes for the sample release."""
    site.EVENGROUND_POSTCODES = tmp_path / "postcodes.parquet"
    write(site.EVENGROUND_POSTCODES)
    return site.EVENGROUND_POSTCODES


def write(path: Path, edition: str = "2021") -> None:
    frame = pl.DataFrame(ROWS, schema=SCHEMA, orient="row")
    path.write_bytes(write_postcodes(frame, lsoa_edition=edition, source="NSPL_MAY_2026.csv"))


def send(client: Client, text: str) -> str:
    answer = client.post("/search/", {"q": text})
    assert answer.status_code == 200
    return words_of(answer.content.decode())


@pytest.mark.parametrize("text", ["ZZ1 1AA", "zz11aa", "  zz1  1AA "])
def test_a_postcode_leads_to_the_areas_around_it(client: Client, lookup: Path, text: str) -> None:
    answer = client.post("/search/", {"q": text})
    page = answer.content.decode()
    assert "ZZ1 1AA lies in these areas." in words_of(page)
    assert page.index("/areas/lsoa/X01000002B/") < page.index("/areas/msoa/X02000002/")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ZZ1 1AB", "Royal Mail ended this postcode in June 2019; it lay here until then."),
        ("ZZ1 2AA", "ZZ1 2AA is outside Samplebury."),
        ("ZZ1 9ZZ", "ZZ1 9ZZ is not in the look-up of this site (NSPL_MAY_2026.csv)."),
        ("YY1 1AA", "YY1 1AA is outside Samplebury, or mistyped: no postcode there begins with YY1."),
    ],
)
def test_what_is_to_be_known_of_a_postcode_is_said(
    client: Client, lookup: Path, text: str, said: str
) -> None:
    assert said in send(client, text)


def test_the_first_part_of_a_postcode_lists_areas(client: Client, lookup: Path) -> None:
    answer = client.post("/search/", {"q": "zz1"})
    assert (answer.status_code, answer["Location"]) == (302, "/search/?q=zz1")
    page = words_of(get(client, "/search/?q=zz1"))
    assert "Postcodes of ZZ1 lie in 1 small area of Samplebury, parts of these areas." in page
    assert "Nothing was found" not in page
    assert "Nothing was found" in words_of(get(client, "/search/?q=yy1"))


def test_without_a_look_up_the_reader_is_told_what_to_do(
    client: Client, site: Settings, lookup: Path
) -> None:
    write(lookup, edition="2011")
    assert "of the small areas of 2011, and the figures are of those of 2021" in send(client, "ZZ1 1AA")
    lookup.write_bytes(b"damaged")
    assert "This site has no look-up of postcodes." in send(client, "ZZ1 1AA")
    lookup.unlink()
    assert "Search for the area’s name instead." in send(client, "ZZ1 1AA")


def test_a_postcode_is_kept_nowhere(
    client: Client, site: Settings, lookup: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.EVENGROUND_LOG = str(lookup.with_name("site-log.jsonl"))
    for text in ("ZZ1 1AA", "ZZ1 9ZZ"):
        answer = client.post("/search/", {"q": text})
        assert "Location" not in answer
        assert not answer.cookies
        assert "no-store" in answer["Cache-Control"]
        page = answer.content.decode()
        assert "Postcode: Search" in page.split("</title>")[0]
        assert "q=ZZ1" not in page
        assert "no-store" in client.get("/search/", {"q": text})["Cache-Control"]
    assert len(kept_pages) == 0
    assert not Path(site.EVENGROUND_LOG).exists()
    assert "ZZ1" not in caplog.text


def test_words_go_on_into_an_address_to_share(client: Client) -> None:
    answer = client.post("/search/", {"q": " bowel  screening "})
    assert (answer.status_code, answer["Location"]) == (302, "/search/?q=bowel+screening")
    assert Client(enforce_csrf_checks=True).post("/search/", {"q": "x"}).status_code == 302
