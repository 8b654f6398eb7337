"""Life expectancy against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import special

from evenground.errors import InputError
from evenground.stats.estimates import Estimate
from evenground.stats.life_expectancy import (
    AGE_BAND_STARTS,
    calculate_life_expectancy,
    calculate_life_table,
)
from tests.support.reference_values import LEVELS, assert_close, read, read_edge_cases

pytestmark = pytest.mark.reference

Z_OF_1_96 = 2 * special.ndtr(1.96) - 1
"""The confidence level of programs that write 1.96 for the normal quantile."""


def read_areas(reference: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The input and what is expected, each with the same rows in the same order."""
    keys = ["area_code", "sex", "startage"]
    rows = read(reference / "life_expectancy/input.csv").sort(keys)
    expected = read(reference / "life_expectancy/expected.csv").sort(keys)
    assert rows.height == expected.height == 2000
    assert rows.select(keys).equals(expected.select(keys))
    return rows, expected


def as_table(column: pl.Series) -> np.ndarray:
    return column.to_numpy().reshape(-1, len(AGE_BAND_STARTS))


def test_life_expectancy_is_that_of_the_reference_at_every_age_and_level(reference: Path) -> None:
    rows, expected = read_areas(reference)
    levels = np.array([LEVELS[name] for name in ("90", "95", "99_8")])[:, None, None]
    ours = calculate_life_expectancy(as_table(rows["deaths"]), as_table(rows["pop"]), confidence_level=levels)
    assert set(np.unique(ours.reason)) == {""}
    for level, name in enumerate(("90", "95", "99_8")):
        assert_close(ours.value[level].ravel(), expected["value"])
        assert_close(ours.lower_cl[level].ravel(), expected[f"lower_{name}"])
        assert_close(ours.upper_cl[level].ravel(), expected[f"upper_{name}"])


def test_life_expectancy_with_the_ons_variance_is_that_of_the_reference(reference: Path) -> None:
    rows, expected = read_areas(reference)
    ours = calculate_life_expectancy(
        as_table(rows["deaths"]), as_table(rows["pop"]),
        open_band_variance="ons", confidence_level=Z_OF_1_96,
    )  # fmt: skip
    assert_close(ours.value.ravel(), expected["ons_like_value"])
    assert_close(ours.lower_cl.ravel(), expected["ons_like_lower_95"])
    assert_close(ours.upper_cl.ravel(), expected["ons_like_upper_95"])


def test_rows_in_any_order_of_areas_have_the_same_life_expectancy(reference: Path) -> None:
    rows, expected = read_areas(reference)
    both = pl.concat([rows, expected.select("value")], how="horizontal").sort("startage", "sex", "area_code")
    labels = both.select(pl.concat_str("area_code", "sex")).to_series()
    ours = calculate_life_expectancy(both["deaths"], both["pop"], groups=labels)
    assert_close(ours.value, both["value"])


COLUMNS = ("value", "lowercl", "uppercl")

DIFFERENT = {
    "life_expectancy-s02": "limits are blank too: without deaths at 90 and over they are infinite",
    "life_expectancy-s07": "a negative count is refused by its row instead of withheld",
    "life_expectancy-s08": "refused as there, by the number of bands: ours do not carry their ages",
    "life_expectancy-s11": "a table that nobody survives still says what those of 85 can expect",
    "life_expectancy-s16": "limits are blank where the value is withheld, theirs once the rule is lifted",
    "life_expectancy-s17": "a level of 50 % is calculated",
}
"""The edge cases in which we decided otherwise, and why."""


def calculate_case(case: dict[str, Any], **options: Any) -> Estimate:
    groups = case["data"].get("g")
    return calculate_life_expectancy(case["data"]["deaths"], case["data"]["pop"], groups=groups, **options)


def assert_rows(ours: Estimate, result: dict[str, Any], rows: slice = slice(None)) -> None:
    for figures, column in zip(ours, COLUMNS, strict=True):
        theirs = np.array(result[column], dtype=float)[rows]
        np.testing.assert_allclose(figures[rows], theirs, rtol=1e-9, err_msg=column)


