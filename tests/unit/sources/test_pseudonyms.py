"""NHS numbers become pseudonyms under a key that nothing shows, and that nothing else can stand in for."""

from __future__ import annotations

import hashlib
import hmac
import json

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError, SourceError
from evenground.sources.pseudonyms import (
    KEY_VARIABLE,
    Number,
    hold_key,
    is_nhs_number,
    is_uprn,
    make_pseudonym,
    pseudonym_sql,
)
from evenground.sources.staging import words
from tests.support.sources import Sources

KEY = "an invented key of more than thirty-two characters"
NUMBERS = ("9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069")
PERSONS = "person_id,birth_date\n" + "".join(f"{number},1980-01-01\n" for number in NUMBERS)
EVENTS = f"person_id,code,event_date\n999-000-0026,59621000,2020-01-01\n{NUMBERS[0]},59621000,2020-01-02\n"


def by_sql(texts: list[str], number: Number, key: bytes) -> list[str | None]:
    with duckdb.connect() as connection:
        hold_key(connection, key, "key")
        connection.execute("CREATE TEMP TABLE texts (n INTEGER, t VARCHAR)")
        connection.executemany("INSERT INTO texts VALUES (?, ?)", list(enumerate(texts)))
        sql = f"SELECT {pseudonym_sql('t', number, 'key')} FROM texts ORDER BY n"
        return [row[0] for row in connection.execute(sql).fetchall()]


def test_a_pseudonym_is_the_hmac_of_the_digits() -> None:
    expected = hmac.new(KEY.encode(), b"9990000018", hashlib.sha256).hexdigest()
    assert make_pseudonym("999 000 0018", Number.NHS_NUMBER, KEY.encode()) == expected
    assert by_sql(["999-000-0018"], Number.NHS_NUMBER, KEY.encode()) == [expected]


def test_rfc_4231_vector_of_a_key_longer_than_a_block() -> None:
    key = b"\xaa" * 131
    with duckdb.connect() as connection:
        hold_key(connection, key, "key")
        text = "Test Using Larger Than Block-Size Key - Hash Key First"
        pads = ["getvariable('key_outer')", "getvariable('key_inner')"]
        sql = f"SELECT sha256({pads[0]} || unhex(sha256({pads[1]} || encode('{text}'))))"
        made = connection.execute(sql).fetchall()[0][0]
    assert made == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.one_of(
            st.text("0123456789 -", min_size=1, max_size=14),
            st.integers(0, 9_999_999_999).map(lambda n: f"{n:010}"),
            st.sampled_from([*NUMBERS, "0000000000", "1111111111", "9999999999", "999000001x", "é"]),
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(Number),
)
def test_sql_and_python_make_the_same_pseudonyms(texts: list[str], number: Number) -> None:
    assert by_sql(texts, number, KEY.encode()) == [make_pseudonym(t, number, KEY.encode()) for t in texts]


def test_check_digits_and_fillers_are_told_apart() -> None:
    assert all(map(is_nhs_number, NUMBERS))
    wrong = [
        "9990000019",
        "999000001",
        "99900000180",
        "0000000000",
        "1111111111",
        "",
        "abcdefghij",
        "٩٩٩٠٠٠٠٠١٨",
    ]
    assert not any(map(is_nhs_number, wrong))


def test_a_property_number_has_up_to_twelve_digits_and_leading_noughts_do_not_matter() -> None:
    assert is_uprn("100012345678")
    assert not any(map(is_uprn, ["", "000", "1234567890123", "12a"]))
    made = {make_pseudonym(text, Number.UPRN, KEY.encode()) for text in ("12345678", "000012345678")}
    assert len(made) == 1
    assert None not in made


def test_another_key_gives_another_pseudonym_and_a_short_one_none() -> None:
    assert make_pseudonym(NUMBERS[0], Number.NHS_NUMBER, KEY.encode()) != make_pseudonym(
        NUMBERS[0], Number.NHS_NUMBER, KEY.upper().encode()
    )
    with pytest.raises(InputError, match="A key of 5 bytes is too short"):
        make_pseudonym(NUMBERS[0], Number.NHS_NUMBER, b"short")


