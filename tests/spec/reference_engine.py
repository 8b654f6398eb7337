"""The meaning of a definition, one person at a time, in plain Python: slow, obvious, and written apart.

It shares the definitions with the real engines and nothing else: no plan, no bits, no cut-off dates.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from evenground.indicators import Definitions, Feature
from evenground.indicators import expressions as ex

Row = dict[str, Any]


def count_cells(
    definitions: Definitions,
    persons: list[Row],
    events: list[Row],
    lsoas: list[str],
    as_at: dt.date,
    base: str,
) -> dict[tuple[str, ...], Counter[str]]:
    """Counts by LSOA, age band, sex and ethnic group, as the engines' frame holds them."""
    cells: dict[tuple[str, ...], Counter[str]] = {}
    for person in who_counts(persons, lsoas, as_at, base):
        own = [event for event in events if event["person_id"] == person["person_id"]]
        key = (*where_and_how_old(person, lsoas, as_at), person["sex"], person["ethnic_group"])
        cells.setdefault(key, Counter()).update(count_person(definitions, person, own, as_at))
    return cells


def count_groups(
    definitions: Definitions,
    persons: list[Row],
    events: list[Row],
    lsoas: list[str],
    as_at: dt.date,
    base: str,
) -> dict[tuple[str, ...], Counter[str]]:
    """Counts by cut, group, LSOA and age band, as the engines' table of groups holds them."""
    groups: dict[tuple[str, ...], Counter[str]] = {}
    for person in who_counts(persons, lsoas, as_at, base):
        own = [event for event in events if event["person_id"] == person["person_id"]]
        view = View(definitions, person, own, as_at)
        plus = [
            ("plus_group", group.id)
            for group in definitions.plus_groups.values()
            if group.node is not None and view.holds(group.node)
        ]
        parts = []
        for cut in {one.cut: None for one in definitions.segments.values()}:
            of_cut = min(
                (one for one in definitions.segments.values() if one.cut == cut),
                key=lambda one: (one.order, one.id),
            )
            parts.append((str(cut), next(part.id for part in of_cut.segments if view.holds(part.node))))
        for group in [*plus, *parts]:
            key = (*group, *where_and_how_old(person, lsoas, as_at))
            groups.setdefault(key, Counter()).update(count_person(definitions, person, own, as_at))
    return groups


def who_counts(persons: list[Row], lsoas: list[str], as_at: dt.date, base: str) -> Iterator[Row]:
    """Everybody who is there on the day and belongs to the base."""
    anybody_registered = any(person["practice_code"] is not None for person in persons)
    for person in persons:
        unregistered = anybody_registered and person["practice_code"] is None
        outside = person["lsoa_code"] not in lsoas
        if is_here(person, as_at) and not (unregistered if base == "registered" else outside):
            yield person


def where_and_how_old(person: Row, lsoas: list[str], as_at: dt.date) -> tuple[str, str]:
    """The LSOA, if it is the place's, and the age band."""
    lsoa = person["lsoa_code"] if person["lsoa_code"] in lsoas else "unknown"
    return lsoa, band_of(age_of(person, as_at))


def count_person(definitions: Definitions, person: Row, events: list[Row], as_at: dt.date) -> dict[str, int]:
    """What one person adds to every column."""
    view = View(definitions, person, events, as_at)
    adds = {"population": 1}
    for indicator in definitions.indicators.values():
        belongs = view.holds(indicator.denominator.node)
        numerator = indicator.numerator.node
        if isinstance(numerator, ex.Count):
            reached = len(
                {event["event_date"] for event in view.records(numerator.feature, numerator.window)}
            )
            years = (numerator.window.months or 0) // 12
        else:
            reached = int(view.holds(numerator))
            years = 1
        adds[f"{indicator.id}__denominator"] = years if belongs else 0
        adds[f"{indicator.id}__numerator"] = reached if belongs else 0
    return adds


