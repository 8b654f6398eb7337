"""Two invented organisations with people in common, whose records go wrong in known ways."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from evenground.workspace import Workspace, load_workspace

KEY = "an invented key of more than thirty-two characters"
LSOAS = tuple(f"E0100000{n}" for n in range(1, 6))
_STARTS = [f"{letter}{vowel}" for letter in "bdfghjklmnprst" for vowel in ("a", "o", "un")]
_ENDS = [
    "bar",
    "dell",
    "fax",
    "gan",
    "hurst",
    "jek",
    "kin",
    "lod",
    "mara",
    "nock",
    "pin",
    "quist",
    "sor",
    "vex",
]
FORENAMES = tuple(f"{start}{end}" for start in _STARTS for end in _ENDS[:12])
SURNAMES = tuple(f"{start}{middle}{end}" for start in _STARTS for middle in ("", "ta", "ri") for end in _ENDS)

LINKAGE = """\
id = "{id}"
name = "Council housing and the GP register"
purpose = "To see the health of tenants whose homes are damp."
author = "An analyst"
checker = "Another analyst"
review_date = 2027-01-31
expected_share = 0.85
blocking = {blocking}

[source]
name = "Council housing"
path = "data/housing/tenants.csv"

[source.columns]
person_id = "tenant_id"
{source_columns}

[register]
name = "GP records"
path = "data/gp/persons.csv"

[register.columns]
person_id = "person_id"
{register_columns}

[thresholds]
link = {link}
review = {review}

{comparisons}
"""
FIELDS = ("birth_date", "sex", "forename", "surname", "postcode")
BLOCKING = [["birth_date"], ["surname_sound", "birth_year"], ["postcode", "forename_start"]]

PLACE = """\
[place]
name = "Wenbury"
code = "X00000001"
as_at = 2026-03-31

[agreements]
required = false

[areas]
file = "data/areas.csv"
lsoa_edition = "2021"
imd_edition = "2025"

[[sources]]
name = "GP records"
kind = "extract"

[sources.persons]
path = "data/gp/persons.csv"

[sources.persons.columns]
person_id = "person_id"
birth_date = "birth_date"
sex = "sex"
ethnic_group = "ethnic_group"
lsoa_code = "lsoa_code"

[[sources.events]]
path = "data/gp/events.csv"
columns = { person_id = "person_id", code = "code", event_date = "date" }

[[sources]]
name = "Council housing"
kind = "extract"
code_system = "local"
linkage = "housing_gp"

[sources.persons]
path = "data/housing/tenants.csv"
columns = { person_id = "tenant_id", birth_date = "birth_date", sex = "sex" }

[[sources.events]]
path = "data/housing/visits.csv"
columns = { person_id = "tenant_id", code = "code", event_date = "date" }
"""


@dataclass
class Councils:
    """A workspace with a register and tenants; ``truth`` is tenant to person, for those who are both."""

    root: Path
    truth: dict[str, str] = field(default_factory=dict)
    planted: set[str] = field(default_factory=set)

    @property
    def workspace(self) -> Workspace:
        return load_workspace(self.root)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_linkage(self, linkage_id: str = "housing_gp", **changes: Any) -> None:
        """The linkage; ``changes`` are of its texts, ``columns`` of both sides."""
        columns = changes.pop("columns", {name: name for name in (*FIELDS, "ethnic_group", "lsoa_code")})
        comparisons = changes.pop("comparisons", FIELDS)
        text = changes.pop("text", LINKAGE)
        given = {
            "id": linkage_id,
            "blocking": BLOCKING,
            "link": 0.95,
            "review": 0.3,
            "source_columns": _toml(columns),
            "register_columns": _toml(columns),
            "comparisons": "".join(
                f'[[comparisons]]\nfield = "{name}"\n' + ("rarity = true\n" if name == "surname" else "")
                for name in comparisons
            ),
        }
        self.write(f"definitions/linkages/{linkage_id}.toml", text.format(**(given | changes)))

    def everything_written(self) -> bytes:
        """All that stands in the secure zone and in releases, one after the other."""
        paths = sorted(
            p for name in ("secure", "releases") for p in (self.root / name).rglob("*") if p.is_file()
        )
        return b"\n".join(str(path).encode() + b"\n" + path.read_bytes() for path in paths)


def _toml(columns: dict[str, str]) -> str:
    return "\n".join(f'{ours} = "{theirs}"' for ours, theirs in columns.items())


def make_councils(root: Path, *, persons: int = 2000, tenants: int = 1000, seed: int = 7) -> Councils:
    """Write both organisations' files. Tenants of ethnic group K are recorded worse than the others."""
    random = np.random.default_rng(seed)
    made = Councils(root)
    register = [_person(random, number) for number in range(persons)]
    rows = []
    for number, place in enumerate(random.permutation(persons)[:tenants]):
        tenant = {"tenant_id": f"t{number:05}", **register[place]}
        person_id = tenant.pop("person_id")
        if number % 8 == 7:
            tenant |= {
                name: value for name, value in _person(random, persons + number).items() if name in FIELDS
            }
        else:
            made.truth[tenant["tenant_id"]] = person_id
        rows.append(_spoil(random, tenant, often=0.5 if tenant["ethnic_group"] == "K" else 0.08))
    made.planted = {
        str(row[name])
        for row in (*register, *rows)
        for name in ("forename", "surname", "postcode")
        if row[name]
    }
    _write_csv(root / "data/gp/persons.csv", register)
    _write_csv(root / "data/housing/tenants.csv", rows)
    events = [{"person_id": row["person_id"], "code": "59621000", "date": "2020-01-01"} for row in register]
    visits = [{"tenant_id": row["tenant_id"], "code": "damp", "date": "2025-11-11"} for row in rows]
    _write_csv(root / "data/gp/events.csv", events)
    _write_csv(root / "data/housing/visits.csv", visits)
    _write_csv(root / "data/areas.csv", [_area(number, code) for number, code in enumerate(LSOAS)])
    made.write("place.toml", PLACE)
    made.write_linkage()
    return made


