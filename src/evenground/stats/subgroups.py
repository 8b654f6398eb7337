"""The subgroups of many data sets side by side, and which of them is compared with which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evenground.errors import InputError
from evenground.stats.estimates import (
    Estimate,
    Floats,
    reasons_for,
    require_confidence_level,
    require_counts,
    require_same_shape,
)
from evenground.stats.groups import Groups, find_groups

Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]

FEWEST_SUBGROUPS = 2
"""A measure of inequality between fewer subgroups is not calculated."""


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Data sets as rows of a table and their subgroups as its columns.

    Attributes
    ----------
    value, population, standard_error
        Shape (sets, columns). A cell that no subgroup fills is 0; an input that was not given is NaN.
    filled
        Whether a subgroup fills the cell.
    rows
        Where the data sets lie in the caller's rows.
    """

    value: Floats
    population: Floats
    standard_error: Floats
    filled: Bools
    rows: Groups

    @property
    def share(self) -> Floats:
        """The share of the data set's population."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share: Floats = self.population / self.population.sum(axis=1, keepdims=True)
            return share

    @property
    def equal_share(self) -> Floats:
        """One over the number of subgroups."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share: Floats = self.filled / self.filled.sum(axis=1, keepdims=True)
            return share

    def mean(self) -> Floats:
        """The mean of each data set, weighted by population."""
        weighted: Floats = np.einsum("gk,gk->g", self.share, self.value)
        return weighted

    def reasons(self, *, population: bool) -> dict[str, Bools]:
        """Why data sets cannot be calculated, whatever the measure."""
        found = {
            "missing": np.isnan(self.value).any(axis=1),
            "too_few_values": self.filled.sum(axis=1) < FEWEST_SUBGROUPS,
        }
        if population:
            found["missing"] = found["missing"] | np.isnan(self.population).any(axis=1)
            found["no_population"] = ((self.population == 0) & self.filled).any(axis=1)
        return found

    def estimate(
        self, value: Floats, standard_error: Floats, level: ArrayLike, **found: Bools | bool
    ) -> Estimate:
        """The value of each set with a symmetric interval."""
        return estimate_normal(value, standard_error, level, self.rows.shape, **found)

    def estimate_ratio(
        self, value: Floats, log_error: Floats, level: ArrayLike, **found: Bools | bool
    ) -> Estimate:
        """The ratio of each set with an interval symmetric on its logarithm."""
        return estimate_log_normal(value, log_error, level, self.rows.shape, **found)

    def first_least(self, key: Floats, tie_break: Floats) -> Rows:
        """The column of each set's least key; of several, that of the least tie-break.

        A tie-break that is NaN comes after every number, and infinity after that.
        """
        least = np.where(self.filled, key, np.inf)
        tied = least == least.min(axis=1, keepdims=True)
        order = np.where(np.isnan(tie_break), np.finfo(np.float64).max, tie_break)
        among = np.where(tied, order, np.inf)
        winners = tied & (among == among.min(axis=1, keepdims=True))
        first: Rows = np.argmax(winners, axis=1).astype(np.int64)
        return first


