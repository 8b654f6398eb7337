"""The main-effects model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special

from evenground.reach.main_effects import build_design, fit_main_effects


def make_rows(seed: int = 4) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    covariates = [rng.integers(0, levels, 400) for levels in (5, 16, 2)]
    eligible = rng.integers(1, 200, 400).astype(float)
    effect = 0.3 + 0.2 * covariates[0] - 0.1 * covariates[1] + 0.3 * covariates[2]
    return covariates, eligible, rng.binomial(eligible.astype(int), special.expit(effect)).astype(float)


def test_the_fit_is_where_a_general_optimiser_finds_the_penalised_optimum() -> None:
    covariates, eligible, reached = make_rows()
    design = build_design(covariates, 400).toarray()
    centre = np.zeros(design.shape[1])
    centre[0] = special.logit((reached.sum() + 0.5) / (eligible.sum() + 1))
    precision = np.where(np.arange(design.shape[1]) == 0, 0.01, 1.0)

    def loss(beta: np.ndarray) -> float:
        predictor = design @ beta
        fit = eligible @ np.logaddexp(0, predictor) - reached @ predictor
        return fit + 0.5 * precision @ (beta - centre) ** 2

    def slope(beta: np.ndarray) -> np.ndarray:
        return design.T @ (eligible * special.expit(design @ beta) - reached) + precision * (beta - centre)

    best = optimize.minimize(loss, centre, jac=slope, method="BFGS", options={"gtol": 1e-6})
    model = fit_main_effects(covariates, eligible, reached)
    np.testing.assert_allclose(model.coefficients, best.x, atol=1e-5)


def test_fitted_totals_of_large_levels_meet_those_observed() -> None:
    covariates, eligible, reached = make_rows()
    fitted = eligible * special.expit(fit_main_effects(covariates, eligible, reached).linear_predictor)
    for codes in covariates:
        np.testing.assert_allclose(np.bincount(codes, fitted), np.bincount(codes, reached), rtol=0.01)


def test_without_covariates_everybody_is_expected_the_same() -> None:
    model = fit_main_effects([], np.array([10.0, 30.0]), np.array([3.0, 17.0]))
    assert special.expit(model.linear_predictor) == pytest.approx([0.5, 0.5], abs=1e-3)


def test_complete_separation_keeps_finite_effects() -> None:
    level = np.array([0, 0, 1, 1])
    eligible = np.full(4, 1_000.0)
    model = fit_main_effects([level], eligible, np.array([1_000.0, 1_000.0, 0.0, 0.0]))
    assert np.abs(model.coefficients).max() < 10
    share = special.expit(model.linear_predictor)
    assert (share[:2] > 0.98).all()
    assert (share[2:] < 0.02).all()
