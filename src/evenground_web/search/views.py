"""The search over a release."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from evenground.geography.postcodes import Postcode, parse_postcode
from evenground_web.common.reads import current
from evenground_web.search import reads
from evenground_web.search.postcodes import answer_postcode

_LONGEST = 200


# Nothing changes by a search, so the form needs no key of its reader's own, and a kept page can hold it.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def show_search(request: HttpRequest) -> HttpResponse:
    """What is found for some words, by kind; without words, what can be searched.

    The form sends its words by POST. They go on into an address that can be shared, unless they are a whole
    postcode: that is answered at once, so that it stands in no address, and browsers are to keep nothing.
    """
    is_sent = request.method == "POST"
    query = " ".join((request.POST if is_sent else request.GET).get("q", "")[:_LONGEST].split())
    postcode = parse_postcode(query)
    if postcode is not None and postcode.is_whole:
        return _show_postcode(request, query, postcode)
    if is_sent:
        return redirect(f"{reverse('search:search')}?{urlencode({'q': query})}")
    kind = request.GET.get("kind", "")
    if kind and kind not in reads.KINDS:
        raise Http404
    release = current()
    context = {
        "release": release,
        "searched": query,
        "kind": kind,
        "postcode": answer_postcode(release, postcode) if postcode else None,
        "results": reads.search(release, query, kind) if query else None,
    }
    return render(request, "search/search.jinja", context)


@never_cache
def _show_postcode(request: HttpRequest, query: str, postcode: Postcode) -> HttpResponse:
    release = current()
    context = {
        "release": release,
        "searched": query,
        "is_postcode": True,
        "postcode": answer_postcode(release, postcode),
    }
    return render(request, "search/search.jinja", context)
