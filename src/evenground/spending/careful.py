"""The plan that is best when things go badly: its mean over the worst tenth of the draws is highest.

That mean is the least, over all sets of a tenth of the draws, of the mean over the set. For any one set the
latter is a sum over communities of concave functions of the units, so that its tangents are bounds. The set
that is worst for each plan that is found is taken up, with tangents there, until no set is worse than was
known. In a small program this is done with whole units: no plan is then better. In a large one it is done
with parts of units, which gives a bound on every plan; the prices of the sets say how to weigh the draws, and
the best plan of whole units for draws weighed so is held against that bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

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
_MOST_ROUNDS: Final = 5
_ROUNDS: Final = 6_000
"""Divided by the communities: each round of a large program takes seconds."""
_MOST_BOUND: Final = 5_000
"""With more communities no bound is worked out."""
_TANGENTS: Final = 6
"""Of each set, the latest: with fewer the bound is looser, and as true."""


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


@dataclass(frozen=True, slots=True)
class Careful:
    """A plan, the mean of its value over the worst part of the draws, and what no plan's is above."""

    units: Floats
    worst: float
    bound: float

    @property
    def gap(self) -> float:
        """How far above this plan the best could still be, as a share."""
        return max(0.0, self.bound / self.worst - 1) if self.worst > 0 else 0.0


