"""Home, profiles, indicators, and where the figures come from."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evenground.errors import ReleaseError
from evenground.releases import TABLES, verify_release
from evenground.reports.completeness import list_completeness
from evenground_web.accounts.guards import has_role, require_role
from evenground_web.accounts.roles import MAY_DECIDE, MAY_DOWNLOAD_TABLES, MAY_UPLOAD, MAY_VERIFY_RELEASES
from evenground_web.common.kept_pages import keep_page
from evenground_web.common.reads import current
from evenground_web.priorities.reads import list_communities, widest_local_gaps
from evenground_web.profiles import about_reads, downloads, fingertips, reads
from evenground_web.profiles.forms import (
    require_breakdown,
    require_choice,
    require_indicator,
    require_map_classes,
    require_map_type,
    require_pictured,
    require_profile,
)
from evenground_web.profiles.reads.map_services import find_map_services
from evenground_web.profiles.report_views import report_formats


@require_safe
@keep_page
def show_home(request: HttpRequest) -> HttpResponse:
    """What this is, the biggest gaps, and when the data is from."""
    release = current()
    context = {
        "release": release,
        "local_gaps": widest_local_gaps(release, most=3),
        "communities": list_communities(release, most=3),
        "gaps": reads.widest_gaps(release),
    }
    return render(request, "profiles/home.jinja", context)


@require_safe
@keep_page
def show_profiles(request: HttpRequest) -> HttpResponse:
    """Every profile."""
    context = {"release": current(), "report_formats": report_formats()}
    return render(request, "profiles/profiles.jinja", context)


@require_safe
@keep_page
def show_profile(request: HttpRequest, profile_id: str) -> HttpResponse:
    """The indicators of a profile for an area and a group of people."""
    release = current()
    profile = require_profile(release, profile_id)
    choice = require_choice(release, request)
    sections = [
        (section, reads.list_rows(release, section.indicators, choice.area, choice.group))
        for section in profile.sections
    ]
    pictured = require_pictured(release, profile, request)
    context = {
        "release": release,
        "profile": profile,
        "choice": choice,
        "sections": sections,
        "pictured": pictured,
        "picturable": reads.list_indicators(release, profile),
        "charts": pictured
        and reads.draw_charts(release, pictured.id, choice.area, reads.usual_map_type(release, pictured.id)),
        "areas": reads.area_choices(release),
        "groups": reads.group_choices(release),
        "meanings": reads.note_meanings(row.note for _, rows in sections for row in rows),
        "report_formats": report_formats() if any(row.raw for _, rows in sections for row in rows) else {},
    }
    return render(request, "profiles/profile.jinja", context)


@require_safe
def download_profile(request: HttpRequest, profile_id: str) -> HttpResponse:
    """The table of a profile as CSV."""
    release = current()
    profile = require_profile(release, profile_id)
    choice = require_choice(release, request)
    return downloads.profile_table(request, release, profile, choice.area, choice.group)


@require_safe
@keep_page
def show_indicator(request: HttpRequest, profile_id: str, indicator_id: str) -> HttpResponse:
    """One indicator: figure, map, deprivation, ethnic group, and what it means."""
    release = current()
    profile = require_profile(release, profile_id)
    info = require_indicator(release, profile, indicator_id)
    choice = require_choice(release, request)
    map_type, classes = require_map_type(release, request, info.id), require_map_classes(request)
    services = find_map_services(release, request.GET.get("show", ""), map_type)
    row = reads.list_rows(release, [info.id], choice.area)[0]
    pairs = reads.pair_choices(release, info.id)
    pair = request.GET.get("pair", next(iter(pairs), ""))
    if pairs and pair not in pairs:
        raise Http404
    context = {
        "release": release,
        "profile": profile,
        "info": info,
        "choice": choice,
        "row": row,
        "areas": reads.area_choices(release),
        "charts": reads.draw_charts(release, info.id, choice.area, map_type, classes, services.on_map),
        "services": services,
        "map_type": map_type,
        "classes": str(classes),
        "map_types": reads.map_types(release),
        "plus_groups": reads.list_groups(release, info.id, choice.area),
        "pairs": pairs,
        "pair": reads.read_pair(release, info.id, pair) if pairs else None,
        "pair_picture": reads.draw_pair(release, info.id, pair) if pairs else None,
        "inequality": reads.describe_inequality(release, info),
        "published": reads.describe_published(release, info, row),
        "meanings": reads.note_meanings([row.note]),
    }
    return render(request, "profiles/indicator.jinja", context)


@require_safe
@keep_page
def show_inequality(request: HttpRequest, profile_id: str, indicator_id: str) -> HttpResponse:
    """The gap of an indicator over time with each group's own line, and who bears how much."""
    release = current()
    profile = require_profile(release, profile_id)
    info = require_indicator(release, profile, indicator_id)
    cut = require_breakdown(release, info, request)
    context = {
        "release": release,
        "profile": profile,
        "info": info,
        "cut": cut,
        "breakdowns": reads.breakdown_choices(release, info.id),
        "pictures": reads.draw_inequality(release, info.id, cut) if cut else None,
        "row": reads.list_rows(release, [info.id], reads.place_of(release))[0],
        "inequality": reads.describe_inequality(release, info),
    }
    return render(request, "profiles/inequality.jinja", context)


