"""What a plan is asked for, checked: every fault of the table, the offer and the options at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenground.errors import Fault, suggest
from evenground.spending.communities import (
    Communities,
    Floats,
    find_reach_faults,
    raise_faults,
    read_communities,
)
from evenground.spending.evidence import Worth, find_evidence_faults, find_worth
from evenground.spending.floors import NamedFloors, find_floor_faults, make_floors, read_floors
from evenground.spending.loader import Offer
from evenground.spending.problem import Problem, make_problem
from evenground.spending.records import Evidence
from evenground.spending.weights import Weights, find_weight_faults, make_weights, read_weights

PEOPLE: Final = "people"
BENEFIT: Final = "benefit"


@dataclass(frozen=True, slots=True)
class Request:
    """A question that can be answered.

    Attributes
    ----------
    communities, offer, worth
        Who misses out, what can be bought, and what reaching somebody is worth.
    weights, weight
        The rule, and shape (communities,): the weights it gives.
    floors
        With their names.
    maximise
        ``people`` or ``benefit``.
    problem
        The program.
    notes
        What its owner should know.
    """

    communities: Communities
    offer: Offer
    worth: Worth
    weights: Weights
    weight: Floats
    floors: NamedFloors
    maximise: str
    weeks: float
    problem: Problem
    notes: tuple[str, ...]

    @property
    def base(self) -> Floats:
        """What one person reached in each community is worth before weights: 1, or the gain."""
        if self.maximise == BENEFIT:
            return self.worth.gain
        return np.ones(len(self.communities.missing))


def read_request(
    frame: pl.DataFrame,
    offer: Offer,
    *,
    budget: float,
    by: Sequence[str] | None,
    weeks: float,
    maximise: str,
    evidence: Sequence[Evidence],
    service: str | None,
    weights: str,
    floors: Sequence[str],
) -> Request:
    """The question, or every fault of it.

    Raises
    ------
    InputError
        Telling all faults.
    """
    faults = list(_option_faults(budget, weeks, maximise))
    weighing, found = read_weights(weights)
    faults += found
    rules, found = read_floors(floors)
    faults += found
    communities, found = read_communities(frame, by)
    faults += found
    notes: list[str] = []
    if communities is not None:
        faults += find_reach_faults(communities, offer.interventions, notes)
        faults += find_weight_faults(communities, weighing)
        faults += find_floor_faults(communities, rules)
        if maximise == BENEFIT:
            faults += find_evidence_faults(communities, evidence, service)
    raise_faults(faults)
    if communities is None:  # every table without communities has a fault
        raise AssertionError
    named, weight = make_floors(communities, rules), make_weights(communities, weighing)
    worth = find_worth(communities, _fitting(communities, evidence), service)
    value = weight * (worth.gain if maximise == BENEFIT else 1.0)
    problem = make_problem(communities, offer, value=value, budget=budget, weeks=weeks, floors=named.floors)
    return Request(
        communities,
        offer,
        worth,
        weighing,
        weight,
        named,
        maximise,
        weeks,
        problem,
        (*communities.notes, *notes, *_assumed(offer)),
    )


def _fitting(communities: Communities, evidence: Sequence[Evidence]) -> list[Evidence]:
    columns = set(communities.frame.columns)
    return [one for one in evidence if set(one.applies_to) <= columns]


def _option_faults(budget: float, weeks: float, maximise: str) -> Iterator[Fault]:
    if not (math.isfinite(budget) and budget > 0):
        yield Fault("budget", f"£{budget:,.0f} buys nothing.", "Give pounds above 0, such as 200000.")
    if not (math.isfinite(weeks) and weeks > 0):
        yield Fault("weeks", f"{weeks:g} weeks are none.", "Say how long the programme runs, such as 26.")
    if maximise not in {PEOPLE, BENEFIT}:
        yield Fault("maximise", f'"{maximise}" is not known.', suggest(maximise, [PEOPLE, BENEFIT]))


def _assumed(offer: Offer) -> Iterator[str]:
    names = [one.name for one in offer.interventions if one.effect.is_assumed]
    if names:
        yield f"The effect is a local assumption, not a finding, of: {', '.join(names)}."
