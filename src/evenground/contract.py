"""The one contract that every source fills and the engine reads, and the report of what was dropped.

A source maps a provider's tables to ``persons.parquet`` and ``events.parquet`` in a folder of the secure
zone. Nothing outside ``sources`` and ``engine`` opens those two files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the contract: its DuckDB type, whether a row needs it, and what it holds."""

    name: str
    sql_type: str
    required: bool
    description: str


PERSONS: Final = (
    Column("person_id", "BIGINT", True, "Pseudonym within this build, dense from 0. Never an NHS number."),
    Column("birth_date", "DATE", True, "Date of birth; the first of the month where only the month is held."),
    Column("sex", "VARCHAR", True, "female, male, indeterminate or not_known."),
    Column(
        "ethnic_group", "VARCHAR", True, "NHS 16+1 code A to S, Z (not stated), 99 (not known), or missing."
    ),
    Column("lsoa_code", "VARCHAR", True, "LSOA of residence in the place's areas, or unknown."),
    Column("practice_code", "VARCHAR", False, "ODS code of the practice of registration; null where none."),
    Column("death_date", "DATE", False, "Date of death; null while alive."),
    Column("left_date", "DATE", False, "Date the person left the area or the list; null while here."),
)

EVENTS: Final = (
    Column("person_id", "BIGINT", True, "A person of the persons table."),
    Column("code_system", "VARCHAR", True, "snomed_ct, ctv3, icd_10, dmd, loinc, omop_concept or local."),
    Column("code", "VARCHAR", True, "The code as text: SNOMED CT identifiers reach 18 digits."),
    Column("event_date", "DATE", True, "Date the event happened, not when it was recorded."),
    Column("value", "DOUBLE", False, "The measured value, in the unit the code implies; null where none."),
)

CODE_SYSTEMS: Final = ("snomed_ct", "ctv3", "icd_10", "dmd", "loinc", "omop_concept", "local")


@dataclass(slots=True)
class TableReport:
    """What one input table gave: every row read is kept or counted under one reason for dropping it.

    ``changed`` counts rows that were kept with one field set aside (an unknown area, a value out of
    range): they are in ``kept`` too.
    """

    table: str
    file: str
    read: int = 0
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class LoadReport:
    """What one source gave: its tables, and the contract files that it wrote.

    ``lsoa_conversion`` tells how its LSOAs were read as those of another edition; it is empty where they were
    not.
    """

    source: str
    persons: Path
    events: Path
    tables: list[TableReport] = field(default_factory=list)
    sha256: dict[str, str] = field(default_factory=dict)
    lsoa_conversion: dict[str, Any] = field(default_factory=dict)
