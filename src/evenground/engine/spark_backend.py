"""The plan on Spark: on this machine, on a cluster, or behind Spark Connect.

The queries are those of the other back ends, in Spark's dialect. What is kept between two of them is one row
a person, in the memory of Spark's workers and on their disks where it does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
from sqlglot import exp

from evenground.contract import EVENTS, PERSONS, Column
from evenground.engine import sql
from evenground.engine.buckets import find_files
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
from evenground.engine.spark_sessions import condition, name_of, open_session
from evenground.errors import Fault, SourceError, WorkspaceError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DIALECT: Final = "spark"


def answers(plans: Sequence[Plan], request: Request, progress: Callable[[str], None]) -> Iterator[Answer]:
    """Count every pass of each plan, the earliest date first, and put the columns side by side.

    Raises
    ------
    WorkspaceError
        Where Spark is not installed, cannot be reached, or cannot see the files.
    SourceError
        Where Spark cannot finish. Its own message is not passed on: it may quote a person's values.
    """
    progress("Starting Spark")
    with open_session(request) as session:
        try:
            yield from _answers(session, plans, request, progress)
        except _errors_of_spark() as error:
            raise _explain(error, request) from None


def answer_by_bucket(plan: Plan, request: Request, progress: Callable[[str], None]) -> Iterator[Answer]:
    """Count every pass of a plan, all buckets at once: Spark divides the work by itself."""
    yield from answers([plan], request, progress)


def _errors_of_spark() -> tuple[type[Exception], ...]:
    """What PySpark raises, and what is left where Spark has died beneath it."""
    from pyspark.errors import PySparkException

    try:
        from py4j.protocol import Py4JError
    except ImportError:
        return PySparkException, ConnectionError
    return PySparkException, Py4JError, ConnectionError


def _explain(error: Exception, request: Request) -> SourceError | WorkspaceError:
    name = condition(error)
    where = f"{request.persons.name} or {request.events.name}"
    if name == "PATH_NOT_FOUND":
        folder = request.folder_url or request.persons.parent
        what = f"Spark at {name_of(request.url)} does not find the folder {folder}."
        fix = "Put the workspace where the cluster sees it, or give its name there: engine.secure_url."
        return WorkspaceError("The counts cannot be made with Spark.", [Fault(where, what, fix)])
    fix = "Load the sources again; if Spark ran out of memory or disk, give it more."
    return SourceError("The records cannot be counted.", [Fault(where, f"Spark stopped ({name}).", fix)])


def _answers(
    session: SparkSession, plans: Sequence[Plan], request: Request, progress: Callable[[str], None]
) -> Iterator[Answer]:
    _see(session, sql.PERSONS, request, request.persons, PERSONS)
    _see(session, sql.EVENTS, request, request.events, EVENTS)
    has_practices = _has_practices(session)
    with _coded(session, plans) as is_coded:
        for plan in plans:
            yield _answer(session, plan, request, progress, is_coded=is_coded, has_practices=has_practices)


def _answer(
    session: SparkSession,
    plan: Plan,
    request: Request,
    progress: Callable[[str], None],
    *,
    is_coded: bool,
    has_practices: bool,
) -> Answer:
    needs_practice = plan.base == "registered" and has_practices
    read = partial(_read, session)
    cells: list[pl.DataFrame] = []
    practices: list[pl.DataFrame] = []
    groups: list[pl.DataFrame] = []
    with _members(session, plan, is_coded=is_coded):
        for number in plan.counting:
            progress(f"Counting as at {plan.as_at}, pass {number + 1} of {len(plan.counting)}")
            _find_hits(session, plan, number, is_coded=is_coded)
            with _people(session, plan, number, request, needs_practice=needs_practice):
                cells.append(read_counts(read, plan, number, sql.CELL_KEYS))
                practices.append(read_counts(read, plan, number, sql.PRACTICE_KEYS))
                if plan.memberships:
                    groups.append(read_counts(read, plan, number, sql.GROUP_KEYS))
    return Answer(
        side_by_side(cells, sql.CELL_KEYS),
        side_by_side(practices, sql.PRACTICE_KEYS),
        side_by_side(groups, sql.GROUP_KEYS) if groups else None,
    )


@contextmanager
def _coded(session: SparkSession, plans: Sequence[Plan]) -> Iterator[bool]:
    """The events that count, read once and kept, where several passes or dates read them; says whether."""
    if not reads_once(plans):
        yield False
        return
    _load_codes(session, sql.CODES, plans[-1])
    coded = _query(session, sql.coded_query(plans[-1])).persist()
    try:
        coded.createOrReplaceTempView(sql.CODED)
        yield True
    finally:
        coded.unpersist()


def _see(session: SparkSession, name: str, request: Request, path: Path, columns: Sequence[Column]) -> None:
    """A view of a file with the contract's columns and types, whatever widths the file has."""
    schema = pl.read_parquet_schema(find_files(path)[0])
    empty = {column for column, kind in schema.items() if kind == pl.Null}
    # Spark cannot make a date of a column that a file keeps without a type, because nothing is in it.
    chosen = [
        exp.alias_(
            exp.cast(exp.null() if column.name in empty else exp.column(column.name), column.sql_type),
            column.name,
        ).sql(DIALECT)
        for column in columns
    ]
    file = session.read.parquet(_address(request, path))
    file.selectExpr(*chosen).createOrReplaceTempView(name)


