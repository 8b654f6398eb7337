"""One indicator by one breakdown: its groups in order, and their figures of every period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from evenground.errors import InputError, suggest
from evenground.releases import IndicatorInfo, Release
from evenground.reports.charts import AREA_UNKNOWN, DECILES_OF, ETHNIC_GROUP_MISSING, UNRECORDED_5
from evenground.reports.over_time import Series, read_series
from evenground.reports.words import clean_text
from evenground.vocabulary import (
    ETHNIC_GROUPS,
    ETHNIC_GROUPS_5,
    EVERYONE,
    MISSING_CATEGORY,
    UNKNOWN_AREA,
    UNRECORDED_ETHNIC_GROUPS,
    AreaType,
    Cut,
    PublishedCut,
)

DEPRIVATION: Final = (Cut.LOCAL_QUINTILE, Cut.IMD_QUINTILE, *PublishedCut)
"""Breakdowns whose first category is the most and whose last the least deprived."""

_FIFTHS: Final = {
    "1": "Most deprived fifth",
    "2": "Second most deprived",
    "3": "Middle fifth",
    "4": "Second least deprived",
    "5": "Least deprived fifth",
}
_TENTHS: Final = {
    "1": "Most deprived tenth",
    **{str(number): f"Tenth {number}" for number in range(2, 10)},
    "10": "Least deprived tenth",
}


@dataclass(frozen=True, slots=True)
class GroupName:
    """A category as it is shown; ``recorded`` is false where it says that something is not known."""

    category: str
    name: str
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One indicator by one breakdown, for the whole place or, of published tenths, for England."""

    release: Release
    info: IndicatorInfo
    cut: str
    area_type: str
    area_code: str
    values: pl.DataFrame

    @classmethod
    def of(cls, release: Release, indicator_id: str, cut: str) -> Breakdown:
        """The figures of an indicator by a breakdown.

        Raises
        ------
        InputError
            Where the release has no such indicator, or does not break it down so.
        """
        if indicator_id not in release.indicators:
            hint = suggest(indicator_id, release.indicators)
            raise InputError(f'The release has no indicator "{indicator_id}". {hint}')
        known = list_breakdowns(release, indicator_id)
        if cut not in known:
            raise InputError(f'The release does not show "{indicator_id}" by "{cut}". {suggest(cut, known)}')
        values = release.figures_of(indicator_id)
        area_type, area_code = known[cut]
        own = values.filter((pl.col("area_type") == area_type) & (pl.col("area_code") == area_code))
        return cls(release, release.indicators[indicator_id], cut, area_type, area_code, own)

    @property
    def area_name(self) -> str:
        """The area that is broken down."""
        name = self.release.area_names.get((self.area_type, self.area_code), self.area_code)
        return clean_text(name)

    @property
    def periods(self) -> list[str]:
        """The periods that the breakdown has figures for, the earliest first."""
        return self.values.filter(pl.col("cut") == self.cut)["period"].unique().sort().to_list()

    @property
    def editions(self) -> list[str]:
        """The editions of the breakdown, where its publisher tells them, the earliest first."""
        own = self.values.filter((pl.col("cut") == self.cut) & (pl.col("edition") != "")).sort("period")
        return own["edition"].unique(maintain_order=True).to_list()

    @property
    def groups(self) -> list[GroupName]:
        """The categories that have rows, in the order to show them in; those that say nothing last."""
        held = set(self.values.filter(pl.col("cut") == self.cut)["category"].unique())
        return [group for group in _name_groups(self.release, self.cut) if group.category in held]

    @property
    def heading(self) -> str:
        """What the groups are, for the head of a column."""
        if self.cut in DECILES_OF:
            return f"Tenths of {DECILES_OF[PublishedCut(self.cut)]}; 1 = most deprived"
        edition = self.release.manifest.imd_edition
        return {
            Cut.LOCAL_QUINTILE: f"Fifths of the place’s own areas (IMD {edition}; 1 = most deprived)",
            Cut.IMD_QUINTILE: f"National deprivation fifths (IMD {edition}; 1 = most deprived)",
        }.get(Cut(self.cut), "Group")

    @property
    def noun(self) -> str:
        """What one of the groups is called."""
        if self.cut in DECILES_OF:
            return "tenth"
        return "fifth" if self.cut in DEPRIVATION else "group"

    def series(self, group: GroupName, periods: Sequence[str]) -> Series:
        """The figures of one group."""
        return read_series(self.values, group.name, self.cut, group.category, periods)

    def overall(self, periods: Sequence[str]) -> Series:
        """The figures of everybody."""
        return read_series(self.values, f"{self.area_name} overall", Cut.ALL, EVERYONE, periods)


def list_breakdowns(release: Release, indicator_id: str) -> dict[str, tuple[str, str]]:
    """The breakdowns that a gap can be seen in, with the area that is broken down, the local fifths first."""
    values = release.figures_of(indicator_id)
    place = values.filter(
        (pl.col("area_type") == AreaType.PLACE) & (pl.col("area_code") == release.manifest.place_code)
    )
    held = set(place["cut"].unique())
    own = (
        Cut.LOCAL_QUINTILE,
        Cut.ETHNIC_GROUP_5,
        Cut.ETHNIC_GROUP,
        Cut.IMD_QUINTILE,
        Cut.PLUS_GROUP,
        Cut.LANGUAGE_NEED,
        Cut.HOUSING_TENURE,
        Cut.SEX,
    )
    found = {str(cut): (str(AreaType.PLACE), release.manifest.place_code) for cut in own if cut in held}
    tenths = values.filter(pl.col("cut").is_in(list(PublishedCut)))
    areas = tenths.select("cut", "area_type", "area_code").unique().sort("cut", "area_type", "area_code")
    for cut, area_type, area_code in areas.iter_rows():
        found.setdefault(cut, (area_type, area_code))
    return found


def _name_groups(release: Release, cut: str) -> list[GroupName]:
    if cut in list(PublishedCut):
        return [GroupName(category, name) for category, name in _TENTHS.items()]
    if cut in (Cut.LOCAL_QUINTILE, Cut.IMD_QUINTILE):
        fifths = [GroupName(category, name) for category, name in _FIFTHS.items()]
        return [*fifths, GroupName(UNKNOWN_AREA, AREA_UNKNOWN, recorded=False)]
    if cut in (Cut.ETHNIC_GROUP, Cut.ETHNIC_GROUP_5):
        return _name_ethnic_groups(cut)
    if cut == Cut.SEX:
        recorded = [
            GroupName("female", "Female"),
            GroupName("male", "Male"),
            GroupName("indeterminate", "Indeterminate"),
        ]
        return [*recorded, GroupName("not_known", "Not known", recorded=False)]
    return [
        # What no record tells of people is a part of its own in cuts by records, and its id says so.
        GroupName(category, info.name, recorded=not category.endswith("not_recorded"))
        for (its_cut, category), info in release.groups.items()
        if its_cut == cut
    ]


def _name_ethnic_groups(cut: str) -> list[GroupName]:
    detailed = cut == Cut.ETHNIC_GROUP
    names = {**(ETHNIC_GROUPS if detailed else ETHNIC_GROUPS_5), MISSING_CATEGORY: ETHNIC_GROUP_MISSING}
    unrecorded = UNRECORDED_ETHNIC_GROUPS if detailed else UNRECORDED_5
    groups = [GroupName(category, name, category not in unrecorded) for category, name in names.items()]
    return sorted(groups, key=lambda group: not group.recorded)
