"""Shares and crude rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.intervals import (
    calculate_byars_interval,
    calculate_exact_poisson_interval,
    calculate_poisson_interval,
)
from evenground.stats.proportions_and_rates import calculate_crude_rate, calculate_proportion

BOTH = pytest.mark.parametrize("calculate", [calculate_proportion, calculate_crude_rate])
pairs = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 500)).map(sorted), min_size=1, max_size=30)


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


@BOTH
def test_rows_are_summed_within_their_group_first(calculate) -> None:
    ours = calculate([20, 3, 45, 9], [40, 10, 60, 20], groups=["b", "a", "b", "a"], multiplier=100)
    together = calculate([12, 65], [30, 100], multiplier=100)
    np.testing.assert_array_equal(ours, together)
    np.testing.assert_array_equal(ours.standard_error, together.standard_error)


@BOTH
def test_a_missing_row_takes_the_figure_of_its_own_group_only(calculate) -> None:
    ours = calculate([np.nan, 5, 3, 4], [10, 10, 10, np.nan], offsets=[0, 1, 2, 2, 3, 4])
    assert ours.reason.tolist() == ["missing", "", "no_population", "", "missing"]
    assert np.isnan(ours.value).tolist() == [True, False, True, False, True]
    assert np.isnan(ours.standard_error).tolist() == [True, False, True, False, True]


@BOTH
@given(pairs, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_way_they_are_grouped_matters(calculate, rows, random) -> None:
    count, people = np.array(rows, float).T
    labels = np.array([random.randrange(4) for _ in rows])
    order = np.argsort(labels, kind="stable")
    shuffled = np.array(random.sample(range(len(rows)), len(rows)))
    _, starts = np.unique(labels[order], return_index=True)
    by_label = calculate(count, people, groups=labels)
    other = calculate(count[shuffled], people[shuffled], groups=labels[shuffled].astype(str))
    by_offset = calculate(count[order], people[order], offsets=[*starts, len(rows)])
    np.testing.assert_array_equal(by_label, other)
    np.testing.assert_array_equal(by_label, by_offset)


@BOTH
@given(pairs)
def test_a_higher_level_holds_a_lower_one_and_both_the_value(calculate, rows) -> None:
    count, people = np.array(rows, float).T
    ours = calculate(count, people, confidence_level=[[0.95], [0.998]])
    assert (ours.lower_cl[1] <= ours.lower_cl[0]).all()
    assert (ours.lower_cl[0] <= ours.value[0]).all()
    assert (ours.value[0] <= ours.upper_cl[0]).all()
    assert (ours.upper_cl[0] <= ours.upper_cl[1]).all()


@BOTH
@given(pairs, st.sampled_from([100.0, 1_000.0, 0.5]))
def test_a_multiplier_scales_every_part(calculate, rows, per: float) -> None:
    count, people = np.array(rows, float).T
    one, many = calculate(count, people, multiplier=1), calculate(count, people, multiplier=per)
    np.testing.assert_allclose(many, np.array(one) * per, rtol=1e-14)
    np.testing.assert_allclose(many.standard_error, one.standard_error * per, rtol=1e-14)


@BOTH
@given(pairs, st.integers(2, 1_000))
def test_a_larger_population_with_the_same_share_has_a_smaller_error(calculate, rows, times: int) -> None:
    count, people = np.array(rows, float).T
    one, many = calculate(count, people), calculate(count * times, people * times)
    np.testing.assert_allclose(many.value, one.value, rtol=1e-14)
    np.testing.assert_allclose(many.standard_error, one.standard_error / np.sqrt(times), rtol=1e-12)
    assert (many.upper_cl <= one.upper_cl).all()


def test_the_standard_errors_are_those_of_a_share_and_of_a_count() -> None:
    assert calculate_proportion(20, 100, multiplier=100).standard_error == pytest.approx(4.0)
    assert calculate_crude_rate(25, 1_000, multiplier=1_000).standard_error == pytest.approx(5.0)
    assert calculate_proportion([0, 9], [9, 9]).standard_error.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("method", "interval"),
    [
        ("exact_below_10", calculate_poisson_interval),
        ("exact", calculate_exact_poisson_interval),
        ("byar", calculate_byars_interval),
    ],
)
def test_a_rate_takes_the_interval_that_is_asked_for(method: str, interval) -> None:
    count = np.array([0, 4, 10, 2_000])
    rate = calculate_crude_rate(count, 1_000, multiplier=1_000, method=method)
    np.testing.assert_allclose([rate.lower_cl, rate.upper_cl], interval(count), rtol=1e-14)


def test_an_unknown_method_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match='Did you mean "byar"'):
        calculate_crude_rate(5, 100, method="byars")


@BOTH
@pytest.mark.parametrize("per", [0, -100, np.nan, [1, 0]])
def test_a_multiplier_of_nothing_or_less_is_refused(calculate, per) -> None:
    with pytest.raises(InputError, match="multiplier must be above 0"):
        calculate([5, 5], [100, 100], multiplier=per)


def test_a_row_above_its_denominator_is_refused_even_where_its_group_is_not() -> None:
    with pytest.raises(InputError, match="above the denominator in 1 row: row 0"):
        calculate_proportion([12, 1], [10, 20], groups=["a", "a"])


def test_a_value_is_as_exact_as_a_division_can_be() -> None:
    assert calculate_crude_rate(9, 1_000).value == 900.0
    assert calculate_proportion(7, 25, multiplier=100).value == 28.0


@BOTH
def test_national_whole_numbers_do_not_overflow_and_arrays_are_left_alone(calculate) -> None:
    people = np.full((3, 8), 57_000_000, np.int32)
    people.setflags(write=False)
    ours = calculate((people // 2)[:, ::2].ravel(), people[:, ::2].ravel(), groups=np.repeat([1, 2], 6))
    assert (ours.value == calculate(1, 2).value).all()
    assert (people == 57_000_000).all()
