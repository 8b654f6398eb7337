"""Services and events laid over a map of a page: whether they are asked for, and each in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from evenground.releases import Release
from evenground.reports.services_map import ServiceRow, list_services, say_services
from evenground_web.common.services import NO_SERVICES, Services, read_services
from evenground_web.profiles.reads.choices import ReleaseKey

SHOWN = "services"
"""What an address asks for under ``show``."""


@dataclass(frozen=True, slots=True)
class MapServices:
    """What a page tells of services: how many there are, and, where they are asked for, each of them."""

    total: int
    faults: int
    is_shown: bool
    on_map: Services = NO_SERVICES
    rows: tuple[ServiceRow, ...] = ()

    @property
    def summary(self) -> str:
        """How many are on the map."""
        return say_services(self.rows)


def find_map_services(release: Release, show: str, area_type: str) -> MapServices:
    """The services of the place for a map of areas of a type, listed where ``show`` asks for them."""
    services = read_services()
    is_shown = show == SHOWN and bool(services.items or services.faults)
    if not is_shown or services.faults:
        return MapServices(len(services.items), services.faults, is_shown)
    rows = _list(ReleaseKey(release), area_type, services)
    return MapServices(len(services.items), 0, True, services, rows)


@lru_cache(maxsize=8)
def _list(key: ReleaseKey, area_type: str, services: Services) -> tuple[ServiceRow, ...]:
    return tuple(list_services(key.release, area_type, services.items))
