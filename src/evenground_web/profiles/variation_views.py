"""What chance explains: areas on a funnel, and periods on a control chart."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evenground.releases import IndicatorInfo, Release
from evenground.reports.control_charts import VARIATION_WORDS
from evenground_web.common.downloads import table_response
from evenground_web.common.kept_pages import keep_page
from evenground_web.common.reads import current
from evenground_web.profiles import downloads, reads
from evenground_web.profiles.forms import require_choice, require_indicator, require_profile
from evenground_web.profiles.reads import variation
from evenground_web.profiles.reads.variation import ControlView, FunnelView


@require_safe
@keep_page
def show_funnel(request: HttpRequest, profile_id: str, indicator_id: str) -> HttpResponse:
    """The areas of a kind by their size and figure, between the limits that chance sets."""
    release = current()
    profile = require_profile(release, profile_id)
    info = require_indicator(release, profile, indicator_id)
    types = variation.funnel_types(release, info.id)
    view = _require_funnel(release, request, info) if types else None
    context = {
        "release": release,
        "profile": profile,
        "info": info,
        "row": reads.list_rows(release, [info.id], reads.place_of(release))[0],
        "types": types,
        "withins": variation.funnel_withins(release, view.found.area_type) if view else {},
        "view": view,
        "SHOWN": variation.SHOWN,
    }
    return render(request, "profiles/funnel.jinja", context)


@require_safe
def download_funnel(request: HttpRequest, profile_id: str, indicator_id: str) -> HttpResponse:
    """Every area of a funnel with its limits, as CSV or a workbook."""
    release = current()
    info = require_indicator(release, require_profile(release, profile_id), indicator_id)
    found = _require_funnel(release, request, info).found
    rows = variation.list_funnel_rows(found)
    return table_response(request, f"funnel-{found.area_type}-{info.id}", variation.FUNNEL_COLUMNS, rows)


@require_safe
def download_funnel_picture(
    request: HttpRequest, profile_id: str, indicator_id: str, kind: str
) -> HttpResponse:
    """A funnel as a file."""
    release = current()
    info = require_indicator(release, require_profile(release, profile_id), indicator_id)
    return _picture(release, info, _require_funnel(release, request, info), kind)


@require_safe
@keep_page
def show_control_chart(request: HttpRequest, profile_id: str, indicator_id: str) -> HttpResponse:
    """The figures of every period of an area, between the limits that they vary in of themselves."""
    release = current()
    profile = require_profile(release, profile_id)
    info = require_indicator(release, profile, indicator_id)
    choice = require_choice(release, request)
    context = {
        "release": release,
        "profile": profile,
        "info": info,
        "choice": choice,
        "areas": reads.area_choices(release),
        "view": variation.read_control_chart(release, info.id, choice.area),
        "words": VARIATION_WORDS,
        "SHOWN": variation.SHOWN,
    }
    return render(request, "profiles/control_chart.jinja", context)


@require_safe
def download_control_chart(request: HttpRequest, profile_id: str, indicator_id: str) -> HttpResponse:
    """Every period of a control chart with its limits, as CSV or a workbook."""
    release = current()
    info = require_indicator(release, require_profile(release, profile_id), indicator_id)
    area = require_choice(release, request).area
    rows = variation.list_control_rows(variation.read_control_chart(release, info.id, area).found)
    return table_response(request, f"control-chart-{info.id}", variation.CONTROL_COLUMNS, rows)


@require_safe
def download_control_chart_picture(
    request: HttpRequest, profile_id: str, indicator_id: str, kind: str
) -> HttpResponse:
    """A control chart as a file."""
    release = current()
    info = require_indicator(release, require_profile(release, profile_id), indicator_id)
    area = require_choice(release, request).area
    return _picture(release, info, variation.read_control_chart(release, info.id, area), kind)


def _picture(
    release: Release, info: IndicatorInfo, view: FunnelView | ControlView, kind: str
) -> HttpResponse:
    if view.figure is None or kind not in downloads.PICTURE_KINDS:
        raise Http404
    return downloads.picture_file(release, info, view.figure, kind)


def _require_funnel(release: Release, request: HttpRequest, info: IndicatorInfo) -> FunnelView:
    """The funnel in the address, or 'page not found' where the release has no such areas."""
    types = variation.funnel_types(release, info.id)
    kind = request.GET.get("of") or next(iter(types), "")
    within = reads.find_area(release, request.GET.get("within"))
    if kind not in types or within is None:
        raise Http404
    return variation.read_funnel(release, info.id, kind, within)
