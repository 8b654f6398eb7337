"""The page on what a budget buys, in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.browser.conftest import Watched
from tests.browser.test_site import SIZES, OpenContext, find_violations, open_details
from tests.support.chromium import NARROW
from tests.unit.spending.test_records import EVENING, GAIN, NURSE

PATHS = [
    "/priorities/spending/?kind=lsoa&budget=30000&weights=proportionate:3&fair=yes&floors=imd_quintile:1",
    "/priorities/spending/?budget=0&standard=abc",
    "/priorities/?service=bowel_screening&standard=90&budget=30000&weights=proportionate&floors=plus_group:1%25",
]


@pytest.fixture
def offering(site: Settings, address: str, tmp_path: Path) -> str:
    """Where the site of a place is that has written what can be bought."""
    (tmp_path / "interventions" / "staff").mkdir(parents=True)
    (tmp_path / "interventions" / "evening.toml").write_text(EVENING, encoding="utf-8")
    (tmp_path / "interventions" / "staff" / "nurse.toml").write_text(NURSE, encoding="utf-8")
    (tmp_path / "evidence").mkdir()
    some = GAIN + 'applies_to = { ethnic_group = ["A"] }\n'
    (tmp_path / "evidence" / "bowel.toml").write_text(some, encoding="utf-8")
    site.EVENGROUND_DEFINITIONS = tmp_path
    return address


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PATHS)
def test_what_a_budget_buys_has_no_fault_that_axe_can_find(
    open_context: OpenContext, offering: str, path: str, size: str
) -> None:
    watched = Watched(open_context(viewport=SIZES[size], bypass_csp=True).new_page())
    watched.page.goto(offering + path)
    assert find_violations(watched.page) == []


def test_what_if_leads_to_the_plan_and_back_with_its_standard_without_javascript(
    open_context: OpenContext, offering: str
) -> None:
    page = open_context(viewport=NARROW, java_script_enabled=False).new_page()
    page.goto(f"{offering}/priorities/?service=bowel_screening")
    page.get_by_label("What if the standard were").fill("90")
    page.get_by_text("What if there were a budget?").click()
    page.get_by_label("Budget in pounds").fill("30000")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.get_by_text("Equity flag.").first.is_visible()
    page.get_by_role("link", name="The whole plan").click()
    assert page.get_by_label("What if the standard were").input_value() == "90"
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.get_by_role("link", name="Who misses out, in order").click()
    page.get_by_text("ranked again against a standard of 90%").wait_for()
    assert page.get_by_label("Budget in pounds").input_value() == "30000"
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_budget_is_typed_and_answered_without_a_complaint(open_context: OpenContext, offering: str) -> None:
    watched = Watched(open_context(viewport=NARROW, java_script_enabled=True).new_page())
    watched.page.goto(f"{offering}/priorities/spending/?budget=1000")
    watched.page.get_by_label("Budget in pounds").fill("£40,000")
    watched.page.get_by_label("What fairness costs").select_option("yes")
    watched.page.get_by_role("button", name="Show").click()
    watched.page.get_by_role("heading", name="£40,000 buys about").wait_for()
    open_details(watched.page)
    assert watched.problems == []
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
