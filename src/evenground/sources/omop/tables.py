"""Where the tables of an OMOP source stand: in a folder, a DuckDB file or a PostgreSQL schema."""

# ruff: noqa: S608 - identifiers are ours or quoted; every text from outside goes through quote().

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from evenground.errors import Fault, suggest
from evenground.sources.omop.options import OmopOptions
from evenground.sources.omop.postgres import find_in_postgres
from evenground.sources.staging.files import FileError, InputFile, name_of, open_file, quote, quote_name
from evenground.sources.staging.inputs import Intake
from evenground.sources.staging.session import Session

TABLES: Final = (
    "person",
    "location",
    "care_site",
    "death",
    "observation_period",
    "visit_occurrence",
    "condition_occurrence",
    "measurement",
    "observation",
    "procedure_occurrence",
    "drug_exposure",
)
_ENDINGS: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet")
_DUCKDB: Final = b"DUCK"


@dataclass(frozen=True, slots=True)
class Database:
    """A DuckDB file to attach before its tables are read."""

    path: Path
    alias: str

    def attach(self, session: Session) -> None:
        """Attach it for reading, once."""
        session.run(f"ATTACH IF NOT EXISTS {quote(str(self.path))} AS {self.alias} (READ_ONLY)")


@dataclass(frozen=True, slots=True)
class Tables:
    """The OMOP tables that are there, by name, and the database they stand in, if it is one."""

    files: dict[str, InputFile]
    database: Database | None = None


def find_tables(
    options: OmopOptions, wanted: Mapping[str, Collection[str]], intake: Intake
) -> tuple[Tables, list[Fault]]:
    """Find and open the wanted tables of those in a folder, DuckDB file or PostgreSQL schema.

    ``wanted`` are tables, each with the columns that are read.
    """
    if options.connection is not None:
        schema = options.database_schema or "public"
        files, faults = find_in_postgres(options.connection, schema, wanted, intake)
        return Tables(files), faults
    path, separator, schema = options.where, options.separator, options.database_schema or "main"
    where = intake.root / path
    if where.is_dir():
        return _find_files(path, separator, wanted, intake)
    if not where.exists():
        return Tables({}), [Fault(f"{path}", "is not there.", "Check the path in place.toml.")]
    if not _is_duckdb(where):
        hint = "Name the folder that holds the tables as CSV or Parquet, or a DuckDB file."
        return Tables({}), [Fault(f"{path}", "is neither a folder nor a DuckDB file.", hint)]
    return _find_in_database(path, schema, wanted, intake)


def _is_duckdb(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(12)[8:] == _DUCKDB


def _find_files(
    path: str, separator: str | None, wanted: Collection[str], intake: Intake
) -> tuple[Tables, list[Fault]]:
    found: dict[str, list[Path]] = {}
    for file in sorted((intake.root / path).iterdir()):
        table = _table_of(file.name)
        if table in wanted and file.is_file():
            found.setdefault(table, []).append(file)
    files: dict[str, InputFile] = {}
    faults = []
    for table in (table for table in TABLES if table in found):
        if len(found[table]) > 1:
            names = ", ".join(file.name for file in found[table])
            faults.append(Fault(f"{path}, table {table}", f"stands in several files: {names}.", "Keep one."))
            continue
        file = found[table][0]
        name = name_of(file, intake.root)
        intake.tell(f"Checking {name}")
        try:
            files[table] = open_file(
                name, file, wanted=("person_id",), separator=separator, copy=intake.next_copy()
            )
        except FileError as error:
            faults.append(error.fault)
    if "person" not in found:
        near = suggest("person", (file.stem for file in (intake.root / path).iterdir()))
        faults.append(Fault(f"{path}, table person", "is not there.", f"Looked for person.csv. {near}"))
    return Tables(files), faults


def _table_of(name: str) -> str:
    folded = name.casefold()
    ending = max((ending for ending in _ENDINGS if folded.endswith(ending)), key=len, default=None)
    return folded.removesuffix(ending) if ending else ""


def _find_in_database(
    path: str, schema: str, wanted: Collection[str], intake: Intake
) -> tuple[Tables, list[Fault]]:
    database = Database(intake.root / path, f"omop_{intake.next_copy().name.rpartition('-')[2]}")
    try:
        with duckdb.connect(str(database.path), read_only=True) as connection:
            rows = connection.execute(
                "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
                "ORDER BY ordinal_position"
            ).fetchall()
    except duckdb.Error:
        rows = None
    if rows is None:
        hint = "Close the program that writes it, or export it again with this version of DuckDB."
        return Tables({}), [Fault(path, "cannot be opened as a DuckDB file.", hint)]
    schemas = {row[0] for row in rows}
    if schema not in schemas:
        hint = suggest(schema, schemas)
        return Tables({}), [Fault(f"{path}, schema {schema}", "is not there.", hint)]
    with database.path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    here = [row[1:] for row in rows if row[0] == schema]
    names = {name for name, _, _ in here}
    files = {}
    for table in (table for table in TABLES if table in wanted):
        name = next((name for name in sorted(names) if name.casefold() == table), None)
        if name is not None:
            columns = [(column, kind) for owner, column, kind in here if owner == name]
            files[table] = _describe(database, path, schema, name, columns, sha256)
    faults = []
    if "person" not in files:
        faults.append(Fault(f"{path}, table {schema}.person", "is not there.", suggest("person", names)))
    return Tables(files, database), faults


def _describe(
    database: Database, path: str, schema: str, table: str, columns: list[tuple[str, str]], sha256: str
) -> InputFile:
    listed = ", ".join(f"{quote_name(column)} AS c{place}" for place, (column, _) in enumerate(columns))
    relation = f"(SELECT {listed} FROM {database.alias}.{quote_name(schema)}.{quote_name(table)})"
    return InputFile(
        name=f"{path}/{table}",
        path=database.path,
        sha256=sha256,
        format="parquet",
        columns=tuple(column for column, _ in columns),
        types=tuple(kind for _, kind in columns),
        relation=lambda _: relation,
    )
