"""Slope and relative index of inequality from a regression on rank."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from evenground.errors import InputError
from evenground.stats import calculate_sii
from evenground.stats.estimates import Estimate
from evenground.stats.slope_regression import (
    MODELS,
    calculate_relative_index_by_regression,
    calculate_slope_index_by_regression,
    calculate_survey_relative_index,
    calculate_survey_slope_index,
)

shares = st.lists(st.floats(0.01, 0.99), min_size=4, max_size=4)
people = st.lists(st.integers(10, 1_000_000), min_size=4, max_size=4)
UPTAKE: Any = {"polarity": "higher_is_better"}
ILLNESS: Any = {"polarity": "lower_is_better"}
quick = settings(deadline=None, max_examples=40)
SHARES, PEOPLE = np.array([0.2, 0.5, 0.4, 0.9]), np.array([900.0, 1500, 700, 1100])


def ranks(population: np.ndarray) -> np.ndarray:
    share = population / population.sum()
    return np.cumsum(share) - share / 2


def test_the_logit_fit_has_the_greatest_likelihood() -> None:
    rank, w = ranks(PEOPLE), PEOPLE / PEOPLE.sum()

    def loss(at: np.ndarray) -> float:
        eta = at[0] + at[1] * rank
        return float(-w @ (SHARES * eta - np.logaddexp(0, eta)))

    start, slope = optimize.minimize(loss, [0, 0], tol=1e-14).x
    most, least = special.expit(start), special.expit(start + slope)
    sii = calculate_slope_index_by_regression(SHARES, PEOPLE, **UPTAKE)
    rii = calculate_relative_index_by_regression(SHARES, PEOPLE, **UPTAKE)
    assert sii.value == pytest.approx(least - most, rel=1e-6)
    assert rii.value == pytest.approx(least / most, rel=1e-6)


def test_the_linear_fit_is_the_line_of_the_english_method() -> None:
    ours = calculate_slope_index_by_regression(SHARES, PEOPLE, model="linear", **UPTAKE)
    english = calculate_sii(SHARES, PEOPLE, standard_error=np.ones(4), **UPTAKE)
    assert ours.value == pytest.approx(english.value)


def test_the_interval_is_whites_with_the_small_sample_factor() -> None:
    rank, w = ranks(PEOPLE), PEOPLE
    design = np.stack([np.ones(4), rank], axis=1)
    bread = np.linalg.inv(design.T @ (design * w[:, None]))
    score = design * (w * (SHARES - design @ (bread @ design.T @ (w * SHARES))))[:, None]
    covariance = bread @ score.T @ score @ bread * 4 / 2
    sii = calculate_slope_index_by_regression(SHARES, PEOPLE, model="linear", **UPTAKE)
    assert sii.standard_error == pytest.approx(np.sqrt(covariance[1, 1]))


@pytest.mark.parametrize("model", MODELS)
@given(shares, people)
@quick
def test_the_sign_turns_with_the_polarity_and_the_ratio_inverts(model: str, value, population) -> None:
    arguments: Any = {"model": model}
    up, down = (
        calculate_slope_index_by_regression(value, population, **arguments, **p) for p in (UPTAKE, ILLNESS)
    )
    np.testing.assert_allclose(up, [-down.value, -down.upper_cl, -down.lower_cl])
    above, below = (
        calculate_relative_index_by_regression(value, population, **arguments, **p) for p in (UPTAKE, ILLNESS)
    )
    assert above.reason == below.reason
    np.testing.assert_allclose(above.value, 1 / below.value)
    if not above.reason:
        assert above.lower_cl <= above.value <= above.upper_cl
    assert up.lower_cl <= up.value <= up.upper_cl
    assert up.reason == ""


@pytest.mark.parametrize("model", MODELS)
@given(shares, people, st.floats(0.5, 1000))
@quick
def test_the_difference_scales_and_the_ratio_does_not(model: str, value, population, factor: float) -> None:
    y = np.array(value)
    for calculate, times in (
        (calculate_slope_index_by_regression, factor), (calculate_relative_index_by_regression, 1.0),
    ):  # fmt: skip
        here = calculate(y, population, model=model, **UPTAKE)
        there = calculate(np.minimum(y * factor, factor), population, model=model, scale=factor, **UPTAKE)
        if not here.reason:
            np.testing.assert_allclose(there, np.array(here) * times, rtol=1e-5, atol=1e-8 * times)


@pytest.mark.parametrize("model", MODELS)
@given(st.floats(0.01, 0.99), people)
@quick
def test_equal_values_have_no_gap(model: str, value: float, population) -> None:
    same: Any = ([value] * 4, population)
    assert calculate_slope_index_by_regression(*same, model=model, **UPTAKE).value == pytest.approx(
        0, abs=1e-8
    )
    assert calculate_relative_index_by_regression(*same, model=model, **UPTAKE).value == pytest.approx(1)


@given(shares, people)
@quick
def test_the_logit_model_holds_its_fitted_values_between_the_bounds(value, population) -> None:
    assert abs(calculate_slope_index_by_regression(value, population, **UPTAKE).value) < 1


def test_a_fit_that_runs_away_is_not_estimable_and_spoils_no_other() -> None:
    value = [[0.0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], SHARES, [0, 0.1, 0.2, 1]]
    sii = calculate_slope_index_by_regression(value, np.broadcast_to(PEOPLE, (5, 4)), **UPTAKE)
    told = ["not_estimable", "not_estimable", "not_estimable", "", ""]
    assert sii.reason.tolist() == told
    alone = calculate_slope_index_by_regression(SHARES, PEOPLE, **UPTAKE)
    np.testing.assert_array_equal([part[3] for part in sii], alone)


def test_steep_gradients_converge() -> None:
    rank = ranks(np.ones(10))
    for slope in (1, 10, 40, 80):
        value = special.expit(slope * (rank - 0.5))
        sii = calculate_slope_index_by_regression(value, np.ones(10), **UPTAKE)
        assert sii.value == pytest.approx(np.tanh(slope / 4), rel=1e-6)


def test_a_line_that_crosses_zero_has_a_difference_and_no_ratio() -> None:
    arguments: Any = {"model": "linear", **UPTAKE}
    assert calculate_slope_index_by_regression([0, 0, 0, 50], PEOPLE, **arguments).reason == ""
    assert (
        calculate_relative_index_by_regression([0, 0, 0, 50], PEOPLE, **arguments).reason == "not_estimable"
    )


def test_weights_of_the_fit_do_not_move_the_ranks() -> None:
    twice = calculate_slope_index_by_regression(SHARES, PEOPLE, weight=2 * PEOPLE, **UPTAKE)
    np.testing.assert_allclose(twice, calculate_slope_index_by_regression(SHARES, PEOPLE, **UPTAKE))
    end = calculate_slope_index_by_regression(
        [1, 5, 9, 2], PEOPLE, weight=[1, 0, 1, 0], model="linear", **UPTAKE
    )
    rank = ranks(PEOPLE)
    assert end.value == pytest.approx(8 / (rank[2] - rank[0]))


def test_each_reason_is_told_of_its_own_data_set() -> None:
    value, population = [0.1, 0.2, 0.4, np.nan, 0.2, 0.1, 0.3, 0.7], [1, 2, 1, 1, 1, 1, 0, 1]
    for model in MODELS:
        sii = calculate_slope_index_by_regression(
            value, population, offsets=[0, 3, 5, 7, 8, 8], model=model, **UPTAKE
        )
        told = ["", "missing", "no_population", "too_few_values", "too_few_values"]
        assert sii.reason.tolist() == told
    weighted = calculate_slope_index_by_regression([0.1, 0.2], [1, 1], weight=[1, np.nan], **UPTAKE)
    assert weighted.reason == "missing"


def test_two_subgroups_have_a_gap_and_no_limits() -> None:
    sii = calculate_slope_index_by_regression([0.2, 0.4], [1, 1], model="linear", **UPTAKE)
    assert sii.value == pytest.approx(0.4)
    assert np.isnan(sii.lower_cl)
    assert sii.reason == ""


def test_labels_may_come_in_any_order_and_levels_together() -> None:
    order = np.array([4, 0, 5, 1, 6, 2, 7, 3])
    value, population = np.r_[SHARES, SHARES[::-1]], np.r_[PEOPLE, PEOPLE]
    sii = calculate_slope_index_by_regression(
        value[order], population[order], groups=np.array(list("aaaabbbb"))[order],
        confidence_level=[[0.95], [0.998]], **UPTAKE,
    )  # fmt: skip
    assert sii.value.shape == (2, 2)
    assert sii.value[0, 0] == pytest.approx(
        calculate_slope_index_by_regression(SHARES, PEOPLE, **UPTAKE).value
    )
    assert np.all(sii.upper_cl[1] > sii.upper_cl[0])


def test_persons_of_a_survey_are_subgroups_of_their_counts() -> None:
    rng = np.random.default_rng(1)
    position = rng.integers(1, 6, 500)
    value = (rng.random(500) < 0.15 * position).astype(float)
    count = np.bincount(position)[1:]
    grouped = np.bincount(position, value)[1:] / count
    for model in MODELS:
        for persons, subgroups in (
            (calculate_survey_slope_index, calculate_slope_index_by_regression),
            (calculate_survey_relative_index, calculate_relative_index_by_regression),
        ):
            one = persons(value, position, model=model, **UPTAKE)
            assert one.value == pytest.approx(subgroups(grouped, count, model=model, **UPTAKE).value)


def test_the_survey_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    surveys, size = 1500, 400
    position = np.broadcast_to(np.repeat(np.arange(5), size // 5), (surveys, size))
    value = rng.random((surveys, size)) < 0.3 + 0.1 * position
    sii = calculate_survey_slope_index(value, position, model="linear", **UPTAKE)
    # The line through 0.3 ... 0.7 at ranks 0.1 ... 0.9.
    assert 0.935 < np.mean((sii.lower_cl <= 0.5) & (sii.upper_cl >= 0.5)) < 0.965


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calculate_slope_index_by_regression([0.1], [1], model="probit", **UPTAKE), 'model "probit"'),
        (lambda: calculate_slope_index_by_regression([0.1, 47], [1, 1], **UPTAKE), "in 1 row: row 1"),
        (lambda: calculate_slope_index_by_regression([-0.1, 0.2], [1, 1], **UPTAKE), "share of the scale 1"),
        (lambda: calculate_slope_index_by_regression([0.1], [1], scale=0, **UPTAKE), "scale must be above 0"),
        (lambda: calculate_slope_index_by_regression([0.1], [-1], **UPTAKE), "population is negative"),
        (lambda: calculate_slope_index_by_regression([0.1], [1], weight=[-1], **UPTAKE), "weight is neg"),
        (lambda: calculate_survey_slope_index([0, 1], [1, 2], [1, 2, 3], **UPTAKE), "do not fit together"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(call: Callable[[], Estimate], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
