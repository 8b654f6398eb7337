"""A table that comes in pages, gone on with from the page after the last that came whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from evenground.sources.fetch.kept import Record
from evenground.sources.fetch.parts import Part, State
from evenground.sources.fetch.tables import refuse_web_page
from evenground.sources.fetch.transport import MOST_BYTES, Answer, Asker, too_large


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer adds to the file."""

    content: bytes
    rows: int
    header: tuple[str, ...]
    is_last: bool
    expected: int | None = None


ReadPage: TypeAlias = Callable[[Answer, bytes, State], Page]
"""Makes a page of an answer and its body; the state says what came before."""


def load_pages(
    asker: Asker,
    part: Part,
    known: Record | None,
    address_of: Callable[[int], str],
    read: ReadPage,
    *,
    expected: int | None = None,
    closing: bytes = b"",
) -> State | None:
    """Fill the part page by page.

    Parameters
    ----------
    asker
        Asks the server.
    part
        What is filled; pages that it has from before stay.
    known
        The file from before, of whose pages the server is asked whether they are others now.
    address_of
        The address of the page that begins after so many rows.
    read
        Makes a page of an answer.
    expected
        How many rows there are, where the server was asked.
    closing
        What follows the last page.

    Returns
    -------
    State or None
        What came; nothing where the file from before is still the same.

    Raises
    ------
    Refused
        Where a page does not come, or is not what was asked for.
    """
    state = part.resume()
    if state is None or state.expected != expected is not None:
        if known and expected in (None, known.rows) and _is_unchanged(asker, known, address_of):
            return None
        part.discard()
        state = State(expected=expected)
    part.cut(state.size)
    while not state.is_whole:
        answer, body = asker.read(address_of(state.rows), most=MOST_BYTES - state.size)
        refuse_web_page(answer, body[:64])
        page = read(answer, body, state)
        state = _add(part, state, page, answer)
        of = "" if state.expected is None else f" of {state.expected:,}"
        asker.tell(f"{answer.where}: {state.rows:,}{of} rows")
    part.add(closing)
    return state


def _add(part: Part, state: State, page: Page, answer: Answer) -> State:
    if state.size + len(page.content) > MOST_BYTES:
        raise too_large(answer.where)
    part.add(page.content)
    after = State(
        size=state.size + len(page.content),
        rows=state.rows + page.rows,
        pages=(*state.pages, replace(answer.validator, rows=page.rows)),
        header=page.header,
        expected=page.expected if page.expected is not None else state.expected,
        is_whole=page.is_last,
    )
    part.save(after)
    return after


def _is_unchanged(asker: Asker, known: Record, address_of: Callable[[int], str]) -> bool:
    """Whether the server says of every page that it is as it was."""
    offset = 0
    for page in known.pages:
        if not page:
            return False
        answer, _ = asker.read(address_of(offset), page.conditions, most=MOST_BYTES)
        if answer.status != 304:
            return False
        offset += page.rows
    return bool(known.pages)
