"""``evenground data``: records read once and kept for many builds, sealed at rest, deleted past retention."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console, show_progress
from evenground.reports.words import count_in_words

if TYPE_CHECKING:
    from evenground.sources.prepared import Prepared

app = typer.Typer(
    help="Read the sources once for many builds, seal files of people, delete what is past its retention.",
    no_args_is_help=True,
)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


@app.command()
def prepare(
    workspace: WorkspaceOption = Path(),
    buckets: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="How many pieces; one for each million people by default."),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(help="The most memory that dividing may use, such as 4GB.", show_default=False),
    ] = None,
) -> None:
    """Read the sources, with the checks of a build, and keep the records by area in the secure folder.

    Builds use them, as long as the sources, the areas and the date are those they were made from.
    """
    from evenground.pipeline import prepare_records
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    with show_progress("Start") as step:
        prepared = prepare_records(loaded, buckets=buckets, memory_limit=memory_limit, on_stage=step)
    _show(prepared)


@app.command()
def show(workspace: WorkspaceOption = Path()) -> None:
    """Show what is prepared: what it was made from, and how many records each piece holds."""
    from evenground.sources.prepared import find_prepared
    from evenground.workspace import load_workspace

    prepared = find_prepared(load_workspace(workspace).secure)
    if prepared is None:
        console.print("Nothing is prepared. Builds read the sources.")
        return
    _show(prepared)


@app.command()
def clear(workspace: WorkspaceOption = Path()) -> None:
    """Remove the prepared records: the next build reads the sources."""
    from evenground.sources.prepared import clear_prepared
    from evenground.workspace import load_workspace

    if clear_prepared(load_workspace(workspace).secure):
        console.print("The prepared records are removed.")
    else:
        console.print("Nothing was prepared.")


@app.command()
def expire(
    workspace: WorkspaceOption = Path(),
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete them; without it they are only listed.")
    ] = False,
) -> None:
    """List, or delete, extracts and secure files that are past the retention of their agreement."""
    from evenground.pipeline.retention import delete_expired, find_expired
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    expired = find_expired(loaded, dt.datetime.now(dt.UTC).date())
    if not expired:
        console.print("Nothing is past its retention.")
        return
    table = Table("File", "Came", "Kept until", "Agreement", "")
    for one in expired:
        what = "" if one.is_ours else "outside the workspace: delete it there"
        table.add_row(escape(one.name), str(one.arrived), str(one.keep_until), one.agreement, what)
    console.print(table)
    if delete:
        console.print(f"{delete_expired(loaded, expired):,} deleted, each with a line in the log.")
    else:
        console.print("Nothing is deleted. Run it again with --delete.")


@app.command()
def key(
    file: Annotated[Path, typer.Argument(help="The new file of the private key, outside the workspace.")],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Make a pair of keys to seal files of people with; the public one is shown."""
    from evenground.errors import Fault, WorkspaceError
    from evenground.sealing import IDENTITY_VARIABLE, write_identity

    if file.resolve().is_relative_to(workspace.resolve()) and (workspace / "place.toml").exists():
        fault = Fault(
            str(file), "lies in the workspace that it would open.", "Keep it on another disk, or in a vault."
        )
        raise WorkspaceError("No key was made.", [fault])
    public = write_identity(file)
    console.print(
        f"The private key is in {file}. Keep a copy where it cannot be lost: without it, nobody opens",
        markup=False,
    )
    console.print("what is sealed. Builds read it from the environment:")
    console.print(f"  export {IDENTITY_VARIABLE}={file.resolve()}", markup=False, soft_wrap=True)
    console.print("In place.toml, and for providers who seal what they send:")
    console.print(f'  [secure]\n  recipients = ["{public}"]', markup=False, soft_wrap=True)


