"""One build: check, read, count, work out, rank, protect, write, and only then make current."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from evenground import __version__
from evenground.contract import LoadReport
from evenground.disclosure import Policy, load_policy, protect_counts, require_protected
from evenground.engine import (
    ENGINES,
    Cells,
    count_dates,
    count_recorded_by_month,
    find_recorded_codes,
    roll_up,
    roll_up_by_age,
)
from evenground.errors import DisclosureError, Fault, FaultsError, WorkspaceError, suggest
from evenground.gate import BuildStage, write_stages
from evenground.geography import Geography, dissolve_boundaries, load_boundaries
from evenground.geography.services import SERVICES_FILE, load_services
from evenground.indicators import (
    SHIPPED,
    Definitions,
    Indicator,
    indicator_info,
    load_cohorts,
    load_definitions,
)
from evenground.indicators.published import published_info
from evenground.pipeline.closing import (
    Closed,
    Told,
    close_tables,
    hide_rows,
    join_closed,
    list_withheld,
    open_earlier,
    split_periods,
    write_record,
)
from evenground.pipeline.clusters import find_clusters_for_release
from evenground.pipeline.coverage import count_completeness, describe_coverage, name_conversion
from evenground.pipeline.figures import calculate_inequality, calculate_values
from evenground.pipeline.governance import (
    Weighed,
    describe_agreements,
    describe_uncovered,
    leave_out_uncovered,
    require_allowed,
    weigh_place,
)
from evenground.pipeline.left_out import (
    describe_left_out,
    find_left_out,
    keep_told_groups,
    require_known,
)
from evenground.pipeline.linkages import describe_linkages, read_linkages
from evenground.pipeline.periods import History, join_periods, keep_over_time, list_dates
from evenground.pipeline.published import (
    PUBLISHED_BASE,
    Published,
    add_published,
    describe_reports,
    make_published,
    make_tables_without_people,
    take_unpublished,
)
from evenground.pipeline.rankings import rank_for_release
from evenground.pipeline.records import (
    digest_records,
    is_prepared,
    load_areas,
    load_records,
    working_folder,
)
from evenground.pipeline.releasing import let_out, logs_failures, submit
from evenground.pipeline.stages import Clock, Stage
from evenground.releases import (
    TABLES,
    CoverageRow,
    GroupInfo,
    IndicatorInfo,
    Profile,
    Release,
    ReleaseContent,
    SourceRecord,
)
from evenground.sealing import open_workspace, read_recipients
from evenground.sources import check_sources
from evenground.sources.aggregates import (
    AggregateReport,
    check_aggregates,
    load_aggregates,
    split_sections,
)
from evenground.sources.linkage import LinkageRates
from evenground.sources.restrictions import Restriction
from evenground.sources.roles import check_names
from evenground.vocabulary import AreaType, Cut, ValueNote
from evenground.workspace import Workspace, write_atomically

_COUNT_COLUMNS: Final = {
    "values": ("numerator", "denominator"),
    "rankings": ("eligible", "reached"),
    "clusters": ("eligible",),
    "areas": ("population",),
}


@dataclass(slots=True)
class BuildReport:
    """What a build did. It holds exact counts: it stays in the secure zone."""

    release_id: str = ""
    unchanged: bool = False
    waits: bool = False
    sources: list[LoadReport] = field(default_factory=list)
    aggregates: list[AggregateReport] = field(default_factory=list)
    linkages: list[LinkageRates] = field(default_factory=list)
    is_prepared: bool = False
    completeness: dict[str, int] = field(default_factory=dict)
    people_counted: int = 0
    figures: int = 0
    suppressed: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    thin: dict[str, dict[str, str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    audit: dict[str, int] = field(default_factory=dict)
    stages: list[Stage] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The whole build."""
        return sum(stage.seconds for stage in self.stages)


