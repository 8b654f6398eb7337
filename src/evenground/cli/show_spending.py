"""A plan of spending on the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from rich.table import Table

from evenground.cli.consoles import console, problems
from evenground.spending.tables import name_value

if TYPE_CHECKING:
    import polars as pl

    from evenground.spending import Spending

_SHOWN: Final = 20
_PLANS: Final = {
    "plan": "This plan",
    "careful": "Best when things go badly",
    "by_head": "Spend by head",
    "by_deprivation": "Spend by deprivation only",
}


def show_spending(spending: Spending) -> None:
    """The answer in words, what is bought where, and what it is compared with."""
    console.print(f"[bold]{spending.words}[/]")
    for line in _say_more(spending):
        console.print(line)
    console.print(_draw_plan(spending.plan))
    if spending.plan.height > _SHOWN:
        console.print(f"{_SHOWN} of {spending.plan.height} rows are shown: '--out' writes all of them.")
    console.print(_draw_comparisons(spending.comparisons))
    console.print(_draw_groups(spending.groups))
    if spending.floors.height:
        console.print(_draw_floors(spending.floors))
    if spending.frontier.height:
        console.print(_draw_frontier(spending.frontier))
    for note in spending.notes:
        problems.print(f"Note: {note}")


def _say_more(spending: Spending) -> list[str]:
    lines = [f"It costs £{spending.cost:,.0f} over {spending.weeks:g} weeks. {spending.weights}"]
    if spending.benefit is not None:
        limits = f"{spending.benefit_lower_cl:,.3g} to {spending.benefit_upper_cl:,.3g}"
        lines.append(f"That is worth about {spending.benefit:,.3g} ({limits}) of: {spending.unit}.")
    elif spending.unit:
        lines.append("What that is worth is not known for every community: people reached are all it says.")
    else:
        lines.append("There is no evidence of what that is worth: people reached are all it says.")
    lines.append(
        f"The next £{spending.next_pounds:,.0f} would reach about {spending.next_reached:,.0f} more. "
        f"In the worst tenth of what may be, the plan reaches {spending.worst_tenth:,.0f} on average. "
        f"No plan of this staff is better by more than {spending.gap:.2%}."
    )
    if spending.careful_gap is not None and math.isfinite(spending.careful_gap):
        lines.append(
            "In its worst tenth no plan is better than the one for when things go badly by more than "
            f"{spending.careful_gap:.2%}."
        )
    lines += [
        f"Staff: {row['taken_on']} {row['role']} to be taken on beside {row['in_post']} in post, "
        f"for {row['hours']:,.0f} hours (£{row['cost']:,.0f})."
        for row in spending.staff.iter_rows(named=True)
        if row["hours"] > 0
    ]
    return lines


def _table(*columns: str, title: str, text: int) -> Table:
    """A table whose columns after the first ``text`` hold numbers."""
    table = Table(*columns, title=title, title_justify="left")
    for column in range(text, len(columns)):
        table.columns[column].justify = "right"
    return table


def _interval(row: dict[str, float]) -> str:
    return f"{row['expected_reached']:,.0f} ({row['lower_cl']:,.0f} to {row['upper_cl']:,.0f})"


def _draw_plan(plan: pl.DataFrame) -> Table:
    table = _table(
        "Where", "What", "Units", "Contacts", "Cost", "More people reached", title="What is bought", text=2
    )
    for row in plan.head(_SHOWN).iter_rows(named=True):
        cost, contacts = f"£{row['cost']:,.0f}", f"{row['contacts']:,.0f}"
        table.add_row(row["where"], row["intervention"], f"{row['units']:,}", contacts, cost, _interval(row))
    return table


def _draw_comparisons(comparisons: pl.DataFrame) -> Table:
    table = _table(
        "",
        "Cost",
        "More people reached",
        "Worst tenth",
        "Of Plus groups",
        title="The same money (without floors but for the plans)",
        text=1,
    )
    for row in comparisons.iter_rows(named=True):
        table.add_row(
            _PLANS[row["plan"]],
            f"£{row['cost']:,.0f}",
            _interval(row),
            f"{row['worst_tenth']:,.0f}",
            f"{row['plus_groups_reached']:,.0f}",
        )
    return table


def _draw_groups(groups: pl.DataFrame) -> Table:
    others = [name for name in ("reached_by_head", "reached_by_deprivation") if name in groups.columns]
    names = ["Of those missing out", *("By head" if "head" in name else "By deprivation" for name in others)]
    columns = ("Group", "", "Missing out", "Spend", "More people reached", *names)
    table = _table(*columns, title="By group", text=2)
    for row in groups.iter_rows(named=True):
        share = row["share_of_missing"]
        table.add_row(
            row["group"].replace("_", " "),
            name_value(row["group"], row["value"]),
            f"{row['expected_missing']:,.0f}",
            f"£{row['spend']:,.0f}",
            _interval(row),
            "" if share is None else f"{share:.1%}",
            *(f"{row[name]:,.0f}" for name in others),
        )
    return table


def _draw_floors(floors: pl.DataFrame) -> Table:
    table = _table("Floor", "At least", "Reached", "Price", title="What each floor costs the rest", text=1)
    for row in floors.iter_rows(named=True):
        table.add_row(
            row["floor"],
            f"{row['at_least']:,.1f}",
            f"{row['expected_reached']:,.1f}",
            f"{row['price']:,.1f}",
        )
    return table


def _draw_frontier(frontier: pl.DataFrame) -> Table:
    title = "From most reached to fairest"
    table = _table(
        "Weights count for", "More people reached", "As weighted", "Of Plus groups", title=title, text=0
    )
    for row in frontier.iter_rows(named=True):
        table.add_row(
            f"{row['emphasis']:.0%}",
            f"{row['expected_reached']:,.0f}",
            f"{row['weighted']:,.0f}",
            f"{row['plus_groups_reached']:,.0f}",
        )
    table.caption = frontier["weights"][0]
    table.caption_justify = "left"
    return table
