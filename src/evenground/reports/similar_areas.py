"""Areas like an area: those of its kind that stand nearest to it in deprivation."""

from __future__ import annotations

from typing import Final

from evenground.releases import Release
from evenground.reports.priority_areas import find_deprivation
from evenground.reports.subjects import Area, find_area
from evenground.vocabulary import AreaType

MOST_SIMILAR: Final = 5
"""As many as stand beside the area itself in a comparison."""


def find_similar(release: Release, area: Area, *, most: int = MOST_SIMILAR) -> tuple[Area, ...]:
    """The areas of the same kind nearest in deprivation, the nearest first.

    What differs between them is less likely to be deprivation. None for kinds of area that have no
    deprivation of their own (practices and their networks), or where it is not known.
    """
    levels = find_deprivation(release, AreaType(area.area_type))
    own = levels.pop(area.area_code, None)
    if own is None:
        return ()
    nearest = sorted(levels, key=lambda code: (abs(levels[code] - own), code))[:most]
    found = (find_area(release, f"{area.area_type}:{code}") for code in nearest)
    return tuple(one for one in found if one is not None)
