"""A ranking of counts on the terminal."""

from __future__ import annotations

import polars as pl
from rich.table import Table

from evenground.cli.consoles import console


def show_counts(ranking: pl.DataFrame) -> None:
    """The first communities of a ranking of counts."""
    keys = ranking.columns[: ranking.columns.index("rank")]
    top = int(ranking["top_k"][0])
    headings = ("Eligible", "Reached", "Expected missing out", "95% interval", f"In the top {top}")
    extra = ("Contacts", "Expected to be found") if "contacts" in ranking.columns else ()
    table = Table("", *keys, *headings, *extra)
    for column in range(len(keys) + 1, len(table.columns)):
        table.columns[column].justify = "right"
    for row in ranking.head(top).iter_rows(named=True):
        cells = [
            str(row["rank"]),
            *(str(row[name]) for name in keys),
            f"{row['eligible']:,}",
            f"{row['reached']:,}",
            f"{row['expected_missing']:,.0f}",
            f"{row['lower_cl']:,.0f} to {row['upper_cl']:,.0f}",
            f"{row['probability_top_k']:.0%}",
        ]
        if extra:
            cells += [f"{row['contacts']:,}", f"{row['expected_found']:,.0f}"]
        table.add_row(*cells)
    console.print(table)
