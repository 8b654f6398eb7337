"""Published figures: worked out from what is shown."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evenground.disclosure import Policy, load_policy
from evenground.indicators import SHIPPED, Indicator, load_definitions
from evenground.pipeline.figures import calculate_inequality, calculate_values
from evenground.stats import EUROPEAN_STANDARD_POPULATION_2013, calculate_dsr
from evenground.vocabulary import AGE_BANDS

POLICY = load_policy("nhs-7-5")
DEFINITIONS = load_definitions(SHIPPED)
ADMISSIONS = DEFINITIONS.indicators["copd_emergency_admissions"]
SCREENING = DEFINITIONS.indicators["bowel_screening"]
BANDS = AGE_BANDS[7:]
PLACE = ("place", "P", "all", "all")


def counts_by_age(groups: dict[tuple[str, ...], list[int]], people: int = 300) -> pl.DataFrame:
    """Admissions by age band of each group; every band has the same people, each counted for three years."""
    rows = [
        (*group, band, events, 3 * people)
        for group, by_band in groups.items()
        for band, events in zip(BANDS, by_band, strict=True)
    ]
    keys = ["area_type", "area_code", "cut", "category"]
    return pl.DataFrame(rows, schema=[*keys, "age_band", "numerator", "denominator"], orient="row")


def work_out(
    rolled_up: pl.DataFrame, indicator: Indicator, by_age: pl.DataFrame | None = None
) -> pl.DataFrame:
    asked = pl.DataFrame() if by_age is None else by_age
    return calculate_values(
        rolled_up, [indicator], counts_by_age=lambda _: asked, policy=POLICY, period="now"
    )


def admissions(
    groups: dict[tuple[str, ...], list[int]], people: int = 300, policy: Policy = POLICY
) -> dict[str, dict]:
    by_age = counts_by_age(groups, people)
    keys = ["area_type", "area_code", "cut", "category"]
    rolled = by_age.group_by(keys).agg(
        pl.col("numerator").sum().alias(f"{ADMISSIONS.id}__numerator"),
        pl.col("denominator").sum().alias(f"{ADMISSIONS.id}__denominator"),
    )
    values = calculate_values(
        rolled, [ADMISSIONS], counts_by_age=lambda _: by_age, policy=policy, period="now"
    )
    return {row["area_code"]: row for row in values.to_dicts()}


def spread(total: int) -> list[int]:
    return [total // 12 + (n < total % 12) for n in range(12)]


def test_a_standardised_rate_is_the_published_method_on_the_true_counts():
    found = admissions({PLACE: spread(240)})["P"]
    weights = np.array(EUROPEAN_STANDARD_POPULATION_2013)[7:]
    expected = calculate_dsr(spread(240), [900] * 12, weights, multiplier=100_000)
    assert found["value"] == pytest.approx(float(expected.value), abs=0.05)
    # 240 is shown as 240, so its limits are the method's own.
    assert found["lower_cl"] == pytest.approx(float(expected.lower_cl), abs=0.05)
    assert found["upper_cl"] == pytest.approx(float(expected.upper_cl), abs=0.05)


@pytest.mark.parametrize("events", [13, 14, 16, 17])
def test_the_limits_of_a_standardised_rate_do_not_tell_the_count_behind_the_rounded_one(events):
    def lopsided(total: int) -> float:
        row = admissions({PLACE: spread(600), ("lsoa", "L", "all", "all"): spread(total)})["L"]
        assert row["numerator"] == 15
        return (row["upper_cl"] - row["value"]) / (row["value"] - row["lower_cl"])

    # What is left is one decimal place; the true limits of 14 would differ by 1.3%, those of 13 by 2.8%.
    assert lopsided(events) == pytest.approx(lopsided(15), rel=4e-3)


def test_fewer_than_ten_events_give_no_rate_and_say_so():
    row = admissions({PLACE: spread(600), ("lsoa", "L", "all", "all"): spread(9)})["L"]
    assert (row["value"], row["lower_cl"], row["value_note"]) == (None, None, "too_few_events")


def test_the_policy_says_on_how_many_events_a_standardised_rate_may_rest_and_whether_at_all():
    def note(events: int, **changes: object) -> tuple[str, bool]:
        policy = POLICY.model_copy(update=changes)
        groups = {PLACE: spread(600), ("lsoa", "L", "all", "all"): spread(events)}
        row = admissions(groups, policy=policy)["L"]
        assert row["numerator"] == 20
        return row["value_note"], row["value"] is not None

    assert note(19) == ("published", True)
    assert note(19, least_events=20) == ("too_few_events", False)
    assert note(20, least_events=20) == ("published", True)
    assert note(20, exempt=("modelled",)) == ("suppressed", False)


def test_the_years_a_person_counts_for_do_not_lift_a_few_people_over_the_threshold():
    # Two people in each of twelve bands are 24 people and 72 person-years; one in four bands would be 12.
    row = admissions({PLACE: spread(600), ("lsoa", "L", "all", "all"): [0] * 12}, people=2)["L"]
    assert row["denominator"] == 75
    by_age = counts_by_age({PLACE: spread(600)})
    small = pl.DataFrame(
        {
            "area_type": ["lsoa"],
            "area_code": ["L"],
            "cut": ["all"],
            "category": ["all"],
            f"{ADMISSIONS.id}__numerator": [0],
            f"{ADMISSIONS.id}__denominator": [3 * 4],
        }
    )
    values = calculate_values(
        small, [ADMISSIONS], counts_by_age=lambda _: by_age, policy=POLICY, period="now"
    )
    assert values.select("denominator", "value_note").row(0) == (None, "suppressed")


def quintiles(shares: list[float]) -> pl.DataFrame:
    fifths = [
        ("place", "P", "local_quintile", str(n), round(1000 * share))
        for n, share in enumerate(shares, start=1)
    ]
    names = ["area_type", "area_code", "cut", "category", "bowel_screening__numerator"]
    frame = pl.DataFrame([(*PLACE, 500), *fifths], schema=names, orient="row")
    return frame.with_columns(pl.lit(1000).alias("bowel_screening__denominator"))


def inequality(shares: list[float], **changes: object) -> dict[str, dict]:
    indicator = SCREENING.model_copy(update=changes) if changes else SCREENING
    values = work_out(quintiles(shares), indicator)
    return {row["measure"]: row for row in calculate_inequality(values, [indicator]).to_dicts()}


def test_a_gap_against_the_more_deprived_is_positive():
    found = inequality([0.5, 0.55, 0.6, 0.65, 0.7])
    assert found["sii"]["value"] == pytest.approx(25)
    assert found["gap"]["value"] == pytest.approx(20)
    assert found["rii"]["value"] > 1
    assert found["gap"]["lower_cl"] < 20 < found["gap"]["upper_cl"]


def test_equal_fifths_have_no_gap():
    found = inequality([0.6] * 5)
    assert found["sii"]["value"] == pytest.approx(0, abs=1e-9)
    assert found["gap"]["value"] == 0


def test_a_hidden_fifth_leaves_the_inequality_unsaid():
    found = inequality([0.005, 0.55, 0.6, 0.65, 0.7])
    assert {row["value_note"] for row in found.values()} == {"missing"}
    assert {row["value"] for row in found.values()} == {None}


def test_figures_are_compared_with_the_place_and_the_place_with_nothing():
    values = work_out(quintiles([0.3, 0.5, 0.5, 0.5, 0.7]), SCREENING)
    said = {(row["cut"], row["category"]): row["comparison"] for row in values.to_dicts()}
    assert said[("all", "all")] == "not_compared"
    assert said[("local_quintile", "1")] == "worse"
    assert said[("local_quintile", "3")] == "similar"
    assert said[("local_quintile", "5")] == "better"
