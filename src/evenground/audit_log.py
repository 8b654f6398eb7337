"""A log that can be added to and not altered unseen: each line holds the hash of the one before.

A line is one JSON object with sorted keys::

    {"at": "2026-05-01T09:30:00Z", "by": "analyst-1", "event": "built", "facts": {"release": "..."},
     "hash": "...", "line": 2, "previous": "..."}

``hash`` is the SHA-256 of the line without it. Whoever alters, removes or puts in a line breaks the chain
from there on. Lines cut off at the end leave a whole chain: what stands elsewhere (each candidate names the
last line at its time) gives that away.

Facts are names and numbers of things, never of people who are counted.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Final

from evenground.errors import AuditLogError, suggest

LOG_FILE: Final = "log.jsonl"
START: Final = hashlib.sha256(b"").hexdigest()
"""What the first line names as the hash before it."""

LONGEST_FACT: Final = 400
_KEYS: Final = {"at", "by", "event", "facts", "hash", "line", "previous"}


class Event(StrEnum):
    """What a line may be about."""

    BUILT = "built"
    BUILD_FAILED = "build_failed"
    WARNED = "warned"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    RELEASED = "released"
    CHOSEN = "chosen"
    EXPORTED = "exported"
    DATA_EXPIRED = "data_expired"
    DATA_SEALED = "data_sealed"
    DATA_UNSEALED = "data_unsealed"
    LOGGED_IN = "logged_in"
    LOG_IN_FAILED = "log_in_failed"
    FROZEN = "frozen"
    COHORT_WRITTEN = "cohort_written"
    FIGURES_UPLOADED = "figures_uploaded"
    FIGURES_REFUSED = "figures_refused"
    FIGURES_PLACED = "figures_placed"
    FIGURES_SET_ASIDE = "figures_set_aside"
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, checked."""

    number: int
    at: str
    event: str
    by: str
    facts: Mapping[str, str | int]
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last line of a log: its number and hash."""

    number: int = 0
    hash: str = START


def append_line(
    path: Path,
    event: Event,
    *,
    by: str,
    facts: Mapping[str, str | int] | None = None,
    at: dt.datetime | None = None,
) -> Head:
    """Add a line to the log at ``path``, whole or not at all, and return it as the new head.

    Writers wait for one another. What an earlier writer left of a line when it was stopped half-way stays
    where it is; a line that says so, with its hash, comes after it.

    Parameters
    ----------
    path
        The log; made with mode 0600 where it is not there.
    event
        What happened.
    by
        The account that did it.
    facts
        Names and numbers of things: text of at most 400 characters without line breaks, or whole numbers.
    at
        When; now by default.

    Raises
    ------
    AuditLogError
        Where a fact cannot stand in a log, the last line is not one of a log, or nothing can be written.
    """
    facts = dict(facts or {})
    _require_plain({"by": by, **facts})
    moment = at or dt.datetime.now(dt.UTC)
    try:
        with _locked(path) as file:
            head, torn = _find_head(file, path)
            if torn:
                head = _write(
                    file, head, Event.MENDED, by, {"torn_sha256": _digest(torn)}, moment, start=b"\n"
                )
            return _write(file, head, event, by, facts, moment)
    except OSError as error:
        raise AuditLogError(
            f"The log {path.name} cannot be written ({error.strerror}). Check the folder and the disk."
        ) from error


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a log from the first, each checked against the one before.

    Raises
    ------
    AuditLogError
        Naming the first line that is not as it was written.
    """
    if not path.is_file():
        return
    head, torn = Head(), b""
    with path.open("rb") as file:
        for position, raw in enumerate(file, start=1):
            line = _parse(raw)
            if line is None:
                if torn:
                    raise _broken(path, position - 1, "is not a line of a log")
                torn = raw.removesuffix(b"\n")
                continue
            if torn and not (
                line["event"] == Event.MENDED and line["facts"].get("torn_sha256") == _digest(torn)
            ):
                raise _broken(path, position - 1, "is not a line of a log")
            torn = b""
            if fault := _find_fault(line, head):
                raise _broken(path, position, fault)
            head = Head(line["line"], line["hash"])
            yield Line(line["line"], line["at"], line["event"], line["by"], line["facts"], line["hash"])
    if torn:
        raise _broken(path, head.number + 1, "ends half-way: a writer was stopped; the next line will say so")


