"""The records of a build: the folder it works in, and persons and events, read or prepared earlier."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from evenground import __version__
from evenground.contract import LoadReport
from evenground.geography import Geography, load_geography
from evenground.indicators import SHIPPED, load_definitions
from evenground.pipeline.governance import Weighed, digest_restrictions, require_allowed, weigh_place
from evenground.sealing import open_workspace, read_recipients
from evenground.sources import load_sources, survey_sources
from evenground.sources.aggregates import split_sections
from evenground.sources.prepared import (
    COPIES,
    Prepared,
    digest_areas,
    find_prepared,
    open_buckets,
    replace_prepared,
    require_current,
    require_disk,
    seal_buckets,
    write_buckets,
    write_manifest,
)
from evenground.sources.restrictions import OptOutList, Restriction
from evenground.workspace import Workspace, remove_leftovers, temporary_folder

Progress = Callable[[str], None]
_DAY: Final = "place.toml, place.as_at"


def load_areas(workspace: Workspace) -> Geography:
    """The areas and practices of a workspace's place."""
    place, areas = workspace.place.place, workspace.place.areas
    return load_geography(
        workspace.path(areas.file),
        workspace.path(areas.practices) if areas.practices else None,
        place_code=place.code,
        place_name=place.name,
        imd_edition=areas.imd_edition,
    )


@contextmanager
def working_folder(workspace: Workspace) -> Iterator[Path]:
    """A folder of its own in the secure zone, gone afterwards; what killed builds left goes first."""
    remove_leftovers(workspace.secure)
    with temporary_folder(workspace.secure, "build") as folder:
        yield folder


def load_records(
    workspace: Workspace, geography: Geography, weighed: Weighed, folder: Path, progress: Progress | None
) -> tuple[LoadReport, ...]:
    """Persons and events: those prepared, where there are any, or else read from the sources.

    Raises
    ------
    SourceError
        Where a source cannot be used, or the prepared records follow from something else than is there now.
    """
    prepared = find_prepared(workspace.secure)
    if prepared is None:
        return _read_sources(workspace, geography, weighed, folder, progress)
    tell = progress or (lambda _: None)
    tell(f"Checking that the prepared records are current ({prepared.buckets} buckets)")
    require_current(prepared, _survey(workspace, geography, weighed, folder)[0], __version__)
    tell(f"Using the prepared records ({prepared.buckets} buckets)")
    return open_buckets(prepared, folder).reports if prepared.is_sealed else prepared.reports


def is_prepared(report: LoadReport) -> bool:
    """Whether a source's records are prepared ones: folders of buckets, not files read for this build."""
    return report.persons.is_dir()


def _read_sources(
    workspace: Workspace,
    geography: Geography,
    weighed: Weighed,
    folder: Path,
    progress: Progress | None,
    *,
    with_pseudonyms: bool = False,
) -> tuple[LoadReport, ...]:
    practices = geography.practices["practice_code"].to_list()
    return load_sources(
        split_sections(workspace.place.sources)[0],
        root=open_workspace(workspace.root, folder),
        folder=folder,
        as_at=workspace.place.place.as_at,
        lsoa_codes=set(geography.lsoas["lsoa_code"].to_list()),
        practice_codes=set(practices) or None,
        restrictions=weighed.restrictions,
        lsoa_edition=workspace.place.areas.lsoa_edition,
        progress=progress,
        with_pseudonyms=with_pseudonyms,
    )


def read_for_list(
    workspace: Workspace, geography: Geography, weighed: Weighed, folder: Path, progress: Progress | None
) -> LoadReport:
    """Persons and events with the pseudonyms that their sources know them by, read for one list.

    Whoever is on a list of opt-outs of the place is left out, whatever an agreement says of it.
    """
    lists: dict[str, list[OptOutList]] = {}
    for section in workspace.place.opt_outs:
        for source in section.sources:
            lists.setdefault(source, []).append(OptOutList(section.kind, section.path, section.column))
    restrictions = dict(weighed.restrictions)
    for source, opt_outs in lists.items():
        own = restrictions.get(source, Restriction())
        restrictions[source] = replace(own, opt_outs=tuple(opt_outs))
    weighed = replace(weighed, restrictions=restrictions)
    return _read_sources(workspace, geography, weighed, folder, progress, with_pseudonyms=True)[0]