def gather_subgroups(
    value: Floats,
    population: ArrayLike | None,
    standard_error: ArrayLike | None,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> tuple[Subgroups, tuple[int, ...]]:
    """The subgroups by data set, and the shape that the caller's rows have."""
    y, n, se = require_same_shape(
        value=value,
        population=np.full((), np.nan) if population is None else require_counts("population", population),
        standard_error=(
            np.full((), np.nan)
            if standard_error is None
            else require_counts("standard_error", standard_error)
        ),
    )
    rows = find_groups(y.shape, groups, offsets)
    filled = np.arange(max(int(rows.sizes.max(initial=0)), 1)) < rows.sizes[:, None]
    y_table, n_table, se_table = (arrange_table(rows, filled, array) for array in (y, n, se))
    return Subgroups(y_table, n_table, se_table, filled, rows), y.shape


def arrange_table(rows: Groups, filled: Bools, values: NDArray[Any]) -> NDArray[Any]:
    """Values of rows as a table of sets and subgroups, 0 where no subgroup is."""
    flat = rows.arrange(values)
    if filled.all():
        return flat.reshape(filled.shape)
    table = np.zeros(filled.shape, dtype=flat.dtype)
    table[filled] = flat
    return table


def find_reference(
    sets: Subgroups,
    shape: tuple[int, ...],
    wanted: object,
    subgroups: ArrayLike | None,
    name: str,
) -> tuple[Rows, Bools]:
    """The column of a named subgroup in each data set, and whether the set has it.

    ``wanted`` is a position from 0 (from -1 at the end), or with ``subgroups`` one of those labels.

    Raises
    ------
    InputError
        Where a position is not a whole number, no set has the subgroup, or a set has it twice.
    """
    if subgroups is not None:
        return _find_label(sets, shape, wanted, subgroups, name)
    position = np.asarray(wanted)
    if position.dtype.kind not in "iu":
        raise InputError(
            f"{name} must be the position of a subgroup, from 0. To name it by its label, give subgroups "
            "(a label for each subgroup) as well."
        )
    sizes = sets.rows.sizes
    column = np.broadcast_to(position, sets.rows.shape).ravel().astype(np.int64)
    column = np.where(column < 0, column + sizes, column)
    found = (column >= 0) & (column < sizes)
    return _require_found(sizes, column, found, f"{name} is {position.tolist()}")


def _find_label(
    sets: Subgroups, shape: tuple[int, ...], wanted: object, subgroups: ArrayLike, name: str
) -> tuple[Rows, Bools]:
    try:
        same = np.broadcast_to(np.equal(np.asarray(subgroups), np.asarray(wanted)), shape)
    except ValueError as error:
        raise InputError(
            f"subgroups must have a label for each subgroup: the values have shape {shape}, the labels "
            f"{np.shape(subgroups)}."
        ) from error
    table = arrange_table(sets.rows, sets.filled, same)
    if np.any(table.sum(axis=1) > 1):
        raise InputError(f"A data set has several subgroups with the label that {name} gives.")
    column: Rows = np.argmax(table, axis=1).astype(np.int64)
    held = np.asarray(table.any(axis=1))
    return _require_found(sets.rows.sizes, column, held, f'{name} is "{wanted}"')


def _require_found(sizes: Rows, column: Rows, found: Bools, given: str) -> tuple[Rows, Bools]:
    filled = sizes > 0
    if filled.any() and not found.any():
        raise InputError(f"No data set has the subgroup asked for: {given}.")
    # A data set without any subgroup lacks more than this one.
    return np.where(found, column, 0), found | ~filled


def pick(table: Floats, column: Rows) -> Floats:
    """One cell of each set."""
    return np.take_along_axis(table, column[:, None], axis=1)[:, 0]


def estimate_normal(
    value: Floats,
    standard_error: Floats,
    level: ArrayLike,
    shape: tuple[int, ...],
    **found: Bools | bool,
) -> Estimate:
    """Values of the given shape with a symmetric interval; NaN limits where there is no standard error."""
    level = require_confidence_level(level)
    centre, error = value.reshape(shape), standard_error.reshape(shape)
    half_width = special.ndtri(0.5 + level / 2) * error
    return Estimate.of(
        centre,
        centre - half_width,
        centre + half_width,
        reasons_for(half_width.shape, **_shaped(found, shape)),
        error,
    )


def estimate_log_normal(
    value: Floats,
    log_error: Floats,
    level: ArrayLike,
    shape: tuple[int, ...],
    **found: Bools | bool,
) -> Estimate:
    """Ratios of the given shape with an interval symmetric on the logarithm."""
    level = require_confidence_level(level)
    centre, error = value.reshape(shape), log_error.reshape(shape)
    with np.errstate(over="ignore", invalid="ignore"):
        factor = np.exp(special.ndtri(0.5 + level / 2) * error)
        return Estimate.of(
            centre,
            centre / factor,
            centre * factor,
            reasons_for(factor.shape, **_shaped(found, shape)),
            centre * error,
        )


def _shaped(found: dict[str, Bools | bool], shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
    return {reason: np.broadcast_to(where, shape if np.ndim(where) == 0 else np.shape(where)).reshape(shape)
            for reason, where in found.items()}  # fmt: skip
