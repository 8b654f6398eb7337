"""What a ``[[sources]]`` of the kind ``extract`` may say in ``place.toml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from evenground.errors import SourceError
from evenground.vocabulary import ETHNIC_GROUPS, Sex
from evenground.workspace import PLACE_FILE, SourceSection, explain_validation

CodeSystem = Literal["snomed_ct", "ctv3", "icd_10", "dmd", "local"]
DateOrder = Literal["day_first", "month_first"]
Separator = Literal[",", ";", "\t", "|"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ByColumn(_Strict):
    """One optional entry for each column of the contract."""

    def given(self) -> dict[str, Any]:
        """The entries that are there, by contract column."""
        return {
            name: getattr(self, name) for name in type(self).model_fields if getattr(self, name) is not None
        }


class PersonColumns(_ByColumn):
    """The provider's column name for each column of the persons table."""

    person_id: str
    birth_date: str
    sex: str | None = None
    ethnic_group: str | None = None
    lsoa_code: str | None = None
    practice_code: str | None = None
    death_date: str | None = None
    left_date: str | None = None


class PersonConstants(_ByColumn):
    """A value that stands for everybody, where the extract has no such column."""

    sex: Sex | None = None
    ethnic_group: str | None = None
    lsoa_code: str | None = None
    practice_code: str | None = None


def _one_of(known: tuple[str, ...]) -> BeforeValidator:
    def check(mapping: Any) -> Any:
        wrong = {str(v) for v in mapping.values()} - {*known, ""} if isinstance(mapping, dict) else set()
        if wrong:
            raise ValueError(f'"{min(wrong)}" is not one of {", ".join(known)}')
        return mapping

    return BeforeValidator(check)


class PersonValues(_ByColumn):
    """The provider's values and ours, by column. Ours may be empty: the cell then counts as empty."""

    person_id: dict[str, str] | None = None
    birth_date: dict[str, str] | None = None
    sex: Annotated[dict[str, str] | None, _one_of(tuple(Sex))] = None
    ethnic_group: Annotated[dict[str, str] | None, _one_of(tuple(ETHNIC_GROUPS))] = None
    lsoa_code: dict[str, str] | None = None
    practice_code: dict[str, str] | None = None
    death_date: dict[str, str] | None = None
    left_date: dict[str, str] | None = None


class EventColumns(_ByColumn):
    """The provider's column name for each column of the events table."""

    person_id: str
    code: str | None = None
    event_date: str
    value: str | None = None


class EventConstants(_ByColumn):
    """A value that stands for every event of the file."""

    code: str | None = None


class EventValues(_ByColumn):
    """The provider's values and ours, by column."""

    person_id: dict[str, str] | None = None
    code: dict[str, str] | None = None
    event_date: dict[str, str] | None = None
    value: dict[str, str] | None = None


class _TableOptions(_Strict):
    path: str = Field(min_length=1)
    separator: Separator | None = None
    date_order: DateOrder = "day_first"

    @model_validator(mode="after")
    def _check_overlap(self) -> Self:
        columns = getattr(self, "columns").given()  # noqa: B009
        twice = sorted(set(columns) & set(getattr(self, "constants").given()))  # noqa: B009
        if twice:
            raise ValueError(f"{', '.join(twice)} stands in both columns and constants: keep one")
        unmapped = sorted(set(getattr(self, "values").given()) - set(columns))  # noqa: B009
        if unmapped:
            raise ValueError(f"values are given for {', '.join(unmapped)}, which columns does not map")
        return self


class PersonsOptions(_TableOptions):
    """``[sources.persons]``: one file, or several by a pattern."""

    columns: PersonColumns
    values: PersonValues = PersonValues()
    constants: PersonConstants = PersonConstants()


class EventsOptions(_TableOptions):
    """One ``[[sources.events]]``: one file, or several by a pattern, of one code system."""

    code_system: CodeSystem | None = None
    columns: EventColumns
    values: EventValues = EventValues()
    constants: EventConstants = EventConstants()

    @model_validator(mode="after")
    def _check_code(self) -> Self:
        if self.columns.code is None and self.constants.code is None:
            raise ValueError("code is neither in columns nor in constants: give one")
        return self


class ExtractOptions(_Strict):
    """Everything but name and kind of a source of the kind ``extract``."""

    code_system: CodeSystem = "snomed_ct"
    persons: PersonsOptions
    events: tuple[EventsOptions, ...]

    @model_validator(mode="after")
    def _check_events(self) -> Self:
        if not self.events:
            raise ValueError("there is no [[sources.events]]: give at least one file of events")
        return self


def read_options(source: SourceSection) -> ExtractOptions:
    """Check what ``place.toml`` says of this source.

    Raises
    ------
    SourceError
        With every fault: the key, what was found and the nearest right name.
    """
    try:
        return ExtractOptions.model_validate(source.options)
    except ValidationError as error:
        faults = explain_validation(f'{PLACE_FILE}, source "{source.name}"', error, ExtractOptions)
    raise SourceError(f'The source "{source.name}" is not described rightly.', faults)
