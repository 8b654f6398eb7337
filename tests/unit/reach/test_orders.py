"""The orders in which a ranking can be read."""

from __future__ import annotations

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.reach import order_communities

RANKING = pl.DataFrame(
    {
        "area_code": ["large", "small", "local", "few"],
        "rank": [1, 3, 2, 4],
        "expected_missing_per_100": [10.0, 40.0, 30.0, 5.0],
        "predicted_uptake": [0.6, 0.5, 0.7, 0.7],
        "estimated_uptake": [0.6, 0.45, 0.5, 0.3],
        "eligible": [5000, 400, 300, 15],
    }
)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("total", ["large", "local", "small", "few"]),
        ("per_100", ["small", "local", "large", "few"]),
        ("local", ["local", "small", "few", "large"]),
    ],
)
def test_each_order_answers_its_own_question(order, expected):
    assert order_communities(RANKING, order)["area_code"].to_list() == expected


def test_a_gap_of_a_few_people_comes_after_those_of_more():
    # 'few' lies furthest below its like, but that is six people.
    assert order_communities(RANKING, "local")["area_code"].to_list().index("few") == 2


def test_a_community_without_an_estimate_comes_last():
    unknown = RANKING.with_columns(
        pl.when(pl.col("rank") > 2).then("estimated_uptake").alias("estimated_uptake")
    )
    assert order_communities(unknown, "local")["area_code"][0] == "small"


def test_an_unknown_order_lists_the_known_ones():
    with pytest.raises(InputError, match="Did you mean"):
        order_communities(RANKING, "totl")
