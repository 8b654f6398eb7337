"""``evenground spend`` on a ranking, on counts and on a release."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from benchmarks.places import Kind, simulate_place
from evenground.workspace import load_workspace
from tests.support.release_factory import write_sample_release
from tests.support.spending import make_place
from tests.unit.spending.test_records import EVENING, GAIN, NURSE

HOW = ["--by", "area_code,ethnic_group"]


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    folder = tmp_path / "interventions"
    (folder / "staff").mkdir(parents=True)
    (folder / "evening.toml").write_text(EVENING, encoding="utf-8")
    (folder / "staff" / "nurse.toml").write_text(NURSE, encoding="utf-8")
    return folder


@pytest.fixture
def ranking(tmp_path: Path) -> Path:
    path = tmp_path / "ranking.csv"
    make_place(30).write_csv(path)
    return path


def test_a_ranking_of_a_file_becomes_a_plan_in_words_and_in_files(evenground, ranking, offered, tmp_path):
    out, tables = tmp_path / "plan.csv", tmp_path / "tables"
    done = evenground(
        "spend", "--ranking", ranking, *HOW, "--interventions", offered, "--budget", "60000",
        "--weights", "proportionate", "--floor", "town:1", "--out", out, "--tables", tables,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "£60,000 buys about" in done.stdout
    assert "A person reached in the most deprived community counts 2 times" in done.stdout
    assert "1 Nurse to be taken on" in done.stdout
    assert "Spend by deprivation only" in done.stdout
    assert "What each floor costs the rest" in done.stdout
    assert "Highs" not in done.stdout
    plan = pl.read_csv(out)
    assert plan["cost"].sum() <= 60_000
    assert {"groups.csv", "frontier.csv", "comparisons.csv"} <= {path.name for path in tables.iterdir()}


def test_counts_are_ranked_and_spent_on_in_one_step(evenground, offered, tmp_path):
    counts, out = tmp_path / "counts.csv", tmp_path / "plan.parquet"
    simulate_place(Kind(areas=8, groups=3, people=3_000), 1).counts.write_csv(counts)
    done = evenground(
        "spend", "--counts", counts, "--standard", "0.75", *HOW, "--strata", "sex,age_band",
        "--covariates", "imd_rank", "--interventions", offered, "--budget", "40000", "--quick", "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Spend by deprivation only" in done.stdout
    assert pl.read_parquet(out).height > 0


def test_a_release_is_spent_on_by_what_the_place_has_written(evenground, offered, tmp_path):
    place = tmp_path / "place"
    evenground("init", place)
    write_sample_release(load_workspace(place).releases)
    shutil.copytree(offered, place / "definitions" / "interventions")
    (place / "definitions" / "evidence").mkdir()
    (place / "definitions" / "evidence" / "bowel.toml").write_text(GAIN, encoding="utf-8")
    asked = ["spend", "-w", place, "--service", "bowel_screening", "--budget", "60000", "--quick"]
    done = evenground(*asked, "--maximise", "benefit", "--out", tmp_path / "plan.csv")
    assert done.returncode == 0, done.stderr
    assert "of: quality-adjusted life years" in done.stdout
    assert "Old Town" in done.stdout
    checked = evenground(*asked, "--service", "bowel_screning")
    assert checked.returncode == 8
    assert 'Did you mean "bowel_screening"' in checked.stderr.replace("\n", " ")


def test_what_cannot_be_ends_with_all_that_is_wrong(evenground, ranking, offered):
    asked = ["spend", "--ranking", ranking, *HOW, "--interventions", offered, "--quick"]
    done = evenground(*asked, "--budget", "0", "--weights", "atkinson", "--floor", "twn:1")
    assert done.returncode == 8
    told = done.stderr.replace("\n", " ")
    assert "3 faults" in told
    assert 'Did you mean "town"' in told
    assert evenground(*asked, "--budget", "500", "--floor", "town:90%").returncode == 8
    assert evenground("spend", "--budget", "1", "--counts", ranking).returncode == 2
