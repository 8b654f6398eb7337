"""Disclosure policies: reviewed, versioned data beside this module."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evenground.errors import DisclosureError, suggest

_FOLDER: Final = Path(__file__).parent / "data"


class Policy(BaseModel):
    """Rules for counts of people.

    Counts from ``suppress_from`` to ``suppress_to`` (both included) are suppressed; others are rounded to the
    nearest ``round_to``. ``words`` says the same to a reader.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: str
    name: str
    publishable: bool
    suppress_from: int = Field(ge=1)
    suppress_to: int = Field(ge=0)
    round_to: int = Field(ge=1)
    words: tuple[str, ...]
    source: str

    @model_validator(mode="after")
    def _hides_no_less_than_rounding_reveals(self) -> Policy:
        if self.publishable and self.suppress_to < self.suppress_from:
            raise ValueError("a policy that may be published must suppress some counts")
        if self.round_to // 2 >= self.suppress_to + 1:
            raise ValueError("rounding would turn counts that are not suppressed into 0")
        return self

    @property
    def label(self) -> str:
        """Id and version, as a manifest names it."""
        return f"{self.id} (version {self.version})"


def policy_names() -> list[str]:
    """The ids of the policies that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_policy(name: str, *, for_release: bool = True) -> Policy:
    """The policy of this name.

    Raises
    ------
    DisclosureError
        Where there is none of the name, or it may not make a release and ``for_release`` is true.
    """
    if name not in policy_names():
        raise DisclosureError(f'There is no disclosure policy "{name}". {suggest(name, policy_names())}')
    policy = Policy.model_validate(tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8")))
    if for_release and not policy.publishable:
        raise DisclosureError(
            f'The policy "{name}" may only be used inside the secure zone, never for a release. '
            'Set [disclosure] policy = "nhs-7-5" in place.toml.'
        )
    return policy
