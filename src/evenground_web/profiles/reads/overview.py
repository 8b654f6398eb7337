"""The overview of a profile: its indicators as lines, areas of a type or groups of a breakdown as columns.

A table of 60 lines and 170 columns has 10,000 cells, so they are put together column by column in Polars and
reach the template as one piece of HTML a line. Nothing in a cell is text that anybody typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import polars as pl
from markupsafe import Markup

from evenground.releases import IndicatorInfo, Profile, ProfileSection, Release
from evenground.reports.area_facts import codes_within, types_side_by_side
from evenground.reports.standings import order_counts, say_overview
from evenground.reports.subjects import Area, Group, list_indicators
from evenground.reports.words import PERCENT, format_value
from evenground.vocabulary import UNKNOWN_AREA, AreaType, Comparison, Cut, Polarity, ValueNote
from evenground_web.common.words import AREA_KINDS, AREA_TYPES, CUTS
from evenground_web.profiles.reads.choices import ReleaseKey, group_choices

MOST_COLUMNS: Final = 200
"""Columns of one page: as many as a reader can still find their way in."""

_FACTS: Final = ("indicator_id", "period", "value", "value_note", "comparison")

BY_NAME: Final = ""
MOST_WORSE: Final = "worse"

_CLASSES: Final = {
    ValueNote.SUPPRESSED: "x",
    ValueNote.SUPPRESSED_SECONDARY: "x",
    ValueNote.TOO_FEW_EVENTS: "t",
    ValueNote.MISSING: "m",
}
_WORDS: Final = {"x": "suppressed", "t": "too few events", "m": "no data"}
_COMPARED: Final = {
    Comparison.BETTER: "b",
    Comparison.WORSE: "w",
    Comparison.SIMILAR: "s",
    Comparison.HIGHER: "h",
    Comparison.LOWER: "l",
}
LEGEND: Final = (
    ("w", "Worse"),
    ("s", "Similar"),
    ("b", "Better"),
    ("h", "Higher"),
    ("l", "Lower"),
    ("x", "Suppressed"),
    ("t", "Too few events"),
    ("m", "No data"),
)
"""What each kind of cell looks like and means, in the order of the legend."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What stands in the columns: the areas of a type or the groups of a cut."""

    key: str
    heading: str
    is_areas: bool

    @property
    def noun(self) -> str:
        """One column, inside a sentence."""
        return "area" if self.is_areas else "group"


