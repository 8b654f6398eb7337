"""Cohorts: counted under the policy, listed by pseudonym for one practice under an agreement, and logged."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
from functools import partial
from pathlib import Path

import pytest

from evenground.audit_log import read_lines, verify_log
from evenground.errors import AgreementError, AuditLogError, DefinitionError, SourceError, WorkspaceError
from evenground.indicators import SHIPPED, load_cohorts, load_definitions
from evenground.pipeline import check_workspace
from evenground.pipeline.cohorts import count_cohort, write_list
from evenground.pipeline.retention import find_expired
from evenground.vocabulary import Purpose
from evenground.workspace import Workspace, load_workspace
from tests.support.cohort_place import DIRECT_CARE, HERE, IN_COHORT, make_cohort_place

TODAY = dt.date(2026, 5, 1)
COHORT = "diabetes_unchecked"


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """Its agreement covers direct care."""
    return make_cohort_place(tmp_path / "ours", DIRECT_CARE)


def log_of(workspace: Workspace) -> list:
    path = workspace.secure / "log.jsonl"
    return list(read_lines(path)) if path.exists() else []


def test_people_are_counted_by_practice_under_the_policy(place: Workspace) -> None:
    counts = count_cohort(place, COHORT, today=TODAY)
    assert counts.rows(named=True) == [
        {
            "practice_code": "Y00001",
            "practice_name": "High Street",
            "registered": 35,
            "people": 10,
            "value_note": "published",
        },
        {
            "practice_code": "Y00002",
            "practice_name": "Mill Lane",
            "registered": None,
            "people": None,
            "value_note": "suppressed",
        },
    ]


@pytest.mark.parametrize("practice", IN_COHORT)
def test_a_list_holds_the_pseudonyms_of_one_practice_and_nothing_else(
    place: Workspace, practice: str
) -> None:
    written = write_list(place, COHORT, practice, today=TODAY)
    assert written.path == place.secure / "cohorts" / f"{COHORT}-{practice}-2026-03-31.csv"
    assert written.path.read_text().splitlines() == ["person_id", *IN_COHORT[practice]]
    assert written.people == len(IN_COHORT[practice])
    about = json.loads(written.path.with_suffix(".json").read_text())
    assert (about["purpose"], about["agreements"]) == ("direct_care", "gp_records")


def test_only_its_owner_can_read_it_and_nothing_else_of_a_person_is_left(place: Workspace) -> None:
    written = write_list(place, COHORT, "Y00001", today=TODAY)
    assert written.path
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in written.path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) == 2
    assert stat.S_IMODE(written.path.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in place.secure.iterdir()) == ["cohorts", "log.jsonl"]


def test_every_list_has_a_line_with_its_purpose_and_agreement_and_no_person(place: Workspace) -> None:
    write_list(place, COHORT, "Y00001", by="analyst-1", today=TODAY)
    (line,) = log_of(place)
    assert (line.event, line.by) == ("cohort_written", "analyst-1")
    assert line.facts["purpose"] == "direct_care"
    assert line.facts["agreements"] == "gp_records"
    assert (line.facts["cohort"], line.facts["practice"]) == (COHORT, "Y00001")
    verify_log(place.secure / "log.jsonl")
    assert "p-00" not in (place.secure / "log.jsonl").read_text()


def test_without_a_line_in_the_log_there_is_no_list(place: Workspace) -> None:
    place.secure.mkdir(mode=0o700, exist_ok=True)
    (place.secure / "log.jsonl").write_text("not a log\n")
    with pytest.raises(AuditLogError):
        write_list(place, COHORT, "Y00001", today=TODAY)
    assert not (place.secure / "cohorts").exists()
    assert [path.name for path in place.secure.iterdir()] == ["log.jsonl"]


def test_who_opted_out_is_on_no_list_whatever_the_agreement_says(tmp_path: Path) -> None:
    for number, changes in enumerate(([HERE], [])):
        place = make_cohort_place(
            tmp_path / str(number), DIRECT_CARE, *changes, out=("p-000", "p-005", "p-999")
        )
        written = write_list(place, COHORT, "Y00001", today=TODAY)
        assert written.path
        listed = written.path.read_text().split()[1:]
        assert listed == [name for name in IN_COHORT["Y00001"] if name not in {"p-000", "p-005"}]


def test_without_an_agreement_for_the_purpose_there_is_no_list_but_there_are_counts(tmp_path: Path) -> None:
    place = make_cohort_place(tmp_path / "ours")
    with pytest.raises(AgreementError, match="may not be used for direct care"):
        write_list(place, COHORT, "Y00001", today=TODAY)
    assert log_of(place) == []
    assert count_cohort(place, COHORT, today=TODAY).height == 2


def test_a_place_that_requires_no_agreements_still_writes_no_list_without_one(tmp_path: Path) -> None:
    place = make_cohort_place(tmp_path / "ours", DIRECT_CARE)
    (place.root / "agreements" / "gp_records.toml").unlink()
    with (place.root / "place.toml").open("a") as file:
        file.write("\n[agreements]\nrequired = false\n")
    place = load_workspace(place.root)
    with pytest.raises(AgreementError, match="no agreement in force covers it for direct care"):
        write_list(place, COHORT, "Y00001", today=TODAY)
    assert count_cohort(place, COHORT, today=TODAY).height == 2


def test_an_agreement_that_ended_covers_nothing(place: Workspace) -> None:
    with pytest.raises(AgreementError, match="ended"):
        write_list(place, COHORT, "Y00001", today=dt.date(2027, 4, 1))
    with pytest.raises(AgreementError, match="ended"):
        count_cohort(place, COHORT, today=dt.date(2027, 4, 1))


def test_a_feature_that_is_not_agreed_for_the_purpose_stops_the_list(tmp_path: Path) -> None:
    place = make_cohort_place(tmp_path / "ours", DIRECT_CARE, ('features = "all"', 'features = ["diabetes"]'))
    with pytest.raises(AgreementError, match="hba1c is covered by no agreement"):
        write_list(place, COHORT, "Y00001", today=TODAY)


def test_unknown_cohorts_and_practices_are_told_the_nearest_name(place: Workspace) -> None:
    with pytest.raises(DefinitionError, match="diabetes_unchecked"):
        write_list(place, "diabetes_uncheckd", "Y00001", today=TODAY)
    with pytest.raises(WorkspaceError, match="Y00001"):
        write_list(place, COHORT, "Y0001", today=TODAY)


def test_where_nobody_is_in_the_cohort_nothing_is_written(place: Workspace) -> None:
    path = place.root / "definitions" / "cohorts" / f"{COHORT}.toml"
    path.write_text(path.read_text().replace("from = 17", "from = 110"))
    assert write_list(place, COHORT, "Y00001", today=TODAY).path is None
    assert not (place.secure / "cohorts").exists()


def test_the_cohorts_that_ship_are_reviewed_and_can_be_read() -> None:
    cohorts = load_cohorts(load_definitions())
    assert set(cohorts) == {path.stem for path in (SHIPPED / "cohorts").glob("*.toml")}
    assert all(one.author != one.checker for one in cohorts.values())
    assert all(one.purpose is Purpose.DIRECT_CARE for one in cohorts.values())


@pytest.mark.parametrize("cohort", ["frailty_unreviewed", "several_conditions_unplanned"])
def test_a_cohort_that_silence_decides_is_refused(place: Workspace, cohort: str) -> None:
    """Nobody there ever had a review or a plan on record: everybody would seem to lack one."""
    for ask in (count_cohort, partial(write_list, practice_code="Y00001")):
        with pytest.raises(SourceError, match="no source recorded any of"):
            ask(place, cohort, today=TODAY)
    assert not (place.secure / "cohorts").exists()


def test_every_fault_of_a_cohort_is_told_at_once_by_check(place: Workspace) -> None:
    path = place.root / "definitions" / "cohorts" / f"{COHORT}.toml"
    text = path.read_text().replace('"Clinical lead"', '"Public health analyst"').replace('"hba1c"', '"hba1"')
    path.write_text(text)
    told = "\n".join(str(fault) for fault in check_workspace(place, today=TODAY))
    assert "another person must have checked it" in told
    assert '"hba1" is not a feature' in told


def test_the_order_of_the_providers_rows_makes_no_difference(place: Workspace) -> None:
    first = write_list(place, COHORT, "Y00001", today=TODAY)
    assert first.path
    before = first.path.read_bytes()
    for name in ("persons.csv", "events.csv"):
        path = place.root / "data" / name
        head, *rows = path.read_text().splitlines()
        path.write_text("\n".join([head, *reversed(rows)]) + "\n")
    again = write_list(place, COHORT, "Y00001", today=TODAY)
    assert again.path == first.path
    assert again.path.read_bytes() == before


def test_no_release_follows_from_a_cohort(place: Workspace) -> None:
    """Definitions of cohorts change no figure, so that they change no digest of a release."""
    definitions = load_definitions(SHIPPED, place.definitions)
    (place.root / "definitions" / "cohorts" / f"{COHORT}.toml").unlink()
    assert load_definitions(SHIPPED, place.definitions).sha256 == definitions.sha256


def test_a_list_that_was_forgotten_is_past_its_retention_by_itself(place: Workspace) -> None:
    old, new = (write_list(place, COHORT, practice, today=TODAY).path for practice in IN_COHORT)
    assert old
    assert new
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC).timestamp()
    for path in (old, old.with_suffix(".json")):
        os.utime(path, (long_ago, long_ago))
    found = find_expired(place, TODAY)
    assert sorted(one.path.name for one in found) == sorted([old.name, old.with_suffix(".json").name])
