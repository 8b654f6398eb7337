"""All of England, bucket by bucket: how long counting takes and how much memory, beside the prototype's.

Run with ``python -m benchmarks.england --persons 57e6 --data FOLDER [--buckets 48] [--memory-limit 4GB]``;
without a folder everything is made in a temporary one. What is in the folder already is used: records,
buckets. Every step runs in a process of its own. The records are the generator's of ``benchmarks.engine``;
they are brought into our contract and divided by the code that ``evenground data prepare`` runs.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.engine import (
    AS_AT,
    Clock,
    geography,
    prepare,
    prototype_folder,
    ratio,
    run,
    run_prototype,
    same_roll_up,
    show,
)
from evenground.engine import count_by_bucket, roll_up_parts
from evenground.engine.cells import Cells
from evenground.indicators import load_definitions
from evenground.sources.prepared import write_buckets

CHECKED = (
    "population",
    "cvd_hc__denominator",
    "cvd_hc__numerator",
    "hyp_bp__denominator",
    "hyp_bp__numerator",
    "bowel__numerator",
    "smihc__numerator",
    "obese__numerator",
)
"""What the prototype prints of everybody, in its order."""


def run_prepare(data: Path, buckets: int, memory_limit: str) -> dict[str, Any]:
    """Divide the records by residence."""
    clock = Clock()
    folder = data / "prepared"
    shutil.rmtree(folder, ignore_errors=True)
    tables = data / "persons.parquet", data / "events.parquet"
    people, _ = write_buckets(
        *tables, geography(data).lsoas, folder, buckets=buckets, memory_limit=memory_limit
    )
    clock.lap("prepare")
    return clock.told() | {"buckets": len(people), "largest": max(people)}


def run_count(data: Path, _buckets: int, memory_limit: str) -> dict[str, Any]:
    """Count bucket by bucket, and roll up: as a release does, and as the prototype does."""
    clock = Clock()
    place = geography(data)
    definitions = load_definitions(data / "definitions")
    clock.lap("load")
    same: list[pl.DataFrame] = []
    cells = 0

    def watch(parts: Iterator[Cells]) -> Iterator[Cells]:
        nonlocal cells
        for part in parts:
            clock.lap("count")
            cells += part.frame.height
            same.append(same_roll_up(part, place.lsoas))
            clock.lap("30 combinations")
            yield part
            clock.lap("roll up")

    parts = count_by_bucket(
        definitions,
        persons=data / "prepared/persons",
        events=data / "prepared/events",
        lsoas=place.lsoas,
        as_at=AS_AT,
        memory_limit=memory_limit,
    )
    rolled = roll_up_parts(watch(parts), place)
    keys = [name for name in same[0].columns if "__" not in name and name != "population"]
    whole = pl.concat(same).group_by(keys).agg(pl.exclude(keys).sum())
    clock.lap("merge")
    everybody = rolled.filter(area_type="place", cut="all").row(0, named=True)
    checked = [everybody[name] for name in CHECKED]
    return clock.told() | {"cells": cells, "rows": [rolled.height, whole.height], "checked": checked}


STEPS: dict[str, Callable[[Path, int, str], dict[str, Any]]] = {"prepare": run_prepare, "count": run_count}


def step(name: str, data: Path, buckets: int, memory_limit: str) -> dict[str, Any]:
    """One of our steps in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.england", "--step", name, "--data", str(data)]
    command += ["--buckets", str(buckets), "--memory-limit", memory_limit]
    found: dict[str, Any] = json.loads(run(command, Path(__file__).resolve().parent.parent))
    return found


def prototype(yardstick: Path, data: Path, buckets: int, memory_limit: str) -> dict[str, Any]:
    """The prototype's division, once, and its count by bucket."""
    scripts = data / "prototype"
    shutil.copytree(yardstick, scripts, dirs_exist_ok=True)
    target = data / "prototype_buckets"
    if not target.is_dir():
        started = time.perf_counter()
        run([sys.executable, "bucket.py", str(data), str(target), str(buckets)], scripts)
        print(f"the prototype divides them in {time.perf_counter() - started:.1f} s", flush=True)
    text, used = run_prototype(scripts / "bucketed.py", [str(target), "bits", memory_limit], scripts)
    totals = re.search(r"\[\((.*?)\)\]", text)
    seconds = re.search(r"total ([\d.]+)", text)
    if not totals or not seconds:
        raise SystemExit(f"Not understood: {text}")
    checked = [int(number) for number in totals[1].split(",")]
    return {
        "parts": {"count": float(seconds[1])},
        "processor": {"count": used["processor"]},
        "peak_gb": used["peak_gb"],
        "checked": checked,
    }


def main() -> None:
    """Print seconds by stage, peak memory, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=float, default=2e5)
    parser.add_argument("--buckets", type=int, default=0)
    parser.add_argument("--memory-limit", default="4GB")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--step", choices=STEPS)
    arguments = parser.parse_args()
    buckets = arguments.buckets or max(2, round(arguments.persons / 1.2e6))
    if arguments.step:
        print(json.dumps(STEPS[arguments.step](arguments.data, arguments.buckets, arguments.memory_limit)))
        return
    yardstick = prototype_folder()
    if not yardstick.is_dir():
        print("Not run: the prototype is not here. Set EVENGROUND_SHARED to the folder that holds it.")
        return
    with tempfile.TemporaryDirectory() as made:
        data = (arguments.data or Path(made)).resolve()
        data.mkdir(exist_ok=True)
        try:
            prepare(yardstick, data, arguments.persons)
            report(yardstick, data, buckets, arguments.memory_limit)
        except subprocess.CalledProcessError as error:
            print(f"Not run: a step ended with: {error.stderr.strip().splitlines()[-1]}")


def report(yardstick: Path, data: Path, buckets: int, memory_limit: str) -> None:
    """Run everything in turn, compare the counts, and print."""
    if not (data / "prepared").is_dir():
        made = step("prepare", data, buckets, memory_limit)
        show("prepare", made)
        print(
            f"{made['buckets']} buckets, that of unknown areas included; {made['largest']:,} people at most"
        )
    theirs = prototype(yardstick, data, buckets, memory_limit)
    ours = step("count", data, buckets, memory_limit)
    show("prototype", theirs)
    show("ours", ours)
    print(
        f"cells {ours['cells']:,}, rows {ours['rows']}; counts equal: {ours['checked'] == theirs['checked']}"
    )
    print(f"ours to prototype {ratio(ours, theirs)}")


if __name__ == "__main__":
    main()
