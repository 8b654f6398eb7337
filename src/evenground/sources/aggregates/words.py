"""What stands in the cells of published tables, in ours: area types, deciles, periods, marks; and reasons."""

from __future__ import annotations

import re
from typing import Final, Literal

from evenground.vocabulary import AreaType, PublishedCut

ENGLAND: Final = "E92000001"

NO_INDICATOR = "no indicator id"
OTHER_INDICATOR = "indicator not asked for"
PERIOD_UNREADABLE = "period not readable"
NO_AREA = "no area code"
SEX_UNKNOWN = "sex not recognised"
OTHER_AGE = "another age group than the one asked for"
OTHER_BREAKDOWN = "a breakdown that is not shown"
CATEGORY_UNKNOWN = "category not recognised"
STRAY_CATEGORY = "a category of England's areas on the row of another area"
TWO_BREAKDOWNS = "broken down by two things at once"
VALUE_UNREADABLE = "value or count not a number"
REPEATED = "the same figure again"
DISAGREE = "figures of one area, group and period that disagree"
UNKNOWN_AREA_TYPE = "area type that is not shown"
WRONG_AREA_TYPE = "area type that does not fit the area's code"
OTHER_AREA = "area not of this place and not a comparator"
NOT_WHOLE = "count that is not whole, where the table is not published"
ABOVE_DENOMINATOR = "count above its denominator"
OUT_OF_RANGE = "value below 0 or above everybody"
LIMITS_APART = "limits that do not hold the value"
UNPUBLISHED_VALUE = "value that protected counts do not give, in a table that is not published"
OTHER_EDITION = "another edition of the same breakdown"
OTHER_PERIOD = "another period than those asked for"
REDRAWN = "LSOA of the other edition that was redrawn"
NOT_ADDABLE = "LSOA of the other edition that merged, without counts of all its parts"
SPLIT_UNPUBLISHED = "LSOA of the other edition that was split, in a table that is not published"

SUPPRESSED = "suppressed by the publisher (kept as suppressed)"
MISSING = "without a value (kept as missing)"
ROUNDED_COUNT = "count that is not whole (rounded)"
LIMITS_SET_ASIDE = "given twice with other limits (set aside, worked out from the counts)"
VALUE_FROM_COUNTS = "without a value (worked out from its counts)"
ADDED_UP = "LSOA of the other edition that merged (added up)"
CARRIED_OVER = "LSOA of the other edition that was split (its value shown for each part)"

DROPPED: Final = {
    NO_INDICATOR: "The cell is empty, and `rows_without_id` does not say what such rows are.",
    OTHER_INDICATOR: "The file holds it, and `indicators` does not name it.",
    PERIOD_UNREADABLE: "Read are 2015, 2022/23, 2017-19, 2017/18 - 19/20, 2022/23 Q1 and 2022 Q1.",
    NO_AREA: "The cell is empty.",
    SEX_UNKNOWN: "Read are Persons, Male and Female; empty and Not applicable are Persons.",
    OTHER_AGE: "The indicator stands for several age groups, and `age` asks for another.",
    OTHER_BREAKDOWN: "The category type is none of those below.",
    CATEGORY_UNKNOWN: "The category is none of its breakdown, or stands without its type.",
    STRAY_CATEGORY: "Deciles of England's areas make sense on a row of England only. A table that was put "
    "together by hand can have cells shifted.",
    TWO_BREAKDOWNS: "Deprivation of men, say.",
    VALUE_UNREADABLE: "The cell holds neither a number nor a mark for one that is not there.",
    REPEATED: "A row with the same area, group, period and figures is kept. Fingertips tells an area "
    "once for each parent.",
    DISAGREE: "None of them is kept: nothing says which is right.",
    UNKNOWN_AREA_TYPE: "The area is not of this place, and its type is none of those below.",
    WRONG_AREA_TYPE: "The place has an area of this code, of another type.",
    OTHER_AREA: "`comparators` names more of them.",
    NOT_WHOLE: "People can only be protected where they were counted.",
    ABOVE_DENOMINATOR: "Of a proportion.",
    OUT_OF_RANGE: "Below 0; of a proportion, above the multiplier.",
    LIMITS_APART: "The value is below the lower or above the upper limit.",
    UNPUBLISHED_VALUE: "The disclosure policy can only be applied to counts; a standardised rate has "
    "more behind it than two.",
    OTHER_EDITION: "Deciles by an older Index of Multiple Deprivation, or by older areas, for one period.",
    OTHER_PERIOD: "`periods` asks for others.",
    REDRAWN: "With `lsoa_lookup`: parts of several areas became one.",
    NOT_ADDABLE: "With `lsoa_lookup`: a part is not in the table or has no counts, or the figure is a "
    "standardised rate, which does not add up.",
    SPLIT_UNPUBLISHED: "With `lsoa_lookup`: nobody can tell how many of its count are in each part.",
}
"""Why a row is dropped, in the order in which the reasons are tried."""

