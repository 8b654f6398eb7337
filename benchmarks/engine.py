"""How fast the engine counts, as ratios within one run: against a bare scan and the prototype it grew from.

Run with ``python -m benchmarks.engine [--persons 1e6] [--repeat 2] [--hundred] [--engine spark]``. A hundred
indicators are variants of the twenty: other ages, windows, limits and features. With Spark it is counted
there besides, on this machine, and the start of Java is in the time. The prototype and its generator are in
the folder of shared reference data (``EVENGROUND_SHARED``, or ``shared`` beside the checkout). Every step
runs in a process of its own, so that its peak memory is its own; processor time is counted from when its
libraries are imported; the counts of all are compared.
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
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from evenground.engine import count, roll_up
from evenground.engine.cells import Cells
from evenground.geography import Geography
from evenground.indicators import load_definitions

AS_AT = dt.date(2026, 3, 31)
MEMORY_LIMIT = "8GB"
VARIANTS = 5
CONTRACT = """
    COPY (SELECT person_id, birth_date,
                 CASE sex WHEN '1' THEN 'male' WHEN '2' THEN 'female' ELSE 'indeterminate' END AS sex,
                 ethnicity AS ethnic_group, lsoa AS lsoa_code, practice AS practice_code,
                 NULL::DATE AS death_date, NULL::DATE AS left_date
          FROM read_parquet('{data}/persons/*.parquet')) TO '{data}/persons.parquet' (row_group_size 250000);
    COPY (SELECT person_id, 'snomed_ct' AS code_system, code, date AS event_date, value
          FROM read_parquet('{data}/events/*.parquet')) TO '{data}/events.parquet' (row_group_size 250000);
    COPY (SELECT DISTINCT practice AS practice_code FROM read_parquet('{data}/persons/*.parquet')
          ORDER BY ALL) TO '{data}/practices.parquet'
"""


def prototype_folder() -> Path:
    """Where the prototype lies, if it is there."""
    repository = Path(__file__).resolve().parent.parent
    shared = Path(os.environ.get("EVENGROUND_SHARED", repository.parent / "shared"))
    return shared / "yardstick" / "engine"


def write_definitions(yardstick: Path, folder: Path, variants: int = 1) -> None:
    """The prototype's indicators and code lists as definitions; of each indicator, so many variants."""
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
    for variant in range(variants):
        for name, pair in defs.IND.items():
            denominator, numerator = (to_toml(vary(node, variant, defs)) for node in pair)
            own = f"{name}_{variant}" if variant else name
            text = INDICATOR.format(id=own, denominator=denominator, numerator=numerator)
            (folder / "indicators" / f"{own}.toml").write_text(text)


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


def vary(node: tuple[Any, ...], variant: int, defs: Any) -> tuple[Any, ...]:
    """Another predicate of the same shape: older people, longer windows, higher limits, the next features."""
    kind, *rest = node
    match kind:
        case "and" | "or" | "not":
            return (kind, *(vary(child, variant, defs) for child in rest))
        case "between":
            return kind, rest[0], rest[1] + 2 * variant, rest[2] + variant
        case "has":
            return kind, _next(defs.EVER, rest[0], variant)
        case "within":
            names = defs.LAST if rest[0] in defs.LAST else defs.VAL
            return kind, _next(names, rest[0], variant), rest[1] + 3 * variant
        case "vle":
            return kind, rest[0], round(rest[1] * (1 + variant / 20), 3)
    return node


def _next(names: list[str], name: str, steps: int) -> str:
    return names[(names.index(name) + steps) % len(names)]


def geography(data: Path) -> Geography:
    """The generator's areas in our columns."""
    areas = pl.read_parquet(data / "areas.parquet")
    lsoas = areas.select(
        *(pl.col(name).alias(f"{name}_code") for name in ("lsoa", "msoa", "ward", "pcn")),
        pl.col("place").alias("ltla_code"),
        "imd_quintile",
        pl.col("imd_quintile").alias("local_quintile"),
        pl.lit(None, pl.String).alias("icb_code"),
    )
    practices = pl.read_parquet(data / "practices.parquet")["practice_code"]
    pcn = pl.Series("pcn_code", [f"U{int(code[1:]) // 5}" for code in practices], dtype=pl.String)
    return Geography("PLACE", "Place", "2019", lsoas, pl.DataFrame([practices, pcn]))