def test_a_source_of_nhs_numbers_is_read_where_it_says_so(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    sources.add_extract("GP", persons=PERSONS, events=EVENTS, pseudonymise="nhs_number")
    (report,) = sources.load()
    assert pl.read_parquet(report.persons).height == len(NUMBERS)
    assert report.tables[1].kept == 2
    written = report.persons.read_bytes() + report.events.read_bytes()
    assert not any(number.encode() in written for number in NUMBERS)


def test_pseudonyms_of_a_provider_and_those_made_here_are_the_same_person(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_KEY", KEY)
    pseudonyms = [make_pseudonym(number, Number.NHS_NUMBER, KEY.encode()) for number in NUMBERS]
    register = "person_id,birth_date\n" + "".join(f"{p},1980-01-01\n" for p in pseudonyms)
    sources.add_extract("GP", persons=register)
    options = {"identifiers": "GP", "pseudonymise": "nhs_number", "pseudonym_key": "OUR_KEY"}
    sources.add_extract("Hospital", events=EVENTS, **options)
    assert sources.load()[1].tables[0].kept == 2


def test_a_fhir_identifier_may_be_an_nhs_number(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    system = "https://fhir.nhs.uk/Id/nhs-number"
    patients = [
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "birthDate": "1980-01-01",
            "identifier": [{"system": system, "value": number}],
        }
        for number in NUMBERS
    ]
    conditions = [
        {
            "resourceType": "Condition",
            "subject": {"reference": f"Patient/p{number}"},
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "38341003"}]},
            "onsetDateTime": "2020-05-05",
        }
        for number in (NUMBERS[0], "nobody")
    ]
    for name, resources in (("Patient", patients), ("Condition", conditions)):
        sources.write(f"fhir/{name}.ndjson", "".join(f"{json.dumps(r)}\n" for r in resources))
    sources.add("Trust", "fhir", path="fhir", identifier=system, pseudonymise="nhs_number")
    (report,) = sources.load()
    assert report.tables[0].kept == len(NUMBERS)
    assert (report.tables[1].kept, report.tables[1].dropped) == (1, {words.UNKNOWN_PERSON: 1})


def test_what_is_no_nhs_number_is_dropped_and_counted(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    persons = PERSONS + "9990000019,1980-01-01\n0000000000,1980-01-01\n,1980-01-01\n"
    sources.add_extract(
        "GP", persons=persons, events=EVENTS + "p7,59621000,2020-01-01\n", pseudonymise="nhs_number"
    )
    persons_table, events_table = sources.load()[0].tables
    assert persons_table.dropped == {words.NOT_NHS_NUMBER: 2, words.NO_PERSON: 1}
    assert events_table.dropped == {words.NOT_NHS_NUMBER: 1}


@pytest.mark.parametrize(
    ("key", "message"), [(None, "is not set"), ("too short a key", "holds a key of 15 characters")]
)
def test_a_key_that_is_not_there_or_too_short_is_told_without_it(
    sources: Sources, monkeypatch: pytest.MonkeyPatch, key: str | None, message: str
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    if key:
        monkeypatch.setenv(KEY_VARIABLE, key)
    sources.add_extract("GP", persons=PERSONS, events=EVENTS, pseudonymise="nhs_number")
    (fault,) = sources.check()
    assert f"The environment variable {KEY_VARIABLE}: {message}" in str(fault)
    assert not key or key not in str(fault)


def test_no_message_or_report_holds_the_key_or_a_number(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    sources.add_extract("GP", persons=PERSONS, events=EVENTS, pseudonymise="nhs_number")
    told = repr(sources.load())
    sources.write("GP/events.csv", EVENTS.replace("2020", "20-20"))
    with pytest.raises(SourceError) as raised:
        sources.load()
    told += f"{raised.value!r} {raised.value.__context__!r}"
    assert not any(secret in told for secret in (KEY, *NUMBERS))
