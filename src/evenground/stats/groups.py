"""Rows that belong together: by labels, by sorted offsets, or along the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import Floats


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows in runs: group ``g`` is rows ``offsets[g]`` to ``offsets[g + 1]``, taken in ``order``.

    Attributes
    ----------
    offsets
        Shape (groups + 1,): 0 first, the number of rows last, never falling.
    order
        The rows sorted by group, or ``None`` where they already are.
    shape
        The shape of a result: (groups,), or the leading axes of an array.
    labels
        The label of each group in order, or ``None``.
    """

    offsets: NDArray[np.int64]
    order: NDArray[np.int64] | None
    shape: tuple[int, ...]
    labels: NDArray[Any] | None = None

    def arrange(self, values: Floats) -> Floats:
        """The values as one row of runs."""
        flat = values.ravel()
        return flat if self.order is None else flat[self.order]

    def total(self, arranged: Floats) -> Floats:
        """The sum of each group; 0 for a group without rows."""
        sums = np.zeros(len(self.sizes))
        held = self.sizes > 0
        if held.any():
            sums[held] = np.add.reduceat(arranged, self.offsets[:-1][held])
        return sums.reshape(self.shape)

    def spread(self, per_group: Floats) -> Floats:
        """A value of each group, at each of its rows."""
        return np.repeat(per_group.ravel(), self.sizes)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of rows in each group."""
        return np.diff(self.offsets)


def find_groups(shape: tuple[int, ...], groups: ArrayLike | None, offsets: ArrayLike | None) -> Groups:
    """Work out the groups of data of this shape.

    With neither labels nor offsets the last axis is the group: a table with a row for each area and a
    column for each age band needs no labels.

    Raises
    ------
    InputError
        Where both are given, the lengths differ, or the offsets do not run from 0 to the number of rows.
    """
    if groups is not None and offsets is not None:
        raise InputError("Give groups (a label for each row) or offsets (where each group starts), not both.")
    if groups is None and offsets is None:
        size = shape[-1] if shape else 1
        count = int(np.prod(shape[:-1]))
        return Groups(np.arange(count + 1, dtype=np.int64) * size, None, shape[:-1])
    rows = shape[0] if len(shape) == 1 else -1
    if rows < 0:
        raise InputError(f"With groups or offsets the data have one axis, but theirs have {len(shape)}.")
    return _from_labels(rows, groups) if groups is not None else _from_offsets(rows, offsets)


def _from_labels(rows: int, groups: ArrayLike) -> Groups:
    labels = np.asarray(groups)
    if labels.shape != (rows,):
        raise InputError(
            f"groups must have a label for each of the {rows} rows; it has shape {labels.shape}."
        )
    names, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    in_order = bool(np.all(inverse[1:] >= inverse[:-1]))
    order = None if in_order else np.argsort(inverse, kind="stable")
    return Groups(bounds, order, (len(names),), names)


def _from_offsets(rows: int, offsets: ArrayLike | None) -> Groups:
    bounds = np.asarray(offsets, dtype=np.int64)
    valid = bounds.ndim == 1 and bounds.size > 0 and bounds[0] == 0 and bounds[-1] == rows
    if not valid or np.any(np.diff(bounds) < 0):
        raise InputError(f"offsets must start with 0, never fall, and end with the number of rows, {rows}.")
    return Groups(bounds, None, (bounds.size - 1,))
