"""One table of small cases, run on every engine: what each kind of expression means, at its edges."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from tests.spec.specification import (
    AS_AT,
    EACH,
    RUNS,
    Row,
    Table,
    definitions,
    event,
    indicator,
    person,
)

Expression = dict[str, Any]


def reached(
    engine: str,
    numerator: Expression,
    events: list[Row],
    *,
    as_at: dt.date = AS_AT,
    denominator: Expression | None = None,
    **facts: Any,
) -> tuple[int, int]:
    """Denominator and numerator of one person."""
    made = indicator("x", numerator, denominator) if denominator else indicator("x", numerator)
    table = Table(definitions(made), [person(**facts)], events, as_at=as_at)
    (cell,) = RUNS[engine](table).values()
    return cell["x__denominator"], cell["x__numerator"]


CHECK = {"feature": "check"}
CHECK_12 = {"feature": "check", "within_months": 12}
SEASON = {"feature": "check", "since_last": "09-01"}
AT_MOST_140 = {"latest": "pressure", "at_most": 140}
SMOKER = {"latest": "smoking", "is": "current"}

RECORDS = {
    "no record": (CHECK, [], 0),
    "a record on the day of the figures": (CHECK, [event("CHECK-1", "2026-03-31")], 1),
    "a record the day after the figures": (CHECK, [event("CHECK-1", "2026-04-01")], 0),
    "a very old record": (CHECK, [event("CHECK-1", "1901-01-01")], 1),
    "a record before 1970": (CHECK, [event("CHECK-1", "1965-07-01")], 1),
    "the list's second code": (CHECK, [event("CHECK-2", "2020-01-01")], 1),
    "the same code of another system": (CHECK, [event("CHECK-1", "2020-01-01", code_system="ctv3")], 0),
    "a code of another list": (CHECK, [event("ILL", "2020-01-01")], 0),
    "another person's record": (CHECK, [event("CHECK-1", "2020-01-01", person_id=7)], 0),
    "the same record three times": (CHECK, [event("CHECK-1", "2020-01-01")] * 3, 1),
    "first day of twelve months": (CHECK_12, [event("CHECK-1", "2025-04-01")], 1),
    "day before twelve months": (CHECK_12, [event("CHECK-1", "2025-03-31")], 0),
    "first day of the season": (SEASON, [event("CHECK-1", "2025-09-01")], 1),
    "day before the season": (SEASON, [event("CHECK-1", "2025-08-31")], 0),
    "an old and a new record": (
        CHECK_12,
        [event("CHECK-1", "2001-01-01"), event("CHECK-2", "2026-01-01")],
        1,
    ),
}

VALUES = {
    "value on the limit": (AT_MOST_140, [event("BP", "2026-01-01", 140)], 1),
    "value a thousandth above": (AT_MOST_140, [event("BP", "2026-01-01", 140.001)], 0),
    "value above by less than half a thousandth": (AT_MOST_140, [event("BP", "2026-01-01", 140.0004)], 1),
    "on the limit is not below it": (
        {"latest": "pressure", "below": 140},
        [event("BP", "2026-01-01", 140)],
        0,
    ),
    "on the limit is not above it": (
        {"latest": "pressure", "above": 140},
        [event("BP", "2026-01-01", 140)],
        0,
    ),
    "on the limit is at least it": (
        {"latest": "pressure", "at_least": 140},
        [event("BP", "2026-01-01", 140)],
        1,
    ),
    "between two limits": (
        {"latest": "pressure", "at_least": 90, "below": 140},
        [event("BP", "2026-01-01", 120)],
        1,
    ),
    "no value at all": (AT_MOST_140, [], 0),
    "no value is not 'not at most 140' wrongly": ({"not": AT_MOST_140}, [], 1),
    "a record without a value": (AT_MOST_140, [event("BP", "2026-01-01")], 0),
    "a value that is not a number": (AT_MOST_140, [event("BP", "2026-01-01", float("nan"))], 0),
    "an infinite value": (AT_MOST_140, [event("BP", "2026-01-01", float("-inf"))], 0),
    "the later of two values": (
        AT_MOST_140,
        [event("BP", "2026-01-01", 180), event("BP", "2026-01-02", 130)],
        1,
    ),
    "a later record without a value": (
        AT_MOST_140,
        [event("BP", "2026-01-01", 130), event("BP", "2026-01-02")],
        1,
    ),
    "a later implausible value": (
        AT_MOST_140,
        [event("BP", "2026-01-01", 180), event("BP", "2026-02-01", 13)],
        0,
    ),
    "plausible lower end": ({"latest": "pressure", "at_most": 50}, [event("BP", "2026-01-01", 50)], 1),
    "plausible upper end": ({"latest": "pressure", "at_least": 300}, [event("BP", "2026-01-01", 300)], 1),
    "the higher of two on one day": (
        AT_MOST_140,
        [event("BP", "2026-01-01", 130), event("BP", "2026-01-01", 150)],
        0,
    ),
    "the higher of two on one day, the other way round": (
        AT_MOST_140,
        [event("BP", "2026-01-01", 150), event("BP", "2026-01-01", 130)],
        0,
    ),
    "latest before the window": (
        {"latest": "pressure", "within_months": 12, "at_most": 140},
        [event("BP", "2025-03-31", 120)],
        0,
    ),
    "latest on the first day of the window": (
        {"latest": "pressure", "within_months": 12, "at_most": 140},
        [event("BP", "2025-04-01", 120)],
        1,
    ),
    "a value of 1965": (AT_MOST_140, [event("BP", "1965-07-01", 120)], 1),
    "an implausible value is no record of it": ({"feature": "pressure"}, [event("BP", "2026-01-01", 999)], 0),
    "an implausible value is a record that it was taken": (
        {"feature": "pressure_taken"},
        [event("BP", "2026-01-01", 1e30)],
        1,
    ),
    "two features with their own ranges on one code": (
        {"all": [{"latest": "pressure", "above": 140}, {"latest": "low_pressure", "at_most": 90}]},
        [event("BP", "2026-01-01", 90), event("BP", "2026-01-02", 150)],
        1,
    ),
}

CATEGORIES = {
    "latest category": (SMOKER, [event("SMOKE", "2026-01-01")], 1),
    "given up since": (SMOKER, [event("SMOKE", "2026-01-01"), event("EX", "2026-01-02")], 0),
    "two on one day: the list's first wins": (
        SMOKER,
        [event("EX", "2026-01-01"), event("SMOKE", "2026-01-01")],
        1,
    ),
    "one of several": (
        {"latest": "smoking", "is": ["former", "never"]},
        [event("NEVER", "2026-01-01")],
        1,
    ),
    "no category": ({"latest": "smoking", "is": ["current", "former", "never"]}, [], 0),
    "any category is a record": ({"feature": "smoking"}, [event("NEVER", "2026-01-01")], 1),
    "a stray value changes nothing": (SMOKER, [event("SMOKE", "2026-01-01", 1e30)], 1),
}

LOGIC = {
    "any of two": ({"any": [CHECK, {"feature": "illness"}]}, [event("ILL", "2026-01-01")], 1),
    "all of two": ({"all": [CHECK, {"feature": "illness"}]}, [event("ILL", "2026-01-01")], 0),
    "not": ({"not": {"feature": "illness"}}, [event("ILL", "2026-01-01")], 0),
    "not, without any record": ({"not": {"feature": "illness"}}, [], 1),
    "sex": ({"sex": "male"}, [], 0),
    "one of two sexes": ({"sex": ["male", "female"]}, [], 1),
    # She is White British.
    "ethnic group": ({"ethnic_group": "A"}, [], 1),
    "one of five ethnic groups": ({"ethnic_group": ["black", "white"]}, [], 1),
    "another of five ethnic groups": ({"ethnic_group": "asian"}, [], 0),
    "ethnic group missing": ({"ethnic_group": "missing"}, [], 0),
}


TWO_CHECKS = {"feature": "check", "times": 2}
AS_A_CHILD = {"feature": "check", "before_age": 2}
TWO_OF_THREE = {"some_of": ["check", "illness", "pressure"], "at_least": 2}
TWO_AS_A_CHILD = {"feature": "check", "times": 2, "before_age": 5}

TIMES = {
    "two days": (TWO_CHECKS, [event("CHECK-1", "2020-01-01"), event("CHECK-2", "2021-01-01")], 1),
    "two records of one day": (
        TWO_CHECKS,
        [event("CHECK-1", "2020-01-01"), event("CHECK-2", "2020-01-01")],
        0,
    ),
    "two days, one of them before the window": (
        {**TWO_CHECKS, "within_months": 12},
        [event("CHECK-1", "2025-03-31"), event("CHECK-1", "2025-04-01")],
        0,
    ),
    "two days are not once": (
        {"all": [CHECK, {"not": TWO_CHECKS}]},
        [event("CHECK-1", "2020-01-01")],
        1,
    ),
    "several days of a value that is not plausible": (
        {"feature": "pressure", "times": 2},
        [event("BP", "2020-01-01", 120), event("BP", "2020-01-02", 999)],
        0,
    ),
    # She was born on 1 June 1965.
    "the day before a birthday": (AS_A_CHILD, [event("CHECK-1", "1967-05-31")], 1),
    "a birthday": (AS_A_CHILD, [event("CHECK-1", "1967-06-01")], 0),
    "the day of birth": (AS_A_CHILD, [event("CHECK-1", "1965-06-01")], 1),
    "before birth": (AS_A_CHILD, [event("CHECK-1", "1965-05-31")], 1),
    "one dose before a birthday and one after": (
        TWO_AS_A_CHILD,
        [event("CHECK-1", "1967-05-31"), event("CHECK-1", "1970-06-01")],
        0,
    ),
    "two doses before a birthday": (
        TWO_AS_A_CHILD,
        [event("CHECK-1", "1967-05-31"), event("CHECK-1", "1970-05-31")],
        1,
    ),
    "before a birthday and within a window": (
        {**AS_A_CHILD, "within_months": 12},
        [event("CHECK-1", "1967-05-31")],
        0,
    ),
}

SOME = {
    "two of three": (TWO_OF_THREE, [event("ILL", "2020-01-01"), event("BP", "2020-01-01", 120)], 1),
    "one of three twice": (TWO_OF_THREE, [event("ILL", "2020-01-01"), event("ILL", "2021-01-01")], 0),
    "too many of three": (
        {**TWO_OF_THREE, "at_most": 2},
        [event("ILL", "2020-01-01"), event("BP", "2020-01-01", 120), event("CHECK-1", "2020-01-01")],
        0,
    ),
    "one window for all": (
        {**TWO_OF_THREE, "within_months": 12},
        [event("ILL", "2020-01-01"), event("CHECK-1", "2026-01-01")],
        0,
    ),
    "expressions in the list": (
        {"some_of": ["illness", {"sex": "female"}, {"age": {"from": 90}}], "at_least": 2},
        [event("ILL", "2020-01-01")],
        1,
    ),
}

RULES = {
    "a rule": ({"feature": "checked_lately"}, [event("CHECK-1", "2025-04-01")], 1),
    "a rule outside its own window": ({"feature": "checked_lately"}, [event("CHECK-1", "2025-03-31")], 0),
    "a rule that names a rule": (
        {"feature": "ill_and_high"},
        [event("ILL", "2020-01-01"), event("BP", "2020-01-01", 150)],
        1,
    ),
    "not a rule": ({"not": {"feature": "ill_and_high"}}, [event("ILL", "2020-01-01")], 1),
    "a rule and the record it asks for are two of a list": (
        {"feature": "two_of"},
        [event("ILL", "2020-01-01")],
        1,
    ),
}


def _cases() -> list[Any]:
    tables = {**RECORDS, **VALUES, **CATEGORIES, **LOGIC, **TIMES, **SOME, **RULES}
    return [pytest.param(*case, id=name) for name, case in tables.items()]


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(("numerator", "events", "expected"), _cases())
def test_numerator(engine: str, numerator: Expression, events: list[Row], expected: int) -> None:
    assert reached(engine, numerator, events) == (1, expected)


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("born", "as_at", "age", "expected"),
    [
        pytest.param("1966-03-31", "2026-03-31", 60, 1, id="on the birthday"),
        pytest.param("1966-04-01", "2026-03-31", 60, 0, id="the day before the birthday"),
        pytest.param("1960-02-29", "2026-02-28", 66, 0, id="29 February, on 28 February of a common year"),
        pytest.param("1960-02-29", "2026-03-01", 66, 1, id="29 February, on 1 March of a common year"),
        pytest.param("1960-02-29", "2024-02-29", 64, 1, id="29 February, on 29 February"),
        pytest.param("1963-02-28", "2024-02-29", 61, 1, id="28 February, at 29 February"),
        pytest.param("1963-03-01", "2024-02-29", 61, 0, id="1 March, at 29 February"),
        pytest.param("1960-02-29", "2024-02-28", 64, 0, id="29 February, the day before in a leap year"),
        pytest.param("2026-03-31", "2026-03-31", 0, 1, id="born on the day of the figures"),
    ],
)
def test_age_is_completed_years(engine: str, born: str, as_at: str, age: int, expected: int) -> None:
    numerator = {"age": {"from": age, "to": age}}
    day = dt.date.fromisoformat(as_at)
    found = reached(engine, numerator, [], as_at=day, birth_date=dt.date.fromisoformat(born))
    assert found == (1, expected)


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("as_at", "months", "day", "expected"),
    [
        pytest.param("2025-02-28", 12, "2024-02-29", 0, id="a month's end goes back to a month's end"),
        pytest.param("2025-02-28", 12, "2024-03-01", 1, id="and the window begins the day after"),
        pytest.param("2026-09-30", 6, "2026-03-31", 0, id="30 September to 31 March"),
        pytest.param("2026-09-30", 6, "2026-04-01", 1, id="30 September from 1 April"),
        pytest.param("2026-05-30", 3, "2026-02-28", 0, id="30 May to the end of February"),
        pytest.param("2026-05-15", 1, "2026-04-16", 1, id="the middle of a month"),
        pytest.param("2026-01-15", 1, "2025-12-15", 0, id="over the turn of the year"),
    ],
)
def test_window_is_whole_calendar_months(
    engine: str, as_at: str, months: int, day: str, expected: int
) -> None:
    numerator = {"feature": "check", "within_months": months}
    found = reached(engine, numerator, [event("CHECK-1", day)], as_at=dt.date.fromisoformat(as_at))
    assert found == (1, expected)


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("as_at", "day", "expected"),
    [
        pytest.param("2025-09-01", "2025-09-01", 1, id="the season starts that day"),
        pytest.param("2025-08-31", "2024-09-01", 1, id="last year's season still runs"),
        pytest.param("2025-09-01", "2025-08-31", 0, id="last year's season is over"),
    ],
)
def test_season_begins_on_the_latest_such_day(engine: str, as_at: str, day: str, expected: int) -> None:
    found = reached(engine, SEASON, [event("CHECK-1", day)], as_at=dt.date.fromisoformat(as_at))
    assert found == (1, expected)


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("born", "day", "expected"),
    [
        pytest.param("2024-02-29", "2026-02-28", 1, id="the last day before 1 March of a common year"),
        pytest.param("2024-02-29", "2026-03-01", 0, id="the birthday on 1 March of a common year"),
        pytest.param("2022-03-01", "2024-02-29", 1, id="29 February before a birthday on 1 March"),
        pytest.param("2022-02-28", "2024-02-28", 0, id="28 February of a leap year"),
        pytest.param("2023-12-31", "2025-12-30", 1, id="the end of a year"),
        pytest.param("2024-01-01", "2025-12-31", 1, id="the turn of a year"),
    ],
)
def test_record_before_a_birthday(engine: str, born: str, day: str, expected: int) -> None:
    birth_date = dt.date.fromisoformat(born)
    assert reached(engine, AS_A_CHILD, [event("CHECK-1", day)], birth_date=birth_date) == (1, expected)


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("born", "as_at", "expected"),
    [
        pytest.param("2024-03-31", "2026-03-31", 1, id="on the birthday"),
        pytest.param("2024-04-01", "2026-03-31", 0, id="the day before the birthday"),
        pytest.param("2023-04-01", "2026-03-31", 1, id="on the first day of the twelve months"),
        pytest.param("2023-03-31", "2026-03-31", 0, id="the day before the twelve months"),
        pytest.param("2024-02-29", "2026-02-28", 0, id="29 February, on 28 February"),
        pytest.param("2024-02-29", "2027-02-28", 1, id="29 February, a year later"),
    ],
)
def test_turned_means_a_birthday_in_the_window(engine: str, born: str, as_at: str, expected: int) -> None:
    numerator = {"turned": {"age": 2, "within_months": 12}}
    day, birth_date = dt.date.fromisoformat(as_at), dt.date.fromisoformat(born)
    assert reached(engine, numerator, [], as_at=day, birth_date=birth_date) == (1, expected)


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("born", "age", "expected"),
    [
        pytest.param("2022-08-31", {"from": 3, "to": 3}, 1, id="three on that day"),
        pytest.param("2022-09-01", {"from": 3, "to": 3}, 0, id="three the day after"),
        pytest.param("2021-09-01", {"from": 3, "to": 3}, 1, id="four the day after"),
        pytest.param("2025-08-31", {"to": 3}, 1, id="born that day"),
        pytest.param("2025-09-01", {"to": 3}, 0, id="born the day after"),
    ],
)
def test_age_on_a_day_of_the_year(engine: str, born: str, age: dict[str, int], expected: int) -> None:
    numerator = {"age": {**age, "on_last": "08-31"}}
    assert reached(engine, numerator, [], birth_date=dt.date.fromisoformat(born)) == (1, expected)


@pytest.mark.parametrize("engine", EACH)
def test_list_may_be_longer_than_a_word(engine: str) -> None:
    items = [{"feature": "check", "within_months": number} for number in range(1, 101)]
    for least, expected in ((51, 0), (50, 1)):
        numerator = {"some_of": items, "at_least": least}
        assert reached(engine, numerator, [event("CHECK-1", "2022-01-15")]) == (1, expected)


@pytest.mark.parametrize("engine", EACH)
def test_rate_and_a_number_of_days_may_count_the_same_records(engine: str) -> None:
    made = [
        indicator("rate", ADMISSIONS, {"feature": "admission", "times": 2, "within_months": 36}),
        indicator("child", AS_A_CHILD, {"feature": "check"}),
    ]
    events = [event("ADM", "2026-01-01"), event("ADM", "2026-01-02"), event("CHECK-1", "1966-01-01")]
    (cell,) = RUNS[engine](Table(definitions(*made), [person()], events)).values()
    assert [cell[f"{name}__numerator"] for name in ("rate", "child")] == [2, 1]


ADMISSIONS = {"count": "admission", "within_months": 36}


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([event("ADM", "2026-01-01"), event("ADM", "2026-01-02")], 2, id="two days"),
        pytest.param(
            [event("ADM", "2026-01-01"), event("ADM", "2026-01-01")], 1, id="two records of one day"
        ),
        pytest.param([event("ADM", "2023-03-31"), event("ADM", "2023-04-01")], 1, id="edge of three years"),
        pytest.param([event("ADM", "2026-04-01")], 0, id="after the date of the figures"),
    ],
)
def test_rate_counts_days_over_person_years(engine: str, events: list[Row], expected: int) -> None:
    assert reached(engine, ADMISSIONS, events) == (3, expected)


@pytest.mark.parametrize("engine", EACH)
def test_rate_leaves_out_the_events_of_people_outside_its_denominator(engine: str) -> None:
    found = reached(engine, ADMISSIONS, [event("ADM", "2026-01-01")], denominator={"sex": "male"})
    assert found == (0, 0)


@pytest.mark.parametrize("engine", EACH)
def test_numerator_is_within_the_denominator(engine: str) -> None:
    found = reached(engine, CHECK, [event("CHECK-1", "2026-01-01")], denominator={"age": {"to": 20}})
    assert found == (0, 0)


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, 1, id="here"),
        pytest.param({"death_date": dt.date(2026, 3, 31)}, 0, id="died that day"),
        pytest.param({"death_date": dt.date(2026, 4, 1)}, 1, id="died the day after"),
        pytest.param({"left_date": dt.date(2026, 3, 31)}, 0, id="left that day"),
        pytest.param({"left_date": dt.date(2026, 4, 1)}, 1, id="left the day after"),
        pytest.param({"birth_date": dt.date(2026, 4, 1)}, 0, id="born the day after"),
        pytest.param({"practice_code": None}, 0, id="without a practice"),
        pytest.param({"lsoa_code": "unknown"}, 1, id="of no fixed abode"),
        pytest.param({"lsoa_code": "E01999999"}, 1, id="living elsewhere"),
    ],
)
def test_registered_people_are_counted(engine: str, facts: dict[str, Any], expected: int) -> None:
    other = person(1, sex="male")
    table = Table(definitions(indicator("x", CHECK)), [person(**facts), other], [])
    cells = RUNS[engine](table)
    assert sum(cell["population"] for key, cell in cells.items() if key[2] == "female") == expected


@pytest.mark.parametrize("engine", EACH)
def test_without_any_practice_everybody_counts_as_registered(engine: str) -> None:
    table = Table(definitions(indicator("x", CHECK)), [person(practice_code=None)], [])
    assert sum(cell["population"] for cell in RUNS[engine](table).values()) == 1


@pytest.mark.parametrize("engine", EACH)
def test_residents_live_in_the_place_whether_registered_or_not(engine: str) -> None:
    people = [person(0, practice_code=None), person(1, lsoa_code="unknown"), person(2, lsoa_code="E01999999")]
    cells = RUNS[engine](Table(definitions(indicator("x", CHECK)), people, [], base="resident"))
    assert {key[0]: cell["population"] for key, cell in cells.items()} == {"E01000001": 1}


@pytest.mark.parametrize("engine", EACH)
def test_people_of_unknown_and_of_other_areas_are_one_group(engine: str) -> None:
    people = [person(0, lsoa_code="unknown"), person(1, lsoa_code="E01999999")]
    cells = RUNS[engine](Table(definitions(indicator("x", CHECK)), people, []))
    assert {key[0]: cell["population"] for key, cell in cells.items()} == {"unknown": 2}


@pytest.mark.parametrize("engine", EACH)
def test_cells_keep_groups_apart(engine: str) -> None:
    people = [
        person(0),
        person(1, sex="male"),
        person(2, ethnic_group="missing"),
        person(3, lsoa_code="E01000002"),
        person(4, birth_date=dt.date(1930, 1, 1)),
    ]
    events = [event("CHECK-1", "2026-01-01", person_id=number) for number in range(5)]
    cells = RUNS[engine](Table(definitions(indicator("x", CHECK)), people, events))
    one = Counter({"population": 1, "x__denominator": 1, "x__numerator": 1})
    assert cells == {
        ("E01000001", "60-64", "female", "A"): one,
        ("E01000001", "60-64", "male", "A"): one,
        ("E01000001", "60-64", "female", "missing"): one,
        ("E01000002", "60-64", "female", "A"): one,
        ("E01000001", "90+", "female", "A"): one,
    }


@pytest.mark.parametrize("engine", EACH)
def test_more_flags_than_a_word_holds_and_more_indicators_than_a_pass(engine: str) -> None:
    made = [
        indicator(f"x{months}", {"feature": "check", "within_months": months}) for months in range(1, 101)
    ]
    both = indicator("many", {"any": [{"feature": "check", "within_months": n} for n in range(1, 101)]})
    table = Table(definitions(both, *made), [person()], [event("CHECK-1", "2022-01-15")])
    (cell,) = RUNS[engine](table).values()
    assert cell["many__numerator"] == 1
    assert [month for month in range(1, 101) if cell[f"x{month}__numerator"]] == list(range(51, 101))


@pytest.mark.parametrize("engine", EACH)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e30, 9.2e15], ids=str)
def test_absurd_value_does_no_harm_to_records_read_beside_it(engine: str, value: float) -> None:
    made = [
        indicator("checked", CHECK),
        indicator("rate", {"count": "pressure", "within_months": 12}),
        indicator("smoker", SMOKER),
    ]
    day = "2026-02-28"
    events = [
        event("CHECK-1", day),
        event("BP", day, value),
        event("BP", day, 120),
        event("CHECK-1", day, value),
        event("SMOKE", day, value),
    ]
    for order in (events, events[::-1]):
        (cell,) = RUNS[engine](Table(definitions(*made), [person()], order)).values()
        assert [cell[f"{name}__numerator"] for name in ("checked", "rate", "smoker")] == [1, 1, 1]


@pytest.mark.parametrize("engine", EACH)
def test_indicator_that_reads_no_event(engine: str) -> None:
    table = Table(definitions(indicator("x", {"sex": "female"})), [person()], [])
    (cell,) = RUNS[engine](table).values()
    assert (cell["x__denominator"], cell["x__numerator"]) == (1, 1)


@pytest.mark.parametrize("engine", EACH)
def test_nobody_gives_no_cells(engine: str) -> None:
    assert RUNS[engine](Table(definitions(indicator("x", CHECK)), [], [])) == {}
