"""Areas, groups of people and indicators to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from evenground.releases import IndicatorInfo, Profile, Release
from evenground.vocabulary import EVERYONE, UNKNOWN_AREA, AreaType, Cut
from evenground_web.common.words import AREA_TYPES, CUTS, name_category

_CHOSEN_TYPES = tuple(kind for kind in AREA_TYPES if kind is not AreaType.LSOA)


@dataclass(frozen=True, slots=True)
class Area:
    """An area that a page is about."""

    area_type: str
    area_code: str
    name: str

    @property
    def key(self) -> str:
        """As it stands in an address."""
        return f"{self.area_type}:{self.area_code}"

    @property
    def is_place(self) -> bool:
        """Whether it is the whole place."""
        return self.area_type == AreaType.PLACE


@dataclass(frozen=True, slots=True)
class Group:
    """The people that a table is about: everyone, or one category of a cut."""

    cut: str
    category: str
    label: str = ""

    @property
    def key(self) -> str:
        """As it stands in an address; empty for everyone."""
        return "" if self.cut == Cut.ALL else f"{self.cut}:{self.category}"

    @property
    def name(self) -> str:
        """As people call it."""
        name = self.label or name_category(self.category, self.cut)
        return name if self.cut in (Cut.ALL, Cut.AGE_BAND) else f"{CUTS[Cut(self.cut)]}: {name}"


EVERYBODY = Group(Cut.ALL, EVERYONE)


@dataclass(frozen=True)
class ReleaseKey:
    """A release as a key of a cache: two of the same id hold the same bytes."""

    release: Release

    def __hash__(self) -> int:
        return hash(self.release.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReleaseKey) and other.release.id == self.release.id


def place_of(release: Release) -> Area:
    """The whole place."""
    return Area(AreaType.PLACE, release.manifest.place_code, release.manifest.place_name)


def find_area(release: Release, key: str | None) -> Area | None:
    """The area named in an address, or ``None`` where the release has no such area; the place for no name."""
    if not key:
        return place_of(release)
    area_type, _, area_code = key.partition(":")
    name = release.area_names.get((area_type, area_code))
    return Area(area_type, area_code, name) if name is not None else None


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


def list_indicators(release: Release, profile: Profile) -> list[IndicatorInfo]:
    """The indicators of a profile that the release holds, in order, each once."""
    ids = dict.fromkeys(name for section in profile.sections for name in section.indicators)
    return [release.indicators[name] for name in ids if name in release.indicators]


def home_profile(release: Release, indicator_id: str) -> str:
    """The first profile that an indicator stands in; empty where none does."""
    return next(
        (
            profile.id
            for profile in release.profiles.values()
            for section in profile.sections
            if indicator_id in section.indicators
        ),
        "",
    )


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


def order_of_group(group: Group, told: Sequence[tuple[str, str]] = ()) -> tuple[str, int, str]:
    if (group.cut, group.category) in told:
        return group.cut, told.index((group.cut, group.category)), ""
    if group.cut == Cut.AGE_BAND:
        start = group.category.rstrip("+").partition("-")[0]
        return group.cut, int(start) if start.isdigit() else 999, group.category
    unrecorded = group.category in {"99", "Z", "missing", "not_stated", "not_known", UNKNOWN_AREA}
    return group.cut, int(unrecorded), group.category
