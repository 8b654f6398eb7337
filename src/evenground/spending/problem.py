"""What can be bought where, as arrays: the integer program that a plan of spending solves.

A unit contacts people of its place by chance, so that each of those who miss out there is contacted with
the probability ``share`` and, if contacted, reached with the probability ``effect``. Units are independent,
so after ``x[v]`` units of each placement ``v`` the expected number reached in a community is

    missing * (1 - prod((1 - effect[v] * share[v]) ** x[v])) = missing * (1 - exp(-strength @ x))

A person whom two interventions find is reached once, and each further unit adds less.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from evenground.spending.communities import Communities, Floats
from evenground.spending.loader import Offer
from evenground.spending.records import COMMUNITY, EVERYWHERE, Intervention

Ints = NDArray[np.int64]
_SURE = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Placements:
    """An intervention at a place, one row each.

    Attributes
    ----------
    intervention
        Its number among those offered.
    row
        The first community of the place.
    share, contacts, cost
        Of one unit: the share of the place's people it contacts, how many that are, and the pounds for it.
    most
        Units that the place can take.
    """

    intervention: Ints
    row: Ints
    share: Floats
    contacts: Floats
    cost: Floats
    most: Floats

    def __len__(self) -> int:
        return len(self.intervention)


@dataclass(frozen=True, slots=True)
class Floors:
    """The fewest people to be reached in each of some groups of communities."""

    members: sparse.csr_array
    at_least: Floats

    def drop(self, number: int) -> Floors:
        """All but one."""
        kept = np.delete(np.arange(len(self.at_least)), number)
        return Floors(self.members[kept], self.at_least[kept])


@dataclass(frozen=True)
class Problem:
    """An integer program.

    Attributes
    ----------
    missing, value
        Shape (communities,): people missing out, and what one of them reached counts for.
    placements
        What can be bought where.
    member
        Shape (communities, placements): 1 where a placement serves a community.
    effect
        Shape (interventions,).
    limit, set_up
        Shape (interventions,): units in the whole programme, and pounds once if any is bought.
    hours
        Shape (roles, placements): of staff, for each unit.
    hours_each, wage, in_post, at_most
        Shape (roles,): hours and pounds of one person in the programme; people there already, and at most
        more.
    budget
        Pounds.
    floors
        The fewest people to be reached in groups of communities.
    """

    missing: Floats
    value: Floats
    placements: Placements
    member: sparse.csr_array
    effect: Floats
    limit: Floats
    set_up: Floats
    hours: sparse.csr_array
    hours_each: Floats
    wage: Floats
    in_post: Floats
    at_most: Floats
    budget: float
    floors: Floors

    @cached_property
    def strength(self) -> sparse.csr_array:
        """Shape (communities, placements): minus the log of the chance that one unit leaves somebody out."""
        found = np.minimum(self.effect[self.placements.intervention] * self.placements.share, _SURE)
        return sparse.csr_array(self.member.multiply(-np.log1p(-found)[None, :]))

    def reached(self, units: Floats) -> Floats:
        """The expected number of people reached in each community."""
        return np.asarray(-self.missing * np.expm1(-(self.strength @ units)))

    def hired(self, units: Floats) -> Floats:
        """Whole people of each role to be taken on."""
        if not len(self.wage):
            return np.zeros(0)
        people = np.ceil(np.round(self.hours @ units / self.hours_each, 6)) - self.in_post
        return np.asarray(np.maximum(0.0, people))

    def cost(self, units: Floats) -> float:
        """Pounds for the units, for setting up what is used at all, and for whole staff."""
        used = np.bincount(self.placements.intervention, units, len(self.limit)) > 0
        staff = self.hired(units) @ self.wage
        return float(self.placements.cost @ units + self.set_up @ used + staff)

    def allows(self, units: Floats) -> bool:
        """Whether the units can be had: places, weeks, staff and budget; whatever the floors."""
        in_all = np.bincount(self.placements.intervention, units, len(self.limit))
        return bool(
            np.all(units <= self.placements.most)
            and np.all(in_all <= self.limit)
            and np.all(self.hired(units) <= self.at_most)
            and self.cost(units) <= self.budget + 1e-6
        )

    def short(self, units: Floats) -> Floats:
        """How many people each floor is short of."""
        if not len(self.floors.at_least):
            return np.zeros(0)
        return np.asarray(np.maximum(0.0, self.floors.at_least - self.floors.members @ self.reached(units)))


def make_problem(
    communities: Communities, offer: Offer, *, value: Floats, budget: float, weeks: float, floors: Floors
) -> Problem:
    """The program of a table of communities and what is offered."""
    parts = [_place(communities, number, one, weeks) for number, one in enumerate(offer.interventions)]
    placements = Placements(
        *(np.concatenate([getattr(part[0], name) for part in parts]) for name in Placements.__slots__)
    )
    rows = np.concatenate([part[1] for part in parts])
    starts = np.cumsum([0, *(len(part[0]) for part in parts)])
    columns = np.concatenate([part[2] + start for part, start in zip(parts, starts, strict=False)])
    shape = (len(communities.missing), len(placements))
    most = np.bincount(placements.intervention, placements.most, len(offer.interventions))
    return Problem(
        missing=communities.missing,
        value=value,
        placements=placements,
        member=sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape),
        effect=np.array([one.effect.value for one in offer.interventions]),
        limit=np.minimum(most, [_limit(one, weeks) for one in offer.interventions]),
        set_up=np.array([one.cost.set_up for one in offer.interventions]),
        hours=_hours(offer, placements),
        hours_each=np.array([role.hours_per_week * weeks for role in offer.staff]),
        wage=np.array([role.cost_per_week * weeks for role in offer.staff]),
        in_post=np.array([float(role.in_post) for role in offer.staff]),
        at_most=np.array([np.inf if one.at_most is None else float(one.at_most) for one in offer.staff]),
        budget=budget,
        floors=floors,
    )


def _limit(intervention: Intervention, weeks: float) -> float:
    each = intervention.capacity.per_week
    return np.inf if each is None else float(np.floor(each * weeks + 1e-9))


def _place(
    communities: Communities, number: int, intervention: Intervention, weeks: float
) -> tuple[Placements, Ints, Ints]:
    """The placements of one intervention, with the pairs of community and placement."""
    capacity, cost = intervention.capacity, intervention.cost
    everybody = communities.eligible if capacity.who == "eligible" else communities.not_reached
    rows = np.flatnonzero(communities.match(intervention.reaches) & (everybody > 0))
    place = _find_places(communities, intervention.serves, rows)
    places = int(place.max()) + 1 if len(place) else 0
    pool = np.bincount(place, everybody[rows], places)
    contacts = np.minimum(pool, capacity.contacts)
    most = np.ceil(pool / capacity.contacts) if capacity.in_one_place is None else capacity.in_one_place
    first = np.full(places, len(communities.missing))
    np.minimum.at(first, place, rows)
    made = Placements(
        intervention=np.full(places, number),
        row=first,
        share=contacts / pool,
        contacts=contacts,
        cost=cost.each + cost.per_contact * contacts,
        most=np.minimum(np.broadcast_to(most, places), _limit(intervention, weeks)).astype(np.float64),
    )
    return made, rows, place


def _find_places(communities: Communities, serves: str, rows: Ints) -> Ints:
    """The place of each community, numbered from 0."""
    if serves == COMMUNITY:
        return np.arange(len(rows))
    if serves == EVERYWHERE:
        return np.zeros(len(rows), dtype=np.int64)
    names = communities.frame[serves].cast(pl.String).fill_null("").to_numpy()[rows]
    return np.unique(names.astype(str), return_inverse=True)[1].astype(np.int64)


def _hours(offer: Offer, placements: Placements) -> sparse.csr_array:
    each = np.array(
        [[one.staff.get(role.id, 0.0) for one in offer.interventions] for role in offer.staff]
    ).reshape(len(offer.staff), len(offer.interventions))
    return sparse.csr_array(each[:, placements.intervention])
