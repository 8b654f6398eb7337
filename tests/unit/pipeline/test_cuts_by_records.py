"""Breakdowns that only some places record: language need and housing tenure, from a register to a release."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from evenground.pipeline import build_release
from evenground.releases import Release
from evenground.workspace import load_workspace
from tests.support.linkage import make_register

TENURES = {
    "TENURE_OWNED_MORTGAGE": "owned",
    "TENURE_SOCIAL_COUNCIL": "social_rented",
    "TENURE_PRIVATE_LANDLORD": "private_rented",
    "TENURE_RENT_FREE": "rent_free",
}


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> tuple[Release, dict[str, int]]:
    """A town whose register holds tenures of four homes in five, and who they are, counted by hand."""
    root = make_register(tmp_path_factory.mktemp("tenure") / "town").root
    place = root / "place.toml"
    mapped = 'event_date = "date", code_system = "system" }'
    text = place.read_text().replace("as_at =", "synthetic = true\nas_at =", 1)
    place.write_text(text.replace('event_date = "date" }', mapped))
    with (root / "data/gp/persons.csv").open() as file:
        people = [row["person_id"] for row in csv.DictReader(file)]
    with (root / "data/gp/events.csv").open() as file:
        events = [{**row, "system": "snomed_ct"} for row in csv.DictReader(file)]
    by_tenure = dict.fromkeys([*TENURES.values(), "tenure_not_recorded"], 0)
    for number, person in enumerate(people):
        if number % 5 == 4:
            by_tenure["tenure_not_recorded"] += 1
            continue
        earlier, last = list(TENURES)[(number + 1) % 4], list(TENURES)[number % 4]
        by_tenure[TENURES[last]] += 1
        for code, date in ((earlier, "2019-05-01"), (last, "2023-05-01")):
            events.append({"person_id": person, "code": code, "date": date, "system": "local"})
    with (root / "data/gp/events.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(events[0]), restval="")
        writer.writeheader()
        writer.writerows(events)
    release, _ = build_release(load_workspace(root))
    return release, by_tenure


def test_everybody_is_counted_by_the_last_recorded_tenure(town):
    release, by_tenure = town
    values = release.table("values").filter(
        (pl.col("area_type") == "place") & (pl.col("cut") == "housing_tenure")
    )
    one = values.filter(pl.col("indicator_id") == values["indicator_id"][0])
    assert set(one["category"]) == set(by_tenure)
    assert {entry.id for entry in release.groups.values() if entry.cut == "housing_tenure"} == set(by_tenure)
    everyone = release.table("areas").filter(pl.col("area_type") == "place")["population"].item()
    assert sum(by_tenure.values()) == pytest.approx(everyone, abs=2)


def test_what_nobody_recorded_is_no_breakdown_and_is_told(town):
    release, _ = town
    assert "language_need" not in release.table("values")["cut"].to_list()
    told = " ".join(str(row) for row in release.coverage)
    assert "Needs an interpreter" in told
