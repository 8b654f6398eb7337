"""``evenground rank --clusters``: neighbours that share a gap, from a release or from a table of counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from evenground.cli.consoles import console, problems
from evenground.cli.opening import write_frame

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 10
_NAMED = 4


def find_places(
    table: pl.DataFrame, area: str, columns: tuple[str, ...], boundaries: Path | None
) -> pl.DataFrame:
    """Where the areas of a table of counts are: from two of its columns, or from a file of boundaries."""
    from evenground.geography import load_boundaries
    from evenground.reach import find_middles, read_middles

    if bool(columns) == (boundaries is not None):
        raise typer.BadParameter(
            "needs either '--coordinates easting,northing' (columns of the counts) or '--boundaries FILE'.",
            param_hint="--clusters",
        )
    if boundaries is None:
        return read_middles(table, area, columns)
    shapes = load_boundaries(boundaries, area.removesuffix("_code"))
    return find_middles({code: json.dumps(shape) for code, shape in shapes.items()})


def write_clusters(clusters: pl.DataFrame, out: Path) -> None:
    """Write the table of clusters, and show the first of them."""
    write_frame(clusters, out)
    console.print(f"Wrote {clusters.height} clusters to {out}.")
    if clusters.is_empty():
        console.print("No neighbours share a gap that chance would not explain.")
        return
    apart = [name for name in clusters.columns[: clusters.columns.index("cluster")] if name != "service_id"]
    apart = [name for name in apart if clusters[name].is_not_null().any()]
    shown = Table(
        "", *apart, "Areas", "Eligible", "Expected missing out", "Times as likely to be missed", "p"
    )
    for row in clusters.head(_SHOWN).iter_rows(named=True):
        codes = row["area_codes"].split(";")
        more = f" and {len(codes) - _NAMED} more" if len(codes) > _NAMED else ""
        shown.add_row(
            str(row["cluster"]),
            *(str(row[name] or "") for name in apart),
            ", ".join(codes[:_NAMED]) + more,
            f"{row['eligible']:,}",
            f"{row['expected_missing']:,.0f}",
            f"{row['relative_risk']:.2f}",
            f"{row['p_value']:.3f}",
        )
    console.print(shown)


def note_unplaced(unplaced: int) -> None:
    """Say how many areas could not be placed."""
    if unplaced:
        problems.print(f"Note: {unplaced} areas have no place, and are in no cluster.")
