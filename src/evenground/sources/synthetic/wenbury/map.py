"""Wenbury's map: seeded points, the cells around them, and contiguous groups of cells.

Coordinates are kilometres east and north of the middle of the place until :func:`to_degrees` puts them into
the North Sea, where no real boundary can be mistaken for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Point = tuple[float, float]

CENTRE: Final = (2.20, 54.50)
"""Longitude and latitude of the middle of Wenbury: open water east of England."""

_KM_PER_DEGREE: Final = 111.32
_SHORTEST_BENT_KM: Final = 0.15


@dataclass(frozen=True, slots=True)
class Settlement:
    """A disc or ring in which LSOAs lie about ``spacing`` kilometres apart."""

    kind: str
    centre: Point
    inner: float
    outer: float
    lsoas: int


SETTLEMENTS: Final = (
    Settlement("town", (-1.0, 0.0), 0.0, 2.9, 70),
    Settlement("second_town", (7.6, 3.4), 0.0, 2.0, 30),
    Settlement("suburb", (-1.0, 0.0), 3.2, 4.9, 34),
    Settlement("pit_village", (-8.2, 3.4), 0.0, 0.9, 5),
    Settlement("pit_village", (-5.6, -6.6), 0.0, 0.9, 5),
    Settlement("pit_village", (4.2, -6.4), 0.0, 0.9, 5),
    Settlement("pit_village", (1.6, 8.2), 0.0, 0.9, 5),
    Settlement("countryside", (0.0, 0.0), 0.0, 12.5, 13),
)


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells around points: which touch, and the closed outline of each in kilometres."""

    points: FloatArray
    kinds: tuple[str, ...]
    neighbours: tuple[frozenset[int], ...]
    outlines: tuple[tuple[Point, ...], ...]


def outline_radius(angle: FloatArray | float) -> FloatArray:
    """How far the edge of the place lies from its middle, in kilometres, at an angle in radians."""
    turn = np.asarray(angle, dtype=float)
    wave = 0.06 * np.cos(3 * turn + 0.7) + 0.04 * np.cos(5 * turn + 2.1) + 0.03 * np.sin(8 * turn)
    return np.asarray(11.6 * (1 + 0.10 * np.cos(2 * turn)) * (1 + wave))


def place_points(rng: np.random.Generator) -> tuple[FloatArray, tuple[str, ...]]:
    """Points of all settlements, each the farthest of many candidates from those already there."""
    points: list[Point] = []
    kinds: list[str] = []
    for settlement in SETTLEMENTS:
        for _ in range(settlement.lsoas):
            points.append(_farthest(_candidates(settlement, rng), points))
            kinds.append(settlement.kind)
    return np.array(points), tuple(kinds)


def build_cells(points: FloatArray, kinds: tuple[str, ...], rng: np.random.Generator) -> Cells:
    """The Voronoi cell of each point, its edges bent so that they look like lanes and becks.

    Each edge is bent once and used by both its cells, so the cells tile without gap or overlap.
    """
    # Only the making of the map needs scipy; those who load what ships do not wait for it.
    from scipy.spatial import Voronoi

    everything = np.vstack([points, _points_outside(rng)])
    diagram = Voronoi(everything)
    count = len(points)
    edges: dict[tuple[Point, Point], tuple[int, int]] = {}
    neighbours: list[set[int]] = [set() for _ in range(count)]
    for (one, other), (start, end) in zip(diagram.ridge_points, diagram.ridge_vertices, strict=True):
        pair = (int(min(one, other)), int(max(one, other)))
        if pair[0] < count and start >= 0 and end >= 0:
            key = sorted((_rounded(diagram.vertices[start]), _rounded(diagram.vertices[end])))
            edges[key[0], key[1]] = pair
            if pair[1] < count:
                neighbours[pair[0]].add(pair[1])
                neighbours[pair[1]].add(pair[0])
    outlines = _outlines(edges, everything, count, rng)
    return Cells(points, kinds, tuple(frozenset(near) for near in neighbours), outlines)


