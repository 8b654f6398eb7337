"""The page on what a budget buys: a question in an address."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.unit.spending.test_records import EVENING, NURSE

ADDRESS = "/priorities/spending/"


@pytest.fixture
def offered(site: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "definitions" / "interventions"
    (folder / "staff").mkdir(parents=True)
    (folder / "evening.toml").write_text(EVENING, encoding="utf-8")
    (folder / "staff" / "nurse.toml").write_text(NURSE, encoding="utf-8")
    site.EVENGROUND_DEFINITIONS = tmp_path / "definitions"
    return folder


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_budget_is_answered_with_a_plan_its_interval_and_what_it_is_compared_with(client, offered):
    page = read(client, f"{ADDRESS}?service=bowel_screening&budget=£40,000&weeks=20&floors=area_code:1")
    assert "£40,000 buys about" in page
    assert "Evening opening" in page
    assert "Old Town" in page
    assert "Spend by head" in page
    assert "What each floor costs the rest" in page
    assert 'value="40000"' in page
    assert 'value="area_code:1"' in page


def test_what_fairness_costs_is_a_picture_with_its_table(client, offered):
    page = read(client, f"{ADDRESS}?kind=lsoa&budget=30000&weights=proportionate:3&fair=yes")
    assert "frontier" in page
    assert "The most deprived count four times as much" in page
    assert "times one in the least deprived" in page


def test_every_table_is_there_as_csv_and_as_a_workbook(client, offered):
    plan = client.get(f"{ADDRESS}plan.csv?budget=30000")
    assert plan.status_code == 200
    assert b"intervention_id" in plan.content
    groups = client.get(f"{ADDRESS}groups.csv?budget=30000&file=xlsx")
    assert groups.content.startswith(b"PK")
    assert client.get(f"{ADDRESS}secrets.csv").status_code == 404


def test_what_cannot_be_is_said_on_the_page(client, offered):
    assert "£0 buys nothing" in read(client, f"{ADDRESS}?budget=nothing")
    page = read(client, f"{ADDRESS}?budget=2000&floors=area_code:90%25")
    assert "cannot be met" in page
    (offered / "evening.toml").write_text(EVENING.replace("each = 380", "each = -1"), encoding="utf-8")
    assert "cost.each" in read(client, ADDRESS)


@pytest.mark.parametrize("query", ["service=none", "kind=none", "weights=mine"])
def test_a_choice_that_is_none_of_ours_is_not_found(client, offered, query):
    assert client.get(f"{ADDRESS}?{query}").status_code == 404


def test_without_records_the_page_says_where_they_go(client, site, tmp_path):
    site.EVENGROUND_DEFINITIONS = tmp_path / "none"
    assert "Nobody has written down yet what can be bought" in read(client, ADDRESS)
    assert client.get(f"{ADDRESS}plan.csv").status_code == 404


def test_a_changed_record_is_read_again(client, offered):
    first = read(client, f"{ADDRESS}?budget=30000")
    shutil.rmtree(offered / "staff")
    (offered / "evening.toml").write_text(EVENING.replace("staff =", "# staff ="), encoding="utf-8")
    assert read(client, f"{ADDRESS}?budget=30000") != first