def make_register(root: Path) -> Workspace:
    """The GP register alone: a place of five areas and one source, which is built in seconds."""
    made = make_councils(root)
    made.write("place.toml", PLACE.split('[[sources]]\nname = "Council housing"')[0])
    shutil.rmtree(root / "definitions")
    return made.workspace


def _area(number: int, code: str) -> dict[str, Any]:
    rank = 3_000 + 6_751 * number
    above = {"msoa": "E02000001", "ward": "E05000001", "ltla": "E07000001"}
    named = {f"{kind}_{part}": code if part == "code" else "Old Town"
             for kind, code in above.items() for part in ("code", "name")}  # fmt: skip
    decile = 1 + (rank * 10 - 1) // 33_755
    return {
        "lsoa_code": code,
        "lsoa_name": f"Wenbury 00{number}A",
        **named,
        "imd_rank": rank,
        "imd_decile": decile,
    }


def _person(random: np.random.Generator, number: int) -> dict[str, Any]:
    born = dt.date(1930, 1, 1) + dt.timedelta(days=int(random.integers(0, 33_000)))
    area = int(random.integers(0, 5))
    letters = "".join(random.choice(list("ABDEFGHJLN"), 2))
    return {
        "person_id": f"p{number:05}",
        "birth_date": born.isoformat(),
        "sex": str(random.choice(["female", "male"])),
        "forename": str(random.choice(FORENAMES)).capitalize(),
        "surname": str(random.choice(SURNAMES)).capitalize(),
        "postcode": f"WB{area + 1} {random.integers(1, 10)}{letters}",
        "ethnic_group": str(random.choice(["A", "A", "A", "J", "K"])),
        "lsoa_code": LSOAS[area],
    }


def _spoil(random: np.random.Generator, row: dict[str, Any], *, often: float) -> dict[str, Any]:
    def happens(share: float = 1.0) -> bool:
        return bool(random.random() < often * share)

    spoilt = dict(row)
    for name in ("forename", "surname"):
        if happens():
            spoilt[name] = _misspell(random, str(row[name]))
    if happens(0.4):
        spoilt["surname"] = str(random.choice(SURNAMES)).capitalize()
    if happens(0.8):
        year, month, day = str(row["birth_date"]).split("-")
        spoilt["birth_date"] = f"{year}-{day}-{month}" if int(day) <= 12 else f"{year}-{month}-01"
    if happens():
        spoilt["postcode"] = ""
    elif happens(0.6):
        spoilt["postcode"] = f"WB{random.integers(1, 6)} {random.integers(1, 10)}QQ"
    if happens(0.1):
        spoilt["sex"] = ""
    return spoilt


def _misspell(random: np.random.Generator, name: str) -> str:
    place = int(random.integers(1, len(name) - 1))
    letter = str(random.choice(list("aeioumnrst")))
    return str(
        random.choice(
            [name[:place] + name[place + 1 :], name[:place] + letter + name[place + 1 :], name.upper()]
        )
    )


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
