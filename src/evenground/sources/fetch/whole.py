"""A file that comes in one answer, gone on with from the byte at which it broke off."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from evenground.errors import Fault
from evenground.sources.fetch.kept import Record
from evenground.sources.fetch.parts import Part, State
from evenground.sources.fetch.tables import refuse_web_page
from evenground.sources.fetch.transport import MOST_BYTES, Answer, Asker, Passing, Validator

_TELL_EACH: Final = 5_000_000


def load_whole(asker: Asker, part: Part, known: Record | None, address: str) -> Validator | None:
    """Fill the part with one file.

    Parameters
    ----------
    asker
        Asks the server.
    part
        What is filled; what it has of the same file from before stays.
    known
        The file from before, of which the server is asked whether it is another now.
    address
        Where the file is.

    Returns
    -------
    Validator or None
        By what the server knows it again; nothing where the file from before is still the same.

    Raises
    ------
    Refused
        Where it does not come, or a web page comes in its place.
    """
    return asker.persist(lambda: _try(asker, part, known, address))


def _try(asker: Asker, part: Part, known: Record | None, address: str) -> Validator | None:
    offset, headers = _go_on(part)
    if not offset and known and known.pages:
        headers = known.pages[0].conditions
    with asker.ask(address, headers) as answer:
        if answer.status == 304:
            return None
        if answer.status == 416 or (answer.status == 206 and not _fits(answer, offset)):
            part.discard()
            fault = Fault(
                answer.where, "does not go on with a file where it broke off.", "Run the command again."
            )
            raise Passing(fault, wait=0)
        _write(answer, part, offset if answer.status == 206 else 0, asker.tell)
        return answer.validator


def _go_on(part: Part) -> tuple[int, dict[str, str]]:
    state = part.resume()
    if state is None or not part.file.exists():
        return 0, {}
    size, condition = part.file.stat().st_size, state.pages[0].range_condition
    return (size, {"Range": f"bytes={size}-", "If-Range": condition}) if size and condition else (0, {})


def _fits(answer: Answer, offset: int) -> bool:
    """Whether the rest that comes begins where the part ends, and ends where the file does."""
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers.get("content-range", ""))
    return bool(found and int(found[1]) == offset and int(found[2]) + 1 == int(found[3]))


def _write(answer: Answer, part: Part, start: int, tell: Callable[[str], None]) -> None:
    came, told = start, start
    part.cut(start)
    validator = answer.validator
    if validator.range_condition:
        part.save(State(pages=(validator,)))
    total = "" if answer.length is None else f" of {(start + answer.length) / 1e6:,.1f}"
    with part.file.open("ab") as file:
        for chunk in answer.chunks(most=MOST_BYTES - start):
            if not came:
                refuse_web_page(answer, chunk)
            file.write(chunk)
            came += len(chunk)
            if came - told >= _TELL_EACH:
                told = came
                tell(f"{answer.where}: {came / 1e6:,.1f}{total} MB")