class Clock:
    """Seconds by the clock and of the processor, by stage, from when it is made."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.processor: dict[str, float] = {}
        self._last = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used)

    def lap(self, name: str) -> None:
        """End a stage."""
        now = self._now()
        for told, then, since in zip((self.parts, self.processor), now, self._last, strict=True):
            told[name] = told.get(name, 0.0) + then - since
        self._last = now

    def told(self) -> dict[str, Any]:
        """Both times, and the most memory that this process, or the largest of those it started, has had."""
        # Spark's Java is a process of its own.
        whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        peak = sum(resource.getrusage(one).ru_maxrss for one in whose) / 1e6
        return {"parts": self.parts, "processor": self.processor, "peak_gb": peak}


def same_roll_up(cells: Cells, lsoas: pl.DataFrame) -> pl.DataFrame:
    """The prototype's 30 combinations: six levels of area by nobody's, sex, age, ethnic group and quintile.

    A release shows others (see ``evenground.engine.roll_up``); these are here to do what the prototype does.
    """
    levels = ("lsoa_code", "msoa_code", "ward_code", "pcn_code", "ltla_code")
    areas = lsoas.select(*levels, "imd_quintile")
    quintile = areas.select("lsoa_code", "imd_quintile")
    frames = []
    by_lsoa = {
        cut: cells.frame.group_by("lsoa_code", *([cut] if cut else [])).agg(pl.col(cells.measures).sum())
        for cut in ("", "sex", "age_band", "ethnic_group")
    }
    by_lsoa["imd_quintile"] = by_lsoa[""].join(quintile, on="lsoa_code", how="left")
    for cut, frame in by_lsoa.items():
        placed = frame if not cut else frame.rename({cut: "category"})
        named = placed.with_columns(
            pl.col("category").cast(pl.String) if cut else pl.lit("").alias("category"),
            pl.lit(cut).alias("cut"),
        ).join(areas.drop("imd_quintile"), on="lsoa_code", how="left")
        for level in (*levels, None):
            area = pl.col(level).fill_null("unknown") if level else pl.lit("all")
            keyed = named.with_columns(area.alias("area"), pl.lit(level or "all").alias("level"))
            keys = ("level", "area", "cut", "category")
            frames.append(keyed.group_by(keys).agg(pl.col(cells.measures).sum()))
    return pl.concat(frames)


def run_ours(data: Path, engine: str = "duckdb", definitions: str = "definitions") -> dict[str, Any]:
    """Count and roll up, and say how long each took."""
    clock = Clock()
    place = geography(data)
    loaded = load_definitions(data / definitions)
    clock.lap("load")
    told: list[str] = []

    def started(what: str) -> None:
        if not told and what != "Starting Spark":
            clock.lap("start")
            told.append(what)

    cells = count(
        loaded,
        persons=data / "persons.parquet",
        events=data / "events.parquet",
        lsoas=place.lsoas,
        as_at=AS_AT,
        memory_limit=MEMORY_LIMIT,
        engine=engine,
        progress=started,
    )
    clock.lap("count")
    rolled = roll_up(cells, place)
    clock.lap("roll up")
    same = same_roll_up(cells, place.lsoas)
    clock.lap("30 combinations")
    sums = {name: int(cells.frame[name].sum()) for name in cells.measures}
    return clock.told() | {"cells": cells.frame.height, "rows": [rolled.height, same.height], "sums": sums}


def run_scan(data: Path) -> dict[str, Any]:
    """Read the same columns and do nothing with them: the lower bound."""
    clock = Clock()
    # Sums, because a maximum may be answered from the files' statistics without reading them.
    events = "sum(person_id), sum(length(code_system)), sum(length(code)), sum(day(event_date)), sum(value)"
    texts = ", ".join(
        f"sum(length({name}))" for name in ("sex", "ethnic_group", "lsoa_code", "practice_code")
    )
    persons = f"sum(day(birth_date)), {texts}"
    for table, columns in (("events", events), ("persons", persons)):
        duckdb.sql(f"SELECT {columns} FROM read_parquet('{data}/{table}.parquet')").fetchall()
    clock.lap("scan")
    return clock.told()


PROTOTYPE = """
import json, resource, runpy, sys, duckdb
# The prototype reads one list of column names from a pandas frame; a plain dictionary serves as well.
def columns(result):
    names = [column[0] for column in result.description]
    return dict(zip(names, zip(*result.fetchall())))
duckdb.DuckDBPyConnection.df = columns
used = lambda: (lambda own: own.ru_utime + own.ru_stime)(resource.getrusage(resource.RUSAGE_SELF))
started = used()
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
runpy.run_path(sys.argv[0], run_name="__main__")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps({"processor": used() - started, "peak_gb": peak}))
"""
STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "ours": run_ours,
    "scan": run_scan,
    "hundred": partial(run_ours, definitions="definitions_100"),
    "spark": partial(run_ours, engine="spark"),
}


def run(arguments: list[str], cwd: Path) -> str:
    """The output of a command."""
    return subprocess.run(arguments, check=True, capture_output=True, text=True, cwd=cwd).stdout


def run_prototype(script: Path, arguments: list[str], cwd: Path) -> tuple[str, dict[str, float]]:
    """What one of the prototype's scripts prints, its processor time and its peak memory."""
    *lines, used = run([sys.executable, "-c", PROTOTYPE, str(script), *arguments], cwd).splitlines()
    found: dict[str, float] = json.loads(used)
    return "\n".join(lines), found


