"""Neighbours that share a gap, from what a release shows of its communities and from nothing else."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenground.reach import RELEASE_SEED, find_clusters, find_middles
from evenground.releases import TABLES
from evenground.vocabulary import ALL_SERVICES, CommunityType

_APART: Final = {CommunityType.LSOA: (), CommunityType.MSOA_ETHNIC_GROUP: ("ethnic_group",)}
_DECIMALS: Final = 3
_FEWEST_AREAS: Final = 3
_MANY_AREAS: Final = 2_000
_DRAWS, _DRAWS_OF_MANY = 199, 99
"""Maps made by chance; fewer of a whole country, where each takes long and few finds are in doubt."""


def find_clusters_for_release(rankings: pl.DataFrame, boundaries: pl.DataFrame) -> pl.DataFrame:
    """The ``clusters`` table of a release.

    Parameters
    ----------
    rankings, boundaries
        Tables of the release, under its policy. Whoever has them could find the same clusters, so that these
        give nothing away that they do not.

    Returns
    -------
    polars.DataFrame
        Empty where the release has no boundaries, or no neighbours share a gap.
    """
    schema = pl.DataFrame(pl.from_arrow(TABLES["clusters"].empty_table())).schema
    found = [pl.DataFrame(schema=schema)]
    places = {
        str(area_type): find_middles(dict(shapes.select("area_code", "geojson").iter_rows()))
        for (area_type,), shapes in boundaries.group_by("area_type", maintain_order=True)
        if str(area_type) in set(rankings["area_type"])
    }
    services = rankings.filter(pl.col("service_id") != ALL_SERVICES)
    for key, ranked in services.sort("service_id", "community_type", "rank").group_by(
        ["service_id", "community_type", "area_type"], maintain_order=True
    ):
        service, kind, area_type = (str(part) for part in key)
        areas = set(ranked["area_code"]) & set(places[area_type]["area_code"] if area_type in places else ())
        if len(areas) < _FEWEST_AREAS:
            continue
        clusters = find_clusters(
            ranked,
            places[area_type],
            apart=_APART[CommunityType(kind)],
            draws=_DRAWS if len(areas) <= _MANY_AREAS else _DRAWS_OF_MANY,
            seed=RELEASE_SEED,
        ).table
        found.append(_finish(clusters, service, kind, area_type).select(schema.names()).cast(schema))
    return pl.concat(found)


def _finish(clusters: pl.DataFrame, service: str, kind: str, area_type: str) -> pl.DataFrame:
    if "ethnic_group" not in clusters.columns:
        clusters = clusters.with_columns(pl.lit(None, pl.String).alias("ethnic_group"))
    return clusters.with_columns(
        pl.lit(service).alias("service_id"),
        pl.lit(kind).alias("community_type"),
        pl.lit(area_type).alias("area_type"),
        pl.col("expected_missing").round(),
        pl.col("relative_risk", "p_value").round(_DECIMALS),
    )
