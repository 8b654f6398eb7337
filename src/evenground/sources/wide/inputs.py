"""A wide table as persons and events: each cell that says something becomes an event."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from dataclasses import replace

from evenground.errors import Fault
from evenground.sources.staging.columns import check_types
from evenground.sources.staging.files import (
    FileError,
    InputFile,
    check_columns,
    find_files,
    open_file,
    quote,
)
from evenground.sources.staging.inputs import Input, Intake, Opened
from evenground.sources.staging.words import EMPTY_CELLS
from evenground.sources.wide.options import Attribute, WideOptions
from evenground.workspace import PLACE_FILE


def open_wide(options: WideOptions, intake: Intake, *, adds_people: bool) -> Opened:
    """Open each file and say how it is read, once for its persons and once for its events."""
    faults: list[Fault] = []
    if adds_people and options.columns.birth_date is None:
        where = f'{PLACE_FILE}, source "{intake.source}", columns.birth_date'
        faults.append(Fault(where, "is missing.", "Add it: this source says who counts."))
    try:
        found = find_files(options.path, intake.root, "path")
    except FileError as error:
        return Opened([], [*faults, error.fault])
    inputs = []
    mapped = options.columns.given()
    hints = {theirs: f"Check columns.{ours} in place.toml." for ours, theirs in mapped.items()}
    for attribute in options.attributes:
        for column in filter(None, (attribute.column, attribute.date_column)):
            hints.setdefault(column, "Check attributes in place.toml.")
    for name, path in found:
        intake.tell(f"Checking {name}")
        try:
            file = open_file(name, path, wanted=hints, separator=options.separator, copy=intake.next_copy())
        except FileError as error:
            faults.append(error.fault)
            continue
        wrong = check_columns(file, hints, ", as in columns and attributes")
        faults += wrong or check_types(file, mapped, "persons")
        month_first = options.date_order == "month_first"
        given = (options.values.given(), options.constants.given())
        inputs.append(Input("persons", file, mapped, *given, month_first=month_first))
        if not wrong:
            inputs.append(_events(file, options, month_first=month_first))
    return Opened(inputs, faults)


def _events(file: InputFile, options: WideOptions, *, month_first: bool) -> Input:
    dates = [a.column if a.kind == "date" else a.date_column or "" for a in options.attributes]
    labels = {
        "person_id": options.columns.person_id,
        "code_system": "(system)",
        "code": "(code)",
        "event_date": ", ".join(filter(None, dict.fromkeys(dates))) or "(date)",
        "value": ", ".join(a.column for a in options.attributes if a.kind == "value") or "(value)",
        "mark": "(mark)",
    }
    own = (options.values.person_id or {}).items()
    return Input(
        "events",
        replace(
            file,
            columns=tuple(labels.values()),
            types=("VARCHAR",) * len(labels),
            lines=0,
            relation=lambda rejects: _events_sql(file, options, rejects),
        ),
        labels,
        {"person_id": dict(own)} if own else {},
        month_first=month_first,
    )


def _events_sql(file: InputFile, options: WideOptions, rejects: str) -> str:
    """One pass over the table: a list of what each row says, spread out."""
    cells = ", ".join(_event(file, attribute) for attribute in options.attributes)
    return f"""(
        SELECT person AS c0, told.system AS c1, told.code AS c2, told.happened AS c3, told.value AS c4,
            told.mark AS c5
        FROM (
            SELECT {_cell(file, options.columns.person_id)} AS person,
                unnest(list_filter([{cells}], lambda x: x.system IS NOT NULL)) AS told
            FROM {file.scan(rejects)}
        ))"""


def _event(file: InputFile, attribute: Attribute) -> str:
    """SQL for the event of one cell; its system is NULL where the cell says nothing."""
    cell = _cell(file, attribute.column)
    told, value, mark = f"{cell} IS NOT NULL", "NULL::VARCHAR", "NULL::VARCHAR"
    if attribute.kind == "flag":
        told = f"lower({cell}) NOT IN ({_listed(attribute.no)})"
        mark = f"CASE WHEN lower({cell}) NOT IN ({_listed(attribute.yes)}) THEN 'flag' END"
    if attribute.kind == "value":
        value = cell
    if attribute.kind == "date":
        happened = cell
    elif attribute.date_column:
        happened = _cell(file, attribute.date_column)
    elif attribute.date:
        happened = quote(attribute.date.isoformat())
    else:
        happened = "(SELECT as_at::VARCHAR FROM dates)"
    return (
        f"{{'system': CASE WHEN {told} THEN {quote(attribute.code_system)} END, "
        f"'code': {quote(attribute.code)}, 'happened': {happened}, 'value': {value}, 'mark': {mark}}}"
    )


def _listed(texts: tuple[str, ...]) -> str:
    return ", ".join(quote(text.lower()) for text in texts) or "NULL"


def _cell(file: InputFile, column: str) -> str:
    """SQL for a cell as text, NULL where it is empty."""
    text = f"trim(c{file.find(column)}::VARCHAR)"
    return f"CASE WHEN {text} NOT IN ({', '.join(map(quote, EMPTY_CELLS))}) THEN {text} END"
