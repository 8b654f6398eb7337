"""``evenground rank``: the communities with the most to gain, from a release or from any table of counts."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evenground.cli.consoles import console, problems
from evenground.cli.opening import note_export, open_release, read_table, require_table_path, write_frame
from evenground.cli.rank_clusters import find_places, note_unplaced, write_clusters
from evenground.cli.rank_worth import add_worth_of
from evenground.errors import ReleaseError, suggest
from evenground.vocabulary import ALL_SERVICES, CommunityType

if TYPE_CHECKING:
    import polars as pl

    from evenground.reach import CheckedCounts, Columns
    from evenground.releases import Release

EACH_SERVICE: Final = "each"
_AS_COLUMNS: Final = {
    ("area", "ethnic_group"): CommunityType.MSOA_ETHNIC_GROUP,
    ("area_code", "ethnic_group"): CommunityType.MSOA_ETHNIC_GROUP,
    ("area",): CommunityType.LSOA,
    ("area_code",): CommunityType.LSOA,
}
"""What a release ranks, by the columns that make it."""
_KEYS: Final = {
    CommunityType.MSOA_ETHNIC_GROUP: ("area_code", "ethnic_group"),
    CommunityType.LSOA: ("area_code",),
}


class Order(StrEnum):
    """How ranked communities are ordered: see ``evenground.reach.ORDERS``."""

    TOTAL = "total"
    PER_CONTACT = "per-contact"
    PER_100 = "per_100"
    LOCAL = "local"


class Shortfall(StrEnum):
    """What is held against the standard: see ``evenground.reach.Shortfall``."""

    COMMUNITY = "community"
    STRATA = "strata"


class Contacted(StrEnum):
    """Whom a contact is spent on: see ``evenground.reach.Contacted``."""

    ELIGIBLE = "eligible"
    NOT_REACHED = "not-reached"


def rank(
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
    ] = Path(),
    service: Annotated[
        str, typer.Option(help="An indicator's id, 'all' for the sum of all, or 'each' for every one.")
    ] = "all",
    by: Annotated[
        str, typer.Option(help="What a community is: lsoa or msoa_ethnic_group; of counts, their columns.")
    ] = str(CommunityType.MSOA_ETHNIC_GROUP),
    order: Annotated[
        Order,
        typer.Option(
            help="By people missing out, by those found for each 100 contacted, or by how far below its like."
        ),
    ] = Order.TOTAL,
    top: Annotated[
        int, typer.Option(min=1, help="How many communities to show; of counts, the k of probability_top_k.")
    ] = 10,
    release: Annotated[str | None, typer.Option(help="A release's id; the current one by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write all of them to this .csv or .parquet file.")] = None,
    capacity: Annotated[
        int | None, typer.Option(min=1, help="How many contacts can be made: who gets them.")
    ] = None,
    counts: Annotated[
        Path | None, typer.Option(help="Rank this .csv or .parquet file of counts, not a release.")
    ] = None,
    standard: Annotated[
        float | None,
        typer.Option(help="The share that ought to be reached; of a release, another than its own."),
    ] = None,
    strata: Annotated[
        str | None, typer.Option(help="Of counts: columns that divide communities, such as sex,age_band.")
    ] = None,
    covariates: Annotated[
        str | None, typer.Option(help="Of counts: what else uptake differs by, such as imd_rank.")
    ] = None,
    shortfall: Annotated[
        Shortfall, typer.Option(help="Of counts: hold communities against the standard, or each stratum.")
    ] = Shortfall.COMMUNITY,
    contacted: Annotated[
        Contacted, typer.Option(help="Of counts: contact all who are eligible, or those not reached.")
    ] = Contacted.ELIGIBLE,
    flag_fdr: Annotated[
        float | None,
        typer.Option(help="Flag communities below the standard at this rate of false flags."),
    ] = None,
    neighbours: Annotated[
        Path | None, typer.Option(help="Of counts: a file of two columns of areas beside each other.")
    ] = None,
    clusters: Annotated[
        Path | None,
        typer.Option(help="Write neighbours that share a gap to this .csv or .parquet file."),
    ] = None,
    coordinates: Annotated[
        str | None, typer.Option(help="Of counts: columns that place areas, such as easting,northing.")
    ] = None,
    boundaries: Annotated[
        Path | None, typer.Option(help="Of counts: a GeoJSON file of the areas' boundaries.")
    ] = None,
    worth: Annotated[
        bool,
        typer.Option("--worth", help="With '--out': columns of need, benefit and whom it passes over."),
    ] = False,
) -> None:
    """Show the communities with the most to gain, from a release or from a table of counts."""
    for path in (out, clusters):
        if path:
            require_table_path(path)
    _require_file(worth, out)
    if counts is None:
        only = {
            "--strata": strata,
            "--covariates": covariates,
            "--neighbours": neighbours,
            "--coordinates": coordinates,
            "--boundaries": boundaries,
        }
        _refuse_with_release([name for name, value in only.items() if value is not None])
        chosen, kind = open_release(workspace, release), _find_kind(by)
        ranking = (
            _order_release(chosen, service, kind, order)
            if standard is None
            else _rank_again(chosen, workspace, service, kind, order, standard)
        )
        if flag_fdr is not None:
            ranking = _flag(ranking, flag_fdr)
        ranking = _spend(ranking, capacity)
        ranking = _add_worth(worth, workspace, ranking, ("service_id", *_KEYS[kind]), service)
        _show_release(chosen, ranking, order, top, out)
        if out:
            note_export(workspace, chosen, out, f"ranking of {service} by {kind}")
        if clusters:
            write_clusters(_clusters_of(chosen, service, kind), clusters)
            note_export(workspace, chosen, clusters, f"clusters of {service} by {kind}")
        return
    if standard is None:
        raise typer.BadParameter("is needed with '--counts', such as 0.75.", param_hint="--standard")
    from evenground.reach import Columns, find_clusters, rank_checked, read_options

    asked = read_options(
        standard=standard,
        order=Order.PER_CONTACT if order is Order.PER_100 else order,
        shortfall=shortfall,
        contacted=contacted,
        capacity=capacity,
        top=top,
        flag_fdr=flag_fdr,
    )
    beside = None if neighbours is None else read_table(neighbours)
    table, columns = read_table(counts), Columns(_split(by), _split(strata), _split(covariates))
    checked = _check(table, columns)
    ranking = rank_checked(checked, asked, beside)
    if clusters:
        # What the map smooths is not expected of neighbours: that they share it is what is looked for.
        unsmoothed = ranking if beside is None else rank_checked(checked, asked)
        places = find_places(table, columns.area, _split(coordinates), boundaries)
        found = find_clusters(
            unsmoothed,
            places,
            area=columns.area,
            apart=[name for name in columns.by if name != columns.area],
        )
        note_unplaced(found.unplaced)
        write_clusters(found.table, clusters)
        ranking = _add_clusters(ranking, found.areas, columns)
    _show_counts(_add_worth(worth, workspace, ranking, columns.by, service), out)


def _require_file(worth: bool, out: Path | None) -> None:
    if worth and not out:
        raise typer.BadParameter("adds columns to a file: name it with '--out'.", param_hint="--worth")


def _add_worth(
    wanted: bool, workspace: Path, ranking: pl.DataFrame, by: Sequence[str], service: str
) -> pl.DataFrame:
    return add_worth_of(workspace, ranking, by, service) if wanted else ranking


def _add_clusters(ranking: pl.DataFrame, areas: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The cluster of each community, and how far it stands out with its neighbours."""
    import polars as pl

    apart = [name for name in columns.by if name != columns.area]
    keyed = ranking.with_columns(pl.col(columns.area).cast(pl.String).alias("__area"))
    joined = keyed.join(
        areas.rename({"area_code": "__area"}), on=["__area", *apart], how="left", maintain_order="left"
    )
    return joined.drop("__area")


