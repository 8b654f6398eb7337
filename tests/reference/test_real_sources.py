"""Whole builds from real FHIR and OMOP sets, alone and together, against plain counts of the same files."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from evenground.pipeline import build_release
from evenground.pipeline.build import BuildReport
from evenground.releases import Release
from evenground.sources.staging import words
from evenground.workspace import load_workspace
from tests.support.uk_synthea import AREAS, write_uk_synthea_workspace

pytestmark = pytest.mark.reference

FHIR = Path("data/synthetic_patients/fhir_r4_synthea_123")
OMOP = Path("data/synthetic_patients/omop_synthea27nj_5.4")
AS_AT = dt.date(2022, 12, 31)
ADULTS_BORN = dt.date(2004, 12, 31)

PLACE = f"""\
[place]
name = "Example Place"
code = "EXAMPLE"
as_at = {AS_AT}
synthetic = true

[areas]
file = "data/areas.csv"
lsoa_edition = "2021"
imd_edition = "2019"
"""
FHIR_SOURCE = """
[[sources]]
name = "FHIR patients"
kind = "fhir"
path = "{path}"
adds_people = true
ethnic_extension = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"

[sources.code_systems]
"http://hl7.org/fhir/sid/cvx" = "local"

[sources.values.ethnic_group]
"2106-3" = "A"
"2028-9" = "L"
"2054-5" = "P"
"""
OMOP_SOURCE = """
[[sources]]
name = "OMOP persons"
kind = "omop"
path = "{path}"
adds_people = true

[sources.values.ethnic_group]
"white" = "A"

[sources.tables.measurement]
[sources.tables.condition_occurrence]
source_code_system = "snomed_ct"
"""
CODES = """\
# source: LOINC, and the OMOP concept of the same code
# version: 2.81
code_system,code,term
loinc,8480-6,Systolic blood pressure
omop_concept,3004249,Systolic blood pressure
snomed_ct,271649006,Systolic blood pressure
"""
FEATURE = """
id = "any_systolic_pressure"
name = "Systolic blood pressure, whatever its code"
kind = "value"
codelist = "any_systolic_pressure"
unit = "mmHg"
plausible = [50, 300]
"""
INDICATOR = """
id = "latest_systolic_pressure"
name = "Latest systolic pressure at 130 or below"
short_name = "Latest pressure"
topic = "Cardiovascular"
description = "The latest reading on record, however old."
polarity = "higher_is_better"
value_type = "proportion"
unit = "%"
multiplier = 100
is_service = false
author = "Analyst"
checker = "Clinical lead"
review_date = 2027-01-31
source = { title = "Local definition" }

[denominator]
words = "People aged 18 and over with a reading."
all = [{ age = { from = 18 } }, { feature = "any_systolic_pressure" }]

