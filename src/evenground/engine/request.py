"""What a back end is asked and what it answers: the seam between the plan and a database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True, slots=True)
class Request:
    """The contract's files, the place's LSOAs and the memory a back end may use (``4GB``)."""

    persons: Path
    events: Path
    lsoas: tuple[str, ...]
    memory_limit: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Counts by LSOA, age band (its number), sex and ethnic group; and by practice and age band."""

    cells: pl.DataFrame
    practices: pl.DataFrame
