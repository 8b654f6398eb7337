"""The logistic function and its like, by the vector instructions that ``numpy.exp`` and ``log`` have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def share_of(predictor: Floats) -> Floats:
    """The share at a value on the logit scale; beyond 700 either way it is that at 700."""
    share = np.clip(predictor, -700.0, 700.0)
    np.negative(share, out=share)
    np.exp(share, out=share)
    share += 1.0
    return np.reciprocal(share, out=share)


def log_one_plus_exp(predictor: Floats) -> Floats:
    """The logarithm of 1 + exp of each value, without overflow; wrong by at most 1e-16 where it is near 0."""
    small = np.abs(predictor)
    np.negative(small, out=small)
    np.exp(small, out=small)
    small += 1.0
    np.log(small, out=small)
    small += np.maximum(predictor, 0.0)
    return small
