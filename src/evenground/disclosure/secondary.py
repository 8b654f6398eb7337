"""Which further counts to hide, so that no hidden one can be worked out: as little information lost as may
be.

Small tables are solved to the least cost by integer programming, with the attacker's linear programs as
cutting planes. In large ones, whatever narrowed a count too far is followed back to the cheapest count that
was shown; in the end every count that need not have been hidden is shown again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse.csgraph import connected_components

from evenground.disclosure.attack import State, begin, find_close
from evenground.disclosure.knowledge import MEASURE, Published
from evenground.disclosure.programs import Block, Blocks, Extreme, find_proven, find_range
from evenground.disclosure.relations import GROUP
from evenground.disclosure.system import NOT_NARROWED, Codes, Floats, entries_of, narrow
from evenground.vocabulary import AreaType, Cut

SMALL_TABLE: Final = 160
"""Unknowns of a table up to which the counts to hide are chosen by integer programming."""

_ROUNDS: Final = 60
_PROGRAM_ROUNDS: Final = 1
_SHOWN_AGAIN: Final = 120
"""Of each table, the most counts that are tried: those that cost most."""

_DEPTH: Final = 8
_CUTS: Final = 60
_POINTS: Final = 12
_TOLERANCE: Final = 1e-6
_TOTAL: Final = 100.0
"""How many times as much it costs to hide the total of the place as another count of its size."""


@dataclass(frozen=True, slots=True)
class _Hiding:
    """An attack, and what is hidden against it so far.

    ``lower`` and ``upper`` are what a reader knows of each unknown by itself; ``small`` the counts that
    were hidden at the start, ``added`` the counts that are hidden for the sake of others; ``cost`` what is
    lost by hiding each: infinite where that is not possible or not of use.
    """

    state: State
    lower: Floats
    upper: Floats
    added: NDArray[np.bool_]
    cost: Floats
    least: float
    small: NDArray[np.bool_]

    @property
    def can_hide(self) -> NDArray[np.bool_]:
        return np.isfinite(self.cost) & ~self.added

    def hide(self, unknowns: Codes) -> _Hiding:
        """With these counts hidden, and the numerators of those that are denominators."""
        numerators, denominators = self.state.counts.pairs
        along = np.setdiff1d(numerators[np.isin(denominators, unknowns)], unknowns)
        # That nobody is counted may stand under another name as well, and protects nothing.
        along = along[self.upper[along] > 0]
        lower, upper, added = self.lower.copy(), self.upper.copy(), self.added.copy()
        both = np.concatenate([unknowns, along])
        lower[both] = np.minimum(lower[both], self.least)
        upper[both] = np.inf
        added[both] = True
        return replace(self, lower=lower, upper=upper, added=added)

    def attack(self) -> _Hiding:
        """Narrowed anew."""
        table = self.state.table
        narrowed = narrow(table.system.within(self.lower, self.upper))
        is_hidden = self.small | self.added[: len(self.state.counts.lower)]
        counts = replace(self.state.counts, is_hidden=is_hidden)
        return replace(self, state=replace(self.state, counts=counts, narrowed=narrowed))


def choose_secondary(
    release: Published, *, against: Sequence[Published] = (), programs: bool = True
) -> pl.DataFrame:
    """The counts to hide besides the small ones.

    Parameters
    ----------
    release
        With the counts that are small hidden already.
    against
        Earlier releases of the place.
    programs
        Whether to close what only linear programs find as well.

    Returns
    -------
    polars.DataFrame
        One row a count and name that it stands under: ``indicator_id``, ``period``, ``part`` and ``GROUP``.
        Empty where the policy hides no others, or nothing needs it.
    """
    state = begin((release, *against))
    if not release.policy.secondary:
        return _name(state, np.zeros(len(state.counts.lower), dtype=bool), release.name)
    size = len(state.table.system.lower)
    start = _Hiding(
        state,
        state.table.system.lower,
        state.table.system.upper,
        np.zeros(size, dtype=bool),
        _costs(state, release.name),
        float(
            release.policy.suppress_to + 1 if release.policy.names_reasons else release.policy.suppress_from
        ),
        state.counts.is_hidden,
    )
    hiding = _hide_by_programs(start)
    hiding = _hide_by_routes(hiding)
    hiding = _show_again(start, hiding)
    if programs:
        hiding = _hide_found_by_programs(hiding)
    return _name(state, hiding.added[: len(state.counts.lower)], release.name)


def _costs(state: State, release: str) -> Floats:
    """What a reader loses: more for larger counts, and for each name that a count stands under.

    The total of the whole place is what a release is read for first: it goes last of all.
    """
    counts = state.counts
    own = counts.of(release)
    names = np.bincount(own[own >= 0], minlength=len(counts.lower))
    numerators, denominators = counts.pairs
    along = np.bincount(denominators, names[numerators], len(counts.lower))
    cost = (names + along) * np.sqrt(np.where(np.isfinite(counts.upper), counts.upper, 0))
    is_total = ((pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == Cut.ALL)).alias("is_total")
    totals = counts.groups.select(is_total).to_series().to_numpy()
    cost = np.where(totals[counts.group], _TOTAL * cost, cost)
    useful = counts.is_shown & ~counts.is_out & (counts.lower > 0) & (names > 0)
    return np.concatenate([np.where(useful, cost, np.inf), np.full(len(state.table.derived), np.inf)])


def _name(state: State, added: NDArray[np.bool_], release: str) -> pl.DataFrame:
    counts = state.counts
    own = counts.of(release)
    measure, group = np.nonzero((own >= 0) & added[np.maximum(own, 0)])
    names = counts.measures[measure].select(MEASURE[1:])
    return pl.concat([names, counts.groups[group].select(GROUP)], how="horizontal")


def _hide_by_routes(hiding: _Hiding) -> _Hiding:
    """Follow each count that is known too closely back to the cheapest count that gave it away."""
    for _ in range(_ROUNDS):
        hiding = hiding.attack()
        exposed = hiding.state.exposed()
        if not len(exposed):
            break
        chosen = _blame(hiding, exposed)
        if not len(chosen):
            break
        hiding = hiding.hide(chosen)
    return hiding


def _blame(hiding: _Hiding, exposed: Codes) -> Codes:
    """For each exposed count, the cheapest shown one that it was narrowed by, directly or through others."""
    system = hiding.state.table.system
    ends = system.ends
    who, sums = _routes(hiding, np.arange(len(exposed)), exposed)
    best = np.full(len(exposed), NOT_NARROWED, dtype=np.int64)
    can_hide = hiding.can_hide
    for _ in range(_DEPTH):
        if not len(sums):
            break
        entries = entries_of(sums, ends)
        whose = np.repeat(who, ends[sums + 1] - ends[sums])
        unknowns = system.columns[entries]
        gain = np.where(system.weights[entries] < 0, np.inf, hiding.lower[unknowns] - hiding.least)
        helps = can_hide[unknowns] & (gain >= 1) & (unknowns != exposed[whose])
        score = hiding.cost[unknowns] / np.clip(gain, 1, hiding.state.needed)
        order = np.lexsort((unknowns[helps], score[helps], whose[helps]))
        found, first = np.unique(whose[helps][order], return_index=True)
        best[found] = unknowns[helps][order][first]
        further = best[whose] == NOT_NARROWED
        who, sums = _routes(hiding, whose[further], unknowns[further])
    return np.unique(best[best != NOT_NARROWED])


def _routes(hiding: _Hiding, who: Codes, unknowns: Codes) -> tuple[Codes, Codes]:
    narrowed = hiding.state.narrowed
    both = np.concatenate([narrowed.lower_route[unknowns], narrowed.upper_route[unknowns]])
    whose = np.concatenate([who, who])
    there = both != NOT_NARROWED
    pairs = np.unique(np.stack([whose[there], both[there]]), axis=1)
    return pairs[0], pairs[1]


def _show_again(start: _Hiding, hiding: _Hiding) -> _Hiding:
    """Show what need not have been hidden, the costliest first: one count of each table at a time."""
    tables = _tables(hiding.state)
    count = int(tables.max(initial=0)) + 1
    left = np.flatnonzero(hiding.added & np.isfinite(hiding.cost))
    left = left[np.argsort(-hiding.cost[left], kind="stable")]
    numerators, denominators = hiding.state.counts.pairs
    for _ in range(_SHOWN_AGAIN):
        if not len(left):
            break
        _, first = np.unique(tables[left], return_index=True)
        tried = left[first]
        left = np.delete(left, first)
        # A numerator is never shown without its denominator.
        blocked = np.zeros(len(hiding.added), dtype=bool)
        blocked[numerators[hiding.added[denominators]]] = True
        tried = tried[~blocked[tried]]
        if not len(tried):
            continue
        attempt = _narrow_on(_shown(start, hiding, tried), tried)
        has_failed = np.zeros(count, dtype=bool)
        has_failed[tables[attempt.state.exposed()]] = True
        failed = has_failed[tables]
        good = tried[~failed[tried]]
        if len(good):
            hiding = _keep(_shown(start, hiding, good), hiding, attempt, failed)
    return hiding.attack()


def _narrow_on(hiding: _Hiding, new: Codes) -> _Hiding:
    """What becomes known once some counts are shown: only what is tied to them has to be narrowed further."""
    system, before = hiding.state.table.system, hiding.state.narrowed
    begins = np.zeros(len(system.least), dtype=bool)
    is_new = np.zeros(len(hiding.lower), dtype=bool)
    is_new[new] = True
    begins[system.sums_of[entries_of(np.flatnonzero(is_new), system.starts)]] = True
    lower, upper = np.maximum(before.lower, hiding.lower), np.minimum(before.upper, hiding.upper)
    narrowed = narrow(system.within(lower, upper), start=begins)
    is_hidden = hiding.state.counts.is_hidden & ~is_new[: len(hiding.state.counts.lower)]
    counts = replace(hiding.state.counts, is_hidden=is_hidden)
    return replace(hiding, state=replace(hiding.state, narrowed=narrowed, counts=counts))


def _keep(shown: _Hiding, before: _Hiding, attempt: _Hiding, failed: NDArray[np.bool_]) -> _Hiding:
    """The attempt, but for the tables where it failed: there everything is as before."""
    old, new = before.state.narrowed, attempt.state.narrowed
    narrowed = replace(
        new, lower=np.where(failed, old.lower, new.lower), upper=np.where(failed, old.upper, new.upper)
    )
    size = len(before.state.counts.lower)
    is_hidden = np.where(failed[:size], before.state.counts.is_hidden, attempt.state.counts.is_hidden)
    counts = replace(before.state.counts, is_hidden=is_hidden)
    return replace(shown, state=replace(before.state, narrowed=narrowed, counts=counts))


def _shown(start: _Hiding, hiding: _Hiding, unknowns: Codes) -> _Hiding:
    lower, upper, added = hiding.lower.copy(), hiding.upper.copy(), hiding.added.copy()
    lower[unknowns], upper[unknowns], added[unknowns] = start.lower[unknowns], start.upper[unknowns], False
    return replace(hiding, lower=lower, upper=upper, added=added)


def _tables(state: State) -> Codes:
    """The number of the table of each unknown: what sums tie together at all."""
    system = state.table.system
    unknowns, sums = len(system.lower), len(system.least)
    ties = sparse.coo_array(
        (np.ones(len(system.rows)), (system.columns, system.rows + unknowns)),
        shape=(unknowns + sums, unknowns + sums),
    )
    return np.asarray(connected_components(ties, directed=False)[1][:unknowns], dtype=np.int64)


def _hide_found_by_programs(hiding: _Hiding) -> _Hiding:
    """What linear programs still find, closed by hiding the cheapest count that each rests on."""
    tables = _tables(hiding.state)
    changed = np.ones(len(tables), dtype=bool)
    for _ in range(_PROGRAM_ROUNDS):
        close = find_close(hiding.state, changed)
        chosen = [
            int(np.argmin(cost))
            for block, extremes in close
            if np.isfinite((cost := _costs_of_cut(hiding, block, extremes)).min())
        ]
        if not chosen:
            return hiding
        before = hiding.added
        hiding = _hide_by_routes(hiding.hide(np.unique(chosen)))
        changed = np.isin(tables, tables[hiding.added & ~before])
    return hiding


def _costs_of_cut(hiding: _Hiding, block: Block, extremes: tuple[Extreme, Extreme]) -> Floats:
    weights = np.zeros(len(hiding.cost))
    weights[block.unknowns] = sum(extreme.of_lower + extreme.of_upper for extreme in extremes)
    fixed = np.setdiff1d(_touched(hiding.state, block.sums), block.unknowns)
    weights[fixed] = 1.0
    return np.where((weights > _TOLERANCE) & hiding.can_hide, hiding.cost, np.inf)


def _touched(state: State, sums: Codes) -> Codes:
    system = state.table.system
    return np.unique(system.columns[entries_of(sums, system.ends)])


def _hide_by_programs(hiding: _Hiding) -> _Hiding:
    """Small tables, each to the least cost."""
    tables = _tables(hiding.state)
    sizes = np.bincount(tables)
    exposed = np.unique(tables[np.flatnonzero(hiding.state.is_guarded())])
    for table in exposed[sizes[exposed] <= SMALL_TABLE]:
        chosen = choose_for_table(hiding, np.flatnonzero(tables == table))
        if len(chosen):
            hiding = hiding.hide(chosen)
    return hiding.attack()


def choose_for_table(hiding: _Hiding, unknowns: Codes) -> Codes:
    """The counts of one small table to hide, at the least cost.

    References
    ----------
    Fischetti M, Salazar JJ. Solving the cell suppression problem on tabular data with linear constraints.
    Management Science 2001;47:1008-27: the attacker's optimal duals are the cutting planes ("capacity
    constraints") of a set-covering problem over the counts to hide.
    """
    can_hide = unknowns[hiding.can_hide[unknowns]]
    if not len(can_hide):
        return can_hide
    cuts: list[Floats] = []
    chosen = can_hide[:0]
    for _ in range(_CUTS):
        tried = hiding.hide(chosen) if len(chosen) else hiding
        new = _violated(tried.attack(), hiding, unknowns, can_hide)
        if not new:
            return chosen
        cuts += new
        solved = _cover(hiding, can_hide, np.stack(cuts))
        if solved is None:
            return chosen
        chosen = solved
    return chosen


def _violated(tried: _Hiding, hiding: _Hiding, unknowns: Codes, can_hide: Codes) -> list[Floats]:
    """For each count of the table that is known too closely, how much hiding each other would do for it."""
    system = tried.state.table.system
    # With the bounds as each count has them by itself, so that every sum that gives a count away is seen to.
    lower = np.where(np.isfinite(tried.lower), tried.lower, 0.0)
    blocks = Blocks(system, lower, tried.upper, keep=True)
    block = blocks.of_unknowns(unknowns)
    cuts = []
    for position in _in_doubt(tried.state, block):
        extremes = find_range(block, int(position))
        if extremes is None:
            continue
        least, most = extremes
        width = most.whole_below - least.whole_above
        missing = tried.state.needed - 1 - width
        if missing < 1 or most.value < 1 or least.value > tried.state.counts.small:
            continue
        relief = np.zeros(len(tried.lower))
        up = (least.of_upper + most.of_upper) > _TOLERANCE
        down = (least.of_lower + most.of_lower) * np.maximum(0.0, lower[block.unknowns] - hiding.least)
        relief[block.unknowns] = np.where(up, missing, np.minimum(missing, down))
        cuts.append(relief[can_hide] / missing)
    return [cut for cut in cuts if cut.max(initial=0.0) > _TOLERANCE]


def _in_doubt(state: State, block: Block) -> Codes:
    """Places of the unknowns that narrowing finds too close; if none, of those that programs may."""
    exposed = np.isin(block.unknowns, state.exposed())
    if exposed.any():
        return np.flatnonzero(exposed)
    guarded = np.flatnonzero(state.is_guarded()[block.unknowns])
    return guarded[~find_proven(block, guarded, state.needed - 1, tries=_POINTS)]


def _cover(hiding: _Hiding, can_hide: Codes, cuts: Floats) -> Codes | None:
    """The cheapest counts that relieve every cut; a denominator takes its numerators along."""
    place = np.full(len(hiding.cost), -1)
    place[can_hide] = np.arange(len(can_hide))
    numerators, denominators = (place[one] for one in hiding.state.counts.pairs)
    both = (numerators >= 0) & (denominators >= 0)
    number = np.arange(int(both.sum()))
    along = np.zeros((len(number), len(can_hide)))
    along[number, numerators[both]], along[number, denominators[both]] = 1.0, -1.0
    found = milp(
        hiding.cost[can_hide],
        integrality=np.ones(len(can_hide)),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(cuts, lb=1.0), LinearConstraint(along, lb=0.0)][
            : 2 if len(number) else 1
        ],
    )
    return can_hide[found.x > 0.5] if found.x is not None else None
