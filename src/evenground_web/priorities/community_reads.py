"""One community: how many miss what, why here, and with which neighbours it shares the gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from django.http import Http404

from evenground.reach import AREAS_APART
from evenground.releases import Release
from evenground.reports.words import count_in_words, format_count
from evenground.spending import Evidence
from evenground.vocabulary import ALL_SERVICES
from evenground_web.common.words import say_chance
from evenground_web.priorities import reads, worth_reads

EXPLAINED: Final = 3
"""So many services, those missing most, are told in sentences; a page of paper holds no more."""

_HALF_STEP: Final = 2.5


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A cluster in words.

    Attributes
    ----------
    service
        Its name.
    areas
        Name and code of each area, the middle one first.
    area_type
        Their kind.
    people
        Whose gap it is: an ethnic group in words, or empty for everybody.
    missing, eligible
        People.
    times
        How many times as likely to be missed, against what is expected, as people elsewhere.
    chance
        How likely chance alone would show as much, in words.
    group
        The code of the ethnic group, or empty.
    """

    service: str
    areas: tuple[tuple[str, str], ...]
    area_type: str
    people: str
    missing: int
    eligible: int
    times: str
    chance: str
    group: str

    @property
    def is_one_area(self) -> bool:
        """Whether it has no neighbours in it at all."""
        return len(self.areas) == 1


@dataclass(frozen=True, slots=True)
class ServiceHere:
    """What one service misses in a community."""

    community: reads.Community
    of: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommunityView:
    """A community with all that is known of it here.

    ``together`` is its row of all services together, where the release has one; ``looked_for_neighbours`` is
    false where the release cannot tell which areas are neighbours. ``evidence`` is what benefits rest on.
    """

    name: str
    where: str
    kind: str
    area_type: str
    area_code: str
    group: str
    together: ServiceHere | None
    services: tuple[ServiceHere, ...]
    neighbours: tuple[Neighbours, ...]
    looked_for_neighbours: bool
    evidence: tuple[Evidence, ...]

    @property
    def delivery(self) -> tuple[tuple[str, str], ...]:
        """How people here can be served; what is not known says so."""
        first = self.services[0] if self.services else self.together
        return () if first is None else first.community.delivery

    @property
    def offer(self) -> str:
        """The interventions that can reach people here, by name; empty where there are none."""
        first = self.services[0] if self.services else self.together
        return (first.community.raw.get("can_be_reached_by") or "") if first else ""

    @property
    def equity_flags(self) -> tuple[tuple[str, str], ...]:
        """For each service where going by benefit would pass over these people: its name, and a sentence."""
        return tuple(
            (here.community.top_service, here.community.equity_flag)
            for here in self.services
            if here.community.equity_flag
        )

    @property
    def explained(self) -> tuple[ServiceHere, ...]:
        """The services that miss most people, those that miss somebody."""
        return tuple(here for here in self.services if here.community.missing > 0)[:EXPLAINED]

    @property
    def largest(self) -> int:
        """The end of the axis that intervals are drawn on."""
        return max((here.community.upper for here in self.services), default=0)


def read_community(release: Release, kind: str, area_code: str, group: str) -> CommunityView:
    """A ranked community by what its address says.

    Raises
    ------
    Http404
        Where the release does not rank it.
    """
    of_kind = release.table("rankings").filter(pl.col("community_type") == kind)
    own_group = pl.col("ethnic_group").eq_missing(pl.lit(group or None, pl.String))
    own = of_kind.filter((pl.col("area_code") == area_code) & own_group).sort(
        "expected_missing", "service_id", descending=[True, False]
    )
    if own.is_empty():
        raise Http404
    sizes = dict(of_kind.group_by("service_id").len().iter_rows())
    own, evidence = worth_reads.add_worth_to(release, own)
    here = [
        ServiceHere(community, sizes[community.raw["service_id"]], say_reasons(community, sizes))
        for community in reads.describe_communities(release, own)
    ]
    first = here[0].community
    return CommunityView(
        name=first.name,
        where=first.where,
        kind=kind,
        area_type=first.raw["area_type"],
        area_code=area_code,
        group=group,
        together=next((one for one in here if one.community.raw["service_id"] == ALL_SERVICES), None),
        services=tuple(one for one in here if one.community.raw["service_id"] != ALL_SERVICES),
        neighbours=tuple(
            found
            for found in read_clusters(release, None, kind)
            if found.group == group and area_code in {code for _, code in found.areas}
        ),
        looked_for_neighbours=has_neighbours(release, first.raw["area_type"]),
        evidence=evidence,
    )


