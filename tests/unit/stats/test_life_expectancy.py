"""Life expectancy and healthy life expectancy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.life_expectancy import (
    AGE_BAND_STARTS,
    LifeTable,
    calculate_healthy_life_expectancy,
    calculate_life_expectancy,
    calculate_life_table,
)

BANDS = len(AGE_BAND_STARTS)

# A county's three years of deaths, and the person-years they arose in.
DEATHS = np.array([17, 9, 4, 8, 20, 15, 24, 33, 50, 71, 100, 163, 263, 304, 536, 872, 1390, 1605, 1936, 1937])
PEOPLE = np.array(
    [7060, 35059, 46974, 48489, 43219, 38561, 46009, 57208, 61435, 55601,
     50209, 56416, 46411, 39820, 37978, 37039, 33288, 23306, 11936, 11936]
)  # fmt: skip
GOOD = np.linspace(0.99, 0.35, BANDS)
RESPONDENTS = np.full(BANDS, 60)

bands = st.lists(
    st.tuples(st.integers(1, 400), st.integers(1_000, 50_000)), min_size=BANDS, max_size=BANDS
).map(lambda rows: np.array(rows, float).T)
# In 64ths, so that a share and its complement add up to exactly 1.
shares = st.lists(st.integers(0, 64), min_size=BANDS, max_size=BANDS).map(lambda row: np.array(row) / 64)
quick = settings(deadline=None, max_examples=50)
free = {"widest_interval": None, "fewest_people": None}


def test_a_constant_rate_gives_one_over_the_rate_at_every_age() -> None:
    # With the years that those who die live of a band as the exponential has them.
    rate, starts = 0.02, np.arange(0.0, 100, 5)
    fraction = 1 / (rate * 5) - 1 / np.expm1(rate * 5)
    people = np.full(20, 1e6)
    years = calculate_life_expectancy(rate * people, people, band_starts=starts, fraction_lived=fraction)
    np.testing.assert_allclose(years.value, 50, rtol=1e-12)


def test_the_example_of_the_fields_own_program_is_reproduced() -> None:
    # PHEindicatormethods 2.1.0, phe_life_expectancy, the example of its help page.
    years = calculate_life_expectancy(DEATHS, PEOPLE)
    first_and_last = [0, -1]
    np.testing.assert_allclose(years.value[first_and_last], [80.16960813194838, 6.162106350025812])
    np.testing.assert_allclose(years.lower_cl[first_and_last], [79.88269075392704, 5.887688428842442])
    np.testing.assert_allclose(years.upper_cl[first_and_last], [80.45652550996972, 6.436524271209183])


def test_one_open_band_has_one_over_its_rate_with_the_poisson_error() -> None:
    years = calculate_life_expectancy([400], [10_000], band_starts=[65])
    assert years.value[0] == 25
    assert years.standard_error[0] == pytest.approx(25 / 20)


@quick
@given(bands, st.floats(0.5, 0.99))
def test_an_interval_holds_its_value_and_a_wider_level_holds_a_narrower(rows: Any, level: float) -> None:
    deaths, people = rows
    narrow, wide = (
        calculate_life_expectancy(deaths, people, confidence_level=at, **free) for at in (level, 0.995)
    )
    assert (wide.lower_cl <= narrow.lower_cl).all()
    assert (narrow.lower_cl <= narrow.value).all()
    assert (narrow.value <= narrow.upper_cl).all()
    assert (narrow.upper_cl <= wide.upper_cl).all()


@quick
@given(bands, st.floats(1, 50))
def test_more_people_at_the_same_rates_live_as_long_with_a_smaller_error(rows: Any, times: float) -> None:
    deaths, people = rows
    few = calculate_life_expectancy(deaths, people, **free)
    many = calculate_life_expectancy(deaths * times, people * times, **free)
    np.testing.assert_allclose(many.value, few.value, rtol=1e-12)
    # The last digit of a probability near 1 decides whether the error after it is 0 or 1e-7 years.
    np.testing.assert_allclose(many.standard_error, few.standard_error / np.sqrt(times), rtol=1e-9, atol=1e-6)


@quick
@given(bands, st.integers(0, BANDS - 1))
def test_one_more_death_shortens_life_before_it_and_changes_nothing_after(rows: Any, band: int) -> None:
    deaths, people = rows
    more = deaths.copy()
    more[band] += 1
    before, after = (calculate_life_expectancy(count, people, **free).value for count in (deaths, more))
    assert after[band] < before[band]
    assert (after[:band] <= before[:band]).all()
    np.testing.assert_array_equal(after[band + 1 :], before[band + 1 :])


@quick
@given(bands)
def test_the_life_table_adds_up(rows: Any) -> None:
    deaths, people = rows
    table = calculate_life_table(deaths, people)
    assert table.deaths.sum() == pytest.approx(100_000)
    np.testing.assert_allclose(table.survivors[1:], table.survivors[:-1] - table.deaths[:-1], atol=1e-6)
    np.testing.assert_allclose(table.person_years_above, table.person_years[::-1].cumsum()[::-1], rtol=1e-9)
    reached = table.survivors > 0
    np.testing.assert_allclose(
        table.life_expectancy[reached],
        table.person_years_above[reached] / table.survivors[reached],
        rtol=1e-9,
    )
    years = calculate_life_expectancy(deaths, people, **free)
    np.testing.assert_array_equal(table.life_expectancy, years.value)
    np.testing.assert_array_equal(table.standard_error, years.standard_error)


@quick
@given(bands)
def test_the_error_is_that_of_the_delta_method(rows: Any) -> None:
    deaths, people = rows
    step = np.diag(deaths * 1e-5)
    # A row for each band in which deaths are a little more, and one for a little fewer.
    up, down = (calculate_life_table(deaths + sign * step, np.tile(people, (BANDS, 1))) for sign in (1, -1))
    table = calculate_life_table(deaths, people)
    change = (up.life_expectancy - down.life_expectancy)[:, 0]
    moved = np.diagonal(up.probability_of_dying - down.probability_of_dying)
    # At a probability of 1 the curve has a corner, and the variance is 0 there.
    smooth = np.flatnonzero(table.probability_of_dying[:-1] < 1 - 1e-4)
    variance = ((change[smooth] / moved[smooth]) ** 2 * table.variance_of_dying[smooth]).sum()
    variance += (change[-1] / (2e-5 * deaths[-1])) ** 2 * deaths[-1]
    assert table.standard_error[0] == pytest.approx(np.sqrt(variance), rel=1e-4)


def test_the_variance_of_the_open_band_is_that_asked_for() -> None:
    errors = {
        name: calculate_life_expectancy(DEATHS, PEOPLE, open_band_variance=name).standard_error
        for name in ("silcocks", "ons", "none")
    }
    assert (errors["none"] < errors["ons"]).all()
    assert (errors["ons"] < errors["silcocks"]).all()
    assert errors["none"][-1] == 0
    rate = DEATHS[-1] / PEOPLE[-1]
    assert errors["ons"][-1] == pytest.approx(errors["silcocks"][-1] * np.sqrt(1 - rate))


def test_an_unknown_variance_names_the_nearest() -> None:
    with pytest.raises(InputError, match='Did you mean "silcocks"'):
        calculate_life_expectancy(DEATHS, PEOPLE, open_band_variance="silcock")


def three_areas() -> tuple[np.ndarray, np.ndarray]:
    return np.array([DEATHS, DEATHS + 5, DEATHS * 2]), np.array([PEOPLE, PEOPLE, PEOPLE + 7])


def test_labels_offsets_and_a_table_say_the_same() -> None:
    deaths, people = three_areas()
    table = calculate_life_expectancy(deaths, people)
    assert table.value.shape == (3, BANDS)
    by_offset = calculate_life_expectancy(deaths.ravel(), people.ravel(), offsets=np.arange(0, 61, BANDS))
    np.testing.assert_array_equal(by_offset, [part.ravel() for part in table])
    order = np.random.default_rng(4).permutation(3 * BANDS)
    order = order[np.argsort(order % BANDS, kind="stable")]  # areas mixed, each from young to old
    labels = np.repeat(["b", "c", "a"], BANDS)[order]
    by_label = calculate_life_expectancy(deaths.ravel()[order], people.ravel()[order], groups=labels)
    np.testing.assert_array_equal(by_label, [part.ravel()[order] for part in table])
    np.testing.assert_array_equal(by_label.standard_error, table.standard_error.ravel()[order])


def test_healthy_years_by_labels_are_those_of_a_table() -> None:
    deaths, people = three_areas()
    good = np.array([GOOD, GOOD**2, GOOD / 2])
    table = calculate_healthy_life_expectancy(deaths, people, good, RESPONDENTS)
    order = np.argsort(np.tile(np.arange(BANDS), 3), kind="stable")
    labels = np.repeat([3, 1, 2], BANDS)[order]
    rows = (part.ravel()[order] for part in (deaths, people, good, np.broadcast_to(RESPONDENTS, good.shape)))
    by_label = calculate_healthy_life_expectancy(*rows, groups=labels)
    np.testing.assert_array_equal(by_label, [part.ravel()[order] for part in table])


def test_several_levels_at_once_are_those_one_by_one() -> None:
    deaths, people = three_areas()
    levels = [0.95, 0.998]
    both = calculate_life_expectancy(deaths, people, confidence_level=np.array(levels)[:, None, None])
    assert both.value.shape == both.standard_error.shape == both.reason.shape == (2, 3, BANDS)
    for at, level in enumerate(levels):
        one = calculate_life_expectancy(deaths, people, confidence_level=level)
        np.testing.assert_array_equal([part[at] for part in both], one)


def test_leading_axes_are_kept_and_no_areas_are_no_areas() -> None:
    deaths, people = np.tile(DEATHS, (2, 3, 1)), np.tile(PEOPLE, (2, 3, 1))
    assert calculate_life_expectancy(deaths, people).value.shape == (2, 3, BANDS)
    assert calculate_life_expectancy(np.empty((0, BANDS)), np.empty((0, BANDS))).value.shape == (0, BANDS)


def test_each_reason_is_told_of_its_own_area() -> None:
    deaths, people = np.tile(DEATHS, (7, 1)).astype(float), np.tile(PEOPLE, (7, 1)).astype(float)
    deaths[1, 5] = np.nan
    people[2, 5] = 0
    people[3] = 250
    deaths[3] = 1
    deaths[4, -1] = 0
    deaths[5] = 1
    people[5] = 251
    deaths[6, 3] = people[6, 3] + 1
    years = calculate_life_expectancy(deaths, people)
    told = [
        "", "missing", "no_population", "too_few_people", "no_deaths_in_open_band",
        "interval_too_wide", "not_estimable",
    ]  # fmt: skip
    assert [set(row) for row in years.reason] == [{reason} for reason in told]
    assert np.isnan(years.value).all(axis=1).tolist() == [bool(reason) for reason in told]
    np.testing.assert_array_equal(years.value[0], calculate_life_expectancy(DEATHS, PEOPLE).value)
    assert np.isnan(years.standard_error[1:]).all()


def test_the_width_is_judged_at_95_percent_whatever_level_is_asked() -> None:
    wide = calculate_life_expectancy(DEATHS, PEOPLE)
    width = wide.upper_cl[0] - wide.lower_cl[0]
    for level in (0.5, 0.998):
        for widest, reason in ((width * 1.001, ""), (width * 0.999, "interval_too_wide")):
            years = calculate_life_expectancy(DEATHS, PEOPLE, confidence_level=level, widest_interval=widest)
            assert years.reason[0] == reason


def test_the_rules_on_size_can_be_set_or_lifted() -> None:
    few = PEOPLE // 200
    assert few.sum() < 5000
    deaths = np.maximum(DEATHS // 200, [0] * 19 + [1])
    assert set(calculate_life_expectancy(deaths, few).reason) == {"too_few_people"}
    lifted = calculate_life_expectancy(deaths, few, **free)
    assert np.isfinite(lifted.value).all()
    at = float(PEOPLE.sum())
    assert set(calculate_life_expectancy(DEATHS, PEOPLE, fewest_people=at).reason) == {"too_few_people"}
    assert set(calculate_life_expectancy(DEATHS, PEOPLE, fewest_people=at - 1).reason) == {""}


def test_a_band_without_deaths_is_survived_with_certainty() -> None:
    deaths = DEATHS.copy()
    deaths[9] = 0
    table = calculate_life_table(deaths, PEOPLE)
    assert table.probability_of_dying[9] == table.variance_of_dying[9] == 0
    assert table.life_expectancy[9] == pytest.approx(table.life_expectancy[10] + 5)


def test_a_table_with_an_unknown_band_is_unknown_alone() -> None:
    deaths, people = np.tile(DEATHS, (3, 1)).astype(float), np.tile(PEOPLE, (3, 1))
    deaths[0, 0] = np.nan
    people[1, 0] = 0
    table = calculate_life_table(deaths, people)
    for name, column in zip(LifeTable._fields, table, strict=True):
        assert np.isnan(column[:2]).all(), name
        assert np.isfinite(column[2]).all(), name


def test_nothing_is_withheld_from_the_life_table() -> None:
    table = calculate_life_table(DEATHS // 200 + 1, PEOPLE // 200)
    assert np.isfinite(table.life_expectancy).all()
    deaths = DEATHS.copy()
    deaths[-1] = 0
    assert np.isinf(calculate_life_table(deaths, PEOPLE).life_expectancy).all()


@pytest.mark.parametrize("bad", [-1, np.inf])
def test_an_impossible_count_is_refused_by_row(bad: float) -> None:
    deaths = DEATHS.astype(float)
    deaths[4] = bad
    with pytest.raises(InputError, match=r"deaths is (negative|infinite) in 1 row: row 4"):
        calculate_life_expectancy(deaths, PEOPLE)
    with pytest.raises(InputError, match=r"population is (negative|infinite) in 1 row: row 4"):
        calculate_life_table(DEATHS, deaths)


def test_groups_of_other_sizes_are_named() -> None:
    deaths, people = three_areas()
    labels = np.repeat(["Ash", "Beck", "Cliff"], BANDS)
    with pytest.raises(InputError, match="the 20 bands of band_starts, but 1 do not: Cliff"):
        calculate_life_expectancy(deaths.ravel()[:-1], people.ravel()[:-1], groups=labels[:-1])
    with pytest.raises(InputError, match="but 2 do not: 0, 1"):
        calculate_life_expectancy(deaths.ravel(), people.ravel(), offsets=[0, 19, 40, 60])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"band_starts": [0, 1, 5]}, "has 20 bands, but band_starts has 3"),
        ({"band_starts": [0, *AGE_BAND_STARTS[:-1]]}, "rise from band to band"),
        ({"band_starts": [np.nan, *AGE_BAND_STARTS[1:]]}, "rise from band to band"),
        ({"band_starts": []}, "rise from band to band"),
        ({"fraction_lived": [0.1, 0.5]}, "one for each of the 20 bands"),
        ({"fraction_lived": 1.1}, "one share from 0 to 1"),
        ({"confidence_level": 95}, "Write 95 % as 0.95"),
        ({"offsets": [0, 20], "groups": ["a"] * 20}, "not both"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        calculate_life_expectancy(DEATHS, PEOPLE, **options)


def test_arrays_that_are_read_only_apart_or_national_integers_are_taken_as_they_are() -> None:
    plain = calculate_life_expectancy(DEATHS, PEOPLE)
    apart = np.repeat(DEATHS, 2)[::2]
    apart.flags.writeable = False
    people = PEOPLE.copy()
    np.testing.assert_array_equal(calculate_life_expectancy(apart, people), plain)
    np.testing.assert_array_equal(people, PEOPLE)
    many = calculate_life_expectancy(DEATHS.astype(np.int32) * 1000, PEOPLE.astype(np.int32) * 1000)
    np.testing.assert_allclose(many.value, plain.value, rtol=1e-12)
    np.testing.assert_array_equal(calculate_life_expectancy(list(DEATHS), list(PEOPLE)), plain)


@quick
@given(bands, shares)
def test_healthy_years_are_part_of_all_years(rows: Any, good: np.ndarray) -> None:
    deaths, people = rows
    healthy = calculate_healthy_life_expectancy(deaths, people, good, RESPONDENTS, **free)
    poor = calculate_healthy_life_expectancy(deaths, people, 1 - good, RESPONDENTS, **free)
    years = calculate_life_expectancy(deaths, people, **free)
    assert (healthy.value <= years.value * (1 + 1e-12)).all()
    np.testing.assert_allclose(healthy.value + poor.value, years.value, rtol=1e-9)
    np.testing.assert_allclose(healthy.standard_error, poor.standard_error, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("variance", ["silcocks", "ons", "none"])
def test_where_all_are_healthy_healthy_years_are_all_years_with_their_error(variance: str) -> None:
    healthy = calculate_healthy_life_expectancy(
        DEATHS, PEOPLE, 1.0, RESPONDENTS,
        include_mortality_variance=True, open_band_variance=variance,
    )  # fmt: skip
    years = calculate_life_expectancy(DEATHS, PEOPLE, open_band_variance=variance)
    np.testing.assert_allclose(healthy, years, rtol=1e-12)
    without = calculate_healthy_life_expectancy(DEATHS, PEOPLE, 1.0, RESPONDENTS)
    assert set(without.standard_error) == {0.0}


def test_the_errors_of_survey_and_mortality_are_those_that_chance_makes() -> None:
    chance = np.random.default_rng(11)
    draws = 4000
    deaths, people, respondents = DEATHS / 20, PEOPLE / 20, np.full(BANDS, 300)
    drawn = calculate_healthy_life_expectancy(
        chance.poisson(deaths, (draws, BANDS)), people,
        chance.binomial(respondents, GOOD, (draws, BANDS)) / respondents, respondents, **free,
    ).value[:, 0]  # fmt: skip
    expected = calculate_healthy_life_expectancy(
        deaths, people, GOOD, respondents, include_mortality_variance=True, **free
    )
    # The spread of 4,000 draws is known to about 1.1 %.
    assert drawn.std() == pytest.approx(expected.standard_error[0], rel=0.04)
    survey_only = calculate_healthy_life_expectancy(deaths, people, GOOD, respondents, **free)
    assert survey_only.standard_error[0] < 0.9 * expected.standard_error[0]


def test_four_times_the_respondents_halve_the_error() -> None:
    once, four = (
        calculate_healthy_life_expectancy(DEATHS, PEOPLE, GOOD, RESPONDENTS * times).standard_error
        for times in (1, 4)
    )
    np.testing.assert_allclose(four, once / 2)


def test_a_survey_of_nobody_or_an_unknown_share_is_told_of_its_own_area() -> None:
    deaths, people = np.tile(DEATHS, (4, 1)), np.tile(PEOPLE, (4, 1))
    good, respondents = np.tile(GOOD, (4, 1)), np.tile(RESPONDENTS, (4, 1)).astype(float)
    good[1, 2] = np.nan
    respondents[2, 19] = 0
    respondents[3] = 0.1
    healthy = calculate_healthy_life_expectancy(deaths, people, good, respondents)
    told = ["", "missing", "too_few_values", "interval_too_wide"]
    assert [row[0] for row in healthy.reason] == told
    assert np.isnan(healthy.value[:, 0]).tolist() == [False, True, True, True]


def test_shares_written_as_percentages_are_refused_by_row() -> None:
    with pytest.raises(InputError, match=r"above 1 \(write 80 % as 0.8\) in 20 rows: rows 0, 1"):
        calculate_healthy_life_expectancy(DEATHS, PEOPLE, GOOD * 100, RESPONDENTS)
    with pytest.raises(InputError, match="share_in_good_health is negative"):
        calculate_healthy_life_expectancy(DEATHS, PEOPLE, -GOOD, RESPONDENTS)


def test_a_survey_that_does_not_fit_the_deaths_is_refused() -> None:
    with pytest.raises(InputError, match="share_in_good_health"):
        calculate_healthy_life_expectancy(DEATHS, PEOPLE, GOOD[:19], RESPONDENTS)
    with pytest.raises(InputError, match="must fit the deaths"):
        calculate_healthy_life_expectancy(DEATHS, PEOPLE, np.tile(GOOD, (2, 1)), RESPONDENTS)
