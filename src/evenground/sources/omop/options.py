"""What a ``[[sources]]`` of the kind ``omop`` may say in ``place.toml``."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from evenground.sources.options import (
    CodeSystem,
    EthnicValues,
    Separator,
    SexValues,
    SourceOptions,
    StrictModel,
)


class OmopTable(StrictModel):
    """One table of events: which of its codes become events."""

    concepts: bool = True
    source_code_system: CodeSystem | None = None


class OmopTables(StrictModel):
    """``[sources.tables]``: the tables of events that are read; all that are there where none is named."""

    condition_occurrence: OmopTable | None = None
    measurement: OmopTable | None = None
    observation: OmopTable | None = None
    procedure_occurrence: OmopTable | None = None
    drug_exposure: OmopTable | None = None
    visit_occurrence: OmopTable | None = None

    def named(self) -> dict[str, OmopTable]:
        """The tables that ``place.toml`` names."""
        tables = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: table for name, table in tables.items() if table is not None}


class OmopValues(StrictModel):
    """The provider's concept identifiers or source values and ours."""

    sex: SexValues = None
    ethnic_group: EthnicValues = None
    lsoa_code: dict[str, str] | None = None
    practice_code: dict[str, str] | None = None


class OmopOptions(SourceOptions):
    """Everything but name and kind of a source of the kind ``omop``."""

    path: str | None = Field(default=None, min_length=1)
    connection: str | None = Field(default=None, min_length=1)
    database_schema: str | None = Field(default=None, min_length=1)
    separator: Separator | None = None
    identifier: Literal["person_id", "person_source_value"] = "person_id"
    ethnic_group: Literal[
        "race_source_value", "race_concept_id", "ethnicity_source_value", "ethnicity_concept_id"
    ] = "race_source_value"
    lsoa_code: str | None = None
    practice_code: str | None = None
    leaves_after_observation: bool = False
    values: OmopValues = OmopValues()
    tables: OmopTables = OmopTables()

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        if (self.path is None) == (self.connection is None):
            raise ValueError(
                "give either path, a folder or a DuckDB file, or connection, the name of the environment "
                "variable that holds a PostgreSQL address"
            )
        return self

    @property
    def where(self) -> str:
        """What messages call the place of the tables."""
        return self.path or f"The database of {self.connection}"
