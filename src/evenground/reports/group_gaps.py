"""One group of people, indicator by indicator: where it has the worse of it, and by how many people.

A comparison is the release's own (similar where the 95% interval holds the figure of the whole place).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports.cells import Cell, make_cell, withheld
from evenground.reports.standings import count_comparisons, say_chance, say_counts
from evenground.reports.words import clean_text, count_in_words, format_count, format_value, list_in_words
from evenground.vocabulary import EVERYONE, AreaType, Comparison, Cut, Polarity, ValueType

MOST_NAMED: Final = 3
ORDERS: Final = ("people", "points")
_RANK: Final = {
    Comparison.WORSE: 0,
    Comparison.HIGHER: 1,
    Comparison.LOWER: 1,
    Comparison.SIMILAR: 2,
    Comparison.BETTER: 3,
}


@dataclass(frozen=True, slots=True)
class GroupGap:
    """A group's figure of one indicator beside everybody's in the place, of one period.

    ``points`` is the distance in the unit of the indicator, positive where the group has the worse of it
    (where neither side is worse: where its figure is higher). ``people`` is how many of the group that is:
    the points as a share of its denominator. Both are ``None`` where a figure is not published, ``people``
    where the figure is not a share.
    """

    info: IndicatorInfo
    period: str
    cell: Cell
    place: Cell
    comparison: str
    points: float | None
    people: float | None


def read_group_gaps(release: Release, cut: str, category: str, *, order: str = "people") -> list[GroupGap]:
    """The latest figures of a group in the whole place, the widest gap first.

    Parameters
    ----------
    release
        The release to read.
    cut, category
        The group: a category of a breakdown of the place.
    order
        ``people`` or ``points``. What is clearly worse comes first, then what is not judged, what is similar,
        what is better, and what nobody can compare.

    Returns
    -------
    list of GroupGap
        One an indicator that the release breaks down so.
    """
    values = release.latest_values.lazy().filter(
        (pl.col("area_type") == AreaType.PLACE)
        & (
            ((pl.col("cut") == cut) & (pl.col("category") == category))
            | ((pl.col("cut") == Cut.ALL) & (pl.col("category") == EVERYONE))
        )
    )
    rows = {(row["indicator_id"], row["period"], row["cut"]): row for row in values.collect().to_dicts()}
    latest: dict[str, str] = {}
    for name, period, its_cut in rows:
        if its_cut == cut:
            latest[name] = max(period, latest.get(name, ""))
    gaps = [
        _make_gap(release, name, period, rows[name, period, cut], rows.get((name, period, str(Cut.ALL))))
        for name, period in latest.items()
        if name in release.indicators
    ]
    return sorted(gaps, key=lambda gap: _place_of(gap, order))


def _make_gap(
    release: Release, name: str, period: str, row: dict[str, object], everybody: dict[str, object] | None
) -> GroupGap:
    info = release.indicators[name]
    cell = make_cell("This group", row)
    place = make_cell(clean_text(release.manifest.place_name), everybody)
    points = people = None
    if cell.value is not None and place.value is not None:
        sign = -1.0 if info.polarity == Polarity.HIGHER_IS_BETTER else 1.0
        points = sign * (cell.value - place.value)
        if info.value_type == ValueType.PROPORTION and cell.denominator:
            people = points / info.multiplier * cell.denominator
    return GroupGap(info, period, cell, place, str(row["comparison"]), points, people)


def _place_of(gap: GroupGap, order: str) -> tuple[int, bool, float, str]:
    size = gap.points if order == "points" else gap.people
    rank = _RANK.get(Comparison(gap.comparison), 4)
    return rank, size is None, -abs(size or 0.0), gap.info.name


def say_group_gaps(gaps: Sequence[GroupGap], *, place_name: str) -> str:
    """On how many indicators a group is worse, better and similar, and its widest gaps, in their order."""
    compared = [gap for gap in gaps if gap.comparison != Comparison.NOT_COMPARED]
    parts = []
    if not compared:
        parts.append(f"No figure of this group can be compared with {place_name}.")
    else:
        counts = count_comparisons(gap.comparison for gap in compared)
        indicators = count_in_words(len(compared), "indicator")
        parts.append(f"Of {indicators} compared with {place_name}, this group is {say_counts(counts)}.")
        parts.append(_say_widest([gap for gap in compared if gap.comparison == Comparison.WORSE]))
        parts.append(say_chance(counts, "indicator"))
    if hidden := len(withheld([gap.cell for gap in gaps])):
        parts.append(f"{count_in_words(hidden, 'figure')} suppressed: too few people to publish.")
    return " ".join(part for part in parts if part)


def _say_widest(worse: Sequence[GroupGap]) -> str:
    if not worse:
        return "On none is it clearly worse."
    return f"Widest first: {list_in_words([say_gap(gap) for gap in worse[:MOST_NAMED]])}."


def say_gap(gap: GroupGap) -> str:
    """An indicator's gap in a few words: 'Bowel screening (45.0% against 56.2%, about 120 people)'."""
    unit = gap.info.unit
    own, everybody = (format_value(one.value, unit, one.note) for one in (gap.cell, gap.place))
    people = say_people(gap)
    return f"{gap.info.short_name} ({own} against {everybody}{f', {people}' if people else ''})"


def say_people(gap: GroupGap) -> str:
    """How many people a gap is, rounded as much as the counts are; empty where nobody can say.

    They are those of the group who would be on the other side if it had the figure of everybody.
    """
    if gap.people is None or abs(gap.people) < _FEWEST:
        return ""
    return f"about {format_count(round(abs(gap.people) / 5) * 5)} people"


_FEWEST: Final = 7.5
"""Fewer people than this are lost in the rounding of the counts."""
