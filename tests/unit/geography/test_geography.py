"""Areas, deprivation and boundaries."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import shapely
import shapely.geometry
from hypothesis import given
from hypothesis import strategies as st

from evenground.errors import WorkspaceError
from evenground.geography import dissolve_boundaries, load_boundaries, load_geography
from evenground.vocabulary import AreaType

HEADER = "lsoa_code,lsoa_name,msoa_code,msoa_name,ward_code,ward_name,ltla_code,ltla_name,imd_rank,imd_decile"


def row(
    number: int,
    *,
    rank: int | str | None = None,
    decile: int | str = 5,
    msoa: str = "M1",
    name: str = "North",
) -> str:
    rank = 15_000 + number if rank is None else rank
    return f"L{number:02},Area {number},{msoa},{name},W1,Ward,D1,District,{rank},{decile}"


def load(
    folder: Path, rows: list[str], *, header: str = HEADER, edition: str = "2025", encoding: str = "utf-8"
):
    path = folder / "areas.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return load_geography(path, None, place_code="P1", place_name="Place", imd_edition=edition)


def test_quintile_one_is_the_most_deprived_nationally_and_locally(tmp_path):
    geography = load(tmp_path, [row(n, rank=n, decile=n) for n in range(1, 11)])
    assert geography.lsoas["imd_quintile"].to_list() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert geography.lsoas["local_quintile"].to_list() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_a_look_up_may_name_integrated_care_boards_and_need_not(tmp_path):
    assert load(tmp_path, [row(1), row(2)]).areas().filter(area_type="icb").is_empty()
    rows = [f"{row(1)},QNC,Staffordshire", f"{row(2)},QNC,Staffordshire", f"{row(3)},QHL,Black Country"]
    areas = load(tmp_path, rows, header=f"{HEADER},icb_code,icb_name").areas()
    boards = areas.filter(area_type="icb").select("area_code", "area_name", "parent_area_code").rows()
    assert boards == [("QHL", "Black Country", "P1"), ("QNC", "Staffordshire", "P1")]
    assert areas.filter(area_type="lsoa")["icb_code"].to_list() == ["QNC", "QNC", "QHL"]


def test_a_board_without_its_name_is_told(tmp_path):
    with pytest.raises(WorkspaceError, match="lacks the columns icb_name"):
        load(tmp_path, [f"{row(1)},QNC"], header=f"{HEADER},icb_code")


def test_local_quintiles_rank_the_place_among_itself(tmp_path):
    geography = load(tmp_path, [row(n, rank=n, decile=1) for n in range(1, 11)])
    assert set(geography.lsoas["imd_quintile"]) == {1}
    assert geography.lsoas["local_quintile"].to_list() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


@given(st.integers(1, 60))
def test_local_quintiles_differ_in_size_by_at_most_one(tmp_path_factory, areas):
    folder = tmp_path_factory.mktemp("areas")
    sizes = load(folder, [row(n) for n in range(areas)]).lsoas["local_quintile"].value_counts()["count"]
    assert sizes.max() - sizes.min() <= 1


def test_every_area_type_is_listed_with_its_parent(tmp_path):
    areas = load(tmp_path, [row(1), row(2, msoa="M2", name="South")]).areas()
    listed = {(t, c): p for t, c, p in areas.select("area_type", "area_code", "parent_area_code").iter_rows()}
    assert listed[("place", "P1")] is None
    assert listed[("lsoa", "L02")] == "M2"
    assert listed[("msoa", "M2")] == listed[("ward", "W1")] == listed[("ltla", "D1")] == "P1"


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    assert load(tmp_path, [row(1)], encoding="utf-8-sig").lsoas.height == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(1), row(1)], "1 lsoa_code values stand in more than one row (first: L01)"),
        (
            [row(1, rank=0)],
            "1 rows hold an imd_rank that is not a whole number from 1 to 33,755 (first: L01)",
        ),
        ([row(1, rank="high")], "imd_rank that is not a whole number"),
        ([row(1, decile=11)], "imd_decile that is not 1 to 10"),
        ([row(1), row(2, name="South")], "msoa M1 carries more than one name"),
        ([row(1).replace("L01", "")], "rows without a lsoa_code"),
    ],
)
def test_faulty_areas_are_told_with_file_and_first_case(tmp_path, rows, message):
    with pytest.raises(WorkspaceError) as caught:
        load(tmp_path, rows)
    assert "areas.csv" in str(caught.value)
    assert message in str(caught.value)


def test_all_faults_of_the_areas_are_told_at_once(tmp_path):
    with pytest.raises(WorkspaceError) as caught:
        load(tmp_path, [row(1, rank=0), row(2, decile=0), row(2)])
    assert len(caught.value.faults) == 3


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(WorkspaceError, match="lacks the columns imd_decile"):
        load(tmp_path, [], header=HEADER.removesuffix(",imd_decile"))


def test_an_unknown_deprivation_edition_lists_the_known_ones(tmp_path):
    with pytest.raises(WorkspaceError, match="Known: 2019, 2025"):
        load(tmp_path, [row(1)], edition="2015")


def test_a_file_that_is_not_there_says_where_to_look(tmp_path):
    with pytest.raises(WorkspaceError, match="Check the path in place.toml"):
        load_geography(tmp_path / "no.csv", None, place_code="P", place_name="P", imd_edition="2025")


def square(x: float, y: float) -> dict:
    return shapely.geometry.mapping(shapely.box(x, y, x + 0.01, y + 0.01))


def test_larger_areas_are_their_lsoas_put_together_and_wound_clockwise():
    shapes = dissolve_boundaries(
        {"L1": square(0, 50), "L2": square(0.01, 50)}, {"L1": "M1", "L2": "M1", "L3": "M1"}
    )
    shape = shapely.geometry.shape(json.loads(shapes["M1"]))
    assert shape.equals(shapely.box(0, 50, 0.02, 50.01))
    assert not shape.exterior.is_ccw


def test_boundaries_without_their_code_say_which_property_is_needed(tmp_path):
    path = tmp_path / "b.geojson"
    path.write_text(json.dumps({"features": [{"properties": {}, "geometry": square(0, 50)}]}))
    with pytest.raises(WorkspaceError, match="with the property lsoa_code"):
        load_boundaries(path, AreaType.LSOA)


@pytest.mark.reference
def test_real_rotherham_has_170_lsoas_and_local_quintiles_of_34(shared, tmp_path):
    deprivation = pl.read_csv(shared / "data/deprivation/imd2025_england_lsoa21.csv.gz")
    names = pl.read_csv(shared / "data/lookups/lsoa21_msoa21_derived.csv.gz")
    rows = names.filter(pl.col("ltla22_code") == "E08000018").join(deprivation, on="lsoa21_code")
    areas = rows.select(
        pl.col("lsoa21_code").alias("lsoa_code"),
        pl.col("lsoa21_name").alias("lsoa_name"),
        pl.col("msoa21_code").alias("msoa_code"),
        pl.col("msoa21_name").alias("msoa_name"),
        pl.lit("W").alias("ward_code"),
        pl.lit("Ward").alias("ward_name"),
        pl.lit("E08000018").alias("ltla_code"),
        pl.lit("Rotherham").alias("ltla_name"),
        pl.col("IMD_rank").alias("imd_rank"),
        pl.col("IMD_decile").alias("imd_decile"),
    )
    areas.write_csv(tmp_path / "areas.csv")
    geography = load_geography(
        tmp_path / "areas.csv", None, place_code="E08000018", place_name="Rotherham", imd_edition="2025"
    )
    assert geography.lsoas.height == 170
    assert geography.lsoas.filter(pl.col("imd_decile") == 1).height == 36
    assert geography.lsoas["local_quintile"].value_counts()["count"].to_list() == [34] * 5
