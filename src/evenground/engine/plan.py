"""From definitions to a plan: which bit, packed value or counter each leaf of each expression needs.

The plan is made once and knows no database. Every code of every code list becomes a row of bit masks: one
bit for each feature and window that an expression names. Reading the events once then gives each person a
word of bits (did it happen, in which window), for each measured feature the packed maximum of date and
value (which is the latest value, the same one every time, on days with several), and for each rate a count
of days. Indicators that need more columns than one pass does well are spread over several passes. Where
there are several passes, or several dates, the events are read once into records with the number of their
code, and every pass reads those.

Dates are worked out here, in Python, and reach the database as literals, because databases count months
and years differently.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final, TypeAlias

from evenground.errors import DefinitionError
from evenground.indicators import Definitions, Indicator, Membership
from evenground.indicators.expressions import (
    Count,
    Has,
    LatestCategory,
    LatestValue,
    Node,
    walk,
)

BITS_A_WORD: Final = 63
"""A signed 64-bit integer without its sign."""

INDICATORS_A_PASS: Final = 30
"""Past this, one wide pass costs more than two narrow ones (see benchmarks/engine.py)."""

LANES: Final = 4
LANE_BITS: Final = 15
"""A word of bits is added up as four numbers of 15 bits each: room for the 60 counts of a pass."""

VALUE_SCALE: Final = 1000
"""Values are compared to three decimal places."""

VALUE_OFFSET: Final = 1 << 31
"""Added to a scaled value, so that the lower 32 bits of a packed value order as the values do."""

EPOCH: Final = dt.date(1970, 1, 1)

Leaf: TypeAlias = Has | LatestValue | LatestCategory | Count


@dataclass(frozen=True, slots=True)
class Flag:
    """A feature in a window: one bit."""

    feature: str
    cutoff: dt.date | None


@dataclass(frozen=True, slots=True)
class Counter:
    """Days with a record of a feature after a date and before a birthday."""

    feature: str
    cutoff: dt.date | None
    before_age: int | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """The latest value or category of a feature, packed with its date."""

    feature: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """What one code sets: the features it is a record of, and the range in which its value counts.

    ``number`` is its place among the codes of the whole plan.
    """

    code_system: str
    code: str
    features: frozenset[str]
    lower: float | None = None
    upper: float | None = None
    rank: int | None = None
    number: int = -1


@dataclass(frozen=True, slots=True)
class Pass:
    """One reading of the events, and what it finds for each person.

    ``judged`` holds each indicator's denominator and numerator, with every rule written out.
    """

    indicators: tuple[Indicator, ...]
    judged: tuple[tuple[Node, Node], ...]
    flags: tuple[Flag, ...]
    measures: tuple[Measure, ...]
    counters: tuple[Counter, ...]
    codes: tuple[CodeRow, ...]

    @property
    def words(self) -> int:
        """How many 63-bit words the flags fill."""
        return -(-len(self.flags) // BITS_A_WORD)

    @property
    def needs_births(self) -> bool:
        """Whether a date of birth decides which events count."""
        return any(counter.before_age is not None for counter in self.counters)

    @property
    def counts_a_lane(self) -> int:
        """How many of a pass's counts, two for each indicator, share a lane."""
        return -(-2 * len(self.indicators) // LANES)

    def place(self, number: int) -> int:
        """The bit of a person's word that holds one of the counts: lane after lane, evenly filled."""
        lane, within = divmod(number, self.counts_a_lane)
        return lane * LANE_BITS + within

    def windows(self, word: int) -> tuple[dt.date | None, ...]:
        """The cut-off dates of a word's flags, the open one first: one column of masks each."""
        own = self.flags[word * BITS_A_WORD : (word + 1) * BITS_A_WORD]
        return tuple(sorted({flag.cutoff for flag in own}, key=lambda day: day or dt.date.min))

    def mask(self, row: CodeRow, word: int, cutoff: dt.date | None) -> int:
        """The bits of a word that a code sets in one window."""
        own = enumerate(self.flags[word * BITS_A_WORD : (word + 1) * BITS_A_WORD])
        return sum(1 << bit for bit, flag in own if flag.cutoff == cutoff and flag.feature in row.features)

    def code_columns(self) -> dict[str, list[Any]]:
        """The codes as columns, for a back end to load: masks, the measure's number, what is counted."""
        measure_of = {measure.feature: number for number, measure in enumerate(self.measures)}
        columns: dict[str, list[Any]] = {
            "code_system": [row.code_system for row in self.codes],
            "code": [row.code for row in self.codes],
            "lower": [row.lower for row in self.codes],
            "upper": [row.upper for row in self.codes],
            "rank": [row.rank for row in self.codes],
            "number": [row.number for row in self.codes],
            "measure": [_only(measure_of, row.features) for row in self.codes],
        }
        for word in range(self.words):
            for number, cutoff in enumerate(self.windows(word)):
                columns[f"mask_{word}_{number}"] = [self.mask(row, word, cutoff) for row in self.codes]
        for number, counter in enumerate(self.counters):
            columns[f"counts_{number}"] = [counter.feature in row.features for row in self.codes]
        return columns


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a back end needs to count.

    ``passes`` count indicators, and the last of them, where there are ``memberships``, nothing: it finds what
    tells who is in which of these groups. ``codes`` are those of all passes.
    """

    as_at: dt.date
    base: str
    passes: tuple[Pass, ...]
    categories: Mapping[str, tuple[str, ...]]
    memberships: tuple[Membership, ...] = ()
    codes: tuple[CodeRow, ...] = ()

    @property
    def counting(self) -> range:
        """The numbers of the passes that count indicators."""
        return range(len(self.passes) - bool(self.memberships))

    def code_columns(self) -> dict[str, list[Any]]:
        """The codes of all passes as columns, for a back end that reads the events once."""
        names = ("code_system", "code", "lower", "upper", "rank", "number")
        return {name: [getattr(row, name) for row in self.codes] for name in names}

    @property
    def indicator_ids(self) -> tuple[str, ...]:
        """The indicators, in the order of the columns."""
        return tuple(indicator.id for one in self.passes for indicator in one.indicators)


def compile_plan(definitions: Definitions, *, as_at: dt.date, base: str) -> Plan:
    """Turn definitions into a plan for the figures at one date.

    Parameters
    ----------
    base
        ``registered`` or ``resident``.
    """
    indicators = tuple(definitions.indicators.values())
    groups = [
        indicators[start : start + INDICATORS_A_PASS]
        for start in range(0, len(indicators), INDICATORS_A_PASS)
    ]
    judged = [tuple(_judge(one, definitions) for one in group) for group in groups]
    memberships = tuple(replace(one, node=definitions.expand(one.node)) for one in definitions.memberships)
    if len(memberships) > BITS_A_WORD:
        raise DefinitionError(
            f"There are {len(memberships)} PLUS groups and segments; figures can be cut by {BITS_A_WORD}."
        )
    nodes = [[node for pair in pairs for node in pair] for pairs in judged]
    codes = _code_rows([*chain(*nodes), *(one.node for one in memberships)], definitions)
    passes = tuple(
        _compile_pass(group, pairs, own, codes, as_at)
        for group, pairs, own in zip(groups, judged, nodes, strict=True)
    )
    if memberships:
        passes = (*passes, _compile_pass((), (), [one.node for one in memberships], codes, as_at))
    categories = {
        feature.id: definitions.codelists[feature.codelist].categories
        for feature in definitions.features.values()
        if feature.kind == "category"
    }
    return Plan(as_at, base, passes, categories, memberships, codes)


def category_rank(categories: Sequence[str], category: str) -> int:
    """A category as a number: the first of the code list is the highest, so it wins a day with several."""
    return len(categories) - categories.index(category)


def pack(day: dt.date, low: int) -> int:
    """A date and 32 bits as one integer that orders by date first."""
    return (day - EPOCH).days * (1 << 32) + low


def flag_or_counter(leaf: Has, as_at: dt.date) -> Flag | Counter:
    """One record needs a bit; several days, or a day before a birthday, need counting."""
    cutoff = leaf.window.cutoff(as_at)
    if leaf.times == 1 and leaf.before_age is None:
        return Flag(leaf.feature, cutoff)
    return Counter(leaf.feature, cutoff, leaf.before_age)


def _judge(indicator: Indicator, definitions: Definitions) -> tuple[Node, Node]:
    return definitions.expand(indicator.denominator.node), definitions.expand(indicator.numerator.node)


def _compile_pass(
    indicators: tuple[Indicator, ...],
    judged: tuple[tuple[Node, Node], ...],
    nodes: Sequence[Node],
    codes: Sequence[CodeRow],
    as_at: dt.date,
) -> Pass:
    leaves = list(_leaves(nodes))
    asked = [flag_or_counter(leaf, as_at) for leaf in leaves if isinstance(leaf, Has)]
    counted = [Counter(leaf.feature, leaf.window.cutoff(as_at)) for leaf in leaves if isinstance(leaf, Count)]
    flags = _distinct(one for one in asked if isinstance(one, Flag))
    counters = _distinct([*counted, *(one for one in asked if isinstance(one, Counter))])
    measures = _distinct(
        Measure(leaf.feature) for leaf in leaves if isinstance(leaf, LatestValue | LatestCategory)
    )
    used = {leaf.feature for leaf in leaves}
    own = tuple(row for row in codes if row.features & used)
    return Pass(indicators, judged, flags, measures, counters, own)


def _leaves(nodes: Iterable[Node]) -> Iterable[Leaf]:
    for node in nodes:
        for leaf in walk(node):
            if isinstance(leaf, Has | LatestValue | LatestCategory | Count):
                yield leaf


def _code_rows(nodes: Iterable[Node], definitions: Definitions) -> tuple[CodeRow, ...]:
    """One row a code for all features that only ask whether it is there; one more for each that reads it."""
    used = {leaf.feature for leaf in _leaves(nodes)}
    features = [definitions.features[name] for name in sorted(used)]
    plain: dict[tuple[str, str], set[str]] = {}
    rows = []
    for feature in features:
        codelist = definitions.codelists[feature.codelist]
        lower, upper = feature.plausible or (None, None)
        for code in codelist.codes:
            if feature.kind == "event":
                plain.setdefault((code.code_system, code.code), set()).add(feature.id)
                continue
            rank = (
                category_rank(codelist.categories, code.category)
                if code.category and feature.kind == "category"
                else None
            )
            rows.append(CodeRow(code.code_system, code.code, frozenset({feature.id}), lower, upper, rank))
    rows += [CodeRow(system, code, frozenset(names)) for (system, code), names in plain.items()]
    rows.sort(key=lambda row: (row.code_system, row.code, sorted(row.features)))
    return tuple(replace(row, number=number) for number, row in enumerate(rows))


def _only(index: Mapping[str, int], features: Iterable[str]) -> int | None:
    return next((index[name] for name in sorted(features) if name in index), None)


def _distinct(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
