"""``evenground report``: a release, or a part of it, as a file to print and to pass on."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenground.cli.consoles import console
from evenground.cli.opening import note_export, open_release

if TYPE_CHECKING:
    from evenground.releases import Release
    from evenground.reports.documents import Document

app = typer.Typer(help="Write a report that can be printed and passed on.", no_args_is_help=True)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]
ReleaseOption = Annotated[
    str | None, typer.Option(help="A release's id; the current one by default.", show_default=False)
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="The file to write; named after the report by default.", show_default=False),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file that is there already.")]


class Format(StrEnum):
    """What a report can be written as: see ``evenground.reports.documents.FORMATS``."""

    DOCX = "docx"
    PPTX = "pptx"
    PDF = "pdf"
    HTML = "html"


FormatOption = Annotated[
    Format, typer.Option("--format", help="Word, PowerPoint, tagged PDF or one HTML file.")
]


@app.command()
def profile(
    area: Annotated[
        str,
        typer.Argument(metavar="AREA", help="An area's code, name or type:code; 'place' for all of it."),
    ],
    file_format: FormatOption = Format.PDF,
    workspace: WorkspaceOption = Path(),
    release: ReleaseOption = None,
    profile_id: Annotated[
        str | None,
        typer.Option("--profile", help="A profile's id; every indicator by default.", show_default=False),
    ] = None,
    pictures: Annotated[
        int, typer.Option(min=0, help="How many indicators to show in pictures, those furthest behind first.")
    ] = 6,
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Write the profile of an area: how it compares, every figure, and pictures of where it is behind."""
    from evenground.errors import InputError, suggest
    from evenground.reports.area_profile import make_area_profile
    from evenground.reports.documents import require_format
    from evenground.reports.subjects import require_area

    require_format(file_format)
    opened = open_release(workspace, release)
    if profile_id is not None and profile_id not in opened.profiles:
        hint = suggest(profile_id, opened.profiles)
        raise InputError(f'The release has no profile "{profile_id}". {hint}')
    found = require_area(opened, area)
    path = _require_path(out, f"profile-{found.area_type}-{found.area_code}", file_format, force=force)
    chosen = opened.profiles[profile_id] if profile_id else None
    document = make_area_profile(opened, found, chosen, pictures=pictures)
    _write(workspace, opened, document, file_format, path)


@app.command()
def statement(
    file_format: FormatOption = Format.PDF,
    workspace: WorkspaceOption = Path(),
    release: ReleaseOption = None,
    pictures: Annotated[
        int, typer.Option(min=0, help="How many indicators to show in pictures, the widest gaps first.")
    ] = 6,
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Write the annual statement on health inequalities: by deprivation, ethnicity, age and sex."""
    from evenground.reports.documents import require_format
    from evenground.reports.statement import make_statement

    require_format(file_format)
    opened = open_release(workspace, release)
    path = _require_path(out, f"statement-{opened.manifest.place_code}", file_format, force=force)
    _write(workspace, opened, make_statement(opened, pictures=pictures), file_format, path)


def _require_path(out: Path | None, name: str, file_format: Format, *, force: bool) -> Path:
    """Where the report goes, before anything is drawn."""
    path = out or Path(f"{name}.{file_format}")
    if path.suffix != f".{file_format}":
        raise typer.BadParameter(f"{path.name} must end in .{file_format}.", param_hint="--out")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"the folder {path.parent} is not there.", param_hint="--out")
    if path.exists() and not force:
        raise typer.BadParameter(f"{path} is there already; --force writes over it.", param_hint="--out")
    return path


def _write(workspace: Path, release: Release, document: Document, file_format: Format, path: Path) -> None:
    from evenground.reports.documents import render_document
    from evenground.workspace import write_atomically

    write_atomically(path, render_document(document, file_format))
    note_export(workspace, release, path, f"report: {document.title}")
    console.print(f"Wrote {path}.", markup=False)
