"""Where areas are."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.reach import find_middles, read_middles


def square(west: float, south: float, side: float = 1.0) -> str:
    ring = [
        [west, south],
        [west, south + side],
        [west + side, south + side],
        [west + side, south],
        [west, south],
    ]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


def test_the_middle_of_a_boundary_in_metres_is_its_centroid():
    found = find_middles({"b": square(400_000, 300_000, 100), "a": square(0, 0, 100)})
    assert found.rows() == [("a", 50.0, 50.0), ("b", 400_050.0, 300_050.0)]


def test_degrees_of_longitude_are_shortened():
    found = find_middles({"a": square(0.0, 52.0), "b": square(1.0, 52.0)})
    apart = found["x"][1] - found["x"][0]
    assert apart == pytest.approx(math.cos(math.radians(52.5)))


def test_boundaries_that_cannot_be_read_are_named():
    with pytest.raises(InputError, match="2 areas cannot be read: bad, empty"):
        find_middles({"a": square(0, 0), "bad": "{", "empty": '{"type":"Polygon","coordinates":[]}'})


def test_columns_of_text_place_areas_and_empty_ones_do_not():
    counts = pl.DataFrame(
        {"area_code": ["a ", "a", "b"], "easting": ["100", "300", ""], "northing": ["5000", "5000", "1"]}
    )
    found = read_middles(counts, "area_code", ("easting", "northing"))
    assert found.rows() == [("a", 200.0, 5000.0)]


def test_every_fault_of_the_columns_is_told_at_once():
    counts = pl.DataFrame({"area_code": ["a"], "easting": ["here"]})
    with pytest.raises(InputError) as told:
        read_middles(counts, "area_code", ("easting", "northng"))
    assert "1 rows hold no number" in str(told.value)
    assert '"northng"' in str(told.value)
    with pytest.raises(InputError, match="two columns"):
        read_middles(counts, "area_code", ("easting",))