def _clusters_of(release: Release, service: str, kind: CommunityType) -> pl.DataFrame:
    import polars as pl

    found = release.table("clusters").filter(pl.col("community_type") == kind)
    if service in {EACH_SERVICE, ALL_SERVICES}:
        return found
    _require_service(release, service)
    return found.filter(pl.col("service_id") == service)


def _split(names: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (names or "").split(",") if name.strip())


def _refuse_with_release(options: list[str]) -> None:
    if options:
        raise typer.BadParameter(
            "is for '--counts': a release was ranked when it was built.", param_hint=options[0]
        )


def _check(table: pl.DataFrame, columns: Columns) -> CheckedCounts:
    from evenground.reach import check_counts, read_numbers

    checked = check_counts(read_numbers(table), columns)
    for note in checked.notes:
        problems.print(f"Note: {note}")
    return checked


def _show_counts(ranking: pl.DataFrame, out: Path | None) -> None:
    if out:
        write_frame(ranking, out)
        console.print(f"Wrote {ranking.height} communities to {out}.")
        return
    from evenground.cli.show_counts import show_counts

    show_counts(ranking)


def _rank_again(
    release: Release, workspace: Path, service: str, by: CommunityType, order: Order, standard: float
) -> pl.DataFrame:
    from evenground.disclosure import find_policy
    from evenground.reach import order_communities
    from evenground.reports.what_if import rank_at_standard
    from evenground.workspace import load_workspace

    if service in {ALL_SERVICES, EACH_SERVICE}:
        raise typer.BadParameter("is for one '--service'.", param_hint="--standard")
    _require_service(release, service)
    ranking = rank_at_standard(
        release.table("rankings"),
        release.table("areas"),
        find_policy(release.manifest.policy, own=load_workspace(workspace).definitions),
        service_id=service,
        community_type=by,
        standard=standard,
    )
    return order_communities(ranking, Order.PER_100 if order is Order.PER_CONTACT else order)


