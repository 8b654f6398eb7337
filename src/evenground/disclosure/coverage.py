"""What a release tells of rows read, kept and dropped: small tables that must give nothing away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from evenground.disclosure.policies import Policy
from evenground.disclosure.system import System, make_system, narrow
from evenground.vocabulary import ValueNote

if TYPE_CHECKING:
    from evenground.disclosure.attack import Finding
    from evenground.disclosure.knowledge import Published

_RECORDED: Final = "completeness"
_AREA: Final = "area unknown"
_TOTALS: Final = ("read", "counted")
Row = Mapping[str, object]


def audit_coverage(release: Published) -> list[Finding]:
    """Suppressed counts of rows that the others give away."""
    from evenground.disclosure.attack import Finding

    rows, policy = release.coverage, release.policy
    return [
        Finding(
            (
                release.name,
                "coverage",
                str(rows[place]["table"]),
                str(rows[place]["what"]),
                str(rows[place]["reason"]),
            ),
            possible,
            policy.possible_values,
            ("rows read, kept and dropped",),
        )
        for place, possible in find_exposed_rows(rows, policy)
    ]


def find_exposed_rows(rows: Sequence[Row], policy: Policy) -> list[tuple[int, int]]:
    """The places of suppressed rows that can be worked out too closely, and how many values each has left."""
    if not rows:
        return []
    narrowed = narrow(_system(rows, policy))
    width = narrowed.upper - narrowed.lower + 1
    is_exposed = (
        (width < policy.possible_values) & (narrowed.lower <= policy.suppress_to) & (narrowed.upper > 0)
    )
    hidden = np.array([row["count"] is None for row in rows])
    return [(int(place), max(int(width[place]), 1)) for place in np.flatnonzero(is_exposed & hidden)]


def choose_rows_to_hide(rows: Sequence[Row], policy: Policy) -> frozenset[int]:
    """The places of further rows to suppress, the smallest that help first."""
    hidden: set[int] = set()
    note = str(ValueNote.SUPPRESSED_SECONDARY if policy.names_reasons else ValueNote.SUPPRESSED)
    told = list(rows)
    while exposed := find_exposed_rows(told, policy):
        tables = {(told[place]["source"], told[place]["table"]) for place, _ in exposed}
        new = {place for key in sorted(tables, key=str) if (place := _smallest(told, key)) is not None}
        if not new:
            break
        hidden |= new
        told = [
            {**row, "count": None, "value_note": note} if place in new else row
            for place, row in enumerate(told)
        ]
    return frozenset(hidden)


def _smallest(rows: Sequence[Row], key: tuple[object, object]) -> int | None:
    shown = [
        (int(str(row["count"])), row["what"] in _TOTALS, place)
        for place, row in enumerate(rows)
        if (row["source"], row["table"]) == key and row["count"] and row["what"] != "changed"
    ]
    return min(shown)[-1] if shown else None


def _system(rows: Sequence[Row], policy: Policy) -> System:
    lower, upper = (
        np.array(bounds, dtype=np.float64)
        for bounds in zip(*(_bounds(row, policy) for row in rows), strict=True)
    )
    totals = {
        (row["source"], row["table"]): place for place, row in enumerate(rows) if row["what"] in _TOTALS
    }
    entries: list[tuple[int, int, float]] = []
    for number, (key, total) in enumerate(sorted(totals.items(), key=str)):
        parts = [
            place for place, row in enumerate(rows) if (row["source"], row["table"]) == key and _is_part(row)
        ]
        entries += [(number, place, 1.0) for place in parts] + [(number, total, -1.0)]
    table = np.array(entries, dtype=np.float64).reshape(-1, 3)
    sums, unknowns = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    zero = np.zeros(len(totals))
    return make_system((lower, upper), (sums, unknowns, table[:, 2]), (zero, zero))


def _is_part(row: Row) -> bool:
    return row["what"] in {"kept", "dropped"} or (row["what"] == _RECORDED and row["reason"] != _AREA)


def _bounds(row: Row, policy: Policy) -> tuple[float, float]:
    count = row["count"]
    if count is None:
        if row["value_note"] == ValueNote.SUPPRESSED_SECONDARY:
            return 0.0, np.inf
        is_closed = not policy.secondary or policy.names_reasons
        return float(policy.suppress_from), float(policy.suppress_to) if is_closed else np.inf
    shown = int(str(count))
    below = policy.round_to // 2
    if shown == 0:
        return 0.0, 0.0
    return float(max(shown - below, policy.suppress_to + 1)), float(shown + policy.round_to - 1 - below)
