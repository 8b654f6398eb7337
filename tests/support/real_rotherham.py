"""The profile of a real place from public files alone: Rotherham's areas, deprivation, census and QOF.

The workspace is what docs/how-to/profile-a-real-place.md has a user write down, without the downloads.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import polars as pl

from evenground.geography import AREA_COLUMNS
from evenground.workspace import Workspace, load_workspace
from tests.support.aggregates import write_real_rotherham
from tests.support.rotherham import write_boundaries

ETHNICITY: Final = "data/census2021/ethnicity_lsoa21_region.csv.gz"
DEPRIVATION: Final = "data/deprivation/imd2025_england_lsoa21.csv.gz"
DISTRICTS: Final = "data/deprivation/imd2025_england_ltla24.csv"
SMOKING: Final = "data/fingertips/91547_smoking_prevalence_qof.csv.gz"
LEARNING_DISABILITY: Final = "data/fingertips/200_learning_disability_qof_deciles.csv"
QOF: Final = "data/primary_care/qof_cvd_2023_24_region.csv"

CENSUS_GROUPS: Final = {
    "asian_residents_census": ("Asian, Asian British or Asian Welsh", "Asian or Asian British"),
    "black_residents_census": (
        "Black, Black British, Black Welsh, Caribbean or African",
        "Black or Black British",
    ),
    "mixed_residents_census": ("Mixed or Multiple ethnic groups", "mixed or multiple ethnic groups"),
    "other_residents_census": ("Other ethnic group", "another ethnic group"),
}
_CENSUS: Final = "Census 2021, Office for National Statistics"
_DEFINITION: Final = """\
id = "{id}"
kind = "published"
name = "{name}"
short_name = "{short_name}"
topic = "{topic}"
description = "{description}"
polarity = "{polarity}"
value_type = "proportion"
unit = "%"
multiplier = 100
numerator = "{numerator}"
denominator = "{denominator}"
author = "A public health analyst"
checker = "A consultant in public health"
review_date = 2028-03-31

[source]
title = "{source}"
date = "{date}"
"""


def write_rotherham_profile(root: Path, shared: Path) -> Workspace:
    """The workspace, without any person: six published tables, LSOAs of 2021 and their boundaries."""
    workspace = write_real_rotherham(root, shared, _describe_sources(shared))
    _name_neighbourhoods(root / "data/areas.csv", shared)
    write_boundaries(root / "data/boundaries.geojson", shared)
    place = root / "place.toml"
    place.write_text(
        place.read_text().replace("lsoa_edition", 'boundaries = "data/boundaries.geojson"\nlsoa_edition', 1)
    )
    _write_definitions(root / "definitions")
    return load_workspace(workspace.root)


def _describe_sources(shared: Path) -> str:
    groups = "\n".join(f'"{text}" = "{name}"' for name, (text, _) in CENSUS_GROUPS.items())
    return f"""
[[sources]]
name = "Smoking"
kind = "fingertips"
path = "{shared / SMOKING}"
comparators = ["E12000003"]
periods = "all"

[[sources]]
name = "Learning disability"
kind = "fingertips"
path = "{shared / LEARNING_DISABILITY}"
periods = "all"

[[sources]]
name = "QOF 2023/24"
kind = "counts"
publication = "Quality and Outcomes Framework 2023/24, NHS England"
path = "{shared / QOF}"
area_type = "practice"
period = "2023/24"
columns = {{ area_code = "Practice.Code" }}

[[sources.figures]]
indicator = "hypertension_prevalence_qof"
value = "Prevalence_HYP"
denominator = "List.Size_HYP"

[[sources]]
name = "Deprivation"
kind = "counts"
publication = "English indices of deprivation 2025, MHCLG"
path = "{shared / DEPRIVATION}"
area_type = "lsoa"
period = "2025"
value_is = "fraction"
columns = {{ area_code = "lsoa21_code" }}
figures = [{{ indicator = "income_deprived_imd", value = "Income_score" }}]

[[sources]]
name = "Deprivation of districts"
kind = "counts"
publication = "English indices of deprivation 2025, MHCLG"
path = "{shared / DISTRICTS}"
area_type = "ltla"
period = "2025"
value_is = "fraction"
columns = {{ area_code = "ltla24_code" }}
figures = [{{ indicator = "income_deprived_imd", value = "income_average_score" }}]

[[sources]]
name = "Census 2021"
kind = "counts"
publication = "{_CENSUS}"
path = "{shared / ETHNICITY}"
area_type = "lsoa"
period = "2021"
columns = {{ area_code = "lsoa21_code", indicator = "ethnic_group" }}
figures = [{{ numerator = "n", denominator = "total_residents" }}]

[sources.values.indicator]
{groups}
"""


def _name_neighbourhoods(areas: Path, shared: Path) -> None:
    """The House of Commons Library's names, where a neighbourhood has the same code since 2011."""
    file = shared / "data/lookups/msoa11_names_hocl.csv.gz"
    names = pl.read_csv(gzip.decompress(file.read_bytes()), infer_schema=False)
    by_code = dict(names.select("msoa11cd", "msoa11hclnm").iter_rows())
    known = pl.col("msoa_code").replace_strict(by_code, default=None)
    table = pl.read_csv(areas, infer_schema=False)
    table.with_columns(pl.coalesce(known, "msoa_name").alias("msoa_name")).select(AREA_COLUMNS).write_csv(
        areas
    )


_PROFILE: Final = """\
id = "our_places"
name = "Our small areas"
order = 10
description = "Who lives in each small area, and how many are poor."

[[sections]]
name = "Money"
words = "From the English indices of deprivation."
indicators = ["income_deprived_imd"]

[[sections]]
name = "Ethnic groups"
words = "From the census: neither high nor low is good."
indicators = [{census}]
"""


def _write_definitions(folder: Path) -> None:
    published = folder / "published"
    published.mkdir(parents=True, exist_ok=True)
    (folder / "profiles").mkdir()
    census = ", ".join(f'"{name}"' for name in CENSUS_GROUPS)
    (folder / "profiles/our_places.toml").write_text(_PROFILE.format(census=census))
    texts = {
        "income_deprived_imd": _DEFINITION.format(
            id="income_deprived_imd",
            name="People in income deprivation",
            short_name="Income deprivation",
            topic="Wider determinants",
            description="The share of people who are out of work or have low earnings.",
            polarity="lower_is_better",
            numerator="People in families that receive benefits because of a low income.",
            denominator="All people who live in the area.",
            source="English indices of deprivation 2025: income deprivation domain",
            date="2025",
        )
    }
    for name, (_, words) in CENSUS_GROUPS.items():
        texts[name] = _DEFINITION.format(
            id=name,
            name=f"Residents who are {words}" if words[0].isupper() else f"Residents of {words}",
            short_name=words[0].upper() + words[1:],
            topic="Population",
            description="How people described themselves in the census.",
            polarity="none",
            numerator="Residents who chose the group.",
            denominator="All usual residents.",
            source=_CENSUS,
            date="2021",
        )
    for name, text in texts.items():
        (published / f"{name}.toml").write_text(text)
