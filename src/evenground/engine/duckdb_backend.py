"""The plan on DuckDB, in this process, over the two Parquet files of the contract."""

# ruff: noqa: S608 - identifiers are ours.

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
import polars as pl
from sqlglot import exp

from evenground.contract import EVENTS, PERSONS, Column
from evenground.engine import sql
from evenground.engine.buckets import merge_answers, pair_buckets
from evenground.engine.plan import Pass, Plan
from evenground.engine.request import (
    Answer,
    Request,
    code_frame,
    read_counts,
    reads_once,
    residences,
    side_by_side,
)
from evenground.errors import Fault, SourceError, is_disk_full
from evenground.workspace import temporary_folder

DIALECT = "duckdb"
AS_READ = "persons_as_read"


def answers(plans: Sequence[Plan], request: Request, progress: Callable[[str], None]) -> Iterator[Answer]:
    """Count every pass of each plan, the earliest date first, and put the columns side by side.

    Raises
    ------
    SourceError
        Where DuckDB cannot finish. Its own message is not passed on: it may quote a person's values.
    """
    (persons, events), *others = pair_buckets(request.persons, request.events)
    if not others:
        with _told(request), _connect(request) as connection:
            _see(connection, [persons], [events])
            yield from _answers(connection, plans, request, progress)
        return
    for plan in plans:
        yield merge_answers(answer_by_bucket(plan, request, progress))


def answer_by_bucket(plan: Plan, request: Request, progress: Callable[[str], None]) -> Iterator[Answer]:
    """Count every pass of a plan, one bucket after the other.

    Raises
    ------
    SourceError
        As ``answers`` does.
    """
    buckets = pair_buckets(request.persons, request.events)
    with _told(request), _connect(request) as connection:
        _see_files(connection, AS_READ, [persons for persons, _ in buckets], PERSONS)
        has_practices = _has_practices(connection)
        for number, (persons, events) in enumerate(buckets, start=1):
            tell = partial(_tell_bucket, progress, f"Bucket {number} of {len(buckets)}: ")
            _see(connection, [persons], [events], number)
            yield from _answers(connection, [plan], request, tell, has_practices=has_practices)


def list_people(plan: Plan, request: Request, practice_code: str) -> list[int]:
    """The numbers of the people of a practice in the denominator of the plan's only indicator, rising.

    Raises
    ------
    SourceError
        As ``answers`` does.
    """
    with _told(request), _connect(request) as connection:
        _see(connection, [request.persons], [request.events])
        _find_hits(connection, plan, 0, is_coded=False)
        listed = _read(connection, sql.listed_query(plan, practice_code))
    return sorted(listed["person_id"].to_list())


def _tell_bucket(progress: Callable[[str], None], where: str, what: str) -> None:
    progress(where + what[0].lower() + what[1:])


@contextmanager
def _told(request: Request) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        if is_disk_full(error):
            raise
        limit = f" of {request.memory_limit}" if request.memory_limit else ""
        what = f"needs more memory than the limit{limit}, or more disk than is free beside it."
        raise _failure(request, what, "Free some disk, or allow more memory.") from None
    except duckdb.Error as error:
        if is_disk_full(error):
            raise
        what = f"cannot be read ({type(error).__name__})."
        raise _failure(request, what, "Load the sources again.") from None


def _failure(request: Request, what: str, fix: str) -> SourceError:
    where = f"{request.persons.name} or {request.events.name}"
    return SourceError("The records cannot be counted.", [Fault(where, what, fix)])


def _answers(
    connection: duckdb.DuckDBPyConnection,
    plans: Sequence[Plan],
    request: Request,
    progress: Callable[[str], None],
    *,
    has_practices: bool | None = None,
) -> Iterator[Answer]:
    is_coded = reads_once(plans)
    if is_coded:
        progress("Finding the events that count")
        _load_codes(connection, sql.CODES, plans[-1])
        _materialise(connection, sql.CODED, sql.coded_query(plans[-1]))
    if has_practices is None:
        has_practices = _has_practices(connection)
    for plan in plans:
        yield _answer(connection, plan, request, progress, is_coded=is_coded, has_practices=has_practices)


