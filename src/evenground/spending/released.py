"""Ranked communities of a release, as money is planned over them: what it shows, and nothing else."""

from __future__ import annotations

import polars as pl

from evenground.errors import InputError, suggest
from evenground.releases import Release
from evenground.vocabulary import ALL_SERVICES, AreaType, CommunityType

EACH_SERVICE = "each"
_AREA_FACTS = ("area_name", "imd_rank", "imd_decile", "imd_quintile", "ltla_code")


def read_released(
    release: Release, service: str, kind: str, rankings: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The communities that a release ranks for a service, and the columns that make one.

    Parameters
    ----------
    release
        To read.
    service
        A service's id, or ``each`` for every one: ``service_id`` is then part of what makes a community.
    kind
        A ``CommunityType``.
    rankings
        Rows like those of the release's rankings, against another standard; its own by default.

    Returns
    -------
    polars.DataFrame
        The rows of the release's ranking, with the names and the deprivation of their areas.
    tuple of str
        The keys.

    Raises
    ------
    InputError
        Where the release does not rank the service, or ranks nothing of the kind.
    """
    table = release.table("rankings") if rankings is None else rankings
    ranked = table.filter(pl.col("service_id") != ALL_SERVICES)
    services = ranked["service_id"].unique().to_list()
    if service == ALL_SERVICES:
        raise InputError(
            "Money is spent on one service, or on 'each': all together count no people. Name one."
        )
    if service != EACH_SERVICE and service not in services:
        what = f'Release {release.id} does not rank the service "{service}".'
        raise InputError(f"{what} {suggest(service, [*services, EACH_SERVICE])}")
    chosen = ranked.filter((pl.col("community_type") == kind) & pl.col("eligible").is_not_null())
    if service != EACH_SERVICE:
        chosen = chosen.filter(pl.col("service_id") == service)
    if chosen.is_empty():
        raise InputError(f"Release {release.id} ranks no community of the kind {kind} for {service}.")
    areas = release.table("areas")
    facts = [name for name in _AREA_FACTS if name in areas.columns]
    areas = areas.select("area_type", "area_code", *facts).unique(["area_type", "area_code"], keep="first")
    keys = ["area_code"] if kind == CommunityType.LSOA else ["area_code", "ethnic_group"]
    keys = ["service_id", *keys] if service == EACH_SERVICE else keys
    joined = chosen.join(areas, on=["area_type", "area_code"], how="left", maintain_order="left")
    joined = _place_by_deprivation(joined, release)
    return joined.drop("rank").sort(keys), tuple(keys)


def _place_by_deprivation(communities: pl.DataFrame, release: Release) -> pl.DataFrame:
    """Of an area without a rank of its own, the mean rank of its small areas."""
    lsoas = release.table("areas").filter(pl.col("area_type") == AreaType.LSOA)
    means = lsoas.group_by(pl.col("parent_area_code").alias("area_code")).agg(
        pl.col("imd_rank").cast(pl.Float64).mean().alias("mean_rank")
    )
    joined = communities.join(means, on="area_code", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("imd_rank", "mean_rank").alias("imd_rank")).drop("mean_rank")
