"""What happens to every answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from evenground.audit_log import LONGEST_FACT, Event
from evenground.errors import ReleaseError
from evenground_web.common import views
from evenground_web.common.reads import current
from evenground_web.common.site_log import note_event

logger = logging.getLogger("django.evenground")

_FIGURES: Final = frozenset({"list_values", "list_inequality", "list_rankings", "list_areas"})
"""The addresses for programs whose answers hold figures."""

GetResponse = Callable[[HttpRequest], HttpResponse]


def add_permissions_policy(get_response: GetResponse) -> GetResponse:
    """Tell the browser that no page here wants its camera, microphone or whereabouts."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return answer


def log_downloads(get_response: GetResponse) -> GetResponse:
    """A line in the site's log for every file, and every page of figures for programs, that leaves the site.

    It tells who, which page's and of which release. Only names that the site itself gives are told, never
    what was typed into an address.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        match = request.resolver_match
        if match and (_is_file(response) or _is_figures(match, response)):
            named = [f"{name} {value}" for name, value in sorted(match.kwargs.items())]
            facts = {"release": current().id, "what": " ".join([match.url_name or "", *named])[:LONGEST_FACT]}
            note_event(
                Event.EXPORTED, by=request.user.get_username() or "somebody not logged in", facts=facts
            )
        return response

    return answer


def _is_file(response: HttpResponse) -> bool:
    return response.headers.get("Content-Disposition", "").startswith("attachment")


def _is_figures(match: ResolverMatch, response: HttpResponse) -> bool:
    # An answer that what the program has is still right (304) takes nothing out.
    return match.namespace.startswith("api") and match.url_name in _FIGURES and response.status_code == 200


class ReleaseMiddleware:
    """Where there is no release to show, a page says so and what to run."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on: only exceptions matter here."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a release that is not there or cannot be read."""
        if not isinstance(exception, ReleaseError):
            return None
        logger.warning("%s", exception)
        return views.show_no_release(request)
