"""Ranked communities as a release may show them."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenground.disclosure.policies import Policy
from evenground.disclosure.protect import protect_figures, round_modelled
from evenground.vocabulary import UNKNOWN_AREA, UNRECORDED_ETHNIC_GROUPS, ValueNote

_SHARE_DECIMALS: Final = 2
_PER_100_DECIMALS: Final = 1


def protect_ranking(ranked: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Ranked communities without those whose eligible count the policy hides, all figures rounded.

    Parameters
    ----------
    ranked
        As ``evenground.reach.rank_communities`` gives it, with ``community_type`` and ``ethnic_group``.
    policy
        What is hidden and what counts are rounded to.
    """
    counts = protect_figures(
        ranked.with_columns(
            pl.col("eligible").cast(pl.Int64).alias("denominator"),
            pl.col("reached").cast(pl.Int64).alias("numerator"),
        ),
        policy,
    )
    shown = counts.drop("eligible", "reached").rename({"denominator": "eligible", "numerator": "reached"})
    unrecorded = pl.col("ethnic_group").is_in(list(UNRECORDED_ETHNIC_GROUPS)).fill_null(value=False)
    shown = shown.filter(
        pl.col("eligible").is_not_null()
        & (pl.col("value_note") != ValueNote.MISSING)
        & ~unrecorded
        & (pl.col("area_code") != UNKNOWN_AREA)
    )
    return shown.with_columns(
        *(round_modelled(column, policy) for column in ("expected_missing", "lower_cl", "upper_cl")),
        pl.col("estimated_uptake", "predicted_uptake", "probability_top_10", "probability_below").round(
            _SHARE_DECIMALS
        ),
        pl.col("expected_missing_per_100").round(_PER_100_DECIMALS),
        pl.col("rank").rank("ordinal").over("service_id", "community_type").cast(pl.Int64),
    ).sort("service_id", "community_type", "rank")
