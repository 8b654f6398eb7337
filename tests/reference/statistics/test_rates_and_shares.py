"""Shares and rates against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenground.stats import (
    calculate_byars_interval,
    calculate_crude_rate,
    calculate_dsr,
    calculate_poisson_interval,
    calculate_proportion,
    calculate_wilson_interval,
)
from tests.support.reference_values import LEVELS, assert_close, read

pytestmark = pytest.mark.reference


def test_wilson_limits_are_those_of_the_reference(reference: Path) -> None:
    rows = read(reference / "ci_primitives/wilson.csv")
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


def test_byars_limits_are_those_of_the_reference_where_it_gives_them(reference: Path) -> None:
    rows = read(reference / "ci_primitives/counts.csv")
    lower, upper = calculate_byars_interval(rows["x"], confidence_level=rows["confidence"])
    given = rows["byars_lower"].is_not_null() & rows["byars_lower"].is_not_nan()
    assert_close(lower[given], rows.filter(given)["byars_lower"])
    assert_close(upper, rows["byars_upper"])


@pytest.mark.parametrize(
    ("folder", "calculate"), [("proportion", calculate_proportion), ("rate", calculate_crude_rate)]
)
def test_shares_and_rates_are_those_of_the_reference(reference: Path, folder: str, calculate) -> None:
    rows = read(reference / folder / "rows.csv")
    per = rows["multiplier"].to_numpy().astype(float)
    ours = calculate(
        rows["numerator"], rows["denominator"], confidence_level=rows["confidence"], multiplier=per
    )
    for limit, column in zip(ours, ("value", "lower", "upper"), strict=True):
        assert_close(limit / per, rows[column] / per)


@pytest.mark.parametrize(
    ("folder", "calculate", "multiplier"),
    [("proportion", calculate_proportion, 100), ("rate", calculate_crude_rate, 100_000)],
)
def test_grouped_shares_and_rates_are_those_of_the_reference(
    reference: Path, folder: str, calculate, multiplier: int
) -> None:
    rows = read(reference / folder / "grouped_expected.csv").filter(pl.col("value").is_not_null())
    assert rows.height > 50
    for name in ("90", "95", "99_8"):
        ours = calculate(
            rows["numerator"], rows["denominator"], confidence_level=LEVELS[name], multiplier=multiplier
        )
        for limit, column in zip(ours, ("value", f"lower_{name}", f"upper_{name}"), strict=True):
            assert_close(limit, rows[column])


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
    label = pl.concat_str("indicator", "area_code", "sex", separator="|").alias("label")
    for (grouping,), group in expected.group_by(["grouping"], maintain_order=True):
        table = group.with_columns(label).sort("label")
        summed = arrange_for(str(grouping), rows).with_columns(label).join(table, on="label", how="semi")
        assert list(np.unique(summed["label"])) == table["label"].to_list()
        check_standardised_rates(summed, table, 1_000 if "1000" in str(grouping) else 100_000)


def check_standardised_rates(summed: pl.DataFrame, table: pl.DataFrame, multiplier: int) -> None:
    for name, level in LEVELS.items():
        ours = calculate_dsr(
            summed["count"], summed["pop"], summed["stdpop"],
            groups=summed["label"], confidence_level=level, multiplier=multiplier,
        )  # fmt: skip
        for limit, column in zip(ours, ("value", f"lower_{name}", f"upper_{name}"), strict=True):
            assert_close(limit, table[column])
