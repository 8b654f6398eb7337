"""Where in the list a community may truly stand."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special

from evenground.reach.draws import Draws
from evenground.reach.main_effects import Floats

_OWN: Final = 32
"""Points of a community's own posterior at which its rank is asked for."""

_OTHERS: Final = 5
"""Points of where the others may stand then."""

_PLACES: Final = 128
_MANY: Final = 20_000
_CHUNK: Final = 1024


def expect_ranks(levels: Draws, tails: Floats) -> tuple[Floats, Floats]:
    """The expected rank of each community by a score, 1 the highest, and its interval.

    At each score the number of others above it has a mean and a variance, summed over their posteriors as if
    these were independent; a community's rank mixes these over its own posterior. Of equal scores half are
    above.

    Parameters
    ----------
    levels
        Shape (communities, levels): each community's posterior at equal shares, in any order; 64 or more.
    tails
        The two probabilities of the interval's limits.

    Returns
    -------
    tuple
        Shape (communities,) and (2, communities).
    """
    levels = np.sort(levels, axis=1)
    steps = levels.shape[1] // _OWN
    middle = slice(steps // 2 - 1, steps // 2 + 1)
    own = levels[:, : _OWN * steps].reshape(len(levels), _OWN, steps)[..., middle].mean(axis=2)
    itself = 1 - (np.arange(own.shape[1]) + 0.5) / own.shape[1]
    wanted = _PLACES if len(own) < _MANY else _PLACES // 2
    places = np.unique(np.quantile(own.astype(np.float64), np.linspace(0, 1, wanted)))
    above, doubt = _others_above(levels[:, steps // 4 :: max(steps // 2, 1)], places)
    spread = special.ndtri((np.arange(_OTHERS) + 0.5) / _OTHERS)
    expected, limits = np.empty(len(own)), np.empty((2, len(own)))
    for first in range(0, len(own), _CHUNK):
        some = own[first : first + _CHUNK]
        # Where it stands in its own posterior is known: that is taken out of what stands above it.
        middle = 1 + np.interp(some, places, above) - itself
        away = np.sqrt(np.maximum(np.interp(some, places, doubt) - itself * (1 - itself), 0.0))
        away = away[..., None] * spread
        ranks = np.clip((middle[..., None] + away).reshape(len(some), -1), 1, len(own)).astype(np.float32)
        ranks.sort(axis=1)
        part = slice(first, first + len(some))
        expected[part] = np.clip(middle.mean(axis=1), 1, len(own))
        limits[:, part] = _read_sorted(ranks, tails)
    return expected, limits


def _read_sorted(rising: Draws, tails: Floats) -> Floats:
    """Quantiles of rows that rise, between the two nearest values; shape (tails, rows)."""
    at = tails * (rising.shape[1] - 1)
    low = np.minimum(at.astype(np.int64), rising.shape[1] - 2)
    return np.asarray(rising[:, low] + (at - low) * (rising[:, low + 1] - rising[:, low])).T


def _others_above(levels: Draws, places: Floats) -> tuple[Floats, Floats]:
    """How many communities are expected above each place, and the variance of that."""
    count, width = levels.shape
    mean, variance = np.zeros(len(places)), np.zeros(len(places))
    for first in range(0, count, _CHUNK):
        some = levels[first : first + _CHUNK].astype(np.float64)
        rows = np.arange(len(some))[:, None] * (len(places) + 1)
        # Of the places that are no higher than a level it is above all or, where they are equal, half.
        below = np.searchsorted(places, some)
        equal = places[np.minimum(below, len(places) - 1)] == some
        passed = np.concatenate([rows + below, rows + below + equal])
        number = np.bincount(passed.ravel(), minlength=len(some) * (len(places) + 1))
        number = number.reshape(len(some), -1)[:, :0:-1]
        share = np.cumsum(number, axis=1)[:, ::-1] / (2 * width)
        mean += share.sum(axis=0)
        variance += (share * (1 - share)).sum(axis=0)
    return mean, variance
