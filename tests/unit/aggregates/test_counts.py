"""Any table of figures by area and group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.pipeline import BuildReport, build_release
from evenground.releases import Release
from evenground.workspace import load_workspace
from tests.support.aggregates import write_definition, write_place

HEADER = """\
[[sources]]
name = "Our table"
kind = "counts"
path = "data/table.csv"
"""
PUBLISHED = 'publication = "A report of 2025"\n'
LAYOUT = """\
area_type = "practice"
period = "2024/25"
columns = { area_code = "code" }
"""
FIGURES = 'figures = [{ indicator = "smoking_published", numerator = "n", denominator = "d" }]\n'
WITH_VALUE = (
    'figures = [{ indicator = "smoking_published", value = "v", numerator = "n", denominator = "d" }]\n'
)


def make(root: Path, table: str, *sections: str, **facts: Any) -> Path:
    write_definition(root, **facts)
    write_place(root, HEADER + "".join(sections))
    (root / "data" / "table.csv").write_text(table)
    return root


def build(root: Path) -> tuple[list[dict[str, Any]], Release, BuildReport]:
    release, report = build_release(load_workspace(root))
    for table in report.aggregates[0].tables:
        assert table.kept + sum(table.dropped.values()) == table.read
    return release.table("values").sort("area_code", "cut", "category").to_dicts(), release, report


def test_counts_that_nobody_published_go_under_the_disclosure_policy(tmp_path):
    table = "code,n,d\nY00001,3,400\nY00002,103,402\n"
    (small, large), _, _ = build(make(tmp_path, table, LAYOUT, FIGURES))
    assert (small["value_note"], small["numerator"], small["value"]) == ("suppressed", None, None)
    assert (large["numerator"], large["denominator"], large["value"]) == (105, 400, 26.25)
    assert {small["basis"], large["basis"]} == {"provided"}


def test_the_value_of_counts_that_nobody_published_comes_from_the_protected_counts(tmp_path):
    table = "code,n,d,v,l,u\nY00001,103,402,25.62189054,21,30\n"
    figures = (
        'figures = [{ indicator = "smoking_published", value = "v", numerator = "n", denominator = "d", '
        'lower_cl = "l", upper_cl = "u" }]\n'
    )
    (row,), _, _ = build(make(tmp_path, table, LAYOUT, figures))
    assert row["value"] == 26.25
    assert row["limits"] == "worked_out"


def test_a_table_that_names_its_publication_stands_as_it_was_published(tmp_path):
    table = "code,n,d\nY00001,3,400\n"
    (row,), _, _ = build(make(tmp_path, table, PUBLISHED, LAYOUT, FIGURES))
    assert (row["basis"], row["numerator"], row["value"]) == ("published", 3, 0.75)


def test_a_value_without_counts_cannot_be_protected_and_is_dropped(tmp_path):
    table = "code,v\nY00001,20\nY00002,25\n"
    figures = 'figures = [{ indicator = "smoking_published", value = "v" }]\n'
    with pytest.raises(SourceError, match="value that protected counts do not give"):
        build(make(tmp_path / "own", table, LAYOUT, figures))
    rows, _, _ = build(make(tmp_path / "published", table, PUBLISHED, LAYOUT, figures))
    assert [row["value"] for row in rows] == [20.0, 25.0]
    assert {row["limits"] for row in rows} == {""}


def test_a_modelled_count_cannot_be_protected(tmp_path):
    table = "code,n,d\nY00001,30.5,400\nY00002,40,400\n"
    _, _, report = build(make(tmp_path, table, LAYOUT, FIGURES))
    assert report.aggregates[0].tables[0].dropped == {
        "count that is not whole, where the table is not published": 1
    }


def test_shares_are_put_on_the_scale_of_the_indicator_where_the_place_says_so(tmp_path):
    table = "code,v\nY00001,0.155\n"
    figures = 'figures = [{ indicator = "smoking_published", value = "v" }]\n'
    fraction = 'value_is = "fraction"\n'
    (row,), _, _ = build(make(tmp_path, table, PUBLISHED, LAYOUT, fraction, figures))
    assert row["value"] == pytest.approx(15.5)


def test_shares_taken_for_percentages_are_found_by_their_counts(tmp_path):
    table = "code,v,n,d\nY00001,0.25,100,400\nY00002,0.1,40,400\n"
    with pytest.raises(SourceError, match='value_is = "fraction"'):
        build(make(tmp_path, table, PUBLISHED, LAYOUT, WITH_VALUE))


def test_shares_taken_for_percentages_are_doubted_where_there_are_no_counts(tmp_path):
    table = "code,v\nY00001,0.25\nY00002,0.1\n"
    figures = 'figures = [{ indicator = "smoking_published", value = "v" }]\n'
    _, _, report = build(make(tmp_path, table, PUBLISHED, LAYOUT, figures))
    (note,) = report.aggregates[0].tables[0].notes
    assert "are they shares from 0 to 1?" in note


def test_several_figures_stand_beside_each_other_in_one_table(tmp_path):
    figures = (
        'figures = [{ indicator = "smoking_published", numerator = "n", denominator = "d" }, '
        '{ indicator = "other_published", value = "v" }]\n'
    )
    root = make(tmp_path, "code,n,d,v\nY00001,100,400,7\n", PUBLISHED, LAYOUT, figures)
    write_definition(root, "other_published")
    rows, _, report = build(root)
    assert {row["indicator_id"]: row["value"] for row in rows} == {
        "smoking_published": 25.0,
        "other_published": 7.0,
    }
    assert [table.table for table in report.aggregates[0].tables] == ["smoking_published", "other_published"]


def test_a_long_table_names_indicator_area_type_period_and_group_in_columns(tmp_path):
    layout = """\
