"""Candidates and what each would change, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import Http404

from evenground.errors import ApprovalError, ReleaseError
from evenground.gate import (
    Candidate,
    Differences,
    Entry,
    compare_releases,
    find_candidate,
    list_candidates,
    read_history,
)
from evenground.releases import Release, current_release, list_releases
from evenground.reports.words import format_number

CHANGES: Final = ("rose", "fell", "same", "appeared", "vanished")
ACTIONS: Final = {
    "built": "Built",
    "approved": "Approved",
    "returned": "Returned",
    "released": "Released without approval (invented place)",
}
_MOST_AREAS: Final = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a history in words."""

    action: str
    by: str
    day: str
    time: str
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a candidate would change, ready for tables."""

    against: str
    totals: tuple[tuple[str, int], ...]
    facts: tuple[tuple[str, str, str], ...]
    indicators: tuple[dict[str, Any], ...]
    areas: tuple[dict[str, Any], ...]
    areas_left_out: int


def releases_folder() -> Path:
    """The folder of releases."""
    return Path(settings.EVENGROUND_RELEASES)


def waiting() -> tuple[Candidate, ...]:
    """Every candidate, waiting or returned."""
    return list_candidates(releases_folder())


def decided() -> tuple[tuple[Release, tuple[Step, ...]], ...]:
    """Every release, newest data first, with what was done with it."""
    folder = releases_folder()
    return tuple(
        (release, say_history(read_history(folder, release.id))) for release in list_releases(folder)
    )


def require_candidate(release_id: str) -> Candidate:
    """A candidate by the id in an address.

    Raises
    ------
    Http404
        Where there is none, or there is no longer.
    """
    try:
        return find_candidate(releases_folder(), release_id)
    except ApprovalError as error:
        raise Http404(str(error)) from None


def say_history(history: tuple[Entry, ...]) -> tuple[Step, ...]:
    """A history in words."""
    return tuple(
        Step(ACTIONS[entry.action], entry.by, entry.at[:10], entry.at[11:16], entry.reason)
        for entry in history
    )


def compare(candidate: Candidate) -> Comparison:
    """The candidate against the current release; against nothing where there is none."""
    try:
        before = current_release(releases_folder())
    except ReleaseError:
        before = None
    found = compare_releases(before, candidate.release)
    areas = [row for row in found.areas.iter_rows(named=True) if _changed(row)]
    areas.sort(key=lambda row: -_changed(row))
    return Comparison(
        before.id if before else "",
        tuple((change, found.total(change)) for change in CHANGES),
        found.facts,
        tuple(_say_indicators(found)),
        tuple(areas[:_MOST_AREAS]),
        max(0, len(areas) - _MOST_AREAS),
    )


def read_audit(candidate: Candidate) -> dict[str, int]:
    """What the attack on the candidate tried, and how often; empty where the build wrote nothing of it."""
    built = [entry.audit for entry in candidate.history if entry.action == "built"]
    return built[-1] if built else {}


def _say_indicators(found: Differences) -> list[dict[str, Any]]:
    return [
        row | {name: "" if row[name] is None else format_number(row[name]) for name in ("before", "after")}
        for row in found.indicators.iter_rows(named=True)
    ]


def _changed(row: dict[str, Any]) -> int:
    return sum(int(row[change]) for change in CHANGES if change != "same")
