"""Rankings of the release, and the same against another standard: worked out once for each choice."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from evenground.disclosure import find_policy
from evenground.errors import DisclosureError, InputError
from evenground.reach import flag_below, order_communities
from evenground.releases import Release
from evenground.reports.what_if import rank_at_standard
from evenground.vocabulary import ALL_SERVICES, CommunityType
from evenground_web.profiles.reads import ReleaseKey

LOCAL = "local"


def read_ranking(
    release: Release,
    service: str,
    kind: str,
    order: str,
    standard: float | None = None,
    flag_rate: float | None = None,
) -> pl.DataFrame:
    """The communities of a choice in its order; against another standard where one is given.

    With a rate of false flags a column ``flagged`` says which are below the standard, wherever the release
    knows how likely they are.

    Raises
    ------
    DisclosureError, InputError
        Where another standard cannot be tried: see ``why_fixed``.
    """
    ranked = _read(release, service, kind, order, standard)
    if flag_rate is None or not can_flag(ranked):
        return ranked
    return flag_below(ranked, flag_rate)


def can_flag(ranked: pl.DataFrame) -> bool:
    """Whether it is known how likely communities are below the standard: not of all services together."""
    return bool(ranked["probability_below"].is_not_null().any())


def _read(release: Release, service: str, kind: str, order: str, standard: float | None) -> pl.DataFrame:
    if standard is not None:
        return order_communities(_rank_again(ReleaseKey(release), service, kind, standard), order)
    of_kind = release.table("rankings").filter(pl.col("community_type") == kind)
    if service == ALL_SERVICES and order == LOCAL:
        # Nothing is local to a sum of services: each service of each community stands for itself.
        return order_communities(of_kind.filter(pl.col("service_id") != ALL_SERVICES), order)
    return order_communities(of_kind.filter(pl.col("service_id") == service), order)


def why_fixed(release: Release, service: str, kind: str) -> str:
    """Why no other standard can be tried; empty where one can."""
    if service == ALL_SERVICES:
        return "Choose one service to try another standard: each service has its own."
    shown = release.table("rankings").filter(
        (pl.col("service_id") == service)
        & (pl.col("community_type") == kind)
        & pl.col("eligible").is_not_null()
    )
    if shown.is_empty():
        return "This release shows no counts of this kind of community, so nothing can be ranked again."
    try:
        find_policy(release.manifest.policy)
    except (DisclosureError, InputError):
        return (
            "This release follows a disclosure policy of the place's own, which the site does not have. "
            "Use 'evenground rank --standard' where the release was built."
        )
    return ""


@lru_cache(maxsize=128)
def _rank_again(key: ReleaseKey, service: str, kind: str, standard: float) -> pl.DataFrame:
    release = key.release
    return rank_at_standard(
        release.table("rankings"),
        release.table("areas"),
        find_policy(release.manifest.policy),
        service_id=service,
        community_type=CommunityType(kind),
        standard=standard,
    )
