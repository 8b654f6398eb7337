"""The columns of a design by how far each is the same: through an area, a community, or a stratum only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from evenground.reach.main_effects import Codes, Floats
from evenground.reach.nested import Counts, Nested, Spreads

_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Kinds:
    """Rows of some columns, each kind of row once.

    Attributes
    ----------
    rows
        Shape (kinds, columns).
    kind
        Shape (members,): the kind of each stratum, community or area.
    """

    rows: Floats
    kind: Codes

    def predict(self, coefficients: Floats) -> Floats:
        """The columns times their coefficients, for each member."""
        return np.asarray((self.rows @ coefficients)[self.kind])

    def gather(self, values: Floats) -> Floats:
        """The transposed columns times a value of each member."""
        return np.asarray(np.bincount(self.kind, values, minlength=len(self.rows)) @ self.rows)

    def weigh(self, weights: Floats) -> Floats:
        """Sums of squares and products of the columns, each member with its weight."""
        totals = np.bincount(self.kind, weights, minlength=len(self.rows))
        return np.asarray(self.rows.T @ (totals[:, None] * self.rows))


@dataclass(frozen=True, slots=True)
class Sums:
    """What the normal equations need of one weighted least-squares problem.

    Attributes
    ----------
    strata
        Shape (communities, columns that differ by stratum): their weighted sums over each community.
    areas
        Shape (areas, columns): weighted sums over each area, of what communities leave over.
    precision
        Shape (columns, columns): what the counts say of the coefficients.
    """

    strata: Floats
    areas: Floats
    precision: Floats


class _Adder:
    """Adds up rows of members by the group of each, with a weight: a sparse product of a fixed pattern."""

    def __init__(self, group: Codes, groups: int, columns: Codes, width: int) -> None:
        order = np.argsort(group, kind="stable")
        self._order = None if np.array_equal(order, np.arange(len(order))) else order
        pointers = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=groups))])
        at = columns if self._order is None else columns[order]
        self._matrix = sparse.csr_array((np.ones(len(group)), at, pointers), shape=(groups, width))

    def add(self, weights: Floats, rows: Floats) -> Floats:
        self._matrix.data = weights if self._order is None else weights[self._order]
        return np.asarray(self._matrix @ rows)


class Tiers:
    """A design in three parts, so that most of it is weighed once a community, area or kind of row.

    Deprivation is the same all through an area and an ethnic group all through its community; only columns
    such as age and sex differ inside. The normal equations then take time in proportion to the areas,
    communities and kinds of strata, and to the strata only for sums of single columns. Columns are kept in
    an order of their own, ``order``.

    Parameters
    ----------
    design
        Shape (strata, columns).
    counts
        Where strata and communities lie.

    Attributes
    ----------
    order
        Shape (columns,): the column of the design that each is.
    area, community, stratum
        The columns that are the same all through areas, those all through communities, and the others.
    """

    def __init__(self, design: sparse.csr_array, counts: Counts) -> None:
        self._counts = counts
        communities, areas = len(counts.area), int(counts.area.max()) + 1
        by_community, inside = _split(design, counts.community, communities)
        firsts = _firsts(counts.community, communities)
        shared = design[firsts]
        by_area, own = _split(shared, counts.area, areas)
        by_area, own = np.intersect1d(by_area, by_community), np.intersect1d(own, by_community)
        self.order = np.concatenate([by_area, own, inside])
        self.area = _find_kinds(shared[_firsts(counts.area, areas)][:, by_area])
        self.community = _find_kinds(shared[:, own])
        self.stratum = _find_kinds(design[:, inside])
        kinds = len(self.community.rows)
        self._strata = _Adder(counts.community, communities, self.stratum.kind, len(self.stratum.rows))
        self._kinds = _Adder(counts.area, areas, self.community.kind, kinds)
        self._areas = _Adder(counts.area, areas, np.arange(communities), communities)
        self._by_kind = _Adder(self.community.kind, kinds, np.arange(communities), communities)

    def predict(self, coefficients: Floats) -> Floats:
        """The design times the coefficients, for each stratum."""
        area, community, stratum = self._parts(coefficients)
        shared = self.area.predict(area)[self._counts.area] + self.community.predict(community)
        return np.asarray(shared[self._counts.community] + self.stratum.predict(stratum))

    def gather(self, values: Floats) -> Floats:
        """The transposed design times a value of each stratum."""
        community = np.bincount(self._counts.community, values, minlength=len(self._counts.area)).astype(
            np.float64
        )
        area = np.bincount(self._counts.area, community).astype(np.float64)
        return np.concatenate(
            [self.area.gather(area), self.community.gather(community), self.stratum.gather(values)]
        )

    def weigh(self, nested: Nested, spreads: Spreads) -> Sums:
        """The normal equations once strata, communities and areas are eliminated."""
        strata = self._strata.add(nested.own, self.stratum.rows)
        kept = nested.keep[:, None] * strata
        outer = self.area.rows[self.area.kind]
        inner = np.hstack([self._kinds.add(nested.community, self.community.rows),
                           self._areas.add(nested.keep, strata)])  # fmt: skip
        across = self.community.rows.T @ self._by_kind.add(nested.keep, strata)
        within = self.stratum.weigh(nested.own) - strata.T @ ((spreads.community**2)[:, None] * kept)
        low = np.block([[self.community.weigh(nested.community), across], [across.T, within]])
        low -= inner.T @ ((spreads.area**2 * nested.area_keep)[:, None] * inner)
        side = outer.T @ (nested.area_keep[:, None] * inner)
        top = self.area.weigh(nested.total * nested.area_keep)
        precision = np.block([[top, side], [side.T, low]])
        return Sums(strata, np.hstack([nested.total[:, None] * outer, inner]), precision)

    def profile(self, nested: Nested, sums: Sums) -> Floats:
        """What each column comes to in a community, its strata weighed; shape (communities, columns)."""
        strata = sums.strata / np.maximum(nested.inside, 1e-10)[:, None]
        shared = self.area.rows[self.area.kind[self._counts.area]]
        return np.hstack([shared, self.community.rows[self.community.kind], strata])

    def _parts(self, coefficients: Floats) -> list[Floats]:
        first = self.area.rows.shape[1]
        return np.split(coefficients, [first, first + self.community.rows.shape[1]])


def _firsts(group: Codes, groups: int) -> Codes:
    """The first member of each group."""
    firsts = np.full(groups, len(group), dtype=np.int64)
    np.minimum.at(firsts, group, np.arange(len(group)))
    return firsts


def _split(design: sparse.csr_array, group: Codes, groups: int) -> tuple[Codes, Codes]:
    """The columns that are the same all through every group, and the others."""
    columns = np.arange(design.shape[1])
    if groups == design.shape[0]:
        return columns, columns[:0]
    away = abs(design - design[_firsts(group, groups)[group]])
    differs = np.asarray(away.max(axis=0).toarray()).ravel() > _SAME
    return columns[~differs], columns[differs]


def _find_kinds(design: sparse.csr_array) -> Kinds:
    """Each kind of row once: rows are told apart by a random sum of their values."""
    mixed = design @ np.random.default_rng(0).normal(size=design.shape[1])
    _, first, kind = np.unique(mixed, return_index=True, return_inverse=True)
    return Kinds(design[first].toarray(), np.asarray(kind, dtype=np.int64))
