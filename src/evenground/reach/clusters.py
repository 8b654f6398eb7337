"""Neighbours that share a gap as one community: clusters of ranked areas, in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenground.errors import InputError
from evenground.reach.local_g import beside, calculate_local_g
from evenground.reach.main_effects import Floats
from evenground.reach.scan import Circle, Counted, find_unevenness, scan

FEWEST_AREAS: Final = 3
"""With fewer areas nothing can be told of neighbours."""

AREAS_APART: Final = ";"
"""Between the codes of the areas of one cluster."""

_NEEDED: Final = ("eligible", "reached", "estimated_uptake", "predicted_uptake", "expected_missing")


@dataclass(frozen=True, slots=True)
class Clusters:
    """What was found.

    Attributes
    ----------
    table
        One row a cluster; see ``find_clusters``.
    areas
        One row a ranked area with a place: ``area_code``, the columns that are looked at apart, ``cluster``
        (null outside any) and ``local_g``: how far the area with its nearest neighbours stands out, in
        standard deviations (G*).
    unplaced
        How many areas are left out, because nothing says where they are.
    """

    table: pl.DataFrame
    areas: pl.DataFrame
    unplaced: int


def find_clusters(
    ranked: pl.DataFrame,
    places: pl.DataFrame,
    *,
    area: str = "area_code",
    apart: Sequence[str] = (),
    share: float = 0.25,
    level: float = 0.05,
    draws: int | None = None,
    seed: int = 0,
) -> Clusters:
    """Find neighbouring areas in which more people miss out than the main effects lead to expect.

    Parameters
    ----------
    ranked
        Ranked communities, as from ``rank_counts``: ``eligible``, ``reached`` (where it is null, it is taken
        from ``estimated_uptake``), ``predicted_uptake``, ``expected_missing`` and the columns of a community.
    places
        ``area_code``, ``x`` and ``y``, as from ``find_middles``.
    area
        The column of ``ranked`` that says where.
    apart
        The other columns of a community, such as ``["ethnic_group"]``: people of each are looked at by
        themselves, and all are tested together.
    share, level, draws, seed
        See ``scan``.

    Returns
    -------
    Clusters
        Its table has, most people missing out first: the columns of ``apart``, ``cluster`` (from 1),
        ``areas`` (how many), ``area_codes`` (the middle one first), ``eligible``, ``not_reached``,
        ``expected_not_reached`` (by the main effects, if the gap of all areas were spread evenly),
        ``expected_missing`` (against the standard), ``relative_risk`` and ``p_value``.

    Raises
    ------
    InputError
        Where columns are not there, or fewer than three ranked areas have a place.

    References
    ----------
    See ``scan`` and ``calculate_local_g``.
    """
    lacking = [name for name in (area, *apart, *_NEEDED) if name not in ranked.columns]
    if lacking:
        raise InputError(f"The ranked communities lack the columns {', '.join(lacking)}.")
    placed = (
        ranked.with_columns(pl.col(area).cast(pl.String).alias("area_code"))
        .join(places, on="area_code", how="inner")
        .filter(pl.col("eligible") > 0)
        .sort(*apart, "area_code")
    )
    areas, of = placed["area_code"].n_unique(), ranked[area].n_unique()
    if areas < FEWEST_AREAS:
        raise InputError(
            f"Only {areas} of the {of} ranked areas have a place: neighbours that share a gap cannot be "
            "looked for. Check the codes of the areas."
        )
    parts = placed.partition_by(list(apart), maintain_order=True) if apart else [placed]
    counted = [_count(part) for part in parts]
    found = scan(counted, share=share, level=level, draws=draws, seed=seed)
    table = _make_table(parts, counted, found, list(apart))
    return Clusters(table, _describe_areas(parts, counted, table, list(apart)), of - areas)


def _count(part: pl.DataFrame) -> Counted:
    eligible = part["eligible"].cast(pl.Float64).to_numpy()
    reached = (
        part.select(
            pl.coalesce(pl.col("reached").cast(pl.Float64), pl.col("estimated_uptake") * pl.col("eligible"))
        )
        .to_series()
        .to_numpy()
    )
    missed = np.clip(eligible - reached, 0.0, eligible)
    expected = eligible * np.clip(1 - part["predicted_uptake"].to_numpy(), 1e-4, 1 - 1e-4)
    return Counted(part.select("x", "y").to_numpy(), eligible, missed, expected)


def _make_table(
    parts: list[pl.DataFrame], counted: list[Counted], found: list[list[Circle]], apart: list[str]
) -> pl.DataFrame:
    rows = [
        _make_row(part, one, circle, apart)
        for part, one, circles in zip(parts, counted, found, strict=True)
        for circle in circles
    ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {name: parts[0].schema[name] for name in apart}
    schema |= {
        "areas": pl.Int64,
        "area_codes": pl.String,
        "eligible": pl.Int64,
        "not_reached": pl.Float64,
        "expected_not_reached": pl.Float64,
        "expected_missing": pl.Float64,
        "relative_risk": pl.Float64,
        "p_value": pl.Float64,
    }
    table = pl.DataFrame(rows, schema=schema, orient="row")
    table = table.with_columns(order=pl.col("expected_missing").round(6))
    table = table.sort("order", "area_codes", *apart, descending=[True, *(False for _ in ("", *apart))])
    return table.select(
        *apart,
        pl.int_range(1, pl.len() + 1).alias("cluster"),
        *(name for name in table.columns if name not in (*apart, "order")),
    )


def _make_row(part: pl.DataFrame, one: Counted, circle: Circle, apart: list[str]) -> dict[str, object]:
    members = part[circle.areas.tolist()]
    scale = one.missed.sum() / one.expected.sum()
    return {name: members[name][0] for name in apart} | {
        "areas": members.height,
        "area_codes": AREAS_APART.join(members["area_code"]),
        "eligible": int(members["eligible"].sum()),
        "not_reached": float(one.missed[circle.areas].sum()),
        "expected_not_reached": float(scale * one.expected[circle.areas].sum()),
        "expected_missing": float(members["expected_missing"].sum()),
        "relative_risk": circle.relative_risk,
        "p_value": circle.p_value,
    }


def _describe_areas(
    parts: list[pl.DataFrame], counted: list[Counted], table: pl.DataFrame, apart: list[str]
) -> pl.DataFrame:
    described = [
        part.select("area_code", *apart).with_columns(local_g=pl.Series(_stand_out(one)).fill_nan(None))
        for part, one in zip(parts, counted, strict=True)
    ]
    members = table.select(
        pl.col("area_codes").str.split(AREAS_APART).alias("area_code"), *apart, "cluster"
    ).explode("area_code")
    return pl.concat(described).join(
        members, on=["area_code", *apart], how="left", maintain_order="left", nulls_equal=True
    )


def _stand_out(one: Counted) -> Floats:
    """G* of how far each area is from what is expected, in its own standard deviations."""
    if len(one.eligible) < FEWEST_AREAS:
        return np.full(len(one.eligible), np.nan)
    expected = np.minimum(one.expected * (one.missed.sum() / one.expected.sum()), 0.9999 * one.eligible)
    spread = expected * (1 - expected / one.eligible)
    spread *= 1 + find_unevenness(one.eligible, one.missed, expected) * (one.eligible - 1)
    return calculate_local_g((one.missed - expected) / np.sqrt(np.maximum(spread, 1e-9)), beside(one.points))
