"""What a ``[[sources]]`` of the kind ``extract`` may say in ``place.toml``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from evenground.sources.options import (
    ByColumn,
    CodeSystem,
    CodeSystemValues,
    DateOrder,
    EthnicValues,
    Separator,
    SexValues,
    SourceOptions,
    StrictModel,
    check_overlap,
)
from evenground.vocabulary import Sex


class PersonColumns(ByColumn):
    """The provider's column name for each column of the persons table."""

    person_id: str
    birth_date: str | None = None
    sex: str | None = None
    ethnic_group: str | None = None
    lsoa_code: str | None = None
    practice_code: str | None = None
    death_date: str | None = None
    left_date: str | None = None


class PersonConstants(ByColumn):
    """A value that stands for everybody, where the extract has no such column."""

    sex: Sex | None = None
    ethnic_group: str | None = None
    lsoa_code: str | None = None
    practice_code: str | None = None


class PersonValues(ByColumn):
    """The provider's values and ours, by column. Ours may be empty: the cell then counts as empty."""

    person_id: dict[str, str] | None = None
    birth_date: dict[str, str] | None = None
    sex: SexValues = None
    ethnic_group: EthnicValues = None
    lsoa_code: dict[str, str] | None = None
    practice_code: dict[str, str] | None = None
    death_date: dict[str, str] | None = None
    left_date: dict[str, str] | None = None


class EventColumns(ByColumn):
    """The provider's column name for each column of the events table."""

    person_id: str
    code: str | None = None
    code_system: str | None = None
    event_date: str
    value: str | None = None


class EventConstants(ByColumn):
    """A value that stands for every event of the file."""

    code: str | None = None


class EventValues(ByColumn):
    """The provider's values and ours, by column."""

    person_id: dict[str, str] | None = None
    code: dict[str, str] | None = None
    code_system: CodeSystemValues = None
    event_date: dict[str, str] | None = None
    value: dict[str, str] | None = None


class TableOptions(StrictModel):
    """What the files of persons and of events have in common."""

    path: str = Field(min_length=1)
    separator: Separator | None = None
    date_order: DateOrder = "day_first"

    @model_validator(mode="after")
    def _check_overlap(self) -> Self:
        parts = (getattr(self, name) for name in ("columns", "constants", "values"))
        check_overlap(*parts)
        return self


class PersonsOptions(TableOptions):
    """``[sources.persons]``: one file, or several by a pattern."""

    columns: PersonColumns
    values: PersonValues = PersonValues()
    constants: PersonConstants = PersonConstants()


class EventsOptions(TableOptions):
    """One ``[[sources.events]]``: one file, or several by a pattern, of one code system."""

    code_system: CodeSystem | None = None
    columns: EventColumns
    values: EventValues = EventValues()
    constants: EventConstants = EventConstants()

    @model_validator(mode="after")
    def _check_code(self) -> Self:
        if self.columns.code is None and self.constants.code is None:
            raise ValueError("code is neither in columns nor in constants: give one")
        if self.code_system is not None and self.columns.code_system is not None:
            raise ValueError("code_system stands in both this section and its columns: keep one")
        return self


class ExtractOptions(SourceOptions):
    """Everything but name and kind of a source of the kind ``extract``."""

    code_system: CodeSystem = "snomed_ct"
    persons: PersonsOptions | None = None
    events: tuple[EventsOptions, ...] = ()

    @model_validator(mode="after")
    def _check_tables(self) -> Self:
        if self.persons is None and not self.events:
            raise ValueError("there is neither [sources.persons] nor [[sources.events]]: give one")
        return self
