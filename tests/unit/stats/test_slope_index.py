"""The slope and the relative index of inequality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.deprivation_line import calculate_relative_rank, fit_deprivation_line
from evenground.stats.slope_index import calculate_rii, calculate_sii, calculate_slope_indices

values = st.lists(st.floats(1, 100), min_size=5, max_size=5)
populations = st.lists(st.integers(1, 10_000_000), min_size=5, max_size=5)
ONES = np.ones(5)


def test_the_index_is_the_difference_between_the_ends_of_the_weighted_line() -> None:
    value, people = np.array([40.0, 55, 58, 66, 70]), np.array([900.0, 1200, 800, 1500, 600])
    share = people / people.sum()
    rank = np.cumsum(share) - share / 2
    slope, start = np.polyfit(rank, value, 1, w=np.sqrt(share))
    arguments = {"standard_error": ONES, "polarity": "higher_is_better"}
    assert calculate_sii(value, people, **arguments).value == pytest.approx(slope)
    assert calculate_rii(value, people, **arguments).value == pytest.approx((start + slope) / start)


def test_a_gap_against_the_more_deprived_is_positive_whatever_is_good() -> None:
    falling, rising = [30, 25, 20, 15, 10], [10, 15, 20, 25, 30]
    illness = {"polarity": "lower_is_better", "standard_error": ONES}
    uptake = {"polarity": "higher_is_better", "standard_error": ONES}
    assert calculate_sii(falling, ONES, **illness).value == pytest.approx(25)
    assert calculate_sii(rising, ONES, **uptake).value == pytest.approx(25)
    assert calculate_sii(rising, ONES, **illness).value == pytest.approx(-25)
    assert calculate_rii(falling, ONES, **illness).value > 1
    assert calculate_rii(rising, ONES, **uptake).value > 1
    assert calculate_sii(falling, ONES, polarity="none", standard_error=ONES).value == pytest.approx(25)


@given(st.floats(0.1, 100), populations)
def test_equal_values_have_no_gap(value: float, people: list[int]) -> None:
    same = np.full(5, value)
    arguments = {"standard_error": ONES, "polarity": "higher_is_better"}
    assert calculate_sii(same, people, **arguments).value == pytest.approx(0, abs=1e-9 * value)
    assert calculate_rii(same, people, **arguments).value == pytest.approx(1)


@given(values, populations, st.floats(0.01, 100))
def test_the_index_scales_with_its_values(value: list[float], people: list[int], factor: float) -> None:
    sii = calculate_sii(value, people, standard_error=ONES, polarity="lower_is_better")
    scaled = calculate_sii(
        np.array(value) * factor, people, standard_error=ONES * factor, polarity="lower_is_better"
    )
    np.testing.assert_allclose(scaled, np.array(sii) * factor, rtol=1e-6, atol=1e-7 * factor)


@given(values, populations)
def test_swapping_the_ends_swaps_the_sign(value: list[float], people: list[int]) -> None:
    there = calculate_sii(value, people, standard_error=ONES, polarity="lower_is_better")
    back = calculate_sii(value[::-1], people[::-1], standard_error=ONES, polarity="lower_is_better")
    assert back.value == pytest.approx(-there.value, abs=1e-6)
    assert there.lower_cl <= there.value <= there.upper_cl


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    truth = np.array([50.0, 55, 60, 65, 70])
    error = np.array([1.0, 2, 1, 3, 1])
    drawn = truth + rng.normal(0, error, (4_000, 5))
    sii = calculate_sii(drawn, ONES, standard_error=error, polarity="higher_is_better")
    assert 0.94 < np.mean((sii.lower_cl <= 25) & (sii.upper_cl >= 25)) < 0.96


def test_groups_keep_the_order_of_their_rows() -> None:
    value = np.array([10.0, 40, 20, 50, 30, 60])
    sii = calculate_sii(
        value, np.ones(6), standard_error=np.ones(6), polarity="higher_is_better", groups=list("abababab"[:6])
    )
    np.testing.assert_allclose(sii.value, [30, 30])


def test_each_reason_is_told_of_its_own_group() -> None:
    sii = calculate_sii(
        [[1, 2], [1, np.nan], [1, 2]], [[1, 1], [1, 1], [1, 0]], standard_error=np.ones((3, 2)),
        polarity="none",
    )  # fmt: skip
    assert sii.reason.tolist() == ["", "missing", "no_population"]
    alone = calculate_sii([5.0], [1.0], standard_error=[1.0], polarity="none")
    assert alone.reason == "too_few_quantiles"


def test_a_line_that_crosses_zero_has_a_difference_and_no_ratio() -> None:
    arguments = {"standard_error": ONES, "polarity": "higher_is_better"}
    steep = [0, 0, 0, 0, 50]
    assert calculate_sii(steep, ONES, **arguments).reason == ""
    assert calculate_rii(steep, ONES, **arguments).reason == "not_estimable"


def test_an_unknown_polarity_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match='Did you mean "higher_is_better"'):
        calculate_sii(ONES, ONES, standard_error=ONES, polarity="higher_is_good")


def test_a_negative_standard_error_is_named_by_row() -> None:
    with pytest.raises(InputError, match="standard_error is negative in 1 row: row 2"):
        calculate_sii(ONES, ONES, standard_error=[1, 1, -1, 1, 1], polarity="none")


TEN = np.arange(1.0, 11.0)
UPTAKE: dict[str, Any] = {"polarity": "higher_is_better"}
ILLNESS: dict[str, Any] = {"polarity": "lower_is_better"}


def some_areas(seed: int = 3, areas: int = 6, size: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates, people and standard errors of a few areas by quantile."""
    rng = np.random.default_rng(seed)
    value = rng.uniform(200, 300, (areas, size)) - 15 * np.arange(size)
    return value, rng.integers(500, 5_000, (areas, size)).astype(float), value * rng.uniform(0.02, 0.1, size)


