"""Weights, floors, the price of each, and what is asked for that cannot be had."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.spending import Offer, check_communities, plan_spending, read_weights
from evenground.spending.weights import make_weights
from tests.support.spending import BY, make_intervention, make_offer, make_place, make_table

OFFER = Offer((make_intervention(),))


def test_weights_are_shown_and_change_who_is_reached():
    table = make_table([40.0, 36.0])
    even = plan_spending(table, OFFER, budget=100, by=["area_code"])
    other = plan_spending(table, OFFER, budget=100, by=["area_code"], weights="area_code=E00000001:1.5")
    assert even.plan["area_code"].to_list() == ["E00000000"]
    assert other.plan["area_code"].to_list() == ["E00000001"]
    assert other.communities["equity_weight"].to_list() == [1.0, 1.5]
    assert "area_code E00000001: 1.5" in other.weights


def test_weights_by_deprivation_and_by_atkinson_are_one_on_average_over_those_missing_out():
    table = make_table([30.0, 10.0], imd_quintile=[1, 5], reached=[20, 80])
    communities = check_communities(table, ["area_code"])
    for text, ratio in (("proportionate:1", 2.0), ("atkinson:0.5", 2.0)):
        weights, faults = read_weights(text)
        made = make_weights(communities, weights)
        assert not faults
        assert made @ communities.missing == pytest.approx(40)
        assert made[0] / made[1] == pytest.approx(ratio)


@pytest.mark.parametrize(
    "text", ["atkinson", "atkinson:-1", "proportionate:none", "fair", "area_code=E1", "a=b:-2", "none:1"]
)
def test_weights_that_say_nothing_are_refused(text):
    with pytest.raises(InputError, match="weights"):
        plan_spending(make_table([40.0]), OFFER, budget=100, by=["area_code"], weights=text)


def test_a_floor_is_met_at_its_price():
    table = make_table([40.0, 20.0], town=["North", "South"])
    free = plan_spending(table, OFFER, budget=200, by=["area_code"])
    held = plan_spending(table, OFFER, budget=200, by=["area_code"], floors=["town:4"])
    assert free.expected == pytest.approx(17.5)
    assert held.expected == pytest.approx(15)
    assert held.floors["price"].to_list() == pytest.approx([0, 2.5])
    assert held.floors["expected_reached"].to_list() == pytest.approx([10, 5])


def test_a_floor_never_raises_the_total_and_more_money_never_lowers_it():
    place, offer = make_place(48), make_offer()
    asked = {"by": BY, "careful": False, "frontier": False, "draws": 20, "gap": 0.002}
    totals = [plan_spending(place, offer, budget=budget, **asked).expected for budget in (4000, 8000, 16000)]
    assert totals == sorted(totals)
    held = plan_spending(place, offer, budget=8000, floors=["town:1%", "plus_group:2%"], **asked)
    assert held.expected <= totals[1] * 1.002
    for row in held.floors.iter_rows(named=True):
        assert row["expected_reached"] >= row["at_least"] - 1e-4


def test_the_frontier_goes_one_way_and_the_worst_tenth_is_no_worse_than_the_plain_plan_s():
    answer = plan_spending(
        make_place(48), make_offer(), budget=12_000, by=BY, weights="proportionate:3", draws=60
    )
    frontier = answer.frontier
    assert frontier.height > 1
    assert frontier["total"].is_sorted(descending=True)
    assert frontier["weighted"].is_sorted()
    worst = dict(answer.comparisons.select("plan", "value_worst_tenth").iter_rows())
    assert worst["careful"] >= worst["plan"]
    assert worst["plan"] > worst["by_head"]
    value = dict(answer.comparisons.select("plan", "value").iter_rows())
    assert value["plan"] >= max(value["by_head"], value["by_deprivation"])
    assert answer.comparisons["cost"].max() <= 12_000


def test_results_by_group_add_up_to_everybody_s():
    answer = plan_spending(make_place(48), make_offer(), budget=12_000, by=BY, careful=False, frontier=False)
    everybody = answer.groups.row(0, named=True)
    towns = answer.groups.filter(pl.col("group") == "town")
    for column in ("eligible", "expected_missing", "spend", "expected_reached", "reached_by_head"):
        assert towns[column].sum() == pytest.approx(everybody[column])
    assert everybody["spend"] == pytest.approx(answer.cost)
    assert answer.plan["expected_reached"].sum() == pytest.approx(answer.expected)
    assert (answer.groups["lower_cl"] <= answer.groups["upper_cl"]).all()
    assert answer.lower_cl < answer.expected < answer.upper_cl


def test_spending_by_deprivation_alone_needs_to_know_deprivation():
    answer = plan_spending(make_table([40.0, 20.0]), OFFER, budget=100, by=["area_code"])
    assert "by_deprivation" not in answer.comparisons["plan"]
    assert "by_head" in answer.comparisons["plan"]


def test_floors_that_cannot_be_met_together_are_named_with_how_short_they_are():
    table = make_table([40.0, 20.0, 30.0], town=["North", "South", "West"])
    asked = ["town=North:17", "town=South:8", "town=West:1"]
    with pytest.raises(InputError) as raised:
        plan_spending(table, OFFER, budget=400, by=["area_code"], floors=asked)
    told = str(raised.value)
    assert "These floors cannot be met together with £400" in told
    assert "town North" in told
    assert "town South" in told
    assert "short" in told
    with pytest.raises(InputError, match=r"with all the money 10 people can be"):
        plan_spending(table, OFFER, budget=100, by=["area_code"], floors=["town=North:17"])
    together = plan_spending(table, OFFER, budget=500, by=["area_code"], floors=asked)
    assert (together.floors["expected_reached"] >= together.floors["at_least"] - 1e-6).all()


def test_everything_that_is_wrong_is_told_at_once():
    table = make_table([40.0, 20.0], town=["North", "South"])
    offer = Offer((make_intervention(reaches={"twn": ("North",)}), make_intervention("b", serves="regoin")))
    with pytest.raises(InputError) as raised:
        plan_spending(
            table, offer, budget=0, by=["area_code"], weeks=0, weights="atkinson:0.5",
            floors=["town=Nort:5", "nothing", "area:5"], maximise="peple",
        )  # fmt: skip
    told = str(raised.value)
    for words in (
        "£0 buys nothing",
        "0 weeks are none",
        'Did you mean "people"',
        "uptake is not known",
        'no community has "Nort". Did you mean "North"',
        '"nothing" is not a floor',
        "floor.area: is not a column",
        'interventions/clinic.toml, reaches.twn: is not a column of the communities. Did you mean "town"',
        'interventions/b.toml, serves: "regoin" is not a column',
    ):
        assert words in told, words


def test_a_table_that_cannot_be_is_refused_with_its_rows():
    table = pl.DataFrame(
        {"area_code": ["a", "a", "b"], "eligible": [10, 5, None], "expected_missing": [-1, 9, 1]}
    )
    with pytest.raises(InputError) as raised:
        plan_spending(table, OFFER, budget=100, by=["area_code"])
    told = str(raised.value)
    for words in (
        "is empty or not a number (row 3",
        "is negative (row 1",
        "more missing out than eligible (row 2",
        "twice",
    ):
        assert words in told
    with pytest.raises(InputError, match="no column makes a community"):
        plan_spending(table, OFFER, budget=100)
    with pytest.raises(InputError, match="it has no rows"):
        plan_spending(make_table([40.0]).clear(), OFFER, budget=100, by=["area_code"])


def test_an_ethnic_group_that_is_not_here_is_a_note_and_a_code_that_is_none_a_fault():
    place = make_place(12)
    offer = Offer((make_intervention(), make_intervention("urdu", reaches={"ethnic_group": ("H",)})))
    answer = plan_spending(place, offer, budget=500, by=BY, careful=False, frontier=False)
    assert any("no community here is of the ethnic group H" in note for note in answer.notes)
    wrong = Offer((make_intervention("urdu", reaches={"ethnic_group": ("Pakistani",)}),))
    with pytest.raises(InputError, match='no community has "Pakistani"'):
        plan_spending(place, wrong, budget=500, by=BY)
