"""Counting: definitions and the contract's files to cells, the smallest groups of people counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, Required, TypedDict, Unpack, cast

import polars as pl

from evenground.contract import EVENTS, PERSONS, Column
from evenground.engine.buckets import check_pairs, find_files
from evenground.engine.plan import Plan, compile_plan
from evenground.engine.request import Answer, Request
from evenground.engine.sql import explain
from evenground.errors import DefinitionError, Fault, SourceError, WorkspaceError, suggest
from evenground.indicators import Definitions
from evenground.vocabulary import AGE_BANDS, UNKNOWN_AREA

Progress = Callable[[str], None]

ENGINES: Final = {
    "duckdb": "evenground.engine.duckdb_backend",
    "spark": "evenground.engine.spark_backend",
}
"""Back ends by name, imported when first asked for."""

BASES: Final = ("registered", "resident")
KEYS: Final = ("lsoa_code", "age_band", "sex", "ethnic_group")
GROUP_KEYS: Final = ("cut", "category", "lsoa_code", "age_band")


class Backend(Protocol):
    """A module that can answer plans, in their order."""

    def answers(self, plans: Sequence[Plan], request: Request, progress: Progress) -> Iterator[Answer]: ...

    def answer_by_bucket(self, plan: Plan, request: Request, progress: Progress) -> Iterator[Answer]: ...


class Lists(Protocol):
    """A module that can also say who, inside the secure zone."""

    def list_people(self, plan: Plan, request: Request, practice_code: str) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts of people: **exact, and so disclosive**. They never leave the secure zone.

    ``frame`` has one row a group: ``lsoa_code`` (``unknown`` included), ``age_band``, ``sex``,
    ``ethnic_group``, ``population``, and for each indicator ``<id>__denominator`` and ``<id>__numerator``.
    The denominator of a rate is in person-years. Counts are of 32 bits. ``practices`` has the same counts
    by ``practice_code`` and ``age_band``, for people with a practice. ``groups`` has them by ``cut``
    (``plus_group`` or ``segment``), ``category`` (the group's id), ``lsoa_code`` and ``age_band``: a person
    counts in every PLUS group they belong to.
    """

    frame: pl.DataFrame
    practices: pl.DataFrame
    indicator_ids: tuple[str, ...]
    groups: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def measures(self) -> tuple[str, ...]:
        """The columns that can be added up."""
        return measure_columns(self.indicator_ids)


def measure_columns(indicator_ids: Sequence[str]) -> tuple[str, ...]:
    """Population, and each indicator's denominator and numerator."""
    pairs = (f"{name}__{part}" for name in indicator_ids for part in ("denominator", "numerator"))
    return ("population", *pairs)


def count(definitions: Definitions, *, as_at: dt.date, **how: Unpack[HowToCount]) -> Cells:
    """Count every indicator for every group of people, at one date.

    See ``count_dates``, which this asks for one date.
    """
    (counted,) = count_dates(definitions, as_at=[as_at], **how)
    return counted[1]


class HowToCount(TypedDict, total=False):
    """What is counted, and where: the keywords of ``count`` and ``count_dates``.

    ``persons`` and ``events`` are the two files of the contract, or two folders of them by bucket, and
    ``lsoas`` the place's LSOAs, in the column ``lsoa_code``; people of any other are in ``unknown``. These
    three are needed.

    ``base`` is ``registered`` (the default) or ``resident``. ``engine`` is the name of a back end, one of
    ``ENGINES``; ``engine_url`` is where Spark runs: ``sc://host:port`` of Spark Connect, or the URL of a
    cluster's master; without it, the session that is open in this process, or one started on this machine.
    ``folder_url`` is the folder of both files as a cluster names it, where it does not see it by the name it
    has here. ``memory_limit`` is what the back end may use, such as ``4GB``. ``progress`` is called with a
    short sentence as the work goes on.
    """

    persons: Required[Path]
    events: Required[Path]
    lsoas: Required[pl.DataFrame]
    base: str
    engine: str
    engine_url: str | None
    folder_url: str | None
    memory_limit: str | None
    progress: Progress | None


