"""Need, gap and benefit stand beside one another, and nobody is passed over unseen."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.spending import (
    WORTH,
    Deliverability,
    Known,
    Offer,
    add_worth,
    plan_spending,
    say_passed_over,
    value_communities,
)
from tests.support.spending import REVIEWED, make_evidence, make_intervention, make_table

BY = ["service_id", "area_code"]


@pytest.fixture
def table() -> pl.DataFrame:
    return make_table(
        [30.0, 40.0, 20.0],
        eligible=[200.0, 300.0, 100.0],
        service_id=["bowel", "checks", "bowel"],
        reached=[120, 160, 70],
        plus_group=[None, "Roma people", ""],
        travel_minutes=[5, 40, 10],
    )


def test_need_gap_and_benefit_are_three_columns(table):
    valued = value_communities(table, [make_evidence("gain", "bowel", 0.02)], by=BY, top=2)
    assert valued["need"].to_list() == [140, 80, 30]
    assert valued["gap"].to_list() == [40, 30, 20]
    assert valued["expected_benefit"].to_list() == [None, pytest.approx(0.6), pytest.approx(0.4)]
    assert valued["rank_by_benefit"].to_list() == [None, 1, 2]
    assert valued["travel_minutes"].to_list() == [40, 5, 10]
    known = valued.drop_nulls("expected_benefit")
    assert (known["benefit_lower_cl"] < known["expected_benefit"]).all()
    assert (known["benefit_upper_cl"] > known["expected_benefit"]).all()
    assert known["evidence_id"].to_list() == ["gain", "gain"]


def test_a_plus_group_that_benefit_alone_would_pass_over_is_flagged(table):
    some = [make_evidence("gain", "bowel", 0.02), make_evidence("less", "checks", 0.001)]
    valued = value_communities(table, some, by=BY, top=1)
    assert valued.filter("passed_over")["plus_group"].to_list() == ["Roma people"]
    assert "would pass over: Roma people" in say_passed_over(valued)
    fair = value_communities(table, [some[0], make_evidence("more", "checks", 0.1)], by=BY, top=1)
    assert not fair["passed_over"].any()
    assert say_passed_over(fair) == ""


def test_without_evidence_nothing_is_said_of_benefit(table):
    valued = value_communities(table, [], by=BY)
    assert valued["expected_benefit"].null_count() == 3
    assert valued["passed_over"].null_count() == 3


def test_the_need_may_be_any_column_of_numbers(table):
    valued = value_communities(table, [], by=BY, need="travel_minutes")
    assert valued["need"].to_list() == [40, 10, 5]
    with pytest.raises(InputError, match='Did you mean "travel_minutes"'):
        value_communities(table, [], by=BY, need="travel_minuts")


def test_the_record_for_fewer_people_goes_before_that_for_all(table):
    records = [
        make_evidence("all", "bowel", 0.02),
        make_evidence("some", "bowel", 0.5, applies_to={"area_code": ("E00000002",)}),
    ]
    valued = value_communities(table, records, by=BY).sort("area_code")
    assert valued["evidence_id"].to_list() == ["all", None, "some"]


def test_money_goes_where_it_does_most_good_where_benefit_is_asked_for(table):
    offer = Offer((make_intervention(contacts=100, capacity={"in_one_place": 1}),))
    records = [make_evidence("gain", "bowel", 0.02), make_evidence("less", "checks", 0.001)]
    asked = {"by": BY, "evidence": records, "budget": 100}
    by_people = plan_spending(table, offer, **asked)
    by_benefit = plan_spending(table, offer, maximise="benefit", **asked)
    assert by_people.plan["service_id"].to_list() != ["checks"]
    assert by_benefit.plan["service_id"].to_list() == ["bowel"]
    assert by_benefit.benefit == pytest.approx(0.02 * by_benefit.expected)
    assert by_benefit.benefit_lower_cl < by_benefit.benefit < by_benefit.benefit_upper_cl


def test_benefit_cannot_be_maximised_without_evidence_or_in_two_units(table):
    offer = Offer((make_intervention(),))
    with pytest.raises(InputError, match="none of the service checks for 1 communities"):
        plan_spending(
            table, offer, by=BY, budget=100, maximise="benefit", evidence=[make_evidence("a", "bowel", 0.1)]
        )
    records = [make_evidence("a", "bowel", 0.1), make_evidence("b", "checks", 0.1, unit="deaths put off")]
    with pytest.raises(InputError, match="several units"):
        plan_spending(table, offer, by=BY, budget=100, maximise="benefit", evidence=records)


def known(*rows: Known, name: str = "survey") -> Deliverability:
    return Deliverability(**REVIEWED, id=name, name="A survey", source=f"The {name} of 2026", known=rows)


def test_what_is_known_of_serving_stands_beside_and_the_more_exact_record_is_believed(table):
    records = [
        known(
            Known(communities={"service_id": ("bowel",)}, capacity=40, barriers_heard=("No bus", "No time"))
        ),
        known(
            Known(communities={"service_id": ("bowel",), "area_code": ("E00000002",)}, capacity=5),
            name="visit",
        ),
        known(Known(communities={"ward": ("X",)}, capacity=1), name="elsewhere"),
    ]
    valued = value_communities(table, [], by=BY, deliverability=records).sort("area_code")
    assert valued["capacity"].to_list() == [40, None, 5]
    assert valued["barriers_heard"].to_list() == ["No bus; No time", None, "No bus; No time"]
    assert valued["delivery_source"].to_list() == [
        "The survey of 2026", None, "The survey of 2026; The visit of 2026",
    ]  # fmt: skip
    # What the table itself says is not gone over.
    assert valued["travel_minutes"].to_list() == [5, 40, 10]


def test_benefits_in_several_units_have_no_order(table):
    records = [make_evidence("a", "bowel", 0.02), make_evidence("b", "checks", 0.1, unit="deaths put off")]
    valued = value_communities(table, records, by=BY, top=1)
    assert valued["expected_benefit"].null_count() == 0
    assert valued["rank_by_benefit"].null_count() == 3
    assert valued["passed_over"].null_count() == 3


def test_a_ranking_keeps_its_order_and_its_rows_without_counts(table):
    hidden = pl.DataFrame({"service_id": ["bowel"], "area_code": ["E00000009"]})
    ranking = pl.concat([table.sort("expected_missing"), hidden], how="diagonal")
    offer = [make_intervention("clinic", reaches={"service_id": ("checks",)})]
    valued = add_worth(ranking, [make_evidence("gain", "bowel", 0.02)], by=BY, interventions=offer)
    assert valued["area_code"].to_list() == ranking["area_code"].to_list()
    assert valued["need"].to_list() == [30, 80, 140, None]
    assert valued["can_be_reached_by"].to_list() == [None, None, "The clinic", None]
    assert set(WORTH) <= set(valued.columns)


def test_nothing_can_be_said_beside_a_ranking_that_shows_no_counts(table):
    valued = add_worth(table.with_columns(eligible=pl.lit(None, pl.Float64)), [], by=BY)
    assert valued["need"].null_count() == 3
