"""What is told without a count standing there: percentages, rates and their limits, and N in a title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from evenground.disclosure.knowledge import DENOMINATOR, NUMERATOR, Counts, Published
from evenground.disclosure.policies import Policy
from evenground.disclosure.relations import GROUP
from evenground.disclosure.system import Codes, Floats
from evenground.stats import calculate_byars_interval
from evenground.vocabulary import EVERYONE, AreaType, Basis, Cut, ValueType

_MOST_PEOPLE: Final = 200
"""Shares of more people than this are told by too many pairs of counts to give one away."""

_DECIMALS: Final = 6
_NEARLY: Final = 1e-6
_N_IS: Final = re.compile(r"\b[Nn]\s*=\s*(\d[\d,]*)")


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares that are shown while a count that they come from is hidden: of shape (shares,) each.

    ``halves`` is half of the last decimal place that each is given to.
    """

    numerators: Codes
    denominators: Codes
    shares: Floats
    halves: Floats


def tighten_by_figures(counts: Counts, releases: Sequence[Published]) -> Shares:
    """Narrow, in place, counts that are hidden while their percentage, rate or interval is shown.

    Returns
    -------
    Shares
        Those that neither count is shown of: they tie the two together.
    """
    found: list[tuple[Codes, Codes, Floats, Floats]] = []
    for release in releases:
        values = release.tables["values"]
        if "basis" in values.columns:
            values = values.filter(pl.col("basis") != Basis.PUBLISHED)
        hidden = pl.col("numerator").is_null() | pl.col("denominator").is_null()
        for (name,), rows in values.filter(pl.col("value").is_not_null() & hidden).group_by(
            "indicator_id", maintain_order=True
        ):
            told = release.indicators.get(str(name))
            if told is None:
                continue
            numerators, denominators = (
                _find(counts, release.name, str(name), part, rows) for part in (NUMERATOR, DENOMINATOR)
            )
            if told.value_type == ValueType.DSR:
                _by_limits(counts, rows, numerators, counts.small)
            else:
                found.append(
                    _by_value(counts, rows, numerators, denominators, told.multiplier, release.policy)
                )
    nothing = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    return Shares(*(np.concatenate(parts) for parts in zip(nothing, *found, strict=True)))


def _find(counts: Counts, release: str, indicator: str, part: str, rows: pl.DataFrame) -> Codes:
    """The count of each row."""
    measures = counts.measures.filter(
        (pl.col("release") == release) & (pl.col("indicator_id") == indicator) & (pl.col("part") == part)
    )
    found = rows.join(
        measures.select("period", "measure"), on="period", how="left", maintain_order="left"
    ).join(counts.groups, on=GROUP, how="left", maintain_order="left")
    measure, group = (found[name].to_numpy().astype(np.int64) for name in ("measure", "group"))
    return np.asarray(counts.index[measure, group])


