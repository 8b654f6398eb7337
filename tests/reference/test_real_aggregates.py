"""Real published tables as found, with their faults: released and equal to the file's figures."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.pipeline import BuildReport, build_release
from evenground.releases import Release
from evenground.workspace import load_workspace
from tests.support.aggregates import write_real_rotherham

pytestmark = pytest.mark.reference

ROTHERHAM = "E08000018"
YORKSHIRE = "E12000003"
FINGERTIPS = "data/fingertips"
SMOKING = f"{FINGERTIPS}/91547_smoking_prevalence_qof.csv.gz"
LEARNING_DISABILITY = f"{FINGERTIPS}/200_learning_disability_qof_deciles.csv"
DEMENTIA = f"{FINGERTIPS}/247_dementia_qof.csv"
QOF_2022 = "data/primary_care/qof_prevalence_2021_22_region.csv"
QOF_2024 = "data/primary_care/qof_cvd_2023_24_region.csv"


def describe_sources(shared: Path) -> str:
    return f"""
[[sources]]
name = "Smoking"
kind = "fingertips"
path = "{shared / SMOKING}"
comparators = ["{YORKSHIRE}"]
periods = "all"

[[sources]]
name = "Learning disability"
kind = "fingertips"
path = "{shared / LEARNING_DISABILITY}"
periods = "all"

[[sources]]
name = "Dementia"
kind = "fingertips"
path = "{shared / DEMENTIA}"
periods = "all"

[[sources]]
name = "QOF 2021/22"
kind = "counts"
publication = "Quality and Outcomes Framework 2021/22, NHS England"
path = "{shared / QOF_2022}"
area_type = "practice"
period = "2021/22"
value_is = "fraction"
columns = {{ area_code = "OrganisationCode" }}
figures = [{{ indicator = "diabetes_prevalence_qof", value = "DM-prevalance" }}]

[[sources]]
name = "QOF 2023/24"
kind = "counts"
publication = "Quality and Outcomes Framework 2023/24, NHS England"
path = "{shared / QOF_2024}"
area_type = "practice"
period = "2023/24"
columns = {{ area_code = "Practice.Code" }}

