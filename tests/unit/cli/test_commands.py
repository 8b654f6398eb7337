"""The command line, as a user types it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from evenground.releases import current_release
from evenground.workspace import load_workspace
from tests.support.cohort_place import DIRECT_CARE, IN_COHORT, make_cohort_place


def in_a_process(
    *arguments: object, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evenground", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"COLUMNS": "160", "NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["init"],
        ["demo"],
        ["build"],
        ["check"],
        ["rank"],
        ["serve"],
        ["release"],
        ["release", "list"],
        ["release", "show"],
        ["release", "verify"],
        ["release", "use"],
        ["agreement", "list"],
        ["agreement", "show"],
        ["release", "candidates"],
        ["release", "diff"],
        ["release", "approve"],
        ["release", "return"],
        ["audit", "verify"],
        ["audit", "show"],
        ["data", "expire"],
    ],
    ids=lambda command: " ".join(command) or "evenground",
)
def test_every_command_has_help(evenground, command):
    done = evenground(*command, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


def test_agreements_are_listed_with_their_standing_and_shown_whole(evenground, wenbury):
    listed = evenground("agreement", "list", "-w", wenbury.root).stdout
    assert "gp_records" in listed
    assert "current" in listed
    shown = evenground("agreement", "show", "gp_records", "-w", wenbury.root).stdout
    assert "GP practices of Wenbury to Wenbury analytics service" in shown
    assert "Caldicott Guardian" in shown
    missing = evenground("agreement", "show", "gp_record", "-w", wenbury.root)
    assert missing.returncode == 11
    assert 'Did you mean "gp_records"' in missing.stderr


def test_the_installed_command_shows_its_version_and_ends_without_an_error():
    done = in_a_process("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("evenground 0.")


def test_the_installed_command_ends_a_mistake_with_its_exit_code_and_no_traceback(tmp_path):
    done = in_a_process("build", "--workspace", tmp_path)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_new_workspace_has_a_place_that_loads(evenground, tmp_path):
    done = evenground("init", tmp_path / "new", "--name", 'The "Dales"', "--code", "E08000000")
    assert done.returncode == 0, done.stderr
    workspace = load_workspace(tmp_path / "new")
    assert workspace.place.place.name == 'The "Dales"'
    assert sorted(path.name for path in workspace.root.iterdir()) == [
        ".gitignore",
        "agreements",
        "data",
        "definitions",
        "place.toml",
        "releases",
    ]


def test_a_folder_with_something_in_it_is_not_made_a_workspace(evenground, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = evenground("init", tmp_path)
    assert done.returncode == 3
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_new_workspace_says_at_once_all_that_is_still_missing(evenground, tmp_path):
    evenground("init", tmp_path / "new")
    done = evenground("check", cwd=tmp_path / "new")
    assert done.returncode == 3
    assert "areas.csv: is not there" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_workspace_ends_with_a_sentence_and_its_code(evenground, tmp_path):
    done = evenground("build", "--workspace", tmp_path)
    assert done.returncode == 3
    assert "Run 'evenground init'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_build_says_what_it_read_dropped_and_why_and_what_each_stage_took(evenground, wenbury):
    done = evenground("build", "-w", wenbury.root)
    assert done.returncode == 0, done.stderr
    for words in (
        "persons",
        "events",
        "read",
        "kept",
        "dropped: ",
        "Rank communities",
        "Ethnic group not stated",
        "Area unknown",
        "Most memory",
        "Whole build",
        "Release",
        "secure/reports/",
    ):
        assert words in done.stdout
    assert "byte for byte" in done.stdout


def test_a_build_on_one_thread_gives_the_same_bytes_as_on_many(wenbury):
    one = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    done = in_a_process("build", "-w", wenbury.root, **one)
    assert done.returncode == 0, done.stderr
    assert "the same as before, byte for byte" in done.stdout


def test_ten_communities_are_ranked(evenground, wenbury):
    done = evenground("rank", "-w", wenbury.root)
    assert done.returncode == 0, done.stderr
    assert "Communities with the most to gain: Wenbury" in done.stdout
    assert "95% interval" in done.stdout


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_ranking_can_be_written_to_a_file(evenground, wenbury, tmp_path, suffix):
    out = tmp_path / f"ranking.{suffix}"
    done = evenground(
        "rank", "-w", wenbury.root, "--service", "bowel_screening", "--by", "lsoa", "--out", out
    )
    assert done.returncode == 0, done.stderr
    frame = pl.read_csv(out) if suffix == "csv" else pl.read_parquet(out)
    assert frame["rank"][0] == 1
    assert set(frame["service_id"]) == {"bowel_screening"}


def test_the_order_per_100_puts_the_largest_share_first(evenground, wenbury, tmp_path):
    out = tmp_path / "ranking.csv"
    evenground("rank", "-w", wenbury.root, "--service", "bowel_screening", "--order", "per_100", "--out", out)
    frame = pl.read_csv(out)
    assert frame["expected_missing_per_100"].is_sorted(descending=True)


def test_the_local_order_puts_what_its_kind_does_not_explain_first(evenground, wenbury, tmp_path):
    out = tmp_path / "ranking.csv"
    evenground("rank", "-w", wenbury.root, "--service", "each", "--order", "local", "--out", out)
    frame = pl.read_csv(out)
    assert frame["service_id"].n_unique() > 3
    excess = frame["predicted_uptake"] - frame["estimated_uptake"]
    many = excess * frame["eligible"] >= 10
    assert many.is_sorted(descending=True)
    for part in (excess.filter(many), excess.filter(~many)):
        assert part.round(6).is_sorted(descending=True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["rank", "--service", "bowel_screning"], 7, 'Did you mean "bowel_screening"?'),
        (["rank", "--out", "ranking.xlsx"], 2, "must end in .csv or .parquet"),
        (["rank", "--out", "nowhere/ranking.csv"], 2, "is not there"),
        (["rank", "--by", "street"], 2, "street"),
        (["rank", "--order", "local"], 2, "is for one service or 'each'"),
        (["release", "show", "1999-01-01-abc"], 7, 'There is no release "1999-01-01-abc"'),
        (["release", "use", "1999-01-01-abc"], 7, 'There is no release "1999-01-01-abc"'),
        (["buld"], 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_word_is_answered_with_the_right_one(evenground, wenbury, arguments, code, message):
    done = evenground(*arguments, cwd=wenbury.root)
    assert done.returncode == code, done.stderr
    assert message in done.stderr.replace("\n", " ") or message in done.stderr
    assert "Traceback" not in done.stderr


def test_releases_are_listed_shown_verified_and_chosen(evenground, wenbury):
    release = current_release(wenbury.releases).id
    assert release in evenground("release", "list", cwd=wenbury.root).stdout
    assert "nhs-7-5" in evenground("release", "show", cwd=wenbury.root).stdout
    assert "is as it was written" in evenground("release", "verify", cwd=wenbury.root).stdout
    assert "is now current" in evenground("release", "use", release, cwd=wenbury.root).stdout


def test_releases_are_listed_and_chosen_even_where_the_current_one_is_damaged(evenground, wenbury):
    release = current_release(wenbury.releases)
    older = wenbury.releases / "2025-03-31-0123456789ab"
    shutil.copytree(release.path, older)
    (older / "manifest.json").write_text("{")
    (wenbury.releases / "current").write_text(f"{older.name}\n")
    listed = evenground("release", "list", cwd=wenbury.root)
    assert listed.returncode == 0
    assert release.id in listed.stdout
    assert older.name in listed.stderr
    assert evenground("release", "use", release.id, cwd=wenbury.root).returncode == 0
    assert current_release(wenbury.releases).id == release.id


def test_an_altered_release_fails_its_verification(evenground, wenbury):
    file = current_release(wenbury.releases).path / "values.parquet"
    file.write_bytes(file.read_bytes() + b"x")
    done = evenground("release", "verify", cwd=wenbury.root)
    assert done.returncode == 7
    assert "values.parquet was altered" in done.stderr


def test_a_workspace_without_a_release_says_what_to_do(evenground, tmp_path):
    evenground("init", tmp_path / "new")
    assert "Run 'evenground build'" in evenground("release", "list", cwd=tmp_path / "new").stdout
    assert evenground("rank", cwd=tmp_path / "new").returncode == 7


def test_a_demo_in_small_ends_with_ten_communities(evenground, tmp_path):
    done = evenground("demo", "--folder", tmp_path / "demo", "--size", 3000, "--no-serve")
    assert done.returncode == 0, done.stderr
    assert "Communities with the most to gain" in done.stdout
    again = evenground("demo", "--folder", tmp_path / "demo", "--size", 3000, "--no-serve")
    assert "byte for byte" in again.stdout


def test_indicator_is_shown_in_words_and_in_sql(evenground, tmp_path):
    shown = evenground("indicator", "show", "mmr_second_dose_5_years", "-w", tmp_path, "--sql", "spark")
    assert shown.returncode == 0
    words = " ".join(shown.stdout.split())
    assert "Counted: who turned 5 in the last 12 months" in words
    assert "with records of MMR vaccination on at least 2 days before the age of 5" in words
    assert "95 % (World Health Organization" in words
    assert "CAST(EXTRACT(YEAR FROM p.birth_date) AS BIGINT)" in words


def test_indicator_is_shown_with_its_counts_of_the_current_release(evenground, wenbury):
    shown = evenground("indicator", "show", "hypertension_prevalence", "-w", wenbury.root).stdout
    release = current_release(wenbury.releases)
    everybody = release.table("values").filter(
        (pl.col("indicator_id") == "hypertension_prevalence")
        & (pl.col("area_type") == "place")
        & (pl.col("cut") == "all")
    )
    assert f"{everybody['numerator'][0]:,}" in shown
    assert "National fifth" in shown


def test_indicator_that_the_release_leaves_out_says_so(evenground, wenbury):
    shown = evenground("indicator", "show", "diabetic_eye_screening", "-w", wenbury.root).stdout
    assert "leaves this indicator out" in " ".join(shown.split())


def test_indicator_with_an_unknown_name_gets_the_nearest(evenground, tmp_path):
    shown = evenground("indicator", "show", "mmr_second_dose", "-w", tmp_path)
    assert shown.returncode != 0
    assert "mmr_second_dose_5_years" in shown.stderr


def test_indicator_is_tested_on_the_table_beside_it(evenground, tmp_path):
    tested = evenground("indicator", "test", "frailty_65", "-w", tmp_path)
    assert tested.returncode == 0
    assert "5 people are counted as frailty_65.cases.csv expects" in tested.stdout
    without = evenground("indicator", "test", "bowel_screening", "-w", tmp_path)
    assert without.returncode != 0
    assert "bowel_screening.cases.csv" in " ".join(without.stderr.split())


def test_cohorts_are_listed_counted_and_written_for_one_practice(evenground, tmp_path):
    place = make_cohort_place(tmp_path / "ours", DIRECT_CARE, ("end = 2027-03-31", "end = 2099-03-31"))
    listed = evenground("cohort", "list", "-w", place.root)
    assert "diabetes_unchecked" in listed.stdout.replace("\n", "")
    counted = evenground("cohort", "count", "diabetes_unchecked", "-w", place.root)
    assert "suppressed" in counted.stdout
    out = tmp_path / "counts.csv"
    assert evenground("cohort", "count", "diabetes_unchecked", "-w", place.root, "--out", out).returncode == 0
    assert "Y00001,High Street,35,10,published" in out.read_text()
    how = ("cohort", "write", "diabetes_unchecked", "-w", place.root)
    written = evenground(*how, "--practice", "Y00001")
    assert "12 pseudonyms" in written.stdout
    assert not any(name in written.stdout + counted.stdout for name in IN_COHORT["Y00001"])
    refused = evenground(*how, "--practice", "Y1")
    assert (refused.returncode != 0, "is not a practice of the place" in refused.stderr) == (True, True)


def test_postcodes_of_the_place_are_kept_and_what_was_left_out_is_counted(evenground, tmp_path):
    evenground("init", tmp_path / "new")
    header = (
        "lsoa_code,lsoa_name,msoa_code,msoa_name,ward_code,ward_name,ltla_code,ltla_name,imd_rank,imd_decile"
    )
    areas = [f"E0{number},Area {number},M,M,W,W,D,D,{number},1" for number in (1, 2)]
    (tmp_path / "new" / "data" / "areas.csv").write_text("\n".join([header, *areas]))
    look_up = tmp_path / "NSPL.csv"
    look_up.write_text("pcds,doterm,lsoa21\nZZ1 1AA,,E01\nZZ1 1AB,201906,E01\nZZ1 2AA,,E09\nnone,,E01\n")
    done = evenground("data", "postcodes", look_up, "-w", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "Of this place: 2 postcodes, 1 of them ended, in 1 district. Of the same districts" in words
    assert "Passed over: 1 row without a postcode. Without any postcode: 1 small area of 2." in words
    look_up.write_text("pcds,lsoa11\nZZ1 1AA,E01\n")
    before = (tmp_path / "new" / "postcodes.parquet").read_bytes()
    refused = evenground("data", "postcodes", look_up, "-w", tmp_path / "new")
    assert refused.returncode == 3
    assert "no column of the LSOAs of 2021" in " ".join(refused.stderr.split())
    assert (tmp_path / "new" / "postcodes.parquet").read_bytes() == before


def test_faults_of_the_services_to_lay_over_maps_are_told_with_all_others(evenground, tmp_path):
    evenground("init", tmp_path / "new")
    services = tmp_path / "new" / "services.csv"
    services.write_text("name,kind,easting,northing,source\nLibrary,Advice,53.4,-1.3,List\n")
    done = evenground("check", cwd=tmp_path / "new")
    assert done.returncode == 3
    words = " ".join(done.stderr.split())
    assert "services.csv, row 2: has a northing of -1.3, outside Great Britain." in words
    assert "areas.csv: is not there" in words