def _address(request: Request, path: Path) -> str:
    """The file as Spark names it; brackets and stars in a folder's name are no pattern."""
    if request.folder_url:
        return f"{request.folder_url.rstrip('/')}/{path.name}"
    return "file://" + re.sub(r"([\[\]{}*?\\])", r"\\\1", str(path.resolve()))


def _has_practices(session: SparkSession) -> bool:
    practised = exp.select(exp.alias_(exp.Max(this=exp.column("practice_code")), "most")).from_(sql.PERSONS)
    return bool(_read(session, practised).item())


@contextmanager
def _members(session: SparkSession, plan: Plan, *, is_coded: bool) -> Iterator[None]:
    """Who is in which group, found once and kept for every pass; nothing where there are no groups."""
    if not plan.memberships:
        yield
        return
    _find_hits(session, plan, len(plan.passes) - 1, is_coded=is_coded)
    members = _query(session, sql.members_query(plan)).persist()
    try:
        members.createOrReplaceTempView(sql.MEMBERS)
        yield
    finally:
        members.unpersist()


@contextmanager
def _people(
    session: SparkSession, plan: Plan, number: int, request: Request, *, needs_practice: bool
) -> Iterator[None]:
    """Everybody counted, judged once and kept while the cells are made."""
    homes = residences(plan, request)
    if homes is not None:
        listed = session.createDataFrame(homes.to_arrow()).hint("broadcast")
        listed.createOrReplaceTempView(sql.RESIDENCES)
    query = sql.people_query(plan, number, needs_practice=needs_practice, needs_residence=homes is not None)
    people = _query(session, query)
    people.persist()
    try:
        people.createOrReplaceTempView(sql.PEOPLE)
        yield
    finally:
        people.unpersist()


def _find_hits(session: SparkSession, plan: Plan, number: int, *, is_coded: bool) -> None:
    if plan.passes[number].codes:
        _load_codes(session, sql.codes_table(number), plan.passes[number])
        hits = _query(session, sql.hits_query(plan, number, is_coded=is_coded))
        hits.createOrReplaceTempView(sql.HITS)


def _load_codes(session: SparkSession, name: str, one: Pass | Plan) -> None:
    codes = session.createDataFrame(code_frame(one).to_arrow())
    codes.hint("broadcast").createOrReplaceTempView(name)


def _query(session: SparkSession, query: exp.Select) -> DataFrame:
    return session.sql(query.sql(DIALECT))


def _read(session: SparkSession, query: exp.Select) -> pl.DataFrame:
    frame = pl.from_arrow(_query(session, query).toArrow())
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("a query gives a table")
    return frame
