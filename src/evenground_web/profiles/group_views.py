"""One group of people: where it has the worse of it, and where in the place."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evenground.releases import IndicatorInfo, Release
from evenground.reports.group_gaps import ORDERS
from evenground_web.common.kept_pages import keep_page
from evenground_web.common.reads import current
from evenground_web.profiles import downloads, reads
from evenground_web.profiles.reads import Group, group_pages
from evenground_web.profiles.reads.map_services import find_map_services


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks: the group, the order, and the indicator to show on the map."""

    group: Group
    order: str
    info: IndicatorInfo | None
    map_type: str


@require_safe
@keep_page
def show_group(request: HttpRequest, cut: str, category: str) -> HttpResponse:
    """The gaps of a group, widest first, and one of them by area."""
    release = current()
    asked = _require_asked(release, request, cut, category)
    figures = group_pages.read_group(release, asked.group, asked.order)
    where = None
    services = find_map_services(release, request.GET.get("show", ""), asked.map_type)
    if asked.info and asked.map_type:
        where = group_pages.draw_where(release, asked.info, asked.group, asked.map_type, services.on_map)
    context = {
        "release": release,
        "asked": asked,
        "group": asked.group,
        "about": release.groups.get((cut, category)),
        "figures": figures,
        "where": where,
        "services": services,
        "places": group_pages.places_of(release, asked.group),
        "meanings": reads.note_meanings(line.note for line in figures.lines),
    }
    return render(request, "profiles/group.jinja", context)


@require_safe
def download_group(request: HttpRequest, cut: str, category: str) -> HttpResponse:
    """The gaps of a group as a table, with the place's figures beside."""
    release = current()
    asked = _require_asked(release, request, cut, category)
    rows = group_pages.group_rows(release, asked.group, asked.order)
    return downloads.figures_table(request, _name(asked), release, rows)


@require_safe
def download_where(request: HttpRequest, cut: str, category: str) -> HttpResponse:
    """The figures of a group by area, of one indicator."""
    release = current()
    asked = _require_asked(release, request, cut, category)
    if asked.info is None or not asked.map_type:
        raise Http404
    rows = group_pages.where_rows(release, asked.info, asked.group, asked.map_type)
    return downloads.figures_table(request, f"{_name(asked)}-{asked.info.id}", release, rows)


def _name(asked: Asked) -> str:
    return f"{asked.group.cut}-{asked.group.category}"


def _require_asked(release: Release, request: HttpRequest, cut: str, category: str) -> Asked:
    group = group_pages.find_page_group(release, cut, category, reads.group_choices(release))
    order = request.GET.get("order", ORDERS[0])
    if group is None or order not in ORDERS:
        raise Http404
    lines = group_pages.read_group(release, group, order).lines
    known = {line.info.id: line.info for line in lines}
    usual = next((line.info.id for line in lines), "")
    name = request.GET.get("indicator") or usual
    places = group_pages.places_of(release, group)
    map_type = request.GET.get("map") or next(iter(places), "")
    if (known and name not in known) or (places and map_type not in places):
        raise Http404
    return Asked(group, order, known.get(name), map_type)
