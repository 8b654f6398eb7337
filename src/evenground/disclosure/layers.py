"""Layers of a release that are too thin to show: withheld whole, the zeros with the rest.

Of fifty people in two hundred small areas, an area tells only whether it has anybody. The zeros that stand
between the hidden counts then give those away: so many areas share so few people that each can have only
one. Nothing that protects them within the layer is left to hide, and what adds them up, the total of the
place before all, would have to go. So the layer goes, and the total stays.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from evenground.disclosure.policies import Policy
from evenground.disclosure.relations import GROUP
from evenground.vocabulary import AreaType, Basis, Cut

LEAST_SHOWN: Final = 0.1
"""The least share of the people of a layer who must be in counts that are shown."""

_FIGURE: Final = ("indicator_id", "period")
_PARTS: Final = ("numerator", "denominator")
_LAYER: Final = "_layer"


def choose_layers(values: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The figures of layers that are too thin to show.

    A layer is an indicator by areas of one type, or by the categories of one cut within one area.

    Parameters
    ----------
    values
        A ``values`` table with the counts that are small hidden.
    policy
        The policy. One that hides zeros, names its reasons or hides nothing for the sake of others has no
        such layers.

    Returns
    -------
    polars.DataFrame
        As ``choose_secondary``: ``indicator_id``, ``period``, ``part`` and ``GROUP``, the zeros and the
        figures of nobody among them.
    """
    few = (policy.suppress_from + policy.suppress_to) / 2
    shown = pl.col("denominator").sum().over(_LAYER)
    hidden = pl.col("denominator").is_null().sum().over(_LAYER)
    marked = with_layers(values.filter(_is_own(values)))
    if not policy.secondary or policy.hides_zero or policy.names_reasons:
        marked = marked.clear()
    # Of a hidden count its middle: what it is must not decide anything that a reader sees.
    thin = marked.filter((hidden > 0) & (shown < LEAST_SHOWN * (shown + few * hidden)))
    rows = [thin.select(*_FIGURE, pl.lit(part).alias("part"), *GROUP) for part in _PARTS]
    return pl.concat(rows)


def with_layers(values: pl.DataFrame) -> pl.DataFrame:
    """The figures below the total of the place, each with the layer it lies in, in a column ``_layer``."""
    of_all = pl.col("cut") == Cut.ALL
    area = pl.when(of_all).then(pl.lit("")).otherwise("area_code")
    is_total = of_all & pl.col("area_type").is_in([AreaType.PLACE, AreaType.LTLA, AreaType.ICB])
    return values.filter(~is_total).with_columns(
        pl.struct(*_FIGURE, "area_type", area.alias("area"), "cut").alias(_LAYER)
    )


def is_whole_layer_hidden(values: pl.DataFrame) -> pl.Series:
    """Of each row of a ``values`` table, whether nothing of its layer is shown, not even its zeros.

    A reader cannot tell there whether anybody is counted at all.
    """
    numbered = values.with_row_index("_row")
    gone = with_layers(numbered).filter(pl.col("denominator").is_null().all().over(_LAYER))
    return numbered.select(pl.col("_row").is_in(gone["_row"].implode()).alias("is_whole_layer")).to_series()


def _is_own(values: pl.DataFrame) -> pl.Expr:
    own = pl.col("cut").is_in([str(cut) for cut in Cut])
    return own & (pl.col("basis") != Basis.PUBLISHED) if "basis" in values.columns else own
