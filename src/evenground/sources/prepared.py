"""Records prepared once for many counts: persons and events by bucket of residence, in the secure zone.

::

    prepared/manifest.json               what the records follow from, and what reading them gave
    prepared/persons/bucket-000.parquet  the contract's persons who live in the first areas
    prepared/events/bucket-000.parquet   their events

Areas stand in the order of their hierarchy (district, MSOA, LSOA), so that a bucket is a piece of the map and
holds about as many people as any other. People of unknown area have the last bucket to themselves. The
records of a bucket are in the order of persons, whatever the order of the files they came from.
"""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from evenground.contract import EVENTS, PERSONS, LoadReport, TableReport
from evenground.errors import Fault, SourceError, is_disk_full
from evenground.sealing import SUFFIX, read_identities, seal_file, unseal_file
from evenground.sources.staging.files import escape_glob, quote
from evenground.workspace import temporary_folder, write_atomically

FOLDER: Final = "prepared"
MANIFEST: Final = "manifest.json"
PEOPLE_A_BUCKET: Final = 1_000_000
"""About as many people as a count holds in memory at a time, unless a number of buckets is asked for."""

MEMORY_LIMIT: Final = "3GB"
COPIES: Final = 2.5
"""Free disk that bucketing needs, as a multiple of the records: two copies, and what sorting spills."""

_AREA_ORDER: Final = ("ltla_code", "msoa_code", "lsoa_code")
_ORDER: Final = {
    "persons": "person_id",
    "events": "person_id, event_date, code, value NULLS FIRST, code_system",
}
_COLUMNS: Final = {"persons": PERSONS, "events": EVENTS}
_REMEDY: Final = "Run 'evenground data prepare' again, or 'evenground data clear' to read the sources."


@dataclass(frozen=True, slots=True)
class Prepared:
    """Prepared records: where they are, what they follow from, and what reading the sources gave."""

    folder: Path
    inputs: Mapping[str, str]
    code_version: str
    people: tuple[int, ...]
    events: tuple[int, ...]
    reports: tuple[LoadReport, ...]

    @property
    def buckets(self) -> int:
        """How many buckets there are, that of unknown areas included."""
        return len(self.people)

    @property
    def is_sealed(self) -> bool:
        """Whether the buckets are sealed, and have to be opened to be counted."""
        return _bucket(self.folder, "persons", 0, SUFFIX).is_file()


