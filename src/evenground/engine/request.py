"""What a back end is asked and what it answers: the seam between the plan and a database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sqlglot import exp

from evenground.engine import sql
from evenground.engine.plan import Pass, Plan


@dataclass(frozen=True, slots=True)
class Request:
    """The contract's files, the place's LSOAs and the memory a back end may use (``4GB``).

    ``url`` says where a back end that is not in this process runs, and ``folder_url`` by what name it
    knows the folder of the files, where that is not the name it has here.
    """

    persons: Path
    events: Path
    lsoas: tuple[str, ...]
    memory_limit: str | None = None
    url: str | None = None
    folder_url: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Counts by LSOA, age band (its number), sex and ethnic group; by practice and age band; and by group.

    ``groups`` has a row for each of the plan's memberships (its number), LSOA and age band, or is ``None``
    where the plan has none.
    """

    cells: pl.DataFrame
    practices: pl.DataFrame
    groups: pl.DataFrame | None = None


def code_frame(one: Pass | Plan) -> pl.DataFrame:
    """The codes of a pass, or of all, as a table, with the same types whatever is in it."""
    columns = one.code_columns()
    types = {name: kind for name, kind in _CODE_TYPES.items() if name in columns}
    return pl.DataFrame(columns, infer_schema_length=None, schema_overrides=types)


_CODE_TYPES = {
    "lower": pl.Float64,
    "upper": pl.Float64,
    "rank": pl.Int64,
    "measure": pl.Int64,
    "number": pl.Int32,
}


def residences(plan: Plan, request: Request) -> pl.DataFrame | None:
    """The LSOAs in one of which people must live to count, or ``None`` where it does not matter."""
    if plan.base != "resident" or not request.lsoas:
        return None
    return pl.DataFrame({"lsoa_code": request.lsoas}, schema={"lsoa_code": pl.String})


def reads_once(plans: Sequence[Plan]) -> bool:
    """Whether it pays to read the events once, for everything that is asked of them."""
    return sum(len(plan.passes) for plan in plans) > 1 and bool(plans[-1].codes)


def read_counts(
    read: Callable[[exp.Select], pl.DataFrame], plan: Plan, number: int, keys: Sequence[str]
) -> pl.DataFrame:
    """A pass's counts by the keys: the plain way only where a group has too many people for the quick one."""
    counted = read(sql.packed_query(plan, number, keys))
    if counted.filter(pl.col("population") > sql.MOST_IN_A_LANE).is_empty():
        return counted
    return read(sql.cells_query(plan, number, keys))


def side_by_side(frames: Sequence[pl.DataFrame], keys: tuple[str, ...]) -> pl.DataFrame:
    """The columns of every pass in one table: each pass has the same groups of people."""
    if len(frames) == 1:
        return frames[0]
    first, *others = (frame.sort(keys, nulls_last=True) for frame in frames)
    return pl.concat([first, *(frame.drop(*keys, "population") for frame in others)], how="horizontal")
