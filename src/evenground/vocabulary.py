"""The field's words, once: what may stand in a column that is not free text."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class AreaType(StrEnum):
    """Kinds of place, by GSS code, except ``practice`` and ``pcn`` (ODS codes).

    ``place`` is the whole area that a workspace serves, whichever districts it is made of.
    """

    LSOA = "lsoa"
    MSOA = "msoa"
    WARD = "ward"
    LTLA = "ltla"
    PRACTICE = "practice"
    PCN = "pcn"
    PLACE = "place"


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
    """Why a cell holds what it holds. Suppressed, missing and zero are three different things."""

    PUBLISHED = "published"
    ZERO = "zero"
    SUPPRESSED = "suppressed"
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

ETHNIC_GROUPS: Final = {
    "A": "White British",
    "B": "White Irish",
    "C": "Other White",
    "D": "White and Black Caribbean",
    "E": "White and Black African",
    "F": "White and Asian",
    "G": "Other Mixed",
    "H": "Indian",
    "J": "Pakistani",
    "K": "Bangladeshi",
    "L": "Other Asian",
    "M": "Caribbean",
    "N": "African",
    "P": "Other Black",
    "R": "Chinese",
    "S": "Other ethnic group",
    "Z": "Not stated",
    "99": "Not known",
    MISSING_CATEGORY: "Missing",
}
"""NHS 16+1 ethnic category codes of 2001 (NHS Data Dictionary, ETHNIC CATEGORY CODE 2001), and 'missing'."""

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

ETHNIC_GROUP_TO_5: Final = {
    **dict.fromkeys("ABC", "white"),
    **dict.fromkeys("DEFG", "mixed"),
    **dict.fromkeys("HJKL", "asian"),
    **dict.fromkeys("MNP", "black"),
    # The 2001 codes put Chinese with 'Other'; the 2021 census, and so the ONS five, with Asian.
    "R": "asian",
    "S": "other",
    "Z": "not_stated",
    "99": "not_known",
    MISSING_CATEGORY: MISSING_CATEGORY,
}
"""NHS 16+1 to the ONS five high-level groups of Census 2021 (Chinese under Asian)."""

UNRECORDED_ETHNIC_GROUPS: Final = frozenset({"Z", "99", MISSING_CATEGORY})
"""Codes that say nothing of a person's ethnic group: shown and counted, never ranked as a community."""
