"""Records in buckets: two folders of files of the same names, persons in one and their events in the other.

A bucket is counted by itself, so that what has to be in memory is bounded by the largest bucket and not by
all people. Everybody is in one bucket with all their events; which one makes no difference to any count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from evenground.engine.request import Answer
from evenground.engine.sql import CELL_KEYS, GROUP_KEYS, PRACTICE_KEYS
from evenground.errors import Fault

PATTERN = "*.parquet"


def find_files(path: Path) -> list[Path]:
    """The files of a table: itself, or those of its folder in the order of their names."""
    return sorted(path.glob(PATTERN)) if path.is_dir() else [path]


def pair_buckets(persons: Path, events: Path) -> list[tuple[Path, Path]]:
    """Each bucket's persons and events; of two plain files, these."""
    return list(zip(find_files(persons), find_files(events), strict=True))


def check_pairs(persons: Path, events: Path) -> list[Fault]:
    """What is wrong with two folders that should hold the same buckets."""
    if not persons.is_dir() and not events.is_dir():
        return []
    fix = "Run 'evenground data prepare' again."
    if persons.is_dir() != events.is_dir():
        return [Fault(f"{persons.name} and {events.name}", "are not both folders of buckets.", fix)]
    names = [{file.name for file in find_files(table)} for table in (persons, events)]
    if not any(names):
        return [Fault(persons.name, "holds no bucket.", fix)]
    return [
        Fault(f"{(events if name in names[0] else persons).name}/{name}", "is not there.", fix)
        for name in sorted(names[0] ^ names[1])
    ]


def merge_answers(answers: Iterable[Answer]) -> Answer:
    """The answers of all buckets as one: counts of the same people's group added up."""
    parts = list(answers)
    groups = [part.groups for part in parts if part.groups is not None]
    return Answer(
        _add_up([part.cells for part in parts], CELL_KEYS),
        _add_up([part.practices for part in parts], PRACTICE_KEYS),
        _add_up(groups, GROUP_KEYS) if groups else None,
    )


def _add_up(frames: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    if len(frames) == 1:
        return frames[0]
    # Counts that were packed are narrower than others.
    return pl.concat(frames, how="vertical_relaxed").group_by(keys).agg(pl.exclude(keys).sum())
