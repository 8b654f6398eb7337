"""Funnel plots: who is placed, by which limits, what is said, and that nothing kept back shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from evenground.errors import InputError
from evenground.releases import Release
from evenground.reports.funnel_pictures import MOST_NUMBERED, draw_funnel
from evenground.reports.funnels import Place, Reason, find_funnel, list_funnel_types, say_funnel
from evenground.reports.subjects import Area
from evenground.stats import calculate_funnel_limits
from tests.support.release_factory import MISSING_LSOA, SUPPRESSED_LSOA

INDICATOR = "bowel_screening"
SMI = "smi_annual_health_check"
Change = Callable[..., Release]


def set_figures(
    code: str, indicator: str = INDICATOR, **cells: Any
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Changes the latest figures of an LSOA."""

    def change(values: pl.DataFrame) -> pl.DataFrame:
        here = (
            (pl.col("indicator_id") == indicator)
            & (pl.col("area_code") == code)
            & (pl.col("period") == values["period"].max())
        )
        types = values.schema
        return values.with_columns(
            pl.when(here).then(pl.lit(cell, types[name])).otherwise(pl.col(name)).alias(name)
            for name, cell in cells.items()
        )

    return change


def test_every_area_with_counts_has_a_place_and_the_limits_of_its_own_size(release: Release) -> None:
    found = find_funnel(release, INDICATOR, "lsoa")
    assert found.reason == Reason.NONE
    assert len(found.placed) == 12
    area = found.placed[0]
    limits = calculate_funnel_limits(
        area.cell.denominator, statistic="proportion", baseline=found.average, multiplier=100.0
    )
    expected = (limits.lower_3s, limits.lower_2s, limits.upper_2s, limits.upper_3s)
    assert area.limits == pytest.approx([float(limit) for limit in expected])


def test_the_average_is_that_of_the_areas_drawn(release: Release) -> None:
    found = find_funnel(release, INDICATOR, "lsoa")
    events = sum(area.cell.numerator or 0 for area in found.placed)
    people = sum(area.cell.denominator or 0 for area in found.placed)
    assert found.average == pytest.approx(100 * events / people)


def test_people_whose_area_is_unknown_are_listed_and_not_placed(release: Release) -> None:
    found = find_funnel(release, INDICATOR, "lsoa")
    assert [area.name for area in found.areas if area.place == Place.NOT_PLACED] == ["Area unknown"]
    assert "Area unknown" not in say_funnel(found)


def test_an_area_far_above_is_clearly_better_and_named(changed_release: Change) -> None:
    release = changed_release(values=set_figures("X01000001A", numerator=240, denominator=240, value=100.0))
    found = find_funnel(release, INDICATOR, "lsoa")
    assert [area.code for area in found.at(Place.ABOVE_OUTER)] == ["X01000001A"]
    assert "1 is clearly better: Samplebury 001A." in say_funnel(found)


def test_without_a_better_and_worse_the_words_are_higher_and_lower(release: Release) -> None:
    told = say_funnel(find_funnel(release, "hypertension_prevalence", "lsoa"))
    assert "better" not in told
    assert "worse" not in told


def test_rates_adjusted_for_age_stand_at_the_people_that_would_give_them(changed_release: Change) -> None:
    def count(values: pl.DataFrame) -> pl.DataFrame:
        is_lsoa = pl.col("area_type") == "lsoa"
        facts = {"numerator": 20, "value": 500.0, "value_note": "published"}
        return values.with_columns(
            pl.when(is_lsoa).then(pl.lit(fact, values.schema[name])).otherwise(pl.col(name)).alias(name)
            for name, fact in facts.items()
        )

    found = find_funnel(changed_release(values=count), "copd_emergency_admissions", "lsoa")
    assert [area.size for area in found.placed] == pytest.approx([4_000.0] * 12)


def test_what_an_area_kept_back_counts_changes_nothing_of_the_picture(changed_release: Change) -> None:
    hidden = {"value": None, "lower_cl": None, "upper_cl": None, "value_note": "suppressed_secondary"}
    pictures = []
    for denominator in (70, 9_000):
        release = changed_release(
            values=set_figures("X01000002B", numerator=60, denominator=denominator, **hidden)
        )
        found = find_funnel(release, INDICATOR, "lsoa")
        figure = draw_funnel(release, found)
        assert figure is not None
        assert found.lines[-1][0] < 1_000
        pictures.append((figure.svg, figure.summary, found.average))
    assert pictures[0] == pictures[1]
    assert "1 small area is not drawn: too small a number to publish." in pictures[0][1]


