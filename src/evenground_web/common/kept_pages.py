"""Finished pages of a release, kept for readers who have not logged in.

A release never changes, so a page that rests on a release, the services laid over its maps and its address
alone is made once. Whoever
carries a session or a message gets a page of their own each time, which is not kept: what one role may see is
never mixed with what another may. The key names both, so that a newly released or withdrawn one is seen
at once. Pages stand compressed, in memory only, and the longest unread go when there are too many.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers

from evenground_web.common.reads import current
from evenground_web.common.services import stamp_services

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
_Key = tuple[str, str]

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of compressed pages, in each process: a thousand large ones."""

_LEVEL: Final = 3
"""A page of 0.6 MB in 5 ms, to a tenth of its size; more levels take longer and save little."""

_OVERHEAD: Final = 500
"""Bytes of a kept page beside its text and address, about."""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it goes out: its compressed text, the text's kind, and its mark for 'has it changed?'."""

    text: bytes
    kind: str
    etag: str


class KeptPages:
    """Pages by release and address, up to so many bytes.

    Parameters
    ----------
    most_bytes
        The compressed texts with their addresses together take no more.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._pages: OrderedDict[_Key, KeptPage] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pages)

    def get(self, key: _Key) -> KeptPage | None:
        """A page, which counts as read now."""
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def keep(self, key: _Key, page: KeptPage) -> None:
        """Keep a page, in the place of those that nobody has read for longest."""
        with self._lock:
            if key not in self._pages:
                self._pages[key] = page
                self._bytes += _size(key, page)
            while self._bytes > self.most_bytes:
                self._bytes -= _size(*self._pages.popitem(last=False))

    def clear(self) -> None:
        """Forget every page."""
        with self._lock:
            self._pages.clear()
            self._bytes = 0


kept_pages: Final = KeptPages(MOST_BYTES)

_making: Final = tuple(threading.Lock() for _ in range(64))
"""Of many who ask for the same new page at once, one makes it and the others wait for that."""


def keep_page(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> View[P]:
    """A view whose page rests on the current release and its address alone, for whoever has not logged in."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method != "GET" or _is_known(request):
            response = view(request, *args, **kwargs)
            patch_cache_control(response, private=True, no_cache=True)
            return response
        key = (_name_content(), request.get_full_path())
        page = kept_pages.get(key)
        if page is not None:
            return _respond(request, page)
        with _making[hash(key) % len(_making)]:
            page = kept_pages.get(key)
            if page is None:
                response = view(request, *args, **kwargs)
                if not _is_for_everybody(request, response) or _is_outdated(key):
                    return response
                page = _make_page(response)
                kept_pages.keep(key, page)
        return _respond(request, page)

    return answer


def _is_outdated(key: _Key) -> bool:
    """Whether another release came while the page was made, or other services for its map."""
    return key[0] != _name_content()


def _name_content() -> str:
    return f"{current().id} {stamp_services()}"


def _is_known(request: HttpRequest) -> bool:
    """Whether the page may hold something of whoever asks: a name, a form's key, a message."""
    return bool({settings.SESSION_COOKIE_NAME, "messages"} & request.COOKIES.keys())


def _is_for_everybody(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        # Set where the page holds a form that only its own reader may send.
        and not request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
    )


def _make_page(response: HttpResponse) -> KeptPage:
    digest = hashlib.sha256(response.content).hexdigest()[:32]
    text = gzip.compress(response.content, _LEVEL, mtime=0)
    # Weak, because the same mark goes with the compressed text and with the plain one.
    return KeptPage(text, response.headers["Content-Type"], f'W/"{digest}"')


def _respond(request: HttpRequest, page: KeptPage) -> HttpResponse:
    if _takes_gzip(request):
        response = HttpResponse(page.text, content_type=page.kind, headers={"Content-Encoding": "gzip"})
    else:
        response = HttpResponse(gzip.decompress(page.text), content_type=page.kind)
    response.headers["ETag"] = page.etag
    patch_cache_control(response, public=True, no_cache=True)
    patch_vary_headers(response, ["Accept-Encoding", "Cookie"])
    return get_conditional_response(request, etag=page.etag, response=response) or response


def _takes_gzip(request: HttpRequest) -> bool:
    offered = [part.replace(" ", "") for part in request.headers.get("Accept-Encoding", "").split(",")]
    return any(one == "gzip" or (one.startswith("gzip;q=") and one != "gzip;q=0") for one in offered)


def _size(key: _Key, page: KeptPage) -> int:
    return len(page.text) + len(key[1]) + _OVERHEAD