KINDS: list[dict[str, Any]] = [
    {},
    {"sampling_scale": "log"},
    {"scale": "log"},
    {"interval": "simulated", "repetitions": 2_000, "seed": 4},
    {"interval": "simulated", "repetitions": 2_000, "seed": 4, "sampling_scale": "log"},
    {"interval": "simulated", "repetitions": 2_000, "seed": 4, "scale": "log"},
]
every_kind = pytest.mark.parametrize(
    "kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())) or "plain"
)


@every_kind
def test_limits_hold_the_value_and_a_wider_level_holds_a_narrower(kind: dict[str, Any]) -> None:
    value, people, error = some_areas()
    level = np.array([[0.9], [0.95], [0.998]])
    for index in calculate_slope_indices(
        value, people, standard_error=error, confidence_level=level, **ILLNESS, **kind
    ):
        assert index.value.shape == (3, 6)
        assert np.all((index.lower_cl < index.value) & (index.value < index.upper_cl))
        assert np.all(np.diff(index.lower_cl, axis=0) < 0)
        assert np.all(np.diff(index.upper_cl, axis=0) > 0)
        assert np.all(index.standard_error > 0)


@every_kind
def test_an_area_has_the_same_limits_alone_as_among_others(kind: dict[str, Any]) -> None:
    value, people, error = some_areas()
    together = calculate_slope_indices(value, people, standard_error=error, **ILLNESS, **kind)
    turned = calculate_slope_indices(value[::-1], people[::-1], standard_error=error[::-1], **ILLNESS, **kind)
    alone = calculate_slope_indices(value[2], people[2], standard_error=error[2], **ILLNESS, **kind)
    for all_of_them, backwards, one in zip(together, turned, alone, strict=True):
        np.testing.assert_allclose([part[2] for part in all_of_them], one, rtol=1e-12)
        np.testing.assert_allclose([part[::-1] for part in backwards], all_of_them, rtol=1e-12)


@every_kind
def test_areas_with_different_numbers_of_quantiles_do_not_disturb_each_other(kind: dict[str, Any]) -> None:
    value, people, error = (array.ravel() for array in some_areas())
    group = np.repeat(list("abcdef"), 5)
    kept = np.arange(30) != 7
    whole = calculate_slope_indices(value, people, standard_error=error, groups=group, **ILLNESS, **kind)
    fewer = calculate_slope_indices(
        value[kept], people[kept], standard_error=error[kept], groups=group[kept], **ILLNESS, **kind
    )
    for before, after in zip(whole, fewer, strict=True):
        same = np.isclose(before.upper_cl, after.upper_cl, rtol=1e-12)
        assert same.tolist() == [True, False, True, True, True, True]


