"""The extract reader on NHS England's synthetic patients: 1,000 persons, 512 with hypertension."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from evenground.contract import LoadReport
from evenground.sources import load_sources
from evenground.workspace import load_workspace
from tests.support.uk_synthea import LSOA_CODE, write_uk_synthea_workspace

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def report(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> LoadReport:
    root = write_uk_synthea_workspace(tmp_path_factory.mktemp("place"), shared)
    workspace = load_workspace(root)
    (report,) = load_sources(
        workspace.place.sources,
        root=root,
        folder=workspace.secure / "contract",
        as_at=workspace.place.place.as_at,
        lsoa_codes=[LSOA_CODE],
    )
    return report


def test_every_synthetic_patient_is_kept(report: LoadReport) -> None:
    persons = pl.read_parquet(report.persons)
    assert persons.height == 1_000
    assert persons["person_id"].to_list() == list(range(1_000))
    assert set(persons["sex"]) == {"female", "male"}
    assert set(persons["lsoa_code"]) == {"unknown"}
    assert report.tables[0].dropped == {}


def test_512_patients_have_essential_hypertension(report: LoadReport) -> None:
    events = pl.read_parquet(report.events)
    assert events.filter(pl.col("code") == "59621000")["person_id"].n_unique() == 512


def test_blood_pressures_carry_snomed_ct_codes_and_values(report: LoadReport) -> None:
    events = pl.read_parquet(report.events)
    systolic = events.filter(pl.col("code") == "271649006")
    assert systolic.height > 9_000
    # The set holds readings of about 1 mmHg; a source passes on what was measured, a feature sets ranges.
    assert systolic.filter(pl.col("value") < 60).height == 715
    assert systolic.filter(pl.col("value").is_between(60, 260)).height == systolic.height - 715
    assert set(events["code_system"]) == {"snomed_ct"}
    assert set(events["code"]) == {"59621000", "271649006", "271650006"}


def test_scores_without_a_snomed_ct_code_are_dropped_and_counted(report: LoadReport) -> None:
    observations = report.tables[2]
    assert observations.read == 182_242
    assert observations.kept + sum(observations.dropped.values()) == observations.read
    scores = observations.dropped["code without the form of its code system"]
    assert scores / observations.read == pytest.approx(0.87, abs=0.01)
