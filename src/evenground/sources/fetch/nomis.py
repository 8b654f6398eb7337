"""Nomis: the census and other official statistics, as CSV in pages of 25,000 rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evenground.errors import Fault, SourceError
from evenground.sources.fetch.addresses import NOMIS, with_query
from evenground.sources.fetch.jobs import FetchOptions, fetch_file
from evenground.sources.fetch.kept import Fetched, Record
from evenground.sources.fetch.paging import Page, load_pages
from evenground.sources.fetch.parts import Part, State
from evenground.sources.fetch.tables import check_columns, measure_bytes, no_rows
from evenground.sources.fetch.transport import Answer, Asker, Refused

PAGE_ROWS: Final = 25_000
"""The most rows that Nomis gives in one answer to whoever has not registered."""

_OURS: Final = {"geography", "select", "recordoffset", "recordlimit"}
_PERSONAL: Final = {"uid", "signature"}


def fetch_nomis(
    path: Path,
    dataset: str,
    geography: str,
    *,
    select: str = "",
    settings: Mapping[str, str] | None = None,
    page_rows: int = PAGE_ROWS,
    options: FetchOptions | None = None,
) -> Fetched:
    """Fetch a table of Nomis.

    Parameters
    ----------
    path
        Where the file is put.
    dataset
        Its id, such as NM_2041_1.
    geography
        Areas, as Nomis writes them: GSS codes or its own numbers, with commas, or a type such as TYPE151.
    select
        Columns, with commas; every one by default.
    settings
        Other choices, such as ``{"measures": "20100"}``.
    page_rows
        Rows a page.
    options
        How to fetch.

    Raises
    ------
    SourceError
        Where it does not come, or something asked for cannot be.
    """
    options = options or FetchOptions()
    settings = dict(settings or {})
    if faults := _check(dataset, geography, settings):
        raise SourceError("Nothing was asked for.", faults)
    query = [("geography", geography), *settings.items(), *([("select", select)] if select else [])]
    table = f"{options.base(NOMIS)}/dataset/{dataset}.data.csv"
    pages = _Pages(table, tuple(query), tuple(filter(None, select.upper().split(","))), page_rows)
    options.tell(f"Nomis {dataset}")
    try:
        return fetch_file(path, with_query(table, query), dataset, options, pages.load)
    except Refused as refused:
        raise SourceError("The table of Nomis was not fetched.", [refused.fault]) from None


def _check(dataset: str, geography: str, settings: Mapping[str, str]) -> list[Fault]:
    faults = []
    if not re.fullmatch(r"NM_\d+_\d+", dataset, flags=re.IGNORECASE):
        faults.append(Fault(dataset, "is not the id of a dataset of Nomis.", "It is like NM_2041_1."))
    if not geography.strip():
        faults.append(Fault("--geography", "is empty.", "Give areas, such as E08000018 or TYPE151."))
    for key in settings:
        if not re.fullmatch(r"\w+", key):
            faults.append(Fault(f"--set {key}", "is not the name of a choice.", "Give it as KEY=VALUE."))
        elif key.lower() in _OURS:
            faults.append(Fault(f"--set {key}", "is set by this command.", "Leave it out."))
        elif key.lower() in _PERSONAL:
            faults.append(Fault(f"--set {key}", "says who asks, and is not sent.", "Leave it out."))
    return faults


@dataclass(frozen=True, slots=True)
class _Pages:
    table: str
    query: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    limit: int

    def load(self, asker: Asker, part: Part, known: Record | None) -> State | None:
        return load_pages(asker, part, known, self.address_of, self.read)

    def address_of(self, offset: int) -> str:
        paging = (("RecordOffset", str(offset)), ("RecordLimit", str(self.limit)))
        return with_query(self.table, [*self.query, *paging])

    def read(self, answer: Answer, body: bytes, state: State) -> Page:
        body = body.removeprefix(b"\xef\xbb\xbf")
        table = measure_bytes(body, answer.where)
        if not table.rows:
            if not state.rows:
                fix = "Check the areas and each choice: the dataset may not have them together."
                raise no_rows(answer.where, fix)
            return Page(b"", 0, state.header, is_last=True)
        check_columns([name.upper() for name in table.header], self.columns or ("OBS_VALUE",), answer.where)
        if state.rows and table.header != state.header:
            fault = Fault(
                answer.where, "sends a page with other columns than the first.", "Run the command again."
            )
            raise Refused(fault)
        first, _, rest = body.partition(b"\n")
        content = (rest if state.rows else first + b"\n" + rest).rstrip(b"\r\n") + b"\n"
        return Page(content, table.rows, table.header, is_last=table.rows < self.limit)
