"""Persons of several sources made one: the first source in order wins, and a known value beats an unknown."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evenground.sources.staging import words
from evenground.sources.staging.session import Session
from evenground.vocabulary import ETHNIC_GROUPS, MISSING_CATEGORY, UNKNOWN_AREA, Sex

_NAMED_GROUPS: Final = ", ".join(
    f"'{code}'" for code in ETHNIC_GROUPS if code not in ("Z", "99", MISSING_CATEGORY)
)


@dataclass(frozen=True, slots=True)
class _Attribute:
    """What a source may know of a person: when it is known, and what is counted of it."""

    column: str
    known: str
    differs: str | None = None
    fills: str | None = None
    otherwise: str = "NULL"
    agrees: str = "false"


_ATTRIBUTES: Final = (
    _Attribute(
        "birth_date",
        "birth_date IS NOT NULL",
        differs=words.BIRTH_DIFFERS,
        # Where one source holds only the month, its date is the first.
        agrees="date_trunc('month', staged.birth_date) = date_trunc('month', kept.birth_date) "
        "AND 1 IN (day(staged.birth_date), day(kept.birth_date))",
    ),
    _Attribute(
        "sex",
        f"sex <> '{Sex.NOT_KNOWN}'",
        differs=words.SEX_DIFFERS,
        fills=words.SEX_FILLED,
        otherwise=f"'{Sex.NOT_KNOWN}'",
    ),
    _Attribute(
        "ethnic_group",
        f"ethnic_group IN ({_NAMED_GROUPS})",
        differs=words.ETHNIC_DIFFERS,
        fills=words.ETHNIC_FILLED,
        otherwise=f"coalesce(arg_min(ethnic_group, source_no) FILTER (ethnic_group <> '{MISSING_CATEGORY}'), "
        f"'{MISSING_CATEGORY}')",
    ),
    _Attribute(
        "lsoa_code",
        f"(lsoa_code <> '{UNKNOWN_AREA}' OR is_elsewhere)",
        differs=words.LSOA_DIFFERS,
        fills=words.LSOA_FILLED,
        otherwise=f"'{UNKNOWN_AREA}'",
    ),
    _Attribute("practice_code", "practice_code IS NOT NULL", fills=words.PRACTICE_FILLED),
    _Attribute("death_date", "death_date IS NOT NULL", differs=words.DEATH_DIFFERS, fills=words.DEATH_FILLED),
)

CHANGES: Final = tuple(text for a in _ATTRIBUTES for text in (a.differs, a.fills) if text is not None)
"""What is counted of a row that is kept, against the other sources, in the order of their bits."""


def merge_sources(session: Session, *, not_on_register: int, first_bit: int, elsewhere_bit: int) -> None:
    """Make ``persons_kept`` of ``persons_staged``: one row a person of a source that brings people.

    Rows of persons whom no such source brings get the reason ``not_on_register``. A row that differs from the
    value kept, or that filled a gap, gets a bit of its own from ``first_bit`` on. ``elsewhere_bit`` marks a
    person whose area was given and is outside the place: that is known, and no gap.
    """
    session.run("""
        CREATE TEMP TABLE counted AS
        SELECT DISTINCT space, pseudonym FROM persons_staged WHERE reason IS NULL AND adds_people""")
    session.run(f"""
        UPDATE persons_staged AS staged SET reason = {not_on_register}
        WHERE reason IS NULL AND NOT adds_people AND NOT EXISTS (
            FROM counted WHERE counted.space = staged.space AND counted.pseudonym = staged.pseudonym)""")
    known = f"""(
        SELECT *, (changed & {1 << elsewhere_bit}) <> 0 AS is_elsewhere
        FROM persons_staged WHERE reason IS NULL)"""
    chosen = ", ".join(
        f"coalesce(arg_min({a.column}, source_no) FILTER ({a.known}), {a.otherwise}) AS {a.column}, "
        f"min(source_no) FILTER ({a.known}) AS {a.column}_from"
        for a in _ATTRIBUTES
    )
    session.run(f"""
        CREATE TEMP TABLE persons_merged AS
        SELECT space, pseudonym, min(source_no) AS first_source, {chosen},
            arg_min_null(left_date, source_no) FILTER (adds_people) AS left_date
        FROM {known} GROUP BY space, pseudonym""")
    # A death of one source before the birth of another is as impossible as within one.
    session.run("""
        CREATE TEMP VIEW persons_kept AS
        SELECT * REPLACE (CASE WHEN death_date >= birth_date THEN death_date END AS death_date,
            CASE WHEN left_date >= birth_date THEN left_date END AS left_date)
        FROM persons_merged""")
    session.run(f"""
        UPDATE persons_staged AS staged SET changed = staged.changed | kept.bits
        FROM (
            SELECT staged.file_no, staged.row_no, CAST({_bits(first_bit)} AS UINTEGER) AS bits
            FROM {known} AS staged JOIN persons_merged AS kept USING (space, pseudonym)
        ) AS kept
        WHERE staged.file_no = kept.file_no AND staged.row_no = kept.row_no AND kept.bits <> 0""")


def _bits(first_bit: int) -> str:
    conditions = []
    for attribute in _ATTRIBUTES:
        column, known = attribute.column, _of_row(attribute)
        if attribute.differs:
            conditions.append(
                f"{known} AND staged.{column} IS DISTINCT FROM kept.{column} AND NOT ({attribute.agrees})"
            )
        if attribute.fills:
            conditions.append(
                f"{known} AND staged.source_no = kept.{column}_from AND kept.{column}_from > first_source"
            )
    return " + ".join(
        f"(CASE WHEN {condition} THEN {1 << first_bit + n} ELSE 0 END)"
        for n, condition in enumerate(conditions)
    )


def _of_row(attribute: _Attribute) -> str:
    known = attribute.known.replace(attribute.column, f"staged.{attribute.column}")
    return known.replace("is_elsewhere", "staged.is_elsewhere")
