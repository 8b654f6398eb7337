"""Floors that cannot be met together: which, and by how much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenground.errors import Fault
from evenground.spending.communities import Floats, raise_faults
from evenground.spending.cuts import Cuts
from evenground.spending.floors import NamedFloors
from evenground.spending.problem import Problem
from evenground.spending.solver import find_plan

_NOBODY = 1e-6


def raise_conflict(problem: Problem, cuts: Cuts, named: NamedFloors) -> None:
    """Raise with the floors that cannot be met together, and how many people short the nearest plan is.

    One floor after another is let go of where the rest still cannot be met: what is left is a set of which
    every one is needed for the conflict.
    """
    together = list(range(len(named.names)))
    for number in list(together):
        rest = [other for other in together if other != number]
        if rest and _is_short(_keep(problem, rest), cuts):
            together = rest
    faults = []
    short = find_plan(_keep(problem, together), cuts, elastic=True).short
    for place, number in enumerate(together):
        least = float(problem.floors.at_least[number])
        alone = find_plan(_keep(problem, [number]), cuts, elastic=True).short[0]
        what = f"at least {_people(least)} reached is asked for"
        if alone > _NOBODY:
            faults.append(
                Fault(
                    f"floor {named.names[number]}",
                    f"{what}; with all the money {_people(least - alone)} can be.",
                    "Lower it, raise the budget, or offer more that reaches them.",
                )
            )
        elif short[place] > _NOBODY:
            fix = "Lower one of them, or raise the budget."
            told = f"{what}; with the others met as far as can be it is {_people(short[place])} short."
            faults.append(Fault(f"floor {named.names[number]}", told, fix))
        else:
            faults.append(
                Fault(
                    f"floor {named.names[number]}", f"{what}, which can be met only at the cost of another."
                )
            )
    count = "This floor cannot be met" if len(together) == 1 else "These floors cannot be met together"
    raise_faults(
        faults, f"{count} with £{problem.budget:,.0f}, by {_people(float(short.sum()))} in the nearest plan"
    )


def _people(number: float) -> str:
    said = f"{number:,.0f}" if number >= 9.95 else f"{number:.2g}"
    return f"{said} person" if said == "1" else f"{said} people"


def _keep(problem: Problem, numbers: list[int]) -> Problem:
    floors = problem.floors
    kept = replace(floors, members=floors.members[numbers], at_least=floors.at_least[np.array(numbers)])
    # Only how short a plan is matters: everybody counts the same.
    return replace(problem, floors=kept, value=np.ones(len(problem.missing)))


def _is_short(problem: Problem, cuts: Cuts) -> bool:
    short: Floats = find_plan(problem, cuts).short
    return bool(np.any(short > _NOBODY))
