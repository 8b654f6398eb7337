"""What the silence of the records makes of an indicator."""

from __future__ import annotations

from typing import Any

import pytest

from evenground.indicators.availability import find_unrecorded, find_untold_groups
from tests.spec.specification import definitions, indicator
from tests.spec.test_groups_of_people import with_groups, with_tenure

RECORDED = {("local", "CHECK-2"), ("local", "BP")}


def missing(numerator: dict[str, Any], denominator: dict[str, Any] | None = None) -> tuple[str, ...] | None:
    made = indicator("x", numerator, denominator) if denominator else indicator("x", numerator)
    return find_unrecorded(definitions(made), RECORDED).get("x")


@pytest.mark.parametrize(
    "numerator",
    [
        pytest.param({"feature": "check"}, id="one code of a list is enough"),
        pytest.param({"latest": "pressure", "above": 140}, id="a value that is recorded"),
        pytest.param({"any": [{"feature": "check"}, {"feature": "illness"}]}, id="one of several will do"),
        pytest.param({"all": [{"feature": "check"}, {"not": {"feature": "illness"}}]}, id="silence of a not"),
        pytest.param({"some_of": ["check", "pressure", "illness"], "at_least": 2}, id="two of three will do"),
        pytest.param({"age": {"from": 60}}, id="no record is asked for"),
        pytest.param({"feature": "check", "times": 2, "before_age": 5}, id="days before a birthday"),
    ],
)
def test_records_can_tell(numerator: dict[str, Any]) -> None:
    assert missing(numerator) is None


@pytest.mark.parametrize(
    ("numerator", "names"),
    [
        pytest.param({"feature": "illness"}, ("Illness",), id="no record of anybody"),
        pytest.param(
            {"all": [{"feature": "check"}, {"feature": "illness"}]}, ("Illness",), id="one of all lacks"
        ),
        pytest.param({"not": {"feature": "illness"}}, ("Illness",), id="everybody would be counted"),
        pytest.param({"latest": "smoking", "is": "current"}, ("Smoking",), id="no category of anybody"),
        pytest.param({"count": "admission", "within_months": 12}, ("Admission",), id="a rate without events"),
        pytest.param(
            {"some_of": ["check", "illness", "admission"], "at_least": 2},
            ("Admission", "Illness"),
            id="one of three is too few",
        ),
        pytest.param({"feature": "ill_and_high"}, ("Illness",), id="through a rule"),
    ],
)
def test_records_are_silent(numerator: dict[str, Any], names: tuple[str, ...]) -> None:
    assert missing(numerator) == names


def test_silence_on_a_denominator_counts_too() -> None:
    assert missing({"feature": "check"}, {"feature": "illness"}) == ("Illness",)


def untold(plus: list[dict[str, Any] | None], segments: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    made = with_groups(definitions(indicator("x", {"feature": "check"})), plus, segments)
    return {one.id: names for one, names in find_untold_groups(made, RECORDED).items()}


def test_plus_group_that_nobody_recorded_cannot_be_told() -> None:
    assert untold([{"feature": "illness"}, {"feature": "check"}, {"sex": "female"}], []) == {
        "g0": ("Illness",)
    }


def test_one_segment_that_cannot_be_told_spoils_them_all() -> None:
    assert untold([], [{"feature": "check"}, {"feature": "illness"}]) == {
        "s0": (),
        "s1": ("Illness",),
        "s2": (),
    }


def test_a_part_that_cannot_be_told_spoils_its_own_whole_alone() -> None:
    made = with_groups(definitions(indicator("x", {"feature": "check"})), [], [{"feature": "check"}])
    made = with_tenure(made, {"feature": "illness"})
    untold_ones = find_untold_groups(made, RECORDED)
    assert {one.cut for one in untold_ones} == {"housing_tenure"}
    kept = made.keep_groups([one for one in made.memberships if one not in untold_ones])
    assert [one.id for one in kept.memberships] == ["s0", "s1"]


def test_segments_that_can_all_be_told_are_kept() -> None:
    assert untold([], [{"feature": "check"}, {"sex": "female"}]) == {}


def test_groups_are_kept_by_name_and_segments_whole() -> None:
    made = with_groups(
        definitions(indicator("x", {"feature": "check"})), [{"sex": "female"}, None], [{"sex": "male"}]
    )
    plus_only = made.keep_groups([one for one in made.memberships if one.cut == "plus_group"])
    assert [one.id for one in plus_only.memberships] == ["g0"]
    segments_only = made.keep_groups([one for one in made.memberships if one.cut == "segment"])
    assert [one.id for one in segments_only.memberships] == ["s0", "s1"]
