"""An OMOP common data model becomes persons and events, whichever way its tables are kept."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import duckdb
import pytest

from evenground.errors import SourceError
from evenground.sources.omop.options import OmopOptions, OmopTable, OmopTables
from evenground.sources.options import SourceOptions
from evenground.sources.staging import words
from tests.support.sources import Sources

PERSON = """\
person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime,race_concept_id,location_id,\
care_site_id,person_source_value,gender_source_value,race_source_value
1,8507,1998,4,9,1998-04-09 00:00:00,8527,10,20,aa-1,M,White
2,8532,1950,6,,,0,11,20,aa-2,F,Bangla
3,0,1971,,,,0,,,aa-3,F,
"""
LOCATION = "location_id,zip,county\n10,X1,E01000001\n11,X2,E01000002\n"
CARE_SITE = "care_site_id,care_site_source_value\n20,Y00001\n"
DEATH = "person_id,death_date,death_datetime\n2,2024-05-05,2024-05-05 10:00:00\n"
OBSERVED = """\
person_id,observation_period_start_date,observation_period_end_date
3,2000-01-01,2020-06-30
1,2000-01-01,2099-01-01
"""
CONDITION = """\
condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_start_datetime,condition_source_value
1,1,320128,2020-01-02,2020-01-02 00:00:00,59621000
2,2,0,2021-03-04,,38341003
3,9,320128,2021-03-04,,59621000
4,3,0,2021-03-04,,
"""
MEASUREMENT = """\
measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,value_as_concept_id,measurement_source_value
1,1,3004249,2024-02-03,141.5,0,8480-6
2,1,3004249,2024-02-03,141.5,0,8480-6
"""
TABLES = {
    "person": PERSON,
    "location": LOCATION,
    "care_site": CARE_SITE,
    "death": DEATH,
    "observation_period": OBSERVED,
    "condition_occurrence": CONDITION,
    "measurement": MEASUREMENT,
}


@pytest.fixture
def omop(sources: Sources) -> Sources:
    for table, text in TABLES.items():
        sources.write(f"cdm/{table}.csv", text)
    return sources


def test_persons_of_the_standard_columns_are_read(omop: Sources) -> None:
    omop.add("Trust", "omop", path="cdm", lsoa_code="county", practice_code="care_site_source_value")
    first, second, third = omop.load_persons()
    assert (first["birth_date"], first["sex"]) == (dt.date(1998, 4, 9), "male")
    assert (first["lsoa_code"], first["practice_code"]) == ("E01000001", "Y00001")
    assert (second["birth_date"], second["sex"]) == (dt.date(1950, 6, 1), "female")
    assert second["death_date"] == dt.date(2024, 5, 5)
    assert (third["birth_date"], third["sex"]) == (dt.date(1971, 7, 1), "female")
    assert (third["lsoa_code"], third["practice_code"], third["left_date"]) == ("unknown", None, None)
    assert omop.load()[0].tables[0].changed[words.BIRTH_YEAR_ONLY] == 1


def test_concepts_are_events_and_no_matching_concept_is_none(omop: Sources) -> None:
    omop.add("Trust", "omop", path="cdm")
    assert omop.load_events() == [
        (0, "omop_concept", "320128", "2020-01-02", None),
        (0, "omop_concept", "3004249", "2024-02-03", 141.5),
    ]
    _, conditions, measurements = omop.load()[0].tables
    assert (conditions.file, conditions.read) == ("cdm/condition_occurrence.csv", 4)
    assert conditions.dropped == {words.UNKNOWN_PERSON: 1, words.NO_CODE: 2}
    assert measurements.dropped == {words.SAME_EVENT: 1}


def test_source_values_are_events_under_the_code_system_that_place_toml_gives(omop: Sources) -> None:
    omop.add(
        "Trust",
        "omop",
        path="cdm",
        tables={
            "condition_occurrence": {"source_code_system": "snomed_ct", "concepts": False},
            "measurement": {"source_code_system": "loinc"},
        },
    )
    assert omop.load_events() == [
        (0, "snomed_ct", "59621000", "2020-01-02", None),
        (0, "omop_concept", "3004249", "2024-02-03", 141.5),
        (0, "loinc", "8480-6", "2024-02-03", 141.5),
        (1, "snomed_ct", "38341003", "2021-03-04", None),
    ]


def test_a_concept_as_value_is_an_event_of_its_own(omop: Sources) -> None:
    omop.write("cdm/measurement.csv", MEASUREMENT.replace("141.5,0", ",45877994"))
    omop.add("Trust", "omop", path="cdm", tables={"measurement": {}})
    assert [event[2:] for event in omop.load_events()] == [
        ("3004249", "2024-02-03", None),
        ("45877994", "2024-02-03", None),
    ]


def test_only_the_tables_that_are_named_are_read(omop: Sources) -> None:
    omop.add("Trust", "omop", path="cdm", tables={"measurement": {}})
    assert [table.file for table in omop.load()[0].tables] == ["cdm/person.csv", "cdm/measurement.csv"]


def test_ethnic_groups_and_sex_are_mapped_by_values(omop: Sources) -> None:
    values = {"ethnic_group": {"White": "A", "Bangla": "K"}, "sex": {"8532": "male"}}
    omop.add("Trust", "omop", path="cdm", values=values)
    persons = omop.load_persons()
    assert [person["ethnic_group"] for person in persons] == ["A", "K", "missing"]
    assert persons[1]["sex"] == "male"


def test_ethnic_groups_may_come_from_concepts(omop: Sources) -> None:
    omop.add(
        "Trust", "omop", path="cdm", ethnic_group="race_concept_id", values={"ethnic_group": {"8527": "A"}}
    )
    assert [person["ethnic_group"] for person in omop.load_persons()] == ["A", "missing", "missing"]


def test_people_leave_with_their_last_observation_where_the_source_says_so(omop: Sources) -> None:
    omop.add("Trust", "omop", path="cdm", leaves_after_observation=True)
    assert [person["left_date"] for person in omop.load_persons()] == [None, None, dt.date(2020, 6, 30)]


def test_the_source_value_of_a_person_may_be_the_identifier(omop: Sources) -> None:
    register = "person_id,birth_date\naa-2,1950-06-15\naa-1,1998-04-09\n"
    omop.add_extract("Register", persons=register, identifiers="nhs")
    omop.add("Trust", "omop", path="cdm", identifiers="nhs", identifier="person_source_value")
    assert [event[0] for event in omop.load_events()] == [0, 0]
    _, trust = omop.load()
    assert trust.tables[0].dropped == {words.NOT_ON_REGISTER: 1}
    assert trust.tables[1].dropped == {words.UNKNOWN_PERSON: 2, words.NO_CODE: 1}


def test_names_of_files_in_capitals_and_gzip_are_found(sources: Sources) -> None:
    for table, text in TABLES.items():
        sources.write(f"cdm/{table.upper()}.csv.gz", gzip.compress(text.encode()))
    sources.add("Trust", "omop", path="cdm")
    assert len(sources.load_events()) == 2


@pytest.mark.parametrize("store", ["parquet", "duckdb"])
def test_parquet_and_duckdb_give_what_csv_gives(omop: Sources, store: str) -> None:
    omop.add("Trust", "omop", path="cdm", lsoa_code="county")
    from_csv = (omop.load_persons(), omop.load_events())
    connection = duckdb.connect(str(omop.root / "cdm.duckdb"))
    connection.execute("CREATE SCHEMA omop")
    (omop.root / "typed").mkdir()
    for table in TABLES:
        csv = f"read_csv('{omop.root}/cdm/{table}.csv')"
        connection.execute(f"CREATE TABLE omop.{table.upper()} AS FROM {csv}")
        connection.execute(f"COPY omop.{table} TO '{omop.root}/typed/{table}.parquet'")
    connection.close()
    where = {"parquet": {"path": "typed"}, "duckdb": {"path": "cdm.duckdb", "database_schema": "omop"}}
    omop.sections.clear()
    omop.add("Trust", "omop", lsoa_code="county", **where[store])
    assert (omop.load_persons(), omop.load_events()) == from_csv
    assert omop.load()[0].sha256


def test_a_missing_table_is_told(omop: Sources) -> None:
    (omop.root / "cdm" / "person.csv").rename(omop.root / "cdm" / "persons.csv")
    omop.add("Trust", "omop", path="cdm", tables={"drug_exposure": {}}, lsoa_code="county")
    told = "\n".join(map(str, omop.check()))
    assert 'cdm, table person: is not there. Looked for person.csv. Did you mean "persons"?' in told
    assert "cdm, table drug_exposure: is not there." in told


def test_an_unknown_column_is_told_with_the_nearest_name(omop: Sources) -> None:
    omop.add("Trust", "omop", path="cdm", lsoa_code="countie")
    omop.write("cdm/measurement.csv", MEASUREMENT.replace("measurement_date", "measurment_date"))
    told = "\n".join(map(str, omop.check()))
    assert 'cdm/location.csv, column "countie": is not one of its 3 columns. Did you mean "county"?' in told
    assert 'cdm/measurement.csv, column "measurement_date": is not one' in told
    assert 'Did you mean "measurment_date"?' in told


def test_a_table_without_a_header_line_is_told_without_its_first_line(omop: Sources) -> None:
    omop.write("cdm/person.csv", "".join(PERSON.splitlines(keepends=True)[1:]))
    omop.add("Trust", "omop", path="cdm")
    told = "\n".join(map(str, omop.check()))
    assert "cdm/person.csv: has no header line" in told
    assert "Bangla" not in told
    assert "aa-1" not in told


def test_a_table_in_two_files_is_a_fault(omop: Sources) -> None:
    omop.write("cdm/PERSON.csv.gz", gzip.compress(PERSON.encode()))
    omop.add("Trust", "omop", path="cdm")
    assert "table person: stands in several files" in str(omop.check()[0])


def test_a_gzip_file_cut_short_is_told(omop: Sources) -> None:
    (omop.root / "cdm" / "measurement.csv").unlink()
    omop.write("cdm/measurement.csv.gz", gzip.compress(MEASUREMENT.encode())[:-9])
    omop.add("Trust", "omop", path="cdm")
    assert "measurement.csv.gz: is a gzip file that is cut short or damaged" in str(omop.check()[0])


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("nowhere", None, "nowhere: is not there."),
        ("notes.txt", b"hello", "is neither a folder nor a DuckDB file"),
        ("broken.duckdb", b"12345678DUCK and no more", "cannot be opened as a DuckDB file"),
    ],
)
def test_a_path_that_is_no_data_model_is_told(
    sources: Sources, path: str, content: bytes | None, message: str
) -> None:
    if content:
        sources.write(path, content)
    sources.add("Trust", "omop", path=path)
    assert message in str(sources.check()[0])


def test_an_unknown_schema_of_a_database_is_told(sources: Sources) -> None:
    duckdb.connect(str(sources.root / "x.duckdb")).execute("CREATE TABLE person (person_id INT)").close()
    sources.add("Trust", "omop", path="x.duckdb", database_schema="mian")
    assert 'schema mian: is not there. Did you mean "main"?' in str(sources.check()[0])


def test_nhs_numbers_as_identifiers_stop_the_load(omop: Sources) -> None:
    numbers = ["9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069"]
    rows = "".join(f"{n},8507,1990,1,1,,0,,,{number},M,\n" for n, number in enumerate(numbers))
    omop.write("cdm/person.csv", PERSON.splitlines()[0] + "\n" + rows)
    omop.add("Trust", "omop", path="cdm", identifier="person_source_value")
    with pytest.raises(SourceError, match="holds what look like NHS numbers in 6 rows") as raised:
        omop.load()
    assert numbers[0] not in str(raised.value)


def test_an_empty_table_is_no_fault_and_an_empty_model_is(omop: Sources) -> None:
    omop.write("cdm/measurement.csv", MEASUREMENT.splitlines()[0] + "\n")
    omop.add("Trust", "omop", path="cdm")
    assert omop.load()[0].tables[2].read == 0
    omop.write("cdm/condition_occurrence.csv", CONDITION.splitlines()[0] + "\n")
    with pytest.raises(SourceError, match=r"no rows \(0\)"):
        omop.load()


def test_broken_rows_of_a_table_beside_the_persons_are_noted(omop: Sources) -> None:
    omop.write("cdm/location.csv", LOCATION + "12\n")
    omop.add("Trust", "omop", path="cdm", lsoa_code="county")
    assert f"cdm/location.csv: 1 left out, {words.RAGGED}" in omop.load()[0].tables[0].notes


def test_a_table_of_which_nothing_would_be_read_is_a_fault(omop: Sources) -> None:
    omop.add("Trust", "omop", path="cdm", tables={"measurement": {"concepts": False}})
    assert "nothing of it would be read" in str(omop.check()[0])


def test_every_key_is_in_the_reference() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "omop.md"
    text = page.read_text(encoding="utf-8")
    keys = {*OmopOptions.model_fields, *OmopTable.model_fields, *OmopTables.model_fields}
    keys -= {*SourceOptions.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
