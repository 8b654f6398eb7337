"""Measures of inequality between subgroups against the WHO's own program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.stats.concentration import (
    calculate_concentration_index,
    calculate_survey_concentration_index,
)
from evenground.stats.disproportionality import (
    calculate_between_group_standard_deviation,
    calculate_between_group_variance,
    calculate_coefficient_of_variation,
    calculate_index_of_disparity,
    calculate_mean_difference_from_best,
    calculate_mean_difference_from_mean,
    calculate_mean_difference_from_reference,
    calculate_mean_log_deviation,
    calculate_theil_index,
)
from evenground.stats.estimates import Estimate
from evenground.stats.inequality import (
    calculate_difference,
    calculate_population_attributable_fraction,
    calculate_population_attributable_risk,
    calculate_ratio,
)
from evenground.stats.slope_regression import (
    calculate_relative_index_by_regression,
    calculate_slope_index_by_regression,
    calculate_survey_relative_index,
    calculate_survey_slope_index,
)
from tests.support.reference_values import read

pytestmark = pytest.mark.reference

ROWS = 679
"""In expected.csv; each is reproduced, or named below with the reason why ours differs."""

DIFFERENT = {
    ("r", "no se"): "theirs fails without standard errors; ours gives the ratio without limits",
    ("r", "no se, no reference"): "theirs fails without standard errors; ours gives the ratio without limits",
    ("mdbu", "no se"): "theirs fails without standard errors; ours gives the value without limits",
    ("mdbw", "no se"): "theirs fails without standard errors; ours gives the value without limits",
    ("mdru", "no se"): "theirs fails without standard errors; ours gives the value without limits",
    ("mdrw", "no se"): "theirs fails without standard errors; ours gives the value without limits",
    ("aci", "estimate missing in Q2, force=FALSE"): "theirs fails; ours is missing, with the reason",
    ("sii", "estimate missing in Q2, force=FALSE"): "theirs fails; ours is missing, with the reason",
    ("rii", "estimate missing in Q2, force=FALSE"): "theirs fails; ours is missing, with the reason",
    ("paf", "estimate missing in Q2, force=FALSE"): "theirs fails; ours is missing, with the reason",
    ("aci", "estimate missing in Q2, force=TRUE"): "theirs fails; ours is missing until the row is left out",
    ("sii", "estimate missing in Q2, force=TRUE"): "theirs fails; ours is missing until the row is left out",
    ("rii", "estimate missing in Q2, force=TRUE"): "theirs fails; ours is missing until the row is left out",
    ("paf", "estimate missing in Q2, force=TRUE"): "theirs fails; ours is missing until the row is left out",
    ("bgv", "only 1 subgroup(s)"): "theirs fails; ours has a reason",
    ("aci", "only 1 subgroup(s)"): "theirs fails; ours has a reason",
    ("d", "only 1 subgroup(s)"): "a subgroup against itself: theirs has limits, ours a reason",
    ("bgv", "only 2 subgroup(s)"): "theirs refuses two; the formula does not",
    ("aci", "only 2 subgroup(s)"): "theirs refuses two; ours has a value, and no limits without a residual",
    ("sii", "all estimates equal to 50"): "theirs refuses equal values; ours is 0",
    ("aci", "subgroup_order 1,2,4,..."): "ours takes the order of the rows, so no number can be left out",
    ("bgv", "all populations zero"): "theirs fails; ours has a reason",
    ("bgv", "one population missing"): "theirs fails; ours is missing, with the reason",
}

Z = 1.959963984540054


class DataSet:
    """A data set of the reference as our functions take it: the most disadvantaged first where ordered."""

    def __init__(self, rows: pl.DataFrame) -> None:
        ordered = "subgroup_order" in rows.columns
        rows = rows.sort("subgroup_order") if ordered else rows
        self.value = rows["estimate"].to_numpy().astype(float)
        self.error = rows["se"].to_numpy().astype(float)
        self.people = rows["population"].to_numpy().astype(float)
        self.scale = float(rows["indicator_scale"][0])
        self.polarity = "higher_is_better" if rows["favourable_indicator"][0] else "lower_is_better"
        self.ordered = ordered
        marks = np.flatnonzero(rows["reference_subgroup"]) if "reference_subgroup" in rows.columns else []
        self.reference = int(marks[0]) if len(marks) else None

    @property
    def guessed_scale(self) -> float:
        """The scale that the reference's SII and RII take: the power of ten above the largest value."""
        largest = np.nanmax(self.value)
        return 1.0 if largest <= 1 else next(s for s in (1e2, 1e3, 1e4, 1e5, 1e6) if largest <= s)

    @property
    def value_range(self) -> tuple[float, float]:
        """The reference knows an upper end of percentages only."""
        return (0.0, 100.0 if self.scale == 100 else np.inf)


