"""How fast the statistics are, as ratios within one run, beside PHStatsMethods, R and plain NumPy.

Run with ``python -m benchmarks.methods [--groups 300 3000 33755] [--only dsr ...]``. Every program gets the
same input, in a process of its own, so that its peak memory is its own; the time is from data frame to data
frame, with reading left out. PHStatsMethods comes with ``uv sync --group bench``; R's PHEindicatormethods is
measured where ``Rscript`` finds it. The lower bound is one pass over the input with NumPy: its columns' sums.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from evenground.stats import EUROPEAN_STANDARD_POPULATION_2013

LEVELS = [0.95, 0.998]
REPETITIONS = 1000
R_SCRIPT = Path(__file__).with_name("methods.R")
R_SLOW = {("life_expectancy", 33755), ("sii", 33755)}
"""What takes R minutes; ``--slow`` has it measured all the same."""

Run = Callable[[], Any]


def make_bands(groups: int) -> pl.DataFrame:
    """Events and people by 19 age bands: England's LSOAs have about 60 to 100 people in each."""
    rng = np.random.default_rng(19)
    population = rng.integers(20, 300, groups * 19)
    count = rng.binomial(population, np.tile(np.linspace(0.01, 0.2, 19), groups))
    return pl.DataFrame(
        {
            "area_code": np.repeat([f"E01{number:06}" for number in range(groups)], 19),
            "numerator": count,
            "denominator": population,
            "standard_population": np.tile(np.asarray(EUROPEAN_STANDARD_POPULATION_2013), groups),
        }
    )


def make_rows(groups: int) -> pl.DataFrame:
    """A row an area: counts and people."""
    return make_bands(groups).group_by("area_code", maintain_order=True).agg(
        pl.col("numerator", "denominator").sum()
    )  # fmt: skip


def make_life_tables(groups: int) -> pl.DataFrame:
    """Deaths and people by 20 age bands (under 1, 1 to 4, then fives to 90 and over)."""
    rng = np.random.default_rng(20)
    ages = np.array([0, 1, *range(5, 95, 5)])
    population = rng.integers(300, 900, (groups, 20))
    rate = np.clip(0.0001 * np.exp(0.085 * ages), 0.0002, 0.3)
    return pl.DataFrame(
        {
            "area_code": np.repeat([f"E02{number:06}" for number in range(groups)], 20),
            "band_start": np.tile(ages, groups),
            "deaths": rng.binomial(population, rate).ravel(),
            "population": population.ravel(),
        }
    )


def make_deciles(groups: int) -> pl.DataFrame:
    """Rates by deprivation decile, with standard errors."""
    rng = np.random.default_rng(10)
    value = 100 - 4 * np.arange(10) + rng.normal(0, 3, (groups, 10))
    return pl.DataFrame(
        {
            "area_code": np.repeat([f"E06{number:06}" for number in range(groups)], 10),
            "quantile": np.tile(np.arange(1, 11), groups),
            "value": value.ravel(),
            "population": rng.integers(8_000, 16_000, groups * 10),
            "standard_error": rng.uniform(1, 3, groups * 10),
        }
    )


MAKERS: dict[str, Callable[[int], pl.DataFrame]] = {
    "dsr": make_bands,
    "rate": make_bands,
    "proportion": make_bands,
    "rate_rows": make_rows,
    "proportion_rows": make_rows,
    "life_expectancy": make_life_tables,
    "sii": make_deciles,
}
COLUMNS = {"rate": ("numerator", "denominator"), "proportion": ("numerator", "denominator")}


def ours(case: str, frame: Any) -> Run:
    """Our own call, on a Polars or pandas frame."""
    from evenground.stats import frames

    by: dict[str, Any] = {"by": "area_code", "confidence_level": LEVELS}
    rate = {"count": "numerator", "population": "denominator"}
    rows = {"confidence_level": LEVELS}
    calls: dict[str, Run] = {
        "dsr": lambda: frames.calculate_dsr(frame, **rate, **by),
        "rate": lambda: frames.calculate_crude_rate(frame, **rate, **by),
        "proportion": lambda: frames.calculate_proportion(frame, **by),
        "rate_rows": lambda: frames.calculate_crude_rate(frame, **rate, **rows),
        "proportion_rows": lambda: frames.calculate_proportion(frame, **rows),
        "life_expectancy": lambda: frames.calculate_life_expectancy(frame, **by),
        "sii": lambda: frames.calculate_slope_indices(
            frame, polarity="lower_is_better", interval="simulated", repetitions=REPETITIONS, **by
        ),
    }
    return calls[case]


