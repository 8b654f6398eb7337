"""How unevenly a figure is spread over all subgroups."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.disproportionality import (
    calculate_between_group_standard_deviation,
    calculate_between_group_variance,
    calculate_coefficient_of_variation,
    calculate_index_of_disparity,
    calculate_mean_difference_from_best,
    calculate_mean_difference_from_mean,
    calculate_mean_difference_from_reference,
    calculate_mean_log_deviation,
    calculate_theil_index,
)
from evenground.stats.estimates import Estimate

Measure = Callable[..., Estimate]
best = partial(calculate_mean_difference_from_best, polarity="higher_is_better")
best_unweighted = partial(best, weighted=False)
from_last = partial(calculate_mean_difference_from_reference, reference=-1)
RELATIVE: list[Measure] = [
    calculate_theil_index, calculate_mean_log_deviation, calculate_coefficient_of_variation,
    calculate_index_of_disparity, partial(calculate_index_of_disparity, weighted=False),
]  # fmt: skip
ABSOLUTE: list[Measure] = [
    calculate_between_group_standard_deviation, calculate_mean_difference_from_mean, best, from_last,
    partial(calculate_mean_difference_from_mean, weighted=False), best_unweighted,
]  # fmt: skip
WEIGHTED: list[Measure] = [
    *RELATIVE[:4], *ABSOLUTE[:4], calculate_between_group_variance,
]  # fmt: skip
ALL: list[Measure] = [*RELATIVE, *ABSOLUTE, calculate_between_group_variance]

values = st.lists(st.floats(1, 99), min_size=4, max_size=4)
people = st.lists(st.integers(10, 10_000_000), min_size=4, max_size=4)
ERROR = np.array([1.0, 0.5, 2.0, 1.5])
quick = settings(deadline=None, max_examples=25)
analytic: Any = {"interval": "analytic"}


def test_the_measures_are_what_their_definitions_say() -> None:
    y, w = np.array([50.0, 60, 90]), np.array([0.2, 0.5, 0.3])
    mean = y @ w
    expected = {
        calculate_theil_index: 1000 * w @ (y / mean * np.log(y / mean)),
        calculate_mean_log_deviation: -1000 * w @ np.log(y / mean),
        calculate_between_group_variance: w @ (y - mean) ** 2,
        calculate_between_group_standard_deviation: np.sqrt(w @ (y - mean) ** 2),
        calculate_coefficient_of_variation: 100 * np.sqrt(w @ (y - mean) ** 2) / mean,
        calculate_mean_difference_from_mean: w @ abs(y - mean),
        calculate_index_of_disparity: 100 * w @ abs(y - mean) / mean,
        best: w @ abs(y - 90),
        partial(calculate_mean_difference_from_best, polarity="lower_is_better"): w @ abs(y - 50),
        partial(calculate_mean_difference_from_reference, reference=1): w @ abs(y - 60),
        partial(calculate_mean_difference_from_mean, weighted=False): np.mean(abs(y - mean)),
        partial(calculate_mean_difference_from_mean, mean=70): w @ abs(y - 70),
    }
    for measure, figure in expected.items():
        assert measure(y, w * 1000).value == pytest.approx(figure)


@pytest.mark.parametrize("measure", ALL)
@given(st.floats(1, 99), people)
@quick
def test_equal_values_are_spread_evenly(measure: Measure, value: float, population: list[int]) -> None:
    assert measure(np.full(4, value), population).value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("measure", ALL)
@given(values, people, st.permutations(range(4)))
@quick
def test_the_order_of_subgroups_does_not_matter(measure: Measure, value, population, order) -> None:
    if measure is from_last:
        order = [*[place for place in order if place != 3], 3]
    # Values apart: at equal ones some measures have no derivative.
    y, n = np.add(value, [0, 1, 3, 7]), np.array(population)
    there = measure(y, n, standard_error=ERROR, **analytic)
    mixed = measure(y[order], n[order], standard_error=ERROR[order], **analytic)
    np.testing.assert_allclose(mixed, there, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("measure", [*RELATIVE, *ABSOLUTE])
@given(values, people, st.floats(0.1, 50))
@quick
def test_absolute_measures_scale_and_relative_ones_do_not(measure, value, population, factor: float) -> None:
    y = np.add(value, [0, 1, 3, 7])
    there = measure(y, population, standard_error=ERROR, **analytic)
    larger = measure(y * factor, population, standard_error=ERROR * factor, **analytic)
    times = 1 if measure in RELATIVE else factor
    np.testing.assert_allclose(larger, np.array(there) * times, rtol=1e-6, atol=1e-6 * times)
    assert there.lower_cl <= there.value <= there.upper_cl


@pytest.mark.parametrize("measure", WEIGHTED)
@given(values, people)
@quick
def test_merging_subgroups_of_equal_value_changes_no_weighted_measure(measure, value, population) -> None:
    value[1] = value[2]
    joined = np.delete(value, 2), np.array([population[0], population[1] + population[2], population[3]])
    np.testing.assert_allclose(measure(*joined).value, measure(value, population).value, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("measure", ALL)
@given(values, people)
@quick
def test_no_spread_is_below_zero(measure: Measure, value: list[float], population: list[int]) -> None:
    assert measure(value, population).value >= -1e-9


@pytest.mark.parametrize("measure", ALL)
def test_the_analytic_error_is_that_of_repeated_samples(measure: Measure) -> None:
    y, n = np.array([30.0, 45, 55, 80]), np.array([100, 300, 200, 400])
    error = np.array([0.3, 0.2, 0.4, 0.1])
    drawn = np.random.default_rng(2).normal(y, error, (20_000, 4))
    one = measure(y, n, standard_error=error, **analytic)
    assert one.standard_error == pytest.approx(measure(drawn, n).value.std(), rel=0.03)


@pytest.mark.parametrize("measure", ALL)
def test_simulated_limits_meet_the_analytic_ones_where_errors_are_small(measure: Measure) -> None:
    y, n = np.array([30.0, 45, 55, 80]), np.array([100, 300, 200, 400])
    drawn, closed = (
        measure(y, n, standard_error=ERROR / 10, interval=kind) for kind in ("simulated", "analytic")
    )
    width = closed.upper_cl - closed.lower_cl
    np.testing.assert_allclose(drawn.lower_cl, closed.lower_cl, atol=0.05 * width)
    np.testing.assert_allclose(drawn.upper_cl, closed.upper_cl, atol=0.05 * width)
    np.testing.assert_allclose(drawn.standard_error, closed.standard_error, rtol=0.05)


def test_the_variance_knows_that_noise_alone_looks_like_spread() -> None:
    flat = calculate_between_group_variance([50, 50, 50], [1, 2, 3], standard_error=[1, 1, 1])
    drawn = np.random.default_rng(4).normal(50, 1, (50_000, 3))
    spread = calculate_between_group_variance(drawn, [1, 2, 3]).value.std()
    assert flat.standard_error == pytest.approx(spread, rel=0.03)


def test_a_data_sets_limits_do_not_depend_on_the_others_of_the_call() -> None:
    y, n, error = np.array([[30.0, 45, 60], [20, 50, 70]]), np.ones((2, 3)), np.ones((2, 3))
    both = calculate_coefficient_of_variation(y, n, standard_error=error)
    alone = calculate_coefficient_of_variation(y[1], n[1], standard_error=error[1])
    np.testing.assert_array_equal(both.lower_cl[1], alone.lower_cl)
    ragged = calculate_coefficient_of_variation(
        [9, 8, *y[1], 7, 6, 5, 4], np.ones(9), standard_error=np.ones(9), offsets=[0, 2, 5, 9]
    )
    np.testing.assert_allclose(ragged.lower_cl[1], alone.lower_cl, rtol=1e-12)


def test_the_seed_settles_the_limits() -> None:
    data: Any = ([30.0, 45, 60], [1, 1, 1])
    arguments: Any = {"standard_error": [1, 1, 1], "repetitions": 200}
    first, again, other = (best(*data, **arguments, seed=seed) for seed in (1, 1, 2))
    assert first.upper_cl == again.upper_cl
    assert first.upper_cl != other.upper_cl


def test_draws_stay_inside_the_range() -> None:
    # Two subgroups at the top: none can be drawn above it, so the best is never above 100.
    apart = best([100, 0], [1, 1], standard_error=[5, 0], value_range=(0, 100), weighted=False)
    assert apart.upper_cl <= 50
    # Half normal: the lower 2.5 % of the draws lie below 100 - 5 x 2.2414.
    assert apart.lower_cl == pytest.approx((100 - 5 * 2.2414) / 2, rel=0.01)
    with pytest.raises(InputError, match="the value is outside value_range in 1 row"):
        best([101, 50], [1, 1], standard_error=[1, 1], value_range=(0, 100))


def test_several_levels_are_simulated_at_once() -> None:
    y = np.array([[30.0, 45, 60], [20, 50, 70]])
    two = calculate_index_of_disparity(
        y, np.ones(3), standard_error=np.ones(3), confidence_level=[[0.95], [0.998]]
    )
    one = calculate_index_of_disparity(y, np.ones(3), standard_error=np.ones(3), confidence_level=0.998)
    np.testing.assert_array_equal(two.lower_cl[1], one.lower_cl)
    assert np.all(two.upper_cl[1] > two.upper_cl[0])
    assert two.value.shape == two.reason.shape == two.standard_error.shape == (2, 2)


def test_a_value_of_zero_adds_nothing_to_the_theil_index_and_is_no_small_number() -> None:
    zero = calculate_theil_index([0, 50, 100], [1, 1, 1], standard_error=[0, 1, 1])
    assert zero.value == pytest.approx(1000 * (2 * np.log(2)) / 3)
    assert np.isfinite(zero.lower_cl)
    assert np.isnan(calculate_theil_index([0, 50, 100], [1, 1, 1], standard_error=[1, 1, 1]).lower_cl)


def test_the_mean_log_deviation_of_a_zero_is_infinite_and_so_not_given() -> None:
    deviation = calculate_mean_log_deviation([[0, 50], [40, 50]], np.ones((2, 2)))
    assert deviation.reason.tolist() == ["not_estimable", ""]


@pytest.mark.parametrize("kind", ["analytic", "simulated"])
@pytest.mark.parametrize("measure", ALL)
def test_each_reason_is_told_of_its_own_data_set(measure: Measure, kind: str) -> None:
    value, population = [1, 2, np.nan, 2, 1, 3, 7, 0, 0], [1, 1, 1, 1, 1, 0, 1, 1, 1]
    spread = measure(
        value, population, standard_error=np.ones(9), offsets=[0, 2, 4, 6, 7, 9, 9], interval=kind
    )
    uses = measure is not best_unweighted
    zero = "not_estimable" if measure in RELATIVE else ""
    told = ["", "missing", "no_population" if uses else "", "too_few_values", zero, "too_few_values"]
    assert spread.reason.tolist() == told
    assert np.isfinite(spread.value[0])


@pytest.mark.parametrize("kind", ["analytic", "simulated"])
@pytest.mark.parametrize("measure", ALL)
def test_an_unknown_standard_error_leaves_the_value(measure: Measure, kind: str) -> None:
    error = [[1, 1, 1], [1, np.nan, 1]]
    spread = measure([[1, 2, 4], [1, 2, 4]], np.ones((2, 3)), standard_error=error, interval=kind)
    assert np.isfinite(spread.value).all()
    assert np.isnan(spread.upper_cl).tolist() == [False, True]
    none = measure([1, 2, 4], np.ones(3), interval=kind)
    assert np.isfinite(none.value)
    assert np.isnan([none.lower_cl, none.upper_cl, none.standard_error]).all()
    assert none.reason == ""


def test_groups_may_be_labels_in_any_order() -> None:
    mixed = calculate_between_group_variance([1, 10, 3, 30], [1, 1, 3, 1], groups=["b", "a", "b", "a"])
    np.testing.assert_allclose(mixed.value, [100, 0.75])


def test_unweighted_measures_need_no_population() -> None:
    assert best([70, 80, 90], weighted=False).value == pytest.approx(10)
    assert calculate_index_of_disparity([70, 90], mean=80, weighted=False).value == pytest.approx(12.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calculate_theil_index([-1, 2], [1, 1]), "value is negative in 1 row: row 0"),
        (lambda: calculate_theil_index([1, 2], [1, -1]), "population is negative"),
        (lambda: calculate_theil_index([1, 2], [1, 1], interval="exact"), 'interval "exact" is not known'),
        (lambda: calculate_theil_index([1, 2], [1, 1], value_range=(1, 0)), "value_range"),
        (lambda: calculate_theil_index([1, 2], [1, 1], repetitions=1), "repetitions"),
        (lambda: calculate_theil_index([1, 2], [1, 1], confidence_level=95), "Write 95 % as 0.95"),
        (lambda: best([1, 2], [1, 1], polarity="none"), "no subgroup is the best"),
        (lambda: best([1, 2]), "Give population"),
        (lambda: calculate_mean_difference_from_mean([1, 2], weighted=False), "Give population"),
        (lambda: from_last([1, 2], [1, 1], reference=7), "No data set has the subgroup"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(call: Callable[[], Estimate], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
