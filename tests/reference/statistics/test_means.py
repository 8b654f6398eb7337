"""Means against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenground.stats.means import calculate_mean
from tests.support.edge_cases import assert_as_program, column, find_case, levels
from tests.support.reference_values import LEVELS, assert_close, read, read_edge_cases

pytestmark = pytest.mark.reference

REASONS = {"mean-s01": ["missing", ""], "mean-s02": ["", ""], "mean-s03": [""]}


def test_means_are_those_of_the_reference(reference: Path) -> None:
    rows, expected = read(reference / "mean/input.csv"), read(reference / "mean/expected.csv").sort("group")
    assert (rows.height, expected.height) == (2410, 60)
    assert list(np.unique(rows["group"])) == expected["group"].to_list()
    names = ("90", "95", "99_8")
    ours = calculate_mean(
        rows["value"], groups=rows["group"], confidence_level=[[LEVELS[name]] for name in names]
    )
    for place, name in enumerate(names):
        for limit, column_name in zip(ours, ("value", f"lower_{name}", f"upper_{name}"), strict=True):
            assert_close(limit[place], expected[column_name])
    assert_close(ours.standard_error[0] * np.sqrt(expected["value_count"].to_numpy()), expected["stdev"])


def test_edge_cases_are_those_of_the_r_package(reference: Path) -> None:
    assert [case["case_id"] for case in read_edge_cases(reference / "mean")] == list(REASONS)
    for case_id, reasons in REASONS.items():
        case = find_case(reference / "mean", case_id)
        ours = calculate_mean(column(case, "value"), groups=case["data"]["g"], confidence_level=levels(case))
        assert_as_program(ours, case)
        assert ours.reason.tolist() == [reasons]
