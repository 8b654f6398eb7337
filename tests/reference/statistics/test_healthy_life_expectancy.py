"""Healthy life expectancy against the values of the field's own programs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from scipy import special

from evenground.stats.life_expectancy import (
    AGE_BAND_STARTS,
    calculate_healthy_life_expectancy,
    calculate_life_expectancy,
    calculate_life_table,
)
from tests.support.reference_values import assert_close, read

pytestmark = pytest.mark.reference

Z_OF_1_96 = 2 * special.ndtr(1.96) - 1
"""The confidence level of programs that write 1.96 for the normal quantile."""

MANUAL_FRACTION = 0.2
"""The Sullivan manual's person-years at age 0, 0.2 of l0 and 0.8 of l1: infants who die live 0.2 years."""


class Areas(NamedTuple):
    deaths: np.ndarray
    population: np.ndarray
    good: np.ndarray
    respondents: np.ndarray
    expected: pl.DataFrame


def read_areas(reference: Path) -> Areas:
    keys = ["area_code", "sex", "startage"]
    rows = read(reference / "healthy_life_expectancy/input.csv").sort(keys)
    expected = read(reference / "healthy_life_expectancy/expected.csv").sort(keys)
    assert rows.select(keys).equals(expected.select(keys))
    assert rows.height == 800
    weighted = (rows["survey_good_weighted"] / rows["survey_n_weighted"]).alias("good")
    columns = (rows["deaths"], rows["pop"], weighted, rows["survey_n"])
    return Areas(*(as_table(column) for column in columns), expected)


def as_table(column: pl.Series) -> np.ndarray:
    return column.to_numpy().reshape(-1, len(AGE_BAND_STARTS))


def test_healthy_life_expectancy_is_that_of_the_scottish_observatory(reference: Path) -> None:
    areas = read_areas(reference)
    ours = calculate_healthy_life_expectancy(*areas[:4], confidence_level=Z_OF_1_96)
    assert set(np.unique(ours.reason)) == {""}
    assert_close(ours.value.ravel(), areas.expected["scotpho_hle"])
    assert_close(ours.standard_error.ravel(), areas.expected["scotpho_hle_se"])
    assert_close(ours.lower_cl.ravel(), areas.expected["scotpho_hle_lower_95"])
    assert_close(ours.upper_cl.ravel(), areas.expected["scotpho_hle_upper_95"])
    assert_close(ours.value.ravel(), areas.expected["ons_like_hle"])


@pytest.mark.parametrize(
    ("program", "variance", "level"),
    [("phe", "silcocks", 0.95), ("ons_like", "ons", Z_OF_1_96), ("scotpho", "none", Z_OF_1_96)],
)
def test_life_expectancy_of_the_same_areas_is_that_of_three_programs(
    reference: Path, program: str, variance: str, level: float
) -> None:
    areas = read_areas(reference)
    ours = calculate_life_expectancy(
        areas.deaths, areas.population, open_band_variance=variance, confidence_level=level,
        widest_interval=None,
    )  # fmt: skip
    assert_close(ours.value.ravel(), areas.expected[f"{program}_le"])
    assert_close(ours.lower_cl.ravel(), areas.expected[f"{program}_le_lower_95"])
    assert_close(ours.upper_cl.ravel(), areas.expected[f"{program}_le_upper_95"])


def test_the_life_table_is_that_of_the_scottish_observatory(reference: Path) -> None:
    areas = read_areas(reference)
    table = calculate_life_table(areas.deaths, areas.population)
    assert_close(table.survivors.ravel(), areas.expected["scotpho_lx"])
    assert_close(table.person_years.ravel(), areas.expected["scotpho_Lx"])


def test_the_older_ages_of_the_sullivan_manuals_package_are_ours(reference: Path) -> None:
    areas = read_areas(reference)
    ours = calculate_healthy_life_expectancy(*areas[:4])
    life = calculate_life_expectancy(areas.deaths, areas.population)
    older = areas.expected.with_row_index().filter(pl.col("startage") > 0)
    rows = older["index"].to_numpy()
    assert_close(ours.value.ravel()[rows], older["sullivan_manual_dfle"])
    assert_close(life.value.ravel()[rows], older["sullivan_manual_le"])


def test_births_in_the_sullivan_manuals_package_are_ours_with_its_infant_mortality(reference: Path) -> None:
    areas = read_areas(reference)
    deaths = areas.deaths.astype(float)
    # It takes 0.5 of the year for the probability of dying and 0.2 for the years lived.
    rate = deaths[:, 0] / areas.population[:, 0]
    deaths[:, 0] = areas.population[:, 0] * rate_for(rate / (1 + 0.5 * rate))
    fraction = np.where(np.array(AGE_BAND_STARTS) == 0, MANUAL_FRACTION, 0.5)
    ours = calculate_healthy_life_expectancy(
        deaths, areas.population, areas.good, areas.respondents, fraction_lived=fraction
    )
    births = areas.expected.filter(pl.col("startage") == 0)
    assert_close(ours.value[:, 0], births["sullivan_manual_dfle"])


def rate_for(probability: np.ndarray) -> np.ndarray:
    """The mortality rate that Chiang's formula turns into this probability at age 0."""
    return probability / (1 - (1 - MANUAL_FRACTION) * probability)


def test_the_worked_example_of_the_sullivan_manual_is_reproduced(reference: Path) -> None:
    rows = read(reference / "healthy_life_expectancy/sullivan_manual_example.csv")
    assert rows.height == 86
    deaths, population = rows["Dx"].to_numpy().astype(float), rows["Px"].to_numpy()
    # The manual's probability of dying at age 0 is from births, which the example does not give.
    deaths[0] = population[0] * rate_for(rows["qx"].to_numpy())[0]
    options = {
        "band_starts": rows["age"],
        "fraction_lived": np.where(rows["age"] == 0, MANUAL_FRACTION, 0.5),
    }
    table = calculate_life_table(deaths, population, **options)
    assert_close(table.probability_of_dying[:-1], rows["qx"][:-1])
    assert_close(table.survivors, rows["lx"])
    assert_close(table.person_years, rows["Lx"])
    assert_close(table.person_years_above, rows["Tx"])
    assert_close(table.life_expectancy, rows["ex"])
    free = calculate_healthy_life_expectancy(deaths, population, 1 - rows["pix"], 1000, **options)
    assert_close(free.value, rows["DFLEx"])
    assert_close(100 * free.value / table.life_expectancy, rows["pctDFLEx"])
