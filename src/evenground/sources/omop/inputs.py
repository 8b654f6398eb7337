"""The tables of an OMOP source as persons and events: SQL that makes the columns of the checks of theirs."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from evenground.errors import Fault
from evenground.sources.omop.options import OmopOptions, OmopTable
from evenground.sources.omop.tables import Database, Tables, find_tables
from evenground.sources.staging import words
from evenground.sources.staging.files import InputFile, check_columns
from evenground.sources.staging.inputs import UNKNOWN_PERSON, Input, Intake, Opened
from evenground.sources.staging.session import Session
from evenground.vocabulary import Sex

GENDER_CONCEPTS: Final = {
    "8507": str(Sex.MALE),
    "8532": str(Sex.FEMALE),
    "8570": str(Sex.INDETERMINATE),
    "8521": str(Sex.NOT_KNOWN),
    "8551": str(Sex.NOT_KNOWN),
}
"""The standard concepts of the domain Gender: male, female, ambiguous, other, unknown."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one table of events names its columns."""

    concept: str
    source: str
    date: str
    value: str | None = None
    value_concept: str | None = None


_PERSON: Final = (
    "person_id",
    "gender_concept_id",
    "gender_source_value",
    "year_of_birth",
    "month_of_birth",
    "day_of_birth",
    "birth_datetime",
    "location_id",
    "care_site_id",
)

_EVENTS: Final = {
    "condition_occurrence": _Shape("condition_concept_id", "condition_source_value", "condition_start_date"),
    "measurement": _Shape(
        "measurement_concept_id",
        "measurement_source_value",
        "measurement_date",
        "value_as_number",
        "value_as_concept_id",
    ),
    "observation": _Shape(
        "observation_concept_id",
        "observation_source_value",
        "observation_date",
        "value_as_number",
        "value_as_concept_id",
    ),
    "procedure_occurrence": _Shape("procedure_concept_id", "procedure_source_value", "procedure_date"),
    "drug_exposure": _Shape("drug_concept_id", "drug_source_value", "drug_exposure_start_date"),
    "visit_occurrence": _Shape("visit_concept_id", "visit_source_value", "visit_start_date"),
}


def open_omop(options: OmopOptions, intake: Intake, *, adds_people: bool) -> Opened:
    """Find the tables and say how each is read."""
    named = options.tables.named()
    wanted = {"person", "death", *(named or _EVENTS)}
    wanted |= {"location"} if options.lsoa_code else set()
    wanted |= {"care_site"} if options.practice_code else set()
    wanted |= {"observation_period"} if options.leaves_after_observation else set()
    tables, faults = find_tables(
        options, {table: _columns_of(table, options) for table in sorted(wanted)}, intake
    )
    if not tables.files and faults:
        return Opened([], faults)
    required = {*named, *(wanted - {"death", *_EVENTS})} - {"person"}
    faults += [
        Fault(f"{options.where}, table {table}", "is not there.", "Leave its keys out of place.toml.")
        for table in sorted(required - set(tables.files))
        if not any(table in fault.where for fault in faults)
    ]
    reader = _Reader(options, tables, f"omop_{intake.next_copy().name.rpartition('-')[2]}")
    inputs = []
    if "person" in tables.files:
        faults += _check_columns(tables.files["person"], ("person_id", "year_of_birth", options.identifier))
        faults += reader.check_side_tables()
        inputs.append(reader.persons())
    for table in (table for table in _EVENTS if table in tables.files):
        choice = named.get(table, OmopTable())
        faults += reader.check_events(table, choice)
        inputs.append(reader.events(table, choice))
    return Opened(inputs, faults)


def _columns_of(table: str, options: OmopOptions) -> set[str]:
    """Every column of a table that may be read."""
    if table in _EVENTS:
        shape = _EVENTS[table]
        values = {column for column in (shape.value, shape.value_concept) if column}
        return {"person_id", shape.concept, shape.source, shape.date, f"{shape.date}time", *values}
    chosen = {column.casefold() for column in (options.lsoa_code, options.practice_code) if column}
    return {
        "person": {*_PERSON, options.identifier, options.ethnic_group},
        "death": {"person_id", "death_date"},
        "observation_period": {"person_id", "observation_period_end_date"},
        "location": {"location_id", *chosen},
        "care_site": {"care_site_id", *chosen},
    }[table]


