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
LISTS: Final = "data/primary_care/gp_patients_by_ageband_2020_region.csv"
POPULATION: Final = "data/population/mye2020_lsoa11_single_year_region.csv.gz"
LOOKUP: Final = "data/lookups/lsoa11_lsoa21_ltla22.csv.gz"
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
    """The workspace, without any person: eight published tables, LSOAs of 2021 and their boundaries."""
    workspace = write_real_rotherham(root, shared, _describe_sources(shared))
    _name_neighbourhoods(root / "data/areas.csv", shared)
    _write_lookup(root / "data/lsoa11_lsoa21.csv", shared)
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

[[sources]]
name = "GP lists"
kind = "counts"
publication = "Patients registered at a GP practice, April 2020, NHS Digital"
path = "{shared / LISTS}"
area_type = "practice"
period = "2020"
columns = {{ area_code = "PRACTICE_CODE" }}
figures = [{{ indicator = "registered_65_and_over", numerator = "65OV", denominator = "TOTAL" }}]

[[sources]]
name = "Population"
kind = "counts"
publication = "Mid-2020 population estimates, Office for National Statistics"
path = "{shared / POPULATION}"
area_type = "lsoa"
period = "2020"
lsoa_edition = "2011"
lsoa_lookup = "data/lsoa11_lsoa21.csv"
columns = {{ area_code = "lsoa11_code" }}
figures = [{{ indicator = "residents_90_and_over", numerator = "90+", denominator = "total_population" }}]
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


def _write_lookup(path: Path, shared: Path) -> None:
    """The look-up of both editions, with columns named as in the download of the ONS."""
    table = pl.read_csv(gzip.decompress((shared / LOOKUP).read_bytes()), infer_schema=False)
    names = {"lsoa11_code": "LSOA11CD", "change_code": "CHGIND", "lsoa21_code": "LSOA21CD"}
    table.select(pl.col(old).alias(new) for old, new in names.items()).write_csv(path)


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

[[sections]]
name = "Age"
words = "Of those who live here, and of those on a practice's list."
indicators = ["residents_90_and_over", "registered_65_and_over"]
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
    texts["residents_90_and_over"] = _DEFINITION.format(
        id="residents_90_and_over",
        name="Residents aged 90 and over",
        short_name="Aged 90 and over",
        topic="Population",
        description="The share of people who live here and are 90 or older.",
        polarity="none",
        numerator="Residents aged 90 and over.",
        denominator="All residents.",
        source="Mid-year population estimates, Office for National Statistics",
        date="2020",
    )
    texts["registered_65_and_over"] = _DEFINITION.format(
        id="registered_65_and_over",
        name="Patients aged 65 and over, of those on GP lists",
        short_name="On lists, 65 and over",
        topic="Population",
        description="The share of a practice's registered patients who are 65 or older.",
        polarity="none",
        numerator="Registered patients aged 65 and over.",
        denominator="All registered patients.",
        source="Patients registered at a GP practice, NHS Digital",
        date="2020",
    )
    for name, text in texts.items():
        (published / f"{name}.toml").write_text(text)
