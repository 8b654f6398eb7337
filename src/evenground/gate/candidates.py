"""Candidates, and what was decided about each.

::

    releases/
      current                       the release that the site shows
      <id>/                         released: approved, or of an invented place that needs no approval
      candidates/<id>/              built, and waiting or returned
      decisions/<id>/0001.json      what was done with it, in order: built, approved, returned, released
      decisions/<id>/stages.json    how long its last build took: see ``build_times``

A release is named after its content and never changes, so what people decided stands beside it. Each entry
names the SHA-256 of the release's manifest and of the entry before it. A new entry is put in place by a hard
link, which fails where the number is taken: of two stewards who decide at once, one wins, the other is told.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from evenground.errors import ApprovalError, ReleaseError, suggest
from evenground.releases import (
    CURRENT,
    MANIFEST,
    Release,
    ReleaseContent,
    list_releases,
    load_release,
    set_current,
    verify_release,
    write_release,
)

CANDIDATES: Final = "candidates"
DECISIONS: Final = "decisions"
LONGEST_REASON: Final = 2000

Action = Literal["built", "approved", "returned", "released"]


class LogLine(BaseModel):
    """The last line of the secure zone's log when an entry was made: see ``audit_log``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    hash: str


class Entry(BaseModel):
    """One thing that was done with a candidate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    by: str
    at: str
    reason: str
    manifest_sha256: str
    previous: str
    log: LogLine | None = None
    audit: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that waits for a decision, or was returned, and what was done with it so far."""

    release: Release
    history: tuple[Entry, ...]

    @property
    def is_returned(self) -> bool:
        """Whether a steward sent it back."""
        return bool(self.history) and self.history[-1].action == "returned"

    @property
    def builders(self) -> frozenset[str]:
        """The accounts that built it, none of which may approve it."""
        return frozenset(entry.by for entry in self.history if entry.action == "built")


def submit_candidate(
    folder: Path,
    content: ReleaseContent,
    *,
    by: str,
    at: dt.datetime | None = None,
    log: LogLine | None = None,
    audit: Mapping[str, int] | None = None,
) -> tuple[Release, bool]:
    """Write a release as a candidate, and say whether it was there already.

    Content that was released before stays released: it is returned from where it is.

    Parameters
    ----------
    folder
        The folder of releases.
    content
        What the release holds.
    by
        The account that built it.
    at
        When; now by default.
    log
        The last line of the log.
    audit
        What the attack on the release tried, and how often: a release that it undid is never submitted.
    """
    before = {path.name for path in (folder / CANDIDATES).glob("*")}
    release = write_release(folder / CANDIDATES, content)
    released = folder / release.id
    if released.is_dir():
        _remove(release.path)
        return load_release(released), True
    history = read_history(folder, release.id)
    if history and history[-1].action in ("approved", "released"):
        # Decided upon, and its folder removed since: the same bytes take their place again.
        release.path.rename(released)
        return load_release(released), False
    if not any(entry.action == "built" and _same(entry.by, by) for entry in history):
        _append(folder, release, history, "built", by=by, at=at, log=log, audit=audit)
    return release, release.id in before


def list_candidates(folder: Path) -> tuple[Candidate, ...]:
    """The candidates that this version can read, newest data first."""
    found = list_releases(folder / CANDIDATES)
    return tuple(Candidate(release, read_history(folder, release.id)) for release in found)


def find_candidate(folder: Path, release_id: str) -> Candidate:
    """A candidate by its id.

    Raises
    ------
    ApprovalError
        Where there is none: it was approved already, or the name is wrong.
    """
    if release_id in {path.name for path in (folder / CANDIDATES).glob("*")}:
        release = load_release(folder / CANDIDATES / release_id)
        return Candidate(release, read_history(folder, release_id))
    known = [candidate.release.id for candidate in list_candidates(folder)]
    if release_id in {path.name for path in folder.glob("*")} and (folder / release_id / MANIFEST).is_file():
        raise ApprovalError(
            f"Release {release_id} is no candidate: {_say_last(read_history(folder, release_id))}."
        )
    raise ApprovalError(f'There is no candidate "{release_id}". {suggest(release_id, known)}')


