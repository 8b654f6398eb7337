"""Gaps between two subgroups, population attributable risk and relative inequity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.inequality import (
    calculate_difference,
    calculate_population_attributable_fraction,
    calculate_population_attributable_risk,
    calculate_ratio,
    calculate_relative_inequity,
)

values = st.lists(st.floats(1, 99), min_size=4, max_size=4)
people = st.lists(st.integers(10, 10_000_000), min_size=4, max_size=4)
orders = st.permutations(range(4))
UPTAKE: Any = {"polarity": "higher_is_better"}
ILLNESS: Any = {"polarity": "lower_is_better"}


def test_a_gap_against_the_compared_is_positive_whatever_is_good() -> None:
    named: Any = {"reference": 0, "compared": 1}
    assert calculate_difference([80, 60], **UPTAKE, **named).value == 20
    assert calculate_difference([60, 80], **ILLNESS, **named).value == 20
    assert calculate_difference([60, 80], polarity="none", **named).value == 20
    assert calculate_ratio([80, 60], **UPTAKE, **named).value == pytest.approx(4 / 3)
    assert calculate_ratio([60, 80], **ILLNESS, **named).value == pytest.approx(4 / 3)


def test_ordered_subgroups_are_compared_at_their_ends_and_others_at_their_extremes() -> None:
    value = [50, 90, 40, 60]
    assert calculate_difference(value, ordered=True, **UPTAKE).value == 10
    assert calculate_difference(value, ordered=True, **ILLNESS).value == -10
    assert calculate_difference(value, **UPTAKE).value == 50
    assert calculate_difference(value, **ILLNESS).value == 50
    assert calculate_difference(value, polarity="none").value == 50


def test_the_last_subgroup_is_that_of_its_own_data_set() -> None:
    gap = calculate_difference([1, 2, 4, 8, 16], offsets=[0, 2, 5], ordered=True, **UPTAKE)
    assert gap.value.tolist() == [1, 12]
    named = calculate_difference([1, 2, 4, 8, 16], offsets=[0, 2, 5], reference=2, compared=0, **UPTAKE)
    assert named.reason.tolist() == ["missing", ""]


def test_a_reference_is_compared_with_the_worst() -> None:
    value = [50, 90, 40, 60]
    assert calculate_difference(value, reference=3, **UPTAKE).value == 20
    assert calculate_difference(value, reference=-1, **ILLNESS).value == 30
    assert calculate_difference(value, reference=2, **UPTAKE).value == 0


def test_a_reference_may_be_named_by_its_label_in_each_data_set() -> None:
    gap = calculate_difference(
        [1, 2, 4, 8, 16], groups=["b", "a", "a", "b", "b"], subgroups=["N", "S", "N", "E", "S"],
        reference="S", compared="N", **UPTAKE,
    )  # fmt: skip
    assert gap.value.tolist() == [2 - 4, 16 - 1]
    apart = calculate_difference(
        [[1, 2], [4, 8]], subgroups=["N", "S"], reference="S", compared="N", **UPTAKE
    )
    assert apart.value.tolist() == [1, 4]


def test_a_reference_may_differ_between_data_sets() -> None:
    gap = calculate_difference([[1, 2], [4, 8]], reference=[0, 1], compared=[1, 0], **UPTAKE)
    assert gap.value.tolist() == [-1, 4]


def test_a_data_set_without_the_reference_is_missing_and_the_others_are_not() -> None:
    gap = calculate_difference(
        [1, 2, 3, 5], groups=[0, 0, 1, 1], subgroups=["N", "S", "N", "E"],
        reference="E", compared="N", **UPTAKE,
    )  # fmt: skip
    assert gap.reason.tolist() == ["missing", ""]
    assert gap.value[1] == 2


def test_of_equal_best_subgroups_the_most_precise_is_the_reference() -> None:
    there = calculate_difference([90, 90, 50], standard_error=[3, 4, 0], **UPTAKE)
    back = calculate_difference([90, 90, 50], standard_error=[4, 3, 0], **UPTAKE)
    unknown = calculate_difference([90, 90, 50], standard_error=[np.nan, 3, 0], **UPTAKE)
    assert there.standard_error == back.standard_error == unknown.standard_error == 3


def test_equal_values_are_compared_between_two_subgroups_and_not_one_with_itself() -> None:
    gap = calculate_difference([50, 50], standard_error=[3, 4], **UPTAKE)
    assert gap.value == 0
    assert gap.standard_error == 5
    assert calculate_ratio([50, 50, 50], standard_error=[3, 4, 5], **ILLNESS).value == 1


def test_the_limits_of_a_ratio_are_symmetric_on_its_logarithm() -> None:
    # By hand: ln(2) with (0.1^2 + 0.05^2) as the squared relative errors.
    ratio = calculate_ratio([20, 10], standard_error=[2, 0.5], reference=0, compared=1, **UPTAKE)
    width = 1.959963984540054 * np.sqrt(0.1**2 + 0.05**2)
    np.testing.assert_allclose(ratio, [2, 2 * np.exp(-width), 2 * np.exp(width)])
    assert ratio.standard_error == pytest.approx(2 * np.sqrt(0.0125))


def test_a_ratio_needs_a_denominator_and_a_zero_numerator_has_no_limits() -> None:
    named: Any = {"reference": 0, "compared": 1, "standard_error": [1, 1]}
    nothing = calculate_ratio([0, 5], **named, **UPTAKE)
    assert nothing.value == 0
    assert np.isnan(nothing.lower_cl)
    assert nothing.reason == ""
    assert calculate_ratio([5, 0], **named, **UPTAKE).reason == "not_estimable"
    assert calculate_ratio([-5, 5], **named, **UPTAKE).reason == "not_estimable"


@pytest.mark.parametrize("function", [calculate_difference, calculate_ratio])
def test_an_unknown_standard_error_leaves_the_value_and_takes_its_own_limits_only(function) -> None:
    gap = function([[1, 2], [3, 4]], standard_error=[[1, np.nan], [1, 1]], **UPTAKE)
    assert np.isfinite(gap.value).all()
    assert np.isnan(gap.lower_cl).tolist() == [True, False]
    assert gap.reason.tolist() == ["", ""]


@pytest.mark.parametrize("function", [calculate_difference, calculate_ratio])
def test_each_reason_is_told_of_its_own_data_set(function) -> None:
    gap = function([1, 2, np.nan, 3, 5, 6, 7], offsets=[0, 2, 4, 5, 7, 7], **UPTAKE)
    assert gap.reason.tolist() == ["", "missing", "too_few_values", "", "too_few_values"]
    assert function([1, np.nan, 3], ordered=True, **UPTAKE).reason == ""


@given(values, orders, st.floats(0.1, 50))
def test_gaps_do_not_depend_on_order_and_scale_as_they_should(value, order, factor: float) -> None:
    y, error = np.array(value), np.linspace(1, 2, 4)
    gap = calculate_difference(y, standard_error=error, **UPTAKE)
    mixed = calculate_difference(y[order], standard_error=error[order], **UPTAKE)
    larger = calculate_difference(y * factor, standard_error=error * factor, **UPTAKE)
    np.testing.assert_allclose(mixed, gap)
    np.testing.assert_allclose(larger, np.array(gap) * factor, atol=1e-9 * factor)
    ratio = calculate_ratio(y, standard_error=error, **ILLNESS)
    np.testing.assert_allclose(
        calculate_ratio(y * factor, standard_error=error * factor, **ILLNESS), ratio, rtol=1e-9
    )
    assert ratio.lower_cl <= ratio.value <= ratio.upper_cl
    wide, narrow = (
        calculate_ratio(y, standard_error=error, **ILLNESS, confidence_level=at) for at in (0.998, 0.95)
    )
    assert wide.lower_cl < narrow.lower_cl
    assert wide.upper_cl > narrow.upper_cl


def test_several_levels_come_at_once() -> None:
    gap = calculate_difference(
        np.ones((3, 2)) * [1, 2], standard_error=np.ones((3, 2)), confidence_level=[[0.95], [0.998]], **UPTAKE
    )
    assert gap.value.shape == gap.reason.shape == (2, 3)
    assert np.all(gap.lower_cl[1] < gap.lower_cl[0])


def test_attributable_risk_is_what_the_mean_would_gain_at_the_level_of_the_best() -> None:
    par = calculate_population_attributable_risk([50, 60, 80], [1000, 1000, 2000], **UPTAKE)
    assert par.value == pytest.approx(80 - 67.5)
    paf = calculate_population_attributable_fraction([30, 20], [1000, 3000], **ILLNESS)
    assert paf.value == pytest.approx(100 * (20 - 22.5) / 22.5)
    assert calculate_population_attributable_risk([30, 20], mean=24, **ILLNESS).value == -4


def test_nothing_is_attributable_where_the_reference_is_the_worse_side() -> None:
    assert calculate_population_attributable_risk([80, 50], [1, 1], ordered=True, **UPTAKE).value == 0
    either = calculate_population_attributable_risk([80, 50], [1, 1], ordered=True, polarity="none")
    assert either.value == -15


def test_the_fraction_and_its_error_are_walters() -> None:
    # A cross-sectional table by hand: a, b exposed with and without the disease; c, d unexposed.
    a, b, c, d = 30.0, 70.0, 20.0, 180.0
    total = a + b + c + d
    paf = calculate_population_attributable_fraction(
        [a / (a + b), c / (c + d)], [a + b, c + d], scale=1, multiplier=1, reference=1, **ILLNESS
    )
    attributable = (a * d - b * c) / ((a + c) * (c + d))
    variance = c * total * (a * d * (total - c) + b * c**2) / ((a + c) ** 3 * (c + d) ** 3)
    assert paf.value == pytest.approx(-attributable)
    assert paf.standard_error == pytest.approx(np.sqrt(variance))


def test_the_error_of_the_fraction_is_that_of_repeated_samples() -> None:
    rng = np.random.default_rng(3)
    size, share = np.array([4000, 6000]), np.array([0.3, 0.2])
    # Walter's samples are cross-sectional: both who is exposed and who is ill vary.
    n = rng.binomial(size.sum(), 0.4, 4000)
    n = np.stack([n, size.sum() - n], axis=1)
    drawn = rng.binomial(n, share) / n
    paf = calculate_population_attributable_fraction(drawn, n, scale=1, reference=1, **ILLNESS)
    one = calculate_population_attributable_fraction(share, size, scale=1, reference=1, **ILLNESS)
    assert one.standard_error == pytest.approx(paf.value.std(), rel=0.05)


def test_attributable_risk_without_scale_or_population_has_no_limits() -> None:
    assert np.isnan(calculate_population_attributable_risk([1, 2], [1, 1], **UPTAKE).lower_cl)
    alone = calculate_population_attributable_risk([1, 2], mean=1.5, scale=100, **UPTAKE)
    assert np.isnan(alone.upper_cl)
    assert alone.reason == ""


def test_each_reason_of_attributable_risk_is_told_of_its_own_data_set() -> None:
    fraction = calculate_population_attributable_fraction(
        [[1, 2], [np.nan, 2], [1, 2], [0, 0]], [[1, 1], [1, 1], [0, 1], [1, 1]], **UPTAKE
    )
    assert fraction.reason.tolist() == ["", "missing", "no_population", "not_estimable"]


@given(values, people)
def test_merging_subgroups_of_equal_value_changes_no_attributable_risk(value, population) -> None:
    value[1] = value[2]
    merged = np.delete(value, 2), np.array([population[0], population[1] + population[2], population[3]])
    whole = calculate_population_attributable_risk(value, population, **ILLNESS)
    joined = calculate_population_attributable_risk(*merged, **ILLNESS)
    np.testing.assert_allclose(joined.value, whole.value, rtol=1e-9, atol=1e-9)


def test_relative_inequity_is_the_rate_over_that_of_the_whole() -> None:
    count, population = np.array([30, 10, 60]), np.array([100, 100, 300])
    inequity = calculate_relative_inequity(count, population)
    np.testing.assert_allclose(inequity.value, count / population / (100 / 500))
    # The first has 30 of 100 events (Wilson: 0.2189 to 0.3958) and a fifth of the people.
    assert inequity.lower_cl[0] == pytest.approx(0.21895 / 0.2, rel=1e-4)
    assert inequity.upper_cl[0] == pytest.approx(0.39585 / 0.2, rel=1e-4)


def test_relative_inequity_keeps_the_order_of_the_rows() -> None:
    mixed = calculate_relative_inequity([1, 6, 3, 2], [10, 10, 10, 10], groups=["b", "a", "b", "a"])
    np.testing.assert_allclose(mixed.value, [0.5, 1.5, 1.5, 0.5])
    assert calculate_relative_inequity([[1, 3], [2, 2]], [[1, 1], [1, 1]]).value.shape == (2, 2)


@given(st.lists(st.integers(0, 10**12), min_size=4, max_size=4), people)
@settings(deadline=None)
def test_relative_inequities_weighted_by_population_average_one(count, population) -> None:
    inequity = calculate_relative_inequity(count, population)
    if not sum(count):
        assert set(inequity.reason) == {"too_few_events"}
        return
    assert np.average(inequity.value, weights=population) == pytest.approx(1)
    assert np.all(
        (inequity.lower_cl <= inequity.value * (1 + 1e-12))
        & (inequity.value <= inequity.upper_cl * (1 + 1e-12))
    )


def test_the_interval_of_relative_inequity_covers_the_truth() -> None:
    rng = np.random.default_rng(8)
    population, rate = np.array([1000, 2000, 3000]), np.array([0.03, 0.02, 0.01])
    truth = rate / (population @ rate / population.sum())
    inequity = calculate_relative_inequity(rng.poisson(population * rate, (4000, 3)), population)
    covered = np.mean((inequity.lower_cl <= truth) & (truth <= inequity.upper_cl), axis=0)
    assert np.all((covered > 0.94) & (covered < 0.965))


def test_each_reason_of_relative_inequity_is_told() -> None:
    inequity = calculate_relative_inequity(
        [[1, 2], [np.nan, 2], [1, 2], [0, 0]], [[1, 1], [1, 1], [0, 1], [1, 1]]
    )
    assert inequity.reason.tolist() == [
        ["", ""], ["missing", "missing"], ["no_population", ""], ["too_few_events", "too_few_events"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"polarity": "higher_is_good"}, 'Did you mean "higher_is_better"'),
        ({"polarity": "none", "reference": 0}, "no subgroup is the best or the worst"),
        ({"reference": 0, "ordered": True}, "Give ordered or name subgroups, not both"),
        ({"reference": 5}, "No data set has the subgroup"),
        ({"reference": "North"}, "give subgroups"),
        ({"reference": "West", "subgroups": ["N", "S"]}, 'reference is "West"'),
        ({"reference": "N", "subgroups": ["N", "N"]}, "several subgroups"),
        ({"reference": "N", "subgroups": ["N", "S", "E"]}, "a label for each subgroup"),
        ({"standard_error": [1, -1]}, "standard_error is negative in 1 row: row 1"),
        ({"standard_error": [1, 1, 1]}, "do not fit together"),
    ],
)
def test_what_cannot_be_is_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        calculate_difference([1, 2], **(UPTAKE | arguments))


def test_what_attributable_risk_lacks_is_said() -> None:
    with pytest.raises(InputError, match="Give population"):
        calculate_population_attributable_risk([1, 2], **UPTAKE)
    with pytest.raises(InputError, match="no subgroup is the best"):
        calculate_population_attributable_risk([1, 2], [1, 1], polarity="none")
    with pytest.raises(InputError, match="scale must be above 0"):
        calculate_population_attributable_risk([1, 2], [1, 1], scale=0, **UPTAKE)
    with pytest.raises(InputError, match="one for each"):
        calculate_population_attributable_risk([[1, 2]], mean=[1, 2, 3], **UPTAKE)
    with pytest.raises(InputError, match="value is infinite"):
        calculate_population_attributable_risk([1, np.inf], [1, 1], **UPTAKE)


def test_inputs_may_be_read_only_views_and_are_left_alone() -> None:
    value = np.asfortranarray(np.arange(12).reshape(3, 4))[::2]
    value.flags.writeable = False
    before = value.copy()
    assert calculate_difference(value, standard_error=value, **UPTAKE).value.tolist() == [3, 3]
    assert calculate_relative_inequity(value, value + 1).value.shape == (2, 4)
    np.testing.assert_array_equal(value, before)
