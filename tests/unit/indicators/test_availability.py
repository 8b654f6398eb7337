"""What the silence of the records makes of an indicator."""

from __future__ import annotations

from typing import Any

import pytest

from evenground.indicators.availability import find_unrecorded
from tests.spec.specification import definitions, indicator

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
