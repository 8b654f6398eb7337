"""Whether an area and its neighbours together stand out: the local statistic G*."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse, spatial

from evenground.reach.main_effects import Floats

NEIGHBOURS: Final = 8


def beside(points: Floats, neighbours: int = NEIGHBOURS) -> sparse.csr_array:
    """Each area with its nearest neighbours: a 1 for itself and for each, shape (areas, areas)."""
    areas = len(points)
    nearest = min(neighbours + 1, areas)
    _, found = spatial.cKDTree(points).query(points, k=nearest)
    found = np.asarray(found).reshape(areas, nearest)
    pointers = np.arange(areas + 1) * nearest
    return sparse.csr_array((np.ones(found.size), found.ravel(), pointers), shape=(areas, areas))


def calculate_local_g(values: Floats, weights: sparse.csr_array) -> Floats:
    """The standardised local statistic G* of each area.

    Parameters
    ----------
    values
        Shape (areas,).
    weights
        Shape (areas, areas): how much each area (column) counts around another (row), itself among them.

    Returns
    -------
    ndarray
        Standard deviations above what is expected if values lay at random; NaN where all values are one, or
        where all areas count alike.

    References
    ----------
    Ord JK, Getis A. Local spatial autocorrelation statistics. Geogr Anal 1995;27:286-306, equation 14.

    Examples
    --------
    >>> points = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]])
    >>> calculate_local_g(np.array([9.0, 8, 1, 2]), beside(points, 1)).argmax()
    np.int64(0)
    """
    areas = len(values)
    total = np.asarray(weights.sum(axis=1)).ravel()
    squares = np.asarray((weights * weights).sum(axis=1)).ravel()
    spread = np.sqrt((areas * squares - total**2) / (areas - 1)) if areas > 1 else np.zeros(areas)
    scale = values.std() * spread
    above = weights @ values - total * values.mean()
    found: Floats = np.divide(above, scale, out=np.full(areas, np.nan), where=scale > 1e-12)
    return found
