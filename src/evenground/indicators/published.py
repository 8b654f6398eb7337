"""An indicator that somebody else works out and publishes: its words, without an expression to count."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from evenground.errors import Fault
from evenground.indicators.model import CoreArea, Identifier, Reviewed, Source, Target, Words
from evenground.vocabulary import Polarity, ValueType


class PublishedIndicator(Reviewed):
    """One indicator whose figures come from a publisher, as they are.

    ``numerator`` and ``denominator`` are words: what the publisher counts, and of whom, so that a reader
    knows the base of every figure. ``fingertips_id`` is its number in Fingertips, where it has one.
    """

    id: Identifier
    kind: Literal["published"]
    name: Words
    short_name: Annotated[str, Field(min_length=3, max_length=40)]
    topic: Words
    description: Words
    order: int = 1000
    fingertips_id: Annotated[int, Field(gt=0)] | None = None
    core20plus5: tuple[CoreArea, ...] = ()
    polarity: Polarity
    value_type: ValueType
    unit: Annotated[str, Field(min_length=1)]
    multiplier: Annotated[float, Field(gt=0)]
    source: Source
    target: Target | None = None
    denominator: Words
    numerator: Words

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if self.value_type is ValueType.PROPORTION and self.target and self.target.value > self.multiplier:
            raise ValueError(f"the target {self.target.value:g} is more than everybody ({self.multiplier:g})")
        return self


def check_published(published: Mapping[str, PublishedIndicator], counted: Collection[str]) -> Iterator[Fault]:
    """Ids that an indicator counted here has as well, and Fingertips ids that stand twice."""
    numbers: dict[int, str] = {}
    for name, one in published.items():
        where = f"published/{name}.toml"
        if name in counted:
            what = f'is "{name}", and so is that of an indicator that is counted here.'
            yield Fault(f"{where}, id", what, "Give the published one another id: they are two figures.")
        first = numbers.setdefault(one.fingertips_id, name) if one.fingertips_id is not None else name
        if first != name:
            what = f"is {one.fingertips_id}, and so is that of {first}."
            yield Fault(f"{where}, fingertips_id", what, "Keep one of them.")


def published_info(one: PublishedIndicator) -> dict[str, Any]:
    """The fields of ``releases.IndicatorInfo`` as plain values."""
    same = ("id", "name", "short_name", "topic", "description", "unit", "multiplier", "core20plus5")
    cite = f"{one.source.title} ({one.source.date})" if one.source.date else one.source.title
    target = one.target
    said = f"{target.source} ({target.date})" if target and target.date else target and target.source
    return {name: getattr(one, name) for name in (*same, "numerator", "denominator", "author", "checker")} | {
        "polarity": str(one.polarity),
        "value_type": str(one.value_type),
        "is_service": False,
        "target": {"value": target.value, "source": said} if target else None,
        "source": cite,
        "review_date": one.review_date.isoformat(),
        "basis": "published",
    }
