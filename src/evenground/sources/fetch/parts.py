"""What came so far of a file, so that a broken-off fetch goes on from there."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from evenground.sources.fetch.transport import Validator
from evenground.workspace import write_atomically

_KEPT_FOR: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class State:
    """How far a fetch is: bytes and rows that came whole, and by what the server knows them again.

    Parameters
    ----------
    size, rows
        What of the part counts; what lies behind it came half and is cut off.
    pages
        One for each page; one in all for a file that comes as a whole.
    header
        The columns, once they are known.
    expected
        How many rows there are, where the publisher says so.
    is_whole
        Whether everything has come.
    """

    size: int = 0
    rows: int = 0
    pages: tuple[Validator, ...] = ()
    header: tuple[str, ...] = ()
    expected: int | None = None
    is_whole: bool = False


class Part:
    """The file ``NAME.part`` beside the file to be, and its state in ``NAME.part.json``."""

    def __init__(self, path: Path, address: str) -> None:
        self.file = path.with_name(f"{path.name}.part")
        self._state = path.with_name(f"{path.name}.part.json")
        self._address = address

    def resume(self) -> State | None:
        """How far the same question came within the last day, or nothing: what is older is removed."""
        state = self._read()
        if state is None:
            self.discard()
        return state

    def save(self, state: State) -> None:
        """Keep how far it is. The part itself is written before."""
        told = {"address": self._address, "at": dt.datetime.now(dt.UTC).isoformat(), **asdict(state)}
        write_atomically(self._state, json.dumps(told, indent=2).encode())

    def cut(self, size: int) -> None:
        """Cut off what lies behind the first ``size`` bytes; an empty file is made where there is none."""
        with self.file.open("ab") as file:
            file.truncate(size)

    def add(self, content: bytes) -> None:
        """Add to its end."""
        with self.file.open("ab") as file:
            file.write(content)

    def discard(self) -> None:
        """Leave nothing."""
        self.file.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    def finish(self, path: Path) -> None:
        """Make it the file, in the place of the one before."""
        self.file.replace(path)
        self._state.unlink(missing_ok=True)

    def _read(self) -> State | None:
        try:
            told = json.loads(self._state.read_text(encoding="utf-8"))
            age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(told.pop("at"))
            if told.pop("address") != self._address or not dt.timedelta() <= age < _KEPT_FOR:
                return None
            pages = tuple(Validator(**page) for page in told.pop("pages"))
            state = State(pages=pages, header=tuple(told.pop("header")), **told)
            return state if self.file.stat().st_size >= state.size else None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
