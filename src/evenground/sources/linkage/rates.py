"""How many people of each group were linked: linkage error falls on some groups more than on others."""

# ruff: noqa: S608 - identifiers are ours; no text from outside is in this SQL.

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenground.sources.linkage.prepare import SIDES
from evenground.sources.staging.session import Session
from evenground.stats import calculate_proportion
from evenground.vocabulary import AGE_BANDS, ETHNIC_GROUPS, EVERYONE, UNKNOWN_AREA, Sex

_NOT_KNOWN: Final = "not_known"
_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "all": (EVERYONE,),
    "sex": tuple(Sex),
    "age_band": (*AGE_BANDS, _NOT_KNOWN),
    "ethnic_group": tuple(ETHNIC_GROUPS),
    "imd_quintile": (*map(str, range(1, 6)), UNKNOWN_AREA),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """The people of one group on one side: how many there are, and how many were linked.

    ``completeness`` is the share of the compared fields that their records hold: what is not recorded cannot
    be linked.
    """

    side: str
    group: str
    category: str
    persons: int
    linked: int
    rate: float
    lower_cl: float
    upper_cl: float
    completeness: float


def calculate_rates(
    session: Session,
    given: Mapping[str, set[str]],
    fields: tuple[str, ...],
    *,
    as_at: dt.date,
    quintiles: Mapping[str, int],
) -> tuple[Rate, ...]:
    """The rate of linkage of each side, of all and of each group that its file tells of.

    ``given`` are the columns of each side; ``quintiles`` the national deprivation quintile of each LSOA.
    """
    session.run("CREATE TEMP TABLE quintiles (lsoa_code VARCHAR, quintile INTEGER)")
    if quintiles:
        rows = ", ".join(f"('{code}', {int(quintile)})" for code, quintile in sorted(quintiles.items()))
        session.run(f"INSERT INTO quintiles VALUES {rows}")
    counted = [
        (side, group, *row)
        for side in SIDES
        for group, sql in _categories(given[side], as_at).items()
        for row in _in_order(group, _count(session, side, sql, fields))
    ]
    estimate = calculate_proportion(
        np.array([linked for *_, linked, _ in counted], dtype=float),
        np.array([persons for *_, persons, _, _ in counted], dtype=float),
    )
    limits = zip(estimate.value, estimate.lower_cl, estimate.upper_cl, strict=True)
    return tuple(
        Rate(side, group, category, persons, linked, _rounded(rate), _rounded(low), _rounded(high), complete)
        for (side, group, category, persons, linked, complete), (rate, low, high) in zip(
            counted, limits, strict=True
        )
    )


def _rounded(value: float) -> float:
    return round(float(value), 6)


def _categories(given: set[str], as_at: dt.date) -> dict[str, str]:
    """SQL for the category of each group that a side can tell of."""
    born = f"date_diff('year', birth_date, DATE '{as_at}') - CASE WHEN strftime(birth_date, '%m%d') > "
    age = f"({born}'{as_at:%m%d}' THEN 1 ELSE 0 END)"
    bands = ", ".join(f"'{band}'" for band in AGE_BANDS)
    categories = {"all": f"'{EVERYONE}'"}
    if "sex" in given:
        categories["sex"] = f"coalesce(sex, '{Sex.NOT_KNOWN}')"
    if "birth_date" in given:
        place = f"least({age} // 5, {len(AGE_BANDS) - 1}) + 1"
        categories["age_band"] = f"CASE WHEN {age} >= 0 THEN [{bands}][{place}] ELSE '{_NOT_KNOWN}' END"
    if "ethnic_group" in given:
        categories["ethnic_group"] = "ethnic_group"
    if "lsoa_code" in given:
        categories["imd_quintile"] = f"coalesce(quintile::VARCHAR, '{UNKNOWN_AREA}')"
    return categories


def _count(
    session: Session, side: str, category: str, fields: tuple[str, ...]
) -> dict[str, tuple[int, int, float]]:
    held = " + ".join(f"count({name})" for name in fields)
    rows = session.run(f"""
        SELECT {category} AS category, count(*), count(links.{side}_no),
            round(({held}) / (count(*) * {len(fields)}), 6)
        FROM {side}_people AS people
        LEFT JOIN links ON links.{side}_no = people.unique_id
        LEFT JOIN quintiles USING (lsoa_code)
        GROUP BY category""")
    return {name: (persons, linked, complete) for name, persons, linked, complete in rows}


def _in_order(group: str, counts: Mapping[str, tuple[int, int, float]]) -> list[tuple[str, int, int, float]]:
    return [(name, *counts[name]) for name in _ORDERS[group] if name in counts]
