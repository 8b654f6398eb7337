"""Counts under the policy."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenground.disclosure import (
    load_policy,
    protect_count,
    protect_counts,
    protect_figures,
    require_protected,
    round_modelled,
)
from evenground.errors import DisclosureError

POLICY = load_policy("nhs-7-5")


def protect(rows: list[tuple[int, int]]) -> list[tuple]:
    frame = pl.DataFrame(rows, schema={"numerator": pl.Int64, "denominator": pl.Int64}, orient="row")
    return protect_figures(frame, POLICY).rows()


def test_zero_stays_zero_and_one_to_seven_are_hidden_and_the_rest_are_rounded_to_five():
    shown = [protect_count(count, POLICY) for count in (0, 1, 7, 8, 9, 12, 13, 1002)]
    assert shown == [
        (0, "zero"),
        (None, "suppressed"),
        (None, "suppressed"),
        (10, "published"),
        (10, "published"),
        (10, "published"),
        (15, "published"),
        (1000, "published"),
    ]


def test_total_is_rounded_after_it_is_summed():
    parts = np.array([12, 12, 12])
    total, _ = protect_counts(parts.sum(keepdims=True), POLICY)
    rounded_parts, _ = protect_counts(parts, POLICY)
    assert total[0] == 35
    assert rounded_parts.sum() == 30


def test_a_figure_is_hidden_when_either_of_its_counts_is():
    assert protect([(3, 100), (3, 6), (50, 100)]) == [
        (None, 100, "suppressed"),
        (None, None, "suppressed"),
        (50, 100, "published"),
    ]


def test_a_numerator_is_never_shown_without_its_denominator():
    assert protect([(0, 4)]) == [(None, None, "suppressed")]


def test_zero_missing_and_suppressed_are_three_different_notes():
    assert [row[2] for row in protect([(0, 40), (0, 0), (2, 40)])] == ["zero", "missing", "suppressed"]


def test_a_negative_count_stops_everything():
    with pytest.raises(DisclosureError, match="1 counts are negative"):
        protect_counts(np.array([10, -1]), POLICY)


def test_modelled_numbers_of_people_are_rounded_like_counts():
    frame = pl.DataFrame({"expected_missing": [0.4, 2.6, 12.4, 12.6]})
    assert frame.select(round_modelled("expected_missing", POLICY)).to_series().to_list() == [0, 5, 10, 15]


@given(st.lists(st.integers(0, 10**9), min_size=1))
def test_no_published_count_lies_further_than_rounding_allows_or_inside_the_hidden_range(counts):
    rounded, hidden = protect_counts(np.array(counts), POLICY)
    for count, shown, is_hidden in zip(counts, rounded, hidden, strict=True):
        assert is_hidden == (1 <= count <= 7)
        assert is_hidden or (abs(count - shown) <= 2 and shown % 5 == 0 and not 1 <= shown <= 7)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_rounding_never_lifts_a_numerator_above_its_denominator(a, b):
    numerator, denominator, _ = protect([(min(a, b), max(a, b))])[0]
    assert numerator is None or numerator <= denominator


@pytest.mark.parametrize("leak", [1, 5, 7, 13])
def test_the_last_gate_stops_a_table_that_was_not_protected(leak):
    frame = pl.DataFrame({"eligible": [0, 10, None, leak]})
    with pytest.raises(DisclosureError, match="1 cells of rankings.eligible"):
        require_protected("rankings", frame, ("eligible",), POLICY)


def test_the_last_gate_lets_a_protected_table_pass():
    require_protected("rankings", pl.DataFrame({"eligible": [0, 10, None, 1005]}), ("eligible",), POLICY)