@dataclass(frozen=True, slots=True)
class Column:
    """An area or a group of people."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """An indicator: the place's own figure, and one cell a column as HTML."""

    info: IndicatorInfo
    period: str
    place: str
    cells: Markup


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows.

    ``columns`` are those of this page, of ``total``; ``left_out`` are indicators that no column has a figure
    of; ``kinds`` are the kinds of cell that appear.
    """

    columns: tuple[Column, ...]
    total: int
    pages: int
    sections: tuple[tuple[ProfileSection, tuple[Line, ...]], ...]
    left_out: tuple[IndicatorInfo, ...]
    kinds: tuple[tuple[str, str], ...]
    summary: str


def breakdown_choices(release: Release) -> dict[str, Breakdown]:
    """Areas of every type that has two or more with figures, then groups of every cut of the whole place."""
    return _breakdown_choices(ReleaseKey(release))


def read_overview(
    release: Release,
    profile: Profile,
    breakdown: Breakdown,
    within: Area,
    *,
    sort: str,
    reverse: bool,
    page: int,
) -> Overview:
    """The latest figures of a profile's indicators for every area of a type or group of a breakdown.

    Parameters
    ----------
    release, profile, breakdown
        What to show.
    within
        Only areas that lie in this one; the whole place for all.
    sort
        ``BY_NAME``, ``MOST_WORSE`` or an indicator's id: then the worst comes first, or the highest where
        neither direction is good. People whose area or group is unknown come last always.
    reverse
        The other way round.
    page
        From 1; each has ``MOST_COLUMNS`` columns.
    """
    return _read_overview(ReleaseKey(release), profile.id, breakdown, within, sort, reverse, page)


@lru_cache(maxsize=4)
def _breakdown_choices(key: ReleaseKey) -> dict[str, Breakdown]:
    kinds = types_side_by_side(key.release)
    areas = [Breakdown(kind, AREA_TYPES[AreaType(kind)], is_areas=True) for kind in kinds]
    headings = {CUTS[cut]: cut for cut in CUTS}
    groups = [Breakdown(headings[heading], heading, is_areas=False) for heading in group_choices(key.release)]
    return {one.key: one for one in (*areas, *groups)}


@lru_cache(maxsize=32)
def _read_overview(
    key: ReleaseKey, profile_id: str, breakdown: Breakdown, within: Area, sort: str, reverse: bool, page: int
) -> Overview:
    release, profile = key.release, key.release.profiles[profile_id]
    whole = _read_whole(key, profile_id, breakdown, within)
    figures, columns = whole.figures, list(whole.columns)
    if sort != BY_NAME:
        columns = _order_columns(columns, _levels(release, figures, whole.tallies, sort), reverse)
    pages = max(1, -(-len(columns) // MOST_COLUMNS))
    shown = columns[(page - 1) * MOST_COLUMNS : page * MOST_COLUMNS]
    with_figures = whole.with_figures
    every = list_indicators(release, profile)
    own = figures.filter(pl.col("column").is_in([column.code for column in shown]))
    lines = _make_lines(release, [info for info in every if info.id in with_figures], own, shown)
    sections = tuple(
        (section, tuple(lines[name] for name in section.indicators if name in lines))
        for section in profile.sections
    )
    return Overview(
        columns=tuple(shown),
        total=len(columns),
        pages=pages,
        sections=tuple((section, found) for section, found in sections if found),
        left_out=tuple(info for info in every if info.id not in with_figures),
        kinds=whole.kinds,
        summary=_summarise(release, breakdown, whole, columns),
    )


@dataclass(frozen=True, slots=True)
class _Whole:
    """What every page and order of an overview rests on: all figures, and what is told of them together."""

    figures: pl.DataFrame
    tallies: Mapping[str, tuple[int, int]]
    columns: tuple[Column, ...]
    with_figures: frozenset[str]
    kinds: tuple[tuple[str, str], ...]
    counts: Mapping[str, int]
    hidden: int


@lru_cache(maxsize=2)
def _read_whole(key: ReleaseKey, profile_id: str, breakdown: Breakdown, within: Area) -> _Whole:
    """Those of the last two are kept: whoever turns the page or the order asks for the same."""
    release, profile = key.release, key.release.profiles[profile_id]
    figures = _read_figures(release, profile, breakdown, within)
    tallies = _tally(figures)
    columns = _list_columns(release, breakdown, tallies)
    with_figures = frozenset(figures["indicator_id"].unique())
    return _Whole(
        figures=figures,
        tallies=tallies,
        columns=tuple(columns),
        with_figures=with_figures,
        kinds=_list_kinds(figures, len(with_figures) * len(columns)),
        counts=order_counts(dict(figures["comparison"].value_counts().iter_rows())),
        hidden=figures.filter(pl.col("kind") == _CLASSES[ValueNote.SUPPRESSED]).height,
    )


def _read_figures(release: Release, profile: Profile, breakdown: Breakdown, within: Area) -> pl.DataFrame:
    """One row an indicator and column, of the latest period that the indicator has here."""
    ids = [info.id for info in list_indicators(release, profile)]
    values = release.latest_values.lazy().filter(pl.col("indicator_id").is_in(ids) & is_in(breakdown))
    values = values.select(*_FACTS, pl.col(column_of(breakdown)).alias("column"))
    if breakdown.is_areas and not within.is_place:
        values = values.filter(pl.col("column").is_in(codes_within(release, within, breakdown.key)))
    latest = values.filter(pl.col("period") == pl.col("period").max().over("indicator_id"))
    note = pl.col("value_note").replace_strict(
        {str(note): kind for note, kind in _CLASSES.items()}, default=None, return_dtype=pl.String
    )
    compared = pl.col("comparison").replace_strict(
        {str(word): kind for word, kind in _COMPARED.items()}, default="n", return_dtype=pl.String
    )
    return latest.with_columns(pl.coalesce(note, compared).alias("kind")).collect()


def is_in(breakdown: Breakdown) -> pl.Expr:
    """Which figures a breakdown is of: everybody in each area, or each group of the whole place."""
    if breakdown.is_areas:
        return (pl.col("area_type") == breakdown.key) & (pl.col("cut") == Cut.ALL)
    return (pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == breakdown.key)


def column_of(breakdown: Breakdown) -> str:
    """Where the code of an area or a group stands in a release."""
    return "area_code" if breakdown.is_areas else "category"


def _tally(figures: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """On how many indicators each column is worse, and how many of it are compared."""
    is_compared = pl.col("comparison") != Comparison.NOT_COMPARED
    counted = figures.group_by("column").agg(
        (pl.col("comparison") == Comparison.WORSE).sum().alias("worse"), is_compared.sum().alias("compared")
    )
    return {code: (worse, compared) for code, worse, compared in counted.iter_rows()}


def _list_columns(
    release: Release, breakdown: Breakdown, tallies: Mapping[str, tuple[int, int]]
) -> list[Column]:
    """Areas by name, groups in their own order; those that are unknown last."""
    found = set(tallies)
    if not breakdown.is_areas:
        groups: list[Group] = group_choices(release).get(breakdown.heading, [])
        return [Column(one.category, _group_name(one)) for one in groups if one.category in found]
    names = ((code, release.area_names.get((breakdown.key, code), code)) for code in found - {UNKNOWN_AREA})
    columns = [Column(code, name) for code, name in sorted(names, key=lambda one: (one[1], one[0]))]
    return [*columns, *([Column(UNKNOWN_AREA, "Area unknown")] if UNKNOWN_AREA in found else [])]


def _group_name(group: Group) -> str:
    return group.name.partition(": ")[2] or group.name


def _order_columns(columns: Sequence[Column], levels: Mapping[str, float], reverse: bool) -> list[Column]:
    """The highest level first; columns without one after them, and those that are unknown last."""
    known = [one for one in columns if one.code != UNKNOWN_AREA and levels.get(one.code) is not None]
    known.sort(key=lambda one: levels[one.code], reverse=not reverse)
    placed = {one.code for one in known}
    return [*known, *(one for one in columns if one.code not in placed)]


def _levels(
    release: Release, figures: pl.DataFrame, tallies: Mapping[str, tuple[int, int]], sort: str
) -> dict[str, float]:
    """What to order columns by: the higher, the earlier."""
    if sort == MOST_WORSE:
        return {code: float(worse) for code, (worse, _) in tallies.items()}
    sign = -1.0 if release.indicators[sort].polarity == Polarity.HIGHER_IS_BETTER else 1.0
    value = pl.when(pl.col("value_note") == ValueNote.ZERO).then(0.0).otherwise(pl.col("value"))
    own = figures.filter((pl.col("indicator_id") == sort) & value.is_not_null())
    return dict(own.select("column", sign * value).iter_rows())


def _make_lines(
    release: Release, infos: Sequence[IndicatorInfo], figures: pl.DataFrame, columns: Sequence[Column]
) -> dict[str, Line]:
    places = _read_places(release, figures)
    html = _make_cells(infos, figures, columns)
    periods: dict[str, str] = dict(figures.select("indicator_id", "period").unique().iter_rows())
    return {
        info.id: Line(info, periods.get(info.id, ""), places.get(info.id, ""), Markup(html.get(info.id, "")))  # noqa: S704
        for info in infos
    }


def _read_places(release: Release, figures: pl.DataFrame) -> dict[str, str]:
    """The place's own figure of the same period, in words."""
    own = release.latest_values.filter(
        (pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == Cut.ALL)
    ).join(figures.select("indicator_id", "period").unique(), on=["indicator_id", "period"], how="semi")
    facts = own.select("indicator_id", "value", "value_note").iter_rows()
    return {name: format_value(value, release.indicators[name].unit, note) for name, value, note in facts}


