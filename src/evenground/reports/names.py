"""What areas, breakdowns and groups are called, and what stands where there is no figure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from evenground.releases import IndicatorInfo
from evenground.reports.words import format_date, format_value
from evenground.vocabulary import ETHNIC_GROUPS, ETHNIC_GROUPS_5, UNKNOWN_AREA, AreaType, Cut, PublishedCut

NOTE_MEANINGS: Final = {
    "suppressed": (
        "The number is so small that it could point to a person, or somebody could work such a number out "
        "from it, so it is not published."
    ),
    "suppressed to protect another number": (
        "The number is not small, but somebody could work one out from it that is."
    ),
    "no data": "Nothing was recorded, nobody here is counted by this indicator, or its publisher gave none.",
    "too few events": "Fewer than 10 events, so a rate would say more about chance than about the place.",
    "0": "A true zero: people were counted and none of them had it.",
}
"""What stands in a table where there is no ordinary figure, and what it means."""

AREA_TYPES: Final = {
    AreaType.PLACE: "Whole place",
    AreaType.ICB: "Integrated care boards",
    AreaType.LTLA: "Districts",
    AreaType.WARD: "Wards",
    AreaType.MSOA: "Neighbourhoods (MSOAs)",
    AreaType.PCN: "Primary care networks",
    AreaType.PRACTICE: "Practices",
    AreaType.LSOA: "Small areas (LSOAs)",
}
AREA_KINDS: Final = {
    AreaType.PLACE: ("Whole place", "places"),
    AreaType.LTLA: ("District", "districts"),
    AreaType.WARD: ("Ward", "wards"),
    AreaType.MSOA: ("Neighbourhood (MSOA)", "neighbourhoods"),
    AreaType.PCN: ("Primary care network", "networks"),
    AreaType.PRACTICE: ("GP practice", "practices"),
    AreaType.LSOA: ("Small area (LSOA)", "small areas"),
    AreaType.UTLA: ("County or unitary authority", "counties and unitary authorities"),
    AreaType.SUB_ICB: ("Sub-ICB location", "sub-ICB locations"),
    AreaType.ICB: ("Integrated care board", "integrated care boards"),
    AreaType.REGION: ("Region", "regions"),
    AreaType.COUNTRY: ("Country", "countries"),
}
"""What one area of a type is called, and several of them inside a sentence."""

_QUINTILES: Final = {
    "1": "1, most deprived fifth",
    "2": "2",
    "3": "3",
    "4": "4",
    "5": "5, least deprived fifth",
    UNKNOWN_AREA: "Area unknown",
}
_SEXES: Final = {
    "female": "Female",
    "male": "Male",
    "indeterminate": "Indeterminate",
    "not_known": "Not known",
}
_TENTHS: Final = {
    "1": "1, most deprived tenth",
    **{str(number): str(number) for number in range(2, 10)},
    "10": "10, least deprived tenth",
}
PUBLISHED_CUTS: Final = {
    PublishedCut.COUNTY_UA_DECILE: "Tenths of England’s counties and unitary authorities",
    PublishedCut.DISTRICT_UA_DECILE: "Tenths of England’s districts and unitary authorities",
    PublishedCut.CCG_DECILE: "Tenths of England’s clinical commissioning groups",
    PublishedCut.LSOA_DECILE: "Tenths of England’s small areas (LSOAs)",
}
"""How publishers break England down: not to be mixed up with fifths of small areas."""

_CATEGORIES: Final[Mapping[str, Mapping[str, str]]] = {
    **dict.fromkeys(PublishedCut, _TENTHS),
    Cut.ALL: {"all": "Everyone"},
    Cut.SEX: _SEXES,
    Cut.ETHNIC_GROUP: ETHNIC_GROUPS,
    Cut.ETHNIC_GROUP_5: ETHNIC_GROUPS_5,
    Cut.IMD_QUINTILE: _QUINTILES,
    Cut.LOCAL_QUINTILE: _QUINTILES,
}

CUTS: Final = {
    Cut.IMD_QUINTILE: "Deprivation, national fifths",
    Cut.LOCAL_QUINTILE: "Deprivation, fifths of this place",
    Cut.ETHNIC_GROUP_5: "Ethnic group, five groups",
    Cut.ETHNIC_GROUP: "Ethnic group",
    Cut.PLUS_GROUP: "Plus groups",
    Cut.SEGMENT: "Segment, by highest need",
    Cut.LANGUAGE_NEED: "Language need",
    Cut.HOUSING_TENURE: "Housing tenure",
    Cut.SEX: "Sex",
    Cut.AGE_BAND: "Age",
}
PAIRS: Final = {
    cut: f"{CUTS[cut.pair[0]]} and {CUTS[cut.pair[1]][0].lower()}{CUTS[cut.pair[1]][1:]}"
    for cut in sorted(Cut, key=lambda cut: not cut.startswith(Cut.ETHNIC_GROUP_5))
    if cut.pair
}
"""Two breakdowns at once, those by ethnic group and deprivation first."""


def name_category(category: str, cut: str) -> str:
    """A category of a cut as people call it.

    >>> name_category("1", "imd_quintile"), name_category("60-64", "age_band")
    ('1, most deprived fifth', 'Ages 60 to 64')
    >>> name_category("female*60-64", "sex*age_band")
    'Female, Ages 60 to 64'
    """
    if "*" in cut:
        parts = zip(category.split("*"), cut.split("*"), strict=True)
        return ", ".join(name_category(one, its_cut) for one, its_cut in parts)
    if cut == Cut.AGE_BAND:
        return "Ages " + (
            category.replace("+", " and over") if "+" in category else category.replace("-", " to ")
        )
    return _CATEGORIES.get(cut, {}).get(category, category)


def format_iso_date(date: str) -> str:
    """A date of a manifest as people write it.

    >>> format_iso_date("2026-03-31")
    '31 March 2026'
    """
    try:
        return format_date(dt.date.fromisoformat(date))
    except ValueError:
        return date


def say_dates(text: str) -> str:
    """Text with its ISO dates as people write them.

    >>> say_dates("2025-04-01 to 2026-03-31"), say_dates("to 2026-03-31")
    ('1 April 2025 to 31 March 2026', 'to 31 March 2026')
    """
    return re.sub(r"\d{4}-\d{2}-\d{2}", lambda found: format_iso_date(found[0]), text)


def name_area_kind(area_type: str) -> str:
    """What an area of a type is called.

    >>> name_area_kind("ward")
    'Ward'
    """
    return AREA_KINDS[AreaType(area_type)][0]


def say_target(info: IndicatorInfo) -> str:
    """The level to reach, without decimals where it has none; empty where no target is set."""
    if info.target is None:
        return ""
    return format_value(info.target.value, info.unit, decimals=0 if info.target.value.is_integer() else 1)
