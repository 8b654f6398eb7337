"""What a ``[[sources]]`` of the kind ``fhir`` may say in ``place.toml``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evenground.sources.options import CodeSystem, EthnicValues, SexValues, SourceOptions, StrictModel

ResourceType = Literal[
    "Condition", "Observation", "Immunization", "Procedure", "MedicationRequest", "Encounter"
]


class FhirValues(StrictModel):
    """The provider's codes and ours."""

    sex: SexValues = None
    ethnic_group: EthnicValues = None
    lsoa_code: dict[str, str] | None = None
    practice_code: dict[str, str] | None = None


class PostcodeLookup(StrictModel):
    """``[sources.postcodes]``: a file with the LSOA of each postcode."""

    path: str = Field(min_length=1)
    postcode: str = "postcode"
    lsoa_code: str = "lsoa_code"


class FhirOptions(SourceOptions):
    """Everything but name and kind of a source of the kind ``fhir``."""

    path: str = Field(min_length=1)
    resources: tuple[ResourceType, ...] = ()
    identifier: str | None = None
    ethnic_extension: str | None = None
    lsoa_extension: str | None = None
    postcodes: PostcodeLookup | None = None
    code_systems: dict[str, CodeSystem] = Field(default_factory=dict)
    values: FhirValues = FhirValues()
