"""One file of published figures checked before it is put beside others: what became of every row, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import polars as pl

from evenground.contract import TableReport
from evenground.errors import Fault, InputError, SourceError, suggest
from evenground.geography import load_geography
from evenground.indicators import SHIPPED, load_definitions
from evenground.indicators.published import PublishedIndicator
from evenground.sources.aggregates import words
from evenground.sources.aggregates.conversion import widen_areas
from evenground.sources.aggregates.load import load_aggregates, read_aggregate_options, with_indicators
from evenground.sources.aggregates.person_level import find_person_level
from evenground.sources.aggregates.sift import Place, Rules, sift
from evenground.sources.aggregates.tables import Table, open_tables, read_table
from evenground.sources.editions import find_editions
from evenground.sources.staging.inputs import Intake
from evenground.sources.staging.session import Session
from evenground.workspace import PLACE_FILE, SourceSection, Workspace, temporary_folder

ROWS: Final = {"row": pl.Int64, "outcome": pl.String, "reason": pl.String, "meaning": pl.String}
"""The report by row: its number (the header is 1), what became of it, why, and what that means."""

_GZIP: Final = b"\x1f\x8b"
DROPPED, CHANGED, UNREADABLE = "dropped", "kept, changed", "not readable"


class Verdict(StrEnum):
    """What a check found."""

    FITS = "fits"
    FAULTS = "faults"
    PERSON_LEVEL = "person_level"


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a check of one file found.

    ``rows`` has those that are not simply kept, as ``ROWS``; ``read`` and ``kept`` count all of its rows.
    """

    verdict: Verdict
    faults: tuple[Fault, ...]
    read: int
    kept: int
    notes: tuple[str, ...]
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Beside:
    """What a file is checked against: its source, the place, and the folder of temporary files."""

    section: SourceSection
    root: Path
    folder: Path
    indicators: Mapping[str, PublishedIndicator]
    areas: pl.DataFrame
    place_code: str
    lsoa_edition: str | None


