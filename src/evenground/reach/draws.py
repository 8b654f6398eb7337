"""Draws of people missing out: what cannot be read off one community's posterior alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evenground.reach.main_effects import Codes, Floats

Draws: TypeAlias = NDArray[np.float32]

LEVELS: Final = 256
"""A community's posterior is drawn from its quantiles at the middles of this many equal shares."""

LEVEL_MIDDLES: Final = (np.arange(LEVELS) + 0.5) / LEVELS

MOST_ABLE: Final = 20_000
"""At most so many communities, those with the most to gain, are compared draw by draw."""

_DRAWN_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Together:
    """How the doubts about communities go together, as parts of one standard normal deviate each.

    Attributes
    ----------
    common
        Shape (communities, sources): what each takes from sources of doubt that all share.
    area
        Shape (communities,): the area of each, from 0.
    area_part, own_part
        Shape (communities,): what each takes from its area's doubt, and from its own.
    """

    common: Floats
    area: Codes
    area_part: Floats
    own_part: Floats


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
    together
        How communities' doubts go together; ``None`` where each stands alone.
    """

    service_id: str
    levels: Draws
    positions: Codes
    together: Together | None = None


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

    Services are independent of each other given the data; communities are as far as they do not share an
    area's effect or the main effects. Only a community that can be in the top in some draw is kept for the
    comparison across communities: the others have a probability of exactly 0.
    """
    generators = [_generator(service.service_id, seed) for service in services]
    contests = [
        _enter_all(service, generator, top, draws)
        for service, generator in zip(services, generators, strict=True)
    ]
    total_contest = _Contest(*_sum_of_bounds(services, communities), top, draws)
    limits = np.zeros((2, communities))
    for first, last in _chunks(communities, draws):
        total = np.zeros((last - first, draws), dtype=np.float32)
        for service, generator, contest in zip(services, generators, contests, strict=True):
            start, stop = (int(place) for place in np.searchsorted(service.positions, [first, last]))
            drawn = _draw(service.levels[start:stop], draws, generator)
            total[service.positions[start:stop] - first] += contest.replace(drawn, start)
        total_contest.enter(total, first)
        limits[:, first:last] = np.quantile(total, tails, axis=1)
    probabilities = [contest.probability() for contest in contests]
    return Drawn(probabilities, total_contest.probability(), limits)


def draw_top(missing: Missing, *, draws: int, seed: int, top: int) -> Floats:
    """The probability that each community of one service is in the top."""
    return _enter_all(missing, _generator(missing.service_id, seed), top, draws).probability()


def find_able(least: Floats | Draws, most: Floats | Draws, top: int) -> Codes:
    """The communities, rising, that can be in the top in some draw, from the least and most of each."""
    # In every draw the top is at least this high: whoever cannot reach it is out.
    place = max(len(least) - top, 0)
    able = np.flatnonzero(most >= np.partition(least, place)[place])
    if len(able) > MOST_ABLE:
        able = np.sort(able[np.argsort(-most[able], kind="stable")[:MOST_ABLE]])
    return able


class _Contest:
    """Which communities are in the top, draw by draw."""

    def __init__(self, least: Floats | Draws, most: Floats | Draws, top: int, draws: int) -> None:
        self.able = find_able(least, most, top)
        self.kept = np.zeros((len(self.able), draws), dtype=np.float32)
        self._place = max(len(self.able) - top, 0)
        self._communities = len(least)

    def enter(self, drawn: Draws, first: int) -> None:
        """Keep the draws of those who can be in the top; ``first`` is the number of the first row."""
        start, stop = np.searchsorted(self.able, [first, first + len(drawn)])
        self.kept[start:stop] = drawn[self.able[start:stop] - first]

    def replace(self, drawn: Draws, first: int) -> Draws:
        """The draws with those put in that were kept; ``first`` is the number of the first row."""
        start, stop = np.searchsorted(self.able, [first, first + len(drawn)])
        drawn[self.able[start:stop] - first] = self.kept[start:stop]
        return drawn

    def probability(self) -> Floats:
        """The share of draws in which each community is in the top and has anyone missing out."""
        threshold = np.partition(self.kept, self._place, axis=0)[self._place]
        probability = np.zeros(self._communities)
        probability[self.able] = np.mean((self.kept >= threshold) & (self.kept > 0), axis=1)
        return probability


def _enter_all(service: Missing, generator: np.random.Generator, top: int, draws: int) -> _Contest:
    contest = _Contest(service.levels.min(axis=1), service.levels.max(axis=1), top, draws)
    able = contest.able
    if service.together is None:
        contest.kept[:] = _draw(service.levels[able], draws, generator)
        return contest
    together = service.together
    sources = generator.standard_normal((together.common.shape[1], draws), dtype=np.float32)
    areas, place = np.unique(together.area[able], return_inverse=True)
    shared = generator.standard_normal((len(areas), draws), dtype=np.float32)
    for first, last in _chunks(len(able), draws):
        some = able[first:last]
        deviate = together.common[some].astype(np.float32) @ sources
        deviate += together.area_part[some, None].astype(np.float32) * shared[place[first:last]]
        own = generator.standard_normal(deviate.shape, dtype=np.float32)
        deviate += together.own_part[some, None].astype(np.float32) * own
        level = np.minimum(special.ndtr(deviate) * LEVELS, LEVELS - 1).astype(np.int64)
        contest.kept[first:last] = np.take_along_axis(service.levels[some], level, axis=1)
    return contest


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
