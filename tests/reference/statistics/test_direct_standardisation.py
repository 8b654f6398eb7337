"""Directly standardised rates against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.errors import InputError
from evenground.stats.estimates import Estimate
from evenground.stats.standardisation import calculate_dsr
from tests.support.edge_cases import PYTHON_PACKAGE, assert_as_program, column, find_case, levels
from tests.support.reference_values import LEVELS, assert_close, read, read_edge_cases

pytestmark = pytest.mark.reference

# The R package's answer is reproduced unless a case is named here, with the reason that ours gives.
GIVEN_A_REASON = {
    "dsr-s05": ("no_population", "a group whose age band is empty does not take the others' figures away"),
    "dsr-s07": ("missing", "as PHStatsMethods: the R package raises for every group"),
    "dsr-s08": ("missing", "an absent count is not a zero until the caller says so"),
    "dsr-s09": ("missing", "PHStatsMethods takes it for too few events"),
    "dsr-s12": ("missing", "as PHStatsMethods: the R package raises for every group"),
}
REFUSED = {"dsr-s13": "weights that are all zero give NaN in both programs; ours says what is wrong"}
CALCULATED = {"dsr-s20": "a level below 0.9 is unusual, and possible"}


def read_standardisation(reference: Path) -> pl.DataFrame:
    # The reference counts an absent count as none; ours asks the caller to say so.
    return read(reference / "dsr/input.csv").with_columns(pl.col("count").fill_null(0))


def arrange_for(grouping: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The input rows that a grouping of the reference speaks of, its area and sex written as there."""
    if grouping.startswith("persons"):
        rows = rows.with_columns(sex=pl.lit("Persons"))
    if grouping.startswith("area_code with both"):
        return rows.with_columns(sex=pl.lit("Male+Female rows"))
    if grouping.startswith("all areas"):
        rows = rows.with_columns(area_code=pl.lit("ALL"))
    if grouping.startswith("under 75"):
        bands = rows["ageband"].unique(maintain_order=True).to_list()[:15]
        rows = rows.filter(pl.col("ageband").is_in(bands))
    return rows.group_by("indicator", "area_code", "sex", "ageband", maintain_order=True).agg(
        pl.col("count", "pop").sum(), pl.col("stdpop").first()
    )


def test_standardised_rates_are_those_of_the_reference(reference: Path) -> None:
    rows = read_standardisation(reference)
    expected = read(reference / "dsr/expected.csv")
    assert (rows.height, expected.height) == (7980, 946)
    label = pl.concat_str("indicator", "area_code", "sex", separator="|").alias("label")
    for (grouping,), group in expected.group_by(["grouping"], maintain_order=True):
        table = group.with_columns(label).sort("label")
        summed = arrange_for(str(grouping), rows).with_columns(label).join(table, on="label", how="semi")
        assert list(np.unique(summed["label"])) == table["label"].to_list()
        check_standardised_rates(summed, table, 1_000 if "1000" in str(grouping) else 100_000)


def check_standardised_rates(summed: pl.DataFrame, table: pl.DataFrame, multiplier: int) -> None:
    ours = calculate_dsr(
        summed["count"], summed["pop"], summed["stdpop"], groups=summed["label"],
        confidence_level=[[level] for level in LEVELS.values()], multiplier=multiplier,
    )  # fmt: skip
    for place, name in enumerate(LEVELS):
        for limit, column_name in zip(ours, ("value", f"lower_{name}", f"upper_{name}"), strict=True):
            assert_close(limit[place], table[column_name])
    given = table["value"].is_not_null()
    variance = (ours.standard_error[0] / multiplier) ** 2
    assert_close(variance[given], table.filter(given)["vardsr"], atol=0)
    assert (ours.reason[0] == np.where(given, "", "too_few_events")).all()


def test_events_that_are_not_independent_have_the_reference_s_wider_limits(reference: Path) -> None:
    rows = read(reference / "dsr/nonindependent_input.csv")
    expected = read(reference / "dsr/nonindependent_expected.csv").sort("area_code")
    assert (rows.height, expected.height) == (912, 12)
    for shuffled in (rows, rows.sample(fraction=1, shuffle=True, seed=1)):
        ours = calculate_dsr(
            shuffled["count"], shuffled["pop"], shuffled["stdpop"], groups=shuffled["area_code"],
            event_frequency=shuffled["eventfreq"], confidence_level=[[0.95], [0.998]],
        )  # fmt: skip
        assert_close(ours.value[0], expected["value"])
        for place, name in enumerate(("95", "99_8")):
            assert_close(ours.lower_cl[place], expected[f"lower_{name}"])
            assert_close(ours.upper_cl[place], expected[f"upper_{name}"])


