"""Fingertips: one CSV file for each indicator and kind of area, as the source ``fingertips`` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from evenground.errors import Fault, SourceError
from evenground.sources.aggregates.tables import FINGERTIPS_COLUMNS
from evenground.sources.fetch.addresses import FINGERTIPS, with_query
from evenground.sources.fetch.jobs import FetchOptions, fetch_file
from evenground.sources.fetch.kept import Fetched, Record
from evenground.sources.fetch.parts import Part, State
from evenground.sources.fetch.tables import check_columns, measure_table, no_rows
from evenground.sources.fetch.transport import Asker, Refused
from evenground.sources.fetch.whole import load_whole

ENGLAND: Final = 15
"""The parent area type that is all of England."""


def fetch_fingertips(
    folder: Path,
    indicators: Sequence[int],
    area_type: int,
    *,
    parent_area_type: int = ENGLAND,
    out: Path | None = None,
    options: FetchOptions | None = None,
) -> list[Fetched]:
    """Fetch indicators of Fingertips, one file each.

    Parameters
    ----------
    folder
        Where the files ``<indicator>_<area type>.csv`` are put.
    indicators
        The ids of indicators.
    area_type, parent_area_type
        The ids of the kind of area, and of the areas that these are part of.
    out
        Where the file is put, of one indicator.
    options
        How to fetch.

    Raises
    ------
    SourceError
        Where any does not come, after all the others were tried. Those that came stay.
    """
    options = options or FetchOptions()
    base = options.base(FINGERTIPS)
    wanted = list(dict.fromkeys(indicators))
    if out is not None and len(wanted) > 1:
        fault = Fault(
            "--out", "names one file for several indicators.", "Leave it out, or fetch one at a time."
        )
        raise SourceError("Nothing was asked for.", [fault])
    done: list[Fetched] = []
    faults: list[Fault] = []
    for indicator in wanted:
        query = [("indicator_ids", indicator), ("child_area_type_id", area_type)]
        query.append(("parent_area_type_id", parent_area_type))
        address = with_query(
            f"{base}/all_data/csv/by_indicator_id", [(key, str(value)) for key, value in query]
        )
        path = out or folder / f"{indicator}_{area_type}.csv"
        options.tell(f"Indicator {indicator}")
        load = partial(_load, address=address, indicator=indicator)
        try:
            done.append(fetch_file(path, address, f"indicator {indicator}", options, load))
        except Refused as refused:
            faults.append(refused.fault)
            if refused.is_unreachable:
                break
        except SourceError as error:
            faults += error.faults
    if faults:
        came = f"{len(done)} of {len(wanted)} indicators are there." if done else "No indicator was fetched."
        raise SourceError(came, faults)
    return done


def _load(asker: Asker, part: Part, known: Record | None, *, address: str, indicator: int) -> State | None:
    validator = load_whole(asker, part, known, address)
    if validator is None:
        return None
    where = address.split("/")[2]
    with part.file.open(encoding="utf-8-sig", newline="") as file:
        table = measure_table(file, where, note=FINGERTIPS_COLUMNS["indicator"])
    if not table.header:
        raise no_rows(where, _FIX)
    check_columns(table.header, FINGERTIPS_COLUMNS.values(), where)
    if not table.rows:
        raise no_rows(where, _FIX)
    if str(indicator) not in table.noted:
        raise Refused(
            Fault(where, "sends a table of another indicator.", "Check --from, and tell its keeper.")
        )
    return State(rows=table.rows, pages=(validator,))


_FIX: Final = (
    "Not every indicator is published for every kind of area: see the list of areas on the indicator's "
    "page of Fingertips, and give another --area-type or --parent-area-type."
)
