"""From the providers' persons and events to the two files of the contract, in DuckDB, set by set."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from evenground.contract import LoadReport, TableReport
from evenground.errors import Fault, SourceError
from evenground.sources.editions import (
    Editions,
    check_edition,
    describe_conversion,
    find_editions,
    hold_editions,
    name_unplaced,
)
from evenground.sources.kinds import Described, describe_sources, open_source
from evenground.sources.linkage.crosswalk import Crosswalk, find_crosswalk
from evenground.sources.linkage.definition import check_linkages
from evenground.sources.options import SourceOptions
from evenground.sources.pseudonyms import Number, hold_key, pseudonym_sql, read_key
from evenground.sources.restrictions import (
    OpenedList,
    Restriction,
    hold_codes,
    hold_opt_outs,
    limit_fields,
    open_opt_outs,
    opted_out_sql,
)
from evenground.sources.roles import Role
from evenground.sources.staging import events, persons, words
from evenground.sources.staging.columns import Cells, read_date
from evenground.sources.staging.files import InputFile, escape_glob, quote, source_error
from evenground.sources.staging.inputs import UNKNOWN_PERSON, UNLINKED, FileNumber, Input, Intake, Progress
from evenground.sources.staging.session import Session, count_changes, in_words
from evenground.workspace import PLACE_FILE, SourceSection, temporary_folder

PERSONS_FILE: Final = "persons.parquet"
EVENTS_FILE: Final = "events.parquet"
PSEUDONYMS_FILE: Final = "pseudonyms.parquet"


@dataclass(frozen=True, slots=True)
class _Source:
    """One source, opened: its files by their number."""

    name: str
    role: Role
    inputs: dict[FileNumber, Input]
    key: bytes | None = field(repr=False)
    crosswalk: Crosswalk | None = None
    codes: frozenset[tuple[str, str]] | None = None
    opt_outs: Sequence[OpenedList] = ()
    editions: Editions | None = None

    def digests(self) -> dict[str, str]:
        """The SHA-256 of all that its rows follow from, by name."""
        files = {entry.file.name: entry.file.sha256 for entry in self.inputs.values()}
        files |= {one.file.name: one.file.sha256 for one in self.opt_outs}
        others = (one for one in (self.crosswalk, self.editions) if one is not None)
        return files | {one.name: one.sha256 for one in others}

    def of(self, table: str) -> Iterator[tuple[FileNumber, Input]]:
        return ((number, entry) for number, entry in self.inputs.items() if entry.table == table)


def load_sources(
    sections: Sequence[SourceSection],
    *,
    root: Path,
    folder: Path,
    as_at: dt.date,
    lsoa_codes: Collection[str],
    practice_codes: Collection[str] | None = None,
    restrictions: Mapping[str, Restriction] | None = None,
    lsoa_edition: str | None = None,
    progress: Progress | None = None,
    with_pseudonyms: bool = False,
) -> tuple[LoadReport, ...]:
    """Read what the providers sent and write it as the contract has it: one persons file, one events file.

    Parameters
    ----------
    sections
        The ``[[sources]]`` of the place, in their order: where two disagree on a person, the first wins.
    root
        The workspace: paths of the sections are relative to it.
    folder
        Where ``persons.parquet`` and ``events.parquet`` are written, mode 0600, in the secure zone. Temporary
        files stand in it and are gone afterwards. Both files are replaced at the end, or neither is touched.
    as_at
        The date of the data: nothing later is known.
    lsoa_codes
        The LSOAs of the place. A person elsewhere is kept with the area unknown.
    practice_codes
        The practices of the place; ``None`` takes every practice code as it stands.
    restrictions
        What may be read of a source, by its name; a source that is not there may be read whole.
    lsoa_edition
        The edition of the place's LSOAs. A source of the other one needs a look-up.
    progress
        Called with a sentence as each file is begun.
    with_pseudonyms
        Whether ``pseudonyms.parquet`` is written beside the two: ``person_id`` and the ``pseudonym`` that the
        sources know the person by, for lists that go back to whom they came from.

    Returns
    -------
    tuple of LoadReport
        For each source, in order: each file's rows read, kept and dropped by reason, and its SHA-256. The two
        paths are the same in all of them.

    Raises
    ------
    SourceError
        Where a section or a file cannot be used, or persons are identified by NHS numbers. The message
        holds names of files and columns and numbers of rows, never a person's values.
    """
    tell = progress or (lambda _: None)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with temporary_folder(folder, ".sources") as name:
        temporary = Path(name)
        sources, faults = _open_sources(sections, root, temporary, tell, restrictions, lsoa_edition)
        if faults:
            raise _sources_error(sections, faults)
        with Session(sources[0].name, temporary) as session:
            sources = [_with_pseudonyms(session, n, source) for n, source in enumerate(sources)]
            persons.prepare_persons(session, as_at, lsoa_codes, practice_codes)
            sources = [_with_areas(session, n, source) for n, source in enumerate(sources)]
            tables = _load_persons(session, sources, tell, check_practices=practice_codes is not None)
            persons.write_persons(session, temporary / PERSONS_FILE)
            if with_pseudonyms:
                persons.write_pseudonyms(session, temporary / PSEUDONYMS_FILE)
            conversions = [_describe_conversion(session, n, source) for n, source in enumerate(sources)]
            tables |= _load_events(session, sources, tell)
            tell("Writing persons and events")
            events.write_events(session, temporary / EVENTS_FILE)
        written = (PERSONS_FILE, EVENTS_FILE, *((PSEUDONYMS_FILE,) if with_pseudonyms else ()))
        for file in written:
            (temporary / file).chmod(0o600)
        for file in written:
            (temporary / file).replace(folder / file)
    return tuple(
        LoadReport(
            source.name,
            folder / PERSONS_FILE,
            folder / EVENTS_FILE,
            [tables[number] for number in source.inputs],
            source.digests(),
            conversion,
        )
        for source, conversion in zip(sources, conversions, strict=True)
    )


def check_sources(
    sections: Sequence[SourceSection],
    *,
    root: Path,
    folder: Path,
    restrictions: Mapping[str, Restriction] | None = None,
    lsoa_edition: str | None = None,
) -> list[Fault]:
    """Every fault of the sections, their files and linkages: not there, unreadable, or lacking a column.

    No row is checked: ``load_sources`` does that. Temporary files stand in ``folder`` and go afterwards.
    """
    with temporary_folder(folder, ".sources") as temporary:
        faults = _open_sources(sections, root, temporary, lambda _: None, restrictions, lsoa_edition)[1]
    return list(dict.fromkeys([*check_linkages(root, sections), *faults]))


def survey_sources(
    sections: Sequence[SourceSection],
    *,
    root: Path,
    folder: Path,
    restrictions: Mapping[str, Restriction] | None = None,
    lsoa_edition: str | None = None,
) -> tuple[dict[str, dict[str, str]], int]:
    """The SHA-256 of each file of each source, by their names, and the bytes of all of them.

    Files are read through, but no row is checked. Temporary files stand in ``folder`` and go afterwards.

    Raises
    ------
    SourceError
        Where a section or a file cannot be used.
    """
    with temporary_folder(folder, ".sources") as temporary:
        sources, faults = _open_sources(sections, root, temporary, lambda _: None, restrictions, lsoa_edition)
        if faults:
            raise _sources_error(sections, faults)
        paths = {entry.file.path for source in sources for entry in source.inputs.values()}
        size = sum(path.stat().st_size for path in paths if path.is_file())
    return {source.name: source.digests() for source in sources}, size


def _open_sources(
    sections: Sequence[SourceSection],
    root: Path,
    temporary: Path,
    tell: Progress,
    restrictions: Mapping[str, Restriction] | None = None,
    lsoa_edition: str | None = None,
) -> tuple[list[_Source], list[Fault]]:
    described, faults = describe_sources(sections)
    crosswalks, wrong = _find_crosswalks(described, root, sections)
    faults += wrong
    of_source = {source.name: source.role.identifiers for source in described}
    identifiers = {
        source.name: of_source[crosswalks[source.name].linkage.register_.name]
        if source.name in crosswalks
        else source.role.identifiers
        for source in described
    }
    spaces = list(dict.fromkeys(identifiers.values()))
    intake = Intake("", root, temporary, tell)
    sources: list[_Source] = []
    number = 0
    for place, source in enumerate(described):
        intake.source = source.name
        key, wrong = _read_key(source.options)
        opened = open_source(source, intake)
        restriction = (restrictions or {}).get(source.name, Restriction())
        opt_outs, unusable = open_opt_outs(restriction.opt_outs, intake)
        misfit = check_edition(source.name, source.options, lsoa_edition)
        editions, unread = find_editions(source.name, source.options, root) if not misfit else (None, [])
        faults += [*wrong, *opened.faults, *unusable, *misfit, *unread]
        inputs = {}
        for entry in sorted(opened.inputs, key=lambda entry: entry.table == "events"):
            file = FileNumber(number, place, spaces.index(identifiers[source.name]))
            inputs[file] = limit_fields(entry, restriction.fields)
            number += 1
        crosswalk = crosswalks.get(source.name)
        limits = (restriction.codes, opt_outs)
        sources.append(_Source(source.name, source.role, inputs, key, crosswalk, *limits, editions))
    if not faults and not any(list(source.of("events")) for source in sources):
        what, hint = "there are no events in any source.", "Give at least one file of events."
        faults.append(Fault(f"{PLACE_FILE}, [[sources]]", what, hint))
    return sources, faults


def _find_crosswalks(
    described: Sequence[Described], root: Path, sections: Sequence[SourceSection]
) -> tuple[dict[str, Crosswalk], list[Fault]]:
    """The crosswalk of each source that has a linkage, and what is wrong with the others."""
    roles = {source.name: source.role for source in described}
    crosswalks: dict[str, Crosswalk] = {}
    faults: list[Fault] = []
    for source in (source for source in described if source.options.linkage is not None):
        crosswalk, wrong = find_crosswalk(root, source.options.linkage, sections)
        faults += wrong
        if crosswalk is None:
            continue
        linkage, where = crosswalk.linkage, f'{PLACE_FILE}, source "{source.name}", linkage'
        linked, register = roles.get(linkage.source.name), roles.get(linkage.register_.name)
        if linked is not None and linked.identifiers != source.role.identifiers:
            what = f'"{linkage.id}" links the identifiers of "{linkage.source.name}", which are not its own.'
            faults.append(Fault(where, what, f'Set identifiers to those of "{linkage.source.name}".'))
        elif register is not None and not register.adds_people:
            what = f'"{linkage.id}" links to "{linkage.register_.name}", whose people do not count.'
            faults.append(
                Fault(where, what, "Let register.name be the register, or a source that adds people.")
            )
        elif linked is not None and register is not None:
            crosswalks[source.name] = crosswalk
    return crosswalks, faults


def _read_key(options: SourceOptions) -> tuple[bytes | None, list[Fault]]:
    return read_key(options.pseudonym_key) if options.pseudonymise else (None, [])


def _with_pseudonyms(session: Session, number: int, source: _Source) -> _Source:
    """The source with its identifiers made pseudonyms, or those of the register, as each row is read.

    Whoever opted out gets a mark in the place of a pseudonym there, before anything else is looked at.
    """
    agreed = f"agreed_{number}" if source.codes is not None else None
    if source.codes is not None:
        hold_codes(session, f"agreed_{number}", source.codes)
    if source.key is None and source.crosswalk is None and not source.opt_outs:
        limited = {file: replace(entry, agreed_codes=agreed) for file, entry in source.inputs.items()}
        return replace(source, inputs=limited)
    key, links, gone = f"pseudonym_key_{number}", f"crosswalk_{number}", f"opted_out_{number}"
    if source.key is not None:
        hold_key(session.connection, source.key, key)
    if source.crosswalk is not None:
        path = quote(escape_glob(str(source.crosswalk.path)))
        session.run(f"CREATE TEMP TABLE {links} AS SELECT source_id, register_id FROM read_parquet({path})")

    def own_pseudonym(person: str) -> str:
        return person if source.key is None else pseudonym_sql(person, Number.NHS_NUMBER, key)

    if source.opt_outs:
        session.source = source.name
        hold_opt_outs(session, gone, source.opt_outs, own_pseudonym)

    def pseudonymise(person: str) -> str:
        own = made = own_pseudonym(person)
        if source.crosswalk is not None:
            linked = f"(SELECT register_id FROM {links} WHERE source_id = {own})"
            made = f"CASE WHEN {own} IS NOT NULL THEN coalesce({linked}, {UNLINKED}) END"
        if source.opt_outs:
            made = opted_out_sql(gone, own, otherwise=made)
        return f"CASE WHEN {person} = {UNKNOWN_PERSON} THEN {UNKNOWN_PERSON} ELSE {made} END"

    inputs = {
        file: replace(entry, pseudonymise=pseudonymise, agreed_codes=agreed)
        for file, entry in source.inputs.items()
    }
    return replace(source, inputs=inputs)


def _with_areas(session: Session, number: int, source: _Source) -> _Source:
    """The source with its LSOAs read as those of the place's edition, where it has the other one."""
    if source.editions is None:
        return source
    table = f"areas_{number}"
    hold_editions(session, table, source.editions)
    return replace(
        source, inputs={file: replace(entry, areas=table) for file, entry in source.inputs.items()}
    )