def approve(
    folder: Path,
    release_id: str,
    *,
    by: str,
    reason: str = "",
    seen: int | None = None,
    at: dt.datetime | None = None,
) -> Release:
    """Let the site show a candidate: it becomes the current release.

    Parameters
    ----------
    folder
        The folder of releases.
    release_id
        The candidate.
    by
        The account of a steward who did not build it.
    reason
        A word on why, for whoever reads the history.
    seen
        How many entries the history had when the steward looked at it; another number stops the approval.
    at
        When; now by default.

    Raises
    ------
    ApprovalError
        Where the account built it, somebody decided meanwhile, or it is no candidate.
    ReleaseError
        Where the candidate is not as it was built.
    """
    with _another_decision_told(folder, release_id):
        return _approve(folder, release_id, by, reason, seen, at)


def _approve(
    folder: Path, release_id: str, by: str, reason: str, seen: int | None, at: dt.datetime | None
) -> Release:
    candidate = _require_undecided(folder, release_id, seen)
    if any(_same(builder, by) for builder in candidate.builders):
        raise ApprovalError(
            f"{by} built {release_id} and may not approve it: another person has to. Ask a data steward."
        )
    if not candidate.builders:
        raise ApprovalError(f"Nothing says who built {release_id}, so nobody may approve it. Build it again.")
    _require_reason(reason, needed=False)
    _append(folder, candidate.release, candidate.history, "approved", by=by, reason=reason, at=at)
    return _finish(folder, release_id)


def send_back(
    folder: Path,
    release_id: str,
    *,
    by: str,
    reason: str,
    seen: int | None = None,
    at: dt.datetime | None = None,
) -> Candidate:
    """Return a candidate with a reason: the site goes on showing what it shows.

    Raises
    ------
    ApprovalError
        Where no reason is given, somebody decided meanwhile, or it is no candidate.
    ReleaseError
        Where the candidate is not as it was built.
    """
    with _another_decision_told(folder, release_id):
        candidate = _require_undecided(folder, release_id, seen)
        _require_reason(reason, needed=True)
        _append(folder, candidate.release, candidate.history, "returned", by=by, reason=reason, at=at)
        return find_candidate(folder, release_id)


def release_without_approval(
    folder: Path, release_id: str, *, by: str, at: dt.datetime | None = None
) -> Release:
    """Make a release of an invented place current at once.

    Raises
    ------
    ApprovalError
        Where the place is a real one.
    """
    path = folder / CANDIDATES / release_id
    if not path.is_dir():
        set_current(folder, release_id)
        return load_release(folder / release_id)
    release = verify_release(path)
    if not release.manifest.synthetic:
        raise ApprovalError(f"{release_id} is of a real place: a second person has to approve it.")
    _append(folder, release, read_history(folder, release_id), "released", by=by, at=at)
    return _finish(folder, release_id)


def require_released(folder: Path, release_id: str) -> Release:
    """A release that was approved, or needed no approval, as it was when that was decided.

    Raises
    ------
    ApprovalError
        Where nobody approved it.
    ReleaseError
        Where it is not as it was written.
    """
    if not (folder / release_id / MANIFEST).is_file() and (folder / CANDIDATES / release_id).is_dir():
        raise ApprovalError(f"{release_id} is a candidate: a data steward has to approve it first.")
    release = verify_release(folder / release_id)
    history = read_history(folder, release_id)
    if not history or history[-1].action not in ("approved", "released"):
        if release.manifest.synthetic:
            return release
        raise ApprovalError(f"Nothing says that anybody approved {release_id}. Build it again.")
    if history[-1].manifest_sha256 != _digest((release.path / MANIFEST).read_bytes()):
        raise ReleaseError(f"Release {release_id} is not the one that was approved: its manifest is another.")
    return release


def read_history(folder: Path, release_id: str) -> tuple[Entry, ...]:
    """What was done with a release, in order.

    Raises
    ------
    ApprovalError
        Where an entry was altered or removed.
    """
    entries: list[Entry] = []
    previous = ""
    for number, path in enumerate(sorted((folder / DECISIONS / release_id).glob("[0-9]*.json")), start=1):
        content = path.read_bytes()
        try:
            entry = Entry.model_validate_json(content)
        except ValidationError as error:
            raise ApprovalError(f"{_named(path)} cannot be read: it was altered.") from error
        if path.name != _file_name(number) or entry.previous != previous:
            raise ApprovalError(
                f"{_named(path)} does not follow from the entry before it: one was altered or removed."
            )
        entries.append(entry)
        previous = _digest(content)
    return tuple(entries)


