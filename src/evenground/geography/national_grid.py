"""The British National Grid and degrees (WGS 84), one to the other, within about five metres.

The transverse Mercator projection on Airy's ellipsoid, and a Helmert transformation between that datum and
WGS 84. Five metres are a fiftieth of a pixel on a map of a district; for surveys use the grid shift OSTN15.

References
----------
Ordnance Survey, A Guide to Coordinate Systems in Great Britain, version 3.6: annexes B, C and section 6.6.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_AIRY: Final = (6377563.396, 6356256.909)
_WGS84: Final = (6378137.0, 6356752.3141)
_SCALE: Final = 0.9996012717
_ORIGIN: Final = (np.radians(49.0), np.radians(-2.0))
_FALSE: Final = (400_000.0, -100_000.0)
_SHIFT: Final = np.array([446.448, -125.157, 542.060])
"""From Airy's datum to WGS 84, in metres."""

_TURN: Final = np.radians(np.array([0.1502, 0.2470, 0.8421]) / 3600)
_STRETCH: Final = -20.4894e-6
_ROUNDS: Final = 6


def to_degrees(easting: Any, northing: Any) -> tuple[Floats, Floats]:
    """Longitudes and latitudes (WGS 84) of places on the grid.

    Parameters
    ----------
    easting, northing
        Metres; of any one shape.

    Returns
    -------
    tuple of arrays
        Degrees. NaN stays NaN.

    Examples
    --------
    >>> longitude, latitude = to_degrees(651409.903, 313177.270)
    >>> round(float(longitude), 3), round(float(latitude), 3)
    (1.716, 52.658)
    """
    east, north = np.asarray(easting, dtype=np.float64), np.asarray(northing, dtype=np.float64)
    latitude, longitude = _unproject(east, north)
    x, y, z = _turn(_to_space(latitude, longitude, _AIRY), _TURN, _SHIFT, _STRETCH)
    latitude, longitude = _from_space(x, y, z, _WGS84)
    return np.degrees(longitude), np.degrees(latitude)


def to_grid(longitude: Any, latitude: Any) -> tuple[Floats, Floats]:
    """Eastings and northings of places given in degrees (WGS 84).

    Parameters
    ----------
    longitude, latitude
        Degrees; of any one shape.

    Returns
    -------
    tuple of arrays
        Metres. NaN stays NaN.

    Examples
    --------
    >>> easting, northing = to_grid(1.716038, 52.657977)
    >>> bool(abs(easting - 651410) < 5), bool(abs(northing - 313177) < 5)
    (True, True)
    """
    east = np.radians(np.asarray(longitude, dtype=np.float64))
    north = np.radians(np.asarray(latitude, dtype=np.float64))
    x, y, z = _turn(_to_space(north, east, _WGS84), -_TURN, -_SHIFT, -_STRETCH)
    return _project(*_from_space(x, y, z, _AIRY))


def _turn(
    space: tuple[Floats, Floats, Floats], turn: Floats, shift: Floats, stretch: float
) -> tuple[Floats, Floats, Floats]:
    x, y, z = space
    a, b, c = turn
    more = 1 + stretch
    return (
        shift[0] + more * x - c * y + b * z,
        shift[1] + c * x + more * y - a * z,
        shift[2] - b * x + a * y + more * z,
    )


def _to_space(
    latitude: Floats, longitude: Floats, ellipsoid: tuple[float, float]
) -> tuple[Floats, Floats, Floats]:
    a, b = ellipsoid
    flat = 1 - (b / a) ** 2
    radius = a / np.sqrt(1 - flat * np.sin(latitude) ** 2)
    return (
        radius * np.cos(latitude) * np.cos(longitude),
        radius * np.cos(latitude) * np.sin(longitude),
        radius * (1 - flat) * np.sin(latitude),
    )


