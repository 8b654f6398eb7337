"""One sample release for every test that reads one, and how to look inside a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evenground.releases import TABLES, Release
from tests.support.release_factory import write_sample_release


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return write_sample_release(tmp_path_factory.mktemp("releases"))


@pytest.fixture
def changed_release(tmp_path: Path, release: Release) -> Callable[..., Release]:
    """The sample release with some of its tables put through a function, or facts replaced."""

    def make(
        facts: dict[str, Any] | None = None, **changes: Callable[[pl.DataFrame], pl.DataFrame]
    ) -> Release:
        names = tuple(TABLES)
        tables = {name: changes.get(name, lambda table: table)(release.table(name)) for name in names}
        return write_sample_release(tmp_path, tables=tables, **(facts or {}))

    return make


class Picture:
    """A figure's SVG, parsed, for counting and reading what is drawn."""

    namespace = "{http://www.w3.org/2000/svg}"

    def __init__(self, svg: str) -> None:
        self.root = ET.fromstring(svg)  # noqa: S314 (what this package wrote)

    def layer(self, name: str) -> list[ET.Element]:
        """The marks of one layer."""
        found = [group for group in self.root.iter() if group.get("class") == f"evenground-{name}"]
        return [mark for group in found for mark in group]

    def texts(self, layer: str) -> list[str]:
        return ["".join(mark.itertext()) for mark in self.layer(layer)]

    def tooltips(self, layer: str) -> list[str]:
        return [mark.findtext(f"{self.namespace}title") or "" for mark in self.layer(layer)]

    def tags(self) -> set[str]:
        return {element.tag.removeprefix(self.namespace) for element in self.root.iter()}

    def attributes(self) -> set[str]:
        return {name for element in self.root.iter() for name in element.attrib}

    def ids(self) -> list[str]:
        return [element.attrib["id"] for element in self.root.iter() if "id" in element.attrib]


@pytest.fixture
def look() -> Callable[[str], Picture]:
    return Picture
