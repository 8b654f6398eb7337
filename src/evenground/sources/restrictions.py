"""What of a source may be read: fields and codes that an agreement covers, and nobody who opted out."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from evenground.contract import CODE_SYSTEMS, EVENTS, PERSONS
from evenground.errors import Fault
from evenground.sources.staging.columns import Cells
from evenground.sources.staging.files import (
    FileError,
    InputFile,
    check_columns,
    find_files,
    open_file,
    quote,
    source_error,
)
from evenground.sources.staging.inputs import OPTED_OUT, Input, Intake
from evenground.sources.staging.session import Session

Kind = Literal["national", "type_1"]

_ALWAYS: Final = frozenset({"person_id", "code_system"})
_LIMITED: Final = frozenset(column.name for column in (*PERSONS, *EVENTS)) - _ALWAYS


@dataclass(frozen=True, slots=True)
class OptOutList:
    """A file of the identifiers of people who opted out; they are those of the source's own files."""

    kind: Kind
    path: str
    column: str


@dataclass(frozen=True, slots=True)
class Restriction:
    """What of one source may be read. ``None`` sets no limit to the contract's columns, or to codes."""

    fields: frozenset[str] | None = None
    codes: frozenset[tuple[str, str]] | None = None
    opt_outs: tuple[OptOutList, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedList:
    """A list of people who opted out, opened."""

    kind: Kind
    file: InputFile
    column: str


def open_opt_outs(lists: Sequence[OptOutList], intake: Intake) -> tuple[list[OpenedList], list[Fault]]:
    """The files of the lists, and what is wrong with the others."""
    opened: list[OpenedList] = []
    faults: list[Fault] = []
    for one in lists:
        where = f"place.toml, opt_outs ({one.kind})"
        try:
            for name, path in find_files(one.path, intake.root, where):
                copy = intake.next_copy()
                file = open_file(name, path, wanted=[one.column], separator=None, copy=copy)
                faults += check_columns(
                    file, {one.column: f"Set column in {where}."}, f", {one.column} among them"
                )
                opened.append(OpenedList(one.kind, file, one.column))
        except FileError as error:
            faults.append(error.fault)
    return opened, faults


def limit_fields(entry: Input, fields: frozenset[str] | None) -> Input:
    """A file of which the columns that may not be read are not mapped, and so never looked at; it says so."""
    if fields is None:
        return entry
    hidden = _LIMITED - fields
    unread = sorted((entry.columns.keys() | entry.constants.keys()) & hidden)
    if not unread:
        return entry
    note = f"not read, because no agreement covers it: {', '.join(unread)}"
    return replace(
        entry,
        file=replace(entry.file, notes=(*entry.file.notes, note)),
        columns={name: said for name, said in entry.columns.items() if name not in hidden},
        values={name: said for name, said in entry.values.items() if name not in hidden},
        constants={name: said for name, said in entry.constants.items() if name not in hidden},
    )


def hold_codes(session: Session, table: str, codes: frozenset[tuple[str, str]]) -> None:
    """Make the table of the codes that may be read."""
    session.run(f"CREATE TEMP TABLE {table} (system UTINYINT, code VARCHAR)")
    rows = [(CODE_SYSTEMS.index(system), code) for system, code in sorted(codes)]
    if rows:
        session.run(
            f"INSERT INTO {table} VALUES " + ", ".join(f"({system}, {quote(code)})" for system, code in rows)
        )


def hold_opt_outs(
    session: Session, table: str, lists: Sequence[OpenedList], pseudonym: Callable[[str], str]
) -> dict[str, int]:
    """Make the table of who opted out, by pseudonym, and say how many identifiers each file holds.

    Raises
    ------
    SourceError
        Where a file holds no identifier at all in its column although it has rows.
    """
    session.run(f"CREATE TEMP TABLE {table} (pseudonym VARCHAR, is_national BOOLEAN)")
    held = {}
    for number, one in enumerate(lists):
        cells = Cells(one.file, ("person_id",), {"person_id": one.column}, {}, {})
        listed = f"{table}_{number}"
        session.run(
            f"CREATE TEMP TABLE {listed} AS SELECT {pseudonym(cells.person())} AS pseudonym "
            f"FROM {cells.source(f'rejects_{listed}')} WHERE person_id IS NOT NULL",
            one.file,
        )
        found, usable = session.run(f"SELECT count(*), count(pseudonym) FROM {listed}")[0]
        if found and not usable:
            what = f"holds {found:,} identifiers, none of which has the form of the source's own."
            raise source_error(session.source, [Fault(f'{one.file.name}, column "{one.column}"', what)])
        session.run(
            f"INSERT INTO {table} SELECT DISTINCT pseudonym, {one.kind == 'national'} FROM {listed} "
            "WHERE pseudonym IS NOT NULL"
        )
        held[one.file.name] = usable
    return held


def opted_out_sql(table: str, pseudonym: str, *, otherwise: str) -> str:
    """SQL for a mark where somebody with this pseudonym opted out, and for something else where not."""
    whens = " ".join(
        f"WHEN {pseudonym} IN (SELECT pseudonym FROM {table} WHERE is_national = {kind == 'national'}) "
        f"THEN {OPTED_OUT[kind]}"
        for kind in ("national", "type_1")
    )
    return f"CASE {whens} ELSE {otherwise} END"
