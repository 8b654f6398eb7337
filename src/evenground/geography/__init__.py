"""Areas: the look-up from LSOA upwards, deprivation, practices and boundaries.

Rank 1, decile 1 and quintile 1 are the most deprived, always. ``imd_quintile`` is national (by the IMD
edition that the place names); ``local_quintile`` ranks the place's own LSOAs among themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import shapely
import shapely.geometry

from evenground.errors import Fault, WorkspaceError
from evenground.vocabulary import UNKNOWN_AREA, AreaType

LSOAS_BY_IMD_EDITION: Final = {"2019": 32_844, "2025": 33_755}
"""How many LSOAs each Index of Multiple Deprivation ranks (MHCLG, English Indices of Deprivation)."""

AREA_COLUMNS: Final = (
    "lsoa_code",
    "lsoa_name",
    "msoa_code",
    "msoa_name",
    "ward_code",
    "ward_name",
    "ltla_code",
    "ltla_name",
    "imd_rank",
    "imd_decile",
)
WIDER_COLUMNS: Final = ("icb_code", "icb_name")
"""Of a look-up that reaches beyond one integrated care board; a place within one leaves them out."""

PRACTICE_COLUMNS: Final = ("practice_code", "practice_name", "pcn_code", "pcn_name")

PARENTS: Final = {
    AreaType.LSOA: AreaType.MSOA,
    AreaType.MSOA: AreaType.PLACE,
    AreaType.WARD: AreaType.PLACE,
    AreaType.LTLA: AreaType.PLACE,
    AreaType.ICB: AreaType.PLACE,
    AreaType.PRACTICE: AreaType.PCN,
    AreaType.PCN: AreaType.PLACE,
}
"""Each area type's benchmark and the step up from it on a page."""


@dataclass(frozen=True, slots=True)
class Geography:
    """The areas of one place.

    ``lsoas`` has one row an LSOA: the columns of ``AREA_COLUMNS`` and ``WIDER_COLUMNS`` (null where the
    look-up has none), ``imd_quintile`` and ``local_quintile``.
    ``practices`` has one row a practice, and may be empty.
    """

    place_code: str
    place_name: str
    imd_edition: str
    lsoas: pl.DataFrame
    practices: pl.DataFrame

    def areas(self) -> pl.DataFrame:
        """One row an area of every type: type, code, name, parent; for LSOAs, deprivation, ward, district."""
        deprivation = ("imd_rank", "imd_decile", "imd_quintile", "local_quintile")
        of_lsoa = (*deprivation, "ward_code", "ltla_code", "icb_code")
        place = pl.DataFrame(
            {"area_type": ["place"], "area_code": [self.place_code], "area_name": [self.place_name]}
        )
        in_place = pl.lit(self.place_code)
        frames = [
            place,
            self._distinct(self.lsoas, AreaType.ICB, in_place).drop_nulls("area_code"),
            self._distinct(self.lsoas, AreaType.LTLA, in_place),
            self._distinct(self.lsoas, AreaType.WARD, in_place),
            self._distinct(self.lsoas, AreaType.MSOA, in_place),
            self._distinct(self.lsoas, AreaType.LSOA, pl.col("msoa_code"), of_lsoa),
            self._distinct(self.practices, AreaType.PCN, in_place),
            self._distinct(self.practices, AreaType.PRACTICE, pl.col("pcn_code")),
        ]
        return pl.concat(frames, how="diagonal").sort("area_type", "area_code")

    @staticmethod
    def _distinct(
        frame: pl.DataFrame, area_type: AreaType, parent: pl.Expr, extra: tuple[str, ...] = ()
    ) -> pl.DataFrame:
        return frame.select(
            pl.lit(str(area_type)).alias("area_type"),
            pl.col(f"{area_type}_code").alias("area_code"),
            pl.col(f"{area_type}_name").alias("area_name"),
            parent.alias("parent_area_code"),
            *extra,
        ).unique(subset="area_code", keep="first", maintain_order=True)


def load_geography(
    areas_file: Path, practices_file: Path | None, *, place_code: str, place_name: str, imd_edition: str
) -> Geography:
    """Read the area look-up and the practices of a place.

    Raises
    ------
    WorkspaceError
        With every fault: a missing column, a duplicated LSOA, a rank outside the edition, an area code that
        carries two names.
    """
    lsoas = _read_table(areas_file, AREA_COLUMNS, optional=WIDER_COLUMNS)
    practices = (
        _read_table(practices_file, PRACTICE_COLUMNS)
        if practices_file
        else pl.DataFrame(schema=dict.fromkeys(PRACTICE_COLUMNS, pl.String))
    )
    lsoas, faults = _with_deprivation(areas_file.name, lsoas, imd_edition)
    faults += _check_codes(areas_file.name, lsoas, ("lsoa", "msoa", "ward", "ltla", "icb"))
    if practices_file:
        faults += _check_codes(practices_file.name, practices, ("practice", "pcn"))
    if faults:
        raise WorkspaceError("The areas of the place cannot be used.", faults)
    return Geography(
        place_code, place_name, imd_edition, lsoas.sort("lsoa_code"), practices.sort("practice_code")
    )


def load_boundaries(path: Path, area_type: str = AreaType.LSOA) -> dict[str, dict[str, Any]]:
    """GeoJSON geometries by area code, from a feature collection whose features carry ``<type>_code``.

    Raises
    ------
    WorkspaceError
        Where the file is not a GeoJSON feature collection or a feature lacks its code.
    """
    key = f"{area_type}_code"
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        return {feature["properties"][key]: feature["geometry"] for feature in features}
    except (ValueError, KeyError, TypeError, OSError) as error:
        fault = Fault(
            path.name, f"is not a GeoJSON feature collection with the property {key}.", "Export it again."
        )
        raise WorkspaceError("The boundaries cannot be used.", [fault]) from error


