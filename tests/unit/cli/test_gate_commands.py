"""The release gate, the log and retention on the command line, for a real place."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from evenground.pipeline import releasing
from evenground.releases import current_release
from evenground.workspace import load_workspace

FEW = 'features = ["bowel_screening", "hypertension"]'


@pytest.fixture
def as_account(monkeypatch):
    """Lets a command run as somebody: tests cannot change the account that they run with."""

    def be(name: str) -> None:
        monkeypatch.setattr(releasing, "name_account", lambda: name)

    return be


@pytest.fixture
def real(wenbury, as_account):
    """Wenbury as if it were real: two people release, and few indicators are agreed on, which is quick."""
    place = wenbury.root / "place.toml"
    text = place.read_text().replace("synthetic = true", "synthetic = false")
    text += (
        '\n[release]\nstewards = ["steward-1", "analyst-1"]\n\n[agreements]\nwhen_not_covered = "leave_out"\n'
    )
    place.write_text(text)
    agreement = wenbury.root / "agreements" / "gp_records.toml"
    agreement.write_text(agreement.read_text().replace('features = "all"', FEW))
    as_account("analyst-1")
    return load_workspace(wenbury.root)


def test_a_real_place_is_released_by_two_people(evenground, real, as_account):
    before = current_release(real.releases).id
    built = evenground("build", "-w", real.root)
    assert "is a candidate" in built.stdout
    assert current_release(real.releases).id == before
    listed = evenground("release", "candidates", "-w", real.root).stdout
    candidate = next(word for word in listed.split() if word.startswith("2026-03-31-"))
    assert "analyst-1" in listed
    told = evenground("release", "use", candidate, "-w", real.root)
    assert (told.returncode, "is a candidate" in told.stderr) == (12, True)
    own = evenground("release", "approve", candidate, "-w", real.root)
    assert (own.returncode, "may not approve it" in own.stderr) == (12, True)
    as_account("somebody")
    nobody = evenground("release", "approve", candidate, "-w", real.root)
    assert (nobody.returncode, "is not a data steward" in nobody.stderr) == (12, True)
    as_account("steward-1")
    difference = evenground("release", "diff", candidate, "-w", real.root).stdout
    assert "vanished" in difference
    assert "Bowel" in difference
    approved = evenground("release", "approve", candidate, "-w", real.root, "--reason", "As expected.")
    assert "is approved by steward-1 and is now current" in approved.stdout
    assert current_release(real.releases).id == candidate
    assert "No candidate waits" in evenground("release", "candidates", "-w", real.root).stdout
    evenground("release", "use", candidate, "-w", real.root)

    log = evenground("audit", "show", "-w", real.root).stdout
    for event in ("built", "submitted", "approved", "chosen"):
        assert event in log
    assert "all as they were written" in evenground("audit", "verify", "-w", real.root).stdout
    path = real.secure / "log.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0].replace("built", "chosen"), *lines[1:]]))
    broken = evenground("audit", "verify", "-w", real.root)
    assert broken.returncode == 13
    assert "Line 1 of the log log.jsonl was altered" in broken.stderr
    path.write_text(lines[0])
    assert "was cut" in evenground("audit", "verify", "-w", real.root).stderr


def test_a_candidate_is_returned_with_a_reason_and_told_by_area(evenground, real, as_account, tmp_path):
    evenground("build", "-w", real.root)
    candidate = next(path.name for path in (real.releases / "candidates").iterdir())
    as_account("steward-1")
    out = tmp_path / "areas.csv"
    evenground("release", "diff", candidate, "-w", real.root, "--by", "area", "--out", out)
    assert out.read_text().startswith("area_type,area_code,area_name,rose,fell,same,appeared,vanished")
    assert (
        "areas with most changes"
        in evenground("release", "diff", candidate, "--by", "area", "-w", real.root).stdout
    )
    assert evenground("release", "return", candidate, "-w", real.root).returncode == 2
    evenground("release", "return", candidate, "--reason", "Where is smoking?", "-w", real.root)
    listed = evenground("release", "candidates", "-w", real.root).stdout
    assert "returned by steward-1" in listed
    assert "Where is smoking?" in listed
    as_account("analyst-1")
    assert "the same as before byte for byte" in evenground("build", "-w", real.root).stdout
    assert "Where is smoking?" not in (real.secure / "log.jsonl").read_text()


def test_a_build_that_stops_leaves_a_line_that_says_how_and_nothing_of_why(evenground, real):
    (real.root / "agreements" / "gp_records.toml").unlink()
    assert evenground("build", "-w", real.root).returncode == 11
    log = evenground("audit", "show", "--event", "build_failed", "-w", real.root).stdout
    assert "AgreementError" in log
    assert "GP records" not in log
    assert evenground("audit", "show", "--event", "biuld_failed", "-w", real.root).returncode == 13


def test_files_past_their_retention_are_listed_then_deleted_with_a_line_each(evenground, real):
    agreement = real.root / "agreements" / "gp_records.toml"
    agreement.write_text(agreement.read_text().replace("months = 600", "months = 6"))
    assert "Nothing is past its retention" in evenground("data", "expire", "-w", real.root).stdout
    old = dt.datetime(2020, 1, 1, tzinfo=dt.UTC).timestamp()
    persons = real.root / "data" / "persons.parquet"
    report = next((real.secure / "reports").iterdir())
    for path in (persons, report):
        os.utime(path, (old, old))
    listed = evenground("data", "expire", "-w", real.root).stdout
    assert "data/persons.parquet" in listed
    assert "2020-07-01" in listed
    assert "Run it again with --delete" in listed
    assert persons.exists()
    deleted = evenground("data", "expire", "--delete", "-w", real.root).stdout
    assert "2 deleted" in deleted
    assert not persons.exists()
    assert not report.exists()
    assert (real.root / "data" / "events.parquet").exists()
    log = evenground("audit", "show", "--event", "data_expired", "-w", real.root).stdout
    assert "data/persons.parquet" in log


def test_a_file_outside_the_workspace_is_told_and_never_deleted(evenground, real, tmp_path):
    agreement = real.root / "agreements" / "gp_records.toml"
    agreement.write_text(agreement.read_text().replace("months = 600", "months = 6"))
    outside = tmp_path / "events.parquet"
    (real.root / "data" / "events.parquet").rename(outside)
    os.utime(outside, (0, 0))
    place = real.root / "place.toml"
    place.write_text(place.read_text().replace('"data/events.parquet"', f'"{outside}"'))
    told = evenground("data", "expire", "--delete", "-w", real.root).stdout
    assert "outside the workspace" in told
    assert outside.exists()