def _check_columns(file: InputFile, columns: Iterable[str]) -> list[Fault]:
    return check_columns(file, dict.fromkeys(columns, ""), "")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Builds the SQL of one source. ``prefix`` starts the names of its temporary tables."""

    options: OmopOptions
    tables: Tables
    prefix: str

    def check_side_tables(self) -> list[Fault]:
        wanted = {
            "location": ("location_id", self.options.lsoa_code),
            "care_site": ("care_site_id", self.options.practice_code),
            "death": ("person_id", "death_date"),
            "observation_period": ("person_id", "observation_period_end_date"),
        }
        faults = []
        for table, columns in wanted.items():
            if table in self.tables.files:
                faults += _check_columns(self.tables.files[table], (c for c in columns if c))
        return faults

    def check_events(self, table: str, choice: OmopTable) -> list[Fault]:
        file, shape = self.tables.files[table], _EVENTS[table]
        columns = ["person_id", shape.date]
        columns += [shape.concept] if choice.concepts else []
        columns += [shape.source] if choice.source_code_system else []
        faults = _check_columns(file, columns)
        if not choice.concepts and not choice.source_code_system:
            what = "has neither concepts nor a source_code_system: nothing of it would be read."
            faults.append(Fault(f"place.toml, tables.{table}", what, "Give one, or leave the table out."))
        return faults

    def persons(self) -> Input:
        file = self.tables.files["person"]
        identifier, ethnic = self.options.identifier, self.options.ethnic_group
        labels = {
            "person_id": identifier,
            "birth_date": "year_of_birth",
            "sex": "gender_concept_id",
            "ethnic_group": ethnic,
            "lsoa_code": f"location.{self.options.lsoa_code}",
            "practice_code": f"care_site.{self.options.practice_code}",
            "death_date": "death.death_date",
            "left_date": "observation_period.observation_period_end_date",
            "mark": "(mark)",
        }
        values = {
            "sex": GENDER_CONCEPTS | (self.options.values.sex or {}),
            "ethnic_group": self.options.values.ethnic_group or {},
            "lsoa_code": self.options.values.lsoa_code or {},
            "practice_code": self.options.values.practice_code or {},
        }
        return Input(
            "persons",
            _as_text(file, tuple(labels.values()), self._persons_sql),
            labels,
            values,
            prepare=self._prepare_side_tables,
        )

    def _persons_sql(self, rejects: str) -> str:
        file = self.tables.files["person"]
        birth, year, month, day = (
            _cell(file, column)
            for column in ("birth_datetime", "year_of_birth", "month_of_birth", "day_of_birth")
        )
        gender = _concept(file, "gender_concept_id")
        columns = {
            "pseudonym": _cell(file, self.options.identifier),
            "key": _key(_cell(file, "person_id")),
            "birth": birth,
            "year": _key(year),
            "month": f"lpad({_key(month)}, 2, '0')",
            "day": f"lpad({_key(day)}, 2, '0')",
            "sex": f"coalesce({gender}, {_cell(file, 'gender_source_value')})",
            "ethnic": _ethnic(file, self.options.ethnic_group),
            "location": _key(_cell(file, "location_id")),
            "care_site": _key(_cell(file, "care_site_id")),
        }
        listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        year_only = "birth IS NULL AND month IS NULL AND year IS NOT NULL"
        born = "coalesce(birth, concat(year, '-', coalesce(month, '07'), '-', coalesce(day, '01')))"
        left = "CASE WHEN TRY_CAST(left(observed.value, 10) AS DATE) < (SELECT as_at FROM dates) "
        return f"""(
            SELECT pseudonym AS c0, CASE WHEN year IS NOT NULL OR birth IS NOT NULL THEN {born} END AS c1,
                sex AS c2, ethnic AS c3, places.value AS c4, sites.value AS c5, deaths.value AS c6,
                {left} THEN observed.value END AS c7,
                CASE WHEN {year_only} THEN '{words.IN_PART}' END AS c8
            FROM (SELECT {listed} FROM {file.scan(rejects)}) AS person
            LEFT JOIN {self.prefix}_death AS deaths ON deaths.key = person.key
            LEFT JOIN {self.prefix}_observation_period AS observed ON observed.key = person.key
            LEFT JOIN {self.prefix}_location AS places ON places.key = person.location
            LEFT JOIN {self.prefix}_care_site AS sites ON sites.key = person.care_site)"""

    def _prepare_side_tables(self, session: Session) -> list[str]:
        """One value a key: the first date of death, the last end of observation, the place, the practice."""
        _attach(self.tables.database, session)
        sides = {
            "death": ("person_id", "death_date", "min"),
            "observation_period": ("person_id", "observation_period_end_date", "max"),
            "location": ("location_id", self.options.lsoa_code, "min"),
            "care_site": ("care_site_id", self.options.practice_code, "min"),
        }
        notes = []
        for table, (key, value, chosen) in sides.items():
            file = self.tables.files.get(table)
            select = "SELECT NULL::VARCHAR AS key, NULL::VARCHAR AS value WHERE false"
            if file is not None and value is not None:
                select = (
                    f"SELECT {_key(_cell(file, key))} AS key, {chosen}({_cell(file, value)}) AS value "
                    f"FROM {file.scan(f'rejects_{self.prefix}')} GROUP BY ALL"
                )
            session.run(f"CREATE TEMP TABLE {self.prefix}_{table} AS {select}", file)
            rejected, _ = session.take_rejected(f"rejects_{self.prefix}")
            notes += [f"{file and file.name}: {count:,} left out, {why}" for why, count in rejected.items()]
        if self.options.identifier != "person_id":
            file = self.tables.files["person"]
            session.run(
                f"CREATE TEMP TABLE {self.prefix}_names AS "
                f"SELECT {_key(_cell(file, 'person_id'))} AS key, "
                f"any_value({_cell(file, self.options.identifier)}) AS value "
                f"FROM {file.scan(f'rejects_{self.prefix}')} GROUP BY ALL",
                file,
            )
            session.take_rejected(f"rejects_{self.prefix}")
        return notes

    def events(self, table: str, choice: OmopTable) -> Input:
        file = self.tables.files[table]
        shape = _EVENTS[table]
        labels = {
            "person_id": "person_id",
            "code_system": "(system)",
            "code": shape.concept if choice.concepts else shape.source,
            "event_date": shape.date,
            "value": shape.value or "(none)",
        }
        return Input(
            "events",
            _as_text(file, tuple(labels.values()), lambda rejects: self._events_sql(table, choice, rejects)),
            labels,
            is_optional=True,
        )

    def _events_sql(self, table: str, choice: OmopTable, rejects: str) -> str:
        file, shape = self.tables.files[table], _EVENTS[table]
        value = _cell(file, shape.value) if shape.value else "NULL::VARCHAR"
        codes = []
        if choice.concepts:
            codes.append(_struct("omop_concept", _concept(file, shape.concept), value))
            if shape.value_concept:
                codes.append(_struct("omop_concept", _concept(file, shape.value_concept), "NULL::VARCHAR"))
        if choice.source_code_system:
            codes.append(_struct(choice.source_code_system, _cell(file, shape.source), value))
        date = f"coalesce({_cell(file, shape.date)}, {_cell(file, shape.date + 'time')})"
        named = self.options.identifier != "person_id"
        found = f"CASE WHEN key IS NOT NULL THEN coalesce(names.value, {UNKNOWN_PERSON}) END"
        pseudonym = found if named else "key"
        join = f"LEFT JOIN {self.prefix}_names AS names USING (key)" if named else ""
        return f"""(
            SELECT pseudonym AS c0, coded.system AS c1, coded.code AS c2, happened AS c3, coded.value AS c4
            FROM (
                SELECT {pseudonym} AS pseudonym, happened,
                    unnest(CASE WHEN len(codes) = 0 THEN [NULL] ELSE codes END) AS coded
                FROM (
                    SELECT {_key(_cell(file, "person_id"))} AS key, {date} AS happened,
                        list_filter([{", ".join(codes)}], lambda x: x.code IS NOT NULL) AS codes
                    FROM {file.scan(rejects)}
                ) {join}
            ))"""


def _as_text(file: InputFile, labels: tuple[str, ...], relation: Callable[[str], str]) -> InputFile:
    """The file as text cells under other labels; one row of it may become several."""
    return replace(file, columns=labels, types=("VARCHAR",) * len(labels), lines=0, relation=relation)


def _attach(database: Database | None, session: Session) -> None:
    if database:
        database.attach(session)


def _cell(file: InputFile, column: str) -> str:
    """SQL for a cell as text, NULL where it is empty or the table has no such column."""
    place = file.find(column)
    return "NULL::VARCHAR" if place is None else f"nullif(trim(c{place}::VARCHAR), '')"


def _key(text: str) -> str:
    """SQL for a number as text; 12.0, which a table of numbers makes of 12, is 12 again."""
    return f"regexp_replace({text}, '[.]0+$', '')"


def _concept(file: InputFile, column: str) -> str:
    """SQL for a concept identifier as text; 0 means that no concept matches."""
    return f"nullif({_key(_cell(file, column))}, '0')"


def _ethnic(file: InputFile, column: str) -> str:
    return _concept(file, column) if column.endswith("_concept_id") else _cell(file, column)


def _struct(system: str, code: str, value: str) -> str:
    return f"{{'system': '{system}', 'code': {code}, 'value': {value}}}"
