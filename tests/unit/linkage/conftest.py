"""Two invented organisations, linked once; a test that changes them takes a copy."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from evenground.sources.pseudonyms import KEY_VARIABLE
from tests.support.linkage import KEY, Councils, make_councils

pytest.importorskip("splink", reason="the extra 'linkage' is not installed")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of pseudonyms, for every test."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)


@pytest.fixture(scope="session")
def unlinked(tmp_path_factory: pytest.TempPathFactory) -> Councils:
    """Both organisations' files and the definition; never written to by a test."""
    return make_councils(tmp_path_factory.mktemp("unlinked") / "wenbury")


@pytest.fixture(scope="session")
def linked(unlinked: Councils, tmp_path_factory: pytest.TempPathFactory) -> Councils:
    """The same, linked; never written to by a test."""
    from evenground.sources.linkage import link_sources

    made = _copy(unlinked, tmp_path_factory.mktemp("linked"))
    before = os.environ.get(KEY_VARIABLE)
    os.environ[KEY_VARIABLE] = KEY
    try:
        link_sources(made.workspace, "housing_gp")
    finally:
        os.environ.pop(KEY_VARIABLE)
        if before is not None:
            os.environ[KEY_VARIABLE] = before
    return made


@pytest.fixture
def councils(unlinked: Councils, tmp_path: Path) -> Councils:
    """Both organisations, a test's own to change."""
    return _copy(unlinked, tmp_path)


@pytest.fixture
def linked_councils(linked: Councils, tmp_path: Path) -> Councils:
    """Both organisations, linked, a test's own to change."""
    return _copy(linked, tmp_path)


def _copy(councils: Councils, folder: Path) -> Councils:
    shutil.copytree(councils.root, folder / "wenbury")
    return replace(councils, root=folder / "wenbury")
