"""``evenground fetch``: published figures, look-ups and boundaries, where there is a way to the internet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenground.cli.consoles import console, show_progress
from evenground.errors import Fault, SourceError, WorkspaceError

if TYPE_CHECKING:
    from evenground.sources.fetch import Fetched, FetchOptions

app = typer.Typer(
    help="Fetch published figures, look-ups and boundaries from the internet.", no_args_is_help=True
)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="The file to write; in the workspace's data folder by default.", show_default=False),
]
MirrorOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="URL",
        help="A mirror to ask in the publisher's place: https, or http on this machine.",
        show_default=False,
    ),
]
AgainOption = Annotated[bool, typer.Option("--again", help="Ask whether there is something newer.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Write over a file that was changed, or that is another.")
]


@app.command()
def fingertips(
    indicator: Annotated[list[int], typer.Option(min=1, help="An indicator's id; may be given often.")],
    area_type: Annotated[
        int, typer.Option(min=1, help="The id of the kind of area: 502 is a county or unitary authority.")
    ],
    parent_area_type: Annotated[
        int, typer.Option(min=1, help="The id of the kind that these are part of: 15 is England.")
    ] = 15,
    workspace: WorkspaceOption = Path(),
    out: OutOption = None,
    mirror: MirrorOption = None,
    again: AgainOption = False,
    force: ForceOption = False,
) -> None:
    """Fetch indicators of Fingertips: a CSV file each, for a source of the kind 'fingertips'."""
    from evenground.sources.fetch import fetch_fingertips

    folder = _folder(workspace, out, "fingertips")
    with show_progress("Start") as step:
        done = fetch_fingertips(
            folder,
            indicator,
            area_type,
            parent_area_type=parent_area_type,
            out=out,
            options=_options(mirror, again, force, step),
        )
    _show(done, "rows")
    numbers = ", ".join(f'{number} = "ID OF YOUR DEFINITION"' for number in dict.fromkeys(indicator))
    path = _relative(out, workspace) if out else "data/fingertips/*.csv"
    _advise(
        "[[sources]]",
        'name = "Fingertips"',
        'kind = "fingertips"',
        f'path = "{path}"',
        f"indicators = {{ {numbers} }}",
    )


@app.command()
def ons(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="The service's name.")],
    where: Annotated[
        str, typer.Option(help="Which rows, such as \"LAD22CD='E08000018'\"; all by default.")
    ] = "1=1",
    geometry: Annotated[bool, typer.Option("--geometry", help="Boundaries, as GeoJSON.")] = False,
    rename: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Rename a column; may be given often.", show_default=False),
    ] = None,
    layer: Annotated[int, typer.Option(min=0, help="The layer's number.")] = 0,
    workspace: WorkspaceOption = Path(),
    out: OutOption = None,
    mirror: MirrorOption = None,
    again: AgainOption = False,
    force: ForceOption = False,
) -> None:
    """Fetch a look-up, or boundaries, of the Open Geography portal.

    Services that a place needs (the publisher gives new versions new names):

    - LSOA11_LSOA21_LAD22_EW_LU_v5: what became of each LSOA of 2011 in 2021

    - LSOA21_WD25_LAD25_EW_LU_v2: LSOAs of 2021 to wards and local authorities of 2025

    - LSOA21_WD24_LAD24_EW_LU: the same of 2024

    - Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC_V5: boundaries of LSOAs of 2021
    """
    from evenground.sources.fetch import fetch_ons

    path = out or _folder(workspace, out, "ons") / f"{service}{'.geojson' if geometry else '.csv'}"
    with show_progress("Start") as step:
        done = fetch_ons(
            path,
            service,
            where=where,
            layer=layer,
            geometry=geometry,
            rename=_pairs("--rename", rename),
            options=_options(mirror, again, force, step),
        )
    _show([done], "areas" if geometry else "rows")
    told = _relative(path, workspace)
    if geometry:
        _advise("[areas]", f'boundaries = "{told}"  # each area under its lsoa_code: see --rename')
    else:
        _advise(f'lsoa_lookup = "{told}"  # in a [[sources]] of the other edition, if it is such a look-up')


@app.command()
def nomis(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The dataset's id, such as NM_2041_1.")],
    geography: Annotated[
        str, typer.Option(help="Areas, as Nomis writes them: E08000018, or TYPE151 for all LSOAs of 2021.")
    ],
    select: Annotated[str, typer.Option(help="The columns, with commas; all by default.")] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Another choice, such as measures=20100; may be given often.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = Path(),
    out: OutOption = None,
    mirror: MirrorOption = None,
    again: AgainOption = False,
    force: ForceOption = False,
) -> None:
    """Fetch a table of Nomis: the census, benefits, employment."""
    from evenground.sources.fetch import fetch_nomis

    path = out or _folder(workspace, out, "nomis") / f"{dataset}.csv"
    with show_progress("Start") as step:
        done = fetch_nomis(
            path,
            dataset,
            geography,
            select=select,
            settings=_pairs("--set", setting),
            options=_options(mirror, again, force, step),
        )
    _show([done], "rows")
    _advise(
        "[[sources]]",
        f'name = "Nomis {dataset}"',
        'kind = "counts"',
        f'path = "{_relative(path, workspace)}"',
        "# and its columns and figures: see docs/reference/aggregates.md",
    )


def _folder(workspace: Path, out: Path | None, name: str) -> Path:
    from evenground.workspace import PLACE_FILE

    if out is None and not (workspace / PLACE_FILE).is_file():
        fix = "Make one with 'evenground init', or name the file to write with --out."
        raise WorkspaceError(
            "This is not a workspace.", [Fault(str(workspace), f"has no {PLACE_FILE}.", fix)]
        )
    return workspace / "data" / name


def _options(mirror: str | None, again: bool, force: bool, tell: Callable[[str], None]) -> FetchOptions:
    from evenground.sources.fetch import FetchOptions

    return FetchOptions(mirror=mirror, again=again, force=force, tell=tell)


def _pairs(option: str, given: Iterable[str] | None) -> dict[str, str]:
    pairs = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            fault = Fault(f"{option} {text}", "is not a pair.", f"Write {option} NAME=VALUE.")
            raise SourceError("Nothing was asked for.", [fault])
        pairs[key] = value
    return pairs


def _show(done: Sequence[Fetched], what: str) -> None:
    for one in done:
        became = "fetched" if one.is_new else f"as it was when fetched on {one.on}"
        console.print(
            f"{one.path}: {one.rows:,} {what}, {one.size:,} bytes, {became}.", markup=False, soft_wrap=True
        )
    if not any(one.is_new for one in done):
        console.print("Ask for something newer with --again.")


def _relative(path: Path, workspace: Path) -> str:
    inside = path.absolute().is_relative_to(workspace.absolute())
    return str(path.absolute().relative_to(workspace.absolute()) if inside else path.absolute())


def _advise(*lines: str) -> None:
    console.print("\nFor place.toml:")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
