"""Slope and relative index of inequality against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pytest
from scipy import special

from evenground.errors import InputError
from evenground.stats.deprivation_line import fit_deprivation_line
from evenground.stats.slope_index import SlopeIndices, calculate_rii, calculate_sii, calculate_slope_indices
from tests.support.reference_values import LEVELS, assert_close, read, read_edge_cases

pytestmark = pytest.mark.reference

SCALES: Final = ("linear", "log", "logit")
"""By the package's value_type."""
ALL_LEVELS: Final = np.array(list(LEVELS.values()))[[0, 1, 3], None]
NAMES: Final = ("90", "95", "99_8")
REPETITIONS: Final = 100_000

CROSSING_ZERO: Final = ("rate09", "rate_steep")
"""The line itself ends below zero: the package gives a negative ratio."""
DRAWN_ACROSS_ZERO: Final = ("rate02", "rate10", "rate_small", "rate_steep")
"""Some draws end below zero: the package sorts their negative ratios in; ours are 0 or infinite."""


@pytest.fixture(scope="module")
def quantiles(reference: Path) -> pl.DataFrame:
    return read(reference / "sii/input.csv").sort("group", "quantile")


@pytest.fixture(scope="module")
def expected(reference: Path) -> pl.DataFrame:
    keys = ["group", "transform", "multiplier"]
    package = read(reference / "sii/expected_package.csv").drop("value_type", "n_quantiles")
    closed = read(reference / "sii/expected_analytic_large_n.csv").drop("n_quantiles")
    joined = closed.join(package, on=keys, suffix="_package", validate="1:1")
    assert joined.height == 225
    return joined.sort(keys)


def calculate(
    rows: pl.DataFrame, kind: int, transform: bool, multiplier: float, **options: Any
) -> SlopeIndices:
    """As phe_sii is called: the sign of its multiplier is the polarity."""
    return calculate_slope_indices(
        rows["value"], rows["population"], lower_cl=rows["lower_cl95"], upper_cl=rows["upper_cl95"],
        groups=rows["group"], polarity="higher_is_better" if multiplier > 0 else "lower_is_better",
        scale=SCALES[kind] if transform else "linear", sampling_scale=SCALES[kind],
        multiplier=abs(multiplier), **options,
    )  # fmt: skip


def each_call(
    quantiles: pl.DataFrame, expected: pl.DataFrame
) -> list[tuple[Any, pl.DataFrame, pl.DataFrame]]:
    """Each of the fifteen ways the package was called, with its groups and what it gave for them."""
    kinds = {0: "normal", 1: "rate", 2: "proportion"}
    calls = expected.select("value_type", "transform", "multiplier").unique(maintain_order=True).rows()
    assert len(calls) == 15
    return [
        (
            (kind, transform, multiplier),
            quantiles.filter(pl.col("value_type") == kinds[kind]),
            expected.filter(
                value_type=kind, transform=transform, multiplier=multiplier
            ),
        )
        for kind, transform, multiplier in calls
    ]  # fmt: skip


