"""What profiles show, read from a release and put in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports import charts
from evenground.reports.charts import Figure
from evenground.reports.over_time import draw_over_time
from evenground.reports.words import format_count, format_interval, format_number, format_value
from evenground.stats import compare_with_benchmark
from evenground.vocabulary import (
    EVERYONE,
    UNKNOWN_AREA,
    AreaType,
    Basis,
    Comparison,
    Cut,
    Polarity,
    PublishedCut,
    ValueNote,
)
from evenground_web.common.words import (
    AREA_TYPES,
    CUTS,
    NOTE_MEANINGS,
    PAIRS,
    PUBLISHED_CUTS,
    name_category,
    say_target,
)

_CHOSEN_TYPES = tuple(kind for kind in AREA_TYPES if kind is not AreaType.LSOA)


@dataclass(frozen=True, slots=True)
class Area:
    """An area that a page is about."""

    area_type: str
    area_code: str
    name: str

    @property
    def key(self) -> str:
        """As it stands in an address."""
        return f"{self.area_type}:{self.area_code}"

    @property
    def is_place(self) -> bool:
        """Whether it is the whole place."""
        return self.area_type == AreaType.PLACE


@dataclass(frozen=True, slots=True)
class Group:
    """The people that a table is about: everyone, or one category of a cut."""

    cut: str
    category: str
    label: str = ""

    @property
    def key(self) -> str:
        """As it stands in an address; empty for everyone."""
        return "" if self.cut == Cut.ALL else f"{self.cut}:{self.category}"

    @property
    def name(self) -> str:
        """As people call it."""
        name = self.label or name_category(self.category, self.cut)
        return name if self.cut in (Cut.ALL, Cut.AGE_BAND) else f"{CUTS[Cut(self.cut)]}: {name}"


EVERYBODY = Group(Cut.ALL, EVERYONE)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one indicator in words, with what it is compared to."""

    indicator: IndicatorInfo
    period: str
    value: str
    interval: str
    count: str
    note: str
    comparison: str
    target: str
    target_state: str
    raw: dict[str, Any] | None

    @property
    def is_plain(self) -> bool:
        """Whether there is an ordinary figure; else ``value`` is a word or a zero to be explained."""
        return self.note == ValueNote.PUBLISHED


@dataclass(frozen=True, slots=True)
class Inequality:
    """The slope index and the gap of an indicator, in words; both are in ``unit``."""

    unit: str
    sii: str
    sii_interval: str
    gap: str
    gap_interval: str


def place_of(release: Release) -> Area:
    """The whole place."""
    return Area(AreaType.PLACE, release.manifest.place_code, release.manifest.place_name)


def find_area(release: Release, key: str | None) -> Area | None:
    """The area named in an address, or ``None`` where the release has no such area; the place for no name."""
    if not key:
        return place_of(release)
    area_type, _, area_code = key.partition(":")
    name = release.area_names.get((area_type, area_code))
    return Area(area_type, area_code, name) if name is not None else None


def find_group(release: Release, key: str | None) -> Group | None:
    """The group of people named in an address, or ``None`` where no figure is broken down so."""
    if not key:
        return EVERYBODY
    cut, _, category = key.partition(":")
    return next((group for group in _groups(release) if (group.cut, group.category) == (cut, category)), None)


def area_choices(release: Release) -> dict[str, list[Area]]:
    """Areas to choose from, by heading: those with figures, by name."""
    return _area_choices(release)


def group_choices(release: Release) -> dict[str, list[Group]]:
    """Groups of people to choose from, by heading."""
    groups = _groups(release)
    return {
        heading: chosen
        for cut, heading in CUTS.items()
        if (chosen := [group for group in groups if group.cut == cut])
    }


def find_indicator(release: Release, profile: Profile, indicator_id: str) -> IndicatorInfo | None:
    """An indicator of a profile."""
    is_there = any(indicator_id in section.indicators for section in profile.sections)
    return release.indicators.get(indicator_id) if is_there else None


def list_indicators(release: Release, profile: Profile) -> list[IndicatorInfo]:
    """The indicators of a profile that the release holds, in order, each once."""
    ids = dict.fromkeys(name for section in profile.sections for name in section.indicators)
    return [release.indicators[name] for name in ids if name in release.indicators]


