"""From figures and boundaries to filled areas."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import shapely

from evenground.reports.cells import Cell
from evenground.reports.drawing import WIDTH
from evenground.reports.maps import BLUES, NO_VALUE_FILLS, classify_areas, fit_shapes


def cells(*values: float) -> dict[str, Cell]:
    return {f"{n:03}": Cell(f"Area {n}", value, note="published") for n, value in enumerate(values)}


def geojson(*rings: list[tuple[float, float]]) -> str:
    return json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]] for ring in rings]})


def classify(areas: dict[str, Cell], polarity: str = "higher_is_better"):
    return classify_areas(areas, unit="%", polarity=polarity)


def test_five_classes_hold_equally_many_areas():
    fills, legend = classify(cells(*range(1, 21)))
    assert [list(fills.values()).count(blue) for blue in BLUES] == [4] * 5
    assert [swatch.label for swatch in legend] == [
        "Highest, best: 17.0% to 20.0% (4 areas)",
        "Higher: 13.0% to 16.0% (4 areas)",
        "Middle: 9.0% to 12.0% (4 areas)",
        "Lower: 5.0% to 8.0% (4 areas)",
        "Lowest, worst: 1.0% to 4.0% (4 areas)",
    ]


def test_a_higher_value_is_never_lighter():
    values = [3.0, 3.0, 3.0, 9.0, 1.0, 4.0, 4.0, 7.5, 2.0, 2.0, 3.0]
    fills, _ = classify(cells(*values))
    shades = [
        BLUES.index(fills[code]) for code, _ in sorted(cells(*values).items(), key=lambda c: c[1].value)
    ]
    assert shades == sorted(shades)


def test_equal_values_share_a_class():
    fills, legend = classify(cells(*[5.0] * 9, 6.0))
    assert len(legend) == 2
    assert len({fills[code] for code, cell in cells(*[5.0] * 9, 6.0).items() if cell.value == 5.0}) == 1


@pytest.mark.parametrize(
    ("count", "labels"),
    [
        (1, ["All: 1.0% (1 area)"]),
        (2, ["Higher, worst: 2.0% (1 area)", "Lower, best: 1.0% (1 area)"]),
        (3, ["Highest, worst: 3.0% (1 area)", "Middle: 2.0% (1 area)", "Lowest, best: 1.0% (1 area)"]),
    ],
)
def test_fewer_values_make_fewer_classes(count, labels):
    _, legend = classify(cells(*range(1, count + 1)), "lower_is_better")
    assert [swatch.label for swatch in legend] == labels


def test_without_polarity_neither_end_is_called_best():
    _, legend = classify(cells(*range(1, 21)), "none")
    assert not any("best" in swatch.label or "worst" in swatch.label for swatch in legend)


def test_suppressed_missing_and_too_few_are_filled_differently_and_named():
    areas = {note: Cell(note, note=note) for note in ("suppressed", "missing", "too_few_events")}
    fills, legend = classify(areas)
    assert fills == NO_VALUE_FILLS
    assert len({swatch.fill for swatch in legend}) == 3
    assert "Suppressed: too few people to publish (1 area)" in [swatch.label for swatch in legend]


def test_zero_is_a_value_with_a_class_of_its_own_shade():
    fills, legend = classify({"a": Cell("A", 0.0, note="zero"), "b": Cell("B", 5.0, note="published")})
    assert fills["a"] == BLUES[0]
    assert legend[-1].label == "Lower, worst: 0% (1 area)"


SQUARE = [(-1.4, 53.4), (-1.4, 53.5), (-1.2, 53.5), (-1.2, 53.4)]
HOLE = [(-1.35, 53.42), (-1.35, 53.46), (-1.25, 53.46), (-1.25, 53.42)]


@pytest.mark.parametrize("outer", [SQUARE, SQUARE[::-1]])
@pytest.mark.parametrize("inner", [HOLE, HOLE[::-1]])
def test_rings_are_turned_clockwise_to_the_eye_and_holes_against_it(outer, inner):
    shapes, _ = fit_shapes({"a": geojson(outer, inner)}, {"a": "red"}, {"a": "A"})
    drawn = shapely.from_geojson(json.dumps(shapes[0].geometry))
    # Pixels run downwards: anticlockwise numbers look clockwise.
    assert drawn.exterior.is_ccw
    assert not drawn.interiors[0].is_ccw


def test_the_map_keeps_its_proportions_at_its_latitude():
    _, height = fit_shapes({"a": geojson(SQUARE)}, {"a": "red"}, {"a": "A"})
    expected = WIDTH * 0.1 / (0.2 * np.cos(np.radians(53.45)))
    assert height == np.ceil(expected)


def test_metres_of_a_national_grid_are_drawn_too():
    square = [(400_000, 300_000), (400_000, 310_000), (410_000, 310_000), (410_000, 300_000)]
    _, height = fit_shapes({"a": geojson(square)}, {"a": "red"}, {"a": "A"})
    assert height == WIDTH


def test_north_is_up():
    north = geojson([(0.0, 1.0), (0.0, 2.0), (1.0, 2.0), (1.0, 1.0)])
    south = geojson([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)])
    shapes, _ = fit_shapes({"n": north, "s": south}, dict.fromkeys("ns", "red"), {"n": "N", "s": "S"})
    top = {shape.tooltip: shapely.from_geojson(json.dumps(shape.geometry)).bounds[1] for shape in shapes}
    assert top["N"] < top["S"]


def test_simplified_neighbours_still_meet():
    angles = np.linspace(0, np.pi, 400)
    edge = [(0.5 + 0.02 * np.sin(9 * a), a / np.pi) for a in angles]
    left = geojson([(0.0, 0.0), *edge, (0.0, 1.0)])
    right = geojson([*edge, (1.0, 1.0), (1.0, 0.0)])
    shapes, _ = fit_shapes({"l": left, "r": right}, dict.fromkeys("lr", "red"), {"l": "L", "r": "R"})
    drawn = [shapely.from_geojson(json.dumps(shape.geometry)) for shape in shapes]
    assert len(drawn[0].exterior.coords) < 200
    assert shapely.intersection(*drawn).area == pytest.approx(0, abs=1e-6)
    assert shapely.union(*drawn).area == pytest.approx(sum(shape.area for shape in drawn))


def test_an_area_that_is_not_in_the_release_is_not_drawn():
    shapes, _ = fit_shapes({"a": geojson(SQUARE), "b": geojson(HOLE)}, {"a": "red"}, {"a": "A"})
    assert [shape.tooltip for shape in shapes] == ["A"]


def test_no_boundaries_make_an_empty_map():
    assert fit_shapes({}, {"a": "red"}, {"a": "A"}) == ([], 0)


@pytest.mark.reference
def test_the_real_small_areas_of_rotherham_are_all_drawn_and_leave_no_gap(shared):
    packed = (shared / "data" / "boundaries" / "lsoa21_rotherham_staffs_stoke.geojson.gz").read_bytes()
    features = json.loads(gzip.decompress(packed))["features"]
    named = {f["properties"]["lsoa21_code"]: f for f in features}
    rotherham = {c: f for c, f in named.items() if f["properties"]["lsoa21_name"].startswith("Rotherham")}
    boundaries = {code: json.dumps(feature["geometry"]) for code, feature in rotherham.items()}
    shapes, height = fit_shapes(boundaries, dict.fromkeys(boundaries, "red"), {c: c for c in boundaries})
    drawn = shapely.from_geojson([json.dumps(shape.geometry) for shape in shapes])
    assert len(shapes) == 170
    assert 0 < height <= 640
    whole = shapely.union_all(drawn)
    assert whole.area == pytest.approx(shapely.area(drawn).sum(), rel=1e-3)
    assert shapely.get_num_interior_rings(whole) == 0
