"""Published tenths of England's areas, drawn and said as what they are."""

from __future__ import annotations

import pytest

from evenground.reports.cells import Cell
from evenground.reports.sentences import say_decile_gap
from evenground.vocabulary import ValueNote

WHAT = "England’s districts"


def tenths(most: Cell, least: Cell) -> list[Cell]:
    return [most, *(Cell(str(number)) for number in range(2, 10)), least]


def shown(value: float, spread: float = 0.1) -> Cell:
    return Cell("", value, value - spread, value + spread, ValueNote.PUBLISHED)


@pytest.mark.parametrize(
    ("most", "least", "polarity", "end"),
    [
        (shown(20), shown(10), "lower_is_better", "a gap of 10 percentage points."),
        (
            shown(10),
            shown(20),
            "lower_is_better",
            "a difference of 10 percentage points, in favour of the most deprived tenth.",
        ),
        (shown(20), shown(20), "none", "no difference."),
    ],
)
def test_the_gap_between_tenths_names_what_they_are_tenths_of(most, least, polarity, end):
    told = say_decile_gap(tenths(most, least), what=WHAT, unit="%", polarity=polarity)
    assert told.startswith(f"In the most deprived tenth of {WHAT} the figure is ")
    assert told.endswith(end)


def test_no_gap_is_told_where_an_end_has_no_figure():
    told = say_decile_gap(
        tenths(Cell("", note=ValueNote.SUPPRESSED), shown(10)), what=WHAT, unit="%", polarity="none"
    )
    assert told.startswith(
        "No gap can be given: the most deprived tenth of England’s districts is suppressed"
    )
