"""The right people are linked, each once, and whoever is linked less often is seen."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl

from evenground.sources.linkage import link_sources
from evenground.sources.linkage.resolve import BETWEEN, OUTRANKED, TIED
from tests.support.linkage import KEY, Councils

FOLDER = "secure/linkages/housing_gp"
FILES = ["crosswalk.parquet", "report.html", "report.json", "review.csv"]


def crosswalk_of(councils: Councils) -> dict[str, str]:
    frame = pl.read_parquet(councils.root / FOLDER / "crosswalk.parquet")
    assert frame.columns == ["source_id", "register_id", "weight", "probability"]
    return dict(zip(frame["source_id"], frame["register_id"], strict=True))


def report_of(councils: Councils) -> dict[str, Any]:
    return json.loads((councils.root / FOLDER / "report.json").read_text(encoding="utf-8"))


def rate_of(councils: Councils, group: str, category: str, side: str = "source") -> dict[str, Any]:
    (rate,) = (
        rate
        for rate in report_of(councils)["rates"]
        if (rate["side"], rate["group"], rate["category"]) == (side, group, category)
    )
    return rate


def test_nearly_all_links_are_right_and_nearly_all_who_are_both_are_linked(linked: Councils) -> None:
    found = crosswalk_of(linked)
    right = sum(linked.truth.get(tenant) == person for tenant, person in found.items())
    assert right / len(found) > 0.985
    assert right / len(linked.truth) > 0.92


def test_each_person_of_either_side_is_in_one_link_at_most(linked: Councils) -> None:
    frame = pl.read_parquet(linked.root / FOLDER / "crosswalk.parquet")
    assert frame["source_id"].is_unique().all()
    assert frame["register_id"].is_unique().all()
    assert frame["source_id"].is_sorted()
    assert frame["probability"].min() >= 0.95


def test_the_report_expects_about_as_many_wrong_links_as_there_are(linked: Councils) -> None:
    found = crosswalk_of(linked)
    wrong = sum(linked.truth.get(tenant) != person for tenant, person in found.items())
    assert abs(report_of(linked)["expected_wrong"] - wrong) < 8


def test_the_group_whose_records_are_worse_is_seen_to_be_linked_less_often(linked: Councils) -> None:
    worse, better = (rate_of(linked, "ethnic_group", code) for code in "KA")
    assert worse["upper_cl"] < better["lower_cl"]
    assert worse["completeness"] < better["completeness"] - 0.05


def test_rates_are_told_of_each_side_by_sex_age_ethnic_group_and_deprivation(linked: Councils) -> None:
    rates = report_of(linked)["rates"]
    groups = {(rate["side"], rate["group"]) for rate in rates}
    told = ("all", "sex", "age_band", "ethnic_group", "imd_quintile")
    assert groups == {(side, group) for side in ("source", "register") for group in told}
    for side, group in groups:
        parts = [rate for rate in rates if (rate["side"], rate["group"]) == (side, group)]
        whole = rate_of(linked, "all", "all", side)
        assert sum(rate["persons"] for rate in parts) == whole["persons"]
        assert sum(rate["linked"] for rate in parts) == whole["linked"] == len(crosswalk_of(linked))
        assert all(rate["lower_cl"] <= rate["rate"] <= rate["upper_cl"] for rate in parts)


def test_a_field_that_is_hardly_ever_wrong_does_not_outweigh_all_others(linked: Councils) -> None:
    comparisons = {item["field"]: item["levels"] for item in report_of(linked)["comparisons"]}
    assert [level["name"] for level in comparisons["sex"]] == ["same", "different"]
    assert all(level["weight"] > -11 for levels in comparisons.values() for level in levels)
    assert all(
        levels[0]["weight"] == max(level["weight"] for level in levels) for levels in comparisons.values()
    )


def test_pairs_for_review_show_how_they_agree_and_why_they_are_not_linked(linked: Councils) -> None:
    review = pl.read_csv(linked.root / FOLDER / "review.csv")
    assert review.columns == [
        "source_id",
        "register_id",
        "weight",
        "probability",
        "birth_date_level",
        "sex_level",
        "forename_level",
        "surname_level",
        "postcode_level",
        "reason",
    ]
    assert review.height == sum(report_of(linked)["review"].values()) > 0
    between = review.filter(pl.col("reason") == BETWEEN)
    assert between["probability"].is_between(0.3, 0.95).all()
    assert not set(review["source_id"]) & set(crosswalk_of(linked))
    assert set(review["postcode_level"]) <= {"same", "same_sector", "different", "missing"}


def test_a_person_with_two_identifiers_in_one_file_is_left_to_review(councils: Councils) -> None:
    files = (councils.root / "data/housing/tenants.csv", councils.root / "data/gp/persons.csv")
    tenants, persons = (
        dict(line.split(",", 1) for line in file.read_text(encoding="utf-8").splitlines()) for file in files
    )
    same = [tenant for tenant, person in councils.truth.items() if tenants[tenant] == persons[person]]
    once_more = tenants[same[0]]
    with_another_postcode = tenants[same[1]].replace(",WB", ",XB")
    with files[0].open("a", encoding="utf-8") as stream:
        stream.write(f"t90001,{once_more}\nt90002,{with_another_postcode}\n")
    link_sources(councils.workspace, "housing_gp")
    found = crosswalk_of(councils)
    review = pl.read_csv(councils.root / FOLDER / "review.csv")
    why = dict(zip(review["source_id"], review["reason"], strict=True))
    assert not {same[0], "t90001", "t90002"} & set(found)
    assert why[same[0]] == why["t90001"] == TIED
    assert why["t90002"] == OUTRANKED
    assert found[same[1]] == councils.truth[same[1]]


def test_only_the_owner_may_read_what_is_written_and_nothing_else_is_left(linked: Councils) -> None:
    folder = linked.root / FOLDER
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    parents = (folder, folder.parent, folder.parent.parent)
    assert {stat.S_IMODE(path.stat().st_mode) for path in parents} == {0o700}


def test_the_same_files_give_the_same_bytes_in_another_process_on_one_thread(
    linked: Councils, councils: Councils
) -> None:
    script = (
        "import sys, duckdb; from pathlib import Path\n"
        "from evenground.sources.linkage import link_sources\n"
        "from evenground.workspace import load_workspace\n"
        "link_sources(load_workspace(Path(sys.argv[1])), 'housing_gp')\n"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345", "EVENGROUND_PSEUDONYM_KEY": KEY}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(councils.root)],
        env=environment,
        check=True,
        timeout=300,
    )
    for name in FILES:
        assert (councils.root / FOLDER / name).read_bytes() == (linked.root / FOLDER / name).read_bytes(), (
            name
        )


def test_the_page_needs_no_other_file_and_shows_every_weight(linked: Councils) -> None:
    page = (linked.root / FOLDER / "report.html").read_text(encoding="utf-8")
    assert "http" not in page
    assert "<script" not in page
    for comparison in report_of(linked)["comparisons"]:
        for level in comparison["levels"]:
            assert f">{level['weight']:.1f}<" in page


def test_files_of_a_run_before_are_replaced(linked_councils: Councils) -> None:
    folder: Path = linked_councils.root / FOLDER
    (folder / "review.csv").write_text("old", encoding="utf-8")
    before = (folder / "crosswalk.parquet").read_bytes()
    link_sources(linked_councils.workspace, "housing_gp")
    assert (folder / "crosswalk.parquet").read_bytes() == before
    assert (folder / "review.csv").read_text(encoding="utf-8") != "old"
