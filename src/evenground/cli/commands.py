"""The commands. Each says what it does, checks what it is given, and leaves with an exit code of its own."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypedDict, Unpack

import typer

from evenground import __version__
from evenground.cli import (
    agreements,
    cohorts,
    disclosure,
    fetch,
    figures,
    gate,
    indicators,
    log,
    prepare,
    report,
)
from evenground.cli.consoles import console, problems, show_progress
from evenground.cli.opening import open_release
from evenground.cli.rank import EACH_SERVICE, Order, rank
from evenground.cli.spend import spend
from evenground.cli.worth import worth
from evenground.errors import DiskFullError, EvengroundError, WorkspaceError, is_disk_full

if TYPE_CHECKING:
    from evenground.workspace import Workspace

# What counts takes a second to import, so each command imports what it needs: '--help' is instant.

app = typer.Typer(
    help="Find the people prevention does not reach, and show whether the gap closed.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
release_app = typer.Typer(help="List, show, verify and choose releases.", no_args_is_help=True)
app.add_typer(release_app, name="release")
app.add_typer(indicators.app, name="indicator")
app.add_typer(agreements.app, name="agreement")
app.add_typer(disclosure.app, name="disclosure")
app.add_typer(log.app, name="audit")
app.add_typer(report.app, name="report")
gate.add_commands(release_app)
app.add_typer(prepare.app, name="data")
app.add_typer(cohorts.app, name="cohort")
app.add_typer(fetch.app, name="fetch")
app.add_typer(figures.app, name="figures")

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]
HERE = Path()


class PseudonymOf(StrEnum):
    """What pseudonyms are made of: see ``evenground.sources.pseudonyms.Number``."""

    NHS_NUMBER = "nhs_number"
    UPRN = "uprn"


def main() -> None:
    """Run the command line; a user's mistake ends as a sentence and an exit code, not a traceback."""
    try:
        app()
    except EvengroundError as error:
        _stop(error)
    except OSError as error:
        if not is_disk_full(error):
            raise
        _stop(DiskFullError(Path(error.filename or ".").absolute().parent.name))
    except KeyboardInterrupt:
        problems.print("Stopped. Nothing that the site reads was changed.")
        raise SystemExit(130) from None


def _stop(error: EvengroundError) -> NoReturn:
    problems.print(f"[bold red]Not done.[/] {_escape(str(error))}")
    raise SystemExit(error.exit_code) from None


def _version(value: bool) -> None:
    if value:
        console.print(f"evenground {__version__}")
        raise typer.Exit


@app.callback()
def evenground(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Find the people prevention does not reach, and show whether the gap closed."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make; it must be new or empty.")],
    name: Annotated[str, typer.Option(help="The place's name, as people there say it.")] = "Our place",
    code: Annotated[str, typer.Option(help="The place's GSS code.")] = "X00000000",
) -> None:
    """Make a workspace: place.toml, and folders for definitions, data and releases."""
    from evenground.cli import new_workspace

    new_workspace.write_workspace(folder, name=name, code=code)
    console.print(
        f"Made the workspace {folder}. Next: fill in {folder / 'place.toml'}, then 'evenground check'."
    )


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Where the demo's workspace is kept.")] = Path(
        "demo"
    ),
    size: Annotated[
        int | None, typer.Option(min=500, help="How many people; all 265,000 by default.")
    ] = None,
    serve_site: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the site at the end.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The site's port on this machine.")] = 8000,
) -> None:
    """Build the invented Place of Wenbury and open its site.

    Makes people and their records by chance from Wenbury's margins, builds a release from them, prints the
    ten communities with the most to gain, and serves the site on this machine only.
    """
    from evenground.sources.synthetic import make_wenbury_workspace
    from evenground.workspace import load_workspace

    with show_progress("Make the people of Wenbury") as step:
        make_wenbury_workspace(folder, size=size, progress=lambda what, _share: step(what))
    _build(load_workspace(folder))
    rank(folder, top=10)
    rank(folder, service=EACH_SERVICE, order=Order.LOCAL, top=10)
    if serve_site:
        _serve(folder, port=port, demo_accounts=True)


