"""A workspace around NHS England's synthetic patients of the South West (1,000 persons, hypertension).

The set has no LSOA, so every person's area is unknown; the one area of the look-up is invented.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path("data/synthetic_patients/nhse_synthea_uk_hypertension_1000")
AS_AT = "2025-01-31"
LSOA_CODE = "E01999001"

AREAS = f"""\
lsoa_code,lsoa_name,msoa_code,msoa_name,ward_code,ward_name,ltla_code,ltla_name,imd_rank,imd_decile
{LSOA_CODE},Example 001A,E02999001,Example,E05999001,Example,E06999001,Example,16000,5
"""

PLACE = """\
[place]
name = "Example Place"
code = "EXAMPLE"
as_at = {as_at}
synthetic = true

[areas]
file = "data/areas.csv"
lsoa_edition = "2021"
imd_edition = "2019"

[[sources]]
name = "NHS England synthetic patients"
kind = "extract"
code_system = "snomed_ct"

[sources.persons]
path = "{folder}/patients.csv.gz"
[sources.persons.columns]
person_id = "Id"
birth_date = "BIRTHDATE"
death_date = "DEATHDATE"
sex = "GENDER"

[[sources.events]]
path = "{folder}/conditions.csv.gz"
[sources.events.columns]
person_id = "PATIENT"
code = "CODE"
event_date = "START"

# Blood pressure comes under LOINC codes, and scores that have no code of SNOMED CT are dropped.
[[sources.events]]
path = "{folder}/observations.csv.gz"
[sources.events.columns]
person_id = "PATIENT"
code = "CODE"
event_date = "DATE"
value = "VALUE"
[sources.events.values.code]
"8480-6" = "271649006"
"8462-4" = "271650006"
"""


def write_uk_synthea_workspace(root: Path, shared: Path) -> Path:
    """Write a workspace that reads the set where it lies in the public reference data; return its root."""
    (root / "data").mkdir(parents=True, exist_ok=True)
    (root / "data" / "areas.csv").write_text(AREAS, encoding="utf-8")
    place = PLACE.format(as_at=AS_AT, folder=(shared / FOLDER).as_posix())
    (root / "place.toml").write_text(place, encoding="utf-8")
    return root
