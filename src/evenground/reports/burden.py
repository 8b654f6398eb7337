"""Who bears how much: each group's share of the burden beside its share of the people counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evenground.releases import IndicatorInfo, Release
from evenground.reports.breakdowns import Breakdown, GroupName
from evenground.reports.cells import Cell
from evenground.reports.charts import Figure, finish_figure
from evenground.reports.panels import Pair, draw_pairs
from evenground.reports.words import (
    count_in_words,
    format_count,
    format_interval,
    format_number,
    format_share,
    list_in_words,
)
from evenground.stats import calculate_poisson_interval, calculate_wilson_interval
from evenground.vocabulary import Cut, Polarity, ValueNote, ValueType

MOST_NAMES: Final = 3
COLUMNS: Final = (
    "People counted",
    "Share of people",
    "Burden",
    "Share of burden",
    "Share of burden for each share of people (95% interval)",
    "In words",
)
_MORE, _LESS, _SAME = "more than its share", "less than its share", "may be chance"


@dataclass(frozen=True, slots=True)
class Load:
    """What one group bears.

    Attributes
    ----------
    people, burden
        Published counts; ``None`` where they are withheld.
    share_of_people, share_of_burden
        Of everybody's published counts, 0 to 1.
    ratio, lower, upper
        The second share over the first, with its interval: above 1, the group bears more than its share.
    """

    group: GroupName
    note: str
    people: int | None = None
    burden: int | None = None
    share_of_people: float | None = None
    share_of_burden: float | None = None
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None

    @property
    def judgement(self) -> str:
        """Whether it bears more or less than its share; empty where nobody can say."""
        if self.lower is None or self.upper is None:
            return ""
        if self.lower > 1:
            return _MORE
        return _LESS if self.upper < 1 else _SAME


def name_burden(info: IndicatorInfo) -> str:
    """What weighs on people: those not reached, where more is better; else those counted by the indicator.

    For an indicator without better or worse it is what is counted, and no judgement lies in it.
    """
    if info.polarity == Polarity.HIGHER_IS_BETTER:
        return "people not reached" if info.is_service else "people without it"
    return "cases" if info.value_type == ValueType.PROPORTION else "events"


def find_loads(release: Release, indicator_id: str, cut: str) -> list[Load]:
    """What each group bears at the latest period; none where everybody's counts are not published.

    Parameters
    ----------
    release
        The release to read.
    indicator_id
        One of its indicators.
    cut
        One of ``list_breakdowns``.

    Returns
    -------
    list of Load
        In the order of the breakdown, with groups that say nothing of their people last.

    Raises
    ------
    InputError
        Where the release has no such indicator or breakdown.
    """
    view = Breakdown.of(release, indicator_id, cut)
    period = view.periods[-1:]
    everybody = view.overall(period).cells
    counts = _count_burden(everybody[0], view.info) if everybody else None
    if counts is None or not all(counts):
        return []
    return [
        _find_load(group, view.series(group, period).cells[0], view.info, counts) for group in view.groups
    ]


def draw_burden(release: Release, indicator_id: str, cut: str) -> Figure | None:
    """Each group's share of people and of the burden, one above the other.

    Parameters
    ----------
    release, indicator_id, cut
        As for ``find_loads``.

    Returns
    -------
    Figure or None
        ``None`` where no group has published counts.

    Raises
    ------
    InputError
        As ``find_loads``.
    """
    loads = find_loads(release, indicator_id, cut)
    if not any(load.ratio is not None for load in loads):
        return None
    view = Breakdown.of(release, indicator_id, cut)
    burden = name_burden(view.info)
    return finish_figure(
        ("burden", cut, indicator_id),
        f"{view.info.name}, share of {burden} against share of everybody: {view.area_name}",
        say_burden(loads, burden, by_what=_say_what_is_unknown(cut)),
        draw_pairs(
            [_make_pair(load) for load in loads],
            ("Share of everybody counted", f"Share of {burden}"),
        ),
        (view.heading, *COLUMNS),
        [_table_row(load) for load in loads],
    )


def say_burden(loads: Sequence[Load], burden: str, *, by_what: str) -> str:
    """Which groups bear more than their share, and how much of it falls on people of whom nothing is known.

    Parameters
    ----------
    loads
        What each group bears.
    burden
        As ``name_burden`` says it.
    by_what
        What is not known of those people: 'ethnic group', 'area'.
    """
    known = [load for load in loads if load.group.recorded and load.judgement]
    more = sorted((load for load in known if load.judgement == _MORE), key=lambda load: -(load.ratio or 0.0))
    parts = []
    if not known:
        parts.append("No group has published counts to compare.")
    elif more:
        named = list_in_words([_name_load(load, burden) for load in more], most=MOST_NAMES)
        parts.append(f"More than their share of {burden}: {named}.")
    else:
        parts.append(f"No group clearly has more than its share of {burden}.")
    chance = sum(load.judgement == _SAME for load in known)
    if chance:
        parts.append(f"For {count_in_words(chance, 'group')} the difference may be chance.")
    parts += [_say_unrecorded(loads, burden, by_what), _say_withheld(loads)]
    return " ".join(part for part in parts if part)


def _count_burden(cell: Cell, info: IndicatorInfo) -> tuple[int, int] | None:
    """People, and those of them whom it weighs on."""
    if cell.numerator is None or cell.denominator is None:
        return None
    if info.polarity == Polarity.HIGHER_IS_BETTER:
        # Counts are rounded apart, so that one can pass the other.
        return cell.denominator, max(cell.denominator - cell.numerator, 0)
    return cell.denominator, cell.numerator


def _find_load(group: GroupName, cell: Cell, info: IndicatorInfo, everybody: tuple[int, int]) -> Load:
    counts = _count_burden(cell, info)
    if counts is None or not counts[0]:
        return Load(group, cell.note if counts is None else ValueNote.MISSING)
    people, burden = counts
    level = everybody[1] / everybody[0]
    lower, upper = (limit / level for limit in _find_limits(burden, people, info))
    return Load(
        group,
        ValueNote.PUBLISHED,
        people,
        burden,
        people / everybody[0],
        burden / everybody[1],
        (burden / people) / level,
        lower,
        upper,
    )


def _find_limits(burden: int, people: int, info: IndicatorInfo) -> tuple[float, float]:
    """Of the burden a head; everybody's is taken as known, as where an area is held against its whole."""
    if info.value_type == ValueType.PROPORTION:
        lower, upper = calculate_wilson_interval(min(burden, people), people)
    else:
        lower, upper = (limit / people for limit in calculate_poisson_interval(burden))
    return float(lower), float(upper)