def step(name: str, data: Path) -> dict[str, Any]:
    """One of our steps in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.engine", "--step", name, "--data", str(data)]
    found: dict[str, Any] = json.loads(run(command, Path(__file__).resolve().parent.parent))
    return found


def prototype(yardstick: Path, data: Path) -> dict[str, Any]:
    """The prototype's ``bits_mat``: its own stage times, and its sums."""
    out = data / "yardstick_cells.parquet"
    text, used = run_prototype(
        yardstick / "one_pass.py", [str(data), "bits_mat", MEMORY_LIMIT, str(out)], data
    )
    stages = dict(part.split("=") for part in text.splitlines()[-1].split()[1:])
    cells = pl.read_parquet(out)
    sums = {
        name.replace("_d", "__denominator").replace("_n", "__numerator"): int(cells[name].sum())
        for name in cells.columns
        if name.endswith(("_d", "_n"))
    }
    parts = {key: float(value.removesuffix("s")) for key, value in stages.items()}
    return {
        "parts": parts,
        "sums": sums,
        "processor": {"all": used["processor"]},
        "peak_gb": used["peak_gb"],
    }


def prepare(yardstick: Path, data: Path, persons: float) -> None:
    """Make the records once, in the prototype's form and in ours."""
    if not (data / "areas.parquet").is_file():
        run([sys.executable, str(yardstick / "gen.py"), str(persons), str(data)], data)
    if not (data / "practices.parquet").is_file():
        duckdb.sql(CONTRACT.format(data=data))
    for name, variants in (("definitions", 1), ("definitions_100", VARIANTS)):
        if not (data / name).is_dir():
            write_definitions(yardstick, data / name, variants)


def best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run with the least processor time, which what else the machine does tells least in."""
    return min(runs, key=lambda run: total(run, "processor"))


def total(found: Mapping[str, Any], of: str = "parts") -> float:
    """The seconds of all stages, by the clock or of the processor."""
    return float(sum(found[of].values()))


def show(name: str, found: Mapping[str, Any]) -> None:
    """One line: seconds by stage, of the processor, and memory."""
    stages = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in found["parts"].items())
    print(
        f"{name:10} {total(found):6.2f} s ({stages}); processor {total(found, 'processor'):.1f} s; "
        f"peak {found['peak_gb']:.2f} GB",
        flush=True,
    )


def ratio(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """By the clock, and of the processor."""
    by_clock, processor = (total(one, of) / total(other, of) for of in ("parts", "processor"))
    return f"{by_clock:.2f} (by processor time {processor:.2f})"


def main() -> None:
    """Print seconds by stage, peak memory, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=float, default=200_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--hundred", action="store_true")
    parser.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--step", choices=STEPS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(STEPS[arguments.step](arguments.data)))
        return
    yardstick = prototype_folder()
    if not yardstick.is_dir():
        print("Not run: the prototype is not here. Set EVENGROUND_SHARED to the folder that holds it.")
        return
    others = [
        *(["hundred"] if arguments.hundred else []),
        *(["spark"] if arguments.engine == "spark" else []),
    ]
    with tempfile.TemporaryDirectory() as made:
        data = (arguments.data or Path(made)).resolve()
        data.mkdir(exist_ok=True)
        try:
            prepare(yardstick, data, arguments.persons)
            report(yardstick, data, arguments.repeat, others)
        except subprocess.CalledProcessError as error:
            print(f"Not run: a step ended with: {error.stderr.strip().splitlines()[-1]}")


def report(yardstick: Path, data: Path, repeat: int, others: list[str]) -> None:
    """Run everything in turn, compare the counts, and print."""
    runs = [
        {"scan": step("scan", data), "prototype": prototype(yardstick, data), "ours": step("ours", data)}
        for _ in range(repeat)
    ]
    found = {name: best([run[name] for run in runs]) for name in runs[0]}
    found |= {name: step(name, data) for name in others}
    for name, one in found.items():
        show(name, one)
    ours = found["ours"]
    print(f"cells {ours['cells']:,}, rows {ours['rows']}; {_differences(ours, found['prototype'])}")
    print(f"ours to prototype {ratio(ours, found['prototype'])}")
    print(f"ours to scan {ratio(ours, found['scan'])}")
    if "hundred" in found:
        print(f"a hundred indicators to twenty {ratio(found['hundred'], ours)}")
    if "spark" in found:
        print(f"Spark to ours {ratio(found['spark'], ours)}; {_differences(found['spark'], ours)}")


def _differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    differ = [name for name, own in one["sums"].items() if other["sums"].get(name, own) != own]
    return f"sums that differ: {differ or 'none'}"


if __name__ == "__main__":
    main()
