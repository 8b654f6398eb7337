"""Fingertips 91547, smoking by deprivation decile, worked out again from the counts that were published."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenground.stats import frames
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.reference

# From the most deprived: the labels come with and without the edition of the index, and with stray spaces.
DECILES = [
    "Most deprived", "Second most", "Third more", "Fourth more", "Fifth more",
    "Fifth less", "Fourth less", "Third less", "Second least", "Least deprived",
]  # fmt: skip


@pytest.fixture(scope="module")
def published(shared: Path) -> pl.DataFrame:
    file = shared / "data/fingertips/91547_smoking_prevalence_qof.csv.gz"
    rows = pl.read_csv(file, infer_schema_length=None, null_values=[""])
    decile = pl.coalesce(
        pl.when(pl.col("Category").str.starts_with(label)).then(number)
        for number, label in enumerate(DECILES, start=1)
    )
    return rows.filter(pl.col("Category").str.contains("decile"), pl.col("Area Type") == "England").select(
        period="Time period",
        kind=pl.col("Category Type").str.slice(0, 6),
        quantile=decile,
        numerator="Count",
        denominator="Denominator",
        published="Value",
        published_lower="Lower CI 95.0 limit",
        published_upper="Upper CI 95.0 limit",
    )


def test_every_published_decile_is_reproduced_to_its_last_digit(published: pl.DataFrame) -> None:
    assert published.height == 80
    ours = frames.calculate_proportion(published, multiplier=100)
    # Five to eight decimal places were published, by year.
    for name, theirs in (("value", ""), ("lower_cl", "_lower"), ("upper_cl", "_upper")):
        np.testing.assert_allclose(ours[name], published[f"published{theirs}"], rtol=0, atol=5.1e-6)


def test_slope_index_of_the_published_deciles_is_the_same_from_counts_and_from_the_table(published) -> None:
    by = ["period", "kind"]
    from_table = frames.calculate_slope_indices(
        published, value="published", population="denominator", lower_cl="published_lower",
        upper_cl="published_upper", polarity="lower_is_better", by=by,
    )  # fmt: skip
    shares = frames.calculate_proportion(published, multiplier=100)
    from_counts = frames.calculate_slope_indices(
        shares, population="denominator", polarity="lower_is_better", by=by
    )
    assert from_table.height == 2 * 8
    np.testing.assert_allclose(from_table["value"], from_counts["value"], rtol=2e-6)
    sii = from_counts.filter(pl.col("measure") == "sii")
    assert sii["value"].is_between(5, 12).all()


def test_tutorial_holds_the_published_figures(published: pl.DataFrame) -> None:
    page = (REPOSITORY / "docs/tutorial/smoking-by-deprivation.md").read_text(encoding="utf-8")
    block = re.search(r"```csv file=.*?\n(.*?)```", page, re.DOTALL)
    assert block is not None
    shown = pl.read_csv(block[1].encode())
    wanted = published.filter(pl.col("period") == "2021/22", pl.col("kind") == "County").sort("quantile")
    for ours, theirs in zip(shown.columns, wanted.columns[2:], strict=True):
        np.testing.assert_array_equal(shown[ours], wanted[theirs])


def test_tutorial_shows_england_as_published(shared: Path) -> None:
    page = (REPOSITORY / "docs/tutorial/smoking-by-deprivation.md").read_text(encoding="utf-8")
    file = shared / "data/fingertips/91547_smoking_prevalence_qof.csv.gz"
    rows = pl.read_csv(file, infer_schema_length=None, null_values=[""])
    england = (
        rows.filter(pl.col("Area Name") == "England", pl.col("Category").is_null())
        .unique("Time period")
        .sort("Time period")
        .tail(5)
    )
    for column in ("Count", "Denominator"):
        assert f"[{', '.join(str(int(count)) for count in england[column])}]" in page
