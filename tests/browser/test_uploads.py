"""A file of published figures sent by a steward: on a phone, without JavaScript, and for axe."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evenground.workspace import Workspace
from evenground_web.accounts.roles import Role
from evenground_web.accounts.writes import create_account
from tests.browser.test_governance_pages import log_in
from tests.browser.test_site import PASSWORD, OpenContext, find_violations, open_details
from tests.support.aggregates import own_row, write_csv, write_definition, write_place
from tests.support.chromium import NARROW, PHONE
from tests.support.release_factory import write_sample_release

SOURCE = """
[[sources]]
name = "Fingertips"
kind = "fingertips"
path = "data/fingertips/*.csv"
indicators = { 91547 = "smoking_published" }
"""


@pytest.fixture
def place(site: Settings, tmp_path: Path) -> Workspace:
    """A workspace with a source that takes files and one that is there; a steward's account."""
    write_definition(tmp_path / "place")
    workspace = write_place(tmp_path / "place", SOURCE)
    write_csv(workspace.root / "data/fingertips/new.csv", [own_row(period="2021/22")])
    write_sample_release(workspace.releases)
    site.EVENGROUND_RELEASES = workspace.releases
    create_account(username="steward", display_name="Demo steward", role=Role.STEWARD, password=PASSWORD)
    return workspace


def test_a_steward_sends_checks_and_places_a_file(
    open_context: OpenContext, live_server: LiveServer, place: Workspace, tmp_path: Path
) -> None:
    sent = tmp_path / "new.csv"
    write_csv(sent, [own_row(), own_row(period="soon")])
    page = log_in(open_context(viewport=PHONE, bypass_csp=True), live_server.url)
    page.goto(f"{live_server.url}/uploads/")
    assert find_violations(page) == []
    page.get_by_role("button", name="Send and check").click()
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("Choose a file.")
    assert find_violations(page) == []
    page.get_by_label("CSV file as Fingertips gives it").set_input_files(sent)
    page.get_by_role("button", name="Send and check").click()
    expect(page.get_by_text("1 of its 2 rows")).to_be_visible()
    open_details(page)
    assert find_violations(page) == []
    address = page.url
    plain = open_context(viewport=NARROW, java_script_enabled=False)
    plain.add_cookies(page.context.cookies())
    without = plain.new_page()
    without.goto(address)
    without.get_by_label("Put it in place").check()
    without.get_by_role("button", name="Decide").click()
    expect(without.locator(".nhsuk-error-summary")).to_contain_text("Say that it is to be replaced")
    without.get_by_label("Replace the file of this name").check()
    without.get_by_role("button", name="Decide").click()
    expect(without.get_by_role("alert")).to_contain_text("new.csv is in place")
    page.set_viewport_size(NARROW)
    page.goto(f"{live_server.url}/uploads/")
    expect(page.get_by_role("button", name="Put back new.csv")).to_be_visible()
    assert find_violations(page) == []
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]
    page.set_viewport_size({"width": 1280, "height": 900})
    assert find_violations(page) == []
