"""Pages that are made once for whoever has not logged in, and for nobody else."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import CURRENT
from evenground_web.accounts.roles import Role
from evenground_web.common.kept_pages import KeptPage, KeptPages, kept_pages
from tests.support.release_factory import write_sample_release

PAGE = "/profiles/screening/"


def test_a_page_is_kept_and_a_reader_who_has_it_is_told_so(client: Client) -> None:
    first = client.get(PAGE)
    assert len(kept_pages) == 1
    again = client.get(PAGE)
    assert again.content == first.content
    assert again["Cache-Control"] == "public, no-cache"
    assert {"Cookie", "Accept-Encoding"} <= set(again["Vary"].split(", "))
    assert "script-src" in again["Content-Security-Policy"]
    same = client.get(PAGE, headers={"if-none-match": again["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    other = client.get(f"{PAGE}?area=msoa:X02000001", headers={"if-none-match": again["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, br", "gzip"), ("br;q=1.0, gzip;q=0.5", "gzip"), ("gzip;q=0", ""), ("", "")],
)
def test_a_kept_page_goes_out_compressed_where_the_browser_can_read_that(
    client: Client, accepted: str, encoding: str
) -> None:
    plain = client.get(PAGE).content
    answer = client.get(PAGE, headers={"accept-encoding": accepted})
    assert answer.get("Content-Encoding", "") == encoding
    assert (gzip.decompress(answer.content) if encoding else answer.content) == plain


@pytest.mark.parametrize("address", ["/", "/compare/", PAGE])
def test_what_a_role_sees_is_neither_kept_nor_given_to_others(
    client: Client, client_of: Callable[[Role | None], Client], address: str
) -> None:
    steward = client_of(Role.STEWARD)
    own = steward.get(address)
    assert "A Data steward" in own.content.decode()
    assert own["Cache-Control"] == "private, no-cache"
    assert "ETag" not in own
    assert len(kept_pages) == 0
    public = client.get(address).content.decode()
    assert len(kept_pages) == 1
    assert "A Data steward" not in public
    assert "csrfmiddlewaretoken" not in public
    assert "A Data steward" in steward.get(address).content.decode()
    assert client.get(address).content.decode() == public


def test_a_page_for_whoever_carries_a_message_is_not_kept(client: Client) -> None:
    client.cookies["messages"] = "anything"
    client.get(PAGE)
    assert len(kept_pages) == 0


@pytest.mark.parametrize(
    "address", ["/profiles/nowhere/", "/search/?q=screening", "/account/log-in/", "/about-the-data/"]
)
def test_what_was_typed_a_form_a_missing_page_and_what_rests_on_more_are_not_kept(
    client: Client, address: str
) -> None:
    client.get(address)
    assert len(kept_pages) == 0


def test_a_release_that_becomes_current_or_goes_is_seen_at_once(
    client: Client, site: Settings, tmp_path: Path
) -> None:
    write_sample_release(tmp_path)
    site.EVENGROUND_RELEASES = tmp_path
    older = (tmp_path / CURRENT).read_text(encoding="utf-8").strip()
    newer = write_sample_release(tmp_path, place_name="Newbury Sample").id
    assert newer in client.get(PAGE).content.decode()
    (tmp_path / CURRENT).write_text(older, encoding="utf-8")
    assert newer not in client.get(PAGE).content.decode()
    (tmp_path / CURRENT).write_text(newer, encoding="utf-8")
    assert newer in client.get(PAGE).content.decode()
    (tmp_path / CURRENT).unlink()
    shutil.rmtree(tmp_path / newer)
    assert client.get(PAGE).status_code == 503


def test_no_more_is_kept_than_fits_and_what_was_read_last_stays() -> None:
    pages = KeptPages(most_bytes=5_000)
    for number in range(4):
        pages.keep(("release", f"/{number}"), KeptPage(bytes(1_000), "text/html", f'W/"{number}"'))
        pages.get(("release", "/0"))
    held = [number for number in range(4) if pages.get(("release", f"/{number}"))]
    assert held == [0, 2, 3]
    pages.keep(("release", "/large"), KeptPage(bytes(6_000), "text/html", 'W/"large"'))
    assert len(pages) == 0
