"""Figures over time: the lines, the table behind them, and what is said of a change and of a gap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.releases import Release
from evenground.reports.cells import Cell
from evenground.reports.over_time import Series, draw_over_time, say_over_time
from evenground.vocabulary import ValueNote

PERIODS = [f"to {year}-03-31" for year in range(2021, 2027)]


def series(*values: float | None, spread: float = 1.0) -> Series:
    cells = [
        Cell(f"{2021 + number}", value, value - spread, value + spread, ValueNote.PUBLISHED, 100, 1000)
        if value is not None
        else Cell(f"{2021 + number}", note=ValueNote.SUPPRESSED)
        for number, value in enumerate(values)
    ]
    return Series("Some area", tuple(cells))


@pytest.fixture
def screening(release: Release) -> Any:
    return release.indicators["bowel_screening"]


def test_every_period_has_a_row_the_latest_first(release: Release) -> None:
    figure = draw_over_time(release, "bowel_screening")
    assert figure is not None
    assert [row[0] for row in figure.rows] == [f"31 March {year}" for year in range(2026, 2020, -1)]
    assert figure.columns[-2:] == ("Most deprived fifth of its areas", "Least deprived fifth of its areas")
    assert figure.rows[0][1] == "66.6%"


def test_each_line_has_its_own_dashes_and_marks(release: Release, look: Callable[[str], Any]) -> None:
    figure = draw_over_time(release, "bowel_screening")
    assert figure is not None
    picture = look(figure.svg)
    dashes = [mark.get("stroke-dasharray") for mark in picture.layer("lines")]
    assert len(dashes) == 3
    assert len(set(dashes)) == 3
    assert len(picture.layer("points")) == 18
    assert picture.texts("legend") == ["Samplebury", *figure.columns[-2:]]


def test_the_levels_of_a_rate_tell_their_unit(release: Release, look: Callable[[str], Any]) -> None:
    figure = draw_over_time(release, "copd_emergency_admissions")
    assert figure is not None
    assert look(figure.svg).texts("unit") == ["per 100,000"]


def test_one_period_is_no_time_series(changed_release: Callable[..., Release]) -> None:
    last = changed_release(values=lambda values: values.filter(pl.col("period") == pl.col("period").max()))
    assert draw_over_time(last, "bowel_screening") is None


def test_an_area_below_the_place_has_its_own_line_and_no_fifths(release: Release) -> None:
    figure = draw_over_time(release, "bowel_screening", area_type="msoa", area_code="X02000001")
    assert figure is not None
    assert figure.title.endswith("over time: Old Town")
    assert "fifth" not in figure.summary
    assert len(figure.columns) == 5


def test_a_line_is_broken_where_a_figure_is_withheld(
    changed_release: Callable[..., Release], look: Callable[[str], Any]
) -> None:
    middle = (pl.col("period").str.starts_with("2022")) & (pl.col("indicator_id") == "bowel_screening")
    hidden = [
        pl.when(middle).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("value", "lower_cl", "upper_cl")
    ]
    note = pl.when(middle).then(pl.lit("suppressed")).otherwise(pl.col("value_note")).alias("value_note")
    release = changed_release(values=lambda values: values.with_columns(*hidden, note))
    figure = draw_over_time(release, "bowel_screening", area_type="msoa", area_code="X02000001")
    assert figure is not None
    assert [row[1] for row in figure.rows][3] == "suppressed"
    runs = look(figure.svg).layer("lines")
    assert [run.attrib["d"].count("L") for run in runs] == [1, 2]


def test_unknown_indicator_names_the_nearest(release: Release) -> None:
    with pytest.raises(InputError, match='Did you mean "bowel_screening"'):
        draw_over_time(release, "bowel_screning")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((50, 51, 52, 53, 54, 60), "From 50.0% (2021) to 60.0% (2026): better by 10 percentage points."),
        ((60, 58, 56, 54, 52, 50), "worse by 10 percentage points"),
        ((50, 50, 50, 50, 50, 51.5), "probably better by 1.5 percentage points"),
        ((50, 50, 50, 50, 50, 50.5), "too little to say whether it changed"),
        ((50, 50, 50, 50, 50, 50), "no change"),
    ],
)
def test_a_change_is_told_as_surely_as_its_intervals_allow(
    values: tuple[float, ...], told: str, screening: Any
) -> None:
    assert told in say_over_time(series(*values), [], PERIODS, screening)


def test_figures_without_intervals_claim_nothing(screening: Any) -> None:
    cells = (Cell("2021", 50.0, note="published"), Cell("2022", 60.0, note="published"))
    told = say_over_time(Series("", cells), [], PERIODS[:2], screening)
    assert "without intervals nobody can say" in told


def test_the_recent_trend_needs_five_unbroken_years(screening: Any) -> None:
    assert "Recent trend" in say_over_time(series(50, 51, 52, 53, 54, 55), [], PERIODS, screening)
    assert "Recent trend" not in say_over_time(series(50, 51, None, 53, 54, 55), [], PERIODS, screening)
    assert "Recent trend" not in say_over_time(series(50, 51, 52, 53), [], PERIODS[:4], screening)


def test_overlapping_years_have_no_recent_trend(screening: Any) -> None:
    periods = [f"{year} - {year + 2 - 2000}" for year in range(2015, 2021)]
    assert "Recent trend" not in say_over_time(series(50, 51, 52, 53, 54, 55), [], periods, screening)


def test_quarters_are_judged_a_year_apart(screening: Any) -> None:
    quarters = [
        f"to {year}-{end}" for year in range(2021, 2026) for end in ("03-31", "06-30", "09-30", "12-31")
    ]
    values = [50.0 + number for number in range(20)]
    assert "over 5 years: no significant change" in say_over_time(
        series(*values, spread=1), [], quarters, screening
    ).replace("getting better", "no significant change")
    assert "Recent trend" not in say_over_time(series(*values[:16]), [], quarters[:16], screening)


@pytest.mark.parametrize(
    ("most", "least", "told"),
    [
        (
            (40, 50),
            (60, 60),
            "it narrowed; the most deprived did better, the least deprived did not clearly change",
        ),
        ((40, 35), (60, 50), "it narrowed; the most deprived did worse, the least deprived did worse"),
        (
            (40, 40),
            (60, 70),
            "it widened; the most deprived did not clearly change, the least deprived did better",
        ),
        ((40, 40.5), (60, 60), "the numbers are too small to say whether it changed"),
        ((62, 55), (60, 60), "at one end of that time it was the least deprived fifth"),
    ],
)
def test_a_gap_tells_what_became_of_each_end(
    most: tuple[float, float], least: tuple[float, float], told: str, screening: Any
) -> None:
    words = say_over_time(series(50, 55, spread=0.5), [series(*most), series(*least)], PERIODS[:2], screening)
    assert told in words
