"""A service of a release ranked against another standard, from the counts that the release shows."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.disclosure import Policy, protect_counts, protect_ranking
from evenground.errors import ReleaseError
from evenground.reach import RELEASE_SEED, KnownCounts, Service, know_shown, rank_communities
from evenground.vocabulary import CommunityType


def rank_at_standard(
    rankings: pl.DataFrame,
    areas: pl.DataFrame,
    policy: Policy,
    *,
    service_id: str,
    community_type: CommunityType,
    standard: float,
) -> pl.DataFrame:
    """One service of a release ranked against another standard.

    Parameters
    ----------
    rankings, areas
        Tables of the release.
    policy
        That the release follows.
    service_id, community_type
        What to rank.
    standard
        A share from 0 to 1.

    Returns
    -------
    polars.DataFrame
        Rows as in ``rankings``. What follows from age and sex is not in them: a release shows no strata.

    Raises
    ------
    ReleaseError
        Where the release does not rank this service for this kind of community.
    """
    chosen = rankings.filter(
        (pl.col("service_id") == service_id) & (pl.col("community_type") == community_type)
    )
    if chosen.is_empty():
        raise ReleaseError(f"The release does not rank {service_id} by {community_type}.")
    by = ("area_code", "ethnic_group")[: 1 + chosen["ethnic_group"].is_not_null().any()]
    quintiles = areas.select("area_type", "area_code", "imd_quintile").unique(["area_type", "area_code"])
    strata = (
        # A community whose counts are not shown has nothing to be ranked by.
        chosen.filter(pl.col("eligible").is_not_null())
        .join(quintiles, on=["area_type", "area_code"], how="left")
        # What is hidden lies anywhere in its range, and is read as nothing else: see know_shown.
        .with_columns(pl.col("reached").fill_null(max(policy.suppress_from, 0)))
        .with_columns(pl.min_horizontal("eligible", "reached").alias("reached"))
        .select(*by, "imd_quintile", "eligible", "reached")
    )

    def know(eligible: NDArray[np.float64], reached: NDArray[np.float64]) -> KnownCounts:
        return know_shown(protect_counts(eligible, policy), protect_counts(reached, policy), policy)

    ranked = rank_communities(
        [Service(service_id, standard, strata)], by=by, top=10, seed=RELEASE_SEED, known_counts=know
    ).filter(pl.col("service_id") == service_id)
    kept = ["community_type", "area_type", "area_code", "ethnic_group"]
    ranked = ranked.join(chosen.select(kept), on=list(by), how="left", maintain_order="left")
    return protect_ranking(ranked, policy).select(rankings.columns)