def _describe_conversion(session: Session, number: int, source: _Source) -> dict[str, Any]:
    return describe_conversion(session, source.editions, number) if source.editions else {}


def _sources_error(sections: Sequence[SourceSection], faults: list[Fault]) -> SourceError:
    if len(sections) == 1:
        return source_error(sections[0].name, faults)
    return SourceError("The sources cannot be read.", faults)


def _load_persons(
    session: Session, sources: Sequence[_Source], tell: Progress, *, check_practices: bool
) -> dict[FileNumber, TableReport]:
    tables: dict[FileNumber, TableReport] = {}
    for source in sources:
        session.source = source.name
        for number, entry in source.of("persons"):
            tell(f"Reading persons from {entry.file.name}")
            notes = entry.prepare(session) if entry.prepare else []
            cells = persons.stage_persons(
                session, number, entry, adds_people=source.role.adds_people, check_practices=check_practices
            )
            tables[number] = _start_table(session, number, entry, notes)
            of_file = f"WHERE file_no = {number.file}"
            _refuse_nhs_numbers(session, entry, "person_id", f"pseudonym FROM persons_staged {of_file}", 5)
            _refuse_nhs_numbers(
                session, entry, "practice_code", f"DISTINCT practice_code FROM persons_staged {of_file}", 5
            )
            if persons.has_unreadable_dates(session, number.file):
                _refuse_other_date_order(session, cells, entry)
    persons.drop_repeated_persons(session)
    persons.merge_persons(session, several=len(sources) > 1)
    persons.number_persons(session)
    _count_dropped(session, tables, "persons_staged", "file_no", persons.REASONS)
    _count_kept(session, tables, "persons_staged WHERE reason IS NULL", "file_no", "changed", persons.CHANGES)
    for number, table in tables.items():
        table.notes += name_unplaced(session, number.file)
    _check_kept(sources, tables, {words.SAME_PERSON_ROW, words.OTHER_PERSON_ROW, *words.NOT_ALLOWED})
    return tables


