"""Published figures by LSOAs of the other census edition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evenground.errors import SourceError
from evenground.pipeline import BuildReport, build_release, check_workspace
from evenground.releases import Release
from evenground.workspace import load_workspace
from tests.support.aggregates import write_definition, write_place

LOOKUP = """\
LSOA11CD,CHGIND,LSOA21CD
E01000001,U,E01000001
E01000002,S,E01034001
E01000002,S,E01034002
E01000003,M,E01034003
E01000004,M,E01034003
E01000005,X,E01034004
E01000006,X,E01034004
E01000006,X,E01034005
E01000009,U,E01000009
"""
OF_2021 = ("E01000001", "E01034001", "E01034002", "E01034003", "E01034004", "E01034005")
OF_2011 = ("E01000001", "E01000002", "E01000003", "E01000004", "E01000005", "E01000006")
AREAS = (
    "lsoa_code,lsoa_name,msoa_code,msoa_name,ward_code,ward_name,ltla_code,ltla_name,imd_rank,imd_decile\n"
)
SECTION = """\
[[sources]]
name = "Our table"
kind = "counts"
path = "data/table.csv"
area_type = "lsoa"
period = "2024/25"
columns = { area_code = "code" }
figures = [{ indicator = "smoking_published", value = "v", numerator = "n", denominator = "d" }]
lsoa_edition = 2011
lsoa_lookup = "data/lookup.csv"
"""
PUBLISHED = SECTION + 'publication = "A report of 2025"\n'


def make(root: Path, table: str, section: str = PUBLISHED, wanted: str = "2021", **facts: Any) -> Path:
    write_definition(root, **facts)
    (root / "data").mkdir()
    codes = OF_2021 if wanted == "2021" else OF_2011
    (root / "data/areas.csv").write_text(
        AREAS
        + "".join(
            f"{code},Area {n},E02000001,Town,E05000001,North,E06000001,Samplebury,{1000 * n},{n}\n"
            for n, code in enumerate(codes, start=1)
        )
    )
    (root / "data/lookup.csv").write_text(LOOKUP)
    (root / "data/table.csv").write_text(table)
    write_place(root, section)
    place = root / "place.toml"
    place.write_text(
        place.read_text().replace('lsoa_edition = "2021"\nimd', f'lsoa_edition = "{wanted}"\nimd')
    )
    return root


def build(root: Path) -> tuple[dict[str, dict[str, Any]], Release, BuildReport]:
    release, report = build_release(load_workspace(root))
    (table,) = report.aggregates[0].tables
    assert table.kept + sum(table.dropped.values()) == table.read
    rows = release.table("values").to_dicts()
    return {row["area_code"]: row for row in rows}, release, report


TABLE = """\
code,v,n,d
E01000001,10,40,400
E01000002,20,80,400
E01000003,10,30,300
E01000004,30,90,300
E01000005,5,20,400
"""


def test_counts_of_areas_that_merged_add_up(tmp_path):
    rows, _, report = build(make(tmp_path, TABLE))
    merged = rows["E01034003"]
    assert (merged["numerator"], merged["denominator"], merged["value"]) == (120, 600, 20.0)
    assert merged["limits"] == "worked_out"
    assert merged["edition"] == "LSOA 2011"
    assert report.aggregates[0].tables[0].changed["LSOA of the other edition that merged (added up)"] == 2


def test_each_part_of_an_area_that_was_split_has_its_value_and_no_counts(tmp_path):
    rows, _, report = build(make(tmp_path, TABLE))
    for code in ("E01034001", "E01034002"):
        part = rows[code]
        assert (part["value"], part["numerator"], part["denominator"]) == (20.0, None, None)
        assert (part["value_note"], part["edition"]) == ("published", "LSOA 2011")
    changed = report.aggregates[0].tables[0].changed
    assert changed["LSOA of the other edition that was split (its value shown for each part)"] == 1


def test_a_value_that_only_counts_gave_is_worked_out_before_they_are_left_out(tmp_path):
    table = TABLE.replace("E01000002,20,", "E01000002,,")
    rows, *_ = build(make(tmp_path, table))
    assert rows["E01034001"]["value"] == rows["E01034002"]["value"] == 20.0


def test_areas_that_did_not_change_are_as_they_were_and_those_redrawn_are_dropped_by_reason(tmp_path):
    rows, _, report = build(make(tmp_path, TABLE))
    assert (rows["E01000001"]["numerator"], rows["E01000001"]["edition"]) == (40, "")
    assert not {"E01034004", "E01034005", "E01000005"} & set(rows)
    assert report.aggregates[0].tables[0].dropped == {"LSOA of the other edition that was redrawn": 1}


@pytest.mark.parametrize(
    ("other", "note"),
    [("E01000004,*,*,300\n", "suppressed"), ("E01000004,25,,\n", None), ("", None)],
    ids=["a part suppressed", "a part without counts", "a part that is not there"],
)
def test_areas_that_merged_are_suppressed_or_dropped_where_a_part_is(tmp_path, other, note):
    table = TABLE.replace("E01000004,30,90,300\n", other)
    rows, _, report = build(make(tmp_path, table))
    if note:
        assert (rows["E01034003"]["value_note"], rows["E01034003"]["numerator"]) == (note, None)
    else:
        assert "E01034003" not in rows
        reason = "LSOA of the other edition that merged, without counts of all its parts"
        assert report.aggregates[0].tables[0].dropped[reason] == (2 if other else 1)


def test_standardised_rates_do_not_add_up(tmp_path):
    facts = {"value_type": "dsr", "unit": "per 100,000", "multiplier": 100000}
    rows, _, _ = build(make(tmp_path, TABLE, **facts))
    assert "E01034003" not in rows
    assert rows["E01034001"]["value"] == 20.0


def test_counts_that_nobody_published_add_up_before_the_policy_and_are_never_shared_out(tmp_path):
    table = TABLE.replace("E01000003,10,30,300", "E01000003,1,3,300")
    rows, _, report = build(make(tmp_path, table, SECTION))
    assert (rows["E01034003"]["numerator"], rows["E01034003"]["basis"]) == (95, "provided")
    assert "E01034001" not in rows
    reason = "LSOA of the other edition that was split, in a table that is not published"
    assert report.aggregates[0].tables[0].dropped[reason] == 1


def test_figures_of_2021_are_read_as_those_of_2011_the_other_way_round(tmp_path):
    table = (
        "code,v,n,d\nE01000001,10,40,400\nE01034001,10,20,200\nE01034002,30,60,200\nE01034003,25,150,600\n"
    )
    section = PUBLISHED.replace("lsoa_edition = 2011", "lsoa_edition = 2021")
    rows, *_ = build(make(tmp_path, table, section, wanted="2011"))
    assert (rows["E01000002"]["numerator"], rows["E01000002"]["value"]) == (80, 20.0)
    assert [rows[code]["value"] for code in ("E01000003", "E01000004")] == [25.0, 25.0]
    assert rows["E01000003"]["edition"] == "LSOA 2021"


def test_the_release_names_the_look_up(tmp_path):
    _, release, report = build(make(tmp_path, TABLE))
    (source,) = release.manifest.sources
    assert (source.lsoa_edition, source.lsoa_lookup) == ("2011", "data/lookup.csv")
    assert "data/lookup.csv" in source.sha256
    assert report.aggregates[0].lsoa_conversion["to_edition"] == "2021"


def test_another_edition_without_a_look_up_is_told_before_anything_is_read(tmp_path):
    section = PUBLISHED.replace('lsoa_lookup = "data/lookup.csv"\n', "")
    workspace = load_workspace(make(tmp_path, TABLE, section))
    (fault,) = check_workspace(workspace)
    assert "is 2011, and [areas] lsoa_edition is 2021" in fault.what
    with pytest.raises(SourceError, match="Give lsoa_lookup"):
        build_release(workspace)


def test_a_look_up_that_cannot_be_read_is_named(tmp_path):
    root = make(tmp_path, TABLE)
    (root / "data/lookup.csv").write_text("LSOA11CD,OTHER\nE01000001,1\n")
    with pytest.raises(SourceError, match="lacks the column LSOA21CD"):
        build_release(load_workspace(root))
