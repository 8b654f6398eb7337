"""One indicator by two breakdowns at once: what is drawn, what is said, and what stays out of the picture."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.reports.dumbbells import draw_cut_pair
from evenground.reports.figures import pair_choices, read_pair
from evenground.reports.marks import SERIES

INDICATOR = "bowel_screening"


@pytest.fixture
def cut(release) -> str:
    return next(iter(pair_choices(release, INDICATOR)))


def test_every_published_figure_of_the_table_has_its_shape(release, look, cut):
    figure = draw_cut_pair(release, INDICATOR, cut)
    pair = read_pair(release, INDICATOR, cut)
    drawn = [place for place, name in enumerate(pair.columns) if name != "Area unknown"]
    rows = [cells[place] for _, cells in pair.lines for place in drawn]
    shown = [row for row in rows if row and row.note in ("published", "zero")]
    picture = look(figure.svg)
    paths = picture.root.iter(f"{picture.namespace}path")
    marks = [path for path in paths if path.find(f"{picture.namespace}title") is not None]
    assert len(marks) == len(shown) > 3
    assert {mark.get("fill") for mark in marks} <= {fill for fill, _ in SERIES}


def test_the_table_behind_it_has_each_group_of_both(release, cut):
    figure = draw_cut_pair(release, INDICATOR, cut)
    pair = read_pair(release, INDICATOR, cut)
    assert len(figure.rows) == len(pair.lines) * len(pair.columns)
    assert figure.rows[0][0] == f"{pair.lines[0][0]}: {pair.columns[0]}"


def test_the_sentence_names_the_line_in_which_figures_differ_most(release, cut):
    figure = draw_cut_pair(release, INDICATOR, cut)
    names = [name for name, _ in read_pair(release, INDICATOR, cut).lines]
    assert figure.summary.startswith("The groups differ most in ‘")
    assert figure.summary.split("‘")[1].split("’")[0] in names


def test_suppressed_figures_are_counted_and_not_drawn(changed_release, look, cut):
    def hide(values: pl.DataFrame) -> pl.DataFrame:
        chosen = (pl.col("indicator_id") == INDICATOR) & (pl.col("cut") == cut)
        emptied = [
            pl.when(chosen).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("value", "lower_cl", "upper_cl", "numerator", "denominator")
        ]
        note = pl.when(chosen).then(pl.lit("suppressed")).otherwise(pl.col("value_note")).alias("value_note")
        return values.with_columns(*emptied, note)

    assert draw_cut_pair(changed_release(values=hide), INDICATOR, cut) is None
