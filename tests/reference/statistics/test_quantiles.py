"""Quantiles against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evenground.errors import InputError
from evenground.stats.quantiles import NO_QUANTILE, assign_quantiles
from tests.support.reference_values import read, read_edge_cases

pytestmark = pytest.mark.reference

ENDS = {"inverted": "highest", "notinverted": "lowest"}

DIFFERENT = {
    "quantile-s06": "text is refused, as in R; the Python package ranks it by the alphabet",
}
"""Edge cases in which ours differs from one of the programs, with the reason."""


@pytest.mark.parametrize("quantiles", [4, 5, 10])
@pytest.mark.parametrize("end", ENDS)
def test_quantiles_are_those_of_the_reference(reference: Path, quantiles: int, end: str) -> None:
    rows = read(reference / "quantile/input_and_expected.csv")
    ours = assign_quantiles(
        rows["value"].to_numpy(), quantile_1=ENDS[end], quantiles=quantiles, groups=rows["group"].to_numpy()
    )
    expected = rows[f"q{quantiles}_{end}"].fill_null(NO_QUANTILE)
    assert ours.quantile.tolist() == expected.to_list()
    assert ((ours.reason != "") == (expected == NO_QUANTILE).to_numpy()).all()
    assert ((ours.reason == "missing") == rows["value"].is_null().to_numpy()).all()


def test_quantiles_of_shuffled_rows_are_those_of_the_reference(reference: Path) -> None:
    rows = read(reference / "quantile/input_and_expected.csv").sample(fraction=1, shuffle=True, seed=7)
    ours = assign_quantiles(rows["value"], quantile_1="highest", groups=rows["group"].to_numpy())
    assert ours.quantile.tolist() == rows["q5_inverted"].fill_null(NO_QUANTILE).to_list()


def test_quantiles_of_every_edge_case_are_those_of_the_reference(reference: Path) -> None:
    cases = read_edge_cases(reference / "quantile")
    assert len(cases) == 7
    for case in cases:
        value, args = case["data"]["value"], case["args"]
        if case["case_id"] in DIFFERENT:
            with pytest.raises(InputError, match="does not hold numbers"):
                assign_quantiles(value, quantile_1="highest")
            continue
        ours = assign_quantiles(
            np.array(value, float),
            quantile_1="highest" if args.get("invert", True) else "lowest",
            quantiles=args.get("nquantiles", 10),
        )
        for program in case["expected"].values():
            expected = pl.Series(program["result"]["quantile"]).cast(pl.Int64).fill_null(NO_QUANTILE)
            assert ours.quantile.tolist() == expected.to_list(), case["case_id"]