def has_neighbours(release: Release, area_type: str) -> bool:
    """Whether neighbours that share a gap were looked for among areas of a kind."""
    is_there = any(file.name == "clusters.parquet" for file in release.manifest.files)
    return is_there and area_type in set(release.table("boundaries")["area_type"])


def read_clusters(release: Release, service: str | None, kind: str) -> tuple[Neighbours, ...]:
    """Neighbours that share a gap, those with most people missing out first; ``None`` for every service."""
    found = release.table("clusters").filter(pl.col("community_type") == kind)
    if service not in (None, ALL_SERVICES):
        found = found.filter(pl.col("service_id") == service)
    found = found.sort("expected_missing", "service_id", "cluster", descending=[True, False, False])
    return tuple(_say_cluster(release, row) for row in found.to_dicts())


def _say_cluster(release: Release, row: dict[str, Any]) -> Neighbours:
    info = release.indicators.get(row["service_id"])
    codes = row["area_codes"].split(AREAS_APART)
    named = tuple((release.area_names.get((row["area_type"], code), code), code) for code in codes)
    return Neighbours(
        service=info.name if info else row["service_id"],
        areas=named,
        area_type=row["area_type"],
        people=reads.name_people(row["ethnic_group"]) if row["ethnic_group"] else "",
        missing=row["expected_missing"],
        eligible=row["eligible"],
        times=f"{row['relative_risk']:.1f}",
        chance=_say_p(row["p_value"]),
        group=row["ethnic_group"] or "",
    )


def _say_p(p_value: float) -> str:
    """How often chance alone shows as much, as people say it."""
    return "fewer than 1 in 100" if p_value < 0.01 else f"about {round(100 * p_value)} in 100"


def say_reasons(community: reads.Community, sizes: dict[str, int]) -> tuple[str, ...]:
    """Why a community stands where it does, in sentences: the gap, what is local, the range, the place."""
    row = community.raw
    # Of all services together a gap in uptake says nothing: each has its own.
    why = "" if row["service_id"] == ALL_SERVICES else community.why
    sentences = [why, _say_local(row), _say_range(community)]
    if community.probability is not None:
        sentences.append(
            f"It is number {row['rank']} of {sizes[row['service_id']]:,} by how many miss out; that it is "
            f"truly among the first ten is {say_chance(community.probability)}."
        )
    return tuple(sentence for sentence in sentences if sentence)


def _say_range(community: reads.Community) -> str:
    if community.raw["service_id"] == ALL_SERVICES:
        noun = "offers are expected not to be taken up"
    else:
        noun = "people are expected to be missing out"
    missing, lower, upper = (format_count(n) for n in (community.missing, community.lower, community.upper))
    doubt = " It may be that nobody is." if community.lower == 0 < community.missing else ""
    return f"About {missing} {noun}: between {lower} and {upper}, we are 95% sure.{doubt}"


def _say_local(row: dict[str, Any]) -> str:
    """Whether the part that is local is more than chance would explain; empty where that is not known."""
    facts = [row[name] for name in ("standard", "predicted_uptake", "estimated_uptake", "eligible")]
    if None in facts or row["service_id"] == ALL_SERVICES:
        return ""
    standard, predicted, estimated, eligible = facts
    if round(100 * predicted) <= round(100 * estimated) or row["lower_cl"] <= 0:
        return ""
    # Counts are rounded, so that the end of the interval may lie half a step further.
    highest = standard - (row["lower_cl"] - _HALF_STEP) / eligible
    if predicted > highest:
        return "The local part is more than chance would explain: something here stands in the way."
    return "The local part may be chance: what is expected lies within the range of doubt."


def say_clusters_of(view: CommunityView) -> tuple[str, ...]:
    """What the search for neighbours says of a community, one sentence a cluster."""
    return tuple(_say_cluster_of(view, found) for found in view.neighbours)


def _say_cluster_of(view: CommunityView, found: Neighbours) -> str:
    whose = f"{found.people} there" if found.people else "People there"
    chance = f"{whose} are {found.times} times as likely to be missed, against what is expected, as elsewhere"
    likely = f"chance alone would show as much on {found.chance} maps"
    if found.is_one_area:
        return (
            f"{found.service}: this area stands out by itself, not with its neighbours. {chance}; {likely}."
        )
    others = [name for name, code in found.areas if code != view.area_code]
    areas = count_in_words(len(found.areas), "neighbouring area")
    missing, eligible = format_count(found.missing), format_count(found.eligible)
    together = f"Together {missing} of {eligible} eligible people are expected to be missing out there"
    return (
        f"{found.service}: it is one of {areas} that share this gap, with {_join(others)}. "
        f"{chance}; {likely}. {together}: one outreach could serve them all."
    )


def _join(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
