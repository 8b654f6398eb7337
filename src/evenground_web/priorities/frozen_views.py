"""Freezing a ranking with its reasons, and reading what was frozen. For accounts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from evenground.spending import FIRST
from evenground_web.accounts.forms import list_faults
from evenground_web.accounts.guards import has_role, require_account, require_role
from evenground_web.accounts.roles import MAY_FREEZE
from evenground_web.common.reads import current
from evenground_web.priorities import frozen_reads, reads, writes
from evenground_web.priorities.forms import LONGEST_REASONS, FreezeForm, read_chosen, require_choice
from evenground_web.priorities.what_if import can_flag

_SHOWN = 10


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(*MAY_FREEZE)
def freeze(request: HttpRequest) -> HttpResponse:
    """The ranking that would be frozen, and the reasons for it."""
    release = current()
    choice = require_choice(release, request)
    form = FreezeForm(request.POST or None)
    fault = choice.fault or _find_change(request, release.id)
    if request.method == "POST" and form.is_valid() and not fault:
        frozen = writes.freeze_ranking(
            release=release,
            choice=choice,
            account=require_account(request),
            title=form.cleaned_data["title"],
            reasons=form.cleaned_data["reasons"],
        )
        messages.success(request, "The ranking is frozen. Nobody can change it from now on.")
        return redirect("priorities:frozen", frozen.pk)
    valued = read_chosen(release, choice)
    ranked = valued.frame
    context = {
        "release": release,
        "choice": choice,
        "service_name": reads.services(release).get(choice.service, ""),
        "kind_name": reads.kinds(release).get(choice.kind, ""),
        "flags": reads.FLAGS[choice.flags] if can_flag(ranked) else "",
        "order_name": reads.ORDERS[choice.order],
        "standard": choice.typed or reads.say_standard(release, choice.service),
        "communities": reads.describe_communities(release, ranked.head(_SHOWN)),
        "total": ranked.height,
        "valued": valued,
        "first": FIRST,
        "form": form,
        "longest": LONGEST_REASONS,
        "faults": [*list_faults(form), *([{"text": fault, "href": "#ranking"}] if fault else [])],
    }
    return render(request, "priorities/freeze.jinja", context)


def _find_change(request: HttpRequest, release_id: str) -> str:
    """Whether another release became current since the form was opened."""
    if request.method != "POST" or request.POST.get("release") == release_id:
        return ""
    return "The figures changed since you opened this page. Look at the ranking below before you freeze it."


@require_safe
@require_role()
def list_frozen(request: HttpRequest) -> HttpResponse:
    """Every frozen ranking."""
    context = {"records": frozen_reads.list_frozen(), "may_freeze": has_role(request, MAY_FREEZE)}
    return render(request, "priorities/frozen_list.jinja", context)


@require_safe
@require_role()
def show_frozen(request: HttpRequest, record: int) -> HttpResponse:
    """One frozen ranking as it was."""
    return render(request, "priorities/frozen.jinja", {"record": frozen_reads.require_frozen(record)})