@require_safe
def download_indicator(request: HttpRequest, profile_id: str, indicator_id: str) -> HttpResponse:
    """Every published figure of an indicator as CSV."""
    release = current()
    info = require_indicator(release, require_profile(release, profile_id), indicator_id)
    return downloads.indicator_table(request, release, info)


@require_safe
def download_profile_fingertips(request: HttpRequest, profile_id: str) -> HttpResponse:
    """The table of a profile in the columns of Fingertips."""
    release = current()
    profile = require_profile(release, profile_id)
    choice = require_choice(release, request)
    return fingertips.profile_fingertips_csv(release, profile, choice.area, choice.group)


@require_safe
def download_indicator_fingertips(request: HttpRequest, profile_id: str, indicator_id: str) -> HttpResponse:
    """Every published figure of an indicator in the columns of Fingertips."""
    release = current()
    info = require_indicator(release, require_profile(release, profile_id), indicator_id)
    return fingertips.indicator_fingertips_csv(release, info)


@require_safe
def download_picture(
    request: HttpRequest, profile_id: str, indicator_id: str, picture_id: str, kind: str
) -> HttpResponse:
    """A picture of an indicator as a file, with its title and source in it."""
    release = current()
    info = require_indicator(release, require_profile(release, profile_id), indicator_id)
    area = require_choice(release, request).area
    map_type, classes = require_map_type(release, request, info.id), require_map_classes(request)
    services = find_map_services(release, request.GET.get("show", ""), map_type)
    pictures = reads.draw_charts(release, info.id, area, map_type, classes, services.on_map).every
    if (pair := request.GET.get("pair", "")) in reads.pair_choices(release, info.id):
        pictures += tuple(filter(None, [reads.draw_pair(release, info.id, pair)]))
    if cut := require_breakdown(release, info, request):
        pictures += reads.draw_inequality(release, info.id, cut).every
    picture = next((one for one in pictures if one.id == picture_id), None)
    if picture is None or kind not in downloads.PICTURE_KINDS:
        raise Http404
    return downloads.picture_file(release, info, picture, kind)


@require_safe
def show_about(request: HttpRequest) -> HttpResponse:
    """Sources, definitions in words, the disclosure policy, and the release."""
    release = current()
    context = {
        "release": release,
        "read_tables": about_reads.list_read_tables(release),
        "completeness": list_completeness(release),
        "linkages": about_reads.list_linkages(release),
        "left_out": about_reads.list_left_out(release),
        "stages": about_reads.list_stages(release),
        "published": reads.published_periods(release),
        "may_download": has_role(request, MAY_DOWNLOAD_TABLES),
        "may_verify": has_role(request, MAY_VERIFY_RELEASES),
        "may_decide": has_role(request, MAY_DECIDE),
        "may_upload": has_role(request, MAY_UPLOAD),
        "tables": tuple(TABLES),
    }
    return render(request, "profiles/about.jinja", context)


@require_safe
@require_role(*MAY_VERIFY_RELEASES)
def verify(request: HttpRequest) -> HttpResponse:
    """Whether every file of the release is as it was written."""
    release = current()
    problem = ""
    try:
        verify_release(release.path)
    except ReleaseError as error:
        problem = str(error)
    return render(request, "profiles/verify.jinja", {"release": release, "problem": problem})


@require_safe
@require_role(*MAY_DOWNLOAD_TABLES)
def download_table(request: HttpRequest, name: str) -> HttpResponse:
    """A whole table of the release as CSV."""
    if name not in TABLES:
        raise Http404
    return downloads.whole_table(request, current(), name)
