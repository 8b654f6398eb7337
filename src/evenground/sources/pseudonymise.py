"""A file with NHS numbers or property numbers to the same file with pseudonyms in their place."""

# ruff: noqa: S608 - identifiers are quoted; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evenground.errors import Fault, SourceError
from evenground.sources.pseudonyms import Number, hold_key, pseudonym_sql, read_key
from evenground.sources.staging.files import (
    FileError,
    InputFile,
    check_columns,
    open_file,
    quote,
    quote_name,
    source_error,
)
from evenground.sources.staging.persons import refuse_nhs_numbers
from evenground.sources.staging.session import Session
from evenground.workspace import temporary_folder

_FORMATS: Final = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
    ".csv": "FORMAT csv, HEADER true",
}
_ENOUGH: Final = 5
_KEY: Final = "pseudonym_key"


@dataclass(frozen=True, slots=True)
class Pseudonymised:
    """What was made of a file: its rows, and the cells that held no such number and are empty now."""

    rows: int
    emptied: int
    left_out: int


def pseudonymise_file(
    source: Path, target: Path, *, columns: Collection[str], number: Number, key_variable: str
) -> Pseudonymised:
    """Write a copy of a CSV or Parquet file with pseudonyms in place of numbers.

    Parameters
    ----------
    source
        The file. Its rows keep their order, and its other columns what they hold.
    target
        The copy, a new ``.csv`` or ``.parquet`` file, mode 0600. It is there whole or not at all.
    columns
        The columns that hold the numbers. A cell that holds no such number is empty in the copy.
    number
        What the numbers are.
    key_variable
        The environment variable that holds the key.

    Raises
    ------
    SourceError
        Where the file cannot be used, the key is not there or too short, the target is there already, or
        another column holds NHS numbers.
    """
    key, faults = read_key(key_variable)
    if target.suffix not in _FORMATS:
        faults.append(Fault(str(target), "is neither .csv nor .parquet.", "Choose one of the two."))
    if target.exists():
        faults.append(Fault(str(target), "is there already.", "Name a new file."))
    if not source.is_file():
        faults.append(Fault(str(source), "is not there.", "Check its name."))
    if not target.parent.is_dir():
        faults.append(Fault(str(target.parent), "is not a folder.", "Make it first."))
    if faults:
        raise SourceError("Nothing was written.", faults)
    with temporary_folder(target.parent, ".pseudonyms") as folder:
        temporary = Path(folder)
        file = _open(source, columns, temporary)
        with Session(source.name, temporary) as session:
            _refuse_others(session, file, columns)
            made = _write(session, file, temporary / target.name, columns, number, key)
        (temporary / target.name).chmod(0o600)
        (temporary / target.name).replace(target)
    return made


def _open(source: Path, columns: Collection[str], temporary: Path) -> InputFile:
    try:
        file = open_file(source.name, source, wanted=columns, separator=None, copy=temporary / "copy")
    except FileError as error:
        raise SourceError("Nothing was written.", [error.fault]) from None
    wrong = check_columns(file, dict.fromkeys(columns, "Check --column."), "")
    if len({name.casefold() for name in file.columns}) < len(file.columns):
        wrong.append(Fault(file.name, "has two columns of one name.", "Give each its own."))
    if wrong:
        raise SourceError("Nothing was written.", wrong)
    return file


def _refuse_others(session: Session, file: InputFile, columns: Collection[str]) -> None:
    chosen = {file.find(column) for column in columns}
    for place, name in enumerate(file.columns):
        if place not in chosen:
            sql = f"SELECT c{place}::VARCHAR FROM {file.scan('rejects_check')}"
            refuse_nhs_numbers(session, sql, file.name, name, at_least=_ENOUGH)
            session.take_rejected("rejects_check")


def _write(
    session: Session,
    file: InputFile,
    path: Path,
    columns: Collection[str],
    number: Number,
    key: bytes,
) -> Pseudonymised:
    hold_key(session.connection, key, _KEY)
    chosen = {file.find(column) for column in columns}
    cells, emptied = [], []
    for place, name in enumerate(file.columns):
        text = f"nullif(regexp_replace(trim(c{place}::VARCHAR), '[.]0$', ''), '')"
        made = pseudonym_sql(text, number, _KEY)
        cells.append(f"{made if place in chosen else f'c{place}'} AS {quote_name(name)}")
        if place in chosen:
            emptied.append(f"count({text}) - count({quote_name(name)})")
    sums = " + ".join(emptied)
    texts = ", ".join(f"c{place}" for place in sorted(place for place in chosen if place is not None))
    session.run(
        f"CREATE TEMP TABLE made AS SELECT {', '.join(cells)}, {texts} FROM {file.scan('rejects_made')}", file
    )
    rejected, _ = session.take_rejected("rejects_made")
    rows, empty = session.run(f"SELECT count(*), {sums} FROM made")[0]
    names = ", ".join(map(quote_name, file.columns))
    session.run(f"COPY (SELECT {names} FROM made) TO {quote(str(path))} ({_FORMATS[path.suffix]})")
    if not rows:
        fault = Fault(file.name, "no rows (0) below the header line.", "Ask for it again.")
        raise source_error(file.name, [fault])
    return Pseudonymised(rows, empty, sum(rejected.values()))
