"""Inequality over time: every group's own line, and words that a narrowing gap cannot mislead with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.releases import Release
from evenground.reports.breakdowns import Breakdown, list_breakdowns
from evenground.reports.canvas import round_ticks
from evenground.reports.cells import Cell
from evenground.reports.inequality import draw_groups_over_time, draw_measures_over_time
from evenground.reports.over_time import Series, say_gap_change
from evenground.reports.panels import Pair, Panel, draw_pairs, draw_panels
from evenground.reports.svg import make_inline_safe
from evenground.vocabulary import Cut, ValueNote
from tests.support.release_factory import PLACE

SERVICE = "bowel_screening"


def set_fifths(
    levels: Mapping[str, tuple[float, float]], spread: float
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Puts the first and the latest figure of each fifth of the place at a level; those between stay."""

    def change(values: pl.DataFrame) -> pl.DataFrame:
        ends = (values["period"].min(), values["period"].max())
        value = pl.col("value")
        for category, pair in levels.items():
            for period, level in zip(ends, pair, strict=True):
                chosen = (
                    (pl.col("indicator_id") == SERVICE)
                    & (pl.col("area_type") == "place")
                    & (pl.col("cut") == Cut.LOCAL_QUINTILE)
                    & (pl.col("category") == category)
                    & (pl.col("period") == period)
                )
                value = pl.when(chosen).then(pl.lit(level)).otherwise(value)
        changed = values.with_columns(value.alias("value"))
        moved = changed["value"] != values["value"]
        return changed.with_columns(
            pl.when(moved).then(pl.col("value") - spread).otherwise("lower_cl").alias("lower_cl"),
            pl.when(moved).then(pl.col("value") + spread).otherwise("upper_cl").alias("upper_cl"),
        )

    return change


def pair(first: float, last: float, spread: float = 1.0) -> Series:
    cells = [
        Cell(str(2025 + place), level, level - spread, level + spread, ValueNote.PUBLISHED)
        for place, level in enumerate((first, last))
    ]
    return Series("A group", tuple(cells))


@pytest.mark.parametrize(
    ("most", "least", "warned"),
    [
        ((40, 35), (60, 50), "A gap that narrows because both do worse is no gain."),
        (
            (40, 40),
            (60, 50),
            "smaller because the least deprived did worse, not because the most deprived did",
        ),
        ((40, 45), (60, 75), "Both did better, the least deprived by more."),
        ((40, 35), (60, 55), "too small to say whether it changed. Both did worse."),
    ],
)
def test_a_gap_is_never_told_without_what_became_of_both(
    most: tuple[float, float], least: tuple[float, float], warned: str, release: Release
) -> None:
    info = release.indicators[SERVICE]
    assert warned in say_gap_change(pair(*most), pair(*least), info)


@pytest.mark.parametrize(("most", "least"), [((40, 50), (60, 61)), ((40, 50), (60, 68))])
def test_a_gap_that_narrows_because_the_worse_off_gain_needs_no_warning(
    most: tuple[float, float], least: tuple[float, float], release: Release
) -> None:
    words = say_gap_change(pair(*most, spread=0.2), pair(*least, spread=0.2), release.indicators[SERVICE])
    assert "it narrowed" in words
    assert words.endswith("did better.")


def test_that_everybody_does_worse_is_said_of_the_groups_too(
    changed_release: Callable[..., Release],
) -> None:
    levels = {"1": (60, 55), "2": (65, 57), "3": (70, 59), "4": (75, 61), "5": (80, 63)}
    figure = draw_groups_over_time(changed_release(values=set_fifths(levels, 1)), SERVICE, Cut.LOCAL_QUINTILE)
    assert figure is not None
    assert figure.summary.startswith("Of 5 fifths, from first to last, none did better and 5 did worse.")
    assert "it narrowed" in figure.summary
    assert "no gain" in figure.summary


def test_each_group_has_a_panel_and_a_column_and_people_without_an_area_are_there(
    release: Release, look: Callable[[str], Any]
) -> None:
    figure = draw_groups_over_time(release, SERVICE, Cut.LOCAL_QUINTILE)
    assert figure is not None
    names = figure.columns[2:]
    assert names[0] == "Most deprived fifth"
    assert names[-1] == "Area unknown"
    drawn = look(figure.svg)
    told = " ".join(drawn.texts("labels") + drawn.texts("undrawn"))
    assert all(name in told for name in names)
    assert [row[0] for row in figure.rows] == [f"31 March {year}" for year in range(2026, 2020, -1)]


