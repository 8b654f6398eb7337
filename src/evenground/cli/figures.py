"""``evenground figures``: files of published figures, checked before they are put into a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from evenground.cli.consoles import console
from evenground.errors import SourceError

if TYPE_CHECKING:
    from evenground.sources.aggregates.checking import FileCheck

app = typer.Typer(help="Check files of published figures.", no_args_is_help=True)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]
_MOST_SHOWN = 30


@app.callback()
def figures() -> None:
    """Check files of published figures."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A CSV file of Fingertips.")],
    source: Annotated[str, typer.Option(help="The source of place.toml that it is for.")],
    workspace: WorkspaceOption = Path(),
    name: Annotated[str | None, typer.Option(help="The name that it is to have.", show_default=False)] = None,
    rows: Annotated[
        Path | None, typer.Option(help="Write what became of each row to this CSV file.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write the findings to this JSON file.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where temporary files stand.", show_default=False)
    ] = None,
) -> None:
    """Say what a build would make of a file, row by row, before it is put beside others."""
    from evenground.sources.aggregates.checking import check_figure_file
    from evenground.workspace import load_workspace, write_atomically

    found = check_figure_file(load_workspace(workspace), file, source=source, name=name, folder=folder)
    if rows:
        write_atomically(rows, found.rows.write_csv().encode())
    if report:
        write_atomically(report, json.dumps(_as_json(found), sort_keys=True).encode())
    _show(found)
    if found.faults:
        raise SourceError("The file cannot be used.", found.faults)


def _as_json(found: FileCheck) -> dict[str, object]:
    return {
        "verdict": str(found.verdict),
        "read": found.read,
        "kept": found.kept,
        "notes": list(found.notes),
        "faults": [{"where": one.where, "what": one.what, "fix": one.fix} for one in found.faults],
    }


def _show(found: FileCheck) -> None:
    if not found.read:
        return
    console.print(f"{found.kept:,} of {found.read:,} rows would be used.")
    counted = found.rows.group_by("outcome", "reason", maintain_order=True).len()
    if counted.is_empty():
        return
    table = Table("Outcome", "Reason", "Rows")
    for outcome, reason, count in counted.head(_MOST_SHOWN).iter_rows():
        table.add_row(outcome, reason, f"{count:,}")
    console.print(table)
