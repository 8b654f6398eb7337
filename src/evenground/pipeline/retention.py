"""Extracts and secure files that are past their retention, found and deleted."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evenground.agreements import Agreement
from evenground.audit_log import LOG_FILE, Event
from evenground.indicators import SHIPPED, load_definitions
from evenground.pipeline.governance import weigh_place
from evenground.pipeline.releasing import log_event
from evenground.sealing import SUFFIX
from evenground.sources.aggregates import split_sections
from evenground.workspace import Workspace

_PATH_KEYS: Final = frozenset({"path", "folder", "file"})
_KEPT: Final = (LOG_FILE,)
_BY_FILE: Final = ("reports", "cohorts")


@dataclass(frozen=True, slots=True)
class Expired:
    """A file or folder that may no longer be kept.

    ``is_ours`` is false for a file outside the workspace, which is told and never deleted.
    """

    path: Path
    name: str
    arrived: dt.date
    keep_until: dt.date
    agreement: str
    is_ours: bool


def find_expired(workspace: Workspace, today: dt.date) -> tuple[Expired, ...]:
    """What is past its retention: files of sources, lists of opt-outs, and what the secure zone made of them.

    The day on which a file arrived is that of its last change. A file of a source is kept as long as the
    longest of the agreements on the source allows; files of the secure zone, which come from all sources, as
    long as the shortest of all. A source without an agreement has no retention.

    Raises
    ------
    AgreementError, DefinitionError
        Where an agreement or a definition cannot be read.
    """
    definitions = load_definitions(SHIPPED, workspace.definitions)
    agreements = weigh_place(workspace, definitions, today).agreements
    found = [
        *_expired_sources(workspace, agreements, today),
        *_expired_secure(workspace, agreements, today),
    ]
    return tuple({one.path: one for one in found}.values())


def delete_expired(workspace: Workspace, expired: Iterable[Expired]) -> int:
    """Delete what is ours of it, with a line in the log for each, and say how many were deleted.

    The line comes before the deletion: a file that is gone has a line, whatever happens in between.
    """
    deleted = 0
    for one in expired:
        if not one.is_ours:
            continue
        facts = {"file": one.name[:400], "agreement": one.agreement, "kept_until": one.keep_until.isoformat()}
        log_event(workspace, Event.DATA_EXPIRED, facts)
        if one.path.is_dir():
            shutil.rmtree(one.path)
        else:
            one.path.unlink(missing_ok=True)
        deleted += 1
    return deleted


def list_patterns(workspace: Workspace) -> dict[str, set[str]]:
    """The paths that ``place.toml`` names for each source of people: its own, and those of its opt-outs."""
    sections = split_sections(workspace.place.sources)[0]
    patterns = {section.name: set(_paths_in(section.options)) for section in sections}
    for opt_out in workspace.place.opt_outs:
        for name in opt_out.sources:
            patterns.setdefault(name, set()).add(opt_out.path)
    return patterns


def _expired_sources(
    workspace: Workspace, agreements: Sequence[Agreement], today: dt.date
) -> Iterator[Expired]:
    for source, named in list_patterns(workspace).items():
        on_it = [one for one in agreements if source in one.sources]
        for path in sorted({path for pattern in named for path in find_named(workspace.root, pattern)}):
            arrived = _arrived(path)
            if on_it:
                longest = max(on_it, key=lambda one, day=arrived: one.keeps_until(day))  # type: ignore[misc]
                yield from _expire(workspace, path, arrived, longest, today)


def _expired_secure(
    workspace: Workspace, agreements: Sequence[Agreement], today: dt.date
) -> Iterator[Expired]:
    if not agreements:
        return
    for path in sorted(workspace.secure.iterdir()):
        # Each of these by itself: what is old is not kept for the sake of what is new.
        inside = sorted(path.iterdir()) if path.name in _BY_FILE else [path]
        for entry in inside:
            if entry.name not in _KEPT:
                arrived = _arrived(entry)
                shortest = min(agreements, key=lambda one, day=arrived: one.keeps_until(day))  # type: ignore[misc]
                yield from _expire(workspace, entry, arrived, shortest, today)


def _expire(
    workspace: Workspace, path: Path, arrived: dt.date, agreement: Agreement, today: dt.date
) -> Iterator[Expired]:
    until = agreement.keeps_until(arrived)
    if today > until:
        root = workspace.root.resolve()
        inside = path.resolve().is_relative_to(root) and not path.is_symlink()
        name = str(path.relative_to(workspace.root)) if path.is_relative_to(workspace.root) else path.name
        yield Expired(path, name, arrived, until, agreement.id, inside)


def _paths_in(options: Any) -> Iterator[str]:
    if isinstance(options, Mapping):
        for key, value in options.items():
            if key in _PATH_KEYS and isinstance(value, str):
                yield value
            else:
                yield from _paths_in(value)
    elif isinstance(options, list | tuple):
        for value in options:
            yield from _paths_in(value)


def find_named(root: Path, pattern: str) -> Iterator[Path]:
    """The files and folders that a path of ``place.toml`` stands for, sealed ones too."""
    absolute = Path(pattern)
    base, rest = (
        (Path(absolute.anchor), str(absolute.relative_to(absolute.anchor)))
        if absolute.is_absolute()
        else (root, pattern)
    )
    yield from base.glob(rest)
    yield from base.glob(rest + SUFFIX)


def _arrived(path: Path) -> dt.date:
    """The day of the last change; of a folder, that of the latest of its files."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    latest = max((file.stat().st_mtime for file in files), default=path.stat().st_mtime)
    return dt.datetime.fromtimestamp(latest, dt.UTC).date()
