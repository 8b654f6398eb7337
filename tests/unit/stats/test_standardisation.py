"""Directly standardised rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats import EUROPEAN_STANDARD_POPULATION_2013, calculate_crude_rate, calculate_dsr
from evenground.vocabulary import AGE_BANDS

bands = st.lists(st.tuples(st.integers(5, 500), st.integers(500, 50_000)), min_size=19, max_size=19)


def test_the_european_standard_population_is_100_000_people_in_the_19_bands() -> None:
    assert len(EUROPEAN_STANDARD_POPULATION_2013) == len(AGE_BANDS) == 19
    assert sum(EUROPEAN_STANDARD_POPULATION_2013) == 100_000


@given(bands)
def test_one_age_band_gives_the_crude_rate(rows: list[tuple[int, int]]) -> None:
    count, population = np.array(rows, float).T
    dsr = calculate_dsr(count[:, None], population[:, None], [1])
    large = count >= 10
    np.testing.assert_allclose(dsr.value[large], calculate_crude_rate(count, population).value[large])
    np.testing.assert_allclose(dsr.lower_cl[large], calculate_crude_rate(count, population).lower_cl[large])


@given(bands, st.floats(1e-4, 0.5))
def test_equal_rates_standardise_to_themselves(rows: list[tuple[int, int]], rate: float) -> None:
    population = np.array(rows, float)[:, 1]
    dsr = calculate_dsr(rate * population, population, multiplier=1)
    if rate * population.sum() >= 10:
        assert dsr.value == pytest.approx(rate)


@given(bands, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[int, int]], random) -> None:
    standard = np.array(EUROPEAN_STANDARD_POPULATION_2013, float)
    count, population = np.array(rows, float).T
    order = np.array(random.sample(range(19), 19))
    there = calculate_dsr(count, population, standard)
    back = calculate_dsr(count[order], population[order], standard[order])
    np.testing.assert_allclose(there, back, rtol=1e-12)


def test_labels_offsets_and_a_table_say_the_same() -> None:
    count = np.arange(10.0, 22.0).reshape(3, 4)
    population = np.full((3, 4), 1_000.0)
    standard = np.array([4.0, 3.0, 2.0, 1.0])
    table = calculate_dsr(count, population, standard)
    flat = {
        "count": count.ravel(),
        "population": population.ravel(),
        "standard_population": np.tile(standard, 3),
    }
    by_offset = calculate_dsr(**flat, offsets=[0, 4, 8, 12])
    shuffled = np.random.default_rng(1).permutation(12)
    labels = np.repeat(["a", "b", "c"], 4)[shuffled]
    by_label = calculate_dsr(*(values[shuffled] for values in flat.values()), groups=labels)
    np.testing.assert_allclose(by_offset, table, rtol=1e-13)
    np.testing.assert_allclose(by_label, table, rtol=1e-13)


def test_fewer_than_ten_events_are_not_standardised() -> None:
    dsr = calculate_dsr([[4, 5], [5, 5]], [[100, 100], [100, 100]], [1, 1])
    assert dsr.reason.tolist() == ["too_few_events", ""]
    assert np.isnan(dsr.value).tolist() == [True, False]


def test_each_reason_is_told_of_its_own_group() -> None:
    dsr = calculate_dsr(
        [[20, 20], [20, np.nan], [20, 0], [1, 1]], [[100, 100], [100, 100], [100, 0], [100, 100]], [1, 1]
    )
    assert dsr.reason.tolist() == ["", "missing", "no_population", "too_few_events"]


def test_a_group_without_rows_has_too_few_events() -> None:
    dsr = calculate_dsr([20.0, 20.0], [100.0, 100.0], [1, 1], offsets=[0, 0, 2, 2])
    assert dsr.reason.tolist() == ["too_few_events", "", "too_few_events"]
    assert dsr.value[1] == 20_000


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"groups": ["a"]}, "a label for each of the 2 rows"),
        ({"offsets": [0, 1]}, "end with the number of rows, 2"),
        ({"offsets": [0, 2], "groups": ["a", "a"]}, "not both"),
    ],
)
def test_groups_that_do_not_fit_are_refused(arguments: dict, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        calculate_dsr([20.0, 20.0], [100.0, 100.0], [1, 1], **arguments)


def test_a_standard_population_of_nobody_is_refused() -> None:
    with pytest.raises(InputError, match="sums to 0"):
        calculate_dsr([20, 20], [100, 100], [0, 0])


def test_national_counts_do_not_overflow() -> None:
    people = np.full(19, 57_000_000, dtype=np.int32)
    dsr = calculate_dsr(people // 2, people, multiplier=1)
    assert dsr.value == pytest.approx(0.5)
