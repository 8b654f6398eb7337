"""Counting where there is a great deal of something: people of one kind, and areas."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from evenground.engine import count
from evenground.engine.sql import MOST_IN_A_LANE
from tests.spec.specification import AS_AT, LSOAS, definitions, indicator

PERSONS = """
    SELECT range AS person_id, DATE '1965-06-01' AS birth_date, 'female' AS sex, 'A' AS ethnic_group,
           '{area}' AS lsoa_code, 'P1' AS practice_code, NULL::DATE AS death_date, NULL::DATE AS left_date
    FROM range({people})
"""
EVENTS = """
    SELECT range * 2 AS person_id, 'local' AS code_system, ['CHECK-1', 'ADM'][1 + range % 2] AS code,
           DATE '2025-06-01' AS event_date, NULL::DOUBLE AS value
    FROM range({people} // 2)
"""


def write(folder: Path, people: int, area: str = LSOAS[0]) -> dict[str, Path]:
    """People of one kind, every other of whom was checked or admitted."""
    for name, query in (("persons", PERSONS), ("events", EVENTS)):
        duckdb.sql(f"COPY ({query.format(people=people, area=area)}) TO '{folder / name}.parquet'")
    return {"persons": folder / "persons.parquet", "events": folder / "events.parquet"}


def test_group_with_more_people_than_a_lane_holds_is_counted_whole(tmp_path: Path) -> None:
    people = MOST_IN_A_LANE + 5
    made = definitions(
        indicator("checked", {"feature": "check"}),
        indicator("admitted", {"count": "admission", "within_months": 12}),
        indicator("everybody", {"age": {"from": 0}}),
    )
    lsoas = pl.DataFrame({"lsoa_code": LSOAS})
    cells = count(made, lsoas=lsoas, as_at=AS_AT, **write(tmp_path, people))
    row = cells.frame.row(0, named=True)
    assert row["population"] == row["everybody__numerator"] == row["checked__denominator"] == people
    assert (row["checked__numerator"], row["admitted__numerator"]) == (people // 4, people // 4)
    assert cells.practices["everybody__numerator"].to_list() == [people]


def test_as_many_people_as_a_lane_holds_do_not_reach_the_next(tmp_path: Path) -> None:
    everybody = {"age": {"from": 0}}
    made = definitions(*(indicator(f"x{number:02}", everybody) for number in range(30)))
    lsoas = pl.DataFrame({"lsoa_code": LSOAS})
    cells = count(made, lsoas=lsoas, as_at=AS_AT, **write(tmp_path, MOST_IN_A_LANE))
    assert set(cells.frame.select(cells.measures).row(0)) == {MOST_IN_A_LANE}


def test_residents_of_any_of_all_the_areas_of_england_count(tmp_path: Path) -> None:
    lsoas = pl.DataFrame({"lsoa_code": [f"E{number:08}" for number in range(33_755)]})
    made = definitions(indicator("x", {"age": {"from": 0}}))
    counted = {
        area: count(
            made, lsoas=lsoas, as_at=AS_AT, base="resident", **write(tmp_path, 3, area)
        ).frame["population"].sum()
        for area in ("E00000000", "E00033754", "W00000001", "unknown")
    }  # fmt: skip
    assert counted == {"E00000000": 3, "E00033754": 3, "W00000001": 0, "unknown": 0}
