"""Gaps by deprivation and between groups, in words and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports import charts
from evenground.reports.breakdowns import DEPRIVATION, list_breakdowns
from evenground.reports.burden import draw_burden
from evenground.reports.charts import Figure
from evenground.reports.figures import list_rows, take_latest
from evenground.reports.inequality import draw_groups_over_time, draw_measures_over_time
from evenground.reports.subjects import Group, home_profile, place_of
from evenground.reports.words import format_interval, format_number
from evenground.vocabulary import AreaType, Cut, Polarity, ValueNote
from evenground_web.common.words import CUTS, PUBLISHED_CUTS
from evenground_web.profiles.reads.choices import ReleaseKey


@dataclass(frozen=True, slots=True)
class Inequality:
    """The slope index and the gap of an indicator, in words; both are in ``unit``."""

    unit: str
    sii: str
    sii_interval: str
    gap: str
    gap_interval: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap between the most and the least deprived fifth that chance does not explain."""

    indicator: IndicatorInfo
    gap: str
    interval: str
    most_deprived: str
    least_deprived: str
    profile_id: str


@dataclass(frozen=True, slots=True)
class InequalityPictures:
    """The groups of one breakdown over time, the measures of their gap, and who bears how much.

    Each is missing where the release has no figures for it. Groups of one period are bars, where there is a
    picture of such.
    """

    groups: Figure | None
    is_over_time: bool
    measures: tuple[Figure, ...]
    burden: Figure | None
    is_by_deprivation: bool

    @property
    def every(self) -> list[Figure]:
        """All that there are, in the order to show them in."""
        return [one for one in (self.groups, *self.measures, self.burden) if one is not None]


def breakdown_choices(release: Release, indicator_id: str) -> dict[str, str]:
    """The breakdowns that a gap can be seen in, with their names."""
    names = {str(cut): name for cut, name in (*CUTS.items(), *PUBLISHED_CUTS.items())}
    return {cut: names[cut] for cut in list_breakdowns(release, indicator_id)}


def draw_inequality(release: Release, indicator_id: str, cut: str) -> InequalityPictures:
    """The pictures of one breakdown; they are drawn once for a release."""
    return _draw_inequality(ReleaseKey(release), indicator_id, cut)


@lru_cache(maxsize=512)
def _draw_inequality(key: ReleaseKey, indicator_id: str, cut: str) -> InequalityPictures:
    by_deprivation = cut in DEPRIVATION
    over_time = draw_groups_over_time(key.release, indicator_id, cut)
    return InequalityPictures(
        groups=over_time or _draw_bars(key.release, indicator_id, cut),
        is_over_time=over_time is not None,
        measures=tuple(draw_measures_over_time(key.release, indicator_id, cut)) if by_deprivation else (),
        burden=draw_burden(key.release, indicator_id, cut),
        is_by_deprivation=by_deprivation,
    )


def _draw_bars(release: Release, indicator_id: str, cut: str) -> Figure | None:
    area_type, area_code = list_breakdowns(release, indicator_id)[cut]
    if cut in PUBLISHED_CUTS:
        return charts.draw_decile_bars(release, indicator_id, cut, area_type=area_type, area_code=area_code)
    if cut == Cut.IMD_QUINTILE:
        return charts.draw_quintile_bars(release, indicator_id)
    if cut in (Cut.ETHNIC_GROUP, Cut.ETHNIC_GROUP_5):
        detail: Literal["16", "5"] = "16" if cut == Cut.ETHNIC_GROUP else "5"
        return charts.draw_ethnic_group_bars(release, indicator_id, detail=detail)
    return None


def describe_inequality(release: Release, info: IndicatorInfo) -> Inequality | None:
    """The slope index and the gap between local deprivation fifths, for the place; ``None`` without them."""
    own = _own_inequality(release).filter(pl.col("indicator_id") == info.id)
    rows = take_latest(own, by="measure")
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