def test_an_area_kept_back_has_no_limits_in_the_table(changed_release: Change) -> None:
    hidden = {"value": None, "numerator": None, "denominator": None, "value_note": "suppressed"}
    release = changed_release(values=set_figures("X01000002B", **hidden))
    figure = draw_funnel(release, find_funnel(release, INDICATOR, "lsoa"))
    assert figure is not None
    row = next(row for row in figure.rows if row[0] == "Samplebury 002B")
    assert row[1:] == ("Not placed", "suppressed", "suppressed", "suppressed", "none", "none")


def test_figures_that_their_counts_do_not_give_are_not_placed(changed_release: Change) -> None:
    def weigh(values: pl.DataFrame) -> pl.DataFrame:
        return values.with_columns((pl.col("value") * 1.3).alias("value"))

    found = find_funnel(changed_release(values=weigh), INDICATOR, "lsoa")
    assert found.reason == Reason.NO_COUNTS
    assert not found.lines
    assert "weighted or adjusted" in say_funnel(found)
    assert all(area.limits is None for area in found.areas)


def test_too_few_areas_have_no_funnel_and_are_pointed_to_bars(release: Release) -> None:
    found = find_funnel(release, INDICATOR, "msoa")
    assert found.reason == Reason.TOO_FEW
    assert draw_funnel(release, found) is None
    assert "at least 10 neighbourhoods" in say_funnel(found)


def test_zero_is_placed_and_missing_and_suppressed_are_not(release: Release) -> None:
    found = find_funnel(release, SMI, "lsoa")
    places = {area.code: area.place for area in found.areas}
    assert places[SUPPRESSED_LSOA] == places[MISSING_LSOA] == Place.NOT_PLACED


def test_more_areas_than_can_be_told_apart_are_not_drawn(
    changed_release: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenground.reports.funnels.MOST", 11)
    found = find_funnel(changed_release(), INDICATOR, "lsoa")
    assert found.reason == Reason.TOO_MANY
    assert "too many points to tell apart" in say_funnel(found)


def test_areas_within_another_are_held_against_their_own_average(release: Release) -> None:
    within = Area("msoa", "X02000001", "Old Town")
    found = find_funnel(release, INDICATOR, "lsoa", within)
    assert len(found.areas) == 4
    assert found.reason == Reason.TOO_FEW


def test_many_beyond_the_limits_are_said_to_differ_in_more_than_chance(changed_release: Change) -> None:
    def spread(values: pl.DataFrame) -> pl.DataFrame:
        high = pl.col("area_code").str.ends_with("A") | pl.col("area_code").str.ends_with("B")
        numerator = (pl.col("denominator") * pl.when(high).then(0.9).otherwise(0.2)).round().cast(pl.Int64)
        is_lsoa = (pl.col("area_type") == "lsoa") & (pl.col("indicator_id") == INDICATOR)
        return values.with_columns(
            pl.when(is_lsoa).then(numerator).otherwise(pl.col("numerator")).alias("numerator")
        ).with_columns(
            pl.when(is_lsoa)
            .then(100 * pl.col("numerator") / pl.col("denominator"))
            .otherwise(pl.col("value"))
            .alias("value")
        )

    release = changed_release(values=spread)
    found = find_funnel(release, INDICATOR, "lsoa")
    assert "differ by more than chance" in say_funnel(found)
    figure = draw_funnel(release, found)
    assert figure is not None
    assert f"and {12 - MOST_NUMBERED} more without a number" in figure.svg


def test_marks_differ_in_shape_and_the_picture_stays_within_what_a_share_can_be(
    changed_release: Change, look: Callable[[str], Any]
) -> None:
    release = changed_release(values=set_figures("X01000001A", numerator=5, denominator=240, value=2.08))
    found = find_funnel(release, INDICATOR, "lsoa")
    figure = draw_funnel(release, found)
    assert figure is not None
    assert np.array(found.lines)[:, 1:].min() >= 0
    assert np.array(found.lines)[:, 1:].max() <= 100
    tags = {mark.tag.rpartition("}")[2] for mark in look(figure.svg).layer("areas")}
    assert tags == {"circle", "path"}


def test_kinds_of_area_with_a_funnel_come_first(release: Release) -> None:
    assert list_funnel_types(release, INDICATOR)[0] == "lsoa"


def test_an_unknown_indicator_or_kind_of_area_is_told(release: Release) -> None:
    with pytest.raises(InputError, match="no indicator"):
        find_funnel(release, "nothing", "lsoa")
    with pytest.raises(InputError, match="no areas of the type"):
        find_funnel(release, INDICATOR, "galaxy")
