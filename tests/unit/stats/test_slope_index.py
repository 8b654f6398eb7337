"""The slope and the relative index of inequality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats import calculate_rii, calculate_sii

values = st.lists(st.floats(1, 100), min_size=5, max_size=5)
populations = st.lists(st.integers(1, 10_000_000), min_size=5, max_size=5)
ONES = np.ones(5)


def test_the_index_is_the_difference_between_the_ends_of_the_weighted_line() -> None:
    value, people = np.array([40.0, 55, 58, 66, 70]), np.array([900.0, 1200, 800, 1500, 600])
    share = people / people.sum()
    rank = np.cumsum(share) - share / 2
    slope, start = np.polyfit(rank, value, 1, w=np.sqrt(share))
    arguments = {"standard_error": ONES, "polarity": "higher_is_better"}
    assert calculate_sii(value, people, **arguments).value == pytest.approx(slope)
    assert calculate_rii(value, people, **arguments).value == pytest.approx((start + slope) / start)


def test_a_gap_against_the_more_deprived_is_positive_whatever_is_good() -> None:
    falling, rising = [30, 25, 20, 15, 10], [10, 15, 20, 25, 30]
    illness = {"polarity": "lower_is_better", "standard_error": ONES}
    uptake = {"polarity": "higher_is_better", "standard_error": ONES}
    assert calculate_sii(falling, ONES, **illness).value == pytest.approx(25)
    assert calculate_sii(rising, ONES, **uptake).value == pytest.approx(25)
    assert calculate_sii(rising, ONES, **illness).value == pytest.approx(-25)
    assert calculate_rii(falling, ONES, **illness).value > 1
    assert calculate_rii(rising, ONES, **uptake).value > 1
    assert calculate_sii(falling, ONES, polarity="none", standard_error=ONES).value == pytest.approx(25)


@given(st.floats(0.1, 100), populations)
def test_equal_values_have_no_gap(value: float, people: list[int]) -> None:
    same = np.full(5, value)
    arguments = {"standard_error": ONES, "polarity": "higher_is_better"}
    assert calculate_sii(same, people, **arguments).value == pytest.approx(0, abs=1e-9 * value)
    assert calculate_rii(same, people, **arguments).value == pytest.approx(1)


@given(values, populations, st.floats(0.01, 100))
def test_the_index_scales_with_its_values(value: list[float], people: list[int], factor: float) -> None:
    sii = calculate_sii(value, people, standard_error=ONES, polarity="lower_is_better")
    scaled = calculate_sii(
        np.array(value) * factor, people, standard_error=ONES * factor, polarity="lower_is_better"
    )
    np.testing.assert_allclose(scaled, np.array(sii) * factor, rtol=1e-6, atol=1e-7 * factor)


@given(values, populations)
def test_swapping_the_ends_swaps_the_sign(value: list[float], people: list[int]) -> None:
    there = calculate_sii(value, people, standard_error=ONES, polarity="lower_is_better")
    back = calculate_sii(value[::-1], people[::-1], standard_error=ONES, polarity="lower_is_better")
    assert back.value == pytest.approx(-there.value, abs=1e-6)
    assert there.lower_cl <= there.value <= there.upper_cl


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    truth = np.array([50.0, 55, 60, 65, 70])
    error = np.array([1.0, 2, 1, 3, 1])
    drawn = truth + rng.normal(0, error, (4_000, 5))
    sii = calculate_sii(drawn, ONES, standard_error=error, polarity="higher_is_better")
    assert 0.94 < np.mean((sii.lower_cl <= 25) & (sii.upper_cl >= 25)) < 0.96


def test_groups_keep_the_order_of_their_rows() -> None:
    value = np.array([10.0, 40, 20, 50, 30, 60])
    sii = calculate_sii(
        value, np.ones(6), standard_error=np.ones(6), polarity="higher_is_better", groups=list("abababab"[:6])
    )
    np.testing.assert_allclose(sii.value, [30, 30])


def test_each_reason_is_told_of_its_own_group() -> None:
    sii = calculate_sii(
        [[1, 2], [1, np.nan], [1, 2]], [[1, 1], [1, 1], [1, 0]], standard_error=np.ones((3, 2)),
        polarity="none",
    )  # fmt: skip
    assert sii.reason.tolist() == ["", "missing", "no_population"]
    alone = calculate_sii([5.0], [1.0], standard_error=[1.0], polarity="none")
    assert alone.reason == "too_few_quantiles"


def test_a_line_that_crosses_zero_has_a_difference_and_no_ratio() -> None:
    arguments = {"standard_error": ONES, "polarity": "higher_is_better"}
    steep = [0, 0, 0, 0, 50]
    assert calculate_sii(steep, ONES, **arguments).reason == ""
    assert calculate_rii(steep, ONES, **arguments).reason == "not_estimable"


def test_an_unknown_polarity_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match='Did you mean "higher_is_better"'):
        calculate_sii(ONES, ONES, standard_error=ONES, polarity="higher_is_good")


def test_a_negative_standard_error_is_named_by_row() -> None:
    with pytest.raises(InputError, match="standard_error is negative in 1 row: row 2"):
        calculate_sii(ONES, ONES, standard_error=[1, 1, -1, 1, 1], polarity="none")
