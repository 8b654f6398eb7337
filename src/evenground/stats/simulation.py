"""Limits by drawing the values again and again from their sampling distributions.

Every group is drawn with the same normal numbers, a row of them for its first quantile, one for its
second, and so on: a group's limits depend on its own figures and the seed alone, not on which other
groups are calculated with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evenground.errors import InputError
from evenground.stats.estimates import Floats
from evenground.stats.groups import Groups

Seed: TypeAlias = int | np.random.Generator | None
Measure: TypeAlias = Callable[[Floats], Sequence[Floats] | Floats]

FEWEST_REPETITIONS: Final = 1_000
# Draws held at once of each sum: the few arrays of this size stay in the processor's cache.
_BLOCK: Final = 2**16


def simulate_limits(
    rows: Groups,
    weights: Sequence[Floats],
    point: Floats,
    error: Floats,
    *,
    back: Callable[[Floats], Floats] | None,
    measure: Measure,
    held: NDArray[np.bool_],
    level: Floats,
    repetitions: int,
    seed: Seed,
) -> list[tuple[Floats, Floats]]:
    """Lower and upper limit of each measure of weighted sums of the values.

    Parameters
    ----------
    rows
        The groups of the arranged rows.
    weights
        One array a sum: what each row's value adds to it.
    point, error
        Of each value, on the scale where its error is normal.
    back
        From that scale to the one of the sums; ``None`` where it is the same.
    measure
        From the sums, (sums, groups, repetitions), to the measures, each (groups, repetitions).
    held
        The groups to simulate, of the shape of ``rows``; the others are NaN.
    level
        Confidence levels that broadcast with the groups.
    repetitions, seed
        How many draws, and where they start.

    Returns
    -------
    list of tuple
        Lower and upper limits of each measure, in the broadcast shape.

    Raises
    ------
    InputError
        Where the repetitions are too few, for any use or for the level.
    """
    levels, which = np.unique(level, return_inverse=True)
    positions = _find_positions(levels, repetitions)
    normals = _draw(rows, held, repetitions, seed)
    no_draws = np.empty((len(weights), 0, 1))
    found = [np.full((held.size, positions.size), np.nan) for _ in measure(no_draws)]
    for chosen, index in _blocks(rows, held, repetitions):
        weighed = np.stack([weight[index] for weight in weights], axis=1)
        sums = _sum_draws(weighed, point[index], error[index], normals, back)
        for limits, draws in zip(found, measure(sums), strict=True):
            # Sorting is vectorised where partitioning at several places is not.
            limits[chosen] = np.sort(draws, axis=-1)[:, positions]
    group = np.arange(held.size).reshape(held.shape)
    lower = which.reshape(level.shape)
    return [(limits[group, lower], limits[group, lower + levels.size]) for limits in found]


def _find_positions(levels: Floats, repetitions: int) -> NDArray[np.int64]:
    """The places of the limits in the sorted draws: all lower ones, then all upper ones."""
    if repetitions < FEWEST_REPETITIONS:
        raise InputError(
            f"repetitions must be at least {FEWEST_REPETITIONS}, but {repetitions} was given. "
            "With fewer draws the limits say little."
        )
    upper = levels + (1 - levels) / 2
    places = np.rint(repetitions * np.concatenate([1 - upper, upper])).astype(np.int64)
    if places.min() < 1:
        raise InputError(
            f"{repetitions} repetitions are too few for a confidence_level of {levels.max()}: the limit lies "
            "beyond the last draw. Give more repetitions."
        )
    indices: NDArray[np.int64] = places - 1
    return indices


def _draw(rows: Groups, held: NDArray[np.bool_], repetitions: int, seed: Seed) -> Floats:
    most = int(rows.sizes[held.ravel()].max(initial=0))
    # One row a quantile: however many there are, the first ones are the same numbers.
    return np.random.default_rng(seed).standard_normal((most, repetitions))


def _blocks(
    rows: Groups, held: NDArray[np.bool_], repetitions: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Groups of one size, few at a time, with the index of their rows: (groups, quantiles)."""
    together = max(1, _BLOCK // repetitions)
    for size in np.unique(rows.sizes[held.ravel()]):
        chosen = np.flatnonzero(held.ravel() & (rows.sizes == size))
        for start in range(0, chosen.size, together):
            block = chosen[start : start + together]
            yield block, rows.offsets[block][:, None] + np.arange(size)


def _sum_draws(
    weights: Floats,
    point: Floats,
    error: Floats,
    normals: Floats,
    back: Callable[[Floats], Floats] | None,
) -> Floats:
    """The weighted sums, (sums, groups, repetitions), of weights (groups, sums, quantiles)."""
    groups, number, size = weights.shape
    repetitions = normals.shape[1]
    sums = np.empty((groups, number, repetitions))
    if back is None:
        constant, weights = (weights * point[:, None]).sum(axis=-1), weights * error[:, None]
    few = max(1, _BLOCK // (size * (number if back is None else groups)))
    for start in range(0, repetitions, few):
        drawn = normals[:size, start : start + few]
        if back is not None:
            drawn = error[:, :, None] * drawn
            drawn += point[:, :, None]
            drawn = back(drawn)
        # A product a group, small enough to stay on one thread: threads only wait for one another here.
        np.matmul(weights, drawn, out=sums[:, :, start : start + few])
    if back is None:
        sums += constant[:, :, None]
    return sums.swapaxes(0, 1)
