"""Subgroups or persons at the midpoints of their ranks, from the most disadvantaged (0) to the least (1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evenground.errors import InputError
from evenground.stats.estimates import Floats, require_counts, require_numbers, require_same_shape
from evenground.stats.groups import Groups, find_groups

Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Design:
    """The strata and the sampling units of surveys, each with a number at every person."""

    stratum: Rows
    unit: Rows
    rows: Groups

    def variance_of_total(self, influence: Floats) -> Floats:
        """The variance of each survey's total of the influences: between the units of each stratum."""
        totals = np.bincount(self.unit, influence).astype(np.float64)
        stratum = np.zeros(len(totals), dtype=np.int64)
        stratum[self.unit] = self.stratum
        count = np.bincount(stratum)
        # A stratum's only unit is centred at the mean of all units, and influences sum to 0.
        centre = np.where(count > 1, np.bincount(stratum, totals) / count, 0.0)
        squares = np.bincount(stratum, (totals - centre[stratum]) ** 2) * (count / np.maximum(count - 1, 1))
        survey = np.zeros(len(count), dtype=np.int64)
        survey[self.stratum] = _set_of(self.rows)
        return np.bincount(survey, squares, minlength=len(self.rows.sizes)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows of many data sets in order of rank.

    Attributes
    ----------
    value, share, rank
        Of each row; the shares of a data set sum to 1.
    rows
        Where each data set starts.
    found
        Why data sets cannot be calculated, whatever the measure.
    design
        Of surveys; ``None`` where the rows are subgroups.
    """

    value: Floats
    share: Floats
    rank: Floats
    rows: Groups
    found: dict[str, Bools]
    design: Design | None = None

    def total(self, values: Floats) -> Floats:
        """The sum of each data set, as one row."""
        return self.rows.total(values).ravel()

    def spread(self, per_set: Floats) -> Floats:
        """A figure of each data set at each of its rows."""
        return self.rows.spread(per_set)


def rank_subgroups(
    value: ArrayLike, population: ArrayLike, groups: ArrayLike | None, offsets: ArrayLike | None
) -> Ranked:
    """Rank subgroups that come from the most to the least disadvantaged."""
    y, n = require_same_shape(
        value=require_numbers("value", value), population=require_counts("population", population)
    )
    rows = find_groups(y.shape, groups, offsets)
    y, n = rows.arrange(y), rows.arrange(n)
    found = _find_reasons(rows, y + n) | {"no_population": rows.total((n == 0) * 1.0).ravel() > 0}
    share = _share(rows, n)
    return Ranked(y, share, _midpoints(rows, share, np.arange(len(y))), rows, found)


def rank_survey(
    value: ArrayLike,
    position: ArrayLike,
    weight: ArrayLike,
    psu: ArrayLike | None,
    strata: ArrayLike | None,
    groups: ArrayLike | None,
    offsets: ArrayLike | None,
) -> Ranked:
    """Rank persons by position; those of one position share the midpoint of their rank."""
    y, p, w = require_same_shape(
        value=require_numbers("value", value),
        position=require_numbers("position", position),
        weight=require_counts("weight", weight),
    )
    rows = find_groups(y.shape, groups, offsets)
    set_of = _set_of(rows)
    order = np.lexsort((rows.arrange(p), set_of))
    labels = (_arrange_labels(name, labels, rows) for name, labels in (("strata", strata), ("psu", psu)))
    stratum_label, unit_label = labels
    stratum = _number(set_of, np.zeros(len(set_of)) if stratum_label is None else stratum_label)
    unit = np.arange(len(set_of)) if unit_label is None else _number(stratum, unit_label)
    y, p, w = (rows.arrange(array)[order] for array in (y, p, w))
    share = _share(rows, w)
    block = _number(set_of, p)
    found = _find_reasons(rows, y + p + w) | {"no_population": rows.total(w).ravel() == 0}
    design = Design(stratum[order], unit[order], rows)
    return Ranked(y, share, _midpoints(rows, share, block), rows, found, design)


def _set_of(rows: Groups) -> Rows:
    return np.repeat(np.arange(len(rows.sizes)), rows.sizes)


def _find_reasons(rows: Groups, any_nan: Floats) -> dict[str, Bools]:
    return {"missing": np.isnan(rows.total(any_nan)).ravel(), "too_few_values": rows.sizes < 2}


def _share(rows: Groups, n: Floats) -> Floats:
    known = np.nan_to_num(n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(known / rows.spread(rows.total(known)))


def _midpoints(rows: Groups, share: Floats, block: Rows) -> Floats:
    """The midpoint of the ranks of each block; blocks are numbered from 0 in the order of the rows."""
    if not len(share):
        return share
    # Each data set starts over, so that no digits are lost to those before it.
    steps = share.copy()
    starts = rows.offsets[:-1][rows.sizes > 0]
    steps[starts[1:]] -= 1.0
    running = np.cumsum(steps)
    before = np.zeros(len(starts))
    before[1:] = running[starts[1:] - 1] - 1.0
    upto = running - np.repeat(before, rows.sizes[rows.sizes > 0])
    first = np.r_[True, block[1:] != block[:-1]]
    last = np.r_[block[1:] != block[:-1], True]
    middle: Floats = ((upto[first] - share[first] + upto[last]) / 2)[block]
    return middle


def _arrange_labels(name: str, labels: ArrayLike | None, rows: Groups) -> NDArray[Any] | None:
    if labels is None:
        return None
    array = np.asarray(labels)
    count = int(rows.offsets[-1])
    if array.size != count:
        raise InputError(f"{name} must have a label for each of the {count} persons; it has {array.size}.")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise InputError(f"{name} is NaN in some rows. Give every person one, or leave these rows out.")
    flat = array.ravel()
    return flat if rows.order is None else flat[rows.order]


def _number(outer: Rows, labels: NDArray[Any]) -> Rows:
    """A number from 0 for each pair of an outer number and a label, in sorted order."""
    names, inner = np.unique(labels, return_inverse=True)
    numbers: Rows = np.unique(outer * len(names) + inner, return_inverse=True)[1].astype(np.int64)
    return numbers
