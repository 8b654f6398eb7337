"""Names and postcodes that are written differently become the same key, and only those."""

from __future__ import annotations

import hashlib
import hmac

import duckdb
import pytest

from evenground.sources.linkage.texts import key_sql, plain_name, soundex
from evenground.sources.pseudonyms import hold_key
from tests.support.linkage import KEY


def of(sql: str, text: str) -> str | None:
    with duckdb.connect() as connection:
        hold_key(connection, KEY.encode(), "key")
        return connection.execute(f"SELECT {sql} FROM (SELECT ?::VARCHAR AS t)", [text]).fetchall()[0][0]


def key_of(key: str, text: str) -> str | None:
    return of(key_sql(key, "t", "key"), text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  O'Barvex-Lod ", "obarvexlod"),
        ("Fáñdêll", "fandell"),
        ("Groß Łøk", "grosslok"),
        ("Ωμέγα", "ωμεγα"),
        ("12", ""),
    ],
)
def test_a_name_loses_case_accents_and_punctuation(text: str, plain: str) -> None:
    assert of(plain_name("t"), text) == plain


@pytest.mark.parametrize(
    ("name", "code"),
    # The examples of the National Archives of the United States, and of Knuth's volume 3.
    [
        ("washington", "w252"),
        ("lee", "l000"),
        ("gutierrez", "g362"),
        ("pfister", "p236"),
        ("jackson", "j250"),
        ("tymczak", "t522"),
        ("ashcraft", "a261"),
        ("euler", "e460"),
        ("ellery", "e460"),
        ("lloyd", "l300"),
        ("hilbert", "h416"),
        ("honeyman", "h555"),
        ("ωμεγα", None),
    ],
)
def test_names_that_sound_alike_have_one_code(name: str, code: str | None) -> None:
    assert of(soundex("t"), name) == code


def test_a_key_is_the_hmac_of_what_it_is_and_the_plain_text() -> None:
    expected = hmac.new(KEY.encode(), b"name:fandell", hashlib.sha256).hexdigest()
    assert key_of("surname", "Fán-Dell") == key_of("forename", "FANDELL") == expected
    sector = hmac.new(KEY.encode(), b"postcode_sector:WB13", hashlib.sha256).hexdigest()
    assert key_of("postcode_sector", "wb1 3ab") == sector


def test_a_short_name_is_not_taken_for_the_start_of_a_longer_one() -> None:
    assert key_of("surname", "Lod") != key_of("surname_start", "Lodmara")
    assert key_of("surname_start", "Lod") == key_of("surname_start", "Lodmara")
    assert key_of("surname_start", "Lo") is None


@pytest.mark.parametrize("text", ["", "-", "123", "no fixed abode", "ZZ99 3VZ", "WB1", "WB1 3A"])
def test_what_is_no_postcode_is_missing(text: str) -> None:
    assert key_of("postcode", text) is None
    assert key_of("postcode_sector", text) is None


def test_postcodes_are_the_same_with_and_without_a_space() -> None:
    assert key_of("postcode", "WB1 3AB") == key_of("postcode", "wb13ab") != key_of("postcode", "WB1 3AC")
    assert key_of("postcode_sector", "WB1 3AB") == key_of("postcode_sector", "WB1 3XY")


def test_a_property_number_may_come_as_a_number_or_as_the_pseudonym_of_the_provider() -> None:
    expected = hmac.new(KEY.encode(), b"12345678", hashlib.sha256).hexdigest()
    assert key_of("uprn", "000012345678") == expected
    assert key_of("uprn", expected) == expected
    assert key_of("uprn", "none") is None
