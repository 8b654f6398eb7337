"""Slope and relative index of inequality against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenground.stats import calculate_rii, calculate_sii
from tests.support.reference_values import LEVELS, assert_close, read

pytestmark = pytest.mark.reference


def test_slope_and_relative_index_are_those_of_the_reference(reference: Path) -> None:
    rows = read(reference / "sii/input.csv").sort("group", "quantile")
    expected = (
        read(reference / "sii/expected_analytic_large_n.csv")
        .filter(
            (pl.col("transform").cast(pl.String).str.to_lowercase() == "false") & (pl.col("multiplier") == 1)
        )
        .sort("group")
    )
    ours = {
        measure: calculate(
            rows["value"], rows["population"], standard_error=rows["se"].fill_null(0.0),
            groups=rows["group"], polarity="higher_is_better",
        )
        for measure, calculate in (("sii", calculate_sii), ("rii", calculate_rii))
    }  # fmt: skip
    assert list(np.unique(rows["group"])) == expected["group"].to_list()
    assert_close(ours["sii"].value, expected["sii"])
    # A line that crosses zero has no ratio between its ends: the reference gives a negative one.
    positive = expected["rii"] > 0
    assert_close(ours["rii"].value[positive], expected.filter(positive)["rii"])
    assert set(ours["rii"].reason[~positive]) == {"not_estimable"}


def test_slope_index_limits_of_normal_data_are_those_of_the_closed_form(reference: Path) -> None:
    rows = (
        read(reference / "sii/input.csv").filter(pl.col("value_type") == "normal").sort("group", "quantile")
    )
    expected = (
        read(reference / "sii/expected_analytic_large_n.csv")
        .filter((pl.col("value_type") == 0) & (pl.col("multiplier") == 1))
        .sort("group")
    )
    for name in ("90", "95", "99_8"):
        sii, rii = (
            calculate(
                rows["value"], rows["population"], standard_error=rows["se"], groups=rows["group"],
                polarity="higher_is_better", confidence_level=LEVELS[name],
            )
            for calculate in (calculate_sii, calculate_rii)
        )  # fmt: skip
        assert_close(sii.lower_cl, expected[f"analytic_sii_lower_{name}"])
        assert_close(sii.upper_cl, expected[f"analytic_sii_upper_{name}"])
        # The reference simulates the ratio's limits; ours are by the delta method on the logarithm.
        for end, limit in (("lower", rii.lower_cl), ("upper", rii.upper_cl)):
            np.testing.assert_allclose(limit, expected[f"large_n_rii_{end}_{name}"], rtol=0.01)