@contextmanager
def _another_decision_told(folder: Path, release_id: str) -> Iterator[None]:
    """Tell of an approval that moved the candidate away while it was being looked at."""
    try:
        yield
    except (OSError, ReleaseError):
        history = read_history(folder, release_id)
        if not history or history[-1].action not in ("approved", "released"):
            raise
        raise ApprovalError(f"Release {release_id} is no candidate: {_say_last(history)}.") from None


def _require_undecided(folder: Path, release_id: str, seen: int | None) -> Candidate:
    candidate = find_candidate(folder, release_id)
    if candidate.history and candidate.history[-1].action in ("approved", "released"):
        # Somebody was stopped between the decision and its last step, which is taken now.
        _finish(folder, release_id)
        raise ApprovalError(f"Release {release_id} is no candidate: {_say_last(candidate.history)}.")
    if seen is not None and seen != len(candidate.history):
        last = _say_last(candidate.history)
        raise ApprovalError(f"Meanwhile {release_id} {last}. Look at it again before you decide.")
    release = verify_release(candidate.release.path)
    built = {entry.manifest_sha256 for entry in candidate.history if entry.action == "built"}
    if built and built != {_digest((release.path / MANIFEST).read_bytes())}:
        raise ReleaseError(f"Candidate {release_id} is not as it was built: its manifest is another.")
    return candidate


def _require_reason(reason: str, *, needed: bool) -> None:
    if needed and not reason.strip():
        raise ApprovalError("Give a reason: whoever built it has to know what to change.")
    if len(reason) > LONGEST_REASON:
        raise ApprovalError(f"The reason has {len(reason):,} characters: keep it under {LONGEST_REASON:,}.")


def _append(
    folder: Path,
    release: Release,
    history: tuple[Entry, ...],
    action: Action,
    *,
    by: str,
    reason: str = "",
    at: dt.datetime | None = None,
    log: LogLine | None = None,
    audit: Mapping[str, int] | None = None,
) -> None:
    place = folder / DECISIONS / release.id
    place.mkdir(parents=True, exist_ok=True)
    last = place / _file_name(len(history))
    moment = (at or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    entry = Entry(
        action=action,
        by=by,
        at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        reason=reason.strip(),
        manifest_sha256=_digest((release.path / MANIFEST).read_bytes()),
        previous=_digest(last.read_bytes()) if history else "",
        log=log,
        audit=dict(audit or {}),
    )
    content = json.dumps(entry.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    descriptor, temporary = tempfile.mkstemp(prefix=".entry-", dir=place)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        # A link fails where the number is taken, which a rename would not.
        (place / _file_name(len(history) + 1)).hardlink_to(temporary)
    except FileExistsError:
        last_word = _say_last(read_history(folder, release.id))
        raise ApprovalError(
            f"Somebody else was quicker: {release.id} {last_word}. Nothing of yours was done."
        ) from None
    finally:
        Path(temporary).unlink()


def _finish(folder: Path, release_id: str) -> Release:
    with suppress(FileNotFoundError):
        (folder / CANDIDATES / release_id).rename(folder / release_id)
    set_current(folder, release_id)
    return load_release(folder / release_id)


def current_id(folder: Path) -> str:
    """The id of the release that the site shows; empty where there is none."""
    pointer = folder / CURRENT
    return pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else ""


def _remove(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()
    path.rmdir()


def _say_last(history: tuple[Entry, ...]) -> str:
    if not history:
        return "was released before there was a gate"
    last = history[-1]
    return f"was {last.action} by {last.by} on {last.at[:10]} at {last.at[11:16]} UTC"


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _file_name(number: int) -> str:
    return f"{number:04}.json"


def _named(path: Path) -> str:
    return f"{DECISIONS}/{path.parent.name}/{path.name}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
