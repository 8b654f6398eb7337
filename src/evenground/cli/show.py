"""What the command line prints: tables and sentences, never a person's values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import polars as pl
from rich.table import Table

from evenground.cli.consoles import console
from evenground.reach import ORDERS
from evenground.releases import Release
from evenground.vocabulary import ETHNIC_GROUPS, AreaType, CommunityType, Cut


def show_releases(releases: Iterable[Release], current: str) -> None:
    """Every release, newest data first."""
    table = Table("Release", "Data as at", "Place", "Policy", "Current")
    for release in releases:
        manifest = release.manifest
        mark = "current" if release.id == current else ""
        table.add_row(release.id, manifest.as_at, manifest.place_name, manifest.policy, mark)
    console.print(table)


def show_release(release: Release) -> None:
    """What a release is, what made it and what it holds."""
    manifest = release.manifest
    about = Table.grid(padding=(0, 2))
    for label, value in (
        ("Release", release.id),
        (
            "Place",
            f"{manifest.place_name} ({manifest.place_code})" + (", invented" if manifest.synthetic else ""),
        ),
        ("Data as at", manifest.as_at),
        ("Population", manifest.population_base),
        ("Areas", f"LSOA {manifest.lsoa_edition}, IMD {manifest.imd_edition} (1 = most deprived)"),
        ("Policy", manifest.policy),
        ("Made by", f"evenground {manifest.code_version}, definitions {manifest.definitions_sha256[:12]}"),
        ("Sources", ", ".join(f"{source.name} ({source.kind})" for source in manifest.sources)),
        ("Indicators", str(len(release.indicators))),
    ):
        about.add_row(f"[bold]{label}[/]", value)
    console.print(about)
    files = Table("File", "Rows", "SHA-256")
    files.columns[1].justify = "right"
    for record in manifest.files:
        files.add_row(record.name, "" if record.rows is None else f"{record.rows:,}", record.sha256[:16])
    console.print(files)


def show_ranking(release: Release, ranking: pl.DataFrame, order: str) -> None:
    """Ranked communities, with the figure that their order goes by.

    ``order`` is one of ``evenground.reach.ORDERS``.
    """
    if ranking.is_empty():
        console.print("No community of this kind is shown in this release.")
        return
    heading, show_last = _LAST_COLUMN[order]
    manifest = release.manifest
    title = f"Communities with the most to gain: {manifest.place_name}, {manifest.as_at} ({ORDERS[order]})"
    columns = (
        "",
        "Community",
        "Service",
        "Eligible",
        "Reached",
        "Expected missing out",
        "95% interval",
        heading,
    )
    table = Table(*columns, title=title, title_justify="left")
    for column in (0, 3, 4, 5, 6, 7):
        table.columns[column].justify = "right"
    for position, row in enumerate(ranking.iter_rows(named=True), start=1):
        table.add_row(str(position), *_ranking_cells(release, row), show_last(row))
    console.print(table)
    console.print(_RANKING_NOTE)


def _say_local_excess(row: dict[str, Any]) -> str:
    if row["predicted_uptake"] is None:
        return ""
    return f"{100 * (row['predicted_uptake'] - row['estimated_uptake']):.0f} points"


_LAST_COLUMN: Final[dict[str, tuple[str, Callable[[dict[str, Any]], str]]]] = {
    "total": ("In the top ten", lambda row: f"{row['probability_top_10']:.0%}"),
    "per_100": ("Missing per 100", lambda row: f"{row['expected_missing_per_100']:.0f}"),
    "local": ("Below its like", _say_local_excess),
}
_RANKING_NOTE = (
    "Expected missing out: people below each service's standard, after shrinkage; for all services together, "
    "offers of a service. Counts follow the disclosure policy; 'suppressed' stands for a small one."
)


def _ranking_cells(release: Release, row: dict[str, Any]) -> tuple[str, ...]:
    reached = "suppressed" if row["reached"] is None else f"{row['reached']:,}"
    return (
        name_community(release, row),
        _name_service(release, row),
        f"{row['eligible']:,}",
        reached,
        f"{row['expected_missing']:,}",
        f"{row['lower_cl']:,} to {row['upper_cl']:,}",
    )


def name_community(release: Release, row: dict[str, Any]) -> str:
    """A community in words: the area's name and, where it is part of it, the ethnic group."""
    area = release.area_names.get((str(row["area_type"]), str(row["area_code"])), str(row["area_code"]))
    if row["community_type"] == CommunityType.LSOA:
        return area
    return f"{area}: {ETHNIC_GROUPS[str(row['ethnic_group'])]}"


def _name_service(release: Release, row: dict[str, Any]) -> str:
    service = str(row["service_id"])
    if service != "all":
        return release.indicators[service].short_name
    top = row["top_service_id"]
    return f"all (most: {release.indicators[str(top)].short_name})" if top else "all"


_COUNTED_CUTS: Final = {
    Cut.ALL: "Everybody",
    Cut.SEX: "Sex",
    Cut.ETHNIC_GROUP_5: "Ethnic group",
    Cut.IMD_QUINTILE: "National fifth",
}


def list_counts(release: Release, indicator_id: str) -> Table:
    """One indicator's published counts for the whole place: everybody, sex, ethnic group and deprivation."""
    info = release.indicators[indicator_id]
    title = f"{release.manifest.place_name}, {release.manifest.as_at}, as released"
    table = Table("Group", "", "Numerator", "Denominator", info.unit, title=title, title_justify="left")
    for column in (2, 3, 4):
        table.columns[column].justify = "right"
    place = release.latest_values.filter(
        (pl.col("indicator_id") == indicator_id) & (pl.col("area_type") == AreaType.PLACE)
    )
    for cut, heading in _COUNTED_CUTS.items():
        for row in place.filter(pl.col("cut") == cut).sort("category", "period").iter_rows(named=True):
            category = "" if cut == Cut.ALL else row["category"]
            counts = [_count_cell(row, name) for name in ("numerator", "denominator")]
            table.add_row(heading, category, *counts, _value_cell(row))
    return table


def _count_cell(row: dict[str, Any], name: str) -> str:
    return f"{row[name]:,}" if row[name] is not None else str(row["value_note"]).replace("_", " ")


def _value_cell(row: dict[str, Any]) -> str:
    return f"{row['value']:.1f}" if row["value"] is not None else ""