def _require_service(release: Release, service: str) -> None:
    services = release.table("rankings")["service_id"].unique().to_list()
    if service not in services:
        raise ReleaseError(
            f'Release {release.id} does not rank the service "{service}". {suggest(service, services)}'
        )


def _find_kind(by: str) -> CommunityType:
    try:
        return _AS_COLUMNS.get(_split(by)) or CommunityType(by)
    except ValueError:
        known = ", ".join(CommunityType)
        raise typer.BadParameter(f'"{by}" is not one of {known}.', param_hint="--by") from None


def _order_release(release: Release, service: str, by: CommunityType, order: Order) -> pl.DataFrame:
    import polars as pl

    from evenground.reach import order_communities

    named = Order.PER_100 if order is Order.PER_CONTACT else order
    rankings = release.table("rankings").filter(pl.col("community_type") == by)
    if service == EACH_SERVICE:
        return order_communities(rankings.filter(pl.col("service_id") != ALL_SERVICES), named)
    _require_service(release, service)
    if service == ALL_SERVICES and order is Order.LOCAL:
        raise typer.BadParameter("'local' is for one service or 'each'.", param_hint="--order")
    return order_communities(rankings.filter(pl.col("service_id") == service), named)


def _flag(ranking: pl.DataFrame, rate: float) -> pl.DataFrame:
    from evenground.reach import flag_below

    if not 0 < rate < 1:
        raise typer.BadParameter("must lie between 0 and 1, such as 0.1.", param_hint="--flag-fdr")
    if ranking["probability_below"].is_null().all():
        raise typer.BadParameter(
            "is for one service or 'each', of a release that knows how likely they are below the standard.",
            param_hint="--flag-fdr",
        )
    flagged = flag_below(ranking, rate)
    count = int(flagged["flagged"].sum())
    console.print(f"{count} of {flagged.height} communities are flagged as below the standard.")
    return flagged


def _spend(ranking: pl.DataFrame, capacity: int | None) -> pl.DataFrame:
    if capacity is None:
        return ranking
    from evenground.reach import spend_contacts

    return spend_contacts(ranking, capacity)


def _show_release(release: Release, ranking: pl.DataFrame, order: Order, top: int, out: Path | None) -> None:
    if out:
        write_frame(ranking, out)
        console.print(f"Wrote {ranking.height} communities to {out}.")
        return
    from evenground.cli.show import show_ranking

    show_ranking(release, ranking.head(top), Order.PER_100 if order is Order.PER_CONTACT else order)
