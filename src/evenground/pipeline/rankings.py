"""Communities by how many people prevention misses, as a release may show them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.disclosure import Policy, protect_counts, protect_ranking
from evenground.indicators import Indicator
from evenground.reach import NEVER_RANKED, RELEASE_SEED, KnownCounts, Service, know_shown, rank_communities
from evenground.releases import TABLES
from evenground.vocabulary import (
    UNKNOWN_AREA,
    AreaType,
    CommunityType,
    Cut,
    Polarity,
    ValueType,
)

_COMMUNITIES: Final = (
    (CommunityType.MSOA_ETHNIC_GROUP, AreaType.MSOA, ("area_code", "ethnic_group")),
    (CommunityType.LSOA, AreaType.LSOA, ("area_code",)),
)
_STRATUM: Final = ("area_code", "ethnic_group", "sex", "age_band", "imd_quintile")


def rank_for_release(
    cells: pl.DataFrame,
    lsoas: pl.DataFrame,
    indicators: Iterable[Indicator],
    policy: Policy,
    *,
    withheld: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The ``rankings`` table of a release.

    Every indicator that is a service with a target is ranked against that target, for communities of MSOA and
    ethnic group and for LSOAs, and all of them together. A community whose eligible count the policy hides is
    left out. What is modelled for a community follows from the counts that the policy shows of it, so that
    nobody can work back from an estimate to a hidden count. Under a policy that does not exempt modelled
    figures nothing is ranked.

    ``withheld`` has the ``indicator_id``, ``area_type``, ``area_code``, ``cut`` and ``category`` of figures
    that are hidden for the sake of others. Those communities take no part in a service at all: an estimate
    from a count that is not small would tell it.
    """
    ranks = policy.exempts("modelled")
    services = [indicator for indicator in indicators if ranks and is_ranked(indicator)]
    placed = cells.join(lsoas.select("lsoa_code", "msoa_code", "imd_quintile"), on="lsoa_code", how="left")
    ranked = [_rank(placed, services, policy, withheld, *community) for community in _COMMUNITIES]
    frames = [frame for frame in ranked if frame is not None]
    if not frames:
        return pl.DataFrame(pl.from_arrow(TABLES["rankings"].empty_table()))
    return protect_ranking(pl.concat(frames, how="diagonal"), policy)


def is_ranked(indicator: Indicator) -> bool:
    """Whether an indicator is something people can be offered, whole, with a standard to hold it against."""
    return (
        indicator.is_service
        and indicator.part_of is None
        and indicator.target is not None
        and indicator.value_type is ValueType.PROPORTION
        and indicator.polarity is Polarity.HIGHER_IS_BETTER
    )


def _rank(
    placed: pl.DataFrame,
    services: list[Indicator],
    policy: Policy,
    withheld: pl.DataFrame | None,
    community_type: CommunityType,
    area_type: AreaType,
    by: tuple[str, ...],
) -> pl.DataFrame | None:
    summed = _sum_strata(placed, services, area_type)
    strata = [
        Service(s.id, _standard(s), _take_withheld_out(_strata(summed, s), s, by, policy, withheld))
        for s in services
    ]
    # A source need not hold every service, nor anybody's area: then there is no community to rank.
    offered = [service for service in strata if _has_community(service.strata, by)]
    if not offered:
        return None
    ranked = rank_communities(
        offered, by=by, top=10, seed=RELEASE_SEED, known_counts=partial(know_counts, policy=policy)
    )
    if "ethnic_group" not in by:
        ranked = ranked.with_columns(pl.lit(None, dtype=pl.String).alias("ethnic_group"))
    return ranked.with_columns(
        pl.lit(str(community_type)).alias("community_type"), pl.lit(str(area_type)).alias("area_type")
    )


def know_counts(
    eligible: NDArray[np.float64], reached: NDArray[np.float64], *, policy: Policy
) -> KnownCounts:
    """The counts of communities as a reader of the release knows them.

    Whoever knows the method could otherwise work back from an estimate to the hidden count behind it.
    """
    return know_shown(protect_counts(eligible, policy), protect_counts(reached, policy), policy)


def _has_community(strata: pl.DataFrame, by: tuple[str, ...]) -> bool:
    named = [~pl.col(name).is_in(list(NEVER_RANKED[name])) for name in by if name in NEVER_RANKED]
    return not strata.filter(*named).is_empty()


def _standard(indicator: Indicator) -> float:
    if indicator.target is None:  # is_ranked keeps these out
        raise ValueError(f"{indicator.id} has no target")
    return indicator.target.value / indicator.multiplier


def _sum_strata(placed: pl.DataFrame, services: list[Indicator], area_type: AreaType) -> pl.DataFrame:
    """The counts of every service, added up by stratum."""
    counts = [f"{service.id}__{part}" for service in services for part in ("denominator", "numerator")]
    return (
        placed.with_columns(pl.col(f"{area_type}_code").fill_null(UNKNOWN_AREA).alias("area_code"))
        .group_by(_STRATUM)
        .agg(pl.col(counts).sum())
        .sort(_STRATUM)
    )


def _strata(summed: pl.DataFrame, service: Indicator) -> pl.DataFrame:
    return summed.select(
        *_STRATUM,
        pl.col(f"{service.id}__denominator").alias("eligible"),
        pl.col(f"{service.id}__numerator").alias("reached"),
    ).filter(pl.col("eligible") > 0)


def _take_withheld_out(
    strata: pl.DataFrame,
    service: Indicator,
    by: tuple[str, ...],
    policy: Policy,
    withheld: pl.DataFrame | None,
) -> pl.DataFrame:
    """The strata without communities whose counts are hidden although they are not small."""
    if policy.hides_complements:
        rest = (pl.col("eligible") - pl.col("reached")).sum().over(by)
        strata = strata.filter(~rest.is_between(policy.suppress_from, policy.suppress_to))
    if withheld is None:
        return strata
    is_by_group = "ethnic_group" in by
    own = withheld.filter(
        (pl.col("indicator_id") == service.id)
        & (pl.col("area_type") == (AreaType.MSOA if is_by_group else AreaType.LSOA))
        & (pl.col("cut") == (Cut.ETHNIC_GROUP if is_by_group else Cut.ALL))
    ).select("area_code", pl.col("category").alias("ethnic_group"))
    return strata.join(own, on=list(by), how="anti", maintain_order="left")
