"""The figures of one area for its page: every indicator against the place, as a picture and as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports.charts import Figure
from evenground.reports.spines import draw_spine
from evenground.reports.standings import (
    Field,
    Standing,
    count_comparisons,
    read_field,
    say_standing,
    stand_in,
)
from evenground.reports.subjects import Area, home_profile, list_indicators
from evenground.reports.words import format_interval, format_value
from evenground.vocabulary import AreaType, Comparison, Cut
from evenground_web.common.words import AREA_KINDS
from evenground_web.profiles.reads.choices import ReleaseKey


@dataclass(frozen=True, slots=True)
class AreaLine:
    """One indicator of an area in words, and the profile that it stands in."""

    info: IndicatorInfo
    profile_id: str
    period: str
    value: str
    note: str
    interval: str
    place: str
    wider: str
    comparison: str
    against_wider: str


@dataclass(frozen=True, slots=True)
class AreaFigures:
    """What an area's page shows of its figures; ``sections`` are lines under headings."""

    spine: Figure | None
    summary: str
    counts: dict[str, int]
    sections: tuple[tuple[str, tuple[AreaLine, ...]], ...]

    @property
    def has_wider(self) -> bool:
        """Whether any line has a wider area's figure to read it against."""
        return any(line.wider for _, lines in self.sections for line in lines)

    @property
    def notes(self) -> list[str]:
        """Why there is no figure, for every line."""
        return [line.note for _, lines in self.sections for line in lines]


def read_area_figures(release: Release, area: Area, profile: Profile | None) -> AreaFigures:
    """The figures of an area: of one profile, by its sections, or of every indicator, by topic."""
    return _read_area_figures(ReleaseKey(release), area, profile.id if profile else "")


def area_rows(release: Release, area: Area, profile: Profile | None) -> list[dict[str, Any]]:
    """The rows behind an area's page, for a download."""
    standings = _read_standings(release, area, profile)
    shown = pl.DataFrame(
        [(one.info.id, one.period) for one in standings],
        schema={"indicator_id": pl.String, "period": pl.String},
        orient="row",
    )
    values = release.latest_values.filter(
        (pl.col("area_type") == area.area_type)
        & (pl.col("area_code") == area.area_code)
        & (pl.col("cut") == Cut.ALL)
    )
    own = values.join(shown, on=["indicator_id", "period"], how="semi", maintain_order="left")
    return own.sort("indicator_id").to_dicts()


@lru_cache(maxsize=256)
def _read_area_figures(key: ReleaseKey, area: Area, profile_id: str) -> AreaFigures:
    release = key.release
    profile = release.profiles.get(profile_id)
    standings = _read_standings(release, area, profile)
    place_name = release.manifest.place_name
    facts = {"area_name": area.name, "place_name": place_name}
    spine = None
    if not area.is_place:
        plural = AREA_KINDS[AreaType(area.area_type)][1]
        spine = draw_spine(
            standings, area_type=area.area_type, area_code=area.area_code, noun=plural, **facts
        )
    lines = {one.info.id: _make_line(release, one, profile_id) for one in standings}
    return AreaFigures(
        spine=spine,
        summary="" if area.is_place else say_standing(standings, **facts),
        counts=count_comparisons(one.comparison for one in standings),
        sections=tuple(_place_lines(lines, profile)),
    )


def _read_standings(release: Release, area: Area, profile: Profile | None) -> list[Standing]:
    field = _read_field(ReleaseKey(release), area.area_type, profile.id if profile else "")
    return stand_in(field, release, area.area_code)


@lru_cache(maxsize=4)
def _read_field(key: ReleaseKey, area_type: str, profile_id: str) -> Field:
    """Kept for the next area of the type: all of England's small areas take a second to read."""
    profile = key.release.profiles.get(profile_id)
    ids = [info.id for info in list_indicators(key.release, profile)] if profile else None
    return read_field(key.release, area_type, ids)


def _make_line(release: Release, one: Standing, profile_id: str) -> AreaLine:
    unit, cell, wider = one.info.unit, one.cell, one.wider
    in_words = "" if wider is None else f"{wider.label} {format_value(wider.value, unit, wider.note)}"
    return AreaLine(
        info=one.info,
        profile_id=profile_id or home_profile(release, one.info.id),
        period=one.period,
        value=format_value(cell.value, unit, cell.note),
        note=cell.note,
        interval=format_interval(cell.lower, cell.upper),
        place=format_value(one.place.value, unit, one.place.note),
        wider=in_words,
        comparison=Comparison(one.comparison),
        against_wider=one.against_wider,
    )


def _place_lines(
    lines: dict[str, AreaLine], profile: Profile | None
) -> list[tuple[str, tuple[AreaLine, ...]]]:
    """By the sections of the profile, or by topic."""
    headed: dict[str, Sequence[str]] = {}
    if profile:
        headed = {section.name: section.indicators for section in profile.sections}
    else:
        topics = dict.fromkeys(line.info.topic for line in lines.values())
        headed = {t: [name for name, line in lines.items() if line.info.topic == t] for t in topics}
    placed = ((name, tuple(lines[one] for one in ids if one in lines)) for name, ids in headed.items())
    return [(name, found) for name, found in placed if found]
