"""A report as one HTML file, opened from a disk: axe, a narrow screen, the keyboard, and paper."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenground.releases import Release
from evenground.reports.area_profile import make_area_profile
from evenground.reports.documents import render_document
from evenground.reports.subjects import require_area
from tests.browser.conftest import Watched
from tests.browser.test_site import OpenContext, find_violations
from tests.support.chromium import DESKTOP, NARROW


@pytest.fixture(scope="module")
def report(release: Release, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a profile on this machine's disk."""
    area, profile = require_area(release, "Fairfield & Vale"), release.profiles["core20plus5_adults"]
    path: Path = tmp_path_factory.mktemp("report") / "profile.html"
    path.write_bytes(render_document(make_area_profile(release, area, profile, pictures=1), "html"))
    return path.as_uri()


def test_a_narrow_report_has_no_fault_that_axe_can_find_and_asks_for_nothing(
    open_context: OpenContext, report: str
) -> None:
    # Axe is a script, and the page's own policy allows none.
    watched = Watched(open_context(viewport=NARROW, bypass_csp=True).new_page())
    watched.page.goto(report)
    assert find_violations(watched.page) == []
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert watched.hosts == {""}


def test_a_report_complains_of_nothing_under_its_own_policy(open_context: OpenContext, report: str) -> None:
    watched = Watched(open_context(viewport=DESKTOP).new_page())
    watched.page.goto(report)
    assert watched.problems == []
    watched.page.keyboard.press("Tab")
    watched.page.keyboard.press("Enter")
    assert watched.page.evaluate("document.activeElement.id") == "main"


def test_on_paper_the_links_go_and_the_tables_stay(open_context: OpenContext, report: str) -> None:
    page = open_context(viewport=DESKTOP).new_page()
    page.goto(report)
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator("table").first.is_visible()
