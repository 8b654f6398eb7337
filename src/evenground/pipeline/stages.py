"""How long each stage of a build takes, and how much memory this process holds at most during it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_STATUS: Final = Path("/proc/self/status")
_SAMPLES_EVERY: Final = 0.02


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a build: seconds, and the most memory of this process during it.

    ``peak_bytes`` is the resident set: exact where the stage is the highest point of the process so far, else
    the largest of fifty samples a second. ``None`` where the system does not tell (it is read from ``/proc``,
    which Linux has). Workers of a cluster have memory of their own, which is not in it.
    """

    name: str
    seconds: float
    peak_bytes: int | None = None


class Clock:
    """Times the stages of a build and tells whoever watches which one begins."""

    def __init__(self, stages: list[Stage], on_stage: Callable[[str], None] | None = None) -> None:
        self._stages = stages
        self._on_stage = on_stage
        self._within: list[float] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """One stage. One that fails is not noted; one that comes again, for another date, is told once.

        What a stage within it takes counts for that one alone, so that all stages add up to the build.
        """
        if self._on_stage:
            self._on_stage(name)
        self._within.append(0.0)
        start = time.perf_counter()
        try:
            with watch_memory() as memory:
                yield
        finally:
            seconds = time.perf_counter() - start
            others = self._within.pop()
            if self._within:
                self._within[-1] += seconds
        self._note(Stage(name, seconds - others, memory.peak_bytes))

    def _note(self, stage: Stage) -> None:
        place = next((place for place, one in enumerate(self._stages) if one.name == stage.name), None)
        if place is None:
            self._stages.append(stage)
            return
        before = self._stages[place]
        peaks = [one.peak_bytes for one in (before, stage) if one.peak_bytes is not None]
        self._stages[place] = Stage(stage.name, before.seconds + stage.seconds, max(peaks, default=None))


class Memory:
    """What a watch over the memory of this process has seen."""

    def __init__(self) -> None:
        self._before = read_highest()
        self._sampled = read_resident()
        self._done = threading.Event()
        self.peak_bytes: int | None = None

    def sample(self) -> None:
        """Look at the memory until the watch ends."""
        while not self._done.wait(_SAMPLES_EVERY):
            self._sampled = max(self._sampled or 0, read_resident() or 0)

    def end(self) -> None:
        """End the watch and say what was seen."""
        self._done.set()
        after = read_highest()
        if after is not None and after > (self._before or 0):
            self.peak_bytes = after
        elif self._sampled is not None:
            self.peak_bytes = max(self._sampled, read_resident() or 0)


@contextmanager
def watch_memory() -> Iterator[Memory]:
    """Watch the memory of this process; ``peak_bytes`` of what is given stands when the block has ended."""
    memory = Memory()
    if read_resident() is None:
        yield memory
        return
    watcher = threading.Thread(target=memory.sample, name="memory of the stage", daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        memory.end()
        watcher.join()


def read_resident() -> int | None:
    """The bytes of memory that this process holds now; ``None`` where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return None


def read_highest() -> int | None:
    """The most bytes of memory that this process ever held; ``None`` where the system does not tell."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration, IndexError, ValueError):
        return None
