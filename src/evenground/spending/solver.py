"""The best plan of whole units: HiGHS on a small core of the program, with a bound on all of it.

1. The linear relaxation is solved over the placements that give most for their money. The prices in its
   solution tell whether any placement that was left out would pay; those that would come in (column
   generation), until none does: its value is then a bound on every plan.
2. Lines are added where the relaxation is loose (see ``cuts``).
3. The placements whose price is nearest to their worth are put to HiGHS as whole numbers, the others are
   left as the relaxation has them; more and more of them, until the plan is within the gap of the bound, or
   every placement that could matter has been put to it.

Floors are never hard: being short of one costs far more than anything gains, so there is always an
answer, which says how short.

References
----------
Dantzig GB, Wolfe P. Decomposition principle for linear programs. Oper Res 1960;8:101-11 (pricing).
Duran MA, Grossmann IE. Mathematical Programming 1986;36:307-39 (lines for a bent function).
Dantzig G, Fulkerson R, Johnson S. J Oper Res Soc Am 1954;2:393-410 (fixing by reduced cost).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from evenground.errors import InputError
from evenground.spending.communities import Floats
from evenground.spending.cuts import Cuts, choose_rows, make_cut_rows
from evenground.spending.problem import Ints, Problem

GAP: Final = 0.005
_EXACT: Final = 1e-6
_SMALL: Final = 60
"""Up to so many placements everything is put to HiGHS at once."""
_FIRST: Final = 300
"""Up to so many placements all of them are in the core from the start."""
_WIDTHS: Final = (60, 120, 180)
_TIMES_BUDGET: Final = 3
_ROUNDS: Final = 25
_GROWTH: Final = 100
_OF_A_FLOOR: Final = 30
_NOISE: Final = 1e-6
_KEPT: Final = 200
_PENALTY: Final = 1e4
_NODES: Final = 5000
_SHORT: Final = 1e-6
_POUNDS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Found:
    """A plan.

    Attributes
    ----------
    units
        Shape (placements,), whole.
    value
        What the people it reaches count for.
    bound
        No plan has more.
    short
        Shape (floors,): people that each floor is short of.
    """

    units: Floats
    value: float
    bound: float
    short: Floats

    @property
    def gap(self) -> float:
        """How far the best possible plan can be above this one, as a share of it."""
        return max(0.0, self.bound - self.value) / self.value if self.value > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Program:
    """The linear program over a core: minimise ``cost @ x`` with ``rows @ x <= top``, ``0 <= x <= upper``."""

    core: Ints
    communities: Ints
    cost: Floats
    rows: sparse.csr_array
    top: Floats
    lower: Floats
    upper: Floats
    cut: Ints

    lumps: slice
    group: Ints

    @property
    def has_lumps(self) -> bool:
        return bool(self.lumps.stop > self.lumps.start)

    @property
    def whole(self) -> NDArray[np.int64]:
        kinds = np.zeros(len(self.cost), dtype=np.int64)
        kinds[: len(self.core)] = 1
        kinds[self.lumps] = 1
        return kinds


@dataclass(frozen=True, slots=True)
class _Relaxed:
    program: Program
    units: Floats
    reduced: Floats
    bound: float
    short: Floats


def find_plan(problem: Problem, cuts: Cuts, *, gap: float = GAP, elastic: bool = False) -> Found:
    """The plan of whole units of the highest value, within ``gap`` of the best where that can be shown.

    Parameters
    ----------
    problem
        The program; it may differ in value, budget and floors from the one the cuts were made for.
    cuts
        Lines found so far; more are added.
    gap
        As a share of the bound. Programs of up to sixty placements are solved to the end whatever it is.
    elastic
        Look for the plan that is least short of the floors, too, where they cannot be met.

    Returns
    -------
    Found
        Unless ``elastic``, where the floors cannot be met even by parts of units, one that buys nothing and
        says how short the relaxation is.

    Raises
    ------
    InputError
        Where HiGHS finds no solution, which cannot happen in a program made by ``make_problem``.
    """
    nothing = np.zeros(len(problem.placements))
    if not len(nothing):
        return Found(nothing, 0.0, 0.0, problem.short(nothing))
    gap = min(gap, _EXACT) if len(nothing) <= _SMALL else gap
    penalty = _PENALTY * max(float(problem.value.max(initial=0.0)), 1e-12)
    relaxed = _relax(problem, cuts, penalty, gap)
    if np.any(relaxed.short > _SHORT) and not elastic:
        return Found(nothing, 0.0, relaxed.bound, relaxed.short)
    if len(problem.placements) > _SMALL and relaxed.program.has_lumps:
        relaxed = _settle(problem, cuts, relaxed, penalty, gap)
    cuts.core = _find_nearest(relaxed)
    best, bound = _widen(problem, cuts, relaxed, penalty, gap)
    value = float(problem.value @ problem.reached(best))
    return Found(best, value, max(value, bound), problem.short(best))


def _widen(
    problem: Problem, cuts: Cuts, relaxed: _Relaxed, penalty: float, gap: float
) -> tuple[Floats, float]:
    """Put more and more placements to HiGHS, those first whose price is nearest to their worth."""
    best, worth, bound = np.zeros(len(problem.placements)), -np.inf, relaxed.bound
    price = np.abs(relaxed.reduced)
    order = np.argsort(price, kind="stable")
    widths = (len(order),) if len(problem.placements) <= _SMALL else _WIDTHS
    for width in widths:
        free = np.zeros(len(order), dtype=np.bool_)
        free[order[:width]] = True
        units, limit = _round(problem, cuts, relaxed, free, penalty, gap)
        now = _judge(problem, units, penalty)
        if now > worth:
            best, worth = units, now
        if free.all() and len(order) == len(problem.placements):
            bound = min(bound, max(limit, worth))
        # A placement whose price is further off its worth than what is open stays as it is in a better plan.
        if bound - worth <= gap * abs(bound) or np.all(free | (price > bound - worth)):
            break
    return best, bound


def _find_nearest(relaxed: _Relaxed) -> Ints:
    """The placements whose price is nearest to their worth, the nearest first."""
    return relaxed.program.core[np.argsort(np.abs(relaxed.reduced), kind="stable")[:_KEPT]]


def _settle(problem: Problem, cuts: Cuts, relaxed: _Relaxed, penalty: float, gap: float) -> _Relaxed:
    """Whole staff and whatever is set up decided first: half a nurse is far from none and from one."""
    for _ in range(2):
        core = np.union1d(_find_nearest(relaxed), relaxed.program.core[relaxed.units > 0])
        program = make_program(problem, cuts, core, penalty)
        lumps = np.zeros(len(program.cost), dtype=np.int64)
        lumps[program.lumps] = 1
        solved = milp(
            program.cost,
            constraints=LinearConstraint(program.rows, -np.inf, program.top),
            integrality=lumps,
            bounds=Bounds(0, program.upper),
            options={"mip_rel_gap": gap / 2, "node_limit": _NODES},
        )
        if solved.x is None:
            return relaxed
        relaxed = _relax(problem, cuts, penalty, gap, core, np.round(solved.x[program.lumps]))
        if len(relaxed.program.core) == len(core):
            break
    return relaxed


def _judge(problem: Problem, units: Floats, penalty: float) -> float:
    return float(problem.value @ problem.reached(units) - penalty * problem.short(units).sum())


def _relax(
    problem: Problem,
    cuts: Cuts,
    penalty: float,
    gap: float,
    core: Ints | None = None,
    lumps: Floats | None = None,
) -> _Relaxed:
    """The linear relaxation over a core that grows until nothing that was left out would pay."""
    core = np.union1d(_choose_core(problem), cuts.core) if core is None else core
    for _ in range(_ROUNDS):
        program = _fix(make_program(problem, cuts, core, penalty), lumps)
        bounds = np.column_stack([program.lower, program.upper])
        solved = linprog(program.cost, A_ub=program.rows, b_ub=program.top, bounds=bounds, method="highs")
        if solved.x is None:
            raise InputError(f"HiGHS found no solution of the linear program: {solved.message}")
        units = np.zeros(len(problem.placements))
        units[core] = solved.x[: len(core)]
        left_out = _price(problem, cuts, program, -solved.ineqlin.marginals)
        reached = problem.value @ problem.reached(units)
        missed = penalty * problem.short(units).sum() if len(problem.floors.at_least) else 0.0
        loose = -solved.fun - (reached - missed)
        short = solved.x[program.lumps.stop :]
        if not len(left_out) and (
            loose <= max(0.1 * gap, _NOISE) * abs(solved.fun) or np.any(short > _SHORT)
        ):
            break
        core = np.union1d(core, left_out)
        _tighten(problem, cuts, program, solved.x, units)
    reduced = (solved.lower.marginals + solved.upper.marginals)[: len(program.core)]
    # While a placement that was left out would pay, the value is no bound on all plans.
    bound = -float(solved.fun) if not len(left_out) else np.inf
    return _Relaxed(program, solved.x[: len(program.core)], reduced, bound, short)


def _tighten(problem: Problem, cuts: Cuts, program: Program, solution: Floats, units: Floats) -> None:
    """New lines where the program takes more people to be reached than are; not where it hardly does."""
    strength = cuts.strength @ units
    shares = solution[len(program.core) : len(program.core) + len(program.communities)]
    there = program.group >= 0
    people = np.bincount(program.group[there], problem.missing[there], len(program.communities))
    off = np.zeros(len(problem.missing))
    off[program.communities] = people * (shares + np.expm1(-strength[program.communities]))
    cuts.tighten(strength, off > 0.1 * float(off.sum()) / max(len(shares), 1))


def _fix(program: Program, lumps: Floats | None) -> Program:
    if lumps is None:
        return program
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[program.lumps] = upper[program.lumps] = lumps
    return replace(program, lower=lower, upper=upper)


def _choose_core(problem: Problem) -> Ints:
    """The placements that give most for their money, for a few times the budget; of each floor as well."""
    placements = problem.placements
    if len(placements) <= _FIRST:
        return np.arange(len(placements))
    strength, groups = problem.strength, problem.floors.members
    pounds = np.maximum(placements.cost, 1e-9) * placements.most
    chosen: list[Ints] = []
    weights = [problem.value, *(groups[[number]].toarray()[0] for number in range(groups.shape[0]))]
    for weight in weights:
        gain = strength.T @ (weight * problem.missing)
        order = np.argsort(-gain / np.maximum(placements.cost, 1e-9), kind="stable")
        order = order[gain[order] > 0]
        enough = int(np.searchsorted(np.cumsum(pounds[order]), _TIMES_BUDGET * problem.budget)) + 20
        chosen.append(order[:enough] if weight is problem.value else order[:_OF_A_FLOOR])
    return np.unique(np.concatenate(chosen))


def make_program(problem: Problem, cuts: Cuts, core: Ints, penalty: float) -> Program:
    """Variables: units, shares reached, what is set up, staff taken on, people short of floors."""
    placements, floors = problem.placements, problem.floors
    strength = sparse.csr_array(cuts.strength[:, core])
    communities, group = _group_alike(strength)
    place = np.full(len(problem.missing), -1)
    place[communities] = np.arange(len(communities))
    there = group >= 0
    alike = sparse.csr_array(
        (problem.missing[there], (np.flatnonzero(there), group[there])),
        shape=(len(problem.missing), len(communities)),
    )
    set_up = np.flatnonzero(problem.set_up > 0)
    sizes = (len(core), len(communities), len(set_up), len(problem.wage), len(floors.at_least))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    width = int(starts[-1])
    chosen, position = choose_rows(cuts, place)
    scale, limit = _POUNDS, np.maximum(problem.limit, 1.0)
    cost = np.zeros(width)
    cost[starts[1] : starts[2]] = -(alike.T @ problem.value)
    cost[starts[4] :] = penalty
    in_all = sparse.csr_array(
        (1 / limit[placements.intervention[core]], (placements.intervention[core], np.arange(len(core)))),
        shape=(len(limit), width),
    )
    begun = sparse.csr_array(
        (-np.ones(sizes[2]), (set_up, starts[2] + np.arange(sizes[2]))), shape=(len(limit), width)
    )
    people = sparse.csr_array(floors.members @ alike)
    hours = sparse.csr_array(problem.hours[:, core] / problem.hours_each[:, None])
    rows = [
        sparse.csr_array(
            np.concatenate(
                [
                    placements.cost[core] / scale,
                    np.zeros(sizes[1]),
                    problem.set_up[set_up] / scale,
                    problem.wage / scale,
                    np.zeros(sizes[4]),
                ]
            )[None, :]
        ),
        in_all + begun,
        _beside(width, (hours, 0), (-sparse.eye_array(sizes[3]), starts[3])),
        _beside(width, (-people, starts[1]), (-sparse.eye_array(sizes[4]), starts[4])),
        make_cut_rows(cuts, strength[communities], chosen, position, int(starts[1]), width),
    ]
    top: list[Floats] = [
        np.array([problem.budget / scale]),
        np.where(problem.set_up > 0, 0.0, 1.0),
        problem.in_post,
        -floors.at_least,
        cuts.intercept[chosen],
    ]
    upper = np.concatenate(
        [
            placements.most[core],
            np.ones(sizes[1]),
            np.ones(sizes[2]),
            problem.at_most,
            np.full(sizes[4], np.inf),
        ]
    )
    return Program(
        core,
        communities,
        cost,
        sparse.csr_array(sparse.vstack(rows)),
        np.concatenate(top),
        np.zeros(width),
        upper,
        chosen,
        slice(int(starts[2]), int(starts[4])),
        group,
    )


def _group_alike(strength: sparse.csr_array) -> tuple[Ints, Ints]:
    """Communities that the same placements serve alike: one for each group, and the group of each.

    A unit for everywhere has the same strength in every community, so that all those that nothing else
    serves share one curve.
    """
    served = np.flatnonzero(np.diff(strength.indptr))
    # Two rows that differ have the same product with a random vector next to never.
    key = strength @ np.random.default_rng(0).uniform(1, 2, strength.shape[1])
    _, first, within = np.unique(key[served], return_index=True, return_inverse=True)
    group = np.full(strength.shape[0], -1)
    group[served] = within
    return served[first], group


def _beside(width: int, *parts: tuple[sparse.sparray, int]) -> sparse.csr_array:
    """Blocks set into rows of ``width`` columns, each from a column on."""
    height = parts[0][0].shape[0]
    made = sparse.csr_array((height, width))
    for block, start in parts:
        pairs = sparse.coo_array(block)
        made = made + sparse.csr_array((pairs.data, (pairs.row, pairs.col + start)), shape=(height, width))
    return sparse.csr_array(made)


def _price(problem: Problem, cuts: Cuts, program: Program, prices: Floats) -> Ints:
    """The placements outside the core that would pay at the prices of the solution."""
    if len(program.core) == len(problem.placements):
        return np.zeros(0, dtype=np.int64)
    roles, floors = len(problem.wage), len(problem.floors.at_least)
    ends = np.cumsum([1, len(problem.limit), roles, floors])
    money, limit = prices[0] / _POUNDS, prices[1 : ends[1]]
    hours, floor = prices[ends[1] : ends[2]], prices[ends[2] : ends[3]]
    # What one more unit of strength is worth: by the lines in the program, else that of the first.
    worth = problem.missing * (problem.value + problem.floors.members.T @ floor)
    there = program.group >= 0
    place = np.full(len(worth), -1)
    place[program.communities] = np.arange(len(program.communities))
    count = len(program.communities)
    slopes = prices[ends[3] :] * cuts.slope[program.cut]
    together = np.bincount(place[cuts.community[program.cut]], slopes, count)
    alone = np.bincount(program.group[there], worth[there], count)
    part = together / np.where(alone > 0, alone, 1.0)
    worth[there] *= part[program.group[there]]
    placements = problem.placements
    profit = (
        cuts.strength.T @ worth
        - money * placements.cost
        - (limit / np.maximum(problem.limit, 1.0))[placements.intervention]
        - problem.hours.T @ (hours / problem.hours_each)
    )
    profit[program.core] = 0.0
    paying = np.flatnonzero(profit > 1e-7 * float(problem.value.max(initial=0.0)))
    return paying[np.argsort(-profit[paying], kind="stable")][:_GROWTH]


def _round(
    problem: Problem, cuts: Cuts, relaxed: _Relaxed, free: NDArray[np.bool_], penalty: float, gap: float
) -> tuple[Floats, float]:
    """Whole units, those not free as the relaxation has them; with a bound on all such plans."""
    core = relaxed.program.core
    units = np.zeros(len(problem.placements))
    limit = np.inf
    for _ in range(_ROUNDS):
        program = make_program(problem, cuts, core, penalty)
        lower, upper = program.lower.copy(), program.upper.copy()
        if not free.all():
            lower[program.lumps] = relaxed.program.lower[relaxed.program.lumps]
            upper[program.lumps] = relaxed.program.upper[relaxed.program.lumps]
        fixed = np.flatnonzero(~free)
        lower[fixed] = upper[fixed] = np.round(relaxed.units[fixed])
        solved = milp(
            program.cost,
            constraints=LinearConstraint(program.rows, -np.inf, program.top),
            integrality=program.whole,
            bounds=Bounds(lower, upper),
            options={"mip_rel_gap": gap / 2, "node_limit": _NODES},
        )
        if solved.x is None:
            break
        before = units.copy()
        units[core] = np.round(solved.x[: len(core)])
        limit = min(limit, -solved.mip_dual_bound)
        loose = -solved.fun - _judge(problem, units, penalty)
        if loose <= max(0.1 * gap, _NOISE) * abs(solved.fun) or np.array_equal(units, before):
            break
        _tighten(problem, cuts, program, solved.x, units)
    return units, float(limit)
