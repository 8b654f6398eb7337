"""Reports to download: an area's figures as its page has them, and the annual statement, to print."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from evenground.errors import InputError
from evenground.releases import Profile, Release
from evenground.reports.area_facts import find_known_area
from evenground.reports.area_profile import make_area_profile
from evenground.reports.documents import FORMAT_NAMES, FORMATS, is_installed, render_document
from evenground.reports.statement import make_statement
from evenground_web.common.reads import current
from evenground_web.common.turns import take_turns
from evenground_web.profiles.forms import require_choice, require_profile
from evenground_web.profiles.reads import Area, ReleaseKey


def report_formats() -> dict[str, str]:
    """The formats that can be written here, with their names."""
    return {kind: name for kind, name in FORMAT_NAMES.items() if is_installed(kind)}


@require_safe
@take_turns
def download_area_report(request: HttpRequest, area_type: str, area_code: str, kind: str) -> HttpResponse:
    """The report of an area, of one profile or of every indicator."""
    release = current()
    area = find_known_area(release, area_type, area_code)
    if area is None:
        raise Http404
    asked = request.GET.get("profile")
    profile = require_profile(release, asked) if asked else None
    return _respond_with_profile(release, area, profile, kind)


@require_safe
@take_turns
def download_profile_report(request: HttpRequest, profile_id: str, kind: str) -> HttpResponse:
    """The report of a profile for the area in the address."""
    release = current()
    profile = require_profile(release, profile_id)
    return _respond_with_profile(release, require_choice(release, request).area, profile, kind)


@require_safe
@take_turns
def download_statement(request: HttpRequest, kind: str) -> HttpResponse:
    """The annual statement on health inequalities of the place."""
    key = ReleaseKey(current())
    return _respond("statement", kind, lambda: _write_statement(key, kind))


def _respond_with_profile(release: Release, area: Area, profile: Profile | None, kind: str) -> HttpResponse:
    profile_id = profile.id if profile else ""
    name = "-".join(part for part in (area.area_type, area.area_code, profile_id) if part)
    key = ReleaseKey(release)
    return _respond(name, kind, lambda: _write_profile(key, area, profile_id, kind))


def _respond(name: str, kind: str, write: Callable[[], bytes]) -> HttpResponse:
    if kind not in FORMATS or not is_installed(kind):
        raise Http404
    try:
        content = write()
    except InputError:
        raise Http404 from None
    response = HttpResponse(content, content_type=FORMATS[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


@lru_cache(maxsize=32)
def _write_profile(key: ReleaseKey, area: Area, profile_id: str, kind: str) -> bytes:
    profile = key.release.profiles.get(profile_id)
    return render_document(make_area_profile(key.release, area, profile), kind)


@lru_cache(maxsize=4)
def _write_statement(key: ReleaseKey, kind: str) -> bytes:
    return render_document(make_statement(key.release), kind)
