"""Pages that the sample release has not: of published figures alone, and the report of a linkage."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evenground.sources.pseudonyms import KEY_VARIABLE
from tests.browser.conftest import Watched
from tests.browser.test_site import SIZES, OpenContext, find_violations, open_details
from tests.support.chromium import DESKTOP, NARROW, PHONE
from tests.support.linkage import KEY, make_councils
from tests.support.published_release import write_published_release

ADDRESSES = [
    "/",
    "/profiles/published/",
    "/profiles/published/smoking_published/",
    "/profiles/published/other_published/?area=practice:Y00001",
    "/profiles/published/smoking_published/inequality/",
    "/profiles/published/other_published/inequality/",
    "/search/?q=smoking",
    "/priorities/areas/",
    "/priorities/",
    "/about-the-data/",
]


@pytest.fixture(scope="module")
def published_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published_release(tmp_path_factory.mktemp("published"))


@pytest.fixture
def published(published_releases: Path, site: Settings, live_server: LiveServer) -> str:
    """Where the site of the place without people is."""
    site.EVENGROUND_RELEASES = published_releases
    return live_server.url


@pytest.fixture(scope="module")
def linkage_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the report of a linkage of two invented organisations is."""
    pytest.importorskip("splink", reason="the extra 'linkage' is not installed")
    from evenground.sources.linkage import link_sources

    councils = make_councils(tmp_path_factory.mktemp("linkage") / "wenbury", persons=800, tenants=400)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, KEY)
        return (link_sources(councils.workspace, "housing_gp").folder / "report.html").as_uri()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page_of_published_figures_has_no_fault_that_axe_can_find(
    open_context: OpenContext, published: str, path: str, size: str
) -> None:
    watched = Watched(open_context(viewport=SIZES[size], bypass_csp=True).new_page())
    watched.page.goto(published + path)
    assert find_violations(watched.page) == []


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_page_of_published_figures_loads_without_a_complaint_and_fits_a_narrow_screen(
    open_context: OpenContext, published: str, path: str
) -> None:
    watched = Watched(open_context(viewport=NARROW).new_page())
    watched.page.goto(published + path, wait_until="networkidle")
    open_details(watched.page)
    assert watched.problems == []
    assert watched.hosts == {published.split("/")[2]}
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("size", SIZES)
def test_the_report_of_a_linkage_has_no_fault_that_axe_can_find(
    open_context: OpenContext, linkage_report: str, size: str
) -> None:
    page = open_context(viewport=SIZES[size]).new_page()
    page.goto(linkage_report)
    assert find_violations(page) == []


@pytest.mark.parametrize("viewport", [NARROW, PHONE, DESKTOP], ids=["narrow", "phone", "desktop"])
def test_the_report_of_a_linkage_fits_the_screen_and_asks_nobody_for_anything(
    open_context: OpenContext, linkage_report: str, viewport: dict[str, int]
) -> None:
    watched = Watched(open_context(viewport=viewport).new_page())
    watched.page.goto(linkage_report)
    assert watched.problems == []
    assert watched.hosts == {""}
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
