"""Typed SQL expressions for one file's cells: text, dates and numbers, whatever the provider wrote."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from evenground.errors import Fault
from evenground.sources.staging.files import InputFile, quote
from evenground.sources.staging.words import EMPTY_CELLS

_INTEGERS: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_DECIMALS: Final = re.compile(r"FLOAT|DOUBLE|DECIMAL\(.*\)")
_TEXTS: Final = re.compile(r"VARCHAR|UUID|ENUM\(.*\)")
_DATES: Final = re.compile(r"DATE|TIMESTAMP.*")

_DAY_FIRST: Final = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
_MONTH_FIRST: Final = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")
_EITHER: Final = ("%Y/%m/%d", "%Y-%m-%d", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y %H:%M:%S")
_YEAR_1000: Final = "DATE '1000-01-01'"


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one file under the contract's names: from mapped columns, constants or nowhere."""

    file: InputFile
    columns: tuple[str, ...]
    mapped: Mapping[str, str]
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]

    def source(self, rejects: str, *, numbered: bool = False) -> str:
        """A subquery with one column for each contract column, and ``row_no`` where rows are numbered.

        Cells are trimmed text after the provider's values mapping, NULL where empty; the dates and numbers
        of Parquet stay what they are. Three layers, so that no expression is computed twice for a row.
        """
        number = ["row_number() OVER () AS row_no"] if numbered else []
        row_no = ["row_no"] if numbered else []
        tidied = ", ".join([*number, *(f"{self._tidied(name)} AS {name}" for name in self.columns)])
        emptied = ", ".join([*row_no, *(f"{self._emptied(name)} AS {name}" for name in self.columns)])
        mapped = ", ".join([*row_no, *(f"{self._mapped(name)} AS {name}" for name in self.columns)])
        joins = " ".join(self._join(name) for name in self.columns if self.values.get(name))
        scan = self.file.scan(rejects)
        return f"(SELECT {mapped} FROM (SELECT {emptied} FROM (SELECT {tidied} FROM {scan})) AS cell {joins})"

    def number(self, column: str) -> str:
        """The cell as a finite DOUBLE, or NULL."""
        number = f"TRY_CAST({column} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"

    def date(self, column: str, *, month_first: bool = False) -> str:
        """The cell as a DATE, or NULL."""
        if self.is_typed_date(column):
            return f"CASE WHEN isfinite({column}) THEN CAST({column} AS DATE) END"
        return read_date(column, month_first=month_first, month_only=column == "birth_date")

    def person(self) -> str:
        """The person's identifier as text; 123.0, which a table of numbers makes of 123, is 123 again."""
        return f"CASE WHEN {is_decimal('person_id')} THEN split_part(person_id, '.', 1) ELSE person_id END"

    def is_typed_date(self, column: str) -> bool:
        """Whether Parquet holds a date or timestamp, which nobody can misread."""
        return self._is(column, _DATES) and not self.values.get(column)

    def _tidied(self, column: str) -> str:
        if column in self.constants:
            return quote(str(self.constants[column]))
        place = self._place(column)
        if place is None:
            return "NULL::VARCHAR"
        if self.is_typed_date(column) or (column == "value" and self._is(column, _DECIMALS, _INTEGERS)):
            return f"c{place}"
        text = f"c{place}" if self.file.types[place] == "VARCHAR" else f"c{place}::VARCHAR"
        if not self._is(column, _TEXTS):
            return text
        # trim() costs more than all else in this query together, and few cells need it.
        return (
            f"CASE WHEN starts_with({text}, ' ') OR ends_with({text}, ' ') THEN trim({text}) ELSE {text} END"
        )

    def _emptied(self, column: str) -> str:
        if not self._is(column, _TEXTS):
            return column
        return f"CASE WHEN {column} NOT IN ({', '.join(map(quote, EMPTY_CELLS))}) THEN {column} END"

    def _mapped(self, column: str) -> str:
        if not self.values.get(column):
            return f"cell.{column}"
        return f"CASE WHEN map_{column}.theirs IS NULL THEN cell.{column} ELSE map_{column}.ours END"

    def _join(self, column: str) -> str:
        pairs = {theirs.strip(): ours.strip() for theirs, ours in self.values[column].items()}
        rows = ", ".join(f"({quote(theirs)}, nullif({quote(ours)}, ''))" for theirs, ours in pairs.items())
        table = f"map_{column}"
        on = f"{table}.theirs = coalesce(cell.{column}::VARCHAR, '')"
        return f"LEFT JOIN (VALUES {rows}) AS {table} (theirs, ours) ON {on}"

    def _place(self, column: str) -> int | None:
        return self.file.find(self.mapped[column]) if column in self.mapped else None

    def _is(self, column: str, *kinds: re.Pattern[str]) -> bool:
        place = self._place(column)
        return place is not None and any(kind.fullmatch(self.file.types[place]) for kind in kinds)


