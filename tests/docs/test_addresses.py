"""Every address that the documentation lists is one of the site's."""

from __future__ import annotations

import re

import pytest
from django.urls import resolve

from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "addresses.md"
ADDRESSES = re.findall(r"^\| `(/[^`]*)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_the_page_is_answered_by_the_site(address):
    found = resolve(re.sub(r"<\w+>", "anything", address))
    assert found.url_name


def test_the_page_lists_every_address_of_profiles_priorities_and_search():
    from django.urls import get_resolver

    listed = {resolve(re.sub(r"<\w+>", "anything", address)).view_name for address in ADDRESSES}
    held = set()
    for include in get_resolver().url_patterns:
        if getattr(include, "app_name", "") in ("priorities", "search"):
            held |= {f"{include.app_name}:{pattern.name}" for pattern in include.url_patterns}
    assert held <= listed
