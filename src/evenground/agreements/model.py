"""What a data-sharing agreement says, once it is read and checked: frozen, and free of files."""

from __future__ import annotations

import calendar
import datetime as dt
import tomllib
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from evenground.contract import EVENTS, PERSONS
from evenground.vocabulary import Purpose

ALL: Final = "all"
"""Stands for every field or every feature of a data set."""

FIELDS: Final = tuple(
    column.name for column in (*PERSONS, *EVENTS) if column.name not in {"person_id", "code_system"}
)
"""The columns of the contract that an agreement can name; the pseudonym itself goes without saying."""

SOON: Final = dt.timedelta(days=90)
"""How long before its end an agreement begins to be warned of."""

Words = Annotated[str, Field(min_length=3)]
Handling = Literal["removed_here", "removed_by_provider", "not_applicable"]


class LegalBases(BaseModel):
    """The bases that an agreement may name, with their source: see ``data/legal_bases.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    source: str
    url: str
    article_6: dict[str, str]
    article_9: dict[str, str]
    confidentiality: dict[str, Confidentiality]


class Confidentiality(BaseModel):
    """A way to meet the common-law duty of confidentiality, and the opt-outs that it leaves in force."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: str
    national: bool
    type_1: bool


LegalBases.model_rebuild()
BASES: Final = LegalBases.model_validate(
    tomllib.loads((Path(__file__).parent / "data" / "legal_bases.toml").read_text(encoding="utf-8"))
)


class Standing(StrEnum):
    """How an agreement stands on a day."""

    UNSIGNED = "unsigned"
    NOT_BEGUN = "not begun"
    CURRENT = "current"
    ENDED = "ended"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Party(_Strict):
    """An organisation, and what it is under UK GDPR."""

    name: Words
    role: Literal["controller", "joint_controller", "processor"]

    @property
    def is_controller(self) -> bool:
        """Whether it decides, alone or with others, and so has to sign."""
        return self.role != "processor"


class DataSet(_Strict):
    """One flow: a source of ``place.toml``, who gives it to whom, and what of it may be read."""

    source: str = Field(min_length=1)
    giver: Words
    receiver: Words
    from_gp_records: bool
    fields: Literal["all"] | Annotated[tuple[str, ...], Field(min_length=1)]
    features: Literal["all"] | tuple[str, ...]

    def covers_field(self, name: str) -> bool:
        """Whether the column of the contract may be read."""
        return self.fields == ALL or name in self.fields

    def covers_feature(self, name: str) -> bool:
        """Whether records of the feature may be read."""
        return self.features == ALL or name in self.features


class LegalBasis(_Strict):
    """Why this is lawful: UK GDPR and the common-law duty of confidentiality."""

    article_6: str
    article_9: str
    confidentiality: str
    reference: str = ""


class OptOuts(_Strict):
    """What happens to people who opted out, and why where nothing does."""

    national: Handling
    type_1: Handling
    reason: str = ""


class Retention(_Strict):
    """How long extracts may be kept: months from their arrival, and days past the agreement's end."""

    months: int = Field(ge=1, le=600)
    days_after_end: int = Field(ge=0, le=3660)


class Signature(_Strict):
    """A party's signature: by whom, as a role and never as a name, and when."""

    party: str = Field(min_length=1)
    by: Words
    signed: dt.date


class Agreement(_Strict):
    """One data-sharing agreement: what ``agreements/<id>.toml`` says."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    title: Words
    author: Words
    checker: Words
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    dpia: Words
    start: dt.date
    review: dt.date
    end: dt.date
    parties: Annotated[tuple[Party, ...], Field(min_length=2)]
    datasets: Annotated[tuple[DataSet, ...], Field(min_length=1)]
    legal_basis: LegalBasis
    opt_outs: OptOuts
    retention: Retention
    signatures: tuple[Signature, ...] = ()

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The sources it is about, in the order of the file."""
        return tuple(dict.fromkeys(dataset.source for dataset in self.datasets))

    def unsigned_by(self, day: dt.date) -> list[str]:
        """The controllers whose signature is not there on a day."""
        signed = {one.party for one in self.signatures if one.signed <= day}
        return [party.name for party in self.parties if party.is_controller and party.name not in signed]

    def standing(self, day: dt.date) -> Standing:
        """How it stands on a day. The day of its end is the last on which data may be used."""
        if day > self.end:
            return Standing.ENDED
        if self.unsigned_by(day):
            return Standing.UNSIGNED
        return Standing.NOT_BEGUN if day < self.start else Standing.CURRENT

    def why_not(self, day: dt.date) -> str:
        """Why its data may not be used on a day, as the end of a sentence; empty where they may."""
        match self.standing(day):
            case Standing.ENDED:
                return f"ended on {self.end}"
            case Standing.UNSIGNED:
                return f"is not signed by {', '.join(self.unsigned_by(day))}"
            case Standing.NOT_BEGUN:
                return f"begins on {self.start}"
        return ""

    def keeps_until(self, arrived: dt.date) -> dt.date:
        """The last day on which an extract that arrived on a day may be kept."""
        month = arrived.month - 1 + self.retention.months
        year, month = arrived.year + month // 12, month % 12 + 1
        aged = dt.date(year, month, min(arrived.day, calendar.monthrange(year, month)[1]))
        return min(aged, self.end + dt.timedelta(days=self.retention.days_after_end))

    def must_uphold(self, opt_out: Literal["national", "type_1"]) -> bool:
        """Whether its purpose and legal basis leave an opt-out in force."""
        if set(self.purposes) <= {Purpose.DIRECT_CARE}:
            return False
        if opt_out == "type_1" and not any(dataset.from_gp_records for dataset in self.datasets):
            return False
        basis = BASES.confidentiality[self.legal_basis.confidentiality]
        return basis.national if opt_out == "national" else basis.type_1