def write_buckets(
    persons: Path,
    events: Path,
    lsoas: pl.DataFrame,
    folder: Path,
    *,
    buckets: int | None = None,
    memory_limit: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Write persons and events by bucket of residence into ``folder``, which must be new or empty.

    Parameters
    ----------
    persons, events
        The two files of the contract.
    lsoas
        The place's areas: ``lsoa_code``, ``msoa_code`` and ``ltla_code``.
    buckets
        How many buckets for people of known area; by default as many as hold about a million people each.
        Areas are never divided, so that there are at most as many buckets as areas.
    memory_limit
        What DuckDB may use; ``MEMORY_LIMIT`` if not given. The rest is spilled into ``folder``.

    Returns
    -------
    tuple of two tuples of int
        The persons and the events of each bucket; the last is that of unknown areas, and may be empty.

    Raises
    ------
    SourceError
        Where there is too little disk, before anything is written or while it is.
    """
    tell = progress or (lambda _: None)
    size = persons.stat().st_size + events.stat().st_size
    require_disk(folder.parent, int(COPIES * size), "The records")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _connect(folder, memory_limit or MEMORY_LIMIT) as connection:
        number = _assign_buckets(connection, persons, lsoas, buckets)
        counts = {}
        for table, path in (("persons", persons), ("events", events)):
            tell(f"Dividing {table} into {number} buckets")
            _divide(connection, table, path, folder)
            counts[table] = tuple(
                _sort_bucket(connection, table, bucket, number, folder, tell) for bucket in range(number)
            )
            shutil.rmtree(folder / f".{table}", ignore_errors=True)
    return counts["persons"], counts["events"]


@contextmanager
def _connect(folder: Path, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that spills into the folder; DuckDB's own words, which may quote rows, go no further."""
    spill = folder / ".spill"
    try:
        with duckdb.connect(config={"temp_directory": str(spill)}) as connection:
            connection.execute("SET memory_limit = ?", [memory_limit])
            connection.execute("SET enable_progress_bar = false")
            yield connection
    except duckdb.OutOfMemoryException as error:
        if is_disk_full(error):
            raise
        what = f"cannot be divided into buckets with {memory_limit} of memory and the free disk."
        fault = Fault("The records", what, "Free some disk in the workspace, or allow more memory.")
        raise SourceError("The records cannot be prepared.", [fault]) from None
    except duckdb.IOException as error:
        if is_disk_full(error):
            raise
        fault = Fault("The records", "cannot be written: is the disk full?", "Free some disk.")
        raise SourceError("The records cannot be prepared.", [fault]) from None
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _assign_buckets(
    connection: duckdb.DuckDBPyConnection, persons: Path, lsoas: pl.DataFrame, buckets: int | None
) -> int:
    """Give each area and person a bucket; returns how many there are, that of unknown areas included."""
    areas = lsoas.select(_AREA_ORDER).sort(_AREA_ORDER).with_row_index("place").select("lsoa_code", "place")
    connection.register("loaded_areas", areas.to_arrow())
    connection.execute(f"""
        CREATE TEMP TABLE homes AS
        SELECT lsoa_code, place, count(person_id) AS people
        FROM loaded_areas LEFT JOIN {_file(persons)} USING (lsoa_code) GROUP BY ALL""")
    known, areas_there = connection.execute(
        "SELECT coalesce(sum(people), 0), count(*) FROM homes"
    ).fetchall()[0]
    number = min(buckets or -(-int(known) // PEOPLE_A_BUCKET) or 1, max(areas_there, 1))
    # An area goes where its middle person falls; without any people, areas are divided as if each had one.
    connection.execute(f"""
        CREATE TEMP TABLE area_buckets AS
        SELECT lsoa_code,
            CAST(least({number - 1}, (2 * up_to - people) * {number} // (2 * whole)) AS USMALLINT) AS bucket
        FROM (
            SELECT lsoa_code, people + 1 AS people, sum(people + 1) OVER (ORDER BY place) AS up_to,
                sum(people + 1) OVER () AS whole
            FROM homes)""")
    connection.execute(f"""
        CREATE TEMP TABLE person_buckets AS
        SELECT person_id, coalesce(bucket, {number}::USMALLINT) AS bucket
        FROM {_file(persons)} LEFT JOIN area_buckets USING (lsoa_code)""")
    return int(number) + 1


def _file(path: Path) -> str:
    return f"read_parquet({quote(escape_glob(str(path)))}, hive_partitioning = false)"


def _divide(connection: duckdb.DuckDBPyConnection, table: str, path: Path, folder: Path) -> None:
    columns = ", ".join(f"CAST(t.{one.name} AS {one.sql_type}) AS {one.name}" for one in _COLUMNS[table])
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"""
        COPY (SELECT {columns}, bucket FROM {_file(path)} AS t JOIN person_buckets USING (person_id))
        TO {quote(str(folder / f".{table}"))} (FORMAT parquet, PARTITION_BY (bucket), COMPRESSION lz4)""")


def _sort_bucket(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    bucket: int,
    number: int,
    folder: Path,
    tell: Callable[[str], None],
) -> int:
    """Write one bucket in its order, whichever thread wrote which part of it first; gives its rows."""
    tell(f"Writing {table}, bucket {bucket + 1} of {number}")
    part = folder / f".{table}" / f"bucket={bucket}"
    names = ", ".join(one.name for one in _COLUMNS[table])
    if part.is_dir():
        files = quote(f"{escape_glob(str(part))}/*.parquet")
        rows = f"SELECT {names} FROM read_parquet({files}, hive_partitioning = false)"
    else:
        empty = ", ".join(f"CAST(NULL AS {one.sql_type}) AS {one.name}" for one in _COLUMNS[table])
        rows = f"SELECT {names} FROM (SELECT {empty}) WHERE false"
    target = _bucket(folder, table, bucket)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    connection.execute("SET preserve_insertion_order = true")
    written = connection.execute(
        f"COPY (SELECT * FROM ({rows}) ORDER BY {_ORDER[table]}) TO {quote(str(target))} "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
    ).fetchall()[0][0]
    target.chmod(0o600)
    shutil.rmtree(part, ignore_errors=True)
    return int(written)


def require_disk(folder: Path, needed: int, what: str) -> None:
    """Refuse to begin what the free disk cannot hold.

    Raises
    ------
    SourceError
        Which says how much is needed and how much is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        told = f"need about {_gigabytes(needed)} of free disk, and {_gigabytes(free)} is free."
        fault = Fault(what, told, f"Free some disk where the folder {folder.name} of the workspace lies.")
        raise SourceError("The records cannot be prepared.", [fault])


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


def digest_areas(lsoas: pl.DataFrame, practices: Sequence[str]) -> str:
    """The SHA-256 of what the records take from the look-ups: the areas in their order, and the practices."""
    areas = lsoas.select(_AREA_ORDER).sort(_AREA_ORDER).rows()
    return hashlib.sha256(json.dumps([areas, sorted(practices)]).encode()).hexdigest()


def write_manifest(prepared: Prepared) -> None:
    """Write the manifest: with it, the folder is a store of prepared records, and without it nothing."""
    content = asdict(prepared)
    del content["folder"]
    for report in content["reports"]:
        del report["persons"], report["events"]
    path = prepared.folder / MANIFEST
    write_atomically(path, json.dumps(content, indent=1).encode())
    path.chmod(0o600)


def find_prepared(secure: Path) -> Prepared | None:
    """The prepared records of a workspace's secure folder, or ``None`` where there are none.

    Raises
    ------
    SourceError
        Where they are damaged: a file is missing, or the manifest cannot be read.
    """
    folder = secure / FOLDER
    if not folder.is_dir():
        return None
    try:
        raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        prepared = _read_manifest(folder, raw)
    except (OSError, ValueError, KeyError, TypeError):
        fault = Fault(f"{FOLDER}/{MANIFEST}", "cannot be read.", _REMEDY)
        raise SourceError("The prepared records cannot be used.", [fault]) from None
    faults = [
        Fault(f"{FOLDER}/{table}/{_bucket(folder, table, bucket).name}", "is not there.", _REMEDY)
        for table in _COLUMNS
        for bucket in range(prepared.buckets)
        if not any(_bucket(folder, table, bucket, suffix).is_file() for suffix in ("", SUFFIX))
    ]
    if faults:
        raise SourceError("The prepared records cannot be used.", faults)
    return prepared


def _read_manifest(folder: Path, raw: dict[str, Any]) -> Prepared:
    reports = []
    for report in raw["reports"]:
        tables = [TableReport(**table) for table in report["tables"]]
        source, sha256 = report["source"], report["sha256"]
        converted = report["lsoa_conversion"]
        reports.append(LoadReport(source, folder / "persons", folder / "events", tables, sha256, converted))
    people, events = tuple(raw["people"]), tuple(raw["events"])
    return Prepared(folder, raw["inputs"], raw["code_version"], people, events, tuple(reports))


def seal_buckets(folder: Path, recipients: Sequence[Any]) -> None:
    """Seal every bucket that ``write_buckets`` wrote. The manifest, which holds counts, stays plain."""
    for table in _COLUMNS:
        for path in sorted((folder / table).glob("*.parquet")):
            seal_file(path, recipients)


def open_buckets(prepared: Prepared, folder: Path) -> Prepared:
    """The same records without their seals, in a new folder within ``folder``, which has to be a private one.

    Raises
    ------
    WorkspaceError
        Where the environment gives no private key, or another one.
    """
    identities = read_identities()
    opened = folder / FOLDER
    for table in _COLUMNS:
        (opened / table).mkdir(mode=0o700, parents=True)
        for bucket in range(prepared.buckets):
            sealed = _bucket(prepared.folder, table, bucket, SUFFIX)
            unseal_file(sealed, _bucket(opened, table, bucket), identities, f"{FOLDER}/{table}/{sealed.name}")
    reports = tuple(
        replace(report, persons=opened / "persons", events=opened / "events") for report in prepared.reports
    )
    return replace(prepared, folder=opened, reports=reports)


def _bucket(folder: Path, table: str, bucket: int, suffix: str = "") -> Path:
    return folder / table / f"bucket-{bucket:03}.parquet{suffix}"


def require_current(prepared: Prepared, inputs: Mapping[str, str], code_version: str) -> None:
    """Refuse records that were prepared from something else than what is there now.

    Raises
    ------
    SourceError
        Which names every input that differs.
    """
    now = {**inputs, "code version": code_version}
    then = {**prepared.inputs, "code version": prepared.code_version}
    faults = [
        Fault(name, _difference(then.get(name), now.get(name)), _REMEDY)
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
    if faults:
        raise SourceError("The prepared records are out of date.", faults)


def _difference(then: str | None, now: str | None) -> str:
    if then is None:
        return "is new since the records were prepared."
    if now is None:
        return "is gone since the records were prepared."
    return "has changed since the records were prepared."


def clear_prepared(secure: Path) -> bool:
    """Remove the prepared records of a secure folder; gives whether there were any."""
    folder = secure / FOLDER
    if not folder.is_dir():
        return False
    # Renamed first: whatever stops the removal, no part of it is taken for the whole.
    with temporary_folder(secure, "build") as going:
        folder.rename(going / FOLDER)
    return True


def replace_prepared(made: Path, secure: Path) -> Path:
    """Put new prepared records in the place of the old, which are removed; gives their folder."""
    folder = secure / FOLDER
    clear_prepared(secure)
    return made.rename(folder)
