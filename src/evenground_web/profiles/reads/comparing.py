"""Two to six areas of a type, or groups of a breakdown, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import polars as pl

from evenground.errors import suggest
from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports.cells import make_cell
from evenground.reports.charts import AREA_UNKNOWN, Figure
from evenground.reports.figures import Row, list_rows, make_row
from evenground.reports.side_by_side import draw_compared, make_compared
from evenground.reports.standings import count_comparisons
from evenground.reports.subjects import list_indicators, place_of
from evenground.reports.words import list_in_words
from evenground.vocabulary import UNKNOWN_AREA, Comparison, Cut, Polarity
from evenground_web.profiles.reads.choices import ReleaseKey, group_choices
from evenground_web.profiles.reads.overview import Breakdown, column_of, is_in

FEWEST: Final = 2
MOST: Final = 6
MOST_OPTIONS: Final = 500
"""Of more areas than this a list to choose from helps nobody: a reader types a code or a name."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One of those that stand side by side."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be compared, in a sentence, and the status of the answer."""

    text: str
    status: int


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One indicator: the place's figure, one row a subject, and the picture."""

    info: IndicatorInfo
    place: Row
    rows: tuple[Row, ...]
    figure: Figure


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """What stands side by side; ``sections`` are lines under the headings of the profile."""

    summary: str
    sections: tuple[tuple[str, tuple[ComparedLine, ...]], ...]
    left_out: tuple[IndicatorInfo, ...]

    @property
    def notes(self) -> list[str]:
        """Why there is no figure, for every cell."""
        return [row.note for _, lines in self.sections for line in lines for row in line.rows]


def subject_choices(release: Release, breakdown: Breakdown) -> list[Subject]:
    """Every area of the type that has figures, by name, or every group of the cut, in its order."""
    return _subject_choices(ReleaseKey(release), breakdown)


def find_subjects(
    release: Release, breakdown: Breakdown, asked: Sequence[str]
) -> tuple[list[Subject], Problem | None]:
    """Those that an address names by code or by name, and what is wrong with what it asks.

    The same one asked twice is shown once; an empty choice is none.
    """
    wanted = list(dict.fromkeys(text.strip() for text in asked if text.strip()))
    if len(wanted) > MOST:
        return [], Problem(f"You asked for {len(wanted):,}. Choose {FEWEST} to {MOST} to compare.", 400)
    choices = subject_choices(release, breakdown)
    known = {one.code: one for one in choices}
    by_name = {one.name.casefold(): one for one in reversed(choices)}
    found = {text: known.get(text) or by_name.get(text.casefold()) for text in wanted}
    missing = [text for text, one in found.items() if one is None]
    if missing:
        names = list_in_words([f"‘{text[:60]}’" for text in missing])
        hint = suggest(missing[0][:60], [one.name for one in choices]) if len(choices) <= MOST_OPTIONS else ""
        heading = breakdown.heading[0].lower() + breakdown.heading[1:]
        return [one for one in found.values() if one], Problem(
            f"This release has no figures of {names} among {heading}. {hint}".strip(), 404
        )
    return list(dict.fromkeys(one for one in found.values() if one)), None


def read_compared(
    release: Release, profile: Profile, breakdown: Breakdown, subjects: Sequence[Subject]
) -> ComparedTable:
    """Every indicator of a profile that any of the subjects has a figure of."""
    return _read_compared(ReleaseKey(release), profile.id, breakdown, tuple(subjects))


def compared_rows(table: ComparedTable) -> list[dict[str, Any]]:
    """The rows behind the table, for a download."""
    rows = (row for _, lines in table.sections for line in lines for row in (line.place, *line.rows))
    return [row.raw for row in rows if row.raw is not None]


