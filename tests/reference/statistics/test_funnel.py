"""Funnel plots against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenground.stats.funnel import (
    FunnelLimits,
    assign_funnel_significance,
    calculate_effective_population,
    calculate_funnel_baseline,
    calculate_funnel_curves,
    calculate_funnel_grid,
    calculate_funnel_limits,
    calculate_funnel_points,
)
from tests.support.reference_values import assert_close, read

pytestmark = pytest.mark.reference

STATISTICS = {
    "prop": "proportion",
    "prop_narrow": "proportion",
    "rate_crude": "crude_rate",
    "rate_narrow": "crude_rate",
    "rate_dsr": "dsr",
    "ratio": "ratio",
}

SIGNIFICANCE = {
    "Low (0.001)": "below_3s",
    "Low (0.025)": "below_2s",
    "Not significant": "within_limits",
    "High (0.025)": "above_2s",
    "High (0.001)": "above_3s",
    "Not applicable for events less than 10 for dsrs": "not_compared",
}

SIDES = ("lower_2s", "upper_2s", "lower_3s", "upper_3s")


@pytest.fixture(params=STATISTICS)
def dataset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read_areas(reference: Path, dataset: str) -> tuple[pl.DataFrame, np.ndarray]:
    """The areas of a data set and the denominators that place them on the plot."""
    areas = read(reference / "funnel/input.csv").filter(pl.col("dataset") == dataset)
    if STATISTICS[dataset] == "dsr":
        return areas, calculate_effective_population(areas["numerator"], areas["rate"])
    return areas, areas["denominator"].to_numpy()


def read_plots(reference: Path, dataset: str) -> list[tuple[dict[str, str], pl.DataFrame]]:
    """The plots drawn of a data set, each with the arguments it was drawn by."""
    rows = read(reference / "funnel/limits.csv").filter(pl.col("dataset") == dataset)
    plots = [
        rows.filter(pl.col("arguments") == name) for name in rows["arguments"].unique(maintain_order=True)
    ]
    return [(dict(word.split("=") for word in plot["arguments"][0].split()), plot) for plot in plots]


def test_the_grid_of_every_plot_is_that_of_the_reference(reference: Path, dataset: str) -> None:
    areas, denominator = read_areas(reference, dataset)
    plots = read_plots(reference, dataset)
    assert plots
    for arguments, plot in plots:
        years = int(arguments.get("years_of_data", 1))
        grid = calculate_funnel_grid(
            denominator, statistic=STATISTICS[dataset], years_of_data=years,
            baseline=float(calculate_funnel_baseline(areas["numerator"], denominator)),
        )  # fmt: skip
        assert grid.tolist() == plot["x"].to_list()


@pytest.mark.parametrize("dataset", ["prop", "prop_narrow"], indirect=True)
def test_limits_of_shares_are_those_of_the_reference_within_its_caps(reference: Path, dataset: str) -> None:
    areas, denominator = read_areas(reference, dataset)
    for arguments, plot in read_plots(reference, dataset):
        multiplier = float(arguments["multiplier"])
        baseline = calculate_funnel_baseline(areas["numerator"], denominator, multiplier=multiplier)
        assert_close(np.full(plot.height, baseline), plot["baseline"])
        ours = calculate_funnel_limits(
            plot["x"], statistic="proportion", baseline=baseline, multiplier=multiplier
        )
        for side, limit in zip(SIDES, ours, strict=True):
            # The reference ends its lines at 0 and at 100, whatever the multiplier; ours do not end.
            capped = np.maximum(limit, 0) if side.startswith("lower") else np.minimum(limit, 100)
            assert_close(capped, plot[f"{side}_limit"], atol=1e-12)


@pytest.mark.parametrize("dataset", ["rate_crude", "rate_narrow", "rate_dsr", "ratio"], indirect=True)
def test_limits_of_rates_and_ratios_are_exact(reference: Path, dataset: str) -> None:
    areas, denominator = read_areas(reference, dataset)
    for arguments, plot in read_plots(reference, dataset):
        curves, baseline, shift = draw(arguments, areas, denominator, plot)
        populations = "population_1_year" if baseline is not None else "exp_events"
        for side, limit, at in zip(SIDES, *curves, strict=True):
            end = side.split("_")
            assert_close(limit - shift, plot[f"exact_{side}"], atol=1e-14)
            # The package's own come from a bisection that stops at 1e-7 of a share.
            rough = np.where(plot["x"] == 1, 1e-4, 2e-6)
            ours, theirs = limit - shift, plot[f"{side}_limit"].to_numpy()
            assert (np.abs(ours - theirs) <= rough * np.abs(limit)).all(), end
            drawn = plot[f"{side}_{populations}"].to_numpy()
            assert (np.abs(at - drawn) <= rough * at).all()


def draw(arguments: dict[str, str], areas: pl.DataFrame, denominator: np.ndarray, plot: pl.DataFrame):
    """Our lines for the arguments of the package; it gives ratios of counts as what they are above 1."""
    if arguments["statistic"] == "ratio":
        per, shift = (1.0, 1.0) if arguments["ratio_type"] == "count" else (100.0, 0.0)
        return calculate_funnel_curves(plot["x"], baseline=per, multiplier=per), None, shift
    per = float(arguments["multiplier"])
    baseline = calculate_funnel_baseline(areas["numerator"], denominator, multiplier=per)
    assert_close(np.full(plot.height, baseline), plot["baseline"])
    years = float(arguments["years_of_data"])
    curves = calculate_funnel_curves(plot["x"], baseline=baseline, multiplier=per, years_of_data=years)
    return curves, baseline, 0.0


@pytest.mark.parametrize("dataset", ["rate_crude", "rate_narrow", "rate_dsr", "ratio"], indirect=True)
def test_both_ways_to_the_limits_meet_in_the_reference(reference: Path, dataset: str) -> None:
    areas, denominator = read_areas(reference, dataset)
    arguments, plot = read_plots(reference, dataset)[0]
    curves, baseline, _ = draw(arguments, areas, denominator, plot)
    per = float(arguments.get("multiplier", 1))
    for side, limit, at in zip(FunnelLimits._fields, *curves, strict=True):
        ours = calculate_funnel_limits(
            at, statistic=STATISTICS[dataset], baseline=1.0 if baseline is None else baseline, multiplier=per
        )
        np.testing.assert_allclose(getattr(ours, side), limit, rtol=1e-9)


def test_significance_is_that_of_the_reference(reference: Path, dataset: str) -> None:
    expected = read(reference / "funnel/significance.csv").filter(pl.col("dataset") == dataset)
    areas, denominator = read_areas(reference, dataset)
    assert areas["area_code"].to_list() == expected["area_code"].to_list()
    ours = assign_funnel_significance(areas["numerator"], denominator, statistic=STATISTICS[dataset])
    assert ours.significance.tolist() == [SIGNIFICANCE[word] for word in expected["significance"]]
    few = ours.significance == "not_compared"
    assert set(ours.reason[few]) <= {"too_few_events"}
    assert set(ours.reason[~few]) == {""}


@pytest.mark.parametrize("dataset", ["rate_crude", "rate_narrow", "rate_dsr"], indirect=True)
def test_points_are_those_of_the_reference(reference: Path, dataset: str) -> None:
    rows = read(reference / "funnel/points.csv").filter(pl.col("dataset") == dataset)
    areas, denominator = read_areas(reference, dataset)
    for (years,), expected in rows.group_by(["years_of_data"], maintain_order=True):
        assert areas["area_code"].to_list() == expected["area_code"].to_list()
        ours = calculate_funnel_points(
            areas["numerator"], denominator, statistic=STATISTICS[dataset],
            multiplier=100_000, years_of_data=float(str(years)),
        )  # fmt: skip
        assert_close(ours.value, expected["rate_chart"])
        assert_close(ours.denominator, expected["denominator_derived"])
