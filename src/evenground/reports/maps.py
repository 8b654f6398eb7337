"""From published figures and boundaries to the filled areas of a map."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import shapely

from evenground.reports.area_drawing import Shape, Swatch
from evenground.reports.cells import Cell
from evenground.reports.drawing import WIDTH
from evenground.reports.svg import DOTS, HATCH, reference_pattern
from evenground.reports.words import NOTE_EXPLANATIONS, count_in_words, format_value
from evenground.vocabulary import Comparison, Polarity, ValueNote

CLASSES: Final = 5
MOST_HEIGHT: Final = 640
DETAIL: Final = 0.35
"""How far, in pixels, a simplified edge may leave the true one: less than its own thickness."""

BLUES: Final = ("#eaf3fb", "#a6cbec", "#5a9ad5", "#005eb8", "#002c56")
"""One hue, light to dark, so that order survives any colour blindness; edges are drawn in grey."""

NO_VALUE_FILLS: Final = {
    ValueNote.SUPPRESSED: reference_pattern(HATCH),
    ValueNote.TOO_FEW_EVENTS: reference_pattern(DOTS),
    ValueNote.MISSING: "#b3bcc2",
}
CLASS_NAMES: Final = {
    1: ("All",),
    2: ("Lower", "Higher"),
    3: ("Lowest", "Middle", "Highest"),
    4: ("Lowest", "Lower", "Higher", "Highest"),
    5: ("Lowest", "Lower", "Middle", "Higher", "Highest"),
}


class MapClasses(StrEnum):
    """What the classes of a map are: equally many areas each, or how each area compares with the place."""

    QUANTILES = "quantiles"
    BENCHMARK = "benchmark"


COMPARED: Final = {
    Comparison.WORSE: "worse than the place",
    Comparison.SIMILAR: "similar to the place",
    Comparison.BETTER: "better than the place",
    Comparison.LOWER: "lower than the place",
    Comparison.HIGHER: "higher than the place",
}
_SHADES: Final = {
    Comparison.WORSE: BLUES[4],
    Comparison.HIGHER: BLUES[4],
    Comparison.SIMILAR: BLUES[2],
    Comparison.BETTER: BLUES[0],
    Comparison.LOWER: BLUES[0],
}


def classify_areas(
    cells: Mapping[str, Cell], *, unit: str, polarity: str, decimals: int = 1
) -> tuple[dict[str, str], list[Swatch]]:
    """A fill for each area code, and the legend: highest class first, then what has no value.

    Classes hold equally many areas as far as equal values allow, since equal values share a class; fewer
    distinct values than classes make fewer classes.
    """
    values = {code: cell.value for code, cell in cells.items() if cell.value is not None}
    edges = _class_edges(sorted(values.values()))
    classes = {code: int(np.searchsorted(edges, value, side="right")) for code, value in values.items()}
    count = len(set(classes.values()))
    order = {found: place for place, found in enumerate(sorted(set(classes.values())))}
    palette = _palette(count)
    fills = {code: palette[order[found]] for code, found in classes.items()}
    legend = []
    for place in reversed(range(count)):
        members = [values[code] for code, found in classes.items() if order[found] == place]
        name = CLASS_NAMES[count][place] + _judgement(place, count, polarity)
        legend.append(
            Swatch(
                palette[place],
                f"{name}: {_span(members, unit, decimals)} ({count_in_words(len(members), 'area')})",
            )
        )
    without, of_these = _classify_without_value(cells)
    return fills | without, legend + of_these


def classify_against(
    cells: Mapping[str, Cell], comparisons: Mapping[str, str], *, place_name: str
) -> tuple[dict[str, str], list[Swatch]]:
    """A fill for each area code by how it compares with the place, and the legend.

    One hue again, from light to dark, so that the order survives any colour blindness and a printer.
    """
    fills: dict[str, str] = {}
    legend = []
    for comparison, shade in _SHADES.items():
        codes = [
            code
            for code, cell in cells.items()
            if cell.value is not None and comparisons.get(code) == comparison
        ]
        fills |= dict.fromkeys(codes, shade)
        if codes:
            words = COMPARED[comparison].replace("the place", place_name)
            areas = count_in_words(len(codes), "area")
            legend.append(Swatch(shade, f"{words[0].upper()}{words[1:]} ({areas})"))
    rest = [code for code, cell in cells.items() if cell.value is not None and code not in fills]
    fills |= dict.fromkeys(rest, NO_VALUE_FILLS[ValueNote.MISSING])
    if rest:
        legend.append(
            Swatch(NO_VALUE_FILLS[ValueNote.MISSING], f"Not compared ({count_in_words(len(rest), 'area')})")
        )
    without, of_these = _classify_without_value(cells)
    return fills | without, legend + of_these


def _classify_without_value(cells: Mapping[str, Cell]) -> tuple[dict[str, str], list[Swatch]]:
    fills: dict[str, str] = {}
    legend = []
    for note, fill in NO_VALUE_FILLS.items():
        codes = [code for code, cell in cells.items() if cell.value is None and _note(cell) == note]
        fills |= dict.fromkeys(codes, fill)
        if codes:
            words = NOTE_EXPLANATIONS[note]
            areas = count_in_words(len(codes), "area")
            legend.append(Swatch(fill, f"{words[0].upper()}{words[1:]} ({areas})"))
    return fills, legend


def fit_shapes(
    boundaries: Mapping[str, str],
    fills: Mapping[str, str],
    tooltips: Mapping[str, str],
    links: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[Shape], int]:
    """Boundaries as shapes in pixels, and the height of the map.

    Longitudes are shortened by the cosine of the middle latitude (equirectangular), which over one place
    differs from any other projection by less than a pixel; coordinates that cannot be degrees are taken for
    metres of a national grid. Neighbours are simplified together, so that no gap opens between them, and
    rings are turned clockwise, holes against it.
    """
    codes = [code for code in boundaries if code in fills]
    if not codes:
        return [], 0
    geometries = read_outlines(boundaries, codes)
    frame = Frame.around(geometries)
    geometries = shapely.coverage_simplify(shapely.transform(geometries, frame.place), DETAIL)
    shapes = [
        Shape(_geojson(geometry), fills[code], tooltips[code], links.get(code, ""))
        for code, geometry in zip(codes, geometries, strict=True)
        if not geometry.is_empty
    ]
    return shapes, math.ceil(frame.height)


def read_outlines(boundaries: Mapping[str, str], codes: Sequence[str]) -> Any:
    """The boundaries of some areas as an array of geometries, in their order."""
    return shapely.make_valid(
        np.array([shapely.from_geojson(boundaries[code]) for code in codes], dtype=object)
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """How the places of a map become pixels of its drawing, from the top left; ``height`` in pixels."""

    in_degrees: bool
    west: float
    north: float
    across: float
    down: float
    left: float
    height: float

    @classmethod
    def around(cls, outlines: Any) -> Frame:
        """The frame that some geometries just fill."""
        west, south, east, north = shapely.total_bounds(outlines)
        degrees = bool(max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90)
        squeeze = math.cos(math.radians((south + north) / 2)) if degrees else 1.0
        width, height = (east - west) * squeeze or 1.0, (north - south) or 1.0
        scale = min(WIDTH / width, MOST_HEIGHT / height)
        left = (WIDTH - width * scale) / 2
        return cls(degrees, west, north, squeeze * scale, scale, left, height * scale)

    def place(self, points: Any) -> Any:
        """Points, one a row, as pixels."""
        return np.column_stack(
            (self.left + (points[:, 0] - self.west) * self.across, (self.north - points[:, 1]) * self.down)
        )


def _class_edges(ordered: list[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The lowest value of each class but the first."""
    distinct = sorted(set(ordered))
    if len(distinct) <= CLASSES:
        return np.array(distinct[1:], dtype=np.float64)
    starts = [ordered[math.ceil(len(ordered) * part / CLASSES)] for part in range(1, CLASSES)]
    return np.array(sorted(set(starts) - {ordered[0]}), dtype=np.float64)


def _palette(count: int) -> list[str]:
    """Shades spread over the whole scale, however few the classes."""
    if count == 1:
        return [BLUES[2]]
    return [BLUES[round(place * (CLASSES - 1) / (count - 1))] for place in range(count)]


def _judgement(place: int, count: int, polarity: str) -> str:
    if polarity == Polarity.NONE or count == 1 or 0 < place < count - 1:
        return ""
    return ", best" if (place > 0) == (polarity == Polarity.HIGHER_IS_BETTER) else ", worst"


def _span(members: list[float], unit: str, decimals: int) -> str:
    low, high = (format_value(end, unit, decimals=decimals) for end in (min(members), max(members)))
    return low if low == high else f"{low} to {high}"


def _note(cell: Cell) -> str:
    if cell.note == ValueNote.SUPPRESSED_SECONDARY:
        return ValueNote.SUPPRESSED
    return cell.note if cell.note in NO_VALUE_FILLS else ValueNote.MISSING


def _geojson(geometry: Any) -> Any:
    # Pixels run downwards, so a ring that is clockwise to the eye is anticlockwise to shapely.
    return json.loads(shapely.to_geojson(shapely.orient_polygons(geometry, exterior_cw=False)))
