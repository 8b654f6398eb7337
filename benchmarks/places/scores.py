"""How well an order of communities, its intervals and its probabilities meet the truth."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from benchmarks.places.simulate import Place

BY: Final = ["area_code", "ethnic_group"]
CONTACTS: Final = 2000


class Order(StrEnum):
    """The two orders in which a list is worked through."""

    TOTAL = "total"
    PER_CONTACT = "per-contact"


BEST: Final[Mapping[Order, pl.Expr]] = {
    Order.TOTAL: pl.col("missing"),
    Order.PER_CONTACT: pl.col("missing") / pl.col("eligible"),
}
"""What whoever knew the truth would order by."""


def found_share(
    table: pl.DataFrame,
    score: pl.Expr,
    order: Order,
    *,
    missing: str = "missing",
    pool: str = "eligible",
    contacts: int = CONTACTS,
) -> float:
    """People missing out who are met by the first contacts, over those met in the order of the truth.

    Communities are visited by falling ``score``; a visit takes as many contacts as its ``pool`` has people,
    and a partly visited community counts in proportion.
    """

    def met(by: pl.Expr) -> float:
        ranked = table.sort([by, *BY], descending=[True, False, False])
        size = ranked[pool].to_numpy().astype(np.float64)
        visited = np.clip((contacts - (np.cumsum(size) - size)) / np.maximum(size, 1e-9), 0, 1)
        return float(visited @ ranked[missing].to_numpy())

    best = (
        pl.col(missing) if order is Order.TOTAL else pl.col(missing) / pl.max_horizontal(pl.col(pool), 1e-9)
    )
    return met(score) / max(met(best), 1e-9)


def order_raw(order: Order, standard: float, uptake: str = "raw") -> pl.Expr:
    """By a column of uptake as it stands."""
    short = standard - pl.col(uptake)
    return short * pl.col("eligible") if order is Order.TOTAL else short


def order_deprived() -> pl.Expr:
    """Today's practice: the most deprived areas first, the largest communities of them first."""
    return -pl.col("imd_rank") + pl.col("eligible") / 1e6


def score_ranking(
    ranked: pl.DataFrame, place: Place, *, top: int = 10
) -> tuple[dict[str, float], pl.DataFrame]:
    """Figures of one ranking, and the table behind them.

    ``ranked`` has the columns of ``BY``, ``expected_missing``, ``expected_missing_per_100``, ``lower_cl``,
    ``upper_cl``, ``probability_top_k`` and ``predicted_uptake``.
    """
    kept = ["expected_missing", "expected_missing_per_100", "lower_cl", "upper_cl", "probability_top_k"]
    table = place.truth.join(ranked.select(*BY, *kept, "predicted_uptake"), on=BY, how="left")
    assert not table["expected_missing"].has_nulls()
    table = table.with_columns(
        raw=pl.col("reached") / pl.col("eligible"),
        not_reached=pl.col("eligible") - pl.col("reached"),
        truly_top=(pl.col("missing").rank(descending=True, method="ordinal") <= top)
        & (pl.col("missing") > 0),
    )
    scores = {
        "ranking": {
            Order.TOTAL: pl.col("expected_missing"),
            Order.PER_CONTACT: pl.col("expected_missing_per_100"),
        },
        "raw": {order: order_raw(order, place.standard) for order in Order},
        "main": {order: order_raw(order, place.standard, "predicted_uptake") for order in Order},
        "deprived": dict.fromkeys(Order, order_deprived()),
    }
    figures = {
        f"{order}_{name}": found_share(table, by[order], order)
        for name, by in scores.items()
        for order in Order
    }
    for name in ("missing", "missing_in_strata"):
        held = pl.col(name).is_between(pl.col("lower_cl") - 1e-6, pl.col("upper_cl") + 1e-6)
        figures[f"held_{name}"] = table.select(held.mean()).item()
    figures["held_short"] = table.filter(pl.col("missing") > 0).select(
        pl.col("missing").is_between(pl.col("lower_cl"), pl.col("upper_cl")).mean()
    ).item()  # fmt: skip
    own = scores["ranking"][Order.PER_CONTACT]
    figures["strata_truth"] = found_share(table, own, Order.PER_CONTACT, missing="missing_in_strata")
    figures["pool_not_reached"] = found_share(table, own, Order.PER_CONTACT, pool="not_reached")
    error = (table["expected_missing"] - table["missing"]) / table["eligible"]
    figures["error"] = float(np.sqrt(np.mean(error.to_numpy() ** 2)))
    return figures, table
