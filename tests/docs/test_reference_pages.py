"""Pages made from the code and the definitions are up to date."""

from __future__ import annotations

import pytest

from scripts.write_reference import make_pages

PAGES = make_pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_is_what_make_docs_would_write(path):
    assert path.read_text(encoding="utf-8") == PAGES[path]
