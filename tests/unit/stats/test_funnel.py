"""Funnel plots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenground.errors import InputError
from evenground.stats.funnel import (
    STATISTICS,
    TAILS,
    assign_funnel_significance,
    calculate_effective_population,
    calculate_funnel_baseline,
    calculate_funnel_curves,
    calculate_funnel_grid,
    calculate_funnel_limits,
    calculate_funnel_points,
)

EVERY = pytest.mark.parametrize("statistic", STATISTICS)


def test_limits_of_ten_events_are_the_exact_poisson_ones() -> None:
    # 10 events: 95 % limits 4.795 and 18.39 (Ulm K. Am J Epidemiol 1990;131:373-5, and tables since Garwood).
    curves = calculate_funnel_curves(10, baseline=1)
    assert curves.denominators.upper_2s == pytest.approx(4.795, abs=5e-4)
    assert curves.denominators.lower_2s == pytest.approx(18.39, abs=5e-3)


@pytest.mark.parametrize("expected", [0.4, 4.0, 40.0, 4_000.0, 4e6])
def test_limits_of_a_ratio_leave_the_tails_outside(expected: float) -> None:
    limits = calculate_funnel_limits(expected, statistic="ratio", baseline=1)
    for tail, lower, upper in zip(TAILS.values(), limits[::2], limits[1::2], strict=True):
        # A whole number of events beyond a limit has at most the chance of the tail; one within has more.
        above = np.floor(upper * expected) + 1
        assert stats.poisson.sf(above - 1, expected) <= tail < stats.poisson.sf(above - 2, expected)
        below = np.ceil(lower * expected) - 1
        assert stats.poisson.cdf(below, expected) <= tail < stats.poisson.cdf(below + 1, expected)


def test_limits_of_a_share_are_normal_and_go_on_past_the_edges() -> None:
    limits = calculate_funnel_limits(4, statistic="proportion", baseline=90, multiplier=100)
    assert limits.upper_2s == pytest.approx(90 + 1.959963984540054 * 15)
    assert limits.upper_2s > 100
    assert calculate_funnel_limits(4, statistic="proportion", baseline=0.1).lower_3s < 0


def test_the_lower_limit_is_zero_where_none_at_all_would_be_no_surprise() -> None:
    few, more = calculate_funnel_limits([3.6, 3.7], statistic="ratio", baseline=1).lower_2s
    assert few == 0 < more


@EVERY
def test_an_area_without_a_denominator_has_no_limits(statistic: str) -> None:
    limits = calculate_funnel_limits([0, np.nan, 500], statistic=statistic, baseline=0.2)
    for limit in limits:
        assert np.isnan(limit).tolist() == [True, True, False]


@settings(deadline=None, max_examples=80)
@given(st.floats(1, 1e7), st.floats(0.001, 0.999), st.sampled_from(STATISTICS))
def test_limits_hold_the_baseline_and_each_other(size: float, baseline: float, statistic: str) -> None:
    limits = calculate_funnel_limits(size, statistic=statistic, baseline=baseline)
    assert limits.lower_3s <= limits.lower_2s <= baseline <= limits.upper_2s < limits.upper_3s


@settings(deadline=None, max_examples=80)
@given(st.floats(10, 1e6), st.floats(1.01, 10), st.floats(0.001, 0.999), st.sampled_from(STATISTICS))
def test_limits_narrow_as_the_denominator_grows(
    size: float, factor: float, baseline: float, statistic: str
) -> None:
    small, large = (
        calculate_funnel_limits(n, statistic=statistic, baseline=baseline) for n in (size, size * factor)
    )
    assert large.upper_2s < small.upper_2s
    assert large.upper_3s < small.upper_3s
    assert large.lower_2s >= small.lower_2s
    assert large.lower_3s >= small.lower_3s


@settings(deadline=None, max_examples=60)
@given(st.floats(1, 1e6), st.floats(0.001, 0.999), st.sampled_from(STATISTICS))
def test_a_multiplier_scales_every_limit(size: float, baseline: float, statistic: str) -> None:
    plain = calculate_funnel_limits(size, statistic=statistic, baseline=baseline)
    scaled = calculate_funnel_limits(size, statistic=statistic, baseline=baseline * 1000, multiplier=1000)
    np.testing.assert_allclose(scaled, np.array(plain) * 1000, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 10**6), st.floats(1e-5, 0.5))
def test_the_lines_are_the_same_from_either_side(events: int, baseline: float) -> None:
    limits, at = calculate_funnel_curves(events, baseline=baseline)
    for side in limits._fields:
        here = calculate_funnel_limits(getattr(at, side), statistic="crude_rate", baseline=baseline)
        np.testing.assert_allclose(getattr(here, side), getattr(limits, side), rtol=1e-9)


def test_no_events_lie_on_the_lower_lines_alone() -> None:
    limits, at = calculate_funnel_curves([0, np.nan], baseline=0.01)
    assert limits.lower_2s[0] == 0
    assert at.lower_2s[0] == pytest.approx(368.888, abs=1e-3)
    assert np.isnan(limits.upper_3s).all()
    assert np.isnan(limits.lower_3s[1])


def test_denominators_of_several_years_are_given_for_one() -> None:
    one, three = (calculate_funnel_curves(50, baseline=2, multiplier=100, years_of_data=y) for y in (1, 3))
    assert one.denominators.lower_2s == pytest.approx(3 * three.denominators.lower_2s)
    assert one.limits.lower_2s == three.limits.lower_2s


def test_the_share_of_average_areas_beyond_the_limits_is_that_of_the_tails() -> None:
    random = np.random.default_rng(20240101)
    size = random.integers(5_000, 50_000, 20_000)
    for statistic in ("proportion", "crude_rate"):
        events = random.binomial(size, 0.1) if statistic == "proportion" else random.poisson(size * 0.1)
        words = assign_funnel_significance(events, size, statistic=statistic, baseline=0.1).significance
        for word, chance in (
            ("below_3s", 0.001),
            ("below_2s", 0.024),
            ("above_2s", 0.024),
            ("above_3s", 0.001),
        ):
            assert (words == word).mean() == pytest.approx(chance, abs=4 * np.sqrt(chance / size.size))


def test_areas_are_compared_with_all_of_them_together_unless_told_otherwise() -> None:
    events, size = [100, 130, 70], [1_000, 1_000, 1_000]
    own = assign_funnel_significance(events, size, statistic="proportion")
    told = assign_funnel_significance(events, size, statistic="proportion", baseline=10, multiplier=100)
    assert (
        own.significance.tolist() == told.significance.tolist() == ["within_limits", "above_3s", "below_3s"]
    )
    england = assign_funnel_significance(events, size, statistic="proportion", baseline=0.13)
    assert england.significance.tolist() == ["below_2s", "within_limits", "below_3s"]


def test_a_ratio_is_compared_with_its_own_standard() -> None:
    found = assign_funnel_significance([10, 10, 10], [4.7, 10, 18.5], statistic="ratio")
    assert found.significance.tolist() == ["above_2s", "within_limits", "below_2s"]


def test_an_area_that_cannot_be_compared_has_a_reason_and_leaves_the_others_alone() -> None:
    found = assign_funnel_significance([5, np.nan, 50, 60], [0, 100, 500, 500], statistic="crude_rate")
    assert found.significance[:2].tolist() == ["not_compared", "not_compared"]
    assert found.reason.tolist() == ["no_population", "missing", "", ""]
    alone = assign_funnel_significance([50, 60], [500, 500], statistic="crude_rate")
    assert found.significance[2:].tolist() == alone.significance.tolist()


def test_a_standardised_rate_on_few_events_is_not_compared_but_counts_for_the_average() -> None:
    events, rate = np.array([9, 0, 100]), np.array([900.0, 0.0, 100.0])
    size = calculate_effective_population(events, rate)
    found = assign_funnel_significance(events, size, statistic="dsr")
    assert found.reason.tolist() == ["too_few_events", "too_few_events", ""]
    assert calculate_funnel_baseline(events, size, multiplier=100_000) == pytest.approx(109 / 101_000 * 1e5)


def test_a_figure_just_on_a_limit_lies_within_it() -> None:
    limits = calculate_funnel_limits(100, statistic="proportion", baseline=0.5)
    on = assign_funnel_significance([limits.upper_2s * 100], [100], statistic="proportion", baseline=0.5)
    assert on.significance.tolist() == ["within_limits"]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(STATISTICS))
def test_mixed_areas_give_mixed_words(seed: int, statistic: str) -> None:
    random = np.random.default_rng(seed)
    size = random.integers(50, 5_000, 30)
    events = random.binomial(size, random.uniform(0.05, 0.3, 30))
    order = random.permutation(30)
    plain = assign_funnel_significance(events, size, statistic=statistic)
    mixed = assign_funnel_significance(events[order], size[order], statistic=statistic)
    assert mixed.significance.tolist() == plain.significance[order].tolist()


def test_points_stand_at_the_denominator_of_one_year() -> None:
    points = calculate_funnel_points(
        [30, 5], [3_000, 0], statistic="crude_rate", multiplier=1_000, years_of_data=3
    )
    assert points.value[0] == 10
    assert points.denominator[0] == 1_000
    assert points.reason.tolist() == ["", "no_population"]
    assert np.isnan(points.denominator[1])


def test_counts_of_the_nation_do_not_overflow() -> None:
    events = np.array([5_600_000, 5_500_000], dtype=np.int32)
    size = np.array([56_000_000, 56_000_000], dtype=np.int32)
    found = assign_funnel_significance(events, size, statistic="proportion")
    assert found.significance.tolist() == ["above_3s", "below_3s"]


def test_read_only_and_stepped_arrays_give_the_same() -> None:
    events, size = np.arange(40)[::4], np.full(40, 100)[::4]
    events.flags.writeable = False
    found = assign_funnel_significance(events, size, statistic="proportion")
    assert (
        found.significance.tolist()
        == assign_funnel_significance(
            events.tolist(), size.tolist(), statistic="proportion"
        ).significance.tolist()
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: calculate_funnel_limits(10, statistic="propotion", baseline=1), 'Did you mean "proportion"'),
        (lambda: calculate_funnel_limits(-1, statistic="ratio", baseline=1), "denominator is negative"),
        (lambda: calculate_funnel_limits(10, statistic="proportion", baseline=20), "baseline of a share"),
        (lambda: calculate_funnel_limits(10, statistic="ratio", baseline=1, multiplier=0), "multiplier must"),
        (lambda: calculate_funnel_curves(10, baseline=1, years_of_data=-1), "years_of_data must"),
        (lambda: assign_funnel_significance([9], [5], statistic="proportion"), "above the denominator"),
        (lambda: assign_funnel_significance([9], [5, 6, 7, 8], statistic="x"), 'statistic "x" is not known'),
        (
            lambda: calculate_effective_population([3, 2], [0.0, 1.0]),
            "events have a rate of 0 in 1 row: row 0",
        ),
        (lambda: calculate_funnel_grid([0, np.nan], statistic="ratio"), "at least one area"),
        (lambda: calculate_funnel_grid([10], statistic="dsr"), "needs a baseline"),
        (lambda: calculate_funnel_points([1, 2], [1, 2, 3], statistic="ratio"), "do not fit together"),
    ],
)
def test_what_cannot_be_is_refused(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()


def test_the_average_of_nobody_is_not_a_number() -> None:
    assert np.isnan(calculate_funnel_baseline([1, np.nan], [0, 5]))
    assert np.isnan(calculate_funnel_baseline([], []))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=10), st.sampled_from(STATISTICS), st.integers(2, 150)
)
def test_the_grid_rises_in_whole_numbers_across_the_areas(
    sizes: list[int], statistic: str, points: int
) -> None:
    grid = calculate_funnel_grid(sizes, statistic=statistic, baseline=1.0, points=points)
    assert grid.shape == (points,)
    assert (np.diff(grid) >= 1).all()
    assert (grid == np.round(grid)).all()
    assert 1 <= grid[0] <= min(sizes)
    if statistic != "ratio":
        assert grid[-1] >= max(sizes)
