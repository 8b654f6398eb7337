"""Floors: the fewest people to be reached in a group, whatever that costs the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from evenground.errors import Fault, suggest
from evenground.spending.communities import PLUS_COLUMN, Communities, Floats, find_key_faults
from evenground.spending.problem import Floors


@dataclass(frozen=True, slots=True)
class FloorRule:
    """A floor as a user writes it.

    Attributes
    ----------
    column, value
        The group; without a value, each value of the column is a group of its own.
    people, share
        The fewest people to be reached, or the smallest share of those missing out; one of the two.
    """

    column: str
    value: str | None
    people: float | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class NamedFloors:
    """Floors with what they are called."""

    names: tuple[str, ...]
    floors: Floors

    def drop(self, number: int) -> NamedFloors:
        """All but one."""
        names = tuple(name for place, name in enumerate(self.names) if place != number)
        return NamedFloors(names, self.floors.drop(number))


def read_floors(texts: Sequence[str]) -> tuple[list[FloorRule], list[Fault]]:
    """Floors from words such as ``town:20``, ``plus_group:5%`` or ``ethnic_group=J:40``.

    ``COLUMN:N`` is for each value of a column, ``COLUMN=VALUE:N`` for one; ``N`` people, or ``N%`` of the
    people missing out there.
    """
    rules, faults = [], []
    for text in texts:
        group, colon, amount = text.strip().rpartition(":")
        column, equals, value = group.partition("=")
        is_share = amount.endswith("%")
        number = _number(amount.removesuffix("%"))
        if not colon or not column or not number >= 0 or (is_share and number > 100):
            fix = "Write such as town:20 (people), plus_group:5% (of those missing out) or ethnic_group=J:40."
            faults.append(Fault("floor", f'"{text}" is not a floor.', fix))
            continue
        people, share = (None, number / 100) if is_share else (number, None)
        rules.append(FloorRule(column.strip(), value.strip() if equals else None, people, share))
    return rules, faults


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def find_floor_faults(communities: Communities, rules: Sequence[FloorRule]) -> Iterator[Fault]:
    """Floors for groups that are not there."""
    columns = communities.frame.columns
    for rule in rules:
        if rule.column == PLUS_COLUMN and PLUS_COLUMN not in columns:
            groups = communities.plus_groups()
            if not groups.drop_nulls().len():
                fix = "Give a column plus_group or ethnic_group."
                yield Fault("floor", "which communities are of a Plus group is not known.", fix)
            elif rule.value is not None and rule.value not in groups.to_list():
                known = groups.drop_nulls().unique().to_list()
                yield Fault(
                    "floor.plus_group", f'no community is of "{rule.value}".', suggest(rule.value, known)
                )
        elif rule.value is not None:
            yield from find_key_faults(communities, "floor", {rule.column: (rule.value,)})
        elif rule.column not in columns:
            what = "is not a column of the communities."
            yield Fault(f"floor.{rule.column}", what, suggest(rule.column, columns))


def make_floors(communities: Communities, rules: Sequence[FloorRule]) -> NamedFloors:
    """The floors of these communities, each with its name, in the order they were given."""
    names: list[str] = []
    members: list[Floats] = []
    least: list[float] = []
    for rule in rules:
        labels = _find_labels(communities, rule.column)
        values = sorted(labels.drop_nulls().unique().to_list()) if rule.value is None else [rule.value]
        for value in values:
            member = (labels == value).fill_null(value=False).to_numpy().astype(np.float64)
            names.append(f"{rule.column} {value}")
            members.append(member)
            people = float(member @ communities.missing)
            least.append(rule.people if rule.people is not None else people * (rule.share or 0.0))
    matrix = np.array(members).reshape(len(members), len(communities.missing))
    return NamedFloors(tuple(names), Floors(sparse.csr_array(matrix), np.array(least, dtype=np.float64)))


def _find_labels(communities: Communities, column: str) -> pl.Series:
    if column == PLUS_COLUMN:
        return communities.plus_groups()
    return communities.frame[column].cast(pl.String)
