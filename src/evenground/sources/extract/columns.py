"""Typed SQL expressions for one file's cells: text, dates and numbers, whatever the provider wrote."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from evenground.errors import Fault
from evenground.sources.extract.files import InputFile, quote
from evenground.sources.extract.words import EMPTY_CELLS

_INTEGERS: Final = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_DECIMALS: Final = re.compile(r"FLOAT|DOUBLE|DECIMAL\(.*\)")
_TEXTS: Final = re.compile(r"VARCHAR|UUID|ENUM\(.*\)")
_DATES: Final = re.compile(r"DATE|TIMESTAMP.*")

_DAY_FIRST: Final = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
_MONTH_FIRST: Final = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")
_EITHER: Final = ("%Y%m%d", "%Y/%m/%d", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y %H:%M:%S")
_MONTH_ONLY: Final = ("%Y-%m", "%m/%Y")


@dataclass(slots=True)
class Cells:
    """The expressions of one file: where each contract column comes from, and the joins that map values.

    Every method gives SQL over the scan's columns (c0, c1, ...) and the mapping tables joined in ``joins``.
    """

    file: InputFile
    mapped: Mapping[str, str]
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    joins: list[str] = field(default_factory=list)

    def text(self, column: str) -> str:
        """The trimmed text of a cell, or NULL where it holds nothing; after the provider's values mapping."""
        if column in self.constants:
            return quote(str(self.constants[column]))
        if column not in self.mapped:
            return "NULL::VARCHAR"
        place = self._place(column)
        if _TEXTS.fullmatch(self.file.types[place]):
            raw = f"trim(c{place}::VARCHAR)" if self.file.types[place] != "VARCHAR" else f"trim(c{place})"
            raw = f"CASE WHEN {raw} NOT IN ({', '.join(map(quote, EMPTY_CELLS))}) THEN {raw} END"
        else:
            raw = f"c{place}::VARCHAR"
        return self._map_values(column, raw)

    def number(self, column: str) -> str:
        """The cell as a finite DOUBLE, or NULL."""
        if column in self.mapped and column not in self.values and self._is(column, _DECIMALS, _INTEGERS):
            number = f"c{self._place(column)}::DOUBLE"
        else:
            number = f"TRY_CAST({self.text(column)} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"

    def date(self, column: str, *, month_first: bool = False) -> str:
        """The cell as a DATE, or NULL."""
        if self.is_typed_date(column):
            date = f"CAST(c{self._place(column)} AS DATE)"
            return f"CASE WHEN isfinite({date}) THEN {date} END"
        return read_date(self.text(column), month_first=month_first, month_only=column == "birth_date")

    def is_typed_date(self, column: str) -> bool:
        """Whether Parquet holds a date or timestamp, which nobody can misread."""
        return column in self.mapped and column not in self.values and self._is(column, _DATES)

    def is_given(self, column: str) -> str:
        """Whether the cell holds anything."""
        return f"({self.text(column)} IS NOT NULL)"

    def person(self) -> str:
        """The person's identifier as text; 123.0, which a table of numbers makes of 123, is 123 again."""
        text = self.text("person_id")
        return f"CASE WHEN {is_decimal(text)} THEN split_part({text}, '.', 1) ELSE {text} END"

    def _place(self, column: str) -> int:
        place = self.file.find(self.mapped[column])
        if place is None:
            raise KeyError(column)
        return place

    def _is(self, column: str, *kinds: re.Pattern[str]) -> bool:
        return any(kind.fullmatch(self.file.types[self._place(column)]) for kind in kinds)

    def _map_values(self, column: str, raw: str) -> str:
        pairs = self.values.get(column)
        if not pairs:
            return raw
        table = f"map_{column}"
        rows = ", ".join(f"({quote(k.strip())}, {quote(v.strip())})" for k, v in pairs.items())
        join = (
            f"LEFT JOIN (SELECT DISTINCT ON (theirs) * FROM (VALUES {rows}) v (theirs, ours)) {table} "
            f"ON {table}.theirs = coalesce({raw}, '')"
        )
        if join not in self.joins:
            self.joins.append(join)
        return f"CASE WHEN {table}.theirs IS NULL THEN {raw} ELSE nullif({table}.ours, '') END"


def is_decimal(text: str) -> str:
    """The SQL condition that a text is a whole number with a decimal point, as in 59621000.0."""
    return f"contains({text}, '.') AND regexp_full_match({text}, '[0-9]+[.]0+')"


def read_date(text: str, *, month_first: bool = False, month_only: bool = False) -> str:
    """The SQL that reads a date from a text column: ISO first, then the other forms, else NULL.

    A time of day and a time zone are read over: the date is the one written.
    """
    formats = [*(_MONTH_FIRST if month_first else _DAY_FIRST), *_EITHER, *(_MONTH_ONLY if month_only else ())]
    listed = ", ".join(map(quote, formats))
    iso = (
        f"CASE WHEN {text}[5] <> '-' THEN NULL WHEN length({text}) = 10 THEN TRY_CAST({text} AS DATE) "
        f"WHEN length({text}) > 10 THEN CAST(TRY_CAST({text} AS TIMESTAMP) AS DATE) END"
    )
    other = f"CAST(try_strptime({text}, [{listed}]) AS DATE)"
    date = f"coalesce({iso}, {other})"
    # Years below 1000 are two-digit years; nothing says of which century.
    return f"CASE WHEN {date} >= DATE '1000-01-01' THEN {date} END"


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