def group_cells(
    cells: Cells, groups: int, rng: np.random.Generator, *, other_kind_km: float = 0.0
) -> npt.NDArray[np.int64]:
    """Split cells into contiguous groups of nearly equal size.

    Groups start far apart; the smallest group that can still grow takes its nearest free neighbour, so every
    group is contiguous by construction. Then single cells move from large groups to small neighbours as long
    as both stay whole.

    Parameters
    ----------
    other_kind_km
        Distance added to a cell of another kind of settlement than the group's first: towns with towns.
    """
    starts = _spread_starts(cells, groups, rng)
    assigned = np.full(len(cells.points), -1)
    assigned[starts] = np.arange(groups)
    while (assigned < 0).any():
        _grow_smallest(cells, assigned, starts, other_kind_km)
    _even_out(cells, assigned)
    return assigned


def is_contiguous(members: frozenset[int] | set[int], neighbours: Sequence[frozenset[int]]) -> bool:
    """Whether every member can be reached from any other through members alone."""
    if not members:
        return False
    reached = {min(members)}
    frontier = list(reached)
    while frontier:
        fresh = (neighbours[frontier.pop()] & members) - reached
        reached |= fresh
        frontier.extend(fresh)
    return reached == members


def to_degrees(point: Point) -> list[float]:
    """Longitude and latitude to 5 decimals (about a metre)."""
    longitude = CENTRE[0] + point[0] / (_KM_PER_DEGREE * math.cos(math.radians(CENTRE[1])))
    return [round(longitude, 5), round(CENTRE[1] + point[1] / _KM_PER_DEGREE, 5)]


def clockwise(ring: Sequence[list[float]]) -> list[list[float]]:
    """A closed ring wound clockwise, as Vega's spherical geometry wants an outer ring."""
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
    points = list(ring) if area < 0 else list(reversed(ring))
    first = points.index(min(points))
    turned = points[first:] + points[:first]
    return [*turned, turned[0]]


def _candidates(settlement: Settlement, rng: np.random.Generator) -> list[Point]:
    angle = rng.uniform(0, 2 * np.pi, 40)
    inner, outer = settlement.inner**2, settlement.outer**2
    radius = np.sqrt(rng.uniform(inner, outer, 40))
    east = settlement.centre[0] + radius * np.cos(angle)
    north = settlement.centre[1] + radius * np.sin(angle)
    inside = np.hypot(east, north) < 0.93 * outline_radius(np.arctan2(north, east))
    return list(zip(east[inside].tolist(), north[inside].tolist(), strict=True))


def _farthest(candidates: list[Point], others: list[Point]) -> Point:
    if not others:
        return candidates[0]
    gaps = np.array(candidates)[:, None, :] - np.array(others)[None, :, :]
    nearest = np.hypot(gaps[..., 0], gaps[..., 1]).min(axis=1)
    return candidates[int(nearest.argmax())]


