"""Addresses of an older release: what they named, and where to go on from."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from evenground.errors import ReleaseError
from evenground.releases import Release, list_releases
from evenground_web.common.addresses import address_profile
from evenground_web.common.reads import current

_ID: Final = re.compile(r"(\d{4}-\d{2}-\d{2})-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Older:
    """A release that an address names and that is not the one shown: its id and the date of its figures."""

    id: str
    as_at: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that an older release showed: what it is, its name, of when, and where to look instead."""

    kind: str
    name: str
    as_at: str
    address: str
    words: str


def find_older(request: HttpRequest, shown: str) -> Older | None:
    """The release that an address was given with, where the site shows another by now."""
    found = _ID.fullmatch(_read_query(request).get("release", ""))
    if not found or found[0] == shown:
        return None
    try:
        dt.date.fromisoformat(found[1])
    except ValueError:
        return None
    return Older(found[0], found[1])


def address_with_release(request: HttpRequest, shown: str) -> str:
    """The address of a page that tells whoever opens it later of which release its figures were."""
    query = _read_query(request).copy()
    query["release"] = shown
    return f"{request.path}?{query.urlencode(safe=':')}"


def list_gone(request: HttpRequest) -> list[Gone]:
    """What an address names that the release shown has not and an earlier one had, by the newest that had."""
    try:
        release = current()
    except ReleaseError:
        return []
    absent = [(kind, key) for kind, key in _named(request) if key and key not in _held(kind, release)]
    if not absent:
        return []
    older = [one for one in list_releases(Path(settings.EVENGROUND_RELEASES)) if one.id != release.id]
    return [gone for kind, key in absent if (gone := _find(kind, key, release, older))]


def _read_query(request: HttpRequest) -> QueryDict:
    """The choices of an address; none of one that asks for more than can be read: a page tells that."""
    try:
        return request.GET
    except TooManyFieldsSent:
        return QueryDict()


def _named(request: HttpRequest) -> Iterator[tuple[str, Any]]:
    """The profiles, indicators and areas that an address names."""
    parts = request.resolver_match.kwargs if request.resolver_match else {}
    yield "profile", parts.get("profile_id", "")
    for name in (parts.get("indicator_id"), request.GET.get("pictures"), request.GET.get("service")):
        yield "indicator", name or ""
    if "area_code" in parts:
        yield "area", (parts["area_type"], parts["area_code"])
    for name in (request.GET.get("area", ""), *request.GET.getlist("areas")):
        yield "area", tuple(name.split(":", 1)) if ":" in name else ""


def _held(kind: str, release: Release) -> dict[Any, str]:
    """What a release holds of a kind, by its key: the name."""
    if kind == "profile":
        return {one.id: one.name for one in release.profiles.values()}
    if kind == "indicator":
        return {one.id: one.name for one in release.indicators.values()}
    return dict(release.area_names)


def _find(kind: str, key: Any, release: Release, older: list[Release]) -> Gone | None:
    for one in older:
        try:
            name = _held(kind, one).get(key)
        except (OSError, ValueError):
            # An older release that is damaged tells nothing; 'evenground release verify' says why.
            continue
        if name:
            address, words = _instead(kind, name, release)
            return Gone(kind, name, one.manifest.as_at, address, words)
    return None


def _instead(kind: str, name: str, release: Release) -> tuple[str, str]:
    if kind == "area":
        return f"{reverse('search:search')}?{urlencode({'q': name})}", f"Search for “{name}”"
    if kind == "profile":
        return reverse("profiles:profiles"), "All profiles of the newest release"
    return address_profile(release), "The indicators of the newest release"
