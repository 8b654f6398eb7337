"""What happens to every answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from evenground.errors import ReleaseError
from evenground_web.common import views

logger = logging.getLogger("django.evenground")

GetResponse = Callable[[HttpRequest], HttpResponse]


def add_permissions_policy(get_response: GetResponse) -> GetResponse:
    """Tell the browser that no page here wants its camera, microphone or whereabouts."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
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
