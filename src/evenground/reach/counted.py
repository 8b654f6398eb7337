"""Communities of any table of counts, in the order of the people who miss out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from evenground.errors import InputError
from evenground.reach.counts import CheckedCounts, Columns, check_counts, find_codes
from evenground.reach.hierarchy import Estimate, estimate_communities
from evenground.reach.known import all_is_known
from evenground.reach.main_effects import Codes
from evenground.reach.nested import Counts
from evenground.reach.options import Options, Shortfall, read_options
from evenground.reach.shortfall import miss_in_strata
from evenground.reach.tables import Found, make_table
from evenground.reach.terms import Block, join_blocks, make_curve, make_levels, make_surface
from evenground.vocabulary import MISSING_CATEGORY

_NEIGHBOUR_COLUMNS: Final = 2


def rank_counts(
    frame: pl.DataFrame,
    *,
    standard: float,
    by: Sequence[str],
    strata: Sequence[str] = (),
    covariates: Sequence[str] = (),
    order: str = "total",
    shortfall: str = "community",
    contacted: str = "eligible",
    capacity: int | None = None,
    top: int = 10,
    flag_fdr: float | None = None,
    neighbours: pl.DataFrame | None = None,
    confidence_level: float = 0.95,
    seed: int = 0,
) -> pl.DataFrame:
    """Rank the communities of any table of counts by the people missing out there.

    Parameters
    ----------
    frame
        One row a stratum: the columns named, ``eligible`` and ``reached`` (people). Rows of one stratum are
        added up.
    standard
        The share that ought to be reached, from 0 to 1.
    by
        The columns that make a community, such as ``["area_code", "ethnic_group"]``.
    strata
        The columns that divide it, such as ``["sex", "age_band"]``.
    covariates
        What else uptake is expected to differ by: a column of numbers as a smooth curve, others as levels.
    order
        ``total``: most people missing out. ``per-contact``: most found for each 100 contacted.
        ``local``: furthest below what the main effects predict.
    shortfall
        ``community``: a community's people are held against the standard together. ``strata``: each
        stratum by itself, and those missing out are added up.
    contacted
        Whom a contact is spent on: anyone ``eligible``, or those ``not-reached`` yet.
    capacity
        Contacts that can be made: two columns then say how many go where and whom they are expected to find.
    top
        The ``k`` of the probability of being among the first ``k`` in this order.
    flag_fdr
        Flag as many communities as can be at this rate of false discoveries: a flag says that the community
        is below the standard.
    neighbours
        Two columns of areas, beside each other: uptake is then smoothed over the map.
    confidence_level
        Of the intervals.
    seed
        Of the draws behind the probabilities.

    Returns
    -------
    polars.DataFrame
        One row a community in rank order: the columns of ``by``, ``rank``, ``eligible``, ``reached``,
        ``expected_missing`` with ``lower_cl`` and ``upper_cl`` (people), ``probability_top_k``, ``standard``,
        ``confidence_level``, ``expected_missing_per_100`` (of those contacted), ``top_k``, ``expected_rank``
        with ``rank_lower_cl`` and ``rank_upper_cl``, ``estimated_uptake``, ``predicted_uptake`` (by the main
        effects alone), ``explained_share`` and ``local_share`` (of the gap to the standard, by the main
        effects and by what only this community or its area shows; null where there is no gap),
        ``probability_below`` (that uptake is below the standard), ``flagged`` where asked for, and with a
        capacity ``contacts`` and ``expected_found``.

    Raises
    ------
    InputError
        Telling all that is wrong with the table at once.

    Examples
    --------
    >>> counts = pl.DataFrame({"area_code": ["a", "b"], "eligible": [100, 200], "reached": [70, 90]})
    >>> rank_counts(counts, standard=0.75, by=["area_code"])["area_code"].to_list()
    ['b', 'a']
    """
    options = read_options(
        standard=standard,
        order=order,
        shortfall=shortfall,
        contacted=contacted,
        capacity=capacity,
        top=top,
        flag_fdr=flag_fdr,
        confidence_level=confidence_level,
        seed=seed,
    )
    checked = check_counts(frame, Columns(tuple(by), tuple(strata), tuple(covariates)))
    return rank_checked(checked, options, neighbours)


def rank_checked(
    checked: CheckedCounts, options: Options, neighbours: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Rank counts that were checked; see ``rank_counts``."""
    by, rows = list(checked.columns.by), checked.rows
    keys = rows.select(by).unique().sort(by)
    ranked = keys.select(pl.all_horizontal(pl.all() != MISSING_CATEGORY)).to_series().to_numpy()
    if not ranked.any():
        raise InputError("No community is left to rank: a column that makes one is empty in every row.")
    eligible, reached = (rows[name].to_numpy().astype(np.float64) for name in ("eligible", "reached"))
    codes = find_codes(rows, by)
    estimate = estimate_counts(checked, neighbours)
    people, users = (np.bincount(codes, counts)[ranked].astype(np.float64) for counts in (eligible, reached))
    levels = None
    if options.shortfall is Shortfall.STRATA:
        levels = miss_in_strata(estimate, options.standard)[ranked]
    chosen = Found(keys.filter(pl.Series(ranked)), people, users, estimate.choose(ranked), levels)
    table = make_table(chosen, options)
    given = {name: kind for name, kind in checked.types.items() if kind != pl.String}
    return table.with_columns(pl.col(name).cast(kind, strict=False) for name, kind in given.items())


