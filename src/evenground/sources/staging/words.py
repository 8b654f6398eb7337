"""The provider's spellings that are understood without a mapping, and the words of the report."""

from __future__ import annotations

import re
from typing import Final

from evenground.vocabulary import ETHNIC_GROUPS, MISSING_CATEGORY, Sex

EMPTY_CELLS: Final = ("", "NULL", "null", "\\N", "NaN", "nan", "NaT", "None", "<NA>")
"""What databases and spreadsheets write into a CSV cell that holds nothing."""

SEX_WORDS: Final = {
    **dict.fromkeys(("1", "m", "male", "man"), Sex.MALE),
    **dict.fromkeys(("2", "f", "female", "woman"), Sex.FEMALE),
    **dict.fromkeys(("9", "i", "indeterminate"), Sex.INDETERMINATE),
    **dict.fromkeys(("0", "x", "u", "unknown", "not known", "not_known", "not specified"), Sex.NOT_KNOWN),
}
"""Sex in lower case. The digits are the NHS Data Dictionary's PERSON STATED GENDER CODE."""

_LONG_NAMES: Final = {
    "A": ("British", "White - British"),
    "B": ("Irish", "White - Irish"),
    "C": ("Any other White background", "White - Any other White background"),
    "D": ("Mixed - White and Black Caribbean",),
    "E": ("Mixed - White and Black African",),
    "F": ("Mixed - White and Asian",),
    "G": ("Any other mixed background", "Mixed - Any other mixed background"),
    "H": ("Asian or Asian British - Indian",),
    "J": ("Asian or Asian British - Pakistani",),
    "K": ("Asian or Asian British - Bangladeshi",),
    "L": ("Any other Asian background", "Asian or Asian British - Any other Asian background"),
    "M": ("Black or Black British - Caribbean",),
    "N": ("Black or Black British - African",),
    "P": ("Any other Black background", "Black or Black British - Any other Black background"),
    "R": ("Other Ethnic Groups - Chinese",),
    "S": ("Any other ethnic group", "Other Ethnic Groups - Any other ethnic group"),
    "Z": ("Not stated",),
    "99": ("Not known", "Unknown"),
}


def plain_key(text: str) -> str:
    """A label with only its letters and digits, in lower case: 'White - British' is 'whitebritish'."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


ETHNIC_WORDS: Final = {
    **{plain_key(name): code for code, name in ETHNIC_GROUPS.items()},
    **{plain_key(name): code for code, names in _LONG_NAMES.items() for name in names},
    **{plain_key(code): code for code in ETHNIC_GROUPS},
    plain_key(MISSING_CATEGORY): MISSING_CATEGORY,
}
"""Ethnic groups by plain key: the 16+1 codes, our short names and the NHS Data Dictionary's long ones."""

NATIONAL_ETHNIC_LETTERS: Final = "".join(code for code in ETHNIC_GROUPS if len(code) == 1)

NO_PERSON = "no person identifier"
NOT_NHS_NUMBER = "person identifier is not an NHS number"
PERSON_ROUNDED = "person identifier in scientific notation (digits lost)"
BIRTH_MISSING = "date of birth missing"
BIRTH_UNREADABLE = "date of birth not readable"
BORN_LATER = "born after the date of the data"
TOO_OLD = "older than 120"
DIED_BEFORE_BIRTH = "died before birth"
SAME_PERSON_ROW = "the same row again"
OTHER_PERSON_ROW = "another row for a person already kept"
NOT_ON_REGISTER = "not a person of the register"
OPTED_OUT_NATIONAL = "opted out (National Data Opt-out)"
OPTED_OUT_TYPE_1 = "opted out (type 1)"
NOT_LINKED = "not linked to a person of the register"

UNKNOWN_PERSON = "unknown person"
DROPPED_PERSON = "person was dropped"
NO_CODE = "no code"
UNKNOWN_SYSTEM = "code system not known"
NOT_AGREED = "code that no agreement covers"
CODE_ROUNDED = "code in scientific notation (digits lost)"
WRONG_CODE_FORM = "code without the form of its code system"
DATE_MISSING = "date missing"
DATE_UNREADABLE = "date not readable"
DATED_LATER = "dated after the date of the data"
DATED_BEFORE_BIRTH = "dated before birth"
SAME_EVENT = "the same event again"

RAGGED = "row with too few or too many cells"
BROKEN_ROW = "row with a stray quotation mark or far too long"