def _load_events(
    session: Session, sources: Sequence[_Source], tell: Progress
) -> dict[FileNumber, TableReport]:
    tables: dict[FileNumber, TableReport] = {}
    events.prepare_events(session)
    for source in sources:
        session.source = source.name
        for number, entry in source.of("events"):
            tell(f"Reading events from {entry.file.name}")
            notes = entry.prepare(session) if entry.prepare else []
            cells = events.stage_events(session, number, entry)
            tables[number] = _start_table(session, number, entry, notes)
            of_file = f"WHERE origin >> {len(events.CHANGES)} = {number.file}"
            _refuse_nhs_numbers(session, entry, "code", f"DISTINCT code FROM events_staged {of_file}", 20)
            if events.has_unreadable_dates(session, number.file):
                _refuse_other_date_order(session, cells, entry)
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
    _check_kept(sources, tables, {words.SAME_EVENT, *words.NOT_ALLOWED})
    return tables


def _start_table(session: Session, number: FileNumber, entry: Input, prepared: Sequence[str]) -> TableReport:
    rejected, notes = session.take_rejected(f"rejects_{number.file}")
    started = TableReport(entry.table, entry.file.name, read=sum(rejected.values()), dropped=rejected)
    started.notes = [*entry.file.notes, *prepared, *notes]
    return started


