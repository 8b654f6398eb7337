"""Counting: the contract's persons and events, and definitions, to counts by area and group.

The shared part knows no database; each back end is a module of its own, imported when it is asked for.
"""

from evenground.engine.cells import (
    ENGINES,
    Cells,
    count,
    count_by_bucket,
    count_dates,
    explain_sql,
    list_people,
)
from evenground.engine.recorded import count_recorded_by_month, find_recorded_codes
from evenground.engine.rollup import roll_up, roll_up_by_age, roll_up_parts

__all__ = [
    "ENGINES",
    "Cells",
    "count",
    "count_by_bucket",
    "count_dates",
    "count_recorded_by_month",
    "explain_sql",
    "find_recorded_codes",
    "list_people",
    "roll_up",
    "roll_up_by_age",
    "roll_up_parts",
]