def is_decimal(text: str) -> str:
    """The SQL condition that a text is a whole number with a decimal point, as in 59621000.0."""
    return f"contains({text}, '.') AND regexp_full_match({text}, '[0-9]+[.]0+')"


def read_date(text: str, *, month_first: bool = False, month_only: bool = False) -> str:
    """The SQL that reads a date from a text column in whichever form it is, else NULL.

    A time of day and a time zone are read over: the date is the one written. The common forms are cut up by
    position, because try_strptime() costs microseconds for each format that does not fit.
    """
    day, month = (4, 1) if month_first else (1, 4)
    listed = ", ".join(map(quote, (*(_MONTH_FIRST if month_first else _DAY_FIRST), *_EITHER)))
    whens = [
        f"WHEN {text} LIKE '____-__-__' THEN TRY_CAST({text} AS DATE)",
        f"WHEN {text} LIKE '____-__-__%' THEN CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE)",
        f"WHEN {text} LIKE '__/__/____' THEN {_cut(text, 7, month, day)}",
        f"WHEN length({text}) = 8 AND TRY_CAST({text} AS UINTEGER) IS NOT NULL THEN {_cut(text, 1, 5, 7)}",
    ]
    if month_only:
        whens.append(f"WHEN {text} LIKE '____-__' THEN TRY_CAST(concat({text}, '-01') AS DATE)")
        whens.append(f"WHEN {text} LIKE '__/____' THEN {_cut(text, 4, 1, None)}")
    date = f"CASE {' '.join(whens)} ELSE CAST(try_strptime({text}, [{listed}]) AS DATE) END"
    # Years below 1000 are two-digit years; nothing says of which century. greatest() passes over NULL.
    return f"nullif(greatest({date}, {_YEAR_1000}), {_YEAR_1000})"


def _cut(text: str, year: int, month: int, day: int | None) -> str:
    last = "'-01'" if day is None else f"'-', substr({text}, {day}, 2)"
    return f"TRY_CAST(concat(substr({text}, {year}, 4), '-', substr({text}, {month}, 2), {last}) AS DATE)"


def check_types(file: InputFile, mapped: Mapping[str, str], where: str) -> list[Fault]:
    """The faults of a Parquet file's column types: a list, a structure, a truth value where text belongs."""
    faults = []
    for ours, theirs in mapped.items():
        place = file.find(theirs)
        if place is None:
            continue
        allowed: tuple[Any, ...] = (_TEXTS, _INTEGERS, _DECIMALS)
        if ours.endswith("_date"):
            allowed = (*allowed, _DATES)
        if not any(kind.fullmatch(file.types[place]) for kind in allowed):
            wanted = "a date or text" if ours.endswith("_date") else "a number" if ours == "value" else "text"
            what = f"is of the type {file.types[place].split('(')[0]}, which cannot be read as {ours}."
            hint = f"Export it as {wanted}, or check {where}.columns.{ours} in place.toml."
            faults.append(Fault(f'{file.name}, column "{theirs}"', what, hint))
    return faults
