"""The closest bounds that a system of sums allows, by linear programming (HiGHS).

Narrowing by one sum at a time misses what several together say of sums that meet again. Blocks that share
no unknown are solved apart; in a large block, each count is looked at within its neighbourhood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

from evenground.disclosure.system import Codes, Floats, System

_TOLERANCE: Final = 1e-6
_UNBOUNDED: Final = 1e7
"""More people than any place has: a solver wants a number."""


@dataclass(frozen=True, slots=True)
class Block:
    """Unknowns, and the sums that tie them to each other, cut out of a system.

    Attributes
    ----------
    unknowns, sums
        Their numbers in the system, in rising order.
    matrix
        Sums by unknowns.
    lower, upper, least, most
        Bounds of both; what is fixed has been taken off the sums.
    """

    unknowns: Codes
    sums: Codes
    matrix: sparse.csr_array
    lower: Floats
    upper: Floats
    least: Floats
    most: Floats


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or most of one unknown, and what it rests on.

    ``of_lower`` and ``of_upper`` say how much further it could go for each unit by which the lower and
    upper bounds of each unknown were wider; ``of_sums`` which sums matter. Shapes: (unknowns,),
    (unknowns,), (sums,).
    """

    value: float
    of_lower: Floats
    of_upper: Floats
    of_sums: Floats

    @property
    def whole_above(self) -> float:
        """The least whole number that is not less."""
        return float(np.ceil(self.value - _TOLERANCE))

    @property
    def whole_below(self) -> float:
        """The greatest whole number that is not more."""
        return float(np.floor(self.value + _TOLERANCE))


class Blocks:
    """A system, cut where nothing that is still open ties its parts."""

    def __init__(self, system: System, lower: Floats, upper: Floats, *, keep: bool = False) -> None:
        """``keep`` keeps what is fixed as an unknown, so that it is seen what rests on it."""
        self._system = system
        self._lower, self._upper = lower, upper
        self._matrix = system.matrix()
        self._by_unknown = self._matrix.tocsc()
        self.is_open = (lower < upper - _TOLERANCE) | keep
        self._matters = _can_bind(system, lower, upper)
        self.labels = self._label()

    def _label(self) -> Codes:
        """The number of the block of each unknown; those that are fixed have one each."""
        system = self._system
        kept = self._matters[system.rows] & self.is_open[system.columns]
        unknowns, sums = len(self._lower), len(system.least)
        ties = sparse.coo_array(
            (np.ones(int(kept.sum())), (system.columns[kept], system.rows[kept] + unknowns)),
            shape=(unknowns + sums, unknowns + sums),
        )
        return np.asarray(connected_components(ties, directed=False)[1][:unknowns], dtype=np.int64)

    def of_label(self, label: int) -> Block:
        """A whole block."""
        unknowns = np.flatnonzero((self.labels == label) & self.is_open)
        return self._cut(unknowns, self._sums_of(unknowns))

    def of_unknowns(self, unknowns: Codes) -> Block:
        """Some unknowns, with every sum that they are in."""
        return self._cut(unknowns, self._sums_of(unknowns))

    def around(self, unknown: int, steps: int) -> Block:
        """An unknown and what is within so many sums of it; what is outside keeps its bounds."""
        inside = np.array([unknown])
        for _ in range(steps):
            sums = self._sums_of(inside)
            found = np.unique(self._matrix[sums].indices) if len(sums) else inside
            inside = np.union1d(inside, found[self.is_open[found]])
        return self._cut(inside, self._sums_of(inside))

    def _sums_of(self, unknowns: Codes) -> Codes:
        found = np.unique(self._by_unknown[:, unknowns].indices)
        return np.asarray(found[self._matters[found]], dtype=np.int64)

    def _cut(self, unknowns: Codes, sums: Codes) -> Block:
        rows = self._matrix[sums]
        outside = np.ones(len(self._lower), dtype=bool)
        outside[unknowns] = False
        low, high = (
            np.where(outside, bound, 0.0) for bound in (self._lower, np.minimum(self._upper, _UNBOUNDED))
        )
        positive, negative = rows.maximum(0), rows.minimum(0)
        least_out = positive @ low + negative @ high
        most_out = positive @ high + negative @ low
        return Block(
            unknowns,
            sums,
            rows[:, unknowns],
            self._lower[unknowns],
            np.minimum(self._upper[unknowns], _UNBOUNDED),
            self._system.least[sums] - most_out,
            self._system.most[sums] - least_out,
        )


