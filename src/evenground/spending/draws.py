"""How far a plan's result may be from what is expected: draws of who misses out and of what works.

Both are shares, drawn from the beta distribution that has their mean and the spread of their interval. An
effect is one number wherever the intervention is used, so it moves all its places together; communities are
drawn each by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from evenground.spending.communities import Communities, Floats
from evenground.spending.loader import Offer
from evenground.spending.problem import Ints, Problem
from evenground.spending.records import Figure

DRAWS: Final = 400
WORST: Final = 0.1
_WIDEST: Final = 0.95
"""Of the variance that a share can have at most."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws of what is uncertain.

    Attributes
    ----------
    missing
        Shape (draws, communities): people missing out.
    effect
        Shape (draws, interventions).
    """

    missing: Floats
    effect: Floats


def make_draws(communities: Communities, offer: Offer, *, draws: int = DRAWS, seed: int = 0) -> Draws:
    """Draws from the intervals of communities and effects; the same for the same input and seed."""
    pool = np.maximum(np.maximum(communities.not_reached, communities.missing), 1e-9)
    rng = np.random.default_rng([seed, 1])
    shares = _draw_shares(communities.missing / pool, communities.spread / pool, draws, rng)
    effects = [one.effect for one in offer.interventions]
    mean, spread = np.array([one.value for one in effects]), np.array([find_spread(one) for one in effects])
    return Draws(shares * pool, _draw_shares(mean, spread, draws, np.random.default_rng([seed, 2])))


def find_spread(figure: Figure) -> float:
    """The standard deviation that a figure's interval tells."""
    width = figure.upper - figure.lower
    return float(width / (2 * special.ndtri(0.5 + figure.confidence_level / 2)))


def _draw_shares(mean: Floats, spread: Floats, draws: int, rng: np.random.Generator) -> Floats:
    mean = np.clip(mean, 0.0, 1.0)
    most = mean * (1 - mean)
    variance = np.minimum(spread**2, _WIDEST * most)
    sure = variance <= 1e-12
    size = np.where(sure, 1.0, most / np.where(sure, 1.0, variance) - 1)
    middle = np.where(sure, 0.5, mean)
    drawn = rng.beta(middle * size, (1 - middle) * size, size=(draws, len(mean)))
    return np.where(sure, mean, drawn)


def draw_reached(problem: Problem, draws: Draws, units: Floats) -> tuple[Ints, Floats]:
    """The communities that a plan serves, and people reached there, shape (draws, communities)."""
    used = np.flatnonzero(units)
    pairs = problem.member[:, used].tocoo()
    served, place = np.unique(pairs.row, return_inverse=True)
    placements = problem.placements
    found = draws.effect[:, placements.intervention[used]] * placements.share[used]
    put = -np.log1p(-np.minimum(found, 1 - 1e-9)) * units[used]
    strength = np.zeros((len(draws.missing), len(served)))
    np.add.at(strength.T, place, put.T[pairs.col])
    return served.astype(np.int64), -draws.missing[:, served] * np.expm1(-strength)


def draw_value(problem: Problem, draws: Draws, units: Floats) -> Floats:
    """What the people that a plan reaches count for, in each draw."""
    served, reached = draw_reached(problem, draws, units)
    return np.asarray(reached @ problem.value[served])


def find_worst(value: Floats, worst: float = WORST) -> Ints:
    """The draws of the worst part, at least one."""
    count = max(1, int(np.ceil(worst * len(value) - 1e-9)))
    return np.sort(np.argsort(value, kind="stable")[:count])


def average_worst(value: Floats, worst: float = WORST) -> float:
    """The mean over the worst part of the draws: the conditional value at risk, of a gain.

    References
    ----------
    Rockafellar RT, Uryasev S. Optimization of conditional value-at-risk. J Risk 2000;2(3):21-41.
    """
    return float(value[find_worst(value, worst)].mean())
