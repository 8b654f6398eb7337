"""Directly and indirectly standardised rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.intervals import calculate_poisson_interval
from evenground.stats.proportions_and_rates import calculate_crude_rate
from evenground.stats.standardisation import (
    EUROPEAN_STANDARD_POPULATION_2013,
    calculate_dsr,
    calculate_expected_events,
    calculate_indirectly_standardised_rate,
    calculate_indirectly_standardised_ratio,
)
from evenground.vocabulary import AGE_BANDS

ESP = np.array(EUROPEAN_STANDARD_POPULATION_2013, float)
REFERENCE = {"reference_count": [10, 500], "reference_population": [10_000, 10_000]}
INDIRECT = pytest.mark.parametrize(
    "calculate", [calculate_indirectly_standardised_ratio, calculate_indirectly_standardised_rate]
)

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


def test_the_rate_of_fleisss_example_is_the_published_one() -> None:
    # Fleiss JL. Statistical methods for rates and proportions, 2nd ed. 1981, p. 249, also in Fay MP, Feuer
    # EJ. Stat Med 1997;16:791-801: Down syndrome among first births, by the mother's age; 92.3 per 100,000.
    dsr = calculate_dsr(
        [107, 141, 60, 40, 39, 25],
        [230_061, 329_449, 114_920, 39_487, 14_208, 3_052],
        [319_933, 931_318, 786_511, 488_235, 237_863, 61_313],
    )
    assert round(float(dsr.value), 1) == 92.3


@given(bands)
def test_a_higher_level_holds_a_lower_one_and_both_the_rate(rows: list[tuple[int, int]]) -> None:
    dsr = calculate_dsr(*np.array(rows, float).T, confidence_level=[0.95, 0.998])
    assert dsr.lower_cl[1] < dsr.lower_cl[0] < dsr.value[0] < dsr.upper_cl[0] < dsr.upper_cl[1]


@given(bands, st.integers(2, 50))
def test_a_larger_place_with_the_same_rates_has_a_smaller_error(
    rows: list[tuple[int, int]], times: int
) -> None:
    count, population = np.array(rows, float).T
    one, many = calculate_dsr(count, population), calculate_dsr(count * times, population * times)
    assert many.value == pytest.approx(one.value)
    assert many.standard_error == pytest.approx(one.standard_error / np.sqrt(times))


@given(bands, st.floats(0.001, 1_000), st.floats(0.001, 1_000))
def test_only_the_shape_of_the_standard_and_the_multiplier_count(
    rows: list[tuple[int, int]], weight: float, per: float
) -> None:
    count, population = np.array(rows, float).T
    one = calculate_dsr(count, population, multiplier=1)
    many = calculate_dsr(count, population, ESP * weight, multiplier=per)
    np.testing.assert_allclose(many, np.array(one) * per, rtol=1e-12)
    np.testing.assert_allclose(many.standard_error, one.standard_error * per, rtol=1e-12)


@given(bands, bands, st.integers(1, 20))
def test_areas_of_one_age_structure_merge_to_the_rate_between_theirs(
    one: list[tuple[int, int]], other: list[tuple[int, int]], times: int
) -> None:
    count, population = np.array(one, float).T
    counts = np.array([count, np.array(other, float)[:, 0]])
    populations = np.array([population, population * times])
    apart = calculate_dsr(counts, populations)
    merged = calculate_dsr(counts.sum(axis=0), populations.sum(axis=0))
    assert merged.value == pytest.approx((apart.value[0] + apart.value[1] * times) / (1 + times))
    both = apart.standard_error**2 * np.array([1, times]) ** 2
    assert merged.standard_error**2 == pytest.approx(both.sum() / (1 + times) ** 2)


@given(bands)
def test_the_population_as_its_own_standard_gives_the_crude_rate(rows: list[tuple[int, int]]) -> None:
    count, population = np.array(rows, float).T
    dsr = calculate_dsr(count, population, population)
    crude = calculate_crude_rate(count.sum(), population.sum())
    np.testing.assert_allclose(dsr, crude, rtol=1e-9)
    assert dsr.standard_error == pytest.approx(crude.standard_error)


def table_of_areas(areas: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    return rng.integers(2, 60, (areas, 19)).astype(float), rng.integers(900, 9_000, (areas, 19)).astype(float)


def test_a_standard_may_be_shared_or_written_out_for_each_row() -> None:
    count, population = table_of_areas()
    flat = (count.ravel(), population.ravel())
    table = calculate_dsr(count, population)
    offsets = np.arange(7) * 19
    for other in (
        calculate_dsr(*flat, offsets=offsets),
        calculate_dsr(*flat, np.tile(ESP, 6), offsets=offsets),
        calculate_dsr(count, population, np.tile(ESP, (6, 1))),
        calculate_dsr(np.asfortranarray(count), population[::-1][::-1]),
        calculate_dsr(*flat, np.tile(ESP, 6), groups=np.repeat(np.arange(6), 19)),
    ):
        np.testing.assert_allclose(other, table, rtol=1e-13)


def test_each_group_may_have_its_own_standard_and_its_own_number_of_bands() -> None:
    count, population = table_of_areas(3)
    own = np.array([ESP, ESP[::-1], ESP**2])
    alone = [calculate_dsr(*rows) for rows in zip(count, population, own, strict=True)]
    np.testing.assert_allclose(calculate_dsr(count, population, own), np.transpose(alone), rtol=1e-13)
    kept = np.arange(57) < 50
    fewer = calculate_dsr(
        *(part.ravel()[kept] for part in (count, population, own)),
        groups=np.repeat(["a", "b", "c"], 19)[kept],
    )
    np.testing.assert_allclose(fewer.value[:2], [part.value for part in alone[:2]], rtol=1e-13)
    last = calculate_dsr(count[2, :12], population[2, :12], own[2, :12])
    assert fewer.value[2] == pytest.approx(float(last.value))


def test_a_standard_is_not_joined_to_labelled_rows_by_position() -> None:
    count, population = table_of_areas(2)
    with pytest.raises(InputError, match=r"count \(38,\).*standard_population \(19,\)"):
        calculate_dsr(count.ravel(), population.ravel(), groups=np.repeat([1, 2], 19))
    with pytest.raises(InputError, match=r"standard_population \(19,\)"):
        calculate_dsr(count.ravel(), population.ravel(), offsets=[0, 18, 38])


def test_a_missing_population_is_missing_even_where_its_weight_is_nothing() -> None:
    count, population = table_of_areas()
    weight = ESP.copy()
    weight[4] = 0
    population[1, 4], population[2, 4], count[3, 4] = np.nan, 0, np.nan
    expected = ["", "missing", "no_population", "missing", "", ""]
    assert calculate_dsr(count, population, weight).reason.tolist() == expected
    assert calculate_dsr(count, population, np.tile(weight, (6, 1))).reason.tolist() == expected


def test_a_missing_weight_is_told_of_its_own_group() -> None:
    count, population = table_of_areas(2)
    dsr = calculate_dsr(count, population, np.array([ESP, np.where(ESP == 1_000, np.nan, ESP)]))
    assert dsr.reason.tolist() == ["", "missing"]
    assert np.isnan(dsr.standard_error).tolist() == [False, True]


def test_tables_without_areas_have_no_rates() -> None:
    assert calculate_dsr(np.empty((0, 19)), np.empty((0, 19))).value.shape == (0,)
    assert calculate_dsr([], [], [], groups=[]).value.shape == (0,)
    assert calculate_dsr([], [], [], offsets=[0]).value.shape == (0,)
    assert calculate_dsr(np.empty((0, 2)), np.empty((0, 2)), np.empty((0, 2))).value.shape == (0,)


frequencies = st.lists(st.integers(3, 60), min_size=8, max_size=8)


@settings(deadline=None)
@given(frequencies)
def test_events_one_a_person_are_independent(rows: list[int]) -> None:
    people = np.array([900, 500, 700, 800] * 2)
    plain = calculate_dsr(rows, people, [4, 3, 2, 1] * 2, groups=[0] * 4 + [1] * 4)
    once = calculate_dsr(rows, people, [4, 3, 2, 1] * 2, groups=[0] * 4 + [1] * 4, event_frequency=np.ones(8))
    np.testing.assert_allclose(once, plain, rtol=1e-13)


@settings(deadline=None)
@given(frequencies, st.randoms(use_true_random=False))
def test_events_of_the_same_people_have_the_rate_of_their_sum_and_a_wider_interval(
    rows: list[int], random
) -> None:
    count, frequency = np.array(rows, float), np.repeat([1.0, 3.0], 4)
    people, weight = np.array([900.0, 500, 700, 800] * 2), np.array([4.0, 3, 2, 1] * 2)
    together = (count * frequency).reshape(2, 4).sum(axis=0)
    plain = calculate_dsr(together, people[:4], weight[:4])
    dsr = calculate_dsr(count, people, weight, event_frequency=frequency)
    assert dsr.value == pytest.approx(float(plain.value))
    assert dsr.lower_cl < plain.lower_cl < plain.upper_cl < dsr.upper_cl
    apart = [calculate_dsr(count[part], people[part], weight[part]) for part in (slice(4), slice(4, 8))]
    errors = [part.standard_error for part in apart]
    if not np.isnan(errors).any():
        assert dsr.standard_error == pytest.approx(np.hypot(errors[0], 3 * errors[1]))
    order = np.array(random.sample(range(8), 8))
    shuffled = calculate_dsr(
        *(part[order] for part in (count, people, weight)), groups=np.zeros(8, int),
        event_frequency=frequency[order],
    )  # fmt: skip
    np.testing.assert_allclose([part[0] for part in shuffled], dsr, rtol=1e-12)


def test_a_table_may_hold_the_bands_of_each_frequency_side_by_side() -> None:
    dsr = calculate_dsr(
        [[9, 8, 7, 6], [5, 6, 7, 8]], [900, 500] * 2, [2, 1] * 2, event_frequency=[1, 1, 2, 2]
    )
    alone = calculate_dsr([5, 6, 7, 8], [900, 500] * 2, [2, 1] * 2, event_frequency=[1, 1, 2, 2])
    np.testing.assert_allclose([part[1] for part in dsr], alone, rtol=1e-14)


def test_it_is_events_and_not_people_that_are_found_too_few() -> None:
    rows = {"population": [100, 100], "standard_population": [1, 1]}
    assert calculate_dsr([1, 2], **rows, offsets=[0, 2], event_frequency=[1, 4]).reason == "too_few_events"
    assert calculate_dsr([1, 2], **rows, offsets=[0, 2], event_frequency=[2, 4]).reason == ""


def test_a_frequency_that_lacks_an_age_band_is_refused() -> None:
    with pytest.raises(InputError, match="differs between event frequencies in 1 groups: 1 "):
        calculate_dsr(
            [9, 9, 9, 9, 9], [50] * 5, [1, 1, 1, 1, 1], offsets=[0, 2, 5], event_frequency=[1, 2, 1, 1, 2]
        )
    with pytest.raises(InputError, match="event_frequency is missing in 1 row: row 1"):
        calculate_dsr([9, 9], [50, 50], [1, 1], event_frequency=[1, np.nan])


def test_expected_events_are_the_references_rates_in_the_places_people() -> None:
    people = [[2_000, 300], [900, 1_100], [0, 0]]
    np.testing.assert_allclose(calculate_expected_events(people, **REFERENCE), [17, 55.9, 0])


@INDIRECT
@given(bands)
def test_the_reference_compared_with_itself_is_as_expected(calculate, rows: list[tuple[int, int]]) -> None:
    count, population = np.array(rows, float).T
    ours = calculate(count, population, reference_count=count, reference_population=population)
    crude = calculate_crude_rate(count.sum(), population.sum()).value
    assert ours.value == pytest.approx(
        100 if calculate is calculate_indirectly_standardised_ratio else float(crude)
    )
    assert ours.lower_cl < ours.value < ours.upper_cl


@INDIRECT
@given(bands, bands)
def test_one_place_alone_in_a_table_and_by_its_total_says_the_same(calculate, one, other) -> None:
    count, population = np.array([one, other], float).transpose(2, 0, 1)
    reference = {"reference_count": np.arange(19) + 1, "reference_population": np.full(19, 10_000)}
    written_out = {name: np.tile(values, 2) for name, values in reference.items()}
    table = calculate(count, population, **reference, confidence_level=[[0.95], [0.998]])
    assert (table.lower_cl[1] < table.lower_cl[0]).all()
    assert (table.upper_cl[1] > table.upper_cl[0]).all()
    totals = calculate(None, population, observed=count.sum(axis=1), **reference)
    flat = calculate(count.ravel(), population.ravel(), **reference, offsets=[0, 19, 38])
    labelled = calculate(
        count.T.ravel(), population.T.ravel(), groups=np.tile(["a", "b"], 19),
        **{name: np.repeat(values, 2) for name, values in reference.items()},
    )  # fmt: skip
    spelled = calculate(count.ravel(), population.ravel(), **written_out, offsets=[0, 19, 38])
    for ours in (totals, flat, labelled, spelled):
        np.testing.assert_allclose(ours, [part[0] for part in table], rtol=1e-12)
        np.testing.assert_allclose(ours.standard_error, table.standard_error[0], rtol=1e-12)


def test_limits_and_error_are_those_of_the_count_over_what_is_expected() -> None:
    ours = calculate_indirectly_standardised_ratio(None, [[2_000, 300]] * 3, observed=[0, 9, 16], **REFERENCE)
    lower, upper = calculate_poisson_interval([0, 9, 16])
    np.testing.assert_allclose([ours.lower_cl, ours.upper_cl], np.array([lower, upper]) * 100 / 17)
    np.testing.assert_allclose(ours.standard_error, np.array([0, 3, 4]) * 100 / 17)


def test_merged_places_have_the_events_and_the_expected_of_both() -> None:
    count, people = np.array([[4, 16], [1, 49]]), np.array([[2_000, 300], [900, 1_100]])
    merged = calculate_indirectly_standardised_ratio(count.sum(axis=0), people.sum(axis=0), **REFERENCE)
    assert merged.value == pytest.approx(70 / (17 + 55.9) * 100)


@INDIRECT
def test_each_reason_of_an_indirect_figure_is_told_of_its_own_group(calculate) -> None:
    ours = calculate(
        [[5, 5], [5, np.nan], [5, 5], [0, 0], [5, 5]],
        [[900, 900], [900, 900], [900, np.nan], [0, 0], [900, 0]],
        reference_count=[0, 500], reference_population=[1_000, 10_000],
    )  # fmt: skip
    assert ours.reason.tolist() == ["", "missing", "missing", "no_population", "not_estimable"]
    assert np.isnan(ours.standard_error).tolist() == [False, True, True, True, True]


@INDIRECT
def test_an_age_that_the_reference_lacks_matters_only_where_somebody_has_it(calculate) -> None:
    people, reference = [[900, 0], [900, 5]], {"reference_count": [50, 0], "reference_population": [1_000, 0]}
    assert calculate([[5, 0], [5, 0]], people, **reference).reason.tolist() == ["", "no_population"]
    assert np.isnan(calculate_expected_events(people, **reference)).tolist() == [False, True]


@INDIRECT
@pytest.mark.parametrize("given_twice", [(None, None), ([1, 1], 2)])
def test_either_the_bands_or_the_total_of_the_events_is_given(calculate, given_twice) -> None:
    count, observed = given_twice
    with pytest.raises(InputError, match="Give either count"):
        calculate(count, [900, 900], observed=observed, **REFERENCE)


@INDIRECT
def test_totals_of_other_groups_are_refused(calculate) -> None:
    with pytest.raises(InputError, match=r"observed \(3,\), groups \(2,\)"):
        calculate(None, [[900, 900]] * 2, observed=[1, 2, 3], **REFERENCE)
    with pytest.raises(InputError, match="observed is negative in 1 row: row 1"):
        calculate(None, [[900, 900]] * 2, observed=[1, -2], **REFERENCE)


@INDIRECT
def test_national_whole_numbers_are_standardised_and_left_alone(calculate) -> None:
    people = np.full((4, 2), 57_000_000, np.int32)
    people.setflags(write=False)
    ours = calculate(
        people[::2] // 2, people[::2], reference_count=people[0] // 2, reference_population=people[0]
    )
    assert ours.value.shape == (2,)
    assert ours.value[0] in (100.0, 50_000.0)
