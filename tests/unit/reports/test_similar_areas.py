"""Areas like an area, by deprivation."""

from __future__ import annotations

import pytest

from evenground.reports.priority_areas import find_deprivation
from evenground.reports.similar_areas import find_similar
from evenground.reports.subjects import find_area
from evenground.vocabulary import AreaType
from tests.support.release_factory import PLACE


@pytest.mark.parametrize("kind", ["lsoa", "msoa"])
def test_no_other_area_of_its_kind_is_nearer(release, kind):
    levels = find_deprivation(release, AreaType(kind))
    for code, own in levels.items():
        similar = find_similar(release, find_area(release, f"{kind}:{code}"), most=2)
        distances = [abs(levels[one.area_code] - own) for one in similar]
        rest = levels.keys() - {code} - {one.area_code for one in similar}
        assert len(similar) == 2
        assert distances == sorted(distances)
        assert all(abs(levels[other] - own) >= distances[-1] for other in rest)


def test_an_area_without_deprivation_of_its_own_has_none(release):
    place = find_area(release, f"place:{PLACE}")
    assert place is not None
    assert find_similar(release, place) == ()