def case_of(reference: Path, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    cases = {case["case_id"]: case for case in read_edge_cases(reference / "life_expectancy")}
    assert name in DIFFERENT
    return cases[name], cases[name]["expected"]["PHEindicatormethods"]


def test_the_edge_cases_are_those_of_the_reference_but_for_those_listed(reference: Path) -> None:
    cases = read_edge_cases(reference / "life_expectancy")
    assert len(cases) == 17
    assert set(DIFFERENT) < {case["case_id"] for case in cases}
    for case in cases:
        if case["case_id"] not in DIFFERENT:
            check_edge_case(case)


def check_edge_case(case: dict[str, Any]) -> None:
    result = case["expected"]["PHEindicatormethods"]["result"]
    levels = case["args"].get("confidence")
    if levels is None:
        assert_rows(calculate_case(case), result)
        return
    for level in levels:
        share = level / 100 if level > 1 else level
        ours = calculate_case(case, confidence_level=share)
        name = f"{share * 100:.1f}".replace(".", "_")
        columns = {
            "value": result["value"],
            "lowercl": result[f"lower{name}cl"],
            "uppercl": result[f"upper{name}cl"],
        }
        assert_rows(ours, columns)


@pytest.mark.parametrize(
    ("case_id", "reasons"),
    [
        ("life_expectancy-s05", {"not_estimable"}),
        ("life_expectancy-s06", {"no_population"}),
        ("life_expectancy-s14", {"", "no_population"}),
        ("life_expectancy-s15", {"too_few_people"}),
    ],
)
def test_what_the_reference_withholds_has_its_reason(
    reference: Path, case_id: str, reasons: set[str]
) -> None:
    cases = {case["case_id"]: case for case in read_edge_cases(reference / "life_expectancy")}
    assert set(np.unique(calculate_case(cases[case_id]).reason)) == reasons


def test_without_deaths_in_the_open_band_nothing_is_given(reference: Path) -> None:
    case, theirs = case_of(reference, "life_expectancy-s02")
    assert set(theirs["result"]["value"]) == {None}
    assert set(theirs["result"]["uppercl"]) == {"Inf"}
    ours = calculate_case(case, widest_interval=None)
    assert np.isnan(ours).all()
    assert set(np.unique(ours.reason)) == {"no_deaths_in_open_band"}


def test_negative_deaths_are_refused_by_row(reference: Path) -> None:
    case, theirs = case_of(reference, "life_expectancy-s07")
    assert "suppressed" in theirs["warnings"][0]
    with pytest.raises(InputError, match="deaths is negative in 1 row: row 4"):
        calculate_case(case)


def test_an_absent_band_is_refused_unless_its_neighbours_are_said_to_meet(reference: Path) -> None:
    case, theirs = case_of(reference, "life_expectancy-s08")
    assert theirs["outcome"] == "error"
    with pytest.raises(InputError, match="has 19 bands, but band_starts has 20"):
        calculate_case(case)
    wider = calculate_case(case, band_starts=case["data"]["startage"])
    assert np.isfinite(wider.value).all()


def test_older_bands_have_a_life_expectancy_when_nobody_in_the_table_reaches_them(reference: Path) -> None:
    case, theirs = case_of(reference, "life_expectancy-s11")
    ours = calculate_case(case)
    assert_rows(ours, theirs["result"], slice(0, 18))
    assert theirs["result"]["value"][18:] == [0, 0]
    population, deaths = case["data"]["pop"], case["data"]["deaths"]
    assert ours.value[19] == pytest.approx(population[19] / deaths[19])
    alone = calculate_life_expectancy(deaths[18:], population[18:], band_starts=[85, 90])
    np.testing.assert_allclose(ours.value[18:], alone.value, rtol=1e-12)
    table = calculate_life_table(deaths, population)
    assert table.survivors[18:].tolist() == [0, 0]


def test_the_limits_of_a_withheld_value_are_theirs_once_the_rule_is_lifted(reference: Path) -> None:
    case, theirs = case_of(reference, "life_expectancy-s16")
    ours = calculate_case(case)
    assert set(np.unique(ours.reason)) == {"interval_too_wide"}
    assert np.isnan(ours).all()
    lifted = calculate_case(case, widest_interval=None)
    np.testing.assert_allclose(lifted.lower_cl, theirs["result"]["lowercl"], rtol=1e-9)
    np.testing.assert_allclose(lifted.upper_cl, theirs["result"]["uppercl"], rtol=1e-9)


def test_any_level_between_none_and_all_is_calculated(reference: Path) -> None:
    case, theirs = case_of(reference, "life_expectancy-s17")
    assert theirs["outcome"] == "error"
    half, usual = (calculate_case(case, confidence_level=level) for level in (0.5, 0.95))
    ratio = (half.upper_cl - half.lower_cl) / (usual.upper_cl - usual.lower_cl)
    np.testing.assert_allclose(ratio, special.ndtri(0.75) / special.ndtri(0.975))
