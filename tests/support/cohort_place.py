"""A place of two practices and a handful of people, whose cohort can be told by reading this page."""

from __future__ import annotations

from pathlib import Path

from evenground.indicators import load_definitions
from evenground.workspace import Workspace, load_workspace
from tests.support.agreements import write_agreement

PRACTICES = ("Y00001", "Y00002")
IN_COHORT = {"Y00001": [f"p-{number:03d}" for number in range(12)], "Y00002": ["p-101"]}
"""With diabetes and no HbA1c in the last year, there on the day."""

COHORT = """\
id = "diabetes_unchecked"
name = "Diabetes without an HbA1c"
words = "People aged 17 and over with diabetes and no HbA1c in the last 12 months."
benefit = "Their sugar is looked at, and their medicine changed in time."
author = "Public health analyst"
checker = "Clinical lead"
review_date = 2027-11-30

[source]
title = "Our own pathway"

[expression]
all = [
  { age = { from = 17 } },
  { feature = "diabetes" },
  { not = { feature = "hba1c", within_months = 12 } },
]
"""
_PLACE = """\
[place]
name = "Our place"
code = "E08000000"
as_at = 2026-03-31

[areas]
file = "data/areas.csv"
practices = "data/practices.csv"
lsoa_edition = "2021"
imd_edition = "2025"

[[sources]]
name = "GP records"
kind = "extract"
code_system = "snomed_ct"

[sources.persons]
path = "data/persons.csv"
[sources.persons.columns]
person_id = "id"
birth_date = "born"
sex = "sex"
lsoa_code = "lsoa"
practice_code = "practice"
death_date = "died"
left_date = "left_on"

[[sources.events]]
path = "data/events.csv"
[sources.events.columns]
person_id = "id"
code = "code"
event_date = "day"
value = "value"
"""
DIRECT_CARE = ('"service_planning"]', '"service_planning", "direct_care"]')
HERE = ('type_1 = "removed_by_provider"', 'type_1 = "removed_here"')
OPT_OUTS = '\n[[opt_outs]]\nkind = "type_1"\npath = "data/out.csv"\ncolumn = "id"\nsources = ["GP records"]\n'


def make_cohort_place(root: Path, *changes: tuple[str, str], out: tuple[str, ...] = ()) -> Workspace:
    """The place, with an agreement changed so, and people who opted out of it."""
    (root / "data").mkdir(parents=True)
    (root / "definitions" / "cohorts").mkdir(parents=True)
    (root / "definitions" / "cohorts" / "diabetes_unchecked.toml").write_text(COHORT)
    (root / "place.toml").write_text(_PLACE + (OPT_OUTS if out else ""))
    if out:
        (root / "data" / "out.csv").write_text("\n".join(["id", *out]) + "\n")
    (root / "data" / "areas.csv").write_text(
        "lsoa_code,lsoa_name,msoa_code,msoa_name,ward_code,ward_name,ltla_code,ltla_name,imd_rank,imd_decile\n"
        "E01000001,Ours 001A,E02000001,Old Town,E05000001,North,E08000000,Our place,1200,1\n"
    )
    (root / "data" / "practices.csv").write_text(
        "practice_code,practice_name,pcn_code,pcn_name\n"
        "Y00001,High Street,U00001,Town\nY00002,Mill Lane,U00001,Town\n"
    )
    people, events = _people()
    (root / "data" / "persons.csv").write_text(people)
    (root / "data" / "events.csv").write_text(events)
    write_agreement(root, *changes)
    return load_workspace(root)


def _people() -> tuple[str, str]:
    definitions = load_definitions()
    code = {
        feature: next(
            code.code
            for code in definitions.codelists[definitions.features[feature].codelist].codes
            if code.code_system == "snomed_ct"
        )
        for feature in ("diabetes", "hba1c")
    }
    people, events = ["id,born,sex,lsoa,practice,died,left_on"], ["id,code,day,value"]

    def add(name: str, practice: str, *, born: str = "1960-05-01", died: str = "", left: str = "") -> None:
        people.append(f"{name},{born},F,E01000001,{practice},{died},{left}")
        events.append(f"{name},{code['diabetes']},2015-01-01,")

    for name in IN_COHORT["Y00001"]:
        add(name, "Y00001")
        events.append(f"{name},{code['hba1c']},2024-12-01,50")
    add(IN_COHORT["Y00002"][0], "Y00002")
    for number in range(200, 220):
        add(f"p-{number}", "Y00001")
        events.append(f"p-{number},{code['hba1c']},2026-01-15,50")
    add("p-301", "Y00001", died="2025-12-01")
    add("p-302", "Y00001", left="2025-12-01")
    add("p-303", "Y00001", born="2012-05-01")
    add("p-304", "")
    return "\n".join(people) + "\n", "\n".join(events) + "\n"
