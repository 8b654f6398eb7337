"""What happens to every answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from evenground.audit_log import LONGEST_FACT, Event
from evenground.errors import ReleaseError
from evenground_web.common import views
from evenground_web.common.reads import current
from evenground_web.common.site_log import note_event

logger = logging.getLogger("django.evenground")

GetResponse = Callable[[HttpRequest], HttpResponse]


def add_permissions_policy(get_response: GetResponse) -> GetResponse:
    """Tell the browser that no page here wants its camera, microphone or whereabouts."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return answer


def log_downloads(get_response: GetResponse) -> GetResponse:
    """A line in the site's log for every file that leaves the site: who, which page's, of which release.

    Only names that the site itself gives are told, never what was typed into an address.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        match = request.resolver_match
        if match and response.headers.get("Content-Disposition", "").startswith("attachment"):
            named = [f"{name} {value}" for name, value in sorted(match.kwargs.items())]
            facts = {"release": current().id, "what": " ".join([match.url_name or "", *named])[:LONGEST_FACT]}
            note_event(
                Event.EXPORTED, by=request.user.get_username() or "somebody not logged in", facts=facts
            )
        return response

    return answer


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
