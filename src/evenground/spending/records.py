"""Reviewed records: what reaching a person is worth, what can be bought, and who is needed for it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evenground.indicators.model import Identifier, Reviewed, Words

LOCAL_ASSUMPTION: Final = "local assumption"
COMMUNITY: Final = "community"
EVERYWHERE: Final = "everywhere"

Keys = dict[str, tuple[str, ...]]
"""Communities by their keys: for each column the values that it may have; none names everybody."""

KINDS: Final = {
    "outreach_clinic": "Outreach clinic",
    "champion_hours": "Champion hours",
    "reminders": "Reminders in a language",
    "evening_opening": "Evening opening",
    "pop_up": "Pop-up",
    "pharmacy_checks": "Pharmacy checks",
    "other": "Other",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Figure(_Part):
    """A number with its interval and where it comes from; nothing without a source.

    A source ``local assumption`` is one that nobody published: it then needs the reason for it.
    """

    value: float = Field(allow_inf_nan=False)
    lower: float = Field(allow_inf_nan=False)
    upper: float = Field(allow_inf_nan=False)
    confidence_level: float = Field(default=0.95, gt=0, lt=1)
    source: Words
    url: str | None = Field(default=None, pattern=r"^https://")
    date: str | None = None
    reason: Words | None = None

    @property
    def is_assumed(self) -> bool:
        """Whether it is a local assumption, not somebody's finding."""
        return self.source.casefold() == LOCAL_ASSUMPTION

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.lower <= self.value <= self.upper:
            raise ValueError(f"the interval {self.lower:g} to {self.upper:g} does not hold {self.value:g}")
        if self.is_assumed and not self.reason:
            raise ValueError("a local assumption needs a reason: who assumes it, and why")
        return self


class Effect(Figure):
    """Of the people contacted who miss out, the share that is reached because of it."""

    value: float = Field(gt=0, le=1)
    lower: float = Field(ge=0, le=1)
    upper: float = Field(ge=0, le=1)


class Evidence(Reviewed):
    """The health gain for each additional person that a service reaches.

    ``population`` says in words of whom it was found; ``applies_to`` which communities it is used for.
    """

    id: Identifier
    name: Words
    service: Identifier
    unit: Words
    population: Words
    applies_to: Keys = Field(default_factory=dict)
    reviewed: dt.date
    gain: Figure

    @model_validator(mode="after")
    def _check_gain(self) -> Self:
        if self.gain.value <= 0:
            raise ValueError(f"a gain of {self.gain.value:g} is no gain: leave the record out")
        return self

    @model_validator(mode="after")
    def _check_dates(self) -> Self:
        if self.review_date <= self.reviewed:
            raise ValueError(
                f"the next review, {self.review_date}, is not after the last, {self.reviewed}: correct one"
            )
        return self


class Cost(_Part):
    """Pounds: once if it is used at all, for each unit, and for each contact."""

    set_up: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    each: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    per_contact: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class Capacity(_Part):
    """How many people one unit contacts, how many units a week there can be, and in one place in all."""

    contacts: int = Field(gt=0)
    per_week: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    in_one_place: int | None = Field(default=None, gt=0)
    who: Literal["eligible", "not_reached"] = "eligible"


class Intervention(Reviewed):
    """Something that money buys by the unit (a session, a mailing), so that people who miss out are reached.

    ``serves`` says what one unit is for: a ``community``, all communities of an area (the column that names
    it, such as ``area_code``), or ``everywhere``.
    """

    id: Identifier
    name: Words
    kind: Literal[
        "outreach_clinic",
        "champion_hours",
        "reminders",
        "evening_opening",
        "pop_up",
        "pharmacy_checks",
        "other",
    ]
    unit: Words
    serves: Annotated[str, Field(min_length=1)] = COMMUNITY
    cost: Cost
    capacity: Capacity
    effect: Effect
    reaches: Keys = Field(default_factory=dict)
    staff: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(default_factory=dict)

    @property
    def kind_name(self) -> str:
        """What kind of thing it is, in words."""
        return KINDS[self.kind]


class Role(Reviewed):
    """Staff of one kind: paid by the whole person for the whole programme.

    Those ``in_post`` are paid already; ``at_most`` is how many more can be taken on.
    """

    id: Identifier
    name: Words
    hours_per_week: float = Field(gt=0, allow_inf_nan=False)
    cost_per_week: float = Field(ge=0, allow_inf_nan=False)
    in_post: int = Field(default=0, ge=0)
    at_most: int | None = Field(default=None, ge=0)


class Known(_Part):
    """What is known of some communities: people a week who can be seen, how far it is, what was heard."""

    communities: Keys = Field(default_factory=dict)
    capacity: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    travel_minutes: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    barriers_heard: tuple[Words, ...] = ()

    @model_validator(mode="after")
    def _check_facts(self) -> Self:
        if self.capacity is None and self.travel_minutes is None and not self.barriers_heard:
            raise ValueError("nothing is known here: give capacity, travel_minutes or barriers_heard")
        return self


class Deliverability(Reviewed):
    """How easily communities can be served, as somebody found out: shown beside the rest, never added."""

    id: Identifier
    name: Words
    source: Words
    known: tuple[Known, ...] = Field(min_length=1)
