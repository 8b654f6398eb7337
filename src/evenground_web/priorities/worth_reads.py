"""Rankings with need, gap, expected benefit and deliverability side by side, and whom benefit passes over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import polars as pl

from evenground.errors import InputError
from evenground.releases import Release
from evenground.spending import FIRST, WORTH, Evidence, add_worth, say_passed_over
from evenground.vocabulary import ALL_SERVICES, CommunityType
from evenground_web.priorities import place_records
from evenground_web.priorities.what_if import LOCAL, read_ranking
from evenground_web.profiles.reads import ReleaseKey

NEED: Final = "need"
BENEFIT: Final = "benefit"
BY_WORTH: Final = (NEED, BENEFIT)
"""Orders that go by what stands beside a ranking."""

NO_EVIDENCE: Final = (
    "People reached only: no record of evidence says what reaching somebody by this service is worth."
)
_OF_SEVERAL: Final = "Choose one service to see expected benefit: gains of several are in several units."
_NO_ORDER: Final = "So the order is by how many miss out."
_SMALL_AREAS: Final = (
    "Small areas belong to no one group: whether benefit would pass over a Plus group is told of groups by "
    "neighbourhood."
)
_KEYS: Final = ("service_id", "area_code", "ethnic_group")


@dataclass(frozen=True, slots=True)
class Valued:
    """A ranking in its order, with what stands beside it.

    Attributes
    ----------
    frame
        The rows of the ranking with the columns of ``WORTH``.
    records
        The evidence that benefits rest on; none where people reached are all that is told.
    unit
        Of the benefits.
    passed_over
        The equity flag in words; empty where nobody is passed over.
    note
        Why there is no benefit, or why nobody can be told to be passed over.
    problem
        What of the place's records cannot be read.
    """

    frame: pl.DataFrame
    records: tuple[Evidence, ...]
    unit: str
    passed_over: str
    note: str
    problem: str

    @property
    def has_benefit(self) -> bool:
        """Whether any community has one."""
        return bool(self.records)

    @property
    def knows_delivery(self) -> bool:
        """Whether it is known of any community how it can be served."""
        known = self.frame.select("capacity", "travel_minutes", "barriers_heard")
        return bool(known.height) and sum(known.null_count().row(0)) < known.height * known.width


def read_valued(
    release: Release,
    service: str,
    kind: str,
    order: str,
    standard: float | None = None,
    flag_rate: float | None = None,
) -> Valued:
    """The communities of a choice with need, benefit and deliverability; see ``read_ranking``."""
    records = place_records.read_records(digest := place_records.digest_records())
    given = "total" if order in BY_WORTH else order
    ranked = read_ranking(release, service, kind, given, standard, flag_rate)
    # All services by what is local are each service by itself.
    each = service == ALL_SERVICES and order == LOCAL
    worth, fault = _read_worth(ReleaseKey(release), service, kind, standard, each, digest)
    frame = ranked.join(worth, on=list(_KEYS), how="left", nulls_equal=True, maintain_order="left")
    used = set(frame["evidence_id"].drop_nulls())
    if order in BY_WORTH:
        frame = frame.sort(f"rank_by_{order}", "rank", nulls_last=True)
    return Valued(
        frame,
        records=tuple(one for one in records.evidence if one.id in used),
        unit="; ".join(frame["benefit_unit"].drop_nulls().unique().sort()),
        passed_over=say_passed_over(frame),
        note=_say_note(service, kind, order, bool(used)),
        problem="\n".join(filter(None, (records.problem, fault))),
    )


def add_worth_to(release: Release, rows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Evidence, ...]]:
    """Rows of the release's own rankings with what stands beside them, and the evidence that it rests on."""
    records = place_records.read_records(digest := place_records.digest_records())
    key = ReleaseKey(release)
    chosen = rows.select("service_id", "community_type").unique(maintain_order=True)
    parts = [_read_worth(key, service, kind, None, False, digest)[0] for service, kind in chosen.iter_rows()]
    valued = rows.join(pl.concat(parts), on=list(_KEYS), how="left", nulls_equal=True, maintain_order="left")
    used = set(valued["evidence_id"].drop_nulls())
    return valued, tuple(one for one in records.evidence if one.id in used)


def _say_note(service: str, kind: str, order: str, is_known: bool) -> str:
    if is_known:
        return _SMALL_AREAS if kind == CommunityType.LSOA else ""
    why = _OF_SEVERAL if service == ALL_SERVICES else NO_EVIDENCE
    return f"{why} {_NO_ORDER}" if order == BENEFIT else why


@lru_cache(maxsize=128)
def _read_worth(
    key: ReleaseKey, service: str, kind: str, standard: float | None, each: bool, digest: str
) -> tuple[pl.DataFrame, str]:
    """The columns of ``WORTH`` for each community; empty, with why, where the ranking cannot be valued."""
    records = place_records.read_records(digest)
    ranked = read_ranking(key.release, service, kind, LOCAL if each else "total", standard)
    unknown = [pl.lit(None, dtype).alias(name) for name, dtype in WORTH.items()]
    nothing = ranked.select(_KEYS).unique(maintain_order=True).with_columns(unknown)
    if ranked.is_empty():
        return nothing, ""
    try:
        valued = add_worth(
            ranked,
            () if service == ALL_SERVICES else records.evidence,
            by=[name for name in _KEYS if ranked[name].null_count() < ranked.height],
            deliverability=records.deliverability,
            interventions=records.interventions or (),
        )
    except InputError as error:
        # A ranking is shown whatever stands beside it.
        return nothing, str(error)
    return valued.select(*_KEYS, *WORTH), ""


def describe_evidence(records: tuple[Evidence, ...], on: dt.date) -> list[dict[str, Any]]:
    """What benefits rest on, in words; whether it ought to have been reviewed by a day."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "gain": f"{one.gain.value:.3g} ({one.gain.lower:.3g} to {one.gain.upper:.3g}, "
            f"{one.gain.confidence_level:.0%} interval) {one.unit}",
            "population": one.population,
            "source": one.gain.source + (f": {one.gain.reason}" if one.gain.reason else ""),
            "url": one.gain.url,
            "people": f"By {one.author}; checked by: {one.checker}",
            "reviewed": one.reviewed.isoformat(),
            "review_date": one.review_date.isoformat(),
            "is_overdue": one.review_date < on,
        }
        for one in records
    ]


def say_benefit(row: dict[str, Any]) -> str:
    """A benefit with its interval; empty where no record tells."""
    if row.get("expected_benefit") is None:
        return ""
    numbers = (row["expected_benefit"], row["benefit_lower_cl"], row["benefit_upper_cl"])
    value, lower, upper = (f"{number:#.2g}".rstrip(".") for number in numbers)
    return f"{value} ({lower} to {upper})"


def say_delivery(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """How a community can be served: what is known, and that the rest is not."""
    capacity, minutes = row.get("capacity"), row.get("travel_minutes")
    return (
        ("Capacity", "not known" if capacity is None else f"{capacity:,g} people a week"),
        ("Travel", "not known" if minutes is None else f"{minutes:,g} minutes"),
        ("Barriers heard", row.get("barriers_heard") or "not known"),
    )


def say_flag_of(row: dict[str, Any]) -> str:
    """The equity flag of one community; empty where benefit does not pass its Plus group over."""
    if not row.get("passed_over"):
        return ""
    return (
        f"Going by benefit alone would pass over {row['plus_group']} people: none of their communities is "
        f"among the first {FIRST}, though by need some are."
    )