def estimate_counts(checked: CheckedCounts, neighbours: pl.DataFrame | None = None) -> Estimate:
    """What is known of the uptake of each community, sorted by the columns that make one."""
    rows, columns = checked.rows, checked.columns
    keys, codes = rows.select(columns.by).unique().sort(columns.by), find_codes(rows, columns.by)
    eligible, reached = (rows[name].to_numpy().astype(np.float64) for name in ("eligible", "reached"))
    area_rows = find_codes(rows, [columns.area])
    areas = int(area_rows.max()) + 1
    areas_share = 1 < areas < keys.height
    area = find_codes(keys, [columns.area]) if areas_share else np.arange(keys.height)
    levels = [name for name in columns.every if name != columns.area and name not in checked.numbers]
    blocks: list[Block] = [make_levels(find_codes(rows, [name])) for name in levels]
    for name in checked.numbers:
        blocks.extend(make_curve(rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()))
    if neighbours is not None:
        surface = make_surface(area_rows, _pair_areas(neighbours, rows[columns.area].unique().sort()))
        blocks.extend([surface] if surface else [])
    totals = [np.bincount(codes, counts).astype(np.float64) for counts in (eligible, reached)]
    return estimate_communities(
        join_blocks(rows.height, blocks),
        Counts(eligible, reached, codes, area),
        all_is_known(*totals),
        areas_share=areas_share,
        strata_differ=rows.height > keys.height,
    )


def _pair_areas(neighbours: pl.DataFrame, areas: pl.Series) -> Codes:
    if neighbours.width < _NEIGHBOUR_COLUMNS:
        raise InputError("The neighbours need two columns of areas: each beside the other.")
    names = pl.DataFrame({"area": areas}).with_row_index("place")
    pairs = neighbours.select(
        pl.nth(0).cast(pl.String).str.strip_chars().alias("one"),
        pl.nth(1).cast(pl.String).str.strip_chars().alias("other"),
    )
    found = (
        pairs.join(names, left_on="one", right_on="area")
        .join(names, left_on="other", right_on="area", suffix="_other")
        .select("place", "place_other")
        .unique()
        .sort("place", "place_other")
    )
    if found.is_empty():
        raise InputError("No two neighbours are both among the areas of the counts. Check their codes.")
    return found.to_numpy().astype(np.int64)
