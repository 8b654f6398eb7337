"""Estimates from the counts that may be known outside the secure zone, and from nothing else.

Whoever knows the method could work back from a community's estimate to the count behind it. So where
counts are rounded or hidden, everything is estimated from the rounded counts, and a hidden count from the
range in which it is known to lie: the estimates then say no more than the counts that are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evenground.reach.main_effects import Codes, Floats, MainEffectsProblem

_STEPS: Final = 30
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class KnownCounts:
    """The counts of communities as they may be known, of shape (communities,).

    Attributes
    ----------
    eligible
        Above 0; a mere guess where ``eligible_hidden``.
    reached
        Not read where ``reached_hidden``.
    eligible_hidden
        Communities so small that nothing of them is shown: they inform nothing.
    reached_hidden
        Communities of which only this is known: those reached are from ``least`` to ``most``.
    round_to
        What shown counts are rounded to the nearest of; 1 where they are not rounded.
    """

    eligible: Floats
    reached: Floats
    eligible_hidden: NDArray[np.bool_]
    reached_hidden: NDArray[np.bool_]
    least: int = 0
    most: int = 0
    round_to: int = 1

    @property
    def rounding(self) -> float:
        """The standard deviation of what shown counts are rounded by."""
        return float(np.sqrt((self.round_to**2 - 1) / 12))

    def count_variance(self, predicted: Floats) -> Floats:
        """How far, as a variance, those reached may be from what is known of them, given the eligible.

        A rounded count is as likely anywhere in its interval, and a hidden one in its range.
        """
        rounding = self.rounding**2
        hiding = ((self.most - self.least + 1) ** 2 - 1) / 12
        return np.where(self.reached_hidden, hiding, rounding) + rounding * predicted**2


class Rules(Protocol):
    """What a disclosure policy says of counts."""

    @property
    def suppress_from(self) -> int:
        """The smallest count that is hidden."""

    @property
    def suppress_to(self) -> int:
        """The largest."""

    @property
    def round_to(self) -> int:
        """What others are rounded to the nearest of."""


Shown: TypeAlias = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""Counts as they are shown, and which of them are hidden."""


def know_shown(eligible: Shown, reached: Shown, rules: Rules) -> KnownCounts:
    """The counts of communities as somebody knows them who sees what is shown, and the rules."""
    middle = (rules.suppress_from + rules.suppress_to) / 2
    return KnownCounts(
        eligible=np.where(eligible[1], middle, eligible[0].astype(np.float64)),
        reached=reached[0].astype(np.float64),
        eligible_hidden=eligible[1],
        reached_hidden=reached[1] | eligible[1],
        least=rules.suppress_from,
        most=rules.suppress_to,
        round_to=rules.round_to,
    )


KnownCountsOf: TypeAlias = Callable[[Floats, Floats], KnownCounts]
"""From the eligible and the reached of communities to what may be known of them."""


@dataclass(frozen=True, slots=True)
class Strata:
    """The rows of a service: levels of each covariate, counts, and the community of each."""

    covariates: list[Codes]
    eligible: Floats
    reached: Floats
    communities: Codes


def all_is_known(eligible: Floats, reached: Floats) -> KnownCounts:
    """The counts as they are: for use inside the secure zone, and on counts that are public already."""
    nothing = np.zeros(len(eligible), dtype=np.bool_)
    return KnownCounts(eligible, reached, nothing, nothing)


def fit_to_known(strata: Strata, known: KnownCounts) -> tuple[Floats, Floats]:
    """Find the likeliest hidden counts and the main effects that they follow from, in turn (EM).

    Returns
    -------
    tuple
        The eligible and the reached of each stratum, as known: scaled to what is known of its community, and
        where that is hidden to its expected value, given its range and what the main effects predict.

    References
    ----------
    Dempster AP, Laird NM, Rubin DB. Maximum likelihood from incomplete data via the EM algorithm. J R Stat
    Soc B 1977;39:1-38, section 4.2 (grouped and censored data).
    """
    if not known.reached_hidden.any():
        return _scale(strata, known, known.reached)
    shown = ~(known.eligible_hidden | known.reached_hidden)
    share = (known.reached[shown].sum() + 0.5) / (known.eligible[shown].sum() + 1)
    predicted = np.full(len(known.eligible), share)
    problem, start = MainEffectsProblem(strata.covariates, len(strata.eligible)), None
    for _ in range(_STEPS):
        reached = np.where(known.reached_hidden, expect_between(known, predicted), known.reached)
        eligible, users = _scale(strata, known, reached)
        seen = np.where(known.eligible_hidden, 0.0, 1.0)[strata.communities]
        start = problem.find_coefficients(eligible * seen, users * seen, start)
        before, predicted = predicted, _predict(problem.design @ start, strata)
        if not np.any(known.reached_hidden & (np.abs(predicted - before) > _TOLERANCE)):
            break
    reached = np.where(known.eligible_hidden, known.eligible * predicted, reached)
    return _scale(strata, known, reached)


def expect_between(known: KnownCounts, predicted: Floats) -> Floats:
    """The mean of a binomial count that is known to lie from ``least`` to ``most``, for each community."""
    counts = np.arange(known.least, known.most + 1, dtype=np.float64)
    n, p = known.eligible[:, None], np.clip(predicted, 1e-9, 1 - 1e-9)[:, None]
    chance = special.xlogy(counts, p) + special.xlog1py(n - counts, -p)
    chance -= special.gammaln(counts + 1) + special.gammaln(np.maximum(n - counts, 0.0) + 1)
    chance = np.where(counts <= n, chance, -np.inf)
    weight = np.exp(chance - chance.max(axis=1, keepdims=True))
    return np.asarray((weight @ counts) / weight.sum(axis=1))


def _scale(strata: Strata, known: KnownCounts, reached: Floats) -> tuple[Floats, Floats]:
    """The strata's counts, scaled to what is known of their communities.

    Those reached of a hidden count are spread as the eligible are: how they truly spread is not known.
    """
    codes = strata.communities
    n, y = (np.bincount(codes, counts) for counts in (strata.eligible, strata.reached))
    eligible = strata.eligible * (known.eligible / n)[codes]
    truly = strata.reached * (reached / np.maximum(y, 1.0))[codes]
    evenly = eligible * (reached / known.eligible)[codes]
    users = np.where(known.reached_hidden[codes], evenly, truly)
    return eligible, np.minimum(users, eligible)


def _predict(predictor: Floats, strata: Strata) -> Floats:
    share = special.expit(predictor)
    n, expected = (np.bincount(strata.communities, w) for w in (strata.eligible, strata.eligible * share))
    return np.asarray(expected / n)
