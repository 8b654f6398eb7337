"""What if the standard were another: the address holds it, and what cannot be answered is said."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import Release
from evenground_web.priorities.what_if import why_fixed
from tests.support.release_factory import write_sample_release
from tests.web.test_pages import get, words_of

PAGE = "/priorities/?service=bowel_screening&kind=lsoa"


def test_a_higher_standard_misses_more_people(client: Client) -> None:
    words = words_of(get(client, f"{PAGE}&standard=90"))
    assert "What if: ranked again against a standard of 90%" in words
    assert "the service’s own is 60%" in words
    assert "below the standard of 90%" in words
    assert "Back to its own standard" in words


def test_every_order_can_be_asked_of_it_and_downloads_keep_it(client: Client) -> None:
    for order in ("total", "per_100", "local"):
        page = get(client, f"{PAGE}&standard=82.5&order={order}")
        assert "standard=82.5" in page
    rows = client.get(f"/priorities/table.csv?{PAGE.split('?')[1]}&standard=90").content.decode().splitlines()
    column = rows[0].split(",").index("standard")
    assert rows[1].split(",")[column] == "0.9"


def test_choosing_another_service_does_not_carry_the_standard_of_the_last(client: Client) -> None:
    """The field is empty until somebody asks: what is in it goes with whatever is chosen next."""
    page = get(client, PAGE)
    assert re.search(r'name="standard"[^>]* value=""', page)
    assert "Its own is 60%" in words_of(page)


def test_its_own_standard_is_the_release_as_it_is(client: Client) -> None:
    assert "What if:" not in words_of(get(client, f"{PAGE}&standard=60"))


@pytest.mark.parametrize("typed", ["abc", "0", "101", "-5", "7,5", "1e2", "٥٠"])
def test_what_is_no_standard_is_told_beside_the_field(client: Client, typed: str) -> None:
    page = get(client, f"{PAGE}&standard={typed}")
    assert "Enter the standard as a number above 0 and up to 100" in words_of(page)
    assert 'aria-describedby="standard-hint standard-error"' in page
    assert "<title>Error: " in page


def test_all_services_together_have_no_one_standard(client: Client) -> None:
    words = words_of(get(client, "/priorities/?service=all&standard=80"))
    assert "Choose one service to try another standard" in words
    assert 'name="standard"' not in get(client, "/priorities/?service=all")


def test_a_policy_that_the_site_does_not_have_is_said(client: Client, site: Settings, tmp_path) -> None:
    release: Release = write_sample_release(tmp_path, policy="our-own (version 1)")
    site.EVENGROUND_RELEASES = tmp_path
    assert "evenground rank --standard" in why_fixed(release, "bowel_screening", "lsoa")
    assert "a disclosure policy of the place" in words_of(get(client, f"{PAGE}&standard=80"))


def test_communities_below_the_standard_are_flagged_at_a_rate_of_false_flags(client: Client) -> None:
    """Of the sample, where the n-th is below with probability 1.04 - 0.04 n, the first six are 10 % wrong."""
    page = get(client, "/priorities/?service=bowel_screening&kind=lsoa&flags=10")
    words = words_of(page)
    assert "6 of 12 are flagged as below the standard: of every 10 flags one is expected to be wrong" in words
    assert page.count("Below the standard</strong>") == 6
    assert "flags=10" in page
    rows = client.get("/priorities/table.csv?service=bowel_screening&kind=lsoa&flags=5").content.decode()
    assert rows.count(",True,") == 3


def test_without_a_choice_and_for_all_services_nothing_is_flagged(client: Client) -> None:
    assert "flagged as below" not in words_of(get(client, "/priorities/?service=bowel_screening&kind=lsoa"))
    page = get(client, "/priorities/?service=all&flags=10")
    assert "are flagged as below" not in words_of(page)
    assert 'name="flags"' not in page
    assert client.get("/priorities/?flags=7").status_code == 404


def test_another_standard_has_flags_of_its_own(client: Client) -> None:
    words = words_of(get(client, f"{PAGE}&standard=99&flags=10"))
    assert re.search(r"\d+ of \d+ (is|are) flagged as below the standard", words)
