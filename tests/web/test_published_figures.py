"""The pages of a place that has published figures, alone or beside its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.support.published_release import ADDRESSES, write_published_release


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published_release(tmp_path_factory.mktemp("published"))


@pytest.fixture
def pages(releases: Path, site: Settings, client: Client) -> Client:
    site.EVENGROUND_RELEASES = releases
    return client


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_of_a_place_without_people_opens(pages, address):
    read(pages, address)


def test_home_says_that_there_are_published_figures_only(pages):
    home = read(pages, "/")
    assert "This release holds published figures only" in home
    assert "registered with" not in home


def test_the_profile_shows_the_latest_figure_marked_with_its_period(pages):
    text = read(pages, "/profiles/published/")
    assert "Published figure, 2022/23" in text
    assert "20.0%" in text
    table, _, pictures = text.partition("In pictures")
    assert "33.0%" not in table
    assert "33.0%" in pictures, "the earlier year stands in the picture over time"


def test_a_figure_that_the_publisher_suppressed_is_told_from_one_that_is_missing(pages):
    assert "suppressed" in read(pages, "/profiles/published/other_published/")
    missing = read(pages, "/profiles/published/other_published/?area=practice:Y00001")
    assert "no data" in missing
    assert "suppressed" not in missing


def test_the_indicator_page_says_whose_figure_it_is_and_of_when_and_of_whom(pages):
    text = read(pages, "/profiles/published/smoking_published/")
    assert "This figure is not counted by us." in text
    assert "A publisher. It came from the source ‘Fingertips’." in text
    assert "Period: 2022/23" in text
    assert "People aged 15 and over." in text
    assert "it is worked out here from the published counts" in text


def test_the_place_is_held_against_england_of_the_same_period_only(pages):
    text = read(pages, "/profiles/published/smoking_published/")
    assert re.search(r"England Value 14\.7% .*?2022/23 .*?(worse|Worse)", text)
    # The region's figure is of another period.
    assert re.search(r"Yorkshire.*?2021/22 .*?[Nn]ot compared", text)


def test_tenths_of_england_are_drawn_under_their_own_name_and_not_as_fifths(pages):
    text = read(pages, "/profiles/published/smoking_published/")
    assert "by tenths of England’s counties and unitary authorities, 2021/22: England" in text
    assert "1: most deprived tenth" in text
    assert "deprived fifth" not in text
    assert "It is about England, not about Samplebury" in text
    assert "IMD2019, 4/21 geography" in text


def test_nothing_is_drawn_that_the_publisher_does_not_break_down(pages):
    text = read(pages, "/profiles/published/other_published/")
    assert "by ethnic group" not in text
    assert "There are no figures by deprivation here" not in text


def test_the_page_about_the_data_names_source_period_and_base(pages):
    text = read(pages, "/about-the-data/")
    assert "None: this release holds published figures only" in text
    assert "Not counted by us. 2021/22, 2022/23 (from Fingertips)" in text
    assert "Fingertips (fingertips)" in text
    assert "People aged 15 and over." in text


def test_a_publishers_name_for_an_area_is_text_and_never_markup(pages):
    answer = pages.get("/profiles/published/smoking_published/").content.decode()
    assert "&lt;b&gt;Yorkshire" in answer
    assert "<b>Yorkshire" not in answer


def test_the_download_says_what_is_published_and_by_whom(pages):
    text = pages.get("/profiles/published/smoking_published/figures.csv").content.decode("utf-8-sig")
    header, *rows = text.splitlines()
    assert header.endswith("basis,source,edition,limits")
    assert all(",published,Fingertips," in row for row in rows)
    assert any("1, most deprived tenth" in row for row in rows)


def test_the_place_is_held_against_england_in_the_first_line_of_the_page(pages):
    text = read(pages, "/profiles/published/smoking_published/")
    assert re.search(r"Against England\s+Worse", text)
    assert "choose an area to compare it" not in text
