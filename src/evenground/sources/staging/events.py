"""The events of the sources: joined to their persons, cleaned, checked, counted, each kept once."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from pathlib import Path
from typing import Final

from evenground.contract import CODE_SYSTEMS, EVENTS
from evenground.sources.staging import words
from evenground.sources.staging.columns import Cells, is_decimal
from evenground.sources.staging.files import quote
from evenground.sources.staging.inputs import OPTED_OUT, UNLINKED, FileNumber, Input
from evenground.sources.staging.session import Session, choose_reason, mark_changes

_DIGITS: Final = "regexp_full_match(code, '[0-9]{6,18}')"
_FORMS: Final = {
    "snomed_ct": _DIGITS,
    "dmd": _DIGITS,
    "loinc": "regexp_full_match(code, '[0-9]{1,7}-[0-9]')",
    "omop_concept": "regexp_full_match(code, '[1-9][0-9]{0,9}')",
}
_ANY_FORM: Final = "length(code) <= 40"
_NUMBER_SYSTEMS: Final = ("snomed_ct", "dmd", "omop_concept")
_ROUNDED: Final = "[0-9]+([.][0-9]+)?[eE][+]?[0-9]+"

REASONS: Final = (
    *((reason, f"mark = '{mark}'") for mark, reason in words.MARKS.items()),
    (words.NO_PERSON, "NOT has_person"),
    (words.NOT_NHS_NUMBER, "coded.pseudonym IS NULL"),
    (words.OPTED_OUT_NATIONAL, f"coded.pseudonym = {OPTED_OUT['national']}"),
    (words.OPTED_OUT_TYPE_1, f"coded.pseudonym = {OPTED_OUT['type_1']}"),
    (words.NOT_LINKED, f"coded.pseudonym = {UNLINKED}"),
    (words.UNKNOWN_PERSON, "people.pseudonym IS NULL"),
    (words.DROPPED_PERSON, "people.person_id IS NULL"),
    (words.NO_CODE, "code IS NULL"),
    (words.UNKNOWN_SYSTEM, "system IS NULL"),
    (words.CODE_ROUNDED, f"NOT is_formed AND only_digits AND regexp_full_match(code, '{_ROUNDED}')"),
    (words.WRONG_CODE_FORM, "NOT is_formed"),
    (words.NOT_AGREED, "is_agreed IS NULL"),
    (words.DATE_MISSING, "NOT has_date"),
    (words.DATE_UNREADABLE, "event_date IS NULL"),
    (words.DATED_LATER, "event_date > as_at"),
    (words.DATED_BEFORE_BIRTH, "event_date < people.birth_date"),
)

CHANGES: Final = (
    (words.CODE_REPAIRED, "is_repaired"),
    (words.VALUE_NOT_NUMERIC, "has_value AND value IS NULL"),
    (words.DATE_IN_PART, f"mark = '{words.IN_PART}'"),
)


def prepare_events(session: Session) -> None:
    """Make the empty staging table."""
    session.run(
        "CREATE TEMP TABLE events_staged (person_id BIGINT, system UTINYINT, code VARCHAR, event_date DATE, "
        "value DOUBLE, reason UTINYINT, origin UINTEGER)"
    )


def stage_events(session: Session, number: FileNumber, entry: Input) -> Cells:
    """Read one file of events into the staging table.

    ``origin`` packs the file's number and what was changed in the row, so that one minimum says of an event
    that stands several times which row is the one kept.
    """
    names = [column.name for column in EVENTS if column.name != "code_system"]
    names += [name for name in ("code_system", "mark") if name in entry.columns]
    cells = Cells(entry.file, tuple(names), entry.columns, entry.constants, entry.values)
    system, only_digits, form = _system_sql(None if "code_system" in entry.columns else entry.code_system)
    read = {
        "pseudonym": entry.pseudonym(cells.person()),
        "has_person": "person_id IS NOT NULL",
        "raw_code": "code",
        "system": system,
        "mark": "mark" if "mark" in names else "NULL::VARCHAR",
        "has_date": "event_date IS NOT NULL",
        "event_date": cells.date("event_date", month_first=entry.month_first),
        "has_value": "value IS NOT NULL",
        "value": cells.number("value"),
    }
    listed = ", ".join(f"{sql} AS {name}" for name, sql in read.items())
    repaired = "false" if only_digits == "false" else f"{only_digits} AND {is_decimal('raw_code')}"
    session.run(
        f"""
        INSERT INTO events_staged
        WITH cells AS (SELECT {listed} FROM {cells.source(f"rejects_{number.file}")}),
        coded AS (
            SELECT *, {only_digits} AS only_digits, coalesce({repaired}, false) AS is_repaired,
                CASE WHEN is_repaired THEN split_part(raw_code, '.', 1) ELSE raw_code END AS code,
                {form} AS is_formed
            FROM cells
        )
        SELECT person_id, system, code, event_date, value, {choose_reason(REASONS)},
            CAST({number.file << len(CHANGES)} + {mark_changes(CHANGES)} AS UINTEGER)
        FROM coded CROSS JOIN dates
        LEFT JOIN (FROM people WHERE space = {number.space}) AS people
            ON people.pseudonym = coded.pseudonym
        {_agreed_sql(entry.agreed_codes)}""",
        entry.file,
    )
    return cells


def _agreed_sql(table: str | None) -> str:
    """SQL that joins ``is_agreed``, which is NULL for a code that may not be read."""
    if table is None:
        return "CROSS JOIN (SELECT true AS is_agreed) AS agreed"
    return (
        f"LEFT JOIN (SELECT system AS agreed_system, code AS agreed_code, true AS is_agreed FROM {table}) "
        "AS agreed ON agreed_system = coded.system AND agreed_code = coded.code"
    )


def _system_sql(system: str | None) -> tuple[str, str, str]:
    """SQL for the system's number, whether its codes are numbers, and whether a code has its form.

    ``None`` is a system that each row names.
    """
    if system is not None:
        only_digits = str(system in _NUMBER_SYSTEMS).lower()
        return str(CODE_SYSTEMS.index(system)), only_digits, _FORMS.get(system, _ANY_FORM)
    numbers = {name: CODE_SYSTEMS.index(name) for name in CODE_SYSTEMS}
    whens = " ".join(f"WHEN {quote(name)} THEN {number}" for name, number in numbers.items())
    forms = " ".join(f"WHEN {numbers[name]} THEN {form}" for name, form in _FORMS.items())
    only_digits = f"coalesce(system IN ({', '.join(str(numbers[name]) for name in _NUMBER_SYSTEMS)}), false)"
    return f"CASE lower(code_system) {whens} END", only_digits, f"CASE system {forms} ELSE {_ANY_FORM} END"


def has_unreadable_dates(session: Session, file_no: int) -> bool:
    """Whether a date of the file could not be read."""
    reason = [text for text, _ in REASONS].index(words.DATE_UNREADABLE)
    rows = session.run(
        f"SELECT count(*) FROM events_staged WHERE reason = {reason} AND origin >> {len(CHANGES)} = {file_no}"
    )
    return bool(rows[0][0])


def drop_repeated_events(session: Session) -> None:
    """Keep one of the events that agree in person, code, date and value."""
    # Codes as an ordered enumeration: sorting numbers takes half as long as sorting texts.
    session.run(
        "CREATE TYPE event_code AS ENUM ("
        "SELECT DISTINCT code FROM events_staged WHERE reason IS NULL ORDER BY code)"
    )
    session.run("""
        CREATE TEMP TABLE events_kept AS
        SELECT person_id, system, code::event_code AS code, event_date, value, min(origin) AS origin
        FROM events_staged WHERE reason IS NULL GROUP BY ALL""")


def write_events(session: Session, path: Path) -> None:
    """Write the events of the contract, by person, date, code and value."""
    names = ", ".join(quote(name) for name in CODE_SYSTEMS)
    session.run(f"""
        COPY (
            SELECT person_id, [{names}][system + 1] AS code_system, code::VARCHAR AS code, event_date, value
            FROM (SELECT * FROM events_kept
                ORDER BY person_id, event_date, code, value NULLS FIRST, system)
        ) TO {quote(str(path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)""")
