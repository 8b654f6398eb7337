"""The files of people of a whole workspace, sealed at rest or opened again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from evenground.audit_log import Event
from evenground.errors import Fault, WorkspaceError
from evenground.pipeline.releasing import log_event
from evenground.pipeline.retention import find_named, list_patterns
from evenground.sealing import (
    SUFFIX,
    find_sealed,
    holds,
    read_identities,
    read_recipients,
    seal_file,
    unseal_file,
)
from evenground.workspace import Workspace, told_if_full

if TYPE_CHECKING:
    from pyrage import x25519

_OURS: Final = (
    "prepared/*/*.parquet",
    "linkages/*/crosswalk.parquet",
    "linkages/*/review.csv",
    "cohorts/*.csv",
)
"""What the secure zone keeps of people from one run to the next."""


def find_plain(workspace: Workspace) -> list[Path]:
    """The files of people in the workspace that are not sealed: of sources, of opt-outs, of the secure zone.

    What lies outside the workspace is not told, nor what is there by a link.
    """
    root = workspace.root.resolve()
    named = {
        path
        for patterns in list_patterns(workspace).values()
        for one in patterns
        for path in find_named(workspace.root, one)
    }
    files = {file for path in named for file in (path.rglob("*") if path.is_dir() else (path,))}
    files |= {file for pattern in _OURS for file in workspace.secure.glob(pattern)}
    return sorted(
        file
        for file in files
        if file.is_file()
        and not file.is_symlink()
        and file.suffix != SUFFIX
        and file.resolve().is_relative_to(root)
    )


def find_all_sealed(workspace: Workspace) -> list[Path]:
    """Every sealed file of the workspace, what the secure zone keeps included."""
    ours = (file for pattern in _OURS for file in workspace.secure.glob(pattern + SUFFIX))
    return sorted({*find_sealed(workspace.root), *ours})


def seal_workspace(workspace: Workspace, on_file: Callable[[Path], None] | None = None) -> int:
    """Seal every plain file of people, and say how many.

    A file is sealed beside itself, read back with the private key of the environment and compared; only then
    does the plain one go. What stops this leaves each file in one of its two forms, and it can be run again.

    Raises
    ------
    WorkspaceError
        Where ``place.toml`` names no public key, or the private key at hand belongs to none of them:
        nothing is sealed then.
    """
    keys = workspace.place.secure.recipients
    if not keys:
        fix = "Make a pair with 'evenground data key', and write: recipients = [\"age1...\"]."
        fault = Fault("place.toml, secure.recipients", "names no public key to seal to.", fix)
        raise WorkspaceError("Nothing was sealed.", [fault])
    recipients, identities = read_recipients(keys), read_identities()
    if not {str(one.to_public()) for one in identities} & set(keys):
        what = "is the other half of no public key in place.toml: nobody here could open the files."
        fault = Fault(
            "The environment variable EVENGROUND_IDENTITY", what, "Give the private key of one of them."
        )
        raise WorkspaceError("Nothing was sealed.", [fault])
    plain = find_plain(workspace)
    with told_if_full(workspace.root):
        for file in plain:
            if on_file:
                on_file(file)
            digest, twin = _digest(file), file.with_name(file.name + SUFFIX)
            if twin.exists():
                _require_same(workspace, file, holds(twin, digest, identities))
                file.unlink()
                continue
            seal_file(file, recipients, lambda made, told=digest: _require_whole(made, told, identities))  # type: ignore[misc]
    if plain:
        log_event(workspace, Event.DATA_SEALED, {"files": len(plain)})
    return len(plain)


def unseal_workspace(workspace: Workspace, on_file: Callable[[Path], None] | None = None) -> int:
    """Open every sealed file in its place for good, and say how many.

    Raises
    ------
    WorkspaceError
        Where there is no private key, or a file does not open with it; that file and the rest stay sealed.
    """
    sealed = find_all_sealed(workspace)
    if not sealed:
        return 0
    identities = read_identities()
    log_event(workspace, Event.DATA_UNSEALED, {"files": len(sealed)})
    with told_if_full(workspace.root):
        for file in sealed:
            if on_file:
                on_file(file)
            target = file.with_name(file.name.removesuffix(SUFFIX))
            if target.exists():
                _require_same(workspace, target, holds(file, _digest(target), identities))
            else:
                unseal_file(file, target, identities, str(file.relative_to(workspace.root)))
            file.unlink()
    return len(sealed)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _require_whole(made: Path, sha256: str, identities: Sequence[x25519.Identity]) -> None:
    if not holds(made, sha256, identities):
        fault = Fault(
            made.name, "does not give back what was sealed.", "Check the disk. The plain file is as it was."
        )
        raise WorkspaceError("A file was not sealed.", [fault])


def _require_same(workspace: Workspace, file: Path, is_same: bool) -> None:
    """An interruption leaves two forms of the same file; of two that differ, somebody has to choose."""
    if not is_same:
        what = "lies there sealed as well, and the two differ: which of them is meant?"
        fault = Fault(str(file.relative_to(workspace.root)), what, "Remove one of them, and run this again.")
        raise WorkspaceError("A file is there twice.", [fault])
