"""Figures of indicators as rows and tables of words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports.names import NOTE_MEANINGS, PAIRS, name_category, say_target
from evenground.reports.subjects import EVERYBODY, Area, Group, order_of_group
from evenground.reports.words import format_count, format_interval, format_value
from evenground.vocabulary import AreaType, Comparison, Cut, Polarity, ValueNote


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one indicator in words, with what it is compared to."""

    indicator: IndicatorInfo
    period: str
    value: str
    interval: str
    count: str
    note: str
    comparison: str
    target: str
    target_state: str
    raw: dict[str, Any] | None

    @property
    def is_plain(self) -> bool:
        """Whether there is an ordinary figure; else ``value`` is a word or a zero to be explained."""
        return self.note == ValueNote.PUBLISHED


def list_rows(
    release: Release, indicator_ids: Iterable[str], area: Area, group: Group = EVERYBODY
) -> list[Row]:
    """The latest figure of each indicator for some people of an area."""
    wanted = [indicator_id for indicator_id in indicator_ids if indicator_id in release.indicators]
    found = take_latest(
        release.latest_values.filter(
            pl.col("indicator_id").is_in(wanted)
            & (pl.col("area_type") == area.area_type)
            & (pl.col("area_code") == area.area_code)
            & (pl.col("cut") == group.cut)
            & (pl.col("category") == group.category)
        )
    )
    by_id = {row["indicator_id"]: row for row in found}
    return [
        make_row(release.indicators[indicator_id], by_id.get(indicator_id), is_everybody=group == EVERYBODY)
        for indicator_id in wanted
    ]


def list_figures(release: Release, indicator_id: str, area: Area | None = None) -> list[dict[str, Any]]:
    """Every published figure of an indicator, for one area or all, as rows for a download."""
    values = release.figures_of(indicator_id)
    if area is not None:
        values = values.filter(
            (pl.col("area_type") == area.area_type) & (pl.col("area_code") == area.area_code)
        )
    return values.sort("area_type", "area_code", "cut", "category", "period").to_dicts()


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of people and its figure in words."""

    name: str
    words: str
    row: Row


def list_groups(release: Release, indicator_id: str, area: Area) -> list[GroupRow]:
    """The figures of an indicator by PLUS group, in the order of the register; none where there are none."""
    found = []
    for (cut, category), info in release.groups.items():
        if cut == Cut.PLUS_GROUP:
            row = list_rows(release, [indicator_id], area, Group(cut, category, info.name))[0]
            if row.raw is not None:
                found.append(GroupRow(info.name, info.words, row))
    return found


@dataclass(frozen=True, slots=True)
class PairTable:
    """One indicator by two breakdowns at once, for the whole place.

    The one with more categories has the lines, so that a phone has as little to scroll as can be. A line or
    column in which nobody is counted is left out.
    """

    cut: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Row | None, ...]], ...]


def pair_choices(release: Release, indicator_id: str) -> dict[str, str]:
    """The pairs of breakdowns that an indicator has figures for, with their names."""
    values = release.latest_values.filter(pl.col("indicator_id") == indicator_id)
    held = set(values["cut"].unique())
    return {str(cut): name for cut, name in PAIRS.items() if cut in held}


def read_pair(release: Release, indicator_id: str, cut: str) -> PairTable:
    """The latest figures of an indicator by a pair of breakdowns."""
    first, second = cut.split("*")
    values = release.latest_values.filter(
        (pl.col("indicator_id") == indicator_id)
        & (pl.col("cut") == cut)
        & (pl.col("area_type") == AreaType.PLACE)
    )
    info = release.indicators[indicator_id]
    rows = {
        raw["category"]: make_row(info, raw, is_everybody=False) for raw in take_latest(values, by="category")
    }
    rows = {category: row for category, row in rows.items() if row.note != ValueNote.MISSING}
    lines, columns = (_categories(rows, cut, place) for place in (0, 1))
    table = [[rows.get(f"{line}*{column}") for column in columns] for line in lines]
    if len(columns) > len(lines):
        first, second, lines, columns = second, first, columns, lines
        table = [list(line) for line in zip(*table, strict=True)]
    return PairTable(
        cut,
        PAIRS[Cut(cut)],
        tuple(name_category(column, second) for column in columns),
        tuple((name_category(name, first), tuple(line)) for name, line in zip(lines, table, strict=True)),
    )


def _categories(rows: Iterable[str], cut: str, place: int) -> list[str]:
    own = cut.split("*")[place]
    found = {category.split("*")[place] for category in rows}
    return sorted(found, key=lambda category: order_of_group(Group(own, category)))


def take_latest(values: pl.DataFrame, by: str = "indicator_id") -> list[dict[str, Any]]:
    """The row of the latest period of each value of a column."""
    return values.sort("period").unique(subset=by, keep="last", maintain_order=True).to_dicts()


def make_row(info: IndicatorInfo, raw: dict[str, Any] | None, *, is_everybody: bool) -> Row:
    """A row of a release's values in words; without a row, there is no data."""
    if raw is None:
        return Row(info, "", "no data", "", "", ValueNote.MISSING, Comparison.NOT_COMPARED, "", "", None)
    return Row(
        indicator=info,
        period=raw["period"],
        value=format_value(raw["value"], info.unit, raw["value_note"]),
        interval=format_interval(raw["lower_cl"], raw["upper_cl"]),
        count=_say_count(raw),
        note=raw["value_note"],
        comparison=raw["comparison"],
        target=say_target(info),
        target_state=_judge_target(info, raw),
        raw=raw,
    )


def _say_count(raw: dict[str, Any]) -> str:
    if raw["numerator"] is None or raw["denominator"] is None:
        return "suppressed" if raw["value_note"] == ValueNote.SUPPRESSED else ""
    return f"{format_count(raw['numerator'])} of {format_count(raw['denominator'])}"


def _judge_target(info: IndicatorInfo, raw: dict[str, Any]) -> str:
    """``met``, ``close`` (the interval holds the target) or ``missed``; empty where it cannot be judged."""
    if info.target is None or raw["lower_cl"] is None or raw["upper_cl"] is None:
        return ""
    if raw["lower_cl"] <= info.target.value <= raw["upper_cl"]:
        return "close"
    is_above = raw["lower_cl"] > info.target.value
    if info.polarity == Polarity.NONE:
        return ""
    return "met" if is_above == (info.polarity == Polarity.HIGHER_IS_BETTER) else "missed"


def note_meanings(notes: Iterable[str]) -> dict[str, str]:
    """The words that stand in a table in the place of figures, each with what it means."""
    words = {
        ValueNote.SUPPRESSED: "suppressed",
        ValueNote.MISSING: "no data",
        ValueNote.TOO_FEW_EVENTS: "too few events",
        ValueNote.ZERO: "0",
    }
    present = {words[ValueNote(note)] for note in notes if note in words}
    return {word: meaning for word, meaning in NOTE_MEANINGS.items() if word in present}