def read_data_sets(reference: Path) -> dict[str, DataSet]:
    folder = reference / "who_inequality"
    return {
        str(name): DataSet(rows)
        for file in ("input_ordered", "input_nonordered")
        for (name,), rows in read(folder / f"{file}.csv").group_by("dataset", maintain_order=True)
    }


def calculate(fn: str, data: DataSet, arguments: str, level: float) -> Estimate:
    """Our figure for a row of the reference, with the reference's choices."""
    kind = {"d": "gap", "r": "gap", "paf": "whole", "parisk": "whole", "aci": "index", "rci": "index"}
    kind |= {"sii": "slope", "rii": "slope"}
    by_kind: dict[str, Callable[..., Estimate]] = {
        "gap": calculate_gap, "whole": calculate_whole, "index": calculate_index, "slope": calculate_slope,
    }  # fmt: skip
    return by_kind.get(kind.get(fn, ""), calculate_spread)(fn, data, arguments, level)


def calculate_gap(fn: str, data: DataSet, arguments: str, level: float) -> Estimate:
    function = calculate_difference if fn == "d" else calculate_ratio
    named = {"reference": data.reference} if arguments.endswith(" reference") else {}
    if "no reference" in arguments or arguments.startswith(("estimate", "no se, no ref")):
        named = {}
    return function(
        data.value, standard_error=None if "no se" in arguments else data.error, polarity=data.polarity,
        ordered=data.ordered, confidence_level=level, **named,
    )  # fmt: skip


def calculate_whole(fn: str, data: DataSet, arguments: str, level: float) -> Estimate:
    paf = calculate_population_attributable_fraction
    function = paf if fn == "paf" else calculate_population_attributable_risk
    alone = arguments.startswith("no pop")
    return function(
        data.value, None if alone else data.people, mean=data.value.mean() if alone else None,
        polarity=data.polarity, scale=data.scale, ordered=data.ordered, confidence_level=level,
    )  # fmt: skip


def calculate_index(fn: str, data: DataSet, arguments: str, level: float) -> Estimate:
    form = "absolute" if fn == "aci" else "relative"
    for correction in ("wagstaff", "erreygers"):
        form = correction if correction in arguments else form
    bounds = (0.0, float(arguments.split("lmax=")[1].split()[0])) if "lmax" in arguments else None
    people = np.ones_like(data.people) if arguments == "no pop" else data.people
    # The literature's sign, whatever the polarity.
    return calculate_concentration_index(
        data.value, people, polarity="higher_is_better", form=form, bounds=bounds, confidence_level=level
    )


def calculate_slope(fn: str, data: DataSet, arguments: str, level: float) -> Estimate:
    function = calculate_slope_index_by_regression if fn == "sii" else calculate_relative_index_by_regression
    people = np.ceil(data.people)
    value, scale = data.value, data.guessed_scale
    model = "linear" if "linear=TRUE" in arguments else "logit"
    if model == "linear":
        return function(value, people, polarity="higher_is_better", model=model, confidence_level=level)
    # The reference rounds to whole cases and weights them by the population once more.
    cases = np.round(value / scale * people)
    return function(
        cases / people * scale, people, polarity="higher_is_better", scale=scale, weight=people**2,
        confidence_level=level,
    )  # fmt: skip


def calculate_spread(fn: str, data: DataSet, arguments: str, level: float) -> Estimate:
    error = None if "no se" in arguments else data.error
    # Limits that are simulated have a test of their own.
    common: dict[str, Any] = {"standard_error": error, "confidence_level": level, "interval": "analytic"}
    weighted = not fn.endswith("u")
    if "setting_average=mean" in arguments:
        function = calculate_index_of_disparity if fn == "idisu" else calculate_mean_difference_from_mean
        return function(data.value, mean=data.value.mean(), weighted=False, **common)
    if fn.startswith("mdr"):
        return calculate_mean_difference_from_reference(
            data.value, data.people, reference=data.reference, weighted=weighted, **common
        )
    if fn.startswith("mdb"):
        return calculate_mean_difference_from_best(
            data.value, data.people, polarity=data.polarity, weighted=weighted, **common
        )
    if fn.startswith(("mdm", "idis")):
        function = calculate_index_of_disparity if fn[0] == "i" else calculate_mean_difference_from_mean
        return function(data.value, data.people, weighted=weighted, **common)
    function = {
        "bgv": calculate_between_group_variance, "bgsd": calculate_between_group_standard_deviation,
        "covar": calculate_coefficient_of_variation, "ti": calculate_theil_index,
        "mld": calculate_mean_log_deviation,
    }[fn]  # fmt: skip
    return function(data.value, data.people, **common)