def list_rows(
    release: Release, indicator_ids: Iterable[str], area: Area, group: Group = EVERYBODY
) -> list[Row]:
    """The latest figure of each indicator for some people of an area."""
    wanted = [indicator_id for indicator_id in indicator_ids if indicator_id in release.indicators]
    found = _latest(
        release.latest_values.filter(
            pl.col("indicator_id").is_in(wanted)
            & (pl.col("area_type") == area.area_type)
            & (pl.col("area_code") == area.area_code)
            & (pl.col("cut") == group.cut)
            & (pl.col("category") == group.category)
        )
    )
    by_id = {row["indicator_id"]: row for row in found}
    return [
        _make_row(release.indicators[indicator_id], by_id.get(indicator_id), is_everybody=group == EVERYBODY)
        for indicator_id in wanted
    ]


def list_figures(release: Release, indicator_id: str, area: Area | None = None) -> list[dict[str, Any]]:
    """Every published figure of an indicator, for one area or all, as rows for a download."""
    values = release.table("values").filter(pl.col("indicator_id") == indicator_id)
    if area is not None:
        values = values.filter(
            (pl.col("area_type") == area.area_type) & (pl.col("area_code") == area.area_code)
        )
    return values.sort("area_type", "area_code", "cut", "category", "period").to_dicts()


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of people and its figure in words."""

    name: str
    words: str
    row: Row


def list_groups(release: Release, indicator_id: str, area: Area) -> list[GroupRow]:
    """The figures of an indicator by PLUS group, in the order of the register; none where there are none."""
    found = []
    for (cut, category), info in release.groups.items():
        if cut == Cut.PLUS_GROUP:
            row = list_rows(release, [indicator_id], area, Group(cut, category, info.name))[0]
            if row.raw is not None:
                found.append(GroupRow(info.name, info.words, row))
    return found


@dataclass(frozen=True, slots=True)
class PairTable:
    """One indicator by two breakdowns at once, for the whole place.

    The one with more categories has the lines, so that a phone has as little to scroll as can be. A line or
    column in which nobody is counted is left out.
    """

    cut: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Row | None, ...]], ...]


def pair_choices(release: Release, indicator_id: str) -> dict[str, str]:
    """The pairs of breakdowns that an indicator has figures for, with their names."""
    values = release.latest_values.filter(pl.col("indicator_id") == indicator_id)
    held = set(values["cut"].unique())
    return {str(cut): name for cut, name in PAIRS.items() if cut in held}


def read_pair(release: Release, indicator_id: str, cut: str) -> PairTable:
    """The latest figures of an indicator by a pair of breakdowns."""
    first, second = cut.split("*")
    values = release.latest_values.filter(
        (pl.col("indicator_id") == indicator_id)
        & (pl.col("cut") == cut)
        & (pl.col("area_type") == AreaType.PLACE)
    )
    info = release.indicators[indicator_id]
    rows = {
        raw["category"]: _make_row(info, raw, is_everybody=False) for raw in _latest(values, by="category")
    }
    rows = {category: row for category, row in rows.items() if row.note != ValueNote.MISSING}
    lines, columns = (_categories(rows, cut, place) for place in (0, 1))
    table = [[rows.get(f"{line}*{column}") for column in columns] for line in lines]
    if len(columns) > len(lines):
        first, second, lines, columns = second, first, columns, lines
        table = [list(line) for line in zip(*table, strict=True)]
    return PairTable(
        cut,
        PAIRS[Cut(cut)],
        tuple(name_category(column, second) for column in columns),
        tuple((name_category(name, first), tuple(line)) for name, line in zip(lines, table, strict=True)),
    )


def _categories(rows: Iterable[str], cut: str, place: int) -> list[str]:
    own = cut.split("*")[place]
    found = {category.split("*")[place] for category in rows}
    return sorted(found, key=lambda category: _group_order(Group(own, category)))


def describe_inequality(release: Release, info: IndicatorInfo) -> Inequality | None:
    """The slope index and the gap between local deprivation fifths, for the place; ``None`` without them."""
    own = _own_inequality(release).filter(pl.col("indicator_id") == info.id)
    rows = _latest(own, by="measure")
    measures = {row["measure"]: row for row in rows if row["value_note"] == ValueNote.PUBLISHED}
    if "sii" not in measures or "gap" not in measures:
        return None
    unit = "percentage points" if info.unit == "%" else info.unit
    words = []
    for measure in ("sii", "gap"):
        row = measures[measure]
        words += [
            format_number(row["value"]),
            format_interval(row["lower_cl"], row["upper_cl"]) or "no interval",
        ]
    return Inequality(unit, *words)


def _own_inequality(release: Release) -> pl.DataFrame:
    """Across the place's own fifths at the latest date: publishers' tenths of England are another thing."""
    own = release.table("inequality").filter(
        (pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == Cut.LOCAL_QUINTILE)
    )
    return own.filter(pl.col("period") == pl.col("period").max())


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap between the most and the least deprived fifth that chance does not explain."""

    indicator: IndicatorInfo
    gap: str
    interval: str
    most_deprived: str
    least_deprived: str
    profile_id: str


