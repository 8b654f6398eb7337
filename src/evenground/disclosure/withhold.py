"""Tables without the counts that are hidden for the sake of others, and without what follows from them."""

from __future__ import annotations

from typing import Final

import polars as pl

from evenground.disclosure.knowledge import DENOMINATOR, POPULATION
from evenground.disclosure.policies import Policy
from evenground.disclosure.relations import GROUP
from evenground.vocabulary import AreaType, Basis, Comparison, Cut, ValueNote

_KEY: Final = ("indicator_id", "period", *GROUP)
_FIGURE: Final = ("numerator", "value", "lower_cl", "upper_cl")


def withhold_figures(values: pl.DataFrame, hidden: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The ``values`` table with some counts hidden, and the figures that are worked out from them.

    Parameters
    ----------
    values
        A ``values`` table, in any state of completion.
    hidden
        As ``choose_secondary`` gives them.
    policy
        The policy: whether it tells why a count is hidden.

    Returns
    -------
    polars.DataFrame
        The same rows and columns. Where the figure that others are compared with is hidden, nothing is
        compared.
    """
    counts = hidden.filter(pl.col("part") != POPULATION)
    if counts.is_empty():
        return values
    marks = counts.group_by(_KEY).agg((pl.col("part") == DENOMINATOR).any().alias("_denominator"))
    marked = values.join(marks, on=_KEY, how="left", maintain_order="left", nulls_equal=True)
    if "basis" in values.columns:
        own = pl.col("basis") != Basis.PUBLISHED
        marked = marked.with_columns(pl.when(own).then("_denominator").otherwise(None).alias("_denominator"))
    is_hidden = pl.col("_denominator").is_not_null()
    note = ValueNote.SUPPRESSED_SECONDARY if policy.names_reasons else ValueNote.SUPPRESSED
    is_new = is_hidden & (pl.col("value_note") != ValueNote.SUPPRESSED)
    done = marked.with_columns(
        *(pl.when(is_hidden).then(None).otherwise(pl.col(name)).alias(name) for name in _FIGURE),
        pl.when(pl.col("_denominator").fill_null(value=False))
        .then(None)
        .otherwise(pl.col("denominator"))
        .alias("denominator"),
        pl.when(is_new).then(pl.lit(str(note))).otherwise("value_note").alias("value_note"),
    )
    if "limits" in done.columns:
        done = done.with_columns(pl.when(is_hidden).then(pl.lit("")).otherwise("limits").alias("limits"))
    return _without_comparison(done, is_hidden).drop("_denominator")


def _without_comparison(marked: pl.DataFrame, is_hidden: pl.Expr) -> pl.DataFrame:
    if "comparison" not in marked.columns:
        return marked
    is_benchmark = (pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == Cut.ALL)
    gone = (is_benchmark & is_hidden).any().over("indicator_id", "period")
    compared = pl.when(is_hidden | gone).then(pl.lit(str(Comparison.NOT_COMPARED))).otherwise("comparison")
    return marked.with_columns(compared.alias("comparison"))


def withhold_populations(areas: pl.DataFrame, hidden: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The ``areas`` table with some populations hidden."""
    gone = hidden.filter(pl.col("part") == POPULATION).select(
        "area_type", "area_code", pl.lit(value=True).alias("_hidden")
    )
    if gone.is_empty():
        return areas
    note = ValueNote.SUPPRESSED_SECONDARY if policy.names_reasons else ValueNote.SUPPRESSED
    marked = areas.join(gone, on=["area_type", "area_code"], how="left", maintain_order="left")
    is_hidden = pl.col("_hidden").fill_null(value=False)
    return marked.with_columns(
        pl.when(is_hidden).then(None).otherwise("population").alias("population"),
        pl.when(is_hidden).then(pl.lit(str(note))).otherwise("population_note").alias("population_note"),
    ).drop("_hidden")
