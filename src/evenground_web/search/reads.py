"""What a release holds under some words: indicators, profiles, areas, groups and communities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl
from django.urls import reverse

from evenground.releases import IndicatorInfo, Release
from evenground.vocabulary import (
    ETHNIC_GROUP_TO_5,
    ETHNIC_GROUPS_5,
    MISSING_CATEGORY,
    UNKNOWN_AREA,
    UNRECORDED_ETHNIC_GROUPS,
    AreaType,
    Cut,
)
from evenground_web.common.addresses import address_area
from evenground_web.common.words import CUTS
from evenground_web.priorities.reads import name_community
from evenground_web.profiles.reads import Group, ReleaseKey, group_choices, home_profile
from evenground_web.search.matching import Hit, Index, split_query

SHOWN: Final = 10
MOST: Final = 200
KINDS: Final = {
    "communities": "Communities",
    "indicators": "Indicators",
    "areas": "Areas",
    "groups": "Groups of people",
    "profiles": "Profiles",
}
_STRONG, _WEAK = 1.0, 0.4
_NO_NAMES: Final = frozenset({"not known", "unknown"})
_UNRECORDED_5: Final = frozenset({"not_stated", "not_known", MISSING_CATEGORY})
_AREA_NOUNS: Final = {
    AreaType.PLACE: "The whole place",
    AreaType.LTLA: "District",
    AreaType.UTLA: "Upper-tier authority",
    AreaType.WARD: "Ward",
    AreaType.MSOA: "Neighbourhood (MSOA)",
    AreaType.LSOA: "Small area (LSOA)",
    AreaType.PCN: "Primary care network",
    AreaType.PRACTICE: "GP practice",
    AreaType.SUB_ICB: "Sub-ICB area",
    AreaType.ICB: "Integrated care board",
    AreaType.REGION: "Region",
    AreaType.COUNTRY: "Country",
}


@dataclass(frozen=True, slots=True)
class Found:
    """Something that can be found: what it is called, what is told beside it, and where it leads."""

    kind: str
    title: str
    detail: str
    href: str
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Everything of one kind that was found, the best first."""

    kind: str
    title: str
    shown: tuple[Found, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Results:
    """What was found, the kind that fits best first; ``is_whole`` where all words were found together."""

    parts: tuple[Part, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class _Shelf:
    found: tuple[Found, ...]
    index: Index


def search(release: Release, query: str, kind: str = "") -> Results:
    """What is found for a query, by kind.

    Parameters
    ----------
    query
        As somebody typed it.
    kind
        One of ``KINDS``, to have up to ``MOST`` of that kind; else ``SHOWN`` of each.
    """
    words = split_query(query)
    shelf = _shelve(ReleaseKey(release))
    hits = _keep_best(shelf, shelf.index.find(words))
    is_whole = any(len(hit.words) == len(words) for of_kind in hits.values() for hit in of_kind)
    found = {name: [shelf.found[hit.number] for hit in of_kind] for name, of_kind in hits.items()}
    if not is_whole and (communities := _join(release, shelf, hits, words)):
        found, is_whole = {"communities": communities}, True
    most = {name: (MOST if name == kind else SHOWN) for name in KINDS}
    parts = [
        Part(name, KINDS[name], tuple(some[: most[name]]), len(some))
        for name, some in found.items()
        if kind in ("", name)
    ]
    return Results(tuple(parts), is_whole)


def find_areas(release: Release, areas: Iterable[tuple[str, str]]) -> tuple[Found, ...]:
    """Areas by type and code with what is told beside each, in the order asked for, without unknown ones."""
    known = {found.key: found for found in _shelve(ReleaseKey(release)).found if found.kind == "areas"}
    return tuple(known[area] for area in areas if area in known)


def _keep_best(shelf: _Shelf, hits: Iterable[Hit]) -> dict[str, list[Hit]]:
    """Of each kind those that hold most of the words, in order; of all kinds those whose best is best."""
    by_kind: dict[str, list[Hit]] = {}
    for hit in hits:
        by_kind.setdefault(shelf.found[hit.number].kind, []).append(hit)
    best = {kind: max(len(hit.words) for hit in some) for kind, some in by_kind.items()}
    ordered = {
        kind: sorted(
            (hit for hit in some if len(hit.words) == best[kind]),
            key=lambda hit: (-hit.score, len(shelf.found[hit.number].title), shelf.found[hit.number].title),
        )
        for kind, some in by_kind.items()
    }
    kinds = sorted(ordered, key=lambda kind: (-best[kind], -ordered[kind][0].score, list(KINDS).index(kind)))
    return {kind: ordered[kind] for kind in kinds}


def _join(release: Release, shelf: _Shelf, hits: dict[str, list[Hit]], words: Sequence[str]) -> list[Found]:
    """Groups of people in areas, where all the words name one of each: 'Pakistani people in Old Town'."""
    pairs = [
        (shelf.found[area.number].key, shelf.found[group.number].key)
        for group in hits.get("groups", ())[:SHOWN]
        for area in hits.get("areas", ())[:SHOWN]
        if not group.words & area.words and group.words | area.words == set(words)
    ]
    held = _pairs_with_figures(release, pairs)
    return [_make_community(release, area, group) for area, group in pairs if (*area, *group) in held]


def _pairs_with_figures(
    release: Release, pairs: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]
) -> set[tuple[str, ...]]:
    columns = ["area_type", "area_code", "cut", "category"]
    schema = dict.fromkeys(columns, pl.String)
    wanted = pl.DataFrame([(*area, *group) for area, group in pairs], schema=schema, orient="row")
    found = release.latest_values.join(wanted, on=columns, how="semi")
    return set(found.select(columns).unique().iter_rows())


def _make_community(release: Release, area: tuple[str, ...], group: tuple[str, ...]) -> Found:
    area_type, area_code = area
    cut, category = group
    area_name = release.area_names[area_type, area_code]
    if cut == Cut.ETHNIC_GROUP:
        title = name_community(release, area_type, area_code, category)
    elif cut == Cut.ETHNIC_GROUP_5 and category not in _UNRECORDED_5:
        title = f"{ETHNIC_GROUPS_5[category]} people in {area_name}"
    else:
        info = release.groups.get((cut, category))
        title = f"{area_name}: {Group(cut, category, info.name if info else '').name}"
    href = address_area(release, area_type, area_code, f"{cut}:{category}")
    return Found("communities", title, CUTS[Cut(cut)], href)


@lru_cache(maxsize=2)
def _shelve(key: ReleaseKey) -> _Shelf:
    """Everything that can be found, each with its words; made once for a release."""
    shelved = [
        *_indicators(key.release),
        *_profiles(key.release),
        *_groups(key.release),
        *_areas(key.release),
    ]
    return _Shelf(tuple(found for found, _ in shelved), Index([texts for _, texts in shelved]))


_Shelved = tuple[Found, list[tuple[str, float]]]


def _indicators(release: Release) -> Iterable[_Shelved]:
    for info in release.indicators.values():
        yield (
            Found("indicators", info.name, _say_indicator(info), _address_indicator(release, info)),
            [
                (f"{info.name} {info.short_name}", _STRONG),
                (f"{info.topic} {info.description} {' '.join(info.core20plus5).replace('_', ' ')}", _WEAK),
            ],
        )


def _say_indicator(info: IndicatorInfo) -> str:
    return f"{info.topic}. {info.description}" if info.topic else info.description


def _address_indicator(release: Release, info: IndicatorInfo) -> str:
    profile = home_profile(release, info.id)
    return reverse("profiles:indicator", args=[profile, info.id]) if profile else _about(info.id)


def _about(anchor: str) -> str:
    return f"{reverse('profiles:about')}#{anchor}"


def _profiles(release: Release) -> Iterable[_Shelved]:
    for profile in release.profiles.values():
        sections = " ".join(f"{section.name} {section.words}" for section in profile.sections)
        yield (
            Found(
                "profiles",
                profile.name,
                profile.description,
                reverse("profiles:profile", args=[profile.id]),
            ),
            [(profile.name, _STRONG), (f"{profile.description} {sections}", _WEAK)],
        )


def _groups(release: Release) -> Iterable[_Shelved]:
    for heading, groups in group_choices(release).items():
        for group in groups:
            info = release.groups.get((group.cut, group.category))
            name = group.name.removeprefix(f"{CUTS[Cut(group.cut)]}: ")
            told = info.words if info else ""
            beside = f"{heading} {told} {_wider_group(group)}"
            yield (
                Found(
                    "groups",
                    name,
                    f"{heading}. {told}" if told else heading,
                    reverse("profiles:group", args=[group.cut, group.category]),
                    (group.cut, group.category),
                ),
                [(name, _STRONG), (beside, _WEAK)],
            )


def _wider_group(group: Group) -> str:
    """So that 'Asian' finds those whose group is told in detail."""
    if group.cut != Cut.ETHNIC_GROUP or group.category in UNRECORDED_ETHNIC_GROUPS:
        return ""
    return ETHNIC_GROUPS_5.get(ETHNIC_GROUP_TO_5.get(group.category, ""), "")


def _areas(release: Release) -> Iterable[_Shelved]:
    columns = ("area_type", "area_code", "area_name", "parent_area_code")
    parents = {code: name for (_, code), name in release.area_names.items()}
    # That an area is in the place goes without saying, and that its network is not known says nothing.
    parents.pop(release.manifest.place_code, None)
    parents = {code: name for code, name in parents.items() if name.casefold() not in _NO_NAMES}
    for area_type, code, name, parent in release.table("areas").select(columns).iter_rows():
        if code == UNKNOWN_AREA:
            continue
        inside = parents.get(parent, "")
        noun = _AREA_NOUNS.get(AreaType(area_type), area_type)
        detail = f"{noun} {code}{f', in {inside}' if inside else ''}"
        yield (
            Found("areas", name, detail, address_area(release, area_type, code), (area_type, code)),
            [(f"{name} {code}", _STRONG), (f"{noun} {inside}", _WEAK)],
        )
