"""The plan that the program finds is the best there is: by trying all of them, and by a bound."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from evenground.spending import Offer, check_communities, plan_spending
from evenground.spending.careful import _weigh, find_careful_plan
from evenground.spending.cuts import Cuts
from evenground.spending.draws import WORST, average_worst, draw_value, make_draws
from evenground.spending.problem import Floors, Problem, make_problem
from evenground.spending.solver import find_plan
from tests.support.spending import (
    BY,
    make_intervention,
    make_offer,
    make_place,
    make_role,
    make_table,
)

SURE = 1e-7


def no_floors(communities: int) -> Floors:
    return Floors(sparse.csr_array((0, communities)), np.zeros(0))


def small_problem(missing: list[float], offer: Offer, budget: float, **more: Any) -> Problem:
    communities = check_communities(make_table(missing), ["area_code"])
    facts: dict[str, Any] = {"value": np.ones(len(missing)), "floors": no_floors(len(missing))}
    return make_problem(communities, offer, budget=budget, weeks=2, **(facts | more))


def try_all(problem: Problem) -> list[np.ndarray]:
    """Every plan that can be had, whatever the floors."""
    each = [range(int(most) + 1) for most in problem.placements.most]
    plans = (np.array(units, dtype=float) for units in itertools.product(*each))
    return [units for units in plans if problem.allows(units)]


numbers = st.floats(min_value=0, max_value=60).map(lambda number: round(number, 1))
shares = st.floats(min_value=0.05, max_value=0.9).map(lambda number: round(number, 2))
pounds = st.integers(min_value=20, max_value=400)


@st.composite
def small_problems(draw: st.DrawFn) -> Problem:
    missing = draw(st.lists(numbers, min_size=2, max_size=3))
    serves = draw(st.sampled_from(["community", "everywhere"]))
    offer = Offer(
        (
            make_intervention(
                "one",
                effect=draw(shares),
                contacts=draw(st.sampled_from([40, 60])),
                each=draw(pounds),
                cost={"set_up": draw(st.sampled_from([0.0, 150.0])), "per_contact": draw(shares)},
                capacity={"in_one_place": 2},
            ),
            make_intervention(
                "other",
                effect=draw(shares),
                each=draw(pounds),
                serves=serves,
                capacity={"in_one_place": 2, "per_week": 1.5},
                staff={"nurse": 30.0},
            ),
        ),
        (make_role(cost_per_week=draw(st.sampled_from([0.0, 60.0])), at_most=draw(st.integers(1, 2))),),
    )
    value = np.array(
        draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=len(missing), max_size=len(missing)))
    )
    floors = no_floors(len(missing))
    if draw(st.booleans()):
        member = np.zeros((1, len(missing)))
        member[0, 0] = 1.0
        floors = Floors(sparse.csr_array(member), np.array([round(0.1 * missing[0], 3)]))
    budget = draw(st.integers(min_value=50, max_value=1500))
    return small_problem(missing, offer, float(budget), value=value, floors=floors)


@settings(max_examples=40, deadline=None)
@given(small_problems())
def test_no_plan_of_a_small_program_is_better_than_the_one_found(problem):
    plans = [units for units in try_all(problem) if not np.any(problem.short(units) > SURE)]
    found = find_plan(problem, Cuts(problem), gap=1e-9)
    if not plans:
        assert np.any(found.short > SURE)
        return
    best = max(float(problem.value @ problem.reached(units)) for units in plans)
    assert problem.allows(found.units)
    assert not np.any(found.short > 1e-5)
    assert found.value == pytest.approx(best, abs=1e-4)
    assert found.bound >= best - 1e-4


@settings(max_examples=12, deadline=None)
@given(small_problems(), st.integers(0, 5))
def test_no_plan_of_a_small_program_has_a_better_worst_tenth_than_the_careful_one(problem, seed):
    problem = replace(problem, floors=no_floors(len(problem.missing)))
    table = make_table(problem.missing.tolist())
    offer = Offer(
        tuple(make_intervention(name, effect=e) for name, e in zip("ab", problem.effect, strict=True))
    )
    draws = make_draws(check_communities(table, ["area_code"]), offer, draws=60, seed=seed)
    cuts = Cuts(problem)
    first = find_plan(problem, cuts, gap=1e-9)
    found = find_careful_plan(problem, cuts, draws, first, gap=1e-6)
    careful = found.units
    best = max(average_worst(draw_value(problem, draws, units)) for units in try_all(problem))
    assert problem.allows(careful)
    assert average_worst(draw_value(problem, draws, careful)) == pytest.approx(best, rel=1e-4, abs=1e-4)
    assert found.worst == pytest.approx(best, rel=1e-4, abs=1e-4)
    assert found.bound >= best - 1e-4
    # The bound that large programs go by holds for these as well.
    share, bound = _weigh(problem, cuts, draws, first.units, 1e-3, WORST)
    assert bound >= best - 1e-4
    assert share.sum() == pytest.approx(1)


def test_the_careful_plan_of_a_large_program_is_told_with_a_bound_on_every_plan_s_worst_tenth():
    planned = plan_spending(make_place(90), make_offer(), budget=15_000, by=BY, frontier=False, draws=100)
    worst = dict(planned.comparisons.select("plan", "worst_tenth").iter_rows())
    assert worst["careful"] >= worst["plan"]
    assert 0 <= planned.careful_gap < 0.08
    left_out = plan_spending(make_place(12), make_offer(), budget=2_000, by=BY, careful=False, draws=20)
    assert left_out.careful_gap is None


def test_the_best_plan_by_hand():
    # A session contacts half of the 100 people of a community and reaches half of those who miss out among
    # them: a quarter of 40, then a quarter of the 30 that are left; in the other community a quarter of 20.
    table, offer = make_table([40.0, 20.0]), Offer((make_intervention(),))
    planned = plan_spending(table, offer, budget=200, by=["area_code"])
    assert planned.expected == pytest.approx(10 + 7.5)
    assert planned.plan.select("area_code", "units", "cost").rows() == [("E00000000", 2, 200.0)]
    assert planned.plan["contacts"].to_list() == [100.0]
    more = plan_spending(table, offer, budget=300, by=["area_code"])
    assert more.expected == pytest.approx(17.5 + 5)


def test_people_whom_two_interventions_find_are_reached_once():
    everybody = make_intervention("letters", effect=0.5, contacts=100, each=100)
    visit = make_intervention("visits", effect=0.5, contacts=100, each=100)
    planned = plan_spending(make_table([40.0]), Offer((everybody, visit)), budget=200, by=["area_code"])
    assert planned.expected == pytest.approx(20 + 10)
    assert planned.plan["expected_reached"].to_list() == pytest.approx([15, 15])


def test_staff_are_whole_people():
    # Three sessions of 20 hours in a week of 40: two nurses, although one and a half would do.
    offer = Offer(
        (make_intervention(staff={"nurse": 20.0}),), (make_role(hours_per_week=40, cost_per_week=50),)
    )
    table = make_table([40.0, 30.0, 20.0])
    planned = plan_spending(table, offer, budget=400, by=["area_code"], weeks=1)
    assert planned.staff["taken_on"].to_list() == [2]
    assert planned.cost == 3 * 100 + 2 * 50
    assert plan_spending(table, offer, budget=399, by=["area_code"], weeks=1).plan["units"].sum() == 2


def test_what_is_set_up_is_paid_once():
    offer = Offer((make_intervention(cost={"set_up": 250.0}),))
    planned = plan_spending(make_table([40.0, 20.0]), offer, budget=550, by=["area_code"])
    assert planned.cost == 250 + 3 * 100
    assert plan_spending(make_table([40.0]), offer, budget=300, by=["area_code"]).expected == 0


def test_at_most_so_many_are_bought_a_week():
    offer = Offer((make_intervention(capacity={"per_week": 0.5}),))
    planned = plan_spending(make_table([40.0, 20.0]), offer, budget=10_000, by=["area_code"], weeks=6)
    assert planned.plan["units"].sum() == 3


def test_a_unit_for_an_area_serves_all_its_communities():
    table = make_table([40.0, 20.0], eligible=[150.0, 50.0], town=["T", "T"])
    offer = Offer((make_intervention(contacts=100, serves="town"),))
    planned = plan_spending(table, offer, budget=100, by=["area_code"])
    # Half of the 200 people of the town are contacted, in each community.
    assert planned.communities["expected_reached"].to_list() == pytest.approx([10, 5])
    assert planned.communities["contacts"].to_list() == pytest.approx([75, 25])
    assert planned.plan["where"].to_list() == ["T"]
    assert planned.plan["area_code"].to_list() == [None]


def test_a_large_plan_is_within_its_gap_of_a_bound_on_every_plan():
    table, offer = make_place(1200), make_offer()
    communities = check_communities(table, BY)
    problem = make_problem(
        communities, offer, value=np.ones(1200), budget=200_000.0, weeks=26, floors=no_floors(1200)
    )
    found = find_plan(problem, Cuts(problem), gap=0.002)
    assert problem.allows(found.units)
    assert found.value <= found.bound <= found.value * 1.005
    # No single exchange of units for the same money or less helps.
    for gone, come in itertools.product(np.flatnonzero(found.units)[:12], np.arange(0, len(found.units), 97)):
        other = found.units.copy()
        other[gone] -= 1
        other[come] += 1
        if problem.allows(other):
            assert float(problem.reached(other).sum()) <= found.bound + 1e-6


def test_the_same_input_gives_the_same_plan():
    first, second = (
        plan_spending(make_place(40), make_offer(), budget=20_000, by=BY, draws=50, frontier=False)
        for _ in range(2)
    )
    for name in ("plan", "careful", "communities", "groups", "comparisons"):
        assert getattr(first, name).equals(getattr(second, name)), name
