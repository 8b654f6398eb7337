"""Services and events laid over a map: where they stand on it, and in which area."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from evenground.geography.services import Service
from evenground.releases import Release
from evenground.reports.area_drawing import PlaceMark
from evenground.reports.drawing import WIDTH
from evenground.reports.maps import Frame, read_outlines
from evenground.reports.names import format_iso_date
from evenground.reports.words import count_in_words


@dataclass(frozen=True, slots=True)
class Overlay:
    """Marks for a map, and each kind in words with how many of it the map shows."""

    marks: tuple[PlaceMark, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service in words, and the area that it stands in; none outside the map."""

    name: str
    kind: str
    when: str
    source: str
    area: tuple[str, str, str] | None


def lay_over(services: Sequence[Service], boundaries: Mapping[str, str], codes: Collection[str]) -> Overlay:
    """The services that stand within the frame of a map of some areas."""
    drawn = [code for code in boundaries if code in codes]
    if not drawn or not services:
        return Overlay((), ())
    outlines = read_outlines(boundaries, drawn)
    frame = Frame.around(outlines)
    pixels = frame.place(_points(services, frame))
    inside = (pixels >= 0).all(axis=1) & (pixels[:, 0] <= WIDTH) & (pixels[:, 1] <= frame.height)
    shown = [(one, *pixels[number]) for number, one in enumerate(services) if inside[number]]
    kinds = list(dict.fromkeys(one.kind for one in services))
    marks = tuple(
        PlaceMark(float(x), float(y), kinds.index(one.kind), f"{one.kind}: {one.name}{_in_brackets(one)}")
        for one, x, y in shown
    )
    counts = [sum(one.kind == kind for one, _, _ in shown) for kind in kinds]
    return Overlay(marks, tuple(f"{kind} ({count:,})" for kind, count in zip(kinds, counts, strict=True)))


def list_services(release: Release, area_type: str, services: Sequence[Service]) -> list[ServiceRow]:
    """Every service with the area of a type that it stands in."""
    table = release.table("boundaries").filter(area_type=area_type).sort("area_code")
    boundaries = dict(table.select("area_code", "geojson").iter_rows())
    if not boundaries or not services:
        return [_make_row(one, None) for one in services]
    outlines = read_outlines(boundaries, list(boundaries))
    points = shapely.points(_points(services, Frame.around(outlines)))
    at, within = shapely.STRtree(outlines).query(points, predicate="intersects")
    codes = list(boundaries)
    area_of = {int(number): codes[area] for number, area in zip(at[::-1], within[::-1], strict=True)}
    named = {
        number: (area_type, code, release.area_names.get((area_type, code), code))
        for number, code in area_of.items()
    }
    return [_make_row(one, named.get(number)) for number, one in enumerate(services)]


def say_services(rows: Sequence[ServiceRow]) -> str:
    """How many stand on the map and how many do not."""
    outside = sum(row.area is None for row in rows)
    told = f"{count_in_words(len(rows), 'service or event', 'services and events')}."
    return f"{told} {outside:,} of them outside the areas of the map." if outside else told


def _points(services: Sequence[Service], frame: Frame) -> Any:
    pairs = [
        (one.longitude, one.latitude) if frame.in_degrees else (one.easting, one.northing) for one in services
    ]
    return np.array(pairs, dtype=np.float64)


def _make_row(one: Service, area: tuple[str, str, str] | None) -> ServiceRow:
    return ServiceRow(one.name, one.kind, _say_when(one), one.source, area)


def _in_brackets(one: Service) -> str:
    when = _say_when(one)
    return f" ({when})" if when else ""


def _say_when(one: Service) -> str:
    starts, ends = (format_iso_date(day) if day else "" for day in (one.starts, one.ends))
    if starts and ends:
        return starts if starts == ends else f"{starts} to {ends}"
    return f"from {starts}" if starts else f"until {ends}" if ends else ""
