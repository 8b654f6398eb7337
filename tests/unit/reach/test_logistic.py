"""The logistic function beside SciPy's."""

from __future__ import annotations

import numpy as np
from scipy import special

from evenground.reach.logistic import log_one_plus_exp, share_of

PREDICTOR = np.concatenate([[-800.0, 800.0], np.linspace(-40, 40, 401)])


def test_shares_are_those_of_the_logistic_function_to_the_last_places() -> None:
    np.testing.assert_allclose(share_of(PREDICTOR), special.expit(PREDICTOR), rtol=1e-14, atol=1e-300)


def test_the_logarithm_of_one_plus_exp_is_right_to_the_last_places_of_one() -> None:
    np.testing.assert_allclose(
        log_one_plus_exp(PREDICTOR), np.logaddexp(0.0, PREDICTOR), rtol=1e-14, atol=3e-16
    )


def test_what_is_given_is_left_as_it_is() -> None:
    given = PREDICTOR.copy()
    share_of(given)
    log_one_plus_exp(given)
    np.testing.assert_array_equal(given, PREDICTOR)
