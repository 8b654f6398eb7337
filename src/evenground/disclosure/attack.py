"""The other side: whoever holds all tables of a release, and of every earlier one, and works back from them.

What they know is put into one system of sums: what each count is shown as, the policy, which groups add up
to which, what percentages and titles say. Every count that is not shown is then narrowed as far as it goes.
The release fails where fewer values stay possible than its policy promises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.disclosure.assemble import Table, assemble
from evenground.disclosure.coverage import audit_coverage
from evenground.disclosure.knowledge import MEASURE, Counts, Published, read_counts
from evenground.disclosure.programs import Block, Blocks, Extreme, find_proven, find_range, split
from evenground.disclosure.relations import GROUP, list_relations
from evenground.disclosure.system import NOT_NARROWED, Codes, Floats, Narrowed, narrow
from evenground.disclosure.told import tighten_by_figures, tighten_by_texts
from evenground.errors import DisclosureError

LARGE_BLOCK: Final = 600
"""Unknowns of a block past which each count is looked at within its neighbourhood."""

_STEPS: Final = 2
_TRIES: Final = 20
_LOOKED_AT: Final = 50
_TOLERANCE: Final = 1e-6
_ROUTE: Final = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """A count that is not shown and can be worked out too closely.

    Attributes
    ----------
    where
        Release, indicator, period, part, area and category.
    possible
        How many values are left for it.
    needed
        How many the policy promises.
    route
        Which sums gave it away, in words.
    what
        ``count``, ``rest of the denominator``, ``change`` or ``text``.
    """

    where: tuple[str, ...]
    possible: int
    needed: int
    route: tuple[str, ...]
    what: str = "count"

    def __str__(self) -> str:
        named = ", ".join(part for part in self.where if part)
        values = "1 value is" if self.possible == 1 else f"{self.possible} values are"
        return (
            f"{named}: {self.what}: {values} possible, {self.needed} are needed; by {'; '.join(self.route)}"
        )


@dataclass(frozen=True, slots=True)
class Audit:
    """What was tried on a release, and what it gave away."""

    release: str
    against: tuple[str, ...]
    findings: tuple[Finding, ...]
    tried: dict[str, int] = field(default_factory=dict)

    @property
    def is_safe(self) -> bool:
        """Whether every count that is not shown keeps the values that the policy promises."""
        return not self.findings

    def require_safe(self) -> None:
        """Refuse a release that gives something away.

        Raises
        ------
        DisclosureError
            Naming the counts to blame and the routes, never what they are.
        """
        if self.is_safe:
            return
        shown = [f"  - {finding}" for finding in self.findings[:20]]
        more = [f"  - and {len(self.findings) - 20:,} more"] if len(self.findings) > 20 else []
        count = len(self.findings)
        raise DisclosureError(
            "\n".join(
                [
                    f"{count:,} suppressed {'count' if count == 1 else 'counts'} can be worked out more "
                    "closely than the policy allows. Nothing was released.",
                    *shown,
                    *more,
                ]
            )
        )


@dataclass(frozen=True, slots=True)
class State:
    """An attack under way: the system, and how far it is narrowed."""

    counts: Counts
    table: Table
    narrowed: Narrowed
    needed: int

    @property
    def width(self) -> Floats:
        """How many values are possible for each unknown."""
        return np.asarray(self.narrowed.upper - self.narrowed.lower + 1)

    def is_guarded(self) -> NDArray[np.bool_]:
        """Unknowns that may be small counts, and so must not be known closely."""
        lower, upper = self.narrowed.lower, self.narrowed.upper
        derived = np.ones(len(self.table.derived), dtype=bool)
        may_be = np.concatenate([self.counts.is_hidden, derived])
        may_be &= (upper > 0) & (lower <= self.counts.small)
        # A change may be nothing at all: only one that is certain tells of people.
        certain = np.concatenate([np.ones(len(self.counts.lower), dtype=bool), ~self.table.is_change])
        return may_be & (certain | (lower >= 1))

    def exposed(self) -> Codes:
        """Unknowns that narrowing alone brings too close."""
        return np.flatnonzero(self.is_guarded() & (self.width < self.needed))


def begin(releases: Sequence[Published]) -> State:
    """Put together what releases tell and narrow it. The first is the one that is audited.

    Raises
    ------
    DisclosureError
        Where the tables contradict each other, or a count is negative.
    """
    require_counts(releases)
    counts = read_counts(releases)
    shares = tighten_by_figures(counts, releases)
    tighten_by_texts(counts, releases)
    relations = {one.name: list_relations(counts.groups, one.tables["areas"]) for one in releases}
    several = len(releases) > 1
    # What is supposed may be wrong: that a later release holds all that an earlier one did, or what adds up.
    for changes, guess in [(True, True), (False, True), (False, False)][0 if several else 1 :]:
        table = assemble(counts, relations, shares, changes=changes, guess=guess)
        narrowed = narrow(table.system)
        if not len(narrowed.contradictory):
            return State(counts, table, narrowed, releases[0].policy.possible_values)
    if several and any(one.made_of for one in releases):
        return begin([replace(one, made_of="") for one in releases])
    raise _contradiction(counts, table, narrowed)


def audit(
    release: Published,
    *,
    against: Sequence[Published] = (),
    thorough: bool = False,
    programs: bool = True,
) -> Audit:
    """Attack a release, with every earlier one of the place in hand.

    Parameters
    ----------
    release
        The release to audit.
    against
        Earlier releases of the same place. Those of other periods are of other people, and tell nothing
        exactly.
    thorough
        Whether to solve linear programs for every count of every block, however large. Without it, blocks
        of more than ``LARGE_BLOCK`` unknowns are looked at by narrowing, and by programs of neighbourhoods
        for the counts nearest to being known too closely.

    programs
        Whether to solve linear programs at all: what ``choose_secondary`` chose went through them.

    Raises
    ------
    DisclosureError
        Where the tables contradict each other, a count is negative, or areas lie within themselves.
    """
    state = begin((release, *against))
    exposed = state.exposed()
    width = state.width
    found = {int(unknown): (int(width[unknown]), _route(state, int(unknown))) for unknown in exposed}
    solved, number = _solve(state, thorough=thorough) if programs else ({}, 0)
    found |= solved
    findings = [_finding(state, unknown, *how) for unknown, how in sorted(found.items())]
    findings += audit_coverage(release)
    tried = {
        "counts": len(state.counts.lower),
        "suppressed counts": int(state.counts.is_hidden.sum()),
        "rests of denominators": int((~state.table.is_change).sum()),
        "changes between releases": int(state.table.is_change.sum()),
        "sums": len(state.table.system.least),
        "kinds of sums": len(state.table.words),
        "linear programs": number,
    }
    return Audit(release.name, tuple(one.name for one in against), tuple(findings), tried)


def require_counts(releases: Sequence[Published]) -> None:
    """Refuse tables that no counting gives.

    Raises
    ------
    DisclosureError
        Naming table and column, and how many cells.
    """
    for one in releases:
        for table, columns in (("values", ("numerator", "denominator")), ("areas", ("population",))):
            for column in columns:
                wrong = int((one.tables[table][column].drop_nulls() < 0).sum())
                if wrong:
                    raise DisclosureError(
                        f"{wrong} cells of {table}.{column} of {one.name} are negative. "
                        "Nothing is released from them."
                    )


def _solve(state: State, *, thorough: bool) -> tuple[dict[int, tuple[int, tuple[str, ...]]], int]:
    """What linear programs find that narrowing did not, and how many were solved."""
    found: dict[int, tuple[int, tuple[str, ...]]] = {}
    programs = 0
    for block, position, tries in _blocks_in_doubt(state, thorough=thorough):
        programs += tries
        found |= _pinned(state, block, position)
    return found, programs


def find_close(
    state: State, within: NDArray[np.bool_] | None = None
) -> list[tuple[Block, tuple[Extreme, Extreme]]]:
    """Counts that linear programs find too close, each with its block and what its bounds rest on.

    ``within`` are the unknowns to look at: all, where none are given.
    """
    close = []
    for block, position, _ in _blocks_in_doubt(state, thorough=False, within=within):
        extremes = find_range(block, position)
        if extremes is not None and _is_too_close(state, *extremes):
            close.append((block, extremes))
    return close


def _blocks_in_doubt(
    state: State, *, thorough: bool, within: NDArray[np.bool_] | None = None
) -> Iterator[tuple[Block, int, int]]:
    """Counts that narrowing lets be but programs may not: block, place in it, and the programs it takes."""
    blocks = Blocks(state.table.system, state.narrowed.lower, state.narrowed.upper)
    guarded = state.is_guarded() & (state.width >= state.needed) & blocks.is_open
    if within is not None:
        guarded &= within
    near: list[Codes] = []
    sizes = np.bincount(blocks.labels[blocks.is_open], minlength=int(blocks.labels.max(initial=0)) + 1)
    for label, unknowns in split(blocks, np.flatnonzero(guarded)):
        if sizes[label] > LARGE_BLOCK and not thorough:
            near.append(unknowns)
            continue
        block = blocks.of_label(label)
        if len(block.sums) <= 1:
            continue
        wanted = np.searchsorted(block.unknowns, unknowns)
        proven = find_proven(block, wanted, state.needed - 1, tries=_TRIES)
        for position in wanted[~proven]:
            yield block, int(position), 2
    for unknown in _nearest(state, near):
        block = blocks.around(int(unknown), _STEPS)
        yield block, int(np.searchsorted(block.unknowns, unknown)), 2


def _nearest(state: State, unknowns: list[Codes]) -> Codes:
    """The counts of large blocks with the fewest values to spare; ties by their order."""
    if not unknowns:
        return np.zeros(0, dtype=np.int64)
    every = np.concatenate(unknowns)
    return np.sort(every[np.argsort(state.width[every], kind="stable")][:_LOOKED_AT])


def _pinned(state: State, block: Block, position: int) -> dict[int, tuple[int, tuple[str, ...]]]:
    extremes = find_range(block, position)
    if extremes is None or not _is_too_close(state, *extremes):
        return {}
    least, most = extremes
    low, high = least.whole_above, most.whole_below
    weights = least.of_sums + most.of_sums
    sums = block.sums[np.argsort(-weights, kind="stable")][: min(_ROUTE, int((weights > _TOLERANCE).sum()))]
    return {int(block.unknowns[position]): (int(high - low + 1), _say(state, sums))}


def _is_too_close(state: State, least: Extreme, most: Extreme) -> bool:
    low, high = least.whole_above, most.whole_below
    return bool(high - low + 1 < state.needed and low <= state.counts.small and high > 0)


def _route(state: State, unknown: int) -> tuple[str, ...]:
    """The sums that narrowed a count, and those that narrowed what it was narrowed by."""
    system, narrowed = state.table.system, state.narrowed
    ends = system.ends
    sums: list[int] = []
    unknowns = [unknown]
    for _ in range(2):
        routes = (
            int(route[one]) for one in unknowns for route in (narrowed.upper_route, narrowed.lower_route)
        )
        new = list(dict.fromkeys(route for route in routes if route != NOT_NARROWED and route not in sums))
        sums += new
        unknowns = [int(one) for row in new for one in system.columns[ends[row] : ends[row + 1]]][:50]
    return _say(state, np.array(sums[:_ROUTE], dtype=np.int64)) or ("what is shown beside it",)


def _say(state: State, sums: Codes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(state.table.words[int(kind)] for kind in state.table.kinds[sums]))


def _finding(state: State, unknown: int, possible: int, route: tuple[str, ...]) -> Finding:
    counts, table = state.counts, state.table
    size = len(counts.lower)
    count = int(table.count_of(np.array([unknown]), size)[0])
    what = "count"
    if unknown >= size:
        what = "change" if table.is_change[unknown - size] else "rest of the denominator"
    return Finding(name_count(counts, count), max(possible, 1), state.needed, route, what)


def name_count(counts: Counts, count: int) -> tuple[str, ...]:
    """Release, indicator, period, part, area type and code, cut and category of a count."""
    measure = counts.measures.row(int(counts.measure[count]), named=True)
    group = counts.groups.row(int(counts.group[count]), named=True)
    return (*(str(measure[name]) for name in MEASURE), *(str(group[name]) for name in GROUP))


def _contradiction(counts: Counts, table: Table, narrowed: Narrowed) -> DisclosureError:
    wrong = table.count_of(narrowed.contradictory, len(counts.lower))
    kinds = Counter(
        table.words[int(table.kinds[route])]
        for one in narrowed.contradictory
        for route in (narrowed.lower_route[one], narrowed.upper_route[one])
        if route != NOT_NARROWED
    )
    named = ", ".join(part for part in name_count(counts, int(wrong[0])) if part)
    return DisclosureError(
        f"The tables contradict each other in {len(wrong):,} counts, first in {named} "
        f"({'; '.join(kinds) or 'the tables that show it'}). "
        "They were not counted from the same records: build again."
    )


def summarise(findings: Sequence[Finding]) -> pl.DataFrame:
    """How many findings there are by indicator, area type and cut, the most first."""
    rows = [(finding.where[1], finding.where[4], finding.where[6], finding.what) for finding in findings]
    frame = pl.DataFrame(rows, schema=["indicator_id", "area_type", "cut", "what"], orient="row")
    keys = frame.columns
    return (
        frame.group_by(keys)
        .agg(pl.len().alias("findings"))
        .sort("findings", *keys, descending=[True, *[False] * 4])
    )
