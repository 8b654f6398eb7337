"""``evenground worth``: need, gap and benefit beside one another, and whom benefit passes over."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.support.release_factory import write_sample_release
from tests.support.spending import make_place
from tests.unit.spending.test_records import GAIN

COUNTS = """\
area_code,ethnic_group,imd_rank,barriers_heard,eligible,reached
E1,A,1200,3,800,480
E1,J,1200,7,290,83
E2,A,14000,1,1000,693
E2,J,14000,2,75,47
E3,A,30100,0,1200,926
E3,J,30100,0,47,33
"""


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "bowel.toml").write_text(GAIN, encoding="utf-8")
    return folder


def service_of(evidence: Path) -> str:
    text = (evidence / "bowel.toml").read_text()
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("service"))


def test_counts_are_valued_in_three_columns_with_what_is_known_of_delivery(evenground, evidence, tmp_path):
    counts, out = tmp_path / "counts.csv", tmp_path / "worth.csv"
    counts.write_text(COUNTS)
    done = evenground(
        "worth", "--counts", counts, "--standard", "0.75", "--by", "area_code,ethnic_group",
        "--covariates", "imd_rank", "--evidence", evidence, "--service", service_of(evidence), "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "E1, Pakistani" in told
    assert "Barriers heard" in told
    assert "Benefit is of:" in told
    table = pl.read_csv(out)
    assert table.height == 6
    assert {"need", "gap", "expected_benefit", "rank_by_need", "passed_over", "barriers_heard"} <= set(
        table.columns
    )
    assert table["need"].to_list() == sorted(table["need"], reverse=True)


def test_without_evidence_people_reached_are_all_that_is_said(evenground, tmp_path):
    ranking, nothing = tmp_path / "ranking.csv", tmp_path / "none"
    nothing.mkdir()
    make_place(12).write_csv(ranking)
    done = evenground("worth", "--ranking", ranking, "--by", "area_code,ethnic_group", "--evidence", nothing)
    assert done.returncode == 0, done.stderr
    assert "people reached are all it says" in " ".join(done.stdout.split())
    assert "not known" in done.stdout


def test_a_release_is_valued_with_names_and_the_file_is_logged(evenground, tmp_path):
    workspace = tmp_path / "place"
    (workspace / "releases").mkdir(parents=True)
    (workspace / "secure").mkdir()
    (workspace / "place.toml").write_text(
        '[place]\nname = "Samplebury"\ncode = "X00000001"\nas_at = 2026-03-31\nsynthetic = true\n\n'
        '[areas]\nfile = "areas.csv"\nlsoa_edition = "2021"\nimd_edition = "2025"\n'
    )
    write_sample_release(workspace / "releases")
    out = tmp_path / "worth.parquet"
    done = evenground("worth", "-w", workspace, "--service", "bowel_screening", "--top", 3, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Old Town" in done.stdout
    assert pl.read_parquet(out).height > 3
    assert '"exported"' in (workspace / "secure/log.jsonl").read_text()


def test_what_cannot_be_valued_is_told(evenground, tmp_path):
    ranking = tmp_path / "ranking.csv"
    make_place(6).write_csv(ranking)
    wrong = evenground("worth", "--ranking", ranking, "--by", "area_code,ethnic_group", "--need", "nowhere")
    assert (wrong.returncode, 'column "nowhere"' in wrong.stderr) == (8, True)
    assert evenground("worth", "--counts", ranking).returncode == 2
    assert evenground("worth", "-w", tmp_path).returncode == 3
