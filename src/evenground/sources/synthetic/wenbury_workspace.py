"""A workspace for Wenbury, ready to build: areas, practices, boundaries, extracts and ``place.toml``."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from evenground.codelists import SHIPPED
from evenground.sources.synthetic.generate import GENERATOR_VERSION, generate_place
from evenground.sources.synthetic.model import MODEL_FILE
from evenground.sources.synthetic.wenbury import FOLDER, PLACE_CODE, PLACE_NAME, load_wenbury
from evenground.sources.synthetic.wenbury.people import IMD_EDITION
from evenground.workspace import PLACE_FILE, write_atomically

AS_AT: Final = dt.date(2026, 3, 31)
SEED: Final = 20_260_331
STAMP: Final = "synthetic.json"

AGREEMENT: Final = "agreements/gp_records.toml"
STRATEGY: Final = "definitions/profiles/wenbury_strategy.toml"
_REVIEWED: Final = {AGREEMENT: "agreement.toml", STRATEGY: "strategy.toml"}

_AREA_FILES: Final = ("areas.csv", "practices.csv", "boundaries.geojson")
_GENERATED: Final = (
    "persons.parquet",
    "events.parquet",
    "events_local.parquet",
    "truth.csv",
    "truth.json",
)

_EVENTS_TOML: Final = """
[[sources.events]]
path = "data/{file}"{code_system}
[sources.events.columns]
person_id = "patient_id"
code = "code"
event_date = "date"
value = "value"
"""

_PLACE_TOML: Final = f"""\
# Wenbury is invented: its people, its map and every event. See data/truth.json for what was planted.

[place]
name = "{PLACE_NAME}"
code = "{PLACE_CODE}"
as_at = {AS_AT.isoformat()}
synthetic = true

[areas]
file = "data/areas.csv"
practices = "data/practices.csv"
boundaries = "data/boundaries.geojson"
lsoa_edition = "2021"
imd_edition = "{IMD_EDITION}"

[population]
base = "registered"

[disclosure]
policy = "nhs-7-5"

# The generator offers these people nothing, so they would be published as nobody reached.
[indicators]
leave_out = [
  "bowel_screening_54_59",
  "flu_vaccination_2_3",
  "flu_vaccination_at_risk",
  "flu_vaccination_learning_disability",
  "maternity_flu_vaccination",
]

[[sources]]
name = "GP records"
kind = "extract"
code_system = "snomed_ct"

[sources.persons]
path = "data/persons.parquet"
[sources.persons.columns]
person_id = "patient_id"
birth_date = "date_of_birth"
sex = "sex"
ethnic_group = "ethnic_category"
lsoa_code = "lsoa_code"
practice_code = "practice_code"
death_date = "date_of_death"
left_date = "deregistered_on"
[sources.persons.values.sex]
"1" = "male"
"2" = "female"
"9" = "indeterminate"
"""


_FEW: Final = 20_000
_QUICK: Final = """\
[disclosure]
# Among so few people nearly every count is small, and linear programs would take most of the build. What they
# find beyond each sum by itself, 'evenground disclosure audit' tells. A real place always has them solved.
attack = "sums"
"""


def make_wenbury_workspace(
    root: Path,
    *,
    size: int | None = None,
    seed: int = SEED,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Make, or complete, a workspace for Wenbury and return its folder.

    Data that the same generator made before with the same size and seed are left as they are, so a second
    call is quick. Everything else in the folder (releases, local definitions) is never touched.

    Parameters
    ----------
    root
        The workspace; made where it is not there.
    size
        How many residents; about 265,000 where not given. A place of fewer than 20,000 attacks its releases
        by sums alone, which is quicker.
    progress
        Called with what is being done and the share done, 0 to 1.
    """
    data = root / "data"
    stamp = _stamp(size, seed)
    if (data / STAMP).is_file() and (data / STAMP).read_bytes() == stamp and _is_complete(root):
        _write_reviewed(root)
        if progress:
            progress("The synthetic Place is there already", 1.0)
        return root
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / STAMP).unlink(missing_ok=True)
    for name in _AREA_FILES:
        write_atomically(data / name, (FOLDER / name).read_bytes())
    place = generate_place(load_wenbury(), data, size=size, seed=seed, as_at=AS_AT, progress=progress)
    systems = {system: path.name for system, path in place.events.items()}
    write_atomically(root / PLACE_FILE, _place_toml(systems, size).encode())
    _write_reviewed(root)
    # Last of all: a run that was cut short leaves no stamp, and the next one starts afresh.
    write_atomically(data / STAMP, stamp)
    return root


def _write_reviewed(root: Path) -> None:
    """The invented agreement and strategy, unless the folder holds ones that somebody changed."""
    for name, invented in _REVIEWED.items():
        if not (root / name).is_file():
            write_atomically(root / name, (FOLDER / invented).read_bytes())


def _place_toml(systems: dict[str, str], size: int | None) -> str:
    events = [
        _EVENTS_TOML.format(
            file=file, code_system="" if system == "snomed_ct" else f'\ncode_system = "{system}"'
        )
        for system, file in systems.items()
    ]
    place = _PLACE_TOML
    if size is not None and size < _FEW:
        place = place.replace("[disclosure]\n", _QUICK, 1)
    return place + "".join(events)


def _is_complete(root: Path) -> bool:
    wanted = [root / PLACE_FILE, *(root / "data" / name for name in (*_AREA_FILES, *_GENERATED))]
    return all(path.is_file() for path in wanted)


def _stamp(size: int | None, seed: int) -> bytes:
    """What the generated data depend on."""
    inputs = [MODEL_FILE, *sorted(FOLDER.glob("*.csv")), FOLDER / "boundaries.geojson"]
    inputs += sorted(SHIPPED.glob("*.csv"))
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    content = {
        "generator_version": GENERATOR_VERSION,
        "inputs_sha256": digest.hexdigest(),
        "seed": seed,
        "size": size,
        "as_at": AS_AT.isoformat(),
    }
    return (json.dumps(content, indent=1) + "\n").encode()