SIMULATED = ("bgsd", "covar", "idisu", "idisw", "mdbu", "mdbw", "mdmu", "mdmw", "mdru", "mdrw")


def check(ours: Estimate, row: dict[str, Any], data: DataSet) -> None:
    fn, loose = row["fn"], row["fn"] in ("sii", "rii")
    np.testing.assert_allclose(ours.value, row["estimate"], rtol=1e-6 if loose else 1e-9, atol=1e-12)
    assert ours.reason == ""
    if fn in SIMULATED:
        return
    rtol, prefix = (1e-4 if loose else 1e-9), ("consistent_" if fn in ("ti", "mld", "paf") else "")
    theirs = [row[f"{prefix}{name}"] for name in ("se", "lowerci", "upperci")]
    error = float(ours.standard_error)
    if fn in ("r", "rii"):
        error /= float(ours.value)
    if fn == "sii":
        error /= data.guessed_scale
    for figure, their in zip((error, ours.lower_cl, ours.upper_cl), theirs, strict=True):
        np.testing.assert_allclose(figure, np.nan if their is None else their, rtol=rtol, atol=1e-12)


def leave_out(data: DataSet, arguments: str) -> DataSet:
    """Ours calculates nothing over a hole: the caller leaves the missing subgroups out, as theirs does."""
    names = arguments.split("subgroups ")[1].split(" of")[0].split(",")
    keep = np.ones(len(data.value), dtype=bool)
    keep[[int(name[1:]) - 1 for name in names]] = False
    return subset(data, keep)


def subset(data: DataSet, keep: Any) -> DataSet:
    part = DataSet.__new__(DataSet)
    part.__dict__.update(data.__dict__)
    part.value, part.error, part.people = data.value[keep], data.error[keep], data.people[keep]
    return part


def test_every_row_of_the_reference_is_reproduced_or_named(reference: Path) -> None:
    data_sets = read_data_sets(reference)
    seen: Counter[str] = Counter()
    for row in read(reference / "who_inequality/expected.csv").iter_rows(named=True):
        fn, arguments = row["fn"], row["arguments"]
        if row["dataset"] == "micro":
            seen["survey"] += 1
        elif (fn, arguments) in DIFFERENT:
            seen["different"] += 1
        else:
            data = data_sets[row["dataset"]]
            if "missing in subgroups" in arguments:
                data = leave_out(data, arguments)
            elif arguments == "all estimates equal to 50":
                data = subset(data, slice(None))
                data.value = np.full_like(data.value, 50.0)
            elif arguments == "only 2 subgroup(s)":
                data = subset(data, slice(2))
            ours = calculate(fn, data, arguments, 0.998 if "0.998" in arguments else 0.95)
            if row["outcome"] == "ok":
                check(ours, row, data)
            else:
                assert "missing in subgroups" in arguments
                assert np.isfinite(ours.value)
            seen["reproduced" if row["outcome"] == "ok" else "calculated where theirs fails"] += 1
    assert sum(seen.values()) == ROWS
    assert seen == {
        "reproduced": 592, "survey": 12, "different": 63, "calculated where theirs fails": 12,
    }  # fmt: skip


def test_where_ours_differs_it_does_what_we_decided(reference: Path) -> None:
    data_sets = read_data_sets(reference)
    for row in read(reference / "who_inequality/expected.csv").iter_rows(named=True):
        fn, arguments = row["fn"], row["arguments"]
        if (fn, arguments) not in DIFFERENT:
            continue
        ours = calculate_differently(fn, arguments, data_sets[row["dataset"]])
        if arguments.startswith("no se") or arguments == "only 2 subgroup(s)":
            assert np.isfinite(ours.value)
            assert ours.reason == ""
            assert np.isnan(ours.lower_cl) or fn == "bgv"
        elif arguments.startswith("only 1"):
            assert ours.reason == "too_few_values"
        elif arguments.startswith("all estimates"):
            np.testing.assert_allclose(ours.value, 0, atol=1e-12)
        elif "order" in arguments:
            assert ours.reason == ""
        else:
            assert ours.reason == ("no_population" if "zero" in arguments else "missing")


def calculate_differently(fn: str, arguments: str, whole: DataSet) -> Estimate:
    data = subset(whole, slice(int(arguments[5])) if arguments.startswith("only") else slice(None))
    data.value, data.people = data.value.copy(), data.people.copy()
    if arguments.startswith("all estimates"):
        data.value[:] = 50.0
    elif "Q2" in arguments:
        data.value[1] = np.nan
    elif "population" in arguments:
        data.people[slice(None) if "zero" in arguments else 1] = 0.0 if "zero" in arguments else np.nan
    # Without the reference's whole cases, whose rounding alone is a gap.
    plain = "linear=TRUE" if arguments.startswith("all estimates") else ""
    return calculate(fn, data, arguments if arguments.startswith("no se") else plain, 0.95)


