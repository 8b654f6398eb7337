"""Relative likelihoods and disparity ratios of the workforce."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.workforce import (
    calculate_disparity_ratio,
    calculate_relative_likelihood,
    judge_relative_likelihood,
)

# Those with the outcome, and those without it.
groups = st.tuples(st.integers(1, 500), st.integers(1, 5_000)).map(lambda two: (two[0], sum(two)))
staff = st.lists(st.integers(1, 5_000), min_size=6, max_size=6)

TIERS = ["lower", "lower", "middle", "middle", "upper", "upper"]


def test_a_published_risk_ratio_and_its_limits_are_reproduced() -> None:
    # Moore, McCabe, Craig. Introduction to the practice of statistics, 9th ed., example 8.18.
    ratio = calculate_relative_likelihood(45, 411, 73, 411)
    assert ratio.value == pytest.approx(0.1095 / 0.1776, abs=5e-4)
    assert ratio.lower_cl == pytest.approx(0.4364, abs=5e-5)
    assert ratio.upper_cl == pytest.approx(0.8707, abs=5e-5)


def test_a_published_relative_likelihood_of_appointment_is_reproduced() -> None:
    # The Christie NHS Foundation Trust, action plan 2022-2023: 46.99 % of white and 14.65 % of BME
    # applicants were appointed, "3.2 times". The counts are not given, so the limits are not compared.
    ratio = calculate_relative_likelihood(4699, 10_000, 1465, 10_000)
    assert round(float(ratio.value), 1) == 3.2


def test_a_published_odds_ratio_and_its_limits_are_reproduced_by_two_tiers() -> None:
    # Agresti. An introduction to categorical data analysis, 2nd ed., section 2.3: 189 of 11,034 and
    # 104 of 11,037; odds ratio 1.832, 95 % interval 1.44 to 2.33.
    ratio = calculate_disparity_ratio(
        [10_845, 189], [10_933, 104], tiers=["no", "yes"], lower_tier="no", higher_tier="yes"
    )
    assert ratio.value == pytest.approx(1.832, abs=5e-4)
    assert ratio.lower_cl == pytest.approx(1.44, abs=5e-3)
    assert ratio.upper_cl == pytest.approx(2.33, abs=5e-3)


@given(groups, groups, st.floats(0.5, 0.99))
def test_an_interval_holds_its_ratio_and_a_wider_level_holds_a_narrower(
    group: Any, reference: Any, level: float
) -> None:
    narrow, wide = (
        calculate_relative_likelihood(*group, *reference, confidence_level=at) for at in (level, 0.995)
    )
    assert 0 < wide.lower_cl <= narrow.lower_cl <= narrow.value <= narrow.upper_cl <= wide.upper_cl


@given(groups, groups)
def test_changing_places_turns_the_ratio_and_its_limits_over(group: Any, reference: Any) -> None:
    there = calculate_relative_likelihood(*group, *reference)
    back = calculate_relative_likelihood(*reference, *group)
    np.testing.assert_allclose(there.value, 1 / back.value, rtol=1e-12)
    np.testing.assert_allclose(there.lower_cl, 1 / back.upper_cl, rtol=1e-12)
    log_errors = there.standard_error / there.value, back.standard_error / back.value
    np.testing.assert_allclose(*log_errors, rtol=1e-12)


@given(groups, groups)
def test_the_ratio_of_rates_and_the_error_are_as_defined(group: Any, reference: Any) -> None:
    (a, n), (c, m) = group, reference
    ratio = calculate_relative_likelihood(a, n, c, m)
    assert ratio.value == pytest.approx((a / n) / (c / m), rel=1e-12)
    log_error = np.sqrt(1 / a - 1 / n + 1 / c - 1 / m)
    assert ratio.standard_error == pytest.approx(ratio.value * log_error, rel=1e-9)
    assert np.log(ratio.upper_cl / ratio.lower_cl) == pytest.approx(2 * 1.959964 * log_error, rel=1e-6)


def test_each_reason_is_told_of_its_own_organisation() -> None:
    ratio = calculate_relative_likelihood(
        [300, np.nan, 300, 0, 300, 10, 0], [1000, 1000, 1000, 1000, 1000, 10, 0],
        [100, 100, 100, 100, 0, 10, 100], [500, 500, np.nan, 500, 500, 10, 500],
    )  # fmt: skip
    assert ratio.reason.tolist() == [
        "", "missing", "missing", "not_estimable", "not_estimable", "not_estimable", "no_population",
    ]  # fmt: skip
    assert np.isnan(ratio.value).tolist() == [False] + [True] * 6
    assert np.isnan(ratio.standard_error).tolist() == [False] + [True] * 6


def test_all_of_one_group_alone_having_the_outcome_is_estimable() -> None:
    ratio = calculate_relative_likelihood(10, 10, 5, 10)
    assert ratio.value == 2
    assert ratio.lower_cl < 2 < ratio.upper_cl


def test_more_with_the_outcome_than_persons_are_refused_by_row() -> None:
    with pytest.raises(InputError, match=r"^numerator is above denominator in 1 row: row 1"):
        calculate_relative_likelihood([1, 6], [5, 5], [1, 1], [5, 5])
    with pytest.raises(InputError, match=r"reference_numerator is above reference_denominator"):
        calculate_relative_likelihood([1, 1], [5, 5], [6, 1], [5, 5])
    with pytest.raises(InputError, match="reference_numerator is negative"):
        calculate_relative_likelihood(1, 5, -1, 5)
    with pytest.raises(InputError, match="shapes that do not fit"):
        calculate_relative_likelihood([1, 2], [5, 5], [1, 1, 1], [5, 5, 5])


def test_several_levels_at_once_are_those_one_by_one() -> None:
    counts = ([30, 40], [100, 100], [10, 20], [90, 90])
    both = calculate_relative_likelihood(*counts, confidence_level=[[0.95], [0.998]])
    assert both.value.shape == (2, 2)
    one = calculate_relative_likelihood(*counts, confidence_level=0.998)
    np.testing.assert_array_equal([part[1] for part in both], one)


def test_integers_and_read_only_arrays_are_taken_as_they_are() -> None:
    people = np.array([1_600_000, 57_000_000], dtype=np.int32)
    people.flags.writeable = False
    ratio = calculate_relative_likelihood(people // 2, people, people // 4, people)
    np.testing.assert_allclose(ratio.value, 2)


@pytest.mark.parametrize(
    ("value", "lower", "upper", "word"),
    [
        (1.26, 1.01, 1.6, "higher"),
        (0.79, 0.6, 0.99, "lower"),
        (1.26, 1.0, 1.6, "uncertain"),
        (0.79, 0.6, 1.0, "uncertain"),
        (1.25, 1.2, 1.3, "non_adverse"),
        (0.8, 0.7, 0.9, "non_adverse"),
        (1.0, 0.2, 5.0, "non_adverse"),
        (np.nan, 0.7, 0.9, "not_judged"),
        (2.0, np.nan, np.nan, "not_judged"),
    ],
)
def test_a_ratio_is_judged_by_the_band_and_by_chance(
    value: float, lower: float, upper: float, word: str
) -> None:
    assert judge_relative_likelihood(value, lower, upper).item() == word


def test_another_band_judges_otherwise_and_an_estimate_is_judged_whole() -> None:
    ratio = calculate_relative_likelihood([300, 0], [1000, 10], [100, 1], [500, 10])
    assert judge_relative_likelihood(*ratio).tolist() == ["higher", "not_judged"]
    wide = judge_relative_likelihood(*ratio, non_adverse_band=(0.5, 2))
    assert wide.tolist() == ["non_adverse", "not_judged"]


@pytest.mark.parametrize("band", [(1.25, 0.8), (0, 1.25), (-1, 1), (np.nan, 1.25)])
def test_a_band_that_is_none_is_refused(band: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="must run upwards from above 0"):
        judge_relative_likelihood(1, 0.9, 1.1, non_adverse_band=band)


def test_limits_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(InputError, match="wrong way round"):
        judge_relative_likelihood(1, 1.1, 0.9)


@given(staff, staff)
def test_bands_of_one_tier_are_summed_and_others_left_out(white: list[int], bme: list[int]) -> None:
    options = {"lower_tier": "lower", "higher_tier": "upper"}
    by_band = calculate_disparity_ratio(white, bme, tiers=TIERS, **options)
    summed = [np.add.reduceat(counts, [0, 2, 4]) for counts in (white, bme)]
    by_tier = calculate_disparity_ratio(*summed, tiers=["lower", "middle", "upper"], **options)
    np.testing.assert_allclose(by_band, by_tier, rtol=1e-12)
    assert by_band.lower_cl <= by_band.value <= by_band.upper_cl
    w, b = summed
    assert by_band.value == pytest.approx((w[2] / b[2]) / (w[0] / b[0]))
    cells = np.array([w[0], w[2], b[0], b[2]])
    assert by_band.standard_error == pytest.approx(by_band.value * np.sqrt((1 / cells).sum()))


@given(staff, staff)
def test_two_steps_up_multiply_to_the_whole_way(white: list[int], bme: list[int]) -> None:
    first, second, whole = (
        calculate_disparity_ratio(white, bme, tiers=TIERS, lower_tier=low, higher_tier=high).value
        for low, high in (("lower", "middle"), ("middle", "upper"), ("lower", "upper"))
    )
    assert first * second == pytest.approx(whole)


@given(staff, staff)
def test_changing_groups_or_tiers_turns_the_disparity_over(white: list[int], bme: list[int]) -> None:
    there = calculate_disparity_ratio(white, bme, tiers=TIERS, lower_tier="lower", higher_tier="upper")
    groups_changed = calculate_disparity_ratio(
        bme, white, tiers=TIERS, lower_tier="lower", higher_tier="upper"
    )
    tiers_changed = calculate_disparity_ratio(
        white, bme, tiers=TIERS, lower_tier="upper", higher_tier="lower"
    )
    for turned in (groups_changed, tiers_changed):
        np.testing.assert_allclose(there.value, 1 / turned.value, rtol=1e-12)
        np.testing.assert_allclose(there.upper_cl, 1 / turned.lower_cl, rtol=1e-12)


def test_each_reason_is_told_of_its_own_trust() -> None:
    white = np.array([[80, 40, 20], [80, 40, np.nan], [80, np.nan, 20], [80, 40, 0], [80, 40, 20]])
    bme = np.array([[30.0, 10, 3], [30, 10, 3], [30, 10, 3], [30, 10, 0], [30, 10, 0]])
    white, bme = np.vstack([white, [0, 40, 20]]), np.vstack([bme, [0, 10, 3]])
    ratio = calculate_disparity_ratio(
        white, bme, tiers=["lower", "middle", "upper"], lower_tier="lower", higher_tier="upper"
    )
    assert ratio.reason.tolist() == ["", "missing", "", "no_population", "not_estimable", "no_population"]
    assert np.isnan(ratio.value).tolist() == [False, True, False, True, True, True]
    levels = calculate_disparity_ratio(
        white, bme, tiers=["lower", "middle", "upper"], lower_tier="lower", higher_tier="upper",
        confidence_level=[[0.95], [0.998]],
    )  # fmt: skip
    assert levels.value.shape == (2, 6)
    np.testing.assert_array_equal(levels.lower_cl[0], ratio.lower_cl)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"higher_tier": "uper"}, 'The tier "uper" is not one of tiers. Did you mean "upper"'),
        ({"higher_tier": "lower"}, "Name two tiers"),
        ({"tiers": TIERS[:-1]}, "tier of each of the 6 bands"),
    ],
)
def test_tiers_that_do_not_fit_are_refused(options: dict[str, Any], problem: str) -> None:
    given = {"tiers": TIERS, "lower_tier": "lower", "higher_tier": "upper"} | options
    with pytest.raises(InputError, match=problem):
        calculate_disparity_ratio([1] * 6, [1] * 6, **given)


def test_a_negative_number_of_staff_is_refused_by_row() -> None:
    with pytest.raises(InputError, match="comparison_staff is negative in 1 row: row 5"):
        calculate_disparity_ratio(
            [1] * 6, [1, 1, 1, 1, 1, -1], tiers=TIERS, lower_tier="lower", higher_tier="upper"
        )
