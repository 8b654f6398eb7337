"""The hierarchical model: main effects, and what areas, communities and strata have of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import special

from evenground.reach.laplace import (
    LARGEST_SPREAD,
    LEAST_SPREAD,
    Laplace,
    Moves,
    maximise_laplace,
)
from evenground.reach.main_effects import Floats
from evenground.reach.nested import (
    Counts,
    Effects,
    Nested,
    Spreads,
    back_substitute,
    linearise,
)
from evenground.reach.terms import Terms
from evenground.reach.tiers import Sums, Tiers

_STEPS: Final = 40
_STILL: Final = 0.01
"""The search ends when nothing moves by more than this on the logit scale."""

_LONGEST_STEP: Final = 3.0
_DOUBT: Final = 1.0
"""Levels' worth of prior belief, in a spread of ``_DOUBT_SPREAD``, about how far a block's effects differ."""
_DOUBT_SPREAD: Final = 0.4


@dataclass(frozen=True, slots=True)
class MixedModel:
    """The fitted model.

    Attributes
    ----------
    coefficients, covariance
        Of the design's columns.
    spreads
        As estimated.
    main_predictor
        Shape (strata,): of the main effects alone, on the logit scale.
    area_effect
        Shape (communities,): of each community's area.
    information
        Shape (communities,): what each community's counts say of its own predictor, as a precision.
    evenness
        Shape (communities,): the sum of squares of its strata's shares of that information.
    others_effect, others_variance
        Shape (communities,): the area's effect as all but the community's own counts show it, and the
        variance of that and the main effects together.
    profile
        Shape (communities, columns): what multiplies an error of the coefficients in a community's predictor.
    area_left
        Shape (communities,): the variance of its area's effect given the coefficients.
    stratum_effect, stratum_left
        Shape (strata,): what each stratum has of its own, and the variance left in that.
    effects, tiers
        The effects at the mode and the design, for a fit that starts here.
    """

    coefficients: Floats
    covariance: Floats
    spreads: Spreads
    main_predictor: Floats
    area_effect: Floats
    information: Floats
    evenness: Floats
    others_effect: Floats
    others_variance: Floats
    profile: Floats
    area_left: Floats
    stratum_effect: Floats
    stratum_left: Floats
    effects: Effects
    tiers: Tiers


def fit_mixed(
    terms: Terms,
    counts: Counts,
    *,
    areas_share: bool,
    strata_differ: bool,
    community_spreads: Floats | None = None,
    start: MixedModel | None = None,
) -> MixedModel:
    """Fit the model by Laplace's approximation.

    The effects are found at their joint mode; the spreads by maximum likelihood, first in the linear model
    that each step solves (Schall's fixed point), then, for area, community and stratum, of Laplace's
    approximation to the likelihood itself, which is not biased as the former is where counts are small.
    Strata, communities and areas are nested, so each is eliminated in turn: a step takes time in proportion
    to the strata.

    Parameters
    ----------
    terms
        The main effects.
    counts
        Of strata; every one has someone eligible or weighs nothing.
    areas_share
        Whether several communities lie in an area, so that areas can have an effect of their own.
    strata_differ
        Whether strata of a community can have one.
    community_spreads
        Of each community, where they are known already.
    start
        Where the search starts: the model of the same counts, fitted otherwise.

    References
    ----------
    Breslow NE, Clayton DG. Approximate inference in generalized linear mixed models. J Am Stat Assoc
    1993;88:9-25. Schall R. Estimation in generalized linear models with random effects. Biometrika
    1991;78:719-27. Evans CR et al. A multilevel approach to modeling health inequalities at the intersection
    of multiple social identities (MAIHDA). Soc Sci Med 2018;203:64-73.
    """
    search = _Search(terms, counts, areas_share, strata_differ, start)
    if community_spreads is not None:
        search.hold_communities(community_spreads)
    search.settle()
    if community_spreads is None:
        search.refine()
        search.settle(spreads_move=False)
    return search.result()


class _Search:
    def __init__(
        self,
        terms: Terms,
        counts: Counts,
        areas_share: bool,
        strata_differ: bool,
        start: MixedModel | None,
    ) -> None:
        self.terms, self.counts = terms, counts
        self.moves = Moves(areas_share, True, strata_differ)
        self.tiers = Tiers(terms.design, counts) if start is None else start.tiers
        self.block = terms.block[self.tiers.order]
        middle = special.logit((counts.reached.sum() + 0.5) / (counts.eligible.sum() + 1))
        self.middle = np.where(self.tiers.order == 0, middle, 0.0)
        if start is not None:
            self.spreads, self.effects = start.spreads, start.effects
            return
        strata, communities = len(counts.eligible), len(counts.area)
        self.spreads = Spreads(
            terms.spreads.copy(),
            0.25 if areas_share else 0.0,
            np.full(communities, 0.25),
            0.15 if strata_differ else 0.0,
        )
        self.effects = Effects(
            self.middle.copy(),
            np.full(strata, middle),
            np.zeros(int(counts.area.max()) + 1),
            np.zeros(communities),
            np.zeros(strata),
        )

    def hold_communities(self, spreads: Floats) -> None:
        """Take the spread of each community as known."""
        self.moves = replace(self.moves, community=False)
        self.spreads = replace(self.spreads, community=spreads)

    def settle(self, *, spreads_move: bool = True) -> None:
        """Move to the joint mode, the spreads with it."""
        for _ in range(_STEPS):
            before = self.spreads
            moved = self._step()
            if spreads_move:
                self._move_spreads()
            if moved < _STILL and _change(before, self.spreads) < _STILL:
                break

    def _weigh(self, nested: Nested, spreads: Spreads) -> Sums:
        sums = self.tiers.weigh(nested, spreads)
        sums.precision[np.diag_indices_from(sums.precision)] += spreads.blocks[self.block] ** -2.0
        return sums

    def _step(self) -> float:
        counts, spreads, middle = self.counts, self.spreads, float(self.middle.sum())
        predictor = self.effects.predictor(counts)
        weight, response = linearise(counts, predictor)
        nested = Nested(counts, weight, spreads)
        sums = self._weigh(nested, spreads)
        level = back_substitute(counts, spreads, nested, np.full(len(weight), middle), response)
        left = response - middle - (level.area[counts.area] + level.community)[counts.community]
        self.covariance = np.linalg.inv(sums.precision)
        change = self.covariance @ self.tiers.gather(nested.own * left)
        new = back_substitute(counts, spreads, nested, middle + self.tiers.predict(change), response)
        new.coefficients = self.middle + change
        moved = float(np.max(np.abs(new.predictor(counts) - predictor)))
        self._move(new, min(1.0, _LONGEST_STEP / max(moved, 1e-9)))
        self.nested, self.sums = nested, sums
        return moved

    def _move(self, new: Effects, share: float) -> None:
        old = self.effects
        self.effects = Effects(
            *(
                getattr(old, name) + share * (getattr(new, name) - getattr(old, name))
                for name in Effects.__slots__
            )
        )

    def _move_spreads(self) -> None:
        counts, spreads, nested, effects = self.counts, self.spreads, self.nested, self.effects
        area_left = spreads.area**2 * nested.area_keep
        area_left = area_left + spreads.area**4 * self._spread_over(self._area_profile())
        drawn = spreads.community**2 * nested.community
        lean = 1 - drawn
        shared = spreads.area**2 * nested.area_keep
        community_left = spreads.community**2 * lean + drawn**2 * shared[counts.area]
        area, community, stratum = spreads.area, spreads.community, spreads.stratum
        if self.moves.area:
            area = _schall(effects.area, area_left, area)
        if self.moves.community:
            one = _schall(effects.community, community_left, float(community[0]))
            community = np.full(len(counts.area), one)
        if self.moves.stratum:
            inside = spreads.community**2 * lean + lean**2 * shared[counts.area]
            drawn = stratum**2 * nested.own
            left = stratum**2 * (1 - drawn) + drawn**2 * inside[counts.community]
            stratum = _schall(effects.stratum, left, stratum)
        self.spreads = Spreads(self._block_spreads(), area, community, stratum)

    def _area_profile(self) -> Floats:
        """What multiplies an error of the coefficients in an area's effect, over its variance."""
        return np.asarray(self.nested.area_keep[:, None] * self.sums.areas)

    def _spread_over(self, profile: Floats) -> Floats:
        """The variance that the doubt about the coefficients makes in each of these sums of columns."""
        return np.asarray(np.sum((profile @ self.covariance) * profile, axis=1))

    def _block_spreads(self) -> Floats:
        terms, spreads = self.terms, self.spreads.blocks.copy()
        squares = (self.effects.coefficients - self.middle) ** 2 + np.diag(self.covariance)
        width = np.bincount(self.block)
        mean = (np.bincount(self.block, squares) + _DOUBT * _DOUBT_SPREAD**2) / (width + _DOUBT)
        spreads[terms.estimated] = np.clip(np.sqrt(mean[terms.estimated]), LEAST_SPREAD, LARGEST_SPREAD)
        return spreads

    def refine(self) -> None:
        """Maximise Laplace's likelihood over the spreads of areas, communities and strata."""
        found = maximise_laplace(
            Laplace(self.counts, self.spreads, self.effects), self.moves, self._restriction()
        )
        self.spreads, self.effects = found.spreads, found.effects

    def _restriction(self) -> Callable[[Spreads], float]:
        """Half the log determinant of the coefficients' precision at other spreads."""
        weight = linearise(self.counts, self.effects.predictor(self.counts))[0]

        def half(spreads: Spreads) -> float:
            precision = self._weigh(Nested(self.counts, weight, spreads), spreads).precision
            return 0.5 * float(np.linalg.slogdet(precision)[1])

        return half

    def result(self) -> MixedModel:
        counts, spreads, nested, effects = self.counts, self.spreads, self.nested, self.effects
        weight, response = linearise(counts, effects.predictor(counts))
        shared = effects.area[counts.area]
        area_left = (spreads.area**2 * nested.area_keep)[counts.area]
        inside = np.maximum(nested.inside, 1e-10)
        profile = self.tiers.profile(nested, self.sums)
        profile -= (spreads.area**2 * self._area_profile())[counts.area]
        variance = area_left + self._spread_over(profile)
        residual = response - effects.main - shared[counts.community]
        residual = np.bincount(counts.community, nested.own * residual, minlength=len(inside)) / inside
        # Taking a community's own counts out again: its precision off the others', its residual off the mean.
        leverage = np.clip(variance * nested.community, 0.0, 0.99)
        others = variance / (1 - leverage)
        whole = np.bincount(counts.community, weight, minlength=len(inside))
        evenness = np.bincount(counts.community, weight**2, minlength=len(inside)) / whole**2
        place = np.argsort(self.tiers.order)
        return MixedModel(
            effects.coefficients[place],
            np.asarray(self.covariance[np.ix_(place, place)], dtype=np.float64),
            spreads,
            effects.main,
            shared,
            np.asarray(whole, dtype=np.float64),
            evenness,
            shared - others * nested.community * residual,
            others,
            profile[:, place],
            area_left,
            effects.stratum,
            spreads.stratum**2 * (1 - spreads.stratum**2 * nested.own),
            effects,
            self.tiers,
        )


def _schall(effect: Floats, left: Floats, spread: float) -> float:
    """A spread at which the effects' squares are as many as the data speak of them."""
    spoken = max(float(np.sum(1 - left / spread**2)), 1e-3)
    moved = np.sqrt((np.sum(effect**2) + 1e-9) / spoken)
    return float(np.clip(moved, max(LEAST_SPREAD, spread / 2), min(LARGEST_SPREAD, 2 * spread)))


def _change(before: Spreads, after: Spreads) -> float:
    def flat(spreads: Spreads) -> Floats:
        return np.concatenate([spreads.blocks, [spreads.area, spreads.stratum], spreads.community[:1]])

    return float(np.max(np.abs(flat(after) - flat(before))))