def _make_pair(load: Load) -> Pair:
    if load.ratio is None:
        return Pair(load.group.name, (None, None), (format_count(None, load.note), ""))
    told = "" if not load.judgement else f": {load.judgement}"
    return Pair(
        load.group.name,
        (load.share_of_people, load.share_of_burden),
        (_say_share(load.share_of_people), f"{_say_share(load.share_of_burden)}{told}"),
    )


def _say_share(share: float | None) -> str:
    return format_share(share, decimals=1)


def _name_load(load: Load, burden: str) -> str:
    people, borne = _say_share(load.share_of_people), _say_share(load.share_of_burden)
    return f"{load.group.name} ({people} of everybody, {borne} of {burden})"


def _say_unrecorded(loads: Sequence[Load], burden: str, by_what: str) -> str:
    unknown = [load for load in loads if not load.group.recorded]
    if not unknown:
        return ""
    known = [load for load in unknown if load.ratio is not None]
    at_least = "at least " if len(known) < len(unknown) else ""
    if not known:
        return f"How much falls on people whose {by_what} is not known is suppressed or has no data."
    people, borne = (
        _say_share(sum(shares))
        for shares in (
            [load.share_of_people or 0.0 for load in known],
            [load.share_of_burden or 0.0 for load in known],
        )
    )
    return f"The {by_what} is not known for {at_least}{people} of everybody and {borne} of {burden}."


def _say_withheld(loads: Sequence[Load]) -> str:
    hidden = sum(
        load.note in (ValueNote.SUPPRESSED, ValueNote.SUPPRESSED_SECONDARY) and load.group.recorded
        for load in loads
    )
    verb = "is" if hidden == 1 else "are"
    return f"{count_in_words(hidden, 'group')} {verb} suppressed." if hidden else ""


def _say_what_is_unknown(cut: str) -> str:
    if cut in (Cut.IMD_QUINTILE, Cut.LOCAL_QUINTILE):
        return "area"
    return "ethnic group" if cut == Cut.ETHNIC_GROUP_5 else cut.replace("_", " ")


def _table_row(load: Load) -> tuple[str, ...]:
    if load.ratio is None:
        word = format_count(None, load.note)
        return (load.group.name, word, word, word, word, word, "cannot be said")
    interval = format_interval(load.lower, load.upper, decimals=2)
    return (
        load.group.name,
        format_count(load.people),
        _say_share(load.share_of_people),
        format_count(load.burden),
        _say_share(load.share_of_burden),
        f"{format_number(load.ratio, decimals=2)} ({interval})",
        load.judgement,
    )
