"""The places: strata with their true uptake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

AGES: Final = ("40-49", "50-59", "60-69", "70-79", "80+")
SEXES: Final = ("female", "male")
LARGEST_IMD_RANK: Final = 33_755

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """What a kind of place is like; effects and spreads are on the logit scale."""

    areas: int = 60
    groups: int = 12
    people: int = 60_000
    standard: float = 0.75
    base: float = 0.55
    """Of a person of average deprivation, group, age and sex."""
    imd: float = 0.7
    """How far the most deprived area is from the least."""
    bent: bool = False
    """Deprivation matters in the most deprived third only."""
    group_spread: float = 0.35
    age: float = 0.5
    sex: float = 0.15
    area_spread: float = 0.2
    spatial: float = 0.0
    """The spread of a smooth surface over the map."""
    community_spread: float = 0.2
    heavy: bool = False
    """Communities stray as Student's t with three degrees of freedom, not as a normal."""
    stratum_spread: float = 0.1
    slopes: float = 0.0
    """The spread between groups of the effect of deprivation."""
    gap_share: float = 0.03
    gap_depth: float = 1.3
    gap_in_strata: bool = False
    """A gap is in one sex and age of a community, not in all of it."""
    size_shape: float = 8.0
    """Of areas, gamma: the smaller, the more unequal."""
    evenness: float = 6.0
    """How alike areas are in their groups."""
    absent: float = 0.0
    """The share of areas in which a group other than the first is not there at all."""


KINDS: Final = {
    "as usual": Kind(),
    "main effects only": Kind(area_spread=0.02, community_spread=0.02, stratum_spread=0.0, gap_share=0.0),
    "areas differ": Kind(area_spread=0.5, community_spread=0.1, gap_share=0.0),
    "overdispersed": Kind(stratum_spread=0.5, community_spread=0.3),
    "rare deep gaps": Kind(area_spread=0.1, community_spread=0.05, gap_share=0.015, gap_depth=2.0),
    "tiny groups": Kind(areas=150, groups=18, people=40_000, evenness=2.0, absent=0.6),
    "few people": Kind(people=6_000),
}
HELD_OUT: Final = {
    "spatial trend": Kind(areas=100, spatial=0.45, area_spread=0.1),
    "heavy tails": Kind(heavy=True, community_spread=0.2, gap_share=0.0, group_spread=0.6),
    "small areas": Kind(areas=400, groups=5, people=90_000, bent=True, imd=1.2),
    "slopes differ": Kind(areas=120, groups=6, slopes=0.4, gap_share=0.02, bent=True),
    "gaps of young men": Kind(gap_in_strata=True, gap_share=0.1, gap_depth=2.0, age=1.2, sex=0.4),
    "low uptake": Kind(base=-0.4, standard=0.6, gap_depth=1.0, size_shape=2.0),
    "mostly reached": Kind(base=1.6, standard=0.8, gap_depth=1.8, gap_share=0.05),
    "a few large areas": Kind(areas=12, groups=6, people=120_000, gap_share=0.06),
}
"""Looked at only once the method was settled."""


@dataclass(frozen=True)
class Place:
    """Counts as an analyst has them, and the truth.

    Attributes
    ----------
    counts
        ``area_code``, ``ethnic_group``, ``sex``, ``age_band``, ``imd_rank``, ``eligible``, ``reached``.
    truth
        ``area_code``, ``ethnic_group``, ``eligible``, ``reached``, ``imd_rank``, ``uptake`` and, against the
        standard, ``missing`` (of the community as a whole) and ``missing_in_strata``.
    neighbours
        ``area_code``, ``neighbour``: those beside each other on the map.
    standard
        The share that ought to be reached.
    """

    counts: pl.DataFrame
    truth: pl.DataFrame
    neighbours: pl.DataFrame
    standard: float


def simulate_place(kind: Kind, seed: int) -> Place:
    """One place of a kind."""
    rng = np.random.default_rng([seed, 20_261_122])
    area, group, age, sex = (
        index.ravel()
        for index in np.indices((kind.areas, kind.groups, len(AGES), len(SEXES)), dtype=np.int64)
    )
    imd_rank = np.sort(rng.choice(np.arange(1, LARGEST_IMD_RANK + 1), kind.areas, replace=False))
    imd_rank = rng.permutation(imd_rank)
    wide, beside = _map(kind.areas)
    effect = _areas(kind, imd_rank, wide, rng)[area] + _communities(kind, imd_rank, rng)[area, group]
    effect += kind.age * (age / (len(AGES) - 1) - 0.5) - kind.sex * (sex - 0.5)
    effect += rng.normal(0, 1, len(effect)) * kind.stratum_spread + _gaps(kind, area, group, age, sex, rng)
    uptake = special.expit(effect)
    eligible = _eligible(kind, rng)
    rows = pl.DataFrame(
        {
            "area_code": np.array([f"E0200{number:04}" for number in range(kind.areas)])[area],
            "ethnic_group": np.array([f"G{number:02}" for number in range(kind.groups)])[group],
            "sex": np.array(SEXES)[sex],
            "age_band": np.array(AGES)[age],
            "imd_rank": imd_rank[area],
            "eligible": eligible,
            "reached": rng.binomial(eligible, uptake),
            "uptake": uptake,
        }
    ).filter(pl.col("eligible") > 0)
    return Place(rows.drop("uptake"), _truth(rows, kind.standard), beside, kind.standard)


