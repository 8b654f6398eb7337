"""Neighbouring areas that share a gap: the spatial scan statistic, over circles of areas.

Every circle around every area is held against what is expected of the areas in it. The circle that stands out
most is tested against the circle that stands out most in maps made by chance, so that looking at many circles
makes no false find likelier. Chance maps are as uneven from area to area as the true one: what the scan finds
is that *neighbours* share a gap, not that areas differ.

References
----------
Kulldorff M. A spatial scan statistic. Commun Stat Theory Methods 1997;26:1481-96 (Bernoulli model).
Rao JNK, Scott AJ. A simple method for the analysis of clustered binary data. Biometrics 1992;48:577-85
(counts that vary more than chance, as those of fewer people).
Besag J, Clifford P. Sequential Monte Carlo p-values. Biometrika 1991;78:301-4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import spatial, special, stats

from evenground.errors import InputError
from evenground.reach.main_effects import Codes, Floats

MOST_AREAS: Final = 150
"""A circle never holds more areas than this, however few people live in each."""

MOST_CIRCLES: Final = 500_000
"""Of a map, so that a whole country takes minutes: there circles are kept to fewer areas."""

_FAR: Final = float(stats.chi2.ppf(0.9, 1))
_MEAN: Final = float(stats.chi2.cdf(_FAR, 3) + 0.1 * _FAR)
"""Squared distances count for no more than this, so that a few areas in a cluster change little; and the mean
of those of areas that differ by chance alone."""
_HALVINGS: Final = 20
_MOST_DRAWS: Final = 999
_FEWEST_DRAWS: Final = 99
_CIRCLES_IN_ALL: Final = 400_000_000
"""Of all maps made by chance: about a minute."""
_CELLS_AT_ONCE: Final = 80_000
_BATCH: Final = 50
_ENOUGH: Final = 20
"""Maps made by chance that stand out as much: with so many, more of them would not change the answer."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The areas of one map: arrays of shape (areas,).

    Attributes
    ----------
    points
        Where each is, shape (areas, 2), in any unit of length.
    eligible
        People, above 0.
    missed
        How many of them are not reached.
    expected
        How many of them would be missed if only the main effects were at work.
    """

    points: Floats
    eligible: Floats
    missed: Floats
    expected: Floats


@dataclass(frozen=True, slots=True)
class Circle:
    """Neighbouring areas that share a gap.

    Attributes
    ----------
    areas
        Which of the areas, the middle one first.
    log_ratio
        Of the likelihoods with and without the circle.
    relative_risk
        How many times as likely to be missed people in it are, against what is expected, as those elsewhere.
    p_value
        How often a map made by chance has a circle that stands out as much.
    """

    areas: Codes
    log_ratio: float
    relative_risk: float
    p_value: float


@dataclass(frozen=True, slots=True)
class _Windows:
    """Circles around each area: its nearest areas, and which of the circles are small enough.

    Both have shape (sizes, areas).
    """

    nearest: NDArray[np.int32]
    allowed: NDArray[np.bool_]


def scan(
    maps: list[Counted],
    *,
    share: float = 0.25,
    level: float = 0.05,
    draws: int | None = None,
    seed: int = 0,
) -> list[list[Circle]]:
    """Find circles of areas in which more people are missed than expected.

    Parameters
    ----------
    maps
        One for each group that is looked at by itself. All are tested together: a chance find anywhere is as
        unlikely as ``level`` says.
    share
        The largest share of a map's eligible people that a circle may hold, above 0 and up to a half.
    level
        Circles with a larger p-value are not told.
    draws
        Maps made by chance at the most; fewer where the answer is plain before. By default 999, and down to
        99 where there are so many circles that each takes long.
    seed
        Of these maps.

    Returns
    -------
    list
        For each map its circles, the one that stands out most first; none overlaps one before it.

    Raises
    ------
    InputError
        Where the share is out of its range.
    """
    if not 0 < share <= 0.5:
        raise InputError(f"The share of people in a cluster must be above 0 and up to 0.5, but is {share}.")
    kept = [one for one in maps if len(one.eligible) > 1]
    windows = [_draw_windows(one, share) for one in kept]
    ratios = [
        _ratios(one.eligible, one.missed, *_scale(one, one.missed), seen)
        for one, seen in zip(kept, windows, strict=True)
    ]
    best = max((float(every.max()) for every in ratios), default=0.0)
    if best <= 0:
        return [[] for _ in maps]
    chance = _draw_best(kept, windows, best, draws=draws or _afford_draws(windows), seed=seed)
    found = iter(
        [
            _find_circles(one, seen, every, chance, level)
            for one, seen, every in zip(kept, windows, ratios, strict=True)
        ]
    )
    return [next(found) if len(one.eligible) > 1 else [] for one in maps]


def _afford_draws(windows: list[_Windows]) -> int:
    circles = sum(seen.nearest.size for seen in windows)
    return max(_FEWEST_DRAWS, min(_MOST_DRAWS, _CIRCLES_IN_ALL // max(circles, 1)))


def find_unevenness(eligible: Floats, missed: Floats, expected: Floats) -> Floats:
    """How much more alike two people of one area are than two of different areas, from 0 (not at all).

    Arrays of shape (..., areas); the result has shape (..., 1). Areas far from what is expected count as if
    they were less far (winsorised), because they may be what is looked for.
    """
    share = np.clip(expected / eligible, 1e-6, 1 - 1e-6)
    distance = (missed - expected) ** 2 / (eligible * share * (1 - share))

    def is_too_small(unevenness: Floats) -> NDArray[np.bool_]:
        scaled = np.minimum(distance / (1 + unevenness * (eligible - 1)), _FAR)
        return np.asarray(scaled.mean(axis=-1, keepdims=True) > _MEAN)

    low = np.zeros((*distance.shape[:-1], 1))
    high, uneven = np.ones_like(low), is_too_small(low)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_small = is_too_small(middle)
        low, high = np.where(too_small, middle, low), np.where(too_small, high, middle)
    return np.where(uneven, low, 0.0)


def _draw_windows(one: Counted, share: float) -> _Windows:
    areas = len(one.eligible)
    most = min(areas, MOST_AREAS, max(MOST_CIRCLES // areas, 2))
    _, nearest = spatial.cKDTree(one.points).query(one.points, k=most)
    allowed = np.cumsum(one.eligible[nearest], axis=1) <= share * one.eligible.sum()
    largest = max(int(allowed.sum(axis=1).max()), 1)
    return _Windows(
        np.ascontiguousarray(nearest[:, :largest].T, dtype=np.int32),
        np.ascontiguousarray(allowed[:, :largest].T),
    )


def _scale(one: Counted, missed: Floats) -> tuple[Floats, Floats]:
    """What is expected, were the gap of all areas spread evenly, and how uneven they are beside that.

    ``missed`` has shape (..., areas), and so have both, the latter with a single column.
    """
    expected = one.expected * (missed.sum(axis=-1, keepdims=True) / one.expected.sum())
    # No more can be expected to be missed than there are people.
    expected = np.minimum(expected, one.eligible)
    return expected, find_unevenness(one.eligible, missed, expected)


_Three: TypeAlias = tuple[Floats, Floats, Floats]
"""People missed, expected to be, and all of them."""


def _sum_circles(
    eligible: Floats, missed: Floats, expected: Floats, unevenness: Floats, windows: _Windows
) -> Iterator[tuple[_Three, _Three, NDArray[np.bool_]]]:
    """Circles of some sizes after others: what is in each, what outside, where more are missed than expected.

    Arrays of shape (sizes, areas), few enough at once to stay in the processor's cache.
    """
    weight = 1 / (1 + unevenness * (eligible - 1))
    weighed = [weight * counts for counts in (missed, expected, eligible)]
    total = [counts.sum() for counts in weighed]
    until = [np.zeros(len(eligible)) for _ in weighed]
    at_once = max(1, _CELLS_AT_ONCE // len(eligible))
    for first in range(0, len(windows.nearest), at_once):
        sizes = slice(first, first + at_once)
        within = [own[windows.nearest[sizes]] for own in weighed]
        for counts, before in zip(within, until, strict=True):
            counts[0] += before
            # Row upon row: many times as fast as numpy.cumsum down the columns.
            for row in range(1, len(counts)):
                counts[row] += counts[row - 1]
        until = [counts[-1] for counts in within]
        outside = [all_of - part for all_of, part in zip(total, within, strict=True)]
        is_high = windows.allowed[sizes] & (within[0] * total[1] > total[0] * within[1])
        yield (within[0], within[1], within[2]), (outside[0], outside[1], outside[2]), is_high


def _ratios(
    eligible: Floats, missed: Floats, expected: Floats, unevenness: Floats, windows: _Windows
) -> Floats:
    """Log likelihood ratios of all circles, shape (areas, sizes); 0 where fewer are missed than expected."""
    found = []
    for inside, outside, is_high in _sum_circles(eligible, missed, expected, unevenness, windows):
        ratios = np.zeros(is_high.shape)
        ratios[is_high] = _compare(inside, outside, np.flatnonzero(is_high))
        found.append(ratios)
    return np.ascontiguousarray(np.concatenate(found).T)


def _find_top(
    eligible: Floats, missed: Floats, expected: Floats, unevenness: Floats, windows: _Windows
) -> float:
    """The highest of ``_ratios``: logarithms are taken of the few circles that can have it, no more."""
    top = 0.0
    for inside, outside, is_high in _sum_circles(eligible, missed, expected, unevenness, windows):
        most = np.where(is_high, _bound(inside) + _bound(outside), 0.0).ravel() * (1 + 1e-9)
        likeliest = int(np.argmax(most))
        if most[likeliest] > top:
            top = max(top, float(_compare(inside, outside, np.array([likeliest]))[0]))
            able = np.flatnonzero(most > top)
            if len(able):
                top = max(top, float(_compare(inside, outside, able).max()))
    return top


def _compare(inside: _Three, outside: _Three, chosen: Codes) -> Floats:
    """Log likelihood ratios of some circles, by their places one row after another."""
    whole = [np.asarray(part.flat[0] + rest.flat[0]) for part, rest in zip(inside, outside, strict=True)]
    within = [counts.ravel()[chosen] for counts in inside]
    without = [counts.ravel()[chosen] for counts in outside]
    return _likelihood(*within) + _likelihood(*without) - _likelihood(*whole)


def _bound(counts: _Three) -> Floats:
    """What the likelihood of each cannot exceed, as x log(x/y) is at most x²/y - x."""
    missed, expected, people = counts
    away = missed - expected
    away *= away
    away *= 1 / np.maximum(expected, 1e-9) + 1 / np.maximum(people - expected, 1e-9)
    return away


def _likelihood(missed: Floats, expected: Floats, people: Floats) -> Floats:
    """Of the counts against those expected, on the log scale."""
    missed, expected, people = (np.maximum(counts, 0.0) for counts in (missed, expected, people))
    left, expected_left = np.maximum(people - missed, 0.0), np.maximum(people - expected, 0.0)
    return np.asarray(
        special.rel_entr(missed, np.maximum(expected, 1e-9))
        + special.rel_entr(left, np.maximum(expected_left, 1e-9))
    )


def _find_circles(
    one: Counted, windows: _Windows, ratios: Floats, chance: Floats, level: float
) -> list[Circle]:
    """The circles up to the level, the one that stands out most first; none overlaps one before it."""
    order = np.argsort(-ratios, axis=None, kind="stable")
    taken = np.zeros(len(one.eligible), dtype=np.bool_)
    found: list[Circle] = []
    # The best circle around each middle is enough to find those that do not overlap.
    for middle, size in zip(*np.unravel_index(order[: 50 * len(taken)], ratios.shape), strict=True):
        p_value = _test(float(ratios[middle, size]), chance)
        if ratios[middle, size] <= 0 or p_value > level:
            break
        areas = windows.nearest[: size + 1, middle]
        if taken[areas].any():
            continue
        taken[areas] = True
        found.append(_make_circle(one, areas.astype(np.int64), float(ratios[middle, size]), p_value))
    return found


def _make_circle(one: Counted, areas: Codes, ratio: float, p_value: float) -> Circle:
    missed, expected = one.missed[areas].sum(), one.expected[areas].sum()
    # Half a person keeps the ratio finite where nobody is missed elsewhere.
    elsewhere = (one.missed.sum() - missed + 0.5) / (one.expected.sum() - expected + 0.5)
    return Circle(areas, ratio, float((missed + 0.5) / (expected + 0.5) / elsewhere), p_value)


def _draw_best(maps: list[Counted], windows: list[_Windows], best: float, *, draws: int, seed: int) -> Floats:
    """What stands out most in each map made by chance, in rising order."""
    random = np.random.default_rng(seed)
    uneven = [float(find_unevenness(one.eligible, one.missed, one.expected)[0]) for one in maps]
    found: list[Floats] = []
    while (done := sum(map(len, found))) < draws:
        batch = min(_BATCH, draws - done)
        tops = np.zeros(batch)
        for one, seen, unevenness in zip(maps, windows, uneven, strict=True):
            missed = _draw_missed(one, unevenness, batch, random)
            scaled = zip(missed, *_scale(one, missed), strict=True)
            for row, (counts, expected, own) in enumerate(scaled):
                top = _find_top(one.eligible, counts, expected, own, seen) if counts.any() else 0.0
                tops[row] = max(tops[row], top)
        found.append(tops)
        if sum(int((part >= best).sum()) for part in found) >= _ENOUGH:
            break
    return np.sort(np.concatenate(found))


def _draw_missed(one: Counted, unevenness: float, batch: int, random: np.random.Generator) -> Floats:
    """Counts as they would be if neighbours had nothing in common, shape (batch, areas)."""
    share = np.clip(one.expected * (one.missed.sum() / one.expected.sum()) / one.eligible, 1e-6, 1 - 1e-6)
    shares = np.broadcast_to(share, (batch, len(share)))
    if unevenness > 0:
        size = 1 / min(unevenness, 0.99) - 1
        shares = random.beta(share * size, (1 - share) * size, size=(batch, len(share)))
    people = np.rint(one.eligible).astype(np.int64)
    return random.binomial(people, shares).astype(np.float64)


def _test(log_ratio: float, chance: Floats) -> float:
    """How often a map made by chance has a circle that stands out as much."""
    as_good = len(chance) - int(np.searchsorted(chance, log_ratio, side="left"))
    # The true map is one of the maps.
    return (1 + as_good) / (1 + len(chance))
