"""What a build read, kept and dropped, as a release may tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from evenground.contract import LoadReport
from evenground.disclosure import Policy, protect_count
from evenground.releases import CoverageRow
from evenground.vocabulary import UNKNOWN_AREA


def describe_coverage(
    reports: Iterable[LoadReport], cells: pl.DataFrame, policy: Policy
) -> tuple[CoverageRow, ...]:
    """Rows read, kept, changed and dropped by reason, and how complete ethnic group and area are."""
    facts = [*_table_facts(reports), *_people_facts(cells)]
    return tuple(_protected(*fact, policy=policy) for fact in facts)


def _table_facts(reports: Iterable[LoadReport]) -> Iterator[tuple[str, str, str, str, int]]:
    for report in reports:
        for table in report.tables:
            name = f"{table.table} ({Path(table.file).name})"
            yield report.source, name, "read", "", table.read
            yield report.source, name, "kept", "", table.kept
            for what, reasons in (("changed", table.changed), ("dropped", table.dropped)):
                for reason, count in sorted(reasons.items()):
                    yield report.source, name, what, reason, count


def _people_facts(cells: pl.DataFrame) -> Iterator[tuple[str, str, str, str, int]]:
    yield "", "people", "counted", "", int(cells["population"].sum())
    by_group = cells.group_by("ethnic_group").agg(pl.col("population").sum())
    groups = {str(group): int(population) for group, population in by_group.iter_rows()}
    unrecorded = {
        "missing": "ethnic group missing",
        "99": "ethnic group not known",
        "Z": "ethnic group not stated",
    }
    for code, words in unrecorded.items():
        yield "", "people", "completeness", words, groups.pop(code, 0)
    yield "", "people", "completeness", "ethnic group recorded", sum(groups.values())
    unknown = cells.filter(pl.col("lsoa_code") == UNKNOWN_AREA)["population"].sum()
    yield "", "people", "completeness", "area unknown", int(unknown)


def _protected(source: str, table: str, what: str, reason: str, count: int, *, policy: Policy) -> CoverageRow:
    shown, note = protect_count(count, policy)
    return CoverageRow(source=source, table=table, what=what, reason=reason, count=shown, value_note=note)
