"""The tables of a PostgreSQL schema, copied into the secure zone as they stand at one moment.

The address of the database is in an environment variable. It holds a password, so no message shows it, nor
what the database says: that may repeat it.
"""

# ruff: noqa: S608 - every name is quoted.

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from evenground.errors import Fault, suggest
from evenground.sources.staging.files import InputFile, escape_glob, quote, quote_name
from evenground.sources.staging.inputs import Intake


def find_in_postgres(
    variable: str, schema: str, wanted: Mapping[str, Collection[str]], intake: Intake
) -> tuple[dict[str, InputFile], list[Fault]]:
    """Copy the wanted columns of the wanted tables of a schema, and say how each copy is read.

    Parameters
    ----------
    variable
        The environment variable that holds the address, ``postgresql://...``.
    schema
        The schema.
    wanted
        Tables, each with the columns that are read. What the schema does not have is left out.
    intake
        Where the copies stand.
    """
    where = f"The database of {variable}"
    address = os.environ.get(variable, "")
    if not address:
        hint = "Set it to the address of the database: postgresql://account:password@host/name."
        return {}, [Fault(f"The environment variable {variable}", "is not set.", hint)]
    if importlib.util.find_spec("adbc_driver_postgresql") is None:
        hint = "Install it with: pip install 'evenground[postgres]'"
        return {}, [Fault("The reader of PostgreSQL", "is not installed.", hint)]
    dbapi = importlib.import_module("adbc_driver_postgresql.dbapi")
    try:
        with _reading(dbapi, address) as cursor:
            return _copy_tables(cursor, variable, schema, wanted, intake)
    except dbapi.Error:
        what = "cannot be reached, refuses the account, or stopped answering."
    # Outside the except clause, so that the database's words are not chained to anything.
    hint = f"Check the address, account and password in {variable}, and the network."
    return {}, [Fault(where, what, hint)]


@contextmanager
def _reading(dbapi: Any, address: str) -> Iterator[Any]:
    """A cursor that cannot write, and to which all tables stand as they did when it began."""
    with dbapi.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL datestyle = 'ISO, YMD'")
        cursor.execute("SET LOCAL timezone = 'UTC'")
        cursor.execute("SET LOCAL extra_float_digits = 1")
        yield cursor
        connection.rollback()


def _copy_tables(
    cursor: Any, variable: str, schema: str, wanted: Mapping[str, Collection[str]], intake: Intake
) -> tuple[dict[str, InputFile], list[Fault]]:
    cursor.execute(
        "SELECT table_schema::text, table_name::text, column_name::text FROM information_schema.columns "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY table_name, ordinal_position"
    )
    rows = cursor.fetchall()
    schemas = {row[0] for row in rows}
    if schema not in schemas:
        what = "is not there, or may not be read."
        return {}, [Fault(f"The database of {variable}, schema {schema}", what, suggest(schema, schemas))]
    columns: dict[str, list[str]] = {}
    for owner, table, column in rows:
        if owner == schema:
            columns.setdefault(table, []).append(column)
    files = {}
    for table, names in wanted.items():
        found = next((name for name in columns if name.casefold() == table), None)
        if found is not None:
            name = f"{variable}/{schema}.{table}"
            intake.tell(f"Reading {name}")
            path = intake.next_copy().with_suffix(".parquet")
            files[table] = _copy_table(cursor, name, (schema, found), columns[found], names, path)
    if "person" in files:
        return files, []
    hint = suggest("person", columns)
    return files, [Fault(f"The database of {variable}, table {schema}.person", "is not there.", hint)]


def _copy_table(
    cursor: Any, name: str, table: tuple[str, str], columns: list[str], wanted: Collection[str], path: Path
) -> InputFile:
    """Copy the wanted columns as text. Rows are put in order, so that the same rows give the same copy."""
    places = [place for place, column in enumerate(columns) if column.casefold() in wanted]
    listed = ", ".join(f"{quote_name(columns[place])}::text AS c{place}" for place in places) or "1 AS none"
    order = ", ".join(f'c{place} COLLATE "C" NULLS FIRST' for place in places) or "none"
    source = ".".join(map(quote_name, table))
    cursor.execute(f"SELECT * FROM (SELECT {listed} FROM {source}) AS rows ORDER BY {order}")
    reader = cursor.fetch_record_batch()
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    relation = f"read_parquet({quote(escape_glob(str(path)))})"
    types = ("VARCHAR",) * len(columns)
    return InputFile(name, path, sha256, "parquet", tuple(columns), types, relation=lambda _: relation)
