"""Rows that belong together: by labels, by sorted offsets, or along the last axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import Floats, require_rows

_SHORT: Final = 64
_FEW: Final = 4
_SORTED_BY_DIGITS: Final = 2**16


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
    size
        The number of rows in a group where all groups have as many, or ``None``.
    """

    offsets: NDArray[np.int64]
    order: NDArray[np.int64] | None
    shape: tuple[int, ...]
    labels: NDArray[Any] | None = None
    size: int | None = None

    def arrange(self, values: Floats) -> Floats:
        """The values as one row of runs."""
        flat = values.ravel()
        return flat if self.order is None else flat[self.order]

    def total(self, arranged: Floats) -> Floats:
        """The sum of each group; 0 for a group without rows."""
        if self.size:
            return _sum_rows(arranged.reshape(-1, self.size)).reshape(self.shape)
        sizes = self.sizes
        sums = np.zeros(sizes.size)
        held = sizes > 0
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
        Where both are given, the lengths differ, a label is not known (None, NaN, NaT; rows are named), or
        the offsets do not run from 0 to the number of rows.
    """
    if groups is not None and offsets is not None:
        raise InputError("Give groups (a label for each row) or offsets (where each group starts), not both.")
    if groups is None and offsets is None:
        size = shape[-1] if shape else 1
        count = int(np.prod(shape[:-1]))
        return Groups(np.arange(count + 1, dtype=np.int64) * size, None, shape[:-1], size=size)
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
    if labels.dtype.kind == "U" and isinstance(groups, list | tuple):
        # NumPy writes a NaN among texts as the text "nan".
        labels = labels if all(isinstance(label, str) for label in groups) else np.array(groups, object)
    _require_known(labels)
    if labels.dtype.kind in "OT":
        names, labels = _number_objects(labels)
        return replace(_from_runs(labels), labels=names)
    return _from_runs(labels)


def _from_runs(labels: NDArray[Any]) -> Groups:
    # Labels mostly come in runs: only the first of each run has to be sorted.
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    starts = np.concatenate([np.zeros(min(labels.size, 1), np.int64), changes])
    heads, sizes, order = labels[starts], np.diff(starts, append=labels.size), None
    if not np.all(heads[1:] > heads[:-1]):
        heads, group = _number(heads)
        order = np.argsort(np.repeat(group, sizes), kind="stable")
        sizes = np.bincount(group, weights=sizes).astype(np.int64)
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Groups(bounds, order, (heads.size,), heads, _equal_size(bounds))


def _number(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.integer]]:
    """The distinct labels in order, and the place of each label among them."""
    spread = int(labels.max()) - int(labels.min()) if labels.dtype.kind in "iu" else np.inf
    if spread < labels.size * _FEW:
        wide = np.int64 if labels.dtype.kind == "i" else np.uint64
        steps = np.subtract(labels, labels.min(), dtype=wide).astype(np.intp)
        held = np.bincount(steps) > 0
        place = (np.cumsum(held) - 1)[steps]
        names = np.empty(np.count_nonzero(held), labels.dtype)
        names[place] = labels
    else:
        names, place = np.unique(labels, return_inverse=True)
    # Numbers of 16 bits are sorted by their digits, several times as fast.
    return names, place.astype(np.uint16) if names.size <= _SORTED_BY_DIGITS else place


def _number_objects(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    listed = labels.tolist()
    try:
        names = sorted(set(listed))
    except TypeError as error:
        raise InputError("groups holds labels that cannot be sorted. Give texts or whole numbers.") from error
    place = {name: number for number, name in enumerate(names)}
    numbers = np.fromiter(map(place.__getitem__, listed), np.int64, count=len(listed))
    return np.fromiter(names, labels.dtype, count=len(names)), numbers


def _require_known(labels: NDArray[Any]) -> None:
    kind = labels.dtype.kind
    if kind in "fc":
        unknown = np.isnan(labels)
    elif kind in "mM":
        unknown = np.isnat(labels)
    elif kind in "OT" and any(map(_is_unknown, _distinct(labels))):
        unknown = np.fromiter(map(_is_unknown, labels.tolist()), np.bool_, count=labels.size)
    else:
        return
    require_rows(~unknown, np.zeros(labels.size), "groups has no label")


def _distinct(labels: NDArray[Any]) -> Iterable[Any]:
    listed: list[Any] = labels.tolist()
    try:
        return set(listed)
    except TypeError:
        return listed


def _is_unknown(label: Any) -> bool:
    # A missing value is None, or not equal to itself, or (pandas) not even comparable with itself.
    same = label == label
    return label is None or not (isinstance(same, bool | np.bool_) and same)


def _sum_rows(table: Floats) -> Floats:
    # einsum is the quicker on short rows; on long ones sum adds in pairs, which keeps more digits.
    sums: Floats = np.einsum("ij->i", table) if table.shape[1] < _SHORT else table.sum(axis=1)
    return sums


def _equal_size(bounds: NDArray[np.int64]) -> int | None:
    if bounds.size < 2:
        return None
    size = int(bounds[1] - bounds[0])
    return size if np.all(np.diff(bounds) == size) else None


def _from_offsets(rows: int, offsets: ArrayLike | None) -> Groups:
    given = np.asarray(offsets)
    if not np.issubdtype(given.dtype, np.integer):
        raise InputError(f"offsets must hold whole numbers, but they hold {given.dtype}.")
    bounds = given.astype(np.int64)
    valid = bounds.ndim == 1 and bounds.size > 0 and bounds[0] == 0 and bounds[-1] == rows
    if not valid or np.any(np.diff(bounds) < 0):
        raise InputError(f"offsets must start with 0, never fall, and end with the number of rows, {rows}.")
    return Groups(bounds, None, (bounds.size - 1,), size=_equal_size(bounds))
