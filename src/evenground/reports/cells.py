"""One figure of a chart: what is drawn, what is said of it and what stands in the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from evenground.reports.words import format_count, format_interval, format_value, round_as_shown
from evenground.vocabulary import ValueNote


@dataclass(frozen=True, slots=True)
class Cell:
    """A labelled figure of a release; ``value``, ``lower`` and ``upper`` are ``None`` where not published.

    ``recorded`` is false where the label says that something is not known of these people.
    """

    label: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    note: str = ValueNote.MISSING
    numerator: int | None = None
    denominator: int | None = None
    recorded: bool = True

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval to draw and to compare by."""
        return self.value is not None and self.lower is not None and self.upper is not None


def make_cell(label: str, row: Mapping[str, Any] | None, *, recorded: bool = True) -> Cell:
    """The cell of a row of a release's values; without a row, there is no data."""
    if row is None:
        return Cell(label, recorded=recorded)
    value, note = row["value"], row["value_note"]
    if note == ValueNote.ZERO:
        value = 0.0
    elif note != ValueNote.PUBLISHED:
        value = None
    lower, upper = (row["lower_cl"], row["upper_cl"]) if value is not None else (None, None)
    return Cell(label, value, lower, upper, note, row["numerator"], row["denominator"], recorded)


def describe_cell(cell: Cell, unit: str) -> tuple[str, str, str, str]:
    """Value, interval, numerator and denominator as text for a table."""
    return (
        format_value(cell.value, unit, cell.note),
        format_interval(cell.lower, cell.upper, unit) or "none",
        format_count(cell.numerator, cell.note),
        format_count(cell.denominator, cell.note),
    )


def round_cell(cell: Cell) -> Cell:
    """A cell whose value and limits are rounded as they are shown."""
    value, lower, upper = (
        None if level is None else round_as_shown(level) for level in (cell.value, cell.lower, cell.upper)
    )
    return replace(cell, value=value, lower=lower, upper=upper)


def published(cells: Iterable[Cell]) -> list[Cell]:
    """The cells that hold a value, zero among them."""
    return [cell for cell in cells if cell.value is not None]


def withheld(cells: Iterable[Cell]) -> list[Cell]:
    """The cells that the disclosure policy keeps back."""
    return [cell for cell in cells if cell.note in {ValueNote.SUPPRESSED, ValueNote.SUPPRESSED_SECONDARY}]
