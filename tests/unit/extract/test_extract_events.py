"""Events of an extract: what is kept, what is set aside, what is dropped, and under which words."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.contract import EVENTS as CONTRACT
from evenground.errors import SourceError
from evenground.sources.staging import words
from tests.support.extracts import Extract


def test_events_are_sorted_by_person_date_code_and_value(extract: Extract) -> None:
    extract.add_events("p3,271649006,2023-02-03,140", "p3,271649006,2023-02-03,", "p3,1000000,2023-02-03,9")
    events, report = extract.load_events()
    assert events.columns == [column.name for column in CONTRACT]
    assert events["person_id"].to_list() == [0, 2, 2, 2, 2, 2]
    assert events["code"].to_list()[1] == "1000000"
    assert events["value"].to_list()[2:] == [None, 140.0, 150.0, 141.5]
    assert set(events["code_system"]) == {"snomed_ct"}
    assert (report.read, report.kept, report.dropped) == (6, 6, {})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",59621000,2020-01-01,", words.NO_PERSON),
        ("p9,59621000,2020-01-01,", words.UNKNOWN_PERSON),
        ("p1,,2020-01-01,", words.NO_CODE),
        ("p1,5.9621E7,2020-01-01,", words.CODE_ROUNDED),
        ("p1,9.99E+14,2020-01-01,", words.CODE_ROUNDED),
        ("p1,QALY,2020-01-01,", words.WRONG_CODE_FORM),
        ("p1,59621000,,", words.DATE_MISSING),
        ("p1,59621000,last week,", words.DATE_UNREADABLE),
        ("p1,59621000,2026-04-01,", words.DATED_LATER),
        ("p1,59621000,1979-12-31,", words.DATED_BEFORE_BIRTH),
        ("p1,59621000,2020-01-01,", words.SAME_EVENT),
        ("p1,59621000.0,2020-01-01,", words.SAME_EVENT),
        ("p1,59621000", words.RAGGED),
        ("p1,59621000,2020-01-01,,extra", words.RAGGED),
    ],
)
def test_a_row_that_cannot_be_used_is_dropped_under_one_reason(
    extract: Extract, row: str, reason: str
) -> None:
    extract.add_events(row)
    events, report = extract.load_events()
    assert events.height == 3
    assert (report.read, report.kept, report.dropped) == (4, 3, {reason: 1})
    assert report.changed == {}


def test_events_of_a_person_who_was_dropped_are_told_from_unknown_persons(extract: Extract) -> None:
    extract.add_persons("p9,1800-01-01,1,A,E01000001,Y1,,")
    extract.add_events("p9,59621000,2020-01-01,")
    _, report = extract.load_events()
    assert report.dropped == {words.DROPPED_PERSON: 1}


def test_a_code_written_as_a_decimal_number_is_repaired(extract: Extract) -> None:
    extract.add_events("p1,44054006.0,2021-01-01,", "p1,73211009.00,2021-01-01,")
    events, report = extract.load_events()
    assert {"44054006", "73211009"} <= set(events["code"])
    assert report.changed == {words.CODE_REPAIRED: 2}


@pytest.mark.parametrize("value", ["high", "120 mmHg", "inf", "1,2"])
def test_a_value_that_is_no_number_is_set_aside(extract: Extract, value: str) -> None:
    extract.add_events(f'p1,271649006,2021-01-01,"{value}"')
    events, report = extract.load_events()
    assert events.filter(pl.col("event_date").dt.year() == 2021)["value"].to_list() == [None]
    assert (report.kept, report.changed) == (4, {words.VALUE_NOT_NUMERIC: 1})


def test_codes_of_a_provider_are_mapped_to_ours(extract: Extract) -> None:
    extract.events["values"] = {"code": {"8480-6": "271649006", "SKIP": ""}}
    extract.add_events("p1,8480-6,2021-01-01,120", "p1,SKIP,2021-01-01,")
    events, report = extract.load_events()
    assert events.filter(pl.col("value") == 120)["code"].to_list() == ["271649006"]
    assert report.dropped == {words.NO_CODE: 1}


def test_each_file_of_events_may_have_its_own_code_system(extract: Extract) -> None:
    extract.write(
        "old.csv",
        "person_id,code,event_date\np1,XE0of,2020-01-01\np1,XE0oF,2020-01-01\np1,14E10,2020-01-01\n",
    )
    columns = {"person_id": "person_id", "code": "code", "event_date": "event_date"}
    extract.options["events"].append({"path": "data/old.csv", "code_system": "ctv3", "columns": columns})
    events, _ = extract.load_events()
    assert events.filter(pl.col("code_system") == "ctv3")["code"].to_list() == ["14E10", "XE0oF", "XE0of"]


def test_a_file_of_one_kind_of_event_may_name_its_code_once(extract: Extract) -> None:
    extract.write("flu.csv", "person_id,event_date\np1,2020-10-01\n")
    columns = {"person_id": "person_id", "event_date": "event_date"}
    extract.options["events"].append(
        {"path": "data/flu.csv", "columns": columns, "constants": {"code": "86198006"}}
    )
    events, _ = extract.load_events()
    assert "86198006" in set(events["code"])


def test_an_event_in_two_files_is_kept_once(extract: Extract) -> None:
    extract.write(
        "events-2.csv", "person_id,code,event_date,value\np1,59621000,01/01/2020,\np1,59621000,2019-01-01,\n"
    )
    extract.events["path"] = "data/events*.csv"
    report = extract.load()
    assert [table.dropped for table in report.tables[1:]] in (
        [{words.SAME_EVENT: 1}, {}],
        [{}, {words.SAME_EVENT: 1}],
    )
    assert sum(table.kept for table in report.tables[1:]) == 4


def test_nothing_but_events_of_unknown_persons_is_an_error(extract: Extract) -> None:
    extract.write(
        "events.csv", "person_id,code,event_date,value\nx1,59621000,2020-01-01,\nx2,59621000,2020-01-01,\n"
    )
    with pytest.raises(SourceError, match=r"none of its 2 rows can be used \(unknown person: 2\)"):
        extract.load()


def test_every_row_read_is_kept_or_dropped_under_one_reason(extract: Extract) -> None:
    extract.add_events(
        *[f"p{n % 5},{5962100 * n},20{n:02d}-01-0{n % 9},{n}" for n in range(30)], "p1,1,2", "p1"
    )
    for table in extract.load().tables:
        assert table.kept + sum(table.dropped.values()) == table.read
