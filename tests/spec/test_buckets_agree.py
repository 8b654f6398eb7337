"""People, events and definitions at random: counted in buckets, they give what they give at once."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenground.engine import Cells, count, count_by_bucket
from evenground.sources.prepared import write_buckets
from tests.spec import test_engines_agree as agree
from tests.spec import test_groups_of_people as people_groups
from tests.spec.specification import (
    LSOAS,
    RUNS,
    Table,
    definitions,
    event,
    indicator,
    person,
    write_contract,
)

CHECK = {"feature": "check"}
AREAS = pl.DataFrame({"lsoa_code": LSOAS, "msoa_code": ["M1", "M2"], "ltla_code": ["L1", "L1"]})
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def prepare(folder: Path, table: Table, buckets: int) -> Path:
    """The table's records, divided as ``evenground data prepare`` divides them."""
    persons, events = write_contract(folder, table)
    write_buckets(persons, events, AREAS, folder / "prepared", buckets=buckets, memory_limit="200MB")
    return folder / "prepared"


def scatter(folder: Path, table: Table, places: list[int]) -> Path:
    """The table's records with each person in the bucket that a list of numbers says, area or no area."""
    bucket = {row["person_id"]: places[number % len(places)] for number, row in enumerate(table.persons)}
    persons, events = (pl.read_parquet(path) for path in write_contract(folder, table))
    for name, frame in (("persons", persons), ("events", events)):
        (folder / "scattered" / name).mkdir(parents=True)
        of = frame["person_id"].replace_strict(bucket, default=0, return_dtype=pl.Int64)
        for number in range(max(places) + 1):
            frame.filter(of == number).write_parquet(folder / f"scattered/{name}/b{number}.parquet")
    return folder / "scattered"


def how(table: Table, folder: Path) -> dict[str, Any]:
    return {
        "persons": folder / "persons",
        "events": folder / "events",
        "lsoas": pl.DataFrame({"lsoa_code": table.lsoas}),
        "as_at": table.as_at,
        "base": table.base,
    }


def by_group(frame: pl.DataFrame, measures: tuple[str, ...], *keys: str) -> dict[Any, Counter[str]]:
    return {
        tuple(row[key] for key in keys): Counter({name: row[name] for name in measures})
        for row in frame.to_dicts()
    }


def cells_of(cells: Cells) -> dict[Any, Counter[str]]:
    return by_group(cells.frame, cells.measures, "lsoa_code", "age_band", "sex", "ethnic_group")


@SLOW
@given(table=agree.tables(), buckets=st.integers(1, 4))
def test_records_prepared_in_any_number_of_buckets_give_what_the_definitions_mean(
    table: Table, buckets: int
) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = prepare(Path(made), table, buckets)
        assert cells_of(count(table.definitions, **how(table, folder))) == RUNS["reference"](table)


@SLOW
@given(table=people_groups.crowds(), places=st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_whichever_bucket_a_person_is_in_makes_no_difference(table: Table, places: list[int]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = scatter(Path(made), table, places)
        inside = count(table.definitions, **how(table, folder))
        at_once = {"persons": Path(made) / "persons.parquet", "events": Path(made) / "events.parquet"}
        together = count(table.definitions, **{**how(table, folder), **at_once})
    assert cells_of(inside) == RUNS["reference"](table)
    for table_name in ("frame", "practices", "groups"):
        assert getattr(inside, table_name).equals(getattr(together, table_name)), table_name


def test_whether_anybody_is_registered_is_asked_of_everybody_and_not_of_a_bucket(tmp_path: Path) -> None:
    people = [person(0), person(1, lsoa_code=LSOAS[1], practice_code=None)]
    table = Table(definitions(indicator("x", CHECK)), people, [])
    folder = prepare(tmp_path, table, 2)
    assert [pl.read_parquet(file).height for file in sorted((folder / "persons").iterdir())] == [1, 1, 0]
    assert count(table.definitions, **how(table, folder)).frame["population"].to_list() == [1]


def test_a_bucket_is_given_before_the_next_is_counted(tmp_path: Path) -> None:
    people = [person(0), person(1, lsoa_code=LSOAS[1]), person(2, lsoa_code="unknown")]
    table = Table(definitions(indicator("x", CHECK)), people, [event("CHECK-1", "2025-05-01", person_id=2)])
    told: list[str] = []
    parts = count_by_bucket(
        table.definitions, progress=told.append, **how(table, prepare(tmp_path, table, 2))
    )
    assert next(parts).frame["lsoa_code"].to_list() == [LSOAS[0]]
    assert not any("Bucket 2" in line for line in told)
    assert [part.frame["lsoa_code"].to_list() for part in parts] == [[LSOAS[1]], ["unknown"]]
    assert told[-1].startswith("Bucket 3 of 3: counting as at")


@pytest.mark.usefixtures("spark")
def test_spark_counts_buckets_as_it_counts_files(tmp_path: Path) -> None:
    people = [person(number, lsoa_code=[*LSOAS, "unknown"][number % 3]) for number in range(9)]
    events = [event("CHECK-1", "2025-05-01", person_id=number) for number in range(0, 9, 2)]
    table = Table(definitions(indicator("x", CHECK)), people, events)
    folder = prepare(tmp_path, table, 2)
    assert cells_of(count(table.definitions, engine="spark", **how(table, folder))) == RUNS["reference"](
        table
    )