def check_figure_file(
    workspace: Workspace, path: Path, *, source: str, name: str | None = None, folder: Path | None = None
) -> FileCheck:
    """Check a file of published figures as the next build would read it; nothing is put anywhere.

    Parameters
    ----------
    workspace
        The workspace whose source it is for.
    path
        The file.
    source
        The name of one of its ``[[sources]]`` of the kind ``fingertips``, whose path names several files.
    name
        The name that the file is to have; its own by default.
    folder
        Where temporary files stand; the secure folder of the workspace by default.

    Raises
    ------
    InputError
        Where there is no such file.
    SourceError
        Where there is no such source, or its path names one file only.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    beside = Beside(
        _find_section(workspace, source),
        workspace.root.resolve(),
        folder or workspace.secure,
        load_definitions(SHIPPED, workspace.definitions).published,
        _load_areas(workspace),
        workspace.place.place.code,
        workspace.place.areas.lsoa_edition,
    )
    return check_file(path, name or path.name, beside)


def check_file(path: Path, name: str, beside: Beside) -> FileCheck:
    """Check a file as the build would read it, alone and together with the other files of its source.

    Parameters
    ----------
    path
        The file.
    name
        The name that it is to have; a file of this name in the source is taken to be replaced by it.
    beside
        The source, whose path names several files of a folder, and the place.

    Raises
    ------
    SourceError
        Where the source itself is not described rightly.
    """
    with path.open("rb") as file:
        if file.read(2) == _GZIP:
            # Unpacked, it may have no end, and what is in it was not looked at.
            return _refuse(
                Verdict.FAULTS, [Fault(name, "is packed (gzip).", "Unpack it, and send the CSV file.")]
            )
    if faults := find_person_level(path, name):
        return _refuse(Verdict.PERSON_LEVEL, faults)
    with temporary_folder(beside.folder, ".check") as temporary:
        folder = Path(temporary)
        alone = folder / "alone"
        alone.mkdir()
        (alone / name).symlink_to(path.resolve())
        found = _check_alone(alone / name, beside, folder)
        if found.verdict == Verdict.FITS:
            faults = _check_together(alone / name, beside, folder)
            found = replace(found, verdict=Verdict.FAULTS, faults=tuple(faults)) if faults else found
        return found


def _refuse(verdict: Verdict, faults: list[Fault]) -> FileCheck:
    return FileCheck(verdict, tuple(faults), 0, 0, (), pl.DataFrame(schema=ROWS))


def _check_alone(file: Path, beside: Beside, folder: Path) -> FileCheck:
    section = beside.section
    options, faults = with_indicators(section.name, read_aggregate_options(section), beside.indicators)
    options = options.model_copy(update={"path": file.name})
    intake = Intake(section.name, file.parent, folder, lambda _: None)
    tables, unopened = open_tables(section.name, options, intake)
    editions, unreadable = find_editions(section.name, options, beside.root)
    if faults := [*faults, *unopened, *unreadable]:
        return _refuse(Verdict.FAULTS, faults)
    areas = widen_areas(beside.areas, editions) if editions else beside.areas
    place = Place(beside.place_code, areas, frozenset({words.ENGLAND, *options.comparators}))
    with Session(section.name, folder) as session:
        try:
            return _sift(session, tables[0], Rules(options, beside.indicators, place))
        except SourceError as error:
            return _refuse(Verdict.FAULTS, list(error.faults))


def _sift(session: Session, table: Table, rules: Rules) -> FileCheck:
    rows, rejected, notes = read_table(session, table)
    report = TableReport(table.name, table.file.name, sum(rejected.values()), dropped=dict(rejected))
    found = sift(rows, rules, report)
    faults = list(found.faults)
    if not report.kept and not faults:
        fix = "Check that it is of this place, and that its indicators are those of the source."
        what = (
            f"none of its {report.read:,} rows can be used." if report.read else "no rows below its header."
        )
        faults.append(Fault(table.file.name, what, fix))
    return FileCheck(
        Verdict.FAULTS if faults else Verdict.FITS,
        tuple(faults),
        report.read,
        report.kept,
        (*table.file.notes, *notes),
        _list_rows(found.rows, sum(rejected.values())),
    )


def _list_rows(rows: pl.DataFrame, rejected: int) -> pl.DataFrame:
    """The rows that are not simply kept, in their order; those that no table could hold come last, in one."""
    dropped = rows.filter(pl.col("reason").is_not_null()).select(
        "row",
        pl.lit(DROPPED).alias("outcome"),
        "reason",
        pl.col("reason").replace_strict(words.DROPPED, default="").alias("meaning"),
    )
    changed = (
        rows.filter(pl.col("reason").is_null())
        .select("row", pl.lit(CHANGED).alias("outcome"), pl.col("changes").alias("reason"))
        .explode("reason")
        .filter(pl.col("reason").is_not_null())
        .with_columns(pl.col("reason").replace_strict(words.CHANGED, default="").alias("meaning"))
    )
    told = pl.concat([dropped.cast(ROWS), changed.cast(ROWS)]).sort("row", "reason")  # type: ignore[arg-type]
    if not rejected:
        return told
    lost = f"{rejected:,} row{'s' if rejected > 1 else ''} with too few or too many cells"
    meaning = "A table has as many cells in every row as in its header."
    return pl.concat([told, pl.DataFrame([(None, UNREADABLE, lost, meaning)], schema=ROWS, orient="row")])


def _check_together(file: Path, beside: Beside, folder: Path) -> list[Fault]:
    """The faults that a build would find in the source with the file in it."""
    together = folder / "together"
    together.mkdir()
    pattern = str(beside.section.options["path"])
    for other in beside.root.glob(pattern):
        if other.is_file() and other.name != file.name:
            (together / other.name).symlink_to(other.resolve())
    (together / file.name).symlink_to(file.resolve())
    section = SourceSection(
        name=beside.section.name,
        kind=beside.section.kind,
        **(
            _with_whole_paths(beside.section.options, beside.root)
            | {"path": f"together/{Path(pattern).name}"}
        ),
    )
    try:
        load_aggregates(
            [section],
            root=folder,
            folder=folder,
            indicators=beside.indicators,
            areas=beside.areas,
            place_code=beside.place_code,
            lsoa_edition=beside.lsoa_edition,
        )
    except SourceError as error:
        return list(error.faults)
    return []


def _with_whole_paths(options: dict[str, Any], root: Path) -> dict[str, Any]:
    """The options with the look-up's path from the root, because the files stand elsewhere for the check."""
    lookup = options.get("lsoa_lookup")
    return options | ({"lsoa_lookup": str((root / lookup).resolve())} if isinstance(lookup, str) else {})


def _find_section(workspace: Workspace, source: str) -> SourceSection:
    known = {one.name: one for one in workspace.place.sources if one.kind == "fingertips"}
    section = known.get(source)
    if section is None:
        fault = Fault(
            f'{PLACE_FILE}, source "{source}"', "is no source of Fingertips files.", suggest(source, known)
        )
        raise SourceError("The file cannot be checked.", [fault])
    if "*" not in Path(str(section.options.get("path", ""))).name:
        fix = 'Give it a path of several files, such as "data/fingertips/*.csv".'
        fault = Fault(f'{PLACE_FILE}, source "{source}", path', "names one file, so none can be added.", fix)
        raise SourceError("The file cannot be checked.", [fault])
    return section


def _load_areas(workspace: Workspace) -> pl.DataFrame:
    place, areas = workspace.place.place, workspace.place.areas
    return load_geography(
        workspace.path(areas.file),
        workspace.path(areas.practices) if areas.practices else None,
        place_code=place.code,
        place_name=place.name,
        imd_edition=areas.imd_edition,
    ).areas()