def count_dates(
    definitions: Definitions, *, as_at: Sequence[dt.date], **how: Unpack[HowToCount]
) -> Generator[tuple[dt.date, Cells]]:
    """Count every indicator for every group of people, as at each of several dates, the earliest first.

    Counted are people born on or before a date who had not died or left by the end of that day. With the base
    ``registered``, only those with a practice, if anybody has one; with ``resident``, only those who live in
    one of the place's LSOAs. Events after the date are ignored. The order of rows in the files, and how many
    threads run, make no difference. Where people lived and were registered is known as the sources tell it
    now, not as it was at an earlier date.

    The events are read once for all dates. The cells of one date are given before the next is counted, so
    that only one date's need be in memory.

    Parameters
    ----------
    as_at
        The dates of the figures.
    how
        See ``HowToCount``.

    Raises
    ------
    SourceError
        Where a file is not there or lacks a column of the contract.
    WorkspaceError
        Where the base or engine is not known.
    """
    backend, plans, request = _prepare(definitions, as_at, how)
    for plan, answer in zip(plans, backend.answers(plans, request, _teller(how)), strict=True):
        yield plan.as_at, _tidy(answer, plan, request.lsoas)


def count_by_bucket(
    definitions: Definitions, *, as_at: dt.date, **how: Unpack[HowToCount]
) -> Iterator[Cells]:
    """Count every indicator for every group of people, at one date, and give the cells of each bucket.

    For records whose cells, all together, are more than memory should hold: ``roll_up_parts`` adds them up
    to areas and groups as they come. A group of people may be in the cells of several buckets.
    See ``count_dates``.
    """
    backend, (plan,), request = _prepare(definitions, [as_at], how)
    for answer in backend.answer_by_bucket(plan, request, _teller(how)):
        yield _tidy(answer, plan, request.lsoas)


def list_people(
    definitions: Definitions, *, practice_code: str, as_at: dt.date, **how: Unpack[HowToCount]
) -> list[int]:
    """The people of one practice who are in the denominator of the only indicator of ``definitions``.

    For lists that go to that practice, inside the secure zone; on DuckDB, over files that are not by bucket.

    Returns
    -------
    list
        ``person_id`` of the contract, rising.
    """
    _, (plan,), request = _prepare(definitions, [as_at], how)
    backend = cast(Lists, import_module(ENGINES["duckdb"]))
    return backend.list_people(plan, request, practice_code)


def _prepare(
    definitions: Definitions, as_at: Sequence[dt.date], how: HowToCount
) -> tuple[Backend, list[Plan], Request]:
    base, engine = how.get("base", "registered"), how.get("engine", "duckdb")
    _require_known("population.base", base, BASES)
    _require_known("engine", engine, ENGINES)
    persons, events = how["persons"], how["events"]
    faults = check_pairs(persons, events)
    for table, columns in ((persons, PERSONS), (events, EVENTS)):
        faults += [fault for file in find_files(table) for fault in _check_file(file, columns)]
    if faults:
        raise SourceError("The contract's files cannot be counted.", faults)
    known = tuple(how["lsoas"]["lsoa_code"].sort())
    plans = [compile_plan(definitions, as_at=day, base=base) for day in sorted(set(as_at))]
    request = Request(
        persons, events, known, how.get("memory_limit"), how.get("engine_url"), how.get("folder_url")
    )
    return cast(Backend, import_module(ENGINES[engine])), plans, request


def _teller(how: HowToCount) -> Progress:
    return how.get("progress") or (lambda _: None)


