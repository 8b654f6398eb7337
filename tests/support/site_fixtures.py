"""Fixtures of every test that asks the site for a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from evenground.releases import Release, load_release
from evenground_web.common.kept_pages import kept_pages
from tests.support.release_factory import write_sample_release


@pytest.fixture(scope="session")
def sample_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of releases that holds the sample, as the current one."""
    folder = tmp_path_factory.mktemp("releases")
    write_sample_release(folder)
    return folder


@pytest.fixture(scope="session")
def release(sample_releases: Path) -> Release:
    """The sample release."""
    return load_release(sample_releases / (sample_releases / "current").read_text().strip())


@pytest.fixture
def site(settings: Settings, sample_releases: Path) -> Settings:
    """The site's settings, pointed at the sample release and fit for plain HTTP on this machine."""
    # Tests change what the running site takes for given, such as what is installed.
    kept_pages.clear()
    settings.EVENGROUND_RELEASES = sample_releases
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    # Passwords are hashed slowly on purpose; tests have none to protect.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return settings
