"""Shares and crude rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats import calculate_crude_rate, calculate_proportion


def test_an_estimate_unpacks_as_value_and_limits() -> None:
    value, lower, upper = calculate_proportion(65, 100, multiplier=100)
    assert value == 65.0
    assert lower < value < upper


def test_a_multiplier_scales_all_three() -> None:
    share, percentage = calculate_proportion(3, 8), calculate_proportion(3, 8, multiplier=100)
    np.testing.assert_allclose(percentage, np.array(share) * 100)


def test_a_group_without_people_has_a_reason_and_the_others_their_figures() -> None:
    rate = calculate_crude_rate([5, 2, np.nan], [100, 0, 100])
    assert rate.reason.tolist() == ["", "no_population", "missing"]
    assert np.isnan(rate.value).tolist() == [False, True, True]
    assert np.isnan(rate.upper_cl).tolist() == [False, True, True]


def test_events_may_outnumber_the_people_they_happen_to() -> None:
    assert calculate_crude_rate(150, 100, multiplier=1).value == 1.5


def test_a_share_of_more_than_everybody_is_refused() -> None:
    with pytest.raises(InputError, match="above the denominator"):
        calculate_proportion(150, 100)


def test_a_rate_of_no_events_starts_at_zero() -> None:
    rate = calculate_crude_rate(0, 1_000, multiplier=1_000)
    assert (rate.value, rate.lower_cl) == (0.0, 0.0)
    assert rate.upper_cl == pytest.approx(3.6889, abs=1e-4)


def test_several_confidence_levels_come_along_an_axis() -> None:
    rate = calculate_crude_rate([5, 50], 1_000, confidence_level=[[0.95], [0.998]])
    assert rate.value.shape == rate.lower_cl.shape == (2, 2)
    assert (rate.lower_cl[1] < rate.lower_cl[0]).all()


def test_no_rows_give_no_rows() -> None:
    assert calculate_proportion([], []).value.shape == (0,)


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_a_rate_lies_within_its_limits(count: int, population: int) -> None:
    value, lower, upper = calculate_crude_rate(count, population)
    assert lower <= value < upper
