"""The search: what is found, in which order, and what is said where nothing is."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import TABLES, Release
from evenground_web.search.matching import Index, split_query
from evenground_web.search.reads import search
from tests.support.release_factory import write_sample_release
from tests.web.test_pages import get, words_of


def titles(release: Release, query: str) -> dict[str, list[str]]:
    return {part.kind: [found.title for found in part.shown] for part in search(release, query).parts}


@pytest.mark.parametrize(
    ("query", "kind", "first"),
    [
        ("bowel", "indicators", "Bowel screening uptake, ages 60 to 74"),
        ("BOWEL SCREENING", "indicators", "Bowel screening uptake, ages 60 to 74"),
        ("bowl screning", "indicators", "Bowel screening uptake, ages 60 to 74"),
        ("Böwel", "indicators", "Bowel screening uptake, ages 60 to 74"),
        ("respiratory", "indicators", "Emergency admissions for COPD"),
        ("hypertention", "indicators", "Recorded hypertension"),
        ("old town", "areas", "Old Town"),
        ("fairfeild", "areas", "Fairfield & Vale"),
        ("x01000002b", "areas", "Samplebury 002B"),
        ("002b", "areas", "Samplebury 002B"),
        ("pakistani", "groups", "Pakistani"),
        ("ethnic minority", "groups", "Ethnic minority communities"),
        ("core20plus5", "profiles", "Core20PLUS5 for adults"),
    ],
)
def test_what_is_meant_comes_first(release: Release, query: str, kind: str, first: str) -> None:
    assert titles(release, query)[kind][0] == first


def test_a_group_and_an_area_together_name_a_community(release: Release) -> None:
    assert titles(release, "Pakistani people in Old Town") == {
        "communities": ["Pakistani people in Old Town"]
    }


def test_a_community_without_figures_is_not_made_up(release: Release) -> None:
    assert "communities" not in titles(release, "Pakistani Samplebury 001A")


def test_what_holds_some_of_the_words_is_shown_where_nothing_holds_all(client: Client) -> None:
    page = words_of(get(client, "/search/?q=bowel+xyzzy"))
    assert "Nothing here has all of these words. This has some of them." in page
    assert "Bowel screening uptake" in page


def test_the_areas_within_an_area_come_after_it(release: Release) -> None:
    found = titles(release, "Mill Bank")["areas"]
    assert found[0] == "Mill Bank"
    assert found[1:] == [f"Samplebury 002{letter}" for letter in "ABCD"]


def test_no_more_are_shown_than_fit_and_the_rest_by_a_link(client: Client) -> None:
    page = get(client, "/search/?q=samplebury")
    assert "10 of 14 are shown" in words_of(page)
    link = re.search(r'href="(/search/\?q=samplebury&amp;kind=areas)"', page)
    assert link
    more = get(client, link[1].replace("&amp;", "&"))
    assert "Samplebury 003D" in more
    assert "are shown" not in more


def test_nothing_found_says_what_can_be_searched(client: Client) -> None:
    page = words_of(get(client, "/search/?q=xyzzy"))
    assert "Nothing was found for ‘xyzzy’" in page
    assert "You can search for:" in page
    assert "A postcode that you type is not kept" in page


def test_without_words_the_page_says_what_can_be_searched(client: Client) -> None:
    for address in ("/search/", "/search/?q=", "/search/?q=+++"):
        assert "You can search for:" in words_of(get(client, address))


def test_what_was_searched_stands_in_the_box_and_is_never_markup(client: Client) -> None:
    page = get(client, '/search/?q="><script>alert(1)</script>')
    assert "<script>alert" not in page
    assert 'value="&#34;&gt;&lt;script&gt;' in page


@pytest.mark.parametrize("address", ["/", "/profiles/", "/priorities/", "/about-the-data/", "/nowhere/"])
def test_every_page_has_the_search(client: Client, address: str) -> None:
    page = client.get(address).content.decode()
    assert page.count('action="/search/"') == 1
    assert 'name="q" type="search" autocomplete="off" maxlength="200">' in page


def test_the_search_is_left_out_where_there_is_no_release(
    client: Client, site: Settings, tmp_path: Path
) -> None:
    site.EVENGROUND_RELEASES = tmp_path
    assert 'action="/search/"' not in client.get("/").content.decode()


def test_a_kind_that_there_is_not_is_not_found(client: Client) -> None:
    assert client.get("/search/?q=bowel&kind=persons").status_code == 404


@pytest.mark.parametrize("query", ["a" * 5_000, "=1+1", "%00", "'; drop table", "x " * 300, "[(*", "💉"])
def test_nothing_that_somebody_types_breaks_the_search(client: Client, query: str) -> None:
    assert client.get("/search/", {"q": query}).status_code == 200


def test_markup_in_a_name_is_shown_as_it_is_written(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    tables["areas"] = tables["areas"].with_columns(
        pl.when(pl.col("area_type") == "msoa")
        .then(pl.lit("<b>Moor</b>"))
        .otherwise("area_name")
        .alias("area_name")
    )
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    page = get(client, "/search/?q=moor")
    assert "&lt;b&gt;Moor&lt;/b&gt;" in page
    assert "<b>Moor" not in page


def test_the_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    assert split_query("the people of the Town, the town") == ["town"]
    assert split_query("of the") == ["of", "the"]


@pytest.mark.parametrize(
    ("word", "found"), [("screen", True), ("scrennings", True), ("care", False), ("1234", False)]
)
def test_a_letter_or_two_may_be_wrong_in_a_word_but_not_in_a_short_one_or_a_number(
    word: str, found: bool
) -> None:
    index = Index([[("screening", 1.0)], [("cars", 1.0)], [("1235", 1.0)]])
    assert bool(index.find([word])) is found


def test_the_title_weighs_more_than_what_stands_beside_it() -> None:
    index = Index([[("other", 1.0), ("moor", 0.4)], [("moor", 1.0), ("other", 0.4)]])
    scores = {hit.number: hit.score for hit in index.find(["moor"])}
    assert scores[1] > scores[0]
