"""What a ``[[sources]]`` of published figures may say in ``place.toml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from evenground.sources.aggregates.words import Mark
from evenground.sources.options import EditionOptions, Separator, StrictModel
from evenground.vocabulary import AreaType, Cut, PublishedCut

_Column = Annotated[str | None, Field(min_length=1)]


def _listed(periods: Any) -> Any:
    return periods if periods in ("latest", "all") else _as_texts(periods)


def _as_texts(items: Any) -> Any:
    return [str(item) for item in items] if isinstance(items, list) else items


Periods = Annotated[Literal["latest", "all"] | tuple[str, ...], BeforeValidator(_listed)]
"""The latest period of each kind of area and breakdown, every one, or those named."""


class AggregateOptions(EditionOptions):
    """What sources of published figures have in common."""

    path: str = Field(min_length=1)
    separator: Separator | None = None
    comparators: tuple[str, ...] = ()
    periods: Periods = "latest"
    marks: dict[str, Mark] = Field(default_factory=dict)
    area_types: dict[str, AreaType] = Field(default_factory=dict)


class FingertipsIndicator(StrictModel):
    """An indicator of a Fingertips file that stands for several age groups."""

    indicator: str
    age: str | None = None


def _as_table(indicators: Any) -> Any:
    if not isinstance(indicators, dict):
        return indicators
    return {
        number: {"indicator": entry} if isinstance(entry, str) else entry
        for number, entry in indicators.items()
    }


class FingertipsOptions(AggregateOptions):
    """A CSV file of Fingertips: its columns have names of their own."""

    indicators: Annotated[dict[str, FingertipsIndicator], BeforeValidator(_as_table)] = Field(
        default_factory=dict
    )
    rows_without_id: str | None = None


class CountsColumns(StrictModel):
    """The table's column for what is the same in all its figures."""

    area_code: str
    area_name: _Column = None
    area_type: _Column = None
    indicator: _Column = None
    period: _Column = None
    sex: _Column = None
    category: _Column = None
    note: _Column = None


class CountsFigure(StrictModel):
    """The columns of one figure. A table may hold several beside each other."""

    indicator: str | None = None
    value: _Column = None
    lower_cl: _Column = None
    upper_cl: _Column = None
    numerator: _Column = None
    denominator: _Column = None

    @model_validator(mode="after")
    def _check_figure(self) -> Self:
        if not self.value and not (self.numerator and self.denominator):
            raise ValueError("a figure needs the column of its value, or those of numerator and denominator")
        if bool(self.lower_cl) != bool(self.upper_cl):
            raise ValueError("give the columns of both limits, or of none")
        return self

    @property
    def columns(self) -> dict[str, str]:
        """Our name and the table's, for each column that there is."""
        names = ("value", "lower_cl", "upper_cl", "numerator", "denominator")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


class CountsValues(StrictModel):
    """The table's words and ours."""

    category: dict[str, str] = Field(default_factory=dict)
    indicator: dict[str, str] = Field(default_factory=dict)


class CountsOptions(AggregateOptions):
    """Any table of figures by area and group."""

    publication: Annotated[str, Field(min_length=3)] | None = None
    columns: CountsColumns
    figures: Annotated[tuple[CountsFigure, ...], Field(min_length=1)]
    values: CountsValues = CountsValues()
    area_type: AreaType | None = None
    period: Annotated[str | None, BeforeValidator(lambda p: str(p) if isinstance(p, int) else p)] = None
    cut: Cut | PublishedCut | None = None
    edition: str = ""
    value_is: Literal["as_defined", "fraction"] = "as_defined"

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        for name in ("area_type", "period"):
            if (getattr(self, name) is None) == (getattr(self.columns, name) is None):
                raise ValueError(f"give {name} once: as columns.{name}, or for the whole table as {name}")
        if (self.cut is None) != (self.columns.category is None):
            raise ValueError("cut says what columns.category breaks down by: give both, or neither")
        if self.cut is not None and (self.cut is Cut.ALL or "*" in self.cut):
            raise ValueError(f'"{self.cut}" is not a breakdown that a table can bring')
        if self.columns.indicator is None and any(figure.indicator is None for figure in self.figures):
            raise ValueError("each figure needs its indicator, or the table columns.indicator")
        return self
