"""Several small sources in a folder, each written by a test, and the call that reads them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from evenground.contract import LoadReport
from evenground.errors import Fault
from evenground.sources import check_sources, load_sources
from evenground.workspace import SourceSection

AS_AT = dt.date(2026, 3, 31)
LSOAS = ("E01000001", "E01000002")


@dataclass
class Sources:
    """The sections of a place.toml and the files they name; ``load`` reads them."""

    root: Path
    sections: list[SourceSection] = field(default_factory=list)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def add(self, name: str, kind: str, **options: Any) -> None:
        self.sections.append(SourceSection(name=name, kind=kind, **options))

    def add_extract(self, name: str, *, persons: str = "", events: str = "", **options: Any) -> None:
        """A source of which the files have our own column names."""
        for table, text in (("persons", persons), ("events", events)):
            if text:
                path = f"{name}/{table}.csv"
                self.write(path, text)
                section = {"path": path, "columns": {c: c for c in text.splitlines()[0].split(",")}}
                options[table] = section if table == "persons" else [section]
        self.add(name, "extract", **options)

    def load(self) -> tuple[LoadReport, ...]:
        return load_sources(
            self.sections, root=self.root, folder=self.root / "secure", as_at=AS_AT, lsoa_codes=LSOAS
        )

    def check(self) -> list[Fault]:
        folder = self.root / "secure"
        folder.mkdir(exist_ok=True)
        return check_sources(self.sections, root=self.root, folder=folder)

    def load_persons(self) -> list[dict[str, Any]]:
        """The persons written, as rows."""
        return pl.read_parquet(self.load()[0].persons).rows(named=True)

    def load_events(self) -> list[tuple[Any, ...]]:
        """The events written: person, code system, code, date as text, value."""
        events = pl.read_parquet(self.load()[0].events)
        return events.with_columns(pl.col("event_date").cast(pl.String)).rows()
