"""What a budget would buy: a question in an address, so that the answer can be shared."""

from __future__ import annotations

import math
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evenground.releases import Release
from evenground_web.common.downloads import table_response
from evenground_web.common.reads import current
from evenground_web.common.turns import take_turns
from evenground_web.priorities import reads, spending_reads
from evenground_web.priorities.spending_reads import SpendingChoice

_SHOWN: Final = 50
_LONGEST: Final = 500


def require_spending_choice(release: Release, request: HttpRequest) -> SpendingChoice:
    """The choices in the address, or 'page not found' where one of them is none of ours."""
    services, kinds = spending_reads.services(release), reads.kinds(release)
    service = request.GET.get("service") or next(iter(services), "")
    kind = request.GET.get("kind") or next(iter(kinds), "")
    weights = request.GET.get("weights") or "none"
    floors = request.GET.get("floors") or ""
    if service not in services or kind not in kinds or weights not in spending_reads.WEIGHTS:
        raise Http404
    return SpendingChoice(
        service=service,
        kind=kind,
        budget=_read_number(request.GET.get("budget"), 200_000),
        weeks=_read_number(request.GET.get("weeks"), 26),
        weights=weights,
        floors=floors[:_LONGEST],
        fair=request.GET.get("fair") == "yes",
    )


def _read_number(text: str | None, default: float) -> float:
    """A number as people write it; what is none counts as 0, which the answer then refuses in words."""
    if not text:
        return default
    try:
        number = float(text.replace("£", "").replace(",", "").strip())
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


@require_safe
@take_turns
def show_spending(request: HttpRequest) -> HttpResponse:
    """What a budget buys, for whom, and beside what."""
    release = current()
    context: dict[str, object] = {"release": release, "has_offer": spending_reads.has_offer()}
    if context["has_offer"] and spending_reads.services(release):
        choice = require_spending_choice(release, request)
        answer = spending_reads.read_answer(release, choice)
        context |= {
            "choice": choice,
            "answer": answer,
            "services": spending_reads.services(release),
            "kinds": reads.kinds(release),
            "weights": spending_reads.WEIGHTS,
            "plans": spending_reads.PLANS,
            "groups": spending_reads.GROUPS,
            "tables": [name for name in spending_reads.TABLES if name != "frontier" or choice.fair],
            "shown": _SHOWN,
            "query": _make_query(choice),
        }
    return render(request, "priorities/spending.jinja", context)


def _make_query(choice: SpendingChoice) -> dict[str, str]:
    query = {
        "service": choice.service,
        "kind": choice.kind,
        "budget": f"{choice.budget:g}" if choice.budget % 1 else f"{choice.budget:.0f}",
        "weeks": f"{choice.weeks:g}",
        "weights": choice.weights,
    }
    return (
        query
        | ({"floors": choice.floors} if choice.floors else {})
        | ({"fair": "yes"} if choice.fair else {})
    )


@require_safe
@take_turns
def download_spending(request: HttpRequest, table: str) -> HttpResponse:
    """A table of the answer as CSV or a workbook."""
    release = current()
    if table not in spending_reads.TABLES or not spending_reads.has_offer():
        raise Http404
    answer = spending_reads.read_answer(release, require_spending_choice(release, request))
    if answer.spending is None:
        raise Http404
    frame = getattr(answer.spending, table)
    return table_response(request, f"spending-{table}", frame.columns, frame.rows())
