"""What ``evenground init`` writes."""

from __future__ import annotations

import json
from pathlib import Path

from evenground.errors import Fault, WorkspaceError
from evenground.workspace import PLACE_FILE, write_atomically

_PLACE = """\
# What this place is, and where its data comes from. 'evenground check' finds every fault at once.

[place]
name = {name}
code = {code}
as_at = 2026-03-31            # the day that every figure is for

[areas]
file = "data/areas.csv"       # one row an LSOA: see docs/reference/extract.md for its columns
# practices = "data/practices.csv"
# boundaries = "data/boundaries.geojson"
lsoa_edition = "2021"
imd_edition = "2025"

[population]
base = "registered"           # or "resident"

[disclosure]
policy = "nhs-7-5"

# A build reads what a data-sharing agreement covers: see docs/how-to/data-sharing-agreements.md.
[agreements]
purpose = "population_health_management"
# required = false            # only where none is needed: no records of real people

[[sources]]
name = "GP records"
kind = "extract"
code_system = "snomed_ct"

[sources.persons]
path = "data/persons.csv"

[sources.persons.columns]     # our name = the name in your file
person_id = "person_id"
birth_date = "birth_date"
sex = "sex"
ethnic_group = "ethnic_group"
lsoa_code = "lsoa_code"
practice_code = "practice_code"
death_date = "death_date"
left_date = "left_date"

[[sources.events]]
path = "data/events.csv"

[sources.events.columns]
person_id = "person_id"
code = "code"
event_date = "event_date"
value = "value"
"""

_FOLDERS = tuple(
    f"definitions/{kind}"
    for kind in ("indicators", "features", "codelists", "profiles", "plus_groups", "segments")
)


def write_workspace(folder: Path, *, name: str, code: str) -> None:
    """Make a workspace in a new or empty folder.

    Raises
    ------
    WorkspaceError
        Where the folder already holds something: nothing in it is touched.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        fault = Fault(str(folder), "is not empty.", "Give a new folder; nothing was changed.")
        raise WorkspaceError("The workspace was not made.", [fault])
    for name_of_folder in (*_FOLDERS, "agreements", "releases"):
        (folder / name_of_folder).mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir(mode=0o700, exist_ok=True)
    # Nothing of a place's records or releases belongs in version control by accident.
    ignored = ("data/", "secure/", "releases/", "*.sqlite3", "site-turns/", "postcodes.parquet")
    write_atomically(folder / ".gitignore", "".join(f"{one}\n" for one in ignored).encode())
    text = _PLACE.format(name=json.dumps(name, ensure_ascii=False), code=json.dumps(code))
    write_atomically(folder / PLACE_FILE, text.encode())
