"""What agreements allow a build to read and to work out on a day, and what they do not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from evenground.agreements.model import ALL, FIELDS, SOON, Agreement, DataSet, Standing
from evenground.errors import Fault
from evenground.indicators import Definitions
from evenground.indicators.expressions import (
    Age,
    EthnicGroupIs,
    LatestValue,
    Node,
    SexIs,
    Turned,
    features_of,
    walk,
)
from evenground.indicators.model import Membership
from evenground.vocabulary import Purpose

ESSENTIAL: Final = ("birth_date", "code", "event_date")
"""Without these of a source's fields nothing can be counted."""


@dataclass(frozen=True, slots=True)
class Permit:
    """What a source may be read for: ``None`` sets no limit.

    Attributes
    ----------
    fields
        The columns of the contract that may be read.
    codes
        Code system and code of the events that may be read.
    """

    fields: frozenset[str] | None = None
    codes: frozenset[tuple[str, str]] | None = None


@dataclass(slots=True)
class Standings:
    """How the agreements stand towards a build on a day.

    Attributes
    ----------
    permits
        What may be read, by source; a source that is not there may be read whole.
    uncovered
        Why, by id of each indicator that no agreement covers.
    uncovered_groups
        Why, by PLUS group or segment.
    faults
        Why a source may not be read at all.
    warnings
        What is about to end, and what should have been reviewed.
    """

    permits: dict[str, Permit] = field(default_factory=dict)
    uncovered: dict[str, str] = field(default_factory=dict)
    uncovered_groups: dict[Membership, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def weigh_agreements(
    agreements: Sequence[Agreement],
    *,
    sources: Sequence[str],
    bringing_people: Collection[str],
    definitions: Definitions,
    purpose: Purpose,
    today: dt.date,
    required: bool,
) -> Standings:
    """Say what a build may do today under the agreements of the place.

    An indicator is covered where every source that brings people may be used for its purpose with the fields
    it asks for, and each of its features may come from a source, and from no source for another purpose only.

    Parameters
    ----------
    agreements
        All of the place's.
    sources, bringing_people
        The names of the sources with records of people, and of those among them whose people count.
    definitions
        What is to be counted.
    purpose
        What an indicator is for that does not say so itself.
    today
        The day of the build.
    required
        Whether a source that no agreement names may not be read.
    """
    found = Standings(warnings=list(_warn(agreements, sources, today)))
    current: dict[str, list[Agreement]] = {}
    for source in sources:
        naming = [one for one in agreements if source in one.sources]
        current[source] = [one for one in naming if one.standing(today) is Standing.CURRENT]
        if not naming and not required:
            continue
        if not current[source]:
            found.faults.append(_refuse_source(source, naming, today))
            continue
        flows = [flow for one in current[source] for flow in one.datasets if flow.source == source]
        found.permits[source] = _permit(flows, definitions)
        found.faults += _refuse_fields(source, flows, people=source in bringing_people)
    if not sources:
        return found
    bound = {source: current[source] for source in found.permits}
    for name, indicator in definitions.indicators.items():
        nodes = [definitions.expand(part.node) for part in (indicator.denominator, indicator.numerator)]
        why = _why_uncovered(nodes, indicator.purpose or purpose, bound, bringing_people, sources)
        if why:
            found.uncovered[name] = why
    for one in definitions.memberships:
        if why := _why_uncovered([definitions.expand(one.node)], purpose, bound, bringing_people, sources):
            found.uncovered_groups[one] = why
    return found


def find_dark(
    agreement: Agreement,
    agreements: Sequence[Agreement],
    *,
    bringing_people: Collection[str],
    definitions: Definitions,
) -> tuple[str, ...]:
    """The ids of the indicators that would no longer be made if this agreement ended and the others stayed.

    All of them, where it alone lets people be counted; else those that need a feature which it alone covers.
    """
    others = [one for one in agreements if one.id != agreement.id]
    lost = set(agreement.sources) - {source for one in others for source in one.sources}
    if lost & set(bringing_people):
        return tuple(definitions.indicators)
    dark = []
    for name, indicator in definitions.indicators.items():
        nodes = [definitions.expand(part.node) for part in (indicator.denominator, indicator.numerator)]
        needed = {feature for node in nodes for feature in features_of(node)}
        if any(
            _covers(agreement, one) and not any(_covers(other, one) for other in others) for one in needed
        ):
            dark.append(name)
    return tuple(dark)


def _covers(agreement: Agreement, feature: str) -> bool:
    return any(flow.covers_feature(feature) for flow in agreement.datasets)


def _warn(agreements: Sequence[Agreement], sources: Collection[str], today: dt.date) -> Iterator[str]:
    for one in agreements:
        if not set(one.sources) & set(sources) or one.standing(today) is not Standing.CURRENT:
            continue
        days = (one.end - today).days
        if one.end - today <= SOON:
            left = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
            yield f'The agreement "{one.title}" ({one.id}) ends {left}, on {one.end}: after it no build runs.'
        if one.review < today:
            yield f'The agreement "{one.title}" ({one.id}) should have been reviewed by {one.review}.'


def _refuse_source(source: str, naming: Sequence[Agreement], today: dt.date) -> Fault:
    where = f'place.toml, source "{source}"'
    if not naming:
        fix = (
            "Write it down in agreements/, or state in place.toml that there is none: [agreements] required "
            "= false."
        )
        return Fault(where, "is in no data-sharing agreement.", fix)
    told = "; ".join(f"{one.id} {one.why_not(today)}" for one in naming)
    return Fault(
        where, f"may not be used on {today}: {told}.", "Renew or sign the agreement, or leave it out."
    )


def _permit(flows: Sequence[DataSet], definitions: Definitions) -> Permit:
    fields = (
        None
        if any(flow.fields == ALL for flow in flows)
        else frozenset(name for name in FIELDS if any(flow.covers_field(name) for flow in flows))
    )
    if any(flow.features == ALL for flow in flows):
        return Permit(fields, None)
    lists = {
        feature.codelist
        for name, feature in definitions.features.items()
        if not feature.is_rule and any(flow.covers_feature(name) for flow in flows)
    }
    codes = frozenset(
        (code.code_system, code.code) for name in lists for code in definitions.codelists[name].codes
    )
    return Permit(fields, codes)


def _refuse_fields(source: str, flows: Sequence[DataSet], *, people: bool) -> Iterator[Fault]:
    wanted = ESSENTIAL if people else ESSENTIAL[1:]
    missing = [name for name in wanted if not any(flow.covers_field(name) for flow in flows)]
    if missing:
        what = f"cannot be counted: its agreements do not cover {', '.join(missing)}."
        yield Fault(
            f'place.toml, source "{source}"', what, "Add them to the agreement's fields, if that is agreed."
        )


def _why_uncovered(
    nodes: Sequence[Node],
    purpose: Purpose,
    bound: Mapping[str, Sequence[Agreement]],
    bringing_people: Collection[str],
    sources: Collection[str],
) -> str:
    """Why the agreements do not cover an indicator, in words; empty where they do."""
    for source in (name for name in bound if name in bringing_people):
        allowing = [one for one in bound[source] if purpose in one.purposes]
        if not allowing:
            return f'"{source}" may not be used for {_say(purpose)}'
        flows = [flow for one in allowing for flow in one.datasets if flow.source == source]
        missing = sorted(
            one for one in _fields_of(nodes) if not any(flow.covers_field(one) for flow in flows)
        )
        if missing:
            return f'"{source}" may not be used for {", ".join(missing)}'
    free = [name for name in sources if name not in bound]
    measured = {leaf.feature for node in nodes for leaf in walk(node) if isinstance(leaf, LatestValue)}
    for feature in sorted({name for node in nodes for name in features_of(node)}):
        fields = ("value",) if feature in measured else ()
        why = _why_feature_uncovered(feature, fields, purpose, bound)
        if why and not (free and why == _NOWHERE):
            return f"{'the value of ' if fields else ''}{feature} {why}"
    return ""


_NOWHERE: Final = "is covered by no agreement"


def _why_feature_uncovered(
    feature: str, fields: Sequence[str], purpose: Purpose, bound: Mapping[str, Sequence[Agreement]]
) -> str:
    covered = False
    for source, agreements in bound.items():
        covering = [
            (one, flow)
            for one in agreements
            for flow in one.datasets
            if flow.source == source and flow.covers_feature(feature)
        ]
        allowed = [flow for one, flow in covering if purpose in one.purposes]
        if covering and not allowed:
            return f'of "{source}" may not be used for {_say(purpose)}'
        covered = covered or any(all(map(flow.covers_field, fields)) for flow in allowed)
    return "" if covered else _NOWHERE


def _fields_of(nodes: Sequence[Node]) -> set[str]:
    fields = set()
    for leaf in (leaf for node in nodes for leaf in walk(node)):
        match leaf:
            case Age() | Turned():
                fields.add("birth_date")
            case SexIs():
                fields.add("sex")
            case EthnicGroupIs():
                fields.add("ethnic_group")
    return fields


def _say(purpose: Purpose) -> str:
    return purpose.replace("_", " ")
