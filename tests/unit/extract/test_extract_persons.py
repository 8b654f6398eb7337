"""Persons of an extract: what is kept, what is set aside, what is dropped, and under which words."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from evenground.contract import PERSONS as CONTRACT
from evenground.errors import SourceError
from evenground.sources.staging import words
from tests.support.extracts import Extract


def test_persons_are_numbered_in_order_of_their_pseudonyms(extract: Extract) -> None:
    persons, report = extract.load_persons()
    assert persons.columns == [column.name for column in CONTRACT]
    assert persons["person_id"].to_list() == [0, 1, 2]
    assert persons["birth_date"].to_list() == [
        dt.date(1980, 1, 1),
        dt.date(2001, 12, 31),
        dt.date(1950, 6, 15),
    ]
    assert persons["sex"].to_list() == ["female", "indeterminate", "male"]
    assert persons["ethnic_group"].to_list() == ["J", "Z", "A"]
    assert persons["death_date"].to_list() == [None, dt.date(2020, 5, 5), None]
    assert (report.read, report.kept, report.dropped, report.changed) == (3, 3, {}, {})


def test_columns_that_an_extract_lacks_may_be_left_out(extract: Extract) -> None:
    extract.persons["columns"] = {"person_id": "person_id", "birth_date": "birth_date"}
    persons, report = extract.load_persons()
    assert set(persons["sex"]) == {"not_known"}
    assert set(persons["ethnic_group"]) == {"missing"}
    assert set(persons["lsoa_code"]) == {"unknown"}
    assert persons["practice_code"].null_count() == 3
    assert report.changed == {}


def test_a_constant_stands_for_everybody(extract: Extract) -> None:
    del extract.persons["columns"]["practice_code"]
    extract.persons["constants"] = {"practice_code": "Y9"}
    persons, _ = extract.load_persons()
    assert set(persons["practice_code"]) == {"Y9"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",1950-01-01,1,A,E01000001,Y1,,", words.NO_PERSON),
        ("4.85E+09,1950-01-01,1,A,E01000001,Y1,,", words.PERSON_ROUNDED),
        ("p9,,1,A,E01000001,Y1,,", words.BIRTH_MISSING),
        ("p9,soon,1,A,E01000001,Y1,,", words.BIRTH_UNREADABLE),
        ("p9,1/2/50,1,A,E01000001,Y1,,", words.BIRTH_UNREADABLE),
        ("p9,2026-04-01,1,A,E01000001,Y1,,", words.BORN_LATER),
        ("p9,1876-01-01,1,A,E01000001,Y1,,", words.TOO_OLD),
        ("p9,1950-01-01,1,A,E01000001,Y1,1949-12-31,", words.DIED_BEFORE_BIRTH),
        ("p1,1980-01-01,2,J,E01000002,Y1,,", words.SAME_PERSON_ROW),
        ("p1,1980-01-01,2,J,E01000002,Y1,,2020-01-01", words.OTHER_PERSON_ROW),
        ("p9,1950-01-01,1,A", words.RAGGED),
        ("p9,1950-01-01,1,A,E01000001,Y1,,,extra", words.RAGGED),
        ('p9,1950-01-01,1,A,E01000001,Y1,,"2020', words.BROKEN_ROW),
    ],
)
def test_a_row_that_cannot_be_used_is_dropped_under_one_reason(
    extract: Extract, row: str, reason: str
) -> None:
    extract.add_persons(row)
    persons, report = extract.load_persons()
    assert persons.height == 3
    assert (report.read, report.kept, report.dropped) == (4, 3, {reason: 1})


@pytest.mark.parametrize(
    ("row", "change", "column", "kept"),
    [
        ("p9,1950-01-01,7,A,E01000001,Y1,,", words.SEX_UNKNOWN, "sex", "not_known"),
        ("p9,1950-01-01,1,Q,E01000001,Y1,,", words.ETHNIC_UNKNOWN, "ethnic_group", "missing"),
        ("p9,1950-01-01,1,A,W01000001,Y1,,", words.LSOA_UNKNOWN, "lsoa_code", "unknown"),
        ("p9,1950-01-01,1,A,E01000001,Y1,soon,", words.DEATH_UNREADABLE, "death_date", None),
        ("p9,1950-01-01,1,A,E01000001,Y1,2027-01-01,", words.DIED_LATER, "death_date", None),
        ("p9,1950-01-01,1,A,E01000001,Y1,,soon", words.LEFT_UNREADABLE, "left_date", None),
        ("p9,1950-01-01,1,A,E01000001,Y1,,31/12/9999", words.LEFT_LATER, "left_date", None),
        ("p9,1950-01-01,1,A,E01000001,Y1,,1900-01-01", words.LEFT_BEFORE_BIRTH, "left_date", None),
    ],
)
def test_a_row_with_one_field_that_cannot_be_used_is_kept_and_counted(
    extract: Extract, row: str, change: str, column: str, kept: str | None
) -> None:
    extract.add_persons(row)
    persons, report = extract.load_persons()
    assert persons[column][3] == kept
    assert (report.kept, report.changed) == (4, {change: 1})


def test_a_practice_outside_the_place_is_set_aside_only_where_practices_are_known(extract: Extract) -> None:
    persons, report = extract.load_persons()
    assert persons["practice_code"].to_list() == ["Y1", "Y2", "Y1"]
    extract.practice_codes = ("Y1",)
    persons, report = extract.load_persons()
    assert persons["practice_code"].to_list() == ["Y1", None, "Y1"]
    assert report.changed == {words.PRACTICE_UNKNOWN: 1}


def test_somebody_who_died_long_ago_is_not_taken_for_too_old(extract: Extract) -> None:
    extract.add_persons("p9,1880-01-01,1,A,E01000001,Y1,1960-01-01,")
    _, report = extract.load_persons()
    assert report.dropped == {}


def test_of_several_rows_for_a_person_the_one_still_registered_is_kept(extract: Extract) -> None:
    extract.write(
        "persons.csv",
        "person_id,birth_date,sex,ethnic_group,lsoa_code,practice_code,death_date,left_date\n"
        "p1,1980-01-01,2,J,E01000002,Y2,,\n"
        "p1,1980-01-01,2,J,E01000002,Y3,,2020-01-01\n"
        "p3,1980-01-01,2,J,E01000002,Y1,,2019-01-01\n"
        "p3,1980-01-01,2,J,E01000002,Y4,,2020-01-01\n"
        "p3,1980-01-01,2,J,E01000002,Y5,,2020-01-01\n"
        "p3,1980-01-01,2,J,E01000002,Y5,,2020-01-01\n",
    )
    persons, report = extract.load_persons()
    assert persons["practice_code"].to_list() == ["Y2", "Y5"]
    assert report.dropped == {words.OTHER_PERSON_ROW: 3, words.SAME_PERSON_ROW: 1}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("F", "female"),
        ("male", "male"),
        ("2", "female"),
        (" M ", "male"),
        ("U", "not_known"),
        ("NULL", "not_known"),
    ],
)
def test_common_spellings_of_sex_need_no_mapping(extract: Extract, written: str, meant: str) -> None:
    extract.add_persons(f"p9,1950-01-01,{written},A,E01000001,Y1,,")
    persons, report = extract.load_persons()
    assert persons["sex"][3] == meant
    assert report.changed == {}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("A1", "A"),
        ("CY", "C"),
        ("r", "R"),
        ("99", "99"),
        ("Z", "Z"),
        ("", "missing"),
        ("White - British", "A"),
        ("Any other Black background", "P"),
        ("Not stated", "Z"),
        ("Pakistani", "J"),
    ],
)
def test_common_spellings_of_ethnic_group_need_no_mapping(extract: Extract, written: str, meant: str) -> None:
    extract.add_persons(f"p9,1950-01-01,1,{written},E01000001,Y1,,")
    persons, report = extract.load_persons()
    assert persons["ethnic_group"][3] == meant
    assert report.changed == {}


def test_a_mapping_comes_before_the_common_spellings(extract: Extract) -> None:
    extract.persons["values"] = {"sex": {"1": "female", "9": ""}, "lsoa_code": {"E01000002": "E01000001"}}
    persons, report = extract.load_persons()
    assert persons["sex"].to_list() == ["female", "not_known", "female"]
    assert set(persons["lsoa_code"]) == {"E01000001"}
    assert report.changed == {}


@pytest.mark.parametrize(
    "written",
    [
        "1950-06-15",
        "15/06/1950",
        "15/6/1950",
        "15.06.1950",
        "19500615",
        "1950/06/15",
        "15-Jun-1950",
        "15 June 1950",
        "1950-06-15T00:00:00Z",
        "1950-06-15T23:30:00+01:00",
        "1950-06-15 10:00:00.000",
        "15/06/1950 00:00",
    ],
)
def test_dates_are_read_in_many_forms_in_one_column(extract: Extract, written: str) -> None:
    extract.add_persons(f"p9,{written},1,A,E01000001,Y1,,")
    persons, report = extract.load_persons()
    assert persons["birth_date"][3] == dt.date(1950, 6, 15)
    assert report.dropped == {}


def test_a_birth_month_becomes_its_first_day(extract: Extract) -> None:
    extract.add_persons("p8,1950-06,1,A,E01000001,Y1,,", "p9,06/1950,1,A,E01000001,Y1,,")
    persons, _ = extract.load_persons()
    assert persons["birth_date"].to_list()[3:] == [dt.date(1950, 6, 1)] * 2


def test_an_ambiguous_date_is_day_first_unless_the_options_say_otherwise(extract: Extract) -> None:
    extract.add_persons("p9,03/04/1950,1,A,E01000001,Y1,,")
    persons, _ = extract.load_persons()
    assert persons["birth_date"][3] == dt.date(1950, 4, 3)
    extract.persons["date_order"] = "month_first"
    persons, _ = extract.load_persons()
    assert persons["birth_date"][3] == dt.date(1950, 3, 4)


def test_dates_that_only_fit_month_first_stop_the_load(extract: Extract) -> None:
    extract.add_persons("p8,03/04/1950,1,A,E01000001,Y1,,", "p9,06/15/1950,1,A,E01000001,Y1,,")
    with pytest.raises(SourceError, match='Set date_order = "month_first"'):
        extract.load()
    extract.persons["date_order"] = "month_first"
    assert extract.load_persons()[0]["birth_date"].to_list()[3:] == [
        dt.date(1950, 3, 4),
        dt.date(1950, 6, 15),
    ]


def test_pseudonyms_that_are_numbers_match_in_whatever_way_they_are_written(extract: Extract) -> None:
    extract.write("persons.csv", "person_id,birth_date\n17,1950-01-01\n")
    extract.persons["columns"] = {"person_id": "person_id", "birth_date": "birth_date"}
    extract.write("events.csv", "person_id,code,event_date,value\n17.0,59621000,2020-01-01,\n")
    events, _ = extract.load_events()
    assert events.height == 1


def test_nhs_numbers_are_refused(extract: Extract) -> None:
    # Numbers of the range that the NHS keeps for tests (999 ...), each with its right check digit.
    numbers = ["9990000018", "999 000 0026", "9990000034", "999-000-0042", "9990000050"]
    assert all(has_check_digit(number) for number in numbers)
    rows = [f"{number},1950-01-01,1,A,E01000001,Y1,," for number in numbers]
    extract.write("persons.csv", "\n".join([",".join(extract.persons["columns"]), *rows]))
    with pytest.raises(SourceError) as raised:
        extract.load()
    assert "NHS numbers" in str(raised.value)
    assert "pseudonyms" in str(raised.value)
    assert not any(number in str(raised.value) for number in numbers)
    assert not list(extract.folder.iterdir())


def test_nhs_numbers_in_the_practice_or_code_column_are_refused(extract: Extract) -> None:
    numbers = [n for n in (f"9990{place:06d}" for place in range(400)) if has_check_digit(n)][:25]
    original = extract.persons["columns"]["practice_code"]
    rows = [f"p{n},1950-01-01,1,A,E01000001,{number},," for n, number in enumerate(numbers)]
    extract.add_persons(*rows)
    with pytest.raises(SourceError, match=f'column "{original}": holds what look like NHS numbers'):
        extract.load()
    extract.add_persons()
    extract.add_events(*[f"p1,{number},2020-01-01," for number in numbers])
    with pytest.raises(SourceError, match='column "code": holds what look like NHS numbers'):
        extract.load()


def test_ten_digit_pseudonyms_that_fail_the_check_digit_are_taken(extract: Extract) -> None:
    numbers = [
        f"9990000{n}{d}" for n in range(10, 20) for d in range(10) if not has_check_digit(f"9990000{n}{d}")
    ]
    rows = [f"{number},1950-01-01,1,A,E01000001,Y1,," for number in numbers]
    extract.write("persons.csv", "\n".join([",".join(extract.persons["columns"]), *rows]))
    extract.write("events.csv", f"person_id,code,event_date,value\n{numbers[0]},59621000,2020-01-01,\n")
    assert extract.load_persons()[0].height == len(numbers)


def has_check_digit(number: str) -> bool:
    digits = [int(digit) for digit in number if digit.isdigit()]
    check = (11 - sum((10 - place) * digit for place, digit in enumerate(digits[:9])) % 11) % 11
    return check == digits[9]


def test_several_files_of_persons_are_reported_apart(extract: Extract) -> None:
    extract.write(
        "persons-2.csv",
        "person_id,birth_date,sex,ethnic_group,lsoa_code,practice_code,death_date,left_date\n"
        "p7,1950-01-01,1,A,E01000001,Y1,,\np1,1980-01-01,2,J,E01000002,Y1,,\n",
    )
    extract.persons["path"] = "data/persons*.csv"
    report = extract.load()
    tables = {table.file: table for table in report.tables if table.table == "persons"}
    assert sum(table.kept for table in tables.values()) == 4
    assert sum(table.dropped.get(words.SAME_PERSON_ROW, 0) for table in tables.values()) == 1
    assert pl.read_parquet(report.persons).height == 4
