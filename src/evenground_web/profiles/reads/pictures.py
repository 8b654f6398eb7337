"""The pictures of an indicator, each drawn once for a release."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import polars as pl

from evenground.releases import Release
from evenground.reports import charts
from evenground.reports.charts import Figure
from evenground.reports.dumbbells import draw_cut_pair
from evenground.reports.maps import MapClasses
from evenground.reports.over_time import draw_over_time
from evenground.reports.provenance import is_published
from evenground.reports.subjects import Area, find_broken_down
from evenground.vocabulary import AreaType, Cut
from evenground_web.common.addresses import address_area
from evenground_web.common.services import NO_SERVICES, Services
from evenground_web.common.words import PUBLISHED_CUTS
from evenground_web.profiles.reads.choices import ReleaseKey


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


def draw_charts(
    release: Release,
    indicator_id: str,
    area: Area,
    map_type: str,
    classes: MapClasses = MapClasses.QUANTILES,
    services: Services = NO_SERVICES,
) -> Charts:
    """The map, the bars by deprivation and the bars by ethnic group; each is drawn once for a release."""
    key = ReleaseKey(release)
    if is_published(release.indicators[indicator_id]):
        return _draw_published(key, indicator_id, area, map_type, classes, services)
    fifths = find_broken_down(release, indicator_id, area, Cut.IMD_QUINTILE)
    groups = find_broken_down(release, indicator_id, area, Cut.ETHNIC_GROUP)
    charted = {"deprivation": fifths, "ethnic group": groups}
    return Charts(
        map=_draw_map(key, indicator_id, map_type, classes, services),
        quintiles=_draw_bars(key, "quintiles", indicator_id, fifths.area_type, fifths.area_code),
        ethnic_groups=_draw_bars(key, "ethnic_groups", indicator_id, groups.area_type, groups.area_code),
        whole_place_only=tuple(words for words, shown in charted.items() if shown != area),
        over_time=_draw_over_time(key, indicator_id, area.area_type, area.area_code),
    )


def _draw_published(
    key: ReleaseKey, indicator_id: str, area: Area, map_type: str, classes: MapClasses, services: Services
) -> Charts:
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
        map=_draw_map(key, indicator_id, map_type, classes, services) if mapped.height else None,
        quintiles=bars[Cut.IMD_QUINTILE],
        ethnic_groups=bars[Cut.ETHNIC_GROUP],
        whole_place_only=(),
        deciles=tuple(_draw_deciles(key, indicator_id, *one) for one in broken_down),
        over_time=_draw_over_time(key, indicator_id, area.area_type, area.area_code),
    )


def map_types(release: Release) -> list[str]:
    """Kinds of area that there are boundaries for."""
    drawn = set(release.table("boundaries")["area_type"].unique().to_list())
    return [kind for kind in charts.AREA_NOUNS if kind in drawn]


def usual_map_type(release: Release, indicator_id: str) -> str:
    """The first kind of area that there is a map of and the indicator has figures for; empty without maps."""
    return _usual_map_type(ReleaseKey(release), indicator_id)


@lru_cache(maxsize=1024)
def _usual_map_type(key: ReleaseKey, indicator_id: str) -> str:
    kinds = map_types(key.release)
    values = key.release.latest_values.filter(
        (pl.col("indicator_id") == indicator_id) & (pl.col("cut") == Cut.ALL)
    )
    held = set(values["area_type"].unique())
    return next((kind for kind in kinds if kind in held), next(iter(kinds), ""))


@lru_cache(maxsize=256)
def _draw_map(
    key: ReleaseKey, indicator_id: str, map_type: str, classes: MapClasses, services: Services
) -> Figure | None:
    if map_type not in map_types(key.release):
        return None
    link_to = partial(address_area, key.release)
    return charts.draw_map(
        key.release,
        indicator_id,
        area_type=AreaType(map_type),
        classes=classes,
        link_to=link_to,
        services=services.items,
    )


def draw_pair(release: Release, indicator_id: str, pair: str) -> Figure | None:
    """The picture of two breakdowns at once; none where there is nothing to draw."""
    return _draw_pair(ReleaseKey(release), indicator_id, pair)


@lru_cache(maxsize=256)
def _draw_pair(key: ReleaseKey, indicator_id: str, pair: str) -> Figure | None:
    return draw_cut_pair(key.release, indicator_id, pair)


@lru_cache(maxsize=1024)
def _draw_bars(key: ReleaseKey, kind: str, indicator_id: str, area_type: str, area_code: str) -> Figure:
    draw = charts.draw_quintile_bars if kind == "quintiles" else charts.draw_ethnic_group_bars
    return draw(key.release, indicator_id, area_type=area_type, area_code=area_code)


@lru_cache(maxsize=1024)
def _draw_over_time(key: ReleaseKey, indicator_id: str, area_type: str, area_code: str) -> Figure | None:
    return draw_over_time(key.release, indicator_id, area_type=area_type, area_code=area_code)


@lru_cache(maxsize=256)
def _draw_deciles(key: ReleaseKey, indicator_id: str, cut: str, area_type: str, area_code: str) -> Figure:
    return charts.draw_decile_bars(key.release, indicator_id, cut, area_type=area_type, area_code=area_code)
