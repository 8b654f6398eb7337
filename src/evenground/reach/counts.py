"""Any table of counts: what must be so before it can be ranked, and all that is not, at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenground.errors import Fault, InputError, suggest
from evenground.reach.main_effects import Codes
from evenground.vocabulary import MISSING_CATEGORY

COUNTS: Final = ("eligible", "reached")
_ROWS_NAMED: Final = 5
_AREA: Final = "area_code"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns say what.

    Attributes
    ----------
    by
        The columns that make a community.
    strata
        Those that divide it.
    covariates
        What else uptake is expected to differ by: numbers as a smooth curve, anything else as levels.
    """

    by: tuple[str, ...]
    strata: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()

    @property
    def area(self) -> str:
        """The column that says where: ``area_code``, else the first of a community's."""
        return _AREA if _AREA in self.by else self.by[0]

    @property
    def every(self) -> list[str]:
        """All of them, each once."""
        return list(dict.fromkeys([*self.by, *self.strata, *self.covariates]))


def read_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """The counts of a table of text as numbers; what is no number stays, to be told of as a fault."""
    read = []
    for name in COUNTS:
        if name in frame.columns and frame[name].dtype == pl.String:
            text = pl.col(name).str.strip_chars()
            read.append(pl.when(text != "").then(text).cast(pl.Float64, strict=False).alias(name))
    return frame.with_columns(read)


@dataclass(frozen=True, slots=True)
class CheckedCounts:
    """Counts that can be ranked.

    Attributes
    ----------
    rows
        One row a stratum, sorted: the columns as text, numeric covariates as numbers (missing: null),
        ``eligible`` (above 0) and ``reached``.
    columns
        Which column says what.
    numbers
        The covariates that are numbers.
    types
        Of the columns of ``by`` in the table as it was given.
    notes
        What was done to the table that its owner should know.
    """

    rows: pl.DataFrame
    columns: Columns
    numbers: list[str]
    types: dict[str, pl.DataType]
    notes: list[str]


def check_counts(frame: pl.DataFrame, columns: Columns) -> CheckedCounts:
    """The table with one row a stratum, and notes of what was added up or left out.

    Raises
    ------
    InputError
        With every fault found: columns that are not there, and rows whose counts are missing, negative, not
        whole, or more reached than eligible. Rows are named by number, from 1.
    """
    _raise(list(_column_faults(frame, columns)))
    numbers = [name for name in columns.covariates if _is_number(frame, name, columns)]
    _raise([*_count_faults(frame), *_covariate_faults(frame, numbers)])
    notes: list[str] = []
    kept = frame.filter(pl.col("eligible") > 0)
    if kept.is_empty():
        raise InputError("Nobody is eligible in any row. There is nothing to rank.")
    if kept.height < frame.height:
        notes.append(f"{frame.height - kept.height} rows have nobody eligible, and are left out.")
    keys = [name for name in columns.every if name not in numbers]
    kept = kept.select(
        *(_as_text(name) for name in keys),
        *(pl.col(name).cast(pl.Float64).fill_nan(None) for name in numbers),
        pl.col(COUNTS).cast(pl.Int64),
    )
    notes.extend(_gaps(kept, keys, numbers, columns))
    weighted = [_weigh(name) for name in numbers]
    rows = kept.group_by(keys).agg(*weighted, pl.col(COUNTS).sum()).sort(keys)
    rows = rows.with_columns(pl.col(name).fill_nan(None) for name in numbers)
    if rows.height < kept.height:
        notes.append(f"{kept.height} rows are of {rows.height} strata: rows of one stratum were added up.")
    types = {name: frame[name].dtype for name in columns.by}
    return CheckedCounts(rows, columns, numbers, types, notes)


def _weigh(name: str) -> pl.Expr:
    people = pl.col("eligible").filter(pl.col(name).is_not_null())
    return ((pl.col(name) * pl.col("eligible")).sum() / people.sum()).alias(name)


def _raise(faults: list[Fault]) -> None:
    if faults:
        told = "\n".join(f"  - {fault}" for fault in faults)
        number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise InputError(f"The counts cannot be ranked: {number}.\n{told}")


