"""One area: what it is, where it lies, how many people it has and what lies in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from evenground.releases import Release
from evenground.reports.names import AREA_KINDS, AREA_TYPES
from evenground.reports.subjects import Area, find_area, place_of
from evenground.reports.words import format_count
from evenground.vocabulary import UNKNOWN_AREA, AreaType, Cut

MOST_LISTED = 200
"""Areas within another that a page lists; of more, it links to their overview."""

_PARENT_TYPES = {AreaType.LSOA: AreaType.MSOA, AreaType.PRACTICE: AreaType.PCN}
_COLUMNS = {AreaType.WARD: "ward_code", AreaType.LTLA: "ltla_code", AreaType.ICB: "icb_code"}
_PARTS = {
    AreaType.PLACE: (AreaType.ICB, AreaType.LTLA, AreaType.WARD, AreaType.MSOA, AreaType.PCN),
    AreaType.ICB: (AreaType.MSOA,),
    AreaType.LTLA: (AreaType.MSOA,),
    AreaType.WARD: (AreaType.LSOA,),
    AreaType.MSOA: (AreaType.LSOA,),
    AreaType.PCN: (AreaType.PRACTICE,),
}


@dataclass(frozen=True, slots=True)
class Parts:
    """The areas of one type within another."""

    area_type: str
    heading: str
    count: int
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class AreaFacts:
    """What a page says of an area before its figures."""

    kind: str
    plural: str
    population: str
    deprivation: str
    parents: tuple[Area, ...]
    parts: tuple[Parts, ...]


def find_known_area(release: Release, area_type: str, area_code: str) -> Area | None:
    """An area of the release, or people whose area of that type is unknown; ``None`` for any other."""
    if area_code != UNKNOWN_AREA:
        return find_area(release, f"{area_type}:{area_code}")
    if area_type not in AREA_TYPES:
        return None
    has_figures = release.latest_values.filter(
        (pl.col("area_type") == area_type) & (pl.col("area_code") == UNKNOWN_AREA)
    ).height
    return Area(area_type, area_code, "Area unknown") if has_figures else None


def describe_area(release: Release, area: Area) -> AreaFacts:
    """Kind, people, deprivation, what the area lies in and what lies in it."""
    kind, plural = AREA_KINDS[AreaType(area.area_type)]
    row = _row_of(release, area)
    return AreaFacts(
        kind=kind,
        plural=plural,
        population="" if row is None else format_count(row["population"], row["population_note"]),
        deprivation=_say_deprivation(release, row),
        parents=_list_parents(release, area, row),
        parts=tuple(
            part
            for kind_of_part in _PARTS.get(AreaType(area.area_type), ())
            if (part := _list_parts(release, area, kind_of_part)).count
        ),
    )


def codes_within(release: Release, area: Area, area_type: str) -> list[str]:
    """The codes of the areas of a type that lie in another, in the order of their names."""
    areas = release.table("areas").filter(pl.col("area_type") == area_type)
    if not area.is_place:
        areas = areas.filter(_lies_in(release, area, area_type))
    return areas.sort("area_name", "area_code")["area_code"].to_list()


def _lies_in(release: Release, area: Area, area_type: str) -> pl.Expr:
    column = _COLUMNS.get(AreaType(area.area_type))
    if column is None:
        is_own_part = _PARENT_TYPES.get(AreaType(area_type)) == area.area_type
        return (pl.col("parent_area_code") == area.area_code) & pl.lit(is_own_part)
    if area_type == AreaType.LSOA:
        return pl.col(column) == area.area_code
    lsoas = release.table("areas").filter(pl.col(column) == area.area_code)
    return pl.col("area_code").is_in(lsoas["parent_area_code"].unique().drop_nulls().to_list())


def _row_of(release: Release, area: Area) -> dict[str, Any] | None:
    found = release.table("areas").filter(
        (pl.col("area_type") == area.area_type) & (pl.col("area_code") == area.area_code)
    )
    return found.row(0, named=True) if found.height else None


def _say_deprivation(release: Release, row: dict[str, Any] | None) -> str:
    if row is None or row["imd_decile"] is None:
        return ""
    return (
        f"In tenth {row['imd_decile']} of England’s small areas by deprivation "
        f"(IMD {release.manifest.imd_edition}; 1 = most deprived)"
    )


def _list_parents(release: Release, area: Area, row: dict[str, Any] | None) -> tuple[Area, ...]:
    """From the smallest that holds it to the whole place; none for an area outside the place."""
    if row is None or row["parent_area_code"] is None:
        is_unknown = area.area_code == UNKNOWN_AREA
        return (place_of(release),) if is_unknown else ()
    kind = _PARENT_TYPES.get(AreaType(area.area_type), AreaType.PLACE)
    keys = [
        (kind, row["parent_area_code"]),
        (AreaType.WARD, row["ward_code"]),
        (AreaType.LTLA, row["ltla_code"]),
        (AreaType.ICB, row["icb_code"]),
    ]
    found = [
        Area(kind, code, release.area_names[kind, code])
        for kind, code in keys
        if (kind, code) in release.area_names
    ]
    place = place_of(release)
    return tuple(dict.fromkeys([*found, place]))


def _list_parts(release: Release, area: Area, area_type: AreaType) -> Parts:
    codes = codes_within(release, area, area_type)
    listed = codes if len(codes) <= MOST_LISTED else []
    areas = tuple(Area(area_type, code, release.area_names[area_type, code]) for code in listed)
    return Parts(area_type, AREA_TYPES[area_type], len(codes), areas)


def types_side_by_side(release: Release) -> list[str]:
    """The types of area within the place of which two or more have figures."""
    everybody = release.latest_values.lazy().filter(pl.col("cut") == Cut.ALL)
    code = pl.col("area_code")
    counted = everybody.group_by("area_type").agg(code.min() != code.max()).collect()
    several = {kind for kind, has_several in counted.iter_rows() if has_several}
    return [kind for kind in AREA_TYPES if kind != AreaType.PLACE and kind in several]