@dataclass(frozen=True, slots=True)
class _Inputs:
    definitions: Definitions
    geography: Geography
    policy: Policy
    weighed: Weighed
    left_out: tuple[CoverageRow, ...] = ()
    published: Published | None = None

    @property
    def published_ids(self) -> set[str]:
        """The published indicators that there are figures of."""
        return set(self.published.indicators) if self.published else set()


def check_workspace(workspace: Workspace, *, today: dt.date | None = None) -> list[Fault]:
    """Every fault of the workspace and its definitions, in one pass; an empty list where all is well.

    ``today`` is the day on which agreements have to be in force.
    """
    day = today or dt.datetime.now(dt.UTC).date()
    faults: list[Fault] = []
    checks: tuple[Callable[[], object], ...] = (
        lambda: _load_definitions(workspace),
        lambda: load_cohorts(_load_definitions(workspace), SHIPPED, workspace.definitions),
        lambda: load_areas(workspace),
        lambda: read_recipients(workspace.place.secure.recipients),
        lambda: _load_lsoa_boundaries(workspace),
        lambda: _draw_pcns(workspace, load_areas(workspace)),
        lambda: require_allowed(workspace, weigh_place(workspace, _load_definitions(workspace), day)),
        lambda: faults.extend(_check_sources(workspace, day)),
        lambda: load_policy(workspace.place.disclosure.policy, own=workspace.definitions),
        lambda: _check_spending(workspace),
        lambda: _check_services(workspace),
    )
    for check in checks:
        try:
            check()
        except FaultsError as error:
            faults += [fault for fault in error.faults if fault not in faults]
        except DisclosureError as error:
            faults.append(Fault("place.toml, disclosure.policy", str(error)))
    return faults


def _check_services(workspace: Workspace) -> None:
    """Services to lay over maps take no part in a build either."""
    path = workspace.root / SERVICES_FILE
    if path.is_file():
        load_services(path)


def _check_spending(workspace: Workspace) -> None:
    """What can be bought and what that is worth takes no part in a build, so it is read for a check alone."""
    from evenground.spending.loader import check_records

    check_records(workspace.definitions)


@logs_failures
def build_release(
    workspace: Workspace,
    *,
    on_stage: Callable[[str], None] | None = None,
    memory_limit: str | None = None,
    engine: str | None = None,
    engine_url: str | None = None,
    years: str | None = None,
    every: str | None = None,
    today: dt.date | None = None,
) -> tuple[Release, BuildReport]:
    """Build a release from the workspace's sources: a candidate, or where none approves, the current release.

    Until the last step nothing that the site reads has changed: a build that fails leaves the current release
    as it was, and its working files in the secure zone are gone.

    Parameters
    ----------
    workspace
        The workspace; its sources are read, its ``releases`` folder is written.
    on_stage
        Called with the name of each stage as it begins.
    memory_limit
        The most memory the engine may use ("4GB"); the default is the workspace's, and then the engine's own.
    engine, engine_url
        What counts, and where it runs, if not as ``[engine]`` of the workspace says.
    years, every
        The years of the time series and its steps, if not as ``[periods]`` of the workspace says: see
        ``list_dates``.
    today
        The day on which agreements have to be in force; the day of the build by default.

    Raises
    ------
    WorkspaceError, DefinitionError, AgreementError, SourceError, DisclosureError
        Saying what is wrong, where, and what to do.
    """
    report = BuildReport()
    clock = Clock(report.stages, on_stage)
    with clock.stage("Check the workspace and definitions"):
        kind = _require_engine(workspace, engine, engine_url)
        inputs = _load_inputs(workspace, today or dt.datetime.now(dt.UTC).date(), report)
        said = workspace.place.periods
        dates = list_dates(workspace.place.place.as_at, years or said.years, every or said.every)
    inputs = _with_published(workspace, inputs, clock, report)
    if not split_sections(workspace.place.sources)[0]:
        return _release_without_people(workspace, inputs, clock, report)
    with working_folder(workspace) as folder:
        with clock.stage(f"Read {_name_sources(workspace)}"):
            report.sources += load_records(workspace, inputs.geography, inputs.weighed, folder, on_stage)
            loaded = report.sources[0]
            report.is_prepared = is_prepared(loaded)
        with clock.stage("Look which codes are recorded"):
            inputs = _leave_out_untold(workspace, inputs, loaded.events, report)
            count_at = _counter(workspace, loaded.persons.parent, kind, engine_url)
            counted = count_at(
                inputs.definitions,
                persons=loaded.persons,
                events=loaded.events,
                lsoas=inputs.geography.lsoas,
                as_at=dates,
                base=workspace.place.population.base,
                memory_limit=memory_limit or workspace.place.engine.memory_limit,
            )
        with closing(counted):
            earlier = _work_out_earlier(inputs, counted, dates, loaded.events, report, clock)
            cells = _count_next(counted, "Count people and events", clock)
    report.people_counted = int(cells.frame["population"].sum())
    report.completeness = count_completeness(cells.frame)
    report.linkages += read_linkages(workspace)
    if not report.people_counted:
        raise _nobody_left(workspace, report.sources)
    tables = _calculate_tables(workspace, inputs, cells, clock)
    return _publish(workspace, inputs, report, join_periods(earlier, tables), cells, clock)


