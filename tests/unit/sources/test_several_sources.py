"""Several sources make one place: who counts, what is known of them, and what is counted of differences."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from evenground.errors import SourceError
from evenground.sources.options import SourceOptions
from evenground.sources.staging import words
from tests.support.sources import Sources

GP_PERSONS = """\
person_id,birth_date,sex,ethnic_group,lsoa_code,practice_code,death_date,left_date
p1,1980-01-01,2,J,E01000001,Y1,,
p2,1950-06-15,1,Z,E01000002,Y1,,
p3,2001-12-31,,,,,,
"""
GP_EVENTS = """\
person_id,code,event_date,value
p1,59621000,2020-01-01,
p2,271649006,2024-02-03,141.5
"""


@pytest.fixture
def gp(sources: Sources) -> Sources:
    sources.add_extract("GP", persons=GP_PERSONS, events=GP_EVENTS)
    return sources


def add_hospital(sources: Sources, *rows: str, events: str = "", **options: object) -> None:
    header = "person_id,birth_date,sex,ethnic_group,lsoa_code,practice_code,death_date,left_date"
    text = "\n".join([header, *rows, ""])
    sources.add_extract("Hospital", persons=text, events=events, **{"identifiers": "GP", **options})


def test_a_second_source_adds_events_to_people_of_the_register_and_no_people(gp: Sources) -> None:
    events = "person_id,code,event_date\np1,I10,2021-05-05\nx9,I10,2021-05-05\n"
    add_hospital(gp, "p1,1980-01-01,2,J,,,,", "x9,1970-01-01,1,A,,,,", events=events, code_system="icd_10")
    _, hospital = gp.load()
    assert [person["person_id"] for person in gp.load_persons()] == [0, 1, 2]
    assert (0, "icd_10", "I10", "2021-05-05", None) in gp.load_events()
    assert hospital.tables[0].dropped == {words.NOT_ON_REGISTER: 1}
    assert hospital.tables[1].dropped == {words.UNKNOWN_PERSON: 1}
    assert [table.kept for table in hospital.tables] == [1, 1]


def test_a_source_may_bring_events_alone(gp: Sources) -> None:
    gp.add_extract("Lab", events="person_id,code,event_date\np3,59621000,2021-05-05\n", identifiers="GP")
    assert (2, "snomed_ct", "59621000", "2021-05-05", None) in gp.load_events()


def test_people_are_added_where_the_source_says_so(gp: Sources) -> None:
    add_hospital(gp, "x9,1970-01-01,1,A,,,,", adds_people=True)
    assert len(gp.load_persons()) == 4


def test_the_same_identifier_in_unrelated_sources_is_two_people(gp: Sources) -> None:
    gp.add_extract(
        "Housing",
        persons="person_id,birth_date\np1,1999-09-09\n",
        events="person_id,code,event_date\np1,59621000,2022-02-02\n",
        adds_people=True,
    )
    persons = gp.load_persons()
    assert [str(person["birth_date"]) for person in persons] == [
        "1980-01-01",
        "1950-06-15",
        "2001-12-31",
        "1999-09-09",
    ]
    assert [event[0] for event in gp.load_events()] == [0, 1, 3]


def test_the_first_source_wins_and_each_difference_is_counted(gp: Sources) -> None:
    add_hospital(gp, "p1,1981-01-01,1,A,E01000002,Y2,,")
    before, hospital = gp.load_persons()[0], gp.load()[1]
    assert before == {
        "person_id": 0,
        "birth_date": dt.date(1980, 1, 1),
        "sex": "female",
        "ethnic_group": "J",
        "lsoa_code": "E01000001",
        "practice_code": "Y1",
        "death_date": None,
        "left_date": None,
    }
    assert hospital.tables[0].changed == {
        words.BIRTH_DIFFERS: 1,
        words.SEX_DIFFERS: 1,
        words.ETHNIC_DIFFERS: 1,
        words.LSOA_DIFFERS: 1,
    }


def test_a_known_value_beats_one_that_is_not_known(gp: Sources) -> None:
    add_hospital(gp, "p2,1950-06-15,1,A,E01000002,,2025-01-01,", "p3,2001-12-31,1,K,E01000001,Y9,,")
    _, second, third = gp.load_persons()
    hospital = gp.load()[1]
    assert (second["ethnic_group"], second["death_date"]) == ("A", dt.date(2025, 1, 1))
    assert (third["sex"], third["ethnic_group"]) == ("male", "K")
    assert (third["lsoa_code"], third["practice_code"]) == ("E01000001", "Y9")
    assert hospital.tables[0].changed == {
        words.SEX_FILLED: 1,
        words.ETHNIC_FILLED: 2,
        words.LSOA_FILLED: 1,
        words.PRACTICE_FILLED: 1,
        words.DEATH_FILLED: 1,
    }


def test_not_stated_is_kept_where_no_source_names_a_group(gp: Sources) -> None:
    add_hospital(gp, "p2,1950-06-15,1,,,,,", "p3,2001-12-31,1,99,,,,")
    assert [person["ethnic_group"] for person in gp.load_persons()] == ["J", "Z", "99"]


def test_a_month_of_birth_is_no_difference_from_a_date_within_it(gp: Sources) -> None:
    add_hospital(gp, "p2,1950-06,1,,,,,", "p1,1980-02,2,,,,,")
    assert gp.load()[1].tables[0].changed == {words.BIRTH_DIFFERS: 1}


def test_an_area_outside_the_place_is_known_and_is_not_filled(gp: Sources) -> None:
    gp.write("GP/persons.csv", GP_PERSONS.replace("E01000001", "E01099999"))
    add_hospital(gp, "p1,1980-01-01,2,J,E01000002,,,")
    assert gp.load_persons()[0]["lsoa_code"] == "unknown"
    assert gp.load()[1].tables[0].changed == {words.LSOA_DIFFERS: 1}


def test_only_sources_that_bring_people_say_who_left(gp: Sources) -> None:
    add_hospital(gp, "p1,1980-01-01,2,J,,,,2024-01-01")
    assert gp.load_persons()[0]["left_date"] is None


def test_a_death_before_the_birth_that_is_kept_is_set_aside(gp: Sources) -> None:
    add_hospital(gp, "p3,1900-01-01,1,,,,1990-01-01,")
    assert gp.load_persons()[2]["death_date"] is None


def test_the_register_need_not_come_first_and_the_order_still_decides(sources: Sources) -> None:
    add_hospital(sources, "p1,1980-01-01,1,,,,,", "x9,1970-01-01,1,,,,,")
    sources.add_extract("GP", persons=GP_PERSONS, events=GP_EVENTS, is_register=True)
    persons = sources.load_persons()
    assert [person["sex"] for person in persons] == ["male", "male", "not_known"]
    hospital, gp = sources.load()
    assert hospital.tables[0].dropped == {words.NOT_ON_REGISTER: 1}
    assert gp.tables[0].changed[words.SEX_DIFFERS] == 1


def test_persons_of_a_source_that_adds_none_need_no_date_of_birth(gp: Sources) -> None:
    gp.add_extract("Census", persons="person_id,ethnic_group\np3,M\n", identifiers="GP")
    assert gp.load_persons()[2]["ethnic_group"] == "M"


def test_a_person_dropped_in_one_source_and_kept_in_another_keeps_the_events_of_both(gp: Sources) -> None:
    events = "person_id,code,event_date\np1,59621000,2021-05-05\n"
    add_hospital(gp, "p1,2199-01-01,2,,,,,", "p2,1950-06-15,1,,,,,", events=events, adds_people=True)
    assert gp.load()[1].tables[0].dropped == {words.BORN_LATER: 1}
    assert (0, "snomed_ct", "59621000", "2021-05-05", None) in gp.load_events()


def test_an_event_of_two_sources_is_kept_once_and_counted_with_the_first(gp: Sources) -> None:
    gp.add_extract("Copy", events=GP_EVENTS, identifiers="GP")
    first, second = gp.load()
    assert first.tables[1].kept == 2
    assert second.tables[0].dropped == {words.SAME_EVENT: 2}


def test_persons_repeated_within_a_source_follow_its_own_rule(gp: Sources) -> None:
    add_hospital(gp, "p3,2001-12-31,1,,,,,", "p3,2001-12-31,2,,,,,")
    assert gp.load_persons()[2]["sex"] == "female"
    assert gp.load()[1].tables[0].dropped == {words.OTHER_PERSON_ROW: 1}


def test_rows_name_their_own_code_system_where_a_column_is_mapped(gp: Sources) -> None:
    gp.write(
        "lab.csv",
        "id,system,code,day\np1,LN,8480-6,2020-02-02\np1,SCT,59621000,2020-02-03\np1,?,1,2020-02-04\n",
    )
    columns = {"person_id": "id", "code_system": "system", "code": "code", "event_date": "day"}
    values = {"code_system": {"LN": "loinc", "SCT": "snomed_ct"}}
    gp.add(
        "Lab", "extract", identifiers="GP", events=[{"path": "lab.csv", "columns": columns, "values": values}]
    )
    events = gp.load_events()
    assert (0, "loinc", "8480-6", "2020-02-02", None) in events
    assert (0, "snomed_ct", "59621000", "2020-02-03", None) in events
    assert gp.load()[1].tables[0].dropped == {words.UNKNOWN_SYSTEM: 1}


def test_pseudonyms_made_with_another_key_stop_the_load(gp: Sources) -> None:
    add_hospital(gp, "q1,1980-01-01,1,,,,,", "q2,1970-01-01,1,,,,,")
    with pytest.raises(
        SourceError, match=r'"Hospital".*\n.*none of its 2 rows.*not a person of the register: 2'
    ):
        gp.load()


def test_every_fault_of_every_source_is_told_at_once(gp: Sources) -> None:
    gp.write("GP/events.csv", "")
    gp.add("Hospital", "extrct", path="x")
    gp.add_extract("Lab", events="person_id,kode,event_date\np1,1,2020-01-01\n", identifiers="GP")
    gp.add("Trust", "extract", idntifiers="GP", events=[])
    told = "\n".join(map(str, gp.check()))
    assert 'source "Hospital", kind: "extrct" is not a known kind' in told
    assert "GP/events.csv: is empty" in told
    assert 'Did you mean "identifiers"?' in told
    assert 'source "Lab"' in told


def test_a_register_that_is_not_described_rightly_makes_no_fault_of_the_others(sources: Sources) -> None:
    sources.add("GP", "extrct")
    sources.add_extract("Census", persons="person_id,ethnic_group\np3,M\n", identifiers="GP")
    (fault,) = sources.check()
    assert 'Did you mean "extract"?' in str(fault)


def test_a_source_that_can_reach_nobody_is_told_with_the_nearest_name(gp: Sources) -> None:
    gp.add_extract("Lab", events=GP_EVENTS, identifiers="GPs")
    (fault,) = gp.check()
    assert 'shares its identifiers ("GPs") with no source whose people count' in str(fault)
    assert 'Did you mean "GP"?' in str(fault)


def test_two_registers_are_a_fault(gp: Sources) -> None:
    add_hospital(gp, "p1,1980-01-01,1,,,,,", is_register=True)
    gp.add_extract("Third", events=GP_EVENTS, is_register=True, identifiers="GP")
    assert "is_register = true stands in 2 sources" in str(gp.check()[0])


def test_two_sources_of_one_name_are_a_fault(gp: Sources) -> None:
    gp.add_extract("GP", events=GP_EVENTS)
    assert 'source "GP": stands more than once' in str(gp.check()[0])


def test_no_sources_are_a_fault(sources: Sources) -> None:
    assert "there are no sources" in str(sources.check()[0])


def test_sources_without_any_events_are_a_fault(sources: Sources) -> None:
    sources.add_extract("GP", persons=GP_PERSONS)
    assert "there are no events in any source" in str(sources.check()[0])


def test_a_register_without_persons_or_dates_of_birth_is_a_fault(sources: Sources) -> None:
    sources.add_extract("GP", events=GP_EVENTS)
    assert "persons: is missing" in str(sources.check()[0])
    sources.sections.clear()
    sources.add_extract("GP", persons="person_id,sex\np1,1\n", events=GP_EVENTS)
    assert "persons.columns.birth_date: is missing" in str(sources.check()[0])


def test_the_same_sources_give_the_same_bytes(gp: Sources) -> None:
    add_hospital(gp, "p2,1950-06-15,1,A,E01000002,,2025-01-01,", "p3,2001-12-31,1,K,E01000001,Y9,,")
    first = [gp.load()[0].persons.read_bytes(), gp.load()[0].events.read_bytes()]
    again = [gp.load()[0].persons.read_bytes(), gp.load()[0].events.read_bytes()]
    assert first == again


def test_every_key_that_all_kinds_share_is_in_the_reference() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "sources.md"
    text = page.read_text(encoding="utf-8")
    assert all(f"| `{key}` |" in text for key in SourceOptions.model_fields)
