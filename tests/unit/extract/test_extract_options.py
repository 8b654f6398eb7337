"""The options of an extract in place.toml, and the sentences about mistakes in them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from evenground.sources.extract import ExtractOptions
from evenground.sources.kinds import describe_sources
from evenground.sources.options import read_options
from evenground.workspace import SourceSection

EXAMPLE = """
code_system = "snomed_ct"
[persons]
path = "data/persons.parquet"
[persons.columns]
person_id = "patient_id"
birth_date = "date_of_birth"
sex = "sex"
ethnic_group = "ethnic_category"
lsoa_code = "lsoa_code"
practice_code = "practice_code"
death_date = "date_of_death"
left_date = "deregistered_on"
[persons.values.sex]
"1" = "male"
"2" = "female"
"9" = "indeterminate"
[[events]]
path = "data/events.parquet"
[events.columns]
person_id = "patient_id"
code = "code"
event_date = "date"
value = "value"
"""


@pytest.fixture
def section() -> dict[str, Any]:
    return tomllib.loads(EXAMPLE)


def fault_of(section: dict[str, Any]) -> str:
    _, faults = describe_sources([SourceSection(name="GP records", kind="extract", **section)])
    assert len(faults) == 1
    return str(faults[0])


def test_the_example_of_the_documentation_is_read(section: dict[str, Any]) -> None:
    options = read_options(SourceSection(name="GP records", kind="extract", **section), ExtractOptions)
    assert isinstance(options, ExtractOptions)
    assert options.persons.columns.birth_date == "date_of_birth"
    assert options.persons.values.given() == {"sex": {"1": "male", "2": "female", "9": "indeterminate"}}


def test_an_unknown_column_is_told_with_the_nearest_right_name(section: dict[str, Any]) -> None:
    section["persons"]["columns"]["ethnic_grup"] = "x"
    message = fault_of(section)
    assert message.startswith(
        'place.toml, source "GP records", persons.columns.ethnic_grup: is not a known key.'
    )
    assert 'Did you mean "ethnic_group"?' in message


def test_an_unknown_key_of_an_events_file_is_told_with_the_nearest_right_name(
    section: dict[str, Any],
) -> None:
    section["events"][0]["code_sytem"] = "ctv3"
    assert 'Did you mean "code_system"?' in fault_of(section)


def test_a_missing_column_is_told(section: dict[str, Any]) -> None:
    del section["persons"]["columns"]["person_id"]
    assert "persons.columns.person_id: is missing." in fault_of(section)


def test_a_value_that_is_not_of_the_field_is_told(section: dict[str, Any]) -> None:
    section["persons"]["values"]["sex"]["1"] = "men"
    assert '"men" is not one of female, male, indeterminate, not_known' in fault_of(section)


def test_a_column_and_a_constant_cannot_both_be_given(section: dict[str, Any]) -> None:
    section["persons"]["constants"] = {"sex": "female"}
    assert "sex stands in both columns and constants" in fault_of(section)


def test_values_of_a_column_that_is_not_mapped_are_told(section: dict[str, Any]) -> None:
    del section["persons"]["columns"]["sex"]
    assert "values are given for sex, which columns does not map" in fault_of(section)


def test_events_need_a_code_or_a_constant(section: dict[str, Any]) -> None:
    del section["events"][0]["columns"]["code"]
    assert "code is neither in columns nor in constants" in fault_of(section)


def test_a_source_of_neither_persons_nor_events_is_told(section: dict[str, Any]) -> None:
    del section["persons"], section["events"]
    assert "there is neither [sources.persons] nor [[sources.events]]" in fault_of(section)


def test_a_code_system_for_all_rows_and_one_for_each_cannot_both_be_given(section: dict[str, Any]) -> None:
    section["events"][0] |= {"code_system": "ctv3"}
    section["events"][0]["columns"]["code_system"] = "terminology"
    assert "code_system stands in both this section and its columns" in fault_of(section)
