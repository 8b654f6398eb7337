"""The two sides of a linkage, one row a person, with keys in place of names, postcodes and addresses."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from evenground.errors import Fault, SourceError
from evenground.sources.linkage.definition import Linkage, Side
from evenground.sources.linkage.fields import FIELDS, HASHED
from evenground.sources.linkage.texts import is_hash_sql, key_sql
from evenground.sources.options import SourceOptions
from evenground.sources.pseudonyms import Number, forget_key, hold_key, pseudonym_sql, read_key
from evenground.sources.restrictions import OpenedList, Restriction, hold_opt_outs, open_opt_outs
from evenground.sources.staging import words
from evenground.sources.staging.columns import Cells, check_types
from evenground.sources.staging.files import FileError, InputFile, check_columns, find_files, open_file
from evenground.sources.staging.inputs import Intake, Progress
from evenground.sources.staging.persons import ethnic_sql, refuse_nhs_numbers
from evenground.sources.staging.session import Session
from evenground.vocabulary import MISSING_CATEGORY, UNKNOWN_AREA, Sex

_SECRET: Final = "linkage_key"  # noqa: S105 - the name of a variable
_OWN_SECRET: Final = "linkage_own_key"  # noqa: S105
SIDES: Final = ("source", "register")
_ENOUGH: Final = 5


@dataclass(frozen=True, slots=True)
class OpenSide:
    """One side's file, opened, and the key that makes its identifiers pseudonyms, if its source asks."""

    key: str
    side: Side
    file: InputFile
    own_key: bytes | None = field(repr=False)
    opt_outs: tuple[OpenedList, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one side gave: rows read, persons kept, rows dropped by reason, and how many lack each field."""

    name: str
    file: str
    sha256: str
    read: int
    kept: int
    dropped: dict[str, int]
    missing: dict[str, int]
    notes: tuple[str, ...]


def open_sides(
    linkage: Linkage,
    options: Mapping[str, SourceOptions],
    root: Path,
    temporary: Path,
    tell: Progress,
    restrictions: Mapping[str, Restriction],
) -> tuple[list[OpenSide], bytes]:
    """Open both files and the lists of who opted out, and read the key.

    Raises
    ------
    SourceError
        With every fault: no key, a file that is not there or unreadable, a column that it does not hold.
    """
    secret, faults = read_key(linkage.pseudonym_key)
    opened = []
    for number, (key, side) in enumerate(zip(SIDES, (linkage.source, linkage.register_), strict=True)):
        tell(f"Checking {side.path}")
        own, wrong = _own_key(options[side.name])
        faults += wrong
        try:
            file = _open(key, side, root, temporary / f"copy-{number}")
        except FileError as error:
            faults.append(error.fault)
            continue
        mapped = side.mapped(linkage.fields)
        where = f"{key}.columns"
        faults += check_columns(
            file, {theirs: f"Check {where}.{ours}." for ours, theirs in mapped.items()}, ""
        )
        faults += check_types(file, mapped, key)
        lists, unusable = _open_opt_outs(side, restrictions, root, temporary / f"lists-{number}", tell)
        faults += unusable
        opened.append(OpenSide(key, side, file, own, tuple(lists)))
    if faults:
        raise SourceError(f'The linkage "{linkage.id}" cannot be made.', faults)
    return opened, secret


def _open_opt_outs(
    side: Side, restrictions: Mapping[str, Restriction], root: Path, temporary: Path, tell: Progress
) -> tuple[list[OpenedList], list[Fault]]:
    wanted = restrictions.get(side.name, Restriction()).opt_outs
    if wanted:
        temporary.mkdir(mode=0o700)
    return open_opt_outs(wanted, Intake(side.name, root, temporary, tell))


def _own_key(options: SourceOptions) -> tuple[bytes | None, list[Fault]]:
    return read_key(options.pseudonym_key) if options.pseudonymise else (None, [])


def _open(key: str, side: Side, root: Path, copy: Path) -> InputFile:
    found = find_files(side.path, root, f"{key}.path")
    if len(found) > 1:
        what = f"matches {len(found)} files."
        raise FileError(Fault(f"{key}.path, {side.path}", what, "Name one file."))
    name, path = found[0]
    wanted = side.columns.given().values()
    return open_file(name, path, wanted=wanted, separator=side.separator, copy=copy)


def prepare_side(session: Session, linkage: Linkage, opened: OpenSide, secret: bytes) -> Prepared:
    """Make the table ``<side>_people`` of a file: one row a person, in the order of their identifiers.

    Raises
    ------
    SourceError
        Where persons are identified by NHS numbers, nobody is left, or a field is empty in every row.
    """
    session.source = opened.side.name
    hold_key(session.connection, secret, _SECRET)
    if opened.own_key:
        hold_key(session.connection, opened.own_key, _OWN_SECRET)
    table = f"{opened.key}_people"
    session.run(_stage_sql(linkage, opened, f"{opened.key}_rows"), opened.file)
    gone = _take_opted_out(session, opened)
    for name in (_SECRET, _OWN_SECRET) if opened.own_key else (_SECRET,):
        forget_key(session.connection, name)
    rejected, notes = session.take_rejected(f"rejects_{opened.key}")
    person = opened.side.columns.person_id
    texts = f"SELECT person FROM {opened.key}_rows"
    refuse_nhs_numbers(session, texts, opened.file.name, person, at_least=_ENOUGH)
    _refuse_bare(session, linkage, opened)
    session.run(f"""
        CREATE TEMP TABLE {table} AS
        SELECT row_number() OVER (ORDER BY person) - 1 AS unique_id, * EXCLUDE (row_no, has_person, is_bare)
        FROM {opened.key}_rows WHERE person IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY person ORDER BY row_no DESC) = 1
        ORDER BY person""")
    prepared = _describe(session, linkage, opened, rejected | gone, notes)
    session.run(f"DROP TABLE {opened.key}_rows")
    _require_people(linkage, opened, prepared)
    return prepared


def _take_opted_out(session: Session, opened: OpenSide) -> dict[str, int]:
    """Delete the rows of whoever opted out, before anything is compared; how many, by reason."""
    if not opened.opt_outs:
        return {}
    rows, listed = f"{opened.key}_rows", f"{opened.key}_opted_out"
    own = opened.own_key is not None
    hold_opt_outs(
        session,
        listed,
        opened.opt_outs,
        lambda person: pseudonym_sql(person, Number.NHS_NUMBER, _OWN_SECRET) if own else person,
    )
    found = {}
    for reason, kind in ((words.OPTED_OUT_NATIONAL, "true"), (words.OPTED_OUT_TYPE_1, "false")):
        which = f"person IN (SELECT pseudonym FROM {listed} WHERE is_national = {kind})"
        found[reason] = session.run(f"SELECT count(*) FROM {rows} WHERE {which}")[0][0]
        session.run(f"DELETE FROM {rows} WHERE {which}")
    session.run(f"DROP TABLE {listed}")
    return {reason: count for reason, count in found.items() if count}


def _refuse_bare(session: Session, linkage: Linkage, opened: OpenSide) -> None:
    bare = session.run(f"SELECT count(*) FROM {opened.key}_rows WHERE is_bare")[0][0]
    if bare:
        what = f"holds names, postcodes or property numbers that are not hashed in {bare:,} rows."
        hint = f"Ask for what 'evenground link-keys' writes, or leave out {opened.key}.is_hashed."
        fault = Fault(opened.file.name, what, hint)
        raise SourceError(f'The linkage "{linkage.id}" cannot be made.', [fault])


def _stage_sql(linkage: Linkage, opened: OpenSide, table: str) -> str:
    side = opened.side
    mapped = side.mapped(linkage.fields)
    cells = Cells(opened.file, tuple(mapped), mapped, {}, side.values.given())
    person = cells.person()
    if opened.own_key:
        person = pseudonym_sql(person, Number.NHS_NUMBER, _OWN_SECRET)
    listed = {"row_no": "row_no", "has_person": "person_id IS NOT NULL", "person": person}
    month_first = side.date_order == "month_first"
    for name in mapped.keys() & {"birth_date", *linkage.fields}:
        if name == "birth_date":
            listed["birth_date"] = cells.date(name, month_first=month_first)
        elif name != "sex":
            listed |= {
                key: f"CASE WHEN {is_hash_sql(key)} THEN {key} END"
                if side.is_hashed
                else key_sql(key, name, _SECRET)
                for key in FIELDS[name].keys
            }
    listed["is_bare"] = " OR ".join(["false", *_bare(side, mapped)])
    sex = "coalesce(sex_words.meaning, 'not_known')" if "sex" in mapped else "NULL::VARCHAR"
    ethnic = "NULL::VARCHAR"
    joins = ["LEFT JOIN sex_words ON sex_words.word = lower(sex)"] if "sex" in mapped else []
    if "ethnic_group" in mapped:
        ethnic = f"coalesce({ethnic_sql('ethnic_group')}, '{MISSING_CATEGORY}')"
        joins.append(
            "LEFT JOIN ethnic_words "
            "ON ethnic_words.word = lower(regexp_replace(ethnic_group, '[^A-Za-z0-9]', '', 'g'))"
        )
    area = "NULL::VARCHAR"
    if "lsoa_code" in mapped:
        area = f"coalesce(areas.meaning, '{UNKNOWN_AREA}')"
        joins.append("LEFT JOIN areas ON areas.word = upper(lsoa_code)")
    known = ", ".join(f"{sql} AS {name}" for name, sql in sorted(listed.items()))
    return f"""
        CREATE TEMP TABLE {table} AS
        SELECT {known}, nullif({sex}, '{Sex.NOT_KNOWN}') AS sex,
            {ethnic} AS ethnic_group, {area} AS lsoa_code{_parts(listed)}
        FROM {cells.source(f"rejects_{opened.key}", numbered=True)} AS cells {" ".join(joins)}"""


def _bare(side: Side, mapped: Mapping[str, str]) -> Iterator[str]:
    """SQL for each key that should be a hash, and is a text that anybody could read."""
    if side.is_hashed:
        for name in mapped.keys() & set(HASHED):
            for key in (key for key in FIELDS[name].keys if key in mapped):
                yield f"({key} IS NOT NULL AND NOT {is_hash_sql(key)})"


def _parts(listed: Mapping[str, Any]) -> str:
    if "birth_date" not in listed:
        return ", NULL::DATE AS birth_date"
    date = listed["birth_date"]
    return "".join(f", {part}({date}) AS birth_{part}" for part in ("year", "month", "day"))


def _describe(
    session: Session, linkage: Linkage, opened: OpenSide, rejected: dict[str, int], notes: list[str]
) -> Prepared:
    counts = "count(*), count(*) FILTER (NOT has_person), count(person)"
    read, nobody, known = session.run(f"SELECT {counts} FROM {opened.key}_rows")[0]
    fields = [name for name in FIELDS if name in opened.side.columns.given()]
    sums = ", ".join(f"count(*) - count({name})" for name in fields)
    kept, *missing = session.run(f"SELECT count(*){', ' + sums if sums else ''} FROM {opened.key}_people")[0]
    dropped = {
        **rejected,
        words.NO_PERSON: nobody,
        words.NOT_NHS_NUMBER: read - nobody - known,
        words.OTHER_PERSON_ROW: known - kept,
    }
    return Prepared(
        opened.side.name,
        opened.file.name,
        opened.file.sha256,
        read + sum(rejected.values()),
        kept,
        {reason: count for reason, count in dropped.items() if count},
        dict(zip(fields, missing, strict=True)),
        (*opened.file.notes, *notes),
    )


def _require_people(linkage: Linkage, opened: OpenSide, prepared: Prepared) -> None:
    faults = []
    if not prepared.kept:
        what = f"holds nobody: of {prepared.read:,} rows read, none can be used."
        faults.append(Fault(prepared.file, what, f"Check {opened.key}.columns.person_id, and the export."))
    for name in linkage.fields if prepared.kept else ():
        if prepared.missing[name] == prepared.kept:
            column = opened.side.columns.given()[name]
            what = f"is empty or unreadable in every one of {prepared.kept:,} persons."
            hint = f"Check {opened.key}.columns.{name}, or leave {FIELDS[name].words} out of the linkage."
            faults.append(Fault(f'{prepared.file}, column "{column}"', what, hint))
    if faults:
        raise SourceError(f'The linkage "{linkage.id}" cannot be made.', faults)
