"""The field's words, once: what may stand in a column that is not free text."""

from __future__ import annotations

import csv
from enum import StrEnum
from pathlib import Path
from typing import Final


class AreaType(StrEnum):
    """Kinds of place, by GSS code, except ``practice`` and ``pcn`` (ODS codes).

    ``place`` is the whole area that a workspace serves, whichever districts it is made of. The last five are
    there to compare with: published figures may be of them, counts of people never are.
    """

    LSOA = "lsoa"
    MSOA = "msoa"
    WARD = "ward"
    LTLA = "ltla"
    PRACTICE = "practice"
    PCN = "pcn"
    PLACE = "place"
    UTLA = "utla"
    SUB_ICB = "sub_icb"
    ICB = "icb"
    REGION = "region"
    COUNTRY = "country"


class Sex(StrEnum):
    """Sex as recorded. NHS Data Dictionary PERSON STATED GENDER CODE: 1 male, 2 female, 9 indeterminate."""

    FEMALE = "female"
    MALE = "male"
    INDETERMINATE = "indeterminate"
    NOT_KNOWN = "not_known"


class Cut(StrEnum):
    """How a figure is broken down. ``all`` is the figure for everybody in the area."""

    ALL = "all"
    SEX = "sex"
    AGE_BAND = "age_band"
    ETHNIC_GROUP = "ethnic_group"
    ETHNIC_GROUP_5 = "ethnic_group_5"
    IMD_QUINTILE = "imd_quintile"
    LOCAL_QUINTILE = "local_quintile"
    PLUS_GROUP = "plus_group"
    SEGMENT = "segment"
    LANGUAGE_NEED = "language_need"
    HOUSING_TENURE = "housing_tenure"
    SEX_AGE_BAND = "sex*age_band"
    SEX_ETHNIC_GROUP = "sex*ethnic_group"
    SEX_IMD_QUINTILE = "sex*imd_quintile"
    ETHNIC_GROUP_5_AGE_BAND = "ethnic_group_5*age_band"
    ETHNIC_GROUP_5_IMD_QUINTILE = "ethnic_group_5*imd_quintile"
    ETHNIC_GROUP_5_LOCAL_QUINTILE = "ethnic_group_5*local_quintile"
    AGE_BAND_IMD_QUINTILE = "age_band*imd_quintile"

    @property
    def pair(self) -> tuple[Cut, Cut] | None:
        """The two cuts of a pair such as ``sex*age_band``, whose categories are joined in the same way."""
        first, star, second = self.value.partition("*")
        return (Cut(first), Cut(second)) if star else None


WHOLE_BY_RECORDS: Final = (Cut.SEGMENT, Cut.LANGUAGE_NEED, Cut.HOUSING_TENURE)
"""Cuts in which records put each person in one part: what no record tells is a part of its own."""


class PublishedCut(StrEnum):
    """How publishers break England's figures down: by tenths of its areas, not of its people's small areas.

    A tenth of all districts, say, holds the districts whose average deprivation is highest; many people in it
    live in areas that are not deprived. So these are never set beside ``imd_quintile``.
    """

    COUNTY_UA_DECILE = "county_ua_decile"
    DISTRICT_UA_DECILE = "district_ua_decile"
    CCG_DECILE = "ccg_decile"
    LSOA_DECILE = "lsoa_decile"


class Basis(StrEnum):
    """Where a figure comes from, and so what disclosure control it went through.

    ``counted``: from records, here, under the policy of the release. ``provided``: from counts that somebody
    sent, under the same policy. ``published``: somebody else published it, and it stands as they did.
    """

    COUNTED = "counted"
    PROVIDED = "provided"
    PUBLISHED = "published"


class Polarity(StrEnum):
    """Which direction is good."""

    HIGHER_IS_BETTER = "higher_is_better"
    LOWER_IS_BETTER = "lower_is_better"
    NONE = "none"


class ValueType(StrEnum):
    """What kind of number an indicator's value is."""

    PROPORTION = "proportion"
    CRUDE_RATE = "crude_rate"
    DSR = "dsr"


class ValueNote(StrEnum):
    """Why a cell holds what it holds. Suppressed, missing and zero are three different things.

    ``suppressed``: the count is small. ``suppressed_secondary``: it is not, but another that is could be
    worked out from it.
    """

    PUBLISHED = "published"
    ZERO = "zero"
    SUPPRESSED = "suppressed"
    SUPPRESSED_SECONDARY = "suppressed_secondary"
    MISSING = "missing"
    TOO_FEW_EVENTS = "too_few_events"


class Comparison(StrEnum):
    """An area against its benchmark (domain: similar when the interval holds the benchmark)."""

    BETTER = "better"
    SIMILAR = "similar"
    WORSE = "worse"
    LOWER = "lower"
    HIGHER = "higher"
    NOT_COMPARED = "not_compared"


class CommunityType(StrEnum):
    """What a ranked community is made of."""

    MSOA_ETHNIC_GROUP = "msoa_ethnic_group"
    LSOA = "lsoa"


class Purpose(StrEnum):
    """What data about people is used for; an agreement allows some of these, an indicator serves one."""

    POPULATION_HEALTH_MANAGEMENT = "population_health_management"
    SERVICE_PLANNING = "service_planning"
    SERVICE_EVALUATION = "service_evaluation"
    RESEARCH = "research"
    DIRECT_CARE = "direct_care"


ALL_SERVICES: Final = "all"
"""The service id of a ranking over every service together."""

UNKNOWN_AREA: Final = "unknown"
"""The area code of people without a usable area: no fixed abode, or an area the look-up does not hold."""

EVERYONE: Final = "all"
"""The category of the cut ``all``."""

MISSING_CATEGORY: Final = "missing"
"""The category of people whose ethnic group is not there at all: not the same as not stated or not known."""

AGE_BANDS: Final = (*(f"{start}-{start + 4}" for start in range(0, 90, 5)), "90+")
"""The 19 five-year age bands that the European Standard Population 2013 is given for."""


def _load_ethnic_groups() -> list[dict[str, str]]:
    path = Path(__file__).parent / "definitions" / "ethnic_groups.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


_RECORDED: Final = _load_ethnic_groups()

ETHNIC_GROUPS: Final = {row["code"]: row["name"] for row in _RECORDED} | {MISSING_CATEGORY: "Missing"}
"""NHS 16+1 codes by name, and 'missing'; their source stands in ``definitions/ethnic_groups.csv``."""

ETHNIC_GROUPS_5: Final = {
    "white": "White",
    "mixed": "Mixed",
    "asian": "Asian",
    "black": "Black",
    "other": "Other",
    "not_stated": "Not stated",
    "not_known": "Not known",
    MISSING_CATEGORY: "Missing",
}

ETHNIC_GROUP_TO_5: Final = {row["code"]: row["group_5"] for row in _RECORDED} | {
    MISSING_CATEGORY: MISSING_CATEGORY
}
"""NHS 16+1 to the five high-level groups. The mapping is data: it changes when the ONS's does."""

UNRECORDED_ETHNIC_GROUPS: Final = frozenset({"Z", "99", MISSING_CATEGORY})
"""Codes that say nothing of a person's ethnic group: shown and counted, never ranked as a community."""