def verify_log(path: Path, anchors: Mapping[str, Head] | None = None) -> Head:
    """Check every line of a log, and that it still holds the lines that others named; return its head.

    Parameters
    ----------
    anchors
        What named a line of this log, in words, and which line with which hash.

    Raises
    ------
    AuditLogError
        Naming the first line that is not as it was written, or that was cut off.
    """
    hashes = [START, *(line.hash for line in read_lines(path))]
    for named_by, head in (anchors or {}).items():
        if head.number >= len(hashes):
            raise AuditLogError(
                f"The log {path.name} was cut: it has {len(hashes) - 1} lines, and {named_by} names line "
                f"{head.number}."
            )
        if hashes[head.number] != head.hash:
            raise _broken(path, head.number, f"is not the line that {named_by} names")
    return Head(len(hashes) - 1, hashes[-1])


def digest_record(facts: Mapping[str, Any]) -> str:
    """The SHA-256 of a record that a line of the log names.

    Parameters
    ----------
    facts
        By name; JSON. Those that are an empty list are left out, so that a record written before there was
        such a fact keeps its digest.

    Examples
    --------
    >>> digest_record({"title": "a", "evidence": []}) == digest_record({"title": "a"})
    True
    """
    told = {name: fact for name, fact in facts.items() if fact != []}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _find_head(file: IO[bytes], path: Path) -> tuple[Head, bytes]:
    """The last whole line, and what an interrupted writer left after it."""
    last, torn, end = b"", b"", file.seek(0, os.SEEK_END)
    tail, start = b"", end
    while start > 0 and tail.count(b"\n") < 3:
        start = max(0, start - 65536)
        file.seek(start)
        tail = file.read(end - start)
    if tail and not tail.endswith(b"\n"):
        tail, _, torn = tail.rpartition(b"\n")
        tail += b"\n" if tail else b""
    lines = tail.splitlines()
    last = lines[-1] if lines else b""
    if not last:
        return Head(), torn
    line = _parse(last)
    if line is None or line["hash"] != _hash(line):
        raise AuditLogError(
            f"The last line of the log {path.name} is not as it was written: nothing is added to it. Run "
            "'evenground audit verify' and find out who changed it."
        )
    return Head(line["line"], line["hash"]), torn


def _write(
    file: IO[bytes],
    head: Head,
    event: Event,
    by: str,
    facts: Mapping[str, str | int],
    at: dt.datetime,
    *,
    start: bytes = b"",
) -> Head:
    line: dict[str, Any] = {
        "at": at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": by,
        "event": str(event),
        "facts": dict(facts),
        "line": head.number + 1,
        "previous": head.hash,
    }
    line["hash"] = _hash(line)
    file.write(start + _json(line) + b"\n")
    file.flush()
    os.fsync(file.fileno())
    return Head(line["line"], line["hash"])


def _parse(raw: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(raw)
    except ValueError:
        return None
    if not isinstance(line, dict) or line.keys() != _KEYS or not isinstance(line["facts"], dict):
        return None
    return line


def _find_fault(line: Mapping[str, Any], head: Head) -> str:
    if line["hash"] != _hash(line):
        return "was altered: its content does not give its hash"
    if line["previous"] != head.hash or line["line"] != head.number + 1:
        return "does not follow from the line before: lines were removed, put in or moved"
    return ""


def _hash(line: Mapping[str, Any]) -> str:
    return _digest(_json({key: value for key, value in line.items() if key != "hash"}))


def _json(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, sort_keys=True, ensure_ascii=False).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _broken(path: Path, number: int, fault: str) -> AuditLogError:
    return AuditLogError(f"Line {number} of the log {path.name} {fault}.")


def _require_plain(facts: Mapping[str, object]) -> None:
    for name, value in facts.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise AuditLogError(f'The fact "{name}" is neither text nor a whole number.')
        if isinstance(value, str) and (len(value) > LONGEST_FACT or not value.isprintable()):
            raise AuditLogError(
                f'The fact "{name}" is longer than {LONGEST_FACT} characters or holds a line break.'
            )


def parse_event(name: str) -> Event:
    """The event of a name.

    Raises
    ------
    AuditLogError
        With the nearest right name.
    """
    if name not in {str(event) for event in Event}:
        raise AuditLogError(f'"{name}" is not an event of the log. {suggest(name, [str(e) for e in Event])}')
    return Event(name)
