"""Who lives in Wenbury: population by age and sex, ethnic groups and deprivation of each LSOA, and practices.

All of it is invented. The shapes (a town younger than its countryside, poverty in the town centre and the
former pit villages, communities that live close together) are those of many places in the north of England.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from evenground.geography import LSOAS_BY_IMD_EDITION
from evenground.sources.synthetic.margins import RECORDED_GROUPS, IntArray, allocate
from evenground.sources.synthetic.wenbury.map import Cells, FloatArray, group_cells
from evenground.vocabulary import AGE_BANDS

POPULATION: Final = 265_200
IMD_EDITION: Final = "2025"

_AGE_SHARE: Final = np.array(
    [5.3, 5.8, 6.1, 5.7, 5.2, 5.9, 6.5, 6.4, 6.0, 5.8, 6.8, 7.2, 6.7, 5.6, 5.1, 4.3, 2.9, 1.7, 1.0]
)
_FEMALE_SHARE: Final = np.array([0.488] * 4 + [0.495, 0.505] + [0.51] * 8 + [0.52, 0.53, 0.56, 0.61, 0.68])

# Weight at the youngest, at 25-34 and at the oldest ages, relative to the place as a whole.
_AGE_TILT: Final[Mapping[str, tuple[float, float, float]]] = {
    "town": (1.15, 1.30, 0.70),
    "second_town": (1.05, 1.10, 0.90),
    "suburb": (1.00, 0.92, 1.10),
    "pit_village": (1.05, 1.00, 0.95),
    "countryside": (0.85, 0.70, 1.40),
}
_DEPRIVATION: Final = {
    "town": 0.75,
    "second_town": 0.20,
    "suburb": -0.75,
    "pit_village": 0.70,
    "countryside": -1.10,
}

# Share of people outside the communities below, by NHS code; what is left is White British (A).
_SCATTERED: Final = {
    "B": 0.003,
    "C": 0.016,
    "D": 0.004,
    "E": 0.002,
    "F": 0.004,
    "G": 0.003,
    "H": 0.006,
    "J": 0.010,
    "K": 0.001,
    "L": 0.006,
    "M": 0.002,
    "N": 0.007,
    "P": 0.001,
    "R": 0.004,
    "S": 0.006,
}
_SCATTER_BY_KIND: Final = {
    "town": 2.1,
    "second_town": 1.3,
    "suburb": 0.9,
    "pit_village": 0.5,
    "countryside": 0.35,
}

# Communities: the kind of settlement, which of its MSOAs counted from its middle, and added shares.
COMMUNITIES: Final[tuple[tuple[str, int, Mapping[str, float]], ...]] = (
    ("town", 0, {"C": 0.20, "N": 0.10, "S": 0.03}),
    ("town", 1, {"J": 0.36, "F": 0.02}),
    ("town", 2, {"J": 0.28, "K": 0.05, "C": 0.06}),
    ("town", 3, {"N": 0.15, "C": 0.12, "P": 0.02}),
    ("town", 4, {"C": 0.24, "S": 0.06}),
    ("town", 5, {"J": 0.15, "L": 0.05, "N": 0.04}),
    ("town", 7, {"M": 0.05, "D": 0.04, "N": 0.05}),
    ("second_town", 0, {"J": 0.16, "H": 0.05}),
    ("second_town", 2, {"C": 0.10, "N": 0.03}),
    ("suburb", 1, {"H": 0.08, "R": 0.03, "L": 0.03}),
)


def draw_population(cells: Cells, rng: np.random.Generator) -> IntArray:
    """``(LSOAs, age bands, sexes)`` counts that sum to :data:`POPULATION`."""
    size = np.clip(np.round(rng.normal(1_590, 190, len(cells.points)), 6), 1_050, 2_400)
    totals = allocate([size], [POPULATION])[0]
    ages = np.array([_age_shares(kind) for kind in cells.kinds])
    ages *= np.round(np.exp(rng.normal(0, 0.07, ages.shape)), 6)
    by_sex = np.stack([ages * _FEMALE_SHARE, ages * (1 - _FEMALE_SHARE)], axis=2)
    counts = allocate(by_sex.reshape(len(totals), -1), totals)
    return counts.reshape(len(totals), len(AGE_BANDS), 2)


def draw_ethnic_groups(
    cells: Cells, msoas: npt.NDArray[np.int64], totals: IntArray, rng: np.random.Generator
) -> IntArray:
    """``(LSOAs, 16 groups)`` counts that sum to ``totals`` in each LSOA."""
    shares = np.zeros((len(totals), len(RECORDED_GROUPS)))
    scatter = np.array([_SCATTER_BY_KIND[kind] for kind in cells.kinds])
    for code, share in _SCATTERED.items():
        shares[:, RECORDED_GROUPS.index(code)] = share * scatter
    for kind, place_from_middle, added in COMMUNITIES:
        home = msoas == msoas_by_distance(cells, msoas, kind)[place_from_middle]
        for code, share in added.items():
            shares[home, RECORDED_GROUPS.index(code)] += share
    shares *= np.round(np.exp(rng.normal(0, 0.30, shares.shape)), 6)
    shares[:, 0] = np.maximum(0.15, 1 - shares[:, 1:].sum(axis=1))
    return allocate(shares, totals)


def draw_imd_ranks(cells: Cells, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """National ranks (1 = most deprived), none twice: nearly a third in the most deprived fifth."""
    east, north = cells.points[:, 0], cells.points[:, 1]
    score = np.array([_DEPRIVATION[kind] for kind in cells.kinds])
    town = np.array([kind == "town" for kind in cells.kinds])
    score += town * 0.9 * np.exp(-np.hypot(east + 1.0, north) / 1.4)
    score += 0.35 * np.sin(east / 2.3 + 0.4) * np.cos(north / 2.7) + rng.normal(0, 0.38, len(score))
    order = np.argsort(np.argsort(-np.round(score, 9), kind="stable"), kind="stable")
    fraction = (order + 0.5) / len(order)
    steps = np.cumsum(np.round(rng.uniform(0.5, 1.5, len(order)), 6))[order] / len(order)
    mixed = np.clip(0.7 * fraction + 0.3 * steps / 1.02, 0.001, 0.999)
    ranks = np.ceil(mixed**1.35 * LSOAS_BY_IMD_EDITION[IMD_EDITION]).astype(np.int64)
    return _without_ties(ranks)


def draw_practices(
    cells: Cells, population: IntArray, rng: np.random.Generator, *, practices: int, networks: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Each cell's catchment, each practice's network, ``(LSOAs, practices)`` counts of registered people.

    A practice stands at the middle of a contiguous group of LSOAs; people register near home.
    """
    catchments = group_cells(cells, practices, rng)
    sites = np.array([cells.points[catchments == one].mean(axis=0) for one in range(practices)])
    gaps = cells.points[:, None, :] - sites[None, :, :]
    distance = np.hypot(gaps[..., 0], gaps[..., 1])
    weight = np.round(np.exp(-distance / 0.9), 6)
    nearest = np.argsort(np.argsort(np.round(distance, 9), axis=1, kind="stable"), axis=1, kind="stable")
    weight = np.where(nearest < 4, weight + 1e-6, 0)
    return catchments, _networks(cells, sites, networks, rng), allocate(weight, population)