def find_careful_plan(
    problem: Problem, cuts: Cuts, draws: Draws, first: Found, *, gap: float, worst: float = WORST
) -> Careful:
    """The plan with the highest mean over the worst part of the draws.

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
    best, bound = first.units, np.inf
    kept = average_worst(draw_value(problem, draws, best), worst)
    look = _search if len(problem.placements) <= _SMALL else _approach
    for units, limit in look(problem, cuts, draws, first, gap, worst):
        bound = min(bound, limit)
        now = average_worst(draw_value(problem, draws, units), worst)
        if now > kept and problem.allows(units) and not np.any(problem.short(units) > 1e-6):
            best, kept = units, now
    return Careful(best, kept, max(bound, kept))


def _approach(
    problem: Problem, cuts: Cuts, draws: Draws, first: Found, gap: float, worst: float
) -> Iterator[tuple[Floats, float]]:
    """Plans for the average of what is bad for those before; then the bound, and a plan by its weights."""
    best, weight = first.units, np.zeros(len(draws.missing))
    kept, units = average_worst(draw_value(problem, draws, best), worst), best
    for _ in range(_AVERAGED):
        weight[find_worst(draw_value(problem, draws, units), worst)] += 1.0
        units = _plan_weighed(problem, draws, weight / weight.sum(), gap)
        yield units, np.inf
        now = average_worst(draw_value(problem, draws, units), worst)
        if now > kept:
            best, kept = units, now
    if len(problem.missing) <= _MOST_BOUND:
        share, bound = _weigh(problem, cuts, draws, best, gap, worst)
        yield _plan_weighed(problem, draws, share, gap), bound


def _plan_weighed(problem: Problem, draws: Draws, share: Floats, gap: float) -> Floats:
    weighed = replace(problem, missing=share @ draws.missing, effect=share @ draws.effect)
    return find_plan(weighed, Cuts(weighed), gap=gap).units


def _weigh(
    problem: Problem, cuts: Cuts, draws: Draws, start: Floats, gap: float, worst: float
) -> tuple[Floats, float]:
    """How the draws weigh for the best plan of parts of units, and the bound on every plan."""
    core = np.arange(len(problem.placements))
    program = make_program(problem, cuts, core, _PENALTY * max(float(problem.value.max(initial=0.0)), 1e-12))
    sets, units, bound = _Sets(), start, np.inf
    prices = np.zeros(0)
    for _ in range(max(1, min(_MOST_ROUNDS, _ROUNDS // len(problem.missing)))):
        known = len(sets.draws)
        number = sets.take_up(find_worst(draw_value(problem, draws, units), worst))
        points = [np.zeros(len(units)), start] if number == known else []
        for place, tangents in enumerate(sets.tangents):
            chosen = sets.draws[place]
            at = [*points, units] if place == number else [units]
            tangents.extend(_touch(problem, draws, core, chosen, point) for point in at)
            del tangents[:-_TANGENTS]
        found = _relax(program, sets, len(core))
        if found is None:
            break
        units, limit, prices = found
        bound = min(bound, limit)
        if bound - average_worst(draw_value(problem, draws, units), worst) <= gap / 2 * abs(bound):
            break
    share = np.zeros(len(draws.missing))
    for chosen, price in zip(
        sets.draws, prices if prices.sum() > 0 else np.ones(len(sets.draws)), strict=True
    ):
        share[chosen] += price / len(chosen)
    return share / share.sum(), bound


def _search(
    problem: Problem, cuts: Cuts, draws: Draws, first: Found, gap: float, worst: float
) -> Iterator[tuple[Floats, float]]:
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
        yield units, bound
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


@dataclass(frozen=True, slots=True)
class _Posed:
    """The highest least value over the sets, as a program: minimise ``cost @ x``."""

    cost: Floats
    rows: sparse.csr_array
    top: Floats
    lower: Floats
    upper: Floats
    sets: slice
    """Which of the rows say that the least is no more than the value over a set."""


def _pose(program: Program, sets: _Sets) -> _Posed:
    width, begin = len(program.cost), len(program.cost) + 1
    size = len(sets.tangents[0][0].community)
    total = begin + size * len(sets.draws)
    start = begin + size * np.arange(len(sets.draws))
    number = np.repeat(np.arange(len(sets.draws)), size)
    values = (-np.ones(total - begin), (number, np.arange(begin, total)))
    least = (np.ones(len(start)), (np.arange(len(start)), np.full(len(start), width)))
    shape = (len(start), total)
    rows = [
        _widen(program.rows, total),
        sparse.csr_array(sparse.csr_array(values, shape=shape) + sparse.csr_array(least, shape=shape)),
    ]
    top = [program.top, np.zeros(len(start))]
    for first, tangents in zip(start, sets.tangents, strict=True):
        ones = sparse.csr_array(
            (np.ones(size), (np.arange(size), first + np.arange(size))), shape=(size, total)
        )
        for tangent in tangents:
            rows.append(sparse.csr_array(ones - _widen(tangent.slope, total)))
            top.append(tangent.constant)
    cost = np.zeros(total)
    cost[program.lumps.stop : width] = program.cost[program.lumps.stop :]
    cost[width] = -1.0
    free = np.full(total - width, np.inf)
    after = program.rows.shape[0]
    return _Posed(
        cost,
        sparse.csr_array(sparse.vstack(rows)),
        np.concatenate(top),
        np.concatenate([program.lower, -free]),
        np.concatenate([program.upper, free]),
        slice(after, after + len(start)),
    )


def _solve(program: Program, sets: _Sets, placements: int, gap: float) -> tuple[Floats, float] | None:
    """The plan of whole units with the highest least value over the sets, and the bound on it."""
    posed = _pose(program, sets)
    kinds: NDArray[np.int64] = np.zeros(len(posed.cost), dtype=np.int64)
    kinds[: len(program.cost)] = program.whole
    solved = milp(
        posed.cost,
        constraints=LinearConstraint(posed.rows, -np.inf, posed.top),
        integrality=kinds,
        bounds=Bounds(posed.lower, posed.upper),
        options={"mip_rel_gap": gap / 2},
    )
    if solved.x is None:
        return None
    return np.round(solved.x[:placements]), -float(solved.mip_dual_bound)


def _relax(program: Program, sets: _Sets, placements: int) -> tuple[Floats, float, Floats] | None:
    """The same with parts of units: the plan, its value, and the prices of the sets."""
    posed = _pose(program, sets)
    limits = np.column_stack([posed.lower, posed.upper])
    solved = linprog(posed.cost, A_ub=posed.rows, b_ub=posed.top, bounds=limits, method="highs")
    if solved.x is None:
        return None
    prices = np.maximum(-solved.ineqlin.marginals[posed.sets], 0.0)
    return solved.x[:placements], -float(solved.fun), prices


def _widen(rows: sparse.csr_array, width: int) -> sparse.csr_array:
    return sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], width))