def widest_gaps(release: Release, *, most: int = 3) -> list[Gap]:
    """Services with the widest gap against the most deprived local fifth, where its interval clears zero."""
    gaps = _own_inequality(release).filter(
        (pl.col("measure") == "gap")
        & (pl.col("value_note") == ValueNote.PUBLISHED)
        & (pl.col("lower_cl") > 0)
        & pl.col("indicator_id").is_in([i.id for i in release.indicators.values() if _is_gap_shown(i)])
    )
    ordered = gaps.sort("value", "indicator_id", descending=[True, False]).to_dicts()
    return [_make_gap(release, row) for row in ordered[:most]]


def home_profile(release: Release, indicator_id: str) -> str:
    """The first profile that an indicator stands in; empty where none does."""
    return next(
        (
            profile.id
            for profile in release.profiles.values()
            for section in profile.sections
            if indicator_id in section.indicators
        ),
        "",
    )


@dataclass(frozen=True, slots=True)
class Charts:
    """The pictures of one indicator; the map is of the whole place, whatever area the rest is about.

    ``whole_place_only`` names the breakdowns that the release has for the whole place and not for the area.
    """

    map: Figure | None
    quintiles: Figure | None
    ethnic_groups: Figure | None
    whole_place_only: tuple[str, ...]
    deciles: tuple[Figure, ...] = ()
    over_time: Figure | None = None

    @property
    def every(self) -> list[Figure]:
        """All that there are, in the order to show them in."""
        pictures = (self.quintiles, self.map, self.over_time, *self.deciles, self.ethnic_groups)
        return [one for one in pictures if one is not None]


def draw_charts(release: Release, indicator_id: str, area: Area, map_type: str) -> Charts:
    """The map, the bars by deprivation and the bars by ethnic group; each is drawn once for a release."""
    key = _Key(release)
    if is_published(release.indicators[indicator_id]):
        return _draw_published(key, indicator_id, area, map_type)
    fifths = _area_with(release, indicator_id, area, Cut.IMD_QUINTILE)
    groups = _area_with(release, indicator_id, area, Cut.ETHNIC_GROUP)
    charted = {"deprivation": fifths, "ethnic group": groups}
    return Charts(
        map=_draw_map(key, indicator_id, map_type),
        quintiles=_draw_bars(key, "quintiles", indicator_id, fifths.area_type, fifths.area_code),
        ethnic_groups=_draw_bars(key, "ethnic_groups", indicator_id, groups.area_type, groups.area_code),
        whole_place_only=tuple(words for words, shown in charted.items() if shown != area),
        over_time=_draw_over_time(key, indicator_id, area.area_type, area.area_code),
    )


def is_published(info: IndicatorInfo) -> bool:
    """Whether somebody else works the indicator out."""
    return info.basis == Basis.PUBLISHED


