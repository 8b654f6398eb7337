"""Straight lines that hold the bent curve of people reached, for a linear program.

The share reached of a community's missing people is ``1 - exp(-t)`` of the strength ``t`` put there. As
units are whole, only some strengths can be had. The line through the curve at two neighbouring ones lies on
or above it at every other, so it is a valid bound that is exact at both: no plan of whole units is cut off.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from evenground.spending.communities import Floats
from evenground.spending.problem import Ints, Problem

_FIRST: Final = (0.0, 0.03, 0.1, 0.25, 0.5)
"""Where the first tangents touch, as parts of the most strength that a community can have."""
_MOST_STRENGTHS: Final = 600
_DECIMALS: Final = 9


class Cuts:
    """A growing set of lines ``share reached <= intercept + slope * strength``, each of one community."""

    def __init__(self, problem: Problem) -> None:
        self.strength = problem.strength
        self._most = problem.placements.most
        top = self.strength @ self._most
        everybody = np.arange(len(problem.missing))
        self.community: Ints = np.tile(everybody, len(_FIRST))
        touch = np.concatenate([top * part for part in _FIRST])
        self.slope: Floats = np.exp(-touch)
        self.intercept: Floats = 1 - np.exp(-touch) * (1 + touch)
        self.core: Ints = np.zeros(0, dtype=np.int64)
        self._strengths: dict[int, Floats | None] = {}

    def tighten(self, strength: Floats, chosen: NDArray[np.bool_]) -> None:
        """Add the lines that are exact nearest to the strengths put into some communities."""
        found = {
            (community, *line)
            for community in np.flatnonzero((strength > 0) & chosen).tolist()
            for line in self._lines(community, float(strength[community]))
        }
        if not found:
            return
        added = np.array(sorted(found))
        self.community = np.concatenate([self.community, added[:, 0].astype(np.int64)])
        self.slope = np.concatenate([self.slope, added[:, 1]])
        self.intercept = np.concatenate([self.intercept, added[:, 2]])

    def _lines(self, community: int, at: float) -> list[tuple[float, float]]:
        if community not in self._strengths:
            self._strengths[community] = self._list_strengths(community)
        strengths = self._strengths[community]
        if strengths is None or len(strengths) < 2:
            return [(float(np.exp(-at)), float(1 - np.exp(-at) * (1 + at)))]
        # At a strength that can be had two lines meet: that to the one before and that to the one after.
        before, after = np.searchsorted(strengths, [at - 1e-8, at + 1e-8])
        ends = np.unique(np.clip([before, after], 1, len(strengths) - 1))
        lines = []
        for end in ends:
            low, high = strengths[end - 1], strengths[end]
            reached = -np.expm1(-np.array([low, high]))
            slope = float((reached[1] - reached[0]) / (high - low))
            lines.append((slope, float(reached[0] - slope * low)))
        return lines

    def _list_strengths(self, community: int) -> Floats | None:
        """Every strength that whole units can put into a community; ``None`` where there are too many."""
        part = slice(*self.strength.indptr[community : community + 2])
        strengths = np.zeros(1)
        for unit, most in zip(self.strength.data[part], self._most[self.strength.indices[part]], strict=True):
            if len(strengths) * (most + 1) > 8 * _MOST_STRENGTHS:
                return None
            sums = strengths[:, None] + unit * np.arange(most + 1)[None, :]
            strengths = np.unique(np.round(sums.ravel(), _DECIMALS))
            if len(strengths) > _MOST_STRENGTHS:
                return None
        return strengths


def choose_rows(cuts: Cuts, place: Ints) -> tuple[Ints, Ints]:
    """The lines of some communities, and the position of each line's community among them.

    ``place`` has the position of each community, or -1.
    """
    position = place[cuts.community]
    chosen = np.flatnonzero(position >= 0)
    return chosen, position[chosen]


def make_cut_rows(
    cuts: Cuts, strength: sparse.csr_array, chosen: Ints, position: Ints, reached_at: int, width: int
) -> sparse.csr_array:
    """Rows of ``share - slope * strength`` over ``width`` variables; the shares begin at ``reached_at``."""
    count = len(chosen)
    reached = sparse.csr_array(
        (np.ones(count), (np.arange(count), reached_at + position)), shape=(count, width)
    )
    used = sparse.csr_array(strength[position])
    used = sparse.csr_array((used.data, used.indices, used.indptr), shape=(count, width))
    slopes = sparse.csr_array(used.multiply(cuts.slope[chosen][:, None]))
    return sparse.csr_array(reached - slopes)
