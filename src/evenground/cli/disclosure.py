"""``evenground disclosure``: attack a release as a reader would, and say what it gives away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console
from evenground.errors import ReleaseError, suggest

if TYPE_CHECKING:
    from evenground.disclosure import Audit
    from evenground.releases import Release
    from evenground.workspace import Workspace

app = typer.Typer(help="Attack releases, and list the disclosure policies.", no_args_is_help=True)

GIVES_AWAY: Final = 6
"""The exit code of a release that gives something away: that of every ``DisclosureError``."""

_SHOWN: Final = 20

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]


@app.command("audit")
def audit_release(
    release_id: Annotated[
        str | None, typer.Argument(metavar="RELEASE", help="A release's id; the current one by default.")
    ] = None,
    workspace: WorkspaceOption = Path(),
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="An earlier release to hold beside it; may be given several times. All by default."
        ),
    ] = None,
    alone: Annotated[bool, typer.Option("--alone", help="Hold no other release beside it.")] = False,
    programs: Annotated[
        bool, typer.Option("--programs/--sums", help="Linear programs as well, or each sum by itself alone.")
    ] = True,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Solve linear programs for every count: minutes, not seconds.")
    ] = False,
) -> None:
    """Attack a release with all earlier ones in hand, and name the counts that it gives away.

    Ends with exit code 6 where a suppressed count can be worked out more closely than the policy allows.
    """
    from evenground.disclosure import audit
    from evenground.pipeline.closing import open_earlier, publish_of
    from evenground.releases import current_release, verify_release
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    folder = loaded.releases
    chosen = verify_release(_folder_of(loaded, release_id) if release_id else current_release(folder).path)
    earlier = (
        ()
        if alone
        else open_earlier(
            folder,
            place_code=chosen.manifest.place_code,
            periods=chosen.table("values")["period"].unique().to_list(),
            own=loaded.definitions,
            leave_out=chosen.id,
        )
    )
    if against:
        wanted = {verify_release(_folder_of(loaded, name)).id for name in against}
        earlier = tuple(one for one in earlier if one.name in wanted)
    found = audit(
        publish_of(chosen, loaded.definitions), against=earlier, thorough=thorough, programs=programs
    )
    _show(chosen, found)
    if not found.is_safe:
        raise typer.Exit(GIVES_AWAY)


@app.command("policies")
def list_policies(workspace: WorkspaceOption = Path()) -> None:
    """List the disclosure policies that ship and the place's own, with their rules in words."""
    from evenground.disclosure import load_policy, policy_names
    from evenground.workspace import load_workspace

    own = load_workspace(workspace).definitions
    for name in policy_names(own):
        policy = load_policy(name, own=own, for_release=False)
        console.print(f"[bold]{escape(policy.label)}[/]: {escape(policy.name)}")
        for words in policy.words:
            console.print(f"  {escape(words)}")


def _folder_of(workspace: Workspace, release_id: str) -> Path:
    from evenground.releases import list_releases

    folder = workspace.releases / release_id
    if not folder.is_dir():
        known = [release.id for release in list_releases(workspace.releases)]
        raise ReleaseError(
            f'There is no release "{release_id}" in {workspace.releases}. {suggest(release_id, known)}'
        )
    return folder


def _show(release: Release, found: Audit) -> None:
    from evenground.disclosure.attack import summarise

    console.print(f"Release {release.id}, under {escape(release.manifest.policy)}.")
    console.print(f"Held beside it: {', '.join(found.against) or 'no other release'}.")
    tried = Table("Tried", "Number", title="What was tried", title_justify="left")
    tried.columns[1].justify = "right"
    for what, number in found.tried.items():
        tried.add_row(what, f"{number:,}")
    console.print(tried)
    if found.is_safe:
        console.print("No suppressed count can be worked out more closely than the policy allows.")
        return
    table = Table("Indicator", "Areas", "Cut", "What", "Counts", title="Given away", title_justify="left")
    table.columns[4].justify = "right"
    for row in summarise(found.findings).head(_SHOWN).iter_rows():
        table.add_row(*(escape(str(cell)) for cell in row))
    console.print(table)
    for finding in found.findings[:_SHOWN]:
        console.print(f"- {escape(str(finding))}")
    if len(found.findings) > _SHOWN:
        console.print(f"- and {len(found.findings) - _SHOWN:,} more")
