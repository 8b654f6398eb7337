"""Counting: the contract's persons and events, and definitions, to counts by area and group.

The shared part knows no database; each back end is a module of its own, imported when it is asked for.
"""

from evenground.engine.cells import ENGINES, Cells, count, count_dates, explain_sql
from evenground.engine.recorded import find_recorded_codes
from evenground.engine.rollup import roll_up, roll_up_by_age

__all__ = [
    "ENGINES",
    "Cells",
    "count",
    "count_dates",
    "explain_sql",
    "find_recorded_codes",
    "roll_up",
    "roll_up_by_age",
]
