"""Indirectly standardised ratios and rates against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.errors import InputError
from evenground.stats.estimates import Estimate
from evenground.stats.standardisation import (
    calculate_expected_events,
    calculate_indirectly_standardised_rate,
    calculate_indirectly_standardised_ratio,
)
from tests.support.edge_cases import assert_as_program, column, find_case, levels
from tests.support.reference_values import LEVELS, assert_close, read, read_edge_cases

pytestmark = pytest.mark.reference

# The R package's answer is reproduced unless a case is named here, with the reason that ours gives.
GIVEN_A_REASON = {
    "isr-s04": ("missing", "an absent population is not nobody until the caller says so"),
    "isr-s05": ("missing", "an absent count is not a zero until the caller says so"),
    "isr-s06": ("missing", "an absent reference count is not a zero until the caller says so"),
    "isr-s07": ("no_population", "the R package divides by 0 and gives a ratio of 0"),
    "isr-s08": ("no_population", "both programs divide by 0 and give an infinite ratio"),
}
CALCULATED = {"isr-s12": "a level below 0.9 is unusual, and possible"}


def read_areas(reference: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows, those of persons and of all areas added, and the expected figures, both labelled."""
    # The reference counts an absent count as none; ours asks the caller to say so.
    rows = read(reference / "isr/input.csv").with_columns(pl.col("count").fill_null(0))
    persons = rows.with_columns(sex=pl.lit("Persons"))
    everywhere = persons.with_columns(area_code=pl.lit("ALL"))
    keys = ["indicator", "area_code", "sex"]
    rows = (
        pl.concat([rows, persons, everywhere])
        .group_by(*keys, "ageband", maintain_order=True)
        .agg(pl.col("count", "pop").sum())
        .join(read(reference / "isr/reference.csv"), on="ageband", maintain_order="left")
        .with_columns(pl.concat_str(keys, separator="|").alias("label"))
    )
    expected = read(reference / "isr/expected.csv").with_columns(
        pl.concat_str(keys, separator="|").alias("label")
    )
    return rows, expected.sort("label")


def test_ratios_and_rates_are_those_of_the_reference(reference: Path) -> None:
    rows, expected = read_areas(reference)
    assert expected.height == 242
    assert list(np.unique(rows["label"])) == expected["label"].to_list()
    named = {
        "isratio100": (calculate_indirectly_standardised_ratio, ("95", "99_8")),
        "israte": (calculate_indirectly_standardised_rate, ("90", "95", "99_8")),
    }
    for name, (calculate_figures, asked) in named.items():
        ours = calculate_figures(
            rows["count"], rows["pop"], reference_count=rows["ref_count"],
            reference_population=rows["ref_pop"], groups=rows["label"],
            confidence_level=[[LEVELS[level]] for level in asked],
        )  # fmt: skip
        for place, level in enumerate(asked):
            assert_close(ours.value[place], expected[name])
            assert_close(ours.lower_cl[place], expected[f"{name}_lower_{level}"])
            assert_close(ours.upper_cl[place], expected[f"{name}_upper_{level}"])
        assert set(ours.reason.ravel()) == {""}


def test_expected_events_are_those_of_the_reference(reference: Path) -> None:
    rows, expected = read_areas(reference)
    ours = calculate_expected_events(
        rows["pop"], reference_count=rows["ref_count"], reference_population=rows["ref_pop"],
        groups=rows["label"],
    )  # fmt: skip
    assert_close(ours, expected["expected"])


def test_totals_give_what_their_bands_give(reference: Path) -> None:
    rows, expected = read_areas(reference)
    ours = calculate_indirectly_standardised_ratio(
        None, rows["pop"], observed=expected["observed"], reference_count=rows["ref_count"],
        reference_population=rows["ref_pop"], groups=rows["label"],
    )  # fmt: skip
    assert_close(ours.value, expected["isratio100"])
    assert_close(ours.lower_cl, expected["isratio100_lower_95"])


def calculate(case: dict[str, Any], *, absent_is_none: bool = False) -> Estimate:
    names = ("count", "pop", "ref_count", "ref_pop")
    x, n, *reference = (
        np.nan_to_num(column(case, name)) if absent_is_none else column(case, name) for name in names
    )
    return calculate_indirectly_standardised_rate(
        x, n, reference_count=reference[0], reference_population=reference[1],
        groups=np.zeros(x.size, int), confidence_level=levels(case),
    )  # fmt: skip


def test_edge_cases_are_those_of_the_r_package_or_listed(reference: Path) -> None:
    cases = read_edge_cases(reference / "isr")
    assert len(cases) == 12
    for case in cases:
        if case["case_id"] in {*GIVEN_A_REASON, *CALCULATED}:
            continue
        if case["expected"]["PHEindicatormethods"]["outcome"] == "error":
            with pytest.raises(InputError, match="is negative in 1 row: row 0"):
                calculate(case)
        else:
            assert_as_program(calculate(case), case)


@pytest.mark.parametrize("case_id", GIVEN_A_REASON)
def test_some_edge_cases_are_given_a_reason(reference: Path, case_id: str) -> None:
    ours = calculate(find_case(reference / "isr", case_id))
    assert ours.reason.tolist() == [[GIVEN_A_REASON[case_id][0]]]
    assert np.isnan([*ours, ours.standard_error]).all()


@pytest.mark.parametrize("case_id", ["isr-s04", "isr-s05", "isr-s06"])
def test_an_absent_number_that_the_caller_calls_none_is_as_in_the_reference(
    reference: Path, case_id: str
) -> None:
    case = find_case(reference / "isr", case_id)
    assert_as_program(calculate(case, absent_is_none=True), case)


@pytest.mark.parametrize("case_id", CALCULATED)
def test_a_level_below_ninety_per_cent_is_calculated(reference: Path, case_id: str) -> None:
    ours = calculate(find_case(reference / "isr", case_id))
    assert ours.lower_cl < ours.value < ours.upper_cl
