"""The hierarchical model: main effects, and what areas, communities and strata have of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import optimize, sparse, special

from evenground.reach.main_effects import Floats
from evenground.reach.nested import (
    Counts,
    Effects,
    Nested,
    Spreads,
    back_substitute,
    chunk_strata,
    linearise,
)
from evenground.reach.terms import Terms

_STEPS: Final = 40
_STILL: Final = 0.01
"""The search ends when nothing moves by more than this on the logit scale."""

_LONGEST_STEP: Final = 3.0
_LEAST_SPREAD: Final = 0.01
_LARGEST_SPREAD: Final = 3.0
_MODE_STEPS: Final = 4
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


def fit_mixed(
    terms: Terms,
    counts: Counts,
    *,
    areas_share: bool,
    strata_differ: bool,
    community_spreads: Floats | None = None,
    start: Spreads | None = None,
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
        Where the search starts.

    References
    ----------
    Breslow NE, Clayton DG. Approximate inference in generalized linear mixed models. J Am Stat Assoc
    1993;88:9-25. Schall R. Estimation in generalized linear models with random effects. Biometrika
    1991;78:719-27. Evans CR et al. A multilevel approach to modeling health inequalities at the intersection
    of multiple social identities (MAIHDA). Soc Sci Med 2018;203:64-73.
    """
    search = _Search(terms, counts, areas_share, strata_differ, community_spreads, start)
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
        community_spreads: Floats | None,
        start: Spreads | None,
    ) -> None:
        self.terms, self.counts = terms, counts
        self.moves_area, self.moves_stratum = areas_share, strata_differ
        self.moves_community = community_spreads is None
        strata, communities = len(counts.eligible), len(counts.area)
        self.areas = int(counts.area.max()) + 1
        self.transposed = terms.design.T.tocsr()
        self.chunks = chunk_strata(counts.community)
        self.into_areas = sparse.csr_array(
            (np.ones(communities), (counts.area, np.arange(communities))), shape=(self.areas, communities)
        )
        found = start or Spreads(terms.spreads.copy(), 0.25, np.full(communities, 0.25), 0.15)
        self.spreads = replace(
            found,
            area=found.area if areas_share else 0.0,
            stratum=found.stratum if strata_differ else 0.0,
            community=found.community if community_spreads is None else community_spreads,
        )
        middle = special.logit((counts.reached.sum() + 0.5) / (counts.eligible.sum() + 1))
        self.middle = np.zeros(terms.design.shape[1])
        self.middle[0] = middle
        self.effects = Effects(
            self.middle.copy(),
            np.full(strata, middle),
            np.zeros(self.areas),
            np.zeros(communities),
            np.zeros(strata),
        )

    def settle(self, *, spreads_move: bool = True) -> None:
        """Move to the joint mode, the spreads with it."""
        for _ in range(_STEPS):
            before = self.spreads
            moved = self._step()
            if spreads_move:
                self._move_spreads()
            if moved < _STILL and _change(before, self.spreads) < _STILL:
                break

    def _normal_equations(self, nested: Nested) -> tuple[Floats, Floats, Floats]:
        """Sums of the design over communities and areas, and the coefficients' precision."""
        width = self.terms.design.shape[1]
        inner, kept = np.zeros((width, width)), np.zeros((len(self.counts.area), width))
        for strata, communities, starts in self.chunks:
            design = self.terms.design[strata].toarray()
            weighted = design * nested.own[strata, None]
            inner += weighted.T @ design
            kept[communities] = np.add.reduceat(weighted, starts, axis=0)
        kept *= np.sqrt(nested.keep)[:, None]
        inner -= (kept * (self.spreads.community**2)[:, None]).T @ kept
        kept *= np.sqrt(nested.keep)[:, None]
        areas = self.into_areas @ kept
        inner -= (areas * (self.spreads.area**2 * nested.area_keep)[:, None]).T @ areas
        inner[np.diag_indices_from(inner)] += self.spreads.blocks[self.terms.block] ** -2.0
        return kept, areas, inner

    def _step(self) -> float:
        counts, spreads = self.counts, self.spreads
        predictor = self.effects.predictor(counts)
        weight, response = linearise(counts, predictor)
        nested = Nested(counts, weight, spreads)
        kept, areas, precision = self._normal_equations(nested)
        offset = self.terms.design @ self.middle
        target = response - offset
        pulled = np.bincount(counts.community, nested.own * target, minlength=len(counts.area))
        pulled_area = np.bincount(counts.area, nested.keep * pulled)
        right = self.transposed @ (nested.own * target)
        right -= kept.T @ (spreads.community**2 * pulled)
        right -= areas.T @ (spreads.area**2 * nested.area_keep * pulled_area)
        self.covariance = np.linalg.inv(precision)
        change = self.covariance @ right
        main = offset + self.terms.design @ change
        new = back_substitute(counts, spreads, nested, main, response)
        new.coefficients = self.middle + change
        moved = float(np.max(np.abs(new.predictor(counts) - predictor)))
        self._move(new, min(1.0, _LONGEST_STEP / max(moved, 1e-9)))
        self.nested, self.kept, self.area_sums = nested, kept, areas
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
        profile = self._area_profile()
        area_left = area_left + spreads.area**4 * np.einsum(
            "ap,pq,aq->a", profile, self.covariance, profile, optimize=True
        )
        drawn = spreads.community**2 * nested.community
        lean = 1 - drawn
        shared = spreads.area**2 * nested.area_keep
        community_left = spreads.community**2 * lean + drawn**2 * shared[counts.area]
        area, community, stratum = spreads.area, spreads.community, spreads.stratum
        if self.moves_area:
            area = _schall(effects.area, area_left, area)
        if self.moves_community:
            one = _schall(effects.community, community_left, float(community[0]))
            community = np.full(len(counts.area), one)
        if self.moves_stratum:
            inside = spreads.community**2 * lean + lean**2 * shared[counts.area]
            drawn = stratum**2 * nested.own
            left = stratum**2 * (1 - drawn) + drawn**2 * inside[counts.community]
            stratum = _schall(effects.stratum, left, stratum)
        self.spreads = Spreads(self._block_spreads(), area, community, stratum)

    def _area_profile(self) -> Floats:
        """What multiplies an error of the coefficients in an area's effect, over its variance."""
        return np.asarray(self.nested.area_keep[:, None] * self.area_sums)

    def _block_spreads(self) -> Floats:
        terms, spreads = self.terms, self.spreads.blocks.copy()
        squares = (self.effects.coefficients - self.middle) ** 2 + np.diag(self.covariance)
        width = np.bincount(terms.block)
        mean = (np.bincount(terms.block, squares) + _DOUBT * _DOUBT_SPREAD**2) / (width + _DOUBT)
        spreads[terms.estimated] = np.clip(np.sqrt(mean[terms.estimated]), _LEAST_SPREAD, _LARGEST_SPREAD)
        return spreads

    def refine(self) -> None:
        """Maximise Laplace's likelihood over the spreads of areas, communities and strata."""
        moving = [self.moves_area, self.moves_community, self.moves_stratum]
        found = np.log(
            [max(self.spreads.area, 1e-9), self.spreads.community[0], max(self.spreads.stratum, 1e-9)]
        )
        found = np.maximum(found, np.log(_LEAST_SPREAD * 2))
        slope = self._restricted_slope(found, moving)

        def loss(log_spreads: Floats) -> float:
            whole = found.copy()
            whole[moving] = np.clip(log_spreads, np.log(_LEAST_SPREAD), np.log(_LARGEST_SPREAD))
            return self._laplace(self._with(whole)) + float(slope @ (whole - found))

        options = {"xatol": 0.05, "fatol": 0.03, "maxfev": 32, "initial_simplex": _simplex(found[moving])}
        best = optimize.minimize(loss, found[moving], method="Nelder-Mead", options=options)
        found[moving] = np.clip(best.x, np.log(_LEAST_SPREAD), np.log(_LARGEST_SPREAD))
        self.spreads = self._with(found)

    def _with(self, log_spreads: Floats) -> Spreads:
        area, community, stratum = np.exp(log_spreads)
        return replace(
            self.spreads,
            area=float(area) if self.moves_area else 0.0,
            community=np.full(len(self.counts.area), community)
            if self.moves_community
            else self.spreads.community,
            stratum=float(stratum) if self.moves_stratum else 0.0,
        )

    def _restricted_slope(self, log_spreads: Floats, moving: list[bool]) -> Floats:
        """How half the log determinant of the coefficients' precision changes with each spread."""

        def half(at: Floats) -> float:
            spreads, self.spreads = self.spreads, self._with(at)
            precision = self._normal_equations(Nested(self.counts, weight, self.spreads))[2]
            self.spreads = spreads
            return 0.5 * float(np.linalg.slogdet(precision)[1])

        weight = linearise(self.counts, self.effects.predictor(self.counts))[0]
        base, slope = half(log_spreads), np.zeros(3)
        for index in np.flatnonzero(moving):
            ahead = log_spreads.copy()
            ahead[index] += 0.1
            slope[index] = (half(ahead) - base) / 0.1
        return slope

    def _laplace(self, spreads: Spreads) -> float:
        """Minus the log likelihood at these spreads, the main effects held."""
        counts, main, effects = self.counts, self.effects.main, self.effects
        predictor = effects.predictor(counts)
        for _ in range(_MODE_STEPS):
            weight, response = linearise(counts, predictor)
            nested = Nested(counts, weight, spreads)
            effects = back_substitute(counts, spreads, nested, main, response)
            before, predictor = predictor, effects.predictor(counts)
            if np.max(np.abs(predictor - before)) < _STILL:
                break
        self.effects = replace(effects, coefficients=self.effects.coefficients)
        fit = counts.eligible @ np.logaddexp(0.0, predictor) - counts.reached @ predictor
        prior = sum(
            0.5 * np.sum(effect**2 / np.maximum(spread, 1e-9) ** 2)
            for effect, spread in (
                (effects.area, spreads.area),
                (effects.community, spreads.community),
                (effects.stratum, spreads.stratum),
            )
        )
        return float(fit + prior + 0.5 * nested.log_determinant(weight, spreads))

    def result(self) -> MixedModel:
        counts, spreads, nested, effects = self.counts, self.spreads, self.nested, self.effects
        weight, response = linearise(counts, effects.predictor(counts))
        shared = effects.area[counts.area]
        area_left = (spreads.area**2 * nested.area_keep)[counts.area]
        inside = np.maximum(nested.inside, 1e-10)
        profile = self.kept / np.maximum(nested.community, 1e-10)[:, None]
        profile -= (spreads.area**2 * self._area_profile())[counts.area]
        variance = area_left + np.einsum("cp,pq,cq->c", profile, self.covariance, profile, optimize=True)
        residual = response - effects.main - shared[counts.community]
        residual = np.bincount(counts.community, nested.own * residual, minlength=len(inside)) / inside
        # Taking a community's own counts out again: its precision off the others', its residual off the mean.
        leverage = np.clip(variance * nested.community, 0.0, 0.99)
        others = variance / (1 - leverage)
        whole = np.bincount(counts.community, weight, minlength=len(inside))
        evenness = np.bincount(counts.community, weight**2, minlength=len(inside)) / whole**2
        return MixedModel(
            effects.coefficients,
            np.asarray(self.covariance, dtype=np.float64),
            spreads,
            effects.main,
            shared,
            np.asarray(whole, dtype=np.float64),
            evenness,
            shared - others * nested.community * residual,
            others,
            profile,
            area_left,
            effects.stratum,
            spreads.stratum**2 * (1 - spreads.stratum**2 * nested.own),
        )


def _schall(effect: Floats, left: Floats, spread: float) -> float:
    """A spread at which the effects' squares are as many as the data speak of them."""
    spoken = max(float(np.sum(1 - left / spread**2)), 1e-3)
    moved = np.sqrt((np.sum(effect**2) + 1e-9) / spoken)
    return float(np.clip(moved, max(_LEAST_SPREAD, spread / 2), min(_LARGEST_SPREAD, 2 * spread)))


def _change(before: Spreads, after: Spreads) -> float:
    def flat(spreads: Spreads) -> Floats:
        return np.concatenate([spreads.blocks, [spreads.area, spreads.stratum], spreads.community[:1]])

    return float(np.max(np.abs(flat(after) - flat(before))))


def _simplex(start: Floats) -> Floats:
    return np.vstack([start, start + 0.25 * np.eye(len(start))])
