"""From a provider's persons and events to the two files of the contract, in DuckDB, set by set."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evenground.contract import LoadReport, TableReport
from evenground.errors import Fault, SourceError
from evenground.sources.extract import events, persons, words
from evenground.sources.extract.columns import Cells, check_types, read_date
from evenground.sources.extract.files import (
    FileError,
    InputFile,
    check_columns,
    find_files,
    open_file,
    source_error,
)
from evenground.sources.extract.options import EventsOptions, ExtractOptions, PersonsOptions, read_options
from evenground.sources.extract.session import Session, count_changes, in_words
from evenground.workspace import SourceSection

PERSONS_FILE: Final = "persons.parquet"
EVENTS_FILE: Final = "events.parquet"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Input:
    file: InputFile
    options: PersonsOptions | EventsOptions


def load_extract(
    source: SourceSection,
    *,
    root: Path,
    folder: Path,
    as_at: dt.date,
    lsoa_codes: Collection[str],
    practice_codes: Collection[str] | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Read a provider's persons and events and write them as the contract has it.

    Parameters
    ----------
    source
        The ``[[sources]]`` section, of the kind ``extract``.
    root
        The workspace: paths of the section are relative to it.
    folder
        Where ``persons.parquet`` and ``events.parquet`` are written, mode 0600, in the secure zone. Temporary
        files stand in it and are gone afterwards. Both files are replaced at the end, or neither is touched.
    as_at
        The date of the data: nothing later is known.
    lsoa_codes
        The LSOAs of the place. A person elsewhere is kept with the area unknown.
    practice_codes
        The practices of the place; ``None`` takes every practice code as it stands.
    progress
        Called with a sentence as each file is begun.

    Returns
    -------
    LoadReport
        Each file's rows read, kept and dropped by reason, and the SHA-256 of each file read.

    Raises
    ------
    SourceError
        Where the section or a file cannot be used, or persons are identified by NHS numbers. The message
        holds names of files and columns and numbers of rows, never a person's values.
    """
    options = read_options(source)
    tell = progress or (lambda _: None)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".extract-", dir=folder) as name:
        temporary = Path(name)
        inputs = _open_inputs(source.name, options, root, temporary, tell)
        with Session(source.name, temporary) as session:
            persons.prepare_persons(session, as_at, lsoa_codes, practice_codes)
            tables = _load_persons(
                session, inputs, temporary, tell, check_practices=practice_codes is not None
            )
            tables += _load_events(session, inputs, temporary, options.code_system, tell)
        for file in (PERSONS_FILE, EVENTS_FILE):
            (temporary / file).chmod(0o600)
        for file in (PERSONS_FILE, EVENTS_FILE):
            (temporary / file).replace(folder / file)
    digests = {entry.file.name: entry.file.sha256 for entry in inputs}
    return LoadReport(source.name, folder / PERSONS_FILE, folder / EVENTS_FILE, tables, digests)


def check_extract(source: SourceSection, *, root: Path, folder: Path) -> list[Fault]:
    """Every fault of the section and of its files: not there, unreadable, or lacking a column.

    No row is checked: ``load_extract`` does that. Temporary files stand in ``folder`` and go afterwards.
    """
    try:
        options = read_options(source)
        with tempfile.TemporaryDirectory(prefix=".extract-", dir=folder) as temporary:
            _open_inputs(source.name, options, root, Path(temporary), lambda _: None)
    except SourceError as error:
        return list(error.faults)
    return []


def _open_inputs(
    source: str, options: ExtractOptions, root: Path, temporary: Path, tell: Progress
) -> list[_Input]:
    sections: list[tuple[str, PersonsOptions | EventsOptions]] = [("persons", options.persons)]
    sections += [(f"events {number}", entry) for number, entry in enumerate(options.events, start=1)]
    inputs: list[_Input] = []
    faults: list[Fault] = []
    for where, section in sections:
        try:
            found = find_files(section.path, root, where)
        except FileError as error:
            faults.append(error.fault)
            continue
        for name, path in found:
            tell(f"Checking {name}")
            copy = temporary / f"copy-{len(inputs)}-{len(faults)}"
            opened, wrong = _open_input(name, path, section, where.split()[0], copy)
            faults += wrong
            if opened:
                inputs.append(_Input(opened, section))
    if faults:
        raise source_error(source, faults)
    return inputs


