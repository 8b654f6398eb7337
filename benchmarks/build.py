"""The demo's build: where the time goes, and how far from reading the same bytes it is.

Run with ``python -m benchmarks.build [--size N]``.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb

from evenground.pipeline import build_release
from evenground.sources.synthetic import make_wenbury_workspace
from evenground.workspace import load_workspace

SCAN = """
    SELECT (SELECT count(*) + count(DISTINCT sex) FROM read_parquet('{0}/persons.parquet')),
           (SELECT max(code) || max(patient_id) || max(date)::VARCHAR || sum(value)::VARCHAR
            FROM read_parquet('{0}/events.parquet'))
"""


def measure_build(size: int | None) -> None:
    """Make Wenbury, build it twice and print stages, ratio to a bare scan, and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "wenbury"
        start = time.perf_counter()
        make_wenbury_workspace(root, size=size)
        print(f"generate the people: {time.perf_counter() - start:.2f} s")
        build_release(load_workspace(root))
        _, report = build_release(load_workspace(root))
        start = time.perf_counter()
        duckdb.sql(SCAN.format(root / "data")).fetchall()
        scan = time.perf_counter() - start
        for stage in report.stages:
            held = f"{(stage.peak_bytes or 0) / 1e6:8.0f} MB"
            print(f"{stage.name:<45}{stage.seconds:8.2f} s{stage.seconds / scan:8.1f} x the scan{held}")
        print(f"{'Whole build':<45}{report.seconds:8.2f} s{report.seconds / scan:8.1f} x the scan")
        print(f"bare scan of the same columns: {scan:.2f} s; people counted: {report.people_counted:,}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak resident memory: {peak:,.0f} MiB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=None, help="people; all of Wenbury by default")
    measure_build(parser.parse_args().size)
