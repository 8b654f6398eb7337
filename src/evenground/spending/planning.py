"""One call from ranked communities and a budget to a plan, with what being fair and careful costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from evenground.errors import InputError
from evenground.spending.careful import Careful, find_careful_plan
from evenground.spending.communities import Floats
from evenground.spending.conflicts import raise_conflict
from evenground.spending.cuts import Cuts
from evenground.spending.draws import DRAWS, average_worst, make_draws
from evenground.spending.loader import Offer, load_evidence, load_offer
from evenground.spending.records import Evidence
from evenground.spending.request import PEOPLE, Request, read_request
from evenground.spending.rules import spend_by_deprivation, spend_by_head
from evenground.spending.solver import GAP, Found, find_plan
from evenground.spending.tables import (
    Outcome,
    find_limits,
    judge_plan,
    make_community_table,
    make_group_table,
    make_plan_table,
)
from evenground.spending.weights import NONE, Weights, make_weights

NEXT_POUNDS: Final = 10_000.0
PLAN, CAREFUL, BY_HEAD, BY_DEPRIVATION = "plan", "careful", "by_head", "by_deprivation"
_STEPS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_ROOM: Final = 1.05


@dataclass(frozen=True, slots=True)
class Spending:
    """A plan and what stands around it.

    Attributes
    ----------
    budget, weeks, cost
        Pounds and weeks given, and pounds used.
    maximise, unit
        ``people`` or ``benefit``, and the unit of the latter.
    weights
        The equity weights in a sentence.
    expected, lower_cl, upper_cl, confidence_level
        People that the plan is expected to reach.
    benefit, benefit_lower_cl, benefit_upper_cl
        What that is worth, where evidence tells it of every community; else ``None``.
    worst_tenth
        The mean over the worst tenth of the draws of people reached.
    gap
        How far above this plan the best possible could be, as a share.
    careful_gap
        The same of the careful plan and the worst tenth of any plan; ``None`` where it was left out.
    next_pounds, next_reached
        Pounds more, and how many more people those would reach.
    plan, careful
        What is bought where, by what is expected and by the worst tenth.
    communities, groups, frontier, floors, comparisons, staff
        Tables; see the page on spending.
    notes
        What its owner should know.
    """

    budget: float
    weeks: float
    cost: float
    maximise: str
    unit: str
    weights: str
    expected: float
    lower_cl: float
    upper_cl: float
    confidence_level: float
    benefit: float | None
    benefit_lower_cl: float | None
    benefit_upper_cl: float | None
    worst_tenth: float
    gap: float
    careful_gap: float | None
    next_pounds: float
    next_reached: float
    plan: pl.DataFrame
    careful: pl.DataFrame
    communities: pl.DataFrame
    groups: pl.DataFrame
    frontier: pl.DataFrame
    floors: pl.DataFrame
    comparisons: pl.DataFrame
    staff: pl.DataFrame
    notes: tuple[str, ...]

    @property
    def words(self) -> str:
        """The answer in a sentence."""
        return (
            f"£{self.budget:,.0f} buys about {self.expected:,.0f} more people reached "
            f"({self.lower_cl:,.0f} to {self.upper_cl:,.0f})."
        )


def plan_spending(
    frame: pl.DataFrame,
    offer: Offer | Path,
    *,
    budget: float,
    by: Sequence[str] | None = None,
    weeks: float = 26,
    maximise: str = PEOPLE,
    evidence: Sequence[Evidence] | Path = (),
    service: str | None = None,
    weights: str = NONE,
    floors: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    careful: bool = True,
    frontier: bool = True,
    confidence_level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
    gap: float = GAP,
) -> Spending:
    """Choose the interventions that a budget buys so that most of those who miss out are reached, and fairly.

    Parameters
    ----------
    frame
        Ranked communities, one row each: keys, ``eligible``, ``expected_missing`` and, where they are
        known, ``lower_cl``, ``upper_cl``, ``reached``, ``estimated_uptake``, deprivation (``imd_rank``,
        ``imd_decile`` or ``imd_quintile``), ``plus_group``; as ``evenground.reach.rank_counts`` or a
        release makes it.
    offer
        What can be bought, or the folder of its records.
    budget
        Pounds.
    by
        The columns that make a community; by default those before ``rank``.
    weeks
        How long the programme runs.
    maximise
        ``people`` reached, or the ``benefit`` that evidence tells.
    evidence
        Records of what reaching one more person is worth, or their folder.
    service
        The service's id where the table has no ``service_id``.
    weights
        ``none``, ``proportionate[:S]``, ``atkinson:E`` or ``COLUMN=VALUE:W,...``; see ``read_weights``.
    floors
        Such as ``town:20``, ``plus_group:5%`` or ``ethnic_group=J:40``; see ``read_floors``.
    groups
        Columns to show results by; by default those there are of Plus group, ethnic group, deprivation,
        town and service.
    careful, frontier
        Whether to work out the plan for the worst tenth, and the trade between total and fairness, as well.
    confidence_level
        Of the intervals.
    draws, seed
        How many draws, and where they start: the same input gives the same plan.
    gap
        The plan is within this share of the best possible one.

    Returns
    -------
    Spending
        The plan, its result by group with intervals, and what it is compared with.

    Raises
    ------
    InputError
        With every fault at once: a budget of zero, keys that no community has, floors that are not there;
        or which floors cannot be met together, and by how much.
    DefinitionError
        With every fault of the records, such as an effect without a source or a negative cost.
    """
    offered = load_offer(offer) if isinstance(offer, Path) else offer
    known = load_evidence(evidence) if isinstance(evidence, Path) else evidence
    request = read_request(
        frame,
        offered,
        budget=budget,
        by=by,
        weeks=weeks,
        maximise=maximise,
        evidence=known,
        service=service,
        weights=weights,
        floors=floors,
    )
    if not 0 < confidence_level < 1 or draws < 1:
        raise InputError("The confidence level must be between 0 and 1, and the draws at least 1.")
    return _answer(request, draws, seed, confidence_level, groups, gap, careful=careful, frontier=frontier)


def _answer(
    request: Request,
    count: int,
    seed: int,
    level: float,
    groups: Sequence[str] | None,
    gap: float,
    *,
    careful: bool,
    frontier: bool,
) -> Spending:
    problem = request.problem
    cuts = Cuts(problem)
    found = find_plan(problem, cuts, gap=gap)
    if np.any(found.short > 1e-6):
        raise_conflict(problem, cuts, request.floors)
    draws = make_draws(request.communities, request.offer, draws=count, seed=seed)
    outcomes = {PLAN: judge_plan(request, draws, found.units)}
    cautious: Careful | None = None
    if careful:
        cautious = find_careful_plan(problem, cuts, draws, found, gap=gap)
        outcomes[CAREFUL] = judge_plan(request, draws, cautious.units)
    others = {BY_HEAD: spend_by_head(request.communities, problem)}
    deprived = spend_by_deprivation(request.communities, problem)
    if deprived is not None:
        others[BY_DEPRIVATION] = deprived
    compared = {name: judge_plan(request, draws, units) for name, units in others.items()}
    outcome = outcomes[PLAN]
    total = outcome.draws.sum(axis=1)
    lower, upper = find_limits(total, level)
    more = find_plan(replace(problem, budget=problem.budget + NEXT_POUNDS), cuts, gap=gap)
    benefit = _find_benefit(request, outcome, level, seed)
    return Spending(
        budget=problem.budget,
        weeks=request.weeks,
        cost=outcome.cost,
        maximise=request.maximise,
        unit=request.worth.unit,
        weights=request.weights.words,
        expected=float(outcome.reached.sum()),
        lower_cl=float(lower),
        upper_cl=float(upper),
        confidence_level=level,
        benefit=benefit[0],
        benefit_lower_cl=benefit[1],
        benefit_upper_cl=benefit[2],
        worst_tenth=average_worst(total),
        gap=found.gap,
        careful_gap=cautious.gap if cautious else None,
        next_pounds=NEXT_POUNDS,
        next_reached=_more_people(problem.reached(more.units), outcome.reached, more.value > found.value),
        plan=make_plan_table(request, draws, found.units, level),
        careful=make_plan_table(request, draws, outcomes[CAREFUL].units, level)
        if careful
        else pl.DataFrame(),
        communities=make_community_table(request, outcome, level),
        groups=make_group_table(request, outcome, compared, groups, level),
        frontier=_trace_frontier(request, cuts, found, gap) if frontier else pl.DataFrame(),
        floors=_price_floors(request, cuts, found, gap),
        comparisons=_compare(request, outcomes | compared, level),
        staff=_list_staff(request, found.units),
        notes=request.notes,
    )


def _more_people(more: Floats, now: Floats, is_better: bool) -> float:
    return max(0.0, float(more.sum() - now.sum())) if is_better else 0.0


def _find_benefit(
    request: Request, outcome: Outcome, level: float, seed: int
) -> tuple[float | None, float | None, float | None]:
    worth = request.worth
    if not worth.is_complete:
        return None, None, None
    records = sorted({name for name in worth.record if name})
    rng = np.random.default_rng([seed, 3])
    total = np.zeros(len(outcome.draws))
    for record in records:
        chosen = np.array([name == record for name in worth.record])
        mean, spread = float(worth.gain[chosen][0]), float(worth.spread[chosen][0])
        shape = (mean / spread) ** 2 if spread > 0 else 1.0
        gain = rng.gamma(shape, mean / shape, len(total)) if spread > 0 else np.full(len(total), mean)
        total += gain * outcome.draws[:, chosen].sum(axis=1)
    lower, upper = find_limits(total, level)
    return float(outcome.reached @ worth.gain), float(lower), float(upper)


def _compare(request: Request, outcomes: dict[str, Outcome], level: float) -> pl.DataFrame:
    """The plans side by side: what each costs, whom it reaches, and what is left when things go badly."""
    rows = []
    for name, outcome in outcomes.items():
        total = outcome.draws.sum(axis=1)
        lower, upper = find_limits(total, level)
        rows.append(
            {
                "plan": name,
                "cost": outcome.cost,
                "expected_reached": float(outcome.reached.sum()),
                "lower_cl": float(lower),
                "upper_cl": float(upper),
                "confidence_level": level,
                "worst_tenth": average_worst(total),
                "value": float(outcome.reached @ request.problem.value),
                "value_worst_tenth": average_worst(outcome.draws @ request.problem.value),
                "plus_groups_reached": float(outcome.reached @ _is_plus(request)),
            }
        )
    return pl.DataFrame(rows)


def _is_plus(request: Request) -> Floats:
    return request.communities.plus_groups().is_not_null().to_numpy().astype(np.float64)


def _trace_frontier(request: Request, cuts: Cuts, found: Found, gap: float) -> pl.DataFrame:
    """From the most reached to the fairest: what each step towards fairness costs.

    Each point is the best plan where a person counts for a mixture of 1 and their equity weight. Points
    that another one beats in both are left out, so that the line goes one way.
    """
    weighing, weight = request.weights, request.weight
    if weighing.kind == NONE:
        deprived = request.communities.deprivation() is not None
        weighing = Weights("proportionate", 1.0) if deprived else Weights("atkinson", 1.0)
        weight = make_weights(request.communities, weighing)
    is_even = bool(np.ptp(weight) < 1e-12)
    points: list[dict[str, float | str]] = []
    for step in _STEPS:
        value = request.base * (1 - step + step * weight)
        same = np.allclose(value, request.problem.value)
        units = found.units if same else find_plan(replace(request.problem, value=value), cuts, gap=gap).units
        reached = request.problem.reached(units)
        points.append(
            {
                "emphasis": step,
                "total": float(reached @ request.base),
                "weighted": float(reached @ (request.base * weight)),
                "expected_reached": float(reached.sum()),
                "plus_groups_reached": float(reached @ _is_plus(request)),
                "cost": request.problem.cost(units),
                "weights": weighing.words,
            }
        )
        if is_even:
            break
    return pl.DataFrame(_keep_undominated(points))


def _keep_undominated(points: list[dict[str, float | str]]) -> list[dict[str, float | str]]:
    """In the order of less in all and more by weight."""
    ordered = sorted(points, key=lambda point: (-float(point["total"]), -float(point["weighted"])))
    kept: list[dict[str, float | str]] = []
    for point in ordered:
        if not kept or float(point["weighted"]) > float(kept[-1]["weighted"]) + 1e-9:
            kept.append(point)
    return kept


def _price_floors(request: Request, cuts: Cuts, found: Found, gap: float) -> pl.DataFrame:
    """What each floor costs the rest: how much more all of it would count for, if it were let go of.

    A floor that the plan passes with room to spare costs nothing.
    """
    problem, named = request.problem, request.floors
    rows = []
    reached = problem.reached(found.units)
    in_group = problem.floors.members @ reached
    for number, name in enumerate(named.names):
        least, price = float(problem.floors.at_least[number]), 0.0
        if in_group[number] <= least * _ROOM + 1:
            without = replace(problem, floors=named.drop(number).floors)
            price = max(0.0, find_plan(without, cuts, gap=gap).value - found.value)
        rows.append(
            {"floor": name, "at_least": least, "expected_reached": float(in_group[number]), "price": price}
        )
    kinds = {"floor": pl.String, "at_least": pl.Float64, "expected_reached": pl.Float64, "price": pl.Float64}
    return pl.DataFrame(rows, schema=kinds)


def _list_staff(request: Request, units: Floats) -> pl.DataFrame:
    """Whole people to be taken on, beside those in post."""
    hours = request.problem.hours @ units
    rows = [
        {
            "role_id": role.id,
            "role": role.name,
            "hours": float(hours[number]),
            "in_post": role.in_post,
            "taken_on": int(hired),
            "cost": float(hired * request.problem.wage[number]),
        }
        for number, (role, hired) in enumerate(
            zip(request.offer.staff, request.problem.hired(units), strict=True)
        )
    ]
    kinds = {
        "role_id": pl.String,
        "role": pl.String,
        "hours": pl.Float64,
        "in_post": pl.Int64,
        "taken_on": pl.Int64,
        "cost": pl.Float64,
    }
    return pl.DataFrame(rows, schema=kinds)
