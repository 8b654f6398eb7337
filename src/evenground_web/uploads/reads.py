"""Sources that take files, what waits for a decision, and what is in place."""

from __future__ import annotations

import csv
import datetime as dt
import fnmatch
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.http import Http404

from evenground.errors import WorkspaceError
from evenground.workspace import load_workspace
from evenground_web.uploads.folders import aside_folder, waiting_folder, workspace_root

MOST_ROWS: Final = 200
"""Rows of a report that a page shows; the file has them all."""

ROW_COLUMNS: Final = ("row", "outcome", "reason", "meaning")
_ID: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Source:
    """A source of place.toml that takes another file: its folder, and the files that are there."""

    name: str
    pattern: str
    folder: Path
    files: tuple[PlacedFile, ...]

    def takes(self, name: str) -> bool:
        """Whether a file of this name would be read."""
        return fnmatch.fnmatchcase(name, Path(self.pattern).name)

    def find(self, name: str) -> PlacedFile | None:
        """The file of this name that is in place."""
        return next((file for file in self.files if file.name == name), None)


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file that the next build reads, or one that was set aside."""

    name: str
    size: int
    changed: dt.datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class AsideFile:
    """A file that was replaced or taken out, and can be put back."""

    id: str
    source: str
    file: PlacedFile


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that was checked: what was found, by whom it was sent, and whether it can be put in place."""

    id: str
    name: str
    source: str
    sha256: str
    size: int
    by: str
    at: dt.datetime
    report: dict[str, Any]

    @property
    def fits(self) -> bool:
        """Whether a build can use it."""
        return bool(self.report["verdict"] == "fits")

    @property
    def is_person_level(self) -> bool:
        """Whether it was refused as records of people."""
        return bool(self.report["verdict"] == "person_level")


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of rows that were not simply kept: by reason, and row by row as far as a page shows."""

    reasons: tuple[tuple[str, str, str, int], ...]
    rows: tuple[tuple[str, ...], ...]
    total: int


def list_sources() -> tuple[tuple[Source, ...], str]:
    """The sources that take files; and why there are none, where place.toml cannot be read."""
    root = workspace_root()
    try:
        workspace = load_workspace(root)
    except WorkspaceError as error:
        return (), str(error)
    found = []
    for section in workspace.place.sources:
        pattern = str(section.options.get("path", ""))
        folder = (root / pattern).parent.resolve()
        is_inside = folder.is_relative_to(root) and not folder.is_relative_to(root / "secure")
        if section.kind == "fingertips" and "*" in Path(pattern).name and is_inside:
            found.append(Source(section.name, pattern, folder, _list_files(folder, Path(pattern).name)))
    return tuple(found), ""


def require_source(name: str) -> Source:
    """A source by its name, or 'page not found'."""
    source = next((one for one in list_sources()[0] if one.name == name), None)
    if source is None:
        raise Http404
    return source


def require_waiting(upload_id: str) -> Waiting:
    """A checked file by the id in an address, or 'page not found' where it was decided or waited too long."""
    folder = find_waiting(upload_id)
    try:
        return _read_waiting(folder)
    except (FileNotFoundError, KeyError, ValueError):
        raise Http404 from None


def find_waiting(upload_id: str) -> Path:
    """The folder of a checked file."""
    if not _ID.fullmatch(upload_id):
        raise Http404
    return waiting_folder() / upload_id


def list_waiting() -> list[Waiting]:
    """What waits for a decision, the latest first."""
    found = []
    for folder in waiting_folder().iterdir() if waiting_folder().is_dir() else ():
        try:
            waiting = _read_waiting(folder)
        except (FileNotFoundError, NotADirectoryError, KeyError, ValueError):
            continue
        if waiting.fits:
            found.append(waiting)
    return sorted(found, key=lambda one: one.at, reverse=True)


def list_aside() -> list[AsideFile]:
    """What was replaced or taken out, the latest first."""
    found = []
    for path in sorted(aside_folder().glob("*.json"), reverse=True):
        facts = json.loads(path.read_bytes())
        file = path.with_suffix(".csv")
        if file.is_file():
            described = _describe(file)
            at = dt.datetime.fromisoformat(facts["at"])
            placed = PlacedFile(facts["name"], described.size, at, described.sha256)
            found.append(AsideFile(path.stem, facts["source"], placed))
    return found


def require_aside(aside_id: str) -> AsideFile:
    """What was set aside, by the id in an address, or 'page not found'."""
    found = next((one for one in list_aside() if one.id == aside_id), None)
    if found is None:
        raise Http404
    return found


def read_rows(waiting: Waiting) -> RowReport:
    """The report of a checked file, for a page."""
    counts: dict[tuple[str, str, str], int] = {}
    total = 0
    for row in iterate_rows(waiting.id):
        total += 1
        key = (row[1], row[2], row[3])
        counts[key] = counts.get(key, 0) + 1
    shown = tuple(islice(iterate_rows(waiting.id), MOST_ROWS))
    return RowReport(tuple((*key, count) for key, count in counts.items()), shown, total)


def iterate_rows(upload_id: str) -> Iterator[tuple[str, ...]]:
    """Every row of a report, as ``ROW_COLUMNS``."""
    path = find_waiting(upload_id) / "rows.csv"
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader, None)
        yield from (tuple(row) for row in reader)


def _read_waiting(folder: Path) -> Waiting:
    facts = json.loads((folder / "facts.json").read_bytes())
    report = json.loads((folder / "report.json").read_bytes())
    at = dt.datetime.fromisoformat(facts.pop("at"))
    return Waiting(id=folder.name, at=at, report=report, **facts)


def _list_files(folder: Path, pattern: str) -> tuple[PlacedFile, ...]:
    if not folder.is_dir():
        return ()
    return tuple(_describe(path) for path in sorted(folder.glob(pattern)) if path.is_file())


def _describe(path: Path) -> PlacedFile:
    facts = path.stat()
    changed = dt.datetime.fromtimestamp(facts.st_mtime, dt.UTC)
    return PlacedFile(path.name, facts.st_size, changed, _digest(path, facts.st_size, facts.st_mtime_ns))


@lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _changed: int) -> str:
    """Read once for as long as a file is as it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
