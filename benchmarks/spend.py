"""How fast a budget is planned, and how near the plan is to the best possible one.

Run with ``python -m benchmarks.spend``. The figures are kept in docs/reference/performance.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
import polars as pl
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from evenground.disclosure import load_policy
from evenground.releases import TABLES
from evenground.reports.what_if import rank_at_standard
from evenground.spending import check_communities, plan_spending
from evenground.spending.careful import find_careful_plan
from evenground.spending.cuts import Cuts
from evenground.spending.draws import average_worst, draw_value, make_draws
from evenground.spending.problem import Floors, Problem, make_problem
from evenground.spending.solver import GAP, find_plan, make_program
from evenground.vocabulary import CommunityType
from tests.support.spending import BY, make_offer, make_place

BUDGET = 200_000.0
SIZES = (1_000, 10_000)
SEEDS = (1, 2, 3)
_MOST_FULL = 1_000
"""Larger places are asked for the plan alone."""
Result = TypeVar("Result")


def clock(call: Callable[[], Result]) -> tuple[Result, float]:
    """What a call gives, and the seconds of processor it took."""
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


def pose(communities: int, seed: int) -> Problem:
    """A place, and five things to buy for it."""
    table = check_communities(make_place(communities, seed), BY)
    floors = Floors(sparse.csr_array((0, communities)), np.zeros(0))
    return make_problem(
        table, make_offer(), value=np.ones(communities), budget=BUDGET, weeks=26, floors=floors
    )


def time_answers(communities: int) -> None:
    """The plan with its intervals, groups, comparisons and what the next pounds buy; then all of it."""
    asked: dict[str, Any] = {"budget": BUDGET, "by": BY}
    quick: dict[str, Any] = asked | {"careful": False, "frontier": False}
    for label, options in (
        ("the answer", quick),
        (
            "with weights and a floor for each town",
            quick | {"weights": "proportionate", "floors": ["town:1%"]},
        ),
        ("all of it: frontier and worst tenth too", asked),
    ):
        if communities > _MOST_FULL and options is not quick:
            continue
        seconds, gaps = [], []
        for seed in SEEDS:
            call = partial(plan_spending, make_place(communities, seed), make_offer(), **options)
            answer, taken = clock(call)
            seconds.append(taken)
            gaps.append(answer.gap)
        told = ", ".join(f"{second:.1f}" for second in seconds)
        print(
            f"{communities:>6,} communities, {label}: {told} s; within {max(gaps):.2%} of the bound",
            flush=True,
        )


def make_rankings(communities: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables of a release that ranks such a place, as the site reads them."""
    place = make_place(communities, seed).with_columns(
        (pl.col("eligible", "reached") / 5).round() * 5, area_type=pl.lit("msoa")
    )
    empty = pl.DataFrame(pl.from_arrow(TABLES["rankings"].empty_table()))
    rows = place.select(
        *BY,
        pl.lit("msoa").alias("area_type"),
        pl.lit("service").alias("service_id"),
        pl.lit(str(CommunityType.MSOA_ETHNIC_GROUP)).alias("community_type"),
        *(pl.col(name).cast(pl.Int64) for name in ("eligible", "reached")),
    )
    rankings = pl.concat([empty, rows], how="diagonal_relaxed")
    return rankings, place.select("area_type", "area_code", "imd_quintile").unique(["area_code"])


def time_what_if(communities: int) -> None:
    """What a reader waits for who changes the standard and asks for a plan: both worked out anew."""
    seconds: dict[str, list[float]] = {"ranked again": [], "planned": [], "with weights and floors": []}
    for seed in SEEDS:
        rankings, areas = make_rankings(communities, seed)
        again = partial(
            rank_at_standard,
            rankings,
            areas,
            load_policy("nhs-7-5"),
            service_id="service",
            community_type=CommunityType.MSOA_ETHNIC_GROUP,
            standard=0.8,
        )
        ranked, taken = clock(again)
        seconds["ranked again"].append(taken)
        table = ranked.drop("rank").join(areas, on=["area_type", "area_code"], how="left").sort(BY)
        quick: dict[str, Any] = {"budget": BUDGET, "by": BY, "careful": False, "frontier": False}
        strict = quick | {"weights": "proportionate", "floors": ["plus_group:1%"]}
        for label, options in (("planned", quick), ("with weights and floors", strict)):
            seconds[label].append(clock(partial(plan_spending, table, make_offer(), **options))[1])
    told = "; ".join(f"{label} {min(taken):.2f} to {max(taken):.2f} s" for label, taken in seconds.items())
    print(f"{communities:>6,} communities, another standard: {told}", flush=True)


def compare_with_highs(communities: int, seconds: float) -> None:
    """The whole program put to HiGHS as it is, for so many seconds, beside ours."""
    problem = pose(communities, 1)
    found, taken = clock(lambda: find_plan(problem, Cuts(problem)))
    cuts = Cuts(problem)
    program = make_program(problem, cuts, np.arange(len(problem.placements)), 1e4)
    solved, whole = clock(
        lambda: milp(
            program.cost,
            constraints=LinearConstraint(program.rows, -np.inf, program.top),
            integrality=program.whole,
            bounds=Bounds(program.lower, program.upper),
            options={"mip_rel_gap": GAP, "time_limit": seconds},
        )
    )
    there = 0.0 if solved.x is None else problem.reached(np.round(solved.x[: len(problem.placements)])).sum()
    print(f"{communities:>6,} communities, {len(problem.placements):,} placements:")
    print(f"        {found.value:,.1f} people in {taken:.1f} s; bound {found.bound:,.1f}")
    print(f"        the whole program as it is: {there:,.1f} people in {whole:.1f} s", flush=True)


def measure_careful(communities: int) -> None:
    """The worst tenth of the plain plan and of the careful one."""
    table = check_communities(make_place(communities, 1), BY)
    problem, draws = pose(communities, 1), make_draws(table, make_offer())
    cuts = Cuts(problem)
    plain = find_plan(problem, cuts)
    careful, taken = clock(lambda: find_careful_plan(problem, cuts, draws, plain, gap=GAP))
    worst = average_worst(draw_value(problem, draws, plain.units))
    print(f"{communities:>6,} communities, worst tenth: plain {worst:,.1f}, ", end="")
    print(f"careful {careful.worst:,.1f} of at most {careful.bound:,.1f}, {taken:.1f} s", flush=True)


def main() -> None:
    """Print every figure."""
    time_what_if(SIZES[0])
    for size in SIZES:
        time_answers(size)
    compare_with_highs(SIZES[0], 60.0)
    measure_careful(SIZES[0])


if __name__ == "__main__":
    main()