@every_kind
def test_a_missing_value_costs_its_own_group_alone(kind: dict[str, Any]) -> None:
    value, people, error = some_areas()
    whole = calculate_slope_indices(value, people, standard_error=error, **ILLNESS, **kind)
    broken = value.copy()
    broken[3, 1] = np.nan
    for before, after in zip(
        whole, calculate_slope_indices(broken, people, standard_error=error, **ILLNESS, **kind), strict=True
    ):
        assert after.reason.tolist() == ["", "", "", "missing", "", ""]
        np.testing.assert_allclose(np.delete(after, 3, 1), np.delete(before, 3, 1), rtol=1e-12)
        assert np.isnan([*after, after.standard_error])[:, 3].all()


@every_kind
def test_the_polarity_turns_the_difference_and_the_ratio(kind: dict[str, Any]) -> None:
    value, people, error = some_areas()
    ill, well = (
        calculate_slope_indices(value, people, standard_error=error, **polarity, **kind)
        for polarity in (ILLNESS, UPTAKE)
    )
    np.testing.assert_allclose(ill.sii.value, -well.sii.value)
    np.testing.assert_allclose(ill.rii.value, 1 / well.rii.value)
    # Drawn limits are of neighbouring places in the order when it is turned round.
    np.testing.assert_allclose(ill.sii.upper_cl, -well.sii.lower_cl, rtol=0.1, atol=2)
    np.testing.assert_allclose(ill.rii.upper_cl, 1 / well.rii.lower_cl, rtol=0.02)


@pytest.mark.parametrize("options", [{}, {"sampling_scale": "log"}, {"scale": "log"}])
def test_drawn_limits_are_about_those_in_closed_form(options: dict[str, Any]) -> None:
    value, people, error = some_areas()
    for closed, drawn in zip(
        calculate_slope_indices(value, people, standard_error=error, **ILLNESS, **options),
        calculate_slope_indices(
            value, people, standard_error=error, interval="simulated", seed=7, **ILLNESS, **options
        ),
        strict=True,
    ):
        # The relative index of normal data is by the delta method, 0.02 of the width off here.
        width = closed.upper_cl - closed.lower_cl
        assert np.all(np.abs(drawn.lower_cl - closed.lower_cl) < 0.025 * width)
        assert np.all(np.abs(drawn.upper_cl - closed.upper_cl) < 0.025 * width)


def test_the_same_seed_gives_the_same_limits_and_another_gives_others() -> None:
    value, people, error = some_areas()
    first, again, other, generator = (
        calculate_sii(
            value, people, standard_error=error, interval="simulated", repetitions=1_000, seed=seed, **ILLNESS
        ).upper_cl
        for seed in (1, 1, 2, np.random.default_rng(1))
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, generator)
    assert np.all(first != other)
    unseeded = [
        calculate_sii(
            value, people, standard_error=error, interval="simulated", repetitions=1_000, seed=None, **ILLNESS
        )
        for _ in range(2)
    ]
    assert np.all(unseeded[0].upper_cl != unseeded[1].upper_cl)


