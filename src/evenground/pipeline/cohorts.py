"""Cohorts: how many would gain from care that reaches out to them, and lists for the practices they know.

A list is for the practice where people are registered, and for nobody else. It holds the pseudonyms that the
sources know people by, no names and no NHS numbers, stays in the secure folder, and is not written unless an
agreement that is in force covers its purpose for every source of people, and the log has its line.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from evenground.agreements import Agreement, Standing
from evenground.audit_log import Event
from evenground.disclosure import Policy, load_policy, protect_figures
from evenground.engine import count, find_recorded_codes, list_people
from evenground.errors import AgreementError, DefinitionError, Fault, SourceError, WorkspaceError, suggest
from evenground.geography import Geography
from evenground.indicators import SHIPPED, Cohort, Definitions, load_cohorts, load_definitions
from evenground.indicators.availability import find_untold_features
from evenground.pipeline.governance import Weighed, weigh_place
from evenground.pipeline.records import load_areas, load_records, read_for_list, working_folder
from evenground.pipeline.releasing import log_event
from evenground.sealing import SUFFIX, read_recipients, seal_file
from evenground.sources import PSEUDONYMS_FILE
from evenground.vocabulary import Purpose
from evenground.workspace import Workspace, temporary_folder, told_if_full

if TYPE_CHECKING:
    from pyrage import x25519

FOLDER: Final = "cohorts"
COLUMN: Final = "person_id"
BASE: Final = "registered"
"""Whose practice holds the relationship: those registered there, wherever they live."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """A list that was written: ``path`` is ``None`` where the practice has nobody in the cohort."""

    path: Path | None
    people: int
    agreements: tuple[str, ...]
    purpose: Purpose


def read_cohorts(workspace: Workspace) -> tuple[Definitions, dict[str, Cohort]]:
    """The cohorts that ship and the workspace's own, with the definitions that they are made of.

    Raises
    ------
    DefinitionError
        With every fault of every file.
    """
    definitions = load_definitions(SHIPPED, workspace.definitions)
    return definitions, load_cohorts(definitions, SHIPPED, workspace.definitions)


def count_cohort(
    workspace: Workspace,
    cohort_id: str,
    *,
    on_stage: Progress | None = None,
    today: dt.date | None = None,
) -> pl.DataFrame:
    """How many people are in a cohort, by practice, under the place's disclosure policy.

    Returns
    -------
    polars.DataFrame
        ``practice_code``, ``practice_name``, ``registered`` and ``people`` (null where the policy hides
        them), and ``value_note``; most people first, then by code.

    Raises
    ------
    DefinitionError, AgreementError, SourceError, WorkspaceError
        Saying what is wrong, where, and what to do.
    """
    definitions, cohorts = read_cohorts(workspace)
    cohort = _require_cohort(cohorts, cohort_id)
    purpose = workspace.place.agreements.purpose
    only, weighed = _weigh(workspace, definitions, cohort, purpose, today)
    geography = load_areas(workspace)
    policy = load_policy(workspace.place.disclosure.policy, own=workspace.definitions)
    with working_folder(workspace) as folder:
        loaded = load_records(workspace, geography, weighed, folder, on_stage)[0]
        _require_recorded(definitions, cohort, loaded.events, workspace)
        cells = count(
            only,
            as_at=workspace.place.place.as_at,
            persons=loaded.persons,
            events=loaded.events,
            lsoas=geography.lsoas,
            base=BASE,
            memory_limit=workspace.place.engine.memory_limit,
        )
    counted = cells.practices.group_by("practice_code").agg(
        pl.col("population").sum().cast(pl.Int64).alias("registered"),
        pl.col(f"{cohort.id}__denominator").sum().cast(pl.Int64).alias("people"),
    )
    named = geography.practices.select("practice_code", "practice_name")
    joined = counted.join(named, on="practice_code", how="left").sort("practice_code")
    return _protect(joined, policy)


def write_list(
    workspace: Workspace,
    cohort_id: str,
    practice_code: str,
    *,
    by: str | None = None,
    on_stage: Progress | None = None,
    today: dt.date | None = None,
) -> Written:
    """Write the pseudonyms of a practice's people in a cohort into the secure folder, for the practice.

    Parameters
    ----------
    cohort_id, practice_code
        Whom the list is of, and for whom.
    by
        The account that asks, for the log; the one that runs this by default.
    on_stage
        Called with a sentence as the work goes on.
    today
        The day on which agreements have to be in force; today by default.

    Raises
    ------
    DefinitionError, AgreementError, SourceError, WorkspaceError, AuditLogError
        Saying what is wrong, where, and what to do. No list is left without a line in the log.
    """
    definitions, cohorts = read_cohorts(workspace)
    cohort = _require_cohort(cohorts, cohort_id)
    only, weighed = _weigh(workspace, definitions, cohort, cohort.purpose, today)
    covering = _require_covering(weighed, cohort, today)
    recipients = read_recipients(workspace.place.secure.recipients)
    geography = load_areas(workspace)
    _require_practice(geography, practice_code)
    as_at = workspace.place.place.as_at
    with working_folder(workspace) as folder:
        loaded = read_for_list(workspace, geography, weighed, folder, on_stage)
        _require_recorded(definitions, cohort, loaded.events, workspace)
        people = list_people(
            only,
            practice_code=practice_code,
            as_at=as_at,
            persons=loaded.persons,
            events=loaded.events,
            lsoas=geography.lsoas,
            base=BASE,
            memory_limit=workspace.place.engine.memory_limit,
        )
        known = pl.read_parquet(folder / PSEUDONYMS_FILE)
        named = known.filter(pl.col("person_id").is_in(people))["pseudonym"].sort().to_list()
    agreements = tuple(one.id for one in covering)
    if not named:
        return Written(None, 0, agreements, cohort.purpose)
    facts = {
        "cohort": cohort.id,
        "practice": practice_code,
        "as_at": as_at.isoformat(),
        "purpose": str(cohort.purpose),
        "agreements": ", ".join(agreements)[:400],
    }
    path = _write(workspace, f"{cohort.id}-{practice_code}-{as_at.isoformat()}", named, facts, recipients, by)
    return Written(path, len(named), agreements, cohort.purpose)


def _write(
    workspace: Workspace,
    name: str,
    people: list[str],
    facts: dict[str, str],
    recipients: list[x25519.Recipient],
    by: str | None,
) -> Path:
    """The list and what it is, both of mode 0600. The line in the log comes first: a list has one, always."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([COLUMN])
    rows.writerows([person] for person in people)
    content = text.getvalue().encode()
    folder, digest = workspace.secure / FOLDER, hashlib.sha256(content).hexdigest()
    about = json.dumps({**facts, "sha256": digest}, indent=1, sort_keys=True) + "\n"
    files = {f"{name}.csv": content, f"{name}.json": about.encode()}
    with told_if_full(workspace.secure), temporary_folder(workspace.secure, ".cohort") as made:
        for file, told in files.items():
            # Made with this mode before anything is in it.
            (made / file).touch(mode=0o600)
            (made / file).write_bytes(told)
        kept = list(files)
        if recipients:
            kept[0] = seal_file(made / kept[0], recipients).name
        log_event(workspace, Event.COHORT_WRITTEN, {**facts, "file": kept[0], "sha256": digest}, by=by)
        folder.mkdir(mode=0o700, exist_ok=True)
        for file in kept:
            (made / file).replace(folder / file)
        other = f"{name}.csv" if kept[0] != f"{name}.csv" else f"{name}.csv{SUFFIX}"
        (folder / other).unlink(missing_ok=True)
    return folder / kept[0]


