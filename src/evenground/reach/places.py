"""Where areas are: their middles on a plane, from boundaries or from columns of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
import shapely

from evenground.errors import Fault, InputError, suggest
from evenground.reach.main_effects import Floats

PLACES: Final = ("area_code", "x", "y")
_WIDEST, _HIGHEST = 180, 90


def find_middles(boundaries: Mapping[str, str]) -> pl.DataFrame:
    """The middle of each area's boundary.

    Parameters
    ----------
    boundaries
        GeoJSON geometries as text, by area code; in degrees, or in metres of a national grid.

    Returns
    -------
    polars.DataFrame
        ``area_code``, ``x`` and ``y`` on one plane, in order of code.

    Raises
    ------
    InputError
        Naming the areas whose geometry cannot be read.
    """
    codes = sorted(boundaries)
    shapes = shapely.from_geojson([boundaries[code] for code in codes], on_invalid="ignore")
    wrong = [code for code, shape in zip(codes, shapes, strict=True) if shape is None or shape.is_empty]
    if wrong:
        named = ", ".join(wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        raise InputError(f"The boundaries of {len(wrong)} areas cannot be read: {named}. Export them again.")
    middles = shapely.centroid(shapes)
    return _lay_flat(codes, np.column_stack([shapely.get_x(middles), shapely.get_y(middles)]))


def read_middles(frame: pl.DataFrame, area: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """The middle of each area from two columns of a table of counts, the first of which runs eastwards.

    Returns
    -------
    polars.DataFrame
        As of ``find_middles``. Where rows of one area differ the mean of them; areas with none are left out.

    Raises
    ------
    InputError
        Telling all columns that are not there or hold anything but numbers.
    """
    if len(columns) != 2:
        raise InputError("Name two columns that say where areas are, such as easting,northing.")
    faults = []
    for name in columns:
        if name not in frame.columns:
            faults.append(Fault(f'column "{name}"', "it is not there.", suggest(name, frame.columns)))
        elif (wrong := _count_wrong(frame[name])) > 0:
            faults.append(
                Fault(f'column "{name}"', f"{wrong} rows hold no number.", "Give metres or degrees.")
            )
    if faults:
        told = "\n".join(f"  - {fault}" for fault in faults)
        raise InputError(f"The areas cannot be placed.\n{told}")
    middles = (
        frame.select(
            pl.col(area).cast(pl.String).str.strip_chars().alias("area_code"),
            *(_as_number(name).alias(axis) for name, axis in zip(columns, "xy", strict=True)),
        )
        .drop_nulls()
        .group_by("area_code")
        .agg(pl.col("x", "y").mean())
        .sort("area_code")
    )
    return _lay_flat(middles["area_code"].to_list(), middles.select("x", "y").to_numpy())


def _as_number(name: str) -> pl.Expr:
    # Empty text is no place, not a wrong one.
    return pl.col(name).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False).fill_nan(None)


def _count_wrong(column: pl.Series) -> int:
    text = column.cast(pl.String).str.strip_chars()
    said = text.is_not_null() & (text != "")
    number = text.cast(pl.Float64, strict=False)
    return int((said & (number.is_null() | ~number.is_finite())).sum())


def _lay_flat(codes: list[str], points: Floats) -> pl.DataFrame:
    """Longitudes shortened by the cosine of the middle latitude; what cannot be degrees is metres."""
    if len(points) and abs(points[:, 0]).max() <= _WIDEST and abs(points[:, 1]).max() <= _HIGHEST:
        middle = (points[:, 1].min() + points[:, 1].max()) / 2
        points = points * [math.cos(math.radians(middle)), 1.0]
    return pl.DataFrame({"area_code": codes, "x": points[:, 0], "y": points[:, 1]})