def _can_bind(system: System, lower: Floats, upper: Floats) -> NDArray[np.bool_]:
    """Sums that say more than the bounds of their unknowns do."""
    positive = system.weights > 0
    low = system.weights * np.where(positive, lower[system.columns], upper[system.columns])
    high = system.weights * np.where(positive, upper[system.columns], lower[system.columns])
    least = np.bincount(system.rows, low, len(system.least))
    most = np.bincount(system.rows, high, len(system.least))
    return (least < system.least - _TOLERANCE) | (most > system.most + _TOLERANCE)


def solve(block: Block, cost: Floats) -> tuple[Floats, Extreme] | None:
    """The point of a block where ``cost`` is least, and what it rests on; none where no point fits."""
    is_equal = block.most - block.least <= _TOLERANCE
    has_most = ~is_equal & (block.most < _UNBOUNDED)
    has_least = ~is_equal & (block.least > -_UNBOUNDED)
    above = sparse.vstack([block.matrix[has_most], -block.matrix[has_least]], format="csr")
    found = linprog(
        cost,
        A_ub=above if above.shape[0] else None,
        b_ub=np.concatenate([block.most[has_most], -block.least[has_least]]) if above.shape[0] else None,
        A_eq=block.matrix[is_equal] if is_equal.any() else None,
        b_eq=block.most[is_equal] if is_equal.any() else None,
        bounds=np.stack([block.lower, block.upper], axis=1),
        method="highs",
    )
    if found.status != 0:
        return None
    of_sums = np.zeros(len(block.least))
    if is_equal.any():
        of_sums[is_equal] = np.abs(found.eqlin.marginals)
    if above.shape[0]:
        both = np.abs(found.ineqlin.marginals)
        of_sums[has_most] += both[: int(has_most.sum())]
        of_sums[has_least] += both[int(has_most.sum()) :]
    extreme = Extreme(found.fun, np.abs(found.lower.marginals), np.abs(found.upper.marginals), of_sums)
    return found.x, extreme


def find_range(block: Block, position: int) -> tuple[Extreme, Extreme] | None:
    """The least and most of one unknown of a block; none where no point fits the sums."""
    cost = np.zeros(len(block.unknowns))
    cost[position] = 1.0
    least, most = solve(block, cost), solve(block, -cost)
    if least is None or most is None:
        return None
    top = most[1]
    return least[1], Extreme(-top.value, top.of_lower, top.of_upper, top.of_sums)


def find_proven(block: Block, wanted: Codes, width: int, *, tries: int, seed: int = 0) -> NDArray[np.bool_]:
    """Which unknowns are seen to reach so many values, from points that fit all sums.

    Every point that fits is a proof for all unknowns at once, so a few of them spare most of the programs.

    Parameters
    ----------
    block
        The block.
    wanted
        Positions of the unknowns to prove.
    width
        Most less least, at least this.
    tries
        The most points to look for.
    seed
        Of the directions that points are looked for in.
    """
    random = np.random.default_rng(seed)
    least, most = np.full(len(block.unknowns), np.inf), np.full(len(block.unknowns), -np.inf)
    left = wanted
    for number in range(tries):
        cost = np.zeros(len(block.unknowns))
        cost[left] = random.uniform(0.5, 1.5, len(left)) * (-1 if number % 2 else 1)
        if number > 1:
            cost[left] *= random.choice([-1.0, 1.0], len(left))
        found = solve(block, cost)
        if found is None:
            break
        least, most = np.minimum(least, found[0]), np.maximum(most, found[0])
        left = wanted[(most - least)[wanted] < width - _TOLERANCE]
        if not len(left):
            break
    return np.asarray((most - least)[wanted] >= width - _TOLERANCE)


def split(blocks: Blocks, unknowns: Codes) -> Iterator[tuple[int, Codes]]:
    """Unknowns by the block that they are in."""
    labels = blocks.labels[unknowns]
    order = np.argsort(labels, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        if len(part):
            yield int(labels[part[0]]), unknowns[part]
