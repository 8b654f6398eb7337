"""One path from who misses out to what a budget would do about it: the standard goes along in the address."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.web.test_pages import get, words_of
from tests.web.test_spending_page import offered

__all__ = ["offered"]

PAGE = "/priorities/?service=bowel_screening"
MONEY = "&budget=40000&weeks=20&weights=proportionate&floors=area_code:1"


def link_to(page: str, words: str) -> str:
    found = re.search(rf'<a href="([^"]*)"[^>]*>{re.escape(words)}', page)
    assert found, words
    return unescape(found[1])


def test_standard_weights_budget_and_floors_are_asked_in_one_place(client: Client, offered: Path) -> None:
    page = get(client, f"{PAGE}&standard=90{MONEY}")
    words = words_of(page)
    assert "What if: ranked again against a standard of 90%" in words
    assert re.search(r"£40,000 buys about [\d,]+ more people reached", words)
    assert "What each floor costs the rest" in words
    assert "By group" in words
    for field, value in (("budget", "40000"), ("weeks", "20"), ("floors", "area_code:1"), ("standard", "90")):
        assert re.search(rf'name="{field}"[^>]* value="{value}"', page)


def test_the_standard_goes_with_the_reader_to_the_plan_and_back(client: Client, offered: Path) -> None:
    first = get(client, f"{PAGE}&standard=90{MONEY}")
    plan = get(client, link_to(first, "The whole plan"))
    assert "What if: against a standard of 90%" in words_of(plan)
    bought = re.compile(r"buys about ([\d,]+) more people")
    assert bought.search(first)[1] == bought.search(plan)[1]
    back = get(client, link_to(plan, "Who misses out, in order"))
    assert "ranked again against a standard of 90%" in words_of(back)
    assert "£40,000 buys about" in words_of(back)
    files = unescape(re.search(r'href="([^"]*communities\.csv[^"]*)"', plan)[1])
    assert "standard=90" in files


def test_the_plan_follows_the_standard_chosen(client: Client, offered: Path) -> None:
    tables = [
        client.get(
            f"/priorities/spending/groups.csv?service=bowel_screening&budget=40000&standard={standard}"
        )
        for standard in ("80", "95")
    ]
    rows = [next(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))) for table in tables]
    low, high = (float(row["expected_missing"]) for row in rows)
    assert low < high


def test_a_standard_that_is_none_is_told_beside_its_field_and_nothing_is_planned(
    client: Client, offered: Path
) -> None:
    page = get(client, "/priorities/spending/?service=bowel_screening&standard=abc")
    assert "Enter the standard as a number above 0 and up to 100" in words_of(page)
    assert "<title>Error: " in page
    assert "buys about" not in page
    assert client.get("/priorities/spending/plan.csv?standard=abc").status_code == 404


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("service=all&budget=1000", "Choose one service to spend money on"),
        ("service=bowel_screening&budget=0", "£0 buys nothing"),
        ("service=bowel_screening&budget=2000&floors=area_code:90%25", "cannot be met"),
    ],
)
def test_what_a_budget_cannot_do_is_said_and_the_ranking_stays(
    client: Client, offered: Path, query: str, told: str
) -> None:
    words = words_of(get(client, f"/priorities/?{query}"))
    assert told in words
    assert "Pakistani people in Old Town" in words


def test_without_anything_to_buy_nobody_is_asked_for_a_budget(
    client: Client, site: Settings, tmp_path: Path
) -> None:
    site.EVENGROUND_DEFINITIONS = tmp_path / "none"
    assert "What if there were a budget?" not in get(client, PAGE)
    assert "Nobody has written down yet what can be bought" in words_of(get(client, f"{PAGE}&budget=1000"))
