"""The ranked communities of a release, in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

import polars as pl

from evenground.reach.reasons import explain_gap
from evenground.releases import Release
from evenground.reports.charts import Figure
from evenground.reports.missing_map import draw_missing_map
from evenground.reports.words import format_count, format_number
from evenground.vocabulary import ALL_SERVICES, ETHNIC_GROUPS, AreaType, CommunityType
from evenground_web.common.addresses import address_area
from evenground_web.priorities import worth_reads
from evenground_web.priorities.what_if import LOCAL, read_ranking
from evenground_web.profiles.reads import ReleaseKey

KINDS: Final = {
    CommunityType.MSOA_ETHNIC_GROUP: "Groups by neighbourhood",
    CommunityType.LSOA: "Small areas (LSOAs)",
}
ORDERS: Final = {
    "total": "How many miss out",
    "per_100": "How many of each 100",
    worth_reads.NEED: "Need: how many are not reached",
    worth_reads.BENEFIT: "Expected benefit",
    LOCAL: "Below communities like it",
}
FLAGS: Final = {"": "No flags", "10": "1 flag in 10 may be wrong", "5": "1 flag in 20 may be wrong"}
"""How many communities are flagged as below the standard, by the rate of false flags in per cent."""

_PHRASES: Final = {
    "G": "People of other mixed ethnic groups",
    "S": "People of any other ethnic group",
}


@dataclass(frozen=True, slots=True)
class Community:
    """A community that prevention misses, ready to be shown."""

    position: int
    name: str
    where: str
    missing: int
    lower: int
    upper: int
    per_100: str
    points_below_its_like: int | None
    eligible: str
    reached: str
    note: str
    probability: float | None
    why: str
    top_service: str
    raw: dict[str, Any]
    is_flagged: bool = False
    need: str = ""
    benefit: str = ""
    equity_flag: str = ""
    delivery: tuple[tuple[str, str], ...] = ()


def services(release: Release) -> dict[str, str]:
    """What can be ranked: all services together first, then each by name."""
    ranked = set(release.table("rankings")["service_id"].unique().to_list())
    names = {ALL_SERVICES: "All services together"} if ALL_SERVICES in ranked else {}
    return names | {info.id: info.name for info in release.indicators.values() if info.id in ranked}


def kinds(release: Release) -> dict[str, str]:
    """The kinds of community that the release ranks."""
    ranked = set(release.table("rankings")["community_type"].unique().to_list())
    return {kind: name for kind, name in KINDS.items() if kind in ranked}


def list_communities(
    release: Release,
    service: str = ALL_SERVICES,
    kind: str = CommunityType.MSOA_ETHNIC_GROUP,
    order: str = "total",
    *,
    standard: float | None = None,
    flag_rate: float | None = None,
    most: int | None = None,
) -> list[Community]:
    """The communities in order, those that miss most first.

    Parameters
    ----------
    service
        A service of the release, or ``all``.
    kind
        A ``CommunityType``.
    order
        ``total`` for how many are expected to miss out, ``per_100`` for how many of each 100 eligible; see
        ``ORDERS``, but for those by need and benefit, which are ``read_valued``'s.
    standard
        Another than the service's own, as a share.
    flag_rate
        The share of flags that may be wrong, where communities below the standard are flagged.
    most
        How many, from the top; ``None`` for every one.
    """
    ranked = read_ranking(release, service, kind, order, standard, flag_rate)
    return describe_communities(release, ranked if most is None else ranked.head(most))


def describe_communities(release: Release, ranked: pl.DataFrame) -> list[Community]:
    """Rows of a ranking in words."""
    return [_make_community(release, row, place) for place, row in enumerate(ranked.to_dicts(), start=1)]


def _make_community(release: Release, row: dict[str, Any], position: int) -> Community:
    top_service = release.indicators.get(row["top_service_id"] or row["service_id"])
    return Community(
        position=position,
        name=name_community(release, row["area_type"], row["area_code"], row["ethnic_group"]),
        where=_say_where(release, row),
        missing=row["expected_missing"],
        lower=row["lower_cl"],
        upper=row["upper_cl"],
        per_100=_say_per_100(row["expected_missing_per_100"]),
        points_below_its_like=_points_below(row),
        eligible=format_count(row["eligible"], row["value_note"]),
        reached=format_count(row["reached"], row["value_note"]),
        note=row["value_note"],
        probability=row["probability_top_10"],
        why=_say_why(release, row),
        top_service=top_service.name if top_service else "",
        raw=row,
        is_flagged=bool(row.get("flagged")),
        need=_say_need(row),
        benefit=worth_reads.say_benefit(row),
        equity_flag=worth_reads.say_flag_of(row),
        delivery=worth_reads.say_delivery(row),
    )


def say_standard(release: Release, service: str) -> str:
    """The standard of a service in per cent, as it is typed; empty where it has none."""
    info = release.indicators.get(service)
    return "" if info is None or info.target is None else f"{info.target.value * 100 / info.multiplier:g}"


def read_map(release: Release, service: str, kind: str, standard: float | None = None) -> Figure | None:
    """The areas of a choice by people missing out, whatever the order; none without boundaries."""
    return _read_map(ReleaseKey(release), service, kind, standard)


@lru_cache(maxsize=128)
def _read_map(key: ReleaseKey, service: str, kind: str, standard: float | None) -> Figure | None:
    release = key.release
    every = service == ALL_SERVICES
    return draw_missing_map(
        release,
        read_ranking(release, service, kind, "total", standard),
        what="All services together" if every else release.indicators[service].name,
        noun="offers not taken up" if every else "people missing out",
        link_to=partial(address_area, release),
    )


def widest_local_gaps(release: Release, *, most: int) -> list[Community]:
    """Communities furthest below what others like them achieve in a service, by a whole point or more."""
    communities = list_communities(release, ALL_SERVICES, order=LOCAL, most=most)
    return [community for community in communities if (community.points_below_its_like or 0) > 0]


def _points_below(row: dict[str, Any]) -> int | None:
    """Whole points, each share rounded first, so that they add up as the sentence beside them does."""
    predicted: float | None = row["predicted_uptake"]
    estimated: float | None = row["estimated_uptake"]
    if predicted is None or estimated is None:
        return None
    return round(100 * predicted) - round(100 * estimated)


def _say_need(row: dict[str, Any]) -> str:
    """People not reached yet; those of a hidden count are told from what is estimated."""
    need = row.get("need")
    if need is None:
        return ""
    return format_count(round(need)) if row["reached"] is not None else f"about {round(need):,}"


def _say_per_100(share: float | None) -> str:
    return "" if share is None else format_number(share, decimals=0)


def name_community(release: Release, area_type: str, area_code: str, ethnic_group: str | None) -> str:
    """A community as people speak of it: 'Pakistani people in Old Town'."""
    area = release.area_names.get((area_type, area_code), area_code)
    if ethnic_group is None:
        return area
    return f"{name_people(ethnic_group)} in {area}"


def name_people(ethnic_group: str) -> str:
    """People of an ethnic group: 'Pakistani people'."""
    return _PHRASES.get(ethnic_group, f"{ETHNIC_GROUPS.get(ethnic_group, ethnic_group)} people")


def _say_where(release: Release, row: dict[str, Any]) -> str:
    """What is known of a small area: its neighbourhood and how deprived it is."""
    if row["area_type"] != AreaType.LSOA:
        return ""
    parent, decile = _lsoa_facts(release).get(row["area_code"], (None, None))
    name = release.area_names.get((AreaType.MSOA, parent or ""), "")
    edition = release.manifest.imd_edition
    deprivation = f"national deprivation tenth {decile} of 10, 1 = most deprived (IMD {edition})"
    parts = [f"In {name}" if name else "", deprivation if decile else ""]
    return "; ".join(part for part in parts if part)


def _lsoa_facts(release: Release) -> dict[str, tuple[str | None, int | None]]:
    areas = release.table("areas").filter(pl.col("area_type") == AreaType.LSOA)
    rows = areas.select("area_code", "parent_area_code", "imd_decile").iter_rows()
    return {code: (parent, decile) for code, parent, decile in rows}


def _say_why(release: Release, row: dict[str, Any]) -> str:
    """Why a community stands there; for all services together, by the service that misses most."""
    explained = row
    if row["service_id"] == ALL_SERVICES:
        explained = _row_of_service(release, row) or row
    facts = [explained[key] for key in ("standard", "estimated_uptake", "predicted_uptake")]
    return "" if None in facts else explain_gap(*facts)


def _row_of_service(release: Release, row: dict[str, Any]) -> dict[str, Any] | None:
    same = pl.col("ethnic_group").eq_missing(pl.lit(row["ethnic_group"], dtype=pl.String))
    found = release.table("rankings").filter(
        (pl.col("service_id") == row["top_service_id"])
        & (pl.col("community_type") == row["community_type"])
        & (pl.col("area_code") == row["area_code"])
        & same
    )
    return found.row(0, named=True) if found.height else None
