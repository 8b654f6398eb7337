"""How areas stand to the whole place: their figures side by side, and in words.

A comparison is never worked out here: it is the release's own (similar where the 95% interval holds the
place's figure). What is said of many comparisons at once also says how many chance alone would make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports.cells import Cell, make_cell, withheld
from evenground.reports.charts import AREA_UNKNOWN
from evenground.reports.words import clean_text, count_in_words, format_value, list_in_words
from evenground.stats import compare_with_benchmark
from evenground.vocabulary import UNKNOWN_AREA, AreaType, Comparison, Cut, Polarity, ValueNote

FEWEST_FOR_QUARTILES: Final = 4
"""Of fewer areas than this a quarter is nobody."""

MOST_NAMED: Final = 3
CHANCE_OF_EACH_SIDE: Final = 0.025
"""How often a 95% interval lies wholly on one side of the level that it is about."""

_WIDER: Final = (AreaType.COUNTRY, AreaType.REGION, AreaType.ICB, AreaType.SUB_ICB, AreaType.UTLA)
_FACTS: Final = (
    "indicator_id",
    "area_type",
    "area_code",
    "period",
    "value",
    "lower_cl",
    "upper_cl",
    "value_note",
    "numerator",
    "denominator",
    "comparison",
)
_SHOWN: Final = (ValueNote.PUBLISHED, ValueNote.ZERO)


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the areas of one type lie that have a figure; quartiles only of four and more."""

    lowest: float
    lower_quartile: float | None
    upper_quartile: float | None
    highest: float
    areas: int


@dataclass(frozen=True, slots=True)
class Standing:
    """An area's figure of one indicator beside the place's, others of its type and a wider area's.

    All are of one period. ``place`` has no value where the release has no figure of the place for it;
    ``wider`` is labelled with the name of the wider area (England, where there is a figure of it).
    """

    info: IndicatorInfo
    period: str
    cell: Cell
    comparison: str
    place: Cell
    wider: Cell | None
    spread: Spread | None

    @property
    def shift(self) -> float | None:
        """How far the figure is from the place's, as a share of it; ``None`` where nobody can say."""
        if self.cell.value is None or not self.place.value:
            return None
        return (self.cell.value - self.place.value) / self.place.value

    @property
    def against_wider(self) -> str:
        """How the figure stands to a wider area's of the same period, by its interval."""
        cell, wider = self.cell, self.wider
        if wider is None or wider.value is None or cell.lower is None or cell.upper is None:
            return Comparison.NOT_COMPARED
        return str(compare_with_benchmark(cell.lower, cell.upper, wider.value, polarity=self.info.polarity))


def read_standings(
    release: Release, area_type: str, area_code: str, indicator_ids: Iterable[str] | None = None
) -> list[Standing]:
    """The latest figures of an area for everybody, beside those that they are read against.

    Parameters
    ----------
    release
        The release to read.
    area_type, area_code
        The area; ``unknown`` for people without one.
    indicator_ids
        Which indicators, in the order to give them; all of the release by default.

    Returns
    -------
    list of Standing
        Those indicators that have figures for areas of this type. Where this area has none, its cell says
        that there is no data.
    """
    return stand_in(read_field(release, area_type, indicator_ids), release, area_code)


@dataclass(frozen=True, slots=True)
class Field:
    """What the areas of a type are read against: the same for each of them."""

    area_type: str
    figures: pl.DataFrame
    periods: Mapping[str, str]
    place: Mapping[str, dict[str, Any]]
    wider: Mapping[str, Cell]
    spreads: Mapping[str, Spread]


def read_field(release: Release, area_type: str, indicator_ids: Iterable[str] | None = None) -> Field:
    """The latest figures of every area of a type, in the order of the indicators, with what is beside them.

    Parameters
    ----------
    release, area_type, indicator_ids
        As for ``read_standings``, which this is the larger part of: it can be read once for many areas.
    """
    ids = [name for name in indicator_ids or release.indicators if name in release.indicators]
    everybody = pl.col("indicator_id").is_in(ids) & (pl.col("cut") == Cut.ALL)
    values = release.latest_values.lazy().filter(everybody).select(_FACTS)
    of_type = values.filter(pl.col("area_type") == area_type).collect()
    of_type = of_type.filter(pl.col("period") == pl.col("period").max().over("indicator_id"))
    found: dict[str, str] = dict(of_type.select("indicator_id", "period").unique().iter_rows())
    periods = {name: found[name] for name in ids if name in found}
    beside = [str(kind) for kind in (AreaType.PLACE, *_WIDER)]
    others = values.filter(pl.col("area_type").is_in(beside)).collect()
    return Field(
        area_type=area_type,
        figures=of_type,
        periods=periods,
        place=_by_indicator(others.filter(pl.col("area_type") == AreaType.PLACE), periods),
        wider=_read_wider(release, others, periods, area_type),
        spreads=_read_spreads(of_type),
    )


