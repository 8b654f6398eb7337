"""The data-frame face: columns in, figures out, in the caller's own kind of frame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenground.errors import InputError
from evenground.stats import frames
from evenground.stats.control_charts import calculate_xmr_chart as xmr_of_arrays
from evenground.stats.frames.table import open_table
from evenground.stats.life_expectancy import calculate_life_expectancy as life_expectancy_of_arrays
from evenground.stats.slope_index import calculate_slope_indices as slope_indices_of_arrays
from evenground.stats.standardisation import calculate_dsr as dsr_of_arrays

BANDS = {
    "count": [10, 40, 30, 20],
    "population": [1000, 1000, 3000, 500],
    "standard_population": [3, 1, 3, 1],
}


def to_polars(columns: dict) -> pl.DataFrame:
    return pl.DataFrame(columns)


def to_pandas(columns: dict) -> pd.DataFrame:
    # An index that is neither unique nor in order must not move a single figure.
    length = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.Index([7] * length, name="odd"))


@pytest.fixture(params=[to_polars, to_pandas], ids=["polars", "pandas"])
def make(request):
    return request.param


def column(frame, name: str) -> list:
    return [None if value is None or value != value else value for value in frame[name].to_list()]


def test_result_is_of_the_callers_kind(make):
    frame = make({"area_code": ["A", "A", "B", "B"], **BANDS})
    result = frames.calculate_dsr(frame, by="area_code")
    assert type(result) is type(frame)


def test_figures_are_those_of_the_arrays(make):
    frame = make({"area_code": ["A", "A", "B", "B"], **BANDS})
    result = frames.calculate_dsr(frame, by="area_code", multiplier=1000)
    arrays = dsr_of_arrays(*BANDS.values(), groups=["A", "A", "B", "B"], multiplier=1000)
    assert column(result, "area_code") == ["A", "B"]
    for name, part in zip(("value", "lower_cl", "upper_cl"), arrays, strict=True):
        assert column(result, name) == part.tolist()
    assert column(result, "confidence_level") == [0.95, 0.95]
    assert column(result, "value_note") == [None, None]


def test_columns_are_named_as_the_field_names_them(make):
    frame = make({"area_code": ["A", "A", "B", "B"], **BANDS})
    names = list(frames.calculate_dsr(frame, by="area_code").columns)
    assert names[:8] == [
        "area_code", "count", "population", "value", "lower_cl", "upper_cl", "confidence_level", "value_note",
    ]  # fmt: skip


def test_rows_of_a_group_need_not_stand_together(make):
    together = make({"area_code": ["B", "B", "A", "A"], **BANDS})
    order = [0, 2, 1, 3]
    apart = make({name: [values[i] for i in order] for name, values in
                  {"area_code": ["B", "B", "A", "A"], **BANDS}.items()})  # fmt: skip
    a, b = (frames.calculate_dsr(frame, by="area_code") for frame in (together, apart))
    assert column(a, "area_code") == column(b, "area_code") == ["B", "A"]
    assert column(a, "value") == column(b, "value")


def test_groups_may_be_named_by_several_columns(make):
    frame = make({"area_code": ["A", "A", "A", "A"], "year": [1, 2, 1, 2], "numerator": [1, 2, 3, 4],
                  "denominator": [10, 10, 10, 10]})  # fmt: skip
    result = frames.calculate_proportion(frame, by=["area_code", "year"])
    assert column(result, "year") == [1, 2]
    assert column(result, "numerator") == [4, 6]
    assert column(result, "value") == [0.2, 0.3]


def test_people_without_a_label_are_a_group_of_their_own(make):
    frame = make({"area_code": ["A", None, "A", None], "numerator": [1, 2, 3, 4], "denominator": [10] * 4})
    result = frames.calculate_proportion(frame, by="area_code")
    assert column(result, "area_code") == ["A", None]
    assert column(result, "numerator") == [4, 6]


def test_first_group_may_be_the_one_without_a_label(make):
    frame = make({"area_code": [None, None, "A"], "numerator": [1, 2, 3], "denominator": [10] * 3})
    assert column(frames.calculate_proportion(frame, by="area_code"), "numerator") == [3, 3]


def test_without_keys_every_row_is_a_figure_and_keeps_its_columns(make):
    frame = make({"ward": ["x", "y"], "numerator": [1, 0], "denominator": [10, 0]})
    result = frames.calculate_proportion(frame, multiplier=100)
    assert column(result, "ward") == ["x", "y"]
    assert column(result, "value") == [10.0, None]
    assert column(result, "value_note") == [None, "no_population"]


def test_pandas_keeps_its_index_where_every_row_is_a_figure():
    frame = to_pandas({"numerator": [1, 2], "denominator": [10, 10]})
    assert frames.calculate_proportion(frame).index.equals(frame.index)


def test_several_levels_give_a_row_each(make):
    frame = make({"ward": ["x", "y"], "numerator": [1, 2], "denominator": [10, 10]})
    result = frames.calculate_proportion(frame, confidence_level=[0.95, 0.998])
    assert column(result, "ward") == ["x", "x", "y", "y"]
    assert column(result, "confidence_level") == [0.95, 0.998, 0.95, 0.998]
    lower = column(result, "lower_cl")
    assert lower[1] < lower[0]
    assert lower[3] < lower[2]


def test_an_absent_count_gives_an_absent_figure_with_the_reason(make):
    frame = make({"area_code": ["A", "B"], "numerator": [None, 2], "denominator": [10, 10]})
    result = frames.calculate_proportion(frame, by="area_code")
    assert column(result, "value") == [None, 0.2]
    assert column(result, "value_note") == ["missing", None]


def test_frame_of_the_caller_is_left_as_it_was(make):
    frame = make({"area_code": ["B", "A"], "numerator": [1, 2], "denominator": [10, 10]})
    before = frame.clone() if isinstance(frame, pl.DataFrame) else frame.copy()
    frames.calculate_proportion(frame, by="area_code")
    assert frame.equals(before)


def test_lazy_frame_is_collected():
    lazy = to_polars({"numerator": [1], "denominator": [4]}).lazy()
    assert frames.calculate_proportion(lazy)["value"].to_list() == [0.25]


def test_frame_without_rows_gives_figures_without_rows(make):
    frame = make({"area_code": ["A"], "numerator": [1], "denominator": [2]})[:0]
    assert len(frames.calculate_proportion(frame, by="area_code")) == 0
    assert len(frames.calculate_proportion(frame)) == 0


def test_categorical_keys_stay_categorical():
    frame = pl.DataFrame({"sex": ["female", "male"], "numerator": [1, 2], "denominator": [4, 4]},
                         schema_overrides={"sex": pl.Categorical})  # fmt: skip
    assert frames.calculate_proportion(frame, by="sex").schema["sex"] == pl.Categorical
    other = frame.to_pandas()
    assert isinstance(frames.calculate_proportion(other, by="sex")["sex"].dtype, pd.CategoricalDtype)


def test_pandas_nullable_and_arrow_numbers_are_read():
    frame = pd.DataFrame(
        {"numerator": pd.array([1, None], dtype="Int64"), "denominator": pd.array([4, 4], dtype="Int32")}
    )
    assert column(frames.calculate_proportion(frame), "value") == [0.25, None]


def test_unknown_column_is_named_with_the_nearest(make):
    frame = make({"numeratr": [1], "denominator": [2]})
    with pytest.raises(InputError, match=r'no column "numerator".*numeratr'):
        frames.calculate_proportion(frame)


def test_marks_of_suppression_are_not_taken_for_numbers(make):
    frame = make({"numerator": ["*", "<5"], "denominator": [2, 3]})
    with pytest.raises(InputError, match='"numerator".*not numbers'):
        frames.calculate_proportion(frame)


def test_key_with_the_name_of_a_figure_is_refused(make):
    frame = make({"value": ["A"], "numerator": [1], "denominator": [2]})
    with pytest.raises(InputError, match='"value" of its own'):
        frames.calculate_proportion(frame, by="value")
    with pytest.raises(InputError, match='"value" of its own'):
        frames.calculate_proportion(frame)


def test_columns_of_one_name_are_refused():
    frame = pd.DataFrame([[1, 2, 3]], columns=["numerator", "denominator", "denominator"])
    with pytest.raises(InputError, match='2 columns called "denominator"'):
        frames.calculate_proportion(frame)


def test_what_is_no_data_frame_is_refused():
    with pytest.raises(InputError, match=r"Polars or pandas data frame is needed; dict was given"):
        frames.calculate_proportion({"numerator": [1]})


def test_impossible_counts_are_named_by_row(make):
    frame = make({"numerator": [1, 5], "denominator": [2, 3]})
    with pytest.raises(InputError, match="above the denominator in 1 row: row 1"):
        frames.calculate_proportion(frame)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(["A", "B", None]), st.sampled_from([1, 2])), min_size=1, max_size=30)
)
def test_polars_and_pandas_see_the_same_groups(keys):
    columns = {"a": [a for a, _ in keys], "b": [b for _, b in keys]}
    ours = [open_table(make(columns)).runs(["a", "b"]) for make in (to_polars, to_pandas)]
    rows = [[sorted(part) for part in np.split(runs.arrange(np.arange(len(keys))), runs.offsets[1:-1])]
            for runs in ours]  # fmt: skip
    assert rows[0] == rows[1]
    wanted: dict = {}
    for row, key in enumerate(keys):
        wanted.setdefault(key, []).append(row)
    assert rows[0] == list(wanted.values())
    assert [keys[first] for first in ours[0].first] == list(wanted)


def decile_rows(make, **more):
    # Deciles as they come from a text sort of another program: 10 stands before 2.
    order = [1, 10, 2, 3, 4, 5, 6, 7, 8, 9]
    columns = {
        "area_code": ["A"] * 10,
        "quantile": order,
        "value": [100.0 - 3 * decile for decile in order],
        "population": [1000 + decile for decile in order],
        "standard_error": [1.0 + decile / 10 for decile in order],
    }
    return make(columns | more)


def test_slope_indices_put_quantiles_in_order_of_number(make):
    found = frames.calculate_slope_indices(decile_rows(make), by="area_code", polarity="lower_is_better")
    assert column(found, "measure") == ["sii", "rii"]
    deciles = np.arange(1, 11)
    sii, rii = slope_indices_of_arrays(
        100.0 - 3 * deciles, 1000 + deciles, standard_error=1 + deciles / 10, polarity="lower_is_better"
    )
    for name in ("value", "lower_cl", "upper_cl"):
        wanted = [float(getattr(part, name)) for part in (sii, rii)]
        np.testing.assert_allclose(column(found, name), wanted, rtol=1e-12)


def test_slope_indices_take_limits_where_the_frame_has_them(make):
    frame = decile_rows(make, lower_cl=[90.0 - d for d in range(10)], upper_cl=[99.0 - d for d in range(10)])
    by_limits, by_errors = (
        frames.calculate_slope_indices(frame, polarity="lower_is_better", **named)
        for named in ({}, {"standard_error": "standard_error"})
    )
    assert column(by_limits, "value") == column(by_errors, "value")
    assert column(by_limits, "lower_cl") != column(by_errors, "lower_cl")


def test_simulated_slope_indices_are_the_same_for_one_seed(make):
    first, second = (
        frames.calculate_slope_indices(
            decile_rows(make), polarity="lower_is_better", interval="simulated", repetitions=1000, seed=3
        )
        for _ in range(2)
    )
    assert column(first, "lower_cl") == column(second, "lower_cl")


def test_text_quantiles_are_not_put_in_order_as_text(make):
    frame = decile_rows(make, quantile=[str(number) for number in range(1, 11)])
    with pytest.raises(InputError, match='"quantile" puts rows in order'):
        frames.calculate_slope_indices(frame, polarity="lower_is_better")


def test_inequality_shows_the_overall_level_first(make):
    frame = make({"group": ["x", "y", "z"], "value": [10.0, 20, 60], "population": [1, 1, 2]})
    found = frames.calculate_inequality(frame, polarity="lower_is_better", subgroup="group")
    assert column(found, "measure")[0] == "overall"
    assert column(found, "value")[0] == 37.5
    values = dict(zip(column(found, "measure"), column(found, "value"), strict=True))
    assert values["difference"] == 50.0
    assert values["ratio"] == 6.0
    assert "relative_concentration_index" not in values


def test_inequality_compares_with_a_subgroup_by_its_label(make):
    frame = make({"group": ["x", "y", "z"], "value": [10.0, 20, 60], "population": [1, 1, 2]})
    found = frames.calculate_inequality(
        frame, polarity="lower_is_better", subgroup="group", reference="y", measures=["difference"]
    )
    assert column(found, "value") == [37.5, 40.0]


def test_unknown_measure_is_named_with_the_nearest(make):
    frame = make({"value": [1.0, 2], "population": [1, 1]})
    with pytest.raises(InputError, match='"theil" is not known.*theil_index'):
        frames.calculate_inequality(frame, polarity="lower_is_better", measures=["theil"])
    with pytest.raises(InputError, match="needs subgroups with an order"):
        frames.calculate_inequality(
            frame, polarity="lower_is_better", measures=["relative_concentration_index"]
        )


def life_rows(make):
    starts = [0, 1, *range(5, 95, 5)]
    deaths = [3, 1, 0, 1, 2, 3, 4, 5, 6, 9, 13, 20, 28, 40, 60, 80, 110, 150, 170, 200]
    people = [300, 1200, 1500, 1500, 1500, 1600, 1700, 1700, 1600, 1500, 1500, 1500, 1400, 1300, 1200,
              1000, 800, 600, 400, 300]  # fmt: skip
    rows = [(area, *row) for area in ("A", "B") for row in zip(starts, deaths, people, strict=True)]
    shuffled = [rows[i] for i in np.random.default_rng(5).permutation(len(rows))]
    names = ("area_code", "band_start", "deaths", "population")
    return make(dict(zip(names, zip(*shuffled, strict=True), strict=True))), starts, deaths, people


def test_life_expectancy_has_a_row_for_each_band_whatever_the_order_of_rows(make):
    frame, starts, deaths, people = life_rows(make)
    found = frames.calculate_life_expectancy(frame, by="area_code", confidence_level=[0.95, 0.998])
    arrays = life_expectancy_of_arrays(deaths, people)
    assert column(found, "band_start")[:4] == [0, 0, 1, 1]
    at_95 = [row for row, level in enumerate(column(found, "confidence_level")) if level == 0.95]
    assert len(at_95) == 2 * len(starts)
    for name, part in zip(("value", "lower_cl", "upper_cl"), arrays, strict=True):
        np.testing.assert_allclose(np.array(column(found, name), float)[at_95], np.tile(part, 2), rtol=1e-12)


def test_groups_with_other_bands_are_refused(make):
    frame, *_ = life_rows(make)
    with pytest.raises(InputError, match="differ in their age bands"):
        frames.calculate_life_expectancy(frame[:-1], by="area_code")


def test_healthy_life_expectancy_is_below_life_expectancy(make):
    frame, *_ = life_rows(make)
    whole = frames.calculate_life_expectancy(frame, by="area_code")
    if isinstance(frame, pl.DataFrame):
        frame = frame.with_columns(share_in_good_health=0.8, sample_size=100)
    else:
        frame = frame.assign(share_in_good_health=0.8, sample_size=100)
    healthy = frames.calculate_healthy_life_expectancy(frame, by="area_code")
    np.testing.assert_allclose(column(healthy, "value"), 0.8 * np.array(column(whole, "value")), rtol=1e-12)


def test_year_without_a_row_breaks_the_recent_trend(make):
    years = [2016, 2018, 2019, 2020, 2021, 2022]
    shares = {"numerator": [1800, 1700, 1650, 1590, 1540, 1470], "denominator": [10_000] * 6}
    names = {"numerator": "numerator", "denominator": "denominator", "polarity": "lower_is_better"}
    whole = frames.assess_recent_trend(make({"year": years, **shares}), **names)
    assert column(whole, "assessment") == ["getting_better"]
    broken = frames.assess_recent_trend(
        make({"year": [2016, 2017, 2019, 2020, 2021, 2022], **shares}), **names
    )
    assert column(broken, "direction") == ["cannot_be_calculated"]
    assert column(broken, "trend_note") == ["missing"]


def test_year_that_comes_twice_is_refused(make):
    frame = make({"year": [2020, 2020], "value": [1.0, 2], "lower_cl": [0.0, 1], "upper_cl": [2.0, 3]})
    with pytest.raises(InputError, match='1 values of "year" come twice'):
        frames.assess_recent_trend(frame, polarity="none")


def test_financial_year_is_not_guessed(make):
    frame = make({"year": [2020.5, 2021.5], "value": [1.0, 2], "lower_cl": [0.0, 1], "upper_cl": [2.0, 3]})
    with pytest.raises(InputError, match="write 2021/22 as 2021"):
        frames.assess_recent_trend(frame, polarity="none")


def test_control_chart_keeps_the_rows_where_they_were(make):
    values = [50, 52, 49, 51, 50, 48, 52, 50, 51, 49, 50, 52, 49, 51, 70]
    order = np.random.default_rng(2).permutation(15)
    frame = make({"date": order.tolist(), "value": [values[i] for i in order]})
    chart = frames.calculate_xmr_chart(frame, polarity="lower_is_better")
    assert column(chart, "value") == [values[i] for i in order]
    last = order.tolist().index(14)
    assert column(chart, "variation")[last] == "special_cause_concern"
    arrays = xmr_of_arrays(values, polarity="lower_is_better")
    assert column(chart, "mean")[last] == arrays.mean[-1]


def test_control_chart_takes_dates(make):
    frame = make(
        {"date": pd.date_range("2025-01-01", periods=14, freq="MS").to_list(), "value": [1.0, 2] * 7}
    )
    assert set(column(frames.calculate_xmr_chart(frame, polarity="none"), "variation")) == {"common_cause"}


def test_quantiles_stay_at_the_rows_they_belong_to(make):
    frame = make({"region": ["x", "y", "x", "y"], "value": [1.0, 10, 2, 5]})
    found = frames.assign_quantiles(frame, quantile_1="highest", quantiles=2, by="region")
    assert column(found, "quantile") == [2, 1, 1, 2]


def test_comparison_takes_a_benchmark_for_each_row(make):
    frame = make({"lower_cl": [1.0, 5], "upper_cl": [2.0, 6], "england": [1.5, 4]})
    found = frames.compare_with_benchmark(frame, "england", polarity="lower_is_better")
    assert column(found, "comparison") == ["similar", "worse"]


def test_relative_likelihood_keeps_the_frames_columns(make):
    frame = make({"trust": ["RXX"], "numerator": [20], "denominator": [100],
                  "reference_numerator": [10], "reference_denominator": [100]})  # fmt: skip
    found = frames.calculate_relative_likelihood(frame)
    assert column(found, "trust") == ["RXX"]
    assert column(found, "value") == [2.0]


def test_funnel_says_who_lies_outside(make):
    frame = make({"numerator": [50, 90], "denominator": [100, 100]})
    found = frames.assign_funnel_significance(frame, statistic="proportion", baseline=0.5)
    assert column(found, "significance")[0] != column(found, "significance")[1]


def test_indirect_standardisation_sums_the_bands_of_a_group(make):
    frame = make({"area_code": ["A", "A"], "count": [12, 30], "population": [1000, 500],
                  "reference_count": [100, 400], "reference_population": [10_000, 10_000]})  # fmt: skip
    ratio = frames.calculate_indirectly_standardised_ratio(frame, by="area_code")
    assert column(ratio, "value") == [140.0]
    assert column(ratio, "count") == [42.0]
    rate = frames.calculate_indirectly_standardised_rate(frame, by="area_code", multiplier=1)
    np.testing.assert_allclose(column(rate, "value"), [1.4 * 500 / 20_000])


def test_mean_of_each_group(make):
    frame = make({"clinic": ["A", "B", "A", "B"], "value": [2.0, 5, 4, 9]})
    assert column(frames.calculate_mean(frame, by="clinic"), "value") == [3.0, 7.0]


def test_rows_named_by_an_error_say_in_which_order_they_stand(make):
    frame = make({"area_code": ["B", "A", "B"], "numerator": [1, 9, 1], "denominator": [4, 4, 4]})
    with pytest.raises(InputError, match="numbered in the order of area_code"):
        frames.calculate_proportion(frame, by="area_code")


@pytest.mark.parametrize("levels", [[], [[0.95, 0.998]]])
def test_levels_are_one_list(make, levels):
    frame = make({"numerator": [1], "denominator": [2]})
    with pytest.raises(InputError, match="one level, such as"):
        frames.calculate_proportion(frame, confidence_level=levels)


def test_columns_of_several_names_are_refused():
    names = pd.MultiIndex.from_tuples([("numerator", "a"), ("denominator", "b")])
    with pytest.raises(InputError, match="names are not texts"):
        frames.calculate_proportion(pd.DataFrame([[1, 2]], columns=names))


def test_events_that_are_not_independent_widen_the_interval(make):
    # 300 persons had one admission and 100 had three: 600 events of 400 people.
    rows = {"count": [100, 200, 40, 60], "population": [5000, 4000] * 2, "standard_population": [6, 4] * 2,
            "times": [1, 1, 3, 3]}  # fmt: skip
    repeated = frames.calculate_dsr(make(rows), event_frequency="times")
    once = {"count": [220, 380], "population": [5000, 4000], "standard_population": [6, 4]}
    independent = frames.calculate_dsr(make(once))
    np.testing.assert_allclose(column(repeated, "value"), column(independent, "value"), rtol=1e-12)
    assert column(repeated, "lower_cl")[0] < column(independent, "lower_cl")[0]
