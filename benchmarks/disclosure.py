"""What hiding for the sake of others loses and how long it takes, beside hiding small counts alone and a
plain heuristic.

Run with ``python -m benchmarks.disclosure [--towns N] [--size N]``. Made-up towns are published under each
policy in three ways: small counts alone; with a heuristic after the hypercube method (Giessing and
Repsilber 2002): for each small count that stands alone in a row, a further count of each row that it is in
is hidden, the smallest first, until no row has a single one; and with what Evenground chooses. The attack
counts what each gives away. Then Wenbury is built, and the stages of the build that protect and attack are
set beside the others.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from evenground.disclosure import Published, audit, load_policy, withhold_figures
from evenground.disclosure.attack import begin
from evenground.disclosure.knowledge import MEASURE
from evenground.disclosure.relations import GROUP
from evenground.pipeline import build_release
from evenground.sources.synthetic import make_wenbury_workspace
from evenground.workspace import load_workspace
from tests.support.town import close, make_town, publish

POLICIES = ("nhs-7-5", "threshold-10")


def hide_by_rows(release: Published) -> Published:
    """The plain heuristic: no sum is left with a single hidden count."""
    state = begin([release])
    system, counts = state.table.system, state.counts
    hidden = np.concatenate([counts.is_hidden, np.zeros(len(state.table.derived), dtype=bool)])
    shown = np.concatenate(
        [counts.is_shown & (counts.lower > 0), np.zeros(len(state.table.derived), dtype=bool)]
    )
    start = hidden.copy()
    while True:
        lone = np.flatnonzero(np.bincount(system.rows, hidden[system.columns], len(system.least)) == 1)
        candidates = np.isin(system.rows, lone) & shown[system.columns] & ~hidden[system.columns]
        if not candidates.any():
            break
        rows, columns = system.rows[candidates], system.columns[candidates]
        order = np.lexsort((columns, system.upper[columns], rows))
        _, first = np.unique(rows[order], return_index=True)
        hidden[columns[order][first]] = True
    added = (hidden & ~start)[: len(counts.lower)]
    own = counts.of(release.name)
    measure, group = np.nonzero((own >= 0) & added[np.maximum(own, 0)])
    named = pl.concat(
        [counts.measures[measure].select(MEASURE[1:]), counts.groups[group].select(GROUP)], how="horizontal"
    )
    values = withhold_figures(release.tables["values"], named, release.policy)
    return replace(release, tables={**release.tables, "values": values})


def count_hidden(release: Published) -> int:
    """Numerators and denominators that are not shown."""
    values = release.tables["values"]
    return values["numerator"].null_count() + values["denominator"].null_count()


def measure_towns(towns: int) -> None:
    """Print, for each policy, what is hidden and what is given away."""
    print(f"{'policy':<14}{'way':<28}{'counts hidden':>14}{'share':>8}{'given away':>12}{'seconds':>9}")
    for name in POLICIES:
        policy = load_policy(name)
        ways = {"small counts alone": None, "a second count in each row": hide_by_rows, "Evenground": close}
        for way, protect in ways.items():
            hidden = total = leaks = 0
            seconds = 0.0
            for seed in range(towns):
                release = publish(make_town(seed, mean=(3.0, 9.0, 25.0)[seed % 3]), policy, secondary=False)
                start = time.process_time()
                release = protect(release) if protect else release
                seconds += time.process_time() - start
                hidden += count_hidden(release)
                total += 2 * release.tables["values"].height
                leaks += len(audit(release).findings)
            print(f"{name:<14}{way:<28}{hidden:>14,}{hidden / total:>8.1%}{leaks:>12,}{seconds:>9.1f}")


def measure_wenbury(size: int | None) -> None:
    """Print what the attack costs beside the rest of a build."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "wenbury"
        make_wenbury_workspace(root, size=size)
        release, report = build_release(load_workspace(root))
        seconds = {stage.name: stage.seconds for stage in report.stages}
        attack = sum(seconds[name] for name in seconds if name.startswith("Attack"))
        whole = sum(seconds.values())
        figures = release.table("values").height
        print(f"{report.people_counted:,} people, {figures:,} figures: build {whole:.1f} s")
        for name, taken in seconds.items():
            print(f"  {name}: {taken:.1f} s")
        print(f"attack to the rest of the build: {attack / (whole - attack):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--towns", type=int, default=30)
    parser.add_argument("--size", type=int, default=20_000, help="people of Wenbury; 0 for all")
    options = parser.parse_args()
    measure_towns(options.towns)
    measure_wenbury(options.size or None)
