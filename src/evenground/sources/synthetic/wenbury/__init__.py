"""Wenbury: an invented Place of two towns, suburbs, former pit villages and countryside, in the North Sea.

Its margins and boundaries ship beside this file. ``python -m evenground.sources.synthetic.wenbury`` makes
them again, byte for byte, from :data:`SEED`.
"""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenground.geography import LSOAS_BY_IMD_EDITION
from evenground.sources.synthetic.margins import (
    ETHNIC_COLUMNS,
    POPULATION_COLUMNS,
    RECORDED_GROUPS,
    SEXES,
    Margins,
    load_margins,
)
from evenground.sources.synthetic.wenbury import people
from evenground.sources.synthetic.wenbury.map import (
    Cells,
    build_cells,
    clockwise,
    group_cells,
    place_points,
    to_degrees,
)
from evenground.workspace import write_atomically

FOLDER: Final = Path(__file__).parent
SEED: Final = 1934
PLACE_CODE: Final = "E08900001"
PLACE_NAME: Final = "Wenbury"
MSOAS: Final = 33
WARDS: Final = 25
PRACTICES: Final = 30
NETWORKS: Final = 6


@dataclass(frozen=True, slots=True)
class Wenbury:
    """Wenbury as made: its margins and the cell of each LSOA in the order of ``margins.areas``."""

    margins: Margins
    boundaries: dict[str, Any]


def load_wenbury() -> Margins:
    """Wenbury's margins as they ship."""
    return load_margins(FOLDER)


def build_wenbury(seed: int = SEED) -> Wenbury:
    """Make Wenbury from a seed. Another seed gives another map under the same names."""
    rng = np.random.default_rng(seed)
    points, kinds = place_points(rng)
    cells = build_cells(points, kinds, rng)
    msoas = _number_from_north(cells, group_cells(cells, MSOAS, rng, other_kind_km=1.5))
    wards = _number_from_north(cells, group_cells(cells, WARDS, rng, other_kind_km=1.5))
    order = _lsoa_order(cells, msoas)
    population = people.draw_population(cells, rng)
    groups = people.draw_ethnic_groups(cells, msoas, population.sum(axis=(1, 2)), rng)
    ranks = people.draw_imd_ranks(cells, rng)
    areas = _areas(cells, msoas, wards, ranks, order)
    practices, registrations = _practices(cells, population, areas, order, rng)
    margins = Margins(areas, practices, population[order], groups[order], registrations)
    return Wenbury(margins, _boundaries(cells, areas, order))


def write_wenbury(folder: Path = FOLDER, seed: int = SEED) -> list[Path]:
    """Write Wenbury's files into a folder and return their paths."""
    place = build_wenbury(seed)
    margins = place.margins
    tables = {
        "areas.csv": margins.areas,
        "practices.csv": margins.practices,
        "registrations.csv": margins.registrations,
        "population.csv": _population_frame(margins),
        "ethnic_groups.csv": _ethnic_frame(margins),
    }
    contents = {name: _csv_bytes(frame) for name, frame in tables.items()}
    contents["boundaries.geojson"] = _geojson_bytes(place.boundaries)
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return [folder / name for name in contents]


