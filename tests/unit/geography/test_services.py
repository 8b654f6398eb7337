"""Services and events of a place: read row by row, with every fault, and put on the National Grid."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely

from evenground.errors import WorkspaceError
from evenground.geography.national_grid import to_degrees, to_grid
from evenground.geography.services import MOST_ROWS, load_services

HEADER = "name,kind,easting,northing,longitude,latitude,source,starts,ends"


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "services.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    return path


def faults_of(path: Path) -> list[str]:
    with pytest.raises(WorkspaceError) as caught:
        load_services(path)
    return [str(fault) for fault in caught.value.faults]


def test_a_service_is_read_from_either_kind_of_place(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Pop-up clinic,Clinic,,,-1.35,53.43,Council list 2026,2026-05-01,2026-05-03",
        "Library,Advice,443000,392500,,,Council list 2026,,",
        ",,,,,,,,",
    )
    library, clinic = load_services(path)
    assert (library.name, clinic.starts, clinic.ends) == ("Library", "2026-05-01", "2026-05-03")
    assert (round(library.longitude, 3), round(library.latitude, 3)) == (-1.354, 53.428)
    assert (round(clinic.easting, -2), round(clinic.northing, -2)) == (443_300, 392_800)


def test_every_fault_is_told_with_its_row(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        ",Clinic,443000,392500,,,List,,",
        "A,Clinic,,,53.43,-1.35,List,,",
        "B,Clinic,443000,,,,List,,",
        "C,Clinic,nan,392500,,,List,,",
        "D,Clinic,443000,392500,,,List,01/05/2026,",
        "E,Clinic,443000,392500,,,List,2026-05-03,2026-05-01",
    )
    told = faults_of(path)
    for row, what in (
        (2, "has no name"),
        (3, "has a longitude of 53.43, outside Great Britain"),
        (4, "says not where it is"),
        (5, "has a easting that is not a number"),
        (6, "has a date under starts that is none"),
        (7, "ends before it starts"),
    ):
        assert any(f"services.csv, row {row}: {what}" in fault for fault in told), (row, told)


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("name,kind,easting,northing", "A,B,1,2", "lacks the columns source"),
        ("name,kind,source", "A,B,C", "says of no row where it is"),
        (f"{HEADER},patient", "A,B,1,2,,,C,,,x", "Nothing about people belongs here"),
        ("", "", "It is empty"),
    ],
)
def test_a_header_that_cannot_be_used_is_told(tmp_path: Path, header: str, row: str, said: str) -> None:
    assert any(said in fault for fault in faults_of(write(tmp_path, row, header=header)))


def test_more_kinds_than_there_are_shapes_and_more_rows_than_a_map_holds_are_refused(tmp_path: Path) -> None:
    rows = [f"A,Kind {number},443000,392500,,,List,," for number in range(7)]
    assert "has 7 kinds" in faults_of(write(tmp_path, *rows))[0]
    assert "a map holds 2,000 at most" in faults_of(write(tmp_path, *rows[:1] * (MOST_ROWS + 1)))[0]


def test_the_grid_and_degrees_agree_there_and_back_all_over_the_country() -> None:
    easting, northing = (axis.ravel() for axis in np.meshgrid([100e3, 400e3, 650e3], [20e3, 500e3, 1_200e3]))
    again = to_grid(*to_degrees(easting, northing))
    assert np.abs(np.array(again) - [easting, northing]).max() < 0.5


def test_centres_of_small_areas_fall_within_their_boundaries(shared: Path) -> None:
    """The ONS gives the centres on the grid, and the boundaries in degrees."""
    centres = pl.read_csv(shared / "data" / "lookups" / "lsoa21_pwc_region.csv")
    name = shared / "data" / "boundaries" / "lsoa21_rotherham_staffs_stoke.geojson.gz"
    features = json.loads(gzip.decompress(name.read_bytes()))["features"]
    outlines = {one["properties"]["lsoa21_code"]: one["geometry"] for one in features}
    known = centres.filter(pl.col("LSOA21CD").is_in(list(outlines)))
    points = shapely.points(*to_degrees(known["x"].to_numpy(), known["y"].to_numpy()))
    shapes = [shapely.geometry.shape(outlines[code]) for code in known["LSOA21CD"]]
    assert len(shapes) > 100
    # The boundaries are generalised: a few centres lie just outside.
    assert np.mean(shapely.contains(np.array(shapes), points)) > 0.98