def test_the_same_events_taken_as_independent_have_the_reference_s_narrower_limits(reference: Path) -> None:
    rows = read(reference / "dsr/nonindependent_input.csv")
    expected = read(reference / "dsr/nonindependent_expected.csv").sort("area_code")
    summed = rows.group_by("area_code", "ageband", maintain_order=True).agg(
        (pl.col("count") * pl.col("eventfreq")).sum(), pl.col("pop", "stdpop").first()
    )
    ours = calculate_dsr(summed["count"], summed["pop"], summed["stdpop"], groups=summed["area_code"])
    assert_close(ours.value, expected["value"])
    assert_close(ours.lower_cl, expected["if_independent_lower_95"])
    assert_close(ours.upper_cl, expected["if_independent_upper_95"])


def test_limits_lie_within_four_per_cent_of_the_gamma_interval(reference: Path) -> None:
    expected = read(reference / "dsr/gamma_interval_comparison.csv")
    assert expected.height == 60
    keys = ["indicator", "area_code", "sex"]
    rows = read_standardisation(reference).join(expected, on=keys, maintain_order="left_right")
    label = pl.concat_str(keys, separator="|")
    expected = expected.sort(label)
    ours = calculate_dsr(rows["count"], rows["pop"], rows["stdpop"], groups=rows.select(label).to_series())
    enough = expected["phe_value"].is_not_null().to_numpy()
    assert enough.sum() > 50
    assert set(ours.reason[~enough]) <= {"too_few_events"}
    expected = expected.filter(enough)
    assert_close(ours.value[enough], expected["epitools_adj_rate"])
    for limit, end in ((ours.lower_cl, "lower"), (ours.upper_cl, "upper")):
        np.testing.assert_allclose(limit[enough], expected[f"epitools_gamma_{end}_95"], rtol=0.039)


def calculate(case: dict[str, Any], *, absent_is_none: bool = False) -> Estimate:
    count = np.nan_to_num(column(case, "count")) if absent_is_none else column(case, "count")
    groups = case["data"]["g"] if case["group_cols"] else np.zeros(count.size, int)
    return calculate_dsr(
        count, column(case, "pop"), column(case, "stdpop"), groups=groups,
        confidence_level=levels(case), multiplier=case["args"].get("multiplier", 100_000),
    )  # fmt: skip


def test_edge_cases_are_those_of_the_r_package_or_listed(reference: Path) -> None:
    cases = read_edge_cases(reference / "dsr")
    assert len(cases) == 22
    for case in cases:
        if case["case_id"] in {*GIVEN_A_REASON, *REFUSED, *CALCULATED}:
            continue
        if case["expected"]["PHEindicatormethods"]["outcome"] == "error":
            with pytest.raises(InputError, match="negative in 1 row: row 18"):
                calculate(case)
        else:
            assert_as_program(calculate(case), case)


@pytest.mark.parametrize("case_id", GIVEN_A_REASON)
def test_some_edge_cases_are_given_a_reason(reference: Path, case_id: str) -> None:
    ours = calculate(find_case(reference / "dsr", case_id))
    assert ours.reason.tolist() == [[GIVEN_A_REASON[case_id][0]]]
    assert np.isnan([*ours, ours.standard_error]).all()


def test_an_absent_count_that_the_caller_calls_none_is_as_in_the_reference(reference: Path) -> None:
    case = find_case(reference / "dsr", "dsr-s08")
    assert_as_program(calculate(case, absent_is_none=True), case)
    every = find_case(reference / "dsr", "dsr-s09")
    assert_as_program(calculate(every, absent_is_none=True), every, PYTHON_PACKAGE)


@pytest.mark.parametrize("case_id", REFUSED)
def test_weights_of_nothing_are_refused(reference: Path, case_id: str) -> None:
    with pytest.raises(InputError, match="standard population of a group sums to 0"):
        calculate(find_case(reference / "dsr", case_id))


@pytest.mark.parametrize("case_id", CALCULATED)
def test_a_level_below_ninety_per_cent_is_calculated(reference: Path, case_id: str) -> None:
    ours = calculate(find_case(reference / "dsr", case_id))
    assert ours.lower_cl < ours.value < ours.upper_cl
