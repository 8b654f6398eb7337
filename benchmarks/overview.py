"""How long pages take that read many figures: 60 indicators against 170 areas, or against all of England's.

Run with ``python -m benchmarks.overview [--areas N] [--england] [--periods N] [--rounds N]``; each figure is
a median. Every page is asked for in a process of its own: 'first' is its first request there, which reads the
release from disk; 'other' the first request for another area or indicator, with the release at hand; 'again'
asks for the first once more. Beside the clock stands the time of the processor, and the memory that the
process holds at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

ENGLAND = 33_755
PROFILE = "/profiles/wide"
CODES = "".join(f"&with=X1{number:07}" for number in range(6))
OTHERS = "".join(f"&with=X1{number:07}" for number in range(6, 12))
PAGES = {
    "overview": (f"{PROFILE}/overview/?by=lsoa", f"{PROFILE}/overview/?by=lsoa&page={{last}}"),
    "overview, most often worse first": (
        f"{PROFILE}/overview/?by=lsoa&sort=worse",
        f"{PROFILE}/overview/?by=lsoa&sort=indicator_007",
    ),
    "one indicator, over time": (f"{PROFILE}/indicator_003/", f"{PROFILE}/indicator_041/"),
    "a control chart or why not": (
        f"{PROFILE}/indicator_003/control-chart/?area=lsoa:X10000003",
        f"{PROFILE}/indicator_041/control-chart/?area=lsoa:X10000100",
    ),
    "a funnel or why not": (
        f"{PROFILE}/indicator_003/funnel/?of=lsoa",
        f"{PROFILE}/indicator_041/funnel/?of=lsoa",
    ),
    "one area": ("/areas/lsoa/X10000003/", "/areas/lsoa/X10000100/"),
    "six areas compared": (f"/compare/?by=lsoa{CODES}", f"/compare/?by=lsoa{OTHERS}"),
    "search": ("/search/?q=Small+area+00101", "/search/?q=Indicator+007"),
    "API, an indicator's areas": (
        "/api/v1/values?indicator_id=indicator_003&area_type=lsoa&latest=true&limit=1000",
        "/api/v1/values?indicator_id=indicator_041&area_type=lsoa&latest=true&limit=1000",
    ),
    "API, an area over time": (
        "/api/v1/values?area_code=X10000003&limit=1000",
        "/api/v1/values?area_code=X10000100&limit=1000",
    ),
}


def main() -> None:
    """Make the release, ask for the pages, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--areas", type=int, default=170)
    parser.add_argument("--england", action="store_true", help="all of England's small areas")
    parser.add_argument("--periods", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the release here, or read the one that is there")
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(_ask(options.folder, json.loads(options.ask))))
        return
    areas = ENGLAND if options.england else options.areas
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        if not (folder / "current").is_file():
            _write(folder, areas, options.periods)
        _measure(folder, areas, options.periods, options.rounds)


def _write(folder: Path, areas: int, periods: int) -> None:
    from tests.support.wide_release import write_wide_release

    write_wide_release(folder, areas=areas, periods=periods)


def _measure(folder: Path, areas: int, periods: int, rounds: int) -> None:
    release = folder / (folder / "current").read_text().strip()
    size = (release / "values.parquet").stat().st_size / 1e6
    rows = pl.scan_parquet(release / "values.parquet").select(pl.len()).collect().item()
    start = time.perf_counter()
    pl.read_parquet(release / "values.parquet")
    bare = 1000 * (time.perf_counter() - start)
    print(
        f"{areas:,} areas, 60 indicators, {periods} periods: {rows:,} figures, {size:.0f} MB; "
        f"bare read {bare:.0f} ms"
    )
    heads = ("first", "cpu", "other", "cpu", "again", "cpu", "KB", "MB")
    print(f"{'page, in ms':34}" + "".join(f"{head:>8}" for head in heads))
    last = str(-(-areas // 200))
    for name, paths in PAGES.items():
        found = [_ask_apart(folder, [path.format(last=last) for path in paths]) for _ in range(rounds)]
        columns = [statistics.median(one[number] for one in found) for number in range(len(heads))]
        print(f"{name:34}" + "".join(f"{column:8.0f}" for column in columns), flush=True)


def _ask_apart(folder: Path, paths: list[str]) -> list[float]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.overview",
        "--folder",
        str(folder),
        "--ask",
        json.dumps(paths),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: list[float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _ask(folder: Path, paths: list[str]) -> list[float]:
    """Clock and processor of a page, another and the first again; its size, and the memory held."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "evenground_web.config.settings",
        "EVENGROUND_RELEASES": str(folder),
        "EVENGROUND_HOSTS": "testserver",
    }
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    client.get("/accessibility/")
    first, other = paths
    figures: list[float] = []
    for path in (first, other, first):
        start, started = time.perf_counter(), time.process_time()
        answer = client.get(path)
        figures += [1000 * (time.perf_counter() - start), 1000 * (time.process_time() - started)]
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
    status = Path("/proc/self/status").read_text()
    held = int(status.split("VmRSS:")[1].split()[0]) / 1000
    return [*figures, len(client.get(first).content) / 1000, held]


if __name__ == "__main__":
    main()
