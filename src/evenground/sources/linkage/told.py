"""The rates of a linkage that was made, read again from its report for a build to tell."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from evenground.sources.linkage.crosswalk import CROSSWALK_FILE, folder_of, read_made_from
from evenground.sources.linkage.link import REPORT_FILE
from evenground.sources.linkage.rates import Rate


@dataclass(frozen=True, slots=True)
class LinkageRates:
    """How many people of a source were linked to the register, of all and by group. Its counts are exact."""

    id: str
    name: str
    source: str
    register: str
    rates: tuple[Rate, ...]

    def keep(self, groups: Collection[str]) -> LinkageRates:
        """The same with some groups only."""
        return replace(self, rates=tuple(rate for rate in self.rates if rate.group in groups))


def load_rates(root: Path, linkage_id: str) -> LinkageRates | None:
    """The rates of the people of the source; ``None`` where the report is not of the crosswalk beside it.

    A linkage that was stopped while its files were replaced leaves such a pair.
    """
    folder = folder_of(root, linkage_id)
    try:
        report = json.loads((folder / REPORT_FILE).read_bytes())
        if report["made_from"] != read_made_from(folder / CROSSWALK_FILE):
            return None
        linkage = report["linkage"]
        return LinkageRates(
            id=linkage_id,
            name=linkage["name"],
            source=linkage["source"]["name"],
            register=linkage["register"]["name"],
            rates=tuple(Rate(**rate) for rate in report["rates"] if rate["side"] == "source"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