def _count_next(counted: Iterator[tuple[dt.date, Cells]], stage: str, clock: Clock) -> Cells:
    with clock.stage(stage):
        return next(counted)[1]


def _work_out_earlier(
    inputs: _Inputs,
    counted: Iterator[tuple[dt.date, Cells]],
    dates: Sequence[dt.date],
    events: Path,
    report: BuildReport,
    clock: Clock,
) -> list[dict[str, pl.DataFrame]]:
    """The tables of every date but the last, of the indicators whose records go back far enough."""
    if len(dates) == 1:
        return []
    definitions = inputs.definitions
    history = History(definitions, count_recorded_by_month(events, as_at=dates[-1]), dates[-1])
    found = []
    for day in dates[:-1]:
        cells = _count_next(counted, "Count people and events at earlier dates", clock)
        thin = history.find_thin(day)
        report.thin |= {str(day): thin} if thin else {}
        told = definitions.keep(definitions.indicators.keys() - thin.keys())
        found.append(_calculate_earlier(replace(inputs, definitions=told), cells, day, clock))
    return found


def _calculate_earlier(inputs: _Inputs, cells: Cells, day: dt.date, clock: Clock) -> dict[str, pl.DataFrame]:
    """Figures and inequality at an earlier date; no tables where nothing is known of that time."""
    indicators = tuple(inputs.definitions.indicators.values())
    if not indicators or not cells.frame["population"].sum():
        return {}
    with clock.stage("Work out figures of earlier dates"):
        rolled_up = roll_up(cells, inputs.geography)
        values, inequality = _calculate_figures(inputs, indicators, cells, rolled_up, day)
    return {"values": keep_over_time(values), "inequality": inequality}


def _with_published(workspace: Workspace, inputs: _Inputs, clock: Clock, report: BuildReport) -> _Inputs:
    """With the figures of the sources of published figures, if the place has any."""
    sections = split_sections(workspace.place.sources)[1]
    if not sections:
        return inputs
    with clock.stage("Read published figures"), working_folder(workspace) as folder:
        loaded = load_aggregates(
            sections,
            root=workspace.root,
            folder=folder,
            indicators=inputs.definitions.published,
            areas=inputs.geography.areas(),
            place_code=workspace.place.place.code,
            lsoa_edition=workspace.place.areas.lsoa_edition,
        )
        report.aggregates += [aggregate.report for aggregate in loaded]
        published = make_published(
            loaded, inputs.definitions.published, geography=inputs.geography, policy=inputs.policy
        )
    return replace(inputs, published=published)


