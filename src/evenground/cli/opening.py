"""What several commands open and write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from evenground.errors import ReleaseError, suggest

if TYPE_CHECKING:
    import polars as pl

    from evenground.releases import Release


def open_release(workspace: Path, release_id: str | None) -> Release:
    """A release of a workspace by its id; the current one where none is named."""
    from evenground.releases import current_release, list_releases, load_release
    from evenground.workspace import load_workspace

    folder = load_workspace(workspace).releases
    if release_id is None:
        return current_release(folder)
    if not (folder / release_id).is_dir():
        known = [release.id for release in list_releases(folder)]
        raise ReleaseError(f'There is no release "{release_id}" in {folder}. {suggest(release_id, known)}')
    return load_release(folder / release_id)


def require_table_path(path: Path) -> None:
    """Raise unless a table can be written there: a CSV or Parquet file in a folder that is there."""
    if path.suffix not in {".csv", ".parquet"}:
        raise typer.BadParameter(f"{path.name} must end in .csv or .parquet.", param_hint="--out")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"the folder {path.parent} is not there.", param_hint="--out")


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as a CSV or Parquet file, whole or not at all."""
    require_table_path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if path.suffix == ".csv":
            frame.write_csv(temporary)
        else:
            frame.write_parquet(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