def phstatsmethods(case: str, frame: Any) -> Run | None:
    """The same with PHStatsMethods, where it has it."""
    if importlib.util.find_spec("PHStatsMethods") is None:
        return None
    from PHStatsMethods import ph_dsr, ph_proportion, ph_rate

    by = {"group_cols": ["area_code"], "confidence": LEVELS}
    names = ("numerator", "denominator")
    calls: dict[str, Run] = {
        "dsr": lambda: ph_dsr(frame, *names, "standard_population", euro_standard_pops=False, **by),
        "rate": lambda: ph_rate(frame, *names, **by),
        "proportion": lambda: ph_proportion(frame, *names, **by),
        "rate_rows": lambda: ph_rate(frame, *names, confidence=LEVELS),
        "proportion_rows": lambda: ph_proportion(frame, *names, confidence=LEVELS),
    }
    return calls.get(case)


def lower_bound(frame: pl.DataFrame) -> Run:
    """One pass over the columns of numbers."""
    columns = [frame[name].to_numpy() for name in frame.columns if frame[name].dtype.is_numeric()]
    return lambda: [column.sum() for column in columns]


def measure(run: Run, first: float) -> list[tuple[float, float]]:
    """As many runs as a second or so holds, each by the clock and by the processor."""
    return [_seconds(run) for _ in range(min(50, 3 + int(1 / max(first, 1e-4))))]


def _seconds(run: Run) -> tuple[float, float]:
    start, used = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - used


def run_child(case: str, program: str, file: Path) -> None:
    """Measure one program on one case and print its figures as JSON."""
    frame = pl.read_parquet(file)
    run: Run | None
    if program == "numpy":
        run = lower_bound(frame)
    elif program == "polars":
        run = ours(case, frame)
    elif program == "pandas":
        run = ours(case, frame.to_pandas())
    else:
        run = phstatsmethods(case, frame.to_pandas())
    if run is None:
        return
    before = _peak()
    first = _seconds(run)
    peak = _peak() - before
    times = [first] if first[0] > 3 else measure(run, first[0])
    seconds, processor = (statistics.median(column) for column in zip(*times, strict=True))
    print(json.dumps({"seconds": seconds, "processor": processor, "megabytes": peak}))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ask(command: list[str]) -> dict[str, float] | None:
    """A child's figures, or None where it has none."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode and not lines:
        print(f"  {' '.join(command[1:6])} failed: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(lines[-1]) if lines else None


def has_r() -> bool:
    """Whether R and its package are here."""
    if not shutil.which("Rscript"):
        return False
    asked = ["Rscript", "-e", "quit(status = !requireNamespace('PHEindicatormethods', quietly = TRUE))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def measure_case(case: str, groups: int, folder: Path, *, r: bool) -> dict[str, dict[str, float] | None]:
    """Every program on one case and size."""
    file = folder / f"{case}-{groups}.parquet"
    frame = MAKERS[case](groups)
    frame.write_parquet(file)
    child = [sys.executable, "-m", "benchmarks.methods", "--child", case]
    found = {
        program: ask([*child, "--program", program, "--file", str(file)])
        for program in ("numpy", "polars", "pandas", "PHStatsMethods")
    }
    if r:
        frame.write_csv(file.with_suffix(".csv"))
        found["R"] = ask(["Rscript", str(R_SCRIPT), case, str(file.with_suffix(".csv")), str(REPETITIONS)])
    return found


def tell(case: str, groups: int, found: dict[str, dict[str, float] | None]) -> None:
    """One line a program: time, memory, and how many times ours it takes, by the clock and by the processor.

    On a machine that does other things at the same time the processor's ratio is the one to read.
    """
    own = found["polars"]
    if own is None:
        return
    print(f"\n{case}, {groups:,} groups")
    for program, figures in found.items():
        if figures:
            clock, processor = (figures[name] / own[name] for name in ("seconds", "processor"))
            print(
                f"  {program:15} {figures['seconds'] * 1000:11.2f} ms, "
                f"{figures['processor'] * 1000:11.2f} ms of processor, {figures['megabytes']:5.0f} MB more: "
                f"{clock:8.2f} and {processor:8.2f} times ours"
            )


def main() -> None:
    """Measure what is asked for, all of it by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--groups", type=int, nargs="+", default=[300, 3000, 33755])
    parser.add_argument("--only", nargs="+", choices=list(MAKERS), default=list(MAKERS))
    parser.add_argument("--slow", action="store_true", help="measure R where it takes minutes, too")
    parser.add_argument("--child", choices=list(MAKERS), help=argparse.SUPPRESS)
    parser.add_argument("--program", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_child(given.child, given.program, given.file)
        return
    r = has_r()
    if not r:
        print("R's PHEindicatormethods is not here: it is left out.")
    if importlib.util.find_spec("PHStatsMethods") is None:
        print("PHStatsMethods is not here: it is left out. Run 'uv sync --group bench' to have it.")
    with tempfile.TemporaryDirectory() as name:
        for case in given.only:
            for groups in given.groups:
                with_r = r and (given.slow or (case, groups) not in R_SLOW)
                tell(case, groups, measure_case(case, groups, Path(name), r=with_r))


if __name__ == "__main__":
    main()