def stand_in(field: Field, release: Release, area_code: str) -> list[Standing]:
    """How one area stands in its field; see ``read_standings``."""
    own = _by_indicator(field.figures.filter(pl.col("area_code") == area_code), field.periods)
    label = clean_text(release.area_names.get((field.area_type, area_code), AREA_UNKNOWN))
    return [
        Standing(
            info=release.indicators[name],
            period=period,
            cell=make_cell(label, own.get(name)),
            comparison=own[name]["comparison"] if name in own else Comparison.NOT_COMPARED,
            place=make_cell(clean_text(release.manifest.place_name), field.place.get(name)),
            wider=field.wider.get(name),
            spread=field.spreads.get(name),
        )
        for name, period in field.periods.items()
    ]


def say_standing(standings: Sequence[Standing], *, area_name: str, place_name: str) -> str:
    """On how many indicators an area is worse, better and similar, and where it is furthest behind."""
    compared = [one for one in standings if one.comparison != Comparison.NOT_COMPARED]
    hidden = len(withheld([one.cell for one in standings]))
    parts = []
    if not compared:
        parts.append(f"No figure of {area_name} can be compared with {place_name}.")
    else:
        counts = count_comparisons(one.comparison for one in compared)
        indicators = count_in_words(len(compared), "indicator")
        parts.append(f"Of {indicators} compared with {place_name}, {area_name} is {say_counts(counts)}.")
        parts.append(_say_furthest(compared))
        parts.append(say_chance(counts, "indicator"))
    if hidden:
        verb = "is" if hidden == 1 else "are"
        parts.append(f"{count_in_words(hidden, 'figure')} {verb} suppressed: too few people to publish.")
    return " ".join(part for part in parts if part)


def say_overview(
    counts: Mapping[str, int],
    leaders: Sequence[tuple[str, int, int]],
    *,
    place_name: str,
    hidden: int,
    noun: str,
) -> str:
    """What a whole table of comparisons comes to.

    Parameters
    ----------
    counts
        How many figures are ``better``, ``worse`` and so on; see ``count_comparisons``.
    leaders
        Areas or groups: name, on how many indicators it is worse, and how many were compared.
    place_name
        What they are compared with.
    hidden
        How many figures are suppressed.
    noun
        What the columns are, in the singular: 'area', 'group'.
    """
    compared = sum(counts.values())
    parts = []
    if not compared:
        parts.append(f"No figure here can be compared with {place_name}.")
    else:
        figures = count_in_words(compared, "figure")
        parts.append(f"Of {figures} compared with {place_name}, {say_counts(counts, are=True)}.")
        parts.append(say_chance(counts, "figure"))
        parts.append(_say_leaders(leaders, noun))
    if hidden:
        verb = "is" if hidden == 1 else "are"
        parts.append(f"{count_in_words(hidden, 'figure')} {verb} suppressed: too few people to publish.")
    return " ".join(part for part in parts if part)


def count_comparisons(comparisons: Iterable[str]) -> dict[str, int]:
    """How many of each kind, the worse first; what is not compared is left out.

    >>> count_comparisons(["better", "worse", "worse", "not_compared"])
    {'worse': 2, 'better': 1}
    """
    return order_counts(Counter(comparisons))


def order_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by kind of comparison, the worse first; what is not compared, or none, is left out.

    >>> order_counts({"similar": 3, "worse": 1, "better": 0})
    {'worse': 1, 'similar': 3}
    """
    order = (
        Comparison.WORSE,
        Comparison.BETTER,
        Comparison.HIGHER,
        Comparison.LOWER,
        Comparison.SIMILAR,
    )
    return {str(kind): counts[kind] for kind in order if counts.get(kind)}


def say_chance(counts: Mapping[str, int], noun: str) -> str:
    """How many of so many comparisons chance alone would take for a difference; empty where it is none.

    >>> say_chance({"similar": 190, "worse": 10}, "figure")
    'If nothing differed, chance alone would still put about 5 figures on each side.'
    """
    expected = round(CHANCE_OF_EACH_SIDE * sum(counts.values()))
    if not expected:
        return ""
    figures = count_in_words(expected, noun)
    return f"If nothing differed, chance alone would still put about {figures} on each side."


def _by_indicator(values: pl.DataFrame, periods: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The row of each indicator of the period that is asked for."""
    rows = values.iter_rows(named=True)
    return {row["indicator_id"]: row for row in rows if periods.get(row["indicator_id"]) == row["period"]}