SEX_UNKNOWN = "sex not recognised (kept as not known)"
ETHNIC_UNKNOWN = "ethnic group not recognised (kept as missing)"
LSOA_UNKNOWN = "LSOA not in the place's areas (kept as area unknown)"
LSOA_NOT_IN_LOOKUP = "LSOA not in the look-up of editions (kept as area unknown)"
LSOA_BEST_FIT = "LSOA of the other edition that is now several (kept in one of them)"
PRACTICE_UNKNOWN = "practice not in the place's practices (kept without one)"
DEATH_UNREADABLE = "date of death not readable (kept as alive)"
DIED_LATER = "died after the date of the data (kept as alive)"
LEFT_UNREADABLE = "date of leaving not readable (kept as still here)"
LEFT_LATER = "left after the date of the data (kept as still here)"
LEFT_BEFORE_BIRTH = "left before birth (kept as still here)"
SEX_DIFFERS = "sex differs from an earlier source (the earlier is kept)"
BIRTH_DIFFERS = "date of birth differs from an earlier source (the earlier is kept)"
ETHNIC_DIFFERS = "ethnic group differs from an earlier source (the earlier is kept)"
LSOA_DIFFERS = "LSOA differs from an earlier source (the earlier is kept)"
DEATH_DIFFERS = "date of death differs from an earlier source (the earlier is kept)"
SEX_FILLED = "sex fills a gap of an earlier source"
ETHNIC_FILLED = "ethnic group fills a gap of an earlier source"
LSOA_FILLED = "LSOA fills a gap of an earlier source"
DEATH_FILLED = "date of death fills a gap of an earlier source"
PRACTICE_FILLED = "practice fills a gap of an earlier source"
CODE_REPAIRED = "code written as a decimal number (repaired)"
VALUE_NOT_NUMERIC = "value not numeric (kept without a value)"

OUTSIDE: Final = 1
NO_AREA: Final = 2
BY_FIT: Final = 3
"""What became of an area that was given, where it is not simply one of the place's."""

UNREADABLE = "line that is not a resource of its type"
IN_ERROR = "entered in error"
NOT_CONFIRMED = "refuted or not confirmed"
NOT_DONE = "not done, planned or cancelled"
NOT_A_PATIENT = "not about a patient"
FLAG_UNKNOWN = "flag not recognised"
MARKS: Final = {
    "unreadable": UNREADABLE,
    "in_error": IN_ERROR,
    "not_confirmed": NOT_CONFIRMED,
    "not_done": NOT_DONE,
    "not_a_patient": NOT_A_PATIENT,
    "flag": FLAG_UNKNOWN,
}
"""What a kind of source may mark a row of events with, so that it is dropped under that reason."""

NOT_IN_USE = "record not in use (replaced by another)"
DIED_UNDATED = "died, and no date of death is given"
PERSON_MARKS: Final = {
    "unreadable": UNREADABLE,
    "not_in_use": NOT_IN_USE,
    "died_undated": DIED_UNDATED,
}
"""What a kind of source may mark a row of persons with, so that it is dropped under that reason."""

BIRTH_YEAR_ONLY = "only the year of birth is known (taken as 1 July)"
IN_PART = "in_part"
DATE_IN_PART = "only the month or year is known (taken as its first day)"

NOT_ALLOWED: Final = (OPTED_OUT_NATIONAL, OPTED_OUT_TYPE_1, NOT_AGREED)
"""Reasons that say nothing against a file: its rows are right, and not ours to read."""

DROPPED_PERSONS: Final = {
    UNREADABLE: "In a FHIR source: it is not whole JSON, or of another type than the file's name says.",
    NOT_IN_USE: "In a FHIR source: not active, or replaced by another patient.",
    DIED_UNDATED: "In a FHIR source: dead, and nothing says since when.",
    NO_PERSON: "The cell that identifies the person is empty.",
    NOT_NHS_NUMBER: "Where `pseudonymise` is set: not ten digits, or a wrong check digit.",
    OPTED_OUT_NATIONAL: "On a list of `[[opt_outs]]`: removed before anything else is looked at.",
    OPTED_OUT_TYPE_1: "On a list of `[[opt_outs]]`: removed before anything else is looked at.",
    NOT_LINKED: "In a source with a linkage: no match was sure enough.",
    PERSON_ROUNDED: "A spreadsheet wrote it as 1.23E+11. Export it again as text.",
    BIRTH_MISSING: "The cell is empty.",
    BIRTH_UNREADABLE: "It is not in one of the date forms below.",
    BORN_LATER: "The date of birth is after `as_at` of `place.toml`.",
    TOO_OLD: "The age at `as_at`, or at death or leaving if earlier, is above 120 years.",
    DIED_BEFORE_BIRTH: "One of the two dates must be wrong, and nothing says which.",
    SAME_PERSON_ROW: "An identical row for this person is kept.",
    OTHER_PERSON_ROW: "Rows for one person differ. Kept: the row without a date of leaving, or with the "
    "latest; of several, the last one.",
    NOT_ON_REGISTER: "The source brings no people of its own, and this one does not count.",
    RAGGED: "The row has more or fewer cells than the header line.",
    BROKEN_ROW: "A quotation mark is not closed, or one row is longer than two million characters.",
}
"""Why a row of persons is dropped, in the order in which the reasons are tried."""

