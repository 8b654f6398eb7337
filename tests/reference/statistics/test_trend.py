"""Recent trends against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.stats.trend import (
    CHI_SQUARED_LIMIT,
    RecentTrend,
    assess_recent_trend,
    assess_recent_trend_of_proportion,
)
from tests.support.reference_values import assert_close, read, read_edge_cases

pytestmark = pytest.mark.reference

DIRECTIONS = {
    "Increasing": "increasing",
    "Decreasing": "decreasing",
    "No significant change": "no_significant_change",
    "Cannot be calculated": "cannot_be_calculated",
}

REASONS = {"Not enough data points": "too_few_values", "Missing values": "missing"}

DIFFERENT = {
    "trend-s01": ("cannot_be_calculated", "not_estimable", "a share of 1 has no log odds; R raises"),
    "trend-s08": ("cannot_be_calculated", "not_estimable", "values without an interval; R raises"),
    "trend-s09": ("increasing", "", "R divides the value by the multiplier and not its limits"),
}
"""Edge cases in which ours differs from R: our direction and reason, and why."""


def assess(kind: str, rows: dict[str, Any]) -> RecentTrend:
    columns = {name: np.array(column, float) for name, column in rows.items()}
    if kind == "proportion":
        return assess_recent_trend_of_proportion(columns["count"], columns["denominator"], polarity="none")
    lower, upper = (columns.get(f"{end}_cl95", columns.get(f"{end}_cl")) for end in ("lower", "upper"))
    return assess_recent_trend(columns["value"], lower, upper, polarity="none")


def arrange(rows: pl.DataFrame, series: list[str]) -> dict[str, np.ndarray]:
    """The series as rows of one table that ends with the latest year of each, missing before its first."""
    latest = rows.group_by("series").agg(pl.col("year").max().alias("latest"))
    rows = rows.join(latest, on="series").with_columns(back=pl.col("latest") - pl.col("year"))
    line = {name: place for place, name in enumerate(series)}
    width = int(rows["back"].max() or 0) + 1
    columns = {}
    for name in ("count", "denominator", "value", "lower_cl95", "upper_cl95"):
        columns[name] = np.full((len(series), width), np.nan)
        for code, back, figure in rows.select("series", "back", name).iter_rows():
            if code in line:
                columns[name][line[code], width - 1 - back] = figure
    return columns


@pytest.mark.parametrize("kind", ["proportion", "other"])
def test_trends_of_all_series_at_once_are_those_of_the_reference(reference: Path, kind: str) -> None:
    expected = read(reference / "trend/expected.csv").filter(pl.col("kind") == kind)
    rows = read(reference / "trend/input.csv").filter(pl.col("kind") == kind)
    assert expected.height == 60
    ours = assess(kind, arrange(rows, expected["series"].to_list()))
    assert ours.direction.tolist() == [DIRECTIONS[word] for word in expected["trend"]]
    # The reference sums calendar years, which costs a slope near zero its last digits.
    assert_close(ours.slope, expected["slope"], atol=1e-12)
    assert_close(ours.chi_squared, expected["chi_squared"], rtol=1e-6)
    assert ours.reason.tolist() == [REASONS.get(word, "") for word in expected["reason"]]
    significant = ours.chi_squared > CHI_SQUARED_LIMIT
    assert (significant == np.isin(ours.direction, ["increasing", "decreasing"])).all()


def test_chi_squared_of_proportions_is_that_of_the_other_program(reference: Path) -> None:
    expected = read(reference / "trend/expected.csv").filter(
        (pl.col("kind") == "proportion") & pl.col("chi_squared").is_not_null()
    )
    rows = read(reference / "trend/input.csv")
    ours = assess("proportion", arrange(rows, expected["series"].to_list()))
    assert_close(ours.chi_squared, expected["cs_chi2"], rtol=2e-9)


def test_trends_of_every_edge_case_are_those_of_the_reference(reference: Path) -> None:
    cases = read_edge_cases(reference / "trend")
    assert len(cases) == 12
    for case in cases:
        ours = assess(case["args"]["value_type"], case["data"])
        if case["case_id"] in DIFFERENT:
            assert (str(ours.direction), str(ours.reason)) == DIFFERENT[case["case_id"]][:2]
            continue
        result = case["expected"]["PHEindicatormethods"]["result"]
        assert str(ours.direction) == DIRECTIONS[result["recent_trend"][0]], case["case_id"]
        assert str(ours.reason) == REASONS.get(result["recent_trend_reason"][0], "")


def test_chi_squared_of_edge_cases_is_that_of_the_other_program(reference: Path) -> None:
    for case in read_edge_cases(reference / "trend"):
        theirs = case["expected"]["fingertips_open_csharp"]
        ours = assess(case["args"]["value_type"], case["data"])
        if str(ours.reason) == "" and float(theirs["cs_chi2"]) > 1e-9:
            # It takes 3.92 for twice the normal quantile of 95 %.
            rtol = 1e-9 if case["args"]["value_type"] == "proportion" else 4e-5
            np.testing.assert_allclose(ours.chi_squared, float(theirs["cs_chi2"]), rtol=rtol)