@app.command()
def check(workspace: WorkspaceOption = HERE) -> None:
    """Find every fault in the workspace and its definitions, at once."""
    from evenground.pipeline import check_workspace
    from evenground.pipeline.volumes import warn_of_plain_disk, warn_of_plain_files
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    for warning in filter(None, (warn_of_plain_disk(loaded), warn_of_plain_files(loaded))):
        problems.print(f"Warning. {_escape(warning)}")
    faults = check_workspace(loaded)
    if faults:
        raise WorkspaceError(f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'} found.", faults)
    console.print("No faults found.")


@app.command()
def build(
    workspace: WorkspaceOption = HERE,
    memory_limit: Annotated[
        str | None, typer.Option(help="The most memory the engine may use, such as 4GB.", show_default=False)
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="What counts: duckdb or spark; as place.toml says by default.")
    ] = None,
    engine_url: Annotated[
        str | None,
        typer.Option(
            help="Where Spark runs: sc://host:port, or a master's URL.", envvar="EVENGROUND_ENGINE_URL"
        ),
    ] = None,
    periods: Annotated[
        str | None,
        typer.Option(help="The years of a time series, such as 2021..2026; as place.toml says by default."),
    ] = None,
    every: Annotated[
        str | None, typer.Option(help="Its steps: month, quarter, half-year or year.", show_default=False)
    ] = None,
) -> None:
    """Build a release from the workspace's sources and make it current."""
    from evenground.workspace import load_workspace

    _build(
        load_workspace(workspace),
        memory_limit=memory_limit,
        engine=engine,
        engine_url=engine_url,
        years=periods,
        every=every,
    )


@app.command()
def pseudonymise(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file that holds the numbers.")],
    out: Annotated[Path, typer.Argument(help="The copy to write: a new .csv or .parquet file.")],
    column: Annotated[list[str], typer.Option(help="A column of numbers; may be given several times.")],
    number: Annotated[
        PseudonymOf, typer.Option(help="What the numbers are: NHS numbers, or property numbers (UPRN).")
    ] = PseudonymOf.NHS_NUMBER,
    key_variable: Annotated[
        str, typer.Option(help="The environment variable that holds the key.")
    ] = "EVENGROUND_PSEUDONYM_KEY",
) -> None:
    """Copy a file with pseudonyms, made with a key, in place of NHS numbers or property numbers."""
    from evenground.sources.pseudonymise import pseudonymise_file
    from evenground.sources.pseudonyms import Number

    made = pseudonymise_file(
        file, out, columns=column, number=Number(number.value), key_variable=key_variable
    )
    console.print(f"Wrote {made.rows:,} rows to {out}.")
    if made.emptied:
        console.print(f"{made.emptied:,} cells held no such number, and are empty.")
    if made.left_out:
        console.print(f"{made.left_out:,} rows could not be read, and are left out.")