def _make_cells(
    infos: Sequence[IndicatorInfo], figures: pl.DataFrame, columns: Sequence[Column]
) -> dict[str, str]:
    """The cells of each line as HTML, in the order of the columns."""
    units = {info.id: info.unit for info in infos}
    shown = figures.select("indicator_id", "column", "value", "value_note", "kind").with_columns(
        (pl.col("indicator_id").replace_strict(units, default="") == PERCENT).alias("percent")
    )
    texts = _format_distinct(shown)
    words = {str(kind): f"<i>{word}</i>" for word, kind in _COMPARED.items()} | {
        kind: f"<i>{word}</i>" for kind, word in _WORDS.items()
    }
    lines = pl.DataFrame({"indicator_id": [info.id for info in infos]}, schema={"indicator_id": pl.String})
    order = pl.DataFrame({"column": [column.code for column in columns]}, schema={"column": pl.String})
    grid = (
        lines.join(order, how="cross", maintain_order="left_right")
        .join(shown, on=["indicator_id", "column"], how="left", maintain_order="left")
        .join(
            texts, on=["value", "value_note", "percent"], how="left", maintain_order="left", nulls_equal=True
        )
        .with_columns(pl.col("kind").fill_null(_CLASSES[ValueNote.MISSING]))
    )
    cell = pl.format(
        '<td class="eg-cell eg-cell--{}">{}{}</td>',
        pl.col("kind"),
        pl.col("text").fill_null(""),
        pl.col("kind").replace_strict(words, default=""),
    )
    joined = grid.group_by("indicator_id", maintain_order=True).agg(cell.str.join("").alias("html"))
    return dict(joined.iter_rows())


