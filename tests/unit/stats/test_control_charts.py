"""Control charts in the manner of Making data count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats.control_charts import FEWEST_POINTS, LONG_RUN, XmrChart, calculate_xmr_chart

# The twenty draws of R's set.seed(123); rnorm(20) that the tests of NHSRplotthedots chart
# (tests/testthat/_snaps/ptd_spc_standard.md, version 0.2.2).
DRAWS = [
    -0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499, 0.46091621, -1.26506123,
    -0.68685285, -0.44566197, 1.22408180, 0.35981383, 0.40077145, 0.11068272, -0.55584113, 1.78691314,
    0.49785048, -1.96661716, 0.70135590, -0.47279141,
]  # fmt: skip

QUIET = [0.0, 1.0] * 10
"""Mean 0.5, moving ranges of 1, limits 0.5 - 2.66 and 0.5 + 2.66."""

RULES = ("outside_limits", "run", "trend", "two_of_three")


def chart(value, **options) -> XmrChart:
    return calculate_xmr_chart(value, **{"polarity": "higher_is_better", "minimum_points": 2, **options})


def after(*points: float, **options) -> XmrChart:
    """What follows a quiet stretch whose limits are fixed: mean 0.5, limits -2.16 and 3.16."""
    return chart([*QUIET, *points], baseline=len(QUIET), **options)


def places(flags: np.ndarray) -> list[int]:
    """Where a rule applies, counted from the first point after the quiet stretch."""
    return (np.flatnonzero(flags) - len(QUIET)).tolist()


def limits(found: XmrChart) -> list[float]:
    return [float(line[0]) for line in (found.mean, found.lower_limit, found.upper_limit)]


def test_limits_are_those_of_the_nhs_package() -> None:
    outlier = [*DRAWS[:14], 10, *DRAWS[15:]]
    assert limits(chart(DRAWS, screen_moving_ranges=True)) == pytest.approx(
        [0.1416238, -3.01138, 3.294627], abs=5e-7
    )
    assert limits(chart(outlier, screen_moving_ranges=True)) == pytest.approx(
        [0.6694159, -2.383666, 3.722497], abs=5e-7
    )
    assert limits(chart(outlier)) == pytest.approx([0.6694159, -4.596625, 5.935457], abs=5e-7)


def test_one_shock_widens_limits_unless_moving_ranges_are_screened() -> None:
    # NHSRplotthedots, vignette "Deviations from Excel defaults": limits 4.6, mean 1.94, -0.72 when screened.
    shock = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    assert np.round(limits(chart(shock, screen_moving_ranges=True)), 2).tolist() == [1.94, -0.72, 4.6]
    assert np.round(limits(chart(shock)), 2).tolist() == [1.94, -3.06, 6.95]


def test_the_moving_range_limit_is_given() -> None:
    found = chart(QUIET)
    assert np.isnan(found.moving_range[0])
    assert set(found.moving_range[1:]) == {1.0}
    assert found.moving_range_limit.tolist() == pytest.approx([3.267] * 20)


def test_a_point_beyond_a_limit_is_a_special_cause_and_one_on_it_is_not() -> None:
    upper = 0.5 + 2.66
    assert places(after(upper, 0, upper + 1e-9, 0, -2.17).outside_limits) == [2, 4]


def test_seven_points_on_one_side_of_the_mean_are_a_run_and_six_are_none() -> None:
    # 1 and 0 of the quiet stretch are on either side: the run starts after them.
    assert not after(0.4, *[1, 0.9] * 3, 0.4).run.any()
    assert places(after(0.4, 1, 0.9, 1, 0.9, 1, 0.9, 1, 0.4).run) == [1, 2, 3, 4, 5, 6, 7]
    assert places(after(*[0.4, 0.1] * 4, 1).run) == list(range(8))


def test_a_point_exactly_on_the_mean_ends_a_run() -> None:
    assert not after(0.4, 1, 0.9, 1, 0.5, 0.9, 1, 0.9, 1, 0.9, 0.4).run.any()


def test_seven_points_that_rise_or_fall_are_a_trend_and_six_are_none() -> None:
    # The last quiet point is 1, so a fall from it would count it in.
    assert not after(0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.2).trend.any()
    assert places(after(0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.2).trend) == [0, 1, 2, 3, 4, 5, 6]
    assert places(after(0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.9).trend) == [-1, 0, 1, 2, 3, 4, 5]


def test_two_equal_values_end_a_trend() -> None:
    assert not after(0.1, 0.2, 0.3, 0.3, 0.4, 0.6, 0.7, 0.8, 0.2).trend.any()


NEAR, NOT_NEAR = 2.5, 0.6
"""The outer third starts at 0.5 + 2/3 * 2.66 = 2.27."""


@pytest.mark.parametrize(
    ("points", "flagged"),
    [
        ((NEAR, NEAR, NOT_NEAR), [0, 1]),
        ((NEAR, NOT_NEAR, NEAR), [0, 2]),
        ((NOT_NEAR, NEAR, NEAR), [1, 2]),
        ((NEAR, NEAR, NEAR), [0, 1, 2]),
        ((NEAR, NOT_NEAR, NOT_NEAR, NEAR), []),
        ((NEAR, 0, NEAR), []),
        ((NEAR, 0.5, NEAR), []),
        ((NEAR, -1.5, NOT_NEAR), []),
        ((-1.5, -1.4, 0.4), [0, 1]),
        ((-1.5, NEAR, -1.5), []),
        # Beyond the limit is in the direction of it as well: Making data count since the end of 2023.
        ((NEAR, 3.5, NOT_NEAR), [0, 1]),
        ((3.5, 3.5, NEAR), [0, 1, 2]),
    ],
)
def test_two_of_three_near_a_limit_are_flagged_where_all_three_are_on_its_side(points, flagged) -> None:
    found = after(*points, *(-0.1 if points[-1] > 0.5 else 0.9, 0.55, 0.45))
    assert places(found.two_of_three) == flagged


def test_a_special_cause_is_any_of_the_four() -> None:
    found = after(0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 2.5, 2.6, 5.0, 0.9, 0.8, 0.7, 0.1, -3)
    every = np.stack([getattr(found, rule) for rule in RULES])
    assert every.any(axis=-1).all()
    assert (every.any(axis=0) == found.special_cause).all()
    assert (found.special_cause == np.char.startswith(found.variation, "special")).all()


@pytest.mark.parametrize(
    ("polarity", "high", "low"),
    [
        ("higher_is_better", "special_cause_improvement", "special_cause_concern"),
        ("lower_is_better", "special_cause_concern", "special_cause_improvement"),
        ("none", "special_cause_neither_high", "special_cause_neither_low"),
    ],
)
def test_the_polarity_names_the_special_cause_of_the_latest_point(polarity: str, high: str, low: str) -> None:
    assert str(after(4, polarity=polarity).latest_variation) == high
    assert str(after(-3, polarity=polarity).latest_variation) == low
    assert str(after(4, 0.4, polarity=polarity).latest_variation) == "common_cause"
    assert after(4, polarity=polarity).variation[-2:].tolist() == ["common_cause", high]


def test_a_fall_is_a_concern_even_above_the_mean() -> None:
    falling = after(0.4, 2.2, 2, 1.8, 1.6, 1.4, 1.2, 1.0)
    assert places(falling.trend) == list(range(1, 8))
    found = after(0.4, 2.2, 2, 1.8, 1.6, 1.4, 1.2, 1.0, polarity="none")
    assert str(found.latest_variation) == "special_cause_neither_low"


def test_a_point_that_improves_and_concerns_at_once_is_an_improvement() -> None:
    # Beyond the upper limit, at the end of a run above the mean, and on the way down.
    points = (0.4, 9, 8, 7, 6, 5, 4.5, 4)
    for polarity in ("higher_is_better", "lower_is_better"):
        assert str(after(*points, polarity=polarity).latest_variation) == "special_cause_improvement"
    assert str(after(*points, polarity="none").latest_variation) == "special_cause_neither_high"


def test_where_a_rise_turns_into_a_fall_the_later_counts() -> None:
    peak = [0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.48, 0.46, 0.44, 0.38, 0.34, 0.3, 0.2, 0.6]
    found = after(*peak, polarity="none")
    turn = len(QUIET) + 6
    assert found.variation[turn - 1] == "special_cause_neither_high"
    assert found.variation[turn] == "special_cause_neither_low"


@pytest.mark.parametrize(
    ("polarity", "target", "assurance"),
    [
        ("higher_is_better", 4, "consistently_failing"),
        ("higher_is_better", -3, "consistently_passing"),
        ("higher_is_better", 1, "hit_and_miss"),
        ("lower_is_better", 4, "consistently_passing"),
        ("lower_is_better", -3, "consistently_failing"),
        ("lower_is_better", 1, "hit_and_miss"),
        ("lower_is_better", None, "no_target"),
        ("lower_is_better", np.nan, "no_target"),
        ("none", 1, "not_assessed"),
        ("none", None, "no_target"),
    ],
)
def test_the_target_is_judged_by_the_process_limits(polarity: str, target, assurance: str) -> None:
    assert str(chart(QUIET, polarity=polarity, target=target).assurance) == assurance


def test_a_limit_on_the_target_reaches_it() -> None:
    upper, lower = (float(line[0]) for line in (chart(QUIET).upper_limit, chart(QUIET).lower_limit))
    assert str(chart(QUIET, target=lower).assurance) == "consistently_passing"
    assert str(chart(QUIET, target=upper).assurance) == "hit_and_miss"
    assert str(chart(QUIET, target=upper, polarity="lower_is_better").assurance) == "consistently_passing"
    always = chart([100.0] * 20, target=100)
    assert (str(always.assurance), str(always.latest_variation)) == ("consistently_passing", "common_cause")


@pytest.mark.parametrize("level", [0.1, 1 / 3, 98.7, 1e15 + 0.3])
@pytest.mark.parametrize("screen", [True, False])
def test_a_series_that_never_changes_has_no_special_cause(level: float, screen: bool) -> None:
    found = chart([level] * 23, screen_moving_ranges=screen)
    assert not found.special_cause.any()
    assert (found.lower_limit == level).all()
    assert (found.upper_limit == level).all()


def test_each_series_has_its_own_target_and_each_point_may() -> None:
    table = np.array([QUIET, QUIET])
    found = chart(table, target=[[4.0], [-3.0]])
    assert found.assurance.tolist() == ["consistently_failing", "consistently_passing"]
    moving = np.where(np.arange(20) < 19, 4.0, 1.0)
    assert str(chart(QUIET, target=moving).assurance) == "hit_and_miss"


def test_the_baseline_sets_the_limits_of_all_that_follows() -> None:
    steps = [*QUIET, *[20.0, 30.0] * 10]
    assert limits(chart(steps, baseline=20)) == limits(chart(QUIET))
    assert chart(steps, baseline=20).outside_limits[20:].all()
    assert limits(chart(steps)) != limits(chart(QUIET))


def test_each_phase_has_its_own_limits_and_its_rules_start_afresh() -> None:
    steps = [*QUIET, *[20.0, 30.0] * 10]
    found = chart(steps, recalculate_at=[20])
    for first, second, line in zip(
        limits(chart(QUIET)), limits(chart(steps[20:])), found_lines(found), strict=True
    ):
        assert line.tolist() == [first] * 20 + [second] * 20
    assert not found.special_cause.any()
    assert np.isnan(found.moving_range[[0, 20]]).all()
    # Four points above the mean at the end of one phase and four at the start of the next are no run.
    halves = [0, 0.1, 0, 0.1, 1, 0.9, 1, 0.9, 1, 0.9, 1, 0.9, 0, 0.1, 0, 0.1]
    assert chart(halves).run.any()
    assert not chart(halves, recalculate_at=[8]).run.any()


def found_lines(found: XmrChart) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return found.mean, found.lower_limit, found.upper_limit


def test_series_may_be_recalculated_at_different_points() -> None:
    table = np.array([[*QUIET, *[9.0, 8.0] * 10], [*[9.0, 8.0] * 5, *QUIET, *[1.0, 0.0] * 5]])
    marks = np.zeros(table.shape, bool)
    marks[0, 20] = marks[1, 10] = True
    found = chart(table, recalculate_at=marks)
    assert found.mean[:, [0, -1]].tolist() == [[0.5, 8.5], [8.5, 0.5]]
    assert not found.outside_limits.any()


def test_a_phase_with_too_few_points_is_not_assessed_and_the_other_is() -> None:
    found = calculate_xmr_chart([*DRAWS, 9, 9, 9], polarity="higher_is_better", recalculate_at=[20], target=5)
    assert set(found.reason[:20]) == {""}
    assert set(found.reason[20:]) == {"too_few_values"}
    assert np.isnan(found.upper_limit).tolist() == [False] * 20 + [True] * 3
    assert (str(found.latest_variation), str(found.assurance)) == ("not_assessed", "not_assessed")
    assert set(found.variation[20:]) == {"not_assessed"}


def test_twelve_points_are_too_few_and_thirteen_enough_unless_told_otherwise() -> None:
    assert FEWEST_POINTS == 13
    rise = np.arange(13.0)
    few = calculate_xmr_chart(rise[:12], polarity="none")
    assert set(few.reason) == {"too_few_values"}
    assert not few.special_cause.any()
    assert not few.trend.any()
    assert calculate_xmr_chart(rise, polarity="none").trend.all()
    assert calculate_xmr_chart(rise[:12], polarity="none", minimum_points=12).trend.all()


def test_gaps_are_passed_over() -> None:
    gapped = np.insert(np.array([*DRAWS, 5.0]), [0, 4, 11, 21], np.nan)
    held = ~np.isnan(gapped)
    whole, found = chart([*DRAWS, 5.0]), chart(gapped)
    for name in ("mean", "upper_limit", "moving_range", *RULES, "variation"):
        np.testing.assert_array_equal(getattr(found, name)[held], getattr(whole, name))
    assert set(found.variation[~held]) == {"not_assessed"}
    assert not np.isnan(found.upper_limit).any()
    assert found.latest_variation == whole.latest_variation == "special_cause_improvement"


def test_a_ghosted_point_is_left_out_of_everything() -> None:
    shocked = [*DRAWS[:10], 99.0, *DRAWS[10:]]
    ghosts = np.arange(21) == 10
    found = chart(shocked, ghosted=ghosts)
    assert limits(found) == limits(chart(DRAWS))
    assert found.variation[10] == "not_assessed"
    assert np.isnan(found.moving_range[10])
    assert found.upper_limit[10] == found.upper_limit[0]


def test_a_series_without_points_leaves_the_others_alone() -> None:
    found = chart([[np.nan] * 20, QUIET], target=4)
    assert found.latest_variation.tolist() == ["not_assessed", "common_cause"]
    assert found.assurance.tolist() == ["not_assessed", "consistently_failing"]
    assert found.reason[:, 0].tolist() == ["too_few_values", ""]


@pytest.mark.parametrize("shape", [(0,), (0, 5), (3, 0)])
def test_no_points_make_an_empty_chart(shape: tuple[int, ...]) -> None:
    found = chart(np.empty(shape), target=1, recalculate_at=[])
    assert found.mean.shape == found.variation.shape == shape
    assert found.latest_variation.shape == found.assurance.shape == shape[:-1]


def test_whole_numbers_and_read_only_and_stepped_arrays_are_left_alone() -> None:
    table = np.random.default_rng(1).integers(0, 9, (3, 60))[:, ::2]
    kept = table.copy()
    table.flags.writeable = False
    marks = np.zeros(30, bool)
    found = chart(table, recalculate_at=marks)
    assert not marks.any()
    assert (table == kept).all()
    assert found.mean[:, 0].tolist() == pytest.approx(table.mean(axis=1).tolist())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"polarity": "higher"}, "is not known"),
        ({"baseline": 1}, "baseline must be"),
        ({"minimum_points": 1}, "minimum_points must be"),
        ({"recalculate_at": [20]}, "outside the series, which has 20 points"),
        ({"recalculate_at": [-1]}, "outside the series"),
        ({"recalculate_at": [1.5]}, "whole numbers"),
        ({"recalculate_at": [True, False]}, "does not fit"),
        ({"ghosted": [1, 2]}, "true or false"),
        ({"ghosted": [True, False]}, "does not fit"),
        ({"target": [1, 2]}, "does not fit"),
        ({"target": np.inf}, "infinite"),
    ],
)
def test_what_cannot_be_is_refused(options, words: str) -> None:
    with pytest.raises(InputError, match=words):
        chart(QUIET, **options)


def test_a_single_number_is_no_series() -> None:
    with pytest.raises(InputError, match="needs a series"):
        chart(5.0)


def count_plainly(value: list[float], mean: float, width: float) -> dict[str, list[bool]]:
    """The rules point by point, by looking at every stretch that holds a point."""
    size = len(value)
    side = [int(v > mean) - int(v < mean) for v in value]
    near = [abs(v - mean) > 2 / 3 * width for v in value]
    found = {rule: [False] * size for rule in RULES}
    for i in range(size):
        found["outside_limits"][i] = abs(value[i] - mean) > width
    for start in range(size - LONG_RUN + 1):
        part = range(start, start + LONG_RUN)
        steps = [value[i + 1] - value[i] for i in part[:-1]]
        for i in part:
            found["run"][i] |= len({side[k] for k in part}) == 1 and side[start] != 0
            found["trend"][i] |= all(s > 0 for s in steps) or all(s < 0 for s in steps)
    for start in range(size - 2):
        part = range(start, start + 3)
        same = len({side[k] for k in part}) == 1 and side[start] != 0
        for i in part:
            found["two_of_three"][i] |= near[i] and same and sum(near[k] for k in part) >= 2
    return found


RANDOM = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@settings(deadline=None, max_examples=80)
@given(RANDOM, st.integers(2, 40))
def test_the_rules_are_those_of_a_plain_count(random, size: int) -> None:
    # Eighths are exact, so that rounding decides nothing; a walk makes runs and trends likely.
    steps = random.integers(-3, 5, size) * random.choice([0.125, 1.0])
    value = np.cumsum(steps) if random.random() < 0.5 else np.abs(steps)
    found = chart(value)
    plain = count_plainly(value.tolist(), float(found.mean[0]), float(found.upper_limit[0] - found.mean[0]))
    width = found.upper_limit - found.mean
    clear = np.all([np.abs(np.abs(value - found.mean) - k * width) > 1e-9 for k in (0, 2 / 3, 1)])
    if clear:
        for rule in RULES:
            assert getattr(found, rule).tolist() == plain[rule], rule


@settings(deadline=None, max_examples=50)
@given(RANDOM)
def test_shifting_and_scaling_move_the_limits_and_keep_the_words(random) -> None:
    value = random.normal(0, 1, (3, 30)) + np.where(np.arange(30) > 20, 2, 0)
    plain, moved = chart(value, target=1.5), chart(value * 4 + 8, target=14)
    for line, other in zip(found_lines(plain), found_lines(moved), strict=True):
        np.testing.assert_allclose(other, line * 4 + 8, rtol=1e-9, atol=1e-9)
    assert moved.variation.tolist() == plain.variation.tolist()
    assert moved.assurance.tolist() == plain.assurance.tolist()
    assert (plain.lower_limit <= plain.mean).all()
    assert (plain.mean <= plain.upper_limit).all()


@settings(deadline=None, max_examples=50)
@given(RANDOM)
def test_a_mirrored_series_turns_better_into_worse(random) -> None:
    value = np.cumsum(random.normal(0, 1, (4, 30)), axis=-1)
    high, mirrored = chart(value, target=1), chart(-value, target=-1, polarity="lower_is_better")
    assert mirrored.variation.tolist() == high.variation.tolist()
    assert mirrored.assurance.tolist() == high.assurance.tolist()
    same_way = chart(-value)
    assert same_way.special_cause.tolist() == high.special_cause.tolist()
    for rule in RULES:
        assert getattr(same_way, rule).tolist() == getattr(high, rule).tolist()


@settings(deadline=None, max_examples=15)
@given(RANDOM)
def test_mixed_series_give_mixed_charts_each_as_if_alone(random) -> None:
    value = np.where(random.random((6, 26)) < 0.15, np.nan, random.normal(0, 1, (6, 26)).cumsum(axis=-1))
    marks, ghosts = random.random((6, 26)) < 0.05, random.random((6, 26)) < 0.05
    options = {"target": 0.5, "screen_moving_ranges": True, "baseline": 10, "minimum_points": 5}
    order = random.permutation(6)
    plain = chart(value, recalculate_at=marks, ghosted=ghosts, **options)
    mixed = chart(value[order], recalculate_at=marks[order], ghosted=ghosts[order], **options)
    names = ("mean", "lower_limit", "upper_limit", "moving_range", *RULES, "variation", "latest_variation",
             "assurance", "reason")  # fmt: skip
    for name in names:
        np.testing.assert_array_equal(getattr(mixed, name), getattr(plain, name)[order])
    for row in range(6):
        alone = chart(value[row], recalculate_at=marks[row], ghosted=ghosts[row], **options)
        for name in names[4:]:
            np.testing.assert_array_equal(getattr(alone, name), getattr(plain, name)[row])
        np.testing.assert_allclose(alone.upper_limit, plain.upper_limit[row], rtol=1e-12)


def test_few_points_of_a_steady_process_are_beyond_the_limits() -> None:
    random = np.random.default_rng(266)
    found = chart(random.normal(50, 5, (3_000, 60)), baseline=30)
    # Three standard deviations leave 0.27 % outside; limits estimated from 30 points somewhat more.
    assert 0.002 < found.outside_limits.mean() < 0.009
    assert found.trend.mean() < 0.005
