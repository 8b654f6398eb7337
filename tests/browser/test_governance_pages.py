"""Agreements and the release gate in a browser: axe, narrow screens, and a decision without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evenground.gate import submit_candidate
from evenground.releases import Release, current_release
from evenground_web.accounts.roles import Role
from evenground_web.accounts.writes import create_account
from tests.browser.conftest import Watched
from tests.browser.test_site import PASSWORD, SIZES, OpenContext, find_violations, open_details
from tests.support.chromium import DESKTOP, NARROW, PHONE
from tests.support.release_factory import make_sample_content, write_sample_release


@pytest.fixture
def folder(site: Settings, tmp_path: Path) -> Path:
    """The sample release of a place that is not invented, and a candidate that may follow it."""
    write_sample_release(tmp_path, synthetic=False)
    site.EVENGROUND_RELEASES = tmp_path
    create_account(username="steward", display_name="Demo steward", role=Role.STEWARD, password=PASSWORD)
    return tmp_path


@pytest.fixture
def candidate(folder: Path) -> Release:
    return submit_candidate(folder, make_sample_content(synthetic=False, as_at="2026-06-30"), by="analyst")[0]


def log_in(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(f"{address}/account/log-in/")
    page.get_by_label("Log-in name").fill("steward")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return page


@pytest.mark.parametrize("size", SIZES)
def test_the_page_of_agreements_has_no_fault_that_axe_can_find(
    open_context: OpenContext, address: str, size: str
) -> None:
    watched = Watched(open_context(viewport=SIZES[size], bypass_csp=True).new_page())
    watched.page.goto(f"{address}/agreements/")
    assert find_violations(watched.page) == []
    assert watched.problems == []


def test_the_page_of_agreements_fits_a_narrow_screen(open_context: OpenContext, address: str) -> None:
    page = open_context(viewport=NARROW).new_page()
    page.goto(f"{address}/agreements/")
    open_details(page)
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]


@pytest.mark.parametrize("size", SIZES)
def test_the_pages_of_the_gate_have_no_fault_that_axe_can_find(
    open_context: OpenContext, live_server: LiveServer, candidate: Release, size: str
) -> None:
    page = log_in(open_context(viewport=SIZES[size], bypass_csp=True), live_server.url)
    page.goto(f"{live_server.url}/releases/")
    assert find_violations(page) == []
    page.get_by_role("link", name=candidate.id).click()
    assert find_violations(page) == []
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("Choose whether to approve")
    assert find_violations(page) == []


def test_the_pages_of_the_gate_fit_a_narrow_screen(
    open_context: OpenContext, live_server: LiveServer, candidate: Release
) -> None:
    page = log_in(open_context(viewport=NARROW), live_server.url)
    for path in ("/releases/", f"/releases/{candidate.id}/"):
        page.goto(live_server.url + path)
        open_details(page)
        widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths[0] <= widths[1]


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_steward_decides_without_javascript(
    open_context: OpenContext,
    live_server: LiveServer,
    candidate: Release,
    folder: Path,
    viewport: dict[str, int],
) -> None:
    page = log_in(open_context(viewport=viewport, java_script_enabled=False), live_server.url)
    page.goto(f"{live_server.url}/about-the-data/")
    page.get_by_role("link", name="See what waits for approval").click()
    page.get_by_role("link", name=candidate.id).click()
    page.get_by_label("Approve: the site shows it from now on").check()
    page.get_by_label("Reason", exact=True).fill("As expected.")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("main")).to_contain_text("is approved, and the site shows it")
    assert current_release(folder).id == candidate.id
