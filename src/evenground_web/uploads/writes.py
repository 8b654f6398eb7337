"""A file received, checked, put in place or discarded; each of it with a line in the site's log."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from evenground.audit_log import Event
from evenground.workspace import write_atomically
from evenground_web.accounts.models import Account
from evenground_web.common.site_log import note_event
from evenground_web.uploads.checking import check_file
from evenground_web.uploads.folders import (
    aside_folder,
    clear_old,
    make_folders,
    waiting_folder,
    workspace_root,
)
from evenground_web.uploads.reads import AsideFile, Source, Waiting, find_waiting, require_waiting


class NotPlacedError(Exception):
    """The file was not put in place; says why."""


def receive_file(
    *, content: IO[bytes], name: str, sha256: str, size: int, source: Source, account: Account
) -> Waiting:
    """Check a file that arrived, and keep it with its report until somebody decides.

    A file that a build could not use is not kept: only its report is. Of one that looks like records of
    people not even its name is.

    Raises
    ------
    CheckFailedError
        Where the check did not come to an end; nothing is kept.
    """
    now = dt.datetime.now(dt.UTC)
    uploads = make_folders()
    clear_old(now)
    folder = Path(tempfile.mkdtemp(dir=uploads, prefix="incoming-"))
    try:
        file = folder / "figures.csv"
        with file.open("xb") as copy:
            shutil.copyfileobj(content, copy)
        report = check_file(workspace_root(), file, source=source.name, name=name, folder=folder)
        is_person_level = report["verdict"] == "person_level"
        if is_person_level:
            _forget_name(folder / "report.json", report, name)
        facts = {
            "name": "" if is_person_level else name,
            "source": source.name,
            "sha256": sha256,
            "size": size,
            "by": account.username,
            "at": now.isoformat(timespec="seconds"),
        }
        if report["verdict"] != "fits":
            file.unlink()
        write_atomically(folder / "facts.json", json.dumps(facts, sort_keys=True).encode())
        # The same file can be sent for two sources: each has a report of its own.
        upload_id = sha256[:12] + secrets.token_hex(2)
        folder.rename(waiting_folder() / upload_id)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    event = Event.FIGURES_UPLOADED if report["verdict"] == "fits" else Event.FIGURES_REFUSED
    noted = {"sha256": sha256, "source": source.name, "found": report["verdict"]}
    note_event(event, by=account.username, facts=noted if is_person_level else noted | {"file": name})
    return require_waiting(upload_id)


def place_file(*, waiting: Waiting, source: Source, replace: bool, account: Account) -> None:
    """Put a checked file where the next build reads it. What was there under its name is set aside.

    Raises
    ------
    NotPlacedError
        Where a file of its name is there and is not to be replaced, or it was decided meanwhile.
    """
    if not waiting.fits:
        raise NotPlacedError("This file cannot be used, so it is not put in place.")
    if not source.takes(waiting.name):
        raise NotPlacedError(f"The source reads files named {source.pattern} only.")
    folder = find_waiting(waiting.id)
    target = source.folder / waiting.name
    if target.exists() and not replace:
        raise NotPlacedError(
            f"{waiting.name} is there already. Say that it is to be replaced, or discard it."
        )
    _move_in(folder / "figures.csv", target, source.name)
    shutil.rmtree(folder, ignore_errors=True)
    _note(Event.FIGURES_PLACED, account, waiting.name, waiting.sha256, source.name)


def discard_file(*, waiting: Waiting, account: Account) -> None:
    """Remove a checked file and its report."""
    shutil.rmtree(find_waiting(waiting.id), ignore_errors=True)
    facts = {"sha256": waiting.sha256, "source": waiting.source, "found": "discarded"}
    note_event(Event.FIGURES_REFUSED, by=account.username, facts=facts)


def take_out(*, source: Source, name: str, account: Account) -> None:
    """Set a file aside, so that the next build does not read it; it can be put back.

    Raises
    ------
    NotPlacedError
        Where there is no such file.
    """
    placed = source.find(name)
    if placed is None:
        raise NotPlacedError("This file is no longer there.")
    _set_aside(source.folder / name, source.name)
    _note(Event.FIGURES_SET_ASIDE, account, name, placed.sha256, source.name)


def put_back(*, aside: AsideFile, source: Source, account: Account) -> None:
    """Put what was set aside back; what is there under its name is set aside in its turn."""
    kept = aside_folder() / f"{aside.id}.csv"
    _move_in(kept, source.folder / aside.file.name, source.name)
    kept.with_suffix(".json").unlink(missing_ok=True)
    _note(Event.FIGURES_PLACED, account, aside.file.name, aside.file.sha256, source.name)


def _forget_name(path: Path, report: dict[str, Any], name: str) -> None:
    """Name the file nowhere: whoever keeps records of people in a file may name it after one of them."""
    for fault in report["faults"]:
        fault["where"] = fault["where"].replace(name, "The file")
    write_atomically(path, json.dumps(report, sort_keys=True).encode())


def _move_in(file: Path, target: Path, source: str) -> None:
    """Move a file whole to its place; what is there is set aside once the new one is ready beside it."""
    ready = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, ready)
        # Published figures: whoever runs the build may be another account of the machine.
        ready.chmod(0o644)
        if target.exists():
            _set_aside(target, source)
        # A link, not a renaming: of two who decide at once one is told, and neither writes over the other.
        os.link(ready, target)
        file.unlink()
    except FileNotFoundError:
        raise NotPlacedError("Somebody else has decided meanwhile.") from None
    except FileExistsError:
        raise NotPlacedError(f"Somebody else has put a file named {target.name} there meanwhile.") from None
    except PermissionError:
        told = f"The account of the site may not write to {target.parent.name}/: give it the right to."
        raise NotPlacedError(told) from None
    finally:
        _remove(ready)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _set_aside(path: Path, source: str) -> None:
    make_folders()
    at = dt.datetime.now(dt.UTC)
    kept = aside_folder() / f"{at:%Y%m%dT%H%M%S%f}.csv"
    shutil.copyfile(path, kept)
    facts = {"name": path.name, "source": source, "at": at.isoformat(timespec="seconds")}
    write_atomically(kept.with_suffix(".json"), json.dumps(facts, sort_keys=True).encode())
    path.unlink(missing_ok=True)


def _note(event: Event, account: Account, name: str, sha256: str, source: str) -> None:
    note_event(event, by=account.username, facts={"file": name, "sha256": sha256, "source": source})
