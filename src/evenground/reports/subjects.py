"""Whom a figure is about: an area, and a group of its people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import polars as pl

from evenground.errors import InputError
from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports.names import AREA_KINDS, CUTS, name_category
from evenground.reports.words import list_in_words
from evenground.vocabulary import EVERYONE, UNKNOWN_AREA, AreaType, Cut


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


_NEAREST: Final = 3
EVERYBODY = Group(Cut.ALL, EVERYONE)


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


def find_broken_down(release: Release, indicator_id: str, area: Area, cut: Cut) -> Area:
    """The area itself where it is broken down so, else the whole place."""
    figures = release.latest_values.filter(
        (pl.col("indicator_id") == indicator_id)
        & (pl.col("area_type") == area.area_type)
        & (pl.col("area_code") == area.area_code)
        & (pl.col("cut") == cut)
    )
    return area if figures.height else place_of(release)


def order_of_group(group: Group, told: Sequence[tuple[str, str]] = ()) -> tuple[str, int, str]:
    """The place of a group among others of its breakdown; ``told`` are those that the release orders."""
    if (group.cut, group.category) in told:
        return group.cut, told.index((group.cut, group.category)), ""
    if group.cut == Cut.AGE_BAND:
        start = group.category.rstrip("+").partition("-")[0]
        return group.cut, int(start) if start.isdigit() else 999, group.category
    unrecorded = group.category in {"99", "Z", "missing", "not_stated", "not_known", UNKNOWN_AREA}
    return group.cut, int(unrecorded), group.category


def require_area(release: Release, asked: str) -> Area:
    """An area by its code, its type and code, or its name.

    Parameters
    ----------
    release
        The release to look in.
    asked
        ``E02001234``, ``msoa:E02001234``, ``Old Town``, or ``place`` for the whole place.

    Raises
    ------
    InputError
        Where the release has no such area, with the nearest; where several are called so; or where it has no
        figures for areas of that type.
    """
    if asked == AreaType.PLACE:
        return place_of(release)
    wanted = asked.strip().casefold()
    areas = [Area(kind, code, name) for (kind, code), name in release.area_names.items()]
    found = [area for area in areas if wanted in _names_of(area)]
    with_figures = [area for area in found if _has_figures(release, area)]
    # A place of one district has its name and code: the place holds all that the district does.
    whole = [area for area in with_figures if area.is_place]
    others = [area for area in with_figures if area.area_code not in {one.area_code for one in whole}]
    if len(whole) + len(others) == 1:
        return (whole + others)[0]
    if with_figures:
        keys = list_in_words(sorted(area.key for area in with_figures), most=5)
        raise InputError(f'Several areas are called "{asked}". Give one of them as type and code: {keys}.')
    if found:
        kind = AREA_KINDS[AreaType(found[0].area_type)][1]
        raise InputError(
            f"This release has no figures for {found[0].name}, as it has none for some or all {kind}. "
            f"There are figures for: {list_in_words(_types_with_figures(release))}."
        )
    raise InputError(f'This release has no area "{asked}". {_suggest_area(asked, areas)}')


def _names_of(area: Area) -> tuple[str, str, str]:
    return area.area_code.casefold(), area.key.casefold(), area.name.casefold()


def _has_figures(release: Release, area: Area) -> bool:
    own = (pl.col("area_type") == area.area_type) & (pl.col("area_code") == area.area_code)
    return not release.latest_values.filter(own & (pl.col("cut") == Cut.ALL)).is_empty()


def _types_with_figures(release: Release) -> list[str]:
    held = set(release.latest_values["area_type"].unique())
    return [plural for kind, (_, plural) in AREA_KINDS.items() if kind in held]


def _suggest_area(asked: str, areas: Iterable[Area]) -> str:
    """The nearest codes and names, each with the area that it belongs to."""
    by_word = {word: area for area in areas for word in (area.area_code.casefold(), area.name.casefold())}
    near = get_close_matches(asked.strip().casefold(), by_word, n=_NEAREST)
    found = dict.fromkeys(by_word[word] for word in near)
    if not found:
        return "Give a code, a name, a type and code as msoa:E02001234, or 'place' for the whole place."
    return f"Did you mean {' or '.join(f'{area.name} ({area.key})' for area in found)}?"
