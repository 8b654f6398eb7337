"""How figures are written."""

from __future__ import annotations

import doctest

import pytest

from evenground.reports import words
from evenground.reports.words import (
    clean_text,
    format_count,
    format_count_with_interval,
    format_difference,
    format_interval,
    format_number,
    format_period,
    format_share,
    format_value,
    format_value_with_interval,
    list_in_words,
)


def test_every_example_in_the_documentation_holds():
    assert doctest.testmod(words).failed == 0


@pytest.mark.parametrize(
    ("value", "unit", "note", "written"),
    [
        (58.34, "%", "published", "58.3%"),
        (100.0, "%", "published", "100%"),
        (99.97, "%", "published", "more than 99.9%"),
        (0.04, "%", "published", "less than 0.1%"),
        (0.0, "%", "published", "0%"),
        (0.0, "%", "zero", "0%"),
        (None, "%", "zero", "0%"),
        (None, "%", "suppressed", "suppressed"),
        (None, "%", "missing", "no data"),
        (None, "per 100,000", "too_few_events", "too few events"),
        (None, "%", "published", "no data"),
        (float("nan"), "%", "published", "no data"),
        (1234.5, "per 100,000", "published", "1,234.5 per 100,000"),
        (0.0, "per 100,000", "zero", "0 per 100,000"),
        (-2.5, "%", "published", "−2.5%"),
        (12.0, "", "published", "12.0"),
    ],
)
def test_a_value_is_written_with_its_unit_or_its_reason(value, unit, note, written):
    assert format_value(value, unit, note) == written


def test_suppressed_missing_and_zero_read_differently():
    texts = {format_value(None, "%", note) for note in ("suppressed", "missing", "zero", "too_few_events")}
    assert len(texts) == 4


def test_a_suppressed_value_is_not_written_even_where_a_number_came_with_it():
    assert format_value(58.3, "%", "suppressed") == "suppressed"
    assert format_value_with_interval(58.3, 57.1, 59.5, "%", "suppressed") == "suppressed"


def test_an_interval_repeats_the_percent_sign_but_not_a_longer_unit():
    assert format_interval(57.1, 59.5, "%") == "57.1% to 59.5%"
    assert format_interval(1057.1, 1159.5, "per 100,000") == "1,057.1 to 1,159.5 per 100,000"


@pytest.mark.parametrize(("lower", "upper"), [(None, 1.0), (1.0, None), (float("nan"), 1.0)])
def test_half_an_interval_is_not_written(lower, upper):
    assert format_interval(lower, upper, "%") == ""
    assert format_value_with_interval(50.0, lower, upper, "%") == "50.0%"


@pytest.mark.parametrize(
    ("count", "note", "written"),
    [
        (0, "zero", "0"),
        (12345, "published", "12,345"),
        (5, "too_few_events", "5"),
        (None, "suppressed", "suppressed"),
        (None, "missing", "no data"),
    ],
)
def test_a_count_is_written_or_its_reason(count, note, written):
    assert format_count(count, note) == written


def test_a_count_without_limits_has_no_brackets():
    assert format_count_with_interval(185, None, None) == "185"
    assert format_count_with_interval(None, None, None, "suppressed") == "suppressed"


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.0, "0%"), (1.0, "100%"), (0.999, "more than 99%"), (0.5, "50%"), (None, "no data")],
)
def test_a_share_becomes_a_percentage(share, written):
    assert format_share(share) == written


def test_a_difference_has_no_sign_and_counts_points_not_per_cent():
    assert format_difference(-15.84, "%") == "15.8 percentage points"
    assert format_difference(-1.0, "%") == "1 percentage point"


def test_minus_zero_is_written_as_zero():
    assert format_number(-0.04) == "0.0"


def test_a_period_that_is_not_two_dates_is_left_alone():
    assert format_period("2022/23 to 2024/25") == "2022/23 to 2024/25"


def test_long_lists_count_the_rest_but_never_say_one_other():
    assert list_in_words(["a", "b", "c"], most=2) == "a, b and c"
    assert list_in_words(["a", "b", "c", "d"], most=2) == "a, b and 2 others"
    assert list_in_words([]) == ""


def test_characters_that_xml_cannot_hold_are_taken_out():
    assert clean_text("a\x00b\n\tc\ud800\uffff") == "ab c"
