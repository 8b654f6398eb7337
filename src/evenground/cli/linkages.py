"""What ``evenground link`` prints: counts and rates, never a person's values or identifiers."""

from __future__ import annotations

from typing import Final

from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console
from evenground.sources.linkage import Linked
from evenground.vocabulary import ETHNIC_GROUPS

_GROUPS: Final = {
    "all": "Everybody",
    "sex": "Sex",
    "ethnic_group": "Ethnic group",
    "imd_quintile": "Deprivation quintile (1 = most deprived)",
}
"""Groups that are printed; ages are in the report."""


def show_linkage(linked: Linked) -> None:
    """How many were linked, who was linked less often, and where the files are."""
    findings = linked.findings
    source, register = findings.sides
    console.print(
        f"{findings.links:,} of {source.kept:,} persons of {escape(source.name)} are linked to "
        f"{escape(register.name)}; about {findings.expected_wrong:,.0f} of them are expected to be wrong."
    )
    for side in findings.sides:
        for reason, count in side.dropped.items():
            console.print(f"{escape(side.name)}: {count:,} rows dropped, {reason}.")
    console.print(_rates(linked, "source", source.name))
    for reason, count in findings.review.items():
        if count:
            console.print(f"{count:,} pairs for review: {reason}.")
    for note in findings.notes:
        console.print(f"Note, {escape(note)}.")
    console.print(f"Written to {escape(str(linked.folder))} (exact: secure zone).")


def _rates(linked: Linked, side: str, name: str) -> Table:
    title = f"Linked, of the persons of {name} (exact: secure zone)"
    table = Table("Group", "", "Persons", "Linked", "Rate", "95% interval", title=title, title_justify="left")
    for column in (2, 3, 4, 5):
        table.columns[column].justify = "right"
    for rate in linked.rates:
        if rate.side == side and rate.group in _GROUPS:
            named = ETHNIC_GROUPS if rate.group == "ethnic_group" else {}
            table.add_row(
                _GROUPS[rate.group],
                named.get(rate.category, rate.category.replace("_", " ")),
                f"{rate.persons:,}",
                f"{rate.linked:,}",
                f"{rate.rate:.1%}",
                f"{rate.lower_cl:.1%} to {rate.upper_cl:.1%}",
            )
    return table
