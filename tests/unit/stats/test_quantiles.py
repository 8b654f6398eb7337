"""Areas in equal parts by rank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evenground.errors import InputError
from evenground.stats.quantiles import NO_QUANTILE, assign_quantiles

NUMBERS = st.integers(-20, 20).map(float)


def test_ten_areas_make_five_fifths_of_two() -> None:
    fifths = assign_quantiles([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], quantile_1="lowest")
    assert fifths.quantile.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_the_highest_score_is_in_the_first_quantile_where_the_caller_says_so() -> None:
    fifths = assign_quantiles([1, 2, 3, 4, 5], quantile_1="highest")
    assert fifths.quantile.tolist() == [5, 4, 3, 2, 1]


def test_which_end_is_first_must_be_said() -> None:
    with pytest.raises(TypeError, match="quantile_1"):
        assign_quantiles([1, 2, 3, 4, 5])  # type: ignore[call-arg]
    with pytest.raises(InputError, match='Did you mean "highest"'):
        assign_quantiles([1, 2, 3, 4, 5], quantile_1="higest")


def test_areas_that_are_alike_stay_together_at_their_lowest_rank() -> None:
    quarters = assign_quantiles([1, 1, 2, 2, 2, 2, 3, 4], quantile_1="lowest", quantiles=4)
    assert quarters.quantile.tolist() == [1, 1, 2, 2, 2, 2, 4, 4]


def test_too_few_areas_have_a_reason_and_the_other_region_its_quantiles() -> None:
    found = assign_quantiles(
        [5, 1, 2, 9, 3, 4, 5, np.nan], quantile_1="lowest", groups=["n", "s", "s", "n", "s", "s", "s", "n"]
    )
    assert found.quantile.tolist() == [0, 1, 2, 0, 3, 4, 5, 0]
    assert found.reason.tolist() == ["too_few_quantiles", "", "", "too_few_quantiles", "", "", "", "missing"]


def test_a_missing_value_counts_neither_for_itself_nor_for_its_group() -> None:
    with_gap = assign_quantiles([3, np.nan, 1, 2], quantile_1="lowest", quantiles=3)
    assert with_gap.quantile.tolist() == [3, NO_QUANTILE, 1, 2]


def test_an_exact_boundary_is_not_moved_by_rounding() -> None:
    # 28 areas in twentieths: (29 - rank) / (28 / 20) in floating point goes past a whole number.
    rank = np.arange(1, 29)
    exact = [21 - -(-(29 - r) * 20 // 28) for r in range(1, 29)]
    rounded = (21 - np.ceil((29 - rank) / (28 / 20))).tolist()
    assert assign_quantiles(rank, quantile_1="lowest", quantiles=20).quantile.tolist() == exact != rounded


def test_values_closer_than_their_difference_from_the_highest_can_tell_are_told_apart() -> None:
    value = np.array([1e-9, 2e-9, 1e9, 2e9])
    quarters = assign_quantiles(value, quantile_1="highest", quantiles=4)
    assert quarters.quantile.tolist() == [4, 3, 2, 1]


def test_each_row_of_a_table_is_a_group() -> None:
    table = np.array([[1, 2, 3], [9, 7, 8]])
    assert assign_quantiles(table, quantile_1="lowest", quantiles=3).quantile.tolist() == [
        [1, 2, 3],
        [3, 1, 2],
    ]


def test_offsets_and_labels_give_the_same() -> None:
    value = np.random.default_rng(3).normal(size=50)
    by_offset = assign_quantiles(value, quantile_1="lowest", offsets=[0, 20, 20, 50])
    by_label = assign_quantiles(value, quantile_1="lowest", groups=[1] * 20 + [2] * 30)
    assert by_offset.quantile.tolist() == by_label.quantile.tolist()


@pytest.mark.parametrize("quantiles", [0, -1, 2.5, True])
def test_a_number_of_quantiles_that_cannot_be_is_refused(quantiles: int) -> None:
    with pytest.raises(InputError, match="quantiles must be a whole number"):
        assign_quantiles([1, 2, 3], quantile_1="lowest", quantiles=quantiles)


def test_infinite_values_are_refused_by_row() -> None:
    with pytest.raises(InputError, match="value is infinite in 1 row: row 1"):
        assign_quantiles([1, np.inf], quantile_1="lowest")


def test_no_areas_have_no_quantiles() -> None:
    assert assign_quantiles([], quantile_1="lowest").quantile.shape == (0,)
    assert assign_quantiles([], quantile_1="lowest", groups=[]).reason.shape == (0,)


def test_the_callers_arrays_are_left_alone() -> None:
    value = np.arange(20.0)[::2]
    value.flags.writeable = False
    assign_quantiles(value, quantile_1="highest", groups=np.arange(10) % 2)
    assert value.tolist() == list(range(0, 20, 2))


@settings(deadline=None, max_examples=60)
@given(st.integers(5, 300), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_without_ties_quantiles_differ_in_size_by_at_most_one(areas: int, parts: int, seed: int) -> None:
    value = np.random.default_rng(seed).permutation(areas)
    found = assign_quantiles(value, quantile_1="lowest", quantiles=parts).quantile
    if areas < parts:
        assert set(found) == {NO_QUANTILE}
        return
    sizes = np.bincount(found, minlength=parts + 1)[1:]
    assert sizes.sum() == areas
    assert sizes.max() - sizes.min() <= 1


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(float, st.integers(1, 60), elements=NUMBERS | st.just(np.nan)), st.integers(1, 8))
def test_a_higher_value_is_never_in_a_lower_quantile_and_equal_ones_share_theirs(
    value: np.ndarray, parts: int
) -> None:
    found, reason = assign_quantiles(value, quantile_1="lowest", quantiles=parts)
    held = reason == ""
    order = np.argsort(value[held], kind="stable")
    steps, risen = np.diff(found[held][order]), np.diff(value[held][order])
    assert (steps >= 0).all()
    assert (steps[risen == 0] == 0).all()
    assert ((found >= 1) & (found <= parts) == held).all()


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(float, st.integers(1, 60), elements=NUMBERS), st.integers(0, 2**32 - 1))
def test_mixed_rows_of_groups_give_mixed_quantiles(value: np.ndarray, seed: int) -> None:
    random = np.random.default_rng(seed)
    groups, order = random.integers(0, 3, value.size), random.permutation(value.size)
    plain = assign_quantiles(value, quantile_1="highest", quantiles=2, groups=groups)
    mixed = assign_quantiles(value[order], quantile_1="highest", quantiles=2, groups=groups[order])
    assert mixed.quantile.tolist() == plain.quantile[order].tolist()
    for group in np.unique(groups):
        alone = assign_quantiles(value[groups == group], quantile_1="highest", quantiles=2)
        assert alone.quantile.tolist() == plain.quantile[groups == group].tolist()


@settings(deadline=None, max_examples=40)
@given(hnp.arrays(float, st.integers(1, 60), elements=NUMBERS))
def test_a_mirrored_value_is_ranked_from_the_other_end(value: np.ndarray) -> None:
    one = assign_quantiles(value, quantile_1="highest", quantiles=3)
    other = assign_quantiles(-value, quantile_1="lowest", quantiles=3)
    assert one.quantile.tolist() == other.quantile.tolist()
