"""A provider's file with names and postcodes to one with nothing but keys in their place."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evenground.errors import Fault, SourceError, suggest
from evenground.sources.linkage.definition import SideColumns
from evenground.sources.linkage.fields import FIELDS, GROUPS, HASHED
from evenground.sources.linkage.texts import key_sql
from evenground.sources.pseudonyms import hold_key, read_key
from evenground.sources.staging.columns import Cells
from evenground.sources.staging.files import FileError, InputFile, check_columns, open_file, quote
from evenground.sources.staging.persons import refuse_nhs_numbers
from evenground.sources.staging.session import Session
from evenground.workspace import temporary_folder

_FORMATS: Final = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
    ".csv": "FORMAT csv, HEADER true",
}
_SECRET: Final = "linkage_key"  # noqa: S105 - the name of a variable
_ENOUGH: Final = 5


@dataclass(frozen=True, slots=True)
class Hashed:
    """What was made of a file: its rows, how many lack a field, and how many could not be read."""

    rows: int
    missing: dict[str, int]
    left_out: int


def write_keys(
    source: Path, target: Path, *, columns: Mapping[str, str], month_first: bool, key_variable: str
) -> Hashed:
    """Write the keys that a linkage compares, and what it takes as it is: date of birth, sex, groups.

    Parameters
    ----------
    source
        The provider's CSV or Parquet file: one row a person.
    target
        A new ``.csv`` or ``.parquet`` file, mode 0600. It is there whole or not at all.
    columns
        The provider's column for ``person_id`` and for each field, as in a linkage's definition.
    month_first
        Whether dates are written month first.
    key_variable
        The environment variable that holds the key.

    Raises
    ------
    SourceError
        Where the file, a column or the key cannot be used, the target is there already, or persons are
        identified by NHS numbers.
    """
    key, faults = read_key(key_variable)
    faults += _check(source, target, columns)
    if faults:
        raise SourceError("Nothing was written.", faults)
    with temporary_folder(target.parent, ".keys") as folder:
        temporary = Path(folder)
        file = _open(source, columns, temporary)
        with Session(source.name, temporary) as session:
            hold_key(session.connection, key, _SECRET)
            made = _write(session, file, columns, temporary / target.name, month_first=month_first)
        (temporary / target.name).chmod(0o600)
        (temporary / target.name).replace(target)
    return made


def _check(source: Path, target: Path, columns: Mapping[str, str]) -> list[Fault]:
    faults = []
    if target.suffix not in _FORMATS:
        faults.append(Fault(str(target), "is neither .csv nor .parquet.", "Choose one of the two."))
    if target.exists():
        faults.append(Fault(str(target), "is there already.", "Name a new file."))
    if not source.is_file():
        faults.append(Fault(str(source), "is not there.", "Check its name."))
    if not target.parent.is_dir():
        faults.append(Fault(str(target.parent), "is not a folder.", "Make it first."))
    known = list(SideColumns.model_fields)
    faults += [
        Fault(f"--column {name}", "is not a field.", suggest(name, known))
        for name in columns
        if name not in known
    ]
    faults += [
        Fault(f"--column {name}", "names no column.", f"Write it as {name}=column.")
        for name, theirs in columns.items()
        if not theirs
    ]
    if "person_id" not in columns:
        faults.append(Fault("--column person_id", "is missing.", "Add it: whom does a row speak of?"))
    return faults


def _open(source: Path, columns: Mapping[str, str], temporary: Path) -> InputFile:
    try:
        wanted = columns.values()
        file = open_file(source.name, source, wanted=wanted, separator=None, copy=temporary / "copy")
    except FileError as error:
        raise SourceError("Nothing was written.", [error.fault]) from None
    wrong = check_columns(file, dict.fromkeys(wanted, "Check --column."), "")
    if wrong:
        raise SourceError("Nothing was written.", wrong)
    return file


def _write(
    session: Session, file: InputFile, columns: Mapping[str, str], path: Path, *, month_first: bool
) -> Hashed:
    cells = Cells(file, tuple(columns), columns, {}, {})
    made = {"person_id": cells.person()}
    made |= {name: f"{name}::VARCHAR" for name in ("sex", *GROUPS) if name in columns}
    if "birth_date" in columns:
        made["birth_date"] = cells.date("birth_date", month_first=month_first)
    for name in HASHED:
        if name in columns:
            made |= {key: key_sql(key, name, _SECRET) for key in FIELDS[name].keys}
    listed = ", ".join(f"{sql} AS {name}" for name, sql in made.items())
    session.run(
        f"CREATE TEMP TABLE made AS SELECT {listed} FROM {cells.source('rejects_made')} AS cells", file
    )
    rejected, _ = session.take_rejected("rejects_made")
    refuse_nhs_numbers(
        session, "SELECT person_id FROM made", file.name, columns["person_id"], at_least=_ENOUGH
    )
    sums = ", ".join(f"count(*) - count({name})" for name in columns)
    rows, *missing = session.run(f"SELECT count(*), {sums} FROM made")[0]
    if not rows:
        raise SourceError("Nothing was written.", [Fault(file.name, "no rows (0) below the header line.")])
    session.run(f"COPY made TO {quote(str(path))} ({_FORMATS[path.suffix]})")
    counts = zip(columns, missing, strict=True)
    return Hashed(rows, {name: count for name, count in counts if count}, sum(rejected.values()))
