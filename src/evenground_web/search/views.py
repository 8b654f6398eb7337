"""The search over a release."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evenground_web.common.reads import current
from evenground_web.search import reads

_LONGEST = 200


@require_safe
def show_search(request: HttpRequest) -> HttpResponse:
    """What is found for the words in the address, by kind; without words, what can be searched."""
    query = " ".join(request.GET.get("q", "")[:_LONGEST].split())
    kind = request.GET.get("kind", "")
    if kind and kind not in reads.KINDS:
        raise Http404
    release = current()
    context = {
        "release": release,
        "searched": query,
        "kind": kind,
        "results": reads.search(release, query, kind) if query else None,
    }
    return render(request, "search/search.jinja", context)
