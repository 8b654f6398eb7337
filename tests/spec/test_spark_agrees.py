"""Spark gives what the plain-Python meaning gives: every case of the other files, many of them in one count.

A count on Spark takes seconds however few the people, so cases of one date are put together: everybody of all
of them in one table, each case's people in areas of their own, and every indicator of all of them. So each
person is counted by the indicators of every other case, too.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.spec import test_engines_agree as agree
from tests.spec import test_meaning_of_definitions as meaning
from tests.spec.specification import FEATURES, RUNS, Cells, Row, Table, definitions, indicator, person

pytestmark = pytest.mark.usefixtures("spark")

CHECK = {"feature": "check"}


def cases() -> dict[tuple[dt.date, str], list[Table]]:
    """Every table that a test of the meaning of definitions counts, by date and base."""
    found: dict[tuple[dt.date, str], list[Table]] = {}

    def record(table: Table) -> Cells:
        found.setdefault((table.as_at, table.base), []).append(table)
        return RUNS["reference"](table)

    RUNS["recorder"] = record
    try:
        for name, test in vars(meaning).items():
            if name.startswith("test_"):
                for arguments in calls(test):
                    test("recorder", **arguments)
    finally:
        del RUNS["recorder"]
    return found


def calls(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """The arguments of every call that the marks of a test ask for, but for the engine."""
    choices = []
    for mark in test.pytestmark:  # type: ignore[attr-defined]
        names, rows = mark.args
        if names != "engine":
            names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
            values = [getattr(row, "values", row if len(names) > 1 else (row,)) for row in rows]
            choices.append([dict(zip(names, row, strict=True)) for row in values])
    for combination in itertools.product(*choices):
        yield {name: value for part in combination for name, value in part.items()}


def together(tables: list[Table]) -> Table:
    """One table of them all."""
    people: list[Row] = []
    events: list[Row] = []
    made: dict[tuple[Any, Any], Any] = {}
    for number, table in enumerate(tables):
        for row in table.persons:
            area = row["lsoa_code"]
            area = f"{area}-{number}" if area in table.lsoas else area
            people.append({**row, "person_id": 100 * number + row["person_id"], "lsoa_code": area})
        events += [{**row, "person_id": 100 * number + row["person_id"]} for row in table.events]
        for one in table.definitions.indicators.values():
            made.setdefault((one.denominator.node, one.numerator.node), one)
    named = [one.model_copy(update={"id": f"x{number}"}) for number, one in enumerate(made.values())]
    lsoas = tuple(f"{area}-{number}" for number, table in enumerate(tables) for area in table.lsoas)
    return Table(definitions(*named), people, events, tables[0].as_at, tables[0].base, lsoas)


CASES = cases()


@pytest.mark.parametrize("which", CASES, ids=lambda which: f"{which[0]} {which[1]}")
def test_every_case_of_a_date_means_the_same_on_spark(which: tuple[dt.date, str]) -> None:
    table = together(CASES[which])
    assert RUNS["spark"](table) == RUNS["reference"](table)


def test_cases_put_together_are_those_of_the_other_file() -> None:
    assert sum(len(tables) for tables in CASES.values()) > 120
    assert {feature for tables in CASES.values() for feature in names_in(tables)} >= {"check", "two_of"}
    assert len(CASES) > 8


def names_in(tables: list[Table]) -> set[str]:
    """The features that the indicators of these tables name."""
    texts = [repr(table.definitions.indicators) for table in tables]
    return {name for name in FEATURES if any(f"'{name}'" in text for text in texts)}


def test_without_any_practice_everybody_counts_as_registered_on_spark() -> None:
    table = Table(definitions(indicator("x", CHECK)), [person(practice_code=None)], [])
    assert sum(cell["population"] for cell in RUNS["spark"](table).values()) == 1


def test_nobody_gives_no_cells_on_spark() -> None:
    assert RUNS["spark"](Table(definitions(indicator("x", CHECK)), [], [])) == {}


@st.composite
def crowds(draw: st.DrawFn) -> Table:
    """Enough people, events and indicators in one table to be worth a count on Spark."""
    people = [draw(agree.persons(number)) for number in range(15)]
    owners = st.integers(0, 15)
    events = [{**draw(agree.EVENTS), "person_id": draw(owners)} for _ in range(50)]
    pairs = [(draw(agree.NUMERATORS), draw(agree.EXPRESSIONS)) for _ in range(8)]
    made = [indicator(f"x{number}", *pair) for number, pair in enumerate(pairs)]
    base = draw(st.sampled_from(["registered", "resident"]))
    return Table(definitions(*made), people, events, draw(agree.AS_ATS), base)


# Without shrinking, which would count on Spark hundreds of times.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(table=crowds())
def test_spark_gives_what_the_definitions_mean(table: Table) -> None:
    assert RUNS["spark"](table) == RUNS["reference"](table)
