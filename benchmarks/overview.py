"""How long the overview of a profile takes: 60 indicators against 170 areas, and against all of England's.

Run with ``python -m benchmarks.overview [--areas N] [--england] [--rounds N]``; each figure is a median.
'Cold' reads the release from disk and puts the page together anew; 'kept' asks for it again. Beside the clock
stands the time of the processor, and above them how long a bare read of the table of figures takes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

ENGLAND = 33_755


def main() -> None:
    """Make the release, ask for the pages, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--areas", type=int, default=170)
    parser.add_argument("--england", action="store_true", help="all of England's small areas")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    areas = ENGLAND if options.england else options.areas
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "evenground_web.config.settings",
            "EVENGROUND_RELEASES": name,
            "EVENGROUND_HOSTS": "testserver",
        }
        _measure(Path(name), areas, options.rounds)


def _measure(folder: Path, areas: int, rounds: int) -> None:
    import django

    django.setup()
    from django.test import Client

    from evenground_web.common import reads as common
    from evenground_web.profiles.reads import area_pages, choices, comparing, overview
    from tests.support.wide_release import WIDE, write_wide_release

    release = write_wide_release(folder, areas=areas)
    client = Client()
    address = f"/profiles/{WIDE}/overview/?by=lsoa"
    codes = "".join(f"&with=X1{number:07}" for number in range(6))
    pages = {
        "overview": address,
        "overview, most often worse first": f"{address}&sort=worse",
        "one area": "/areas/lsoa/X10000003/",
        "six areas compared": f"/compare/?by=lsoa{codes}",
    }
    client.get(address)

    def forget() -> None:
        common._held = None
        for cache in (
            choices._cached_area_choices,
            choices._cached_groups,
            area_pages._read_area_figures,
            overview._breakdown_choices,
            overview._read_overview,
            comparing._subject_choices,
            comparing._read_compared,
        ):
            cache.cache_clear()

    bare, _ = _time(rounds, lambda: pl.read_parquet(release.path / "values.parquet"))
    print(
        f"{areas:,} areas, 60 indicators, {release.table('values').height:,} figures; bare read {bare:.0f} ms"
    )
    print(f"{'page':34} {'cold, ms':>9} {'processor':>9} {'kept, ms':>9} {'processor':>9} {'KB':>7}")
    for name, path in pages.items():
        size = len(client.get(path).content) / 1000
        cold = _time(rounds, lambda path=path: client.get(path), before=forget)  # type: ignore[misc]
        kept = _time(rounds, lambda path=path: client.get(path))  # type: ignore[misc]
        print(f"{name:34} {cold[0]:9.0f} {cold[1]:9.0f} {kept[0]:9.0f} {kept[1]:9.0f} {size:7.0f}")


def _time(
    rounds: int, work: Callable[[], object], before: Callable[[], None] | None = None
) -> tuple[float, float]:
    """Milliseconds by the clock and of the processor."""
    clock, processor = [], []
    for _ in range(rounds):
        if before:
            before()
        start, started = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - started)
    return 1000 * statistics.median(clock), 1000 * statistics.median(processor)


if __name__ == "__main__":
    main()
