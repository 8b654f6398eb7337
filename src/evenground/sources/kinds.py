"""The kinds of sources: what each may say in ``place.toml``, and what opens its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from evenground.errors import Fault, SourceError, suggest
from evenground.sources.aggregates.load import KINDS as AGGREGATE_KINDS
from evenground.sources.extract import ExtractOptions, open_extract
from evenground.sources.fhir import FhirOptions, open_fhir
from evenground.sources.omop import OmopOptions, open_omop
from evenground.sources.options import SourceOptions, read_options
from evenground.sources.roles import Role, assign_roles, check_names, check_roles
from evenground.sources.staging.inputs import Intake, Opened
from evenground.sources.wide import WideOptions, open_wide
from evenground.workspace import PLACE_FILE, SourceSection


@dataclass(frozen=True, slots=True)
class Kind:
    """The options of a kind, and the function that opens the files they name."""

    options: type[SourceOptions]
    open: Callable[..., Opened]


KINDS: Final = {
    "extract": Kind(ExtractOptions, open_extract),
    "omop": Kind(OmopOptions, open_omop),
    "fhir": Kind(FhirOptions, open_fhir),
    "wide": Kind(WideOptions, open_wide),
}


@dataclass(frozen=True, slots=True)
class Described:
    """A source as ``place.toml`` describes it, checked."""

    name: str
    kind: Kind
    options: Any
    role: Role


def describe_sources(sections: Sequence[SourceSection]) -> tuple[list[Described], list[Fault]]:
    """The sources whose sections are right, and every fault of those that are not."""
    faults = check_names(sections)
    right: list[tuple[SourceSection, SourceOptions]] = []
    for section in sections:
        kind = KINDS.get(section.kind)
        if kind is None:
            where = f'{PLACE_FILE}, source "{section.name}", kind'
            faults.append(
                Fault(
                    where,
                    f'"{section.kind}" is not a known kind.',
                    suggest(section.kind, [*KINDS, *AGGREGATE_KINDS]),
                )
            )
            continue
        try:
            right.append((section, read_options(section, kind.options)))
        except SourceError as error:
            faults += error.faults
    if not right:
        return [], faults
    kept, options = zip(*right, strict=True)
    roles = assign_roles(kept, options)
    if len(right) == len(sections):
        faults += check_roles(kept, options)
    else:
        # Which of them is the register cannot be told: ask nothing of them that only a register needs.
        roles = tuple(
            replace(role, adds_people=entry.adds_people) for role, entry in zip(roles, options, strict=True)
        )
    described = [
        Described(section.name, KINDS[section.kind], entry, role)
        for section, entry, role in zip(kept, options, roles, strict=True)
    ]
    return described, faults


def open_source(source: Described, intake: Intake) -> Opened:
    """Open the files of one source."""
    return source.kind.open(source.options, intake, adds_people=source.role.adds_people)
