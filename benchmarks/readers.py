"""Fifty readers at once: how long they wait for a page of 60 indicators and 170 areas, and for what.

Run with ``python -m benchmarks.readers [--readers N] [--seconds S] [--pause S] [--processes N]``. The site is
started as ``evenground serve`` starts it, on this machine's own address, with one process and then with
several. After four seconds of warming up each reader opens pages at random, one after the other, with a pause
after each; a second run has none. Beside the times stands the processor's time of the site for a page. What
the time goes to is told by profiling the same pages in one process.
"""

from __future__ import annotations

import argparse
import cProfile
import http.client
import math
import os
import pstats
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenground_web.workers import usual_number

AREAS = 170
PARTS = {
    "database": ("django/db/", "sqlite3"),
    "templates": ("jinja2", "markupsafe", "<template>", ".jinja"),
    "figures (Polars, NumPy)": ("polars", "numpy", "scipy"),
    "pictures (Vega)": ("vl_convert",),
}


def main() -> None:
    """Make the release, start the site, let the readers read, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds after each page")
    parser.add_argument("--processes", type=int, default=usual_number())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "evenground_web.config.settings",
            "EVENGROUND_RELEASES": str(root / "releases"),
            "EVENGROUND_HOSTS": "testserver",
        }
        from tests.support.wide_release import write_wide_release

        write_wide_release(root / "releases", areas=AREAS)
        print(f"{options.readers} readers, {options.seconds:.0f} s each; milliseconds")
        heads = ("processes", "pause", "pages", "a second", "median", "95th", "longest", "processor")
        print(*(f"{head:>9}" for head in heads), "errors")
        for processes in sorted({1, options.processes}):
            for pause in (options.pause, 0.0):
                with _started(root, processes) as (port, numbers):
                    _read(port, 8 * processes, 4, 0.0)
                    before = _processor_seconds(numbers)
                    waited, errors = _read(port, options.readers, options.seconds, pause)
                    spent = 1000 * (_processor_seconds(numbers) - before) / len(waited)
                    _tell(processes, pause, options.seconds, waited, spent, errors)
        _profile()


@contextmanager
def _started(root: Path, processes: int) -> Iterator[tuple[int, list[int]]]:
    """The site: its port, and the numbers of its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = ("--workspace", str(root), "--port", str(port), "--processes", str(processes))
    command = [sys.executable, "-m", "evenground_web", "serve", *told]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            while "Press Ctrl-C" not in server.stdout.readline():  # type: ignore[union-attr]
                if server.poll() is not None:
                    raise SystemExit("The site did not start.")
            yield port, [server.pid, *_children(server.pid)]
        finally:
            server.terminate()


def _children(number: int) -> list[int]:
    listed = Path(f"/proc/{number}/task/{number}/children")
    return [int(child) for child in listed.read_text().split()] if listed.is_file() else []


def _processor_seconds(numbers: list[int]) -> float:
    """Of these processes so far; not a number where the system does not tell."""
    files = [Path(f"/proc/{number}/stat") for number in numbers]
    if not all(file.is_file() for file in files):
        return math.nan
    fields = [file.read_text().rpartition(")")[2].split() for file in files]
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


def _pages(chance: random.Random) -> str:
    area = chance.randrange(AREAS)
    codes = "".join(f"&with=X1{number:07}" for number in chance.sample(range(AREAS), 4))
    return chance.choice(
        (
            "/",
            "/profiles/wide/",
            f"/profiles/wide/?area=lsoa:X1{area:07}",
            "/profiles/wide/overview/?by=lsoa",
            f"/areas/lsoa/X1{area:07}/",
            f"/compare/?by=lsoa{codes}",
            f"/search/?q=area+{area}",
            "/about-the-data/",
        )
    )


def _read(port: int, readers: int, seconds: float, pause: float) -> tuple[list[float], Counter[str]]:
    """Milliseconds of every page, and what went wrong, by kind."""
    waited: list[float] = []
    errors: Counter[str] = Counter()
    end = time.perf_counter() + seconds

    def read(number: int) -> None:
        chance = random.Random(number)  # noqa: S311
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.perf_counter() < end:
            start = time.perf_counter()
            try:
                connection.request("GET", _pages(chance), headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    errors[str(answer.status)] += 1
            except (OSError, http.client.HTTPException) as error:
                errors[type(error).__name__] += 1
                connection.close()
            waited.append(1000 * (time.perf_counter() - start))
            time.sleep(pause * (0.5 + chance.random()))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waited, errors


def _tell(
    processes: int, pause: float, seconds: float, waited: list[float], spent: float, errors: Counter[str]
) -> None:
    ordered = sorted(waited)
    middle, far = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
    told = ", ".join(f"{kind} {count}" for kind, count in errors.items()) or "none"
    rate = len(ordered) / seconds
    times = (f"{number:9.0f}" for number in (middle, far, ordered[-1]))
    print(
        f"{processes:9} {pause:9.1f} {len(ordered):9,} {rate:9.1f}",
        *times,
        f"{spent:9.1f} {told}",
        flush=True,
    )


def _profile() -> None:
    """Where the processor's time goes, page for page as the readers open them."""
    import django

    django.setup()
    from django.test import Client

    client, chance = Client(), random.Random(1)  # noqa: S311
    client.get("/profiles/wide/overview/?by=lsoa")
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(200):
        client.get(_pages(chance))
    profile.disable()
    spent: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        place = f"{file} {name}"
        part = next((part for part, words in PARTS.items() if any(word in place for word in words)), "Python")
        spent[part] += own
    whole = sum(spent.values())
    print(
        "share of the processor's time:",
        ", ".join(f"{p} {100 * s / whole:.0f} %" for p, s in spent.most_common()),
    )


if __name__ == "__main__":
    main()
