"""One group of people for its page: its gaps, widest first, and where in the place they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports import charts
from evenground.reports.charts import Figure
from evenground.reports.group_gaps import GroupGap, read_group_gaps, say_group_gaps, say_people
from evenground.reports.standings import count_comparisons
from evenground.reports.subjects import Group, home_profile
from evenground.reports.words import format_interval, format_value
from evenground.vocabulary import AreaType, Comparison, Cut
from evenground_web.common.addresses import address_area
from evenground_web.common.services import NO_SERVICES, Services
from evenground_web.profiles.reads.choices import ReleaseKey
from evenground_web.profiles.reads.pictures import map_types


@dataclass(frozen=True, slots=True)
class GapLine:
    """A gap in words."""

    info: IndicatorInfo
    profile_id: str
    value: str
    note: str
    interval: str
    place: str
    comparison: str
    points: str
    people: str


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What a group's page shows: all its gaps in order, and in a sentence."""

    summary: str
    counts: dict[str, int]
    lines: tuple[GapLine, ...]

    @property
    def compared(self) -> list[GapLine]:
        """Those that can be read against the place."""
        return [line for line in self.lines if line.comparison != Comparison.NOT_COMPARED]

    @property
    def others(self) -> list[GapLine]:
        """Those that cannot: suppressed, mostly."""
        return [line for line in self.lines if line.comparison == Comparison.NOT_COMPARED]


def find_page_group(
    release: Release, cut: str, category: str, groups: dict[str, list[Group]]
) -> Group | None:
    """The group of an address, where it is one that a page can be about."""
    known = (group for members in groups.values() for group in members)
    return next((group for group in known if (group.cut, group.category) == (cut, category)), None)


def read_group(release: Release, group: Group, order: str) -> GroupFigures:
    """The figures of a group's page."""
    return _read_group(ReleaseKey(release), group.cut, group.category, order)


def group_rows(release: Release, group: Group, order: str) -> list[dict[str, Any]]:
    """The rows behind the page, in its order, for a download: the group's and the place's."""
    gaps = read_group_gaps(release, group.cut, group.category, order=order)
    order_of = {(gap.info.id, gap.period): number for number, gap in enumerate(gaps)}
    of_place = release.latest_values.filter(pl.col("area_type") == AreaType.PLACE)
    shown = of_place.filter(
        ((pl.col("cut") == group.cut) & (pl.col("category") == group.category)) | (pl.col("cut") == Cut.ALL)
    ).to_dicts()
    rows = [row for row in shown if (row["indicator_id"], row["period"]) in order_of]
    return sorted(rows, key=lambda row: (order_of[row["indicator_id"], row["period"]], row["cut"] == Cut.ALL))


def places_of(release: Release, group: Group) -> list[str]:
    """Kinds of area that are broken down by the group and have boundaries: where it can be shown."""
    return _places_of(ReleaseKey(release), group.cut)


def draw_where(
    release: Release, info: IndicatorInfo, group: Group, map_type: str, services: Services = NO_SERVICES
) -> Figure:
    """Where the group's figure is what, as a map with its table."""
    return _draw_where(ReleaseKey(release), info.id, group, map_type, services)


def where_rows(release: Release, info: IndicatorInfo, group: Group, map_type: str) -> list[dict[str, Any]]:
    """The figures of the map, for a download."""
    values = release.latest_values.filter(
        (pl.col("indicator_id") == info.id)
        & (pl.col("area_type") == map_type)
        & (pl.col("cut") == group.cut)
        & (pl.col("category") == group.category)
    )
    return values.sort("area_code").to_dicts()


@lru_cache(maxsize=256)
def _read_group(key: ReleaseKey, cut: str, category: str, order: str) -> GroupFigures:
    release = key.release
    gaps = read_group_gaps(release, cut, category, order=order)
    return GroupFigures(
        summary=say_group_gaps(gaps, place_name=release.manifest.place_name),
        counts=count_comparisons(gap.comparison for gap in gaps),
        lines=tuple(_make_line(release, gap) for gap in gaps),
    )


def _make_line(release: Release, gap: GroupGap) -> GapLine:
    info, cell, place = gap.info, gap.cell, gap.place
    return GapLine(
        info=info,
        profile_id=home_profile(release, info.id),
        value=format_value(cell.value, info.unit, cell.note),
        note=cell.note,
        interval=format_interval(cell.lower, cell.upper),
        place=format_value(place.value, info.unit, place.note),
        comparison=Comparison(gap.comparison),
        points="" if gap.points is None else _say_points(gap, info),
        people=say_people(gap) if gap.comparison == Comparison.WORSE else "",
    )


def _say_points(gap: GroupGap, info: IndicatorInfo) -> str:
    size = abs(gap.points or 0.0)
    unit = " points" if info.unit == "%" else f" {info.unit}"
    words = "worse" if (gap.points or 0) > 0 else "better"
    if info.polarity == "none":
        words = "higher" if (gap.points or 0) > 0 else "lower"
    return f"{size:,.1f}{unit} {words}" if size >= 0.05 else "none"


@lru_cache(maxsize=16)
def _places_of(key: ReleaseKey, cut: str) -> list[str]:
    values = key.release.latest_values
    held = set(values.filter(pl.col("cut") == cut)["area_type"].unique())
    return [kind for kind in map_types(key.release) if kind in held]


@lru_cache(maxsize=128)
def _draw_where(
    key: ReleaseKey, indicator_id: str, group: Group, map_type: str, services: Services
) -> Figure:
    return charts.draw_map(
        key.release,
        indicator_id,
        area_type=AreaType(map_type),
        cut=group.cut,
        category=group.category,
        people=group.name,
        link_to=partial(address_area, key.release),
        services=services.items,
    )
