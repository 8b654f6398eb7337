"""Draws of people missing out: what cannot be read off one community's posterior alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evenground.reach.main_effects import Codes, Floats

Draws: TypeAlias = NDArray[np.float32]

LEVELS: Final = 256
"""A community's posterior is drawn from its quantiles at the middles of this many equal shares."""

LEVEL_MIDDLES: Final = (np.arange(LEVELS) + 0.5) / LEVELS

_DRAWN_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Missing:
    """People missing out of one service at each level of each community's posterior.

    Attributes
    ----------
    service_id
        Part of the seed, so that adding a service leaves the draws of the others as they were.
    levels
        Shape (communities, ``LEVELS``).
    positions
        Shape (communities,): the rising place of each among the communities of all services.
    """

    service_id: str
    levels: Draws
    positions: Codes


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the draws show.

    Attributes
    ----------
    probabilities
        For each service, the probability that each of its communities is in the top.
    all_probability, all_limits
        The same over all services together, shape (communities,), and the interval of people missing out,
        shape (2, communities).
    """

    probabilities: list[Floats]
    all_probability: Floats
    all_limits: Floats


def draw_missing(
    services: Sequence[Missing], communities: int, *, draws: int, seed: int, top: int, tails: Floats
) -> Drawn:
    """Draw every service and add the services up, some communities at a time.

    Services are independent of each other given the data, and so are communities. Only a community that
    can be in the top in some draw is kept for the comparison across communities: the others have a
    probability of exactly 0.
    """
    generators = [_generator(service.service_id, seed) for service in services]
    contests = [_Contest(s.levels.min(axis=1), s.levels.max(axis=1), top, draws) for s in services]
    contests.append(_Contest(*_sum_of_bounds(services, communities), top, draws))
    limits = np.zeros((2, communities))
    for first, last in _chunks(communities, draws):
        total = np.zeros((last - first, draws), dtype=np.float32)
        for service, generator, contest in zip(services, generators, contests, strict=False):
            start, stop = np.searchsorted(service.positions, [first, last])
            drawn = _draw(service.levels[start:stop], draws, generator)
            contest.enter(drawn, int(start))
            total[service.positions[start:stop] - first] += drawn
        contests[-1].enter(total, first)
        limits[:, first:last] = np.quantile(total, tails, axis=1)
    probabilities = [contest.probability() for contest in contests]
    return Drawn(probabilities[:-1], probabilities[-1], limits)


class _Contest:
    """Which communities are in the top, draw by draw."""

    def __init__(self, least: Floats | Draws, most: Floats | Draws, top: int, draws: int) -> None:
        # In every draw the top is at least this high: whoever cannot reach it is out.
        place = max(len(least) - top, 0)
        self._able = np.flatnonzero(most >= np.partition(least, place)[place])
        self._kept = np.zeros((len(self._able), draws), dtype=np.float32)
        self._place = max(len(self._able) - top, 0)
        self._communities = len(least)

    def enter(self, drawn: Draws, first: int) -> None:
        """Keep the draws of those who can be in the top; ``first`` is the number of the first row."""
        start, stop = np.searchsorted(self._able, [first, first + len(drawn)])
        self._kept[start:stop] = drawn[self._able[start:stop] - first]

    def probability(self) -> Floats:
        """The share of draws in which each community is in the top and has anyone missing out."""
        threshold = np.partition(self._kept, self._place, axis=0)[self._place]
        probability = np.zeros(self._communities)
        probability[self._able] = np.mean((self._kept >= threshold) & (self._kept > 0), axis=1)
        return probability


def _generator(service_id: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(service_id.encode())])


def _chunks(communities: int, draws: int) -> Iterator[tuple[int, int]]:
    at_once = max(1, _DRAWN_AT_ONCE // draws)
    for first in range(0, communities, at_once):
        yield first, min(first + at_once, communities)


def _draw(levels: Draws, draws: int, generator: np.random.Generator) -> Draws:
    level = generator.integers(0, LEVELS, size=(len(levels), draws), dtype=np.uint8)
    starts = np.arange(len(levels), dtype=np.int64)[:, None] * LEVELS
    return np.take(levels, starts + level)


def _sum_of_bounds(services: Sequence[Missing], communities: int) -> tuple[Floats, Floats]:
    least, most = np.zeros(communities), np.zeros(communities)
    for service in services:
        least[service.positions] += service.levels.min(axis=1)
        most[service.positions] += service.levels.max(axis=1)
    # The draws are added up in single precision: leave room for its rounding.
    return least * (1 - 1e-5), most * (1 + 1e-5)
