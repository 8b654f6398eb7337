"""How long the last build of a release took, beside the release: it is no part of what the release says.

::

    releases/decisions/<id>/stages.json

A release is named after its content, and two builds of the same content never take the same time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from evenground.gate.candidates import CANDIDATES, DECISIONS
from evenground.releases import Release
from evenground.workspace import write_atomically

FILE: Final = "stages.json"


class BuildStage(BaseModel):
    """A stage of a build: its seconds, and the most memory in bytes during it, where the system tells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    seconds: float
    peak_bytes: int | None = None


_STAGES: Final = TypeAdapter(tuple[BuildStage, ...])


def write_stages(release: Release, stages: Iterable[BuildStage]) -> None:
    """Note how long the build of a release took, in the place of what an earlier build of it took."""
    content = [stage.model_dump() for stage in stages]
    write_atomically(_path(release), json.dumps(content, indent=1).encode())


def read_stages(release: Release) -> tuple[BuildStage, ...]:
    """The stages of a release's last build in their order; none where nobody noted them."""
    try:
        return _STAGES.validate_json(_path(release).read_bytes())
    except (OSError, ValidationError):
        return ()


def _path(release: Release) -> Path:
    folder = release.path.parent
    return (folder.parent if folder.name == CANDIDATES else folder) / DECISIONS / release.id / FILE
