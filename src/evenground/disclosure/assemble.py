"""From what is known of each count, and which groups add up to which, to one system of sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.disclosure.knowledge import DENOMINATOR, POPULATION, Counts
from evenground.disclosure.system import Codes, Floats, System, make_system
from evenground.disclosure.told import Shares

_MOST_PEOPLE: Final = 1e5
_NEARLY: Final = 1e-6
_CHANGE: Final = "change from {} to {}"


@dataclass(frozen=True, slots=True)
class Table:
    """A system, and what its unknowns and sums are.

    Attributes
    ----------
    system
        The unknowns are the counts, in their order, and then those of ``derived``.
    kinds
        Of each sum, the number of its words in ``words``.
    words
        What is added up or compared.
    derived
        The count that each further unknown tells of: the numerator of a complement (what is left of its
        denominator), or the later count of a change between two releases.
    is_change
        Which of those are changes.
    """

    system: System
    kinds: Codes
    words: tuple[str, ...]
    derived: Codes
    is_change: NDArray[np.bool_]

    def count_of(self, unknowns: Codes, counts: int) -> Codes:
        """The counts that some unknowns are of, or tell of."""
        return np.concatenate([np.arange(counts), self.derived])[unknowns]


class Sums:
    """Gathers sums and further unknowns, a kind at a time."""

    def __init__(self, counts: Counts) -> None:
        self.words: list[str] = []
        self.derived: list[Codes] = []
        self.is_change: list[NDArray[np.bool_]] = []
        self._unknowns = len(counts.lower)
        self._sums = 0
        self._parts: list[tuple[Codes, Codes, Floats]] = []
        self._bounds: list[tuple[Floats, Floats, Codes]] = []

    def add_unknowns(self, tell_of: Codes, *, is_change: bool) -> Codes:
        """Unknowns of 0 and more that are not counts, and their numbers."""
        self.derived.append(tell_of)
        self.is_change.append(np.full(len(tell_of), is_change))
        self._unknowns += len(tell_of)
        return np.arange(self._unknowns - len(tell_of), self._unknowns)

    def add(self, words: str, entries: tuple[Codes, Codes, Floats], bounds: tuple[Floats, Floats]) -> None:
        """Sums of one kind: entries of row, unknown and weight, rows from 0; and their least and most."""
        rows, unknowns, weights = entries
        least, most = bounds
        self._parts.append((rows + self._sums, unknowns, weights))
        self._bounds.append((least, most, np.full(len(least), len(self.words))))
        self.words.append(words)
        self._sums += len(least)

    def finish(self, counts: Counts) -> Table:
        """All of it, as one system."""
        nothing = np.zeros(0, dtype=np.int64)
        derived = np.concatenate([nothing, *self.derived])
        lower = np.concatenate([counts.lower, np.zeros(len(derived))])
        upper = np.concatenate([counts.upper, np.full(len(derived), np.inf)])
        parts = zip((nothing, nothing, np.zeros(0)), *self._parts, strict=True)
        rows, columns, weights = (np.concatenate(part) for part in parts)
        bounds = zip((np.zeros(0), np.zeros(0), nothing), *self._bounds, strict=True)
        least, most, kinds = (np.concatenate(part) for part in bounds)
        system = make_system((lower, upper), (rows, columns, weights), (least, most))
        is_change = np.concatenate([np.zeros(0, dtype=bool), *self.is_change])
        return Table(system, kinds, tuple(self.words), derived, is_change)


def assemble(
    counts: Counts,
    relations: Mapping[str, pl.DataFrame],
    shares: Shares | None = None,
    *,
    changes: bool = True,
    guess: bool = True,
) -> Table:
    """Put all sums of some releases together.

    Parameters
    ----------
    counts
        What is known of each count.
    relations
        Of each release, by name, as ``list_relations`` gives them; the latest release first.
    shares
        Of counts that are hidden while their share is shown.
    changes
        Whether to suppose that a later release of a period counts everybody that an earlier one did, and
        some more.
    guess
        Whether to suppose that parts make the whole where it is seen that all that are shown do.
    """
    sums = Sums(counts)
    for release, of_release in relations.items():
        index = counts.of(release)
        own = "" if len(relations) == 1 else f" ({release})"
        _add_relations(sums, counts, index, of_release, own, guess=guess)
        _add_populations(sums, counts, index)
    _add_complements(sums, counts)
    if shares is not None:
        _add_shares(sums, counts, shares)
    if changes:
        latest, *earlier = relations
        for release in earlier:
            _add_changes(sums, counts, (latest, release), relations[latest])
    return sums.finish(counts)


def _add_relations(
    sums: Sums,
    counts: Counts,
    index: NDArray[np.int64],
    relations: pl.DataFrame,
    own: str,
    *,
    guess: bool,
) -> None:
    for (words, is_whole), of_kind in relations.group_by("kind", "is_whole", maintain_order=True):
        found = _rows(index, of_kind)
        least = np.zeros(len(found.total))
        if not is_whole:
            may_be_less = (
                ~_adds_up(counts, found) if is_whole is None and guess else np.ones(len(least), bool)
            )
            least[may_be_less] = -np.inf
        parts = (
            np.concatenate([found.row, np.arange(len(found.total))]),
            np.concatenate([found.part, found.total]),
            np.concatenate([np.ones(len(found.row)), -np.ones(len(found.total))]),
        )
        sums.add(f"{words}{own}", parts, (least, np.zeros(len(found.total))))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The parts of totals, in each measure that has both."""

    row: Codes
    part: Codes
    total: Codes
    key: Codes
    measure: Codes


