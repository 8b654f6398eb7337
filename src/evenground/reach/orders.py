"""The orders in which ranked communities can be read; each answers another question."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenground.errors import InputError, suggest

ORDERS: Final = {
    "total": "most people missing out",
    "per_100": "most missing out of each 100 eligible",
    "local": "furthest below what communities like it achieve",
}
"""By name, with the question that each answers: where are most people, where does each contact find most, and
where is something local in the way that deprivation, ethnic group, age and sex do not explain."""

RELEASE_SEED: Final = 20_260_331
"""The draws behind a release's intervals and probabilities start here, so that they can be repeated."""

FEW_PEOPLE: Final = 10
"""A local gap of fewer people than this is led by others, however wide it is as a share."""


def order_communities(ranking: pl.DataFrame, order: str) -> pl.DataFrame:
    """One service's ranked communities in another order.

    Parameters
    ----------
    ranking
        Rows of one service and community type, with ``rank``, ``expected_missing_per_100``, ``eligible``,
        ``predicted_uptake`` and ``estimated_uptake``.
    order
        One of ``ORDERS``. Rows without the figure to order by come last; ties keep the rank. ``local`` puts
        communities that are fewer than ``FEW_PEOPLE`` people short of their like after all others: in a
        few people chance alone looks like something local.

    Raises
    ------
    InputError
        Where the order is not known.
    """
    if order not in ORDERS:
        raise InputError(f'The order "{order}" is not known. {suggest(order, ORDERS)}')
    if order == "total":
        return ranking.sort("rank")
    if order == "per_100":
        by = [pl.col("expected_missing_per_100"), pl.col("rank")]
        return ranking.sort(by, descending=[True, False], nulls_last=True)
    local_excess = pl.col("predicted_uptake") - pl.col("estimated_uptake")
    is_more_than_a_few = local_excess * pl.col("eligible") >= FEW_PEOPLE
    by = [is_more_than_a_few, local_excess, pl.col("rank")]
    return ranking.sort(by, descending=[True, True, False], nulls_last=True)
