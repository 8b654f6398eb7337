"""``evenground agreement``: what the place's data-sharing agreements say, and how they stand today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console
from evenground.errors import AgreementError, Fault, suggest

if TYPE_CHECKING:
    from evenground.pipeline.governance import Weighed
    from evenground.releases import AgreementInfo

app = typer.Typer(help="List and show the data-sharing agreements.", no_args_is_help=True)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]


@app.command("list")
def list_all(workspace: WorkspaceOption = Path()) -> None:
    """List the agreements, how each stands today, and how many indicators depend on it."""
    today = dt.datetime.now(dt.UTC).date()
    weighed, infos = _weigh(workspace, today)
    if not infos:
        console.print(
            "No data-sharing agreement is written down. See docs/how-to/data-sharing-agreements.md."
        )
    else:
        table = Table("Agreement", "Sources", "From", "Review", "To", "Today", "Indicators that need it")
        table.columns[6].justify = "right"
        for agreement, info in zip(weighed.agreements, infos, strict=True):
            sources = escape(", ".join(agreement.sources))
            standing = str(agreement.standing(today))
            count = str(len(info.indicators))
            table.add_row(info.id, sources, info.start, info.review, info.end, standing, count)
        console.print(table)
    for fault in weighed.standings.faults:
        console.print(f"[bold]Refused.[/] {escape(str(fault))}")
    for warning in weighed.standings.warnings:
        console.print(f"[bold]Warning.[/] {escape(warning)}")
    if weighed.standings.uncovered:
        console.print(f"{len(weighed.standings.uncovered)} indicators are covered by no agreement today.")


@app.command()
def show(
    agreement_id: Annotated[str, typer.Argument(metavar="ID", help="The agreement's id.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Show what one agreement says, and the indicators that would go dark without it."""
    today = dt.datetime.now(dt.UTC).date()
    weighed, infos = _weigh(workspace, today)
    found = next((info for info in infos if info.id == agreement_id), None)
    if found is None:
        hint = suggest(agreement_id, [info.id for info in infos])
        fault = Fault(f'"{agreement_id}"', "is not an agreement of this place.", hint)
        raise AgreementError("There is no such agreement.", [fault])
    standing = next(one.standing(today) for one in weighed.agreements if one.id == agreement_id)
    grid = Table.grid(padding=(0, 2))
    for label, lines in _facts(found, str(standing)):
        grid.add_row(f"[bold]{label}[/]", escape("\n".join(lines)))
    console.print(grid)


def _facts(info: AgreementInfo, standing: str) -> tuple[tuple[str, Sequence[str]], ...]:
    flows = [f"{flow.source}: {flow.giver} to {flow.receiver}; {flow.what}" for flow in info.flows]
    return (
        ("Agreement", [f"{info.title} ({info.id})"]),
        ("Today", [standing]),
        ("In force", [f"{info.start} to {info.end}, to be reviewed by {info.review}"]),
        ("Controllers", info.controllers),
        ("Processors", info.processors),
        ("Flows", flows),
        ("Purposes", info.purposes),
        ("Legal basis", info.legal_basis),
        ("Opt-outs", info.opt_outs),
        ("Kept", [info.retention]),
        ("DPIA", [info.dpia]),
        ("Signed", info.signed or ["by nobody"]),
        ("Indicators that need it", [", ".join(info.indicators) or "none"]),
    )


def _weigh(workspace: Path, today: dt.date) -> tuple[Weighed, tuple[AgreementInfo, ...]]:
    from evenground.indicators import SHIPPED, load_definitions
    from evenground.pipeline.governance import describe_agreements, weigh_place
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    definitions = load_definitions(SHIPPED, loaded.definitions)
    unwanted = set(loaded.place.indicators.leave_out)
    definitions = definitions.keep(definitions.indicators.keys() - unwanted)
    weighed = weigh_place(loaded, definitions, today)
    return weighed, describe_agreements(weighed, definitions)
