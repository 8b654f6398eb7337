"""The files of an extract, found and opened, with every fault of them."""

from __future__ import annotations

from typing import Literal

from evenground.errors import Fault
from evenground.sources.extract.options import EventsOptions, ExtractOptions, PersonsOptions
from evenground.sources.staging.columns import check_types
from evenground.sources.staging.files import FileError, check_columns, find_files, open_file
from evenground.sources.staging.inputs import Input, Intake, Opened
from evenground.workspace import PLACE_FILE


def open_extract(options: ExtractOptions, intake: Intake, *, adds_people: bool) -> Opened:
    """Open each file of persons and of events."""
    inputs: list[Input] = []
    faults = _check_persons(options.persons, intake.source) if adds_people else []
    sections: list[tuple[str, Literal["persons", "events"], PersonsOptions | EventsOptions]] = []
    if options.persons:
        sections.append(("persons", "persons", options.persons))
    sections += [
        (f"events {number}", "events", entry) for number, entry in enumerate(options.events, start=1)
    ]
    for where, table, section in sections:
        try:
            found = find_files(section.path, intake.root, where)
        except FileError as error:
            faults.append(error.fault)
            continue
        mapped = section.columns.given()
        for name, path in found:
            intake.tell(f"Checking {name}")
            try:
                file = open_file(
                    name, path, wanted=mapped.values(), separator=section.separator, copy=intake.next_copy()
                )
            except FileError as error:
                faults.append(error.fault)
                continue
            hints = {
                theirs: f"Check {table}.columns.{ours} in place.toml." for ours, theirs in mapped.items()
            }
            faults += check_columns(file, hints, f", as in {table}.columns")
            faults += check_types(file, mapped, table)
            system = section.code_system if isinstance(section, EventsOptions) else None
            inputs.append(
                Input(
                    table,
                    file,
                    mapped,
                    section.values.given(),
                    section.constants.given(),
                    month_first=section.date_order == "month_first",
                    code_system=system or options.code_system,
                )
            )
    return Opened(inputs, faults)


def _check_persons(persons: PersonsOptions | None, source: str) -> list[Fault]:
    where = f'{PLACE_FILE}, source "{source}", persons'
    if persons is None:
        return [Fault(where, "is missing.", "Add [sources.persons]: this source says who counts.")]
    if persons.columns.birth_date is None:
        return [Fault(f"{where}.columns.birth_date", "is missing.", "Add it.")]
    return []
