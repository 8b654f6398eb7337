"""The concentration index of subgroups and of a survey's persons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.concentration import (
    FORMS,
    calculate_concentration_index,
    calculate_survey_concentration_index,
)
from evenground.stats.estimates import Estimate

values = st.lists(st.floats(1, 99), min_size=4, max_size=4)
people = st.lists(st.integers(10, 10_000_000), min_size=4, max_size=4)
UPTAKE: Any = {"polarity": "higher_is_better"}
ILLNESS: Any = {"polarity": "lower_is_better"}
BOUNDS: Any = {"bounds": (0, 100)}
quick = settings(deadline=None, max_examples=40)


def test_the_index_is_twice_the_covariance_with_rank_over_the_mean() -> None:
    y, n = np.array([20.0, 35, 30, 60]), np.array([100, 300, 200, 400])
    w = n / n.sum()
    rank, mean = np.cumsum(w) - w / 2, w @ y
    covariance = w @ ((y - mean) * (rank - 0.5))
    expected = {
        "absolute": 2 * covariance, "relative": 2 * covariance / mean,
        "wagstaff": 2 * covariance / mean / (1 - mean / 100), "erreygers": 8 * covariance / 100,
    }  # fmt: skip
    for form, figure in expected.items():
        bounds = BOUNDS if form in ("wagstaff", "erreygers") else {}
        assert calculate_concentration_index(y, n, form=form, **bounds, **UPTAKE).value == pytest.approx(
            figure
        )


def test_the_standard_error_is_that_of_a_weighted_regression_on_rank() -> None:
    y, n = np.array([20.0, 35, 30, 60]), np.array([100.0, 300, 200, 400])
    w = n / n.sum()
    rank = np.cumsum(w) - w / 2
    left = 2 * (w @ (rank - 0.5) ** 2) * y * np.sqrt(w)
    design = np.stack([rank * np.sqrt(w), np.sqrt(w)], axis=1)
    slope, _ = (fit := np.linalg.lstsq(design, left))[0]
    error = np.sqrt(fit[1][0] / 2 * np.linalg.inv(design.T @ design)[0, 0])
    index = calculate_concentration_index(y, n, form="absolute", **UPTAKE)
    assert index.value == pytest.approx(slope)
    assert index.standard_error == pytest.approx(error)


@pytest.mark.parametrize("form", FORMS)
@given(values, people)
@quick
def test_the_index_keeps_its_bounds_and_turns_with_its_sign(form: str, value, population) -> None:
    index = calculate_concentration_index(value, population, form=form, **BOUNDS, **UPTAKE)
    other = calculate_concentration_index(value, population, form=form, **BOUNDS, **ILLNESS)
    back = calculate_concentration_index(value[::-1], population[::-1], form=form, **BOUNDS, **UPTAKE)
    assert abs(index.value) <= 1
    np.testing.assert_allclose(-other.value, index.value)
    np.testing.assert_allclose(-back.value, index.value, rtol=1e-7, atol=1e-9)
    assert index.lower_cl <= index.value <= index.upper_cl


@given(values, people)
@quick
def test_a_corrected_index_mirrors_that_of_the_complement(value, population) -> None:
    for form in ("wagstaff", "erreygers"):
        here, there = (
            calculate_concentration_index(y, population, form=form, **BOUNDS, **UPTAKE)
            for y in (np.array(value), 100 - np.array(value))
        )
        np.testing.assert_allclose(there.value, -here.value, rtol=1e-7, atol=1e-9)


@given(values, people, st.floats(0.01, 100))
@quick
def test_the_absolute_index_scales_and_the_relative_does_not(value, population, factor: float) -> None:
    for form, times in (("absolute", factor), ("relative", 1)):
        here, there = (
            calculate_concentration_index(y, population, form=form, **UPTAKE)
            for y in (np.array(value), np.array(value) * factor)
        )
        np.testing.assert_allclose(there, np.array(here) * times, rtol=1e-6, atol=1e-9 * times)


@given(values, people)
@quick
def test_merging_neighbours_of_equal_value_changes_no_index(value, population) -> None:
    value[1] = value[2]
    joined = np.delete(value, 2), np.array([population[0], population[1] + population[2], population[3]])
    np.testing.assert_allclose(
        calculate_concentration_index(*joined, **UPTAKE).value,
        calculate_concentration_index(value, population, **UPTAKE).value, rtol=1e-7, atol=1e-9,
    )  # fmt: skip


@given(st.floats(1, 99), people)
@quick
def test_equal_values_are_concentrated_nowhere(value: float, population) -> None:
    for form in FORMS:
        index = calculate_concentration_index(np.full(4, value), population, form=form, **BOUNDS, **UPTAKE)
        assert index.value == pytest.approx(0, abs=1e-9)


def test_a_small_data_set_keeps_its_digits_after_a_large_one() -> None:
    small = [0.1, 0.7, 0.3]
    alone = calculate_concentration_index([2.0, 3.0, 5.0], small, **UPTAKE)
    after = calculate_concentration_index(
        [1.0, 2.0, 2.0, 3.0, 5.0], [3e12 + 0.3, 7e12 + 0.1, *small], offsets=[0, 2, 5], **UPTAKE
    )
    np.testing.assert_allclose(after.value[1], alone.value, rtol=1e-14)


def test_each_reason_is_told_of_its_own_data_set() -> None:
    value, population = [1, 2, 3, np.nan, 2, 1, 3, 7, 0, 0], [1, 2, 1, 1, 1, 1, 0, 1, 1, 1]
    index = calculate_concentration_index(value, population, offsets=[0, 3, 5, 7, 8, 10, 10], **UPTAKE)
    told = ["", "missing", "no_population", "too_few_values", "not_estimable", "too_few_values"]
    assert index.reason.tolist() == told
    whole = calculate_concentration_index([100, 100], [1, 1], form="wagstaff", **BOUNDS, **UPTAKE)
    assert whole.reason == "not_estimable"


def test_two_subgroups_have_an_index_and_no_limits() -> None:
    index = calculate_concentration_index([50, 70], [1, 1], **UPTAKE)
    assert index.value == pytest.approx(20 / 4 / 60)
    assert np.isnan(index.lower_cl)
    assert index.reason == ""


def test_several_levels_and_labels_in_any_order() -> None:
    index = calculate_concentration_index(
        [1, 30, 2, 10, 3, 5], [1] * 6, groups=list("babaab"), confidence_level=[[0.95], [0.998]], **UPTAKE
    )
    assert index.value.shape == (2, 2)
    assert index.value[0, 0] < 0 < index.value[0, 1]
    assert np.all(index.lower_cl[1] < index.lower_cl[0])


def test_persons_of_equal_weight_are_subgroups_of_their_counts() -> None:
    rng = np.random.default_rng(1)
    position = rng.integers(1, 6, 400)
    value = (rng.random(400) < 0.1 * position).astype(float)
    persons = calculate_survey_concentration_index(value, position, **UPTAKE)
    count = np.bincount(position)[1:]
    groups = calculate_concentration_index(np.bincount(position, value)[1:] / count, count, **UPTAKE)
    assert persons.value == pytest.approx(groups.value)


def test_surveys_are_kept_apart_whatever_the_order_of_their_rows() -> None:
    rng = np.random.default_rng(2)
    size = 300
    data = {
        "value": rng.random(size), "position": rng.integers(1, 6, size), "weight": rng.uniform(0.5, 2, size),
        "psu": rng.integers(0, 12, size), "strata": rng.integers(0, 3, size),
    }  # fmt: skip
    survey = rng.choice(["x", "y"], size)
    both = calculate_survey_concentration_index(**data, groups=survey, **UPTAKE)
    for at, name in enumerate("xy"):
        alone = {key: column[survey == name] for key, column in data.items()}
        one = calculate_survey_concentration_index(**alone, **UPTAKE)
        np.testing.assert_allclose([part[at] for part in both], one, rtol=1e-10)
        assert both.standard_error[at] == pytest.approx(one.standard_error)


def test_sampling_units_that_move_together_widen_the_interval() -> None:
    rng = np.random.default_rng(3)
    position = rng.integers(1, 6, 200)
    value = rng.random(200)
    once = calculate_survey_concentration_index(value, position, **UPTAKE)
    thrice = calculate_survey_concentration_index(
        np.tile(value, 3), np.tile(position, 3), psu=np.tile(np.arange(200), 3), **UPTAKE
    )
    # The same persons three times over say nothing new, once the units are told.
    assert thrice.standard_error == pytest.approx(once.standard_error)
    blind = calculate_survey_concentration_index(np.tile(value, 3), np.tile(position, 3), **UPTAKE)
    assert blind.standard_error < 0.7 * once.standard_error


def test_a_stratum_with_one_unit_adds_its_own_square() -> None:
    value, position = [0.0, 1, 2, 4, 3, 7], [1, 1, 2, 2, 3, 3]
    lonely = calculate_survey_concentration_index(value, position, strata=[1, 1, 1, 2, 2, 3], **UPTAKE)
    assert np.isfinite(lonely.standard_error)
    all_alone = calculate_survey_concentration_index(value, position, strata=range(6), **UPTAKE)
    one_stratum = calculate_survey_concentration_index(value, position, **UPTAKE)
    # Centred at 0 either way, but only the stratum of six has its factor 6/5.
    assert one_stratum.standard_error == pytest.approx(all_alone.standard_error * np.sqrt(6 / 5))


def test_each_reason_of_a_survey_is_told() -> None:
    index = calculate_survey_concentration_index(
        [1, 2, np.nan, 2, 1, 1, 1, 1, 1], [1, 2, 1, 2, 1, 2, 1, 1, 1], [1, 1, 1, 1, 0, 0, 1, 1, 1],
        offsets=[0, 2, 4, 6, 7, 9], **UPTAKE,
    )  # fmt: skip
    assert index.reason.tolist() == ["", "missing", "no_population", "too_few_values", "not_estimable"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calculate_concentration_index([1], [1], form="gini", **UPTAKE), 'form "gini" is not known'),
        (lambda: calculate_concentration_index([1], [1], form="wagstaff", **UPTAKE), "needs bounds"),
        (lambda: calculate_concentration_index([1], [1], bounds=(1, 0), **UPTAKE), "bounds must be"),
        (lambda: calculate_concentration_index([1, 101], [1, 1], **BOUNDS, **UPTAKE), "in 1 row: row 1"),
        (lambda: calculate_concentration_index([1], [-1], **UPTAKE), "population is negative"),
        (lambda: calculate_concentration_index([1], [1], polarity="up"), "polarity"),
        (lambda: calculate_survey_concentration_index([1, 2], [1, 2], psu=[1], **UPTAKE), "psu must have"),
        (lambda: calculate_survey_concentration_index([1], [1], strata=[np.nan], **UPTAKE), "strata is NaN"),
        (lambda: calculate_survey_concentration_index([1], [1], [-1], **UPTAKE), "weight is negative"),
    ],
)
def test_what_cannot_be_is_said(call: Callable[[], Estimate], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
