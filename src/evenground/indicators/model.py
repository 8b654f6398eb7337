"""What a definition holds once it is read and checked: frozen, and free of files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, model_validator

from evenground.codelists import CodeList
from evenground.indicators.expressions import Count, Node
from evenground.vocabulary import Polarity, ValueType

MAX_VALUE: Final = 1_000_000
"""Measured values are compared to three decimal places and lie between minus and plus this."""

CoreArea = Literal[
    "maternity", "severe_mental_illness", "chronic_respiratory", "early_cancer", "hypertension", "smoking"
]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Words = Annotated[str, Field(min_length=3)]


class _Definition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Feature(_Definition):
    """Something a record says of a person: that it happened, a measured value, or one of some categories.

    A value outside ``plausible`` is ignored, and so is a record of a value that has none.
    """

    id: Identifier
    name: Words
    kind: Literal["event", "value", "category"]
    codelist: str
    plausible: tuple[float, float] | None = None
    unit: str | None = None

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        if self.kind != "value":
            if self.plausible is not None or self.unit is not None:
                raise ValueError("only a feature of the kind value has a plausible range and a unit")
            return self
        if self.plausible is None or not self.unit:
            raise ValueError("a feature of the kind value needs plausible = [lowest, highest] and a unit")
        low, high = self.plausible
        if not -MAX_VALUE <= low < high <= MAX_VALUE:
            raise ValueError(f"plausible goes from {low} to {high}: put the lower first, within one million")
        return self


class Source(_Definition):
    """Where the definition, or a target, comes from."""

    title: Words
    url: str | None = Field(default=None, pattern=r"^https://")
    date: str | None = None


class Target(_Definition):
    """The level to reach, on the scale of the indicator's value, and who set it."""

    value: float
    source: Words
    url: str | None = Field(default=None, pattern=r"^https://")
    date: str | None = None


class Part(_Definition):
    """A numerator or denominator: the author's words, and the expression that is counted."""

    words: Words
    who: InstanceOf[object]

    @property
    def node(self) -> Node:
        """The expression, typed."""
        return self.who  # type: ignore[return-value]


class Indicator(_Definition):
    """One indicator.

    For a proportion, the numerator is the people of the denominator for whom the numerator's expression
    holds too. For a rate, it is the events of those people, and the denominator counts each of them once
    for every year of the numerator's window: person-years.
    """

    id: Identifier
    name: Words
    short_name: Annotated[str, Field(min_length=3, max_length=40)]
    topic: Words
    description: Words
    order: int = 1000
    core20plus5: tuple[CoreArea, ...] = ()
    polarity: Polarity
    value_type: ValueType
    unit: Annotated[str, Field(min_length=1)]
    multiplier: Annotated[float, Field(gt=0)]
    is_service: bool
    author: Words
    checker: Words
    review_date: dt.date
    source: Source
    target: Target | None = None
    denominator: Part
    numerator: Part

    @model_validator(mode="after")
    def _check_sense(self) -> Self:
        if self.author.casefold() == self.checker.casefold():
            raise ValueError("author and checker are the same: another person must have checked it")
        readable = self.numerator.who is not None
        counts = isinstance(self.numerator.node, Count)
        if readable and counts != (self.value_type is not ValueType.PROPORTION):
            raise ValueError("a proportion needs a numerator of people; a rate one that starts with count")
        if self.value_type is ValueType.PROPORTION and self.target and self.target.value > self.multiplier:
            raise ValueError(f"the target {self.target.value:g} is more than everybody ({self.multiplier:g})")
        return self

    @property
    def years(self) -> int:
        """How many years a rate pools: what each person of the denominator counts for. 1 for a proportion."""
        node = self.numerator.node
        return (node.window.months or 12) // 12 if isinstance(node, Count) else 1


class ProfileSection(_Definition):
    """A heading of a profile, a sentence about it, and its indicators."""

    name: Words
    words: Words
    indicators: Annotated[tuple[str, ...], Field(min_length=1)]


class Profile(_Definition):
    """A set of indicators that are read together."""

    id: Identifier
    name: Words
    description: Words
    order: int = 1000
    sections: Annotated[tuple[ProfileSection, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything that was loaded, by id. ``sha256`` names the content, wherever the files lay."""

    indicators: Mapping[str, Indicator]
    features: Mapping[str, Feature]
    codelists: Mapping[str, CodeList]
    profiles: Mapping[str, Profile]
    sha256: str

    def describe_indicator(self, indicator_id: str) -> dict[str, Any]:
        """An indicator in words: the fields of ``releases.IndicatorInfo``, as plain values."""
        return indicator_info(self.indicators[indicator_id])

    def describe_profile(self, profile_id: str) -> dict[str, Any]:
        """A profile: the fields of ``releases.Profile``, as plain values."""
        return self.profiles[profile_id].model_dump(mode="json", exclude={"order"})


def indicator_info(indicator: Indicator) -> dict[str, Any]:
    """The fields of ``releases.IndicatorInfo`` as plain values; the release builds its own model of them."""
    same = ("id", "name", "short_name", "topic", "description", "unit", "multiplier", "is_service")
    info = {name: getattr(indicator, name) for name in (*same, "core20plus5", "author", "checker")}
    target = indicator.target
    return info | {
        "numerator": indicator.numerator.words,
        "denominator": indicator.denominator.words,
        "polarity": str(indicator.polarity),
        "value_type": str(indicator.value_type),
        "target": {"value": target.value, "source": _cite(target.source, target.date)} if target else None,
        "source": _cite(indicator.source.title, indicator.source.date),
        "review_date": indicator.review_date.isoformat(),
    }


def _cite(title: str, date: str | None) -> str:
    return f"{title} ({date})" if date else title