@app.command()
def link(
    linkage_id: Annotated[str, typer.Argument(metavar="ID", help="The linkage's id.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Link the people of two sources that share no identifier, and say who was linked less often."""
    from evenground.cli.linkages import show_linkage
    from evenground.pipeline.linkages import link_place
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    with show_progress("Start") as step:
        linked = link_place(loaded, linkage_id, progress=step)
    show_linkage(linked)


@app.command()
def link_keys(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file with names, postcodes and so on.")],
    out: Annotated[Path, typer.Argument(help="The file to write: a new .csv or .parquet file.")],
    column: Annotated[
        list[str], typer.Option(help="Our field and your column, as surname=last_name; several times.")
    ],
    month_first: Annotated[bool, typer.Option(help="Dates are written mm/dd/yyyy.")] = False,
    key_variable: Annotated[
        str, typer.Option(help="The environment variable that holds the key.")
    ] = "EVENGROUND_PSEUDONYM_KEY",
) -> None:
    """Hash, at the provider's, what a linkage compares: no name or postcode then leaves it."""
    from evenground.sources.linkage.keys import write_keys

    pairs = [text.partition("=") for text in column]
    columns = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
    made = write_keys(file, out, columns=columns, month_first=month_first, key_variable=key_variable)
    console.print(f"Wrote {made.rows:,} rows to {out}.")
    for name, count in made.missing.items():
        console.print(f"{count:,} rows have nothing to compare in {name}.")
    if made.left_out:
        console.print(f"{made.left_out:,} rows could not be read, and are left out.")


app.command()(rank)
app.command()(spend)
app.command()(worth)


@app.command()
def serve(
    workspace: WorkspaceOption = HERE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8000,
    demo_accounts: Annotated[
        bool,
        typer.Option("--demo-accounts", help="Make one account a role, with new passwords, and print them."),
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1, help="How many processes serve it; one a core by default, up to 4.", show_default=False
        ),
    ] = None,
) -> None:
    """Serve the site on this machine. Stop it with Ctrl-C."""
    from evenground.workspace import load_workspace

    load_workspace(workspace)
    _serve(workspace, port=port, demo_accounts=demo_accounts, processes=processes)


@release_app.command("list")
def release_list(workspace: WorkspaceOption = HERE) -> None:
    """List the releases, newest data first."""
    from evenground.cli.show import show_releases
    from evenground.releases import CURRENT, list_releases, list_unreadable
    from evenground.workspace import load_workspace

    folder = load_workspace(workspace).releases
    releases = list_releases(folder)
    for problem in list_unreadable(folder):
        problems.print(f"Left out: {_escape(problem)}")
    if not releases:
        console.print("There is no release yet. Run 'evenground build'.")
        return
    pointer = folder / CURRENT
    show_releases(releases, pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else "")


@release_app.command("show")
def release_show(
    release_id: Annotated[
        str | None, typer.Argument(help="A release's id; the current one by default.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show what a release is, what made it and what it holds."""
    from evenground.cli.show import show_release

    show_release(open_release(workspace, release_id))


@release_app.command("verify")
def release_verify(
    release_id: Annotated[
        str | None, typer.Argument(help="A release's id; the current one by default.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Check that a release is byte for byte as it was written."""
    from evenground.releases import verify_release

    release = verify_release(open_release(workspace, release_id).path)
    console.print(f"Release {release.id} is as it was written: {len(release.manifest.files)} files checked.")


@release_app.command("use")
def release_use(
    release_id: Annotated[str, typer.Argument(help="The release that the site is to show.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Make an earlier release current again: the way back from a build that should not have been."""
    from evenground.audit_log import Event
    from evenground.gate.candidates import CANDIDATES, require_released
    from evenground.pipeline.releasing import log_event
    from evenground.releases import set_current
    from evenground.workspace import load_workspace

    loaded = load_workspace(workspace)
    if not (loaded.releases / CANDIDATES / release_id).is_dir():
        open_release(workspace, release_id)
    set_current(loaded.releases, require_released(loaded.releases, release_id).id)
    log_event(loaded, Event.CHOSEN, {"release": release_id})
    console.print(f"Release {release_id} is now current.")


class _HowToBuild(TypedDict, total=False):
    memory_limit: str | None
    engine: str | None
    engine_url: str | None
    years: str | None
    every: str | None


def _build(workspace: Workspace, **how: Unpack[_HowToBuild]) -> None:
    from evenground.cli.build_summary import show_build
    from evenground.pipeline import build_release

    with show_progress("Start") as step:
        _, report = build_release(workspace, on_stage=step, **how)
    show_build(report)


def _serve(workspace: Path, *, port: int, demo_accounts: bool, processes: int | None = None) -> None:
    # The site runs as a process of its own: it shares no memory with what reads person-level data.
    if importlib.util.find_spec("django") is None:
        raise EvengroundError("The site is not installed. Install it with: pip install 'evenground[web]'")
    command = [
        sys.executable,
        "-m",
        "evenground_web",
        "serve",
        "--workspace",
        str(workspace),
        "--port",
        str(port),
    ]
    if demo_accounts:
        command.append("--demo-accounts")
    if processes is not None:
        command += ["--processes", str(processes)]
    # A service manager stops this process with SIGTERM: without this the site would go on by itself.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    site = subprocess.Popen(command)  # noqa: S603
    try:
        code = site.wait()
    except KeyboardInterrupt:
        site.send_signal(signal.SIGINT)
        code = site.wait()
    if code not in (0, 130, -signal.SIGINT):
        raise typer.Exit(code)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
