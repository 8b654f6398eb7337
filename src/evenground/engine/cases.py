"""Small tables of made-up people beside an indicator, with what must be counted of each.

``indicators/<id>.cases.csv`` lies beside ``indicators/<id>.toml``. A person has one or more rows: the first
with what is known of them and what is expected, each with at most one record::

    # as_at: 2026-03-31
    person,birth_date,sex,ethnic_group,record,date,value,in_denominator,in_numerator
    Two doses in time,2020-10-01,,,mmr_vaccination,2021-10-02,,yes,yes
    Two doses in time,,,,mmr_vaccination,2024-02-01,,,
    One dose,2020-10-01,,,mmr_vaccination,2021-10-02,,yes,no

``record`` is a feature, and for a category ``smoking_status: current_smoker``. Where a rate is counted,
``in_denominator`` and ``in_numerator`` are numbers. An empty sex is female, an empty ethnic group A.
"""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from evenground.codelists import Code
from evenground.contract import EVENTS, PERSONS
from evenground.engine.cells import count
from evenground.errors import DefinitionError, Fault, suggest
from evenground.indicators import Definitions, Feature

COLUMNS: Final = (
    "person",
    "birth_date",
    "sex",
    "ethnic_group",
    "record",
    "date",
    "value",
    "in_denominator",
    "in_numerator",
)
_ANSWERS: Final = {"yes": 1, "no": 0}
_POLARS: Final = {"BIGINT": pl.Int64, "DATE": pl.Date, "DOUBLE": pl.Float64, "VARCHAR": pl.String}


@dataclass(slots=True)
class Case:
    """A made-up person, their records, and what must be counted of them."""

    name: str
    facts: dict[str, Any]
    expected: tuple[int, int]
    records: list[dict[str, Any]] = field(default_factory=list)


def find_cases(indicator_id: str, *folders: Path) -> Path | None:
    """The table beside an indicator, in the last folder of definitions that holds one."""
    paths = [folder / "indicators" / f"{indicator_id}.cases.csv" for folder in folders]
    return next((path for path in reversed(paths) if path.is_file()), None)


def run_cases(definitions: Definitions, indicator_id: str, path: Path, *, engine: str = "duckdb") -> int:
    """Count the people of a table, and hold the counts against what it expects.

    Returns
    -------
    int
        How many people agree.

    Raises
    ------
    DefinitionError
        With every fault of the table, or with every person who is counted otherwise.
    """
    as_at, cases = _read_cases(path, definitions)
    only = definitions.keep([indicator_id])
    with tempfile.TemporaryDirectory(prefix="evenground-cases-") as made:
        persons, events = _write_contract(Path(made), cases)
        lsoas = pl.DataFrame({"lsoa_code": [_place(number) for number in range(len(cases))]})
        counted = count(only, persons=persons, events=events, lsoas=lsoas, as_at=as_at, engine=engine).frame
    columns = [f"{indicator_id}__{part}" for part in ("denominator", "numerator")]
    found = {
        place: (people, reached) for place, people, reached in counted.select("lsoa_code", *columns).rows()
    }
    faults = [
        Fault(
            f"{path.name}, {case.name}", f"counts {got[0]} and {got[1]}, not {' and '.join(map(str, want))}."
        )
        for number, case in enumerate(cases)
        for got, want in [(found.get(_place(number), (0, 0)), case.expected)]
        if got != want
    ]
    if faults:
        raise DefinitionError(f"{indicator_id} does not count what its table expects.", faults)
    return len(cases)


def _place(number: int) -> str:
    return f"case-{number:04}"


