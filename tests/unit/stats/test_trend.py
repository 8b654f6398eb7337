"""Recent trends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenground.errors import InputError
from evenground.stats.trend import (
    CHI_SQUARED_LIMIT,
    POINTS,
    assess_recent_trend,
    assess_recent_trend_of_proportion,
)

RISING = np.array([10.0, 12, 14, 16, 18])


def assess(value, half_width=1.0, **options):
    value = np.asarray(value, float)
    return assess_recent_trend(
        value, value - half_width, value + half_width, **{"polarity": "none", **options}
    )


def test_the_limit_is_the_998_per_thousand_point_of_chi_squared() -> None:
    assert stats.chi2.ppf(0.998, 1) == pytest.approx(CHI_SQUARED_LIMIT, abs=5e-5)
    assert POINTS == 5


def test_a_steady_rise_is_increasing_at_its_slope() -> None:
    trend = assess(RISING)
    assert trend.slope == pytest.approx(2)
    # The slope's variance is the common variance over the years' squares about their mean, which are 10.
    assert trend.chi_squared == pytest.approx(4 * 10 * 1.959963984540054**2)
    assert (str(trend.direction), str(trend.reason)) == ("increasing", "")


@pytest.mark.parametrize(
    ("polarity", "rise", "fall"),
    [
        ("higher_is_better", "getting_better", "getting_worse"),
        ("lower_is_better", "getting_worse", "getting_better"),
        ("none", "increasing", "decreasing"),
    ],
)
def test_the_polarity_says_which_way_is_better(polarity: str, rise: str, fall: str) -> None:
    trend = assess([RISING, -RISING, RISING * 0], polarity=polarity)
    assert trend.direction.tolist() == ["increasing", "decreasing", "no_significant_change"]
    assert trend.assessment.tolist() == [rise, fall, "no_significant_change"]


def test_a_trend_that_one_year_alone_makes_is_none() -> None:
    trend = assess([10, 10, 10, 10, 30])
    assert trend.chi_squared > CHI_SQUARED_LIMIT
    assert str(trend.direction) == "no_significant_change"


@pytest.mark.parametrize("level", [0.1, 1 / 3, 7.7, 1e6])
def test_rounding_does_not_keep_the_sign_of_a_flat_line(level: float) -> None:
    trend = assess(np.array([1, 1, 1, 1, 3]) * level, half_width=0.01 * level)
    assert str(trend.direction) == "no_significant_change"


def test_rounding_does_not_give_a_sign_to_a_line_that_comes_back() -> None:
    # Without its last year each of these goes out and comes back, to a slope of zero.
    out, back = np.random.default_rng(0).integers(1, 300, (2, 500, 1)) / 100
    half = np.array([0.007, 0.003, 0.003, 0.007, 0.002])
    trend = assess(np.concatenate([out, back, back, out, out + 5], axis=1), half_width=half)
    assert (trend.chi_squared > CHI_SQUARED_LIMIT).all()
    assert set(trend.direction) == {"no_significant_change"}


def test_only_the_latest_years_count() -> None:
    longer = np.concatenate([[99, 5, 80], RISING])
    for now, then in zip(assess(longer), assess(RISING), strict=True):
        np.testing.assert_array_equal(now, then)
    assert str(assess(longer, points=8).direction) != "increasing"


def test_each_series_has_its_own_reason() -> None:
    gap, late, ended, never = (np.concatenate([[7.0, 8.0], RISING]) for _ in range(4))
    gap[4], ended[-1], never[:] = np.nan, np.nan, np.nan
    late[:4] = np.nan
    trend = assess([np.concatenate([[np.nan, 8.0], RISING]), gap, late, ended, never])
    assert trend.reason.tolist() == ["", "missing", "too_few_values", "missing", "too_few_values"]
    assert trend.direction.tolist() == ["increasing"] + ["cannot_be_calculated"] * 4
    assert np.isnan(trend.slope).tolist() == np.isnan(trend.chi_squared).tolist() == [False] + [True] * 4


def test_four_years_are_too_few_for_five_points_and_enough_for_four() -> None:
    assert str(assess(RISING[:4]).reason) == "too_few_values"
    assert str(assess(RISING[:4], points=4).direction) == "increasing"


def test_limits_that_are_equal_leave_no_weight() -> None:
    trend = assess_recent_trend(RISING, RISING, RISING + np.array([1, 1, 0, 1, 1]), polarity="none")
    assert (str(trend.reason), str(trend.direction)) == ("not_estimable", "cannot_be_calculated")


def test_a_missing_limit_is_a_break() -> None:
    upper = RISING + 1
    upper[3] = np.nan
    assert str(assess_recent_trend(RISING, RISING - 1, upper, polarity="none").reason) == "missing"


def test_the_level_of_the_limits_sets_the_weights() -> None:
    wide = assess_recent_trend(
        RISING, RISING - 3.0902323, RISING + 3.0902323, polarity="none", confidence_level=0.998
    )
    assert wide.chi_squared == pytest.approx(40, rel=1e-7)


def test_chi_squared_of_shares_is_the_score_test_of_persons() -> None:
    # Armitage's test is the number of persons times the squared correlation of year and outcome.
    count, size = np.array([20, 26, 30, 35, 42]), np.array([90, 110, 100, 120, 105])
    year = np.repeat(np.arange(5), size)
    outcome = np.concatenate([np.repeat([1, 0], [c, n - c]) for c, n in zip(count, size, strict=True)])
    trend = assess_recent_trend_of_proportion(count, size, polarity="none")
    assert trend.chi_squared == pytest.approx(size.sum() * np.corrcoef(year, outcome)[0, 1] ** 2)
    odds = count / (size - count)
    assert trend.slope == pytest.approx(stats.linregress(np.arange(5), np.log(odds)).slope)


def test_a_weighted_slope_is_that_of_a_weighted_fit() -> None:
    value, half = np.array([3.0, 2.5, 4.0, 4.2, 5.5]), np.array([0.5, 1.0, 0.3, 0.8, 0.4])
    trend = assess(value, half_width=half)
    line, covariance = np.polyfit(np.arange(5), value, 1, w=1.959963984540054 / half, cov="unscaled")
    assert trend.slope == pytest.approx(line[0])
    assert trend.chi_squared == pytest.approx(line[0] ** 2 / covariance[0, 0])


def test_a_share_of_none_or_all_has_a_direction_only_where_it_needs_none() -> None:
    count = [[10, 8, 0, 5, 2], [400, 300, 200, 100, 0], [600, 700, 800, 900, 1000], [0] * 5, [1000] * 5]
    trend = assess_recent_trend_of_proportion(count, 1000, polarity="none")
    assert trend.direction.tolist() == ["no_significant_change"] + ["cannot_be_calculated"] * 4
    assert trend.reason.tolist() == [""] + ["not_estimable"] * 4
    assert np.isnan(trend.slope).all()


def test_a_year_without_people_has_a_reason_and_the_other_series_their_trends() -> None:
    trend = assess_recent_trend_of_proportion(
        [[1, 2, 0, 3, 4], [200, 260, 300, 350, 420]], [[9, 9, 0, 9, 9], [1000] * 5], polarity="none"
    )
    assert trend.reason.tolist() == ["no_population", ""]
    assert trend.direction.tolist() == ["cannot_be_calculated", "increasing"]


def test_counts_of_the_nation_do_not_overflow() -> None:
    count = np.array([20_000_000, 20_100_000, 20_200_000, 20_300_000, 20_400_000], dtype=np.int32)
    size = np.full(5, 56_000_000, dtype=np.int32)
    trend = assess_recent_trend_of_proportion(count, size, polarity="none")
    share = count.mean() / 56e6
    exact = (100_000 * 10) ** 2 / (share * (1 - share) * 56e6 * 10)
    assert trend.chi_squared == pytest.approx(exact, rel=1e-12)


def test_shares_near_one_keep_their_slope() -> None:
    rare = np.array([5, 4, 3, 3, 2])
    near_one = assess_recent_trend_of_proportion(10**9 - rare, 10**9, polarity="none")
    near_none = assess_recent_trend_of_proportion(rare, 10**9, polarity="none")
    assert near_one.slope == pytest.approx(-near_none.slope, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: assess_recent_trend([5] * 5, [6] * 5, [4] * 5, polarity="none"), "above its upper limit"),
        (lambda: assess(RISING, polarity="higher"), "is not known"),
        (lambda: assess(RISING, points=2), "at least 3"),
        (lambda: assess(RISING, points=True), "at least 3"),
        (lambda: assess(5.0), "needs a series"),
        (lambda: assess([1, 2, np.inf, 3, 4]), "infinite"),
        (
            lambda: assess_recent_trend_of_proportion([2] * 5, [1] * 5, polarity="none"),
            "above the denominator",
        ),
        (lambda: assess_recent_trend_of_proportion([-2] * 5, [1] * 5, polarity="none"), "negative"),
        (lambda: assess_recent_trend(RISING, [1, 2], [3, 4], polarity="none"), "do not fit together"),
    ],
)
def test_what_cannot_be_is_refused(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()


def test_no_series_and_no_years_have_no_trend() -> None:
    assert assess(np.empty((0, 5))).direction.shape == (0,)
    assert assess(np.empty((2, 0))).reason.tolist() == ["too_few_values"] * 2


def test_read_only_and_stepped_arrays_are_left_alone() -> None:
    table = np.repeat(np.arange(10.0), 2).reshape(2, 10)[:, ::2]
    table.flags.writeable = False
    assert assess(table).direction.tolist() == assess(table.copy()).direction.tolist()


SERIES = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@settings(deadline=None, max_examples=60)
@given(SERIES, st.floats(-100, 100), st.floats(0.01, 100))
def test_shifting_and_scaling_leave_chi_squared_alone(random, shift: float, scale: float) -> None:
    value, half = random.normal(50, 10, (4, 6)), random.uniform(1, 5, (4, 6))
    plain = assess(value, half_width=half)
    moved = assess(value * scale + shift, half_width=half * scale)
    np.testing.assert_allclose(moved.chi_squared, plain.chi_squared, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(moved.slope, plain.slope * scale, rtol=1e-6, atol=1e-9 * scale)


@settings(deadline=None, max_examples=60)
@given(SERIES)
def test_mirrored_series_go_the_other_way(random) -> None:
    turned = {"increasing": "decreasing", "decreasing": "increasing"}
    value = random.normal(0, 4, (6, 5)) + np.arange(5) * random.normal(0, 4, (6, 1))
    plain, back = assess(value), assess(value[:, ::-1])
    assert back.direction.tolist() == [turned.get(word, word) for word in plain.direction]
    count, size = random.integers(1, 50, (6, 5)), 50 + random.integers(1, 50, (6, 5))
    has = assess_recent_trend_of_proportion(count, size, polarity="none")
    has_not = assess_recent_trend_of_proportion(size - count, size, polarity="none")
    assert has_not.direction.tolist() == [turned.get(word, word) for word in has.direction]
    np.testing.assert_allclose(has_not.chi_squared, has.chi_squared, rtol=1e-9)


@settings(deadline=None, max_examples=40)
@given(SERIES)
def test_mixed_series_give_mixed_trends_each_as_if_alone(random) -> None:
    value = np.where(random.random((8, 7)) < 0.1, np.nan, random.normal(50, 10, (8, 7)))
    order = random.permutation(8)
    plain, mixed = assess(value), assess(value[order])
    for name in ("slope", "chi_squared", "direction", "assessment", "reason"):
        np.testing.assert_array_equal(getattr(mixed, name), getattr(plain, name)[order])
    for row in range(8):
        np.testing.assert_allclose(assess(value[row]).slope, plain.slope[row], rtol=1e-12)


def test_few_series_without_a_trend_are_said_to_have_one() -> None:
    random = np.random.default_rng(998)
    trend = assess(50 + random.normal(size=(40_000, 5)), half_width=1.959963984540054)
    beyond = (trend.chi_squared > CHI_SQUARED_LIMIT).mean()
    assert beyond == pytest.approx(0.002, abs=4 * np.sqrt(0.002 / 40_000))
    assert np.isin(trend.direction, ["increasing", "decreasing"]).mean() <= beyond
