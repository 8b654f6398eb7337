"""Figures against their benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from evenground.errors import InputError
from evenground.stats import compare_with_benchmark
from evenground.vocabulary import Comparison, Polarity


@pytest.mark.parametrize(
    ("polarity", "labels"),
    [
        ("higher_is_better", ["worse", "similar", "better"]),
        ("lower_is_better", ["better", "similar", "worse"]),
        ("none", ["lower", "similar", "higher"]),
    ],
)
def test_an_interval_below_about_and_above_its_benchmark(polarity: str, labels: list[str]) -> None:
    assert compare_with_benchmark([1, 4, 6], [4, 6, 9], 5, polarity=polarity).tolist() == labels


def test_an_interval_that_touches_its_benchmark_is_similar() -> None:
    assert compare_with_benchmark([5, 1], [9, 5], 5, polarity="none").tolist() == ["similar", "similar"]


def test_without_an_interval_or_a_benchmark_nothing_is_compared() -> None:
    labels = compare_with_benchmark([np.nan, 1, 1], [np.nan, 2, np.nan], [5, np.nan, 5], polarity="none")
    assert set(labels) == {"not_compared"}


def test_an_area_is_not_compared_with_itself() -> None:
    labels = compare_with_benchmark([1, 1], [2, 2], 5, polarity="none", is_benchmark=[True, False])
    assert labels.tolist() == ["not_compared", "lower"]


def test_a_target_may_be_a_range() -> None:
    labels = compare_with_benchmark([1, 4, 9], [3, 6, 10], 5, benchmark_upper=7, polarity="higher_is_better")
    assert labels.tolist() == ["worse", "similar", "better"]


def test_limits_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(InputError, match="wrong way round"):
        compare_with_benchmark([2], [1], 5, polarity="none")


def test_every_label_and_polarity_is_in_the_vocabulary() -> None:
    labels = {
        label
        for polarity in Polarity
        for label in compare_with_benchmark([1, 4, 6, np.nan], [4, 6, 9, 1], 5, polarity=polarity)
    }
    assert labels == set(Comparison)