[[sources.figures]]
indicator = "hypertension_prevalence_qof"
value = "Prevalence_HYP"
denominator = "List.Size_HYP"
"""


@pytest.fixture(scope="module")
def built(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, BuildReport]:
    root = tmp_path_factory.mktemp("rotherham") / "place"
    return build_release(write_real_rotherham(root, shared, describe_sources(shared)))


def report_of(built: tuple[Release, BuildReport], source: str) -> Any:
    return next(one.tables[0] for one in built[1].aggregates if one.source == source)


def figures(built: tuple[Release, BuildReport], indicator_id: str, **where: str) -> list[dict[str, Any]]:
    values = built[0].table("values").filter(indicator_id=indicator_id, **where)
    return values.sort("period", "area_code", "cut", "category").to_dicts()


def rows_of(shared: Path, file: str) -> list[dict[str, str]]:
    content = (shared / file).read_bytes()
    text = gzip.decompress(content) if file.endswith(".gz") else content
    return list(csv.DictReader(text.decode("utf-8-sig").splitlines()))


def test_smoking_as_found_is_read_with_each_of_its_faults_counted(built):
    table = report_of(built, "Smoking")
    assert table.read == 17_627
    assert table.dropped["no indicator id"] == 6_267
    assert table.dropped["a category of England's areas on the row of another area"] == 20
    # 419 of 2015/16 that stand twice, and 107 of areas given both with and without an n before their code.
    assert table.dropped["the same figure again"] == 419 + 107
    assert table.kept + sum(table.dropped.values()) == table.read


def test_each_figure_of_rotherham_equals_that_of_the_file(built, shared):
    found = {row["period"]: row for row in figures(built, "smoking_prevalence_qof", area_type="place")}
    wanted = [row for row in rows_of(shared, SMOKING) if row["Area Code"] == ROTHERHAM]
    assert len(found) == 10
    for row in wanted:
        own = found[row["Time period"]]
        assert own["value"] == float(row["Value"])
        assert own["numerator"] == int(row["Count"])
        assert own["denominator"] == round(float(row["Denominator"]))
        assert (own["lower_cl"], own["upper_cl"]) == (
            float(row["Lower CI 95.0 limit"]),
            float(row["Upper CI 95.0 limit"]),
        )
        assert (own["source"], own["limits"]) == ("Smoking", "published")


def test_each_practice_of_rotherham_has_its_figure(built, shared):
    found = {
        row["area_code"]: row["value"]
        for row in figures(built, "smoking_prevalence_qof", area_type="practice")
    }
    wanted = {
        row["Area Code"]: float(row["Value"])
        for row in rows_of(shared, SMOKING)
        if row["Area Code"].startswith("C87") and row["Indicator ID"]
    }
    assert found == wanted
    assert len(found) == 28


def test_rows_without_an_id_are_read_where_the_place_says_what_they_are(shared, tmp_path):
    sources = describe_sources(shared).split("[[sources]]")[1]
    text = f"[[sources]]{sources}rows_without_id = 'smoking_prevalence_qof'\n"
    release, report = build_release(write_real_rotherham(tmp_path / "place", shared, text))
    assert "no indicator id" not in report.aggregates[0].tables[0].dropped
    later = release.table("values").filter(area_type="practice", period="2023/24")
    assert later.height == 28
    # These rows came without limits: they are Wilson's, from the counts.
    assert set(later["limits"]) == {"worked_out"}


def test_england_and_the_region_are_there_to_compare_with(built):
    region = figures(built, "smoking_prevalence_qof", area_type="region")
    assert [row["period"] for row in region][-1] == "2021/22"
    assert built[0].area_names["region", YORKSHIRE].startswith("Yorkshire and the Humber")
    england = figures(built, "smoking_prevalence_qof", area_type="country", cut="all")
    assert england[-1]["value"] == 14.71089355


def test_deciles_of_learning_disability_equal_those_of_the_file(built, shared):
    found = {
        (row["period"], row["cut"], row["category"]): row["value"]
        for row in figures(built, "learning_disability_prevalence_qof", area_type="country")
        if row["cut"] != "all"
    }
    assert len(found) == (320 // 2)
    most = [
        row
        for row in rows_of(shared, LEARNING_DISABILITY)
        if row["Category"].strip().startswith("Most deprived decile") and row["Time period"] == "2019/20"
    ]
    for row in most:
        cut = "ccg_decile" if row["Category Type"].startswith("CCG") else "county_ua_decile"
        assert found["2019/20", cut, "1"] == float(row["Value"])


def test_the_slope_across_published_deciles_is_the_weighted_line_through_them(built):
    tenths = sorted(
        figures(built, "learning_disability_prevalence_qof", cut="county_ua_decile", period="2022/23"),
        key=lambda row: int(row["category"]),
    )
    people = np.array([row["denominator"] for row in tenths], float)
    share = people / people.sum()
    midpoint = np.cumsum(share) - share / 2
    value = np.array([row["value"] for row in tenths])
    slope = np.polyfit(midpoint, value, 1, w=np.sqrt(share))[0]
    told = (
        built[0]
        .table("inequality")
        .filter(
            indicator_id="learning_disability_prevalence_qof",
            cut="county_ua_decile",
            period="2022/23",
            measure="sii",
        )
        .row(0, named=True)
    )
    assert told["value"] == pytest.approx(-slope, rel=1e-9)
    assert told["lower_cl"] < told["value"] < told["upper_cl"]
    assert (told["area_code"], told["edition"]) == ("E92000001", "IMD2019, 4/23 geography")


def test_dementia_of_england_is_kept_once_a_year(built):
    assert len(figures(built, "dementia_prevalence_qof")) == 14
    assert report_of(built, "Dementia").dropped == {
        "the same figure again": 14,
        "area not of this place and not a comparator": 196,
    }


def test_prevalence_given_as_a_share_and_as_a_percentage_is_on_one_scale(built, shared):
    diabetes = {row["area_code"]: row["value"] for row in figures(built, "diabetes_prevalence_qof")}
    wanted = {
        row["OrganisationCode"]: 100 * float(row["DM-prevalance"])
        for row in rows_of(shared, QOF_2022)
        if row["OrganisationCode"] in diabetes
    }
    assert diabetes == pytest.approx(wanted, rel=1e-12)
    assert 4 < np.median(list(diabetes.values())) < 12
    hypertension = {row["area_code"]: row for row in figures(built, "hypertension_prevalence_qof")}
    for row in rows_of(shared, QOF_2024):
        if row["Practice.Code"] in hypertension:
            own = hypertension[row["Practice.Code"]]
            assert own["value"] == float(row["Prevalence_HYP"])
            assert own["denominator"] == int(row["List.Size_HYP"])
            assert own["limits"] == "worked_out"


def test_a_table_of_shares_taken_for_percentages_is_doubted(shared, tmp_path):
    sources = "[[sources]]" + describe_sources(shared).split("[[sources]]")[4]
    _, report = build_release(
        write_real_rotherham(tmp_path / "place", shared, sources.replace('value_is = "fraction"\n', ""))
    )
    assert "are they shares from 0 to 1?" in report.aggregates[0].tables[0].notes[0]


def test_a_site_download_of_other_areas_brings_what_england_has(shared, tmp_path):
    file = shared / FINGERTIPS / "cooccurring_profile_county_ua_east_midlands.csv"
    root = write_real_rotherham(
        tmp_path / "place", shared, f'[[sources]]\nname = "A"\nkind = "fingertips"\npath = "{file}"\n'
    ).root
    with pytest.raises(SourceError, match="none of its 87 rows can be used"):
        build_release(load_workspace(root))


def test_nobody_is_counted_and_nothing_is_ranked(built):
    release, report = built
    assert report.people_counted == 0
    assert release.table("rankings").is_empty()
    assert set(release.table("values")["basis"]) == {"published"}
    assert release.table("areas").filter(pl.col("area_type") == "lsoa").height == 170