def test_limits_are_the_same_each_time_unless_asked_otherwise() -> None:
    value, people, error = some_areas()
    twice = [
        calculate_sii(value, people, standard_error=error, interval="simulated", repetitions=1_000, **ILLNESS)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(twice[0].upper_cl, twice[1].upper_cl)


def test_limits_are_the_draws_that_the_field_takes() -> None:
    value, people, error = (array[0] for array in some_areas())
    share = people / people.sum()
    centred = np.cumsum(share) - share / 2 - 0.5
    weight = -share * centred / (share * centred**2).sum()
    draws = np.sort(
        weight @ (value[:, None] + error[:, None] * np.random.default_rng(9).standard_normal((5, 1_000)))
    )
    sii = calculate_sii(
        value, people, standard_error=error, interval="simulated", repetitions=1_000, seed=9,
        confidence_level=[0.95, 0.998], **ILLNESS,
    )  # fmt: skip
    # The 25th and the 975th of 1,000 at 95 %, the first and the 999th at 99.8 %.
    np.testing.assert_allclose(sii.lower_cl, draws[[24, 0]])
    np.testing.assert_allclose(sii.upper_cl, draws[[974, 998]])


@pytest.mark.parametrize(("repetitions", "level"), [(999, 0.95), (1_000, 0.9999)])
def test_too_few_repetitions_are_refused(repetitions: int, level: float) -> None:
    with pytest.raises(InputError, match="repetitions"):
        calculate_sii(
            ONES, ONES, standard_error=ONES, interval="simulated", repetitions=repetitions,
            confidence_level=level, **UPTAKE,
        )  # fmt: skip


def test_many_draws_of_many_groups_come_in_blocks_that_fit_together() -> None:
    value, people, error = some_areas(areas=150, size=3)
    drawn = {"interval": "simulated", "repetitions": 1_500, "seed": 2}
    sii = calculate_sii(value, people, standard_error=error, sampling_scale="log", **drawn, **ILLNESS)
    for area in (0, 42, 43, 44, 149):
        alone = calculate_sii(
            value[area], people[area], standard_error=error[area], sampling_scale="log", **drawn, **ILLNESS
        )
        assert alone.upper_cl == pytest.approx(sii.upper_cl[area], rel=1e-12)


def test_the_line_on_a_log_scale_is_compared_where_it_is_read() -> None:
    halving = 800 * 0.5 ** np.arange(5)
    sii, rii = calculate_slope_indices(halving, ONES, standard_error=halving / 10, scale="log", **ILLNESS)
    # Five midpoints a fifth apart: from end to end the rate halves five times.
    assert rii.value == pytest.approx(32)
    top = 800 * 2**0.5
    assert sii.value == pytest.approx(top - top / 32)
    assert rii.lower_cl * rii.upper_cl == pytest.approx(32**2)


def test_errors_may_come_from_limits_of_any_level() -> None:
    value, people, error = some_areas()
    z = 3.0902323061678132
    given = calculate_slope_indices(value, people, standard_error=error, **ILLNESS)
    derived = calculate_slope_indices(
        value, people, lower_cl=value - z * error, upper_cl=value + z * error,
        limits_confidence_level=0.998, **ILLNESS,
    )  # fmt: skip
    np.testing.assert_allclose(derived.sii, given.sii)
    np.testing.assert_allclose(derived.rii, given.rii)


def test_a_standard_error_means_the_same_on_every_sampling_scale() -> None:
    value, people, _ = some_areas()
    for sampling, share in (("log", value), ("logit", value / 1_000)):
        natural, other = (
            calculate_sii(share, people, standard_error=share * 1e-5, sampling_scale=scale, **ILLNESS)
            for scale in ("linear", sampling)
        )
        np.testing.assert_allclose(other.upper_cl - other.value, natural.upper_cl - natural.value, rtol=1e-3)


@pytest.mark.parametrize(
    ("scale", "wrong"), [("log", 0.0), ("log", -1.0), ("logit", 0.0), ("logit", 1.0), ("logit", 1.2)]
)
def test_a_value_off_the_scale_is_a_reason_of_its_own_group(scale: str, wrong: float) -> None:
    value = np.array([[0.2, 0.3, 0.4], [0.2, wrong, 0.4]])
    for options in ({"scale": scale}, {"sampling_scale": scale}):
        for index in calculate_slope_indices(
            value, np.ones((2, 3)), standard_error=np.full(3, 0.01), **UPTAKE, **options
        ):
            assert index.reason.tolist() == ["", "not_estimable"]


def test_a_limit_off_the_scale_is_a_reason_of_its_own_group() -> None:
    given = {"upper_cl": np.full((2, 3), 0.9), "lower_cl": [[0.1, 0.1, 0.1], [0.1, 0.0, 0.1]], **UPTAKE}
    for scale in ("log", "logit"):
        sii = calculate_sii(np.full((2, 3), 0.3), np.ones((2, 3)), scale=scale, **given)
        assert sii.reason.tolist() == ["", "not_estimable"]


def test_labels_put_the_quantiles_in_order_as_numbers() -> None:
    rng = np.random.default_rng(2)
    value, people = rng.uniform(50, 80, 10), rng.integers(100, 999, 10)
    ordered = calculate_sii(value, people, standard_error=np.ones(10), **UPTAKE)
    mixed = rng.permutation(10)
    for labels in (TEN, TEN.astype(int).astype(str)):
        sii = calculate_sii(
            value[mixed], people[mixed], standard_error=np.ones(10), quantile=labels[mixed], **UPTAKE
        )
        np.testing.assert_allclose(sii, ordered)
    two = np.concatenate([mixed, mixed[::-1]])
    both = calculate_sii(
        value[two], people[two], standard_error=np.ones(20), quantile=TEN[two],
        groups=["b"] * 10 + ["a"] * 10, **UPTAKE,
    )  # fmt: skip
    np.testing.assert_allclose(both.value, [ordered.value] * 2)


def test_a_label_that_comes_twice_is_named_by_row() -> None:
    with pytest.raises(
        InputError, match="quantile is the same as in another row of its group in 1 row: row 3"
    ):
        calculate_sii(
            ONES, ONES, standard_error=ONES, quantile=[1, 2, 1, 1, 3], groups=list("abbab"), **UPTAKE
        )
    with pytest.raises(InputError, match="quantile is missing in 1 row: row 1"):
        calculate_sii(ONES, ONES, standard_error=ONES, quantile=[1, np.nan, 3, 4, 5], **UPTAKE)
    with pytest.raises(InputError, match="quantile does not hold numbers"):
        calculate_sii(ONES, ONES, standard_error=ONES, quantile=["most", "2", "3", "4", "5"], **UPTAKE)
    with pytest.raises(InputError, match="quantile must have a label for each value"):
        calculate_sii(ONES, ONES, standard_error=ONES, quantile=[1, 2], **UPTAKE)


def test_national_ranks_with_national_people_are_the_local_form() -> None:
    value, people, error = some_areas()
    ranks = calculate_relative_rank(people)
    local = calculate_slope_indices(value, people, standard_error=error, **ILLNESS)
    national = calculate_slope_indices(value, people, standard_error=error, relative_rank=ranks, **ILLNESS)
    for ours, theirs in zip(local, national, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_only_national_ranks_give_places_on_one_national_line_the_same_index() -> None:
    rank = np.arange(0.05, 1, 0.1)
    on_one_line = 300 - 120 * rank
    people = np.array([[9, 8, 7, 3, 2, 1, 1, 1, 1, 1], [1, 1, 1, 1, 2, 2, 5, 8, 9, 12], [1] * 10]) * 100.0
    given = {"standard_error": np.ones((3, 10)), **ILLNESS}
    national = calculate_slope_indices([on_one_line] * 3, people, relative_rank=rank, **given)
    np.testing.assert_allclose(national.sii.value, 120)
    np.testing.assert_allclose(national.rii.value, 300 / 180)
    local = calculate_slope_indices([on_one_line] * 3, people, **given)
    assert np.ptp(local.sii.value) > 10


@every_kind
def test_a_national_quantile_where_nobody_lives_carries_no_weight(kind: dict[str, Any]) -> None:
    value, people, error = (array[:2] for array in some_areas())
    rank = calculate_relative_rank([1, 2, 3, 2, 1])
    empty = people.copy()
    empty[0, 4] = 0
    unknown = np.where(empty == 0, np.nan, value)
    both = calculate_slope_indices(
        unknown, empty, standard_error=error, relative_rank=rank, **ILLNESS, **kind
    )
    without = calculate_slope_indices(
        value[0, :4], people[0, :4], standard_error=error[0, :4], relative_rank=rank[:4], **ILLNESS, **kind
    )
    for ours, four in zip(both, without, strict=True):
        assert ours.reason.tolist() == ["", ""]
        np.testing.assert_allclose([part[0] for part in ours], four, rtol=1e-12)
    local = calculate_sii(unknown, empty, standard_error=error, **ILLNESS, **kind)
    assert local.reason.tolist() == ["missing", ""]


def test_one_inhabited_national_quantile_has_no_line() -> None:
    people = [[100, 0, 0], [0, 0, 0], [100, 100, 0]]
    given = {"standard_error": np.ones((3, 3)), "relative_rank": [0.2, 0.5, 0.8], **UPTAKE}
    sii = calculate_sii(np.ones((3, 3)), people, **given)
    assert sii.reason.tolist() == ["too_few_quantiles", "no_population", ""]
    level = calculate_sii([1, 2], [5, 5], standard_error=[1, 1], relative_rank=[0.3, 0.3], **UPTAKE)
    assert level.reason == "too_few_quantiles"
    with pytest.raises(InputError, match="relative_rank is not between 0 and 1 in 1 row: row 1"):
        calculate_sii([1, 2], [5, 5], standard_error=[1, 1], relative_rank=[0.3, 1.3], **UPTAKE)


def test_national_midpoints_are_half_way_through_each_quantile() -> None:
    np.testing.assert_allclose(calculate_relative_rank(np.ones(10)), np.arange(0.05, 1, 0.1))
    ranks = calculate_relative_rank([[1, 3], [0, 0], [np.nan, 1]])
    np.testing.assert_allclose(ranks, [[0.125, 0.625], [np.nan] * 2, [np.nan] * 2])


def test_the_line_can_be_drawn_over_its_quantiles() -> None:
    value, people, error = (array.ravel() for array in some_areas())
    group, mixed = np.repeat(list("abcdef"), 5), np.random.default_rng(0).permutation(30)
    line = fit_deprivation_line(
        value[mixed], people[mixed], standard_error=error[mixed], groups=group[mixed],
        quantile=np.tile(np.arange(5), 6)[mixed],
    )  # fmt: skip
    in_order = fit_deprivation_line(value, people, standard_error=error, groups=group)
    np.testing.assert_allclose(line.relative_rank, in_order.relative_rank[mixed])
    np.testing.assert_allclose(line.slope, in_order.slope)
    sii, rii = calculate_slope_indices(value, people, standard_error=error, groups=group, **UPTAKE)
    np.testing.assert_allclose(line.slope, sii)
    np.testing.assert_allclose((line.intercept.value + line.slope.value) / line.intercept.value, rii.value)
    np.testing.assert_allclose(line.slope.standard_error, sii.standard_error)


def test_a_multiplier_scales_the_difference_and_not_the_ratio() -> None:
    value, people, error = some_areas()
    once = calculate_slope_indices(value, people, standard_error=error, **ILLNESS)
    hundred = calculate_slope_indices(value, people, standard_error=error, multiplier=100, **ILLNESS)
    np.testing.assert_allclose(hundred.sii, 100 * np.array(once.sii))
    np.testing.assert_allclose(hundred.sii.standard_error, 100 * once.sii.standard_error)
    np.testing.assert_array_equal(hundred.rii, once.rii)
    for wrong in (-1.0, 0.0, np.inf):
        with pytest.raises(InputError, match="multiplier must be a finite number above 0"):
            calculate_sii(ONES, ONES, standard_error=ONES, multiplier=wrong, **UPTAKE)


@given(values, populations, st.floats(-50, 50))
def test_a_constant_added_leaves_the_difference(value: list[float], people: list[int], more: float) -> None:
    before, after = (
        calculate_sii(np.array(value) + add, people, standard_error=ONES, **UPTAKE) for add in (0.0, more)
    )
    # Five in ten million people in one fifth leave a line of the rest that ends far off.
    np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-6 * (abs(before.value) + 100))


@given(values, st.lists(st.integers(100, 10_000), min_size=5, max_size=5), st.integers(0, 4))
def test_a_quantile_split_where_its_halves_are_alike_keeps_the_ends(
    value: list[float], people: list[int], where: int
) -> None:
    # A line through means is the same through parts only where it passes through them: here all lie on it.
    rank = calculate_relative_rank(people)
    on_line = value[0] + value[1] * rank
    halves = np.insert(np.array(people, dtype=float), where, people[where] / 2)
    halves[where + 1] /= 2
    finer = value[0] + value[1] * calculate_relative_rank(halves)
    merged = calculate_slope_indices(on_line, people, standard_error=ONES, **UPTAKE)
    split = calculate_slope_indices(finer, halves, standard_error=np.ones(6), **UPTAKE)
    assert split.sii.value == pytest.approx(merged.sii.value, rel=1e-9)
    assert split.rii.value == pytest.approx(merged.rii.value, rel=1e-9)


def test_what_is_not_known_or_does_not_go_together_is_told() -> None:
    def calculate(**options: Any) -> None:
        calculate_slope_indices(ONES, ONES, **{"standard_error": ONES, **UPTAKE, **options})

    with pytest.raises(InputError, match='The scale "logg" is not known. Did you mean "log"'):
        calculate(scale="logg")
    with pytest.raises(InputError, match='The sampling_scale "odds" is not known'):
        calculate(sampling_scale="odds")
    with pytest.raises(InputError, match='The interval "simulate" is not known. Did you mean "simulated"'):
        calculate(interval="simulate")
    with pytest.raises(InputError, match="A line fitted on the log scale"):
        calculate(scale="log", sampling_scale="linear")
    with pytest.raises(InputError, match="either standard_error, or both"):
        calculate(lower_cl=ONES, upper_cl=ONES)
    with pytest.raises(InputError, match="either standard_error, or both"):
        calculate(standard_error=None, upper_cl=ONES)
    with pytest.raises(InputError, match="lower_cl is above upper_cl in 1 row: row 4"):
        calculate(standard_error=None, lower_cl=[1, 1, 1, 1, 3], upper_cl=[2] * 5)
    with pytest.raises(InputError, match="value is infinite"):
        calculate_sii([1, 2, np.inf], np.ones(3), standard_error=np.ones(3), **UPTAKE)
    with pytest.raises(InputError, match="shapes that do not fit"):
        calculate_sii([1, 2, 3], np.ones(2), standard_error=np.ones(3), **UPTAKE)


def test_arrays_are_read_and_not_changed_however_they_lie_in_memory() -> None:
    value, people, error = some_areas()
    expected = calculate_sii(value, people, standard_error=error, scale="log", **ILLNESS)
    strided = np.asfortranarray(value)
    for array in (strided, people, error):
        array.setflags(write=False)
    np.testing.assert_array_equal(
        calculate_sii(strided, people, standard_error=error, scale="log", **ILLNESS), expected
    )
    national = np.full((1, 5), 12_000_000, dtype=np.int32)
    large = calculate_sii(
        [[1, 2, 3, 4, 5]], national, standard_error=np.ones((1, 5), dtype=np.int32), **UPTAKE
    )
    assert large.value == pytest.approx([5])


def test_a_value_known_exactly_has_limits_of_no_width() -> None:
    for kind in KINDS:
        sii, rii = calculate_slope_indices([4, 3, 2], ONES[:3], standard_error=[0] * 3, **ILLNESS, **kind)
        np.testing.assert_allclose([sii.lower_cl, sii.upper_cl], sii.value)
        np.testing.assert_allclose([rii.lower_cl, rii.upper_cl], rii.value)


@pytest.mark.parametrize("interval", ["analytic", "simulated"])
def test_a_ratio_whose_end_may_be_zero_is_bounded_by_nothing_or_infinity(interval: str) -> None:
    value = np.array([100.0, 70, 45, 22])
    given = {"standard_error": value / 5, "sampling_scale": "log", "interval": interval, "seed": 1}
    ill, well = (calculate_rii(value, ONES[:4], **polarity, **given) for polarity in (ILLNESS, UPTAKE))
    assert ill.value == pytest.approx(14.9, abs=0.1)
    assert ill.lower_cl > 1
    assert np.isinf(ill.upper_cl)
    assert well.lower_cl == 0
    assert well.upper_cl == pytest.approx(1 / ill.lower_cl, rel=0.01)


def test_no_groups_give_no_figures() -> None:
    for kind in KINDS:
        for index in calculate_slope_indices(
            np.empty((0, 5)), np.empty((0, 5)), standard_error=np.empty((0, 5)), **UPTAKE, **kind
        ):
            assert index.value.shape == (0,)
