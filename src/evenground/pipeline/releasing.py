"""From a finished build to a candidate or a release, with a line in the log of the secure zone."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from evenground.audit_log import LOG_FILE, Event, Head, append_line, read_lines, verify_log
from evenground.errors import AuditLogError, EvengroundError
from evenground.gate import LogLine, read_history, release_without_approval, submit_candidate
from evenground.releases import Release, ReleaseContent
from evenground.workspace import Workspace

SITE_LOG: Final = "site-log.jsonl"
"""Beside the site's database: the site cannot write to the secure zone."""

_SITE_LINE: Final = "site_log_line"
_SITE_HASH: Final = "site_log_hash"

P = ParamSpec("P")
T = TypeVar("T")


def name_account() -> str:
    """The account that runs this process; who typed the command, where it was run with sudo."""
    number = os.getuid()
    if number == 0 and os.environ.get("SUDO_UID", "").isdigit():
        number = int(os.environ["SUDO_UID"])
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"account {number}"


def log_path(workspace: Workspace) -> Path:
    """The log of the secure zone."""
    return workspace.secure / LOG_FILE


def log_event(
    workspace: Workspace, event: Event, facts: Mapping[str, str | int], *, by: str | None = None
) -> Head:
    """Add a line to the log of the secure zone."""
    return append_line(log_path(workspace), event, by=by or name_account(), facts=facts)


def logs_failures(build: Callable[Concatenate[Workspace, P], T]) -> Callable[Concatenate[Workspace, P], T]:
    """Log that a build stopped, by the kind of the error and no more: what it says may name files."""

    @wraps(build)
    def logged(workspace: Workspace, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return build(workspace, *args, **kwargs)
        except EvengroundError as error:
            if not isinstance(error, AuditLogError):
                facts: dict[str, str | int] = {"error": type(error).__name__, "code": error.exit_code}
                # Where the disk is full the log may not be written either: what stopped the build is told.
                with suppress(AuditLogError):
                    log_event(workspace, Event.BUILD_FAILED, facts)
            raise

    return logged


def submit(
    workspace: Workspace,
    content: ReleaseContent,
    *,
    warnings: Sequence[str],
    audit: Mapping[str, int],
) -> tuple[Release, bool, bool]:
    """Make a candidate of what a build made.

    Parameters
    ----------
    warnings
        What the agreements warn of; each gets a line of its own in the log.
    audit
        What the attack on the release tried, and how often.

    Returns
    -------
    tuple
        The release; whether it was there before; and whether it waits for a decision.
    """
    by = name_account()
    for warning in warnings:
        log_event(workspace, Event.WARNED, {"what": warning[:400]}, by=by)
    facts = {"place": content.place_code, "as_at": content.as_at, **_name_site_line(workspace)}
    head = log_event(workspace, Event.BUILT, facts, by=by)
    line = LogLine(number=head.number, hash=head.hash)
    release, was_there = submit_candidate(workspace.releases, content, by=by, log=line, audit=audit)
    is_candidate = release.path.parent != workspace.releases
    return release, was_there, is_candidate and workspace.needs_approval


def _name_site_line(workspace: Workspace) -> dict[str, str | int]:
    """The last line of the site's log, so that lines cut off its end are missed; nothing where it is broken.

    A log of the site that somebody altered stops no build: 'evenground audit verify' tells of it.
    """
    try:
        head = verify_log(workspace.root / SITE_LOG)
    except AuditLogError:
        return {}
    return {_SITE_LINE: head.number, _SITE_HASH: head.hash} if head.number else {}


def let_out(workspace: Workspace, release: Release) -> Release:
    """Make a submitted release current where the place needs no approval; else leave it waiting."""
    by = name_account()
    waits = workspace.needs_approval
    if not waits:
        release = release_without_approval(workspace.releases, release.id, by=by)
    event = Event.SUBMITTED if waits else Event.RELEASED
    log_event(workspace, event, {"release": release.id}, by=by)
    return release


def log_paths(workspace: Workspace) -> dict[str, Path]:
    """The logs of a workspace, by what they are: that of the secure zone, and the site's own."""
    paths = {"The log of the secure zone": log_path(workspace)}
    site = workspace.root / SITE_LOG
    return paths | ({"The log of the site": site} if site.is_file() else {})


def _read_site_lines(workspace: Workspace) -> dict[str, Head]:
    """The lines of the site's log that builds named."""
    lines = [line for line in read_lines(log_path(workspace)) if _SITE_HASH in line.facts]
    return {
        f"line {line.number} of the log of the secure zone": Head(
            int(line.facts[_SITE_LINE]), str(line.facts[_SITE_HASH])
        )
        for line in lines
    }


def verify_logs(workspace: Workspace) -> dict[str, Head]:
    """Check each log against itself, and against every release and candidate that names a line of it.

    Raises
    ------
    AuditLogError
        Naming the first line that is not as it was written, or was cut off.
    """
    anchors = {}
    folder = workspace.releases / "decisions"
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        for entry in read_history(workspace.releases, place.name):
            if entry.log is not None:
                anchors[f"{place.name} ({entry.action})"] = Head(entry.log.number, entry.log.hash)
    site = workspace.root / SITE_LOG
    named = {log_path(workspace): anchors, site: _read_site_lines(workspace)}
    # A log that is gone altogether is missed as well, where a line of it was named.
    paths = log_paths(workspace) | ({"The log of the site": site} if named[site] else {})
    return {name: verify_log(path, named.get(path)) for name, path in paths.items()}