def _read_wider(
    release: Release, values: pl.DataFrame, periods: Mapping[str, str], area_type: str
) -> dict[str, Cell]:
    """The widest area outside the place that has a figure of the same period, by indicator."""
    areas = release.table("areas")
    outside = areas.filter(pl.col("parent_area_code").is_null())
    found: dict[str, Cell] = {}
    for kind in (kind for kind in reversed(_WIDER) if kind != area_type):
        codes = outside.filter(pl.col("area_type") == kind)["area_code"].sort(descending=True).to_list()
        for code in codes:
            of_area = values.filter((pl.col("area_type") == kind) & (pl.col("area_code") == code))
            name = clean_text(release.area_names.get((str(kind), code), code))
            cells = {key: make_cell(name, row) for key, row in _by_indicator(of_area, periods).items()}
            found |= {key: cell for key, cell in cells.items() if cell.value is not None}
    return found


def _read_spreads(of_type: pl.DataFrame) -> dict[str, Spread]:
    shown = of_type.filter(
        (pl.col("area_code") != UNKNOWN_AREA) & pl.col("value_note").is_in([str(note) for note in _SHOWN])
    ).with_columns(
        pl.when(pl.col("value_note") == ValueNote.ZERO).then(0.0).otherwise("value").alias("value")
    )
    value = pl.col("value")
    spreads = shown.group_by("indicator_id").agg(
        value.min().alias("lowest"),
        value.quantile(0.25, "linear").alias("lower_quartile"),
        value.quantile(0.75, "linear").alias("upper_quartile"),
        value.max().alias("highest"),
        value.len().alias("areas"),
    )
    return {name: _make_spread(*facts) for name, *facts in spreads.iter_rows()}


def _make_spread(lowest: float, lower: float, upper: float, highest: float, areas: int) -> Spread:
    if areas < FEWEST_FOR_QUARTILES:
        return Spread(lowest, None, None, highest, areas)
    return Spread(lowest, lower, upper, highest, areas)


def say_counts(counts: Mapping[str, int], *, are: bool = False) -> str:
    """'worse on 5, better on 3 and similar on 7', or '5 are worse, 3 better and 7 similar'.

    >>> say_counts({"worse": 5, "similar": 7}), say_counts({"worse": 1, "similar": 7}, are=True)
    ('worse on 5 and similar on 7', '1 is worse and 7 similar')
    """
    if are:
        words = [f"{count:,} {kind}" for kind, count in counts.items()]
        first = next(iter(counts))
        verb = "is" if counts[first] == 1 else "are"
        words[0] = f"{counts[first]:,} {verb} {first}"
        return list_in_words(words)
    return list_in_words([f"{kind} on {count:,}" for kind, count in counts.items()])


def _say_furthest(compared: Sequence[Standing]) -> str:
    worse = [one for one in compared if one.comparison == Comparison.WORSE and one.shift is not None]
    worse.sort(key=lambda one: (-abs(one.shift or 0.0), one.info.name))
    if not worse:
        has_side = any(one.info.polarity != Polarity.NONE for one in compared)
        return "On none is it clearly worse." if has_side else ""
    named = [
        f"{one.info.short_name} ({format_value(one.cell.value, one.info.unit, one.cell.note)} against "
        f"{format_value(one.place.value, one.info.unit, one.place.note)})"
        for one in worse[:MOST_NAMED]
    ]
    return f"Furthest behind, by share of the place’s figure: {list_in_words(named)}."


def _say_leaders(leaders: Sequence[tuple[str, int, int]], noun: str) -> str:
    ordered = sorted(leaders, key=lambda one: (-one[1], one[0]))
    named = [
        f"{name} ({worse} of {count_in_words(compared, 'indicator')})"
        for name, worse, compared in ordered[:MOST_NAMED]
        if worse
    ]
    if not named:
        return f"No {noun} is clearly worse on anything."
    return f"Most often worse: {list_in_words(named)}."
