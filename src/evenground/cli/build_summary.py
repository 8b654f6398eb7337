"""What a build prints at its end: rows, linkages, completeness and stages, never a person's values."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console
from evenground.contract import LoadReport
from evenground.pipeline import BuildReport
from evenground.sources.aggregates import AggregateReport
from evenground.sources.linkage import LinkageRates
from evenground.vocabulary import ETHNIC_GROUPS

_EXACT: Final = "exact: secure zone"
_LINKED_GROUPS: Final = {
    "all": "Everybody",
    "ethnic_group": "Ethnic group",
    "imd_quintile": "Deprivation quintile (1 = most deprived)",
}


def show_build(report: BuildReport) -> None:
    """What was read, dropped and why, who was linked, what is not recorded, and what each stage took."""
    for source in report.sources:
        _show_source(source, _EXACT)
        _show_conversion(source)
    for aggregate in report.aggregates:
        _show_source(aggregate, "published figures")
    for linkage in report.linkages:
        console.print(_list_linked(linkage))
    if report.completeness:
        console.print(_list_completeness(report))
    console.print(_list_stages(report))
    for warning in report.warnings:
        console.print(f"[bold]Warning.[/] {escape(warning)}")
    if report.left_out:
        console.print(
            f"{len(report.left_out)} indicators are left out: no source recorded them, no agreement covers "
            "them, or place.toml does not want them. The report and the page about the data name each."
        )
    state = "is the same as before, byte for byte" if report.unchanged else "is now current"
    if report.waits:
        same = ", the same as before byte for byte" if report.unchanged else ""
        state = (
            f"is a candidate{same}. A data steward who did not build it has to approve it: "
            f"evenground release diff {report.release_id}"
        )
    people = f"{report.people_counted:,} people" if report.sources else "Nobody"
    console.print(
        f"{people} counted. {report.figures:,} figures, "
        f"of which {report.suppressed:,} suppressed.\nRelease [bold]{report.release_id}[/] {state}. "
        f"The same in secure/reports/{report.release_id}.json."
    )


def _show_conversion(source: LoadReport) -> None:
    said = source.lsoa_conversion
    if said:
        console.print(
            f"  LSOAs of {said['from_edition']} in {escape(source.source)} are read as those of "
            f"{said['to_edition']} by {escape(said['lookup'])}. {said['people_by_best_fit']:,} rows of "
            f"persons are from {said['areas_by_best_fit']:,} areas that are now several: each area is read "
            f"as the part with {said['rule']}. {said['people_not_in_lookup']:,} rows have an LSOA that is "
            "not in the look-up."
        )


def _list_linked(linkage: LinkageRates) -> Table:
    title = f"Linked, of the persons of {escape(linkage.source)} to {escape(linkage.register)} ({_EXACT})"
    table = Table("Group", "", "Persons", "Linked", "Rate", title=title, title_justify="left")
    for column in (2, 3, 4):
        table.columns[column].justify = "right"
    for rate in linkage.rates:
        named = ETHNIC_GROUPS if rate.group == "ethnic_group" else {}
        category = "" if rate.group == "all" else named.get(rate.category, rate.category.replace("_", " "))
        counts = (f"{rate.persons:,}", f"{rate.linked:,}", f"{rate.rate:.1%}")
        table.add_row(_LINKED_GROUPS[rate.group], category, *counts)
    return table


def _list_completeness(report: BuildReport) -> Table:
    title = f"What is recorded of the people counted ({_EXACT})"
    table = Table("What", "People", "Share", title=title, title_justify="left")
    for column in (1, 2):
        table.columns[column].justify = "right"
    for what, count in report.completeness.items():
        share = count / report.people_counted if report.people_counted else 0
        table.add_row(what.capitalize(), f"{count:,}", f"{share:.1%}")
    return table


def _list_stages(report: BuildReport) -> Table:
    table = Table("Stage", "Seconds", "Most memory", title="Time and memory", title_justify="left")
    for column in (1, 2):
        table.columns[column].justify = "right"
    for stage in report.stages:
        table.add_row(stage.name, f"{stage.seconds:.2f}", _say_bytes(stage.peak_bytes))
    table.add_section()
    peaks = [stage.peak_bytes for stage in report.stages if stage.peak_bytes is not None]
    table.add_row("Whole build", f"{report.seconds:.2f}", _say_bytes(max(peaks, default=None)))
    return table


def _say_bytes(count: int | None) -> str:
    return "not measured" if count is None else f"{count / 1_000_000:,.0f} MB"


def _show_source(source: LoadReport | AggregateReport, what: str) -> None:
    table = Table("Table", "What", "Rows", title=f"Read from {source.source} ({what})", title_justify="left")
    table.columns[2].justify = "right"
    for entry in source.tables:
        table.add_row(entry.table, "read", f"{entry.read:,}")
        table.add_row(Path(entry.file).name, "kept", f"{entry.kept:,}")
        for reason, count in sorted(entry.changed.items()):
            table.add_row("", f"kept, changed: {reason}", f"{count:,}")
        for reason, count in sorted(entry.dropped.items()):
            table.add_row("", f"dropped: {reason}", f"{count:,}")
        table.add_section()
    console.print(table)
    for entry in source.tables:
        for note in entry.notes:
            console.print(f"  Note, {entry.table}: {note}")
