"""How areas stand to the place: read from a release, in words, and as pictures."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from evenground.reports.cells import Cell
from evenground.reports.side_by_side import draw_compared, make_compared, say_compared
from evenground.reports.spines import draw_spine
from evenground.reports.standings import read_standings, say_overview, say_standing
from evenground.reports.svg import ATTRIBUTES, ELEMENTS
from tests.support.release_factory import PLACE_NAME, SUPPRESSED_LSOA

OLD_TOWN, FAIRFIELD = "X02000001", "X02000003"
NAMES = {"area_name": "Fairfield & Vale", "place_name": PLACE_NAME}


def spine_of(release, code, area_type="msoa"):
    return draw_spine(
        read_standings(release, area_type, code), area_type=area_type, area_code=code, noun="areas", **NAMES
    )


def cell(label, value, half=1.0, note="published"):
    if note != "published":
        return Cell(label, note=note)
    return Cell(label, value, value - half, value + half, note)


def test_a_standing_holds_the_figures_of_the_release_and_works_none_out(release):
    standing = {one.info.id: one for one in read_standings(release, "msoa", FAIRFIELD)}["bowel_screening"]
    rows = release.latest_values.filter(
        (pl.col("indicator_id") == "bowel_screening") & (pl.col("cut") == "all")
    )
    own = rows.filter((pl.col("area_type") == "msoa") & (pl.col("area_code") == FAIRFIELD)).row(0, named=True)
    place = rows.filter(pl.col("area_type") == "place").row(0, named=True)
    assert (standing.cell.value, standing.cell.lower, standing.cell.upper) == (
        own["value"],
        own["lower_cl"],
        own["upper_cl"],
    )
    assert standing.comparison == own["comparison"]
    assert standing.place.value == place["value"]


def test_quartiles_are_of_the_areas_that_have_a_figure_without_the_unknown(release):
    standing = {one.info.id: one for one in read_standings(release, "lsoa", SUPPRESSED_LSOA)}[
        "smi_annual_health_check"
    ]
    rows = release.latest_values.filter(
        (pl.col("indicator_id") == "smi_annual_health_check")
        & (pl.col("area_type") == "lsoa")
        & (pl.col("area_code") != "unknown")
    )
    values = np.array(rows.filter(pl.col("value_note").is_in(["published", "zero"]))["value"])
    spread = standing.spread
    assert spread is not None
    assert spread.areas == len(values) == 10
    assert (spread.lowest, spread.highest) == (values.min(), values.max())
    assert (spread.lower_quartile, spread.upper_quartile) == pytest.approx(np.percentile(values, [25, 75]))
    assert standing.cell.value is None
    assert standing.cell.note == "suppressed"


def test_a_quarter_of_three_areas_is_nobody(release):
    spreads = [one.spread for one in read_standings(release, "msoa", FAIRFIELD)]
    assert [(one.areas, one.lower_quartile, one.upper_quartile) for one in spreads] == [(3, None, None)] * 4
    assert all(row[7:9] == ("too few areas", "too few areas") for row in spine_of(release, FAIRFIELD).rows)


def test_a_type_of_area_without_figures_has_no_standings(release):
    assert read_standings(release, "practice", "Y1") == []
    assert spine_of(release, "Y1", "practice") is None


def test_only_what_is_clearly_worse_is_named_and_the_furthest_by_share_first(release):
    standings = read_standings(release, "msoa", FAIRFIELD)
    words = say_standing(standings, **NAMES)
    worse = sorted((one for one in standings if one.comparison == "worse"), key=lambda one: -abs(one.shift))
    assert worse
    named = re.findall(r"(\w[\w ]*?) \([\d.,]+[^)]* against", words.partition("figure: ")[2])
    assert [name.removeprefix("and ") for name in named] == [one.info.short_name for one in worse]


def test_an_area_that_is_worse_on_nothing_is_told_so():
    counts = {"better": 1, "similar": 3}
    words = say_overview(counts, [("Old Town", 0, 4)], place_name="Samplebury", hidden=0, noun="area")
    assert words == (
        "Of 4 figures compared with Samplebury, 1 is better and 3 similar. "
        "No area is clearly worse on anything."
    )


def test_the_sentence_of_a_whole_table_says_what_chance_alone_would_do():
    leaders = [("Mill Bank", 2, 40), ("Old Town", 9, 40), ("Vale", 2, 30), ("Fen", 1, 40), ("Hill", 0, 40)]
    words = say_overview(
        {"worse": 14, "better": 6, "similar": 170}, leaders, place_name="Samplebury", hidden=1, noun="area"
    )
    assert words == (
        "Of 190 figures compared with Samplebury, 14 are worse, 6 better and 170 similar. "
        "If nothing differed, chance alone would still put about 5 figures on each side. "
        "Most often worse: Old Town (9 of 40 indicators), Mill Bank (2 of 40 indicators) and "
        "Vale (2 of 30 indicators). 1 figure is suppressed: too few people to publish."
    )


def test_a_table_that_compares_nothing_says_so():
    assert say_overview({}, [], place_name="Samplebury", hidden=2, noun="group") == (
        "No figure here can be compared with Samplebury. 2 figures are suppressed: too few people to publish."
    )


def test_two_that_surely_differ_are_named_before_two_that_are_further_apart_by_chance():
    cells = [cell("A", 68.2), cell("B", 60.0), cell("Few", 50.0, 20.0)]
    assert say_compared(cells, unit="%", polarity="higher_is_better") == (
        "B (60.0%) is worse than A (68.2%), by 8.2 percentage points."
    )


@pytest.mark.parametrize(
    ("cells", "polarity", "words"),
    [
        ([cell("A", 10.0), cell("B", 20.0)], "lower_is_better", "B (20.0%) is worse than A (10.0%), by 10"),
        ([cell("A", 10.0), cell("B", 20.0)], "none", "B (20.0%) is higher than A (10.0%), by 10"),
        (
            [cell("A", 10.0), cell("B", 11.5)],
            "higher_is_better",
            "A (10.0%) is probably worse than B (11.5%)",
        ),
        ([cell("A", 10.0), cell("B", 10.5)], "higher_is_better", "the numbers are too small to say"),
        ([cell("A", 10.0), cell("B", 10.01)], "higher_is_better", "No difference: they stand at 10.0%."),
        ([Cell("A", 10.0, note="published"), cell("B", 30.0)], "none", "without intervals nobody can say"),
        ([cell("A", 10.0), cell("B", 0, note="suppressed")], "none", "There are not two figures to compare."),
        ([cell("A", 10.0), cell("B", 0, note="suppressed")], "none", "1 figure suppressed"),
    ],
)
def test_the_sentence_of_a_comparison_claims_no_more_than_the_intervals_allow(cells, polarity, words):
    assert words in say_compared(cells, unit="%", polarity=polarity)


def test_better_is_to_the_right_whichever_direction_is_good(release):
    figure = spine_of(release, OLD_TOWN)
    titled = re.findall(r'translate\(([\d.]+),[\d.]+\)"[^>]*><title>([^<]*)</title>', figure.svg)
    places = {title.rpartition(", ")[2]: float(x) for x, title in titled}
    middle = 220.0
    assert titled
    for word, x in places.items():
        assert (x > middle) == (word == "better") or word not in ("better", "worse")


def test_pictures_hold_only_what_may_stand_in_a_page_and_are_the_same_again(release):
    info = release.indicators["bowel_screening"]
    rows = release.latest_values.filter(
        (pl.col("indicator_id") == info.id) & (pl.col("area_type") == "msoa") & (pl.col("cut") == "all")
    )
    compared = [make_compared("<b>one</b>", row) for row in rows.iter_rows(named=True)]
    for draw in (
        lambda: spine_of(release, FAIRFIELD),
        lambda: spine_of(release, SUPPRESSED_LSOA, "lsoa"),
        lambda: draw_compared(("compare", "msoa"), info, compared, cell("Samplebury", 66.0)),
        lambda: draw_compared(("compare", "none"), info, [make_compared("A", None)] * 2, Cell("Samplebury")),
    ):
        figure = draw()
        assert figure.svg == draw().svg
        assert set(re.findall(r"<(\w+)", figure.svg)) <= ELEMENTS | {"title", "desc"}
        inside = figure.svg.partition('aria-hidden="true">')[2]
        assert set(re.findall(r'\s([\w-]+)="', inside)) <= ATTRIBUTES | {"patternUnits"}
        assert "<b>" not in figure.svg


def test_a_suppressed_figure_has_no_mark(release):
    figure = spine_of(release, SUPPRESSED_LSOA, "lsoa")
    row = next(row for row in figure.rows if row[0].startswith("Physical health check"))
    assert row[1:5] == ("suppressed", "none", row[3], "not compared")
    assert figure.svg.count("<title>") == sum(one[1][0].isdigit() for one in figure.rows)
