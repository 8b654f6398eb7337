"""The spreads at which Laplace's approximation to the likelihood is highest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenground.reach.logistic import log_one_plus_exp, share_of
from evenground.reach.main_effects import Floats
from evenground.reach.nested import Counts, Effects, Nested, Spreads, back_substitute, linearise

LEAST_SPREAD: Final = 0.01
LARGEST_SPREAD: Final = 3.0
_MODE_STEPS: Final = 6
_MODE_STILL: Final = 0.003
_STEPS: Final = 20
_GAIN: Final = 0.002
"""The search ends when a further step promises less than this, in units of log likelihood."""

_LONGEST_STEP: Final = 0.8
_HALVINGS: Final = 6
_SLOPE_STEP: Final = 0.1


@dataclass(frozen=True, slots=True)
class Moves:
    """Which spreads are to be found."""

    area: bool
    community: bool
    stratum: bool

    @property
    def flags(self) -> list[bool]:
        """Of area, community and stratum, in this order."""
        return [self.area, self.community, self.stratum]


class Laplace:
    """Minus the log likelihood at some spreads, the main effects held, with its slopes.

    Attributes
    ----------
    spreads, effects
        The effects at their mode given the spreads.
    loss
        Minus the log likelihood.
    """

    def __init__(self, counts: Counts, spreads: Spreads, effects: Effects) -> None:
        self._counts, self.spreads = counts, spreads
        predictor = effects.predictor(counts)
        for _ in range(_MODE_STEPS):
            weight, response = linearise(counts, predictor)
            nested = Nested(counts, weight, spreads)
            new = back_substitute(counts, spreads, nested, effects.main, response)
            before, predictor = predictor, new.predictor(counts)
            if np.max(np.abs(predictor - before)) < _MODE_STILL:
                break
        self.effects = replace(new, coefficients=effects.coefficients)
        # How sure the mode is follows from the weights there, not from those a step before.
        weight = linearise(counts, predictor)[0]
        self._nested, self._predictor = Nested(counts, weight, spreads), predictor
        fit = counts.eligible @ log_one_plus_exp(predictor) - counts.reached @ predictor
        prior = 0.5 * float(sum(self._squares()))
        self.loss = float(fit + prior + 0.5 * self._nested.log_determinant(weight, spreads))

    def at(self, spreads: Spreads) -> Laplace:
        """The same at other spreads, starting from the effects here."""
        return Laplace(self._counts, spreads, self.effects)

    def _squares(self) -> list[float]:
        effects, spreads = self.effects, self.spreads
        return [
            float(np.sum((effect / np.maximum(spread, 1e-9)) ** 2))
            for effect, spread in (
                (effects.area, spreads.area),
                (effects.community, spreads.community),
                (effects.stratum, spreads.stratum),
            )
        ]

    def slopes(self) -> tuple[Floats, Floats]:
        """By the logarithm of the spreads of area, community and stratum: slope and expected curvature.

        References
        ----------
        Kristensen K et al. TMB: automatic differentiation and Laplace approximation. J Stat Softw
        2016;70(5), section 2: the slope has a part by way of the mode.
        """
        counts, spreads, nested = self._counts, self.spreads, self._nested
        lean = 1 - spreads.stratum**2 * nested.own
        shared = spreads.area**2 * nested.area_keep[counts.area]
        middle = spreads.community**2 * nested.keep + nested.keep**2 * shared
        # The shares of their variance that the counts have told of effects.
        told = (
            1 - nested.area_keep,
            1 - nested.keep - spreads.community**2 * (nested.community) ** 2 * shared,
            1 - lean - spreads.stratum**2 * nested.own**2 * middle[counts.community],
        )
        variance = spreads.stratum**2 * lean + lean**2 * middle[counts.community]
        bend = 0.5 * variance * (1 - 2 * share_of(self._predictor))
        pull = back_substitute(counts, spreads, nested, np.zeros(len(bend)), bend)
        by_mode = [
            float(np.sum(moved * effect / np.maximum(spread, 1e-9) ** 2))
            for moved, effect, spread in (
                (pull.area, self.effects.area, spreads.area),
                (pull.community, self.effects.community, spreads.community),
                (pull.stratum, self.effects.stratum, spreads.stratum),
            )
        ]
        slope = np.array([part.sum() for part in told]) - self._squares() + 2 * np.array(by_mode)
        return slope, 2 * np.array([np.sum(part**2) for part in told])


def maximise_laplace(start: Laplace, moves: Moves, restriction: Callable[[Spreads], float]) -> Laplace:
    """Find the spreads by a quasi-Newton search over their logarithms.

    Parameters
    ----------
    start
        Where the search starts. A spread that does not move is 0.
    moves
        Which spreads do.
    restriction
        What the doubt about the main effects adds to the loss; taken as linear about the start.
    """
    moving = np.array(moves.flags)
    now = start.at(_with(start.spreads, np.maximum(_logs(start.spreads), np.log(2 * LEAST_SPREAD)), moving))
    origin = _logs(now.spreads)
    extra = _slope(restriction, now.spreads, origin, moving)
    slope, curvature = now.slopes()
    slope = slope + extra
    hessian = np.diag(np.maximum(curvature, 1.0))
    for _ in range(_STEPS):
        step = _propose(_logs(now.spreads), slope, hessian, moving)
        if -0.5 * float(slope @ step) < _GAIN:
            break
        then = _descend(now, slope, step, extra, moving)
        if then is None:
            break
        after = then.slopes()[0] + extra
        hessian = _learn(hessian, _logs(then.spreads) - _logs(now.spreads), after - slope)
        now, slope = then, after
    return now


def _descend(now: Laplace, slope: Floats, step: Floats, extra: Floats, moving: Floats) -> Laplace | None:
    """The first of ever shorter steps that helps."""
    before = _logs(now.spreads)
    for halving in range(_HALVINGS):
        taken = step * 0.5**halving
        then = now.at(_with(now.spreads, before + taken, moving))
        if then.loss + float(extra @ taken) <= now.loss + 1e-4 * float(slope @ taken):
            return then
    return None


def _propose(logs: Floats, slope: Floats, hessian: Floats, moving: Floats) -> Floats:
    """A Newton step within bounds; a spread that is at a bound and pushed against it stays."""
    low, high = np.log(LEAST_SPREAD), np.log(LARGEST_SPREAD)
    stuck = ((logs <= low + 1e-9) & (slope > 0)) | ((logs >= high - 1e-9) & (slope < 0))
    free = moving & ~stuck
    step = np.zeros(len(logs))
    step[free] = -np.linalg.solve(hessian[np.ix_(free, free)], slope[free])
    step *= min(1.0, _LONGEST_STEP / max(float(np.max(np.abs(step))), 1e-9))
    return np.where(free, np.clip(logs + step, low, high) - logs, 0.0)


def _learn(hessian: Floats, step: Floats, change: Floats) -> Floats:
    """What the slopes' change says of the curvature (Broyden, Fletcher, Goldfarb and Shanno)."""
    if step @ change <= 1e-3 * (step @ hessian @ step):
        return hessian
    along = hessian @ step
    return np.asarray(
        hessian - np.outer(along, along) / (step @ along) + np.outer(change, change) / (step @ change)
    )


def _logs(spreads: Spreads) -> Floats:
    return np.log(np.maximum([spreads.area, spreads.community[0], spreads.stratum], 1e-9))


def _with(spreads: Spreads, logs: Floats, moving: Floats) -> Spreads:
    area, community, stratum = np.where(moving, np.exp(logs), 0.0)
    return Spreads(
        spreads.blocks,
        float(area),
        np.full(len(spreads.community), community) if moving[1] else spreads.community,
        float(stratum),
    )


def _slope(restriction: Callable[[Spreads], float], spreads: Spreads, logs: Floats, moving: Floats) -> Floats:
    base, slope = restriction(spreads), np.zeros(len(logs))
    for index in np.flatnonzero(moving):
        ahead = logs.copy()
        ahead[index] += _SLOPE_STEP
        slope[index] = (restriction(_with(spreads, ahead, moving)) - base) / _SLOPE_STEP
    return slope
