"""Funnel plots and control charts, each drawn once for a release, with the rows of their tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from evenground.releases import Release
from evenground.reports.charts import Figure
from evenground.reports.control_chart_pictures import draw_control_chart
from evenground.reports.control_charts import (
    VARIATION_WORDS,
    ControlChart,
    find_control_chart,
    say_control_chart,
)
from evenground.reports.funnel_pictures import describe_area, draw_funnel
from evenground.reports.funnels import (
    Funnel,
    FunnelArea,
    describe_place,
    find_funnel,
    list_funnel_types,
    say_funnel,
)
from evenground.reports.subjects import Area
from evenground.reports.words import NOTE_WORDS
from evenground.vocabulary import AreaType, ValueNote
from evenground_web.common.words import AREA_TYPES
from evenground_web.profiles.reads.choices import ReleaseKey, area_choices

FUNNEL_COLUMNS: Final = (
    "indicator_id", "area_type", "area_code", "area_name", "period", "value", "unit", "numerator",
    "denominator", "value_note", "average", "lower_99_8", "lower_95", "upper_95", "upper_99_8", "where",
)  # fmt: skip
CONTROL_COLUMNS: Final = (
    "indicator_id", "area_type", "area_code", "area_name", "period", "value", "unit", "value_note", "mean",
    "lower_limit", "upper_limit", "variation", "rules",
)  # fmt: skip
SHOWN: Final = 12
"""Areas or periods that stand out and are listed beside the picture."""

_WITHIN: Final = {AreaType.LSOA: (AreaType.ICB, AreaType.LTLA), AreaType.MSOA: (AreaType.ICB, AreaType.LTLA)}


@dataclass(frozen=True, slots=True)
class OuterArea:
    """An area beyond the outer limits, in words."""

    code: str
    name: str
    place: str
    value: str
    limits: str


@dataclass(frozen=True, slots=True)
class FunnelView:
    """A funnel, its picture where there is one, and what is said of it."""

    found: Funnel
    figure: Figure | None
    summary: str
    outer: tuple[OuterArea, ...]


@dataclass(frozen=True, slots=True)
class ControlView:
    """A control chart, its picture where there is one, and what is said of it."""

    found: ControlChart
    figure: Figure | None
    summary: str


def funnel_types(release: Release, indicator_id: str) -> dict[str, str]:
    """The kinds of area to choose from, with their names."""
    return _funnel_types(ReleaseKey(release), indicator_id)


@lru_cache(maxsize=1024)
def _funnel_types(key: ReleaseKey, indicator_id: str) -> dict[str, str]:
    return {str(kind): AREA_TYPES[kind] for kind in list_funnel_types(key.release, indicator_id)}


def funnel_withins(release: Release, area_type: str) -> dict[str, list[Area]]:
    """The larger areas that areas of a kind can be looked at within, by heading; none of but one."""
    kinds = _WITHIN.get(AreaType(area_type), ())
    choices = area_choices(release)
    headings = [AREA_TYPES[kind] for kind in kinds]
    return {name: choices[name] for name in headings if len(choices.get(name, ())) > 1}


def read_funnel(release: Release, indicator_id: str, area_type: str, within: Area) -> FunnelView:
    """The funnel of a kind of area within another."""
    return _read_funnel(ReleaseKey(release), indicator_id, area_type, within)


@lru_cache(maxsize=128)
def _read_funnel(key: ReleaseKey, indicator_id: str, area_type: str, within: Area) -> FunnelView:
    found = find_funnel(key.release, indicator_id, area_type, within)
    outer = tuple(_describe_outer(area, found) for area in found.standing_out)
    return FunnelView(found, draw_funnel(key.release, found), say_funnel(found), outer)


def _describe_outer(area: FunnelArea, found: Funnel) -> OuterArea:
    place, value, _, _, _, limits = describe_area(area, found.info)
    return OuterArea(area.code, area.name, place, value, limits)


def read_control_chart(release: Release, indicator_id: str, area: Area) -> ControlView:
    """The control chart of an area."""
    return _read_control_chart(ReleaseKey(release), indicator_id, area)


@lru_cache(maxsize=128)
def _read_control_chart(key: ReleaseKey, indicator_id: str, area: Area) -> ControlView:
    found = find_control_chart(key.release, indicator_id, area)
    return ControlView(found, draw_control_chart(found), say_control_chart(found))


def list_funnel_rows(found: Funnel) -> Iterator[tuple[object, ...]]:
    """Every area as a row of ``FUNNEL_COLUMNS``; limits of those alone that are placed."""
    for area in found.areas:
        cell = area.cell
        yield (
            found.info.id, str(found.area_type), area.code, area.name, found.period,
            _say(cell.value, cell.note), found.info.unit, _say(cell.numerator, cell.note),
            _say(cell.denominator, cell.note), cell.note, found.average, *(area.limits or (None,) * 4),
            describe_place(area.place, found.info),
        )  # fmt: skip


def list_control_rows(found: ControlChart) -> Iterator[tuple[object, ...]]:
    """Every period as a row of ``CONTROL_COLUMNS``."""
    for point in found.points:
        yield (
            found.info.id, found.area.area_type, found.area.area_code, found.area.name, point.period,
            _say(point.cell.value, point.cell.note), found.info.unit, point.cell.note, found.mean,
            *(found.limits or (None, None)), VARIATION_WORDS[point.variation], "; ".join(point.rules),
        )  # fmt: skip


def _say(number: float | None, note: str) -> object:
    """A number, or the word for why there is none."""
    return NOTE_WORDS.get(ValueNote(note), "") if number is None else number
