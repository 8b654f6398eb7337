"""A profile at a glance: every indicator against areas or groups."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evenground.releases import Profile, Release
from evenground.vocabulary import AreaType
from evenground_web.common.kept_pages import keep_page
from evenground_web.common.reads import current
from evenground_web.profiles import downloads
from evenground_web.profiles.forms import require_indicator, require_profile
from evenground_web.profiles.reads import Area, find_area, list_indicators, overview
from evenground_web.profiles.reads.overview import Breakdown, Overview


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks to see."""

    breakdown: Breakdown
    within: Area
    sort: str
    reverse: bool
    page: int


@require_safe
@keep_page
def show_overview(request: HttpRequest, profile_id: str) -> HttpResponse:
    """The profile as a table of areas or groups, each figure marked against the place."""
    release = current()
    profile = require_profile(release, profile_id)
    choices = overview.breakdown_choices(release)
    context = {
        "release": release,
        "profile": profile,
        "choices": choices,
        "indicators": list_indicators(release, profile),
        "MOST_WORSE": overview.MOST_WORSE,
    }
    if choices:
        asked = _require_asked(release, profile, request)
        found = _require_page(release, profile, asked)
        context |= {
            "asked": asked,
            "overview": found,
            "columns_in_words": overview.name_columns(asked.breakdown, found.total),
            "first": (asked.page - 1) * overview.MOST_COLUMNS + 1,
        }
    return render(request, "profiles/overview.jinja", context)


@require_safe
def download_overview(request: HttpRequest, profile_id: str) -> HttpResponse:
    """The figures of the page as CSV."""
    release = current()
    profile = require_profile(release, profile_id)
    asked = _require_asked(release, profile, request)
    rows = overview.overview_rows(release, asked.breakdown, _require_page(release, profile, asked))
    return downloads.figures_table(request, f"{profile.id}-{asked.breakdown.key}", release, rows)


def _require_asked(release: Release, profile: Profile, request: HttpRequest) -> Asked:
    """What the address asks for, or 'page not found' where the release has no such thing."""
    choices = overview.breakdown_choices(release)
    usual = AreaType.MSOA if AreaType.MSOA in choices else next(iter(choices), "")
    by = request.GET.get("by") or usual
    within = find_area(release, request.GET.get("within"))
    sort, page = request.GET.get("sort", overview.BY_NAME), request.GET.get("page", "1")
    if by not in choices or within is None or not page.isdecimal():
        raise Http404
    if sort not in (overview.BY_NAME, overview.MOST_WORSE):
        require_indicator(release, profile, sort)
    return Asked(choices[by], within, sort, request.GET.get("order") == "reverse", int(page))


def _require_page(release: Release, profile: Profile, asked: Asked) -> Overview:
    found = overview.read_overview(
        release,
        profile,
        asked.breakdown,
        asked.within,
        sort=asked.sort,
        reverse=asked.reverse,
        page=asked.page,
    )
    if not 1 <= asked.page <= found.pages:
        raise Http404
    return found
