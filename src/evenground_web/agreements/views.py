"""The page of data-sharing agreements."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from evenground.reports.flows import draw_flows
from evenground_web.agreements import reads
from evenground_web.common.reads import current


@require_safe
def show_agreements(request: HttpRequest) -> HttpResponse:
    """Who gives what to whom, what ends soon, and what would go dark."""
    release = current()
    shown = reads.list_agreements(release, timezone.localdate())
    context = {
        "release": release,
        "agreements": shown,
        "soon": [one for one in shown if one.ends_soon],
        "overdue": [one for one in shown if one.is_review_due],
        "flows": draw_flows(release.agreements, "flows") if shown else None,
    }
    return render(request, "agreements/agreements.jinja", context)
