"""What the faces share: columns in, figures by group or by row out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import REASONS, Estimate, Floats, require_confidence_level
from evenground.stats.frames.table import Frame, Runs, Table, open_table, require_columns

By: TypeAlias = str | Sequence[str] | None
Levels: TypeAlias = float | Sequence[float]

FIGURE_COLUMNS: Final = ("value", "lower_cl", "upper_cl", "confidence_level", "value_note")


@dataclass(frozen=True, slots=True)
class Grouped:
    """A frame with its rows in groups.

    Attributes
    ----------
    table
        The caller's frame.
    by
        The columns whose values name a group; none of them makes the whole frame one group.
    runs
        Where each group's rows are.
    sorted_by
        The column that puts the rows of a group in order, where one does.
    """

    table: Table
    by: tuple[str, ...]
    runs: Runs
    sorted_by: tuple[str, ...] = ()

    def numbers(self, name: str) -> Floats:
        """A column as floats, group by group."""
        values: Floats = self.runs.arrange(self.table.numbers(name))
        return values

    def labels(self, name: str) -> NDArray[Any]:
        """A column as it is, group by group."""
        return self.runs.arrange(self.table.labels(name))

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each group starts, then the number of rows."""
        return self.runs.offsets

    @contextmanager
    def naming_rows(self) -> Iterator[None]:
        """Say of rows that an error numbers in which order they stand, where it is not the frame's."""
        try:
            yield
        except InputError as error:
            if self.runs.order is None:
                raise
            columns = " and ".join((*self.by, *self.sorted_by))
            raise InputError(f"{error} Rows are numbered in the order of {columns}.") from None

    @property
    def rows(self) -> NDArray[np.int64]:
        """The frame's row numbers, group by group."""
        return np.arange(self.table.height) if self.runs.order is None else self.runs.order

    def figures(self, estimate: Estimate, levels: Floats, totals: Mapping[str, Floats]) -> Any:
        """A frame with one row for each group and confidence level."""
        return build_figures(self.table, self.by, self.runs.first, estimate, levels, totals)

    def measures(self, found: Mapping[str, Estimate], levels: Floats) -> Any:
        """A frame with one row for each group, measure and confidence level."""
        names = np.array(list(found))
        count = len(self.runs.first)
        return build_figures(
            self.table, self.by, np.repeat(self.runs.first, len(names)), _side_by_side(found), levels,
            {"measure": np.tile(names, count)},
        )  # fmt: skip


def open_groups(
    frame: Any, by: By, columns: Sequence[str], *, sort_by: str | None = None, adds: Sequence[str] = ()
) -> Grouped:
    """The frame's rows in groups, their columns checked.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    by
        The columns that name a group. An absent label is a group of its own: nobody is dropped.
    columns
        The other columns that are needed.
    sort_by
        A column of numbers or dates to put the rows of each group in order by, the smallest first.
    adds
        Columns the result will have, beside the figures; a key may have none of their names.

    Raises
    ------
    InputError
        Where a column is absent, or a key has the name of a column of the result.
    """
    table = open_table(frame)
    keys = _key_names(by)
    require_columns(table, [*keys, *columns, *([sort_by] if sort_by else [])])
    require_free_names(keys, adds)
    runs = table.runs(keys) if keys else _one_run(table.height)
    if sort_by is None:
        return Grouped(table, keys, runs)
    return Grouped(table, keys, _sorted_within(table, runs, sort_by), (sort_by,))


def require_free_names(kept: Sequence[str], adds: Sequence[str] = ()) -> None:
    """Raise where a column that is kept has the name of one that the result adds.

    Raises
    ------
    InputError
        Naming the column.
    """
    for name in kept:
        if name in (*FIGURE_COLUMNS, *adds):
            raise InputError(f'The result has a column "{name}" of its own. Rename yours first.')


def confidence_levels(confidence_level: Levels) -> Floats:
    """The levels asked for, in one row.

    Raises
    ------
    InputError
        Where there is none, or they are not one list.
    """
    levels = np.atleast_1d(require_confidence_level(confidence_level))
    if levels.ndim != 1 or not levels.size:
        raise InputError("confidence_level takes one level, such as 0.95, or a list of them.")
    return levels


