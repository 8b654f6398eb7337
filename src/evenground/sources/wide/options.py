"""What a ``[[sources]]`` of the kind ``wide`` may say in ``place.toml``."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Self

from pydantic import Field, model_validator

from evenground.sources.extract.options import PersonColumns, PersonConstants, PersonValues
from evenground.sources.options import (
    CodeSystem,
    DateOrder,
    Separator,
    SourceOptions,
    StrictModel,
    check_overlap,
)

YES = ("1", "1.0", "y", "yes", "true", "t")
NO = ("0", "0.0", "n", "no", "false", "f")


class Attribute(StrictModel):
    """One column that says something of a person, and the event that it becomes."""

    column: str = Field(min_length=1)
    code: str = Field(min_length=1, max_length=40)
    kind: Literal["date", "flag", "value"]
    code_system: CodeSystem = "local"
    date: dt.date | None = None
    date_column: str | None = None
    yes: tuple[str, ...] = YES
    no: tuple[str, ...] = NO

    @model_validator(mode="after")
    def _check_dates(self) -> Self:
        if self.kind == "date" and (self.date or self.date_column):
            raise ValueError("a column of dates is its own date: leave out date and date_column")
        if self.date and self.date_column:
            raise ValueError("date and date_column are both there: keep one")
        if self.kind != "flag" and {"yes", "no"} & self.model_fields_set:
            raise ValueError("yes and no are for columns of the kind flag")
        return self


class WideOptions(SourceOptions):
    """Everything but name and kind of a source of the kind ``wide``."""

    path: str = Field(min_length=1)
    separator: Separator | None = None
    date_order: DateOrder = "day_first"
    columns: PersonColumns
    values: PersonValues = PersonValues()
    constants: PersonConstants = PersonConstants()
    attributes: tuple[Attribute, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_overlap(self) -> Self:
        check_overlap(self.columns, self.constants, self.values)
        return self
