"""The table of ranked communities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.reach.draws import LEVEL_MIDDLES, LEVELS, Draws, Missing, draw_top, find_able
from evenground.reach.expected_ranks import expect_ranks
from evenground.reach.hierarchy import EVERY, Estimate
from evenground.reach.main_effects import Codes, Floats
from evenground.reach.options import Contacted, CountsOrder, Options
from evenground.reach.orders import order_communities

_DRAWS: Final = 2000
_ENDS: Final = np.array([0, LEVELS - 1])
_COARSE: Final = np.arange(2, LEVELS, 4)
"""The levels that say how far a community can stand, and those that the expected ranks are found from."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of the communities to be ranked.

    Attributes
    ----------
    keys
        One row a community.
    eligible, reached
        Shape (communities,).
    estimate
        Of uptake.
    levels
        People missing out at the levels of each posterior, where strata are held against the standard.
    """

    keys: pl.DataFrame
    eligible: Floats
    reached: Floats
    estimate: Estimate
    levels: Draws | None = None

    def choose(self, chosen: NDArray[np.bool_]) -> Found:
        """Some of the communities."""
        return Found(
            self.keys.filter(pl.Series(chosen)),
            self.eligible[chosen],
            self.reached[chosen],
            self.estimate.choose(chosen),
            None if self.levels is None else self.levels[chosen],
        )

    def missing(self, standard: float, at: Codes | slice) -> Draws:
        """People missing out at some of the levels."""
        if self.levels is not None:
            return self.levels[:, at]
        return self.estimate.levels(standard, at)

    def pool(self, contacted: Contacted) -> Floats:
        """Whom a visit to each community contacts."""
        return self.eligible if contacted is Contacted.ELIGIBLE else self.eligible - self.reached


def make_table(found: Found, options: Options) -> pl.DataFrame:
    """One row a community in rank order; the columns are those of ``rank_counts``."""
    table = found.keys.with_columns(
        *_counts(found, options),
        *_missing(found, options),
        *_places(found, options),
        *_reasons(found, options),
    )
    table = _order(table, list(found.keys.columns), options)
    if options.flag_fdr is not None:
        table = flag_below(table, options.flag_fdr)
    if options.capacity is not None:
        table = spend_contacts(table, options.capacity, options.contacted)
    return table


def flag_below(table: pl.DataFrame, rate: float) -> pl.DataFrame:
    """Flag as many communities as below the standard as can be at a rate of false discoveries.

    The likeliest come first; the expected share of wrong flags among all is held at the rate, not each one.

    References
    ----------
    Newton MA et al. Detecting differential gene expression with a semiparametric hierarchical mixture method.
    Biostatistics 2004;5:155-76, section 4.
    """
    wrong = 1 - table["probability_below"].to_numpy()
    order = np.argsort(wrong, kind="stable")
    expected = np.cumsum(wrong[order]) / np.arange(1, len(wrong) + 1)
    flagged = np.zeros(len(wrong), dtype=np.bool_)
    flagged[order[expected <= rate]] = True
    return table.with_columns(flagged=pl.Series(flagged))


def spend_contacts(
    table: pl.DataFrame, capacity: int, contacted: Contacted = Contacted.ELIGIBLE
) -> pl.DataFrame:
    """Work down the list until the contacts are used up; the last community may be visited in part."""
    everyone = contacted is Contacted.ELIGIBLE
    pool = pl.col("eligible") if everyone else pl.col("eligible") - pl.col("reached")
    before = pool.cum_sum() - pool
    contacts = (capacity - before).clip(0, pool)
    found = pl.min_horizontal(
        pl.col("expected_missing") * pl.col("contacts") / pl.max_horizontal(pool, pl.lit(1)),
        pl.col("contacts"),
    )
    return table.with_columns(contacts=contacts.cast(pl.Int64)).with_columns(expected_found=found)


def _tails(options: Options) -> Floats:
    return np.array([0.5 - options.confidence_level / 2, 0.5 + options.confidence_level / 2])


def _counts(found: Found, options: Options) -> list[pl.Series]:
    standard = np.full(len(found.eligible), options.standard)
    return [
        pl.Series("eligible", found.eligible).cast(pl.Int64),
        pl.Series("reached", found.reached).cast(pl.Int64),
        pl.Series("standard", standard),
    ]


def _missing(found: Found, options: Options) -> list[pl.Series]:
    if found.levels is None:
        expected = found.estimate.expected_missing(options.standard)
        uptake = found.estimate.posterior.quantiles(_tails(options))
        # The most people miss out where uptake is lowest.
        limits = found.eligible[:, None] * np.maximum(0.0, options.standard - uptake[:, ::-1])
    else:
        expected = found.levels.mean(axis=1, dtype=np.float64)
        limits = np.quantile(found.levels.astype(np.float64), _tails(options), axis=1).T
    pool = np.maximum(found.pool(options.contacted), 1.0)
    return [
        pl.Series("expected_missing", expected),
        pl.Series("lower_cl", limits[:, 0]),
        pl.Series("upper_cl", limits[:, 1]),
        pl.Series("confidence_level", np.full(len(expected), options.confidence_level)),
        pl.Series("expected_missing_per_100", np.minimum(100.0, 100 * expected / pool)),
    ]


def _scores(found: Found, options: Options, at: Codes | slice) -> Draws:
    """What communities are ranked by, at some of the levels of each posterior."""
    if options.order is CountsOrder.PER_CONTACT:
        pool = np.maximum(found.pool(options.contacted), 1.0)
        missing = found.missing(options.standard, at)
        return np.minimum(100.0, 100 * missing / pool[:, None]).astype(np.float32)
    if options.order is CountsOrder.LOCAL:
        uptake = found.estimate.posterior.quantiles(LEVEL_MIDDLES[at])
        return np.maximum(0.0, found.estimate.predicted[:, None] - uptake).astype(np.float32)
    return found.missing(options.standard, at)


def _places(found: Found, options: Options) -> list[pl.Series]:
    ends = _scores(found, options, _ENDS)
    able = np.zeros(len(ends), dtype=np.bool_)
    able[find_able(ends.min(axis=1), ends.max(axis=1), options.top)] = True
    some = found.choose(able)
    fine = _scores(some, options, EVERY)
    missing = Missing("counts", fine, np.arange(len(fine)), some.estimate.together)
    probability = np.zeros(len(ends))
    probability[able] = draw_top(missing, draws=_DRAWS, seed=options.seed, top=options.top)
    expected, limits = expect_ranks(_scores(found, options, _COARSE), _tails(options))
    return [
        pl.Series("probability_top_k", probability),
        pl.Series("top_k", np.full(len(ends), options.top)),
        pl.Series("expected_rank", expected),
        pl.Series("rank_lower_cl", limits[0]),
        pl.Series("rank_upper_cl", limits[1]),
    ]


def _reasons(found: Found, options: Options) -> list[pl.Series]:
    estimate = found.estimate
    uptake = estimate.posterior.mean
    gap = options.standard - uptake
    explained = np.clip((options.standard - estimate.predicted) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
    explained = np.where(gap > 0, explained, np.nan)
    return [
        pl.Series("estimated_uptake", uptake),
        pl.Series("predicted_uptake", estimate.predicted),
        pl.Series("explained_share", explained).fill_nan(None),
        pl.Series("local_share", 1 - explained).fill_nan(None),
        pl.Series("probability_below", estimate.probability_below(options.standard)),
    ]


def _order(table: pl.DataFrame, keys: list[str], options: Options) -> pl.DataFrame:
    # A billionth of a person is noise of the arithmetic, not an order.
    by = "expected_missing_per_100" if options.order is CountsOrder.PER_CONTACT else "expected_missing"
    table = table.with_columns(order=pl.col(by).round(6))
    table = table.sort("order", *keys, descending=[True, *(False for _ in keys)]).drop("order")
    table = table.with_columns(rank=pl.int_range(1, pl.len() + 1))
    if options.order is CountsOrder.LOCAL:
        table = order_communities(table, "local").with_columns(rank=pl.int_range(1, pl.len() + 1))
    first = [
        *keys,
        "rank",
        "eligible",
        "reached",
        "expected_missing",
        "lower_cl",
        "upper_cl",
        "probability_top_k",
    ]
    return table.select(*first, *(name for name in table.columns if name not in first))