[numerator]
words = "Those whose latest reading was 130 mmHg or below."
latest = "any_systolic_pressure"
at_most = 130
"""
Built = tuple[Release, BuildReport]


def write_definitions(root: Path) -> None:
    files = {
        "codelists/any_systolic_pressure.csv": CODES,
        "features/any_systolic_pressure.toml": FEATURE,
        "indicators/latest_systolic_pressure.toml": INDICATOR,
    }
    for name, text in files.items():
        path = root / "definitions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def build(root: Path, *sections: str) -> Built:
    write_definitions(root)
    (root / "data").mkdir(exist_ok=True)
    (root / "data" / "areas.csv").write_text(AREAS, encoding="utf-8")
    (root / "place.toml").write_text(PLACE + "".join(sections), encoding="utf-8")
    return build_release(load_workspace(root))


@pytest.fixture(scope="module")
def fhir(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("fhir"), FHIR_SOURCE.format(path=shared / FHIR))


@pytest.fixture(scope="module")
def omop(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("omop"), OMOP_SOURCE.format(path=shared / OMOP))


@pytest.fixture(scope="module")
def together(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """UK Synthea as the register, and the people of the other two beside it."""
    root = write_uk_synthea_workspace(tmp_path_factory.mktemp("together"), shared)
    write_definitions(root)
    with (root / "place.toml").open("a", encoding="utf-8") as place:
        place.write(FHIR_SOURCE.format(path=shared / FHIR) + OMOP_SOURCE.format(path=shared / OMOP))
    return build_release(load_workspace(root))


def resources(shared: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(shared / FHIR / f"{name}.ndjson.gz", "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def rows(shared: Path, table: str) -> list[dict[str, str]]:
    with gzip.open(shared / OMOP / f"{table}.csv.gz", "rt", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def overall(release: Release, indicator_id: str) -> dict[str, Any]:
    chosen = (
        (pl.col("indicator_id") == indicator_id) & (pl.col("area_type") == "place") & (pl.col("cut") == "all")
    )
    return release.table("values").filter(chosen).row(0, named=True)


def count_readings(adults: set[str], readings: list[tuple[str, str, float]]) -> tuple[int, int]:
    """Adults with a reading, and those whose latest is 130 or below, from (person, day, value)."""
    latest: dict[str, tuple[str, float]] = {}
    for person, day, value in readings:
        if person in adults and 50 <= value <= 300 and day <= str(AS_AT):
            latest[person] = max(latest.get(person, ("", 0.0)), (day, value))
    return len(latest), sum(value <= 130 for _, value in latest.values())


def assert_released(release: Release, people: int, reached: int) -> None:
    """Counts are rounded to 5, and those under 8 are not shown."""
    value = overall(release, "latest_systolic_pressure")
    assert people >= 8
    assert abs(value["denominator"] - people) <= 2
    if reached >= 8:
        assert abs(value["numerator"] - reached) <= 2
    else:
        assert value["numerator"] is None


def test_123_fhir_patients_are_counted_but_for_the_dead(fhir: Built, shared: Path) -> None:
    _, report = fhir
    patients = list(resources(shared, "Patient"))
    alive = [p for p in patients if p.get("deceasedDateTime", "9999")[:10] > str(AS_AT)]
    assert len(patients) == report.sources[0].tables[0].kept == 123
    assert report.people_counted == len(alive) == 94


def test_blood_pressure_of_the_fhir_patients_agrees_with_a_plain_count(fhir: Built, shared: Path) -> None:
    adults = {
        f"urn:uuid:{patient['id']}"
        for patient in resources(shared, "Patient")
        if patient["birthDate"] <= str(ADULTS_BORN)
        and patient.get("deceasedDateTime", "9999")[:10] > str(AS_AT)
    }
    readings = [
        (entry["subject"]["reference"], entry["effectiveDateTime"][:10], part["valueQuantity"]["value"])
        for entry in resources(shared, "Observation")
        for part in entry.get("component", [])
        if part["code"]["coding"][0]["code"] == "8480-6"
    ]
    assert_released(fhir[0], *count_readings(adults, readings))


def test_every_resource_of_the_fhir_set_is_kept_or_dropped_under_a_reason(fhir: Built, shared: Path) -> None:
    tables = {Path(table.file).name: table for table in fhir[1].sources[0].tables}
    for table in tables.values():
        assert table.read == table.kept + sum(table.dropped.values())
    assert tables["Condition.ndjson.gz"].kept == 868
    assert tables["Immunization.ndjson.gz"].read == sum(1 for _ in resources(shared, "Immunization"))
    assert tables["MedicationRequest.ndjson.gz"].dropped == {words.UNKNOWN_SYSTEM: 804}
    expected = sum(
        1
        + ("valueCodeableConcept" in entry)
        + sum(1 + ("valueCodeableConcept" in part) for part in entry.get("component", []))
        for entry in resources(shared, "Observation")
    )
    assert tables["Observation.ndjson.gz"].read == expected


def test_28_omop_persons_are_counted_but_for_the_dead(omop: Built, shared: Path) -> None:
    _, report = omop
    dead = {row["person_id"] for row in rows(shared, "DEATH")}
    assert report.sources[0].tables[0].kept == len(rows(shared, "PERSON")) == 28
    assert report.people_counted == 28 - len(dead) == 25


def test_blood_pressure_of_the_omop_persons_agrees_with_a_plain_count(omop: Built, shared: Path) -> None:
    dead = {row["person_id"] for row in rows(shared, "DEATH")}
    adults = {
        row["person_id"]
        for row in rows(shared, "PERSON")
        if row["birth_datetime"][:10] <= str(ADULTS_BORN) and row["person_id"] not in dead
    }
    readings = [
        (row["person_id"], row["measurement_date"], float(row["value_as_number"]))
        for row in rows(shared, "MEASUREMENT")
        if row["measurement_source_value"] == "8480-6" and row["value_as_number"]
    ]
    assert_released(omop[0], *count_readings(adults, readings))


def test_conditions_of_the_omop_persons_are_events_by_concept_and_by_source_code(
    omop: Built, shared: Path
) -> None:
    table = next(t for t in omop[1].sources[0].tables if "CONDITION_OCCURRENCE" in t.file)
    plain = duckdb.sql(f"""
        SELECT count(*) FILTER (condition_concept_id <> '0') + count(condition_source_value)
        FROM read_csv('{shared / OMOP}/CONDITION_OCCURRENCE.csv.gz', all_varchar = true)
    """).fetchall()[0][0]
    assert table.read == plain
    assert table.dropped.get(words.UNKNOWN_PERSON, 0) == 0


def test_three_sources_of_three_kinds_make_one_place(together: Built, fhir: Built, omop: Built) -> None:
    release, report = together
    assert [(source.name, source.kind) for source in release.manifest.sources] == [
        ("NHS England synthetic patients", "extract"),
        ("FHIR patients", "fhir"),
        ("OMOP persons", "omop"),
    ]
    assert report.people_counted == 1000 + fhir[1].people_counted + omop[1].people_counted
    people = overall(release, "hypertension_prevalence")["denominator"]
    assert people == round(report.people_counted / 5) * 5


def test_the_release_says_what_each_source_gave(together: Built) -> None:
    coverage = together[0].coverage
    kept = {(row.source, row.table): row.count for row in coverage if row.what == "kept"}
    assert kept["FHIR patients", "persons (Patient.ndjson.gz)"] == 125
    assert kept["OMOP persons", "persons (PERSON.csv.gz)"] == 30
    assert kept["NHS England synthetic patients", "persons (patients.csv.gz)"] == 1000
