"""Wenbury in small, built once for all tests that need a whole workspace."""

from __future__ import annotations

from pathlib import Path

from evenground.sources.synthetic import make_wenbury_workspace
from evenground.workspace import Workspace, load_workspace

SMALL = 6_000


def make_small_wenbury(root: Path, *, size: int = SMALL) -> Workspace:
    """A workspace of Wenbury with few people, not yet built.

    Its builds attack themselves by sums alone: of so few people nearly every count is small, and linear
    programs would take most of the time of most tests. What they find is tested by itself.
    """
    make_wenbury_workspace(root, size=size)
    place = root / "place.toml"
    place.write_text(place.read_text().replace("[disclosure]\n", '[disclosure]\nattack = "sums"\n', 1))
    return load_workspace(root)
