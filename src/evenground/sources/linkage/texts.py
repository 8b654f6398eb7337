"""Names and postcodes as keys: written one way, then hashed with the key before anything else sees them."""

from __future__ import annotations

from typing import Final

from evenground.sources.pseudonyms import Number, keyed_hash_sql, pseudonym_sql

_SPELT_OUT: Final = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
"""Letters that are no accented form of another."""

_CODED: Final = ("bfpvcgjkqsxzdtlmnraeiouyhw", "11112222222233455600000000")
"""Soundex: letters and their digits; 0 stands for letters that only keep others apart."""


def key_sql(key: str, text: str, secret: str) -> str:
    """SQL for a key of a field, from the SQL of the provider's text; NULL where there is nothing to compare.

    ``secret`` is the name of the key of pseudonyms that the connection holds.
    """
    if key == "uprn":
        # A provider may have made the pseudonyms itself, with the same key.
        made = pseudonym_sql(text, Number.UPRN, secret)
        return f"CASE WHEN {is_hash_sql(text)} THEN {text} ELSE {made} END"
    plain = _plain_postcode(text) if key.startswith("postcode") else plain_name(text)
    parts = {
        "postcode_sector": _sector(plain),
        "forename_start": _start(plain),
        "surname_start": _start(plain),
        "forename_sound": soundex(plain),
        "surname_sound": soundex(plain),
    }
    # What is hashed says what it is, so that a whole name never equals the start of another.
    what = key.replace("forename", "name").replace("surname", "name")
    return keyed_hash_sql(f"'{what}:' || nullif({parts.get(key, plain)}, '')", secret)


def is_hash_sql(text: str) -> str:
    """SQL for whether a text has the form of a hash."""
    return f"regexp_full_match({text}, '[0-9a-f]{{64}}')"


def plain_name(text: str) -> str:
    """SQL for a name in small letters without accents, spaces or punctuation, in any script."""
    spelt = f"lower({text})"
    for letter, letters in _SPELT_OUT.items():
        spelt = f"replace({spelt}, '{letter}', '{letters}')"
    return rf"regexp_replace(strip_accents({spelt}), '[^\p{{L}}]', '', 'g')"


def _plain_postcode(text: str) -> str:
    bare = f"upper(regexp_replace({text}, '[^A-Za-z0-9]', '', 'g'))"
    # ZZ99 3VZ and its like stand for no fixed abode and unknown addresses: two that share it share nothing.
    whole = f"regexp_full_match({bare}, '[A-Z]{{1,2}}[0-9][A-Z0-9]?[0-9][A-Z]{{2}}')"
    return f"CASE WHEN {whole} AND NOT starts_with({bare}, 'ZZ99') THEN {bare} END"


def _sector(plain: str) -> str:
    return f"left({plain}, length({plain}) - 2)"


def _start(plain: str) -> str:
    return f"CASE WHEN length({plain}) >= 3 THEN left({plain}, 3) END"


def soundex(plain: str) -> str:
    """SQL for the Soundex of a plain name, its first letter and three digits; NULL in other scripts."""
    letters, digits = _CODED
    joined = f"left({plain}, 1) || regexp_replace(substr({plain}, 2), '[hw]', '', 'g')"
    coded = f"translate({joined}, '{letters}', '{digits}')"
    for digit in "123456":
        coded = f"regexp_replace({coded}, '{digit}+', '{digit}', 'g')"
    number = f"left(replace(substr({coded}, 2), '0', '') || '000', 3)"
    return f"CASE WHEN regexp_full_match({plain}, '[a-z]+') THEN left({plain}, 1) || {number} END"
