"""What ``[[sources]]`` of every kind may say in ``place.toml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from evenground.contract import CODE_SYSTEMS
from evenground.errors import SourceError
from evenground.sources.pseudonyms import KEY_VARIABLE
from evenground.vocabulary import ETHNIC_GROUPS, Sex
from evenground.workspace import PLACE_FILE, SourceSection, YearAsText, explain_validation

CodeSystem = Literal["snomed_ct", "ctv3", "icd_10", "dmd", "loinc", "omop_concept", "local"]
DateOrder = Literal["day_first", "month_first"]
Separator = Literal[",", ";", "\t", "|"]


class StrictModel(BaseModel):
    """Options of which an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ByColumn(StrictModel):
    """One optional entry for each column of the contract."""

    def given(self) -> dict[str, Any]:
        """The entries that are there, by contract column."""
        return {
            name: getattr(self, name) for name in type(self).model_fields if getattr(self, name) is not None
        }


def check_overlap(columns: ByColumn, constants: ByColumn, values: ByColumn) -> None:
    """Refuse a column that is constant as well, and values of a column that is not mapped.

    Raises
    ------
    ValueError
        Which the model's validation tells as a fault.
    """
    twice = sorted(set(columns.given()) & set(constants.given()))
    if twice:
        raise ValueError(f"{', '.join(twice)} stands in both columns and constants: keep one")
    unmapped = sorted(set(values.given()) - set(columns.given()))
    if unmapped:
        raise ValueError(f"values are given for {', '.join(unmapped)}, which columns does not map")


class EditionOptions(StrictModel):
    """What a source of people or of figures may say of the edition of its LSOAs."""

    lsoa_edition: Annotated[Literal["2011", "2021"] | None, YearAsText] = None
    lsoa_lookup: str | None = Field(default=None, min_length=1)


class SourceOptions(EditionOptions):
    """What a source of people of any kind may say besides its name and kind: how it goes with the others."""

    identifiers: str | None = Field(default=None, min_length=1)
    is_register: bool = False
    adds_people: bool = False
    linkage: str | None = Field(default=None, min_length=1)
    pseudonymise: Literal["nhs_number"] | None = None
    pseudonym_key: str = Field(default=KEY_VARIABLE, min_length=1)


def _one_of(known: tuple[str, ...]) -> BeforeValidator:
    def check(mapping: Any) -> Any:
        wrong = {str(v) for v in mapping.values()} - {*known, ""} if isinstance(mapping, dict) else set()
        if wrong:
            raise ValueError(f'"{min(wrong)}" is not one of {", ".join(known)}')
        return mapping

    return BeforeValidator(check)


SexValues = Annotated[dict[str, str] | None, _one_of(tuple(Sex))]
"""The provider's words for sex and ours."""

EthnicValues = Annotated[dict[str, str] | None, _one_of(tuple(ETHNIC_GROUPS))]
"""The provider's words for ethnic groups and the NHS 16+1 codes."""

CodeSystemValues = Annotated[dict[str, str] | None, _one_of(CODE_SYSTEMS)]
"""The provider's words for code systems and ours."""

Options = TypeVar("Options", bound=SourceOptions)


def read_options(source: SourceSection, model: type[Options]) -> Options:
    """Check what ``place.toml`` says of a source against its kind.

    Raises
    ------
    SourceError
        With every fault: the key, what was found and the nearest right name.
    """
    try:
        return model.model_validate(source.options)
    except ValidationError as error:
        faults = explain_validation(f'{PLACE_FILE}, source "{source.name}"', error, model)
    raise SourceError(f'The source "{source.name}" is not described rightly.', faults)
