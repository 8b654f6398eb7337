"""What the layout of every page needs to know."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from evenground.errors import ReleaseError
from evenground_web.common.older import address_with_release, find_older
from evenground_web.common.reads import current

_SECTIONS = (
    ("profiles:profiles", "Profiles"),
    ("priorities:priorities", "Priorities"),
    ("profiles:about", "About the data"),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """The manifest of the current release (``None`` without one) and the menu."""
    try:
        manifest = current().manifest
    except ReleaseError:
        manifest = None
    shown = manifest.release_id if manifest else ""
    return {
        "manifest": manifest,
        "navigation": _navigation(request),
        "older": find_older(request, shown) if shown else None,
        "address_with_release": address_with_release(request, shown) if shown else "",
    }


def _navigation(request: HttpRequest) -> list[dict[str, Any]]:
    items = []
    for name, text in _SECTIONS:
        href = reverse(name)
        items.append({"href": href, "text": text, "current": request.path == href})
        items[-1]["active"] = request.path.startswith(href)
    return items