class View:
    """One person and the records that exist by the date of the figures."""

    def __init__(self, definitions: Definitions, person: Row, events: list[Row], as_at: dt.date) -> None:
        self.definitions = definitions
        self.person = person
        self.events = [event for event in events if event["event_date"] <= as_at]
        self.as_at = as_at

    def holds(self, node: ex.Node) -> bool:
        """Whether an expression is true of the person."""
        if isinstance(node, ex.All):
            return all(self.holds(child) for child in node.of)
        if isinstance(node, ex.AnyOf):
            return any(self.holds(child) for child in node.of)
        if isinstance(node, ex.Not):
            return not self.holds(node.of)
        if isinstance(node, ex.SomeOf):
            number = sum(self.holds(child) for child in node.of)
            return node.at_least <= number <= (len(node.of) if node.at_most is None else node.at_most)
        if isinstance(node, ex.Age | ex.Turned | ex.SexIs | ex.EthnicGroupIs):
            return self.is_like(node)
        if isinstance(node, ex.Has):
            rule = self.definitions.features[node.feature].expression
            if rule is not None:
                return self.holds(rule)  # type: ignore[arg-type]
            days = {event["event_date"] for event in self.records(node.feature, node.window)}
            return len([day for day in days if self.is_before_age(day, node.before_age)]) >= node.times
        if isinstance(node, ex.LatestCategory):
            return self.latest_category(node) in node.categories
        assert isinstance(node, ex.LatestValue)
        return self.latest_value_meets(node)

    def is_like(self, node: ex.Age | ex.Turned | ex.SexIs | ex.EthnicGroupIs) -> bool:
        """Whether what is known of the person without any record fits."""
        if isinstance(node, ex.Age):
            day = self.as_at if node.on_last is None else last_time(node.on_last, self.as_at)
            age = age_of(self.person, day)
            born = self.person["birth_date"] <= day
            return born and (node.first or 0) <= age <= (1000 if node.last is None else node.last)
        if isinstance(node, ex.Turned):
            start = step_back(self.as_at, node.months)
            return age_of(self.person, start) < node.age <= age_of(self.person, self.as_at)
        if isinstance(node, ex.EthnicGroupIs):
            return self.person["ethnic_group"] in node.codes
        return self.person["sex"] in node.values

    def records(self, feature_id: str, window: ex.Window) -> list[Row]:
        """The records of a feature that count, in the window."""
        feature = self.definitions.features[feature_id]
        codes = {(code.code_system, code.code) for code in self.codelist(feature)}
        return [
            event
            for event in self.events
            if (event["code_system"], event["code"]) in codes
            and is_plausible(feature, event["value"])
            and is_within(window, event["event_date"], self.as_at)
        ]

    def is_before_age(self, day: dt.date, age: int | None) -> bool:
        """Whether a day is earlier than a birthday."""
        born = self.person["birth_date"]
        return age is None or day < birthday(born, born.year + age)

    def codelist(self, feature: Feature) -> Any:
        """The codes of a feature."""
        return self.definitions.codelists[feature.codelist].codes

    def latest_value_meets(self, node: ex.LatestValue) -> bool:
        """Whether the latest value, the highest of its day, meets every limit."""
        found = self.records(node.feature, node.window)
        if not found:
            return False
        last_day = max(event["event_date"] for event in found)
        value = max(to_three_places(event["value"]) for event in found if event["event_date"] == last_day)
        return (
            (node.below is None or value < to_three_places(node.below))
            and (node.at_most is None or value <= to_three_places(node.at_most))
            and (node.above is None or value > to_three_places(node.above))
            and (node.at_least is None or value >= to_three_places(node.at_least))
        )

    def latest_category(self, node: ex.LatestCategory) -> str | None:
        """The category of the last day: of several, the first in the code list."""
        found = self.records(node.feature, node.window)
        if not found:
            return None
        codelist = self.definitions.codelists[self.definitions.features[node.feature].codelist]
        category = {(code.code_system, code.code): code.category for code in codelist.codes}
        last_day = max(event["event_date"] for event in found)
        of_day = {category[e["code_system"], e["code"]] for e in found if e["event_date"] == last_day}
        return next(name for name in codelist.categories if name in of_day)


def is_here(person: Row, as_at: dt.date) -> bool:
    """Born, not dead and not gone by the end of the day."""
    gone = [day for day in (person["death_date"], person["left_date"]) if day is not None]
    return person["birth_date"] <= as_at and all(day > as_at for day in gone)


def age_of(person: Row, as_at: dt.date) -> int:
    """Birthdays had since birth. Somebody born on 29 February has one on 1 March in other years."""
    born = person["birth_date"]
    return sum(birthday(born, year) <= as_at for year in range(born.year + 1, as_at.year + 1))


def birthday(born: dt.date, year: int) -> dt.date:
    """The birthday in a year."""
    if (born.month, born.day) == (2, 29) and not calendar.isleap(year):
        return dt.date(year, 3, 1)
    return dt.date(year, born.month, born.day)


def band_of(age: int) -> str:
    """The five-year band."""
    return "90+" if age >= 90 else f"{age // 5 * 5}-{age // 5 * 5 + 4}"


def is_plausible(feature: Feature, value: float | None) -> bool:
    """Whether a record counts: values must be there, and in range."""
    if feature.kind != "value":
        return True
    assert feature.plausible is not None
    return value is not None and feature.plausible[0] <= value <= feature.plausible[1]


def is_within(window: ex.Window, day: dt.date, as_at: dt.date) -> bool:
    """Whether a day up to ``as_at`` lies in a window."""
    if window.since is not None:
        return day >= last_time(window.since, as_at)
    if window.months is None:
        return True
    return day > step_back(as_at, window.months)


def last_time(month_and_day: tuple[int, int], as_at: dt.date) -> dt.date:
    """The latest such day."""
    days = [dt.date(year, *month_and_day) for year in (as_at.year - 1, as_at.year)]
    return max(day for day in days if day <= as_at)


def step_back(day: dt.date, months: int) -> dt.date:
    """Months back, one at a time; from the last day of a month to the last day of a month."""
    ends_month = (day + dt.timedelta(days=1)).day == 1
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    length = calendar.monthrange(year, month)[1]
    return dt.date(year, month, length if ends_month else min(day.day, length))


def to_three_places(value: float) -> Decimal:
    """Thousandths, halves away from zero, of the product that a double gives."""
    return Decimal(value * 1000).quantize(Decimal(1), rounding=ROUND_HALF_UP)
