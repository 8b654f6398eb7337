"""Opening a publisher's files and reading them as text, row by row as they stand."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import duckdb
import numpy as np
import polars as pl

from evenground.errors import Fault
from evenground.sources.aggregates.options import (
    AggregateOptions,
    CountsFigure,
    CountsOptions,
    FingertipsOptions,
)
from evenground.sources.staging.files import (
    FileError,
    InputFile,
    check_columns,
    find_files,
    open_file,
    source_error,
)
from evenground.sources.staging.inputs import Intake
from evenground.sources.staging.session import Session
from evenground.workspace import PLACE_FILE

FINGERTIPS_COLUMNS: Final = {
    "indicator": "Indicator ID",
    "area_code": "Area Code",
    "area_name": "Area Name",
    "area_type": "Area Type",
    "sex": "Sex",
    "age": "Age",
    "category_type": "Category Type",
    "category": "Category",
    "period": "Time period",
    "value": "Value",
    "lower_cl": "Lower CI 95.0 limit",
    "upper_cl": "Upper CI 95.0 limit",
    "numerator": "Count",
    "denominator": "Denominator",
    "note": "Value note",
}
"""What is read of the 26 or 27 columns, by our name; the others are passed over."""

TEXTS: Final = tuple(FINGERTIPS_COLUMNS)


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of one file that make one run of figures, or the text that stands in every row."""

    name: str
    file: InputFile
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)


def open_tables(source: str, options: AggregateOptions, intake: Intake) -> tuple[list[Table], list[Fault]]:
    """The tables of a source, and every fault of its files: not there, unreadable, or lacking a column."""
    where = f'{PLACE_FILE}, source "{source}", path'
    layouts = list(_lay_out(options))
    wanted = {column for _, columns, _ in layouts for column in columns.values()}
    tables: list[Table] = []
    faults: list[Fault] = []
    try:
        found = find_files(options.path, intake.root, where)
    except FileError as error:
        return [], [error.fault]
    for name, path in found:
        intake.tell(f"Opening {name}")
        try:
            file = open_file(name, path, wanted=wanted, separator=options.separator, copy=intake.next_copy())
        except FileError as error:
            faults.append(error.fault)
            continue
        missing = check_columns(file, dict.fromkeys(sorted(wanted), _advice(options)), _header(options))
        faults += missing
        tables += [Table(title, file, columns, constants) for title, columns, constants in layouts]
    return ([] if faults else tables), faults


def _lay_out(options: AggregateOptions) -> Sequence[tuple[str, Mapping[str, str], Mapping[str, str]]]:
    if isinstance(options, CountsOptions):
        return [_lay_out_figure(options, figure) for figure in options.figures]
    return [("figures", FINGERTIPS_COLUMNS, {})]


def _lay_out_figure(
    options: CountsOptions, figure: CountsFigure
) -> tuple[str, Mapping[str, str], Mapping[str, str]]:
    columns = {name: column for name, column in options.columns.model_dump().items() if column}
    constants = {"area_type": options.area_type, "period": options.period, "indicator": figure.indicator}
    fixed = {name: str(text) for name, text in constants.items() if text is not None}
    shared = {name: column for name, column in columns.items() if name not in fixed}
    return figure.indicator or "figures", shared | figure.columns, fixed


def _advice(options: AggregateOptions) -> str:
    if isinstance(options, FingertipsOptions):
        return "A Fingertips file has 26 or 27 columns under their own names: download it again."
    return "Check columns and figures in place.toml."


def _header(options: AggregateOptions) -> str:
    return ", as Fingertips writes them" if isinstance(options, FingertipsOptions) else ""


def read_table(session: Session, table: Table) -> tuple[pl.DataFrame, dict[str, int], list[str]]:
    """The rows of a table as text, one column for each of ``TEXTS`` and ``row``, the header being row 1.

    Returns
    -------
    tuple
        The rows; how many CSV rows could not be read at all, by reason; where the first of them are.
    """
    texts = ", ".join(f"{_text_of(table, name)} AS {name}" for name in TEXTS)
    rejects = "rejects"
    try:
        frame = session.connection.sql(
            f"SELECT row_number() OVER () + 1 AS row, {texts} FROM {table.file.scan(rejects)}"
        ).to_arrow_table()
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException):
        raise
    except duckdb.Error:
        frame = None
    if frame is None:
        hint = "It may be cut short or damaged: copy it again, and compare its size."
        raise source_error(session.source, [Fault(table.file.name, "cannot be read to its end.", hint)])
    lines = _rejected_lines(session, rejects)
    rejected, notes = session.take_rejected(rejects)
    rows = pl.DataFrame(pl.from_arrow(frame))
    return rows.with_columns(_move_past(rows["row"], lines)), rejected, notes


def _text_of(table: Table, name: str) -> str:
    column = table.columns.get(name)
    place = table.file.find(column) if column else None
    if place is None:
        constant = table.constants.get(name, "").replace("'", "''")
        return f"'{constant}'"
    # A no-break space is a slip of whoever saved the file.
    return f"trim(replace(coalesce(CAST(c{place} AS VARCHAR), ''), chr(160), ' '), ' \t\r\n')"


def _rejected_lines(session: Session, rejects: str) -> list[int]:
    exists = f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{rejects}'"
    if not session.run(exists)[0][0]:
        return []
    return [line for (line,) in session.run(f"SELECT DISTINCT line FROM {rejects} ORDER BY line")]


def _move_past(rows: pl.Series, lines: Sequence[int]) -> pl.Series:
    """Row numbers with the rows that could not be read counted in, so that they can be found in the file."""
    before = np.asarray(lines, dtype=np.int64) - np.arange(len(lines))
    numbers = rows.cast(pl.Int64).to_numpy()
    return pl.Series("row", numbers + np.searchsorted(before, numbers, side="right"), dtype=pl.Int64)
