"""``evenground spend``: what a budget buys, where, for whom, and how sure that is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evenground.cli.consoles import console, problems
from evenground.cli.opening import note_export, open_release, read_table, require_table_path, write_frame
from evenground.errors import InputError
from evenground.vocabulary import CommunityType

if TYPE_CHECKING:
    import polars as pl

    from evenground.releases import Release
    from evenground.spending import Spending

_DEPRIVATION: Final = ("imd_rank", "imd_decile", "imd_quintile")
_TABLES: Final = ("plan", "careful", "communities", "groups", "frontier", "floors", "comparisons", "staff")


class Maximise(StrEnum):
    """What there is to be most of."""

    PEOPLE = "people"
    BENEFIT = "benefit"


WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]
ServiceOption = Annotated[
    str | None, typer.Option(help="An indicator's id, or 'each' for every one the release ranks.")
]
CommunityOption = Annotated[
    str | None,
    typer.Option(help="What a community is: lsoa or msoa_ethnic_group; of a file, its columns."),
]
ReleaseOption = Annotated[str | None, typer.Option(help="A release's id; the current one by default.")]
CountsOption = Annotated[
    Path | None, typer.Option(help="Rank this .csv or .parquet file of counts first, and use that.")
]
StandardOption = Annotated[
    float | None, typer.Option(help="With '--counts': the share that ought to be reached.")
]
StrataOption = Annotated[str | None, typer.Option(help="With '--counts': columns that divide communities.")]
CovariatesOption = Annotated[
    str | None, typer.Option(help="With '--counts': what else uptake differs by, such as imd_rank.")
]


def spend(
    budget: Annotated[float, typer.Option(help="Pounds, such as 200000.")],
    workspace: WorkspaceOption = Path(),
    service: ServiceOption = None,
    by: CommunityOption = None,
    release: ReleaseOption = None,
    ranking: Annotated[
        Path | None, typer.Option(help="Spend on this .csv or .parquet ranking, not on a release's.")
    ] = None,
    counts: CountsOption = None,
    standard: StandardOption = None,
    strata: StrataOption = None,
    covariates: CovariatesOption = None,
    interventions: Annotated[
        Path | None,
        typer.Option(help="The folder of what can be bought; the workspace's definitions by default."),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(help="The folder of what reaching somebody is worth; as for the interventions."),
    ] = None,
    weeks: Annotated[float, typer.Option(help="How long the programme runs.")] = 26,
    maximise: Annotated[
        Maximise, typer.Option(help="The number of people reached, or the benefit that evidence tells.")
    ] = Maximise.PEOPLE,
    weights: Annotated[
        str,
        typer.Option(
            help="What a person counts for: none, proportionate, atkinson:0.5 or such as ethnic_group=J:2."
        ),
    ] = "none",
    floor: Annotated[
        list[str] | None,
        typer.Option(
            help="The fewest to reach, such as town:20, plus_group:5% or area_code=X:9. Several times."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="The plan only: not the careful one, nor the price of fairness.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the plan to this .csv or .parquet file.")] = None,
    tables: Annotated[
        Path | None, typer.Option(help="Write every table of the answer as CSV into this folder.")
    ] = None,
) -> None:
    """Choose what a budget buys so that most people who miss out are reached, and fairly."""
    if out:
        require_table_path(out)
    if ranking and counts:
        raise typer.BadParameter("goes with '--counts' no further: give one.", param_hint="--ranking")
    found: Release | None = None
    if ranking or counts:
        frame, keys = read_ranked(ranking, counts, by, standard, strata, covariates)
    else:
        found = open_release(workspace, release)
        frame, keys = read_communities(found, service, by)
    spending = _plan(
        frame,
        keys,
        budget=budget,
        weeks=weeks,
        maximise=maximise,
        service=service,
        weights=weights,
        floors=tuple(floor or ()),
        interventions=interventions or workspace / "definitions" / "interventions",
        evidence=evidence or workspace / "definitions" / "evidence",
        quick=quick,
    )
    from evenground.cli.show_spending import show_spending

    show_spending(spending)
    written = _write(spending, out, tables)
    if found is not None:
        for path in written:
            note_export(workspace, found, path, f"plan of spending £{budget:,.0f} on {service}")


def _plan(
    frame: pl.DataFrame,
    keys: tuple[str, ...] | None,
    *,
    budget: float,
    weeks: float,
    maximise: str,
    service: str | None,
    weights: str,
    floors: tuple[str, ...],
    interventions: Path,
    evidence: Path,
    quick: bool,
) -> Spending:
    from evenground.indicators import SHIPPED
    from evenground.spending import load_evidence, plan_spending

    known = load_evidence(SHIPPED / "evidence", evidence)
    with _nothing_printed():
        return plan_spending(
            frame,
            interventions,
            budget=budget,
            by=keys,
            weeks=weeks,
            maximise=maximise,
            evidence=known,
            service=service,
            weights=weights,
            floors=floors,
            careful=not quick,
            frontier=not quick,
        )


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """HiGHS prints a line of its own where it mends a solution, whatever it is told."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def read_ranked(
    ranking: Path | None,
    counts: Path | None,
    by: str | None,
    standard: float | None,
    strata: str | None,
    covariates: str | None,
) -> tuple[pl.DataFrame, tuple[str, ...] | None]:
    """The ranked communities of a file, ranked here where it holds counts, and what makes a community."""
    keys = _split(by) or None
    if ranking is not None:
        return read_table(ranking), keys
    if counts is None or keys is None or standard is None:
        raise typer.BadParameter("is needed with '--counts', as is '--by'.", param_hint="--standard")
    from evenground.reach import Columns, check_counts, rank_checked, read_numbers, read_options
    from evenground.spending.communities import DELIVERABILITY

    table = read_numbers(read_table(counts))
    checked = check_counts(table, Columns(keys, _split(strata), _split(covariates)))
    for note in checked.notes:
        problems.print(f"Note: {note}")
    ranked = rank_checked(checked, read_options(standard=standard))
    for rows, names in ((checked.rows, _DEPRIVATION), (table, DELIVERABILITY)):
        ranked = ranked.join(_mean_of(rows, keys, names), on=list(keys), how="left")
    return ranked, keys


