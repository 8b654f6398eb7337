"""Fingertips files: every row is kept, or counted under one reason."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evenground.contract import TableReport
from evenground.errors import SourceError
from evenground.pipeline import build_release, check_workspace
from evenground.releases import Release
from tests.support.aggregates import (
    COUNTIES,
    FINGERTIPS_HEADER,
    PLACE,
    deciles,
    fingertips_row,
    own_row,
    write_csv,
    write_definition,
    write_place,
)

SOURCE = '[[sources]]\nname = "Fingertips"\nkind = "fingertips"\npath = "data/figures.csv"\n'
INDICATORS = 'indicators = { 91547 = "smoking_published" }\n'


def make(root: Path, *rows: dict[str, Any], options: str = INDICATORS, **facts: Any) -> Path:
    write_definition(root, **facts)
    write_csv(root / "data" / "figures.csv", rows)
    write_place(root, SOURCE + options)
    return root


def build(root: Path) -> tuple[Release, TableReport]:
    from evenground.workspace import load_workspace

    release, report = build_release(load_workspace(root))
    table = report.aggregates[0].tables[0]
    assert table.kept + sum(table.dropped.values()) == table.read
    return release, table


def figures(release: Release, **where: str) -> list[dict[str, Any]]:
    values = release.table("values").filter(pl.col("basis") == "published")
    return values.filter(**where).to_dicts()


def test_a_figure_stands_as_it_was_published_with_its_source_period_and_limits(tmp_path):
    release, _ = build(make(tmp_path, own_row(value="17.123456789", lower="16.9", upper="17.4")))
    (row,) = figures(release, area_type="place")
    assert (row["value"], row["lower_cl"], row["upper_cl"]) == (17.123456789, 16.9, 17.4)
    assert (row["numerator"], row["denominator"], row["confidence_level"]) == (300, 1500, 0.95)
    assert (row["period"], row["source"], row["limits"]) == ("2022/23", "Fingertips", "published")


def test_the_place_by_its_code_is_shown_as_the_place_and_as_its_district(tmp_path):
    release, _ = build(make(tmp_path, own_row()))
    assert {row["area_type"] for row in figures(release)} == {"place", "ltla"}
    assert {row["comparison"] for row in figures(release)} == {"not_compared"}


def test_practices_are_compared_with_the_place_of_the_same_period(tmp_path):
    practice = {"type": "GPs", "lower": "30", "upper": "34", "value": "32"}
    rows = [
        own_row(),
        own_row(code="Y00001", **practice),
        own_row(code="Y00002", period="2021/22", **practice),
    ]
    release, _ = build(make(tmp_path, *rows, options=INDICATORS + 'periods = "all"\n'))
    told = {row["area_code"]: row["comparison"] for row in figures(release, area_type="practice")}
    assert told == {"Y00001": "worse", "Y00002": "not_compared"}


def test_england_is_there_to_compare_with_and_other_areas_where_they_are_named(tmp_path):
    region = fingertips_row(code="E12000003", name="Yorkshire and the Humber", type="Region")
    other = fingertips_row(code="E12000004", name="East Midlands", type="Region")
    options = INDICATORS + 'comparators = ["E12000003"]\n'
    release, table = build(make(tmp_path, own_row(), fingertips_row(), region, other, options=options))
    outside = [row for row in figures(release) if row["area_type"] in {"country", "region"}]
    assert {row["area_code"] for row in outside} == {"E92000001", "E12000003"}
    assert {row["comparison"] for row in outside} == {"not_compared"}
    assert release.area_names["region", "E12000003"] == "Yorkshire and the Humber"
    assert table.dropped == {"area not of this place and not a comparator": 1}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"id": ""}, "no indicator id"),
        ({"id": "108"}, "indicator not asked for"),
        ({"period": "2022/24"}, "period not readable"),
        ({"period": ""}, "period not readable"),
        ({"code": ""}, "no area code"),
        ({"sex": "Anyone"}, "sex not recognised"),
        ({"category_type": "Ethnic groups", "category": "Mixed"}, "a breakdown that is not shown"),
        ({"category": "Most deprived decile"}, "category not recognised"),
        ({"code": "Cl_L2_1a", "type": "ONS 2011 group"}, "area type that is not shown"),
        ({"code": "E06000001", "type": "UA"}, "area not of this place and not a comparator"),
        ({"code": "Y00001", "type": "District"}, "area type that does not fit the area's code"),
        ({"value": "about 20"}, "value or count not a number"),
        ({"count": "many"}, "value or count not a number"),
        ({"count": "1501"}, "count above its denominator"),
        ({"count": "-3"}, "value below 0 or above everybody"),
        ({"value": "120", "lower": "", "upper": ""}, "value below 0 or above everybody"),
        ({"lower": "21"}, "limits that do not hold the value"),
        ({"upper": "19"}, "limits that do not hold the value"),
    ],
)
def test_a_row_that_cannot_be_used_is_counted_under_its_reason(tmp_path, cells, reason):
    release, table = build(make(tmp_path, fingertips_row(), own_row(**cells)))
    assert table.dropped == {reason: 1}
    assert [row["area_code"] for row in figures(release)] == ["E92000001"]


def test_the_report_names_the_rows_of_the_file(tmp_path):
    rows = [fingertips_row(), *(own_row(period="soon") for _ in range(5))]
    _, table = build(make(tmp_path, *rows))
    assert table.notes == ["period not readable: rows 3, 4, 5 and 2 more"]


@pytest.mark.parametrize("mark", ["*", "<5", "<6", "c", "[c]", "Suppressed"])
def test_a_suppression_mark_is_kept_as_suppressed(tmp_path, mark):
    release, table = build(make(tmp_path, own_row(value=mark, lower="", upper="", count=mark)))
    (row,) = figures(release, area_type="place")
    assert (row["value_note"], row["value"], row["numerator"]) == ("suppressed", None, None)
    assert table.changed == {"suppressed by the publisher (kept as suppressed)": 1}


@pytest.mark.parametrize("mark", ["", "-", "null", "..", "n/a"])
def test_no_value_is_kept_as_missing(tmp_path, mark):
    release, table = build(
        make(tmp_path, own_row(value=mark, lower="", upper="", count=mark, denominator=""))
    )
    (row,) = figures(release, area_type="place")
    assert (row["value_note"], row["value"]) == ("missing", None)
    assert table.changed == {"without a value (kept as missing)": 1}


def test_an_empty_value_whose_note_tells_of_suppression_is_suppressed(tmp_path):
    note = "Value suppressed for disclosure control due to small count"
    release, _ = build(make(tmp_path, own_row(value="", lower="", upper="", note=note)))
    (row,) = figures(release, area_type="place")
    assert (row["value_note"], row["numerator"]) == ("suppressed", None)


def test_zero_is_a_figure_and_neither_missing_nor_suppressed(tmp_path):
    release, _ = build(make(tmp_path, own_row(value="0", lower="0", upper="0.3", count="0")))
    (row,) = figures(release, area_type="place")
    assert (row["value_note"], row["value"], row["numerator"]) == ("zero", 0.0, 0)


def test_a_place_may_say_what_a_mark_means(tmp_path):
    options = INDICATORS + 'marks = { "-" = "suppressed", "~" = "missing" }\n'
    rows = [own_row(value="-", lower="", upper=""), fingertips_row(value="~", lower="", upper="", count="~")]
    release, _ = build(make(tmp_path, *rows, options=options))
    notes = {row["area_type"]: row["value_note"] for row in figures(release)}
    assert notes == {"place": "suppressed", "ltla": "suppressed", "country": "missing"}


def test_limits_that_are_not_given_are_worked_out_from_the_counts_and_marked(tmp_path):
    release, _ = build(make(tmp_path, own_row(lower="", upper="")))
    (row,) = figures(release, area_type="place")
    # Wilson's limits of 300 of 1,500.
    assert row["lower_cl"] == pytest.approx(18.0535, abs=1e-3)
    assert row["upper_cl"] == pytest.approx(22.0997, abs=1e-3)
    assert (row["limits"], row["value"]) == ("worked_out", 20.0)


def test_no_limits_are_worked_out_where_value_and_counts_say_different_things(tmp_path):
    release, _ = build(make(tmp_path, own_row(value="25", lower="", upper="")))
    (row,) = figures(release, area_type="place")
    assert (row["lower_cl"], row["upper_cl"], row["limits"]) == (None, None, "")
    assert row["confidence_level"] is None


def test_limits_of_a_rate_are_byars_and_a_standardised_rate_gets_none(tmp_path):
    rate = {"value_type": "crude_rate", "unit": "per 1,000", "multiplier": 1000}
    row = own_row(value="200", lower="", upper="")
    release, _ = build(make(tmp_path / "crude", row, **rate))
    (crude,) = figures(release, area_type="place")
    assert crude["lower_cl"] == pytest.approx(178.0065, abs=0.01)
    assert crude["limits"] == "worked_out"
    release, _ = build(make(tmp_path / "dsr", row, **(rate | {"value_type": "dsr"})))
    (standardised,) = figures(release, area_type="place")
    assert (standardised["value"], standardised["lower_cl"]) == (200.0, None)


def test_a_rate_may_have_more_events_than_people(tmp_path):
    rate = {"value_type": "crude_rate", "unit": "per 100", "multiplier": 100}
    _, table = build(make(tmp_path, own_row(count="3000", value="200", lower="190", upper="210"), **rate))
    assert table.kept == 1


def test_the_same_figure_under_two_parents_is_kept_once(tmp_path):
    _, table = build(make(tmp_path, fingertips_row(), fingertips_row(parent="E92000001"), own_row()))
    assert table.dropped == {"the same figure again": 1}


def test_rows_that_differ_in_the_age_not_applicable_alone_are_the_same_figure(tmp_path):
    _, table = build(make(tmp_path, own_row(), own_row(age="Not applicable")))
    assert table.dropped == {"the same figure again": 1}


def test_figures_of_one_area_that_disagree_are_all_dropped(tmp_path):
    twice = [own_row(), own_row(value="21", count="315")]
    release, table = build(make(tmp_path, fingertips_row(), *twice))
    assert table.dropped == {"figures of one area, group and period that disagree": 2}
    assert [row["area_code"] for row in figures(release)] == ["E92000001"]


def test_limits_that_disagree_are_set_aside_and_the_figure_is_kept(tmp_path):
    release, table = build(make(tmp_path, own_row(), own_row(lower="17")))
    (row,) = figures(release, area_type="place")
    assert (row["value"], row["limits"]) == (20.0, "worked_out")
    assert table.changed == {"given twice with other limits (set aside, worked out from the counts)": 1}


def test_deciles_are_read_in_both_forms_and_one_is_the_most_deprived(tmp_path):
    release, table = build(make(tmp_path, own_row(), *deciles()))
    by_decile = {row["category"]: row for row in figures(release, cut="county_ua_decile")}
    assert {name: row["value"] for name, row in by_decile.items()} == {str(n): 30.0 - n for n in range(1, 11)}
    assert {row["edition"] for row in by_decile.values()} == {"IMD2019, 4/21 geography"}
    assert table.dropped == {}


def test_the_slope_across_published_deciles_is_englands_and_not_the_places(tmp_path):
    release, _ = build(make(tmp_path, own_row(), *deciles()))
    rows = release.table("inequality").to_dicts()
    assert {(row["area_type"], row["cut"]) for row in rows} == {("country", "county_ua_decile")}
    measures = {row["measure"]: row["value"] for row in rows}
    # Ten equal groups, each a point below the one before it: the line falls by 10 from end to end.
    assert measures["sii"] == pytest.approx(10.0)
    assert measures["gap"] == pytest.approx(9.0)
    assert measures["rii"] == pytest.approx(29.5 / 19.5)


def test_there_is_no_slope_where_a_decile_is_missing_or_suppressed(tmp_path):
    release, _ = build(make(tmp_path / "nine", own_row(), *deciles()[:9]))
    assert release.table("inequality").is_empty()
    rows = deciles()
    rows[3] |= {"Value": "*", "Lower CI 95.0 limit": "", "Upper CI 95.0 limit": ""}
    release, _ = build(make(tmp_path / "ten", own_row(), *rows))
    assert release.table("inequality").is_empty()


def test_a_decile_of_england_on_the_row_of_a_council_is_stray(tmp_path):
    stray = own_row(category_type=COUNTIES, category="Most deprived decile")
    _, table = build(make(tmp_path, fingertips_row(), stray))
    assert table.dropped == {"a category of England's areas on the row of another area": 1}


def test_deciles_of_men_alone_are_broken_down_by_two_things(tmp_path):
    _, table = build(make(tmp_path, own_row(), *deciles(sex="Male")))
    assert table.dropped == {"broken down by two things at once": 10}


def test_of_two_editions_of_deciles_the_newer_stands(tmp_path):
    older = deciles("County & UA deprivation deciles in England (IMD2015, pre 4/19 geog.)")
    release, table = build(make(tmp_path, *deciles(), *older))
    assert table.dropped == {"another edition of the same breakdown": 10}
    assert {row["edition"] for row in figures(release)} == {"IMD2019, 4/21 geography"}


def test_men_and_women_are_a_breakdown_by_sex(tmp_path):
    release, _ = build(make(tmp_path, own_row(), own_row(sex="Male", value="21"), own_row(sex="Female")))
    told = {row["category"]: row["value"] for row in figures(release, area_type="place", cut="sex")}
    assert told == {"male": 21.0, "female": 20.0}


def test_the_latest_period_of_each_kind_of_area_and_breakdown_is_kept(tmp_path):
    rows = [
        own_row(),
        own_row(period="2021/22"),
        fingertips_row(period="2021/22"),
        *deciles(period="2019/20"),
    ]
    release, table = build(make(tmp_path, *rows))
    assert table.dropped == {"another period than those asked for": 1}
    kept = {(row["area_type"], row["cut"], row["period"]) for row in figures(release)}
    assert ("place", "all", "2022/23") in kept
    assert ("country", "all", "2021/22") in kept
    assert ("country", "county_ua_decile", "2019/20") in kept


def test_periods_can_be_named_in_any_form_that_is_read(tmp_path):
    rows = [own_row(period=period) for period in ("2015", "2017-19", "2022/23")]
    options = INDICATORS + 'periods = ["2015", "2017 - 19"]\n'
    release, _ = build(make(tmp_path, *rows, options=options))
    assert {row["period"] for row in figures(release)} == {"2015", "2017-19"}


def test_a_period_that_the_file_does_not_hold_is_told_with_those_it_does(tmp_path):
    root = make(tmp_path, own_row(), options=INDICATORS + 'periods = ["2019/20"]\n')
    with pytest.raises(SourceError, match=r'no figure of this place for "2019/20"\. It holds 2022/23'):
        build(root)


def test_rows_without_an_indicator_id_can_be_named(tmp_path):
    options = INDICATORS + 'rows_without_id = "smoking_published"\n'
    release, table = build(make(tmp_path, own_row(id=""), options=options))
    assert table.kept == 1
    assert figures(release)


def test_an_indicator_for_several_ages_must_be_told_which_is_meant(tmp_path):
    rows = [own_row(age="15+ yrs"), own_row(age="65+ yrs", value="19")]
    with pytest.raises(SourceError, match=r"several age groups: 15\+ yrs, 65\+ yrs"):
        build(make(tmp_path, *rows))
    chosen = 'indicators = { 91547 = { indicator = "smoking_published", age = "65+ yrs" } }\n'
    release, table = build(make(tmp_path / "chosen", *rows, options=chosen))
    assert table.dropped == {"another age group than the one asked for": 1}
    assert {row["value"] for row in figures(release, area_type="place")} == {19.0}


def test_without_a_list_the_definitions_say_which_indicators_are_meant(tmp_path):
    root = make(tmp_path, own_row(id="777"), options="", extra="fingertips_id = 777")
    release, _ = build(root)
    assert {row["indicator_id"] for row in figures(release)} == {"smoking_published"}


def test_a_count_that_is_not_whole_is_rounded_and_the_value_is_not_touched(tmp_path):
    release, table = build(make(tmp_path, own_row(denominator="1499.6")))
    (row,) = figures(release, area_type="place")
    assert (row["denominator"], row["value"]) == (1500, 20.0)
    assert table.changed == {"count that is not whole (rounded)": 1}


@pytest.mark.parametrize("way", ["bom", "windows-1252", "gzip", "crlf", "27 columns"])
def test_files_are_read_however_they_were_saved(tmp_path, way):
    root = make(tmp_path, own_row(name="Samplebury – “North”"))
    path = root / "data" / "figures.csv"
    text = path.read_text(encoding="utf-8")
    content = {
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "windows-1252": text.encode("cp1252"),
        "gzip": gzip.compress(text.encode()),
        "crlf": text.replace("\r\n", "\n").replace("\n", "\r\n").encode(),
        "27 columns": text.replace("Compared to goal", "Compared to goal,Time period range", 1)
        .replace("\r\n", "\n")
        .encode(),
    }[way]
    if way == "27 columns":
        lines = content.decode().split("\n")
        content = "\n".join([lines[0], *(line + ",1y" for line in lines[1:] if line)]).encode()
    path.write_bytes(content)
    release, _ = build(root)
    assert len(figures(release, area_type="place")) == 1


def test_a_formula_in_a_cell_is_text(tmp_path):
    comparator = fingertips_row(code="E12000003", type="Region", name='=HYPERLINK("http://x")')
    options = INDICATORS + 'comparators = ["E12000003"]\n'
    release, _ = build(make(tmp_path, own_row(), comparator, options=options))
    assert release.area_names["region", "E12000003"] == '=HYPERLINK("http://x")'


def test_a_row_with_too_few_cells_is_counted_and_the_rows_after_it_keep_their_numbers(tmp_path):
    root = make(tmp_path, own_row(), own_row(period="soon"))
    path = root / "data" / "figures.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1], "91547,x", lines[2]]) + "\n")
    _, table = build(root)
    assert table.dropped == {"row with too few or too many cells": 1, "period not readable": 1}
    assert "period not readable: row 4" in table.notes


def test_a_missing_column_is_told_with_the_nearest_name(tmp_path):
    root = make(tmp_path, own_row())
    path = root / "data" / "figures.csv"
    path.write_text(
        path.read_text().replace("Area Code", "Area code (GSS)").replace("Time period,", "Timeperiod,")
    )
    with pytest.raises(SourceError) as error:
        build(root)
    told = str(error.value)
    assert 'column "Time period"' in told
    assert 'Did you mean "Timeperiod"?' in told
    assert 'column "Area Code"' in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04rest", "is a spreadsheet"),
        (b"\x1f\x8b\x08\x00cut", "cut short or damaged"),
        ((",".join(FINGERTIPS_HEADER) + "\n").encode(), r"no rows \(0\)"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content, told):
    root = make(tmp_path, own_row())
    (root / "data" / "figures.csv").write_bytes(content)
    with pytest.raises(SourceError, match=told):
        build(root)


def test_a_file_without_a_row_for_the_place_says_why(tmp_path):
    root = make(tmp_path, own_row(code="E06000001", type="UA"))
    with pytest.raises(SourceError, match=r"none of its 1 rows can be used \(area not of this place"):
        build(root)


def test_every_fault_of_the_section_is_told_before_a_row_is_read(tmp_path):
    options = 'indicators = { 91547 = "smoking_publshed" }\nrows_without_id = "x"\n'
    root = make(tmp_path, own_row(), options=options)
    from evenground.workspace import load_workspace

    told = [str(fault) for fault in check_workspace(load_workspace(root))]
    assert any('Did you mean "smoking_published"?' in fault for fault in told)
    assert any("rows_without_id" in fault for fault in told)
    (root / "place.toml").write_text((root / "place.toml").read_text().replace("path", "pathh"))
    told = [str(fault) for fault in check_workspace(load_workspace(root))]
    assert any("pathh" in fault and 'Did you mean "path"?' in fault for fault in told)


def test_the_same_inputs_give_the_same_bytes(tmp_path):
    root = make(tmp_path, own_row(), fingertips_row(), *deciles())
    first, _ = build(root)
    kept = {file.name: file.read_bytes() for file in first.path.iterdir()}
    shutil.rmtree(root / "releases")
    second, _ = build(root)
    assert {file.name: file.read_bytes() for file in second.path.iterdir()} == kept


def test_england_in_each_of_several_downloads_is_kept_once(tmp_path):
    root = make(tmp_path, own_row(), fingertips_row())
    write_csv(root / "data" / "more.csv", [own_row(code="Y00001", type="GPs"), fingertips_row()])
    place = root / "place.toml"
    place.write_text(place.read_text().replace("figures.csv", "*.csv"))
    # The look-ups of areas and practices are CSV files, too.
    (root / "data" / "fingertips").mkdir()
    for name in ("figures.csv", "more.csv"):
        (root / "data" / name).rename(root / "data" / "fingertips" / name)
    place.write_text(place.read_text().replace('"data/*.csv"', '"data/fingertips/*.csv"'))
    release, _ = build(root)
    assert [row["area_type"] for row in figures(release)] == ["country", "ltla", "place", "practice"]


def test_several_downloads_that_disagree_are_refused(tmp_path):
    root = make(tmp_path, own_row(), fingertips_row())
    (root / "data" / "fingertips").mkdir()
    (root / "data" / "figures.csv").rename(root / "data" / "fingertips" / "figures.csv")
    write_csv(root / "data" / "fingertips" / "more.csv", [own_row(), fingertips_row(value="19")])
    place = root / "place.toml"
    place.write_text(place.read_text().replace("data/figures.csv", "data/fingertips/*.csv"))
    with pytest.raises(SourceError, match="stand in more than one of its files, and disagree"):
        build(root)


def test_the_codes_of_integrated_care_boards_are_read_with_fingertips_letter_before_them(tmp_path):
    board = fingertips_row(code="nE54000061", name="South Yorkshire", type="ICBs")
    options = INDICATORS + 'comparators = ["E54000061"]\n'
    release, _ = build(make(tmp_path, own_row(), board, options=options))
    assert release.area_names["icb", "E54000061"] == "South Yorkshire"


def test_nothing_is_left_in_the_secure_folder(tmp_path):
    root = make(tmp_path, own_row())
    build(root)
    assert sorted(entry.name for entry in (root / "secure").iterdir()) == ["log.jsonl", "reports"]


def test_the_places_code_names_no_real_place() -> None:
    assert PLACE.startswith("X")
