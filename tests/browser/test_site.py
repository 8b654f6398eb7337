"""The site as people meet it: on a phone, at a desk, with a keyboard, without JavaScript, at 320 pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from evenground_web.accounts.roles import Role
from evenground_web.accounts.writes import create_account
from tests.browser.conftest import Watched
from tests.support.chromium import DESKTOP, NARROW, PHONE

PROFILE = "/profiles/core20plus5_adults/"
SMI = f"{PROFILE}smi_annual_health_check/"
PAGES = [
    "/",
    "/profiles/",
    PROFILE,
    f"{PROFILE}?area=msoa:X02000002&cut=ethnic_group:J",
    SMI,
    f"{PROFILE}hypertension_prevalence/?area=msoa:X02000001&map=lsoa",
    f"{SMI}inequality/",
    "/profiles/screening/bowel_screening/inequality/?by=ethnic_group",
    "/search/?q=samplebury",
    "/search/?q=xyzzy",
    "/priorities/areas/?indicator=smi_annual_health_check",
    "/priorities/",
    "/priorities/?service=bowel_screening&kind=lsoa&order=per_100",
    "/about-the-data/",
    "/accessibility/",
    "/account/log-in/",
    "/nowhere/",
]
SIZES = {"phone": PHONE, "desktop": DESKTOP}
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

PASSWORD = "heather lantern plough"  # noqa: S105
OpenContext = Callable[..., BrowserContext]


def open_details(page: Page) -> None:
    """Show what is folded away, so that it is looked at, too."""
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")


def find_violations(page: Page) -> list[str]:
    open_details(page)
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{fault['id']}: {[node['target'] for node in fault['nodes']]}" for fault in found]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_fault_that_axe_can_find(
    open_context: OpenContext, address: str, path: str, size: str
) -> None:
    watched = Watched(open_context(viewport=SIZES[size], bypass_csp=True).new_page())
    watched.page.goto(address + path)
    assert find_violations(watched.page) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_without_a_complaint_from_its_own_host_can_be_skipped_to_and_fits_a_narrow_screen(
    open_context: OpenContext, address: str, path: str
) -> None:
    """One visit for all: opening a page is most of what each of these costs."""
    watched = Watched(open_context(viewport=DESKTOP).new_page())
    page = watched.page
    response = page.goto(address + path, wait_until="networkidle")
    assert response
    expected = ["Failed to load resource: the server responded with a status of 404 (Not Found)"]
    assert watched.problems == (expected if response.status == 404 else [])
    assert watched.hosts == {address.split("/")[2]}
    page.keyboard.press("Tab")
    skip = page.locator(".nhsuk-skip-link")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.set_viewport_size(NARROW)
    open_details(page)
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]


def test_everything_on_a_profile_can_be_reached_by_keyboard(open_context: OpenContext, address: str) -> None:
    page = open_context(viewport=DESKTOP).new_page()
    page.goto(address + PROFILE)
    open_details(page)
    # The key passes over the areas of a map, because the table below it has each of their links.
    in_order = "main a:not([tabindex='-1']), main button, main select, main summary"
    wanted = page.locator(in_order).count()
    reached: set[Any] = set()
    for _ in range(wanted + 40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "elements => [...document.querySelectorAll(elements)].indexOf(document.activeElement)",
                in_order,
            )
        )
    assert set(range(wanted)) <= reached
    targets = "links => links.map(link => link.getAttribute('href'))"
    on_map = set(page.locator("main a[tabindex='-1']").evaluate_all(targets))
    assert on_map
    assert on_map <= set(page.locator("main a:not([tabindex='-1'])").evaluate_all(targets))


def test_a_choice_works_without_javascript(open_context: OpenContext, address: str) -> None:
    page = open_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(address + PROFILE)
    page.get_by_label("Area", exact=True).select_option(label="Fairfield & Vale")
    page.get_by_label("People", exact=True).select_option(label="Pakistani")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("h2").first).to_have_text("Fairfield & Vale, Ethnic group: Pakistani")
    assert "area=msoa" in page.url


def test_the_search_works_without_javascript_and_by_keyboard(open_context: OpenContext, address: str) -> None:
    page = open_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(address)
    page.get_by_label("Search indicators, areas, postcodes and groups").fill("pakistni old town")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Search results for ‘pakistni old town’")
    page.get_by_role("link", name="Pakistani people in Old Town").click()
    expect(page.locator("h2").first).to_have_text("Old Town, Ethnic group: Pakistani")
    page.get_by_label("Search indicators, areas, postcodes and groups").fill("zz1 1aa")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Search results for ‘zz1 1aa’")
    assert page.url == f"{address}/search/"


def test_figures_behind_a_chart_open_without_javascript(open_context: OpenContext, address: str) -> None:
    page = open_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(f"{address}{PROFILE}hypertension_prevalence/")
    table = page.locator(".eg-figure table").first
    expect(table).not_to_be_visible()
    page.locator(".eg-figure summary").first.click()
    expect(table).to_be_visible()


def test_menu_is_whole_without_javascript(open_context: OpenContext, address: str) -> None:
    page = open_context(viewport=NARROW, java_script_enabled=False).new_page()
    page.goto(address)
    for name in ("Profiles", "Priorities", "About the data"):
        expect(page.get_by_role("navigation", name="Menu").get_by_role("link", name=name)).to_be_visible()


def test_a_printed_page_shows_the_tables_and_leaves_the_menus_out(
    open_context: OpenContext, address: str
) -> None:
    page = open_context(viewport=DESKTOP).new_page()
    page.goto(f"{address}{PROFILE}hypertension_prevalence/")
    page.emulate_media(media="print")
    expect(page.locator(".nhsuk-header__navigation")).not_to_be_visible()
    menus = page.locator(".eg-choose").all()
    assert len(menus) == 2
    for menu in menus:
        expect(menu).not_to_be_visible()
    expect(page.locator(".eg-figure table").first).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_somebody_logs_in_sees_their_account_and_logs_out(
    open_context: OpenContext, address: str, size: str
) -> None:
    create_account(username="steward", display_name="Demo steward", role=Role.STEWARD, password=PASSWORD)
    page = open_context(viewport=SIZES[size], bypass_csp=True).new_page()
    page.goto(f"{address}/account/log-in/")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    assert find_violations(page) == []
    page.get_by_label("Log-in name").fill("steward")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("h1")).to_have_text("Your account")
    assert find_violations(page) == []
    page.goto(f"{address}/account/password/")
    assert find_violations(page) == []
    page.goto(f"{address}/about-the-data/")
    page.get_by_role("link", name="Check every file now").click()
    expect(page.locator("main")).to_contain_text("files are as they were written")
    assert find_violations(page) == []
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def test_a_click_on_an_area_of_the_map_opens_its_page_and_the_map_is_no_stop_of_the_tab_key(
    open_context: OpenContext, address: str
) -> None:
    page = open_context(viewport=DESKTOP).new_page()
    page.goto(f"{address}{PROFILE}hypertension_prevalence/?map=lsoa")
    areas = page.locator(".evenground-areas a")
    assert areas.count() == 12
    assert set(areas.evaluate_all("links => links.map(link => link.tabIndex)")) == {-1}
    leads_to = areas.first.get_attribute("href")
    areas.first.locator("path").click()
    page.wait_for_url(f"{address}{leads_to}")
