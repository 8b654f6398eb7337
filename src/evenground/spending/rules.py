"""How money is often shared out instead: by head, or to the most deprived first. For comparison only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from evenground.spending.communities import Communities, Floats
from evenground.spending.problem import Problem

_MOST_UNITS: Final = 20_000
_Chooser = Callable[[Floats], int]


def spend_by_head(communities: Communities, problem: Problem) -> Floats:
    """Units bought in turn for the community that is furthest behind its share of the money by head.

    Each gets what contacts most people there for the money; nobody asks who misses out.
    """
    heads = communities.eligible / max(communities.eligible.sum(), 1.0)
    spent = np.zeros(len(heads))

    def choose(able: Floats) -> int:
        behind = heads * problem.budget - spent
        return int(np.argmax(np.where(able > 0, behind, -np.inf)))

    return _buy(communities, problem, choose, spent)


def spend_by_deprivation(communities: Communities, problem: Problem) -> Floats | None:
    """Units bought for the most deprived community until it can take no more, then for the next.

    ``None`` where it is not known how deprived the communities are.
    """
    deprivation = communities.deprivation()
    if deprivation is None:
        return None
    found = deprivation

    def choose(able: Floats) -> int:
        return int(np.argmax(np.where(able > 0, found, -np.inf)))

    return _buy(communities, problem, choose, np.zeros(len(deprivation)))


def _buy(communities: Communities, problem: Problem, choose: _Chooser, spent: Floats) -> Floats:
    placements = problem.placements
    units = np.zeros(len(placements))
    each = placements.contacts * problem.effect[placements.intervention] / np.maximum(placements.cost, 1e-9)
    people = np.maximum(problem.member.T @ communities.eligible, 1.0)
    member, serves = problem.member, problem.member.T.tocsr()
    open_to = np.ones(len(placements), dtype=np.bool_)
    for _ in range(_MOST_UNITS):
        able = np.asarray(member @ open_to.astype(np.float64))
        if not np.any(able > 0):
            break
        chosen = choose(able)
        offered = member.indices[member.indptr[chosen] : member.indptr[chosen + 1]]
        offered = offered[open_to[offered]]
        best = int(offered[np.argmax(each[offered])])
        units[best] += 1
        if units[best] > placements.most[best]:
            units[best] -= 1
            open_to[best] = False
        elif not problem.allows(units):
            # What is short is money, weeks or staff: as much so for its other places.
            units[best] -= 1
            open_to[placements.intervention == placements.intervention[best]] = False
        else:
            served = serves.indices[serves.indptr[best] : serves.indptr[best + 1]]
            spent[served] += placements.cost[best] * communities.eligible[served] / people[best]
    return units
