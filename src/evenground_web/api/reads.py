"""Parts of a release's tables, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from evenground.errors import InputError, suggest
from evenground.releases import Release
from evenground_web.profiles.reads import ReleaseKey

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
    whole = release.scan(table)
    part = release.latest_values.lazy() if latest and table == "values" else whole
    for column, wanted in filters.items():
        if wanted:
            _require_held(release, table, column, wanted)
            part = part.filter(pl.col(column).is_in(wanted))
    frame = part.collect()
    ordered = frame.sort(_ORDER[table], nulls_last=True)
    return Part(frame.height, ordered.slice(offset, limit).select(columns))


def _require_held(release: Release, table: str, column: str, wanted: Sequence[str]) -> None:
    held = _read_held(ReleaseKey(release), table, column)
    unknown = [name for name in wanted if name not in held]
    if unknown:
        hint = suggest(unknown[0], held)
        raise InputError(f'The release holds nothing with {column} "{unknown[0]}". {hint}')


@lru_cache(maxsize=64)
def _read_held(key: ReleaseKey, table: str, column: str) -> frozenset[str]:
    """Every text of a column, read once for a release."""
    texts = key.release.scan(table).select(pl.col(column).drop_nulls().unique()).collect()
    return frozenset(texts[column])