def msoas_by_distance(cells: Cells, msoas: npt.NDArray[np.int64], kind: str) -> list[int]:
    """MSOAs mostly of one kind of settlement, from the middle of that settlement outwards."""
    of_kind = [msoa for msoa in range(int(msoas.max()) + 1) if main_kind(cells, msoas == msoa) == kind]
    members = np.array([one == kind for one in cells.kinds])
    middle = cells.points[members].mean(axis=0)

    def away(msoa: int) -> float:
        gap = cells.points[msoas == msoa].mean(axis=0) - middle
        return round(float(np.hypot(*gap)), 9)

    return sorted(of_kind, key=away)


def main_kind(cells: Cells, members: npt.NDArray[np.bool_]) -> str:
    """The kind of settlement that most of a group's cells belong to."""
    kinds = [cells.kinds[cell] for cell in np.flatnonzero(members)]
    return max(sorted(set(kinds)), key=kinds.count)


def _age_shares(kind: str) -> FloatArray:
    young, adult, old = _AGE_TILT[kind]
    position = np.arange(len(AGE_BANDS))
    tilted = _AGE_SHARE * np.interp(position, [0, 5.5, 9.5, 16], [young, adult, 1.0, old])
    return np.asarray(tilted / tilted.sum())


def _networks(cells: Cells, sites: FloatArray, networks: int, rng: np.random.Generator) -> IntArray:
    neighbourhoods = group_cells(cells, networks, rng)
    gaps = sites[:, None, :] - cells.points[None, :, :]
    nearest = np.round(np.hypot(gaps[..., 0], gaps[..., 1]), 9).argmin(axis=1)
    return np.asarray(neighbourhoods[nearest])


def _without_ties(ranks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    taken: set[int] = set()
    for index in np.argsort(ranks, kind="stable"):
        while int(ranks[index]) in taken:
            ranks[index] += 1
        taken.add(int(ranks[index]))
    return ranks