def dissolve_boundaries(lsoas: Mapping[str, Mapping[str, Any]], parents: Mapping[str, str]) -> dict[str, str]:
    """Boundaries of larger areas, put together from their LSOAs, as GeoJSON text by area code.

    Parameters
    ----------
    lsoas
        GeoJSON geometries by LSOA code, in degrees.
    parents
        The area that each LSOA belongs to; LSOAs without a geometry are passed over.

    Returns
    -------
    dict
        GeoJSON geometries, outer rings clockwise (Vega fills the outside of a ring that runs the other way),
        coordinates to five decimal places (about one metre), in order of area code.
    """
    parts: dict[str, list[Any]] = {}
    for code, parent in sorted(parents.items()):
        if code in lsoas:
            parts.setdefault(parent, []).append(shapely.geometry.shape(lsoas[code]))
    return {parent: _as_geojson(shapely.union_all(shapes)) for parent, shapes in sorted(parts.items())}


def _as_geojson(shape: Any) -> str:
    rounded = shapely.set_precision(shape, 1e-5)
    wound = shapely.orient_polygons(rounded, exterior_cw=True)
    return json.dumps(shapely.geometry.mapping(wound), separators=(",", ":"))


def _read_table(path: Path, columns: tuple[str, ...], *, optional: tuple[str, ...] = ()) -> pl.DataFrame:
    if not path.is_file():
        fault = Fault(path.name, "is not there.", "Check the path in place.toml.")
        raise WorkspaceError("The areas of the place cannot be used.", [fault])
    try:
        frame = pl.read_csv(path, infer_schema=False, encoding="utf8")
    except pl.exceptions.PolarsError as error:
        fault = Fault(path.name, "is not a UTF-8 CSV file with one header line.", "Save it as CSV UTF-8.")
        raise WorkspaceError("The areas of the place cannot be used.", [fault]) from error
    frame = frame.rename({name: name.removeprefix("\ufeff").strip() for name in frame.columns})
    if not set(optional) & set(frame.columns):
        frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in optional)
    columns += optional
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        fault = Fault(
            path.name, f"lacks the columns {', '.join(missing)}.", f"It has {', '.join(frame.columns)}."
        )
        raise WorkspaceError("The areas of the place cannot be used.", [fault])
    return frame.select(columns).with_columns(pl.all().str.strip_chars())


def _with_deprivation(name: str, lsoas: pl.DataFrame, edition: str) -> tuple[pl.DataFrame, list[Fault]]:
    total = LSOAS_BY_IMD_EDITION.get(edition)
    if total is None:
        known = ", ".join(LSOAS_BY_IMD_EDITION)
        return lsoas, [
            Fault("place.toml, areas.imd_edition", f'"{edition}" is not known.', f"Known: {known}.")
        ]
    typed = lsoas.with_columns(pl.col("imd_rank", "imd_decile").cast(pl.Int32, strict=False))
    bad_rank = typed.filter(~pl.col("imd_rank").is_between(1, total, closed="both").fill_null(value=False))
    bad_decile = typed.filter(~pl.col("imd_decile").is_between(1, 10).fill_null(value=False))
    faults = []
    if bad_rank.height:
        what = f"{bad_rank.height} rows hold an imd_rank that is not a whole number from 1 to {total:,}"
        faults.append(
            Fault(name, f"{what} (first: {bad_rank['lsoa_code'][0]}).", f"IMD {edition}, 1 = most deprived.")
        )
    if bad_decile.height:
        what = f"{bad_decile.height} rows hold an imd_decile that is not 1 to 10"
        faults.append(Fault(name, f"{what} (first: {bad_decile['lsoa_code'][0]}).", "1 = most deprived."))
    quintiled = typed.with_columns(
        ((pl.col("imd_decile") + 1) // 2).cast(pl.Int32).alias("imd_quintile"),
        ((pl.col("imd_rank").rank("ordinal") * 5 + pl.len() - 1) // pl.len())
        .cast(pl.Int32)
        .alias("local_quintile"),
    )
    return quintiled, faults


def _check_codes(name: str, frame: pl.DataFrame, levels: tuple[str, ...]) -> list[Fault]:
    faults = []
    smallest = f"{levels[0]}_code"
    repeated = frame.filter(pl.col(smallest).is_duplicated())
    if repeated.height:
        what = f"{repeated[smallest].n_unique()} {smallest} values stand in more than one row"
        faults.append(Fault(name, f"{what} (first: {repeated[smallest][0]}).", "Keep one row each."))
    if frame.select(pl.col(smallest).is_null() | pl.col(smallest).eq("") | pl.col(smallest).eq(UNKNOWN_AREA))[
        smallest
    ].any():
        faults.append(
            Fault(name, f"holds rows without a {smallest}.", "Remove them: unknown areas are added for you.")
        )
    for level in levels:
        names = frame.group_by(f"{level}_code").agg(pl.col(f"{level}_name").n_unique().alias("names"))
        twice = names.filter(pl.col("names") > 1).sort(f"{level}_code")
        if twice.height:
            code = twice[f"{level}_code"][0]
            faults.append(
                Fault(name, f"{level} {code} carries more than one name.", "Give each code one name.")
            )
    return faults
