"""How fast the engine counts, as ratios within one run: against a bare scan and the prototype it grew from.

Run with ``python -m benchmarks.engine [--persons 1e6] [--repeat 2] [--engine spark]``: with Spark it is
counted there besides, on this machine, and the start of Java is in the time. The prototype and its generator
are in the folder of shared reference data (``EVENGROUND_SHARED``, or ``shared`` beside the checkout). Every
step runs in a process of its own, so that its peak memory is its own; the counts of all are compared.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from evenground.engine import count, roll_up
from evenground.geography import Geography
from evenground.indicators import load_definitions

AS_AT = dt.date(2026, 3, 31)
CONTRACT = """
    COPY (SELECT person_id, birth_date,
                 CASE sex WHEN '1' THEN 'male' WHEN '2' THEN 'female' ELSE 'indeterminate' END AS sex,
                 ethnicity AS ethnic_group, lsoa AS lsoa_code, practice AS practice_code,
                 NULL::DATE AS death_date, NULL::DATE AS left_date
          FROM read_parquet('{data}/persons/*.parquet')) TO '{data}/persons.parquet' (row_group_size 250000);
    COPY (SELECT person_id, 'snomed_ct' AS code_system, code, date AS event_date, value
          FROM read_parquet('{data}/events/*.parquet')) TO '{data}/events.parquet' (row_group_size 250000)
"""


def prototype_folder() -> Path:
    """Where the prototype lies, if it is there."""
    repository = Path(__file__).resolve().parent.parent
    shared = Path(os.environ.get("EVENGROUND_SHARED", repository.parent / "shared"))
    return shared / "yardstick" / "engine"


def write_definitions(yardstick: Path, folder: Path) -> None:
    """The prototype's indicators and code lists as definitions."""
    sys.path.insert(0, str(yardstick))
    import defs

    for kind in ("indicators", "features", "codelists"):
        (folder / kind).mkdir(parents=True)
    codes = pl.read_parquet(folder.parent / "codelist.parquet")
    for (cluster,), rows in codes.group_by("cluster"):
        name = str(cluster).lower()
        lines = ["# source: made up", "# version: 1", "code_system,code,term"]
        lines += [f"snomed_ct,{code},{name}" for code in rows["code"]]
        (folder / "codelists" / f"{name}.csv").write_text("\n".join(lines))
        value = (
            'kind = "value"\nunit = "x"\nplausible = [-1000, 1000]'
            if cluster in defs.VAL
            else 'kind = "event"'
        )
        feature = f'id = "{name}"\nname = "{name} feature"\ncodelist = "{name}"\n{value}\n'
        (folder / "features" / f"{name}.toml").write_text(feature)
    for name, (denominator, numerator) in defs.IND.items():
        text = INDICATOR.format(id=name, denominator=to_toml(denominator), numerator=to_toml(numerator))
        (folder / "indicators" / f"{name}.toml").write_text(text)


INDICATOR = """
id = "{id}"
name = "{id} indicator"
short_name = "{id}"
topic = "Benchmark"
description = "Made up."
polarity = "none"
value_type = "proportion"
unit = "%"
multiplier = 100
is_service = false
author = "One"
checker = "Two"
review_date = 2027-01-01
source = {{ title = "Made up" }}
[denominator]
words = "Some people."
all = [{denominator}]
[numerator]
words = "Some of them."
all = [{numerator}]
"""


def to_toml(node: tuple[Any, ...]) -> str:
    """One of the prototype's predicates as an inline table."""
    kind, *rest = node
    match kind:
        case "and" | "or":
            return f"{{ {'all' if kind == 'and' else 'any'} = [{', '.join(map(to_toml, rest))}] }}"
        case "not":
            return f"{{ not = {to_toml(rest[0])} }}"
        case "between":
            return f"{{ age = {{ from = {rest[1]}, to = {rest[2]} }} }}"
        case "eq":
            return f'{{ sex = "{ {"1": "male", "2": "female"}[rest[1]] }" }}'
        case "has":
            return f'{{ feature = "{rest[0].lower()}" }}'
        case "within":
            return f'{{ feature = "{rest[0].lower()}", within_months = {rest[1]} }}'
        case "vle":
            return f'{{ latest = "{rest[0].lower()}", at_most = {rest[1]} }}'
    raise ValueError(kind)


