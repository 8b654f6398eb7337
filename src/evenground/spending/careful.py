"""The plan that is best when things go badly: its mean over the worst tenth of the draws is highest.

That mean is the least, over all sets of a tenth of the draws, of the mean over the set. For any one set the
latter is a sum over communities of concave functions of the units, so that its tangents are bounds. In a
small program the set that is worst for each plan that is found is taken up, with tangents there, until no
set is worse than was known: no plan is then better. In a large one plans are made for the average of the
sets found so far, a few times, and the one whose worst tenth is best is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from evenground.spending.communities import Floats
from evenground.spending.cuts import Cuts
from evenground.spending.draws import WORST, Draws, average_worst, draw_value, find_worst
from evenground.spending.problem import Ints, Problem
from evenground.spending.solver import Found, Program, find_plan, make_program

_PENALTY: Final = 1e4
_SMALL: Final = 60
"""Up to so many placements, plans are looked for until none can be better."""
_MOST: Final = 60
_AVERAGED: Final = 4


@dataclass(frozen=True, slots=True)
class _Tangent:
    """``value of community <= constant + slope @ units`` over a set of draws."""

    community: Ints
    constant: Floats
    slope: sparse.csr_array


@dataclass(slots=True)
class _Sets:
    """Sets of draws, each with its tangents."""

    draws: list[Ints] = field(default_factory=list)
    tangents: list[list[_Tangent]] = field(default_factory=list)

    def take_up(self, worst: Ints) -> int:
        for number, known in enumerate(self.draws):
            if np.array_equal(known, worst):
                return number
        self.draws.append(worst)
        self.tangents.append([])
        return len(self.draws) - 1


def find_careful_plan(
    problem: Problem, cuts: Cuts, draws: Draws, first: Found, *, gap: float, worst: float = WORST
) -> Floats:
    """Units of the plan with the highest mean over the worst part of the draws.

    Parameters
    ----------
    problem, cuts
        The program and its lines.
    draws
        Of what is uncertain.
    first
        The best plan by what is expected; it is kept unless a better one is found.
    gap
        As a share: when the bound is no further off, the search ends.
    worst
        The part of the draws.

    """
    best = first.units
    kept = average_worst(draw_value(problem, draws, best), worst)
    for units in _list_plans(problem, cuts, draws, first, gap, worst):
        now = average_worst(draw_value(problem, draws, units), worst)
        if now > kept and problem.allows(units) and not np.any(problem.short(units) > 1e-6):
            best, kept = units, now
    return best


def _list_plans(
    problem: Problem, cuts: Cuts, draws: Draws, first: Found, gap: float, worst: float
) -> Iterator[Floats]:
    if len(problem.placements) <= _SMALL:
        yield from _search(problem, cuts, draws, first, gap, worst)
    else:
        yield from _average(problem, draws, first, gap, worst)


def _average(problem: Problem, draws: Draws, first: Found, gap: float, worst: float) -> Iterator[Floats]:
    """Plans for the average of what is bad for each plan before them."""
    units, weight = first.units, np.zeros(len(draws.missing))
    for _ in range(_AVERAGED):
        weight[find_worst(draw_value(problem, draws, units), worst)] += 1.0
        share = weight / weight.sum()
        averaged = replace(problem, missing=share @ draws.missing, effect=share @ draws.effect)
        units = find_plan(averaged, Cuts(averaged), gap=gap).units
        yield units


def _search(
    problem: Problem, cuts: Cuts, draws: Draws, first: Found, gap: float, worst: float
) -> Iterator[Floats]:
    """Plans until the bound says that none can be better than the best of them."""
    core = np.arange(len(problem.placements))
    program = make_program(problem, cuts, core, _PENALTY * max(float(problem.value.max(initial=0.0)), 1e-12))
    sets, units = _Sets(), first.units
    kept = -np.inf
    for _ in range(_MOST):
        value = draw_value(problem, draws, units)
        kept = max(kept, average_worst(value, worst))
        number = sets.take_up(find_worst(value, worst))
        for point in [units] if sets.tangents[number] else [np.zeros(len(units)), first.units, units]:
            sets.tangents[number].append(_touch(problem, draws, core, sets.draws[number], point))
        found = _solve(program, sets, len(core), gap)
        if found is None:
            return
        units, bound = found
        yield units
        if bound - kept <= gap * abs(bound):
            return


def _touch(problem: Problem, draws: Draws, core: Ints, chosen: Ints, units: Floats) -> _Tangent:
    """The tangents of each community's value over a set of draws, at given units."""
    placements = problem.placements
    pairs = problem.member[:, core].tocoo()
    community, place = np.unique(pairs.row, return_inverse=True)
    found = draws.effect[np.ix_(chosen, placements.intervention[core])] * placements.share[core]
    each = -np.log1p(-np.minimum(found, 1 - 1e-9))
    strength = np.zeros((len(chosen), len(community)))
    np.add.at(strength.T, place, (each * units[core]).T[pairs.col])
    people = draws.missing[np.ix_(chosen, community)] * problem.value[community]
    left = people * np.exp(-strength)
    slope = (left[:, place] * each[:, pairs.col]).mean(axis=0)
    slopes = sparse.csr_array((slope, (place, pairs.col)), shape=(len(community), len(core)))
    constant = (people - left).mean(axis=0) - slopes @ units[core]
    return _Tangent(community.astype(np.int64), constant, slopes)


def _solve(program: Program, sets: _Sets, placements: int, gap: float) -> tuple[Floats, float] | None:
    """The plan with the highest least value over the sets, and the bound on it."""
    width, begin = len(program.cost), len(program.cost) + 1
    size = len(sets.tangents[0][0].community)
    total = begin + size * len(sets.draws)
    rows: list[sparse.csr_array] = [_widen(program.rows, total)]
    top = [program.top]
    for number, tangents in enumerate(sets.tangents):
        start = begin + size * number
        least = np.zeros(total)
        least[width] = 1.0
        least[start : start + size] = -1.0
        rows.append(sparse.csr_array(least[None, :]))
        top.append(np.zeros(1))
        for tangent in tangents:
            ones = sparse.csr_array(
                (np.ones(size), (np.arange(size), start + np.arange(size))), shape=(size, total)
            )
            rows.append(sparse.csr_array(ones - _widen(tangent.slope, total)))
            top.append(tangent.constant)
    cost = np.zeros(total)
    cost[program.lumps.stop : width] = program.cost[program.lumps.stop :]
    cost[width] = -1.0
    kinds: NDArray[np.int64] = np.zeros(total, dtype=np.int64)
    kinds[:width] = program.whole
    free = np.full(total - width, np.inf)
    solved = milp(
        cost,
        constraints=LinearConstraint(sparse.vstack(rows), -np.inf, np.concatenate(top)),
        integrality=kinds,
        bounds=Bounds(np.concatenate([program.lower, -free]), np.concatenate([program.upper, free])),
        options={"mip_rel_gap": gap / 2},
    )
    if solved.x is None:
        return None
    return np.round(solved.x[:placements]), -float(solved.mip_dual_bound)


def _widen(rows: sparse.csr_array, width: int) -> sparse.csr_array:
    return sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], width))
