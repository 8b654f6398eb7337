"""Means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.means import calculate_mean

samples = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


def test_the_mean_gives_students_published_limits() -> None:
    # Student. Biometrika 1908;6:1-25, Illustration I: the hours of sleep gained by ten patients, mean 1.58.
    # Textbooks and R's t.test give its 95 % interval as 0.7001142 to 2.4598858.
    value, lower, upper = calculate_mean([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
    assert [round(float(part), 7) for part in (value, lower, upper)] == [1.58, 0.7001142, 2.4598858]


@settings(deadline=None)
@given(samples)
def test_a_higher_level_holds_a_lower_one_and_both_the_mean(values: list[float]) -> None:
    ours = calculate_mean(values, confidence_level=[0.95, 0.998])
    assert ours.lower_cl[1] <= ours.lower_cl[0] <= ours.value[0] <= ours.upper_cl[0] <= ours.upper_cl[1]


@settings(deadline=None)
@given(samples, st.floats(0.01, 100), st.floats(-1e6, 1e6))
def test_the_mean_moves_and_scales_with_its_values(values: list[float], factor: float, away: float) -> None:
    there, back = calculate_mean(values), calculate_mean(np.array(values) * factor + away)
    slack = 1e-9 * (1 + np.abs(values).max() * factor + abs(away))
    np.testing.assert_allclose(back, np.array(there) * factor + away, rtol=1e-9, atol=30 * slack)
    np.testing.assert_allclose(back.standard_error, there.standard_error * factor, rtol=1e-6, atol=slack)


@settings(deadline=None)
@given(samples, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_way_they_are_grouped_matters(values: list[float], random) -> None:
    values = [*values, *values[:2]]
    labels = np.array([place % 2 for place in range(len(values))])
    order = np.array(random.sample(range(len(values)), len(values)))
    numbers = np.array(values)
    by_label = calculate_mean(numbers[order], groups=labels[order])
    halves = [calculate_mean(numbers[labels == label]) for label in (0, 1)]
    for part in range(3):
        np.testing.assert_allclose(by_label[part], [half[part] for half in halves], rtol=1e-9, atol=1e-6)


def test_a_table_offsets_and_labels_say_the_same() -> None:
    table = np.random.default_rng(3).normal(5, 2, (4, 6))
    by_table = calculate_mean(table)
    np.testing.assert_allclose(
        calculate_mean(table.ravel(), offsets=[0, 6, 12, 18, 24]), by_table, rtol=1e-14
    )
    by_label = calculate_mean(table.T.ravel(), groups=np.tile(np.arange(4), 6))
    np.testing.assert_allclose(by_label, by_table, rtol=1e-14)


def test_equal_values_differ_by_nothing_at_all() -> None:
    ours = calculate_mean([[0.1] * 7, [1e15 + 0.25] * 7])
    np.testing.assert_array_equal(ours.value, [0.1, 1e15 + 0.25])
    np.testing.assert_array_equal(ours.lower_cl, ours.upper_cl)
    assert ours.standard_error.tolist() == [0, 0]


def test_values_far_from_zero_keep_their_spread() -> None:
    near = calculate_mean([1.0, 2.0, 4.0])
    far = calculate_mean(np.array([1.0, 2.0, 4.0]) + 1e12)
    assert far.standard_error == pytest.approx(near.standard_error, rel=1e-12)


def test_a_single_value_is_its_own_mean_without_an_interval() -> None:
    ours = calculate_mean([4.0, 5.0, 6.0], groups=["a", "b", "b"])
    assert ours.value.tolist() == [4.0, 5.5]
    assert ours.reason.tolist() == ["", ""]
    assert np.isnan(ours.lower_cl).tolist() == np.isnan(ours.upper_cl).tolist() == [True, False]
    assert np.isnan(ours.standard_error).tolist() == [True, False]


def test_each_reason_is_told_of_its_own_group() -> None:
    ours = calculate_mean([1, np.nan, 3, 4, 5], offsets=[0, 3, 3, 5])
    assert ours.reason.tolist() == ["missing", "too_few_values", ""]
    assert ours.value[2] == 4.5
    assert calculate_mean([]).reason == "too_few_values"


def test_levels_may_differ_between_groups() -> None:
    values = [1, 2, 3, 4, 6, 8]
    ours = calculate_mean(values, groups=list("aaabbb"), confidence_level=[0.9, 0.998])
    for place, level in enumerate((0.9, 0.998)):
        alone = calculate_mean(values[3 * place : 3 * place + 3], confidence_level=level)
        assert ours.lower_cl[place] == pytest.approx(float(alone.lower_cl))


def test_an_infinite_value_is_named_by_row() -> None:
    with pytest.raises(InputError, match="values is infinite in 1 row: row 1"):
        calculate_mean([1, -np.inf])
    with pytest.raises(InputError, match="groups has no label in 1 row: row 1"):
        calculate_mean([1, 2], groups=["a", None])


def test_whole_numbers_do_not_overflow_and_arrays_are_left_alone() -> None:
    values = np.full((2, 9), 2_000_000_000, np.int32)
    values.setflags(write=False)
    assert calculate_mean(values[:, ::2]).value.tolist() == [2e9, 2e9]
    floats = np.arange(6.0)
    calculate_mean(floats)
    assert floats.tolist() == [0, 1, 2, 3, 4, 5]
