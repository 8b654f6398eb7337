"""People missing out where each stratum is held against the standard by itself."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special

from evenground.reach.draws import LEVEL_MIDDLES, Draws
from evenground.reach.hierarchy import Estimate
from evenground.reach.main_effects import Floats

_LEVELS: Final = 33
_POINTS: Final = 5
_STEPS: Final = 3
_STRATA_AT_ONCE: Final = 50_000


def miss_in_strata(estimate: Estimate, standard: float) -> Draws:
    """People below the standard in each stratum, added up, at the levels of each community's uptake.

    At a level of a community's uptake all its strata are moved together on the logit scale until their people
    have that uptake; what is left unknown of each stratum is averaged over.

    Returns
    -------
    numpy.ndarray
        Shape (communities, ``LEVELS`` of draws).
    """
    points = np.linspace(LEVEL_MIDDLES[0], LEVEL_MIDDLES[-1], _LEVELS)
    uptake = estimate.posterior.quantiles(points)
    missing = np.zeros_like(uptake)
    strata = estimate.strata
    edges = np.searchsorted(strata.community, np.arange(len(uptake) + 1))
    first = 0
    while first < len(uptake):
        last = max(first + 1, int(np.searchsorted(edges, edges[first] + _STRATA_AT_ONCE, side="right")) - 1)
        last = min(last, len(uptake))
        missing[first:last] = _miss(estimate, uptake[first:last], slice(edges[first], edges[last]), standard)
        first = last
    rising = (LEVEL_MIDDLES - points[0]) / (points[1] - points[0])
    low = np.minimum(rising.astype(np.int64), _LEVELS - 2)
    share = rising - low
    return np.asarray(missing[:, low] * (1 - share) + missing[:, low + 1] * share, dtype=np.float32)


def _miss(estimate: Estimate, uptake: Floats, part: slice, standard: float) -> Floats:
    strata = estimate.strata
    community = strata.community[part] - strata.community[part.start]
    starts = np.flatnonzero(np.diff(community, prepend=-1))
    eligible, predictor = strata.eligible[part, None], strata.predictor[part, None]
    spread = np.sqrt(strata.variance[part])[:, None]
    people = np.add.reduceat(eligible, starts)
    uptake = np.clip(uptake, 1e-6, 1 - 1e-6)
    base = np.add.reduceat(eligible * special.expit(predictor), starts) / people
    moved = special.logit(uptake) - special.logit(base)
    for _ in range(_STEPS):
        share = special.expit(predictor + moved[community])
        total = np.add.reduceat(eligible * share, starts)
        slope = np.add.reduceat(eligible * share * (1 - share), starts)
        moved = moved + np.clip((people * uptake - total) / np.maximum(slope, 1e-9), -1, 1)
    points, weights = np.polynomial.hermite_e.hermegauss(_POINTS)
    missing = np.zeros_like(moved)
    for point, weight in zip(points, weights / weights.sum(), strict=True):
        share = special.expit(predictor + moved[community] + point * spread)
        missing += weight * np.add.reduceat(eligible * np.maximum(0.0, standard - share), starts)
    return np.asarray(missing)
