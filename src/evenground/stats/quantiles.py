"""Areas put into equal parts by rank: fifths, tenths."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError, suggest
from evenground.stats.estimates import REASONS, Floats, reasons_for, require_numbers
from evenground.stats.groups import Groups, find_groups

NO_QUANTILE: Final = 0
"""What stands in place of a quantile where there is a reason."""

_ENDS: Final = ("highest", "lowest")


class Quantiles(NamedTuple):
    """The quantile of each area.

    Attributes
    ----------
    quantile
        1 to the number of quantiles; ``NO_QUANTILE``, which is 0, where there is a reason.
    reason
        ``missing`` where the value is NaN, ``too_few_quantiles`` where its group has fewer areas with a
        value than there are quantiles, or the empty text.
    """

    quantile: NDArray[np.int64]
    reason: NDArray[np.str_]


def assign_quantiles(
    value: ArrayLike,
    *,
    quantile_1: str,
    quantiles: int = 5,
    groups: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
) -> Quantiles:
    """Put areas into quantiles by their rank, as Fingertips puts areas into deprivation quintiles.

    Areas of the same value share the lowest of their ranks, so they are never parted; where many are
    alike, quantiles differ in size and one can be empty.

    Parameters
    ----------
    value
        What the areas are ranked by: shape (..., areas), or (rows,) with ``groups`` or ``offsets``. NaN:
        the area has no quantile and is left out of the count of its group.
    quantile_1
        Which end is quantile 1: ``highest`` for a score where high is deprived (IMD scores), ``lowest``
        for a rank where 1 is the most deprived (IMD ranks).
    quantiles
        How many: 5 for fifths, 10 for tenths.
    groups
        A label for each row, such as its region: each group has quantiles of its own.
    offsets
        Where each group starts in sorted rows, then the number of rows.

    Returns
    -------
    Quantiles
        In the order and shape of ``value``.

    Raises
    ------
    InputError
        Where values are infinite or no numbers, ``quantile_1`` is not known, or ``quantiles`` is not a
        whole number of at least 1.

    References
    ----------
    Office for Health Improvement and Disparities. Fingertips public health technical guidance: assigning
    deprivation categories.

    Examples
    --------
    >>> fifths = assign_quantiles([32.1, 8.4, 15.0, 27.7, 21.3, np.nan], quantile_1="highest")
    >>> print(fifths.quantile, fifths.reason)
    [1 5 4 2 3 0] ['' '' '' '' '' 'missing']
    """
    if quantile_1 not in _ENDS:
        raise InputError(f'quantile_1 "{quantile_1}" is not known. {suggest(quantile_1, _ENDS)}')
    parts = _require_parts(quantiles)
    x = require_numbers("value", value)
    rows = find_groups(x.shape, groups, offsets)
    arranged = rows.arrange(x)
    present = ~np.isnan(arranged)
    areas = np.repeat(rows.total(present.astype(np.float64)).ravel().astype(np.int64), rows.sizes)
    rank = _rank_within(rows, arranged if quantile_1 == "lowest" else -arranged)
    # Whole numbers throughout: the field's division by areas / quantiles can fall the wrong side of a
    # whole number in the last bit, and then moves an area.
    from_top = (areas + 1 - rank) * parts
    found = parts + 1 + (-from_top) // np.maximum(areas, 1)
    codes = reasons_for(arranged.shape, missing=~present, too_few_quantiles=areas < parts)
    quantile = np.where(codes == 0, found, NO_QUANTILE)
    return Quantiles(_restore(rows, quantile, x.shape), np.asarray(REASONS)[_restore(rows, codes, x.shape)])


def _require_parts(quantiles: int) -> int:
    if isinstance(quantiles, bool) or not isinstance(quantiles, int | np.integer) or quantiles < 1:
        raise InputError(f"quantiles must be a whole number of at least 1, but {quantiles!r} was given.")
    return int(quantiles)


def _rank_within(rows: Groups, arranged: Floats) -> NDArray[np.int64]:
    """The rank of each row in its group, from 1; rows of one value share the lowest, NaN comes last."""
    group = np.repeat(np.arange(rows.sizes.size), rows.sizes)
    order = np.lexsort((arranged, group))
    ordered, start = arranged[order], np.repeat(rows.offsets[:-1], rows.sizes)
    place = np.arange(arranged.size, dtype=np.int64)
    first = place == start
    first[1:] |= ordered[1:] != ordered[:-1]
    rank = np.empty(arranged.size, dtype=np.int64)
    rank[order] = np.maximum.accumulate(np.where(first, place, 0)) - start + 1
    return rank


def _restore(rows: Groups, arranged: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The rows back in the caller's order and shape."""
    if rows.order is None:
        return arranged.reshape(shape)
    restored = np.empty_like(arranged)
    restored[rows.order] = arranged
    return restored.reshape(shape)