def _column_faults(frame: pl.DataFrame, columns: Columns) -> Iterator[Fault]:
    if not columns.by:
        yield Fault("by", "no column makes a community.", "Name at least one, such as area_code.")
    for name in dict.fromkeys(name for name in columns.by if columns.by.count(name) > 1):
        yield Fault(f'column "{name}"', "it is named twice in what makes a community.", "Name it once.")
    for name in dict.fromkeys([*columns.every, *COUNTS]):
        if name not in frame.columns:
            yield Fault(f'column "{name}"', "it is not there.", suggest(name, frame.columns))
    for name in COUNTS:
        if name in columns.every:
            yield Fault(
                f'column "{name}"', "it is a count.", "It cannot make a community or a stratum as well."
            )
        elif name in frame.columns and not frame[name].dtype.is_numeric():
            yield Fault(f'column "{name}"', f"it is {frame[name].dtype}.", "Give whole numbers.")


def _count_faults(frame: pl.DataFrame) -> Iterator[Fault]:
    for name in COUNTS:
        column = frame[name].cast(pl.Float64)
        for problem, wrong in (
            ("is empty or not a number", column.is_null() | column.is_nan()),
            ("is negative", column < 0),
            ("is not whole", column.is_finite() & (column % 1 != 0)),
            ("is infinite", column.is_infinite()),
        ):
            yield from _row_fault(f'column "{name}"', problem, wrong)
    above = frame["reached"].cast(pl.Float64) > frame["eligible"].cast(pl.Float64)
    yield from _row_fault('columns "eligible" and "reached"', "has more people reached than eligible", above)


def _covariate_faults(frame: pl.DataFrame, numbers: Sequence[str]) -> Iterator[Fault]:
    for name in numbers:
        yield from _row_fault(f'column "{name}"', "is infinite", frame[name].cast(pl.Float64).is_infinite())


def _row_fault(where: str, problem: str, wrong: pl.Series) -> Iterator[Fault]:
    rows = wrong.fill_null(value=False).arg_true()
    if rows.len():
        named = ", ".join(str(row + 1) for row in rows[:_ROWS_NAMED])
        more = " and others" if rows.len() > _ROWS_NAMED else ""
        yield Fault(
            where,
            f"{rows.len()} of {wrong.len()} rows: {problem} (row {named}{more}; the first is 1).",
            "Correct them first.",
        )


def _is_number(frame: pl.DataFrame, name: str, columns: Columns) -> bool:
    if name in columns.by or name in columns.strata:
        return False
    if frame[name].dtype.is_numeric():
        return True
    text = frame[name].cast(pl.String).str.strip_chars()
    given = text.filter(text.is_not_null() & (text != ""))
    return given.len() > 0 and given.cast(pl.Float64, strict=False).null_count() == 0


def _as_text(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    is_empty = text.is_null() | (text.str.strip_chars() == "")
    return pl.when(is_empty).then(pl.lit(MISSING_CATEGORY)).otherwise(text).alias(name)


def _gaps(rows: pl.DataFrame, keys: Sequence[str], numbers: Sequence[str], columns: Columns) -> Iterator[str]:
    for name in keys:
        missing = int((rows[name] == MISSING_CATEGORY).sum())
        if missing and name in columns.by:
            yield f'"{name}" is empty in {missing} rows: their people inform the model and are not ranked.'
        elif missing:
            yield f'"{name}" is empty in {missing} rows: it counts as a level of its own.'
    for name in numbers:
        missing = rows[name].null_count()
        if missing:
            yield f'"{name}" is empty in {missing} rows: they have an effect of their own.'
        varying = rows.group_by(columns.area).agg(pl.col(name).n_unique() > 1)[name].sum()
        if varying:
            yield f'"{name}" differs within {varying} areas: each row counts with its own.'
    if rows[columns.area].n_unique() == 1:
        yield "There is one area only: what it has of its own cannot be told from what all have."


def find_codes(rows: pl.DataFrame, columns: Sequence[str]) -> Codes:
    """The place of each row's values among the sorted distinct ones, from 0."""
    ranks = rows.select(pl.struct(columns).rank("dense")).to_series()
    return ranks.to_numpy().astype(np.int64) - 1


def require_share(name: str, value: float, *, open_ended: bool = False) -> None:
    """Raise unless a number is a share from 0 to 1, or between them."""
    if math.isfinite(value) and (0 < value < 1 if open_ended else 0 <= value <= 1):
        return
    bounds = "between 0 and 1" if open_ended else "from 0 to 1"
    raise InputError(f"The {name} must be a share {bounds}, but {value} was given. Write 75 % as 0.75.")
