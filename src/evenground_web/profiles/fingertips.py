"""Figures in the 26 columns of a Fingertips download, for programs that read those."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports.words import NOTE_EXPLANATIONS
from evenground.vocabulary import UNKNOWN_AREA, AreaType, Cut, PublishedCut, ValueNote
from evenground_web.common.downloads import csv_response
from evenground_web.common.words import CUTS, name_category
from evenground_web.profiles.reads import Area, Group, list_figures, list_rows, make_row

_AREA_TYPES: Final = {
    AreaType.PLACE: "Place",
    AreaType.LTLA: "Districts & UAs",
    AreaType.UTLA: "Counties & UAs",
    AreaType.WARD: "Wards",
    AreaType.MSOA: "MSOA",
    AreaType.LSOA: "LSOA",
    AreaType.PCN: "PCNs",
    AreaType.PRACTICE: "GPs",
    AreaType.SUB_ICB: "ICB sub-locations",
    AreaType.ICB: "ICBs",
    AreaType.REGION: "Regions (statistical)",
    AreaType.COUNTRY: "England",
}
_DECILES_OF: Final = {
    PublishedCut.COUNTY_UA_DECILE: "County & UA deprivation deciles in England",
    PublishedCut.DISTRICT_UA_DECILE: "District & UA deprivation deciles in England",
    PublishedCut.CCG_DECILE: "CCG deprivation deciles in England",
    PublishedCut.LSOA_DECILE: "LSOA deprivation deciles in England",
}
_DECILES: Final = (
    "Most deprived decile",
    "Second most deprived decile",
    "Third more deprived decile",
    "Fourth more deprived decile",
    "Fifth more deprived decile",
    "Fifth less deprived decile",
    "Fourth less deprived decile",
    "Third less deprived decile",
    "Second least deprived decile",
    "Least deprived decile",
)
"""As Fingertips calls the tenths, 1 first."""

_OUTSIDE: Final = (AreaType.COUNTRY, AreaType.REGION, AreaType.ICB, AreaType.SUB_ICB, AreaType.UTLA)
"""Areas that the place lies in, or may: it is not their parent."""

_ANY_AGE: Final = "Not applicable"
"""The ages that an indicator is about stand in its name and definition."""

_AGAINST_GOAL: Final = {"met": "Better", "close": "Similar", "missed": "Worse"}
_FINANCIAL_YEAR: Final = re.compile(r"(\d{4})-04-01 to (\d{4})-03-31")
_CALENDAR_YEAR: Final = re.compile(r"(\d{4})-01-01 to \1-12-31")
_AS_AT: Final = re.compile(r".*to (\d{4})-(\d{2})-(\d{2})")


def list_columns(place_name: str) -> tuple[str, ...]:
    """The 26 columns in their order; one names the area that figures are compared to."""
    return (
        "Indicator ID",
        "Indicator Name",
        "Parent Code",
        "Parent Name",
        "Area Code",
        "Area Name",
        "Area Type",
        "Sex",
        "Age",
        "Category Type",
        "Category",
        "Time period",
        "Value",
        "Lower CI 95.0 limit",
        "Upper CI 95.0 limit",
        "Lower CI 99.8 limit",
        "Upper CI 99.8 limit",
        "Count",
        "Denominator",
        "Value note",
        "Recent Trend",
        "Compared to England value or percentiles",
        f"Compared to {place_name} value or percentiles",
        "Time period Sortable",
        "New data",
        "Compared to goal",
    )


def indicator_fingertips_csv(release: Release, info: IndicatorInfo) -> HttpResponse:
    """Every published figure of an indicator."""
    return _respond(release, f"{info.id}-fingertips.csv", list_figures(release, info.id))


def profile_fingertips_csv(release: Release, profile: Profile, area: Area, group: Group) -> HttpResponse:
    """The table of a profile for an area and a group of people."""
    ids = [indicator_id for section in profile.sections for indicator_id in section.indicators]
    rows = [row.raw for row in list_rows(release, ids, area, group) if row.raw is not None]
    return _respond(release, f"{profile.id}-fingertips.csv", rows)


def _respond(release: Release, filename: str, rows: Iterable[dict[str, Any]]) -> HttpResponse:
    districts = _find_districts(release)
    lines = (line for row in rows if (line := _line(release, row, districts)) is not None)
    return csv_response(filename, list_columns(release.manifest.place_name), lines)


def _line(release: Release, row: dict[str, Any], districts: frozenset[str]) -> tuple[object, ...] | None:
    """A row as Fingertips has it; ``None`` for a breakdown by two things, which it has no columns for."""
    people = _describe_people(release, row)
    if people is None:
        return None
    info = release.indicators[row["indicator_id"]]
    shown = row["value_note"] in (ValueNote.PUBLISHED, ValueNote.ZERO)
    limits = (row["lower_cl"], row["upper_cl"]) if shown else (None, None)
    return (
        info.id,
        info.name,
        *_find_parent(release, row, districts),
        row["area_code"],
        _name_area(release, row),
        _AREA_TYPES[AreaType(row["area_type"])],
        *people,
        say_period(row["period"]),
        row["value"] if shown else None,
        *limits,
        None,
        None,
        row["numerator"],
        row["denominator"],
        NOTE_EXPLANATIONS.get(row["value_note"], ""),
        None,
        None,
        str(row["comparison"]).replace("_", " ").capitalize(),
        sort_period(row["period"]),
        None,
        _AGAINST_GOAL.get(make_row(info, row, is_everybody=True).target_state, ""),
    )


def _find_districts(release: Release) -> frozenset[str]:
    """The districts that are a part of the place: others are there to compare with."""
    place = release.manifest.place_code
    parts = (pl.col("area_type") == AreaType.LTLA) & (pl.col("parent_area_code") == place)
    return frozenset(release.table("areas").filter(parts)["area_code"]) - {place}


def _find_parent(release: Release, row: dict[str, Any], districts: frozenset[str]) -> tuple[str, str]:
    is_apart = row["area_type"] in (AreaType.PLACE, *_OUTSIDE)
    if is_apart or (row["area_type"] == AreaType.LTLA and row["area_code"] not in districts):
        return "", ""
    return release.manifest.place_code, release.manifest.place_name


def _name_area(release: Release, row: dict[str, Any]) -> str:
    if row["area_code"] == UNKNOWN_AREA:
        return "Area unknown"
    return release.area_names.get((row["area_type"], row["area_code"]), "")


def _describe_people(release: Release, row: dict[str, Any]) -> tuple[str, str, str, str] | None:
    """Sex, age, kind of category and category."""
    sex, age, kind, category = "Persons", _ANY_AGE, "", ""
    for cut, own in zip(row["cut"].split("*"), row["category"].split("*"), strict=False):
        if cut == Cut.SEX:
            sex = name_category(own, cut)
        elif cut == Cut.AGE_BAND:
            age = f"{own} yrs"
        elif cut != Cut.ALL and kind:
            return None
        elif cut != Cut.ALL:
            kind, category = _name_kind(release, cut, row["edition"]), _name_category(release, cut, own)
    return sex, age, kind, category


def _name_kind(release: Release, cut: str, edition: str) -> str:
    if cut in _DECILES_OF:
        return f"{_DECILES_OF[PublishedCut(cut)]}{f' ({edition})' if edition else ''}"
    by_deprivation = cut in (Cut.IMD_QUINTILE, Cut.LOCAL_QUINTILE)
    return f"{CUTS[Cut(cut)]}{f' (IMD{release.manifest.imd_edition})' if by_deprivation else ''}"


def _name_category(release: Release, cut: str, category: str) -> str:
    if cut in _DECILES_OF and category.isdigit() and 1 <= int(category) <= len(_DECILES):
        return _DECILES[int(category) - 1]
    group = release.groups.get((cut, category))
    return group.name if group else name_category(category, cut)


def say_period(period: str) -> str:
    """A period as Fingertips writes it, where it has a way to.

    >>> say_period("2025-04-01 to 2026-03-31"), say_period("2024-01-01 to 2024-12-31"), say_period("2022/23")
    ('2025/26', '2024', '2022/23')
    """
    if found := _CALENDAR_YEAR.fullmatch(period):
        return found[1]
    found = _FINANCIAL_YEAR.fullmatch(period)
    if found and int(found[2]) == int(found[1]) + 1:
        return f"{found[1]}/{found[2][2:]}"
    return period


def sort_period(period: str) -> str:
    """Eight digits by which periods sort: the year and four zeros, or a date.

    >>> sort_period("2025-04-01 to 2026-03-31"), sort_period("to 2026-06-30"), sort_period("2017-19")
    ('20250000', '20260630', '20170000')
    """
    told = say_period(period)
    if found := _AS_AT.fullmatch(told):
        return "".join(found.groups())
    return f"{told[:4]}0000" if told[:4].isdigit() else ""
