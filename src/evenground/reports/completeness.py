"""How completely the records say who people are, from what a release says of its build."""

from __future__ import annotations

from typing import Final

from evenground.releases import CoverageRow, Release
from evenground.reports.words import format_count, format_share

_RECORDED: Final = "ethnic group recorded"
_NOBODY: Final = ("ethnic group not stated", "ethnic group not known", "ethnic group missing")


def list_completeness(release: Release) -> list[tuple[str, str]]:
    """Of how many people counted what is recorded, with their share where both are shown."""
    rows = [row for row in release.coverage if row.what == "completeness"]
    shown = [row.count for row in rows if row.reason in (_RECORDED, *_NOBODY) and row.count is not None]
    counted = next((row.count for row in release.coverage if row.what == "counted"), sum(shown))
    return [(row.reason, _say_share(row, counted)) for row in rows]


def _say_share(row: CoverageRow, counted: int | None) -> str:
    if row.count is None:
        return format_count(None, row.value_note)
    share = f" ({format_share(row.count / counted)})" if counted and row.count <= counted else ""
    return f"{format_count(row.count)} people{share}"
