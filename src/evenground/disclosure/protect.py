"""Counts and modelled figures under a policy."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.disclosure.policies import Policy
from evenground.errors import DisclosureError
from evenground.vocabulary import ValueNote


def protect_counts(counts: NDArray[Any], policy: Policy) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Round counts of people to the policy, and say which may not be shown.

    Parameters
    ----------
    counts
        Whole numbers, any shape.
    policy
        The policy.

    Returns
    -------
    tuple
        The rounded counts (0 where suppressed, never to be read there) and a mask that is true where the
        count is suppressed.

    Raises
    ------
    DisclosureError
        Where a count is negative: then something upstream is wrong, and nothing may be published.
    """
    counts = np.asarray(counts, dtype=np.int64)
    if (counts < 0).any():
        raise DisclosureError(
            f"{int((counts < 0).sum())} counts are negative. Nothing is released from them."
        )
    least = 0 if policy.hides_zero else policy.suppress_from
    suppressed = (counts >= least) & (counts <= policy.suppress_to)
    rounded = (counts + policy.round_to // 2) // policy.round_to * policy.round_to
    return np.where(suppressed, 0, rounded), suppressed


def protect_count(count: int, policy: Policy) -> tuple[int | None, str]:
    """One count under the policy: the rounded count or ``None``, and its note.

    >>> from evenground.disclosure import load_policy
    >>> [protect_count(count, load_policy("nhs-7-5"))[0] for count in (0, 1, 7, 8, 12, 13)]
    [0, None, None, 10, 10, 15]
    """
    rounded, suppressed = protect_counts(np.array([count]), policy)
    if suppressed[0]:
        return None, ValueNote.SUPPRESSED
    return int(rounded[0]), ValueNote.PUBLISHED if count else ValueNote.ZERO


def protect_figures(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Numerators and denominators under the policy, with the note that their figure carries.

    Parameters
    ----------
    frame
        With whole-number columns ``numerator`` and ``denominator``, and any others.
    policy
        The policy.

    Returns
    -------
    pl.DataFrame
        The same rows with ``numerator`` and ``denominator`` rounded or null, and ``value_note``. A numerator
        is never shown without its denominator, nor, where the policy says so, one that leaves few of it.

    Raises
    ------
    DisclosureError
        Where a count is negative.
    """
    numerator, numerator_hidden = protect_counts(frame["numerator"].to_numpy(), policy)
    denominator, denominator_hidden = protect_counts(frame["denominator"].to_numpy(), policy)
    small = numerator_hidden | denominator_hidden
    rest = frame["denominator"].to_numpy() - frame["numerator"].to_numpy()
    by_rest = policy.hides_complements & (rest >= policy.suppress_from) & (rest <= policy.suppress_to)
    hidden = small | by_rest
    larger = ValueNote.SUPPRESSED_SECONDARY if policy.names_reasons else ValueNote.SUPPRESSED
    note = np.select(
        [small, by_rest, denominator == 0, numerator == 0],
        [ValueNote.SUPPRESSED, larger, ValueNote.MISSING, ValueNote.ZERO],
        default=ValueNote.PUBLISHED,
    )
    return frame.with_columns(
        _nullable("numerator", numerator, hidden),
        _nullable("denominator", denominator, denominator_hidden),
        pl.Series("value_note", note.astype(str), dtype=pl.String),
    )


def round_modelled(column: str, policy: Policy) -> pl.Expr:
    """A modelled number of people, rounded as the policy rounds counts."""
    return ((pl.col(column) / policy.round_to).round() * policy.round_to).cast(pl.Int64).alias(column)


def find_dominated(
    contributions: NDArray[np.float64], cells: NDArray[np.int64], policy: Policy
) -> NDArray[np.bool_]:
    """Which sums of magnitudes, such as money, a few contribute nearly all of.

    Parameters
    ----------
    contributions
        What each contributor adds, 0 or more, of shape (contributors,).
    cells
        The cell, from 0, that each contributes to.
    policy
        With a rule of ``dominance``; without one, no sum is dominated.

    Returns
    -------
    numpy.ndarray
        One a cell, of shape (cells,): true where the largest contributions are more of the sum than the
        rule allows.

    Raises
    ------
    DisclosureError
        Where a contribution is negative: shares of such a sum mean nothing.

    References
    ----------
    Hundepool A and others. Statistical Disclosure Control. Wiley, 2012, section 4.2.1, the (n, k) dominance
    rule.
    """
    if (contributions < 0).any():
        count = int((contributions < 0).sum())
        raise DisclosureError(f"{count} contributions are negative. Nothing is released from their sums.")
    number = int(cells.max(initial=-1)) + 1
    if policy.dominance is None:
        return np.zeros(number, dtype=bool)
    order = np.lexsort((-contributions, cells))
    first = np.searchsorted(cells[order], np.arange(number))
    place = np.arange(len(cells)) - first[cells[order]]
    largest = place < policy.dominance.largest
    of_few = np.bincount(cells[order][largest], contributions[order][largest], number)
    return np.asarray(of_few > policy.dominance.share * np.bincount(cells, contributions, number))


def _nullable(name: str, values: NDArray[np.int64], hidden: NDArray[np.bool_]) -> pl.Series:
    return pl.select(
        pl.when(pl.Series(~hidden)).then(pl.Series(values)).otherwise(None).cast(pl.Int64).alias(name)
    ).to_series()


def require_protected(table: str, frame: pl.DataFrame, columns: tuple[str, ...], policy: Policy) -> None:
    """The last gate before a table is written: no column of counts holds one that the policy forbids.

    It repeats what ``protect_counts`` promises, on purpose: a table that was put together on some other way
    is stopped here.

    Raises
    ------
    DisclosureError
        Naming the table and column, and how many cells, never what they hold.
    """
    for column in columns:
        shown = frame[column].drop_nulls()
        is_zero = (shown == 0) & (not policy.hides_zero)
        allowed = is_zero | ((shown % policy.round_to == 0) & (shown > policy.suppress_to))
        forbidden = int((~allowed).sum())
        if forbidden:
            raise DisclosureError(
                f'{forbidden} cells of {table}.{column} do not follow the policy "{policy.id}". '
                "Nothing was released."
            )
