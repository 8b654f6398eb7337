"""A service to be ranked, and the guards at the door."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from evenground.errors import InputError, suggest
from evenground.vocabulary import ALL_SERVICES, MISSING_CATEGORY, UNKNOWN_AREA, UNRECORDED_ETHNIC_GROUPS

COVARIATES: Final = ("imd_quintile", "ethnic_group", "age_band", "sex")
"""What uptake is expected to differ by wherever a community is."""

NEVER_RANKED: Final[Mapping[str, Collection[str]]] = {
    "area_code": frozenset({UNKNOWN_AREA, MISSING_CATEGORY}),
    "ethnic_group": UNRECORDED_ETHNIC_GROUPS,
}
"""Values that name no community: their people inform the model and are not ranked."""


_COUNTS = ("eligible", "reached")
_ROWS_NAMED = 10


@dataclass(frozen=True)
class Service:
    """Something people are offered, and who of them it reached.

    Attributes
    ----------
    id
        The indicator's id.
    standard
        The share that ought to be reached, from 0 to 1.
    strata
        One row for each stratum: the columns of the community (``area_code``, ``ethnic_group``), the
        covariates (``imd_quintile``, ``age_band``, ``sex``), ``eligible`` and ``reached`` (counts). A null
        among them is a level of its own.
    """

    id: str
    standard: float
    strata: pl.DataFrame


def require_services(services: Sequence[Service]) -> None:
    """Raise unless there are services, each with an id of its own and a standard that is a share."""
    if not services:
        raise InputError("There is no service to rank. Give at least one.")
    ids = [service.id for service in services]
    repeated = sorted({service for service in ids if ids.count(service) > 1})
    if repeated or ALL_SERVICES in ids:
        raise InputError(
            f"Each service needs an id of its own, other than '{ALL_SERVICES}'. "
            f"Found more than once or reserved: {', '.join(repeated) or ALL_SERVICES}."
        )
    for service in services:
        if not 0 <= service.standard <= 1:
            raise InputError(
                f"{service.id}: the standard must be a share from 0 to 1, but {service.standard} was given. "
                "Write 75 % as 0.75."
            )


def find_covariates(service: Service, by: Sequence[str], covariates: Sequence[str] | None) -> list[str]:
    """The covariates to fit: those asked for, or those of ``COVARIATES`` that the strata have."""
    columns = service.strata.columns
    if covariates is None:
        covariates = [name for name in COVARIATES if name in columns]
    if not by:
        raise InputError("Name at least one column that makes a community, such as by=['area_code'].")
    for name in (*by, *covariates, *_COUNTS):
        if name not in columns:
            raise InputError(f'{service.id}: the strata have no column "{name}". {suggest(name, columns)}')
    return list(covariates)


def sum_strata(service: Service, by: Sequence[str], covariates: Sequence[str]) -> pl.DataFrame:
    """The strata checked, their keys as text, summed to community by covariate level and sorted.

    Raises
    ------
    InputError
        Where counts are absent, not whole numbers, negative or impossible together, or a stratum is there
        twice; rows are named by number.
    """
    keys = list(dict.fromkeys([*by, *covariates]))
    strata = service.strata
    _require_counts(service)
    others = [name for name in strata.columns if name not in _COUNTS]
    _require_rows(service.id, strata.select(others).is_duplicated(), "the same stratum in several rows")
    summed = (
        strata.lazy()
        .select(pl.col(keys).cast(pl.String).fill_null(MISSING_CATEGORY), pl.col(_COUNTS).cast(pl.Int64))
        .filter(pl.col("eligible") > 0)
        .group_by(keys)
        .agg(pl.col(_COUNTS).sum())
        .sort(keys)
        .collect()
    )
    if summed.is_empty():
        raise InputError(f"{service.id}: nobody is eligible in any stratum. Leave the service out.")
    return summed


def _require_counts(service: Service) -> None:
    strata = service.strata
    for name in _COUNTS:
        column = strata[name]
        if not column.dtype.is_numeric():
            raise InputError(f'{service.id}: the column "{name}" is {column.dtype}. Give whole numbers.')
        not_counts = (column.is_null() | (column < 0) | (column.cast(pl.Float64) % 1 != 0)).fill_null(True)
        _require_rows(service.id, not_counts, f'"{name}" is not a count (empty, negative or not whole)')
    above = strata["reached"] > strata["eligible"]
    _require_rows(service.id, above, "more people are reached than are eligible")


def _require_rows(service_id: str, wrong: pl.Series, problem: str) -> None:
    rows = wrong.arg_true()
    if rows.len():
        named = ", ".join(str(row) for row in rows[:_ROWS_NAMED])
        more = ", ..." if rows.len() > _ROWS_NAMED else ""
        raise InputError(
            f"{service_id}: {problem}, in {rows.len()} of {wrong.len()} rows: {named}{more} "
            "(the first row is 0). Correct or sum them first."
        )