def _release_without_people(
    workspace: Workspace, inputs: _Inputs, clock: Clock, report: BuildReport
) -> tuple[Release, BuildReport]:
    """A release of nothing but published figures: nobody is counted, so nothing can be ranked."""
    inputs = replace(inputs, definitions=inputs.definitions.keep(inputs.published_ids).keep_groups([]))
    with clock.stage("Draw boundaries"):
        tables = make_tables_without_people(inputs.geography, _boundaries_table(workspace, inputs.geography))
    return _publish(workspace, inputs, report, tables, None, clock)


def _publish(
    workspace: Workspace,
    inputs: _Inputs,
    report: BuildReport,
    tables: dict[str, pl.DataFrame],
    cells: Cells | None,
    clock: Clock,
) -> tuple[Release, BuildReport]:
    tables = add_published(tables, inputs.published)
    described = _describe(workspace, inputs, report, cells)
    closed = _close(workspace, inputs, described, tables, cells, clock)
    with clock.stage("Find neighbours that share a gap"):
        clusters = find_clusters_for_release(closed.tables["rankings"], closed.tables["boundaries"])
    tables = {**closed.tables, "clusters": clusters}
    report.audit = closed.audit.tried | {"counts hidden for the sake of others": closed.hidden.height}
    with clock.stage("Write and verify the release"):
        content = _assemble(workspace, inputs, described, tables)
        release, report.unchanged, report.waits = submit(
            workspace, content, warnings=report.warnings, audit=report.audit
        )
    report.release_id = release.id
    report.figures = tables["values"].height
    report.suppressed = int((tables["values"]["value_note"] == ValueNote.SUPPRESSED).sum())
    _write_report(workspace, report)
    write_record(workspace.secure / "reports", release.id, closed)
    write_stages(release, (BuildStage(**asdict(stage)) for stage in report.stages))
    # Last of all: where the disk is full before, what is current stays.
    return let_out(workspace, release), report


def _close(
    workspace: Workspace,
    inputs: _Inputs,
    described: ReleaseContent,
    tables: dict[str, pl.DataFrame],
    cells: Cells | None,
    clock: Clock,
) -> Closed:
    """Nothing leaves before all tables together, and with every earlier release, have been attacked."""
    period = f"to {workspace.place.place.as_at.isoformat()}"

    def rank(hidden: pl.DataFrame) -> pl.DataFrame:
        if cells is None:
            return tables["rankings"]
        indicators = tuple(inputs.definitions.indicators.values())
        with clock.stage("Rank communities"):
            return rank_for_release(
                cells.frame,
                inputs.geography.lsoas,
                indicators,
                inputs.policy,
                withheld=list_withheld(hidden, period),
            )

    now, before = split_periods(tables, period)
    told = Told(
        described.indicators,
        described.coverage,
        described.records_sha256,
        open_earlier(
            workspace.releases,
            place_code=workspace.place.place.code,
            periods=now["values"]["period"].unique().to_list(),
            own=workspace.definitions,
        ),
    )
    with clock.stage("Attack the tables, and hide what gives too much away"):
        programs = workspace.place.attacks_with_programs
        closed = close_tables(now, told, inputs.policy, rank, programs=programs)
        others = [
            close_tables(one, replace(told, earlier=()), inputs.policy, None, programs=programs)
            for one in before
        ]
    return join_closed(closed, others)


def _require_engine(workspace: Workspace, engine: str | None, engine_url: str | None) -> str:
    """What counts: what is asked for, or else what the workspace says. Told before anything is read."""
    kind = engine or workspace.place.engine.kind
    faults = []
    if kind not in ENGINES:
        faults.append(Fault("engine", f'"{kind}" is not known.', suggest(kind, ENGINES)))
    elif kind != "spark" and engine_url:
        fix = "Choose the engine spark, too, or give no URL (EVENGROUND_ENGINE_URL)."
        faults.append(Fault("engine url", f"is not for {kind}.", fix))
    if faults:
        raise WorkspaceError("The counts cannot be made.", faults)
    return kind


