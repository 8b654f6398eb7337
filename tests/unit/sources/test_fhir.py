"""A FHIR bulk export becomes persons and events: who, when, what, and what must not count."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evenground.errors import SourceError
from evenground.sources.fhir.options import FhirOptions, PostcodeLookup
from evenground.sources.fhir.resources import CODE_SYSTEMS, RESOURCES
from evenground.sources.options import SourceOptions
from evenground.sources.staging import words
from tests.support.sources import Sources

ETHNIC = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"


def concept(code: str, system: str = SNOMED) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def patient(key: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": key, "gender": "female", "birthDate": "1980-01-01"} | more


def condition(about: str = "Patient/p1", code: str = "38341003", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "subject": {"reference": about},
        "code": concept(code),
        "onsetDateTime": "2020-05-05T10:00:00+01:00",
    } | more


def observation(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "code": concept("8302-2", LOINC),
        "effectiveDateTime": "2021-06-06",
    } | more


def lines(*resources: dict[str, Any] | str) -> str:
    return "".join(f"{entry if isinstance(entry, str) else json.dumps(entry)}\n" for entry in resources)


@pytest.fixture
def fhir(sources: Sources) -> Sources:
    """One patient with one condition, in a source without options."""
    sources.write("fhir/Patient.ndjson", lines(patient("p1")))
    sources.write("fhir/Condition.ndjson", lines(condition()))
    sources.add("Trust", "fhir", path="fhir")
    return sources


def with_options(sources: Sources, **options: Any) -> Sources:
    sources.sections.clear()
    sources.add("Trust", "fhir", path="fhir", **options)
    return sources


def one_event(sources: Sources, name: str, resource: dict[str, Any], **options: Any) -> tuple[Any, ...]:
    """System, code, date and value of the one event that a resource gives."""
    (sources.root / "fhir" / "Condition.ndjson").unlink()
    sources.write(f"fhir/{name}.ndjson", lines(resource))
    (event,) = with_options(sources, **options).load_events()
    return event[1:]


def test_a_condition_is_an_event_on_the_day_it_is_written(fhir: Sources) -> None:
    assert fhir.load_events() == [(0, "snomed_ct", "38341003", "2020-05-05", None)]


def test_what_uk_core_says_of_a_patient_is_read(fhir: Sources) -> None:
    category = {"url": ETHNIC, "valueCodeableConcept": concept("J", "https://fhir.hl7.org.uk/CodeSystem/X")}
    practice = [{"identifier": {"system": ODS, "value": "Y00001"}}]
    told = patient("p1", extension=[category], generalPractitioner=practice, deceasedDateTime="2024-02")
    fhir.write("fhir/Patient.ndjson", lines(told))
    (person,) = fhir.load_persons()
    assert (person["sex"], person["ethnic_group"], person["practice_code"]) == ("female", "J", "Y00001")
    assert person["death_date"] == dt.date(2024, 2, 1)


def test_other_extensions_are_mapped_by_values(fhir: Sources) -> None:
    nested = {"url": "ombCategory", "valueCoding": {"system": "x", "code": "2106-3"}}
    fhir.write(
        "fhir/Patient.ndjson", lines(patient("p1", extension=[{"url": "us-race", "extension": [nested]}]))
    )
    with_options(fhir, ethnic_extension="us-race", values={"ethnic_group": {"2106-3": "A"}})
    assert fhir.load_persons()[0]["ethnic_group"] == "A"


def test_genders_are_read_as_sex(fhir: Sources) -> None:
    genders = ("female", "male", "other", "unknown")
    fhir.write("fhir/Patient.ndjson", lines(*(patient(f"p{n}", gender=g) for n, g in enumerate(genders))))
    assert [p["sex"] for p in fhir.load_persons()] == ["female", "male", "indeterminate", "not_known"]


def test_the_area_comes_from_the_postcode_of_the_home_where_a_look_up_is_given(fhir: Sources) -> None:
    homes = [
        {"use": "old", "postalCode": "ZZ1 1AA"},
        {"use": "work", "postalCode": "ZZ1 1AA"},
        {"use": "home", "postalCode": "zz22bb"},
    ]
    fhir.write("fhir/Patient.ndjson", lines(patient("p1", address=homes)))
    fhir.write("postcodes.csv", "pcds,lsoa21\nZZ1 1AA,E01000001\nZZ2 2BB,E01000002\n")
    with_options(fhir, postcodes={"path": "postcodes.csv", "postcode": "pcds", "lsoa_code": "lsoa21"})
    assert fhir.load_persons()[0]["lsoa_code"] == "E01000002"
    assert with_options(fhir).load_persons()[0]["lsoa_code"] == "unknown"


def test_the_area_may_stand_in_an_extension(fhir: Sources) -> None:
    home = {"use": "home", "extension": [{"url": "lsoa", "valueString": "E01000002"}]}
    fhir.write("fhir/Patient.ndjson", lines(patient("p1", address=[home])))
    assert with_options(fhir, lsoa_extension="lsoa").load_persons()[0]["lsoa_code"] == "E01000002"


def test_the_components_of_an_observation_are_events_of_their_own(fhir: Sources) -> None:
    parts = [
        {"code": concept("8480-6", LOINC), "valueQuantity": {"value": 141.5, "unit": "mmHg"}},
        {"code": concept("8462-4", LOINC), "valueQuantity": {"value": 84}},
    ]
    fhir.write("fhir/Observation.ndjson", lines(observation(code=concept("85354-9", LOINC), component=parts)))
    assert fhir.load_events()[1:] == [
        (0, "loinc", "8462-4", "2021-06-06", 84.0),
        (0, "loinc", "8480-6", "2021-06-06", 141.5),
        (0, "loinc", "85354-9", "2021-06-06", None),
    ]


def test_a_coded_value_is_an_event_beside_its_question(fhir: Sources) -> None:
    smoking = observation(code=concept("72166-2", LOINC), valueCodeableConcept=concept("266919005"))
    fhir.write("fhir/Observation.ndjson", lines(smoking))
    assert [event[1:3] for event in fhir.load_events()[1:]] == [
        ("snomed_ct", "266919005"),
        ("loinc", "72166-2"),
    ]


def test_each_coding_of_a_known_system_is_an_event(fhir: Sources) -> None:
    codings = [
        {"system": SNOMED, "code": "38341003"},
        {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"},
        {"system": "http://read.info/ctv3", "code": "XE0Ub"},
        {"system": "https://example.org/own", "code": "7"},
    ]
    fhir.write("fhir/Condition.ndjson", lines({**condition(), "code": {"coding": codings}}))
    assert sorted(event[1:3] for event in fhir.load_events()) == [
        ("ctv3", "XE0Ub"),
        ("icd_10", "I10"),
        ("snomed_ct", "38341003"),
    ]


@pytest.mark.parametrize(
    ("name", "resource", "event"),
    [
        (
            "Immunization",
            {
                "status": "completed",
                "patient": {"reference": "Patient/p1"},
                "vaccineCode": concept("39114911000001105"),
                "occurrenceDateTime": "2025-10-01",
            },
            ("snomed_ct", "39114911000001105", "2025-10-01", None),
        ),
        (
            "Procedure",
            {
                "status": "completed",
                "subject": {"reference": "https://server/fhir/Patient/p1/_history/3"},
                "code": concept("73761001"),
                "performedPeriod": {"start": "2025-10-02T09:00:00Z"},
            },
            ("snomed_ct", "73761001", "2025-10-02", None),
        ),
        (
            "MedicationRequest",
            {
                "status": "active",
                "intent": "order",
                "subject": {"reference": "urn:uuid:p1"},
                "medicationCodeableConcept": concept("319996000", "https://dmd.nhs.uk"),
                "authoredOn": "2025-10-03",
            },
            ("dmd", "319996000", "2025-10-03", None),
        ),
        (
            "Encounter",
            {
                "status": "finished",
                "subject": {"reference": "Patient/p1"},
                "type": [concept("185349003")],
                "period": {"start": "2025-10-04"},
            },
            ("snomed_ct", "185349003", "2025-10-04", None),
        ),
    ],
)
def test_each_type_of_resource_is_read(
    fhir: Sources, name: str, resource: dict[str, Any], event: tuple[Any, ...]
) -> None:
    assert one_event(fhir, name, {"resourceType": name, **resource}) == event


def test_the_vaccination_procedure_of_uk_core_is_an_event(fhir: Sources) -> None:
    given = {
        "resourceType": "Immunization",
        "status": "completed",
        "patient": {"reference": "Patient/p1"},
        "extension": [
            {
                "url": "https://x/Extension-UKCore-VaccinationProcedure",
                "valueCodeableConcept": concept("86198006"),
            }
        ],
        "vaccineCode": concept("140", "http://hl7.org/fhir/sid/cvx"),
        "occurrenceDateTime": "2025-10-01",
    }
    assert one_event(fhir, "Immunization", given)[:2] == ("snomed_ct", "86198006")


def test_code_systems_are_added_in_place_toml(fhir: Sources) -> None:
    given = condition(code="140") | {"code": concept("140", "http://hl7.org/fhir/sid/cvx")}
    event = one_event(fhir, "Condition-2", given, code_systems={"http://hl7.org/fhir/sid/cvx": "local"})
    assert event[:2] == ("local", "140")


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (condition(verificationStatus=concept("entered-in-error", "x")), words.IN_ERROR),
        (condition(verificationStatus=concept("refuted", "x")), words.NOT_CONFIRMED),
        (condition(about="Group/g1"), words.NOT_A_PATIENT),
        (condition(about="Patient/p9"), words.UNKNOWN_PERSON),
        (condition(code="abc"), words.WRONG_CODE_FORM),
        (condition(onsetDateTime=None), words.DATE_MISSING),
        (condition(onsetDateTime="2199"), words.DATED_LATER),
        ({**condition(), "subject": {}}, words.NO_PERSON),
        ({**condition(), "code": {"text": "high blood pressure"}}, words.NO_CODE),
        ({**condition(), "code": concept("1", "https://example.org")}, words.UNKNOWN_SYSTEM),
        ({**condition(), "resourceType": "Observation"}, words.UNREADABLE),
        ('{"resourceType": "Condition", "subject"', words.UNREADABLE),
    ],
)
def test_what_must_not_count_is_dropped_under_its_reason(
    fhir: Sources, resource: dict[str, Any] | str, reason: str
) -> None:
    fhir.write("fhir/Condition.ndjson", lines(condition(), resource))
    table = fhir.load()[0].tables[1]
    assert (table.read, table.kept, table.dropped) == (2, 1, {reason: 1})


@pytest.mark.parametrize(
    ("status", "reason"), [("entered-in-error", words.IN_ERROR), ("cancelled", words.NOT_DONE)]
)
def test_observations_in_error_or_cancelled_are_dropped(fhir: Sources, status: str, reason: str) -> None:
    fhir.write("fhir/Observation.ndjson", lines(observation(status=status), observation()))
    assert fhir.load()[0].tables[2].dropped == {reason: 1}


def test_a_date_in_part_is_its_first_day_and_counted(fhir: Sources) -> None:
    fhir.write(
        "fhir/Condition.ndjson", lines(condition(onsetDateTime="2019-05"), condition(onsetDateTime="2018"))
    )
    assert [event[3] for event in fhir.load_events()] == ["2018-01-01", "2019-05-01"]
    assert fhir.load()[0].tables[1].changed == {words.DATE_IN_PART: 2}


def test_patients_who_cannot_be_counted_are_dropped_and_their_events_with_them(fhir: Sources) -> None:
    fhir.write(
        "fhir/Patient.ndjson",
        lines(
            patient("p1"),
            patient("p2", active=False),
            patient("p3", deceasedBoolean=True),
            patient("p4", link=[{"type": "replaced-by", "other": {"reference": "Patient/p1"}}]),
            patient("p5", active=False, deceasedDateTime="2020-01-01"),
            patient("p6", birthDate="1950"),
            "{broken",
        ),
    )
    fhir.write("fhir/Condition.ndjson", lines(condition(), condition("Patient/p2")))
    (report,) = fhir.load()
    assert report.tables[0].dropped == {words.UNREADABLE: 1, words.NOT_IN_USE: 2, words.DIED_UNDATED: 1}
    assert report.tables[0].changed == {words.BIRTH_YEAR_ONLY: 1}
    assert report.tables[1].dropped == {words.DROPPED_PERSON: 1}
    assert [person["birth_date"] for person in fhir.load_persons()][-1] == dt.date(1950, 7, 1)


def test_an_identifier_of_the_patient_may_be_the_pseudonym(fhir: Sources) -> None:
    ids = [{"system": "https://trust/pseudonym", "value": "aa-1"}]
    fhir.write("fhir/Patient.ndjson", lines(patient("p1", identifier=ids)))
    by_identifier = {"identifier": {"system": "https://trust/pseudonym", "value": "aa-1"}}
    logical = {**condition(code="44054006"), "subject": by_identifier}
    fhir.write("fhir/Condition.ndjson", lines(condition(), logical, condition("Patient/p9")))
    fhir.sections.clear()
    fhir.add_extract("Register", persons="person_id,birth_date\naa-0,1990-01-01\naa-1,1980-01-01\n")
    fhir.add("Trust", "fhir", path="fhir", identifiers="Register", identifier="https://trust/pseudonym")
    assert [(event[0], event[2]) for event in fhir.load_events()] == [(1, "38341003"), (1, "44054006")]
    assert fhir.load()[1].tables[1].dropped == {words.UNKNOWN_PERSON: 1}


def test_several_files_of_a_type_and_gzip_are_read(fhir: Sources) -> None:
    fhir.write("fhir/Patient.1.ndjson.gz", gzip.compress(lines(patient("p2")).encode()))
    fhir.write("fhir/condition_2.ndjson", lines(condition("Patient/p2")))
    assert [event[0] for event in fhir.load_events()] == [0, 1]
    assert len(fhir.load()[0].sha256) == 4


def test_numbers_of_an_observation_keep_every_digit(fhir: Sources) -> None:
    given = observation(valueQuantity={"value": 176.35499866729558})
    assert one_event(fhir, "Observation", given)[3] == 176.35499866729558


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"resourceType": "Bundle", "entry": []}\n\n', "is a Bundle, not one resource a line"),
        (b'{\n  "resourceType": "Condition"\n}\n', "does not hold a whole resource in its first line"),
        (lines(observation()).encode() * 2, "holds resources of another type than Condition"),
        (b"id,code\n1,2\n", "is not NDJSON"),
        (gzip.compress(lines(condition()).encode())[:-9], "is a gzip file that is cut short or damaged"),
    ],
)
def test_a_file_that_is_no_export_is_told(fhir: Sources, content: bytes, message: str) -> None:
    fhir.write("fhir/Condition.ndjson", content)
    (fault,) = fhir.check()
    assert message in str(fault)


def test_a_folder_without_patients_is_told(fhir: Sources) -> None:
    (fhir.root / "fhir" / "Patient.ndjson").rename(fhir.root / "fhir" / "Patients.ndjson")
    assert 'Patient.ndjson: is not there. Did you mean "Patients.ndjson"?' in str(fhir.check()[0])
    fhir.sections.clear()
    fhir.add("Trust", "fhir", path="nowhere")
    assert "nowhere: is not there" in str(fhir.check()[0])


def test_a_type_that_is_asked_for_and_not_there_is_told(fhir: Sources) -> None:
    with_options(fhir, resources=["Condition", "Procedure"])
    assert "fhir, Procedure.ndjson: is not there" in str(fhir.check()[0])


def test_a_postcode_file_without_the_column_is_told(fhir: Sources) -> None:
    fhir.write("postcodes.csv", "postcde,lsoa_code\nZZ1 1AA,E01000001\n")
    with_options(fhir, postcodes={"path": "postcodes.csv"})
    assert 'column "postcode": is not one of its 2 columns. Did you mean "postcde"?' in str(fhir.check()[0])


def test_an_empty_file_of_events_is_no_fault_and_nothing_at_all_is(fhir: Sources) -> None:
    fhir.write("fhir/Observation.ndjson", "")
    assert fhir.load()[0].tables[2].read == 0
    (fhir.root / "fhir" / "Condition.ndjson").unlink()
    with pytest.raises(SourceError, match=r"no rows \(0\)"):
        fhir.load()


def test_nhs_numbers_as_identifiers_stop_the_load(fhir: Sources) -> None:
    system = "https://fhir.nhs.uk/Id/nhs-number"
    numbers = ["9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069"]
    told = [patient(f"p{n}", identifier=[{"system": system, "value": n}]) for n in numbers]
    fhir.write("fhir/Patient.ndjson", lines(*told))
    with pytest.raises(SourceError, match="holds what look like NHS numbers in 6 rows") as raised:
        with_options(fhir, identifier=system).load()
    assert numbers[0] not in str(raised.value)


def test_nothing_that_a_resource_says_is_told(fhir: Sources) -> None:
    planted = "Quillfeather"
    fhir.write("fhir/Condition.ndjson", lines({**condition(), "subject": planted, "note": planted}, planted))
    with pytest.raises(SourceError) as raised:
        fhir.load()
    assert planted not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"


def test_every_key_type_and_code_system_is_in_the_reference() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "fhir.md"
    text = page.read_text(encoding="utf-8")
    keys = {*FhirOptions.model_fields, *PostcodeLookup.model_fields, *RESOURCES, *CODE_SYSTEMS}
    keys -= {*SourceOptions.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
