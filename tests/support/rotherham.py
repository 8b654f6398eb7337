"""Real Rotherham: its public margins and boundaries, with invented people."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path

from evenground.geography import AREA_COLUMNS
from evenground.sources.synthetic import generate_place, make_wenbury_workspace
from evenground.sources.synthetic.margins import Margins
from evenground.sources.synthetic.public_margins import load_census_margins
from evenground.workspace import Workspace, load_workspace

CODE = "E08000018"
AS_AT = dt.date(2026, 3, 31)


def find_census_files(shared: Path) -> dict[str, Path]:
    """The public files that the margins are made from."""
    data = shared / "data"
    return {
        "age_groups": data / "population/census2021_lsoa21_ageband_region.csv.gz",
        "single_years": data / "population/mye2020_ltla21_single_year.csv.gz",
        "sexes": data / "population/census2021_ltla21_broad_age_sex.csv",
        "ethnic_groups": data / "census2021/ethnicity_lsoa21_region.csv.gz",
        "detailed_groups": data / "census2021/ethnicity19_ltla21.csv.gz",
        "imd": data / "deprivation/imd2025_england_lsoa21.csv.gz",
        "msoas": data / "lookups/lsoa21_msoa21_derived.csv.gz",
        "wards": data / "lookups/lsoa21_ward22_lad22.csv.gz",
    }


def load_rotherham(shared: Path) -> Margins:
    """The margins of Rotherham."""
    return load_census_margins(CODE, **find_census_files(shared))


def write_rotherham_workspace(root: Path, shared: Path, *, size: int | None) -> Workspace:
    """A workspace with Rotherham's areas and boundaries, and people drawn from its margins."""
    make_wenbury_workspace(root, size=600)
    margins = load_rotherham(shared)
    generate_place(margins, root / "data", size=size, seed=1, as_at=AS_AT)
    margins.areas.select(AREA_COLUMNS).write_csv(root / "data/areas.csv")
    (root / "data/practices.csv").unlink()
    write_boundaries(root / "data/boundaries.geojson", shared)
    place = root / "place.toml"
    text = (
        place.read_text()
        .replace('"Wenbury"', '"Rotherham, invented people"')
        .replace('"E08900001"', f'"{CODE}"')
    )
    place.write_text(text.replace('practices = "data/practices.csv"\n', ""))
    return load_workspace(root)


def write_boundaries(path: Path, shared: Path) -> None:
    """The boundaries of its LSOAs, as a workspace asks for them."""
    file = shared / "data/boundaries/lsoa21_rotherham_staffs_stoke.geojson.gz"
    features = json.loads(gzip.decompress(file.read_bytes()))["features"]
    own = [feature for feature in features if feature["properties"]["ltla24_code"] == CODE]
    for feature in own:
        feature["properties"] = {"lsoa_code": feature["properties"]["lsoa21_code"]}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": own}))
