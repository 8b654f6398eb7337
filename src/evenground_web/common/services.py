"""Services and events that the place lays over its maps: read again whenever their file changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings

from evenground.errors import WorkspaceError
from evenground.geography.services import Service, load_services

Stamp = tuple[int, int]
_NONE: Final[Stamp] = (0, 0)


@dataclass(frozen=True, slots=True)
class Services:
    """What the file holds, and how many faults keep it from being shown; ``stamp`` tells its state."""

    stamp: Stamp
    items: tuple[Service, ...] = ()
    faults: int = 0


NO_SERVICES: Final = Services(_NONE)


def read_services() -> Services:
    """The services of the place; none where it has no file."""
    stamp = stamp_services()
    return _read(Path(settings.EVENGROUND_SERVICES), stamp) if stamp != _NONE else NO_SERVICES


def stamp_services() -> Stamp:
    """When the file was changed, and its size."""
    try:
        facts = Path(settings.EVENGROUND_SERVICES).stat()
    except OSError:
        return _NONE
    return facts.st_mtime_ns, facts.st_size


@lru_cache(maxsize=1)
def _read(path: Path, stamp: Stamp) -> Services:
    try:
        return Services(stamp, load_services(path))
    except WorkspaceError as error:
        return Services(stamp, faults=len(error.faults))
