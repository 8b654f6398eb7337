"""Wenbury in small, built once for all tests that need a whole workspace."""

from __future__ import annotations

from pathlib import Path

from evenground.sources.synthetic import make_wenbury_workspace
from evenground.workspace import Workspace, load_workspace

SMALL = 6_000


def make_small_wenbury(root: Path, *, size: int = SMALL) -> Workspace:
    """A workspace of Wenbury with few people, not yet built."""
    make_wenbury_workspace(root, size=size)
    return load_workspace(root)