def geography(data: Path) -> Geography:
    """The generator's areas in our columns."""
    areas = pl.read_parquet(data / "areas.parquet")
    lsoas = areas.select(
        *(pl.col(name).alias(f"{name}_code") for name in ("lsoa", "msoa", "ward")),
        pl.col("place").alias("ltla_code"),
        "imd_quintile",
        pl.col("imd_quintile").alias("local_quintile"),
    )
    codes = pl.read_parquet(data / "persons.parquet", columns=["practice_code"])["practice_code"].unique()
    pcn = pl.Series("pcn_code", [f"U{int(code[1:]) // 5}" for code in codes], dtype=pl.String)
    practices = pl.DataFrame([codes, pcn])
    return Geography("PLACE", "Place", "2019", lsoas, practices)


def run_ours(data: Path, engine: str = "duckdb") -> dict[str, Any]:
    """Count and roll up, and say how long each took."""
    place = geography(data)
    told: list[float] = []
    started = time.perf_counter()
    definitions = load_definitions(data / "definitions")
    loaded = time.perf_counter()
    cells = count(
        definitions,
        persons=data / "persons.parquet",
        events=data / "events.parquet",
        lsoas=place.lsoas,
        as_at=AS_AT,
        memory_limit="8GB",
        engine=engine,
        progress=lambda _: told.append(time.perf_counter()),
    )
    counted = time.perf_counter()
    rolled = roll_up(cells, place)
    ended = time.perf_counter()
    sums = {name: int(cells.frame[name].sum()) for name in cells.measures}
    start = told[0] if engine == "duckdb" else told[1]
    parts = {
        "load": loaded - started,
        "start": start - loaded,
        "count": counted - start,
        "roll up": ended - counted,
    }
    return {"parts": parts, "cells": cells.frame.height, "rows": rolled.height, "sums": sums}


def run_scan(data: Path) -> dict[str, Any]:
    """Read the same columns and do nothing with them: the lower bound."""
    started = time.perf_counter()
    # Sums, because a maximum may be answered from the files' statistics without reading them.
    events = "sum(person_id), sum(length(code_system)), sum(length(code)), sum(day(event_date)), sum(value)"
    texts = ", ".join(
        f"sum(length({name}))" for name in ("sex", "ethnic_group", "lsoa_code", "practice_code")
    )
    persons = f"sum(day(birth_date)), {texts}"
    for table, columns in (("events", events), ("persons", persons)):
        duckdb.sql(f"SELECT {columns} FROM read_parquet('{data}/{table}.parquet')").fetchall()
    return {"parts": {"scan": time.perf_counter() - started}}


WITHOUT_PANDAS = """
import runpy, sys, duckdb
# The prototype reads one list of column names from a pandas frame; a plain dictionary serves as well.
def columns(result):
    names = [column[0] for column in result.description]
    return dict(zip(names, zip(*result.fetchall())))
duckdb.DuckDBPyConnection.df = columns
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""
STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "ours": run_ours,
    "scan": run_scan,
    "spark": partial(run_ours, engine="spark"),
}


def in_process(arguments: list[str], cwd: Path) -> tuple[float, str]:
    """Processor seconds, start-up included, and output of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(arguments, check=True, capture_output=True, text=True, cwd=cwd)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def step(name: str, data: Path) -> dict[str, Any]:
    """One of our steps in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.engine", "--step", name, "--data", str(data)]
    processor, text = in_process(command, Path(__file__).resolve().parent.parent)
    found: dict[str, Any] = json.loads(text)
    return found | {"processor": processor}


def prototype(yardstick: Path, data: Path) -> dict[str, Any]:
    """The prototype's ``bits_mat``: its own stage times, and its sums."""
    out = data / "yardstick_cells.parquet"
    script = str(yardstick / "one_pass.py")
    command = [sys.executable, "-c", WITHOUT_PANDAS, script, str(data), "bits_mat", "8GB", str(out)]
    processor, text = in_process(command, data)
    stages = dict(part.split("=") for part in text.splitlines()[-1].split()[1:])
    cells = pl.read_parquet(out)
    sums = {
        name.replace("_d", "__denominator").replace("_n", "__numerator"): int(cells[name].sum())
        for name in cells.columns
        if name.endswith(("_d", "_n"))
    }
    parts = {key: float(value.removesuffix("s")) for key, value in stages.items()}
    return {"parts": parts, "sums": sums, "processor": processor}