def build_figures(
    table: Table,
    kept: Sequence[str],
    rows: NDArray[np.int64] | None,
    estimate: Estimate,
    levels: Floats,
    totals: Mapping[str, NDArray[Any]],
) -> Any:
    """Figures of shape (levels, rows) as a frame: a row's levels stand together, in the order given.

    Parameters
    ----------
    table
        The caller's frame.
    kept
        Which of its columns the result keeps.
    rows
        Which of its rows they are kept from, or ``None`` for all.
    estimate
        Arrays of shape (levels, rows).
    levels
        The confidence levels.
    totals
        Other columns, one entry a row; they stand before the figures.
    """
    count = estimate.value.shape[-1]
    repeats = len(levels)
    if repeats > 1:
        rows = np.repeat(np.arange(count) if rows is None else rows, repeats)
    added: dict[str, NDArray[Any] | None] = {
        name: np.repeat(values, repeats) for name, values in totals.items()
    }
    added |= {name: part.T.ravel() for name, part in zip(FIGURE_COLUMNS, estimate, strict=False)}
    added["confidence_level"] = np.tile(levels, count)
    added["value_note"] = value_notes(estimate.reason_codes.T.ravel())
    if estimate.has_standard_error:
        added["standard_error"] = estimate.standard_error.T.ravel()
    return table.build(kept, rows, added)


def _side_by_side(found: Mapping[str, Estimate]) -> Estimate:
    """Estimates of shape (levels, groups) as one of shape (levels, groups x measures), group by group."""
    parts = list(found.values())
    errors = (
        [part.standard_error for part in parts] if any(part.has_standard_error for part in parts) else None
    )
    value, lower, upper = (_interleave([part[index] for part in parts]) for index in range(3))
    codes = _interleave([part.reason_codes for part in parts])
    return Estimate.of(value, lower, upper, codes, None if errors is None else _interleave(errors))


def _interleave(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.stack(arrays, axis=-1).reshape(arrays[0].shape[0], -1)


def value_notes(codes: NDArray[np.int8]) -> NDArray[np.str_] | None:
    """Why each figure is absent, the empty text where it is not; ``None`` where all are there."""
    return np.asarray(REASONS)[codes] if codes.any() else None


def calculate_by_group(
    frame: Frame,
    calculate: Callable[..., Estimate],
    columns: Sequence[str],
    *,
    by: By,
    confidence_level: Levels,
    totals: Mapping[str, str] | None = None,
    sort_by: str | None = None,
    **keywords: ArrayLike,
) -> Frame:
    """Call a statistical function on a frame's columns, one figure a group.

    Parameters
    ----------
    frame
        A Polars or pandas data frame.
    calculate
        The function: it takes the columns in order, then ``offsets`` and ``confidence_level``.
    columns
        The columns it takes.
    by
        The columns that name a group, or ``None`` for the whole frame as one.
    confidence_level
        One level or several.
    totals
        The columns whose sums the result shows, under the names to show them by.
    sort_by
        A column to put each group's rows in order by.
    **keywords
        Passed on.
    """
    summed = totals or {}
    grouped = open_groups(frame, by, columns, sort_by=sort_by, adds=tuple(summed))
    levels = confidence_levels(confidence_level)
    arrays = {name: grouped.numbers(name) for name in {*columns, *summed.values()}}
    with grouped.naming_rows():
        estimate = calculate(
            *(arrays[name] for name in columns),
            offsets=grouped.offsets,
            confidence_level=levels[:, None],
            **keywords,
        )
    sums = {shown: _sums(arrays[name], grouped.offsets) for shown, name in summed.items()}
    result: Frame = grouped.figures(estimate, levels, sums)
    return result


def calculate_by_row(
    frame: Frame,
    calculate: Callable[..., Estimate],
    columns: Sequence[str],
    *,
    confidence_level: Levels,
    **keywords: ArrayLike,
) -> Frame:
    """Call a statistical function on a frame's columns, one figure a row; the frame's columns stay."""
    table = open_table(frame)
    require_columns(table, columns)
    require_free_names(table.names)
    levels = confidence_levels(confidence_level)
    estimate = calculate(
        *(table.numbers(name) for name in columns), confidence_level=levels[:, None], **keywords
    )
    result: Frame = build_figures(table, table.names, None, estimate, levels, {})
    return result


def _key_names(by: By) -> tuple[str, ...]:
    if by is None:
        return ()
    return (by,) if isinstance(by, str) else tuple(by)


def _one_run(height: int) -> Runs:
    return Runs(np.array([0, height]), None, np.zeros(1, dtype=np.int64))


def _sorted_within(table: Table, runs: Runs, sort_by: str) -> Runs:
    values = runs.arrange(table.order_values(sort_by))
    falls = np.flatnonzero(values[1:] < values[:-1]) + 1
    if np.isin(falls, runs.offsets, assume_unique=True).all():
        return runs
    group = np.repeat(np.arange(len(runs.first)), np.diff(runs.offsets))
    within = np.lexsort((values, group)).astype(np.int64)
    return Runs(runs.offsets, within if runs.order is None else runs.order[within], runs.first)


def _sums(values: Floats, offsets: NDArray[np.int64]) -> Floats:
    if not len(values):
        return np.zeros(len(offsets) - 1)
    return np.add.reduceat(values, offsets[:-1])
