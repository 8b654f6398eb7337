"""``evenground audit``: the log of the secure zone, shown and proved."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console

app = typer.Typer(help="Show the log, and prove that it was not altered.", no_args_is_help=True)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]


@app.command()
def verify(workspace: WorkspaceOption = Path()) -> None:
    """Prove that no line of the logs, and no frozen ranking, was altered or removed; name those that were."""
    from evenground.pipeline.frozen import verify_frozen
    from evenground.pipeline.releasing import verify_logs
    from evenground.workspace import load_workspace

    place = load_workspace(workspace)
    for name, head in verify_logs(place).items():
        console.print(f"{name}: {head.number:,} lines, all as they were written. Last: {head.hash[:16]}")
    frozen = verify_frozen(place)
    if frozen:
        console.print(f"Frozen rankings: {frozen:,}, all as they were written.")


@app.command()
def show(
    workspace: WorkspaceOption = Path(),
    last: Annotated[int, typer.Option(min=1, help="How many lines.")] = 20,
    event: Annotated[str | None, typer.Option(help="Only lines about this event.")] = None,
) -> None:
    """Show the last lines of the logs."""
    from evenground.audit_log import parse_event, read_lines
    from evenground.pipeline.releasing import log_paths
    from evenground.workspace import load_workspace

    wanted = parse_event(event) if event else None
    for name, path in log_paths(load_workspace(workspace)).items():
        table = Table("Line", "When (UTC)", "Event", "By", "What", title=name, title_justify="left")
        kept = deque((line for line in read_lines(path) if wanted in (None, line.event)), maxlen=last)
        for line in kept:
            facts = ", ".join(f"{key} {value}" for key, value in line.facts.items())
            table.add_row(str(line.number), line.at, line.event, escape(line.by), escape(facts))
        console.print(table)
