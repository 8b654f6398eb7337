"""Pages that belong to no station: errors, accessibility, robots."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evenground.releases import CURRENT
from evenground_web.common.older import list_gone


@require_safe
def show_accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement."""
    return render(request, "common/accessibility.jinja")


@require_safe
def show_robots(request: HttpRequest) -> HttpResponse:
    """Search engines may read the published figures, not the log-in."""
    return HttpResponse("User-agent: *\nDisallow: /account/\n", content_type="text/plain; charset=utf-8")


def show_no_release(request: HttpRequest) -> HttpResponse:
    """Nothing has been released yet, or the release cannot be read."""
    is_empty = not (Path(settings.EVENGROUND_RELEASES) / CURRENT).is_file()
    return render(request, "common/no_release.jinja", {"is_empty": is_empty}, status=503)


def show_forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The account may not do this."""
    return render(request, "common/forbidden.jinja", status=403)


def show_bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The address asks for more than a page can show, or cannot be read."""
    return render(request, "common/bad_request.jinja", status=400)


def show_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that this site did not give out, or that lay open too long."""
    return render(request, "common/stale_form.jinja", status=403)


def show_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """There is no such page, or none any more: an older release may have had it."""
    return render(request, "common/not_found.jinja", {"gone": list_gone(request)}, status=404)


def show_error(request: HttpRequest) -> HttpResponse:
    """Something broke; the page asks nothing of the parts that may be broken."""
    return render(request, "common/error.jinja", status=500)
