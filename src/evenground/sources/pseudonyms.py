"""Pseudonyms made with a key: one number always gives the same, and nobody without the key can undo it.

A pseudonym is the HMAC-SHA256 of a number, as hexadecimal digits in lower case. The key comes from an
environment variable. It is never written, shown or made part of a command that a message could repeat.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from enum import StrEnum
from typing import Final

import duckdb

from evenground.errors import Fault, InputError

KEY_VARIABLE: Final = "EVENGROUND_PSEUDONYM_KEY"
SHORTEST_KEY: Final = 32
"""Characters. Fewer could be tried out, and an NHS number found from its pseudonym."""

_BLOCK: Final = 64


class Number(StrEnum):
    """What a pseudonym may be made of."""

    NHS_NUMBER = "nhs_number"
    UPRN = "uprn"


def read_key(variable: str) -> tuple[bytes, list[Fault]]:
    """The key in an environment variable, or what is wrong with it."""
    text = os.environ.get(variable, "")
    hint = f"Set it in the environment of the build to {SHORTEST_KEY} or more random characters."
    if not text:
        return b"", [Fault(f"The environment variable {variable}", "is not set.", hint)]
    if len(text) < SHORTEST_KEY:
        what = f"holds a key of {len(text)} characters, which could be guessed."
        return b"", [Fault(f"The environment variable {variable}", what, hint)]
    return text.encode(), []


def is_nhs_number(text: str) -> bool:
    """Whether a text is an NHS number: ten digits of which the last is the check digit (modulus 11).

    Spaces and hyphens do not matter. Ten times the same digit is not one: systems use it to fill gaps.

    Examples
    --------
    >>> is_nhs_number("999 000 0018"), is_nhs_number("9990000019"), is_nhs_number("0000000000")
    (True, False, False)
    """
    digits = _bare(text)
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()) or len(set(digits)) == 1:
        return False
    total = sum((11 - place) * int(digit) for place, digit in enumerate(digits[:9], start=1))
    return (11 - total % 11) % 11 == int(digits[9])


def is_uprn(text: str) -> bool:
    """Whether a text has the form of a unique property reference number: 1 to 12 digits, not all 0."""
    digits = _bare(text).lstrip("0")
    return 1 <= len(digits) <= 12 and digits.isascii() and digits.isdigit()


def make_pseudonym(text: str, number: Number, key: bytes) -> str | None:
    """The pseudonym of one number, or ``None`` where it is not one; what ``pseudonym_sql`` does to a column.

    Raises
    ------
    InputError
        Where the key is shorter than 32 bytes.

    Examples
    --------
    >>> make_pseudonym("999 000 0018", Number.NHS_NUMBER, b"a key of at least 32 characters!")[:16]
    'f6ac0b8a3edbd335'
    """
    if len(key) < SHORTEST_KEY:
        raise InputError(f"A key of {len(key)} bytes is too short: give {SHORTEST_KEY} or more.")
    if number is Number.NHS_NUMBER:
        return hmac.new(key, _bare(text).encode(), "sha256").hexdigest() if is_nhs_number(text) else None
    bare = _bare(text).lstrip("0")
    return hmac.new(key, bare.encode(), "sha256").hexdigest() if is_uprn(text) else None


def _bare(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def hold_key(connection: duckdb.DuckDBPyConnection, key: bytes, name: str) -> None:
    """Give a connection a key to use under a name.

    It is held in variables, not in a table: a table can be paged out to disk when memory runs short.
    """
    padded = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    for pad, mask in (("inner", 0x36), ("outer", 0x5C)):
        masked = bytes(byte ^ mask for byte in padded)
        connection.execute(f"SET VARIABLE {name}_{pad} = $1::BLOB", [masked])


def pseudonym_sql(text: str, number: Number, key: str) -> str:
    """SQL for the pseudonyms of a column of texts, NULL where one is not such a number.

    ``key`` is the name that ``hold_key`` was given: the key itself is not in the SQL, which an error could
    repeat.
    """
    bare = f"regexp_replace({text}, '[ -]', '', 'g')"
    if number is Number.NHS_NUMBER:
        digits = f"CASE WHEN {nhs_number_sql(bare)} THEN {bare} END"
    else:
        trimmed = f"ltrim({bare}, '0')"
        digits = f"CASE WHEN regexp_full_match({trimmed}, '[0-9]{{1,12}}') THEN {trimmed} END"
    return keyed_hash_sql(digits, key)


def keyed_hash_sql(text: str, key: str) -> str:
    """SQL for the HMAC-SHA256 of a text under a key that ``hold_key`` was given, NULL where it is NULL."""
    inner, outer = (f"getvariable('{key}_{pad}')" for pad in ("inner", "outer"))
    return f"sha256({outer} || unhex(sha256({inner} || encode({text}))))"


def forget_key(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Take from a connection a key that ``hold_key`` gave it."""
    for pad in ("inner", "outer"):
        connection.execute(f"RESET VARIABLE {name}_{pad}")


def nhs_number_sql(digits: str) -> str:
    """SQL for whether a text without spaces is an NHS number."""
    total = " + ".join(f"{11 - place} * TRY_CAST({digits}[{place}] AS INTEGER)" for place in range(1, 10))
    return (
        f"(regexp_full_match({digits}, '[0-9]{{10}}') AND {digits} <> repeat({digits}[1], 10) "
        f"AND (11 - ({total}) % 11) % 11 = TRY_CAST({digits}[10] AS INTEGER))"
    )
