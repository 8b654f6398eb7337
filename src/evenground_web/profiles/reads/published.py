"""What a reader must know of a figure that somebody else worked out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports.figures import Row, make_row, take_latest
from evenground.reports.provenance import is_published
from evenground.reports.words import format_interval, format_number
from evenground.stats import compare_with_benchmark
from evenground.vocabulary import AreaType, Basis, Cut, PublishedCut, ValueNote
from evenground_web.common.words import PUBLISHED_CUTS


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
        for raw in sorted(take_latest(found, by="area_code"), key=lambda one: str(one["area_code"])):
            other = make_row(info, raw, is_everybody=True)
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
    for raw in sorted(take_latest(slopes, by="cut"), key=lambda one: one["cut"]):
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
