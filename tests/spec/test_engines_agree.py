"""People, events and definitions at random: every engine gives what the plain-Python meaning gives."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenground.indicators.expressions import parse
from tests.spec.specification import EACH, LSOAS, RUNS, Row, Table, definitions, indicator

# Few dates, so that ties, edges of windows and birthdays meet often.
AS_ATS = st.sampled_from(
    [dt.date(2026, 3, 31), dt.date(2025, 2, 28), dt.date(2024, 2, 29), dt.date(2026, 9, 30)]
)
DAYS = st.one_of(
    st.sampled_from([dt.date(2024, 2, 29), dt.date(2025, 3, 31), dt.date(2025, 9, 1), dt.date(2026, 3, 31)]),
    st.dates(dt.date(2023, 1, 1), dt.date(2026, 12, 31)),
    st.dates(dt.date(1900, 1, 1), dt.date(2026, 12, 31)),
)
BIRTHS = st.one_of(
    st.sampled_from([dt.date(1960, 2, 29), dt.date(1965, 3, 31), dt.date(1965, 3, 1), dt.date(2026, 3, 31)]),
    st.dates(dt.date(1915, 1, 1), dt.date(2026, 6, 1)),
)
VALUES = st.one_of(
    st.none(),
    st.sampled_from([49.999, 50.0, 140.0, 139.9995, 140.0005, 140.001, 300.0, 300.5, -5.0, 1e30]),
    st.floats(0, 400),
    st.sampled_from([float("nan"), float("inf")]),
)
CODES = st.sampled_from(["CHECK-1", "CHECK-2", "ILL", "ADM", "BP", "BP", "SMOKE", "EX", "NEVER", "OTHER"])


def persons(number: int) -> st.SearchStrategy[Row]:
    """One person of that number."""
    return st.fixed_dictionaries(
        {
            "person_id": st.just(number),
            "birth_date": BIRTHS,
            "sex": st.sampled_from(["female", "male", "indeterminate", "not_known"]),
            "ethnic_group": st.sampled_from(["A", "J", "Z", "missing"]),
            "lsoa_code": st.sampled_from([*LSOAS, "unknown", "E01999999"]),
            "practice_code": st.sampled_from(["P1", "P2", None]),
            "death_date": st.one_of(st.none(), st.none(), DAYS),
            "left_date": st.one_of(st.none(), st.none(), DAYS),
        }
    )


EVENTS = st.fixed_dictionaries(
    {
        "person_id": st.integers(0, 4),
        "code_system": st.sampled_from(["local", "local", "local", "ctv3"]),
        "code": CODES,
        "event_date": DAYS,
        "value": VALUES,
    }
)
WINDOWS = st.one_of(
    st.just({}),
    st.builds(lambda months: {"within_months": months}, st.sampled_from([1, 6, 12, 13, 24, 600])),
    st.builds(lambda day: {"since_last": day}, st.sampled_from(["09-01", "04-01", "03-31", "02-28"])),
)
LIMITS = st.dictionaries(
    st.sampled_from(["below", "at_most", "above", "at_least"]),
    st.sampled_from([50, 90, 139.999, 140, 140.001, 300]),
    min_size=1,
    max_size=2,
)
NAMES = st.sampled_from(["current", "former", "never"])
LEAVES = st.one_of(
    st.builds(
        lambda name, window: {"feature": name, **window},
        st.sampled_from(["check", "illness", "pressure", "low_pressure", "pressure_taken", "smoking"]),
        WINDOWS,
    ),
    st.builds(
        lambda name, window, limits: {"latest": name, **window, **limits},
        st.sampled_from(["pressure", "low_pressure"]),
        WINDOWS,
        LIMITS,
    ),
    st.builds(
        lambda names, window: {"latest": "smoking", "is": names, **window},
        st.lists(NAMES, min_size=1, unique=True),
        WINDOWS,
    ),
    st.builds(
        lambda ends: {"age": {"from": min(ends), "to": max(ends)}},
        st.tuples(st.integers(0, 100), st.integers(0, 100)),
    ),
    st.builds(lambda age: {"age": {"from": age}}, st.sampled_from([0, 18, 59, 60, 61, 65])),
    st.builds(
        lambda ages, day: {"age": {**ages, "on_last": day}},
        st.sampled_from([{"from": 0}, {"to": 3}, {"from": 2, "to": 60}, {"from": 61}]),
        st.sampled_from(["08-31", "03-31", "02-28", "03-01"]),
    ),
    st.builds(
        lambda age, months: {"turned": {"age": age, "within_months": months}},
        st.sampled_from([1, 2, 5, 60, 65, 66]),
        st.sampled_from([1, 12, 24, 120]),
    ),
    st.builds(
        lambda name, window, times, age: {"feature": name, "times": times, **window, **age},
        st.sampled_from(["check", "illness", "pressure", "smoking"]),
        WINDOWS,
        st.sampled_from([1, 1, 2, 3]),
        st.sampled_from([{}, {"before_age": 1}, {"before_age": 2}, {"before_age": 60}, {"before_age": 61}]),
    ),
    st.builds(lambda name: {"feature": name}, st.sampled_from(["ill", "checked_lately", "two_of"])),
    st.builds(lambda: {"feature": "ill_and_high"}),
    st.builds(
        lambda groups: {"ethnic_group": groups},
        st.lists(st.sampled_from(["A", "white", "asian", "Z", "missing"]), min_size=1, unique=True),
    ),
    st.builds(lambda sex: {"sex": sex}, st.sampled_from(["female", "male", "not_known"])),
)


@st.composite
def some_of(draw: st.DrawFn, inner: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A list of features, or of expressions, of which some must hold."""
    if draw(st.booleans()):
        names = ["check", "illness", "admission", "pressure", "smoking", "pressure_taken"]
        items: list[Any] = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        extra = draw(WINDOWS)
    else:
        items = draw(st.lists(inner, min_size=1, max_size=3, unique_by=read))
        extra = {}
    least = draw(st.integers(1, len(items)))
    if draw(st.booleans()):
        extra = extra | {"at_most": draw(st.integers(least, len(items)))}
    return {"some_of": items, "at_least": least, **extra}


def read(raw: dict[str, Any]) -> Any:
    """The expression as it is read, by which two are the same."""
    return parse(raw, "")[0]


EXPRESSIONS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda nodes: {"all": nodes}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda nodes: {"any": nodes}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda node: {"not": node}, inner),
        some_of(inner),
    ),
    max_leaves=5,
)
NUMERATORS = st.one_of(
    EXPRESSIONS,
    EXPRESSIONS,
    st.builds(
        lambda name, months: {"count": name, "within_months": months},
        st.sampled_from(["admission", "check", "pressure"]),
        st.sampled_from([12, 36]),
    ),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A few people, their events, and a few indicators."""
    people = [draw(persons(number)) for number in range(draw(st.integers(0, 5)))]
    pairs = draw(st.lists(st.tuples(NUMERATORS, EXPRESSIONS), min_size=1, max_size=4))
    made = [indicator(f"x{number}", *pair) for number, pair in enumerate(pairs)]
    events = draw(st.lists(EVENTS, max_size=20))
    base = draw(st.sampled_from(["registered", "resident"]))
    return Table(definitions(*made), people, events, draw(AS_ATS), base)


@pytest.mark.parametrize("engine", EACH)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=tables())
def test_engine_gives_what_the_definitions_mean(engine: str, table: Table) -> None:
    assert RUNS[engine](table) == RUNS["reference"](table)
