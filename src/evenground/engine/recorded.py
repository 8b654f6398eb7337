"""Which codes the events hold at all."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl


def find_recorded_codes(events: Path, *, as_at: dt.date) -> frozenset[tuple[str, str]]:
    """Code system and code of every event up to ``as_at``, whoever's it is.

    Parameters
    ----------
    events
        The events of the contract.
    """
    codes = pl.scan_parquet(events).filter(pl.col("event_date") <= as_at)
    found = codes.select("code_system", "code").cast(pl.String).unique().collect(engine="streaming")
    return frozenset(found.iter_rows())
