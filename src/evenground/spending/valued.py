"""A ranking with what stands beside it: need, benefit where evidence tells it, and how it can be served."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from evenground.spending.communities import check_communities
from evenground.spending.deliverability import OFFER, SOURCE, describe_offer
from evenground.spending.evidence import value_communities
from evenground.spending.records import Deliverability, Evidence, Intervention

FIRST: Final = 20
"""A group is passed over where it is among so many by need and not by benefit."""

WORTH: Final = {
    "need": pl.Float64,
    "expected_benefit": pl.Float64,
    "benefit_lower_cl": pl.Float64,
    "benefit_upper_cl": pl.Float64,
    "benefit_unit": pl.String,
    "evidence_id": pl.String,
    "rank_by_need": pl.Int64,
    "rank_by_gap": pl.Int64,
    "rank_by_benefit": pl.Int64,
    "plus_group": pl.String,
    "passed_over": pl.Boolean,
    "capacity": pl.Float64,
    "travel_minutes": pl.Float64,
    "barriers_heard": pl.String,
    SOURCE: pl.String,
    OFFER: pl.String,
}
"""The columns that are added to a ranking, in this order."""


def add_worth(
    ranking: pl.DataFrame,
    evidence: Sequence[Evidence],
    *,
    by: Sequence[str],
    service: str | None = None,
    top: int = FIRST,
    deliverability: Sequence[Deliverability] = (),
    interventions: Sequence[Intervention] = (),
) -> pl.DataFrame:
    """A ranking in its own order with need, expected benefit and deliverability as columns of their own.

    Parameters
    ----------
    ranking
        Ranked communities of one service, or with ``service_id`` among ``by``; see ``check_communities``. Of
        a row without ``eligible`` nothing is told.
    evidence, service, top, deliverability
        See ``value_communities``.
    by
        The columns that make a community.
    interventions
        What can be bought: a column says which of them reach a community.

    Returns
    -------
    polars.DataFrame
        The ranking with the columns of ``WORTH``; those that it has already are left as they are.

    Raises
    ------
    InputError
        With every fault of the table at once.
    """
    known = ranking.filter(pl.col("eligible").is_not_null())
    kept = [name for name in WORTH if name not in ranking.columns]
    if known.is_empty():
        return ranking.with_columns(pl.lit(None, dtype=WORTH[name]).alias(name) for name in kept)
    valued = value_communities(
        known, evidence, by=by, service=service, top=top, deliverability=deliverability
    )
    communities = check_communities(known, by)
    offered = communities.frame.select(by).with_columns(describe_offer(communities, interventions))
    valued = valued.join(offered, on=list(by), how="left", maintain_order="left")
    lacking = [name for name in kept if name not in valued.columns]
    valued = valued.with_columns(pl.lit(None, dtype=WORTH[name]).alias(name) for name in lacking)
    # Keys of counts may be numbers; they are matched as text, and kept as they came.
    text = [pl.col(name).cast(pl.String).alias(f"__{name}") for name in by]
    beside = valued.select(*text, *kept)
    joined = ranking.with_columns(text).join(
        beside, on=[f"__{name}" for name in by], how="left", maintain_order="left"
    )
    return joined.drop(f"__{name}" for name in by)
