"""Figures cut by PLUS group and by segment: who is in which, on every engine as in plain Python."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenground.engine import ENGINES, count
from evenground.indicators import Definitions
from evenground.indicators.expressions import parse
from evenground.indicators.model import PlusGroup, Segmentation
from evenground.vocabulary import Cut
from tests.spec import reference_engine
from tests.spec import test_engines_agree as agree
from tests.spec.specification import (
    TOGETHER,
    Cells,
    Table,
    definitions,
    event,
    indicator,
    person,
    write_contract,
)

REVIEWED = {
    "author": "One",
    "checker": "Two",
    "review_date": "2027-01-01",
    "source": {"title": "Made up"},
}
CHECK = {"feature": "check"}
ENGINES_ALONE = [name for name in ENGINES if name not in TOGETHER]


def node(raw: dict[str, Any]) -> Any:
    read, faults = parse(raw, "made up")
    assert not faults
    return read


def with_groups(
    made: Definitions, plus: list[dict[str, Any] | None], segments: list[dict[str, Any]]
) -> Definitions:
    """The definitions with PLUS groups g0, g1 ... and, if there are any, segments s0, s1 ... and the rest."""
    groups = {
        f"g{number}": PlusGroup.model_validate(
            {"id": f"g{number}", "name": "Made up", "words": "Made up.", "rationale": "Made up.",
             "expression": node(raw) if raw else None, **REVIEWED}
        )
        for number, raw in enumerate(plus)
    }  # fmt: skip
    parts = [
        {"id": f"s{number}", "name": "Made up", "words": "Made up.", "expression": node(raw)}
        for number, raw in enumerate([*segments, {"age": {"from": 0}}])
    ]
    whole = {"id": "whole", "name": "Made up", "description": "Made up.", "segments": parts, **REVIEWED}
    segmentations = {"whole": Segmentation.model_validate(whole)} if segments else {}
    return replace(made, plus_groups=groups, segments=segmentations)


def run(engine: str, table: Table) -> Cells:
    """The engine's table of groups."""
    with tempfile.TemporaryDirectory() as made:
        persons, events = write_contract(Path(made), table)
        cells = count(
            table.definitions, persons=persons, events=events, lsoas=pl.DataFrame({"lsoa_code": table.lsoas}),
            as_at=table.as_at, base=table.base, engine=engine,
        )  # fmt: skip
    keys = ("cut", "category", "lsoa_code", "age_band")
    return {
        tuple(row[key] for key in keys): Counter({name: row[name] for name in cells.measures})
        for row in cells.groups.to_dicts()
    }


def meaning(table: Table) -> Cells:
    return reference_engine.count_groups(
        table.definitions, table.persons, table.events, list(table.lsoas), table.as_at, table.base
    )


@pytest.mark.parametrize("engine", ENGINES_ALONE)
def test_person_counts_in_every_plus_group_they_belong_to(engine: str) -> None:
    made = with_groups(definitions(indicator("x", CHECK)), [{"feature": "illness"}, {"sex": "female"}], [])
    table = Table(made, [person()], [event("ILL", "2025-01-01"), event("CHECK-1", "2025-02-01")])
    found = run(engine, table)
    assert {key[:2] for key in found} == {("plus_group", "g0"), ("plus_group", "g1")}
    assert all(cell["x__numerator"] == 1 for cell in found.values())


@pytest.mark.parametrize("engine", ENGINES_ALONE)
def test_person_counts_in_the_first_segment_that_holds(engine: str) -> None:
    segments = [{"feature": "illness"}, {"sex": "female"}]
    table = Table(
        with_groups(definitions(indicator("x", CHECK)), [], segments),
        [person(0), person(1), person(2, sex="male")],
        [event("ILL", "2025-01-01")],
    )
    found = {key[1]: cell["population"] for key, cell in run(engine, table).items()}
    assert found == {"s0": 1, "s1": 1, "s2": 1}


def with_tenure(made: Definitions, owned: dict[str, Any]) -> Definitions:
    """The definitions with one more way to divide everybody, under another cut."""
    (whole,) = made.segments.values()
    parts = tuple(
        whole.segments[0].model_copy(update={"id": name, "expression": node(raw)})
        for name, raw in (("owned", owned), ("tenure_not_recorded", {"age": {"from": 0}}))
    )
    tenure = whole.model_copy(update={"id": "tenure", "cut": Cut.HOUSING_TENURE, "segments": parts})
    return replace(made, segments={"whole": whole, "tenure": tenure})


@pytest.mark.parametrize("engine", ENGINES_ALONE)
def test_a_person_counts_in_one_part_of_each_whole(engine: str) -> None:
    made = with_groups(definitions(indicator("x", CHECK)), [], [{"sex": "female"}])
    table = Table(
        with_tenure(made, {"feature": "illness"}),
        [person(0), person(1), person(2, sex="male")],
        [event("ILL", "2025-01-01"), event("ILL", "2025-01-01", person_id=2)],
    )
    found = {key[:2]: cell["population"] for key, cell in run(engine, table).items()}
    assert found == {
        ("segment", "s0"): 2,
        ("segment", "s1"): 1,
        ("housing_tenure", "owned"): 2,
        ("housing_tenure", "tenure_not_recorded"): 1,
    }


@pytest.mark.parametrize("engine", ENGINES_ALONE)
def test_group_that_no_record_tells_is_no_cut(engine: str) -> None:
    made = with_groups(definitions(indicator("x", CHECK)), [None], [])
    assert run(engine, Table(made, [person()], [])) == {}


@st.composite
def crowds(draw: st.DrawFn, people: int = 5) -> Table:
    """People, events and a few indicators, with groups by expressions of every kind."""
    everybody = [draw(agree.persons(number)) for number in range(people)]
    pair = draw(st.tuples(agree.NUMERATORS, agree.EXPRESSIONS))
    made = with_groups(
        definitions(indicator("x", *pair)),
        draw(st.lists(agree.EXPRESSIONS, max_size=3)),
        draw(st.lists(agree.EXPRESSIONS, max_size=3)),
    )
    events = draw(st.lists(agree.EVENTS, max_size=20))
    base = draw(st.sampled_from(["registered", "resident"]))
    return Table(made, everybody, events, draw(agree.AS_ATS), base)


@pytest.mark.parametrize("engine", ENGINES_ALONE)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=crowds())
def test_engine_puts_people_into_the_groups_that_the_definitions_mean(engine: str, table: Table) -> None:
    assert run(engine, table) == meaning(table)


@pytest.mark.usefixtures("spark")
def test_spark_puts_people_into_the_same_groups() -> None:
    day = dt.date(2025, 3, 1)
    segments = [{"latest": "pressure", "above": 140}, {"feature": "ill"}]
    made = with_groups(
        definitions(indicator("x", CHECK), indicator("y", {"count": "admission", "within_months": 36})),
        [{"some_of": ["illness", "check"], "at_least": 2}, {"ethnic_group": ["asian"]}],
        segments,
    )
    people = [person(number, ethnic_group="AJ"[number % 2], sex=["female", "male"][number % 3 == 0])
              for number in range(12)]  # fmt: skip
    events = [
        event(code, day, value, person_id=number)
        for number in range(12)
        for code, value, every in (("ILL", None, 2), ("CHECK-1", None, 3), ("BP", 150.0, 4), ("ADM", None, 5))
        if number % every == 0
    ]
    table = Table(made, people, events)
    assert run("spark", table) == meaning(table)
    assert len(meaning(table)) == 5