def test_a_group_without_any_figure_is_named_with_the_word_for_why(look: Callable[[str], Any]) -> None:
    hidden = Panel("Small group", [Cell("a", note=ValueNote.SUPPRESSED)] * 2)
    shown = Panel("Large group", pair(40, 50).cells)
    svg = draw_panels([hidden, shown], ["a", "b"], lambda cell: "suppressed" if cell.value is None else "1")
    drawn = look(make_inline_safe(svg, prefix="x", title="", description=""))
    assert drawn.texts("labels") == ["Large group"]
    assert drawn.texts("undrawn") == ["Small group: suppressed"]


def test_a_line_is_broken_where_a_figure_is_withheld(look: Callable[[str], Any]) -> None:
    known = pair(40, 50).cells
    cells = [*known, Cell("c", note=ValueNote.SUPPRESSED), known[1]]
    svg = draw_panels([Panel("A", cells)], list("abcd"), lambda cell: "")
    drawn = look(make_inline_safe(svg, prefix="x", title="", description=""))
    assert len(drawn.layer("lines")) == 1
    assert len(drawn.layer("points")) == 3


def test_two_groups_are_told_apart_by_place_and_name_and_everybody_by_dashes(
    release: Release, look: Callable[[str], Any]
) -> None:
    figure = draw_groups_over_time(release, SERVICE, Cut.LOCAL_QUINTILE)
    assert figure is not None
    dashes = {mark.get("stroke-dasharray") for mark in look(figure.svg).layer("lines")}
    assert dashes == {None, "7 4"}


def test_groups_of_one_period_are_no_time_series(release: Release) -> None:
    assert draw_groups_over_time(release, SERVICE, Cut.ETHNIC_GROUP) is None


def test_a_release_says_which_breakdowns_it_has(release: Release) -> None:
    assert list(list_breakdowns(release, SERVICE)) == [
        "local_quintile",
        "ethnic_group_5",
        "ethnic_group",
        "imd_quintile",
        "plus_group",
    ]
    with pytest.raises(InputError, match="does not show"):
        Breakdown.of(release, SERVICE, "segment")
    with pytest.raises(InputError, match="has no indicator"):
        Breakdown.of(release, "bowl_screening", "sex")


def test_the_gap_and_the_slope_index_stand_on_one_scale_and_name_their_unit(
    release: Release, look: Callable[[str], Any]
) -> None:
    (figure,) = draw_measures_over_time(release, SERVICE, Cut.LOCAL_QUINTILE)
    assert figure.columns[1:] == (
        "Gap between the most and the least deprived (percentage points)",
        "Slope index of inequality (percentage points)",
    )
    assert "slope index of inequality was" in figure.summary
    assert look(figure.svg).layer("level")


def test_the_relative_index_is_a_figure_of_its_own_ruled_at_one(
    changed_release: Callable[..., Release], look: Callable[[str], Any]
) -> None:
    def add(table: pl.DataFrame) -> pl.DataFrame:
        ratio = table.filter(pl.col("measure") == "sii").with_columns(
            pl.lit("rii").alias("measure"),
            pl.lit(1.4).alias("value"),
            pl.lit(1.2).alias("lower_cl"),
            pl.lit(1.6).alias("upper_cl"),
        )
        return pl.concat([table, ratio])

    figures = draw_measures_over_time(changed_release(inequality=add), SERVICE, Cut.LOCAL_QUINTILE)
    assert len(figures) == 2
    assert "1.40 (1.20 to 1.60)" in figures[1].rows[0][1]
    assert "too small to say whether it changed" in figures[1].summary
    assert "1.0" in look(figures[1].svg).texts("levels")


def test_an_indicator_without_better_or_worse_is_told_by_up_and_down(release: Release) -> None:
    figure = draw_groups_over_time(release, "hypertension_prevalence", Cut.LOCAL_QUINTILE)
    assert figure is not None
    assert "went up" in figure.summary
    assert "better" not in figure.summary
    assert "gap" not in figure.summary


