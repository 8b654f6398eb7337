"""Disclosure policies: reviewed, versioned data, beside this module or in a place's own definitions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from evenground.errors import DisclosureError, Fault, WorkspaceError, suggest
from evenground.workspace import explain_validation

_FOLDER: Final = Path(__file__).parent / "data"
FOLDER: Final = "disclosure"
"""Where a place's own policies lie, within its definitions."""

_AsTuple = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)


class Dominance(BaseModel):
    """The rule for magnitudes, such as money: a sum that a few contribute nearly all of is hidden.

    A sum is hidden where its ``largest`` contributions are more than ``share`` of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    largest: int = Field(ge=1, le=5)
    share: float = Field(gt=0, lt=1)


class Policy(BaseModel):
    """Rules for counts of people.

    Attributes
    ----------
    suppress_from, suppress_to
        Counts from one to the other (both included) are hidden.
    round_to
        Others are rounded to the nearest multiple of this; 1 leaves them as they are.
    hides_zero
        Whether a count of 0 is hidden as well.
    hides_complements
        Whether a numerator is hidden where the rest of its denominator is a count that is hidden.
    secondary
        Whether further counts are hidden where a hidden one could otherwise be worked out.
    names_reasons
        Whether a release says which counts are hidden because they are small, and which to protect others. To
        say so tells that the others are not small, and costs more of them: see the reference.
    possible_values
        The protection interval: whatever is added up and taken away, at least so many whole numbers must
        remain possible for each hidden count.
    exempt
        Figures that are no counts of people, and are published though they may be of few: ``modelled`` ones
        (the ranking), and ``standardised`` rates on at least ``least_events``. What is not named is not
        published.
    least_events
        The fewest events that a standardised rate is published on.
    totals
        ``added_then_rounded``: totals are of true counts, and rounded afterwards.
    dominance
        The rule for magnitudes; none where a release holds counts alone.
    words
        The same for a reader.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = Field(min_length=1)
    name: str = Field(min_length=1)
    publishable: bool
    suppress_from: int = Field(ge=1)
    suppress_to: int = Field(ge=0)
    round_to: int = Field(ge=1)
    hides_zero: bool = False
    hides_complements: bool = False
    secondary: bool
    names_reasons: bool = False
    possible_values: int = Field(ge=1)
    exempt: Annotated[tuple[Literal["modelled", "standardised"], ...], _AsTuple] = ()
    least_events: int = Field(default=10, ge=1)
    totals: Literal["added_then_rounded"] = "added_then_rounded"
    dominance: Dominance | None = None
    words: tuple[str, ...] = Field(min_length=1)
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Self:
        contradictions = [what for is_wrong, what in self._contradictions() if is_wrong]
        if contradictions:
            raise ValueError("; ".join(contradictions))
        return self

    def _contradictions(self) -> list[tuple[bool, str]]:
        hidden = self.suppress_to - self.suppress_from + 1
        return [
            (
                self.publishable and hidden < 1,
                "a policy that may be published must suppress some counts",
            ),
            (
                self.round_to // 2 >= self.suppress_to + 1,
                "rounding would turn counts that are not suppressed into 0",
            ),
            (
                self.suppress_from > 1 and hidden >= 1,
                f"counts from 1 to {self.suppress_from - 1} would be shown and larger ones hidden",
            ),
            (
                self.publishable and hidden >= 1 and self.possible_values > hidden,
                f"possible_values is {self.possible_values}, but only {hidden} counts are hidden, "
                "and a reader knows which",
            ),
            (
                self.publishable and not self.secondary and self.round_to == 1,
                "exact counts without secondary suppression give hidden counts away by subtraction",
            ),
            (
                self.secondary and self.possible_values < 2,
                "secondary suppression needs possible_values of 2 or more to protect anything",
            ),
            (
                self.publishable and "standardised" in self.exempt and self.least_events <= self.suppress_to,
                f"standardised rates on {self.least_events} events would be shown where the count is hidden",
            ),
        ]

    def exempts(self, kind: Literal["modelled", "standardised"]) -> bool:
        """Whether such figures are published by rules of their own; without that they are not published."""
        return kind in self.exempt

    @property
    def label(self) -> str:
        """Id and version, as a manifest names it."""
        return f"{self.id} (version {self.version})"


def policy_names(own: Path | None = None) -> list[str]:
    """The ids of the policies that ship and, where their folder is given, of a place's own."""
    return sorted(_policy_files(own))


def load_policy(name: str, *, own: Path | None = None, for_release: bool = True) -> Policy:
    """The policy of this name.

    Parameters
    ----------
    name
        Its id.
    own
        The folder of a place's own definitions. A policy there under the id of one that ships is refused: two
        releases under one name would follow two sets of rules.
    for_release
        Whether it is to make a release, which not every policy may.

    Raises
    ------
    WorkspaceError
        Where a place's own policy cannot be used, with every fault of its file.
    DisclosureError
        Where there is none of the name, or it may not make a release and ``for_release`` is true.
    """
    files = _policy_files(own)
    if name not in files:
        raise DisclosureError(f'There is no disclosure policy "{name}". {suggest(name, files)}')
    policy = _read_policy(files[name])
    if for_release and not policy.publishable:
        raise DisclosureError(
            f'The policy "{name}" may only be used inside the secure zone, never for a release. '
            'Set [disclosure] policy = "nhs-7-5" in place.toml.'
        )
    return policy


def find_policy(label: str, *, own: Path | None = None) -> Policy:
    """The policy that a manifest names by id and version.

    Raises
    ------
    DisclosureError
        Where there is none of this id, or it is of another version now: a release can only be held to the
        rules that made it.
    """
    found = re.fullmatch(r"(\S+) \(version (.+)\)", label)
    if not found:
        raise DisclosureError(f'The manifest names no policy and version: "{label}".')
    policy = load_policy(found[1], own=own, for_release=False)
    if policy.version != found[2]:
        raise DisclosureError(
            f"The release follows {label}; this is {policy.label}. "
            "Build it again, or use the version that made it."
        )
    return policy


def _policy_files(own: Path | None) -> dict[str, Path]:
    files = {path.stem: path for path in _FOLDER.glob("*.toml")}
    local = {path.stem: path for path in (own / FOLDER).glob("*.toml")} if own else {}
    faults = [
        Fault(f"definitions/{FOLDER}/{name}.toml", "has the id of a policy that ships.", "Give it another.")
        for name in sorted(files.keys() & local.keys())
    ]
    if faults:
        raise WorkspaceError("The place's disclosure policies cannot be used.", faults)
    return files | local


def _read_policy(path: Path) -> Policy:
    where = f"{FOLDER}/{path.name}"
    summary = "The disclosure policy cannot be used."
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceError(summary, [Fault(where, f"{error}.")]) from error
    try:
        policy = Policy.model_validate(raw)
    except ValidationError as error:
        raise WorkspaceError(summary, _explain(where, error)) from None
    if policy.id != path.stem:
        fault = Fault(where, f'holds the id "{policy.id}".', f'Name the file "{policy.id}.toml".')
        raise WorkspaceError(summary, [fault])
    return policy


def _explain(where: str, error: ValidationError) -> list[Fault]:
    """One fault for each contradiction, not one for all."""
    return [
        Fault(fault.where.removesuffix(", "), f"{what[0].upper()}{what[1:].rstrip('.')}.", fault.fix)
        if fault.where.endswith(", ")
        else fault
        for fault in explain_validation(where, error, Policy)
        for what in (fault.what.split("; ") if fault.where.endswith(", ") else [fault.what])
    ]
