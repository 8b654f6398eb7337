"""What a program may ask for and what it gets: the interface's own words, in one place."""

from __future__ import annotations

from typing import Annotated, Any

import pyarrow as pa
from ninja import Field, Schema
from pydantic import create_model

from evenground.releases import TABLES, IndicatorInfo, Profile

LIMIT = 1_000
MOST = 10_000

_Names = Annotated[list[str], Field(default_factory=list)]


class Paging(Schema):
    """Which part of a long table."""

    limit: int = Field(LIMIT, ge=1, le=MOST, description="How many rows at most.")
    offset: int = Field(0, ge=0, description="How many rows to pass over.")


class ValueFilters(Schema):
    """Which figures; a filter may be given several times, and then any of them will do."""

    indicator_id: _Names
    area_type: _Names
    area_code: _Names
    cut: _Names
    category: _Names
    period: _Names


class LatestFilter(Schema):
    """Whether earlier dates of a time series are wanted."""

    latest: bool = Field(False, description="Only the latest date; published figures keep all periods.")


class InequalityFilters(Schema):
    """Which slope indices and gaps."""

    indicator_id: _Names
    area_code: _Names
    cut: _Names
    measure: _Names
    period: _Names


class RankingFilters(Schema):
    """Which communities."""

    service_id: _Names
    community_type: _Names
    area_code: _Names
    ethnic_group: _Names


class ClusterFilters(Schema):
    """Which neighbours that share a gap."""

    service_id: _Names
    community_type: _Names
    ethnic_group: _Names


class AreaFilters(Schema):
    """Which areas."""

    area_type: _Names
    area_code: _Names
    parent_area_code: _Names


def _row_of(table: str, name: str, words: str, *keys: str) -> type[Schema]:
    """The rows of a table of the release; all but the keys may be null."""
    fields: dict[str, Any] = {
        column.name: (_kind(column.type) if column.name in keys else _kind(column.type) | None, ...)
        for column in TABLES[table]
    }
    return create_model(name, __base__=Schema, __doc__=words, **fields)


def _kind(column: pa.DataType) -> type:
    if pa.types.is_integer(column):
        return int
    return float if pa.types.is_floating(column) else str


Value = _row_of(
    "values",
    "Value",
    "A figure. Where ``value`` is null, ``value_note`` says why.",
    *("indicator_id", "area_type", "area_code", "cut", "category", "period", "value_note"),
)
Inequality = _row_of(
    "inequality",
    "Inequality",
    "A slope index, relative index or gap, signed so that more is worse for the more deprived.",
    *("indicator_id", "area_type", "area_code", "cut", "period", "measure", "value_note"),
)
Ranking = _row_of(
    "rankings",
    "Ranking",
    "A community, and how many of it are expected to miss out on a service.",
    *("service_id", "community_type", "rank", "area_type", "area_code", "value_note"),
)
Cluster = _row_of(
    "clusters",
    "Cluster",
    "Neighbouring areas that share a gap, their codes with ';' between, the middle one first.",
    *("service_id", "community_type", "cluster", "area_type", "areas", "area_codes"),
)
Area = _row_of(
    "areas", "Area", "An area, its parent and its deprivation.", "area_type", "area_code", "area_name"
)


class Page(Schema):
    """A part of a table: how many rows there are in all, and the address of the next part."""

    release_id: str
    total: int
    limit: int
    offset: int
    next: str | None


class ValuePage(Page):
    """Figures."""

    items: list[Value]  # type: ignore[valid-type]


class InequalityPage(Page):
    """Slope indices and gaps."""

    items: list[Inequality]  # type: ignore[valid-type]


class RankingPage(Page):
    """Communities."""

    items: list[Ranking]  # type: ignore[valid-type]


class ClusterPage(Page):
    """Neighbours that share a gap."""

    items: list[Cluster]  # type: ignore[valid-type]


class AreaPage(Page):
    """Areas."""

    items: list[Area]  # type: ignore[valid-type]


class IndicatorList(Schema):
    """Every indicator of the release, in words."""

    release_id: str
    items: list[IndicatorInfo]


class ProfileList(Schema):
    """Every profile of the release."""

    release_id: str
    items: list[Profile]


class Problem(Schema):
    """What is wrong with a question, and what to do."""

    detail: str
