"""The release gate: a build makes a candidate, and another person decides whether the site shows it."""

from evenground.gate.build_times import BuildStage, read_stages, write_stages
from evenground.gate.candidates import (
    Candidate,
    Entry,
    LogLine,
    approve,
    find_candidate,
    list_candidates,
    read_history,
    release_without_approval,
    require_released,
    send_back,
    submit_candidate,
)
from evenground.gate.differences import Differences, compare_releases

__all__ = [
    "BuildStage",
    "Candidate",
    "Differences",
    "Entry",
    "LogLine",
    "approve",
    "compare_releases",
    "find_candidate",
    "list_candidates",
    "read_history",
    "read_stages",
    "release_without_approval",
    "require_released",
    "send_back",
    "submit_candidate",
    "write_stages",
]
