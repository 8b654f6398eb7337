"""Shares, crude rates and their intervals against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.errors import InputError
from evenground.stats.estimates import Estimate
from evenground.stats.intervals import (
    calculate_byars_interval,
    calculate_exact_poisson_interval,
    calculate_poisson_interval,
    calculate_wilson_interval,
)
from evenground.stats.proportions_and_rates import calculate_crude_rate, calculate_proportion
from tests.support.edge_cases import PYTHON_PACKAGE, assert_as_program, column, find_case, levels
from tests.support.reference_values import LEVELS, assert_close, read, read_edge_cases

pytestmark = pytest.mark.reference

METHODS = {"proportion": calculate_proportion, "rate": calculate_crude_rate}
PER = {"proportion": 100, "rate": 100_000}

# The R package's answer is reproduced unless a case is named here.
AS_PYTHON_PACKAGE = {
    "proportion-s10": "the R package leaves the rows of a single group unsummed",
    "proportion-s16": "any levels may be asked for together; the R package has only 0.95 with 0.998",
    "rate-s11": "the R package leaves the rows of a single group unsummed",
}
REFUSED = {
    "proportion-s12": "at a level of 1 every interval is unbounded",
    "proportion-s13": "95 is not taken for 0.95: a level has one way to be written",
    "proportion-s14": "as for 95",
    "proportion-s17": "per 0 says nothing",
    "proportion-s18": "a negative multiplier swaps the limits",
    "rate-s15": "at a level of 1 every interval is unbounded",
    "rate-s17": "per 0 says nothing",
}
GIVEN_A_REASON = {
    "proportion-s02": "a group without people does not take the others' figures away",
    "rate-s03": "a group without people does not take the others' figures away",
}
CALCULATED = {
    "proportion-s11": "a level below 0.9 is unusual, and possible",
    "rate-s14": "a level below 0.9 is unusual, and possible",
}


def test_wilson_limits_are_those_of_the_reference(reference: Path) -> None:
    rows = read(reference / "ci_primitives/wilson.csv")
    assert rows.height == 504
    lower, upper = calculate_wilson_interval(rows["x"], rows["n"], confidence_level=rows["confidence"])
    assert_close(lower, rows["wilson_lower"])
    assert_close(upper, rows["wilson_upper"])


def test_count_limits_are_exact_below_ten_and_byars_from_ten(reference: Path) -> None:
    rows = read(reference / "ci_primitives/counts.csv")
    lower, upper = calculate_poisson_interval(rows["x"], confidence_level=rows["confidence"])
    small = rows["x"] < 10
    for ours, end in ((lower, "lower"), (upper, "upper")):
        assert_close(ours[small], rows.filter(small)[f"exact_{end}"])
        assert_close(ours[~small], rows.filter(~small)[f"byars_{end}"])


def test_exact_count_limits_are_those_of_the_reference_at_every_count(reference: Path) -> None:
    rows = read(reference / "ci_primitives/counts.csv")
    assert rows.height == 288
    lower, upper = calculate_exact_poisson_interval(rows["x"], confidence_level=rows["confidence"])
    assert_close(lower, rows["exact_lower"])
    assert_close(upper, rows["exact_upper"])


def test_byars_limits_are_those_of_the_reference_where_it_gives_them(reference: Path) -> None:
    rows = read(reference / "ci_primitives/counts.csv")
    lower, upper = calculate_byars_interval(rows["x"], confidence_level=rows["confidence"])
    given = rows["byars_lower"].is_not_null() & rows["byars_lower"].is_not_nan()
    assert_close(lower[given], rows.filter(given)["byars_lower"])
    assert_close(upper, rows["byars_upper"])
    # Where the R package leaves the limit out, it is negative, or there is none at a count of 0.
    assert not np.any(lower[~given] > 0)


@pytest.mark.parametrize(("folder", "number"), [("proportion", 421), ("rate", 422)])
def test_shares_and_rates_are_those_of_the_reference(reference: Path, folder: str, number: int) -> None:
    rows = read(reference / folder / "rows.csv")
    assert rows.height == number
    per = rows["multiplier"].to_numpy().astype(float)
    ours = METHODS[folder](
        rows["numerator"], rows["denominator"], confidence_level=rows["confidence"], multiplier=per
    )
    for limit, name in zip(ours, ("value", "lower", "upper"), strict=True):
        assert_close(limit / per, rows[name] / per)


@pytest.mark.parametrize("folder", METHODS)
def test_grouped_shares_and_rates_are_those_of_the_reference(reference: Path, folder: str) -> None:
    rows = read(reference / folder / "grouped_input.csv")
    expected = read(reference / folder / "grouped_expected.csv")
    compared = 0
    for (grouping,), table in expected.group_by(["grouping"], maintain_order=True):
        compared += check_grouping(folder, str(grouping), rows, table)
    assert compared == expected.height == 275


def check_grouping(folder: str, grouping: str, rows: pl.DataFrame, table: pl.DataFrame) -> int:
    if grouping.startswith("all rows"):
        rows, keys = rows.filter(pl.col("numerator").is_not_null()), []
    else:
        keys = grouping.split("+")
    label = pl.concat_str([pl.lit("all"), *keys], separator="|").alias("label")
    rows, table = rows.with_columns(label), table.with_columns(label).sort("label")
    assert list(np.unique(rows["label"])) == table["label"].to_list()
    asked = ("90", "95", "99_8")
    ours = METHODS[folder](
        rows["numerator"], rows["denominator"], groups=rows["label"], multiplier=PER[folder],
        confidence_level=[[LEVELS[name]] for name in asked],
    )  # fmt: skip
    for place, name in enumerate(asked):
        for limit, end in zip(ours, ("value", f"lower_{name}", f"upper_{name}"), strict=True):
            assert_close(limit[place], table[end])
    missing = table["value"].is_null().to_numpy()
    assert (ours.reason[0] == np.where(missing, "missing", "")).all()
    return table.height


def calculate(folder: str, case: dict[str, Any]) -> Estimate:
    groups = case["data"][case["group_cols"][0]] if case["group_cols"] else None
    usual = {"proportion": 1, "rate": 100_000}[folder]
    return METHODS[folder](
        column(case, "numerator"), column(case, "denominator"), groups=groups,
        confidence_level=levels(case), multiplier=case["args"].get("multiplier", usual),
    )  # fmt: skip


@pytest.mark.parametrize(("folder", "number"), [("proportion", 21), ("rate", 18)])
def test_edge_cases_are_those_of_the_r_package_or_listed(reference: Path, folder: str, number: int) -> None:
    cases = read_edge_cases(reference / folder)
    assert len(cases) == number
    listed = {*AS_PYTHON_PACKAGE, *REFUSED, *GIVEN_A_REASON, *CALCULATED}
    for case in cases:
        if case["case_id"] in listed:
            continue
        if case["expected"]["PHEindicatormethods"]["outcome"] == "error":
            with pytest.raises(InputError):
                calculate(folder, case)
        else:
            assert_as_program(calculate(folder, case), case)


def of(reference: Path, case_id: str) -> Estimate:
    folder = case_id.split("-")[0]
    return calculate(folder, find_case(reference / folder, case_id))


@pytest.mark.parametrize("case_id", AS_PYTHON_PACKAGE)
def test_some_edge_cases_are_those_of_the_python_package(reference: Path, case_id: str) -> None:
    case = find_case(reference / case_id.split("-")[0], case_id)
    assert_as_program(of(reference, case_id), case, PYTHON_PACKAGE)


@pytest.mark.parametrize("case_id", REFUSED)
def test_what_says_nothing_is_refused(reference: Path, case_id: str) -> None:
    with pytest.raises(InputError, match=r"Write 95 % as 0\.95|multiplier must be above 0"):
        of(reference, case_id)


@pytest.mark.parametrize("case_id", GIVEN_A_REASON)
def test_a_group_without_people_is_given_a_reason(reference: Path, case_id: str) -> None:
    ours = of(reference, case_id)
    assert ours.reason.tolist() == [["no_population", ""]]
    assert np.isnan(ours.value).tolist() == [[True, False]]


@pytest.mark.parametrize("case_id", CALCULATED)
def test_a_level_below_ninety_per_cent_is_calculated(reference: Path, case_id: str) -> None:
    ours = of(reference, case_id)
    assert (ours.lower_cl < ours.value).all()
    assert (ours.value < ours.upper_cl).all()
