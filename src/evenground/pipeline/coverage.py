"""What a build read, kept and dropped, as a release may tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from evenground.contract import LoadReport
from evenground.disclosure import Policy, protect_count
from evenground.releases import CoverageRow
from evenground.vocabulary import UNKNOWN_AREA

_ROUND_TO = 5
_UNRECORDED = {
    "missing": "ethnic group missing",
    "99": "ethnic group not known",
    "Z": "ethnic group not stated",
}


def describe_coverage(
    reports: Iterable[LoadReport], completeness: dict[str, int], people: int, policy: Policy
) -> tuple[CoverageRow, ...]:
    """Rows read, kept, changed and dropped by reason, and how complete ethnic group and area are."""
    facts = [*_table_facts(reports), ("", "people", "counted", "", people)]
    facts += [("", "people", "completeness", words, count) for words, count in completeness.items()]
    return tuple(_protected(*fact, policy=policy) for fact in facts)


def count_completeness(cells: pl.DataFrame) -> dict[str, int]:
    """How many of the people counted have which kind of ethnic group on record, and how many no known area.

    The first four add up to everybody.
    """
    by_group = cells.group_by("ethnic_group").agg(pl.col("population").sum())
    groups = {str(group): int(population) for group, population in by_group.iter_rows()}
    counted = {words: groups.pop(code, 0) for code, words in _UNRECORDED.items()}
    unknown = cells.filter(pl.col("lsoa_code") == UNKNOWN_AREA)["population"].sum()
    return counted | {"ethnic group recorded": sum(groups.values()), "area unknown": int(unknown)}


def name_conversion(conversion: Mapping[str, Any]) -> dict[str, str]:
    """How a source's LSOAs were read as those of the other edition, as a manifest names it."""
    if not conversion:
        return {}
    return {"lsoa_edition": conversion["from_edition"], "lsoa_lookup": conversion["lookup"]}


def _table_facts(reports: Iterable[LoadReport]) -> Iterator[tuple[str, str, str, str, int]]:
    for report in reports:
        for table in report.tables:
            name = f"{table.table} ({Path(table.file).name})"
            yield report.source, name, "read", "", table.read
            yield report.source, name, "kept", "", table.kept
            for what, reasons in (("changed", table.changed), ("dropped", table.dropped)):
                for reason, count in sorted(reasons.items()):
                    yield report.source, name, what, reason, count


def _protected(source: str, table: str, what: str, reason: str, count: int, *, policy: Policy) -> CoverageRow:
    shown, note = protect_count(count, policy_of_documents(policy))
    return CoverageRow(source=source, table=table, what=what, reason=reason, count=shown, value_note=note)


def policy_of_documents(policy: Policy) -> Policy:
    """The policy for counts that tell how a release was made: rounded to 5 at least.

    They add up in many ways (read is kept and dropped), so an exact one would give a hidden one away.
    """
    return policy.model_copy(update={"round_to": max(policy.round_to, _ROUND_TO)})
