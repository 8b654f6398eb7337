"""Whether the disk that a workspace lies on is known to be encrypted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from evenground.pipeline.sealed import find_plain
from evenground.workspace import Workspace

_BLOCKS: Final = Path("/sys/dev/block")


def warn_of_plain_disk(workspace: Workspace, blocks: Path = _BLOCKS) -> str:
    """A warning where a real place's records lie on a disk that Linux does not know to be encrypted.

    Empty where there is nothing to warn of: an invented place, or a place that states that its disk is
    encrypted below the operating system.
    """
    place = workspace.place
    if place.place.synthetic or place.secure.encrypted_volume or is_encrypted(workspace.root, blocks):
        return ""
    return (
        "The workspace lies on a disk that is not known to be encrypted. Put it on an encrypted volume, or "
        "state that the disk is encrypted elsewhere: [secure] encrypted_volume = true."
    )


def warn_of_plain_files(workspace: Workspace) -> str:
    """A warning where a place that seals its files of people has plain ones; empty where it has none."""
    if not workspace.place.secure.recipients:
        return ""
    plain = [str(file.relative_to(workspace.root)) for file in find_plain(workspace)]
    if not plain:
        return ""
    named = ", ".join(plain[:3]) + (f" and {len(plain) - 3} more" if len(plain) > 3 else "")
    return f"Not sealed: {named}. Run 'evenground data seal'."


def is_encrypted(path: Path, blocks: Path = _BLOCKS) -> bool:
    """Whether the path lies on a device-mapper volume of dm-crypt, itself or through what it is built on."""
    device = path.stat().st_dev
    waiting = [blocks / f"{os.major(device)}:{os.minor(device)}"]
    seen: set[Path] = set()
    while waiting:
        block = waiting.pop().resolve()
        if block in seen or not block.is_dir():
            continue
        seen.add(block)
        name = block / "dm" / "uuid"
        if name.is_file() and name.read_text(encoding="ascii", errors="replace").startswith("CRYPT-"):
            return True
        slaves = block / "slaves"
        waiting += slaves.iterdir() if slaves.is_dir() else ()
    return False
