"""Whether what came is the table that was asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from evenground.errors import Fault
from evenground.sources.fetch.transport import Answer, Refused

_AGAIN: Final = (
    "Run the same command again; if it stays so, the publisher changed something: tell its keeper."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A table's header, how many rows it has, and what stands in one of its columns."""

    header: tuple[str, ...]
    rows: int
    noted: frozenset[str]


def refuse_web_page(answer: Answer, start: bytes) -> None:
    """Refuse a page for readers, such as of a network that asks to sign in.

    Raises
    ------
    Refused
        Where the answer says that it is HTML, or looks like it.
    """
    kind = answer.headers.get("content-type", "").lower()
    if "html" in kind or start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        fix = "Your network may ask to sign in first, or it moved: open the site in a browser and see."
        raise Refused(Fault(answer.where, "sends a web page in the place of data.", fix))


def measure_table(lines: Iterable[str], where: str, *, note: str = "") -> Measured:
    """Read a table through once.

    Parameters
    ----------
    lines
        Its lines.
    where
        What messages call where it came from.
    note
        The column of which each different text is noted.

    Raises
    ------
    Refused
        Where it is not text, or a row has more or fewer cells than the header: it is cut short or damaged.
    """
    rows = csv.reader(lines)
    count, noted = 0, set()
    try:
        header = tuple(next(rows, ()))
        place = header.index(note) if note in header else None
        for row in filter(None, rows):
            count += 1
            if len(row) != len(header):
                cells = f"{len(row)} cells, not {len(header)}"
                what = f"sends a table whose row {count + 1:,} has {cells}: it is cut short."
                raise Refused(Fault(where, what, _AGAIN))
            if place is not None:
                noted.add(row[place])
    except (csv.Error, UnicodeDecodeError):
        raise Refused(Fault(where, "sends something that cannot be read as a table.", _AGAIN)) from None
    return Measured(header, count, frozenset(noted))


def measure_bytes(content: bytes, where: str) -> Measured:
    """As ``measure_table``, of a table in memory."""
    return measure_table(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""), where)


def check_columns(header: Iterable[str], wanted: Iterable[str], where: str) -> None:
    """That a table has the columns wanted.

    Raises
    ------
    Refused
        Where it lacks some, naming them.
    """
    there = set(header)
    missing = [column for column in wanted if column not in there]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        what = f"sends a table without the columns {', '.join(missing[:5])}{more}."
        raise Refused(Fault(where, what, _AGAIN))


def no_rows(where: str, fix: str) -> Refused:
    """That there is nothing of what was asked."""
    return Refused(Fault(where, "has no rows of what was asked.", fix))
