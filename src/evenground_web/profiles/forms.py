"""What a reader chooses on a profile: plain GET, so that a page can be shared by its address."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest

from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports.maps import MapClasses
from evenground_web.profiles import reads
from evenground_web.profiles.reads import Area, Group


@dataclass(frozen=True, slots=True)
class Choice:
    """The area and the people that a page is about."""

    area: Area
    group: Group


def require_profile(release: Release, profile_id: str) -> Profile:
    """The profile, or 'page not found'."""
    if profile_id not in release.profiles:
        raise Http404
    return release.profiles[profile_id]


def require_indicator(release: Release, profile: Profile, indicator_id: str) -> IndicatorInfo:
    """The indicator of the profile, or 'page not found'."""
    info = reads.find_indicator(release, profile, indicator_id)
    if info is None:
        raise Http404
    return info


def require_pictured(release: Release, profile: Profile, request: HttpRequest) -> IndicatorInfo | None:
    """The indicator to picture: the one in the address, or the profile's first; none if it is empty."""
    asked = request.GET.get("pictures")
    if asked:
        return require_indicator(release, profile, asked)
    return next(iter(reads.list_indicators(release, profile)), None)


def require_choice(release: Release, request: HttpRequest) -> Choice:
    """The area and group in the address, or 'page not found' where the release has no such thing."""
    area = reads.find_area(release, request.GET.get("area"))
    group = reads.find_group(release, request.GET.get("cut"))
    if area is None or group is None:
        raise Http404
    return Choice(area, group)


def require_map_type(release: Release, request: HttpRequest, indicator_id: str) -> str:
    """The kind of area to map, or 'page not found' where there is no map of it; empty without maps.

    Without a choice it is the first that the indicator has figures of.
    """
    map_types = reads.map_types(release)
    map_type = request.GET.get("map") or reads.usual_map_type(release, indicator_id)
    if map_types and map_type not in map_types:
        raise Http404
    return map_type


def require_map_classes(request: HttpRequest) -> MapClasses:
    """What the classes of the map are, or 'page not found' where there are none of that name."""
    try:
        return MapClasses(request.GET.get("classes", MapClasses.QUANTILES))
    except ValueError:
        raise Http404 from None


def require_breakdown(release: Release, info: IndicatorInfo, request: HttpRequest) -> str:
    """The breakdown in the address or the first, or 'page not found' where there is none such; else empty."""
    choices = reads.breakdown_choices(release, info.id)
    cut = request.GET.get("by", next(iter(choices), ""))
    if choices and cut not in choices:
        raise Http404
    return cut if choices else ""
