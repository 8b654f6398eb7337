"""What a chart is said to show: no more than its figures allow."""

from __future__ import annotations

import pytest

from evenground.reports.cells import Cell
from evenground.reports.sentences import (
    Certainty,
    judge_difference,
    say_area_spread,
    say_ethnic_differences,
    say_quintile_gap,
    say_top_community,
)


def cell(label: str, value: float | None = None, spread: float | None = 1.0, **changes) -> Cell:
    if value is None:
        return Cell(label, **{"note": "missing", **changes})
    limits = (None, None) if spread is None else (value - spread, value + spread)
    return Cell(label, value, *limits, **{"note": "published", **changes})


SUPPRESSED = cell("x", note="suppressed")
MISSING = cell("x")
TOO_FEW = cell("x", note="too_few_events")


def fifths(most: Cell, least: Cell) -> list[Cell]:
    return [most, cell("2", 60.0), cell("3", 60.0), cell("4", 60.0), least]


SERVICE = (
    "In the most deprived fifth of England’s areas {} of people were reached, "
    "in the least deprived fifth {}: {}."
)
FIGURE = "In the most deprived fifth of England’s areas the figure is {}, in the least deprived fifth {}: {}."
NO_INTERVAL = ", but without intervals nobody can say whether that is more than chance"
TOO_SMALL = "the numbers are too small to say whether there is a real difference"


@pytest.mark.parametrize(
    ("most", "least", "sentence"),
    [
        (cell("", 58.3), cell("", 74.1), SERVICE.format("58.3%", "74.1%", "a gap of 15.8 percentage points")),
        (
            cell("", 58.0, 3.0),
            cell("", 62.0, 3.0),
            SERVICE.format("58.0%", "62.0%", "probably a gap of 4 percentage points"),
        ),
        (cell("", 58.0, 5.0), cell("", 62.0, 5.0), SERVICE.format("58.0%", "62.0%", TOO_SMALL)),
        (cell("", 58.04), cell("", 58.0), SERVICE.format("58.0%", "58.0%", "no difference")),
        (
            cell("", 74.0),
            cell("", 58.0),
            SERVICE.format(
                "74.0%", "58.0%", "a difference of 16 percentage points, in favour of the most deprived fifth"
            ),
        ),
        (
            cell("", 58.0, None),
            cell("", 74.0),
            SERVICE.format(
                "58.0%",
                "74.0%",
                f"16 percentage points apart{NO_INTERVAL}",
            ),
        ),
        (
            cell("", 0.0, None, note="zero"),
            cell("", 74.0, None),
            SERVICE.format(
                "0%",
                "74.0%",
                f"74 percentage points apart{NO_INTERVAL}",
            ),
        ),
    ],
)
def test_the_gap_of_a_service_is_said_as_surely_as_its_intervals_allow(most, least, sentence):
    said = say_quintile_gap(fifths(most, least), unit="%", polarity="higher_is_better", is_service=True)
    assert said == sentence


@pytest.mark.parametrize(
    ("polarity", "most", "ending"),
    [
        ("lower_is_better", 300.0, "a gap of 100 per 100,000"),
        ("lower_is_better", 100.0, "a difference of 100 per 100,000, in favour of the most deprived fifth"),
        ("higher_is_better", 100.0, "a gap of 100 per 100,000"),
        ("none", 300.0, "a difference of 100 per 100,000"),
    ],
)
def test_which_direction_is_a_gap_follows_polarity(polarity, most, ending):
    cells = fifths(cell("", most), cell("", 200.0))
    said = say_quintile_gap(cells, unit="per 100,000", polarity=polarity, is_service=False)
    assert said == FIGURE.format(f"{most:.1f} per 100,000", "200.0 per 100,000", ending)


@pytest.mark.parametrize(
    ("most", "least", "sentence"),
    [
        (
            SUPPRESSED,
            cell("", 74.1),
            "No gap can be given: the most deprived fifth of England’s areas is suppressed "
            "(too few people to publish) and the least deprived fifth stands at 74.1%.",
        ),
        (
            cell("", 58.3),
            MISSING,
            "No gap can be given: the most deprived fifth of England’s areas stands at 58.3% "
            "and the least deprived fifth has no data.",
        ),
        (
            TOO_FEW,
            SUPPRESSED,
            "No gap can be given: the most deprived fifth of England’s areas has too few events "
            "to calculate a rate and the least deprived fifth is suppressed (too few people to publish).",
        ),
    ],
)
def test_no_gap_is_made_up_where_an_end_has_no_figure(most, least, sentence):
    said = say_quintile_gap(fifths(most, least), unit="%", polarity="higher_is_better", is_service=True)
    assert said == sentence


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ([MISSING] * 5, "There are no figures by deprivation here."),
        ([SUPPRESSED] * 5, "Every figure by deprivation is suppressed: too few people to publish."),
    ],
)
def test_nothing_published_by_deprivation_is_said_plainly(cells, sentence):
    assert say_quintile_gap(cells, unit="%", polarity="none", is_service=False) == sentence


def test_intervals_that_only_touch_are_not_apart():
    assert judge_difference(cell("", 50.0, 2.0), cell("", 54.0, 2.0)) is Certainty.PROBABLE


def test_a_cell_without_a_value_cannot_be_compared():
    with pytest.raises(ValueError, match="Only published values"):
        judge_difference(SUPPRESSED, cell("", 1.0))


OVERALL = cell("Samplebury overall", 60.0, denominator=1000)