@app.command()
def seal(workspace: WorkspaceOption = Path(), yes: YesOption = False) -> None:
    """Seal every file of people to the public keys in place.toml; builds open what they read."""
    from evenground.pipeline.sealed import find_plain, seal_workspace
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    plain = find_plain(loaded)
    if not plain:
        console.print("Nothing is plain: every file of people in the workspace is sealed, or there is none.")
        return
    _confirm(loaded.root, plain, "sealed, and their plain form removed", yes)
    with show_progress("Start") as step:
        count = seal_workspace(loaded, lambda path: step(f"Sealing {path.name}"))
    console.print(f"{count:,} sealed, each read back before its plain form was removed.")


@app.command()
def unseal(workspace: WorkspaceOption = Path(), yes: YesOption = False) -> None:
    """Put the plain form of every sealed file back in its place."""
    from evenground.pipeline.sealed import find_all_sealed, unseal_workspace
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    sealed = find_all_sealed(loaded)
    if not sealed:
        console.print("Nothing is sealed.")
        return
    _confirm(loaded.root, sealed, "opened in their place, for anybody who can read the workspace", yes)
    with show_progress("Start") as step:
        count = unseal_workspace(loaded, lambda path: step(f"Opening {path.name}"))
    console.print(f"{count:,} are plain again.")


def _confirm(root: Path, files: list[Path], what: str, yes: bool) -> None:
    for file in files[:20]:
        console.print(f"  {file.relative_to(root)}", markup=False, soft_wrap=True)
    if len(files) > 20:
        console.print(f"  and {len(files) - 20:,} more")
    if not yes:
        typer.confirm(f"{len(files):,} will be {what}. Go on?", abort=True)


@app.command()
def postcodes(
    file: Annotated[
        Path, typer.Argument(help="The ONS's look-up (ONSPD or NSPL), as CSV.", exists=True, dir_okay=False)
    ],
    workspace: WorkspaceOption = Path(),
) -> None:
    """Keep the postcodes of this place from the ONS's look-up, so that the site can be searched by them."""
    from evenground.geography.postcodes import POSTCODES_FILE, prepare_postcodes, write_postcodes
    from evenground.pipeline.records import load_areas
    from evenground.workspace import load_workspace, write_atomically

    loaded = load_workspace(workspace)
    edition = loaded.place.areas.lsoa_edition
    lsoas = load_areas(loaded).lsoas["lsoa_code"].to_list()
    with show_progress("Read the look-up"):
        found = prepare_postcodes(file, lsoas, lsoa_edition=edition)
    path = loaded.root / POSTCODES_FILE
    write_atomically(path, write_postcodes(found.frame, lsoa_edition=edition, source=file.name))
    districts = count_in_words(found.districts, "district")
    own, others = (count_in_words(count, "postcode") for count in (found.inside, found.outside))
    console.print(f"Of this place: {own}, {found.ended:,} of them ended, in {districts}.")
    console.print(f"Of the same districts outside it: {others}.")
    if found.unreadable:
        console.print(f"Passed over: {count_in_words(found.unreadable, 'row')} without a postcode.")
    if found.empty:
        areas = count_in_words(found.empty, "small area")
        console.print(
            f"Without any postcode: {areas} of {len(lsoas):,}. More than a few mean another LSOA edition."
        )
    console.print(f"Written to {path}.", markup=False, soft_wrap=True)


def _show(prepared: Prepared) -> None:
    """How many persons and events each bucket holds, and what they follow from."""
    title = "Prepared records (exact: secure zone)"
    table = Table("Bucket", "Persons", "Events", title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    last = prepared.buckets - 1
    for number, (people, events) in enumerate(zip(prepared.people, prepared.events, strict=True)):
        name = "area unknown" if number == last else f"{number + 1}"
        table.add_row(name, f"{people:,}", f"{events:,}")
    table.add_section()
    table.add_row("All", f"{sum(prepared.people):,}", f"{sum(prepared.events):,}")
    console.print(table)
    for name, value in prepared.inputs.items():
        console.print(f"Made from {name}: {value[:16]}", markup=False)
    console.print(f"By Evenground {prepared.code_version}, in {prepared.folder}.", markup=False)
