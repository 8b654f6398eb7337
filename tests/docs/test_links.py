"""No link of the docs leads nowhere, and every page can be reached."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)")


def targets(page: Path) -> list[Path]:
    return [(page.parent / match[1]).resolve() for match in LINK.finditer(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("document", PAGES, ids=lambda document: str(document.relative_to(REPOSITORY)))
def test_every_link_leads_to_a_file(document):
    missing = [str(target) for target in targets(document) if not target.exists()]
    assert missing == []


def test_every_page_can_be_reached_from_the_readme():
    reached: set[Path] = set()
    waiting = [REPOSITORY / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in targets(page):
            if target.is_dir():
                waiting += sorted(target.glob("*.md"))
            elif target.suffix == ".md" and target.exists():
                waiting.append(target)
    unreachable = [str(page.relative_to(REPOSITORY)) for page in PAGES if page not in reached]
    assert unreachable == []