def test_simulated_limits_are_those_of_the_reference_but_for_chance(reference: Path) -> None:
    data_sets = read_data_sets(reference)
    repetitions = 20_000
    rows = read(reference / "who_inequality/simulated_large_n.csv")
    for row in rows.iter_rows(named=True):
        ours = simulate(row["fn"], data_sets[row["dataset"]], repetitions)
        for end, limit in (("lower", ours.lower_cl), ("upper", ours.upper_cl)):
            chance = 5 * row[f"mcsd_factor_{end}"] * np.sqrt(1 / repetitions + 1 / row["draws"])
            assert abs(limit - row[f"large_n_{end}ci_95"]) <= chance, row
    assert rows.height == 84


def simulate(fn: str, data: DataSet, repetitions: int) -> Estimate:
    common: dict[str, Any] = {
        "standard_error": data.error, "value_range": data.value_range, "repetitions": repetitions,
        "weighted": not fn.endswith("u"),
    }  # fmt: skip
    if fn.startswith("mdr"):
        return calculate_mean_difference_from_reference(
            data.value, data.people, reference=data.reference, **common
        )
    if fn.startswith("mdb"):
        return calculate_mean_difference_from_best(data.value, data.people, polarity=data.polarity, **common)
    if fn.startswith("mdm"):
        return calculate_mean_difference_from_mean(data.value, data.people, **common)
    if fn.startswith("idis"):
        # The weighted index of the reference keeps the mean of the data in every draw.
        kept = np.average(data.value, weights=data.people) if fn == "idisw" else None
        return calculate_index_of_disparity(data.value, data.people, mean=kept, **common)
    del common["weighted"]
    function = {
        "bgsd": calculate_between_group_standard_deviation, "covar": calculate_coefficient_of_variation,
    }[fn]  # fmt: skip
    return function(data.value, data.people, **common)


@pytest.mark.parametrize("fn", ["sii", "rii", "aci", "rci"])
def test_measures_of_survey_persons_are_those_of_the_reference(reference: Path, fn: str) -> None:
    persons = read(reference / "who_inequality/input_micro.csv")
    expected = read(reference / "who_inequality/expected.csv").filter(
        (pl.col("dataset") == "micro") & (pl.col("fn") == fn)
    )
    assert expected.height == (4 if fn in ("sii", "rii") else 2)
    for row in expected.iter_rows(named=True):
        design = {"psu": persons["psu"], "strata": persons["strata"]} if "psu" in row["arguments"] else {}
        choice = {"model": "linear" if "linear=TRUE" in row["arguments"] else "logit"}
        if fn in ("aci", "rci"):
            choice = {"form": "absolute" if fn == "aci" else "relative"}
        function = {"sii": calculate_survey_slope_index, "rii": calculate_survey_relative_index}.get(
            fn, calculate_survey_concentration_index
        )
        ours = function(
            persons["outcome"], persons["quintile"], persons["weight"], polarity="higher_is_better",
            **design, **choice,
        )  # fmt: skip
        error = ours.standard_error / ours.value if fn == "rii" else ours.standard_error
        figures = (ours.value, error, ours.lower_cl, ours.upper_cl)
        for figure, name in zip(figures, ("estimate", "se", "lowerci", "upperci"), strict=True):
            np.testing.assert_allclose(figure, row[name], rtol=1e-6)


def test_the_packages_own_data_give_the_packages_own_figures(reference: Path) -> None:
    folder = reference / "who_inequality"
    data_sets = {
        (str(name), kind): DataSet(rows)
        for kind in ("Ordered", "Nonordered")
        for (name,), rows in read(folder / f"package_{kind}SampleMultipleind.csv").group_by("indicator")
    }
    expected = read(folder / "package_expected.csv")
    for row in expected.iter_rows(named=True):
        arguments = row["arguments"] or ""
        ordered = arguments.startswith(("ordered", "pop"))
        data = data_sets[row["indicator"], "Ordered" if ordered else "Nonordered"]
        ours = calculate(row["fn"], data, arguments, 0.95)
        # Three of the package's standard errors lack the factor of their figure.
        factor = {"ti": 1000, "mld": 1000, "paf": 100}.get(row["fn"])
        if factor and row["se"] is not None:
            row["se"] *= factor
            row["lowerci"], row["upperci"] = (row["estimate"] + z * row["se"] for z in (-Z, Z))
        check(ours, row | {f"consistent_{name}": row[name] for name in ("se", "lowerci", "upperci")}, data)
    assert expected.height == 48
