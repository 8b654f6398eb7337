"""A newcomer with a keyboard alone: the widest gaps of a community, where they are, and the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.test_site import OpenContext
from tests.support.chromium import DESKTOP, PHONE

MOST_STEPS = 120
_NAME = """one => one.labels && one.labels.length ? one.labels[0].innerText
    : one.innerText || one.ariaLabel || ''"""


def step_to(page: Page, wanted: str) -> None:
    """Press Tab until what has the focus is called so; it must be in sight then."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        name = focused.evaluate(_NAME)
        if wanted in name:
            box = focused.bounding_box()
            assert box
            assert 0 <= box["y"] <= page.viewport_size["height"], wanted
            return
    pytest.fail(f"{wanted!r} is not reached by {MOST_STEPS} steps of the keyboard")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_newcomer_finds_the_widest_gaps_of_a_community_where_they_are_and_takes_the_table(
    open_context: OpenContext, address: str, viewport: dict[str, int], tmp_path: Path
) -> None:
    page = open_context(viewport=viewport, accept_downloads=True).new_page()
    page.goto(address)
    step_to(page, "Search")
    page.keyboard.type("Pakistani")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    step_to(page, "Pakistani")
    page.keyboard.press("Enter")
    page.wait_for_url("**/groups/ethnic_group/J/")
    assert "Widest first:" in page.locator("main").inner_text()
    step_to(page, "Where")
    page.keyboard.press("Enter")
    page.wait_for_url("**#where")
    step_to(page, "Show the figures")
    page.keyboard.press("Enter")
    assert page.locator("#where table").first.is_visible()
    with page.expect_download() as download:
        step_to(page, "Download these areas (CSV)")
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "areas.csv")
    assert "Old Town" in (tmp_path / "areas.csv").read_text(encoding="utf-8-sig")


def test_a_screen_reader_hears_group_words_choices_gaps_and_areas_in_that_order(
    open_context: OpenContext, address: str
) -> None:
    page = open_context(viewport=DESKTOP).new_page()
    page.goto(f"{address}/groups/ethnic_group/J/")
    told = page.locator("main").aria_snapshot()
    order = [
        "Ethnic group: Pakistani",
        "Widest first",
        "Order",
        "Gaps to the whole of",
        "rowheader",
        "Download these gaps",
        "by neighbourhood",
    ]
    places = [told.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)
    # A row is heard with the name of each of its cells.
    assert "columnheader" in told


def test_the_page_of_a_group_can_be_used_at_twice_the_size(open_context: OpenContext, address: str) -> None:
    half = {"width": DESKTOP["width"] // 2, "height": DESKTOP["height"] // 2}
    page = open_context(viewport=half, device_scale_factor=2).new_page()
    page.goto(f"{address}/groups/ethnic_group/J/")
    assert page.evaluate("document.documentElement.scrollWidth") <= half["width"]
