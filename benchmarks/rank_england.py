"""England's small areas and ten ethnic groups, for twenty services: how long ranking takes, and what memory.

Run with ``python -m benchmarks.rank_england [--services N] [--together]``. Every step runs in a process of
its own, so that its peak is its own: the tables are made first, then ranked one after another (as
``evenground rank --counts`` does), then one with neighbours that share a gap; ``--together`` ranks all in one
call as well, as a build does, and needs much memory. The figures are kept in docs/reference/ranking.md.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.places import BY, Kind, simulate_place
from evenground.reach import Service, find_clusters, rank_communities, rank_counts, read_middles

AREAS = 33_755
ENGLAND = Kind(areas=AREAS, groups=10, people=10_000_000, evenness=60, spatial=0.1)
STANDARD = 0.75
HOW: dict[str, Any] = {"standard": STANDARD, "by": BY, "covariates": ["imd_rank"]}


def make_tables(folder: Path, services: int) -> dict[str, Any]:
    """One table of counts a service, on one map: areas a kilometre apart."""
    wide = int(np.ceil(np.sqrt(AREAS)))
    rows = 0
    for service in range(services):
        place = simulate_place(ENGLAND, service + 1)
        summed = place.counts.group_by(*BY, "imd_rank").agg(pl.col("eligible", "reached").sum()).sort(BY)
        number = pl.col("area_code").str.slice(5).cast(pl.Int64)
        placed = summed.with_columns(
            easting=400_000 + 1000 * (number % wide), northing=200_000 + 1000 * (number // wide)
        )
        placed.write_parquet(folder / f"s{service:02}.parquet")
        rows += placed.height
    return {"rows": rows}


def rank_each(folder: Path, services: int) -> dict[str, Any]:
    """Rank the tables one after another, and keep what a caller would write."""
    communities = 0
    for path in _tables(folder, services):
        ranked = rank_counts(pl.read_parquet(path), **HOW)
        ranked.write_parquet(path.with_suffix(".ranked"))
        communities += ranked.height
    return {"communities": communities}


def rank_with_neighbours(folder: Path, _services: int) -> dict[str, Any]:
    """Rank one table, and look for neighbours that share a gap: every group by itself, tested together."""
    counts = pl.read_parquet(_tables(folder, 1)[0])
    ranked = rank_counts(counts, **HOW)
    start = time.process_time()
    places = read_middles(counts, "area_code", ("easting", "northing"))
    found = find_clusters(ranked, places, apart=["ethnic_group"])
    return {"clusters": found.table.height, "processor of the scan": time.process_time() - start}


def rank_together(folder: Path, services: int) -> dict[str, Any]:
    """Rank all services in one call, as a build does."""
    asked = [
        Service(path.stem, STANDARD, pl.read_parquet(path).select(*BY, "imd_quintile", "eligible", "reached"))
        for path in _with_quintiles(folder, services)
    ]
    return {"rows": rank_communities(asked, by=BY).height}


STEPS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "make": make_tables,
    "each": rank_each,
    "neighbours": rank_with_neighbours,
    "together": rank_together,
}


def _tables(folder: Path, services: int) -> list[Path]:
    return sorted(folder.glob("s??.parquet"))[:services]


def _with_quintiles(folder: Path, services: int) -> list[Path]:
    paths = []
    for path in _tables(folder, services):
        target = path.with_name(f"q{path.stem}.parquet")
        quintile = (pl.col("imd_rank") * 5 // (AREAS + 1)).clip(0, 4) + 1
        pl.read_parquet(path).with_columns(imd_quintile=quintile).write_parquet(target)
        paths.append(target)
    return paths


def run_step(name: str, folder: Path, services: int) -> None:
    """One step in this process: what it found, how long it took and what memory, as a line of JSON."""
    start, busy = time.perf_counter(), time.process_time()
    told = STEPS[name](folder, services)
    told |= {
        "step": name,
        "seconds": round(time.perf_counter() - start, 1),
        "processor": round(time.process_time() - busy, 1),
        "MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(told), flush=True)


def main() -> None:
    """Every step, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--step", choices=STEPS)
    asked = parser.parse_args()
    if asked.step:
        run_step(asked.step, asked.data, asked.services)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = asked.data or Path(made)
        folder.mkdir(exist_ok=True, parents=True)
        for step in STEPS:
            if step == "together" and not asked.together:
                continue
            if step == "make" and len(_tables(folder, asked.services)) == asked.services:
                continue
            line = ["--step", step, "--data", str(folder), "--services", str(asked.services)]
            subprocess.run([sys.executable, "-m", "benchmarks.rank_england", *line], check=True)


if __name__ == "__main__":
    main()
