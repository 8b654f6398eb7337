"""One linkage, from two files to a crosswalk, a report and the pairs that a person has to look at."""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evenground.errors import SourceError
from evenground.geography import load_geography
from evenground.sealing import SUFFIX, open_workspace, read_recipients, seal_file
from evenground.sources.aggregates import split_sections
from evenground.sources.kinds import describe_sources
from evenground.sources.linkage.crosswalk import CROSSWALK_FILE, digest_inputs, folder_of, write_crosswalk
from evenground.sources.linkage.definition import Linkage, load_linkage
from evenground.sources.linkage.model import Model, require_splink, train_and_score
from evenground.sources.linkage.prepare import SIDES, Prepared, open_sides, prepare_side
from evenground.sources.linkage.rates import Rate, calculate_rates
from evenground.sources.linkage.report import Findings, as_html, as_json
from evenground.sources.linkage.resolve import REASONS, resolve
from evenground.sources.restrictions import Restriction
from evenground.sources.staging.files import quote
from evenground.sources.staging.inputs import Progress
from evenground.sources.staging.persons import prepare_words
from evenground.sources.staging.session import Session
from evenground.workspace import Workspace, temporary_folder

REPORT_FILE: Final = "report.json"
PAGE_FILE: Final = "report.html"
REVIEW_FILE: Final = "review.csv"
_FILES: Final = (REPORT_FILE, PAGE_FILE, REVIEW_FILE, CROSSWALK_FILE)
_OF_PEOPLE: Final = (REVIEW_FILE, CROSSWALK_FILE)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a linkage found, and the folder of the secure zone that holds it. Its counts are exact."""

    folder: Path
    findings: Findings

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The rates of linkage, by side and group."""
        return self.findings.rates


def link_sources(
    workspace: Workspace,
    linkage_id: str,
    *,
    restrictions: Mapping[str, Restriction] | None = None,
    progress: Progress | None = None,
) -> Linked:
    """Put the people of two sources together, and write the crosswalk that a build then uses.

    Parameters
    ----------
    workspace
        The workspace; ``definitions/linkages/<id>.toml`` says what is linked.
    linkage_id
        The linkage.
    restrictions
        What of each source may be used; whoever opted out is taken out before anything is compared.
    progress
        Called with a sentence as each step begins.

    Returns
    -------
    Linked
        What was found. ``secure/linkages/<id>`` holds the crosswalk, the report (JSON and HTML) and the pairs
        for review (CSV), each of mode 0600. They are replaced when all are made, the crosswalk last. Where
        the place names keys to seal to, the crosswalk and the pairs are sealed.

    Raises
    ------
    WorkspaceError
        Where Splink is not installed, or the areas of the place cannot be used.
    DefinitionError
        Where the linkage cannot be used.
    SourceError
        Where a file or the key cannot be used, or the model cannot be trained. No message holds a person's
        values.
    """
    require_splink()
    tell = progress or (lambda _: None)
    recipients = read_recipients(workspace.place.secure.recipients)
    sections = split_sections(workspace.place.sources)[0]
    linkage = load_linkage(workspace.root, linkage_id, sections)
    described, faults = describe_sources(sections)
    if faults:
        raise SourceError("The sources cannot be used.", faults)
    options: dict[str, Any] = {source.name: source.options for source in described}
    quintiles = _read_quintiles(workspace)
    folder = folder_of(workspace.root, linkage_id)
    for made in (workspace.secure, folder.parent, folder):
        made.mkdir(mode=0o700, exist_ok=True)
    with temporary_folder(folder, ".linkage") as name:
        temporary = Path(name)
        root = open_workspace(workspace.root, temporary)
        opened, secret = open_sides(linkage, options, root, temporary, tell, restrictions or {})
        with Session(linkage.source.name, temporary) as session:
            prepare_words(session, quintiles)
            sides = []
            for side in opened:
                tell(f"Reading {side.file.name}")
                sides.append(prepare_side(session, linkage, side, secret))
            findings = _find(session, linkage, sides, workspace, quintiles, tell)
            tell("Writing the crosswalk and the report")
            _write(session, findings, temporary)
        for file in _FILES:
            (temporary / file).chmod(0o600)
        for file in _FILES:
            made = (
                seal_file(temporary / file, recipients)
                if recipients and file in _OF_PEOPLE
                else temporary / file
            )
            made.replace(folder / made.name)
            # What an earlier linkage left in the other form is out of date.
            (folder / (file if made.name != file else file + SUFFIX)).unlink(missing_ok=True)
    return Linked(folder, findings)


def _read_quintiles(workspace: Workspace) -> dict[str, int]:
    place, areas = workspace.place.place, workspace.place.areas
    geography = load_geography(
        workspace.path(areas.file),
        None,
        place_code=place.code,
        place_name=place.name,
        imd_edition=areas.imd_edition,
    )
    columns = (geography.lsoas[name].to_list() for name in ("lsoa_code", "imd_quintile"))
    return dict(zip(*columns, strict=True))


def _find(
    session: Session,
    linkage: Linkage,
    sides: list[Prepared],
    workspace: Workspace,
    quintiles: dict[str, int],
    tell: Progress,
) -> Findings:
    # The session's settings are for reading files; joins of two tables are better planned without them.
    session.run("SET disabled_optimizers = ''")
    model: Model = train_and_score(session, linkage, tell)
    tell("Choosing one match for each person")
    resolve(session, linkage)
    given = {
        key: set(side.columns.given())
        for key, side in zip(SIDES, (linkage.source, linkage.register_), strict=True)
    }
    fields = tuple(item.field for item in linkage.comparisons)
    as_at = workspace.place.place.as_at
    rates = calculate_rates(session, given, fields, as_at=as_at, quintiles=quintiles)
    counted = dict(session.run("SELECT reason, count(*) FROM review GROUP BY reason"))
    wrong = session.run("SELECT coalesce(round(sum(1 - probability::DECIMAL(9, 6)), 6), 0) FROM links")
    return Findings(
        linkage=linkage,
        made_from=digest_inputs(linkage, [side.sha256 for side in sides]),
        as_at=as_at,
        sides=tuple(sides),
        model=model,
        links=int(session.run("SELECT count(*) FROM links")[0][0]),
        expected_wrong=float(wrong[0][0]),
        review={reason: counted.get(reason, 0) for reason in REASONS},
        rates=rates,
        weights=tuple(
            session.run("SELECT floor(weight)::INTEGER AS w, count(*) FROM scored GROUP BY w ORDER BY w")
        ),
    )


def _write(session: Session, findings: Findings, folder: Path) -> None:
    (folder / REPORT_FILE).write_text(as_json(findings), encoding="utf-8")
    (folder / PAGE_FILE).write_text(as_html(findings), encoding="utf-8")
    levels = ", ".join(f"{item.field}_level" for item in findings.linkage.comparisons)
    session.run(f"""
        COPY (
            SELECT source.person AS source_id, register.person AS register_id, weight, probability, {levels},
                reason
            FROM review
            JOIN source_people AS source ON source.unique_id = review.source_no
            JOIN register_people AS register ON register.unique_id = review.register_no
            ORDER BY source_id, weight DESC, register_id
        ) TO {quote(str(folder / REVIEW_FILE))} (FORMAT csv, HEADER true)""")
    write_crosswalk(session, folder / CROSSWALK_FILE, findings.made_from)
