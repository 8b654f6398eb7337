"""A small extract that every test changes in one way, and the call that reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from evenground.contract import LoadReport, TableReport
from evenground.sources import load_sources
from evenground.workspace import SourceSection

AS_AT = dt.date(2026, 3, 31)
LSOAS = ("E01000001", "E01000002")

PERSONS = """\
person_id,birth_date,sex,ethnic_group,lsoa_code,practice_code,death_date,left_date
p3,1950-06-15,1,A,E01000001,Y1,,
p1,1980-01-01,2,J,E01000002,Y1,,
p2,2001-12-31,9,Z,E01000001,Y2,2020-05-05,
"""
EVENTS = """\
person_id,code,event_date,value
p1,59621000,2020-01-01,
p3,271649006,2024-02-03,141.5
p3,271649006,2023-02-03,150
"""


@dataclass
class Extract:
    """The files and options of one extract in a workspace; ``load`` reads it."""

    root: Path
    options: dict[str, Any] = field(default_factory=dict)
    practice_codes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        names = PERSONS.splitlines()[0].split(",")
        self.options = {
            "persons": {"path": "data/persons.csv", "columns": {name: name for name in names}},
            "events": [
                {
                    "path": "data/events.csv",
                    "columns": {name: name for name in EVENTS.splitlines()[0].split(",")},
                }
            ],
        }
        self.write("persons.csv", PERSONS)
        self.write("events.csv", EVENTS)

    @property
    def folder(self) -> Path:
        return self.root / "secure"

    @property
    def persons(self) -> dict[str, Any]:
        options: dict[str, Any] = self.options["persons"]
        return options

    @property
    def events(self) -> dict[str, Any]:
        options: dict[str, Any] = self.options["events"][0]
        return options

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def add_persons(self, *rows: str) -> None:
        self.write("persons.csv", PERSONS + "".join(f"{row}\n" for row in rows))

    def add_events(self, *rows: str) -> None:
        self.write("events.csv", EVENTS + "".join(f"{row}\n" for row in rows))

    def load(self, progress: Callable[[str], None] | None = None) -> LoadReport:
        (report,) = load_sources(
            [SourceSection(name="GP records", kind="extract", **self.options)],
            root=self.root,
            folder=self.folder,
            as_at=AS_AT,
            lsoa_codes=LSOAS,
            practice_codes=self.practice_codes,
            progress=progress,
        )
        return report

    def load_persons(self) -> tuple[pl.DataFrame, TableReport]:
        report = self.load()
        return pl.read_parquet(report.persons), report.tables[0]

    def load_events(self) -> tuple[pl.DataFrame, TableReport]:
        report = self.load()
        return pl.read_parquet(report.events), report.tables[1]
