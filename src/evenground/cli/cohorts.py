"""``evenground cohort``: who would gain from care that reaches out to them. Inside the secure zone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console, show_progress
from evenground.cli.opening import require_table_path, write_frame

app = typer.Typer(
    help="Count people who would gain from proactive care, and list them for their practice.",
    no_args_is_help=True,
)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]
CohortArgument = Annotated[str, typer.Argument(metavar="ID", help="The cohort's id: see 'cohort list'.")]


@app.command("list")
def list_all(workspace: WorkspaceOption = Path()) -> None:
    """List the cohorts: who is in each, and what they would gain."""
    from evenground.pipeline.cohorts import read_cohorts
    from evenground.workspace import load_workspace

    table = Table("Cohort", "Who", "What they would gain", "A list is for", "Review")
    for one in read_cohorts(load_workspace(workspace))[1].values():
        purpose = str(one.purpose).replace("_", " ")
        cells = (one.id, escape(one.words), escape(one.benefit), purpose, one.review_date.isoformat())
        table.add_row(*cells)
    console.print(table)


@app.command("count")
def count_people(
    cohort: CohortArgument,
    workspace: WorkspaceOption = Path(),
    out: Annotated[Path | None, typer.Option(help="Write the counts to this .csv or .parquet file.")] = None,
) -> None:
    """Count the people of a cohort by practice, under the place's disclosure policy."""
    from evenground.pipeline.cohorts import count_cohort
    from evenground.workspace import load_workspace

    if out:
        require_table_path(out)
    loaded = load_workspace(workspace)
    with show_progress("Read the sources") as step:
        counts = count_cohort(loaded, cohort, on_stage=step)
    if out:
        write_frame(counts, out)
        console.print(f"Wrote counts of {counts.height} practices to {out}.")
        return
    table = Table("Practice", "", "Registered", "In the cohort")
    table.columns[2].justify = table.columns[3].justify = "right"
    for row in counts.iter_rows(named=True):
        people = "suppressed" if row["people"] is None else f"{row['people']:,}"
        registered = "suppressed" if row["registered"] is None else f"{row['registered']:,}"
        table.add_row(row["practice_code"], escape(row["practice_name"] or ""), registered, people)
    console.print(table)
    console.print(f"Counts follow the policy {loaded.place.disclosure.policy}.")


@app.command("write")
def write_people(
    cohort: CohortArgument,
    practice: Annotated[str, typer.Option(help="The ODS code of the practice whose people they are.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Write the pseudonyms of one practice's people in a cohort, for that practice to find who they are.

    The list stays in the secure folder, with mode 0600. An agreement in force has to cover its purpose,
    whoever opted out is not on it, and the log gets a line.
    """
    from evenground.pipeline.cohorts import write_list
    from evenground.workspace import load_workspace

    with show_progress("Check the agreements") as step:
        written = write_list(load_workspace(workspace), cohort, practice, on_stage=step)
    if written.path is None:
        console.print("Nobody registered there is in the cohort: no list was written.")
        return
    purpose = str(written.purpose).replace("_", " ")
    console.print(f"Wrote a list of {written.people:,} pseudonyms to {written.path} (secure zone).")
    console.print(
        f"It is for practice {practice} alone, for {purpose}, under {', '.join(written.agreements)}. "
        "Delete it when the practice has it."
    )