def _open_input(
    name: str, path: Path, section: PersonsOptions | EventsOptions, where: str, copy: Path
) -> tuple[InputFile | None, list[Fault]]:
    mapped = section.columns.given()
    try:
        file = open_file(name, path, wanted=mapped.values(), separator=section.separator, copy=copy)
    except FileError as error:
        return None, [error.fault]
    return file, check_columns(file, mapped, where) + check_types(file, mapped, where)


def _load_persons(
    session: Session, inputs: Sequence[_Input], temporary: Path, tell: Progress, *, check_practices: bool
) -> list[TableReport]:
    tables: dict[int, TableReport] = {}
    for number, entry in enumerate(inputs):
        if isinstance(entry.options, PersonsOptions):
            tell(f"Reading persons from {entry.file.name}")
            cells = persons.stage_persons(
                session, number, entry.file, entry.options, check_practices=check_practices
            )
            tables[number] = _start_table(session, "persons", number, entry.file)
            of_file = f"WHERE file_no = {number}"
            _refuse_nhs_numbers(session, entry, "person_id", f"pseudonym FROM persons_staged {of_file}", 5)
            _refuse_nhs_numbers(
                session, entry, "practice_code", f"DISTINCT practice_code FROM persons_staged {of_file}", 5
            )
            if persons.has_unreadable_dates(session, number):
                _refuse_other_date_order(session, cells, entry.options)
    persons.drop_repeated_persons(session)
    persons.number_persons(session)
    _count_dropped(session, tables, "persons_staged", "file_no", persons.REASONS)
    _count_kept(session, tables, "persons_staged WHERE reason IS NULL", "file_no", "changed", persons.CHANGES)
    _check_kept(session.source, inputs, tables, {words.SAME_PERSON_ROW, words.OTHER_PERSON_ROW})
    persons.write_persons(session, temporary / PERSONS_FILE)
    return list(tables.values())


def _load_events(
    session: Session, inputs: Sequence[_Input], temporary: Path, default_system: str, tell: Progress
) -> list[TableReport]:
    tables: dict[int, TableReport] = {}
    events.prepare_events(session)
    for number, entry in enumerate(inputs):
        if isinstance(entry.options, EventsOptions):
            tell(f"Reading events from {entry.file.name}")
            cells = events.stage_events(session, number, entry.file, entry.options, default_system)
            tables[number] = _start_table(session, "events", number, entry.file)
            of_file = f"WHERE origin >> {len(events.CHANGES)} = {number}"
            _refuse_nhs_numbers(session, entry, "code", f"DISTINCT code FROM events_staged {of_file}", 20)
            if events.has_unreadable_dates(session, number):
                _refuse_other_date_order(session, cells, entry.options)
    tell("Removing repeated events")
    events.drop_repeated_events(session)
    bits = len(events.CHANGES)
    _count_dropped(session, tables, "events_staged", f"origin >> {bits}", events.REASONS)
    _count_kept(
        session, tables, "events_kept", f"origin >> {bits}", f"origin & {(1 << bits) - 1}", events.CHANGES
    )
    for table in tables.values():
        again = table.read - table.kept - sum(table.dropped.values())
        table.dropped |= {words.SAME_EVENT: again} if again else {}
    _check_kept(session.source, inputs, tables, {words.SAME_EVENT})
    tell("Writing persons and events")
    events.write_events(session, temporary / EVENTS_FILE)
    return list(tables.values())