def _draw_published(key: _Key, indicator_id: str, area: Area, map_type: str) -> Charts:
    """Only what the publisher breaks down: an empty picture would say that there is nobody."""
    values = key.release.latest_values.filter(pl.col("indicator_id") == indicator_id)
    here = values.filter((pl.col("area_type") == area.area_type) & (pl.col("area_code") == area.area_code))
    cuts = set(here["cut"].unique())
    mapped = values.filter((pl.col("area_type") == map_type) & (pl.col("cut") == Cut.ALL))
    tenths = values.filter(pl.col("cut").is_in(list(PUBLISHED_CUTS)))
    broken_down = sorted(tenths.select("cut", "area_type", "area_code").unique().iter_rows())
    bars = {
        cut: _draw_bars(key, kind, indicator_id, area.area_type, area.area_code) if cut in cuts else None
        for cut, kind in ((Cut.IMD_QUINTILE, "quintiles"), (Cut.ETHNIC_GROUP, "ethnic_groups"))
    }
    return Charts(
        map=_draw_map(key, indicator_id, map_type) if mapped.height else None,
        quintiles=bars[Cut.IMD_QUINTILE],
        ethnic_groups=bars[Cut.ETHNIC_GROUP],
        whole_place_only=(),
        deciles=tuple(_draw_deciles(key, indicator_id, *one) for one in broken_down),
        over_time=_draw_over_time(key, indicator_id, area.area_type, area.area_code),
    )


@lru_cache(maxsize=1024)
def _draw_over_time(key: _Key, indicator_id: str, area_type: str, area_code: str) -> Figure | None:
    return draw_over_time(key.release, indicator_id, area_type=area_type, area_code=area_code)


@lru_cache(maxsize=256)
def _draw_deciles(key: _Key, indicator_id: str, cut: str, area_type: str, area_code: str) -> Figure:
    return charts.draw_decile_bars(key.release, indicator_id, cut, area_type=area_type, area_code=area_code)


@dataclass(frozen=True, slots=True)
class Comparator:
    """An area that a published figure can be held against, and its figure in words."""

    name: str
    row: Row
    words: str


@dataclass(frozen=True, slots=True)
class Slope:
    """The slope index across tenths of England's areas, in words."""

    name: str
    edition: str
    period: str
    unit: str
    sii: str
    sii_interval: str


@dataclass(frozen=True, slots=True)
class PublishedFacts:
    """What a reader must know of a published figure: whose it is, of when, and what to hold it against."""

    source: str
    limits: str
    comparators: tuple[Comparator, ...]
    slopes: tuple[Slope, ...]


_COMPARATORS = (
    AreaType.COUNTRY,
    AreaType.REGION,
    AreaType.ICB,
    AreaType.SUB_ICB,
    AreaType.UTLA,
    AreaType.LTLA,
)


def describe_published(release: Release, info: IndicatorInfo, row: Row) -> PublishedFacts | None:
    """Source, limits, comparators and slopes of a published indicator; ``None`` for one counted here."""
    if not is_published(info):
        return None
    raw = row.raw or {}
    values = release.latest_values.filter((pl.col("indicator_id") == info.id) & (pl.col("cut") == Cut.ALL))
    sources = values["source"].unique().sort().to_list()
    return PublishedFacts(
        source=raw.get("source") or ", ".join(sources),
        limits=raw.get("limits") or "",
        comparators=tuple(_list_comparators(release, info, row, values)),
        slopes=tuple(_list_slopes(release, info)),
    )


def _list_comparators(
    release: Release, info: IndicatorInfo, row: Row, values: pl.DataFrame
) -> Iterable[Comparator]:
    areas = release.table("areas")
    outside = areas.filter(pl.col("parent_area_code").is_null() & (pl.col("area_type") != AreaType.PLACE))
    for kind in _COMPARATORS:
        codes = outside.filter(pl.col("area_type") == kind)["area_code"].to_list()
        found = values.filter((pl.col("area_type") == kind) & pl.col("area_code").is_in(codes))
        for raw in sorted(_latest(found, by="area_code"), key=lambda one: str(one["area_code"])):
            other = _make_row(info, raw, is_everybody=True)
            name = release.area_names.get((str(kind), raw["area_code"]), raw["area_code"])
            yield Comparator(name, other, _compare_with(row, raw, info))


