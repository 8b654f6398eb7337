"""What the place's data-sharing agreements let a build do: read, leave out, warn, refuse, and tell."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evenground.agreements import Agreement, Standing, Standings, find_dark, load_agreements, weigh_agreements
from evenground.agreements.model import ALL, BASES
from evenground.errors import AgreementError, Fault, suggest
from evenground.indicators import Definitions
from evenground.releases import AgreementFlow, AgreementInfo, CoverageRow
from evenground.sources.aggregates import split_sections
from evenground.sources.kinds import describe_sources
from evenground.sources.restrictions import OptOutList, Restriction
from evenground.vocabulary import ValueNote
from evenground.workspace import OptOutSection, Workspace

_TOLD: Final = 12
"""How many indicators a refusal names for each reason."""

_LEAVE_OUT: Final = (
    'agree on it, or name them in [indicators] leave_out, or set [agreements] when_not_covered = "leave_out".'
)
_HANDLINGS: Final = {
    "removed_here": "removed before anything is counted",
    "removed_by_provider": "removed by the provider before the data come here",
    "not_applicable": "does not apply",
}
_OPT_OUTS: Final = {"national": "National Data Opt-out", "type_1": "Type 1 opt-out"}


@dataclass(frozen=True, slots=True)
class Weighed:
    """The agreements of a place on a day, what follows for a build, and whose people count."""

    agreements: tuple[Agreement, ...]
    standings: Standings
    restrictions: dict[str, Restriction]
    bringing_people: frozenset[str]


def weigh_place(workspace: Workspace, definitions: Definitions, today: dt.date) -> Weighed:
    """Read the agreements of the workspace and say what they let a build do today.

    Raises
    ------
    AgreementError
        With every fault of the agreements' files.
    """
    sections = split_sections(workspace.place.sources)[0]
    names = [section.name for section in sections]
    people = frozenset(one.name for one in describe_sources(sections)[0] if one.role.adds_people)
    agreements = load_agreements(workspace.agreements, sources=names, features=definitions.features)
    standings = weigh_agreements(
        agreements,
        sources=names,
        bringing_people=people,
        definitions=definitions,
        purpose=workspace.place.agreements.purpose,
        today=today,
        required=workspace.needs_agreements,
    )
    current = [one for one in agreements if one.standing(today) is Standing.CURRENT]
    opt_outs = workspace.place.opt_outs
    standings.faults += [*_check_lists(opt_outs, names), *_missing_lists(opt_outs, current, names)]
    if not agreements and names and not workspace.needs_agreements:
        standings.warnings.append(
            "No data-sharing agreement is written down: the place does not require one."
        )
    restrictions = {
        name: Restriction(permit.fields, permit.codes, _lists_of(name, opt_outs, current))
        for name in names
        if (permit := standings.permits.get(name)) is not None
    }
    restrictions |= {
        name: Restriction(opt_outs=lists)
        for name in names
        if name not in restrictions and (lists := _lists_of(name, opt_outs, current))
    }
    return Weighed(agreements, standings, restrictions, people)


def require_allowed(workspace: Workspace, weighed: Weighed) -> None:
    """Refuse what the agreements do not cover.

    Raises
    ------
    AgreementError
        With every source, and where the place does not leave them out, every indicator that is not covered.
    """
    faults = list(weighed.standings.faults)
    if workspace.place.agreements.when_not_covered == "refuse":
        unwanted = set(workspace.place.indicators.leave_out)
        reasons: dict[str, list[str]] = {}
        for name, why in weighed.standings.uncovered.items():
            if name not in unwanted:
                reasons.setdefault(why, []).append(name)
        faults += [_refuse_indicators(why, names) for why, names in reasons.items()]
        faults += [Fault("What to do", _LEAVE_OUT)] if reasons else []
    if faults:
        raise AgreementError("The data-sharing agreements do not allow this.", faults)


def leave_out_uncovered(definitions: Definitions, weighed: Weighed) -> tuple[Definitions, dict[str, str]]:
    """The definitions without what no agreement covers, and why each indicator is left out.

    Raises
    ------
    AgreementError
        Where nothing would be left.
    """
    uncovered, groups = weighed.standings.uncovered, weighed.standings.uncovered_groups
    reasons = {name: why for name, why in uncovered.items() if name in definitions.indicators}
    # Published figures are nobody's records: no agreement has to cover them.
    kept = definitions.keep((definitions.indicators.keys() - reasons.keys()) | definitions.published.keys())
    if reasons and not kept.indicators:
        fault = Fault("agreements/", f"no indicator is covered: {next(iter(uncovered.values()))}.")
        raise AgreementError("There is nothing to show.", [fault])
    if groups:
        kept = kept.keep_groups([one for one in definitions.memberships if one not in groups])
    return kept, reasons


def describe_uncovered(definitions: Definitions, reasons: dict[str, str]) -> tuple[CoverageRow, ...]:
    """The indicators left out for want of an agreement, as the page about the data tells them."""
    if not reasons:
        return ()
    told = ". ".join(f"{definitions.indicators[name].name} ({why})" for name, why in reasons.items())
    row = CoverageRow(
        source="", table="agreements", what="left out", reason=told, count=0, value_note=ValueNote.ZERO
    )
    return (row,)


def describe_agreements(weighed: Weighed, definitions: Definitions) -> tuple[AgreementInfo, ...]:
    """The agreements as a release tells them: nothing in it depends on the day of the build."""
    return tuple(
        AgreementInfo(
            id=one.id,
            title=one.title,
            controllers=tuple(party.name for party in one.parties if party.is_controller),
            processors=tuple(party.name for party in one.parties if not party.is_controller),
            flows=tuple(
                AgreementFlow(
                    source=flow.source, giver=flow.giver, receiver=flow.receiver, what=_say_what(one, number)
                )
                for number, flow in enumerate(one.datasets)
            ),
            purposes=tuple(purpose.replace("_", " ") for purpose in one.purposes),
            legal_basis=_say_basis(one),
            opt_outs=tuple(_say_opt_outs(one)),
            retention=f"{one.retention.months} months from arrival, and no longer than "
            f"{one.retention.days_after_end} days after the end",
            dpia=one.dpia,
            signed=tuple(f"{sign.party}: {sign.by}, {sign.signed.isoformat()}" for sign in one.signatures),
            start=one.start.isoformat(),
            review=one.review.isoformat(),
            end=one.end.isoformat(),
            indicators=find_dark(
                one, weighed.agreements, bringing_people=weighed.bringing_people, definitions=definitions
            ),
        )
        for one in weighed.agreements
    )


def digest_restrictions(weighed: Weighed) -> str:
    """A digest of what may be read: records prepared under other rules must not be used."""
    said = {
        name: {
            "fields": sorted(one.fields) if one.fields is not None else None,
            "codes": sorted(one.codes) if one.codes is not None else None,
            "opt_outs": [[entry.kind, entry.path, entry.column] for entry in one.opt_outs],
        }
        for name, one in sorted(weighed.restrictions.items())
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _refuse_indicators(why: str, names: Sequence[str]) -> Fault:
    told = ", ".join(names[:_TOLD]) + (f" and {len(names) - _TOLD} more" if len(names) > _TOLD else "")
    return Fault(f"{len(names)} {'indicator' if len(names) == 1 else 'indicators'}", f"{told}: {why}.")


def _check_lists(opt_outs: Sequence[OptOutSection], names: Sequence[str]) -> Iterator[Fault]:
    for number, section in enumerate(opt_outs):
        for name in section.sources:
            if name not in names:
                where = f"place.toml, opt_outs.{number}.sources"
                yield Fault(where, f'"{name}" is not a source of records.', suggest(name, names))


def _missing_lists(
    opt_outs: Sequence[OptOutSection], current: Sequence[Agreement], names: Sequence[str]
) -> Iterator[Fault]:
    held = {(section.kind, name) for section in opt_outs for name in section.sources}
    for one in current:
        for kind, named in _OPT_OUTS.items():
            if getattr(one.opt_outs, kind) != "removed_here":
                continue
            for source in (name for name in one.sources if name in names and (kind, name) not in held):
                what = f'removes people of the {named} here, and place.toml has no list for "{source}".'
                fix = f'Add [[opt_outs]] with kind = "{kind}" and sources = ["{source}"].'
                yield Fault(f"agreements/{one.id}.toml, opt_outs.{kind}", what, fix)


def _lists_of(
    source: str, opt_outs: Sequence[OptOutSection], current: Sequence[Agreement]
) -> tuple[OptOutList, ...]:
    """The lists to read for a source: all that place.toml gives, but those no agreement has a use for."""
    naming = [one for one in current if source in one.sources]
    return tuple(
        OptOutList(section.kind, section.path, section.column)
        for section in opt_outs
        if source in section.sources
        and (not naming or any(getattr(one.opt_outs, section.kind) != "not_applicable" for one in naming))
    )


def _say_what(agreement: Agreement, number: int) -> str:
    flow = agreement.datasets[number]
    features = "all records" if flow.features == ALL else f"records of {', '.join(sorted(flow.features))}"
    fields = "all fields" if flow.fields == ALL else f"the fields {', '.join(sorted(flow.fields))}"
    return f"{features}, with {fields}"


def _say_basis(agreement: Agreement) -> tuple[str, ...]:
    basis = agreement.legal_basis
    confidentiality = BASES.confidentiality[basis.confidentiality].words
    return (
        f"UK GDPR Article {basis.article_6}: {BASES.article_6[basis.article_6]}",
        f"UK GDPR Article {basis.article_9}: {BASES.article_9[basis.article_9]}",
        f"Duty of confidentiality: {confidentiality}" + (f" ({basis.reference})" if basis.reference else ""),
    )


def _say_opt_outs(agreement: Agreement) -> Iterator[str]:
    for kind, named in _OPT_OUTS.items():
        yield f"{named}: {_HANDLINGS[getattr(agreement.opt_outs, kind)]}"
    if agreement.opt_outs.reason:
        yield agreement.opt_outs.reason
