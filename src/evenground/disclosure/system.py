"""Unknown whole numbers and what is known of their sums: narrowed as far as sums alone go.

A release is a system of linear (in)equalities over counts of people. Narrowing each count by each sum it is
in, again and again until nothing changes, costs a few passes over the entries, and is exact where the sums
form a tree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_ROUNDS: Final = 200
_TOLERANCE: Final = 1e-6
NOT_NARROWED: Final = -1
"""The route of a bound that no sum has narrowed."""


@dataclass(frozen=True, slots=True)
class System:
    """Whole numbers between bounds, and weighted sums of them between bounds.

    Attributes
    ----------
    lower, upper
        The bounds of each unknown; either may be infinite.
    rows, columns, weights
        The sums, as entries: ``weights[e]`` times the unknown ``columns[e]`` is in the sum ``rows[e]``.
        Sorted by row.
    least, most
        The bounds of each sum.
    ends
        The first entry of each sum, and after them the number of entries: see ``make_system``.
    sums_of, starts
        The sums that each unknown is in, one unknown after the other, and where those of each begin.
    """

    lower: Floats
    upper: Floats
    rows: Codes
    columns: Codes
    weights: Floats
    least: Floats
    most: Floats
    ends: Codes
    sums_of: Codes
    starts: Codes

    def matrix(self) -> sparse.csr_array:
        """The sums as a sparse matrix, one row a sum."""
        shape = (len(self.least), len(self.lower))
        return sparse.csr_array((self.weights, (self.rows, self.columns)), shape=shape)

    def within(self, lower: Floats, upper: Floats) -> System:
        """The same sums over unknowns with other bounds."""
        return replace(self, lower=lower, upper=upper)


def make_system(
    bounds: tuple[Floats, Floats], entries: tuple[Codes, Codes, Floats], sums: tuple[Floats, Floats]
) -> System:
    """A system of bounds of unknowns, entries (sum, unknown, weight) in any order, and bounds of sums."""
    rows, columns, weights = entries
    order = np.argsort(rows, kind="stable")
    rows, columns, weights = rows[order], columns[order], weights[order]
    ends = np.searchsorted(rows, np.arange(len(sums[0]) + 1))
    by_unknown = np.argsort(columns, kind="stable")
    starts = np.searchsorted(columns[by_unknown], np.arange(len(bounds[0]) + 1))
    return System(*bounds, rows, columns, weights, *sums, ends, rows[by_unknown], starts)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left of the bounds of each unknown, and the sum that narrowed each bound last."""

    lower: Floats
    upper: Floats
    lower_route: Codes
    upper_route: Codes

    @property
    def contradictory(self) -> Codes:
        """Unknowns that no whole number fits."""
        return np.flatnonzero(self.lower > self.upper + _TOLERANCE)


def narrow(system: System, *, start: NDArray[np.bool_] | None = None, rounds: int = _ROUNDS) -> Narrowed:
    """Narrow every unknown by every sum that it is in until nothing changes.

    Parameters
    ----------
    system
        The system.
    start
        Where given, the sums to begin with, of shape (sums,): those that something is new in.
    rounds
        The most passes. Fewer than are needed give wider bounds, never wrong ones. It ends at once where the
        sums contradict each other.

    References
    ----------
    Brearley AL, Mitra G, Williams HP. Analysis of mathematical programming problems prior to applying the
    simplex algorithm. Mathematical Programming 1975;8:54-83 (bounds on rows and columns).
    """
    lower, upper = system.lower.copy(), system.upper.copy()
    routes = np.full((2, len(lower)), NOT_NARROWED, dtype=np.int64)
    active = np.ones(len(system.least), dtype=bool) if start is None else start.copy()
    changed = np.zeros(len(lower), dtype=bool)
    has_entries = system.ends[1:] > system.ends[:-1]
    for _ in range(rounds):
        sums = np.flatnonzero(active & has_entries)
        if not len(sums):
            break
        changed[:] = False
        _narrow_once(system, sums, lower, upper, routes, changed)
        if (lower > upper + _TOLERANCE).any():
            # Bounds that have crossed would drive all others apart, for ever.
            break
        active[:] = False
        active[system.sums_of[entries_of(np.flatnonzero(changed), system.starts)]] = True
    return Narrowed(lower, upper, routes[0], routes[1])


def entries_of(rows: Codes, ends: Codes) -> Codes:
    """The entries of some sums, where ``ends`` has the first entry of each, and the last of all."""
    starts, counts = ends[rows], ends[rows + 1] - ends[rows]
    offsets = np.cumsum(counts) - counts
    return np.repeat(starts - offsets, counts) + np.arange(counts.sum())


def _narrow_once(
    system: System, sums: Codes, lower: Floats, upper: Floats, routes: Codes, changed: NDArray[np.bool_]
) -> None:
    """Narrow by some sums, each of which has entries."""
    counts = system.ends[sums + 1] - system.ends[sums]
    entries = entries_of(sums, system.ends)
    rows, columns, weights = system.rows[entries], system.columns[entries], system.weights[entries]
    low, high, is_positive = lower[columns], upper[columns], weights > 0
    others_least = _without_own(counts, weights * np.where(is_positive, low, high))
    others_most = _without_own(counts, weights * np.where(is_positive, high, low))
    with np.errstate(invalid="ignore"):
        from_most = (system.most[rows] - others_least) / weights
        from_least = (system.least[rows] - others_most) / weights
    new_upper = np.floor(np.where(is_positive, from_most, from_least) + _TOLERANCE)
    new_lower = np.ceil(np.where(is_positive, from_least, from_most) - _TOLERANCE)
    _keep_tighter(upper, new_upper, new_upper < high - 0.5, rows, columns, routes[1], changed, is_upper=True)
    _keep_tighter(lower, new_lower, new_lower > low + 0.5, rows, columns, routes[0], changed, is_upper=False)


def _without_own(counts: Codes, parts: Floats) -> Floats:
    """What the other parts of a sum add up to, for each part; infinite where another part is.

    ``counts`` has the number of parts of each sum, one sum after the other.
    """
    begins = np.cumsum(counts) - counts
    sums = np.add.reduceat(parts, begins)
    if np.isfinite(sums).all():
        rest: Floats = np.repeat(sums, counts) - parts
        return rest
    finite = np.isfinite(parts)
    known = np.where(finite, parts, 0.0)
    others = np.repeat(np.add.reduceat(~finite, begins, dtype=np.int64), counts) - ~finite
    rest = np.repeat(np.add.reduceat(known, begins), counts) - known
    return np.where(others > 0, np.sign(parts[~finite][0]) * np.inf, rest)


def _keep_tighter(
    bound: Floats,
    found: Floats,
    tighter: NDArray[np.bool_],
    rows: Codes,
    columns: Codes,
    route: Codes,
    changed: NDArray[np.bool_],
    *,
    is_upper: bool,
) -> None:
    if not tighter.any():
        return
    found, rows, columns = found[tighter], rows[tighter], columns[tighter]
    (np.minimum if is_upper else np.maximum).at(bound, columns, found)
    is_best = found == bound[columns]
    # Of several sums that say the same, the first is told: what is written last stands.
    route[columns[is_best][::-1]] = rows[is_best][::-1]
    changed[columns] = True
