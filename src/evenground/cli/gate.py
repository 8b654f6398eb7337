"""``evenground release candidates|diff|approve|return``: the release gate on the command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console
from evenground.cli.opening import write_frame
from evenground.errors import ApprovalError, ReleaseError

if TYPE_CHECKING:
    import polars as pl

    from evenground.gate import Candidate, Differences
    from evenground.releases import Release
    from evenground.workspace import Workspace

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]
CandidateArgument = Annotated[str, typer.Argument(metavar="ID", help="The candidate's id.")]

_MOST_AREAS = 40
_CHANGES = ("Rose", "Fell", "Same", "Appeared", "Vanished")


class By(StrEnum):
    """What changed figures are counted by."""

    INDICATOR = "indicator"
    AREA = "area"


def add_commands(app: typer.Typer) -> None:
    """Add the gate's commands to the group of releases."""
    app.command("candidates")(list_all)
    app.command("diff")(diff)
    app.command("approve")(approve)
    app.command("return")(send_back)


def list_all(workspace: WorkspaceOption = Path()) -> None:
    """List what was built and waits for a decision, or was returned."""
    from evenground.gate import list_candidates
    from evenground.workspace import load_workspace

    candidates = list_candidates(load_workspace(workspace).releases)
    if not candidates:
        console.print("No candidate waits.")
        return
    table = Table("Candidate", "Data as at", "Built by", "State", "Reason")
    for candidate in candidates:
        last = candidate.history[-1] if candidate.history else None
        state = f"returned by {last.by}" if last and candidate.is_returned else "waits"
        built_by = ", ".join(sorted(candidate.builders))
        reason = escape(last.reason) if last else ""
        table.add_row(candidate.release.id, candidate.release.manifest.as_at, built_by, state, reason)
    console.print(table)


def diff(
    release_id: CandidateArgument,
    workspace: WorkspaceOption = Path(),
    against: Annotated[
        str | None, typer.Option(help="Another release's id; the current one by default.")
    ] = None,
    by: Annotated[By, typer.Option(help="Count changes by indicator, or by area.")] = By.INDICATOR,
    out: Annotated[Path | None, typer.Option(help="Write all of it to this .csv or .parquet file.")] = None,
) -> None:
    """Show which figures a candidate would change: rose, fell, appeared, vanished."""
    from evenground.audit_log import Event
    from evenground.gate import compare_releases
    from evenground.pipeline.releasing import log_event
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    after = _open(loaded, release_id)
    before = _open(loaded, against) if against else _current(loaded)
    found = compare_releases(before, after)
    frame = found.indicators if by is By.INDICATOR else found.areas
    if out:
        write_frame(frame, out)
        log_event(loaded, Event.EXPORTED, {"release": after.id, "file": out.name, "what": f"diff by {by}"})
        console.print(f"Wrote {frame.height:,} rows to {out}.")
        return
    compared = before.id if before else "nothing: there is no release yet"
    console.print(f"{after.id}, compared with {compared}.")
    for fact, was, now in found.facts:
        console.print(f"  {fact}: {escape(was)} before, {escape(now)} now")
    console.print(_indicators(found) if by is By.INDICATOR else _areas(found.areas))
    totals = (f"{found.total(change.lower()):,} {change.lower()}" for change in _CHANGES)
    console.print(f"Figures: {', '.join(totals)}.")


def approve(
    release_id: CandidateArgument,
    workspace: WorkspaceOption = Path(),
    reason: Annotated[str, typer.Option(help="A word on why, kept with the release.")] = "",
) -> None:
    """Let the site show a candidate. For a data steward who did not build it."""
    from evenground.audit_log import Event
    from evenground.gate import approve as approve_candidate
    from evenground.pipeline.releasing import log_event
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    by = _require_steward(loaded)
    release = approve_candidate(loaded.releases, release_id, by=by, reason=reason)
    log_event(loaded, Event.APPROVED, {"release": release.id}, by=by)
    console.print(f"Release {release.id} is approved by {by} and is now current.")


def send_back(
    release_id: CandidateArgument,
    reason: Annotated[str, typer.Option(help="What has to change, kept with the candidate.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Return a candidate to whoever built it, with a reason. For a data steward."""
    from evenground.audit_log import Event
    from evenground.gate import send_back as send_candidate_back
    from evenground.pipeline.releasing import log_event
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    by = _require_steward(loaded)
    candidate: Candidate = send_candidate_back(loaded.releases, release_id, by=by, reason=reason)
    log_event(loaded, Event.RETURNED, {"release": candidate.release.id}, by=by)
    console.print(f"Candidate {candidate.release.id} is returned. The site shows what it showed.")


def _require_steward(workspace: Workspace) -> str:
    """The account that runs the command, which place.toml must name as a steward's."""
    from evenground.pipeline.releasing import name_account

    account = name_account()
    stewards = workspace.place.release.stewards
    if account.casefold() not in {steward.casefold() for steward in stewards}:
        named = f"it names {', '.join(stewards)}" if stewards else "it names none"
        raise ApprovalError(
            f"{account} is not a data steward of this place: [release] stewards of place.toml says who is "
            f"({named}). Decide in the site, or with the account of a steward."
        )
    return account


def _open(workspace: Workspace, release_id: str) -> Release:
    from evenground.gate import find_candidate
    from evenground.releases import load_release

    if (workspace.releases / release_id / "manifest.json").is_file():
        return load_release(workspace.releases / release_id)
    return find_candidate(workspace.releases, release_id).release


def _current(workspace: Workspace) -> Release | None:
    from evenground.releases import current_release

    try:
        return current_release(workspace.releases)
    except ReleaseError:
        return None


def _indicators(found: Differences) -> Table:
    table = Table("Indicator", "Unit", "Place before", "Place after", *_CHANGES)
    for column in table.columns[2:]:
        column.justify = "right"
    for row in found.indicators.iter_rows(named=True):
        figures = ("" if row[name] is None else f"{row[name]:.1f}" for name in ("before", "after"))
        counts = (f"{row[change.lower()]:,}" for change in _CHANGES)
        table.add_row(escape(row["name"]), escape(row["unit"]), *figures, *counts)
    return table


def _areas(areas: pl.DataFrame) -> Table:
    import polars as pl

    changed = areas.with_columns(
        (pl.col("rose") + pl.col("fell") + pl.col("appeared") + pl.col("vanished")).alias("n")
    ).sort("n", descending=True, maintain_order=True)
    title = (
        f"The {_MOST_AREAS} areas with most changes of {areas.height:,}" if areas.height > _MOST_AREAS else ""
    )
    table = Table("Area", "Type", *_CHANGES, title=title or None, title_justify="left")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in changed.head(_MOST_AREAS).iter_rows(named=True):
        counts = (f"{row[change.lower()]:,}" for change in _CHANGES)
        table.add_row(escape(row["area_name"]), row["area_type"], *counts)
    return table
