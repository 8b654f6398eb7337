"""Weighted least squares in which strata lie in communities, and communities in areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenground.reach.logistic import share_of
from evenground.reach.main_effects import Codes, Floats


@dataclass(frozen=True, slots=True)
class Counts:
    """Strata in their communities, and communities in their areas.

    Attributes
    ----------
    eligible, reached
        Shape (strata,).
    community
        Shape (strata,): the community of each, from 0; rising.
    area
        Shape (communities,): the area of each, from 0; every community its own where none share one.
    """

    eligible: Floats
    reached: Floats
    community: Codes
    area: Codes


@dataclass(frozen=True, slots=True)
class Spreads:
    """Standard deviations on the logit scale.

    Attributes
    ----------
    blocks
        Of the effects of each block of columns.
    area, stratum
        Of areas and of strata.
    community
        Of each community, shape (communities,).
    """

    blocks: Floats
    area: float
    community: Floats
    stratum: float


class Nested:
    """One weighted least-squares problem with its strata, communities and areas eliminated.

    Attributes
    ----------
    own
        Shape (strata,): what is left of each weight once its stratum may differ.
    inside, community
        Shape (communities,): the sum of that, and what is left of it once the community may differ.
    total
        Shape (areas,): the sum of that.
    keep, area_keep
        The shares that are left of ``inside`` and of ``total``.
    """

    def __init__(self, counts: Counts, weight: Floats, spreads: Spreads) -> None:
        self.own = weight / (1 + spreads.stratum**2 * weight)
        self.inside = np.bincount(counts.community, self.own, minlength=len(counts.area))
        self.keep = 1 / (1 + spreads.community**2 * self.inside)
        self.community = self.inside * self.keep
        self.total = np.bincount(counts.area, self.community)
        self.area_keep = 1 / (1 + spreads.area**2 * self.total)

    def log_determinant(self, weight: Floats, spreads: Spreads) -> float:
        parts = (
            spreads.stratum**2 * weight,
            spreads.community**2 * self.inside,
            spreads.area**2 * self.total,
        )
        return float(sum(np.sum(np.log1p(part)) for part in parts))


@dataclass(slots=True)
class Effects:
    """The coefficients, what they predict of each stratum, and what areas, communities and strata have."""

    coefficients: Floats
    main: Floats
    area: Floats
    community: Floats
    stratum: Floats

    def predictor(self, counts: Counts) -> Floats:
        shared = self.area[counts.area] + self.community
        return np.asarray(self.main + shared[counts.community] + self.stratum)


def linearise(counts: Counts, predictor: Floats) -> tuple[Floats, Floats]:
    """The weight and the response of the linear model that is like the binomial one near the predictor."""
    share = share_of(np.clip(predictor, -15, 15))
    weight = np.maximum(counts.eligible * share * (1 - share), 1e-10)
    return weight, predictor + (counts.reached - counts.eligible * share) / weight


def back_substitute(
    counts: Counts, spreads: Spreads, nested: Nested, main: Floats, response: Floats
) -> Effects:
    """What areas, communities and strata have of their own, given what the main effects predict."""
    left = response - main
    pulled = np.bincount(counts.community, nested.own * left, minlength=len(counts.area))
    area = spreads.area**2 * nested.area_keep * np.bincount(counts.area, nested.keep * pulled)
    community = spreads.community**2 * nested.keep * (pulled - nested.inside * area[counts.area])
    left = left - (area[counts.area] + community)[counts.community]
    return Effects(np.zeros(0), main, area, community, spreads.stratum**2 * nested.own * left)