def _map(areas: int) -> tuple[int, pl.DataFrame]:
    wide = int(np.ceil(np.sqrt(areas)))
    pairs = [
        (a, b) for a in range(areas) for b in (a + 1, a + wide) if b < areas and (b != a + 1 or b % wide)
    ]
    codes = [(f"E0200{a:04}", f"E0200{b:04}") for a, b in pairs]
    return wide, pl.DataFrame(codes, schema=["area_code", "neighbour"], orient="row")


def _areas(kind: Kind, imd_rank: NDArray[np.int64], wide: int, rng: np.random.Generator) -> Floats:
    share = imd_rank / LARGEST_IMD_RANK
    slope = np.minimum(share, 1 / 3) * 3 - 1 if kind.bent else share - 0.5
    y, x = np.divmod(np.arange(kind.areas), wide)
    waves = [
        rng.normal() * np.cos((a * x + b * y) * np.pi / wide + rng.uniform(0, 6))
        for a, b in [(1, 0), (0, 1), (1, 1), (2, 1), (1, 2)]
    ]
    surface = np.sum(waves, axis=0)
    surface *= kind.spatial / max(float(surface.std()), 1e-9)
    return np.asarray(kind.base + kind.imd * slope + surface + rng.normal(0, kind.area_spread, kind.areas))


def _communities(kind: Kind, imd_rank: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    shape = (kind.areas, kind.groups)
    own = rng.standard_t(3, shape) / np.sqrt(3) if kind.heavy else rng.normal(0, 1, shape)
    slopes = rng.normal(0, kind.slopes, kind.groups)
    group = rng.normal(0, kind.group_spread, kind.groups)
    share = imd_rank / LARGEST_IMD_RANK - 0.5
    return np.asarray(group + own * kind.community_spread + share[:, None] * slopes)


def _gaps(
    kind: Kind,
    area: NDArray[np.int64],
    group: NDArray[np.int64],
    age: NDArray[np.int64],
    sex: NDArray[np.int64],
    rng: np.random.Generator,
) -> Floats:
    shape = (kind.areas, kind.groups)
    depth = kind.gap_depth * rng.uniform(0.7, 1.3, shape) * (rng.random(shape) < kind.gap_share)
    where = (age <= 1) & (sex == 1) if kind.gap_in_strata else np.ones(len(area), dtype=bool)
    return np.asarray(np.where(where, -depth[area, group], 0.0))


def _eligible(kind: Kind, rng: np.random.Generator) -> NDArray[np.int64]:
    shares = np.concatenate([[0.7], 0.3 * np.geomspace(1, 0.03, kind.groups - 1)])
    shares[1:] *= 0.3 / shares[1:].sum()
    mix = rng.dirichlet(shares * kind.evenness * kind.groups / 4 + 1e-3, size=kind.areas)
    mix[:, 1:] *= rng.random((kind.areas, kind.groups - 1)) >= kind.absent
    size = rng.gamma(kind.size_shape, 1, kind.areas)[:, None] * mix
    people = rng.poisson(kind.people * size / size.sum())
    ages = np.array([0.28, 0.26, 0.22, 0.16, 0.08])
    cells = np.repeat(ages, len(SEXES)) / len(SEXES)
    return np.asarray(rng.multinomial(people.ravel(), cells).ravel())


def _truth(rows: pl.DataFrame, standard: float) -> pl.DataFrame:
    short = pl.max_horizontal(pl.lit(0.0), standard - pl.col("uptake"))
    return (
        rows.group_by("area_code", "ethnic_group")
        .agg(
            pl.col("eligible", "reached").sum(),
            pl.col("imd_rank").first(),
            (short * pl.col("eligible")).sum().alias("missing_in_strata"),
            ((pl.col("uptake") * pl.col("eligible")).sum() / pl.col("eligible").sum()).alias("uptake"),
        )
        .with_columns(missing=pl.col("eligible") * short)
        .sort("area_code", "ethnic_group")
    )