def say_groups(groups: list[Cell], polarity: str = "higher_is_better", overall: Cell = OVERALL) -> str:
    return say_ethnic_differences(groups, overall, area_name="Samplebury", unit="%", polarity=polarity)


@pytest.mark.parametrize(
    ("polarity", "sentence"),
    [
        (
            "higher_is_better",
            "Clearly worse than Samplebury overall (60.0%): "
            "B (40.0%) and A (50.0%). Clearly better: C (70.0%).",
        ),
        (
            "lower_is_better",
            "Clearly worse than Samplebury overall (60.0%): "
            "C (70.0%). Clearly better: B (40.0%) and A (50.0%).",
        ),
        (
            "none",
            "Clearly lower than Samplebury overall (60.0%): "
            "B (40.0%) and A (50.0%). Clearly higher: C (70.0%).",
        ),
    ],
)
def test_groups_are_compared_with_everybody_by_polarity_the_furthest_first(polarity, sentence):
    groups = [cell("C", 70.0), cell("D", 60.5), cell("A", 50.0), cell("B", 40.0)]
    assert say_groups(groups, polarity) == f"{sentence} Ethnic group is not recorded for 0% of those counted."


def test_a_group_whose_interval_holds_the_overall_figure_is_not_called_different():
    said = say_groups([cell("A", 58.0, 3.0)])
    assert said.startswith("No group is clearly different from Samplebury overall (60.0%).")


def test_suppressed_groups_are_counted_and_incomplete_coding_is_told():
    groups = [
        cell("A", 60.0),
        cell("B", note="suppressed"),
        cell("Not stated", 50.0, denominator=40, recorded=False),
        cell("Missing", 50.0, denominator=15, recorded=False),
    ]
    assert say_groups(groups).endswith(
        "1 group is suppressed: too few people to publish. "
        "Ethnic group is not recorded for 5.5% of those counted."
    )


def test_completeness_is_a_lower_bound_where_a_part_of_it_is_suppressed():
    groups = [
        cell("A", 60.0),
        cell("Not stated", 50.0, denominator=40, recorded=False),
        cell("Missing", note="suppressed", recorded=False),
    ]
    assert say_groups(groups).endswith("Ethnic group is not recorded for at least 4.0% of those counted.")
    assert say_groups([groups[0], groups[2]]).endswith("no recorded ethnic group is suppressed.")


def test_every_group_suppressed_is_one_sentence():
    said = say_groups([cell("A", note="suppressed"), cell("B", note="suppressed")])
    assert said.startswith("Every group is suppressed: too few people to publish.")


def test_groups_are_not_compared_with_a_place_that_has_no_figure():
    said = say_groups([cell("A", 60.0)], overall=cell("", note="suppressed"))
    assert said == "Samplebury as a whole has no published figure to compare with."


def test_groups_without_intervals_are_not_compared():
    assert say_groups([cell("A", 10.0, None)]).startswith("Without intervals, no group can be compared")


def test_no_group_with_a_figure_is_said_plainly():
    assert say_groups([cell("A"), cell("B")]).startswith("There are no figures by group.")


def say_areas(areas: list[Cell]) -> str:
    return say_area_spread(areas, OVERALL, place_name="Samplebury", unit="%", polarity="higher_is_better")


def test_areas_are_ranged_counted_against_the_place_and_the_suppressed_told():
    areas = [
        cell("Low", 40.0),
        cell("Mid", 60.0),
        cell("Other mid", 60.5),
        cell("High", 70.0),
        cell("Hidden", note="suppressed"),
        cell("Empty"),
    ]
    assert say_areas(areas) == (
        "Areas range from 40.0% (Low) to 70.0% (High). Of 4 areas compared with Samplebury overall (60.0%), "
        "1 is clearly worse and 1 is clearly better; for the other 2 the difference may be chance. "
        "1 area is suppressed: too few people to publish."
    )


@pytest.mark.parametrize(
    ("areas", "sentence"),
    [
        ([cell("A")], "There are no figures for these areas."),
        ([SUPPRESSED, SUPPRESSED], "Every area is suppressed: too few people to publish."),
        (
            [cell("A", 60.0)],
            "One area has a published figure: A, 60.0%. "
            "No area is clearly different from Samplebury overall (60.0%).",
        ),
        (
            [cell("A", 60.0), cell("B", 60.0)],
            "All 2 areas with a published figure stand at 60.0%. "
            "No area is clearly different from Samplebury overall (60.0%).",
        ),
        (
            [cell("A", 40.0), cell("B", 41.0)],
            "Areas range from 40.0% (A) to 41.0% (B). "
            "Of 2 areas compared with Samplebury overall (60.0%), "
            "2 are clearly worse and none is clearly better.",
        ),
    ],
)
def test_few_or_equal_areas_are_said_plainly(areas, sentence):
    assert say_areas(areas) == sentence


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ([], "There is no ranking for this service."),
        ([cell("A", 185, 25)], "Most are missing out in A: about 185 (160 to 210) people."),
        (
            [cell("A", 185, 25), cell("B", 100, 25)],
            "Most are missing out in A: about 185 (160 to 210) people. "
            "It is clearly ahead of the others here.",
        ),
        (
            [cell("A", 185, 25), cell("B", 170, 25), cell("C", 100, 25)],
            "Most are missing out in A: about 185 (160 to 210) people. "
            "The order is not certain: 1 other community here could be as high.",
        ),
        ([cell("A", 1, None)], "Most are missing out in A: about 1 person."),
    ],
)
def test_the_first_community_is_named_with_how_sure_its_place_is(cells, sentence):
    assert say_top_community(cells, name="A", singular="person", plural="people") == sentence
