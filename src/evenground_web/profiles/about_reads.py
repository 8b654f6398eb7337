"""What the page about the data shows of how a release was made: what was read, recorded and linked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenground.gate import BuildStage, read_stages
from evenground.releases import LinkageInfo, Release
from evenground.reports.words import format_count, format_interval, format_value
from evenground.stats import calculate_proportion
from evenground.vocabulary import Cut, ValueNote
from evenground_web.common.words import CUTS, name_category

_OF_TABLES = {"read": "Read", "kept": "Kept", "changed": "Kept, changed", "dropped": "Dropped"}


@dataclass(frozen=True, slots=True)
class ReadTable:
    """One table of a source: how many rows were read, kept and dropped, each with why."""

    source: str
    name: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LinkedGroup:
    """A group of people and how many of them a linkage found, in words."""

    name: str
    persons: str
    linked: str
    rate: str
    interval: str


@dataclass(frozen=True, slots=True)
class Linkage:
    """A linkage and the people of its source, of all and by group."""

    name: str
    source: str
    register: str
    groups: tuple[LinkedGroup, ...]


def list_read_tables(release: Release) -> dict[str, list[ReadTable]]:
    """The tables that were read, by source, in the order of the build."""
    by_table: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in release.coverage:
        if row.what in _OF_TABLES:
            what = f"{_OF_TABLES[row.what]}: {row.reason}" if row.reason else _OF_TABLES[row.what]
            rows = by_table.setdefault((row.source, row.table), [])
            rows.append((what, format_count(row.count, row.value_note)))
    found: dict[str, list[ReadTable]] = {}
    for (source, name), rows in by_table.items():
        found.setdefault(source, []).append(ReadTable(source, name, tuple(rows)))
    return found


@dataclass(frozen=True, slots=True)
class StageTime:
    """A stage of the build in words: how long, and the most memory."""

    name: str
    seconds: str
    memory: str


def list_stages(release: Release) -> list[StageTime]:
    """How long each stage of the last build took and the most memory it held, and the same of the whole."""
    stages = read_stages(release)
    if not stages:
        return []
    peaks = [stage.peak_bytes for stage in stages if stage.peak_bytes is not None]
    whole = BuildStage(
        name="Whole build",
        seconds=sum(stage.seconds for stage in stages),
        peak_bytes=max(peaks, default=None),
    )
    return [
        StageTime(one.name, f"{one.seconds:,.1f}", _say_bytes(one.peak_bytes)) for one in (*stages, whole)
    ]


def _say_bytes(count: int | None) -> str:
    return "not measured" if count is None else f"{count / 1_000_000:,.0f} MB"


def list_left_out(release: Release) -> list[tuple[str, str]]:
    """What the release does not show and why, by topic."""
    return [(row.table, row.reason) for row in release.coverage if row.what == "left out"]


def list_linkages(release: Release) -> list[Linkage]:
    """The linkages of the release, each with its rate of all and by group, from the counts that are shown."""
    named = dict.fromkeys((row.linkage, row.source, row.register_name) for row in release.linkages)
    return [
        Linkage(
            *one,
            tuple(
                _describe_group(row)
                for row in release.linkages
                if (row.linkage, row.source, row.register_name) == one
            ),
        )
        for one in named
    ]


def _describe_group(row: LinkageInfo) -> LinkedGroup:
    persons = format_count(row.persons, ValueNote.SUPPRESSED)
    linked = format_count(row.linked, row.value_note)
    if not row.persons or row.linked is None:
        return LinkedGroup(_name_group(row), persons, linked, "not shown", "None")
    estimate = calculate_proportion(np.array([min(row.linked, row.persons)]), np.array([row.persons]))
    rate, lower, upper = (100 * float(of_one[0]) for of_one in estimate)
    return LinkedGroup(
        _name_group(row), persons, linked, format_value(rate, "%"), format_interval(lower, upper)
    )


def _name_group(row: LinkageInfo) -> str:
    if row.group == Cut.ALL:
        return "Everybody"
    return f"{CUTS[Cut(row.group)]}: {name_category(row.category, row.group)}"
