"""Areas, groups of people and indicators to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports.names import AREA_TYPES, CUTS
from evenground.reports.subjects import EVERYBODY, Area, Group, order_of_group
from evenground.vocabulary import UNKNOWN_AREA, AreaType

_CHOSEN_TYPES = tuple(kind for kind in AREA_TYPES if kind is not AreaType.LSOA)


@dataclass(frozen=True)
class ReleaseKey:
    """A release as a key of a cache: two of the same id hold the same bytes."""

    release: Release

    def __hash__(self) -> int:
        return hash(self.release.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReleaseKey) and other.release.id == self.release.id


def find_group(release: Release, key: str | None) -> Group | None:
    """The group of people named in an address, or ``None`` where no figure is broken down so."""
    if not key:
        return EVERYBODY
    cut, _, category = key.partition(":")
    return next((group for group in _groups(release) if (group.cut, group.category) == (cut, category)), None)


def area_choices(release: Release) -> dict[str, list[Area]]:
    """Areas to choose from, by heading: those with figures, by name."""
    return _area_choices(release)


def group_choices(release: Release) -> dict[str, list[Group]]:
    """Groups of people to choose from, by heading."""
    groups = _groups(release)
    return {
        heading: chosen
        for cut, heading in CUTS.items()
        if (chosen := [group for group in groups if group.cut == cut])
    }


def find_indicator(release: Release, profile: Profile, indicator_id: str) -> IndicatorInfo | None:
    """An indicator of a profile."""
    is_there = any(indicator_id in section.indicators for section in profile.sections)
    return release.indicators.get(indicator_id) if is_there else None


def _area_choices(release: Release) -> dict[str, list[Area]]:
    return _cached_area_choices(ReleaseKey(release))


@lru_cache(maxsize=4)
def _cached_area_choices(key: ReleaseKey) -> dict[str, list[Area]]:
    values = key.release.latest_values
    with_figures = set(values.select("area_type", "area_code").unique().iter_rows())
    choices: dict[str, list[Area]] = {}
    for kind in _CHOSEN_TYPES:
        areas = [
            Area(area_type, code, name)
            for (area_type, code), name in key.release.area_names.items()
            if area_type == kind and (area_type, code) in with_figures and code != UNKNOWN_AREA
        ]
        if areas:
            choices[AREA_TYPES[kind]] = sorted(areas, key=lambda area: area.name)
    return choices


def _groups(release: Release) -> list[Group]:
    return _cached_groups(ReleaseKey(release))


@lru_cache(maxsize=4)
def _cached_groups(key: ReleaseKey) -> list[Group]:
    values = key.release.latest_values.filter(pl.col("area_type") == AreaType.PLACE)
    pairs = values.select("cut", "category").unique().iter_rows()
    known = [_name_group(key.release, cut, category) for cut, category in pairs if cut in CUTS]
    told = list(key.release.groups)
    return sorted(known, key=lambda group: order_of_group(group, told))


def _name_group(release: Release, cut: str, category: str) -> Group:
    info = release.groups.get((cut, category))
    return Group(cut, category, info.name if info else "")
