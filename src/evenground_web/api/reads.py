"""Parts of a release's tables, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from evenground.errors import InputError, suggest
from evenground.releases import Release

_ORDER = {
    "values": ("indicator_id", "area_type", "area_code", "cut", "category", "period"),
    "inequality": ("indicator_id", "area_code", "cut", "period", "measure"),
    "rankings": ("service_id", "community_type", "rank", "area_code", "ethnic_group"),
    "clusters": ("service_id", "community_type", "cluster"),
    "areas": ("area_type", "area_code"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a table, and how many there are in all."""

    total: int
    rows: pl.DataFrame


def read_part(
    release: Release,
    table: str,
    columns: Sequence[str],
    filters: Mapping[str, Sequence[str]],
    *,
    limit: int,
    offset: int,
    latest: bool = False,
) -> Part:
    """The rows of a table that pass every filter, in a fixed order.

    Raises
    ------
    InputError
        Where a filter names what the table does not hold, with the nearest that it does.
    """
    frame = release.latest_values if latest and table == "values" else release.table(table)
    for column, wanted in filters.items():
        if wanted:
            _require_held(release.table(table), column, wanted)
            frame = frame.filter(pl.col(column).is_in(wanted))
    ordered = frame.sort(_ORDER[table], nulls_last=True)
    return Part(frame.height, ordered.slice(offset, limit).select(columns))


def _require_held(frame: pl.DataFrame, column: str, wanted: Sequence[str]) -> None:
    held = frame[column].drop_nulls().unique()
    unknown = [name for name in wanted if name not in held]
    if unknown:
        hint = suggest(unknown[0], held.sort().to_list())
        raise InputError(f'The release holds nothing with {column} "{unknown[0]}". {hint}')
