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


def count_recorded_by_month(events: Path, *, as_at: dt.date) -> pl.DataFrame:
    """How many events up to ``as_at`` there are of each code in each month.

    Returns
    -------
    polars.DataFrame
        ``code_system``, ``code``, ``month`` (its first day) and ``records``. Exact counts: they stay in the
        secure zone.
    """
    month = pl.col("event_date").dt.truncate("1mo").alias("month")
    until = pl.scan_parquet(events).filter(pl.col("event_date") <= as_at)
    counted = until.group_by(pl.col("code_system", "code").cast(pl.String), month).agg(records=pl.len())
    return counted.collect(engine="streaming")
