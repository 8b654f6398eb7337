"""One area, and several areas or groups side by side."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from evenground.releases import Profile, Release
from evenground.reports.area_facts import describe_area, find_known_area
from evenground.reports.similar_areas import find_similar
from evenground.vocabulary import AreaType
from evenground_web.common.kept_pages import keep_page
from evenground_web.common.reads import current
from evenground_web.profiles import downloads, reads
from evenground_web.profiles.forms import require_profile
from evenground_web.profiles.reads import Area, area_pages, comparing, overview
from evenground_web.profiles.reads.comparing import Problem, Subject
from evenground_web.profiles.reads.overview import Breakdown
from evenground_web.profiles.report_views import report_formats


@require_safe
@keep_page
def show_area(request: HttpRequest, area_type: str, area_code: str) -> HttpResponse:
    """What an area is, where it lies, and how its figures stand to the place."""
    release = current()
    area, profile = _require_area(release, area_type, area_code), _find_profile(release, request)
    figures = area_pages.read_area_figures(release, area, profile)
    context = {
        "release": release,
        "area": area,
        "facts": describe_area(release, area),
        "profile": profile,
        "figures": figures,
        "similar": find_similar(release, area),
        "breakdowns": overview.breakdown_choices(release),
        "meanings": reads.note_meanings(figures.notes),
        "report_formats": report_formats(),
    }
    return render(request, "profiles/area.jinja", context)


@require_safe
def download_area(request: HttpRequest, area_type: str, area_code: str) -> HttpResponse:
    """The figures of an area's page as CSV."""
    release = current()
    area, profile = _require_area(release, area_type, area_code), _find_profile(release, request)
    rows = area_pages.area_rows(release, area, profile)
    return downloads.figures_table(request, f"{area.area_type}-{area.area_code}", release, rows)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks to compare; ``problem`` where that cannot be."""

    breakdown: Breakdown
    profile: Profile
    subjects: list[Subject]
    problem: Problem | None

    @property
    def is_ready(self) -> bool:
        """Whether there are enough to stand side by side."""
        return self.problem is None and len(self.subjects) >= comparing.FEWEST


@require_safe
@keep_page
def show_compare(request: HttpRequest) -> HttpResponse:
    """Two to six areas or groups, indicator by indicator."""
    release = current()
    choices = overview.breakdown_choices(release)
    context = {"release": release, "choices": choices, "FEWEST": comparing.FEWEST, "MOST": comparing.MOST}
    status = 200
    if choices and release.profiles:
        asked = _require_asked(release, request)
        table = None
        if asked.is_ready:
            table = comparing.read_compared(release, asked.profile, asked.breakdown, asked.subjects)
        options = comparing.subject_choices(release, asked.breakdown)
        context |= {
            "asked": asked,
            "table": table,
            "compare_csv": f"{reverse('profiles:compare_csv')}?{_address_of(asked)}",
            "options": options if len(options) <= comparing.MOST_OPTIONS else None,
            "meanings": reads.note_meanings(table.notes if table else []),
        }
        status = asked.problem.status if asked.problem else 200
    return render(request, "profiles/compare.jinja", context, status=status)


@require_safe
def download_compare(request: HttpRequest) -> HttpResponse:
    """The figures that stand side by side as CSV."""
    release = current()
    asked = _require_asked(release, request)
    if not asked.is_ready:
        raise Http404
    table = comparing.read_compared(release, asked.profile, asked.breakdown, asked.subjects)
    return downloads.figures_table(request, "compare", release, comparing.compared_rows(table))


def _address_of(asked: Asked) -> str:
    """The choices as they stand in an address."""
    chosen = [("with", one.code) for one in asked.subjects]
    return urlencode([("by", asked.breakdown.key), *chosen, ("profile", asked.profile.id)])


def _require_area(release: Release, area_type: str, area_code: str) -> Area:
    area = find_known_area(release, area_type, area_code)
    if area is None:
        raise Http404
    return area


def _find_profile(release: Release, request: HttpRequest) -> Profile | None:
    """The profile that the address names; none for every indicator."""
    asked = request.GET.get("profile")
    return require_profile(release, asked) if asked else None


def _require_asked(release: Release, request: HttpRequest) -> Asked:
    choices = overview.breakdown_choices(release)
    usual = AreaType.MSOA if AreaType.MSOA in choices else next(iter(choices), "")
    by = request.GET.get("by") or usual
    if by not in choices or not release.profiles:
        raise Http404
    profile = _find_profile(release, request) or next(iter(release.profiles.values()))
    subjects, problem = comparing.find_subjects(release, choices[by], request.GET.getlist("with"))
    return Asked(choices[by], profile, subjects, problem)