def prepare_records(
    workspace: Workspace,
    *,
    buckets: int | None = None,
    memory_limit: str | None = None,
    on_stage: Progress | None = None,
    today: dt.date | None = None,
) -> Prepared:
    """Read the sources once, through the checks of a build, and keep the records by bucket of residence.

    Until the last step nothing has changed: if it stops before, what was prepared earlier is as it was.

    Parameters
    ----------
    buckets
        How many buckets for people of known area; by default one for each million people.
    memory_limit
        The most memory that dividing and sorting may use ("4GB").
    on_stage
        Called with a sentence as the work goes on.
    today
        The day on which agreements have to be in force; the day of the reading by default.

    Raises
    ------
    WorkspaceError, DefinitionError, AgreementError, SourceError
        Saying what is wrong, where, and what to do.
    """
    tell = on_stage or (lambda _: None)
    tell("Check the areas and the sources")
    recipients = read_recipients(workspace.place.secure.recipients)
    geography = load_areas(workspace)
    definitions = load_definitions(SHIPPED, workspace.definitions)
    weighed = weigh_place(workspace, definitions, today or dt.datetime.now(dt.UTC).date())
    require_allowed(workspace, weighed)
    with working_folder(workspace) as folder:
        inputs, size = _survey(workspace, geography, weighed, folder)
        require_disk(workspace.secure, int(COPIES * size), "The sources")
        reports = _read_sources(workspace, geography, weighed, folder, tell)
        made = folder / "made"
        people, events = write_buckets(
            reports[0].persons,
            reports[0].events,
            geography.lsoas,
            made,
            buckets=buckets,
            memory_limit=memory_limit or workspace.place.engine.memory_limit,
            progress=tell,
        )
        if recipients:
            tell("Sealing the records")
            seal_buckets(made, recipients)
        write_manifest(Prepared(made, inputs, __version__, people, events, reports))
        replace_prepared(made, workspace.secure)
    found = find_prepared(workspace.secure)
    if found is None:  # it was put there a moment ago
        raise FileNotFoundError(workspace.secure)
    return found


def digest_records(
    workspace: Workspace, geography: Geography, weighed: Weighed, reports: Sequence[LoadReport]
) -> str:
    """What tells that two releases count the same records: files, columns, areas, restrictions, base.

    The day is not in it. A release of a later day counts the same records, at another date.
    """
    inputs = _list_inputs(workspace, geography, weighed, {one.source: one.sha256 for one in reports})
    del inputs[_DAY]
    said = [inputs, __version__, workspace.place.population.base]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _survey(
    workspace: Workspace, geography: Geography, weighed: Weighed, folder: Path
) -> tuple[dict[str, str], int]:
    """What prepared records follow from, by name, and the bytes of the sources' files."""
    place = workspace.place
    sections = split_sections(place.sources)[0]
    digests, size = survey_sources(
        sections,
        root=open_workspace(workspace.root, folder),
        folder=folder,
        restrictions=weighed.restrictions,
        lsoa_edition=place.areas.lsoa_edition,
    )
    return _list_inputs(workspace, geography, weighed, digests), size


def _list_inputs(
    workspace: Workspace,
    geography: Geography,
    weighed: Weighed,
    digests: Mapping[str, Mapping[str, str]],
) -> dict[str, str]:
    """What records follow from, by name; ``digests`` are of the files of each source."""
    place = workspace.place
    inputs = {
        _DAY: place.place.as_at.isoformat(),
        "place.toml, areas.lsoa_edition": place.areas.lsoa_edition,
        "agreements and opt_outs": digest_restrictions(weighed),
        "place.toml, areas": digest_areas(geography.lsoas, geography.practices["practice_code"].to_list()),
    }
    for number, section in enumerate(split_sections(place.sources)[0]):
        where = f'place.toml, source "{section.name}"'
        said = {"place": number, "kind": section.kind, **section.options}
        text = json.dumps(said, sort_keys=True, default=str)
        inputs[where] = hashlib.sha256(text.encode()).hexdigest()
        inputs |= {f"{name}, of {section.name}": digest for name, digest in digests[section.name].items()}
    return inputs
