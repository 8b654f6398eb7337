"""Policies: what they say, and what they refuse."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from evenground.disclosure import load_policy, policy_names
from evenground.disclosure.policies import Policy
from evenground.errors import DisclosureError


def test_the_shipped_policies_load_and_say_themselves_in_words():
    for name in policy_names():
        policy = load_policy(name, for_release=False)
        assert policy.id == name
        assert policy.words
        assert policy.source


def test_a_policy_without_suppression_cannot_make_a_release():
    with pytest.raises(DisclosureError, match="only be used inside the secure zone"):
        load_policy("none")


def test_an_unknown_policy_names_the_nearest_right_one():
    with pytest.raises(DisclosureError, match='Did you mean "nhs-7-5"'):
        load_policy("nhs-75")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"suppress_to": 0}, "must suppress some counts"),
        ({"round_to": 20}, "turn counts that are not suppressed into 0"),
        ({"suppress_from": 0}, "greater than or equal to 1"),
        ({"rounding": 5}, "Extra inputs"),
    ],
)
def test_contradictory_rules_are_refused(change, message):
    rules = load_policy("nhs-7-5").model_dump() | change
    with pytest.raises(ValidationError, match=message):
        Policy.model_validate(rules)
