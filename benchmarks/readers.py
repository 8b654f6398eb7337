"""Fifty readers at once: how long they wait for a page of 60 indicators and 170 areas, and for what.

Run with ``python -m benchmarks.readers [--readers N] [--seconds S] [--pause S]``. The site is started as
``evenground serve`` starts it, on this machine's own address. Each reader opens pages at random, one after
the other, with a pause after each; a second run has none. What the time goes to is told by profiling the
same pages in one process.
"""

from __future__ import annotations

import argparse
import cProfile
import http.client
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
from pathlib import Path

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
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "evenground_web",
            "serve",
            "--workspace",
            str(root),
            "--port",
            str(port),
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:
            try:
                _wait_for(port)
                print(f"{options.readers} readers, {options.seconds:.0f} s each; milliseconds")
                heads = ("pause", "pages", "a second", "median", "95th", "longest")
                print(*(f"{head:>8}" for head in heads), "errors")
                for pause in (options.pause, 0.0):
                    _tell(pause, options.seconds, *_read(port, options.readers, options.seconds, pause))
            finally:
                server.terminate()
        _profile()


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


def _wait_for(port: int) -> None:
    for _ in range(120):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.25)
    raise SystemExit("The site did not start.")


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
                connection.request("GET", _pages(chance))
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


def _tell(pause: float, seconds: float, waited: list[float], errors: Counter[str]) -> None:
    ordered = sorted(waited)
    middle, far = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
    told = ", ".join(f"{kind} {count}" for kind, count in errors.items()) or "none"
    rate = len(ordered) / seconds
    print(f"{pause:8.1f} {len(ordered):8,} {rate:8.1f} {middle:8.0f} {far:8.0f} {ordered[-1]:8.0f} {told}")


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