def _read_cases(path: Path, definitions: Definitions) -> tuple[dt.date, list[Case]]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    faults: list[Fault] = []
    if tuple(rows.fieldnames or ()) != COLUMNS:
        faults = [Fault(path.name, "has other columns.", f"Its header must be: {','.join(COLUMNS)}.")]
        raise DefinitionError(f"The table {path.name} cannot be used.", faults)
    about = dict(line[1:].split(":", 1) for line in lines if line.startswith("#") and ":" in line)
    dates = {key.strip(): value.strip() for key, value in about.items()}
    as_at = _read_date(dates.get("as_at", ""), f"{path.name}, as_at", faults)
    cases: dict[str, Case] = {}
    for number, row in enumerate(rows, start=1):
        _add_row(row, f"{path.name}, row {number}", cases, definitions, faults)
    if faults or as_at is None:
        raise DefinitionError(f"The table {path.name} cannot be used.", faults)
    return as_at, list(cases.values())


def _add_row(
    row: Mapping[str, str],
    where: str,
    cases: dict[str, Case],
    definitions: Definitions,
    faults: list[Fault],
) -> None:
    name = row["person"]
    if name not in cases:
        born = _read_date(row["birth_date"], f"{where}, birth_date", faults)
        facts = {
            "birth_date": born,
            "sex": row["sex"] or "female",
            "ethnic_group": row["ethnic_group"] or "A",
        }
        expected = (
            _read_answer(row["in_denominator"], f"{where}, in_denominator", faults),
            _read_answer(row["in_numerator"], f"{where}, in_numerator", faults),
        )
        cases[name] = Case(name, facts, expected)
    if row["record"]:
        code = _find_code(row["record"], f"{where}, record", definitions, faults)
        day = _read_date(row["date"], f"{where}, date", faults)
        value = float(row["value"]) if row["value"] else None
        if code:
            cases[name].records.append(
                {"code_system": code.code_system, "code": code.code, "event_date": day, "value": value}
            )


def _read_date(raw: str, where: str, faults: list[Fault]) -> dt.date | None:
    try:
        return dt.date.fromisoformat(raw)
    except ValueError:
        faults.append(Fault(where, f'is "{raw}", not a date.', "Write it as 2026-03-31."))
        return None


def _read_answer(raw: str, where: str, faults: list[Fault]) -> int:
    if raw not in _ANSWERS and not raw.isdigit():
        faults.append(Fault(where, f'is "{raw}".', "Write yes, no, or a number for a rate."))
        return 0
    return _ANSWERS[raw] if raw in _ANSWERS else int(raw)


def _find_code(raw: str, where: str, definitions: Definitions, faults: list[Fault]) -> Code | None:
    name, _, category = (part.strip() for part in raw.partition(":"))
    feature = definitions.features.get(name)
    if feature is None or feature.is_rule:
        known = [one.id for one in definitions.features.values() if not one.is_rule]
        faults.append(Fault(where, f'"{name}" is not a feature with codes.', suggest(name, known)))
        return None
    codes = list(_codes_of(feature, category, definitions))
    if not codes:
        known = list(definitions.codelists[feature.codelist].categories)
        faults.append(Fault(where, f'"{category}" is not a category of {name}.', suggest(category, known)))
    return codes[0] if codes else None


def _codes_of(feature: Feature, category: str, definitions: Definitions) -> Iterator[Code]:
    for code in definitions.codelists[feature.codelist].codes:
        if category in ("", code.category or ""):
            yield code


def _write_contract(folder: Path, cases: Iterable[Case]) -> tuple[Path, Path]:
    people: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    for number, case in enumerate(cases):
        people.append({"person_id": number, "lsoa_code": _place(number), "practice_code": "P", **case.facts})
        records += [{"person_id": number, **record} for record in case.records]
    paths = folder / "persons.parquet", folder / "events.parquet"
    for path, rows, columns in zip(paths, (people, records), (PERSONS, EVENTS), strict=True):
        schema = {column.name: _POLARS[column.sql_type] for column in columns}
        whole = [{name: row.get(name) for name in schema} for row in rows]
        pl.DataFrame(whole, schema=schema).write_parquet(path)
    return paths
