"""One community by its own address, and as a page of paper."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from evenground_web.common.reads import current
from evenground_web.priorities.community_reads import read_community, say_clusters_of
from evenground_web.priorities.worth_reads import describe_evidence


@require_safe
def show_community(request: HttpRequest, kind: str, code: str, group: str = "") -> HttpResponse:
    """Who misses what in a community, and why here."""
    return _render(request, "priorities/community.jinja", kind, code, group)


@require_safe
def show_brief(request: HttpRequest, kind: str, code: str, group: str = "") -> HttpResponse:
    """The same on one page of paper."""
    return _render(request, "priorities/brief.jinja", kind, code, group)


def _render(request: HttpRequest, template: str, kind: str, code: str, group: str) -> HttpResponse:
    release = current()
    view = read_community(release, kind, code, group)
    context = {
        "release": release,
        "view": view,
        "clusters": say_clusters_of(view),
        "evidence": describe_evidence(view.evidence, timezone.localdate()),
    }
    return render(request, template, context)
