"""Long work in turns: one request at a time works, one waits, and others are asked to come again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

RETRY_AFTER: Final = 10
_working = threading.Lock()
seats = threading.BoundedSemaphore(2)
"""What takes seconds of a core: one is worked on and one waits, so that pages still have a thread."""


def take_turns(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose work takes seconds, in turn with all others of its kind."""

    @wraps(view)
    def answer(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not seats.acquire(blocking=False):
            busy = render(request, "common/busy.jinja", status=503)
            busy["Retry-After"] = str(RETRY_AFTER)
            return busy
        try:
            with _working:
                return view(request, *args, **kwargs)
        finally:
            seats.release()

    return answer