def _compare_with(row: Row, other: dict[str, Any], info: IndicatorInfo) -> str:
    """How the figure of the page stands to another of the same period; empty where nobody can say."""
    own = row.raw
    if own is None or own["period"] != other["period"] or None in (own["lower_cl"], other["value"]):
        return ""
    return str(
        compare_with_benchmark(own["lower_cl"], own["upper_cl"], other["value"], polarity=str(info.polarity))
    )


def _list_slopes(release: Release, info: IndicatorInfo) -> Iterable[Slope]:
    unit = "percentage points" if info.unit == "%" else info.unit
    slopes = release.table("inequality").filter(
        (pl.col("indicator_id") == info.id)
        & (pl.col("measure") == "sii")
        & pl.col("cut").is_in(list(PUBLISHED_CUTS))
        & (pl.col("value_note") == ValueNote.PUBLISHED)
    )
    for raw in sorted(_latest(slopes, by="cut"), key=lambda one: one["cut"]):
        yield Slope(
            name=PUBLISHED_CUTS[PublishedCut(raw["cut"])],
            edition=raw["edition"],
            period=raw["period"],
            unit=unit,
            sii=format_number(raw["value"], decimals=2),
            sii_interval=format_interval(raw["lower_cl"], raw["upper_cl"], decimals=2) or "no interval",
        )


def published_periods(release: Release) -> dict[str, str]:
    """The periods of each published indicator and the sources that brought it, in words."""
    values = release.latest_values.filter(pl.col("basis") == Basis.PUBLISHED)
    told = values.group_by("indicator_id").agg(
        pl.col("period").unique().sort(), pl.col("source").unique().sort()
    )
    return {
        name: f"{', '.join(periods)} (from {', '.join(sources)})"
        for name, periods, sources in told.iter_rows()
    }


def _area_with(release: Release, indicator_id: str, area: Area, cut: Cut) -> Area:
    """The area itself where it is broken down so, else the whole place."""
    figures = release.latest_values.filter(
        (pl.col("indicator_id") == indicator_id)
        & (pl.col("area_type") == area.area_type)
        & (pl.col("area_code") == area.area_code)
        & (pl.col("cut") == cut)
    )
    return area if figures.height else place_of(release)


def map_types(release: Release) -> list[str]:
    """Kinds of area that there are boundaries for."""
    drawn = set(release.table("boundaries")["area_type"].unique().to_list())
    return [kind for kind in (AreaType.MSOA, AreaType.LSOA) if kind in drawn]