def _mean_of(rows: pl.DataFrame, keys: tuple[str, ...], names: Sequence[str]) -> pl.DataFrame:
    """What a table says of each community besides: for weights, or to be shown beside the rest."""
    import polars as pl

    known = [name for name in names if name in rows.columns]
    return rows.group_by(keys).agg(pl.col(known).cast(pl.Float64, strict=False).mean())


def read_communities(
    release: Release, service: str | None, by: str | None
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The communities that a release ranks for a service, and what makes one."""
    from evenground.spending.released import read_released

    kind = by or CommunityType.MSOA_ETHNIC_GROUP
    if kind not in list(CommunityType):
        known = ", ".join(CommunityType)
        raise typer.BadParameter(f'"{kind}" is not one of {known}.', param_hint="--by")
    if service is None:
        raise typer.BadParameter("is needed: an indicator's id, or 'each'.", param_hint="--service")
    return read_released(release, service, kind)


def _split(names: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (names or "").split(",") if name.strip())


def _write(spending: Spending, out: Path | None, tables: Path | None) -> list[Path]:
    written = []
    if out:
        write_frame(spending.plan, out)
        console.print(f"Wrote the plan, {spending.plan.height} rows, to {out}.")
        written.append(out)
    if tables:
        try:
            tables.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(
                f"The folder {tables} cannot be made ({os.strerror(error.errno or 0)})."
            ) from None
        for name in _TABLES:
            frame: pl.DataFrame = getattr(spending, name)
            if frame.width:
                write_frame(frame, tables / f"{name}.csv")
                written.append(tables / f"{name}.csv")
        console.print(f"Wrote {len(written) - bool(out)} tables to {tables}.")
    return written
