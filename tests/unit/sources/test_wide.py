"""A wide table, one row a person, becomes persons and events."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.sources.options import SourceOptions
from evenground.sources.staging import words
from evenground.sources.wide.options import Attribute, WideOptions
from tests.support.sources import Sources

TABLE = """\
id,dob,gender,diabetes_date,copd,smoker,bmi,bmi_date
p1,1980-01-01,F,2019-05-06,1,Yes,31.5,2025-03-04
p2,1950-06-15,M,,0,No,,
p3,2001-12-31,F,01/02/2020,,,22,2024-01-01
"""
COLUMNS = {"person_id": "id", "birth_date": "dob", "sex": "gender"}
DIABETES = {"column": "diabetes_date", "code": "diabetes", "kind": "date"}
COPD = {"column": "copd", "code": "copd", "kind": "flag"}
BMI = {
    "column": "bmi",
    "code": "60621009",
    "code_system": "snomed_ct",
    "kind": "value",
    "date_column": "bmi_date",
}


@pytest.fixture
def wide(sources: Sources) -> Sources:
    sources.write("wide.csv", TABLE)
    return sources


def read(sources: Sources, *attributes: dict[str, Any], **options: Any) -> list[tuple[Any, ...]]:
    sources.sections.clear()
    sources.add(
        "Segments", "wide", **{"path": "wide.csv", "columns": COLUMNS, "attributes": attributes, **options}
    )
    return sources.load_events()


def test_a_date_is_an_event_on_that_day(wide: Sources) -> None:
    assert read(wide, DIABETES) == [
        (0, "local", "diabetes", "2019-05-06", None),
        (2, "local", "diabetes", "2020-02-01", None),
    ]


def test_a_flag_is_an_event_as_at_the_date_of_the_data(wide: Sources) -> None:
    assert read(wide, COPD) == [(0, "local", "copd", "2026-03-31", None)]


def test_a_flag_may_have_a_date_or_a_column_of_dates(wide: Sources) -> None:
    fixed = {**COPD, "date": "2025-12-31"}
    assert read(wide, fixed) == [(0, "local", "copd", "2025-12-31", None)]
    assert read(wide, {**COPD, "date_column": "bmi_date"}) == [(0, "local", "copd", "2025-03-04", None)]


def test_a_value_is_an_event_with_it(wide: Sources) -> None:
    assert read(wide, BMI) == [
        (0, "snomed_ct", "60621009", "2025-03-04", 31.5),
        (2, "snomed_ct", "60621009", "2024-01-01", 22.0),
    ]


def test_one_column_may_say_several_things(wide: Sources) -> None:
    never = {"column": "smoker", "code": "never", "kind": "flag", "yes": ["no"], "no": ["yes"]}
    current = {"column": "smoker", "code": "current", "kind": "flag"}
    assert [event[:3] for event in read(wide, never, current)] == [
        (0, "local", "current"),
        (1, "local", "never"),
    ]


def test_persons_are_read_as_in_an_extract(wide: Sources) -> None:
    read(wide, COPD, constants={"lsoa_code": "E01000001"}, values={"sex": {"M": "not_known"}})
    persons = wide.load_persons()
    assert [person["sex"] for person in persons] == ["female", "not_known", "female"]
    assert {person["lsoa_code"] for person in persons} == {"E01000001"}


def test_cells_that_say_nothing_are_no_rows_and_unclear_ones_are_dropped(wide: Sources) -> None:
    wide.write("wide.csv", TABLE.replace(",0,No,,", ",perhaps,No,high,").replace("2019-05-06", "6 of May"))
    read(wide, DIABETES, COPD, BMI)
    persons, events = wide.load()[0].tables
    assert (persons.read, persons.kept) == (3, 3)
    assert events.read == 7
    assert events.dropped == {words.FLAG_UNKNOWN: 1, words.DATE_UNREADABLE: 1, words.DATE_MISSING: 1}


def test_a_value_that_is_no_number_is_set_aside(wide: Sources) -> None:
    wide.write("wide.csv", TABLE.replace("31.5", "high"))
    assert read(wide, BMI)[0][4] is None
    assert wide.load()[0].tables[1].changed == {words.VALUE_NOT_NUMERIC: 1}


def test_parquet_with_its_own_types_gives_what_csv_gives(wide: Sources) -> None:
    from_csv = read(wide, COPD, BMI)
    csv = pl.read_csv(
        wide.root / "wide.csv", schema_overrides={"diabetes_date": pl.String}, try_parse_dates=True
    )
    table = csv.with_columns(pl.col("copd").cast(pl.Boolean))
    table.write_parquet(wide.root / "wide.parquet")
    assert read(wide, COPD, BMI, path="wide.parquet") == from_csv


def test_a_wide_table_may_add_to_the_people_of_another_source(wide: Sources) -> None:
    wide.add_extract("GP", persons="person_id,birth_date\np0,1990-01-01\np1,1980-01-01\n")
    wide.add(
        "Segments", "wide", path="wide.csv", identifiers="GP", columns={"person_id": "id"}, attributes=[COPD]
    )
    assert wide.load_events() == [(1, "local", "copd", "2026-03-31", None)]
    assert wide.load()[1].tables[0].dropped == {words.NOT_ON_REGISTER: 2}


def test_persons_who_stand_twice_are_kept_once_with_the_events_of_both_rows(wide: Sources) -> None:
    wide.write("wide.csv", TABLE + "p1,1980-01-01,F,2018-01-01,,,,\n")
    assert [event[3] for event in read(wide, DIABETES)] == ["2018-01-01", "2019-05-06", "2020-02-01"]
    assert wide.load()[0].tables[0].dropped == {words.SAME_PERSON_ROW: 1}


def faults_of(sources: Sources, *attributes: dict[str, Any], **options: Any) -> str:
    sources.sections.clear()
    sources.add(
        "Segments", "wide", **{"path": "wide.csv", "columns": COLUMNS, "attributes": attributes, **options}
    )
    return "\n".join(map(str, sources.check()))


def test_an_unknown_column_is_told_with_the_nearest_name(wide: Sources) -> None:
    told = faults_of(wide, {**COPD, "column": "cpod"}, {**BMI, "date_column": "bmi_day"})
    assert 'column "cpod": is not one of its 8 columns. Did you mean "copd"?' in told
    assert 'column "bmi_day": is not one of its 8 columns. Did you mean "bmi_date"?' in told


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ({**DIABETES, "date": "2020-01-01"}, "a column of dates is its own date"),
        ({**COPD, "date": "2020-01-01", "date_column": "dob"}, "date and date_column are both there"),
        ({**BMI, "yes": ["1"]}, "yes and no are for columns of the kind flag"),
        ({**COPD, "kind": "flg"}, "Input should be 'date', 'flag' or 'value'"),
        ({**COPD, "colum": "x"}, 'Did you mean "column"?'),
    ],
)
def test_attributes_that_contradict_themselves_are_told(
    wide: Sources, attribute: dict[str, Any], message: str
) -> None:
    assert message in faults_of(wide, attribute)


def test_a_table_without_attributes_or_a_date_of_birth_is_told(wide: Sources) -> None:
    assert "attributes" in faults_of(wide)
    assert "columns.birth_date: is missing" in faults_of(wide, COPD, columns={"person_id": "id"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty (0 rows)"),
        (gzip.compress(TABLE.encode())[:-9], "cut short or damaged"),
        (b"p1,1980-01-01,F,2019-05-06,1,Yes,31.5,2025-03-04\n", "has no header line"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(wide: Sources, content: bytes, message: str) -> None:
    wide.write("wide.csv", content)
    assert message in faults_of(wide, COPD)


def test_a_table_of_which_no_cell_says_anything_stops_the_load(wide: Sources) -> None:
    wide.write("wide.csv", TABLE.replace(",1,Yes", ",0,Yes"))
    with pytest.raises(SourceError, match=r"no rows \(0\)"):
        read(wide, COPD)


def test_nhs_numbers_as_identifiers_stop_the_load(wide: Sources) -> None:
    numbers = ["9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069"]
    rows = "".join(f"{number},1980-01-01,F,,1,,,\n" for number in numbers)
    wide.write("wide.csv", TABLE.splitlines()[0] + "\n" + rows)
    with pytest.raises(SourceError, match='column "id": holds what look like NHS numbers in 6 rows'):
        read(wide, COPD)


def test_every_key_is_in_the_reference() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "wide.md"
    text = page.read_text(encoding="utf-8")
    keys = {*WideOptions.model_fields, *Attribute.model_fields} - {*SourceOptions.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
