"""What the field's programs do at the edges, and where ours does otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenground.stats import Estimate
from tests.support.reference_values import read_edge_cases

R_PACKAGE, PYTHON_PACKAGE = "PHEindicatormethods", "PHStatsMethods"


def find_case(folder: Path, case_id: str) -> dict[str, Any]:
    """The edge case of this id."""
    (case,) = (case for case in read_edge_cases(folder) if case["case_id"] == case_id)
    return case


def column(case: dict[str, Any], name: str) -> NDArray[np.float64]:
    """A column of a case's data; missing is NaN."""
    return _numbers(case["data"][name])


def levels(case: dict[str, Any]) -> NDArray[np.float64]:
    """The confidence levels of a case, before an axis for its groups."""
    given = case["args"].get("confidence", 0.95)
    return np.array(np.ravel(given), np.float64)[:, None]


def assert_as_program(ours: Estimate, case: dict[str, Any], program: str = R_PACKAGE) -> None:
    """Every figure as the program gives it, at each level, and NaN where it has none."""
    expected = case["expected"][program]
    assert expected["outcome"] == "ok", expected
    result = expected["result"]
    value = _numbers(result.get("value", result.get("Value")))
    np.testing.assert_allclose(ours.value, np.broadcast_to(value, ours.value.shape), rtol=1e-9, atol=1e-15)
    for end, limit in (("lower", ours.lower_cl), ("upper", ours.upper_cl)):
        theirs = np.array([_numbers(result[name]) for name in result if name.startswith(end)])
        np.testing.assert_allclose(limit, theirs, rtol=1e-9, atol=1e-15)


def _numbers(column: Sequence[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if number is None else float(number) for number in column], np.float64)
