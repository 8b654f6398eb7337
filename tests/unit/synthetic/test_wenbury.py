from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.geography import load_boundaries, load_geography
from evenground.sources.synthetic.margins import Margins
from evenground.sources.synthetic.wenbury import FOLDER, PLACE_CODE, PLACE_NAME, write_wenbury
from evenground.sources.synthetic.wenbury.map import (
    build_cells,
    group_cells,
    is_contiguous,
    place_points,
    to_degrees,
)

ONE_METRE = 1.1e-5


@pytest.fixture(scope="module")
def geometries() -> dict[str, dict[str, Any]]:
    return load_boundaries(FOLDER / "boundaries.geojson")


@pytest.fixture(scope="module")
def polygons(geometries: dict[str, dict[str, Any]]) -> dict[str, shapely.Geometry]:
    return {code: shapely.geometry.shape(one) for code, one in geometries.items()}


def test_making_wenbury_again_gives_the_files_that_ship_byte_for_byte(tmp_path: Path) -> None:
    made = write_wenbury(tmp_path)
    assert len(made) == 6
    for path in made:
        assert path.read_bytes() == (FOLDER / path.name).read_bytes(), path.name


def test_shipped_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.*")) < 1_500_000


def test_every_lsoa_has_one_valid_boundary(wenbury: Margins, polygons: dict[str, shapely.Geometry]) -> None:
    assert sorted(polygons) == wenbury.areas["lsoa_code"].to_list()
    assert all(polygon.is_valid and polygon.area > 0 for polygon in polygons.values())


def test_boundaries_tile_without_gap_or_overlap(polygons: dict[str, shapely.Geometry]) -> None:
    parts = list(polygons.values())
    whole = shapely.union_all(parts)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert whole.area == pytest.approx(sum(part.area for part in parts), rel=1e-12)
    assert shapely.coverage_is_valid(parts)


def test_every_inner_edge_is_shared_by_exactly_two_lsoas(geometries: dict[str, dict[str, Any]]) -> None:
    owners: dict[frozenset[tuple[float, float]], int] = {}
    for geometry in geometries.values():
        for start, end in pairwise(map(tuple, geometry["coordinates"][0])):
            owners[frozenset((start, end))] = owners.get(frozenset((start, end)), 0) + 1
    outline = shapely.union_all([shapely.geometry.shape(one) for one in geometries.values()]).exterior
    outer = {frozenset(pair) for pair in pairwise(outline.coords)}
    assert {edge for edge, count in owners.items() if count == 1} == outer
    assert set(owners.values()) == {1, 2}


def test_outer_rings_wind_clockwise_for_vega(polygons: dict[str, shapely.Geometry]) -> None:
    assert not any(shapely.is_ccw(polygon.exterior) for polygon in polygons.values())


def test_wenbury_lies_in_the_open_north_sea(polygons: dict[str, shapely.Geometry]) -> None:
    west, south, east, north = shapely.union_all(list(polygons.values())).bounds
    assert west > 1.9
    assert east < 2.6
    assert south > 54.3
    assert north < 54.7


@pytest.mark.parametrize("level", ["msoa_code", "ward_code"])
def test_larger_areas_are_contiguous(
    level: str, wenbury: Margins, polygons: dict[str, shapely.Geometry]
) -> None:
    for (code,), lsoas in wenbury.areas.group_by(level):
        whole = shapely.union_all([polygons[lsoa] for lsoa in lsoas["lsoa_code"]])
        assert whole.geom_type == "Polygon", code


def test_msoas_hold_5_000_to_15_000_people_as_real_ones_do(wenbury: Margins) -> None:
    people = wenbury.areas.select("msoa_code").with_columns(
        pl.Series("people", wenbury.population.sum(axis=(1, 2)))
    )
    totals = people.group_by("msoa_code").agg(pl.col("people").sum())["people"]
    assert totals.is_between(5_000, 15_000).all()


def test_the_geography_loads_with_a_name_for_every_area() -> None:
    place = load_geography(
        FOLDER / "areas.csv",
        FOLDER / "practices.csv",
        place_code=PLACE_CODE,
        place_name=PLACE_NAME,
        imd_edition="2025",
    )
    areas = place.areas()
    assert areas.filter(areas["area_type"] == "msoa")["area_name"].n_unique() == 33
    assert areas["area_name"].null_count() == 0


def test_codes_are_ones_that_real_places_do_not_use(wenbury: Margins) -> None:
    areas = wenbury.areas
    assert areas["lsoa_code"].str.starts_with("E019").all()
    assert areas["msoa_code"].str.starts_with("E029").all()
    assert areas["ward_code"].str.starts_with("E059").all()
    assert set(areas["ltla_code"]) == {"E08900001"}
    assert wenbury.practices["practice_code"].str.starts_with("Y99").all()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_any_seed_gives_a_map_that_tiles_with_contiguous_groups(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = build_cells(*place_points(rng), rng)
    polygons = [shapely.Polygon([to_degrees(point) for point in outline]) for outline in cells.outlines]
    assert all(polygon.is_valid for polygon in polygons)
    assert shapely.coverage_is_valid(polygons)
    groups = group_cells(cells, 33, rng, other_kind_km=1.5)
    assert set(groups.tolist()) == set(range(33))
    for group in range(33):
        assert is_contiguous(set(np.flatnonzero(groups == group).tolist()), cells.neighbours)


def test_the_boundaries_file_is_a_feature_collection_with_5_decimals() -> None:
    content = json.loads((FOLDER / "boundaries.geojson").read_text(encoding="utf-8"))
    assert content["type"] == "FeatureCollection"
    numbers = [
        number
        for feature in content["features"]
        for point in feature["geometry"]["coordinates"][0]
        for number in point
    ]
    assert all(number == round(number, 5) for number in numbers)