cut = "imd_quintile"
columns = { area_code = "code", area_type = "kind", period = "year", indicator = "what", category = "group" }
values = { indicator = { Smokers = "smoking_published" }, category = { Q1 = "1", Everybody = "all" } }
figures = [{ numerator = "n", denominator = "d" }]
"""
    table = (
        "code,kind,year,what,group,n,d\n"
        "X08000001,District,2024,Smokers,Everybody,100,400\n"
        "X08000001,District,2024,Smokers,Q1,60,200\n"
        "X08000001,District,2024,Smokers,Q9,60,200\n"
        "X08000001,District,2024,Drinkers,Q1,60,200\n"
    )
    rows, _, report = build(make(tmp_path, table, PUBLISHED, layout))
    told = {(row["area_type"], row["cut"], row["category"]): row["value"] for row in rows}
    assert told["place", "all", "all"] == 25.0
    assert told["place", "imd_quintile", "1"] == 30.0
    assert report.aggregates[0].tables[0].dropped == {
        "category not recognised": 1,
        "indicator not asked for": 1,
    }


def test_a_parquet_table_is_read_as_well(tmp_path):
    root = make(tmp_path, "", PUBLISHED, LAYOUT.replace("2024/25", "2024"), FIGURES)
    frame = pl.DataFrame({"code": ["Y00001"], "n": [100], "d": [400.0]})
    frame.write_parquet(root / "data" / "table.parquet")
    (root / "data" / "table.csv").unlink()
    place = root / "place.toml"
    place.write_text(place.read_text().replace("table.csv", "table.parquet"))
    (row,), _, _ = build(root)
    assert (row["value"], row["period"]) == (25.0, "2024")


def test_thousands_and_per_cent_signs_are_read(tmp_path):
    table = 'code,v,n,d\nY00001,25%,"1,000","4,000"\n'
    (row,), _, _ = build(make(tmp_path, table, PUBLISHED, LAYOUT, WITH_VALUE))
    assert (row["value"], row["numerator"], row["denominator"]) == (25.0, 1000, 4000)


def test_a_numerator_that_is_not_given_is_found_for_the_limits_and_not_shown(tmp_path):
    figures = 'figures = [{ indicator = "smoking_published", value = "v", denominator = "d" }]\n'
    table = "code,v,d\nY00001,25,400\nY00002,25.1,400\n"
    whole, other = build(make(tmp_path, table, PUBLISHED, LAYOUT, figures))[0]
    assert (whole["numerator"], whole["limits"]) == (None, "worked_out")
    # 25.1 % of 400 is no whole number of people: the value is weighted, and nothing is known of its chance.
    assert (other["limits"], other["lower_cl"]) == ("", None)


def test_a_table_may_be_modelled_where_it_is_published(tmp_path):
    table = "code,n,d\nY00001,100.4,400.2\n"
    (row,), _, report = build(make(tmp_path, table, PUBLISHED, LAYOUT, FIGURES))
    assert (row["numerator"], row["denominator"]) == (100, 400)
    assert report.aggregates[0].tables[0].changed["count that is not whole (rounded)"] == 1


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ((LAYOUT.replace('period = "2024/25"\n', ""), FIGURES), "give period once"),
        ((LAYOUT, 'cut = "sex"\n', FIGURES), "cut says what columns.category breaks down by"),
        ((LAYOUT, 'figures = [{ indicator = "smoking_published", numerator = "n" }]\n'), "a figure needs"),
        ((LAYOUT, FIGURES.replace("smoking_published", "smokng")), "is not a published indicator"),
        ((LAYOUT, FIGURES.replace('"n"', '"nn"')), 'column "nn"'),
        ((LAYOUT, "figures = []\n"), "figures"),
    ],
)
def test_a_section_that_does_not_fit_together_is_refused(tmp_path, sections, told):
    with pytest.raises(SourceError, match=told):
        build(make(tmp_path, "code,n,d\nY00001,100,400\n", *sections))


def with_second_source(root: Path, table: str) -> Path:
    place = root / "place.toml"
    text = place.read_text()
    second = text[text.index("[[sources]]") :].replace("Our table", "Their table")
    place.write_text(f"{text}\n{second.replace('table.csv', 'theirs.csv')}")
    (root / "data" / "theirs.csv").write_text(table)
    return root


def test_two_sources_whose_figures_disagree_are_refused(tmp_path):
    root = make(tmp_path, "code,n,d\nY00001,100,400\n", PUBLISHED, LAYOUT, FIGURES)
    with pytest.raises(SourceError, match='"Our table" and "Their table"') as error:
        build(with_second_source(root, "code,n,d\nY00001,101,400\n"))
    assert "smoking_published" in str(error.value)


def test_two_sources_with_the_same_figure_bring_it_once(tmp_path):
    root = make(tmp_path, "code,n,d\nY00001,100,400\n", PUBLISHED, LAYOUT, FIGURES)
    rows, _, _ = build(with_second_source(root, "code,n,d\nY00001,100,400\nY00002,50,400\n"))
    assert [(row["area_code"], row["source"]) for row in rows] == [
        ("Y00001", "Our table"),
        ("Y00002", "Their table"),
    ]
