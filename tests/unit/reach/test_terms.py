"""The columns of a main-effects model."""

from __future__ import annotations

import numpy as np
import pytest

from evenground.reach.terms import join_blocks, make_curve, make_levels, make_surface


def fit_least_squares(values: np.ndarray, target: np.ndarray) -> np.ndarray:
    columns = join_blocks(len(values), make_curve(values)).design.toarray()
    return columns @ np.linalg.lstsq(columns, target, rcond=None)[0]


def test_a_curve_follows_a_bend_and_a_line_is_a_line() -> None:
    values = np.sort(np.random.default_rng(1).uniform(1, 33_755, 200))
    for target in (values / 1e4, np.minimum(values, 1e4) / 1e4, np.sin(values / 8e3)):
        np.testing.assert_allclose(fit_least_squares(values, target), target, atol=0.06)


def test_bends_say_nothing_that_a_line_can() -> None:
    values = np.linspace(0, 10, 50)
    line, bends = make_curve(values)
    both = np.column_stack([np.ones(50), line.columns.toarray()])
    np.testing.assert_allclose(both.T @ bends.columns.toarray(), 0, atol=1e-8)


def test_the_scale_and_the_origin_of_a_number_do_not_matter() -> None:
    values = np.random.default_rng(2).uniform(0, 1, 60)
    for one, other in zip(make_curve(values), make_curve(7 + 1000 * values), strict=True):
        np.testing.assert_allclose(one.columns.toarray(), other.columns.toarray(), atol=1e-6)


def test_missing_numbers_have_an_effect_of_their_own() -> None:
    values = np.array([1.0, 2.0, np.nan, 4.0, np.nan, 9.0, 5.0, 6.0])
    target = np.where(np.isnan(values), 5.0, values)
    np.testing.assert_allclose(fit_least_squares(values, target), target, atol=1e-6)


@pytest.mark.parametrize("values", [[3.0, 3.0, 3.0], [np.nan] * 3])
def test_a_number_that_does_not_vary_says_nothing(values: list[float]) -> None:
    assert all(block.columns.shape[1] == 1 for block in make_curve(np.array(values)))


def test_a_surface_is_alike_among_neighbours() -> None:
    areas = np.arange(40)
    surface = make_surface(areas, np.column_stack([areas[:-1], areas[1:]]))
    assert surface is not None
    columns = surface.columns.toarray()
    step = np.abs(np.diff(columns[:, 0])).max()
    assert step < 0.2 * np.ptp(columns[:, 0])
    assert np.mean(np.sum(columns**2, axis=1)) == pytest.approx(1)


def test_a_surface_of_many_areas_is_the_same_each_time() -> None:
    areas = np.arange(900)
    pairs = np.vstack([np.column_stack([areas[:-1], areas[1:]]), np.column_stack([areas[:-30], areas[30:]])])
    one, other = make_surface(areas, pairs), make_surface(areas, pairs)
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.columns.toarray(), other.columns.toarray())


def test_no_neighbours_make_no_surface() -> None:
    assert make_surface(np.arange(5), np.empty((0, 2), np.int64)) is None
    assert make_surface(np.arange(5), np.array([[2, 2]])) is None


def test_blocks_keep_their_columns_and_spreads() -> None:
    terms = join_blocks(4, [make_levels(np.array([0, 1, 1, 2])), *make_curve(np.array([1.0, 2.0, 3.0, 4.0]))])
    assert terms.design.shape[1] == len(terms.block)
    assert terms.block[:4].tolist() == [0, 1, 1, 1]
    assert terms.design.toarray()[:, 1:4].tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert 0 not in terms.estimated
