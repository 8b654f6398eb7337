"""What several commands open and write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from evenground.cli.consoles import problems
from evenground.errors import AuditLogError, InputError, ReleaseError, suggest

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


def note_export(workspace: Path, release: Release, path: Path, what: str) -> None:
    """A line in the log of the secure zone for a file with figures of a release.

    Who may read a release need not be allowed into the secure zone: then it is said that no line was written.
    """
    from evenground.audit_log import Event
    from evenground.pipeline.releasing import log_event
    from evenground.workspace import load_workspace

    try:
        facts = {"release": release.id, "file": path.name, "what": what}
        log_event(load_workspace(workspace), Event.EXPORTED, facts)
    except AuditLogError as error:
        problems.print(f"Note: this export is in no log. {error}")


def read_table(path: Path) -> pl.DataFrame:
    """A CSV file with every column as text, or a Parquet file."""
    import polars as pl

    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    if path.suffix not in {".csv", ".parquet"}:
        raise InputError(f"{path.name} must be a .csv or a .parquet file.")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        # As text: a code such as 01234 is not a number.
        return pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path.name} cannot be read as a table ({type(error).__name__}).") from None


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
