"""A real Chromium on the sample release. Without one the tests are skipped, except in CI, where they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evenground_web.assets import HOW_TO_BUILD, built_stamp
from tests.support.chromium import ARGUMENTS, find_chromium
from tests.support.site_fixtures import release, sample_releases, site

__all__ = ["release", "sample_releases", "site"]

# Playwright keeps an event loop in the thread that sets up the database; nothing else runs in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here as one for the browser."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


def _what_is_missing() -> str:
    if find_chromium() is None:
        return "there is no Chromium here (Debian: apt install chromium)"
    return "" if built_stamp() else f"the style sheet is not built ({HOW_TO_BUILD})"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, with no calls to anybody."""
    if missing := _what_is_missing():
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return {**browser_type_launch_args, "executable_path": find_chromium(), "args": ARGUMENTS}


@pytest.fixture
def address(site: Settings, live_server: LiveServer) -> str:
    """Where the site is."""
    return live_server.url


class Watched:
    """A page, and everything that went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("requestfailed", lambda request: self.problems.append(f"failed: {request.url}"))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(text)


@pytest.fixture
def open_context(browser: Browser) -> Iterator[Any]:
    """Makes browser contexts, and closes them."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        opened.append(browser.new_context(**options))
        return opened[-1]

    yield make
    for context in opened:
        context.close()