def _count_dropped(
    session: Session,
    tables: dict[FileNumber, TableReport],
    staged: str,
    file_no: str,
    reasons: Sequence[tuple[str, str]],
) -> None:
    by_file = {number.file: table for number, table in tables.items()}
    rows = session.run(f"SELECT {file_no}, reason, count(*) FROM {staged} GROUP BY ALL ORDER BY ALL")
    for number, reason, count in rows:
        table = by_file[number]
        table.read += count
        if reason is not None:
            table.dropped[reasons[reason][0]] = count


def _count_kept(
    session: Session,
    tables: dict[FileNumber, TableReport],
    kept: str,
    file_no: str,
    mask: str,
    changes: Sequence[tuple[str, str]],
) -> None:
    by_file = {number.file: table for number, table in tables.items()}
    counts = session.run(f"SELECT {file_no}, count(*), {count_changes(changes, mask)} FROM {kept} GROUP BY 1")
    for number, count, *changed in counts:
        by_file[number].kept = count
        by_file[number].changed = in_words(changes, changed)


def _check_kept(sources: Sequence[_Source], tables: dict[FileNumber, TableReport], again: set[str]) -> None:
    for source in sources:
        read = {number: tables[number] for number in source.inputs if number in tables}
        faults = []
        for number, table in read.items():
            entry = source.inputs[number]
            _note_oddities(table, entry.file)
            if table.read and not table.kept and not again & set(table.dropped):
                what = f"none of its {table.read:,} rows can be used ({_list_reasons(table)})."
                if entry.is_optional:
                    table.notes.append(f"{table.file}: {what}")
                else:
                    faults.append(Fault(table.file, what, "Check its columns in place.toml and the export."))
        if not faults and read and not any(table.kept or table.dropped for table in read.values()):
            files = ", ".join(table.file for table in read.values())
            faults.append(
                Fault(files, "no rows (0) below the header line.", "Ask the provider to send it again.")
            )
        if (
            not faults
            and read
            and not any(table.kept or again & set(table.dropped) for table in read.values())
        ):
            faults += [
                Fault(table.file, f"none of its {table.read:,} rows can be used ({_list_reasons(table)}).")
                for table in read.values()
                if table.read
            ]
        if faults:
            raise source_error(source.name, faults)


def _note_oddities(table: TableReport, file: InputFile) -> None:
    spare = file.lines - 1 - table.read
    if spare > 0:
        table.notes.append(
            f"{spare:,} lines are empty or inside a quoted cell: if that is unexpected, "
            "look for a stray quotation mark"
        )
    if not table.read:
        table.notes.append("holds a header line and no rows" if file.lines else "holds no rows")


def _list_reasons(table: TableReport) -> str:
    return "; ".join(f"{reason}: {count:,}" for reason, count in table.dropped.items())


def _refuse_nhs_numbers(session: Session, entry: Input, column: str, texts: str, at_least: int) -> None:
    mapped = entry.columns.get(column)
    if mapped:
        persons.refuse_nhs_numbers(session, f"SELECT {texts}", entry.file.name, mapped, at_least=at_least)


def _refuse_other_date_order(session: Session, cells: Cells, entry: Input) -> None:
    """Stop where a column's dates only make sense in the other order: half of them would be misread."""
    month_first = entry.month_first
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