def _start_table(session: Session, table: str, number: int, file: InputFile) -> TableReport:
    rejected, notes = session.take_rejected(f"rejects_{number}")
    started = TableReport(table, file.name, read=sum(rejected.values()), dropped=rejected)
    started.notes = [*file.notes, *notes]
    return started


def _count_dropped(
    session: Session,
    tables: dict[int, TableReport],
    staged: str,
    file_no: str,
    reasons: Sequence[tuple[str, str]],
) -> None:
    rows = session.run(f"SELECT {file_no}, reason, count(*) FROM {staged} GROUP BY ALL ORDER BY ALL")
    for number, reason, count in rows:
        table = tables[number]
        table.read += count
        if reason is not None:
            table.dropped[reasons[reason][0]] = count


def _count_kept(
    session: Session,
    tables: dict[int, TableReport],
    kept: str,
    file_no: str,
    mask: str,
    changes: Sequence[tuple[str, str]],
) -> None:
    counts = session.run(f"SELECT {file_no}, count(*), {count_changes(changes, mask)} FROM {kept} GROUP BY 1")
    for number, count, *changed in counts:
        tables[number].kept = count
        tables[number].changed = in_words(changes, changed)


def _check_kept(
    source: str, inputs: Sequence[_Input], tables: dict[int, TableReport], again: set[str]
) -> None:
    faults = []
    for number, table in tables.items():
        spare = inputs[number].file.lines - 1 - table.read
        if spare > 0:
            table.notes.append(
                f"{spare:,} lines are empty or inside a quoted cell: if that is unexpected, "
                "look for a stray quotation mark"
            )
        if not table.read:
            table.notes.append("holds a header line and no rows")
        elif not table.kept and not again & set(table.dropped):
            reasons = "; ".join(f"{reason}: {count:,}" for reason, count in table.dropped.items())
            what = f"none of its {table.read:,} rows can be used ({reasons})."
            faults.append(Fault(table.file, what, "Check its columns in place.toml and the export."))
    if not faults and not any(table.kept for table in tables.values()):
        files = ", ".join(table.file for table in tables.values())
        faults.append(
            Fault(files, "no rows (0) below the header line.", "Ask the provider to send it again.")
        )
    if faults:
        raise source_error(source, faults)


def _refuse_nhs_numbers(session: Session, entry: _Input, column: str, texts: str, at_least: int) -> None:
    mapped = entry.options.columns.given().get(column)
    if mapped:
        persons.refuse_nhs_numbers(session, f"SELECT {texts}", entry.file.name, mapped, at_least=at_least)


def _refuse_other_date_order(session: Session, cells: Cells, options: PersonsOptions | EventsOptions) -> None:
    """Stop where a column's dates only make sense in the other order: half of them would be misread."""
    month_first = options.date_order == "month_first"
    names = [name for name in cells.mapped if name.endswith("_date") and not cells.is_typed_date(name)]
    for name in names:
        own, other = (read_date("t", month_first=order) for order in (month_first, not month_first))
        only_other, only_own = session.run(
            f"SELECT count(*) FILTER (WHERE own IS NULL AND other IS NOT NULL), "
            f"count(*) FILTER (WHERE own IS NOT NULL AND other IS NULL) FROM ("
            f"SELECT {own} AS own, {other} AS other FROM ("
            f"SELECT DISTINCT {name} AS t FROM {cells.source('rejects_again')}) "
            f"WHERE t[5] <> '-')",
            cells.file,
        )[0]
        session.take_rejected("rejects_again")
        if only_other and not only_own:
            hint = f'Set date_order = "{"day_first" if month_first else "month_first"}" for this file.'
            written = "month first (mm/dd/yyyy)" if not month_first else "day first (dd/mm/yyyy)"
            what = f"holds {only_other:,} different dates that only make sense {written}."
            fault = Fault(f'{cells.file.name}, column "{cells.mapped[name]}"', what, hint)
            raise source_error(session.source, [fault])