def _from_space(x: Floats, y: Floats, z: Floats, ellipsoid: tuple[float, float]) -> tuple[Floats, Floats]:
    a, b = ellipsoid
    flat = 1 - (b / a) ** 2
    across = np.hypot(x, y)
    latitude = np.arctan2(z, across * (1 - flat))
    for _ in range(_ROUNDS):
        radius = a / np.sqrt(1 - flat * np.sin(latitude) ** 2)
        latitude = np.arctan2(z + flat * radius * np.sin(latitude), across)
    return latitude, np.arctan2(y, x)


def _meridian(latitude: Floats) -> Floats:
    """The distance along the central meridian from the true origin."""
    a, b = _AIRY
    n = (a - b) / (a + b)
    less, more = latitude - _ORIGIN[0], latitude + _ORIGIN[0]
    series = (
        (1 + n + 1.25 * n**2 + 1.25 * n**3) * less
        - (3 * n + 3 * n**2 + 21 / 8 * n**3) * np.sin(less) * np.cos(more)
        + (15 / 8 * (n**2 + n**3)) * np.sin(2 * less) * np.cos(2 * more)
        - 35 / 24 * n**3 * np.sin(3 * less) * np.cos(3 * more)
    )
    return np.asarray(b * _SCALE * series)


def _radii(latitude: Floats) -> tuple[Floats, Floats, Floats]:
    """The radii of curvature across and along the meridian, and how much the one exceeds the other."""
    a, b = _AIRY
    flat = 1 - (b / a) ** 2
    root = 1 - flat * np.sin(latitude) ** 2
    across, along = a * _SCALE / np.sqrt(root), a * _SCALE * (1 - flat) / root**1.5
    return across, along, across / along - 1


def _project(latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
    across, _, eta = _radii(latitude)
    sine, cosine, tangent = np.sin(latitude), np.cos(latitude), np.tan(latitude)
    from_middle = longitude - _ORIGIN[1]
    north = (
        _meridian(latitude)
        + _FALSE[1]
        + across / 2 * sine * cosine * from_middle**2
        + across / 24 * sine * cosine**3 * (5 - tangent**2 + 9 * eta) * from_middle**4
        + across / 720 * sine * cosine**5 * (61 - 58 * tangent**2 + tangent**4) * from_middle**6
    )
    east = (
        _FALSE[0]
        + across * cosine * from_middle
        + across / 6 * cosine**3 * (1 + eta - tangent**2) * from_middle**3
        + across
        / 120
        * cosine**5
        * (5 - 18 * tangent**2 + tangent**4 + 14 * eta - 58 * tangent**2 * eta)
        * from_middle**5
    )
    return east, north


def _unproject(easting: Floats, northing: Floats) -> tuple[Floats, Floats]:
    latitude = _ORIGIN[0] + (northing - _FALSE[1]) / (_AIRY[0] * _SCALE)
    for _ in range(_ROUNDS):
        latitude = latitude + (northing - _FALSE[1] - _meridian(latitude)) / (_AIRY[0] * _SCALE)
    across, along, eta = _radii(latitude)
    tangent, secant = np.tan(latitude), 1 / np.cos(latitude)
    off = easting - _FALSE[0]
    north = (
        latitude
        - tangent / (2 * along * across) * off**2
        + tangent / (24 * along * across**3) * (5 + 3 * tangent**2 + eta - 9 * tangent**2 * eta) * off**4
        - tangent / (720 * along * across**5) * (61 + 90 * tangent**2 + 45 * tangent**4) * off**6
    )
    east = (
        _ORIGIN[1]
        + secant / across * off
        - secant / (6 * across**3) * (across / along + 2 * tangent**2) * off**3
        + secant / (120 * across**5) * (5 + 28 * tangent**2 + 24 * tangent**4) * off**5
        - secant
        / (5040 * across**7)
        * (61 + 662 * tangent**2 + 1320 * tangent**4 + 720 * tangent**6)
        * off**7
    )
    return north, east