def column(frame: pl.DataFrame, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def test_every_index_is_that_of_the_package(quantiles: pl.DataFrame, expected: pl.DataFrame) -> None:
    compared = 0
    for call, rows, theirs in each_call(quantiles, expected):
        ours = calculate(rows, *call)
        assert np.unique(rows["group"]).tolist() == theirs["group"].to_list()
        positive = column(theirs, "rii") > 0
        for source in ("", "_package"):
            assert_close(ours.sii.value, theirs["sii" + source], atol=1e-11 * abs(call[2]))
            assert_close(ours.rii.value[positive], theirs.filter(positive)["rii" + source])
        # A line that crosses zero has no ratio between its ends.
        assert set(theirs.filter(~positive)["group"]) <= set(CROSSING_ZERO)
        assert set(ours.rii.reason[~positive]) <= {"not_estimable"}
        compared += positive.size
    assert compared == 225


def test_the_line_is_that_of_the_reference(quantiles: pl.DataFrame, expected: pl.DataFrame) -> None:
    for (kind, transform, multiplier), rows, theirs in each_call(quantiles, expected):
        line = fit_deprivation_line(
            rows["value"], rows["population"], lower_cl=rows["lower_cl95"], upper_cl=rows["upper_cl95"],
            groups=rows["group"], scale=SCALES[kind] if transform else "linear", sampling_scale=SCALES[kind],
        )  # fmt: skip
        assert_close(line.intercept.value, theirs["fit_intercept"])
        assert_close(line.slope.value, theirs["fit_slope"])
        if transform or kind == 0:
            assert_close(line.slope.standard_error, theirs["fit_slope_se"])
        # On the natural scale the package's intercept is taken back, and multiplied only after a transform.
        back = (np.asarray, np.exp, special.expit)[kind] if transform else np.asarray
        factor = abs(multiplier) if transform else 1.0
        assert_close(back(line.intercept.value) * factor, theirs["intercept"])


def test_ranks_shares_and_errors_are_those_of_the_reference(reference: Path, quantiles: pl.DataFrame) -> None:
    theirs = read(reference / "sii/intermediate.csv").sort("group", "quantile")
    assert theirs.height == 465
    kind = quantiles["value_type"]
    for number, name in enumerate(("normal", "rate", "proportion")):
        rows, wanted = quantiles.filter(kind == name), theirs.filter(kind == name)
        line = fit_deprivation_line(
            rows["value"], rows["population"], groups=rows["group"], scale=SCALES[number],
            lower_cl=rows["lower_cl95"], upper_cl=rows["upper_cl95"],
        )  # fmt: skip
        assert_close(line.relative_rank, wanted["relative_rank_b"])
        # Each quantile beside itself: a level line that shows its value and error on the scale of the fit.
        value, error = column(wanted, "value_fit_scale"), column(wanted, "se_fit_scale")
        pair = fit_deprivation_line(
            np.column_stack([rows["value"]] * 2), np.ones((rows.height, 2)), scale=SCALES[number],
            lower_cl=np.column_stack([rows["lower_cl95"]] * 2),
            upper_cl=np.column_stack([rows["upper_cl95"]] * 2),
        )  # fmt: skip
        np.testing.assert_allclose(pair.intercept.value, value, rtol=1e-9)
        # Ends at 0 and 1 of midpoints 0.25 and 0.75: the slope is twice the difference.
        np.testing.assert_allclose(pair.slope.standard_error, error * np.sqrt(8), rtol=1e-9)


def test_limits_in_closed_form_are_those_of_the_reference(
    quantiles: pl.DataFrame, expected: pl.DataFrame
) -> None:
    compared = 0
    for call, rows, theirs in each_call(quantiles, expected):
        ours = calculate(rows, *call, confidence_level=ALL_LEVELS)
        for measure in ("sii", "rii"):
            for level, name in enumerate(NAMES):
                for end in ("lower", "upper"):
                    wanted = theirs[f"analytic_{measure}_{end}_{name}"]
                    if wanted.null_count() == 0:
                        figures = getattr(getattr(ours, measure), f"{end}_cl")[level]
                        assert_close(figures, wanted, atol=1e-11 * abs(call[2]))
                        compared += wanted.len()
    assert compared == 15 * 6 * (3 + 7) + 15 * 6 * 7


def test_simulated_limits_are_those_of_two_million_draws(
    quantiles: pl.DataFrame, expected: pl.DataFrame
) -> None:
    compared, left_out = 0, set()
    for call, rows, theirs in each_call(quantiles, expected):
        if call[1]:
            continue
        ours = calculate(
            rows, *call, confidence_level=ALL_LEVELS, interval="simulated", repetitions=REPETITIONS, seed=20
        )
        for measure, level, end in [
            (m, k, e) for m in ("sii", "rii") for k in range(3) for e in ("lower", "upper")
        ]:
            stem = f"{measure}_{end}_{NAMES[level]}"
            figures = getattr(getattr(ours, measure), f"{end}_cl")[level]
            large_n, factor = column(theirs, f"large_n_{stem}"), column(theirs, f"mcsd_factor_{stem}")
            package = column(theirs, f"pkg_{stem}")
            close = np.abs(figures - large_n) <= 5 * factor * np.sqrt(1 / REPETITIONS + 1 / 2_000_000)
            assert np.all(np.abs(package - large_n) <= 5 * factor * np.sqrt(1 / REPETITIONS + 1 / 2_000_000))
            left_out |= {(measure, group) for group in theirs.filter(~close)["group"]}
            compared += close.size
    assert compared == 8 * 12 * 15
    assert left_out <= {("rii", group) for group in (*DRAWN_ACROSS_ZERO, *CROSSING_ZERO)}


def test_draws_across_zero_bound_the_ratio_by_nothing_or_infinity(quantiles: pl.DataFrame) -> None:
    rows = quantiles.filter(pl.col("group") == "rate10")
    for polarity, lower, upper in ((1, 0.0, 0.1), (-1, 10.0, np.inf)):
        _, rii = calculate(rows, 1, False, polarity, interval="simulated", repetitions=10_000, seed=1)
        assert rii.lower_cl[0] >= lower
        assert rii.upper_cl[0] <= upper
        assert (rii.lower_cl[0] == lower) or (rii.upper_cl[0] == upper)


def test_limits_of_a_transformed_line_simulate_around_the_closed_form(
    quantiles: pl.DataFrame, expected: pl.DataFrame
) -> None:
    """The package's limits and ours lie between closed forms five simulation errors either side."""
    z = special.ndtri(0.5 + ALL_LEVELS / 2)
    tail = (1 - ALL_LEVELS) / 2
    slack = 5 * np.sqrt(tail * (1 - tail) / REPETITIONS) / (np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
    nearer, farther = (2 * special.ndtr(z + shift) - 1 for shift in (-slack, slack))
    swapped = 0
    for call, rows, theirs in each_call(quantiles, expected):
        if not call[1]:
            continue
        inner, outer = (calculate(rows, *call, confidence_level=level) for level in (nearer, farther))
        simulated = calculate(
            rows, *call, confidence_level=ALL_LEVELS, interval="simulated", repetitions=REPETITIONS, seed=3
        )
        for measure in ("sii", "rii"):
            close, wide = getattr(inner, measure), getattr(outer, measure)
            ours = getattr(simulated, measure)
            assert np.all((wide.lower_cl <= ours.lower_cl) & (ours.lower_cl <= close.lower_cl))
            assert np.all((close.upper_cl <= ours.upper_cl) & (ours.upper_cl <= wide.upper_cl))
            lower, upper = (
                np.array([column(theirs, f"pkg_{measure}_{end}_{name}") for name in NAMES])
                for end in ("lower", "upper")
            )
            if call[0] == 1 and call[2] == 0.5:
                # Its log branch tests for a multiplier below 1 where below 0 is meant.
                lower, upper = (1 / lower, 1 / upper) if measure == "rii" else (lower, upper)
                lower, upper = np.minimum(lower, upper), np.maximum(lower, upper)
                swapped += lower.size
            assert np.all((wide.lower_cl <= lower) & (lower <= close.lower_cl))
            assert np.all((close.upper_cl <= upper) & (upper <= wide.upper_cl))
    assert swapped == 2 * 45


def test_analytic_and_simulated_limits_agree(quantiles: pl.DataFrame, expected: pl.DataFrame) -> None:
    """The largest difference of an end at 95 %, as a share of the interval's width, by kind of data."""
    largest: dict[tuple[str, str], float] = {}
    for call, rows, theirs in each_call(quantiles, expected):
        if call[1]:
            continue
        ours = calculate(rows, *call)
        for measure in ("sii", "rii"):
            estimate = getattr(ours, measure)
            lower, upper = (column(theirs, f"large_n_{measure}_{end}_95") for end in ("lower", "upper"))
            # A ratio whose draws cross zero has no limits to agree with.
            whole = (lower > 0) if measure == "rii" else np.ones(lower.shape, dtype=bool)
            whole &= ~np.isnan(estimate.value)
            whole &= (column(theirs, "large_n_rii_lower_99_8") > 0) if measure == "rii" else True
            width = (upper - lower)[whole]
            apart = np.maximum(abs(estimate.lower_cl - lower)[whole], abs(estimate.upper_cl - upper)[whole])
            key = (SCALES[call[0]], measure)
            largest[key] = max(largest.get(key, 0.0), float((apart / width).max()))
    bounds = {
        ("linear", "sii"): 0.002, ("linear", "rii"): 0.01, ("log", "sii"): 0.008, ("log", "rii"): 0.008,
        ("logit", "sii"): 0.002, ("logit", "rii"): 0.002,
    }  # fmt: skip
    assert {key: value for key, value in largest.items() if value > bounds[key]} == {}


PREVALENCE: Final = "package_prevalence_data.csv"
FROM_COUNTS: Final = " x=Count limits=LCL/100,UCL/100"
PACKAGE_CALLS: Final = (
    ("package_DSR_data.csv", "DSR_data", "value_type=1 transform=FALSE multiplier=-1"),
    ("package_DSR_data.csv", "DSR_data", "value_type=1 transform=TRUE multiplier=-1"),
    (PREVALENCE, "prevalence_data", "value_type=2 transform=FALSE multiplier=-100" + FROM_COUNTS),
    (PREVALENCE, "prevalence_data", "value_type=2 transform=TRUE multiplier=-100" + FROM_COUNTS),
    ("package_LE_data_12areas.csv", "LE_data (first 12 areas)", "value_type=0 se=SE multiplier=1"),
)  # fmt: skip


@pytest.mark.parametrize(("file", "dataset", "arguments"), PACKAGE_CALLS)
def test_the_package_s_own_sample_data_give_its_figures(
    reference: Path, file: str, dataset: str, arguments: str
) -> None:
    data = read(reference / "sii" / file)
    theirs = read(reference / "sii/package_expected.csv").filter(dataset=dataset, arguments=arguments)
    keys = {"DSR": ["Period"], "pre": ["Period", "SchoolYear", "AreaCode"], "LE_": ["Sex", "GeoCode"]}[
        dataset[:3]
    ]
    data = data.with_columns(
        pl.concat_str([pl.col(key).cast(pl.String) for key in keys], separator="|").alias("group")
    )
    theirs = theirs.with_columns(
        pl.concat_str([pl.col(key).cast(pl.String) for key in keys], separator="|").alias("group")
    ).sort("group")
    transform = "transform=TRUE" in arguments
    given: dict[str, Any] = {
        "DSR": lambda: {
            "value": data["value"], "population": data["total_pop"], "lower_cl": data["lowercl"],
            "upper_cl": data["uppercl"], "quantile": data["Quintile"], "polarity": "lower_is_better",
            "sampling_scale": "log", "scale": "log" if transform else "linear",
        },
        "pre": lambda: {
            "value": data["Count"] / data["Measured"], "population": data["Measured"],
            "lower_cl": data["LCL"] / 100, "upper_cl": data["UCL"] / 100, "quantile": data["Decile"],
            "polarity": "lower_is_better", "sampling_scale": "logit",
            "scale": "logit" if transform else "linear", "multiplier": 100,
        },
        "LE_": lambda: {
            "value": data["LifeExp"], "population": data["Pop"], "standard_error": data["SE"],
            "quantile": data["Decile"], "polarity": "higher_is_better",
        },
    }[dataset[:3]]()  # fmt: skip
    analytic = calculate_slope_indices(**given, groups=data["group"])
    assert np.unique(data["group"]).tolist() == theirs["group"].to_list()
    simulated = calculate_slope_indices(**given, groups=data["group"], interval="simulated", seed=8)
    for measure in ("sii", "rii"):
        assert_close(getattr(analytic, measure).value, theirs[measure])
        for ours in (getattr(analytic, measure), getattr(simulated, measure)):
            # Two simulations of 100,000 draws differ by about 0.3 % of the width (one standard deviation).
            width = ours.upper_cl - ours.lower_cl
            for end in ("lower", "upper"):
                apart = getattr(ours, f"{end}_cl") - column(theirs, f"{measure}_{end}95_0cl")
                assert np.all(np.abs(apart) <= 0.0125 * width)


OURS_DIFFER: Final = {
    "sii-s01": "four quantiles have a line; the package wants at least five",
    "sii-s02": "a quantile without people is a reason of its own group, not the end of the call",
    "sii-s03": "a missing population is a reason of its own group",
    "sii-s05": "a share above 1 cannot be put on the logit scale: a reason of its own group",
    "sii-s06": "a missing limit is a reason of its own group",
    "sii-s07": "the scale is named, not derived from a type of value: normal data can have a log fit",
    "sii-s08": "a standard error in the units of the value is taken to the log scale by the delta method",
    "sii-s10": "any level between 0 and 1 has limits",
    "sii-s13": "labels that hold numbers are put in the order of the numbers",
    "sii-s14": "the group that lacks its last quantile has a line through the other nine",
    "sii-s15": "a missing value is a reason of its own group",
    "sii-s16": "a rate of 0 cannot be put on the log scale: a reason of its own group",
}
REASONS_OF_EDGE_CASES: Final = {
    "sii-s01": "", "sii-s02": "no_population", "sii-s03": "missing", "sii-s05": "not_estimable",
    "sii-s06": "missing", "sii-s07": "", "sii-s08": "", "sii-s10": "", "sii-s13": "", "sii-s15": "missing",
    "sii-s16": "not_estimable",
}  # fmt: skip
REFUSED: Final = {
    "sii-s04": "standard_error is negative in 1 row: row 0",
    "sii-s09": "repetitions must be at least 1000, but 500",
    "sii-s11": 'The sampling_scale "3" is not known',
    "sii-s12": "Give either standard_error, or both lower_cl and upper_cl",
}


def calculate_edge_case(case: dict[str, Any]) -> SlopeIndices:
    data, args = case["data"], case["args"]
    sampling = dict(enumerate(SCALES)).get(args.get("value_type", 0), str(args.get("value_type")))
    if case["case_id"] == "sii-s07":
        sampling = "log"
    options = {
        "groups": data.get("g"), "quantile": data["quantile"], "sampling_scale": sampling,
        "scale": sampling if args.get("transform") else "linear",
        "standard_error": data.get("se"), "lower_cl": data.get("lower_cl"), "upper_cl": data.get("upper_cl"),
        "confidence_level": args.get("confidence", 0.95),
    }  # fmt: skip
    if "repetitions" in args:
        options |= {"interval": "simulated", "repetitions": args["repetitions"]}
    return calculate_slope_indices(data["value"], data["population"], polarity="higher_is_better", **options)


def test_every_edge_case_is_decided(reference: Path) -> None:
    cases = {case["case_id"]: case for case in read_edge_cases(reference / "sii")}
    assert len(cases) == 16
    assert set(cases) == set(OURS_DIFFER) | set(REFUSED)
    for case_id, message in REFUSED.items():
        assert cases[case_id]["expected"]["PHEindicatormethods"]["outcome"] == "error"
        with pytest.raises(InputError, match=message):
            calculate_edge_case(cases[case_id])
    for case_id, reason in REASONS_OF_EDGE_CASES.items():
        sii, _ = calculate_edge_case(cases[case_id])
        assert (case_id, sii.reason.tolist()) == (case_id, reason)


def test_text_labels_are_ordered_as_numbers_and_a_group_that_lacks_a_quantile_is_kept(
    reference: Path,
) -> None:
    cases = {case["case_id"]: case for case in read_edge_cases(reference / "sii")}
    theirs = cases["sii-s14"]["expected"]["PHEindicatormethods"]["result"]
    both, text = (calculate_edge_case(cases[case_id]) for case_id in ("sii-s14", "sii-s13"))
    # The package's text labels put the tenth quantile second; ours give what it gives for numbers.
    for sii, rii in ((text.sii.value, text.rii.value), (both.sii.value[0], both.rii.value[0])):
        assert sii == pytest.approx(theirs["sii"][0], rel=1e-9)
        assert rii == pytest.approx(theirs["rii"][0], rel=1e-9)
    assert both.sii.reason.tolist() == ["", ""]
    assert text.sii.value != pytest.approx(
        cases["sii-s13"]["expected"]["PHEindicatormethods"]["result"]["sii"][0]
    )


def test_two_faces_of_one_calculation(quantiles: pl.DataFrame) -> None:
    rows = quantiles.filter(pl.col("value_type") == "normal")
    given: dict[str, Any] = {
        "standard_error": rows["se"], "groups": rows["group"], "polarity": "higher_is_better",
    }  # fmt: skip
    both = calculate_slope_indices(rows["value"], rows["population"], **given)
    np.testing.assert_array_equal(calculate_sii(rows["value"], rows["population"], **given), both.sii)
    np.testing.assert_array_equal(calculate_rii(rows["value"], rows["population"], **given), both.rii)
