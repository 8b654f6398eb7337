"""Tiny tables of people and events, made-up definitions, and every engine by name to run them on."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from evenground.codelists import Code, CodeList
from evenground.engine import ENGINES, count_dates
from evenground.indicators import Definitions, Feature, Indicator
from evenground.indicators.expressions import parse
from tests.spec import reference_engine

Row = dict[str, Any]
Cells = dict[tuple[str, ...], Counter[str]]

LSOAS = ["E01000001", "E01000002"]
AS_AT = dt.date(2026, 3, 31)
PERSON_TYPES = {
    "person_id": pl.Int64,
    "birth_date": pl.Date,
    "sex": pl.String,
    "ethnic_group": pl.String,
    "lsoa_code": pl.String,
    "practice_code": pl.String,
    "death_date": pl.Date,
    "left_date": pl.Date,
}
EVENT_TYPES = {
    "person_id": pl.Int64,
    "code_system": pl.String,
    "code": pl.String,
    "event_date": pl.Date,
    "value": pl.Float64,
}


def _codelist(name: str, *codes: tuple[str, str | None]) -> CodeList:
    rows = tuple(Code("local", code, code, category) for code, category in codes)
    return CodeList(name, "made up", "1", rows)


CODELISTS = {
    "check": _codelist("check", ("CHECK-1", None), ("CHECK-2", None)),
    "illness": _codelist("illness", ("ILL", None)),
    "admission": _codelist("admission", ("ADM", None)),
    "pressure": _codelist("pressure", ("BP", None)),
    "smoking": _codelist("smoking", ("SMOKE", "current"), ("EX", "former"), ("NEVER", "never")),
}
FEATURES = {
    "check": Feature(id="check", name="Check", kind="event", codelist="check"),
    "illness": Feature(id="illness", name="Illness", kind="event", codelist="illness"),
    "admission": Feature(id="admission", name="Admission", kind="event", codelist="admission"),
    "pressure": Feature(
        id="pressure", name="Pressure", kind="value", codelist="pressure", plausible=(50, 300), unit="mmHg"
    ),
    # The same code, read by a second feature with a narrower range, and by one that only asks for a record.
    "low_pressure": Feature(
        id="low_pressure", name="Low", kind="value", codelist="pressure", plausible=(50, 100), unit="mmHg"
    ),
    "pressure_taken": Feature(id="pressure_taken", name="Taken", kind="event", codelist="pressure"),
    "smoking": Feature(id="smoking", name="Smoking", kind="category", codelist="smoking"),
}


def _rule(name: str, raw: Mapping[str, Any]) -> Feature:
    node, faults = parse(raw, name)
    assert not faults, [str(fault) for fault in faults]
    return Feature(id=name, name="Made up", kind="rule", words="counted by a rule", expression=node)


FEATURES |= {
    rule.id: rule
    for rule in (
        _rule("ill", {"feature": "illness"}),
        _rule("checked_lately", {"feature": "check", "within_months": 12}),
        _rule("ill_and_high", {"all": [{"feature": "ill"}, {"latest": "pressure", "above": 140}]}),
        _rule("two_of", {"some_of": ["ill", "checked_lately", "admission", "illness"], "at_least": 2}),
    )
}
EVERYBODY = {"age": {"from": 0}}


def indicator(
    name: str, numerator: Mapping[str, Any], denominator: Mapping[str, Any] = EVERYBODY
) -> Indicator:
    """An indicator with made-up words around two expressions."""
    parts = {}
    for part, raw in (("denominator", denominator), ("numerator", numerator)):
        node, faults = parse(raw, part)
        assert not faults, [str(fault) for fault in faults]
        parts[part] = {"words": "Some people.", "who": node}
    rate = "count" in numerator
    return Indicator.model_validate(
        {
            "id": name,
            "name": "Made up",
            "short_name": "Made up",
            "topic": "Made up",
            "description": "Made up.",
            "polarity": "none",
            "value_type": "crude_rate" if rate else "proportion",
            "unit": "%",
            "multiplier": 100,
            "is_service": False,
            "author": "One",
            "checker": "Two",
            "review_date": "2027-01-01",
            "source": {"title": "Made up"},
            **parts,
        }
    )


def definitions(*indicators: Indicator) -> Definitions:
    """Definitions of these indicators and the made-up features."""
    return Definitions({one.id: one for one in indicators}, FEATURES, CODELISTS, {}, "0" * 64)


def person(person_id: int = 0, **facts: Any) -> Row:
    """A woman of 60, White British, of the first LSOA, unless told otherwise."""
    usual = {
        "person_id": person_id,
        "birth_date": dt.date(1965, 6, 1),
        "sex": "female",
        "ethnic_group": "A",
        "lsoa_code": LSOAS[0],
        "practice_code": "P1",
        "death_date": None,
        "left_date": None,
    }
    return usual | facts


def event(code: str, day: str | dt.date, value: float | None = None, **facts: Any) -> Row:
    """An event of the first person."""
    date = dt.date.fromisoformat(day) if isinstance(day, str) else day
    usual = {"person_id": 0, "code_system": "local", "code": code, "event_date": date, "value": value}
    return usual | facts


@dataclass(frozen=True)
class Table:
    """What an engine is given."""

    definitions: Definitions
    persons: list[Row]
    events: list[Row]
    as_at: dt.date = AS_AT
    base: str = "registered"
    lsoas: tuple[str, ...] = tuple(LSOAS)


def run_reference(table: Table) -> Cells:
    """The plain-Python meaning."""
    return reference_engine.count_cells(
        table.definitions, table.persons, table.events, list(table.lsoas), table.as_at, table.base
    )


def run_engine(name: str, *others: dt.date) -> Callable[[Table], Cells]:
    """A real engine, through files; with other dates, as it counts at several dates at once."""

    def run(table: Table) -> Cells:
        with tempfile.TemporaryDirectory() as made:
            persons, events = write_contract(Path(made), table)
            counted = dict(
                count_dates(
                    table.definitions,
                    persons=persons,
                    events=events,
                    lsoas=pl.DataFrame({"lsoa_code": table.lsoas}),
                    as_at=[table.as_at, *others],
                    base=table.base,
                    engine=name,
                )
            )
        cells = counted[table.as_at]
        keys = ("lsoa_code", "age_band", "sex", "ethnic_group")
        rows = cells.frame.to_dicts()
        return {
            tuple(row[key] for key in keys): Counter({name: row[name] for name in cells.measures})
            for row in rows
        }

    return run


def write_contract(folder: Path, table: Table) -> tuple[Path, Path]:
    """The two files of the contract."""
    persons, events = folder / "persons.parquet", folder / "events.parquet"
    pl.DataFrame(table.persons, schema=PERSON_TYPES).write_parquet(persons)
    pl.DataFrame(table.events, schema=EVENT_TYPES).write_parquet(events)
    return persons, events


RUNS: dict[str, Callable[[Table], Cells]] = {
    "reference": run_reference,
    **{name: run_engine(name) for name in ENGINES},
    "duckdb, three dates": run_engine("duckdb", dt.date(2024, 8, 31), dt.date(2026, 11, 30)),
}
TOGETHER = ("spark",)
"""Engines that take a second to start a query: their cases are put together, in test_spark_agrees.py."""

EACH = [name for name in RUNS if name not in TOGETHER]
"""Engines that run every case by itself."""
