"""A funnel plot of an indicator: which areas lie further from their average than chance takes them.

Limits are worked out for areas whose figure is shown, and the lines are drawn between the sizes of these:
nothing of an area that is kept back enters the picture, its table or its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import polars as pl

from evenground.errors import InputError, suggest
from evenground.releases import IndicatorInfo, Release
from evenground.reports.area_facts import codes_within
from evenground.reports.cells import Cell, make_cell, withheld
from evenground.reports.names import AREA_KINDS, AREA_TYPES
from evenground.reports.subjects import Area, place_of
from evenground.reports.words import clean_text, count_in_words, format_value, list_in_words
from evenground.stats import (
    assign_funnel_significance,
    calculate_effective_population,
    calculate_funnel_baseline,
    calculate_funnel_limits,
)
from evenground.vocabulary import UNKNOWN_AREA, AreaType, Cut, Polarity, ValueType

FEWEST: Final = 10
"""With fewer areas their average is much made of each, and bars with intervals say as much."""

MOST: Final = 1_000
"""More points than this nobody tells apart."""

MOST_NAMES: Final = 3
_POINTS: Final = 60
_BEYOND_INNER: Final = 0.05
"""The share of average areas that lie beyond the inner limits by chance."""

_FAR_MORE: Final = 5
_SLACK: Final = 0.01
"""How far a value may lie from its count over its denominator, by rounding, as a share of it."""


class Place(StrEnum):
    """Where an area lies on the funnel."""

    ABOVE_OUTER = "above_3s"
    ABOVE_INNER = "above_2s"
    WITHIN = "within_limits"
    BELOW_INNER = "below_2s"
    BELOW_OUTER = "below_3s"
    NOT_PLACED = "not_compared"


class Reason(StrEnum):
    """Why there is no funnel; empty where there is one."""

    NONE = ""
    TOO_FEW = "too_few"
    TOO_MANY = "too_many"
    NO_COUNTS = "no_counts"


@dataclass(frozen=True, slots=True)
class FunnelArea:
    """An area with its figure, the size that it stands at, and its limits: outer, inner, inner, outer.

    ``size`` and ``limits`` are ``None`` where it is not placed.
    """

    code: str
    name: str
    cell: Cell
    size: float | None
    limits: tuple[float, float, float, float] | None
    place: Place


@dataclass(frozen=True, slots=True)
class Funnel:
    """The areas of a kind against the average of those that are placed.

    ``lines`` hold a size and the four limits there, from the smallest to the largest area that is placed.
    """

    info: IndicatorInfo
    area_type: AreaType
    within: Area
    period: str
    average: float | None
    areas: tuple[FunnelArea, ...]
    lines: tuple[tuple[float, float, float, float, float], ...]
    reason: Reason = Reason.NONE

    def at(self, *places: Place) -> list[FunnelArea]:
        """The areas that lie so."""
        return [area for area in self.areas if area.place in places]

    @property
    def standing_out(self) -> list[FunnelArea]:
        """Those beyond the outer limits, the furthest first."""
        outer = self.at(Place.ABOVE_OUTER, Place.BELOW_OUTER)
        return sorted(outer, key=lambda area: _distance(area, self.average), reverse=True)

    @property
    def placed(self) -> list[FunnelArea]:
        """Those with a point on the plot."""
        return [area for area in self.areas if area.place != Place.NOT_PLACED]


def list_funnel_types(release: Release, indicator_id: str) -> list[AreaType]:
    """The kinds of area within the place that an indicator has figures of, those with a funnel first.

    Parameters
    ----------
    release
        The release to read.
    indicator_id
        One of its indicators.
    """
    rows = _figures(release, indicator_id)
    several = rows.group_by("area_type").agg(pl.col("area_code").n_unique())
    held = {kind: count for kind, count in several.iter_rows() if count > 1}
    kinds = [kind for kind in AREA_TYPES if kind in held and kind != AreaType.PLACE]
    return sorted(kinds, key=lambda kind: not FEWEST <= held[kind] <= MOST)


def find_funnel(release: Release, indicator_id: str, area_type: str, within: Area | None = None) -> Funnel:
    """Place the areas of a kind by their size and figure, at the latest period that they have.

    Parameters
    ----------
    release
        The release to read.
    indicator_id
        One of its indicators.
    area_type
        One of ``list_funnel_types``.
    within
        Only areas that lie in this one; their average is then what they are held against. Not given: all.

    Returns
    -------
    Funnel
        With a ``reason`` and without lines where the picture is not the right one. An area whose figure is
        kept back, or without counts that give its figure, has no size and no limits.

    Raises
    ------
    InputError
        Where the release has no such indicator, or no areas of that type.
    """
    if indicator_id not in release.indicators:
        hint = suggest(indicator_id, release.indicators)
        raise InputError(f'The release has no indicator "{indicator_id}". {hint}')
    if area_type not in AREA_KINDS:
        raise InputError(f'There are no areas of the type "{area_type}".')
    info, where = release.indicators[indicator_id], within or place_of(release)
    rows = _figures(release, indicator_id).filter(pl.col("area_type") == area_type)
    if not where.is_place:
        rows = rows.filter(pl.col("area_code").is_in(codes_within(release, where, area_type)))
    period = str(rows["period"].max() or "")
    named = _name_cells(release, rows.filter(pl.col("period") == period), area_type)
    if len(named) > MOST:
        return Funnel(info, AreaType(area_type), where, period, None, (), (), Reason.TOO_MANY)
    return _place(info, AreaType(area_type), where, period, named)


def say_funnel(found: Funnel) -> str:
    """Which areas differ from the average by more than chance, how many more may, and what that means.

    Parameters
    ----------
    found
        What ``find_funnel`` found. Without a funnel the words say why, and what to look at in its stead.
    """
    if found.reason or found.average is None:
        return _say_why_not(found)
    placed, kind = len(found.placed), AREA_KINDS[found.area_type][1]
    average = format_value(found.average, found.info.unit)
    parts = [f"The average of these {placed:,} {kind} is {average}."]
    high, low = words_of_sides(found.info)
    for place, side in ((Place.ABOVE_OUTER, high), (Place.BELOW_OUTER, low)):
        if areas := [area for area in found.standing_out if area.place == place]:
            names = list_in_words([area.name for area in areas], most=MOST_NAMES)
            parts.append(f"{len(areas):,} {_are(len(areas))} clearly {side}: {names}.")
    if not found.standing_out:
        parts.append("None is so far from it that chance does not explain it.")
    parts += [_say_inner(found), _say_spread(found), _say_undrawn(found)]
    return " ".join(part for part in parts if part)


def words_of_sides(info: IndicatorInfo) -> tuple[str, str]:
    """What it is to lie above and to lie below."""
    if info.polarity == Polarity.NONE:
        return "higher", "lower"
    return ("better", "worse") if info.polarity == Polarity.HIGHER_IS_BETTER else ("worse", "better")


def describe_place(place: Place, info: IndicatorInfo) -> str:
    """Where an area lies, for a table.

    >>> describe_place(Place.WITHIN, None)
    'Within the limits'
    """
    if place == Place.NOT_PLACED:
        return "Not placed"
    if place == Place.WITHIN:
        return "Within the limits"
    high, low = words_of_sides(info)
    side = high if place in (Place.ABOVE_OUTER, Place.ABOVE_INNER) else low
    is_clear = place in (Place.ABOVE_OUTER, Place.BELOW_OUTER)
    return f"{'Clearly' if is_clear else 'Probably'} {side}"


def _figures(release: Release, indicator_id: str) -> pl.DataFrame:
    return release.latest_values.filter((pl.col("indicator_id") == indicator_id) & (pl.col("cut") == Cut.ALL))


def _name_cells(release: Release, rows: pl.DataFrame, area_type: str) -> list[tuple[str, Cell]]:
    """Code and cell of each area, by name; people whose area is unknown are not an area and come last."""

    def name(code: str) -> str:
        if code == UNKNOWN_AREA:
            return "Area unknown"
        return clean_text(release.area_names.get((area_type, code), code))

    found = [(row["area_code"], make_cell(name(row["area_code"]), row)) for row in rows.iter_rows(named=True)]
    return sorted(found, key=lambda one: (one[0] == UNKNOWN_AREA, one[1].label, one[0]))


def _place(
    info: IndicatorInfo, area_type: AreaType, within: Area, period: str, named: Sequence[tuple[str, Cell]]
) -> Funnel:
    cells = [cell for code, cell in named if code != UNKNOWN_AREA]
    sizes = [None if code == UNKNOWN_AREA else _size_of(cell, info) for code, cell in named]
    usable = [number for number, size in enumerate(sizes) if size is not None]
    statistic, multiplier = str(info.value_type), info.multiplier
    if len(usable) < FEWEST:
        shown = sum(cell.value is not None for cell in cells)
        reason = Reason.NO_COUNTS if shown >= FEWEST else Reason.TOO_FEW
        areas = tuple(
            FunnelArea(code, cell.label, cell, None, None, Place.NOT_PLACED) for code, cell in named
        )
        return Funnel(info, area_type, within, period, None, areas, (), reason)
    events = np.array([named[number][1].numerator for number in usable], dtype=float)
    size = np.array([sizes[number] for number in usable], dtype=float)
    average = calculate_funnel_baseline(events, size, multiplier=multiplier)
    beyond = assign_funnel_significance(
        events, size, statistic=statistic, baseline=average, multiplier=multiplier
    )
    grid = np.linspace(0.8 * size.min(), 1.04 * size.max(), _POINTS)
    limits, lines = (
        np.column_stack(_in_order(calculate_funnel_limits(at, statistic=statistic, baseline=average,
                                                          multiplier=multiplier)))
        for at in (size, grid)
    )  # fmt: skip
    places = dict(zip(usable, zip(limits, beyond.significance, strict=True), strict=True))
    areas = tuple(
        _make_area(code, cell, sizes[number], places.get(number)) for number, (code, cell) in enumerate(named)
    )
    drawn = tuple((float(at), *map(float, row)) for at, row in zip(grid, _keep_in(lines, info), strict=True))
    return Funnel(info, area_type, within, period, float(average), areas, drawn)  # type: ignore[arg-type]


def _in_order(limits: Any) -> tuple[Any, Any, Any, Any]:
    return limits.lower_3s, limits.lower_2s, limits.upper_2s, limits.upper_3s


def _keep_in(limits: Any, info: IndicatorInfo) -> Any:
    """Limits between the least and the most that a value can be."""
    highest = info.multiplier if info.value_type == ValueType.PROPORTION else np.inf
    return np.clip(limits, 0.0, highest)


def _make_area(
    code: str, cell: Cell, size: float | None, placed: tuple[Iterable[float], str] | None
) -> FunnelArea:
    if placed is None:
        return FunnelArea(code, cell.label, cell, None, None, Place.NOT_PLACED)
    lowest, low, high, highest = (max(0.0, float(limit)) for limit in placed[0])
    return FunnelArea(code, cell.label, cell, size, (lowest, low, high, highest), Place(str(placed[1])))


def _size_of(cell: Cell, info: IndicatorInfo) -> float | None:
    """The people that a figure is of, where its own published counts give it; else ``None``."""
    if cell.value is None or cell.numerator is None or not cell.denominator:
        return None
    if info.value_type == ValueType.DSR:
        if cell.numerator < FEWEST or not cell.value:
            return None
        return float(calculate_effective_population(cell.numerator, cell.value, multiplier=info.multiplier))
    given = info.multiplier * cell.numerator / cell.denominator
    is_share = info.value_type == ValueType.PROPORTION
    if abs(given - cell.value) > max(_SLACK * cell.value, 0.1) or (
        is_share and cell.numerator > cell.denominator
    ):
        return None
    return float(cell.denominator)


def _distance(area: FunnelArea, average: float | None) -> float:
    """How far an area is from the average, in widths of its own limits."""
    if area.limits is None or average is None or area.cell.value is None:
        return 0.0
    away = area.cell.value - average
    width = area.limits[3] - average if away > 0 else average - area.limits[0]
    return abs(away) / max(width, 1e-9)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _say_inner(found: Funnel) -> str:
    """How many lie between the two limits, and how many chance would put beyond the inner ones."""
    high, low = words_of_sides(found.info)
    counts = (
        (len(found.at(Place.ABOVE_INNER)), high),
        (len(found.at(Place.BELOW_INNER)), low),
    )
    told = [f"{count:,} {_are(count)} probably {side}" for count, side in counts if count]
    if not told:
        return ""
    chance = _BEYOND_INNER * len(found.placed)
    usual = f"about {chance:,.0f}" if chance >= 1 else "fewer than 1"
    return f"{list_in_words(told)}; chance alone would put {usual} of {len(found.placed):,} there."


def _say_spread(found: Funnel) -> str:
    """That so many areas beyond the limits have a cause in common."""
    beyond = len(found.placed) - len(found.at(Place.WITHIN))
    if beyond <= _FAR_MORE * _BEYOND_INNER * len(found.placed):
        return ""
    standardised = found.info.value_type == ValueType.DSR
    cause = "need" if standardised else "age or need"
    return (
        f"So many beyond the limits ({beyond:,} of {len(found.placed):,}) means that these areas differ by "
        f"more than chance, for instance by {cause}: the limits alone do not show which does well or badly."
    )


def _say_undrawn(found: Funnel) -> str:
    unplaced = [area for area in found.at(Place.NOT_PLACED) if area.code != UNKNOWN_AREA]
    if not unplaced:
        return ""
    hidden = len(withheld(area.cell for area in unplaced))
    one, many = (words.lower() for words in _nouns(found.area_type))
    told = f"{count_in_words(len(unplaced), one, many)} {_are(len(unplaced))} not drawn"
    why = (
        "too small a number to publish" if hidden == len(unplaced) else "no figure, or no counts that give it"
    )
    return f"{told}: {why}."


def _nouns(area_type: AreaType) -> tuple[str, str]:
    one, many = AREA_KINDS[area_type]
    return one.partition(" (")[0], many


def _say_why_not(found: Funnel) -> str:
    kind = AREA_KINDS[found.area_type][1]
    if found.reason == Reason.TOO_MANY:
        return (
            f"More than {MOST:,} {kind} are too many points to tell apart. "
            "Choose an area that they lie in, or a larger kind of area."
        )
    if found.reason == Reason.NO_COUNTS:
        return (
            "A funnel needs the count and the number of people behind each figure, and here they are not "
            "published, or do not give the figure (as where it is weighted or adjusted). Bars with their "
            "intervals show what can be told apart."
        )
    return (
        f"A funnel needs at least {FEWEST} {kind} with published counts: their average is what each is held "
        "against. Bars with their intervals are the better picture of so few."
    )
