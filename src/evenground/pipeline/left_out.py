"""Indicators that a build leaves out: those that no source recorded, and those the place does not want."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from evenground.errors import Fault, SourceError, WorkspaceError, suggest
from evenground.indicators import Definitions
from evenground.indicators.availability import find_unrecorded, find_untold_groups
from evenground.releases import CoverageRow
from evenground.vocabulary import ValueNote

UNWANTED = "place.toml leaves it out"


def require_known(definitions: Definitions, unwanted: Sequence[str]) -> None:
    """Refuse names in ``place.toml`` that are no indicator's.

    Raises
    ------
    WorkspaceError
        With the nearest right name of each.
    """
    known = definitions.indicators
    faults = [
        Fault("place.toml, indicators.leave_out", f'"{name}" is not an indicator.', suggest(name, known))
        for name in unwanted
        if name not in known
    ]
    if faults:
        raise WorkspaceError("place.toml cannot be used.", faults)


def find_left_out(
    definitions: Definitions, *, unwanted: Collection[str], recorded: Collection[tuple[str, str]]
) -> dict[str, str]:
    """The indicators to leave out and why, by id.

    Parameters
    ----------
    unwanted
        What ``place.toml`` leaves out.
    recorded
        Code system and code of everything that any source recorded.

    Raises
    ------
    SourceError
        Where nothing would be left.
    """
    unrecorded = find_unrecorded(definitions, recorded)
    reasons = {name: f"not recorded: {'; '.join(names)}" for name, names in unrecorded.items()}
    reasons |= dict.fromkeys(unwanted, UNWANTED)
    if reasons.keys() >= definitions.indicators.keys():
        what = "hold no code that any indicator of this place asks for."
        fix = "Check code_system and the codes of each source, the code lists, and [indicators] leave_out."
        raise SourceError("There is nothing to show.", [Fault("the sources", what, fix)])
    return {name: reasons[name] for name in definitions.indicators if name in reasons}


def keep_told_groups(
    definitions: Definitions, recorded: Collection[tuple[str, str]]
) -> tuple[Definitions, tuple[CoverageRow, ...]]:
    """The definitions with the PLUS groups and segments that records tell, and a word about the others."""
    untold = find_untold_groups(definitions, recorded)
    kept = definitions.keep_groups([one for one in definitions.memberships if one not in untold])
    told = [f"{one.name} (not recorded: {'; '.join(names)})" for one, names in untold.items() if names]
    told += [f"{one.name} (no record tells)" for one in definitions.plus_groups.values() if one.node is None]
    if not told:
        return kept, ()
    return kept, (_say("groups of people", told),)


def describe_left_out(definitions: Definitions, reasons: Mapping[str, str]) -> Iterator[CoverageRow]:
    """The indicators left out, by topic, as the page about the data tells them."""
    topics: dict[str, list[str]] = {}
    for name, indicator in definitions.indicators.items():
        if name in reasons:
            topics.setdefault(indicator.topic, []).append(f"{indicator.name} ({reasons[name]})")
    for topic, told in topics.items():
        yield _say(f"indicators: {topic}", told)


def _say(table: str, told: Sequence[str]) -> CoverageRow:
    return CoverageRow(
        source="", table=table, what="left out", reason=". ".join(told), count=0, value_note=ValueNote.ZERO
    )