def test_the_group_furthest_behind_everybody_is_named_where_that_is_no_chance(
    changed_release: Callable[..., Release],
) -> None:
    def repeat(values: pl.DataFrame) -> pl.DataFrame:
        """The ethnic groups of the latest year stand for the year before, too."""
        latest, before = values["period"].max(), sorted(values["period"].unique())[-2]
        groups = values.filter((pl.col("cut") == Cut.ETHNIC_GROUP_5) & (pl.col("period") == latest))
        return pl.concat([values, groups.with_columns(pl.lit(before).alias("period"))])

    figure = draw_groups_over_time(changed_release(values=repeat), SERVICE, Cut.ETHNIC_GROUP_5)
    assert figure is not None
    assert "Furthest behind now: Asian. The gap between this group and everybody was" in figure.summary
    assert "for all" not in figure.summary


def test_a_name_that_anybody_typed_is_text_in_the_picture(look: Callable[[str], Any]) -> None:
    svg = draw_pairs([Pair("<b>A & B</b>", (0.2, None), ("20%", "suppressed"))], ("people", "burden"))
    drawn = look(make_inline_safe(svg, prefix="x", title="", description=""))
    assert drawn.texts("labels") == ["<b>A & B</b>"]
    assert len(drawn.layer("bars")) == 1


@pytest.mark.parametrize(("low", "high"), [(0, 0), (-5, -1), (3, 3), (0.001, 0.002), (99, 100), (-1e6, 1e6)])
def test_ticks_hold_both_levels_and_are_few(low: float, high: float) -> None:
    ticks = round_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 6


def test_the_same_release_gives_the_same_bytes(release: Release) -> None:
    first, second = (draw_groups_over_time(release, SERVICE, Cut.LOCAL_QUINTILE) for _ in range(2))
    assert first == second


def test_everybody_of_the_place_is_the_place(release: Release) -> None:
    assert list_breakdowns(release, SERVICE)["local_quintile"] == ("place", PLACE)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((0.14, 0.13, 0.15), (0.22, 0.21, 0.23), "was 0.140 (0.130 to 0.150) percentage points"),
        ((12.0, 11.0, 13.0), (22.0, 21.0, 23.0), "inequality grew"),
        ((22.0, 21.0, 23.0), (12.0, 11.0, 13.0), "inequality shrank"),
        ((10.0, 8.0, 12.0), (12.5, 10.5, 14.5), "inequality probably grew"),
        ((10.0, 8.0, 12.0), (11.0, 9.0, 13.0), "too small to say whether it changed"),
        ((10.01, 10.009, 10.011), (10.02, 10.019, 10.021), "hardly a change"),
        ((None, None, None), (12.0, 11.0, 13.0), ""),
    ],
)
def test_a_measure_is_told_as_surely_as_its_intervals_allow(
    before: tuple[Any, ...],
    after: tuple[Any, ...],
    told: str,
    changed_release: Callable[..., Release],
) -> None:
    def change(table: pl.DataFrame) -> pl.DataFrame:
        ends = sorted(table["period"].unique())[-2:]
        rows = table.filter(
            (pl.col("indicator_id") == SERVICE) & (pl.col("measure") == "gap") & pl.col("period").is_in(ends)
        ).sort("period")
        names = ("value", "lower_cl", "upper_cl")
        return rows.with_columns(
            pl.Series(name, [start, end], dtype=pl.Float64)
            for name, start, end in zip(names, before, after, strict=True)
        )

    figures = draw_measures_over_time(changed_release(inequality=change), SERVICE, Cut.LOCAL_QUINTILE)
    assert told in figures[0].summary if told else not figures


def test_groups_that_were_drawn_up_anew_are_compared_with_care(
    changed_release: Callable[..., Release],
) -> None:
    def renew(values: pl.DataFrame) -> pl.DataFrame:
        latest = pl.col("period") == values["period"].max()
        return values.with_columns(
            pl.when(pl.col("cut") == Cut.LOCAL_QUINTILE)
            .then(pl.when(latest).then(pl.lit("second")).otherwise(pl.lit("first")))
            .otherwise("edition")
            .alias("edition")
        )

    figure = draw_groups_over_time(changed_release(values=renew), SERVICE, Cut.LOCAL_QUINTILE)
    assert figure is not None
    assert "The fifths were drawn up anew in this time (first; then second)" in figure.summary
