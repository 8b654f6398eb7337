"""Rows that belong together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evenground.errors import InputError
from evenground.stats.groups import find_groups

numbers = st.lists(st.integers(-128, 127), max_size=60).map(lambda rows: np.array(rows, np.int8))
KINDS = ["i1", "i8", "f8", "U5", "O", "M8[D]", "?"]


def written_as(kind: str, values: NDArray[np.int8]) -> NDArray[Any]:
    return values.astype("U5").astype(object) if kind == "O" else values.astype(kind)


@pytest.mark.parametrize("kind", KINDS)
@given(numbers)
def test_groups_come_in_the_order_of_their_sorted_labels(kind: str, values: NDArray[np.int8]) -> None:
    labels = written_as(kind, values)
    names, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    found = find_groups(labels.shape, labels, None)
    assert found.labels is not None
    assert found.labels.tolist() == names.tolist()
    assert found.sizes.tolist() == sizes.tolist()
    rows = np.arange(float(labels.size))
    np.testing.assert_array_equal(found.arrange(rows), np.argsort(place, kind="stable"))
    np.testing.assert_allclose(found.total(found.arrange(rows)), np.bincount(place, weights=rows))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_labels_in_runs_and_their_offsets_say_the_same(sizes: list[int]) -> None:
    held = [size for size in sizes if size]
    values = np.arange(float(sum(held)))
    by_label = find_groups(values.shape, np.repeat(np.arange(len(held)), held), None)
    by_offset = find_groups(values.shape, None, np.cumsum([0, *held]))
    assert by_label.order is None
    np.testing.assert_array_equal(by_label.total(values), by_offset.total(values))
    assert by_label.size == by_offset.size == (held[0] if len(set(held)) == 1 else None)


def test_the_total_of_a_group_without_rows_is_zero() -> None:
    found = find_groups((3,), None, [0, 0, 2, 2, 3])
    assert found.total(np.array([1.0, 2.0, 4.0])).tolist() == [0, 3, 0, 4]


def test_a_long_group_keeps_its_digits() -> None:
    values = np.full(1_000_000, 0.1)
    assert find_groups(values.shape, np.zeros(values.size, int), None).total(values)[0] == pytest.approx(
        1e5, rel=1e-13
    )


def test_labels_far_apart_and_past_the_signed_range_are_told_apart() -> None:
    far = np.array([2**62, -(2**62), 2**62])
    assert find_groups((3,), far, None).labels.tolist() == [-(2**62), 2**62]
    unsigned = np.array([2**63 + 1, 2**63, 2**63 + 1], np.uint64)
    assert find_groups((3,), unsigned, None).labels.tolist() == [2**63, 2**63 + 1]


def test_more_groups_than_sixteen_bits_can_number() -> None:
    labels = np.random.default_rng(4).permutation(70_000)
    found = find_groups(labels.shape, labels, None)
    assert found.arrange(labels.astype(float)).tolist() == list(range(70_000))


@pytest.mark.parametrize(
    "labels",
    [
        [1.0, np.nan, 2.0],
        ["a", None, "b"],
        ["a", np.nan, "b"],
        np.array(["a", np.nan, "b"], object),
        np.array(["2024-01-01", "NaT", "2025-01-01"], "M8[D]"),
        pd.Series(["a", pd.NA, "b"]),
        pl.Series(["a", None, "b"]),
        pl.Series([1, None, 2]),
    ],
)
def test_a_row_without_a_label_is_named_and_not_dropped(labels: Any) -> None:
    with pytest.raises(InputError, match=r"groups has no label in 1 row: row 1 \(the first row is 0\)"):
        find_groups((3,), labels, None)


@pytest.mark.parametrize("labels", [[1, "a"], [["a"], 2], [{}, "a"]])
def test_labels_that_cannot_be_sorted_are_refused(labels: list[Any]) -> None:
    held = np.empty(2, object)
    held[:] = labels
    with pytest.raises(InputError, match="labels that cannot be sorted"):
        find_groups((2,), held, None)


def test_offsets_that_are_not_whole_are_refused() -> None:
    with pytest.raises(InputError, match="whole numbers, but they hold float64"):
        find_groups((3,), None, [0, 1.5, 3])
