"""What a chart shows, in plain words computed from its figures.

A sentence claims no more than the intervals allow:

- **apart**: the two 95% intervals do not overlap; the difference is stated as it is.
- **probable**: they overlap, but neither holds the other's value; 'probably'.
- **unclear**: one holds the other's value; the figures are given and no difference is claimed.

Differences are taken between the figures as shown, so that a reader's own subtraction agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from evenground.reports.cells import Cell, published, withheld
from evenground.reports.words import (
    PERCENT,
    count_in_words,
    format_count_with_interval,
    format_difference,
    format_share,
    format_value,
    list_in_words,
    round_as_shown,
)
from evenground.vocabulary import Polarity, ValueNote

MOST_NAMES = 3
"""How many areas or groups a sentence names before it counts the rest."""


class Certainty(StrEnum):
    """How sure a difference between two figures is."""

    APART = "apart"
    PROBABLE = "probable"
    UNCLEAR = "unclear"
    NO_INTERVAL = "no_interval"


def judge_difference(first: Cell, second: Cell) -> Certainty:
    """How sure it is that two figures differ, by their intervals.

    Raises
    ------
    ValueError
        Where either cell has no value.
    """
    if first.value is None or second.value is None:
        raise ValueError("Only published values can be compared.")
    if first.lower is None or first.upper is None or second.lower is None or second.upper is None:
        return Certainty.NO_INTERVAL
    if first.upper < second.lower or second.upper < first.lower:
        return Certainty.APART
    holds = first.lower <= second.value <= first.upper or second.lower <= first.value <= second.upper
    return Certainty.UNCLEAR if holds else Certainty.PROBABLE


def say_quintile_gap(quintiles: Sequence[Cell], *, unit: str, polarity: str, is_service: bool) -> str:
    """The most against the least deprived fifth.

    Parameters
    ----------
    quintiles
        Five cells, the most deprived first.
    unit, polarity, is_service
        Of the indicator. A service as a percentage says 'were reached'.
    """
    most, least = quintiles[0], quintiles[-1]
    if not published(quintiles):
        if withheld(quintiles):
            return "Every figure by deprivation is suppressed: too few people to publish."
        return "There are no figures by deprivation here."
    if most.value is None or least.value is None:
        return _say_incomplete_quintiles(most, least, unit)
    figures = _say_two_fifths(most, least, unit, is_service=is_service)
    return f"{figures}: {_say_gap(most, least, unit, polarity)}."


def say_decile_gap(tenths: Sequence[Cell], *, what: str, unit: str, polarity: str) -> str:
    """The most against the least deprived tenth of a publisher's areas.

    Parameters
    ----------
    tenths
        Ten cells, the most deprived first.
    what
        What they are tenths of, as it reads inside a sentence.
    unit, polarity
        Of the indicator.
    """
    most, least = tenths[0], tenths[-1]
    if most.value is None or least.value is None:
        first = f"the most deprived tenth of {what} {_say_state(most, unit)}"
        return f"No gap can be given: {first} and the least deprived tenth {_say_state(least, unit)}."
    worst, best = format_value(most.value, unit, most.note), format_value(least.value, unit, least.note)
    figures = (
        f"In the most deprived tenth of {what} the figure is {worst}, in the least deprived tenth {best}"
    )
    return f"{figures}: {_say_gap(most, least, unit, polarity, part='tenth')}."


def say_ethnic_differences(
    groups: Sequence[Cell], overall: Cell, *, area_name: str, unit: str, polarity: str
) -> str:
    """Which groups differ from everybody, how many are suppressed, and how complete the coding is."""
    known = [group for group in groups if group.recorded]
    parts = [
        _say_against_overall(known, overall, area_name, unit, polarity, noun="group"),
        _say_suppressed(known, "group"),
        _say_completeness([group for group in groups if not group.recorded], overall),
    ]
    return " ".join(part for part in parts if part)


def say_group_differences(
    groups: Sequence[Cell], overall: Cell, *, area_name: str, unit: str, polarity: str, noun: str
) -> str:
    """Which groups differ from everybody, and how many are suppressed.

    Parameters
    ----------
    groups, overall
        The groups, and everybody.
    area_name, unit, polarity
        Of the area and the indicator.
    noun
        What a group is called.
    """
    known = [group for group in groups if group.recorded]
    parts = [
        _say_against_overall(known, overall, area_name, unit, polarity, noun=noun),
        _say_suppressed(known, noun),
    ]
    return " ".join(part for part in parts if part)


def say_area_spread(
    areas: Sequence[Cell], overall: Cell, *, place_name: str, unit: str, polarity: str
) -> str:
    """How far areas range, how many stand clear of the place, and how many are suppressed."""
    shown = published(areas)
    if not shown:
        return _say_suppressed(areas, "area") or "There are no figures for these areas."
    parts = [
        _say_range(shown, unit),
        _say_against_overall(shown, overall, place_name, unit, polarity, noun="area", counts=True),
        _say_suppressed(areas, "area"),
    ]
    return " ".join(part for part in parts if part)


def say_top_community(communities: Sequence[Cell], *, name: str, singular: str, plural: str) -> str:
    """The community at the top of a ranking, and how sure its place is.

    Parameters
    ----------
    communities
        In the order of the ranking; ``value`` is how many are expected to miss out.
    name
        The first community as it reads inside a sentence.
    singular, plural
        What is counted: 'person' and 'people'.
    """
    shown = published(communities)
    if not shown:
        return "There is no ranking for this service."
    first = shown[0]
    value = round(first.value or 0.0)
    noun = singular if value == 1 else plural
    lower, upper = (None if limit is None else round(limit) for limit in (first.lower, first.upper))
    about = format_count_with_interval(value, lower, upper)
    opening = f"Most are missing out in {name}: about {about} {noun}."
    rivals = sum(judge_difference(first, other) is not Certainty.APART for other in shown[1:])
    if not rivals:
        return opening if len(shown) == 1 else f"{opening} It is clearly ahead of the others here."
    others = count_in_words(rivals, "other community", "other communities")
    return f"{opening} The order is not certain: {others} here could be as high."


def _say_two_fifths(most: Cell, least: Cell, unit: str, *, is_service: bool) -> str:
    worst, best = format_value(most.value, unit, most.note), format_value(least.value, unit, least.note)
    if is_service and unit == PERCENT:
        return (
            f"In the most deprived fifth of England’s areas {worst} of people were reached, "
            f"in the least deprived fifth {best}"
        )
    return (
        f"In the most deprived fifth of England’s areas the figure is {worst}, "
        f"in the least deprived fifth {best}"
    )


def _say_gap(most: Cell, least: Cell, unit: str, polarity: str, part: str = "fifth") -> str:
    difference = _shown_difference(most, least)
    if difference == 0:
        return "no difference"
    certainty = judge_difference(most, least)
    size = format_difference(difference, unit)
    if certainty is Certainty.NO_INTERVAL:
        return f"{size} apart, but without intervals nobody can say whether that is more than chance"
    if certainty is Certainty.UNCLEAR:
        return "the numbers are too small to say whether there is a real difference"
    hedge = "probably " if certainty is Certainty.PROBABLE else ""
    return _name_gap(difference, size, polarity, hedge, part)


def _name_gap(difference: float, size: str, polarity: str, hedge: str, part: str) -> str:
    if polarity == Polarity.NONE:
        return f"{hedge}a difference of {size}"
    if (difference < 0) == (polarity == Polarity.HIGHER_IS_BETTER):
        return f"{hedge}a gap of {size}"
    return f"{hedge}a difference of {size}, in favour of the most deprived {part}"


def _shown_difference(first: Cell, second: Cell) -> float:
    return round_as_shown(round_as_shown(first.value or 0.0) - round_as_shown(second.value or 0.0))


def _say_incomplete_quintiles(most: Cell, least: Cell, unit: str) -> str:
    first = f"the most deprived fifth of England’s areas {_say_state(most, unit)}"
    second = f"the least deprived fifth {_say_state(least, unit)}"
    return f"No gap can be given: {first} and {second}."


def _say_state(cell: Cell, unit: str) -> str:
    if cell.value is not None:
        return f"stands at {format_value(cell.value, unit, cell.note)}"
    return {
        ValueNote.SUPPRESSED: "is suppressed (too few people to publish)",
        ValueNote.SUPPRESSED_SECONDARY: "is suppressed (to protect another number)",
        ValueNote.TOO_FEW_EVENTS: "has too few events to calculate a rate",
    }.get(ValueNote(cell.note), "has no data")


def _say_against_overall(
    cells: Sequence[Cell],
    overall: Cell,
    name: str,
    unit: str,
    polarity: str,
    *,
    noun: str,
    counts: bool = False,
) -> str:
    compared = [cell for cell in published(cells) if cell.has_interval]
    if not published(cells):
        return "" if withheld(cells) else f"There are no figures by {noun}."
    if overall.value is None:
        return f"{name} as a whole has no published figure to compare with."
    level = overall.value
    below = [cell for cell in compared if cell.upper is not None and cell.upper < level]
    above = [cell for cell in compared if cell.lower is not None and cell.lower > level]
    whole = f"{name} overall ({format_value(level, unit, overall.note)})"
    if not compared:
        return f"Without intervals, no {noun} can be compared with {whole}."
    if not below and not above:
        return f"No {noun} is clearly different from {whole}."
    sides = _sides(below, above, polarity)
    if counts:
        return _count_sides(sides, whole, len(compared), noun)
    return _name_sides(sides, whole, unit)


def _sides(below: list[Cell], above: list[Cell], polarity: str) -> list[tuple[str, list[Cell]]]:
    """The side to worry about first; each with the most extreme first."""
    below.sort(key=lambda cell: (cell.value or 0.0, cell.label))
    above.sort(key=lambda cell: (-(cell.value or 0.0), cell.label))
    if polarity == Polarity.HIGHER_IS_BETTER:
        return [("worse", below), ("better", above)]
    if polarity == Polarity.LOWER_IS_BETTER:
        return [("worse", above), ("better", below)]
    return [("lower", below), ("higher", above)]


def _name_sides(sides: list[tuple[str, list[Cell]]], whole: str, unit: str) -> str:
    parts: list[str] = []
    for word, cells in sides:
        names = [f"{cell.label} ({format_value(cell.value, unit, cell.note)})" for cell in cells]
        if names:
            than = "" if parts else f" than {whole}"
            parts.append(f"Clearly {word}{than}: {list_in_words(names, most=MOST_NAMES)}.")
    return " ".join(parts)


def _count_sides(sides: list[tuple[str, list[Cell]]], whole: str, compared: int, noun: str) -> str:
    counted = [f"{_are(len(cells))} clearly {word}" for word, cells in sides]
    similar = compared - sum(len(cells) for _, cells in sides)
    other = "other" if similar == 1 else f"other {similar:,}"
    rest = f"; for the {other} the difference may be chance" if similar else ""
    return f"Of {count_in_words(compared, noun)} compared with {whole}, {' and '.join(counted)}{rest}."


def _are(count: int) -> str:
    if count == 0:
        return "none is"
    return "1 is" if count == 1 else f"{count:,} are"


def _say_range(shown: Sequence[Cell], unit: str) -> str:
    ordered = sorted(shown, key=lambda cell: (cell.value or 0.0, cell.label))
    low, high = ordered[0], ordered[-1]
    lowest, highest = (format_value(cell.value, unit, cell.note) for cell in (low, high))
    if len(ordered) == 1:
        return f"One area has a published figure: {low.label}, {lowest}."
    if lowest == highest:
        return f"All {len(ordered):,} areas with a published figure stand at {lowest}."
    return f"Areas range from {lowest} ({low.label}) to {highest} ({high.label})."


def _say_suppressed(cells: Sequence[Cell], noun: str) -> str:
    hidden = len(withheld(cells))
    if not hidden:
        return ""
    if hidden == len(cells):
        return f"Every {noun} is suppressed: too few people to publish."
    verb = "is" if hidden == 1 else "are"
    return f"{count_in_words(hidden, noun)} {verb} suppressed: too few people to publish."


def _say_completeness(unrecorded: Sequence[Cell], overall: Cell) -> str:
    """How many people have no usable ethnic group, of those the indicator counts."""
    if not overall.denominator:
        return ""
    counts = [cell.denominator for cell in unrecorded if cell.denominator is not None]
    at_least = "at least " if withheld(unrecorded) else ""
    if at_least and not sum(counts):
        return "How many people have no recorded ethnic group is suppressed."
    share = format_share(sum(counts) / overall.denominator, decimals=1)
    return f"Ethnic group is not recorded for {at_least}{share} of those counted."