def _require_cohort(cohorts: dict[str, Cohort], cohort_id: str) -> Cohort:
    if cohort_id not in cohorts:
        fault = Fault(f'"{cohort_id}"', "is not a cohort.", suggest(cohort_id, cohorts))
        raise DefinitionError("There is no such cohort.", [fault])
    return cohorts[cohort_id]


def _require_practice(geography: Geography, practice_code: str) -> None:
    known = geography.practices["practice_code"].to_list()
    if practice_code not in known:
        fault = Fault(f'"{practice_code}"', "is not a practice of the place.", suggest(practice_code, known))
        raise WorkspaceError("There is no such practice.", [fault])


def _require_recorded(definitions: Definitions, cohort: Cohort, events: Path, workspace: Workspace) -> None:
    """Refuse a cohort that silence decides: where nothing is ever recorded, its absence says nothing.

    Raises
    ------
    SourceError
        Naming what nobody recorded.
    """
    recorded = find_recorded_codes(events, as_at=workspace.place.place.as_at)
    missing = find_untold_features(definitions, cohort.node, recorded)
    if missing:
        what = f"no source recorded any of: {'; '.join(missing)}. Everybody or nobody would be in it."
        fix = "Bring a source that records it, or write the cohort without it."
        raise SourceError("The cohort cannot be told.", [Fault(f"cohorts/{cohort.id}.toml", what, fix)])


def _weigh(
    workspace: Workspace, definitions: Definitions, cohort: Cohort, purpose: Purpose, today: dt.date | None
) -> tuple[Definitions, Weighed]:
    """The cohort alone, as the engine takes it, and what the agreements say of it for a purpose.

    Raises
    ------
    AgreementError
        Where they do not let a source be read, or the cohort be found, for this purpose.
    """
    indicator = cohort.as_indicator(purpose)
    only = replace(definitions, indicators={cohort.id: indicator}, plus_groups={}, segments={})
    weighed = weigh_place(workspace, only, today or dt.datetime.now(dt.UTC).date())
    faults = list(weighed.standings.faults)
    if why := weighed.standings.uncovered.get(cohort.id):
        faults.append(Fault(f"cohorts/{cohort.id}.toml", f"{why}.", _FIX))
    if faults:
        raise AgreementError("The data-sharing agreements do not allow this.", faults)
    return only, weighed


_FIX: Final = "Agree on it and write it into agreements/, or do without."


def _require_covering(weighed: Weighed, cohort: Cohort, today: dt.date | None) -> tuple[Agreement, ...]:
    """The agreements in force that cover a list, of every source of people, even where a place needs none.

    Raises
    ------
    AgreementError
        Naming each source that none covers.
    """
    day = today or dt.datetime.now(dt.UTC).date()
    covering = [
        one
        for one in weighed.agreements
        if one.standing(day) is Standing.CURRENT and cohort.purpose in one.purposes
    ]
    purpose = str(cohort.purpose).replace("_", " ")
    faults = [
        Fault(f'source "{source}"', f"no agreement in force covers it for {purpose}.", _FIX)
        for source in sorted(weighed.bringing_people)
        if not any(source in one.sources for one in covering)
    ]
    if faults:
        raise AgreementError("No list may be written.", faults)
    return tuple(one for one in covering if set(one.sources) & weighed.bringing_people)


def _protect(counted: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The counts as they may be shown: a practice whose count is hidden says so."""
    parts = {"registered": "denominator", "people": "numerator"}
    shown = protect_figures(counted.rename(parts), policy).rename({new: old for old, new in parts.items()})
    shown = shown.select("practice_code", "practice_name", "registered", "people", "value_note")
    return shown.sort("people", "practice_code", descending=[True, False], nulls_last=True)
