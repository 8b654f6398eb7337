"""Whole builds on real input: NHS England's synthetic patients, and Rotherham's real margins and map."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest
import shapely.geometry

from evenground.pipeline import build_release
from evenground.releases import Release
from evenground.reports.charts import draw_map
from evenground.workspace import load_workspace
from tests.support.rotherham import write_rotherham_workspace
from tests.support.uk_synthea import FOLDER, write_uk_synthea_workspace

pytestmark = pytest.mark.reference


# Hardly any of these patients has a reading in the last year, so a local indicator asks for the latest ever.
LATEST_PRESSURE = """
id = "latest_blood_pressure_controlled"
name = "Hypertension: latest blood pressure on record at 140/90 or below"
short_name = "Latest pressure"
topic = "Cardiovascular"
description = "The latest reading on record, however old."
core20plus5 = ["hypertension"]
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
words = "People aged 18 and over with recorded hypertension."
all = [{ age = { from = 18 } }, { feature = "hypertension" }]

[numerator]
words = "Those whose latest reading was 140/90 mmHg or below."
all = [
  { latest = "systolic_blood_pressure", at_most = 140 },
  { latest = "diastolic_blood_pressure", at_most = 90 },
]
"""


@pytest.fixture(scope="module")
def uk_synthea(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    root = write_uk_synthea_workspace(tmp_path_factory.mktemp("synthea"), shared)
    indicators = root / "definitions" / "indicators"
    indicators.mkdir(parents=True)
    (indicators / "latest_blood_pressure_controlled.toml").write_text(LATEST_PRESSURE)
    return build_release(load_workspace(root))[0]


@pytest.fixture(scope="module")
def rotherham(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Release:
    root = tmp_path_factory.mktemp("rotherham") / "place"
    return build_release(write_rotherham_workspace(root, shared, size=30_000))[0]


def overall(release: Release, indicator_id: str) -> dict:
    chosen = (
        (pl.col("indicator_id") == indicator_id) & (pl.col("area_type") == "place") & (pl.col("cut") == "all")
    )
    return release.table("values").filter(chosen).row(0, named=True)


def test_hypertension_among_the_uk_synthetic_patients_is_released(uk_synthea):
    prevalence = overall(uk_synthea, "hypertension_prevalence")
    # All 1,000 patients count; 512 have hypertension, and the policy rounds both to 5.
    assert (prevalence["numerator"], prevalence["denominator"]) == (510, 1000)
    assert prevalence["value"] == 51.0
    assert prevalence["lower_cl"] < 51.0 < prevalence["upper_cl"]


def test_blood_pressure_control_in_the_last_year_is_suppressed_as_too_few(uk_synthea):
    control = overall(uk_synthea, "hypertension_blood_pressure_control")
    assert control["denominator"] == 510
    assert (control["numerator"], control["value"], control["value_note"]) == (None, None, "suppressed")


def test_blood_pressure_control_by_the_latest_reading_agrees_with_a_plain_query(uk_synthea, shared):
    folder = shared / FOLDER
    controlled = duckdb.sql(f"""
        WITH readings AS (
            SELECT PATIENT AS patient, CODE AS code, DATE[:10] AS day, CAST(VALUE AS DOUBLE) AS value
            FROM read_csv('{folder}/observations.csv.gz', all_varchar = true)
            WHERE (CODE = '8480-6' AND CAST(VALUE AS DOUBLE) BETWEEN 50 AND 300)
               OR (CODE = '8462-4' AND CAST(VALUE AS DOUBLE) BETWEEN 20 AND 200)
        ), latest AS (
            SELECT patient, code, max_by(value, (day, value)) AS value FROM readings GROUP BY ALL
        ), adults AS (
            SELECT Id AS patient FROM read_csv('{folder}/patients.csv.gz', all_varchar = true)
            WHERE CAST(BIRTHDATE AS DATE) <= DATE '2007-01-31'
        )
        SELECT count(*) FROM adults
        WHERE patient IN (SELECT PATIENT FROM read_csv('{folder}/conditions.csv.gz', all_varchar = true)
                          WHERE CODE = '59621000')
          AND patient IN (SELECT patient FROM latest WHERE code = '8480-6' AND value <= 140)
          AND patient IN (SELECT patient FROM latest WHERE code = '8462-4' AND value <= 90)
    """).fetchall()[0][0]
    released = overall(uk_synthea, "latest_blood_pressure_controlled")
    assert controlled > 100
    assert abs(released["numerator"] - controlled) <= 2
    assert released["value_note"] == "published"


def test_services_that_the_set_does_not_hold_are_not_ranked(uk_synthea):
    assert "maternity_continuity_of_carer" not in set(uk_synthea.table("rankings")["service_id"])


def test_rotherham_has_its_170_areas_with_a_figure_and_a_shape_each(rotherham):
    areas = rotherham.table("areas").filter(pl.col("area_type") == "lsoa")
    shapes = rotherham.table("boundaries").filter(pl.col("area_type") == "lsoa")
    assert areas.height == shapes.height == 170
    assert areas.filter(pl.col("imd_decile") == 1).height == 36
    assert rotherham.table("boundaries").filter(pl.col("area_type") == "msoa").height == 32


def test_rotherhams_msoas_cover_what_its_lsoas_cover(rotherham):
    boundaries = rotherham.table("boundaries")

    def cover(area_type: str) -> float:
        texts = boundaries.filter(pl.col("area_type") == area_type)["geojson"]
        return sum(shapely.geometry.shape(json.loads(text)).area for text in texts)

    assert cover("msoa") == pytest.approx(cover("lsoa"), rel=1e-4)


def test_rotherham_is_drawn_as_a_map(rotherham):
    figure = draw_map(rotherham, "smoking_prevalence", area_type="msoa")
    assert len(figure.rows) >= 32
    assert "<svg" in figure.svg
