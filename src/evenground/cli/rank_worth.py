"""``evenground rank --worth``: need, benefit and deliverability beside a ranking, and who is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evenground.cli.consoles import console
from evenground.vocabulary import ALL_SERVICES

if TYPE_CHECKING:
    import polars as pl


def add_worth_of(workspace: Path, ranking: pl.DataFrame, by: Sequence[str], service: str) -> pl.DataFrame:
    """The ranking with what the workspace's records say, and the equity flag told."""
    from evenground.indicators import SHIPPED
    from evenground.spending import (
        add_worth,
        load_deliverability,
        load_evidence,
        load_offer,
        say_passed_over,
    )

    own = workspace / "definitions"
    interventions = own / "interventions"
    valued = add_worth(
        ranking,
        # All services together count offers: what these are worth is in several units.
        () if service == ALL_SERVICES else load_evidence(SHIPPED / "evidence", own / "evidence"),
        by=by,
        service=service,
        deliverability=load_deliverability(own / "deliverability"),
        interventions=load_offer(interventions).interventions if interventions.is_dir() else (),
    )
    units = valued["benefit_unit"].drop_nulls().n_unique()
    if units == 0:
        told = "No record of evidence says what reaching somebody is worth here: it tells people only."
    elif units > 1:
        told = "Benefits are in several units, which have no order: whom they pass over is not told."
    else:
        told = say_passed_over(valued) or "Going by benefit passes over no Plus group that need would not."
    console.print(told)
    return valued
