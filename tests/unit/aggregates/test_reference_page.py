"""The page on aggregates holds every reason and every word that the code knows."""

from __future__ import annotations

import pytest

from evenground.sources.aggregates import words
from evenground.vocabulary import Basis, PublishedCut
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "reference" / "aggregates.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reasons", [words.DROPPED, words.CHANGED])
def test_every_reason_is_on_the_page_as_the_code_has_it(reasons):
    rows = "\n".join(f"| {reason} | {told} |" for reason, told in reasons.items())
    assert rows in PAGE


def test_every_breakdown_and_basis_is_on_the_page():
    assert [name for name in (*PublishedCut, *Basis) if f"`{name}`" not in PAGE] == []