def explain_sql(
    definitions: Definitions,
    indicator_id: str,
    *,
    as_at: dt.date,
    base: str = "registered",
    dialect: str = "duckdb",
) -> str:
    """The SQL that counts one indicator on its own, to be read by a person.

    Raises
    ------
    DefinitionError
        Where there is no such indicator.
    """
    if indicator_id not in definitions.indicators:
        fault = Fault(
            f'"{indicator_id}"', "is not an indicator.", suggest(indicator_id, definitions.indicators)
        )
        raise DefinitionError("There is no such indicator.", [fault])
    own = {indicator_id: definitions.indicators[indicator_id]}
    only = replace(definitions, indicators=own, plus_groups={}, segments={})
    return explain(compile_plan(only, as_at=as_at, base=base), dialect)


def _tidy(answer: Answer, plan: Plan, known: tuple[str, ...]) -> Cells:
    """Names for numbers, one code for every unknown area, and one order of rows."""
    measures = measure_columns(plan.indicator_ids)
    practices = answer.practices.filter(pl.col("practice_code").is_not_null())
    return Cells(
        _finish(_with_known_areas(answer.cells, KEYS, known), KEYS, measures),
        _finish(practices, ("practice_code", "age_band"), measures),
        plan.indicator_ids,
        _name_groups(answer.groups, plan, known),
    )


def _with_known_areas(cells: pl.DataFrame, keys: Sequence[str], known: tuple[str, ...]) -> pl.DataFrame:
    inside = pl.col("lsoa_code").is_in(known)
    lsoa = pl.when(inside).then("lsoa_code").otherwise(pl.lit(UNKNOWN_AREA)).alias("lsoa_code")
    cells = cells.with_columns(lsoa)
    if cells.select(keys).is_duplicated().any():
        return cells.group_by(keys).agg(pl.exclude(keys).sum())
    return cells


def _name_groups(groups: pl.DataFrame | None, plan: Plan, known: tuple[str, ...]) -> pl.DataFrame:
    if groups is None:
        return pl.DataFrame()
    names = pl.DataFrame(
        [(number, one.cut, one.id) for number, one in enumerate(plan.memberships)],
        schema={"member": pl.Int64, "cut": pl.String, "category": pl.String},
        orient="row",
    )
    numbered = _with_known_areas(groups, ("member", "lsoa_code", "age_band"), known)
    named = numbered.with_columns(pl.col("member").cast(pl.Int64)).join(names, on="member")
    return _finish(named, GROUP_KEYS, measure_columns(plan.indicator_ids))


def _finish(frame: pl.DataFrame, keys: Sequence[str], measures: Sequence[str]) -> pl.DataFrame:
    # No group of people is near two thousand million; what is added up from here on is wider (rollup.py).
    band = pl.col("age_band").replace_strict(dict(enumerate(AGE_BANDS)), return_dtype=pl.String)
    return frame.sort(keys).with_columns(band).select(*keys, pl.col(measures).cast(pl.Int32))


def _require_known(where: str, name: str, known: Sequence[str] | dict[str, str]) -> None:
    if name not in known:
        fault = Fault(where, f'"{name}" is not known.', suggest(name, known))
        raise WorkspaceError("The counts cannot be made.", [fault])


def _check_file(path: Path, columns: Sequence[Column]) -> list[Fault]:
    if not path.is_file():
        return [Fault(path.name, "is not there.", "Load the sources first.")]
    try:
        found = pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError):
        return [Fault(path.name, "is not a Parquet file.", "Load the sources again.")]
    fix = "Load the sources again."
    missing = [column.name for column in columns if column.name not in found]
    faults = [Fault(path.name, f"lacks the columns {', '.join(missing)}.", fix)] if missing else []
    for column in columns:
        if column.name in found and not _fits(column, found[column.name]):
            what = f"holds {found[column.name]} where the contract has {column.sql_type}."
            faults.append(Fault(f"{path.name}, {column.name}", what, fix))
    return faults


def _fits(column: Column, found: pl.DataType) -> bool:
    if found == pl.Null:
        return not column.required
    kinds = {
        "BIGINT": found.is_integer(),
        "DATE": found == pl.Date,
        "DOUBLE": found.is_numeric(),
        "VARCHAR": found in (pl.String, pl.Categorical, pl.Enum),
    }
    return kinds[column.sql_type]
