"""Intervals for shares and counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evenground.errors import InputError
from evenground.stats.intervals import (
    calculate_byars_interval,
    calculate_exact_poisson_interval,
    calculate_poisson_interval,
    calculate_standard_error,
    calculate_wilson_interval,
)

counts = st.integers(min_value=0, max_value=60_000_000)
levels = st.sampled_from([0.9, 0.95, 0.99, 0.998])


@pytest.mark.parametrize(
    ("numerator", "denominator", "lower", "upper"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_published_limits(
    numerator: int, denominator: int, lower: float, upper: float
) -> None:
    # Newcombe RG. Stat Med 1998;17:857-72, Table I, method 3.
    limits = calculate_wilson_interval(numerator, denominator)
    assert [round(float(limit), 4) for limit in limits] == [lower, upper]


@pytest.mark.parametrize(("count", "lower", "upper"), [(1, 0.0253, 5.5716), (5, 1.6235, 11.6683)])
def test_small_counts_take_garwoods_exact_limits(count: int, lower: float, upper: float) -> None:
    # Published tables of exact Poisson limits give 0.0253 to 5.572 for 1 and 1.6235 to 11.668 for 5.
    limits = calculate_poisson_interval(count)
    assert [round(float(limit), 4) for limit in limits] == [lower, upper]


@pytest.mark.parametrize(("count", "lower", "upper"), [(10, 4.80, 18.39), (100, 81.36, 121.63)])
def test_large_counts_take_garwoods_exact_limits_where_they_are_asked_for(
    count: int, lower: float, upper: float
) -> None:
    # Published tables of exact Poisson limits give 4.80 to 18.39 for 10 and 81.36 to 121.63 for 100.
    limits = calculate_exact_poisson_interval(count)
    assert [round(float(limit), 2) for limit in limits] == [lower, upper]


@given(st.integers(1, 60_000_000), levels)
def test_exact_limits_leave_half_of_what_is_left_on_each_side(count: int, level: float) -> None:
    lower, upper = calculate_exact_poisson_interval(count, confidence_level=level)
    tail = (1 - level) / 2
    # Given the limits as the mean, so many events or more (or fewer) have the probability of one tail.
    assert stats.poisson.sf(count - 1, lower) == pytest.approx(tail, rel=1e-6)
    assert stats.poisson.cdf(count, upper) == pytest.approx(tail, rel=1e-6)


@given(st.integers(10, 10_000_000), levels)
def test_byars_limits_are_close_to_the_exact_ones(count: int, level: float) -> None:
    np.testing.assert_allclose(
        calculate_byars_interval(count, confidence_level=level),
        calculate_exact_poisson_interval(count, confidence_level=level),
        rtol=0.02,
    )


@pytest.mark.parametrize("calculate", [calculate_exact_poisson_interval, calculate_poisson_interval])
@pytest.mark.parametrize("step", [1.0, 0.75, 1e-280])
def test_many_rows_of_few_counts_get_the_limits_of_each_alone(calculate, step: float) -> None:
    counts = np.append(np.arange(15) * step, np.nan)
    rows = np.random.default_rng(2).integers(0, 16, 200)
    level = np.array([[0.9], [0.998]])
    alone = [calculate(count, confidence_level=level[:, 0]) for count in counts]
    for end, limit in enumerate(calculate(counts[rows], confidence_level=level)):
        np.testing.assert_array_equal(limit, np.transpose([both[end] for both in alone])[:, rows])


def test_levels_may_lie_before_along_and_across_the_counts() -> None:
    count = np.tile([0.0, 3.0, 12.0, np.nan], (5, 5))
    level = np.where(np.arange(20) % 2, 0.95, 0.998)
    along = calculate_poisson_interval(count, confidence_level=level)
    before = calculate_poisson_interval(count, confidence_level=np.array([0.95, 0.998])[:, None, None])
    assert before[0].shape == (2, 5, 20)
    for limit, both in zip(along, before, strict=True):
        np.testing.assert_array_equal(limit, np.where(level == 0.95, both[0], both[1]))
    one = calculate_poisson_interval(count, confidence_level=[[0.95]])
    np.testing.assert_array_equal(one, [limit[0] for limit in before])


@pytest.mark.parametrize("calculate", [calculate_exact_poisson_interval, calculate_byars_interval])
def test_the_limits_of_an_unknown_count_are_unknown(calculate) -> None:
    lower, upper = calculate([np.nan, 20])
    assert np.isnan(lower).tolist() == np.isnan(upper).tolist() == [True, False]


def test_byars_interval_has_no_lower_limit_at_no_events() -> None:
    lower, upper = calculate_byars_interval([0, 1], confidence_level=0.998)
    assert np.isnan(lower[0])
    assert lower[1] < 0
    assert (upper > [0, 1]).all()


def test_counts_switch_from_exact_to_byars_at_ten() -> None:
    lower, upper = calculate_poisson_interval([9, 10])
    byars_lower, byars_upper = calculate_byars_interval([9, 10])
    assert lower[0] != byars_lower[0]
    assert upper[0] != byars_upper[0]
    assert (lower[1], upper[1]) == (byars_lower[1], byars_upper[1])


@given(counts.filter(bool), levels)
def test_wilson_is_exact_at_both_ends(n: int, level: float) -> None:
    lower, upper = calculate_wilson_interval([0, n], [n, n], confidence_level=level)
    assert lower[0] == 0.0
    assert upper[1] == 1.0


@given(counts.filter(bool), st.floats(min_value=0, max_value=1), levels)
def test_wilson_holds_its_value_and_mirrors_its_complement(n: int, share: float, level: float) -> None:
    x = round(n * share)
    lower, upper = calculate_wilson_interval(x, n, confidence_level=level)
    mirrored_lower, mirrored_upper = calculate_wilson_interval(n - x, n, confidence_level=level)
    assert 0 <= lower <= x / n <= upper <= 1
    np.testing.assert_allclose([lower, upper], [1 - mirrored_upper, 1 - mirrored_lower], atol=1e-14)


@given(counts)
def test_a_higher_confidence_level_gives_a_wider_interval(count: int) -> None:
    lower, upper = calculate_poisson_interval(count, confidence_level=np.array([0.9, 0.95, 0.998]))
    assert lower[0] >= lower[1] >= lower[2]
    assert upper[0] < upper[1] < upper[2]
    assert lower[0] <= count < upper[0]


def test_nothing_is_known_of_a_share_of_nobody() -> None:
    lower, upper = calculate_wilson_interval([0, np.nan, 3], [0, 10, np.nan])
    assert np.isnan(lower).all()
    assert np.isnan(upper).all()


@pytest.mark.parametrize(
    ("numerator", "denominator", "problem"),
    [
        ([1, 5, 2, 9], [4, 4, 4, 4], r"numerator is above the denominator in 2 rows: rows 1, 3"),
        ([1, -1], [4, 4], r"numerator is negative in 1 row: row 1"),
        ([1, 1], [-4, 4], r"denominator is negative in 1 row: row 0"),
        ([1, np.inf], [4, 4], r"numerator is infinite in 1 row: row 1"),
    ],
)
def test_impossible_counts_are_named_by_row(numerator: list, denominator: list, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        calculate_wilson_interval(numerator, denominator)


def test_a_long_list_of_wrong_rows_is_cut_short() -> None:
    with pytest.raises(InputError, match=r"in 500 rows: rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, \.\.\. "):
        calculate_wilson_interval(np.full(500, 2), np.ones(500))


@pytest.mark.parametrize("level", [95, 0, 1, -0.5, np.nan])
def test_a_confidence_level_that_is_no_share_is_refused(level: float) -> None:
    with pytest.raises(InputError, match="Write 95 % as 0.95"):
        calculate_poisson_interval(5, confidence_level=level)


def test_shapes_that_do_not_fit_are_told_apart() -> None:
    with pytest.raises(InputError, match=r"numerator \(3,\), denominator \(2,\)"):
        calculate_wilson_interval([1, 2, 3], [4, 5])


def test_text_is_not_a_number() -> None:
    with pytest.raises(InputError, match="numerator does not hold numbers"):
        calculate_wilson_interval(["few"], [4])


def test_read_only_and_strided_arrays_are_read_and_left_alone() -> None:
    counts = np.arange(20.0)
    counts.setflags(write=False)
    lower, _ = calculate_poisson_interval(counts[::2])
    np.testing.assert_array_equal(lower, calculate_poisson_interval(np.arange(0, 20, 2))[0])


def test_a_standard_error_comes_back_from_its_limits() -> None:
    assert calculate_standard_error(10 - 1.959963984540054, 10 + 1.959963984540054) == pytest.approx(1.0)
