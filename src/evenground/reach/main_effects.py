"""What age, sex, ethnic group and deprivation would lead one to expect, without regard to place."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]

_LEVEL_PRECISION: Final = 1.0
"""A level's effect is taken to be within about +-2 on the logit scale, unless the data say otherwise: it
holds a level that all or none of whose people were reached at a finite value."""

_INTERCEPT_PRECISION: Final = 0.01
_STEPS: Final = 50
_HALVINGS: Final = 30
_TOLERANCE: Final = 1e-7
"""Of the gain in log likelihood that a further step promises."""


class MainEffects(NamedTuple):
    """A fitted main-effects model.

    Attributes
    ----------
    design
        Shape (rows, 1 + levels), sparse: the intercept and one column for each level of each covariate.
    coefficients
        Shape (1 + levels,), on the logit scale.
    covariance
        Of the coefficients, as if people were reached independently of each other.
    """

    design: sparse.csr_array
    coefficients: Floats
    covariance: Floats

    @property
    def linear_predictor(self) -> Floats:
        """Of each row, on the logit scale."""
        predictor: Floats = self.design @ self.coefficients
        return predictor


def fit_main_effects(covariates: list[Codes], eligible: Floats, reached: Floats) -> MainEffects:
    """Fit a binomial logistic regression with a small ridge on the levels' effects.

    Parameters
    ----------
    covariates
        For each covariate the level of each row, from 0: each of shape (rows,).
    eligible, reached
        Shape (rows,); every row has someone eligible.

    Returns
    -------
    MainEffects
        Finite also under complete separation.

    References
    ----------
    McCullagh P, Nelder JA. Generalized linear models, 2nd ed. 1989, section 4.4 (iteratively reweighted
    least squares). le Cessie S, van Houwelingen JC. Ridge estimators in logistic regression. Appl Stat
    1992;41:191-201.
    """
    return MainEffectsProblem(covariates, len(eligible)).fit(eligible, reached)


def build_design(covariates: list[Codes], rows: int) -> sparse.csr_array:
    """The intercept and an indicator of each level of each covariate, one after the other."""
    columns = _columns(covariates, rows)
    pointers = np.arange(rows + 1) * columns.shape[1]
    width = 1 + sum(int(codes.max()) + 1 for codes in covariates)
    return sparse.csr_array((np.ones(columns.size), columns.ravel(), pointers), shape=(rows, width))


def _columns(covariates: list[Codes], rows: int) -> Codes:
    """The columns of each row that hold a 1, shape (rows, 1 + covariates)."""
    starts = np.cumsum([1, *(int(codes.max()) + 1 for codes in covariates)])
    return np.column_stack(
        [np.zeros(rows, np.int64), *(codes + start for codes, start in zip(covariates, starts, strict=False))]
    )


class MainEffectsProblem:
    """The penalised likelihood of the counts of some rows, to be fitted to more than one set of counts.

    Rows of the same levels say the same of the coefficients, and a place has far fewer kinds than strata: the
    counts are added up by kind, and the sums of the design by pairs of levels.

    Parameters
    ----------
    covariates
        For each covariate the level of each row, from 0: each of shape (rows,).
    rows
        How many there are.
    """

    def __init__(self, covariates: list[Codes], rows: int) -> None:
        self.design = build_design(covariates, rows)
        sizes = tuple(int(codes.max()) + 1 for codes in covariates)
        kinds = np.ravel_multi_index(tuple(covariates), sizes) if covariates else np.zeros(rows, np.int64)
        kept, self._kind = np.unique(kinds, return_inverse=True)
        levels = [np.asarray(one, np.int64) for one in np.unravel_index(kept, sizes)] if covariates else []
        self._columns = _columns(levels, len(kept))
        self._width = self.design.shape[1]
        self._pairs = (self._columns[:, :, None] * self._width + self._columns[:, None, :]).ravel()
        self._precision = np.full(self._width, _LEVEL_PRECISION)
        self._precision[0] = _INTERCEPT_PRECISION

    def fit(self, eligible: Floats, reached: Floats) -> MainEffects:
        """Fit to these counts."""
        coefficients = self.find_coefficients(eligible, reached)
        covariance = np.asarray(np.linalg.inv(self._slopes(coefficients)[1]), dtype=np.float64)
        return MainEffects(self.design, coefficients, covariance)

    def find_coefficients(self, eligible: Floats, reached: Floats, start: Floats | None = None) -> Floats:
        """Fit to these counts, from ``start`` where the coefficients of counts much like them are known."""
        self._eligible = np.bincount(self._kind, eligible, minlength=len(self._columns))
        self._reached = np.bincount(self._kind, reached, minlength=len(self._columns))
        self._centre = np.zeros(self._width)
        self._centre[0] = special.logit((reached.sum() + 0.5) / (eligible.sum() + 1))
        coefficients = self._centre if start is None else start
        for _ in range(_STEPS):
            gradient, information = self._slopes(coefficients)
            step = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
            if gradient @ step < _TOLERANCE:
                break
            coefficients = self._descend(coefficients, step)
        return coefficients

    def _predict(self, coefficients: Floats) -> Floats:
        return np.asarray(coefficients[self._columns].sum(axis=1))

    def _loss(self, coefficients: Floats) -> float:
        predictor = self._predict(coefficients)
        loss = self._eligible @ np.logaddexp(0.0, predictor) - self._reached @ predictor
        return float(loss + 0.5 * self._precision @ (coefficients - self._centre) ** 2)

    def _slopes(self, coefficients: Floats) -> tuple[Floats, Floats]:
        share = special.expit(self._predict(coefficients))
        each = self._columns.shape[1]
        left = np.repeat(self._reached - self._eligible * share, each)
        gradient = np.bincount(self._columns.ravel(), left, minlength=self._width)
        weight = np.repeat(self._eligible * share * (1 - share), each**2)
        information = np.bincount(self._pairs, weight, minlength=self._width**2)
        information = information.reshape(self._width, self._width) + np.diag(self._precision)
        return gradient - self._precision * (coefficients - self._centre), information

    def _descend(self, coefficients: Floats, step: Floats) -> Floats:
        # A full Newton step can overshoot where nearly all or none were reached: halve it until it helps.
        before = self._loss(coefficients)
        for halving in range(_HALVINGS):
            trial = coefficients + step * 0.5**halving
            if self._loss(trial) < before:
                return trial
        return coefficients
