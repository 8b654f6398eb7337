"""Long work in turns: one request at a time works, one waits, and others are asked to come again.

The turns are locks on files, so that they hold among all processes of a site; a process that ends, however
it ends, leaves its lock.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, wraps
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

RETRY_AFTER: Final = 10
SEATS: Final = ("seat-1", "seat-2")
"""What takes seconds of a core: one is worked on and one waits, so that pages still have a thread."""

_WORKING: Final = "working"


def take_turns(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view whose work takes seconds, in turn with all others of its kind."""

    @wraps(view)
    def answer(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        with ExitStack() as held:
            if not any(_take(held, seat) for seat in SEATS):
                busy = render(request, "common/busy.jinja", status=503)
                busy["Retry-After"] = str(RETRY_AFTER)
                return busy
            held.enter_context(_locked(_WORKING, fcntl.LOCK_EX))
            return view(request, *args, **kwargs)

    return answer


def _take(held: ExitStack, seat: str) -> bool:
    with suppress(BlockingIOError):
        held.enter_context(_locked(seat, fcntl.LOCK_EX | fcntl.LOCK_NB))
        return True
    return False


@contextmanager
def _locked(name: str, how: int) -> Iterator[None]:
    # A lock belongs to one opening of a file, so it parts threads as it parts processes.
    descriptor = os.open(turns_folder() / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def turns_folder() -> Path:
    """Where the locks are: beside the database, or by themselves where there is none."""
    if not settings.EVENGROUND_TURNS:
        return _folder_of_this_process()
    folder = Path(settings.EVENGROUND_TURNS)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@cache
def _folder_of_this_process() -> Path:
    return Path(tempfile.mkdtemp(prefix="evenground-turns-"))