def _rows(index: NDArray[np.int64], relations: pl.DataFrame) -> _Rows:
    parents, position = np.unique(relations["parent"].to_numpy(), return_inverse=True)
    children, above = index[:, relations["child"].to_numpy()], index[:, parents]
    measure, entry = np.nonzero(children >= 0)
    parent = position[entry]
    there = above[measure, parent] >= 0
    measure, entry, parent = measure[there], entry[there], parent[there]
    key, row = np.unique(measure * len(parents) + parent, return_inverse=True)
    total = above[key // len(parents), key % len(parents)]
    part = children[measure, entry]
    # Measures that are the same count give the same sums: once is enough.
    sizes = np.bincount(row, minlength=len(total))
    sums, squares = (np.bincount(row, part.astype(np.float64) ** power, len(total)) for power in (1, 2))
    _, first = np.unique(np.stack([total, sizes, sums, squares]), axis=1, return_index=True)
    kept = np.zeros(len(total), dtype=bool)
    kept[first] = True
    number = np.cumsum(kept) - 1
    own = kept[row]
    return _Rows(number[row[own]], part[own], total[kept], key[kept], key[kept] // len(parents))


def _adds_up(counts: Counts, found: _Rows) -> NDArray[np.bool_]:
    """Which parts make the whole: those of measures where they do wherever all of them are shown.

    They need not: people may be with no practice. Readers see it from the figures, and use it.
    """
    size = len(found.total)
    least = np.bincount(found.row, counts.lower[found.part], size)
    finite = np.where(np.isfinite(counts.upper[found.part]), counts.upper[found.part], 0.0)
    most = np.bincount(found.row, finite, size)
    known = (np.bincount(found.row, ~counts.is_shown[found.part], size) == 0) & counts.is_shown[found.total]
    known &= counts.lower[found.total] > 0
    fits = (least <= counts.upper[found.total]) & (most >= counts.lower[found.total])
    measures = int(found.measure.max(initial=0)) + 1
    seen, fitting = (np.bincount(found.measure[one], minlength=measures) for one in (known, known & fits))
    return np.asarray(((seen > 0) & (seen == fitting))[found.measure])


def _add_populations(sums: Sums, counts: Counts, index: NDArray[np.int64]) -> None:
    """Whoever is counted in an area is one of its people."""
    is_population = (counts.measures["part"] == POPULATION).to_numpy()
    is_denominator = (counts.measures["part"] == DENOMINATOR).to_numpy()
    populations = index[is_population]
    below = index[is_denominator]
    if not populations.size or not below.size:
        return
    everybody = populations.max(axis=0)
    measure, group = np.nonzero((below >= 0) & (everybody >= 0)[None, :])
    part, whole = below[measure, group], everybody[group]
    binding = (counts.upper[part] > counts.lower[whole]) & (part != whole)
    part, whole = np.unique(np.stack([part[binding], whole[binding]]), axis=1)
    number, ones = np.arange(len(part)), np.ones(len(part))
    entries = (
        np.concatenate([number, number]),
        np.concatenate([part, whole]),
        np.concatenate([ones, -ones]),
    )
    sums.add("denominator within population", entries, (np.full(len(part), -np.inf), np.zeros(len(part))))


def _add_complements(sums: Sums, counts: Counts) -> None:
    """What is left of a denominator is a count as well, where it may be small."""
    numerators, denominators = counts.pairs
    rest = counts.lower[denominators] - counts.upper[numerators]
    close = (rest <= counts.small) & (counts.upper[denominators] > 0)
    numerators, denominators = numerators[close], denominators[close]
    complements = sums.add_unknowns(numerators, is_change=False)
    number, ones = np.arange(len(numerators)), np.ones(len(numerators))
    entries = (
        np.concatenate([number] * 3),
        np.concatenate([numerators, complements, denominators]),
        np.concatenate([ones, ones, -ones]),
    )
    zero = np.zeros(len(number))
    sums.add("numerator and the rest of its denominator", entries, (zero, zero))


def _add_shares(sums: Sums, counts: Counts, shares: Shares) -> None:
    """A percentage or rate ties its hidden numerator to its denominator, as closely as its decimals go."""
    n, d, share, half = shares.numerators, shares.denominators, shares.shares, shares.halves
    number, ones = np.arange(len(n)), np.ones(len(n))
    entries = (np.concatenate([number, number]), np.concatenate([n, d]), np.concatenate([ones, -share]))
    # How far the last decimal place lets the numerator be off depends on how many people there are.
    most = np.minimum(np.where(np.isfinite(counts.upper[d]), counts.upper[d], _MOST_PEOPLE), _MOST_PEOPLE)
    slack = half * most + _NEARLY
    sums.add("percentage or rate", entries, (-slack, slack))


def _add_changes(sums: Sums, counts: Counts, releases: tuple[str, str], relations: pl.DataFrame) -> None:
    """What a later release of a period counts more than the earlier one is a table of counts as well."""
    later, earlier = releases
    now, before = _side_by_side(counts, later, earlier)
    both = (now >= 0) & (before >= 0) & (now != before)
    measure, group = np.nonzero(both)
    if not len(measure):
        return
    after, first = now[measure, group], before[measure, group]
    change = sums.add_unknowns(after, is_change=True)
    number, ones = np.arange(len(change)), np.ones(len(change))
    entries = (
        np.concatenate([number] * 3),
        np.concatenate([first, change, after]),
        np.concatenate([ones, ones, -ones]),
    )
    zero = np.zeros(len(number))
    sums.add(f"{_CHANGE.format(earlier, later)}: each count", entries, (zero, zero))
    index = np.full(now.shape, -1, dtype=np.int64)
    index[measure, group] = change
    for (words,), of_kind in relations.filter("is_whole").group_by("kind", maintain_order=True):
        found, old, new = (_rows(one, of_kind) for one in (index, before, now))
        whole = _same_parts(found, old, new)
        own = whole[found.row]
        row = (np.cumsum(whole) - 1)[found.row[own]]
        total = found.total[whole]
        parts = (
            np.concatenate([row, np.arange(len(total))]),
            np.concatenate([found.part[own], total]),
            np.concatenate([np.ones(len(row)), -np.ones(len(total))]),
        )
        zero = np.zeros(len(total))
        sums.add(f"{_CHANGE.format(earlier, later)}: {words}", parts, (zero, zero))


def _same_parts(found: _Rows, old: _Rows, new: _Rows) -> NDArray[np.bool_]:
    """Whether the two releases have all parts of a total in common: else their changes do not add up."""
    sizes = [
        dict(zip(one.key, np.bincount(one.row, minlength=len(one.key)), strict=True)) for one in (old, new)
    ]
    own = np.bincount(found.row, minlength=len(found.key))
    return np.array(
        [
            all(size.get(key, count) == count for size in sizes)
            for key, count in zip(found.key, own, strict=True)
        ],
        dtype=bool,
    )


def _side_by_side(counts: Counts, later: str, earlier: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The counts of the measures that two releases have in common, of the same period."""
    names = ["indicator_id", "period", "part"]
    one, two = (counts.measures.filter(pl.col("release") == name) for name in (later, earlier))
    both = one.join(two.select(*names, pl.col("measure").alias("before")), on=names, how="inner")
    return counts.index[both["measure"].to_numpy()], counts.index[both["before"].to_numpy()]
