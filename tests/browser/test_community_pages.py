"""Priorities in a browser: communities, their briefs on paper, what-if and frozen rankings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.db import connection
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evenground_web.accounts.roles import Role
from evenground_web.accounts.writes import create_account
from tests.browser.conftest import Watched
from tests.browser.test_site import PASSWORD, SIZES, OpenContext, find_violations, open_details
from tests.support.chromium import DESKTOP, NARROW
from tests.support.release_factory import LSOAS

GROUP = "/priorities/communities/msoa_ethnic_group/X02000001/group/J/"
AREA = f"/priorities/communities/lsoa/{next(iter(LSOAS))}/"
ADDRESSES = [GROUP, f"{AREA}brief/", "/priorities/?service=bowel_screening&kind=lsoa&standard=abc"]


@pytest.fixture
def lead(open_context: OpenContext, site: Settings, live_server: LiveServer) -> Iterator[BrowserContext]:
    """A prevention lead who has logged in, without JavaScript."""
    create_account(username="lead", display_name="A lead", role=Role.LEAD, password=PASSWORD)
    context = open_context(viewport=DESKTOP, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/account/log-in/")
    page.get_by_label("Log-in name").fill("lead")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    yield context
    # The database keeps what was frozen, and the next test wants it empty.
    guards = import_module("evenground_web.priorities.migrations.0002_guarded_rankings")
    with connection.schema_editor() as editor:
        guards.unguard(None, editor)
        editor.execute("DELETE FROM priorities_frozenranking")
        guards.guard(None, editor)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page_of_a_community_has_no_fault_that_axe_can_find(
    open_context: OpenContext, address: str, path: str, size: str
) -> None:
    watched = Watched(open_context(viewport=SIZES[size], bypass_csp=True).new_page())
    watched.page.goto(address + path)
    assert find_violations(watched.page) == []
    assert watched.problems == []


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page_of_a_community_fits_a_narrow_screen(
    open_context: OpenContext, address: str, path: str
) -> None:
    page = open_context(viewport=NARROW).new_page()
    page.goto(address + path)
    open_details(page)
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]


@pytest.mark.parametrize("path", [f"{GROUP}brief/", f"{AREA}brief/"])
def test_a_brief_is_one_sheet_of_a4(open_context: OpenContext, address: str, path: str) -> None:
    page = open_context().new_page()
    page.goto(address + path)
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.emulate_media(media="print")
    expect(page.get_by_text("Print this page")).to_be_hidden()
    expect(page.get_by_role("navigation").first).to_be_hidden()


def test_a_ranking_is_asked_what_if_and_frozen_without_javascript(
    lead: BrowserContext, open_context: OpenContext, live_server: LiveServer
) -> None:
    page = lead.new_page()
    page.goto(f"{live_server.url}/priorities/?service=bowel_screening&kind=lsoa")
    page.get_by_label("What if the standard were").fill("85")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("ranked again against a standard of 85%")).to_be_visible()
    page.get_by_role("link", name="Freeze this ranking").click()
    page.get_by_role("button", name="Freeze it").click()
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("Give the reasons")
    page.get_by_label("What was decided, in a few words").fill("Outreach in Old Town")
    page.get_by_label("The reasons").fill("Most miss out there, and the champions agreed.")
    page.get_by_role("button", name="Freeze it").click()
    expect(page.get_by_role("status")).to_contain_text("The ranking is frozen")
    frozen = page.url
    seen = open_context(viewport=NARROW, bypass_csp=True)
    seen.add_cookies(lead.cookies())
    for address in (
        frozen,
        f"{live_server.url}/priorities/frozen/",
        f"{live_server.url}/priorities/frozen/new/",
    ):
        looked_at = seen.new_page()
        looked_at.goto(address)
        assert find_violations(looked_at) == [], address
        assert _overflow(looked_at) <= 0, address


def _overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
