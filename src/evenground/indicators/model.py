"""What a definition holds once it is read and checked: frozen, and free of files."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, model_validator

from evenground.codelists import CodeList
from evenground.indicators.expressions import Age, Count, Node, expand, features_of
from evenground.vocabulary import WHOLE_BY_RECORDS, Cut, Polarity, Purpose, ValueType

if TYPE_CHECKING:
    from evenground.indicators.published import PublishedIndicator

MAX_VALUE: Final = 1_000_000
"""Measured values are compared to three decimal places and lie between minus and plus this."""

CoreArea = Literal[
    "maternity",
    "severe_mental_illness",
    "chronic_respiratory",
    "early_cancer",
    "hypertension",
    "smoking",
    "children_asthma",
    "children_diabetes",
    "children_epilepsy",
    "children_oral_health",
    "children_mental_health",
]
Tag = Literal["high_impact_intervention", "inclusion_health"]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Words = Annotated[str, Field(min_length=3)]


class _Definition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Reviewed(_Definition):
    """What one person wrote and another checked, until the date of its next review."""

    author: Words
    checker: Words
    review_date: dt.date

    @model_validator(mode="after")
    def _check_people(self) -> Self:
        if self.author.casefold() == self.checker.casefold():
            raise ValueError("author and checker are the same: another person must have checked it")
        return self


class Feature(_Definition):
    """Something a record says of a person: that it happened, a measured value, or one of some categories.

    A value outside ``plausible`` is ignored, and so is a record of a value that has none. A feature of the
    kind ``rule`` has no codes: it is an expression under a name, with the words that follow 'people'.
    """

    id: Identifier
    name: Words
    kind: Literal["event", "value", "category", "rule"]
    codelist: str = ""
    reference_set: Words | None = None
    plausible: tuple[float, float] | None = None
    unit: str | None = None
    words: Words | None = None
    expression: InstanceOf[object] | None = None

    @property
    def is_rule(self) -> bool:
        """Whether it is an expression under a name."""
        return self.kind == "rule"

    @property
    def node(self) -> Node:
        """The expression of a rule, typed."""
        return self.expression  # type: ignore[return-value]

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if self.is_rule and (self.codelist or self.reference_set):
            raise ValueError("a feature of the kind rule has no codes: it has an expression")
        if self.is_rule and (self.expression is None or not self.words):
            raise ValueError("a feature of the kind rule needs an expression, and words that follow 'people'")
        if not self.is_rule and (self.expression is not None or self.words):
            raise ValueError("only a feature of the kind rule has an expression and words")
        if not self.is_rule and not self.codelist:
            raise ValueError("a feature needs a codelist, unless it is of the kind rule")
        return self

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


class Indicator(Reviewed):
    """One indicator.

    For a proportion, the numerator is the people of the denominator for whom the numerator's expression
    holds too. For a rate, it is the events of those people, and the denominator counts each of them once
    for every year of the numerator's window: person-years.

    An indicator that is ``part_of`` another (one of the eight care processes, say) is shown as any other, and
    not ranked: somebody who misses the whole would be counted again for each part. ``no_target`` says why
    nobody has set a level.
    """

    id: Identifier
    name: Words
    short_name: Annotated[str, Field(min_length=3, max_length=40)]
    topic: Words
    description: Words
    order: int = 1000
    core20plus5: tuple[CoreArea, ...] = ()
    tags: tuple[Tag, ...] = ()
    polarity: Polarity
    value_type: ValueType
    unit: Annotated[str, Field(min_length=1)]
    multiplier: Annotated[float, Field(gt=0)]
    is_service: bool
    part_of: Identifier | None = None
    source: Source
    target: Target | None = None
    no_target: Words | None = None
    cuts: tuple[Cut, ...] | None = None
    purpose: Purpose | None = None
    denominator: Part
    numerator: Part

    @model_validator(mode="after")
    def _check_sense(self) -> Self:
        readable = self.numerator.who is not None
        counts = isinstance(self.numerator.node, Count)
        if readable and counts != (self.value_type is not ValueType.PROPORTION):
            raise ValueError("a proportion needs a numerator of people; a rate one that starts with count")
        if self.target and self.no_target:
            raise ValueError("it has a target and a no_target: keep the one that is true")
        if self.value_type is ValueType.PROPORTION and self.target and self.target.value > self.multiplier:
            raise ValueError(f"the target {self.target.value:g} is more than everybody ({self.multiplier:g})")
        return self

    def is_cut_by(self, cut: str) -> bool:
        """Whether the figures are broken down so; an indicator that names no cuts has them all."""
        return self.cuts is None or cut == Cut.ALL or cut in self.cuts

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

    def keep(self, indicator_ids: Collection[str]) -> ProfileSection | None:
        """The section with only these indicators; ``None`` where none is left."""
        kept = tuple(name for name in self.indicators if name in indicator_ids)
        return self.model_copy(update={"indicators": kept}) if kept else None


class Profile(_Definition):
    """A set of indicators that are read together."""

    id: Identifier
    name: Words
    description: Words
    order: int = 1000
    sections: Annotated[tuple[ProfileSection, ...], Field(min_length=1)]


class PlusGroup(Reviewed):
    """A group of the PLUS of Core20PLUS5: chosen by the place, with its reason, and how records tell it.

    Some groups no record tells: those have no expression, and say so in ``words``.
    """

    id: Identifier
    name: Words
    words: Words
    rationale: Words
    order: int = 1000
    ages: Literal["adults", "children_and_young_people", "all"] = "all"
    source: Source
    expression: InstanceOf[object] | None = None

    @property
    def node(self) -> Node | None:
        """The expression, typed; ``None`` where no record tells who belongs."""
        return self.expression  # type: ignore[return-value]


class Cohort(Reviewed):
    """People who would gain from care that reaches out to them: who they are, and what they would gain.

    A list of them serves ``purpose``, which an agreement has to cover; counts of them serve what the place's
    figures serve.
    """

    id: Identifier
    name: Words
    words: Words
    benefit: Words
    order: int = 1000
    purpose: Purpose = Purpose.DIRECT_CARE
    source: Source
    expression: InstanceOf[object]

    @property
    def node(self) -> Node:
        """The expression, typed."""
        return self.expression  # type: ignore[return-value]

    def as_indicator(self, purpose: Purpose) -> Indicator:
        """The cohort as the engine and the agreements take it: its denominator is whom it holds."""
        part = Part(words=self.words, who=self.node)
        return Indicator(
            id=self.id,
            name=self.name,
            short_name=self.name[:40],
            topic="Cohorts",
            description=self.words,
            polarity=Polarity.NONE,
            value_type=ValueType.PROPORTION,
            unit="%",
            multiplier=100,
            is_service=False,
            author=self.author,
            checker=self.checker,
            review_date=self.review_date,
            source=self.source,
            purpose=purpose,
            denominator=part,
            numerator=part,
        )


class Segment(_Definition):
    """One segment of a segmentation: who is in it that no segment before it holds."""

    id: Identifier
    name: Words
    words: Words
    expression: InstanceOf[object]

    @property
    def node(self) -> Node:
        """The expression, typed."""
        return self.expression  # type: ignore[return-value]


class Segmentation(Reviewed):
    """A whole population in parts: each person is in the first segment that holds for them.

    The last segment must hold for everybody, so that nobody is left over.
    """

    id: Identifier
    name: Words
    description: Words
    cut: Literal[Cut.SEGMENT, Cut.LANGUAGE_NEED, Cut.HOUSING_TENURE] = Cut.SEGMENT
    order: int = 1000
    source: Source
    segments: Annotated[tuple[Segment, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _check_segments(self) -> Self:
        ids = [segment.id for segment in self.segments]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"two segments have the id {', '.join(twice)}")
        rest = self.segments[-1].node
        if not isinstance(rest, Mapping) and rest != Age(0, None):
            raise ValueError(
                "the last segment must hold for everybody: write expression = { age = { from = 0 } }"
            )
        return self


@dataclass(frozen=True, slots=True)
class Membership:
    """A group of people by a rule: the cut it belongs to, its id and name, and who is in it.

    Of the cut ``segment`` a person is in the first whose expression holds.
    """

    cut: str
    id: str
    name: str
    words: str
    node: Node


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything that was loaded, by id. ``sha256`` names the content, wherever the files lay."""

    indicators: Mapping[str, Indicator]
    features: Mapping[str, Feature]
    codelists: Mapping[str, CodeList]
    profiles: Mapping[str, Profile]
    sha256: str
    plus_groups: Mapping[str, PlusGroup] = field(default_factory=dict)
    segments: Mapping[str, Segmentation] = field(default_factory=dict)
    published: Mapping[str, PublishedIndicator] = field(default_factory=dict)

    @property
    def memberships(self) -> tuple[Membership, ...]:
        """The groups that figures are cut by: the PLUS groups that records tell, and the segments.

        People may be in several PLUS groups. They are in one segment of the first segmentation of each cut.
        """
        groups = sorted(self.plus_groups.values(), key=lambda group: (group.order, group.id))
        told = [
            Membership("plus_group", one.id, one.name, one.words, one.node)
            for one in groups
            if one.node is not None
        ]
        first: dict[Cut, Segmentation] = {}
        for one in sorted(self.segments.values(), key=lambda one: (one.order, one.id)):
            first.setdefault(one.cut, one)
        parts = [
            Membership(cut, part.id, part.name, part.words, part.node)
            for cut in WHOLE_BY_RECORDS
            if cut in first
            for part in first[cut].segments
        ]
        return (*told, *parts)

    @property
    def rules(self) -> dict[str, Node]:
        """The expressions of the features that are rules."""
        return {feature.id: feature.node for feature in self.features.values() if feature.is_rule}

    def expand(self, node: Node) -> Node:
        """An expression with the rules it names written out: only features with codes are left."""
        return expand(node, self.rules)

    def digest(self, indicator: Indicator) -> str:
        """A digest of all that decides who is counted: expressions, their features, the codes of those."""
        nodes = [self.expand(part.node) for part in (indicator.denominator, indicator.numerator)]
        features = sorted({name for node in nodes for name in features_of(node)})
        lists = {self.features[name].codelist for name in features}
        codes = {name: asdict(self.codelists[name]) for name in sorted(lists) if name in self.codelists}
        said = [repr(nodes), [repr(self.features[name]) for name in features], codes]
        text = json.dumps([*said, indicator.value_type], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def keep(self, indicator_ids: Collection[str]) -> Definitions:
        """The same definitions with only these indicators; sections and profiles without any are gone."""
        profiles = {}
        for name, profile in self.profiles.items():
            sections = tuple(kept for section in profile.sections if (kept := section.keep(indicator_ids)))
            if sections:
                profiles[name] = profile.model_copy(update={"sections": sections})
        indicators = {name: one for name, one in self.indicators.items() if name in indicator_ids}
        return replace(self, indicators=indicators, profiles=profiles)

    def keep_groups(self, memberships: Collection[Membership]) -> Definitions:
        """The same definitions with only these PLUS groups and, if they are among them, the segments."""
        kept = {(one.cut, one.id) for one in memberships}
        groups = {name: one for name, one in self.plus_groups.items() if ("plus_group", name) in kept}
        cuts = {cut for cut, _ in kept}
        segments = {name: one for name, one in self.segments.items() if one.cut in cuts}
        return replace(self, plus_groups=groups, segments=segments)

    def describe_groups(self) -> list[dict[str, str]]:
        """The PLUS groups and segments: the fields of ``releases.GroupInfo``."""
        return [
            {"cut": one.cut, "id": one.id, "name": one.name, "words": one.words} for one in self.memberships
        ]

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
        "no_target": indicator.no_target or "",
        "source": _cite(indicator.source.title, indicator.source.date),
        "review_date": indicator.review_date.isoformat(),
    }


def _cite(title: str, date: str | None) -> str:
    return f"{title} ({date})" if date else title