@lru_cache(maxsize=32)
def _subject_choices(key: ReleaseKey, breakdown: Breakdown) -> list[Subject]:
    if not breakdown.is_areas:
        groups = group_choices(key.release).get(breakdown.heading, [])
        return [Subject(one.category, one.name.partition(": ")[2] or one.name) for one in groups]
    values = key.release.latest_values.lazy().filter(
        (pl.col("area_type") == breakdown.key) & (pl.col("cut") == Cut.ALL)
    )
    codes = values.select(pl.col("area_code").unique()).collect()["area_code"].to_list()
    names = key.release.area_names
    known = [Subject(code, names.get((breakdown.key, code), code)) for code in codes if code != UNKNOWN_AREA]
    known.sort(key=lambda one: (one.name, one.code))
    return [*known, *([Subject(UNKNOWN_AREA, AREA_UNKNOWN)] if UNKNOWN_AREA in codes else [])]


@lru_cache(maxsize=64)
def _read_compared(
    key: ReleaseKey, profile_id: str, breakdown: Breakdown, subjects: tuple[Subject, ...]
) -> ComparedTable:
    release, profile = key.release, key.release.profiles[profile_id]
    infos = list_indicators(release, profile)
    found = _read_rows(release, [info.id for info in infos], breakdown, subjects)
    places = {
        row.indicator.id: row for row in list_rows(release, [info.id for info in infos], place_of(release))
    }
    lines = {
        info.id: _make_line(release, info, places[info.id], subjects, found, breakdown)
        for info in infos
        if any((info.id, one.code) in found for one in subjects)
    }
    headed = (
        (section.name, tuple(lines[name] for name in section.indicators if name in lines))
        for section in profile.sections
    )
    return ComparedTable(
        summary=_summarise(list(lines.values()), subjects, release.manifest.place_name),
        sections=tuple((name, own) for name, own in headed if own),
        left_out=tuple(info for info in infos if info.id not in lines),
    )


def _read_rows(
    release: Release, ids: Sequence[str], breakdown: Breakdown, subjects: Sequence[Subject]
) -> dict[tuple[str, str], dict[str, Any]]:
    """The latest row of each indicator and subject, of the latest period that the indicator has here."""
    codes = [one.code for one in subjects]
    column = column_of(breakdown)
    wanted = pl.col("indicator_id").is_in(list(ids)) & is_in(breakdown) & pl.col(column).is_in(codes)
    own = release.latest_values.filter(wanted)
    latest = _read_periods(ReleaseKey(release), breakdown)
    rows = own.join(latest, on=["indicator_id", "period"], how="semi").iter_rows(named=True)
    return {(row["indicator_id"], row[column]): row for row in rows}


@lru_cache(maxsize=16)
def _read_periods(key: ReleaseKey, breakdown: Breakdown) -> pl.DataFrame:
    """The latest period of each indicator, read once for all whom it may compare."""
    values = key.release.latest_values.lazy().filter(is_in(breakdown))
    return values.group_by("indicator_id").agg(pl.col("period").max()).collect()


def _make_line(
    release: Release,
    info: IndicatorInfo,
    place: Row,
    subjects: Sequence[Subject],
    found: dict[tuple[str, str], dict[str, Any]],
    breakdown: Breakdown,
) -> ComparedLine:
    raws = [found.get((info.id, one.code)) for one in subjects]
    compared = [make_compared(one.name, raw) for one, raw in zip(subjects, raws, strict=True)]
    period = next((raw["period"] for raw in raws if raw), "")
    overall = make_cell(release.manifest.place_name, place.raw if place.period == period else None)
    return ComparedLine(
        info=info,
        place=place,
        rows=tuple(make_row(info, raw, is_everybody=False) for raw in raws),
        figure=draw_compared(("compare", breakdown.key, info.id), info, compared, overall),
    )


def _summarise(lines: Sequence[ComparedLine], subjects: Sequence[Subject], place_name: str) -> str:
    """On how many indicators each of them is worse than the place."""
    told = []
    judged = [line for line in lines if line.info.polarity != Polarity.NONE]
    for number, one in enumerate(subjects):
        counts = count_comparisons(line.rows[number].comparison for line in judged)
        compared = sum(counts.values())
        if compared:
            worse, better = counts.get(Comparison.WORSE, 0), counts.get(Comparison.BETTER, 0)
            told.append(f"{one.name} is worse on {worse} and better on {better} of {compared:,}")
    if not told:
        return f"None of them can be compared with {place_name}."
    return f"Against {place_name}: {'; '.join(told)}. On the others the difference may be chance."