CHANGED: Final = {
    SUPPRESSED: "The cell holds `*`, `c`, `[c]`, `<5`, `<6` or the like, or the note says so.",
    MISSING: "The cell is empty, or holds `-`, `null`, `..` or the like.",
    ROUNDED_COUNT: "Some publishers give modelled counts. The value is not touched.",
    LIMITS_SET_ASIDE: "Value and counts are the same in both rows.",
    VALUE_FROM_COUNTS: "Count and denominator are there.",
    ADDED_UP: "With `lsoa_lookup`: one figure, from their counts; suppressed where one of them is.",
    CARRIED_OVER: "With `lsoa_lookup`: value and limits as published, and no counts.",
}
"""What was done to a row that is kept."""

UNREMARKABLE: Final = frozenset({OTHER_INDICATOR, OTHER_AGE, OTHER_AREA, OTHER_PERIOD, UNKNOWN_AREA_TYPE})
"""Reasons that only say that a file holds more than was asked for: their rows are not listed."""

Mark = Literal["suppressed", "missing"]

SUPPRESSED_MARK: Final = r"^(\*+|\[?c\]?|<\s*\d+|suppress.*)$"
MISSING_MARK: Final = r"^(|-+|–|\.+|:|null|none|na|n/a|nan|\[[xz]\]|not available|not applicable)$"
SUPPRESSED_NOTE: Final = r"suppress|disclos|small (count|number)"
NUMBER: Final = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
THOUSANDS: Final = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"

AREA_LABELS: Final = (
    (r"^england$", (AreaType.COUNTRY,)),
    (r"^(government office )?regions?( \(statistical\))?$", (AreaType.REGION,)),
    (r"^(icbs?|integrated care boards?)\b(?!.*sub)", (AreaType.ICB,)),
    (r"^(icb sub|sub.?icb|ccgs?\b|clinical commissioning)", (AreaType.SUB_ICB,)),
    (r"^(pcns?|nhs primary care networks?|primary care networks?)\b", (AreaType.PCN,)),
    (r"^(gps?|(gp|general) practices?|practices?)\b", (AreaType.PRACTICE,)),
    (
        r"^(county|counties|upper tier).*(ua|unitary)|^(ua|unitary authorit)",
        (AreaType.LTLA, AreaType.UTLA),
    ),
    (r"^(county|counties|upper tier)", (AreaType.UTLA,)),
    (r"^(districts?|lower tier|local authorit)", (AreaType.LTLA, AreaType.UTLA)),
    (r"^(electoral )?wards?\b", (AreaType.WARD,)),
    (r"^(msoas?\b|middle)", (AreaType.MSOA,)),
    (r"^(lsoas?\b|lower (layer|super))", (AreaType.LSOA,)),
    *((rf"^{kind}$", (kind,)) for kind in AreaType),
)
"""What publishers call kinds of areas, in whatever year, and the kinds that their codes may be of here."""

AREA_CODES: Final = (
    (r"^E92\d{6}$", AreaType.COUNTRY),
    (r"^E12\d{6}$", AreaType.REGION),
    (r"^E10\d{6}$", AreaType.UTLA),
    (r"^E0[6-9]\d{6}$", AreaType.LTLA),
    (r"^E54\d{6}$", AreaType.ICB),
    (r"^E38\d{6}$", AreaType.SUB_ICB),
    (r"^U\d{5}$", AreaType.PCN),
    (r"^[A-Z]\d{5}$", AreaType.PRACTICE),
)
"""What the form of a code says of the kind of an area."""