def _format_distinct(shown: pl.DataFrame) -> pl.DataFrame:
    """Each different value in words, once; a percentage without its sign, which stands in the line's name."""
    distinct = shown.filter(~pl.col("value_note").is_in([str(note) for note in _CLASSES]))
    distinct = distinct.select("value", "value_note", "percent").unique(maintain_order=True)
    texts = [
        format_value(value, PERCENT, note).removesuffix("%") if percent else format_value(value, "", note)
        for value, note, percent in distinct.iter_rows()
    ]
    return distinct.with_columns(pl.Series("text", texts, dtype=pl.String))


def _list_kinds(figures: pl.DataFrame, cells: int) -> tuple[tuple[str, str], ...]:
    found = set(figures["kind"].unique())
    if figures.height < cells:
        found.add(_CLASSES[ValueNote.MISSING])
    return tuple(entry for entry in LEGEND if entry[0] in found)


def _summarise(release: Release, breakdown: Breakdown, whole: _Whole, columns: Sequence[Column]) -> str:
    return say_overview(
        whole.counts,
        [(one.name, *whole.tallies[one.code]) for one in columns],
        place_name=release.manifest.place_name,
        hidden=whole.hidden,
        noun=breakdown.noun,
    )


def name_columns(breakdown: Breakdown, count: int) -> str:
    """How many columns there are, in words."""
    plural = AREA_KINDS[AreaType(breakdown.key)][1] if breakdown.is_areas else "groups"
    return f"{count:,} {plural}"


def overview_rows(release: Release, breakdown: Breakdown, overview: Overview) -> list[dict[str, Any]]:
    """The rows behind the cells of this page, for a download."""
    lines = [line for _, found in overview.sections for line in found]
    periods = pl.LazyFrame(
        [(line.info.id, line.period) for line in lines],
        schema={"indicator_id": pl.String, "period": pl.String},
        orient="row",
    ).unique()
    codes = [column.code for column in overview.columns]
    shown = release.latest_values.lazy().filter(is_in(breakdown) & pl.col(column_of(breakdown)).is_in(codes))
    rows = shown.join(periods, on=["indicator_id", "period"], how="semi")
    return rows.sort("indicator_id", "area_type", "area_code", "cut", "category").collect().to_dicts()