def _answer(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    request: Request,
    progress: Callable[[str], None],
    *,
    is_coded: bool,
    has_practices: bool,
) -> Answer:
    read = partial(_read, connection)
    cells: list[pl.DataFrame] = []
    practices: list[pl.DataFrame] = []
    groups: list[pl.DataFrame] = []
    if plan.memberships:
        progress("Finding who is in which group")
        _find_hits(connection, plan, len(plan.passes) - 1, is_coded=is_coded)
        _materialise(connection, sql.MEMBERS, sql.members_query(plan))
    for number in plan.counting:
        progress(f"Counting as at {plan.as_at}, pass {number + 1} of {len(plan.counting)}")
        _find_hits(connection, plan, number, is_coded=is_coded)
        _prepare_people(connection, plan, number, request, has_practices=has_practices)
        connection.execute(f"DROP TABLE IF EXISTS {sql.HITS}")
        cells.append(read_counts(read, plan, number, sql.CELL_KEYS))
        practices.append(read_counts(read, plan, number, sql.PRACTICE_KEYS))
        if plan.memberships:
            groups.append(read_counts(read, plan, number, sql.GROUP_KEYS))
        connection.execute(f"DROP TABLE {sql.PEOPLE}")
    return Answer(
        side_by_side(cells, sql.CELL_KEYS),
        side_by_side(practices, sql.PRACTICE_KEYS),
        side_by_side(groups, sql.GROUP_KEYS) if groups else None,
    )


@contextmanager
def _connect(request: Request) -> Iterator[duckdb.DuckDBPyConnection]:
    # What does not fit in memory is written beside the persons file: inside the secure zone, and gone after.
    with (
        temporary_folder(request.persons.parent, ".spill") as spill,
        duckdb.connect(
            config={"temp_directory": str(spill), "autoinstall_known_extensions": False}
        ) as connection,
    ):
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        if request.memory_limit:
            connection.execute("SET memory_limit = ?", [request.memory_limit])
        yield connection


def _see(
    connection: duckdb.DuckDBPyConnection, persons: list[Path], events: list[Path], number: int = 0
) -> None:
    """Views of the files under the names of the plan; ``number`` is another for each time."""
    _see_files(connection, sql.EVENTS, events, EVENTS)
    _see_files(connection, AS_READ, persons, PERSONS)
    # Enumerations of the texts that are there: a quarter of the memory of texts, and quicker to group by.
    texts = [column.name for column in PERSONS if column.sql_type == "VARCHAR"]
    for text in texts:
        values = f"SELECT DISTINCT {text} FROM {AS_READ} WHERE {text} IS NOT NULL ORDER BY 1"
        connection.execute(f"CREATE TYPE {text}_{number} AS ENUM ({values})")
    typed = ", ".join(f"CAST({text} AS {text}_{number}) AS {text}" for text in texts)
    connection.execute(f"CREATE OR REPLACE VIEW {sql.PERSONS} AS SELECT * REPLACE ({typed}) FROM {AS_READ}")


def _see_files(
    connection: duckdb.DuckDBPyConnection, name: str, paths: list[Path], columns: Sequence[Column]
) -> None:
    # A file may hold narrower numbers than the contract, in which the plan's sums would not fit.
    typed = ", ".join(f"CAST({column.name} AS {column.sql_type}) AS {column.name}" for column in columns)
    files = connection.read_parquet([str(path) for path in paths], hive_partitioning=False)
    files.project(typed).create_view(name, replace=True)


def _has_practices(connection: duckdb.DuckDBPyConnection) -> bool:
    practised = f"SELECT practice_code FROM {AS_READ} WHERE practice_code <> '' LIMIT 1"
    return bool(connection.execute(practised).fetchall())


def _prepare_people(
    connection: duckdb.DuckDBPyConnection, plan: Plan, number: int, request: Request, *, has_practices: bool
) -> None:
    homes = residences(plan, request)
    if homes is not None:
        connection.register(sql.RESIDENCES, homes.to_arrow())
    registered = plan.base == "registered" and has_practices
    people = sql.people_query(plan, number, needs_practice=registered, needs_residence=homes is not None)
    _materialise(connection, sql.PEOPLE, people)


def _find_hits(connection: duckdb.DuckDBPyConnection, plan: Plan, number: int, *, is_coded: bool) -> None:
    if plan.passes[number].codes:
        _load_codes(connection, sql.codes_table(number), plan.passes[number])
        _materialise(connection, sql.HITS, sql.hits_query(plan, number, is_coded=is_coded))


def _load_codes(connection: duckdb.DuckDBPyConnection, name: str, one: Pass | Plan) -> None:
    connection.register("loaded_codes", code_frame(one).to_arrow())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM loaded_codes")


def _materialise(connection: duckdb.DuckDBPyConnection, name: str, query: exp.Select) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query.sql(DIALECT)}")


def _read(connection: duckdb.DuckDBPyConnection, query: exp.Select) -> pl.DataFrame:
    frame = pl.from_arrow(connection.sql(query.sql(DIALECT)).to_arrow_table())
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("a query gives a table")
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