DROPPED_EVENTS: Final = {
    UNREADABLE: "In a FHIR source: it is not whole JSON, or of another type than the file's name says.",
    IN_ERROR: "In a FHIR source: the status says so.",
    NOT_CONFIRMED: "In a FHIR source: a condition that is refuted, unconfirmed, provisional or differential.",
    NOT_DONE: "In a FHIR source: the status says that it did not happen, or not yet.",
    NOT_A_PATIENT: "In a FHIR source: the subject is a group, device or place.",
    FLAG_UNKNOWN: "In a wide source: the cell says neither yes nor no.",
    NO_PERSON: "The cell that identifies the person is empty.",
    NOT_NHS_NUMBER: "Where `pseudonymise` is set: not ten digits, or a wrong check digit.",
    OPTED_OUT_NATIONAL: "On a list of `[[opt_outs]]`: removed before anything else is looked at.",
    OPTED_OUT_TYPE_1: "On a list of `[[opt_outs]]`: removed before anything else is looked at.",
    NOT_LINKED: "In a source with a linkage: no match was sure enough.",
    UNKNOWN_PERSON: "No person with this identifier is counted.",
    DROPPED_PERSON: "The person is in a persons file, and was dropped there.",
    NO_CODE: "The cell is empty.",
    UNKNOWN_SYSTEM: "The cell names none of our code systems. Give it in `values.code_system`.",
    CODE_ROUNDED: "A spreadsheet wrote it as 5.9621E+7. Export it again with the code as text.",
    WRONG_CODE_FORM: "SNOMED CT and dm+d codes are 6 to 18 digits, LOINC codes digits with a check digit "
    "after a hyphen, OMOP concepts numbers above 0; other codes have up to 40 characters.",
    NOT_AGREED: "The agreement on this source names features, and none of them has this code.",
    DATE_MISSING: "The cell is empty.",
    DATE_UNREADABLE: "It is not in one of the date forms below.",
    DATED_LATER: "The event is dated after `as_at` of `place.toml`.",
    DATED_BEFORE_BIRTH: "The event is dated before the person's date of birth.",
    SAME_EVENT: "Person, code, date and value are those of an event that is kept.",
    RAGGED: "The row has more or fewer cells than the header line.",
    BROKEN_ROW: "A quotation mark is not closed, or one row is longer than two million characters.",
}
"""Why a row of events is dropped, in the order in which the reasons are tried."""

CHANGED_PERSONS: Final = {
    SEX_UNKNOWN: "Give it in `values.sex`.",
    ETHNIC_UNKNOWN: "Give it in `values.ethnic_group`.",
    LSOA_UNKNOWN: "The person is counted, with the area unknown.",
    LSOA_NOT_IN_LOOKUP: "In a source with `lsoa_lookup`. The person is counted, with the area unknown.",
    LSOA_BEST_FIT: "In a source with `lsoa_lookup`. The part with the most people, or else the first code.",
    PRACTICE_UNKNOWN: "The person is counted, without a practice.",
    DEATH_UNREADABLE: "It is not in one of the date forms below.",
    DIED_LATER: "At the date of the data the person was alive.",
    LEFT_UNREADABLE: "It is not in one of the date forms below.",
    LEFT_LATER: "At the date of the data the person was still here. 31/12/9999 is such a date.",
    LEFT_BEFORE_BIRTH: "The date of leaving is set aside.",
    BIRTH_YEAR_ONLY: "In an OMOP or FHIR source. The middle of the year is wrong by half a year at most.",
    BIRTH_DIFFERS: "A month that agrees with a full date is no difference.",
    SEX_DIFFERS: "Both sources name a sex.",
    SEX_FILLED: "Not known in an earlier source, known in this one.",
    ETHNIC_DIFFERS: "Both sources name one of the 16 groups.",
    ETHNIC_FILLED: "Missing, not known or not stated in an earlier source, named in this one.",
    LSOA_DIFFERS: "Both sources give an area, inside the place or outside.",
    LSOA_FILLED: "Not given in an earlier source, given in this one.",
    PRACTICE_FILLED: "Without a practice in an earlier source, with one in this one.",
    DEATH_DIFFERS: "Both sources give a date of death.",
    DEATH_FILLED: "Alive in an earlier source, dead in this one.",
}
"""What was set aside in a row of persons that is kept."""

CHANGED_EVENTS: Final = {
    CODE_REPAIRED: "59621000.0 is read as 59621000.",
    VALUE_NOT_NUMERIC: "The event is kept without a value.",
    DATE_IN_PART: "In a FHIR source: 2019-05 is read as 2019-05-01, and 2019 as 2019-01-01.",
}
"""What was set aside in a row of events that is kept."""