def _counter(
    workspace: Workspace, folder: Path, kind: str, engine_url: str | None
) -> Callable[..., Generator[tuple[dt.date, Cells]]]:
    """Counting the files in a folder with an engine, where the workspace says that it runs."""
    said = workspace.place.engine
    if kind != said.kind:
        return partial(count_dates, engine=kind, engine_url=engine_url)
    inside = folder.relative_to(workspace.secure).as_posix()
    seen = f"{said.secure_url.rstrip('/')}/{inside}" if said.secure_url else None
    return partial(count_dates, engine=kind, engine_url=engine_url or said.url, folder_url=seen)


def _load_definitions(workspace: Workspace) -> Definitions:
    definitions = load_definitions(SHIPPED, workspace.definitions)
    require_known(definitions, workspace.place.indicators.leave_out)
    return definitions


def _leave_out_untold(workspace: Workspace, inputs: _Inputs, events: Path, report: BuildReport) -> _Inputs:
    """Without the indicators that the place or its records have nothing to say of; the report names them."""
    definitions = inputs.definitions
    recorded = find_recorded_codes(events, as_at=workspace.place.place.as_at)
    report.left_out |= find_left_out(
        definitions, unwanted=workspace.place.indicators.leave_out, recorded=recorded
    )
    kept = definitions.keep((definitions.indicators.keys() - report.left_out.keys()) | inputs.published_ids)
    kept, untold = keep_told_groups(kept, recorded)
    told = (*describe_left_out(definitions, report.left_out), *untold)
    return replace(inputs, definitions=kept, left_out=(*inputs.left_out, *told))


def _load_inputs(workspace: Workspace, today: dt.date, report: BuildReport) -> _Inputs:
    """What a build is made with, but for what the place's agreements do not cover today.

    Raises
    ------
    AgreementError
        Where the agreements do not let the sources be read or, unless the place leaves them out, the
        indicators be counted.
    """
    definitions = _load_definitions(workspace)
    weighed = weigh_place(workspace, definitions, today)
    require_allowed(workspace, weighed)
    kept, report.left_out = leave_out_uncovered(definitions, weighed)
    report.warnings = weighed.standings.warnings
    return _Inputs(
        definitions=kept,
        geography=load_areas(workspace),
        policy=load_policy(workspace.place.disclosure.policy, own=workspace.definitions),
        weighed=weighed,
        left_out=describe_uncovered(definitions, report.left_out),
    )


def _load_lsoa_boundaries(workspace: Workspace) -> dict[str, dict[str, Any]]:
    file = workspace.place.areas.boundaries
    return load_boundaries(workspace.path(file)) if file else {}


def _check_sources(workspace: Workspace, day: dt.date) -> list[Fault]:
    people, aggregates = split_sections(workspace.place.sources)
    faults = []
    if people or not aggregates:
        with working_folder(workspace) as folder:
            faults += check_sources(
                people,
                root=open_workspace(workspace.root, folder),
                folder=folder,
                restrictions=_find_restrictions(workspace, day),
                lsoa_edition=workspace.place.areas.lsoa_edition,
            )
    if aggregates:
        faults += check_names(workspace.place.sources) if people else []
        faults += check_aggregates(
            aggregates,
            root=workspace.root,
            folder=workspace.secure,
            indicators=_load_definitions(workspace).published,
            lsoa_edition=workspace.place.areas.lsoa_edition,
        )
    return faults


def _find_restrictions(workspace: Workspace, day: dt.date) -> dict[str, Restriction]:
    """What the agreements restrict; nothing where they or the definitions are wrong: other checks tell it."""
    try:
        return weigh_place(workspace, _load_definitions(workspace), day).restrictions
    except FaultsError:
        return {}


def _name_sources(workspace: Workspace) -> str:
    sources = split_sections(workspace.place.sources)[0]
    return sources[0].name if len(sources) == 1 else f"{len(sources)} sources"


