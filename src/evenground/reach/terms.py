"""The columns of a main-effects model: levels, smooth curves over numbers, smooth surfaces over a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import linalg, sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import eigsh

from evenground.reach.main_effects import Codes, Floats

_KNOTS: Final = 8
_SURFACES: Final = 40
"""At most so many smooth patterns over a map, the smoothest first."""

_DENSE_AREAS: Final = 600
_FLAT_SPREAD: Final = 1.0
_INTERCEPT_SPREAD: Final = 10.0


@dataclass(frozen=True, slots=True)
class Block:
    """Columns whose effects are taken to be draws of one normal distribution.

    Attributes
    ----------
    columns
        Shape (rows, width), sparse.
    spread
        Its standard deviation on the logit scale: where the search starts, or what it is.
    is_estimated
        Whether the data may say otherwise.
    """

    columns: sparse.csr_array
    spread: float
    is_estimated: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """A design of several blocks.

    Attributes
    ----------
    design
        Shape (rows, width).
    block
        The block of each column, from 0.
    spreads, estimated
        Of each block; see ``Block``.
    """

    design: sparse.csr_array
    block: Codes
    spreads: Floats
    estimated: Codes


def join_blocks(rows: int, blocks: Sequence[Block]) -> Terms:
    """The intercept and the blocks, side by side."""
    intercept = Block(sparse.csr_array(np.ones((rows, 1))), _INTERCEPT_SPREAD, is_estimated=False)
    every = [intercept, *blocks]
    return Terms(
        sparse.hstack([block.columns for block in every], format="csr"),
        np.repeat(np.arange(len(every)), [block.columns.shape[1] for block in every]),
        np.array([block.spread for block in every]),
        np.flatnonzero([block.is_estimated for block in every]),
    )


def make_levels(codes: Codes) -> Block:
    """An indicator of each level, from 0; how far levels differ is estimated."""
    rows = len(codes)
    columns = sparse.csr_array((np.ones(rows), codes, np.arange(rows + 1)), shape=(rows, codes.max() + 1))
    return Block(columns, 0.5)


def _hold(columns: Floats) -> sparse.csr_array:
    """Columns of numbers, few of them 0, as they are kept beside indicators."""
    rows, width = columns.shape
    at = np.tile(np.arange(width), rows)
    return sparse.csr_array((columns.ravel(), at, np.arange(rows + 1) * width), shape=(rows, width))


def make_curve(values: Floats) -> list[Block]:
    """A straight line over the values' scale, and how the curve bends away from it.

    The bends are a penalised regression spline of the radial cubic basis, with knots at quantiles of the
    distinct values; how much they may bend is estimated. A missing value (NaN) lies at the middle and has
    an effect of its own.

    References
    ----------
    Ruppert D, Wand MP, Carroll RJ. Semiparametric regression. 2003, section 13.4.
    """
    is_missing = np.isnan(values)
    distinct = np.unique(values[~is_missing])
    if not len(distinct):
        return []
    blocks = [make_levels(is_missing.astype(np.int64))] if is_missing.any() else []
    if len(distinct) < 2:
        return blocks
    middle, scale = np.mean(distinct), np.ptp(distinct) / 2
    scaled = np.where(is_missing, 0.0, (values - middle) / scale)
    blocks.insert(0, Block(_hold(scaled[:, None]), _FLAT_SPREAD, is_estimated=False))
    knots = np.unique(np.quantile((distinct - middle) / scale, np.linspace(0, 1, _KNOTS + 2)[1:-1]))
    if len(knots) > 1:
        left, size, right = np.linalg.svd(np.abs(knots[:, None] - knots) ** 3)
        root = (right.T * np.sqrt(size)) @ left.T
        bends = np.linalg.solve(root, (np.abs(scaled[:, None] - knots) ** 3).T).T
        # What a line can say is left to the line.
        line = np.column_stack([np.ones(len(scaled)), scaled])
        bends -= line @ np.linalg.lstsq(line, bends, rcond=None)[0]
        bends /= np.sqrt(np.mean(np.sum(bends**2, axis=1)))
        blocks.append(Block(_hold(bends), 0.3))
    return blocks


def make_surface(area: Codes, pairs: Codes) -> Block | None:
    """Smooth patterns over a map of areas: those in which neighbours differ least.

    The patterns are the smoothest eigenvectors of the map's Laplacian, each with a variance that falls with
    how much neighbours differ in it: a low-rank form of the intrinsic conditional autoregressive prior.

    Parameters
    ----------
    area
        The area of each row, from 0.
    pairs
        Shape (pairs, 2): areas beside each other.

    Returns
    -------
    Block or None
        ``None`` where no two areas are neighbours.

    References
    ----------
    Besag J, York J, Mollié A. Bayesian image restoration. Ann Inst Stat Math 1991;43:1-20. Hughes J, Haran
    M. Dimension reduction and alleviation of confounding for spatial generalized linear mixed models. J R
    Stat Soc B 2013;75:139-59.
    """
    areas = int(area.max()) + 1
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    if not len(pairs):
        return None
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    beside = sparse.csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(areas, areas))
    beside.data[:] = 1.0
    roughness, patterns = _smoothest(csgraph.laplacian(beside).tocsr(), areas)
    rough = roughness > 1e-9
    if not rough.any():
        return None
    surface = patterns[:, rough] / np.sqrt(roughness[rough])
    surface /= np.sqrt(np.mean(np.sum(surface**2, axis=1)))
    # A pattern's sign is arbitrary: fix it, so that the same map gives the same columns.
    surface *= np.where(surface[np.argmax(np.abs(surface), axis=0), np.arange(surface.shape[1])] < 0, -1, 1)
    return Block(_hold(surface[area]), 0.3)


def _smoothest(laplacian: sparse.csr_array, areas: int) -> tuple[Floats, Floats]:
    wanted = min(_SURFACES + 1, max(areas // 4, 2))
    if areas <= _DENSE_AREAS:
        values, vectors = linalg.eigh(laplacian.toarray(), subset_by_index=[0, min(wanted, areas) - 1])
    else:
        start = np.random.default_rng(0).normal(size=areas)
        values, vectors = eigsh(laplacian.tocsc(), k=wanted, sigma=-1e-3, v0=start)
    return np.asarray(values), np.asarray(vectors)