_DECILES_OF: Final = (
    (r"county|counties", PublishedCut.COUNTY_UA_DECILE),
    (r"district", PublishedCut.DISTRICT_UA_DECILE),
    (r"ccg|clinical commissioning", PublishedCut.CCG_DECILE),
    (r"lsoa", PublishedCut.LSOA_DECILE),
)
_ORDINALS: Final = ("most", "second most", "third more", "fourth more", "fifth more")
_OTHER_ORDINALS: Final = ("fifth less", "fourth less", "third less", "second least", "least")
DECILES: Final = {
    f"{words} deprived decile": str(number)
    for number, words in enumerate((*_ORDINALS, *_OTHER_ORDINALS), start=1)
}
"""Fingertips' names of deciles, and ours: 1 is the most deprived, as everywhere here."""

SEXES: Final = {
    "": "",
    "persons": "",
    "person": "",
    "all": "",
    "not applicable": "",
    "male": "male",
    "males": "male",
    "female": "female",
    "females": "female",
}


def read_area_label(label: str) -> tuple[AreaType, ...]:
    """The kinds of areas that a publisher's name for them may mean here; none where it is not known.

    >>> [str(kind) for kind in read_area_label("County & UA (pre 4/19)")], read_area_label("PHE Centre")
    (['ltla', 'utla'], ())
    """
    text = label.casefold()
    return next((kinds for pattern, kinds in AREA_LABELS if re.search(pattern, text)), ())


def read_area_code(code: str) -> AreaType | None:
    """The kind of area that a code is of, by its form; ``None`` where it does not tell.

    >>> str(read_area_code("E12000003")), str(read_area_code("C87003")), read_area_code("Cl_L2_1a")
    ('region', 'practice', None)
    """
    return next((kind for pattern, kind in AREA_CODES if re.search(pattern, code)), None)


def read_category_type(text: str) -> tuple[PublishedCut, str] | None:
    """A category type of Fingertips as a cut, and the edition in brackets; ``None`` where it is not shown.

    >>> read_category_type("County & UA deprivation deciles in England (IMD2019, 4/21 geography)")
    (<PublishedCut.COUNTY_UA_DECILE: 'county_ua_decile'>, 'IMD2019, 4/21 geography')
    >>> read_category_type("Ethnic groups")
    """
    plain, bracket, rest = text.partition("(")
    folded = plain.casefold()
    if "deprivation decile" not in folded or "within" in folded:
        return None
    cut = next((cut for pattern, cut in _DECILES_OF if re.match(pattern, folded)), None)
    return (cut, rest.rstrip(") ") if bracket else "") if cut else None


def read_decile(text: str) -> str | None:
    """A decile's number from its name, with or without the edition in brackets.

    >>> read_decile("Most deprived decile (IMD2019) "), read_decile("Least deprived decile"), read_decile("x")
    ('1', '10', None)
    """
    return DECILES.get(text.partition("(")[0].strip().casefold())


def read_period(text: str) -> str | None:
    """A period as publishers write it, without needless spaces; ``None`` where it is not one.

    >>> [read_period(text) for text in ("2022/23", "2022/2023", "2015", "2017 – 19", "2017/18 - 19/20")]
    ['2022/23', '2022/23', '2015', '2017-19', '2017/18 - 19/20']
    >>> [read_period(text) for text in ("2022/24", "2019-17", "next year", "")]
    [None, None, None, None]
    """
    text = " ".join(text.replace("–", "-").replace("—", "-").split())
    if re.fullmatch(r"(19|20)\d{2}( Q[1-4])?", text):
        return text
    if found := re.fullmatch(r"((?:19|20)\d{2})/(?:\d{2})?(\d{2})( Q[1-4])?", text):
        start, end, quarter = found.groups()
        return f"{start}/{end}{quarter or ''}" if (int(start) + 1) % 100 == int(end) else None
    if found := re.fullmatch(r"((?:19|20)\d{2}) ?- ?(?:(?:19|20))?(\d{2})", text):
        start, end = found.groups()
        return f"{start}-{end}" if 0 < (int(end) - int(start)) % 100 < 20 else None
    if found := re.fullmatch(r"((?:19|20)\d{2}/\d{2}) ?- ?(?:19|20)?(\d{2}/\d{2})", text):
        return f"{found[1]} - {found[2]}"
    return None
