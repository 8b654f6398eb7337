"""The overview, an area and a comparison as people meet them: by phone, by keyboard, without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.test_site import SIZES, OpenContext, find_violations
from tests.support.chromium import DESKTOP, NARROW, PHONE

OVERVIEW = "/profiles/core20plus5_adults/overview/"
COMPARE = "/compare/?by=msoa&with=X02000001&with=X02000003&profile=core20plus5_adults"
PAGES = [
    f"{OVERVIEW}?by=lsoa&sort=worse",
    f"{OVERVIEW}?by=ethnic_group",
    "/areas/lsoa/X01000003D/",
    "/areas/place/X00000001/",
    COMPARE,
    "/compare/?by=msoa&with=nowhere",
    "/groups/ethnic_group/J/",
    "/profiles/screening/bowel_screening/funnel/?of=lsoa",
    "/profiles/screening/bowel_screening/control-chart/",
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_fault_that_axe_can_find_asks_nobody_for_anything_and_fits_a_narrow_screen(
    open_context: OpenContext, address: str, path: str, size: str
) -> None:
    watched = Watched(open_context(viewport=SIZES[size], bypass_csp=True).new_page())
    watched.page.goto(address + path)
    assert find_violations(watched.page) == []
    assert watched.hosts == {address.split("/")[2]}
    assert [problem for problem in watched.problems if "404" not in problem] == []
    watched.page.set_viewport_size(NARROW)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_name_and_the_head_of_a_cell_stay_in_sight_while_the_table_scrolls(
    open_context: OpenContext, address: str, viewport: dict[str, int]
) -> None:
    page = open_context(viewport={**viewport, "height": 420}).new_page()
    page.goto(f"{address}{OVERVIEW}?by=lsoa")
    table = page.locator(".eg-heat")
    table.evaluate("one => { one.scrollLeft = one.scrollWidth; one.scrollTop = one.scrollHeight; }")
    box, name, head = (
        one.bounding_box()
        for one in (table, page.locator(".eg-heat__name a").last, page.locator(".eg-heat__head").last)
    )
    assert box
    assert name
    assert head
    assert box["x"] <= name["x"] < box["x"] + 40
    assert abs(head["y"] - box["y"]) < 3


def test_what_has_the_focus_in_the_overview_is_not_hidden_by_what_stays_in_sight(
    open_context: OpenContext, address: str
) -> None:
    page = open_context(viewport={"width": 600, "height": 700}).new_page()
    page.goto(f"{address}{OVERVIEW}?by=lsoa")
    table = page.locator(".eg-heat")
    table.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    page.locator(".eg-heat__head a").nth(11).focus()
    for _ in range(8):
        page.keyboard.press("Shift+Tab")
    hidden = page.evaluate(
        "() => { const one = document.activeElement, box = one.getBoundingClientRect();"
        "const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
        "return !(one === seen || one.contains(seen)); }"
    )
    assert hidden is False


def test_a_reader_sorts_follows_an_area_and_compares_it_without_javascript(
    open_context: OpenContext, address: str
) -> None:
    page = open_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(address + OVERVIEW)
    page.get_by_role("link", name="Sort by SMI health check").click()
    assert "sort=smi_annual_health_check" in page.url
    page.locator(".eg-heat__head a").first.click()
    expect(page.locator("h1")).to_contain_text("Neighbourhood (MSOA)")
    page.get_by_role("link", name="Compare with other neighbourhoods").click()
    page.get_by_label("Area 2").select_option(label="Mill Bank")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".eg-compare")).to_be_visible()
    assert page.url.count("with=") == 6


def test_a_screen_reader_hears_the_figure_and_how_it_compares(
    open_context: OpenContext, address: str
) -> None:
    page = open_context(viewport=DESKTOP).new_page()
    page.goto(address + OVERVIEW)
    row = page.get_by_role("row").filter(has_text="SMI health check")
    expect(row.get_by_role("cell", name="worse").first).to_be_attached()


def test_a_printed_overview_is_whole(open_context: OpenContext, address: str) -> None:
    page = open_context(viewport=DESKTOP).new_page()
    page.goto(f"{address}{OVERVIEW}?by=lsoa")
    page.emulate_media(media="print")
    assert page.locator(".eg-heat").evaluate("one => getComputedStyle(one).overflow") == "visible"
