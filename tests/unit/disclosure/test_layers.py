"""Layers that are too thin to show are withheld whole, so that what adds them up can be shown."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from evenground.disclosure import audit, choose_layers, choose_secondary, load_policy
from tests.support.town import Town, close, make_people, publish, withhold

ROUNDED = load_policy("nhs-7-5")
AREAS = tuple(f"L{number:02}" for number in range(40))
LAYER = ["area_type", "area_code", "cut"]


def spread(with_somebody: int, each: int = 1) -> Town:
    """A town where some areas have so many people, and the others none."""
    number = range(len(AREAS))
    people = make_people(
        {
            (area, "female" if k // 4 % 2 else "male", "A"): ((each, each) if k < with_somebody else (0, 0))
            for k, area in enumerate(AREAS)
        }
    )
    return Town(
        people,
        msoa={area: f"M{k % 4}" for k, area in zip(number, AREAS, strict=True)},
        ward={area: f"W{k % 4}" for k, area in zip(number, AREAS, strict=True)},
        fifth={area: 1 + k % 4 for k, area in zip(number, AREAS, strict=True)},
    )


def total(values: pl.DataFrame) -> dict[str, object]:
    return values.row(by_predicate=(pl.col("area_type") == "place") & (pl.col("cut") == "all"), named=True)


def layer(values: pl.DataFrame, area_type: str) -> pl.DataFrame:
    return values.filter((pl.col("area_type") == area_type) & (pl.col("cut") == "all"))


def test_zeros_beside_many_ones_give_the_ones_away_and_a_withheld_layer_does_not():
    """Forty areas, thirty-six of which share 35 people by the tables: nobody can have more than a few."""
    told = publish(spread(36), ROUNDED, secondary=False)
    assert not audit(told).is_safe
    without_layers = choose_secondary(told)
    assert total(withhold(told, without_layers).tables["values"])["value_note"] == "suppressed"
    closed = close(told)
    assert audit(closed, thorough=True).is_safe
    assert total(closed.tables["values"])["denominator"] == 35
    areas = layer(closed.tables["values"], "lsoa")
    assert areas.height == len(AREAS)
    assert areas["value_note"].unique().to_list() == ["suppressed"]
    figures = areas.select("numerator", "denominator", "value", "lower_cl", "upper_cl")
    assert set(figures.null_count().row(0)) == {len(AREAS)}


def some_areas(shown: int, hidden: int) -> pl.DataFrame:
    """A ``values`` table of so many areas with 10 people, and so many with a few."""
    number = range(shown + hidden)
    return pl.DataFrame(
        {
            "indicator_id": "tested",
            "period": "to 2026-03-31",
            "area_type": "lsoa",
            "area_code": [f"L{k:02}" for k in number],
            "cut": "all",
            "category": "all",
            "denominator": [10 if k < shown else None for k in number],
        }
    )


@pytest.mark.parametrize(("shown", "hidden", "goes"), [(1, 22, False), (1, 23, True), (2, 45, False)])
def test_a_layer_that_shows_a_tenth_of_its_people_stays(shown, hidden, goes):
    """A hidden count is taken for four people: 10 of 10 + 4 x 22 are more than a tenth, of 4 x 23 fewer."""
    assert choose_layers(some_areas(shown, hidden), ROUNDED).is_empty() is not goes


def test_what_is_hidden_alone_decides_and_not_how_small_it_is():
    """Two towns that look alike to a reader have the same layers withheld."""
    one, other = (
        publish(spread(36, each=each), ROUNDED, secondary=False).tables["values"] for each in (1, 7)
    )
    layers = [choose_layers(values, ROUNDED).filter(pl.col("area_type") == "lsoa") for values in (one, other)]
    assert layers[0].height == 2 * len(AREAS)
    assert layers[0].equals(layers[1])


def test_layers_of_nobody_or_of_people_enough_stay():
    nobody = publish(spread(0), ROUNDED, secondary=False).tables["values"]
    enough = publish(spread(40, each=20), ROUNDED, secondary=False).tables["values"]
    assert choose_layers(nobody, ROUNDED).is_empty()
    assert choose_layers(enough, ROUNDED).is_empty()


def test_the_cut_of_an_area_is_a_layer_of_its_own():
    town = spread(36)
    more = {("L39", sex, group): (30, 50) for sex in ("female", "male") for group in ("A", "H")}
    people = pl.concat([town.people, make_people(more)])
    chosen = choose_layers(
        publish(replace(town, people=people), ROUNDED, secondary=False).tables["values"], ROUNDED
    )
    by_sex = chosen.filter((pl.col("area_type") == "msoa") & (pl.col("cut") == "sex"))
    # Each of the others has nine people, and can show neither sex; M3 can.
    assert by_sex["area_code"].unique().sort().to_list() == ["M0", "M1", "M2"]


@pytest.mark.parametrize(
    "changes", [{"secondary": False}, {"hides_zero": True}, {"names_reasons": True}], ids=str
)
def test_policies_that_show_no_such_zeros_or_say_why_have_no_layers(changes):
    policy = ROUNDED.model_copy(update=changes)
    values = publish(spread(36), ROUNDED, secondary=False).tables["values"]
    assert choose_layers(values, policy).is_empty()
    assert set(choose_layers(values, policy).columns) == {
        "indicator_id",
        "period",
        "part",
        *LAYER,
        "category",
    }


def test_published_figures_and_totals_are_never_withheld():
    values = (
        publish(spread(36), ROUNDED, secondary=False)
        .tables["values"]
        .with_columns(pl.lit("published").alias("basis"))
    )
    assert choose_layers(values, ROUNDED).is_empty()
    own = values.with_columns(pl.lit("counted").alias("basis"))
    chosen = choose_layers(own, ROUNDED)
    assert not chosen.is_empty()
    assert chosen.filter((pl.col("area_type") == "place") & (pl.col("cut") == "all")).is_empty()