def _nobody_left(workspace: Workspace, loaded: Sequence[LoadReport]) -> WorkspaceError:
    kept = sum(table.kept for report in loaded for table in report.tables if table.table == "persons")
    base = workspace.place.population.base
    fault = Fault(
        "place.toml",
        f"of {kept:,} persons kept from {', '.join(report.source for report in loaded)}, "
        f"none is {base} on {workspace.place.place.as_at}.",
        "Check [place] as_at, [population] base, and the area and practice columns of the extract.",
    )
    return WorkspaceError("There is nobody to count.", [fault])


def _calculate_tables(
    workspace: Workspace, inputs: _Inputs, cells: Cells, clock: Clock
) -> dict[str, pl.DataFrame]:
    indicators = tuple(inputs.definitions.indicators.values())
    geography, policy = inputs.geography, inputs.policy
    with clock.stage("Add up areas and groups"):
        rolled_up = roll_up(cells, geography)
    with clock.stage("Protect counts and work out figures"):
        values, inequality = _calculate_figures(
            inputs, indicators, cells, rolled_up, workspace.place.place.as_at
        )
    with clock.stage("Draw boundaries"):
        boundaries = _boundaries_table(workspace, geography)
    return {
        "values": values,
        "inequality": inequality,
        "areas": _areas_table(geography, rolled_up, policy),
        "boundaries": boundaries,
    }