def _by_value(
    counts: Counts,
    rows: pl.DataFrame,
    numerators: Codes,
    denominators: Codes,
    multiplier: float,
    policy: Policy,
) -> tuple[Codes, Codes, Floats, Floats]:
    value = rows["value"].to_numpy()
    shares, half = value / multiplier, _half_unit(value) / multiplier
    shown_n, shown_d = (
        rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in (NUMERATOR, DENOMINATOR)
    )
    has_d, has_n = ~np.isnan(shown_d), ~np.isnan(shown_n) & (shares > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = counts.lower[denominators], counts.upper[denominators]
        _narrow_where(
            counts, numerators, has_d, (shares - half) * low, (shares + half) * high, shares * shown_d, policy
        )
        low, high = counts.lower[numerators], counts.upper[numerators]
        _narrow_where(
            counts,
            denominators,
            has_n & ~has_d,
            low / (shares + half),
            high / (shares - half),
            shown_n / shares,
            policy,
        )
    neither = ~has_d & ~has_n
    if neither.any():
        _by_pairs(counts, numerators[neither], denominators[neither], shares[neither], half)
    return numerators[neither], denominators[neither], shares[neither], np.full(int(neither.sum()), half)


def _narrow_where(
    counts: Counts,
    unknowns: Codes,
    chosen: np.ndarray,
    low: Floats,
    high: Floats,
    middle: Floats,
    policy: Policy,
) -> None:
    """Between what true counts would give, or what the rounded count behind the figure stands for."""
    steps = middle / policy.round_to
    is_rounded = (policy.round_to > 1) & (np.abs(steps - np.round(steps)) < _NEARLY)
    below = policy.round_to // 2
    low = np.where(is_rounded, np.round(middle) - below, np.ceil(low - _NEARLY))
    high = np.where(is_rounded, np.round(middle) + policy.round_to - 1 - below, np.floor(high + _NEARLY))
    np.maximum.at(counts.lower, unknowns[chosen], low[chosen])
    np.minimum.at(counts.upper, unknowns[chosen], high[chosen])


def _by_pairs(counts: Counts, numerators: Codes, denominators: Codes, shares: Floats, half: float) -> None:
    """Few people give few shares: find every pair of counts that gives this one."""
    n, d = np.meshgrid(np.arange(_MOST_PEOPLE + 1), np.arange(1, _MOST_PEOPLE + 1), indexing="ij")
    n, d = n[n <= d], d[n <= d]
    order = np.argsort(n / d, kind="stable")
    n, d, share = n[order], d[order], (n / d)[order]
    slack = half + _NEARLY / _MOST_PEOPLE
    first = np.searchsorted(share, shares - slack, side="left")
    last = np.searchsorted(share, shares + slack, side="right")
    some = last > first
    if not some.any():
        return
    ends = np.stack([first[some], np.minimum(last[some], len(share) - 1)], axis=1).ravel()
    for found, unknowns in ((n, numerators[some]), (d, denominators[some])):
        low = np.minimum.reduceat(found, ends)[::2]
        np.maximum.at(counts.lower, unknowns, low.astype(np.float64))
        fits = np.maximum.reduceat(found, ends)[::2].astype(np.float64)
        # Larger multiples of the same share fit as well, unless the policy bounds the count.
        open_ended = fits > _MOST_PEOPLE / 2
        np.minimum.at(counts.upper, unknowns[~open_ended], fits[~open_ended])


def _by_limits(counts: Counts, rows: pl.DataFrame, numerators: Codes, small: int) -> None:
    """How lopsided Dobson's limits are follows from the number of events alone."""
    value, lower, upper = (
        rows[name].fill_null(np.nan).to_numpy() for name in ("value", "lower_cl", "upper_cl")
    )
    events = np.arange(1.0, 4 * small + 1)
    limits = calculate_byars_interval(events, confidence_level=0.95)
    lopsided = (limits[1] - events) / (events - limits[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = (upper - value) / (value - lower)
        error = 2 * _half_unit(value) * (1 + seen) / (value - lower) + _NEARLY
        fits = np.abs(lopsided[None, :] - seen[:, None]) <= error[:, None]
    some = fits.any(axis=1)
    least = events[np.argmax(fits, axis=1)]
    most = events[len(events) - 1 - np.argmax(fits[:, ::-1], axis=1)]
    np.maximum.at(counts.lower, numerators[some], least[some])
    closed = some & (most < events[-1])
    np.minimum.at(counts.upper, numerators[closed], most[closed])


def _half_unit(values: Floats) -> float:
    """Half of the last decimal place that figures are given to; nothing where they are not rounded."""
    for decimals in range(_DECIMALS + 1):
        if np.allclose(values, np.round(values, decimals), rtol=0, atol=1e-9):
            return 0.5 * 10.0**-decimals
    return 0.0


def tighten_by_texts(counts: Counts, releases: Sequence[Published]) -> None:
    """Narrow, in place, the place's denominators to the N that an indicator's name or words tell."""
    of_place = (
        (pl.col("area_type") == AreaType.PLACE)
        & (pl.col("cut") == Cut.ALL)
        & (pl.col("category") == EVERYONE)
    )
    place = counts.groups.filter(of_place)["group"].to_numpy()
    for release in releases:
        for name, told in release.indicators.items():
            numbers = [int(found.replace(",", "")) for text in told.texts for found in _N_IS.findall(text)]
            measures = counts.measures.filter(
                (pl.col("release") == release.name)
                & (pl.col("indicator_id") == name)
                & (pl.col("part") == DENOMINATOR)
            )
            if not numbers or measures.is_empty():
                continue
            latest = measures.sort("period")["measure"][-1]
            found = counts.index[latest, place]
            for count in found[found >= 0]:
                fitting = [one for one in numbers if counts.lower[count] <= one <= counts.upper[count]]
                if fitting:
                    counts.lower[count] = counts.upper[count] = fitting[0]