def _number_from_north(cells: Cells, groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Groups numbered from north to south, as ONS numbers MSOAs."""
    norths = [float(cells.points[groups == group, 1].mean()) for group in range(int(groups.max()) + 1)]
    number = np.argsort(np.argsort(-np.round(norths, 9), kind="stable"), kind="stable")
    return number[groups]


def _lsoa_order(cells: Cells, msoas: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Cells in the order of their codes: by MSOA, then from north to south."""
    return np.lexsort((-np.round(cells.points[:, 1], 9), msoas))


def _areas(
    cells: Cells,
    msoas: npt.NDArray[np.int64],
    wards: npt.NDArray[np.int64],
    ranks: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
) -> pl.DataFrame:
    msoa_names = _area_names(cells, msoas, "msoa")
    ward_names = _area_names(cells, wards, "ward")
    place_in_msoa = [int((msoas[order[:at]] == msoas[cell]).sum()) for at, cell in enumerate(order)]
    total = LSOAS_BY_IMD_EDITION[people.IMD_EDITION]
    rows = [
        {
            "lsoa_code": f"E019{at + 1:05d}",
            "lsoa_name": f"{PLACE_NAME} {msoas[cell] + 1:03d}{chr(65 + place_in_msoa[at])}",
            "msoa_code": f"E029{msoas[cell] + 1:05d}",
            "msoa_name": msoa_names[msoas[cell]],
            "ward_code": f"E059{wards[cell] + 1:05d}",
            "ward_name": ward_names[wards[cell]],
            "ltla_code": PLACE_CODE,
            "ltla_name": PLACE_NAME,
            "imd_rank": int(ranks[cell]),
            "imd_decile": -(-int(ranks[cell]) * 10 // total),
        }
        for at, cell in enumerate(order)
    ]
    return pl.DataFrame(rows)


def _area_names(cells: Cells, groups: npt.NDArray[np.int64], level: str) -> dict[int, str]:
    names = _names()[level]
    return {
        group: names[kind][place]
        for kind in names
        for place, group in enumerate(people.msoas_by_distance(cells, groups, kind))
    }


def _names() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "names.toml").read_text(encoding="utf-8"))


def _practices(
    cells: Cells,
    population: npt.NDArray[np.int64],
    areas: pl.DataFrame,
    order: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    catchments, networks, patients = people.draw_practices(
        cells, population.sum(axis=(1, 2)), rng, practices=PRACTICES, networks=NETWORKS
    )
    names = _area_names(cells, catchments, "practice")
    network_names = _names()["pcn"]["names"]
    codes = [f"Y99{number + 1:03d}" for number in range(PRACTICES)]
    practices = pl.DataFrame(
        {
            "practice_code": codes,
            "practice_name": [names[number] for number in range(PRACTICES)],
            "pcn_code": [f"U99{network + 1:03d}" for network in networks],
            "pcn_name": [network_names[network] for network in networks],
        }
    )
    rows = [
        (lsoa, codes[practice], int(patients[cell, practice]))
        for lsoa, cell in zip(areas["lsoa_code"], order, strict=True)
        for practice in np.flatnonzero(patients[cell])
    ]
    schema = ["lsoa_code", "practice_code", "patients"]
    return practices, pl.DataFrame(rows, schema=schema, orient="row")


def _boundaries(cells: Cells, areas: pl.DataFrame, order: npt.NDArray[np.int64]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "properties": {"lsoa_code": lsoa},
            "geometry": {
                "type": "Polygon",
                "coordinates": [clockwise([to_degrees(point) for point in cells.outlines[cell]])],
            },
        }
        for lsoa, cell in zip(areas["lsoa_code"], order, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _population_frame(margins: Margins) -> pl.DataFrame:
    rows = [
        (lsoa, sex, *margins.population[at, :, column].tolist())
        for at, lsoa in enumerate(margins.areas["lsoa_code"])
        for column, sex in enumerate(SEXES)
    ]
    return pl.DataFrame(rows, schema=list(POPULATION_COLUMNS), orient="row")


def _ethnic_frame(margins: Margins) -> pl.DataFrame:
    counts = pl.DataFrame(margins.ethnic_groups, schema=list(RECORDED_GROUPS))
    return counts.insert_column(0, margins.areas["lsoa_code"]).select(ETHNIC_COLUMNS)


def _csv_bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_csv(buffer)
    return buffer.getvalue()


def _geojson_bytes(collection: dict[str, Any]) -> bytes:
    """One feature a line, so that a change can be read in a diff."""
    lines: Iterable[str] = (json.dumps(one, separators=(",", ":")) for one in collection["features"])
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()
