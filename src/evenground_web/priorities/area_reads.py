"""The areas to act in first, by an indicator, in words and on one chart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports.charts import Figure
from evenground.reports.priority_areas import (
    STANDING_WORDS,
    PlacedArea,
    Standing,
    find_priority_areas,
    list_area_types,
    list_rankable,
    say_priority_areas,
)
from evenground.reports.quadrants import describe_area, draw_priority_areas
from evenground.vocabulary import AreaType, ValueNote
from evenground_web.common.addresses import address_area
from evenground_web.common.words import AREA_TYPES
from evenground_web.profiles.reads import ReleaseKey

SHOWN: Final = 20
_WORDS: Final = {
    ValueNote.SUPPRESSED: "suppressed",
    ValueNote.SUPPRESSED_SECONDARY: "suppressed to protect another number",
    ValueNote.TOO_FEW_EVENTS: "too few events",
}


@dataclass(frozen=True, slots=True)
class AreaRow:
    """An area in words, with where it is shown."""

    name: str
    within: str
    href: str
    is_sure: bool
    value: str
    predicted: str
    deprivation: str


@dataclass(frozen=True, slots=True)
class AreasView:
    """The areas to act in first, those that cannot be placed, and the chart of all."""

    info: IndicatorInfo
    summary: str
    figure: Figure | None
    first: tuple[AreaRow, ...]
    unplaced: tuple[AreaRow, ...]
    placed: tuple[PlacedArea, ...]


def area_types(release: Release) -> dict[str, str]:
    """The kinds of area that can be placed by some indicator, with their names."""
    kinds = (kind for kind in list_area_types(release) if list_rankable(release, kind))
    return {str(kind): AREA_TYPES[kind] for kind in kinds}


def rankable(release: Release, area_type: str) -> dict[str, str]:
    """The indicators that areas of a kind can be placed by, with their names."""
    return {info.id: info.name for info in list_rankable(release, area_type)}


def read_areas(release: Release, indicator_id: str, area_type: str) -> AreasView:
    """Every area of a kind by an indicator; worked out once for a release."""
    return _read_areas(ReleaseKey(release), indicator_id, area_type)


@lru_cache(maxsize=128)
def _read_areas(key: ReleaseKey, indicator_id: str, area_type: str) -> AreasView:
    found = find_priority_areas(key.release, indicator_id, area_type)

    within = _find_parents(key.release) if area_type == AreaType.LSOA else {}

    def describe(*standings: Standing) -> tuple[AreaRow, ...]:
        areas = found.with_standing(*standings)
        return tuple(
            _make_row(key.release, area, area_type, found.info.unit, within.get(area.code, ""))
            for area in areas
        )

    return AreasView(
        info=found.info,
        summary=say_priority_areas(found),
        figure=draw_priority_areas(key.release, found),
        first=describe(Standing.PRIORITY, Standing.PERHAPS),
        unplaced=describe(Standing.NOT_PLACED),
        placed=found.areas,
    )


def _find_parents(release: Release) -> dict[str, str]:
    """The neighbourhood of each small area: its own name says little."""
    lsoas = release.table("areas").filter(pl.col("area_type") == AreaType.LSOA)
    parents = lsoas.select("area_code", "parent_area_code").iter_rows()
    return {code: release.area_names.get((AreaType.MSOA, parent or ""), "") for code, parent in parents}


def _make_row(release: Release, area: PlacedArea, area_type: str, unit: str, within: str) -> AreaRow:
    _, value, predicted, deprivation = describe_area(area, unit)
    href = address_area(release, area_type, area.code)
    is_sure = area.standing == Standing.PRIORITY
    return AreaRow(area.name, within, href, is_sure, value, predicted, deprivation)


CSV_COLUMNS: Final = (
    "area_type",
    "area_code",
    "area_name",
    "standing",
    "indicator_id",
    "value",
    "unit",
    "lower_cl",
    "upper_cl",
    "value_note",
    "predicted",
    "deprivation",
)


def list_csv_rows(view: AreasView, area_type: str) -> list[tuple[Any, ...]]:
    """Every area, placed or not, with the word for why where there is no figure."""
    return [
        (
            area_type,
            area.code,
            area.name,
            STANDING_WORDS[area.standing],
            view.info.id,
            area.cell.value if area.cell.value is not None else _say_why(area),
            view.info.unit,
            area.cell.lower,
            area.cell.upper,
            area.cell.note,
            area.predicted,
            area.deprivation,
        )
        for area in view.placed
    ]


def _say_why(area: PlacedArea) -> str:
    return _WORDS.get(ValueNote(area.cell.note), "no data")
