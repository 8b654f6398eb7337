"""Where the gaps planted in Wenbury stand in its release: their ranks in every order, after all protection.

Run with ``python -m benchmarks.planted [--workspace FOLDER]``; without one Wenbury is made and built. The
figures are kept in docs/reference/ranking.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import polars as pl

from evenground.pipeline import build_release
from evenground.reach import ORDERS, order_communities
from evenground.releases import Release, current_release
from evenground.sources.synthetic import make_wenbury_workspace
from evenground.vocabulary import CommunityType
from evenground.workspace import load_workspace


def find_planted(release: Release, truth: Path) -> pl.DataFrame:
    """One row a planted gap of a ranked service: its place in each order, of how many, and what is shown."""
    rankings = release.table("rankings")
    rows = []
    for gap in json.loads(truth.read_text(encoding="utf-8"))["planted_gaps"]:
        is_lsoa = gap["area_type"] == "lsoa"
        kind = CommunityType.LSOA if is_lsoa else CommunityType.MSOA_ETHNIC_GROUP
        ranked = rankings.filter(
            (pl.col("service_id") == gap["indicator"]) & (pl.col("community_type") == kind)
        )
        if ranked.is_empty():
            continue
        own = (pl.col("area_code") == gap["area_code"]) & pl.col("ethnic_group").eq_missing(
            pl.lit(gap["ethnic_group"], pl.String)
        )
        places = {order: _place(order_communities(ranked, order), own) for order in ORDERS}
        shown = ranked.filter(own).select("expected_missing", "lower_cl", "upper_cl").to_dicts()
        facts = {"service": gap["indicator"], "kind": str(kind), **places, "of": ranked.height}
        rows.append(facts | (shown[0] if shown else {}))
    return pl.from_dicts(rows, infer_schema_length=None)


def _place(ordered: pl.DataFrame, own: pl.Expr) -> int | None:
    found = ordered.with_row_index("place", offset=1).filter(own)
    return int(found["place"][0]) if found.height else None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        root = asked.workspace or make_wenbury_workspace(Path(made) / "wenbury")
        if asked.workspace is None:
            build_release(load_workspace(root))
        found = find_planted(current_release(root / "releases"), root / "data" / "truth.json")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=160, tbl_hide_dataframe_shape=True):
        print(found)


if __name__ == "__main__":
    main()
