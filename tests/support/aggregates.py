"""Places without persons, for tests of published figures: the map of Wenbury, or of Rotherham."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from evenground.geography import AREA_COLUMNS
from evenground.workspace import Workspace, load_workspace
from tests.support.rotherham import CODE, load_rotherham

FINGERTIPS_HEADER: Final = (
    *("Indicator ID", "Indicator Name", "Parent Code", "Parent Name", "Area Code", "Area Name", "Area Type"),
    *("Sex", "Age", "Category Type", "Category", "Time period", "Value"),
    *("Lower CI 95.0 limit", "Upper CI 95.0 limit", "Lower CI 99.8 limit", "Upper CI 99.8 limit"),
    *("Count", "Denominator", "Value note", "Recent Trend", "Compared to England value or percentiles"),
    *("Compared to percentiles", "Time period Sortable", "New data", "Compared to goal"),
)

PLACE: Final = "X08000001"
AREAS: Final = """\
lsoa_code,lsoa_name,msoa_code,msoa_name,ward_code,ward_name,ltla_code,ltla_name,imd_rank,imd_decile
X01000001,Samplebury 001A,X02000001,Old Town,X05000001,North,X08000001,Samplebury,1200,1
X01000002,Samplebury 001B,X02000001,Old Town,X05000001,North,X08000001,Samplebury,21000,7
"""
PRACTICES: Final = """\
practice_code,practice_name,pcn_code,pcn_name
Y00001,High Street Surgery,U00001,Old Town PCN
Y00002,Riverside Practice,U00001,Old Town PCN
"""
DEFINITION: Final = """\
id = "{id}"
kind = "published"
name = "{name}"
short_name = "{short_name}"
topic = "Tobacco"
description = "A made-up indicator."
{extra}
polarity = "lower_is_better"
value_type = "{value_type}"
unit = "{unit}"
multiplier = {multiplier}
numerator = "People who smoke."
denominator = "People aged 15 and over."
author = "Analyst"
checker = "Consultant"
review_date = 2027-03-31
source = {{ title = "A publisher" }}
"""
DECILE_NAMES: Final = [
    *("Most deprived decile", "Second most deprived decile ", "Third more deprived decile (IMD2019)"),
    *("Fourth more deprived decile", "Fifth more deprived decile (IMD2019) ", "Fifth less deprived decile"),
    *("Fourth less deprived decile", "Third less deprived decile", "Second least deprived decile"),
    "Least deprived decile (IMD2019)",
]
COUNTIES: Final = "County & UA deprivation deciles in England (IMD2019, 4/21 geography)"


def fingertips_row(**cells: Any) -> dict[str, Any]:
    """A row of a Fingertips file for England, changed as the test needs it; keys may be short."""
    short = {
        "id": "Indicator ID",
        "code": "Area Code",
        "name": "Area Name",
        "type": "Area Type",
        "sex": "Sex",
        "age": "Age",
        "category_type": "Category Type",
        "category": "Category",
        "period": "Time period",
        "value": "Value",
        "lower": "Lower CI 95.0 limit",
        "upper": "Upper CI 95.0 limit",
        "count": "Count",
        "denominator": "Denominator",
        "note": "Value note",
        "parent": "Parent Code",
    }
    usual = {
        "id": "91547",
        "code": "E92000001",
        "name": "England",
        "type": "England",
        "sex": "Persons",
        "age": "15+ yrs",
        "period": "2022/23",
        "value": "20",
        "lower": "18",
        "upper": "22",
        "count": "300",
        "denominator": "1500",
    }
    return {short[key]: text for key, text in (usual | cells).items()}


def own_row(**cells: Any) -> dict[str, Any]:
    """A row of a Fingertips file for the place itself."""
    return fingertips_row(**({"code": PLACE, "name": "Samplebury", "type": "District"} | cells))


def deciles(category_type: str = COUNTIES, **cells: str) -> list[dict[str, Any]]:
    """A row of England for each tenth of its areas, the most deprived first."""
    return [
        fingertips_row(
            category_type=category_type,
            category=name,
            value=f"{30 - number}",
            lower=f"{29.9 - number}",
            upper=f"{30.1 - number}",
            **cells,
        )
        for number, name in enumerate(DECILE_NAMES, start=1)
    ]


def write_csv(
    path: Path, rows: Iterable[Mapping[str, Any]], header: Sequence[str] = FINGERTIPS_HEADER
) -> None:
    """Rows as a CSV file; cells that a row lacks are empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_definition(root: Path, indicator_id: str = "smoking_published", /, **facts: Any) -> None:
    """A published indicator of the workspace."""
    usual = {
        "name": "Smoking, as published",
        "short_name": "Smoking, published",
        "value_type": "proportion",
        "unit": "%",
        "multiplier": 100,
        "extra": "",
    }
    file = root / "definitions" / "published" / f"{indicator_id}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(DEFINITION.format(id=indicator_id, **(usual | facts)))


def write_place(root: Path, sources: str, *, code: str = PLACE, name: str = "Samplebury") -> Workspace:
    """A workspace without persons: two small areas, two practices and the sources given."""
    (root / "data").mkdir(parents=True, exist_ok=True)
    for file, text in (("areas.csv", AREAS), ("practices.csv", PRACTICES)):
        if not (root / "data" / file).exists():
            (root / "data" / file).write_text(text)
    (root / "place.toml").write_text(
        f'[place]\nname = "{name}"\ncode = "{code}"\nas_at = 2026-03-31\n\n'
        '[areas]\nfile = "data/areas.csv"\npractices = "data/practices.csv"\n'
        f'lsoa_edition = "2021"\nimd_edition = "2025"\n\n{sources}'
    )
    return load_workspace(root)


def write_real_rotherham(root: Path, shared: Path, sources: str) -> Workspace:
    """Rotherham with its areas and its practices of the register, and nobody in it."""
    (root / "data").mkdir(parents=True)
    load_rotherham(shared).areas.select(AREA_COLUMNS).write_csv(root / "data/areas.csv")
    register = shared / "data/primary_care/gp_practice_register_2022.csv.gz"
    practices = pl.read_csv(gzip.decompress(register.read_bytes()), infer_schema=False)
    practices.filter(pl.col("OrganisationCode").str.starts_with("C87")).select(
        pl.col("OrganisationCode").alias("practice_code"),
        pl.col("OrganisationName").alias("practice_name"),
        pl.lit("U00000").alias("pcn_code"),
        pl.lit("Not known").alias("pcn_name"),
    ).unique("practice_code", maintain_order=True).write_csv(root / "data/practices.csv")
    return write_place(root, sources, code=CODE, name="Rotherham")
