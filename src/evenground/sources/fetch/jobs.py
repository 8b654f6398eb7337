"""One file to fetch: what is the same whoever publishes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from evenground.errors import DiskFullError, Fault, SourceError
from evenground.sources.fetch.addresses import check_mirror
from evenground.sources.fetch.kept import (
    Fetched,
    Record,
    check_replaceable,
    digest,
    read_record,
    today,
    write_record,
)
from evenground.sources.fetch.parts import Part, State
from evenground.sources.fetch.transport import Asker, Refused
from evenground.workspace import told_if_full


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How to fetch.

    Parameters
    ----------
    mirror
        Where to ask, in the place of the publisher: the start of its addresses.
    again
        Ask, though the same was fetched before.
    force
        Write over a file that somebody changed or put there.
    tell
        Called with what is being done.
    wait
        Waits some seconds between tries.
    """

    mirror: str | None = None
    again: bool = False
    force: bool = False
    tell: Callable[[str], None] = field(default=lambda _what: None)
    wait: Callable[[float], None] = time.sleep

    def base(self, publisher: str) -> str:
        """The start of the addresses that are asked."""
        return publisher if self.mirror is None else check_mirror(self.mirror)


Load: TypeAlias = Callable[[Asker, Part, Record | None], State | None]
"""Fills the part, or gives nothing where the server says that the file known is still the same."""


def fetch_file(path: Path, address: str, label: str, options: FetchOptions, load: Load) -> Fetched:
    """Fetch one file, unless it is there from before and was asked the same.

    Parameters
    ----------
    path
        Where it is put.
    address
        What was asked, as it is kept beside the file.
    label
        What messages call it.
    options
        How to fetch.
    load
        How it is asked for.

    Raises
    ------
    SourceError
        Where the file that is there may not be written over, or the folder cannot be written to.
    Refused
        Where it does not come.
    DiskFullError
        Where there is no disk left.
    """
    record = read_record(path)
    if not options.force:
        check_replaceable(path, record, address)
    same = record if record and record.address == address and path.is_file() else None
    known = same if same and same.sha256 == digest(path) else None
    if known and not options.again:
        return known.as_fetched(path, is_new=False)
    part = Part(path, address)
    try:
        with told_if_full(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            state = load(Asker(options.wait, options.tell), part, known)
            if state is None and known is not None:
                return known.as_fetched(path, is_new=False)
            return _keep(path, address, part, state or State(), known)
    except Refused as refused:
        raise _tell_what_stays(refused, part, label) from None
    except DiskFullError:
        part.discard()
        raise
    except KeyboardInterrupt:
        part.resume()
        raise
    except OSError as error:
        fault = Fault(str(path), f"cannot be written ({error.strerror}).", "Name another file with --out.")
        raise SourceError("Nothing was fetched.", [fault]) from None


def _keep(path: Path, address: str, part: Part, state: State, known: Record | None) -> Fetched:
    sha256, size = digest(part.file), part.file.stat().st_size
    is_new = known is None or known.sha256 != sha256
    record = Record(address, state.pages, sha256, state.rows, size, today())
    if is_new:
        part.finish(path)
    else:
        part.discard()
    write_record(path, record)
    return record.as_fetched(path, is_new=is_new)


def _tell_what_stays(refused: Refused, part: Part, label: str) -> Refused:
    """The same with what it was about, and what is kept of it: only what can be gone on from."""
    state = part.resume() if refused.is_passing else None
    if state is None or not part.file.exists() or not part.file.stat().st_size:
        part.discard()
        kept = ""
    else:
        size = part.file.stat().st_size
        kept = f" The {size:,} bytes that came are kept for a day in {part.file.name}: it goes on from there."
    fault = refused.fault
    told = Fault(f"{fault.where}, {label}", fault.what, f"{fault.fix}{kept}")
    return Refused(told, is_passing=refused.is_passing, is_unreachable=refused.is_unreachable)
