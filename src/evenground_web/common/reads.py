"""The release that the site shows."""

from __future__ import annotations

import threading
from pathlib import Path

from django.conf import settings

from evenground.releases import CURRENT, Release, current_release

_lock = threading.Lock()
_held: tuple[tuple[str, str], Release] | None = None


def current() -> Release:
    """The current release, kept until another becomes current.

    Raises
    ------
    ReleaseError
        Where nothing has been released yet, or what was cannot be read.
    """
    global _held
    folder = Path(settings.EVENGROUND_RELEASES)
    pointer = folder / CURRENT
    if not pointer.is_file():
        return current_release(folder)
    key = (str(folder), pointer.read_text(encoding="utf-8").strip())
    with _lock:
        if _held is None or _held[0] != key:
            _held = (key, current_release(folder))
        return _held[1]
