"""What a budget would buy: a question in an address, so that the answer can be shared."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evenground_web.common.downloads import table_response
from evenground_web.common.reads import current
from evenground_web.common.turns import take_turns
from evenground_web.priorities import reads, spending_reads
from evenground_web.priorities.spending_forms import require_question

_SHOWN: Final = 50


@require_safe
@take_turns
def show_spending(request: HttpRequest) -> HttpResponse:
    """What a budget buys, for whom, and beside what."""
    release = current()
    context: dict[str, object] = {"release": release, "has_offer": spending_reads.has_offer()}
    if context["has_offer"] and spending_reads.services(release):
        question = require_question(release, request)
        choice, fault = question.choice, question.standard.fault
        context |= {
            "choice": choice,
            "standard": question.standard,
            "own_standard": reads.say_standard(release, choice.service),
            "faults": [{"text": fault, "href": "#standard"}] if fault else [],
            "answer": None if fault else spending_reads.read_answer(release, choice),
            "services": spending_reads.services(release),
            "kinds": reads.kinds(release),
            "weights": spending_reads.WEIGHTS,
            "plans": spending_reads.PLANS,
            "groups": spending_reads.GROUPS,
            "tables": [name for name in spending_reads.TABLES if name != "frontier" or choice.fair],
            "shown": _SHOWN,
            "query": question.query,
        }
    return render(request, "priorities/spending.jinja", context)


@require_safe
@take_turns
def download_spending(request: HttpRequest, table: str) -> HttpResponse:
    """A table of the answer as CSV or a workbook."""
    release = current()
    if table not in spending_reads.TABLES or not spending_reads.has_offer():
        raise Http404
    question = require_question(release, request)
    answer = None if question.standard.fault else spending_reads.read_answer(release, question.choice)
    if answer is None or answer.spending is None:
        raise Http404
    frame = getattr(answer.spending, table)
    return table_response(request, f"spending-{table}", frame.columns, frame.rows())