@dataclass(frozen=True)
class _Key:
    """A release as a key of a cache: two of the same id hold the same bytes."""

    release: Release

    def __hash__(self) -> int:
        return hash(self.release.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.release.id == self.release.id


@lru_cache(maxsize=256)
def _draw_map(key: _Key, indicator_id: str, map_type: str) -> Figure | None:
    if map_type not in map_types(key.release):
        return None
    return charts.draw_map(key.release, indicator_id, area_type=AreaType(map_type))


@lru_cache(maxsize=1024)
def _draw_bars(key: _Key, kind: str, indicator_id: str, area_type: str, area_code: str) -> Figure:
    draw = charts.draw_quintile_bars if kind == "quintiles" else charts.draw_ethnic_group_bars
    return draw(key.release, indicator_id, area_type=area_type, area_code=area_code)


def _area_choices(release: Release) -> dict[str, list[Area]]:
    return _cached_area_choices(_Key(release))


@lru_cache(maxsize=4)
def _cached_area_choices(key: _Key) -> dict[str, list[Area]]:
    values = key.release.latest_values
    with_figures = set(values.select("area_type", "area_code").unique().iter_rows())
    choices: dict[str, list[Area]] = {}
    for kind in _CHOSEN_TYPES:
        areas = [
            Area(area_type, code, name)
            for (area_type, code), name in key.release.area_names.items()
            if area_type == kind and (area_type, code) in with_figures and code != UNKNOWN_AREA
        ]
        if areas:
            choices[AREA_TYPES[kind]] = sorted(areas, key=lambda area: area.name)
    return choices


def _groups(release: Release) -> list[Group]:
    return _cached_groups(_Key(release))


@lru_cache(maxsize=4)
def _cached_groups(key: _Key) -> list[Group]:
    values = key.release.latest_values.filter(pl.col("area_type") == AreaType.PLACE)
    pairs = values.select("cut", "category").unique().iter_rows()
    known = [_name_group(key.release, cut, category) for cut, category in pairs if cut in CUTS]
    told = list(key.release.groups)
    return sorted(known, key=lambda group: _group_order(group, told))


def _name_group(release: Release, cut: str, category: str) -> Group:
    info = release.groups.get((cut, category))
    return Group(cut, category, info.name if info else "")


def _group_order(group: Group, told: Sequence[tuple[str, str]] = ()) -> tuple[str, int, str]:
    if (group.cut, group.category) in told:
        return group.cut, told.index((group.cut, group.category)), ""
    if group.cut == Cut.AGE_BAND:
        start = group.category.rstrip("+").partition("-")[0]
        return group.cut, int(start) if start.isdigit() else 999, group.category
    unrecorded = group.category in {"99", "Z", "missing", "not_stated", "not_known", UNKNOWN_AREA}
    return group.cut, int(unrecorded), group.category


def _latest(values: pl.DataFrame, by: str = "indicator_id") -> list[dict[str, Any]]:
    return values.sort("period").unique(subset=by, keep="last", maintain_order=True).to_dicts()


def _make_row(info: IndicatorInfo, raw: dict[str, Any] | None, *, is_everybody: bool) -> Row:
    if raw is None:
        return Row(info, "", "no data", "", "", ValueNote.MISSING, Comparison.NOT_COMPARED, "", "", None)
    return Row(
        indicator=info,
        period=raw["period"],
        value=format_value(raw["value"], info.unit, raw["value_note"]),
        interval=format_interval(raw["lower_cl"], raw["upper_cl"]),
        count=_say_count(raw),
        note=raw["value_note"],
        comparison=raw["comparison"],
        target=say_target(info),
        target_state=_judge_target(info, raw),
        raw=raw,
    )


def _say_count(raw: dict[str, Any]) -> str:
    if raw["numerator"] is None or raw["denominator"] is None:
        return "suppressed" if raw["value_note"] == ValueNote.SUPPRESSED else ""
    return f"{format_count(raw['numerator'])} of {format_count(raw['denominator'])}"


def _judge_target(info: IndicatorInfo, raw: dict[str, Any]) -> str:
    """``met``, ``close`` (the interval holds the target) or ``missed``; empty where it cannot be judged."""
    if info.target is None or raw["lower_cl"] is None or raw["upper_cl"] is None:
        return ""
    if raw["lower_cl"] <= info.target.value <= raw["upper_cl"]:
        return "close"
    is_above = raw["lower_cl"] > info.target.value
    if info.polarity == Polarity.NONE:
        return ""
    return "met" if is_above == (info.polarity == Polarity.HIGHER_IS_BETTER) else "missed"


def _is_gap_shown(info: IndicatorInfo) -> bool:
    # Percentage points can be put in order; a rate per 100,000 beside them cannot.
    return info.unit == "%" and info.is_service and info.polarity != Polarity.NONE


def _make_gap(release: Release, row: dict[str, Any]) -> Gap:
    info = release.indicators[row["indicator_id"]]
    place = place_of(release)
    most, least = (
        list_rows(release, [info.id], place, Group(Cut.LOCAL_QUINTILE, category))[0].value
        for category in ("1", "5")
    )
    interval = format_interval(row["lower_cl"], row["upper_cl"])
    return Gap(
        indicator=info,
        gap=format_number(row["value"]),
        interval=interval,
        most_deprived=most,
        least_deprived=least,
        profile_id=home_profile(release, info.id),
    )


def note_meanings(notes: Iterable[str]) -> dict[str, str]:
    """The words that stand in a table in the place of figures, each with what it means."""
    words = {
        ValueNote.SUPPRESSED: "suppressed",
        ValueNote.MISSING: "no data",
        ValueNote.TOO_FEW_EVENTS: "too few events",
        ValueNote.ZERO: "0",
    }
    present = {words[ValueNote(note)] for note in notes if note in words}
    return {word: meaning for word, meaning in NOTE_MEANINGS.items() if word in present}