def _points_outside(rng: np.random.Generator) -> FloatArray:
    """Points around the place whose cells are thrown away: they draw the outer boundary."""
    rings = []
    for factor, count in ((1.07, 90), (1.35, 60), (1.9, 40)):
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False) + rng.uniform(-0.02, 0.02, count)
        radius = factor * outline_radius(angle) * rng.uniform(0.98, 1.02, count)
        rings.append(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
    return np.vstack(rings)


def _rounded(vertex: FloatArray) -> Point:
    return (round(float(vertex[0]), 6), round(float(vertex[1]), 6))


def _outlines(
    edges: Mapping[tuple[Point, Point], tuple[int, int]],
    points: FloatArray,
    count: int,
    rng: np.random.Generator,
) -> tuple[tuple[Point, ...], ...]:
    pieces: list[list[list[Point]]] = [[] for _ in range(count)]
    for (start, end), pair in sorted(edges.items()):
        line = [start, *_bend(start, end, points[list(pair)], rng), end]
        for owner in pair:
            if owner < count:
                pieces[owner].append(line)
    return tuple(_close(lines) for lines in pieces)


def _bend(start: Point, end: Point, seeds: FloatArray, rng: np.random.Generator) -> list[Point]:
    """Three points between two ends, moved sideways by up to a tenth of the distance.

    They stay inside the two triangles between the edge and the seeds of its cells. No two edges share any
    of those, so bent edges never cross.
    """
    east, north = end[0] - start[0], end[1] - start[1]
    length = math.hypot(east, north)
    if length < _SHORTEST_BENT_KM:
        return []
    shifts = rng.uniform(-1, 1, 3)
    bent = []
    for along, shift in zip((0.25, 0.5, 0.75), shifts.tolist(), strict=True):
        room = min(_room(along, start, end, seed) for seed in seeds.tolist())
        aside = shift * min(0.1, 0.6 * room / length)
        bent.append((start[0] + along * east - aside * north, start[1] + along * north + aside * east))
    return bent


def _room(along: float, start: Point, end: Point, seed: Point) -> float:
    """Height of the triangle (start, end, seed) above the point that lies a share along its base."""
    east, north = end[0] - start[0], end[1] - start[1]
    length = math.hypot(east, north)
    to_seed = (seed[0] - start[0], seed[1] - start[1])
    height = abs(east * to_seed[1] - north * to_seed[0]) / length
    foot = (east * to_seed[0] + north * to_seed[1]) / length**2
    left = height * along / foot if foot > 0 else math.inf
    right = height * (1 - along) / (1 - foot) if foot < 1 else math.inf
    return min(left, right)


def _close(lines: list[list[Point]]) -> tuple[Point, ...]:
    """Chain a cell's edges into one ring, without repeating the first point."""
    ring = list(lines[0])
    rest = lines[1:]
    while rest:
        following = next(line for line in rest if ring[-1] in (line[0], line[-1]))
        rest = [line for line in rest if line is not following]
        ring += following[1:] if following[0] == ring[-1] else following[-2::-1]
    return tuple(ring[:-1])


def _spread_starts(cells: Cells, groups: int, rng: np.random.Generator) -> list[int]:
    """Starts in proportion to where the cells are: k-means centres, each the cell nearest to one."""
    centres = cells.points[rng.choice(len(cells.points), groups, replace=False)]
    for _ in range(40):
        nearest = _distances(cells.points, centres).argmin(axis=1)
        members = [cells.points[nearest == group] for group in range(groups)]
        centres = np.array([m.mean(axis=0) if len(m) else c for m, c in zip(members, centres, strict=True)])
    starts: list[int] = []
    for centre in centres:
        order = _distances(cells.points, centre[None, :])[:, 0].argsort(kind="stable")
        starts.append(next(int(cell) for cell in order if int(cell) not in starts))
    return starts


def _distances(points: FloatArray, others: FloatArray) -> FloatArray:
    gaps = points[:, None, :] - others[None, :, :]
    return np.asarray(np.round(np.hypot(gaps[..., 0], gaps[..., 1]), 9))


def _grow_smallest(cells: Cells, assigned: npt.NDArray[np.int64], starts: list[int], extra: float) -> None:
    sizes = np.bincount(assigned[assigned >= 0], minlength=len(starts))
    for group in np.argsort(sizes, kind="stable"):
        members = np.flatnonzero(assigned == group)
        free = sorted({n for m in members for n in cells.neighbours[m] if assigned[n] < 0})
        if free:
            start = starts[group]
            apart = _distances(cells.points[free], cells.points[[start]])[:, 0]
            foreign = np.array([cells.kinds[cell] != cells.kinds[start] for cell in free])
            assigned[free[int((apart + extra * foreign).argmin())]] = group
            return


def _even_out(cells: Cells, assigned: npt.NDArray[np.int64]) -> None:
    for _ in range(200):
        sizes = np.bincount(assigned)
        move = _best_move(cells, assigned, sizes)
        if move is None:
            return
        assigned[move[0]] = move[1]


def _best_move(
    cells: Cells, assigned: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> tuple[int, int] | None:
    moves = []
    for cell, near in enumerate(cells.neighbours):
        giver = int(assigned[cell])
        for taker in {int(assigned[n]) for n in near}:
            if sizes[giver] - sizes[taker] >= 2:
                rest = set(np.flatnonzero(assigned == giver).tolist()) - {cell}
                if is_contiguous(rest, cells.neighbours):
                    moves.append((int(sizes[taker] - sizes[giver]), cell, taker))
    if not moves:
        return None
    _, cell, taker = min(moves)
    return cell, taker