def _calculate_figures(
    inputs: _Inputs,
    indicators: tuple[Indicator, ...],
    cells: Cells,
    rolled_up: pl.DataFrame,
    day: dt.date,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    values = calculate_values(
        rolled_up,
        indicators,
        counts_by_age=lambda indicator_id: roll_up_by_age(cells, inputs.geography, indicator_id),
        policy=inputs.policy,
        period=f"to {day.isoformat()}",
    )
    return values, calculate_inequality(values, indicators)


def _areas_table(geography: Geography, rolled_up: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    everyone = rolled_up.filter(pl.col("cut") == Cut.ALL).select("area_type", "area_code", "population")
    areas = geography.areas().join(everyone, on=["area_type", "area_code"], how="left", maintain_order="left")
    population, hidden = protect_counts(areas["population"].fill_null(0).to_numpy(), policy)
    note = (
        pl.when(pl.lit(pl.Series(hidden)))
        .then(pl.lit(str(ValueNote.SUPPRESSED)))
        .when(pl.lit(pl.Series(population)) == 0)
        .then(pl.lit(str(ValueNote.ZERO)))
        .otherwise(pl.lit(str(ValueNote.PUBLISHED)))
    )
    return areas.with_columns(
        pl.when(pl.lit(pl.Series(~hidden)))
        .then(pl.lit(pl.Series(population)))
        .otherwise(None)
        .alias("population"),
        note.alias("population_note"),
    )


def _boundaries_table(workspace: Workspace, geography: Geography) -> pl.DataFrame:
    lsoas = _load_lsoa_boundaries(workspace)
    rows: list[tuple[str, str, str]] = []
    if lsoas:
        for area_type in (AreaType.LSOA, AreaType.MSOA, AreaType.WARD):
            codes = (geography.lsoas[column].to_list() for column in ("lsoa_code", f"{area_type}_code"))
            parents = dict(zip(*codes, strict=True))
            rows += [
                (str(area_type), code, shape) for code, shape in dissolve_boundaries(lsoas, parents).items()
            ]
    rows += [(str(AreaType.PCN), code, shape) for code, shape in _draw_pcns(workspace, geography).items()]
    return pl.DataFrame(rows, schema=TABLES["boundaries"].names, orient="row", schema_overrides=_TEXT)


def _draw_pcns(workspace: Workspace, geography: Geography) -> dict[str, str]:
    """The areas that a place says its PCNs serve: nobody publishes boundaries of PCNs.

    Raises
    ------
    WorkspaceError
        Where the file draws none of the place's PCNs, or not all of them, by name.
    """
    file = workspace.place.areas.pcn_boundaries
    if not file:
        return {}
    drawn = load_boundaries(workspace.path(file), AreaType.PCN)
    names = dict(geography.practices.select("pcn_code", "pcn_name").unique().sort("pcn_code").iter_rows())
    missing = [f"{name} ({code})" for code, name in names.items() if code not in drawn]
    if missing:
        what = f"draws no boundary of {', '.join(missing)}."
        fix = "Add them, or leave pcn_boundaries out of place.toml."
        raise WorkspaceError("The boundaries cannot be used.", [Fault(file, what, fix)])
    return dissolve_boundaries(drawn, {code: code for code in names})


_TEXT: Final = dict.fromkeys(TABLES["boundaries"].names, pl.String)


def _assemble(
    workspace: Workspace, inputs: _Inputs, described: ReleaseContent, tables: dict[str, pl.DataFrame]
) -> ReleaseContent:
    """The release, after the last gate."""
    own = tables | {
        "values": take_unpublished(tables["values"], workspace.place.sources, inputs.published_ids)
    }
    for table, columns in _COUNT_COLUMNS.items():
        require_protected(table, own[table], columns, inputs.policy)
    return replace(described, tables=tables)


def _describe(
    workspace: Workspace, inputs: _Inputs, report: BuildReport, cells: Cells | None
) -> ReleaseContent:
    """All that a release says besides its tables."""
    digests = {loaded.source: loaded.sha256 for loaded in report.sources}
    digests |= {loaded.source: loaded.sha256 for loaded in report.aggregates}
    converted = {loaded.source: loaded.lsoa_conversion for loaded in report.sources}
    converted |= {loaded.source: loaded.lsoa_conversion for loaded in report.aggregates}
    place, areas = workspace.place.place, workspace.place.areas
    definitions = inputs.definitions
    return ReleaseContent(
        place_code=place.code,
        place_name=place.name,
        synthetic=place.synthetic,
        as_at=place.as_at.isoformat(),
        population_base=workspace.place.population.base if cells else PUBLISHED_BASE,
        lsoa_edition=areas.lsoa_edition,
        imd_edition=areas.imd_edition,
        policy=inputs.policy.label,
        policy_words=inputs.policy.words,
        code_version=__version__,
        definitions_sha256=definitions.sha256,
        sources=tuple(
            SourceRecord(
                name=section.name,
                kind=section.kind,
                sha256=digests[section.name],
                **name_conversion(converted.get(section.name, {})),
            )
            for section in workspace.place.sources
        ),
        tables={},
        indicators=tuple(
            IndicatorInfo.model_validate(info)
            for info in (
                *(
                    indicator_info(indicator) | {"definition_sha256": definitions.digest(indicator)}
                    for indicator in definitions.indicators.values()
                ),
                *(published_info(definitions.published[name]) for name in sorted(inputs.published_ids)),
            )
        ),
        profiles=tuple(
            Profile.model_validate(definitions.describe_profile(profile)) for profile in definitions.profiles
        ),
        coverage=(
            *(_describe_reading(report, inputs.policy) if cells else ()),
            *describe_reports(report.aggregates),
            *inputs.left_out,
        ),
        groups=tuple(GroupInfo.model_validate(group) for group in definitions.describe_groups()),
        agreements=describe_agreements(inputs.weighed, definitions),
        linkages=tuple(describe_linkages(report.linkages, inputs.policy)),
        records_sha256=(
            digest_records(workspace, inputs.geography, inputs.weighed, report.sources) if cells else ""
        ),
    )


def _describe_reading(report: BuildReport, policy: Policy) -> tuple[CoverageRow, ...]:
    rows = describe_coverage(report.sources, report.completeness, report.people_counted, policy)
    return hide_rows(rows, policy)


def _write_report(workspace: Workspace, report: BuildReport) -> None:
    content = json.dumps(asdict(report), indent=1, default=str)
    write_atomically(workspace.secure / "reports" / f"{report.release_id}.json", content.encode())
