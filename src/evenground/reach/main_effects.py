"""What age, sex, ethnic group and deprivation would lead one to expect, without regard to place."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse, special

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
    problem = _Problem(*_collapse(covariates, eligible, reached))
    coefficients = problem.centre
    for _ in range(_STEPS):
        gradient, information = problem.slopes(coefficients)
        step = linalg.solve(information, gradient, assume_a="pos")
        if gradient @ step < _TOLERANCE:
            break
        coefficients = problem.descend(coefficients, step)
    covariance = np.asarray(np.linalg.inv(problem.slopes(coefficients)[1]), dtype=np.float64)
    return MainEffects(build_design(covariates, len(eligible)), coefficients, covariance)


def build_design(covariates: list[Codes], rows: int) -> sparse.csr_array:
    """The intercept and an indicator of each level of each covariate, one after the other."""
    starts = np.cumsum([1, *(int(codes.max()) + 1 for codes in covariates)])
    columns = np.column_stack(
        [np.zeros(rows, np.int64), *(codes + start for codes, start in zip(covariates, starts, strict=False))]
    )
    pointers = np.arange(rows + 1) * columns.shape[1]
    return sparse.csr_array((np.ones(columns.size), columns.ravel(), pointers), shape=(rows, int(starts[-1])))


def _collapse(
    covariates: list[Codes], eligible: Floats, reached: Floats
) -> tuple[sparse.csr_array, Floats, Floats]:
    # Rows of the same levels say the same of the coefficients: a place has far fewer kinds than strata.
    sizes = tuple(int(codes.max()) + 1 for codes in covariates)
    kinds = np.ravel_multi_index(tuple(covariates), sizes) if covariates else np.zeros(len(eligible), int)
    kept, kind = np.unique(kinds, return_inverse=True)
    levels = [np.asarray(codes, np.int64) for codes in np.unravel_index(kept, sizes)] if covariates else []
    return (
        build_design(levels, len(kept)),
        np.bincount(kind, eligible).astype(np.float64),
        np.bincount(kind, reached).astype(np.float64),
    )


class _Problem:
    """The penalised likelihood of one model: its value and its first two derivatives."""

    def __init__(self, design: sparse.csr_array, eligible: Floats, reached: Floats) -> None:
        self.design, self.transposed = design, design.T.tocsr()
        self.eligible, self.reached = eligible, reached
        self.precision = np.full(design.shape[1], _LEVEL_PRECISION)
        self.precision[0] = _INTERCEPT_PRECISION
        self.centre = np.zeros(design.shape[1])
        self.centre[0] = special.logit((reached.sum() + 0.5) / (eligible.sum() + 1))

    def loss(self, coefficients: Floats) -> float:
        predictor = self.design @ coefficients
        loss = self.eligible @ np.logaddexp(0.0, predictor) - self.reached @ predictor
        return float(loss + 0.5 * self.precision @ (coefficients - self.centre) ** 2)

    def slopes(self, coefficients: Floats) -> tuple[Floats, Floats]:
        share = special.expit(self.design @ coefficients)
        gradient = self.transposed @ (self.reached - self.eligible * share)
        weight = sparse.diags_array(self.eligible * share * (1 - share))
        information = (self.transposed @ (weight @ self.design)).toarray() + np.diag(self.precision)
        return gradient - self.precision * (coefficients - self.centre), information

    def descend(self, coefficients: Floats, step: Floats) -> Floats:
        # A full Newton step can overshoot where nearly all or none were reached: halve it until it helps.
        before = self.loss(coefficients)
        for halving in range(_HALVINGS):
            trial = coefficients + step * 0.5**halving
            if self.loss(trial) < before:
                return trial
        return coefficients
