"""The communities that prevention misses most, and the areas to act in first."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from evenground.spending import FIRST, WORTH
from evenground_web.accounts.guards import has_role
from evenground_web.accounts.roles import MAY_FREEZE
from evenground_web.common.downloads import table_response
from evenground_web.common.reads import current
from evenground_web.common.turns import take_turns
from evenground_web.priorities import area_reads, reads
from evenground_web.priorities.community_reads import read_clusters
from evenground_web.priorities.forms import STEP, read_chosen, require_area_choice, require_choice
from evenground_web.priorities.spending_forms import read_budget
from evenground_web.priorities.what_if import can_flag, why_fixed
from evenground_web.priorities.worth_reads import describe_evidence
from evenground_web.profiles.downloads import PICTURE_KINDS, picture_file

_COLUMNS = (
    "position",
    "community",
    "service_id",
    "community_type",
    "area_type",
    "area_code",
    "ethnic_group",
    "standard",
    "eligible",
    "reached",
    "value_note",
    "estimated_uptake",
    "predicted_uptake",
    "expected_missing",
    "lower_cl",
    "upper_cl",
    "confidence_level",
    "probability_top_10",
    "probability_below",
    "flagged",
    "top_service_id",
    "why",
    *WORTH,
)


@require_safe
def show_priorities(request: HttpRequest) -> HttpResponse:
    """The ranked communities, with why each is there; and what a budget would do, where one is asked of."""
    show = take_turns(_show_priorities) if request.GET.get("budget") else _show_priorities
    return show(request)


def _show_priorities(request: HttpRequest) -> HttpResponse:
    release = current()
    choice = require_choice(release, request)
    valued = read_chosen(release, choice)
    ranked = valued.frame
    communities = reads.describe_communities(release, ranked.head(choice.show))
    total = ranked.height
    context = {
        "release": release,
        "choice": choice,
        "services": reads.services(release),
        "kinds": reads.kinds(release),
        "orders": reads.ORDERS,
        "communities": communities,
        "largest": max((community.upper for community in communities), default=0),
        "info": release.indicators.get(choice.service),
        "total": total,
        "valued": valued,
        "first": FIRST,
        "evidence": describe_evidence(valued.records, timezone.localdate()),
        "next_show": min(choice.show + STEP, total),
        "own_standard": reads.say_standard(release, choice.service),
        "flags": reads.FLAGS if can_flag(ranked) else {},
        "flagged": int(ranked["flagged"].sum()) if "flagged" in ranked.columns else None,
        "fixed": why_fixed(release, choice.service, choice.kind),
        "faults": [{"text": choice.fault, "href": "#standard"}] if choice.fault else [],
        "map": reads.read_map(release, choice.service, choice.kind, choice.standard),
        "clusters": read_clusters(release, choice.service, choice.kind),
        "spend": read_budget(release, request, choice.service),
        "may_freeze": has_role(request, MAY_FREEZE),
    }
    return render(request, "priorities/priorities.jinja", context)


@require_safe
def download_priorities(request: HttpRequest) -> HttpResponse:
    """Every ranked community of a choice as CSV."""
    release = current()
    choice = require_choice(release, request)
    communities = reads.describe_communities(release, read_chosen(release, choice).frame)
    rows = [_csv_row(community) for community in communities]
    return table_response(request, f"priorities-{choice.service}-{choice.kind}", _COLUMNS, rows)


@require_safe
def show_areas(request: HttpRequest) -> HttpResponse:
    """The areas to act in first: more deprived than the middle one, and worse than deprivation predicts."""
    release = current()
    choice = require_area_choice(release, request)
    context = {
        "release": release,
        "choice": choice,
        "types": area_reads.area_types(release),
        "indicators": area_reads.rankable(release, choice.area_type) if choice.area_type else {},
        "shown": area_reads.SHOWN,
        "view": area_reads.read_areas(release, choice.indicator, choice.area_type)
        if choice.indicator
        else None,
    }
    return render(request, "priorities/areas.jinja", context)


@require_safe
def download_areas(request: HttpRequest) -> HttpResponse:
    """Every area of a choice, placed or not, as CSV or a workbook."""
    release = current()
    choice = require_area_choice(release, request)
    if not choice.indicator:
        raise Http404
    view = area_reads.read_areas(release, choice.indicator, choice.area_type)
    rows = area_reads.list_csv_rows(view, choice.area_type)
    name = f"priority-areas-{choice.area_type}-{choice.indicator}"
    return table_response(request, name, area_reads.CSV_COLUMNS, rows)


@require_safe
def download_areas_picture(request: HttpRequest, kind: str) -> HttpResponse:
    """The chart of a choice as a file."""
    release = current()
    choice = require_area_choice(release, request)
    view = area_reads.read_areas(release, choice.indicator, choice.area_type) if choice.indicator else None
    if view is None or view.figure is None or kind not in PICTURE_KINDS:
        raise Http404
    return picture_file(release, view.info, view.figure, kind)


def _csv_row(community: reads.Community) -> tuple[object, ...]:
    facts = community.raw | {
        "position": community.position,
        "community": community.name,
        "why": community.why,
        "flagged": community.raw.get("flagged", ""),
        # A count that is not published is a word, never an empty cell that could be taken for zero.
        "eligible": community.raw["eligible"]
        if community.raw["eligible"] is not None
        else community.eligible,
        "reached": community.raw["reached"] if community.raw["reached"] is not None else community.reached,
    }
    return tuple(facts[column] for column in _COLUMNS)