def prepare(yardstick: Path, data: Path, persons: float) -> None:
    """Make the records once, in the prototype's form and in ours."""
    if not (data / "definitions").is_dir():
        in_process([sys.executable, str(yardstick / "gen.py"), str(persons), str(data)], data)
        duckdb.sql(CONTRACT.format(data=data))
        write_definitions(yardstick, data / "definitions")


def best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The fastest of several runs."""
    return min(runs, key=lambda run: sum(run["parts"].values()))


def main() -> None:
    """Print seconds by stage, peak memory, and the two ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=float, default=200_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--step", choices=STEPS)
    arguments = parser.parse_args()
    if arguments.step:
        found = STEPS[arguments.step](arguments.data)
        # Spark's Java is a process of its own.
        whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        found["peak_gb"] = sum(resource.getrusage(one).ru_maxrss for one in whose) / 1e6
        print(json.dumps(found))
        return
    yardstick = prototype_folder()
    if not yardstick.is_dir():
        print("Not run: the prototype is not here. Set EVENGROUND_SHARED to the folder that holds it.")
        return
    with tempfile.TemporaryDirectory() as made:
        data = arguments.data or Path(made)
        data.mkdir(exist_ok=True)
        try:
            prepare(yardstick, data, arguments.persons)
            report(yardstick, data, arguments.repeat, spark=arguments.engine == "spark")
        except subprocess.CalledProcessError as error:
            print(f"Not run: a step ended with: {error.stderr.strip().splitlines()[-1]}")


def report(yardstick: Path, data: Path, repeat: int, *, spark: bool) -> None:
    """Run everything in turn, compare the counts, and print."""
    runs = [
        {
            "scan": step("scan", data),
            "prototype": prototype(yardstick, data),
            "ours": step("ours", data),
            **({"spark": step("spark", data)} if spark else {}),
        }
        for _ in range(repeat)
    ]
    fastest = {name: best([run[name] for run in runs]) for name in runs[0]}
    for name, found in fastest.items():
        stages = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in found["parts"].items())
        peak = f"; peak {found['peak_gb']:.2f} GB" if "peak_gb" in found else ""
        seconds = sum(found["parts"].values())
        print(f"{name:10} {seconds:6.2f} s ({stages}); processor {found['processor']:.1f} s{peak}")
    ours = fastest["ours"]
    expected = fastest["prototype"]["sums"]
    differ = [name for name, total in ours["sums"].items() if expected.get(name, total) != total]
    print(f"cells {ours['cells']:,}, rows {ours['rows']:,}; sums that differ: {differ or 'none'}")
    seconds = {name: sum(found["parts"].values()) for name, found in fastest.items()}
    processor = {name: min(run[name]["processor"] for run in runs) for name in fastest}
    print(
        f"ours to prototype {seconds['ours'] / seconds['prototype']:.2f}"
        f" (by processor time {processor['ours'] / processor['prototype']:.2f})"
    )
    print(f"ours to scan {seconds['ours'] / seconds['scan']:.1f}")
    if spark:
        differ = [name for name, total in fastest["spark"]["sums"].items() if ours["sums"][name] != total]
        print(f"Spark to ours {seconds['spark'] / seconds['ours']:.1f}; sums that differ: {differ or 'none'}")


if __name__ == "__main__":
    main()
