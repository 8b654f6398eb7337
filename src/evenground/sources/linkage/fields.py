"""What two records are compared by: the fields, the keys made of them, and how closely two may agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DIFFERENT: Final = "different"
MISSING: Final = "missing"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a person, as both sides hold it.

    ``keys`` are the columns made of it, to block on and to compare. ``levels`` are the ways in which two
    may agree, closest first: words and the SQL of a pair, in which ``l_`` and ``r_`` start the two sides.
    """

    name: str
    words: str
    keys: tuple[str, ...]
    levels: Mapping[str, str]


def _equal(key: str) -> str:
    return f"{key}_l = {key}_r"


_NAME_WORDS: Final = {"forename": "forename", "surname": "surname"}
_PARTS: Final = ("birth_year", "birth_month", "birth_day")


def _name_field(name: str) -> Field:
    keys = (name, f"{name}_sound", f"{name}_start")
    levels = {"same": keys[0], "sounds_alike": keys[1], "same_start": keys[2]}
    return Field(name, _NAME_WORDS[name], keys, {level: _equal(key) for level, key in levels.items()})


FIELDS: Final = {
    field.name: field
    for field in (
        Field(
            "birth_date",
            "date of birth",
            ("birth_date", *_PARTS),
            {
                "same": _equal("birth_date"),
                "day_and_month_swapped": "birth_year_l = birth_year_r AND birth_month_l = birth_day_r "
                "AND birth_day_l = birth_month_r",
                "two_parts_same": " OR ".join(
                    f"({_equal(one)} AND {_equal(other)})"
                    for one, other in zip(_PARTS, (*_PARTS[1:], _PARTS[0]), strict=True)
                ),
            },
        ),
        Field("sex", "sex", ("sex",), {"same": _equal("sex")}),
        _name_field("forename"),
        _name_field("surname"),
        Field(
            "postcode",
            "postcode",
            ("postcode", "postcode_sector"),
            {"same": _equal("postcode"), "same_sector": _equal("postcode_sector")},
        ),
        Field("uprn", "property number", ("uprn",), {"same": _equal("uprn")}),
    )
}
"""Every field that a linkage may name."""

KEYS: Final = {key: field for field in FIELDS.values() for key in field.keys}
"""Every key that a blocking rule may name, and the field that it is made of."""

HASHED: Final = ("forename", "surname", "postcode", "uprn")
"""Fields of which nothing but keys, hashed, is ever held."""

GROUPS: Final = ("ethnic_group", "lsoa_code")
"""Columns that are not compared: the rate of linkage is told by them."""
