"""The cast: one account of each role, and somebody who has not logged in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground_web.accounts.models import Account
from evenground_web.accounts.roles import Role
from evenground_web.accounts.writes import create_account
from tests.support.site_fixtures import release, sample_releases, site

__all__ = ["release", "sample_releases", "site"]

PASSWORD = "heather lantern plough"  # noqa: S105


@pytest.fixture(autouse=True)
def on_the_site(site: Settings, db: None) -> None:
    """Every test here asks the site, set on the sample release, with a database of its own."""


@pytest.fixture
def account_of() -> Callable[[Role], Account]:
    """Makes an account of a role."""

    def make(role: Role) -> Account:
        return create_account(
            username=role.value, display_name=f"A {role.label}", role=role, password=PASSWORD
        )

    return make


@pytest.fixture
def client_of(account_of: Callable[[Role], Account]) -> Callable[[Role | None], Client]:
    """A browser in which somebody of a role has logged in; nobody, for ``None``."""

    def make(role: Role | None) -> Client:
        client = Client()
        if role is not None:
            client.force_login(account_of(role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
