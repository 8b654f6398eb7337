"""A build obeys the place's data-sharing agreements; the day is given, never waited for."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest

from evenground.errors import AgreementError
from evenground.indicators import SHIPPED
from evenground.pipeline import build_release, check_workspace
from evenground.releases import current_release
from evenground.workspace import Workspace, load_workspace

LAST = dt.date(2036, 3, 31)
TODAY = dt.date(2026, 5, 1)


def change(workspace: Workspace, file: str, *pairs: tuple[str, str]) -> Workspace:
    path = workspace.root / file
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return load_workspace(workspace.root)


def change_agreement(workspace: Workspace, *pairs: tuple[str, str]) -> Workspace:
    return change(workspace, "agreements/gp_records.toml", *pairs)


def few_indicators(workspace: Workspace) -> Workspace:
    """Quick to count: what the agreement covers is a handful, and the rest is left out."""
    change(
        workspace,
        "place.toml",
        ("synthetic = true\n", 'synthetic = true\n\n[agreements]\nwhen_not_covered = "leave_out"\n'),
    )
    features = 'features = ["bowel_screening", "hypertension", "copd", "copd_emergency_admission"]'
    return change_agreement(workspace, ('features = "all"', features))


def test_a_build_runs_with_a_warning_until_the_agreements_last_day_and_not_after(wenbury):
    workspace = few_indicators(wenbury)
    _, report = build_release(workspace, today=LAST - dt.timedelta(1))
    assert any("ends tomorrow, on 2036-03-31" in warning for warning in report.warnings)
    before = current_release(workspace.releases).id
    with pytest.raises(
        AgreementError, match=r'source "GP records": may not be used on 2036-04-01: gp_records ended'
    ):
        build_release(workspace, today=LAST + dt.timedelta(1))
    assert current_release(workspace.releases).id == before
    assert list(workspace.secure.glob("build-*")) == []


def test_the_day_of_the_build_leaves_no_trace_in_the_release(wenbury):
    workspace = few_indicators(wenbury)
    build_release(workspace, today=TODAY)
    assert build_release(workspace, today=LAST)[1].unchanged


def test_indicators_that_no_agreement_covers_are_left_out_and_named(wenbury):
    release, report = build_release(few_indicators(wenbury), today=TODAY)
    assert set(release.indicators) == {
        "bowel_screening",
        "copd_emergency_admissions",
        "hypertension_prevalence",
    }
    assert report.left_out["breast_screening"] == "breast_screening is covered by no agreement"
    (row,) = (row for row in release.coverage if row.table == "agreements")
    assert "continuity of carer" in row.reason
    events = next(table for table in report.sources[0].tables if table.table == "events")
    assert events.dropped["code that no agreement covers"] > 0


def test_without_leave_to_leave_them_out_they_stop_the_build_before_anything_is_read(wenbury):
    workspace = change_agreement(wenbury, ('features = "all"', 'features = ["bowel_screening"]'))
    told: list[str] = []
    with pytest.raises(AgreementError, match="breast_screening is covered by no agreement"):
        build_release(workspace, today=TODAY, on_stage=told.append)
    assert told == ["Check the workspace and definitions"]


def test_an_indicator_has_a_purpose_of_its_own(wenbury):
    shipped = SHIPPED / "indicators" / "bowel_screening.toml"
    folder = wenbury.definitions / "indicators"
    folder.mkdir(parents=True, exist_ok=True)
    text = shipped.read_text()
    (folder / "bowel_screening.toml").write_text('purpose = "research"\n' + text)
    with pytest.raises(
        AgreementError, match=r"1 indicator: bowel_screening: .* may not be used for research"
    ):
        build_release(wenbury, today=TODAY)


def test_a_real_place_without_agreements_is_refused_unless_it_says_that_it_needs_none(wenbury):
    (wenbury.root / "agreements" / "gp_records.toml").unlink()
    workspace = change(wenbury, "place.toml", ("synthetic = true", "synthetic = false"))
    with pytest.raises(AgreementError, match="is in no data-sharing agreement"):
        build_release(workspace, today=TODAY)
    assert any("no data-sharing agreement" in str(fault) for fault in check_workspace(workspace, today=TODAY))
    with (wenbury.root / "place.toml").open("a") as file:
        file.write("\n[agreements]\nrequired = false\n")
    assert check_workspace(load_workspace(wenbury.root), today=TODAY) == []


def test_people_who_opted_out_are_counted_in_the_report_and_in_no_figure(wenbury):

    workspace = few_indicators(wenbury)
    people = pl.read_parquet(wenbury.root / "data" / "persons.parquet")["patient_id"].head(400)
    pl.DataFrame({"id": people}).write_csv(wenbury.root / "data" / "type_1.csv")
    section = (
        '\n[[opt_outs]]\nkind = "type_1"\npath = "data/type_1.csv"\ncolumn = "id"\nsources = ["GP records"]\n'
    )
    with (wenbury.root / "place.toml").open("a") as file:
        file.write(section)
    workspace = change_agreement(workspace, ('type_1 = "removed_by_provider"', 'type_1 = "removed_here"'))
    release, report = build_release(workspace, today=TODAY)
    persons = next(table for table in report.sources[0].tables if table.table == "persons")
    assert persons.dropped["opted out (type 1)"] == 400
    assert report.people_counted <= persons.kept
    assert "data/type_1.csv" in release.manifest.sources[0].sha256
    assert any(row.reason == "opted out (type 1)" for row in release.coverage)


def test_an_agreement_that_removes_people_here_needs_their_list(wenbury):
    workspace = change_agreement(wenbury, ('national = "removed_by_provider"', 'national = "removed_here"'))
    with pytest.raises(AgreementError, match=r'place\.toml has no list for "GP records"'):
        build_release(workspace, today=TODAY)


def test_check_tells_the_faults_of_agreements_with_all_others(wenbury):
    change_agreement(wenbury, ("end = 2036-03-31", "end = 2020-03-31"))
    workspace = change(wenbury, "place.toml", ('policy = "nhs-7-5"', 'policy = "nhs-57"'))
    told = "\n".join(str(fault) for fault in check_workspace(workspace, today=TODAY))
    assert "agreements/gp_records.toml, end: 2020-03-31 is before the start" in told
    assert "nhs-57" in told


def test_the_release_tells_who_gives_what_to_whom_and_what_depends_on_it(wenbury):
    release = current_release(wenbury.releases)
    (agreement,) = release.agreements
    assert agreement.controllers == ("GP practices of Wenbury", "Wenbury Council")
    assert [(flow.source, flow.giver) for flow in agreement.flows] == [
        ("GP records", "GP practices of Wenbury")
    ]
    assert set(agreement.indicators) == set(release.indicators)
    assert json.loads((release.path / "agreements.json").read_text())[0]["end"] == "2036-03-31"
