"""What of a source is read: columns and codes that an agreement covers, and nobody who opted out."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.sources import check_sources, load_sources
from evenground.sources.pseudonyms import KEY_VARIABLE, Number, make_pseudonym
from evenground.sources.restrictions import OptOutList, Restriction
from evenground.sources.staging import words
from tests.support.extracts import AS_AT, EVENTS, LSOAS, PERSONS
from tests.support.sources import Sources
from tests.unit.sources import test_fhir, test_omop, test_wide

KEY = "a key for these tests, never for people"


@pytest.fixture
def gp(tmp_path):
    sources = Sources(tmp_path)
    sources.add_extract("gp", persons=PERSONS, events=EVENTS)
    return sources


def load(sources, **restrictions):
    return load_sources(
        sources.sections,
        root=sources.root,
        folder=sources.root / "secure",
        as_at=AS_AT,
        lsoa_codes=LSOAS,
        restrictions=restrictions,
    )


def opt_out(sources, kind, *people, name="", column="id"):
    path = f"data/{name or kind}.csv"
    sources.write(path, "".join(f"{line}\n" for line in (column, *people)))
    return OptOutList(kind, path, column)


def test_who_opted_out_is_counted_in_the_report_and_in_neither_file(gp):
    gp.write("gp/events.csv", EVENTS + "p2,59621000,2020-03-04,\n")
    lists = (opt_out(gp, "type_1", "p3"), opt_out(gp, "national", "p1", "p3"))
    (report,) = load(gp, gp=Restriction(opt_outs=lists))
    persons, events = report.tables
    assert persons.dropped == {words.OPTED_OUT_NATIONAL: 2}
    assert events.dropped == {words.OPTED_OUT_NATIONAL: 3}
    assert pl.read_parquet(report.persons)["birth_date"].cast(str).to_list() == ["2001-12-31"]
    assert pl.read_parquet(report.events)["event_date"].cast(str).to_list() == ["2020-03-04"]


def test_each_opt_out_has_a_reason_of_its_own_and_the_lists_are_in_the_digests(gp):
    lists = (opt_out(gp, "type_1", "p3", "somebody-else"),)
    (report,) = load(gp, gp=Restriction(opt_outs=lists))
    assert report.tables[0].dropped == {words.OPTED_OUT_TYPE_1: 1}
    assert "data/type_1.csv" in report.sha256


def test_who_opted_out_of_one_source_may_be_counted_from_another(tmp_path):
    sources = Sources(tmp_path)
    sources.add_extract("gp", persons=PERSONS, identifiers="ours")
    sources.add_extract("screening", events=EVENTS, identifiers="ours")
    (_, screening) = load(sources, screening=Restriction(opt_outs=(opt_out(sources, "national", "p1"),)))
    assert screening.tables[0].dropped == {words.OPTED_OUT_NATIONAL: 1}
    assert pl.read_parquet(screening.persons).height == 3
    assert pl.read_parquet(screening.events).height == 2


def test_who_opted_out_of_the_register_is_not_counted_from_any_source(tmp_path):
    sources = Sources(tmp_path)
    sources.add_extract("gp", persons=PERSONS, identifiers="ours")
    sources.add_extract("screening", events=EVENTS, identifiers="ours")
    (gp, screening) = load(sources, gp=Restriction(opt_outs=(opt_out(sources, "type_1", "p3"),)))
    assert gp.tables[0].dropped == {words.OPTED_OUT_TYPE_1: 1}
    assert screening.tables[0].dropped == {words.UNKNOWN_PERSON: 2}


def test_a_list_of_nhs_numbers_is_compared_by_pseudonym(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    sources = Sources(tmp_path)
    numbers = {"p1": "999 000 0018", "p2": "9990000026", "p3": "9990000034"}
    texts = []
    for text in (PERSONS, EVENTS):
        for person, number in numbers.items():
            text = text.replace(f"\n{person},", f"\n{number},")
        texts.append(text)
    sources.add_extract("gp", persons=texts[0], events=texts[1], pseudonymise="nhs_number")
    (report,) = load(sources, gp=Restriction(opt_outs=(opt_out(sources, "type_1", "9990000018"),)))
    assert report.tables[0].dropped == {words.OPTED_OUT_TYPE_1: 1}
    assert make_pseudonym("9990000018", Number.NHS_NUMBER, KEY.encode())


def test_a_list_of_something_else_than_the_sources_identifiers_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    sources = Sources(tmp_path)
    text = "person_id,birth_date,sex,ethnic_group,lsoa_code\n9990000018,1950-06-15,1,A,E01000001\n"
    events = "person_id,code,event_date\n9990000018,59621000,2020-01-01\n"
    sources.add_extract("gp", persons=text, events=events, pseudonymise="nhs_number")
    with pytest.raises(SourceError, match="2 identifiers, none of which has the form") as caught:
        load(sources, gp=Restriction(opt_outs=(opt_out(sources, "type_1", "p-17", "p-18"),)))
    assert "p-17" not in str(caught.value)


def test_an_empty_list_removes_nobody(gp):
    (report,) = load(gp, gp=Restriction(opt_outs=(opt_out(gp, "type_1"),)))
    assert report.tables[0].dropped == {}


def test_a_list_that_is_not_there_or_lacks_its_column_is_told_with_the_other_faults(gp):
    lists = (
        OptOutList("national", "data/nothing.csv", "id"),
        OptOutList("type_1", opt_out(gp, "type_1", "p1", column="pseudonym").path, "pseudonim"),
    )
    (gp.root / "secure").mkdir()
    restrictions = {"gp": Restriction(opt_outs=lists)}
    faults = check_sources(gp.sections, root=gp.root, folder=gp.root / "secure", restrictions=restrictions)
    told = "\n".join(str(fault) for fault in faults)
    assert "data/nothing.csv" in told
    assert '"pseudonim"' in told
    assert "p1" not in told


def test_a_column_that_is_not_agreed_is_not_read_and_the_report_says_so(gp):
    fields = frozenset({"birth_date", "lsoa_code", "practice_code", "code", "event_date"})
    (report,) = load(gp, gp=Restriction(fields=fields))
    persons = pl.read_parquet(report.persons)
    assert set(persons["ethnic_group"]) == {"missing"}
    assert set(persons["sex"]) == {"not_known"}
    assert persons["left_date"].null_count() == 3
    assert pl.read_parquet(report.events)["value"].null_count() == 3
    notes = report.tables[0].notes
    assert "not read, because no agreement covers it: death_date, ethnic_group, left_date, sex" in notes
    assert "not read, because no agreement covers it: value" in report.tables[1].notes


def test_an_event_of_a_code_that_is_not_agreed_is_dropped_and_counted(gp):
    codes = frozenset({("snomed_ct", "59621000"), ("icd_10", "271649006")})
    (report,) = load(gp, gp=Restriction(codes=codes))
    assert report.tables[1].dropped == {words.NOT_AGREED: 2}
    assert pl.read_parquet(report.events)["code"].to_list() == ["59621000"]


def add_omop(sources):
    for table, text in test_omop.TABLES.items():
        sources.write(f"cdm/{table}.csv", text)
    sources.add("gp", "omop", path="cdm", lsoa_code="county")


def add_fhir(sources):
    people = test_fhir.lines(*(test_fhir.patient(str(number)) for number in (1, 2, 3)))
    sources.write("fhir/Patient.ndjson", people)
    conditions = (test_fhir.condition(f"Patient/{number}") for number in (1, 1, 2))
    sources.write("fhir/Condition.ndjson", test_fhir.lines(*conditions))
    sources.add("gp", "fhir", path="fhir")


def add_wide(sources):
    sources.write("wide.csv", test_wide.TABLE.replace("\np", "\n"))
    sources.add("gp", "wide", path="wide.csv", columns=test_wide.COLUMNS, attributes=[test_wide.DIABETES])


@pytest.mark.parametrize("add", [add_omop, add_fhir, add_wide])
def test_who_opted_out_is_in_neither_file_whatever_kind_of_source_holds_them(tmp_path, add):
    sources = Sources(tmp_path)
    add(sources)
    (everybody,) = load(sources)
    before = pl.read_parquet(everybody.persons), pl.read_parquet(everybody.events)
    (report,) = load(sources, gp=Restriction(opt_outs=(opt_out(sources, "type_1", "1"),)))
    persons, events = pl.read_parquet(report.persons), pl.read_parquet(report.events)
    assert before[0].height - persons.height == 1
    assert 0 < before[1].filter(pl.col("person_id") == 0).height == before[1].height - events.height
    gone = [table.dropped.get(words.OPTED_OUT_TYPE_1, 0) for table in report.tables]
    assert sum(gone) >= 2
    assert set(events["person_id"]) <= set(persons["person_id"])
