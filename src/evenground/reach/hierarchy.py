"""From strata to the posterior of each community: the mixed model and the shrinkage, in turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evenground.reach.draws import LEVEL_MIDDLES, Draws, Together
from evenground.reach.known import KnownCounts
from evenground.reach.main_effects import Codes, Floats
from evenground.reach.mixed import MixedModel, fit_mixed
from evenground.reach.nested import Counts, Spreads
from evenground.reach.shrinkage import (
    SPREADS,
    Communities,
    Posterior,
    estimate_stray,
    estimate_uptake,
    parts_of,
)
from evenground.reach.terms import Terms

EVERY: Final = slice(None)

_UNSEEN: Final = 1e-6
"""What the people of a community weigh of which nothing is known: enough to have a prediction."""


@dataclass(frozen=True, slots=True)
class Strata:
    """What is known of the strata of all communities: arrays of shape (strata,).

    Attributes
    ----------
    eligible
        People.
    community
        The community of each, from 0; rising.
    predictor, variance
        On the logit scale, without what its community and area have of their own.
    """

    eligible: Floats
    community: Codes
    predictor: Floats
    variance: Floats


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of the uptake of communities.

    Attributes
    ----------
    eligible
        Shape (communities,): as known.
    predicted
        Shape (communities,): uptake by the main effects alone.
    posterior
        Of uptake.
    together
        How the doubts about communities go together.
    spreads
        Of the model.
    strata
        What is known of the strata.
    """

    eligible: Floats
    predicted: Floats
    posterior: Posterior
    together: Together
    spreads: Spreads
    strata: Strata

    def expected_missing(self, standard: float) -> Floats:
        """People expected to miss out, shape (communities,)."""
        found = np.empty(len(self.eligible))
        for part in parts_of(len(found)):
            uptake, mass = self.posterior.uptake[part], self.posterior.mass[part]
            missing = missing_out(self.eligible[part], standard, uptake)
            found[part] = np.einsum("ij,ij->i", missing, mass)
        return found

    def probability_below(self, standard: float) -> Floats:
        """That uptake is below the standard, shape (communities,)."""
        found = np.empty(len(self.eligible))
        for part in parts_of(len(found)):
            is_below = self.posterior.uptake[part] < standard
            found[part] = np.where(is_below, self.posterior.mass[part], 0.0).sum(axis=1)
        return np.clip(found, 0.0, 1.0)

    def levels(self, standard: float, at: Codes | slice = EVERY) -> Draws:
        """People missing out at the levels that draws are made from, or at some of them."""
        middles = LEVEL_MIDDLES[at]
        found = np.empty((len(self.eligible), len(middles)), dtype=np.float32)
        for part in parts_of(len(found)):
            some = Posterior(self.posterior.uptake[part], self.posterior.mass[part])
            found[part] = missing_out(self.eligible[part], standard, some.quantiles(middles))
        return found

    def choose(self, chosen: NDArray[np.bool_]) -> Estimate:
        """Some of the communities."""
        if chosen.all():
            return self
        together = Together(**{name: getattr(self.together, name)[chosen] for name in Together.__slots__})
        posterior = Posterior(self.posterior.uptake[chosen], self.posterior.mass[chosen])
        return replace(
            self,
            eligible=self.eligible[chosen],
            predicted=self.predicted[chosen],
            posterior=posterior,
            together=together,
        )


def missing_out(eligible: Floats, standard: float, uptake: Floats) -> Floats:
    """People below the standard, for each community (rows) and uptake (columns); never fewer than none."""
    return np.asarray(eligible[:, None] * np.maximum(0.0, standard - uptake))


def estimate_communities(
    terms: Terms, counts: Counts, known: KnownCounts, *, areas_share: bool, strata_differ: bool
) -> Estimate:
    """Fit the model twice: first as if communities strayed alike, then with those far out counting for less.

    A rare deep gap would otherwise pull its area, its group and the spread of all communities towards itself.

    Parameters
    ----------
    terms
        The main effects, a row for each stratum.
    counts
        Of the strata.
    known
        Of the communities: where counts are rounded or hidden they count as those of fewer people.
    areas_share
        Whether several communities lie in an area.
    strata_differ
        Whether the strata of a community are known, so that they may differ by more than main effects.
    """
    counts = _temper(terms, counts, known)
    model = fit_mixed(terms, counts, areas_share=areas_share, strata_differ=strata_differ)
    model = fit_mixed(
        terms,
        counts,
        areas_share=areas_share,
        strata_differ=strata_differ,
        community_spreads=_spreads(estimate_stray(_see(counts, model)), model),
        start=model,
    )
    communities = _see(counts, model)
    posterior = estimate_uptake(communities)
    strata = Strata(
        counts.eligible, counts.community, model.main_predictor + model.stratum_effect, model.stratum_left
    )
    together = _together(counts, model)
    return Estimate(known.eligible, communities.predicted, posterior, together, model.spreads, strata)


def _temper(terms: Terms, counts: Counts, known: KnownCounts) -> Counts:
    """The same counts, as of fewer people where rounding or hiding makes them say less than they seem to."""
    weight = np.where(known.eligible_hidden, _UNSEEN, 1.0)
    if known.round_to > 1 or known.reached_hidden.any():
        eligible, reached = (
            np.bincount(counts.community, values, minlength=len(weight))
            for values in (counts.eligible, counts.reached)
        )
        share = (reached + 0.5) / (eligible + 1)
        information = eligible * share * (1 - share)
        weight *= information / (information + known.count_variance(share))
    weight = weight[counts.community]
    return Counts(counts.eligible * weight, counts.reached * weight, counts.community, counts.area)


def _spreads(kinds: Floats, model: MixedModel) -> Floats:
    """The spread with which each community weighs as much as over all that it may have been drawn with."""
    noise = 1 / np.maximum(model.information, 1e-9)[:, None]
    weight = np.sum(kinds / (noise + np.square(SPREADS)), axis=1)
    return np.asarray(np.sqrt(np.maximum(1 / weight - noise[:, 0], min(SPREADS) ** 2)))


def _see(counts: Counts, model: MixedModel) -> Communities:
    share = special.expit(model.main_predictor)
    eligible, reached, expected, information = (
        np.bincount(counts.community, values, minlength=len(counts.area)).astype(np.float64)
        for values in (
            counts.eligible,
            counts.reached,
            counts.eligible * share,
            np.maximum(counts.eligible * share * (1 - share), 1e-12),
        )
    )
    average = np.clip(expected / np.maximum(eligible, 1e-12), 1e-9, 1 - 1e-9)
    # People of unlike strata vary less together than as many who are alike.
    tighter = np.clip(eligible * average * (1 - average) / information, 1.0, 4.0)
    return Communities(
        eligible * tighter,
        reached * tighter,
        expected * tighter,
        information * tighter,
        model.others_effect,
        model.others_variance + model.spreads.stratum**2 * model.evenness,
    )


def _together(counts: Counts, model: MixedModel) -> Together:
    """Each community's doubt as parts: of the main effects, of its area, of its own."""
    stray = model.spreads.community**2 + model.spreads.stratum**2 * model.evenness
    lean = 1 / (1 + stray * model.information)
    common = lean[:, None] * (model.profile @ np.linalg.cholesky(model.covariance))
    area = lean * np.sqrt(model.area_left)
    own = np.sqrt(stray * lean)
    whole = np.sqrt(np.sum(common**2, axis=1) + area**2 + own**2)
    return Together(common / whole[:, None], counts.area, area / whole, own / whole)
