"""What a build notes of each stage: how long it took, and how much memory it held."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from evenground.pipeline import stages
from evenground.pipeline.stages import Clock, Stage

MEGABYTE = 1_000_000
needs_proc = pytest.mark.skipif(stages.read_highest() is None, reason="this system does not tell of memory")


def run(work) -> Stage:
    noted: list[Stage] = []
    with Clock(noted).stage("a stage"):
        work()
    return noted[0]


@needs_proc
def test_a_stage_that_needs_more_memory_than_any_before_is_measured_exactly():
    before = stages.read_highest()
    stage = run(lambda: np.ones(before // 8 + 20 * MEGABYTE).sum())
    assert stage.peak_bytes == stages.read_highest()
    assert stage.peak_bytes > before


@needs_proc
def test_a_stage_that_needs_less_than_one_before_has_a_peak_of_its_own():
    run(lambda: np.ones(60 * MEGABYTE).sum())
    highest = stages.read_highest()
    stage = run(lambda: None)
    assert 0 < stage.peak_bytes < highest - 200 * MEGABYTE


def test_where_the_system_does_not_tell_nothing_is_claimed(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(stages, "_STATM", tmp_path / "statm")
    monkeypatch.setattr(stages, "_STATUS", tmp_path / "status")
    stage = run(lambda: None)
    assert stage.peak_bytes is None
    assert stage.seconds >= 0


def test_what_a_stage_within_another_takes_is_told_of_that_one_alone():
    noted: list[Stage] = []
    clock = Clock(noted)
    with clock.stage("outer"):
        with clock.stage("inner"):
            time.sleep(0.2)
        time.sleep(0.01)
    inner, outer = noted
    assert (inner.name, outer.name) == ("inner", "outer")
    assert 0.01 <= outer.seconds < inner.seconds


def test_a_stage_that_fails_is_not_noted_and_nothing_watches_on():
    noted: list[Stage] = []
    with pytest.raises(ZeroDivisionError), Clock(noted).stage("a stage"):
        raise ZeroDivisionError
    assert noted == []
    assert [thread.name for thread in threading.enumerate() if "memory" in thread.name] == []
