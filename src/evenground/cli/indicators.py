"""``evenground indicator``: one definition in words, in SQL, in figures, and on its own small table."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evenground.cli.consoles import console
from evenground.errors import DefinitionError, Fault, suggest

if TYPE_CHECKING:
    from evenground.indicators import Definitions

app = typer.Typer(help="Show an indicator, and test it on the table beside it.", no_args_is_help=True)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace folder.", envvar="EVENGROUND_WORKSPACE")
]
IndicatorArgument = Annotated[str, typer.Argument(metavar="ID", help="The indicator's id.")]


class Dialect(StrEnum):
    """Whose SQL to print."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@app.command()
def show(
    indicator_id: IndicatorArgument,
    workspace: WorkspaceOption = Path(),
    sql: Annotated[Dialect | None, typer.Option(help="Print the SQL that counts it, too.")] = None,
) -> None:
    """Show a definition in words, what its features read, its counts in the current release, and its SQL."""
    from evenground.engine import explain_sql
    from evenground.indicators import in_words

    definitions = _load(workspace, indicator_id)
    indicator = definitions.indicators[indicator_id]
    console.print(f"[bold]{escape(indicator.name)}[/]\n{escape(indicator.description)}\n")
    for name, part in (("Denominator", indicator.denominator), ("Numerator", indicator.numerator)):
        console.print(f"[bold]{name}:[/] {escape(part.words)}")
        console.print(f"  Counted: {escape(in_words(part.node, definitions.features))}")
    target = indicator.target
    told = (
        f"{target.value:g} {indicator.unit} ({target.source})"
        if target
        else f"none. {indicator.no_target or ''}"
    )
    console.print(f"[bold]Target:[/] {escape(told)}\n[bold]Source:[/] {escape(indicator.source.title)}")
    console.print(_list_features(definitions, indicator_id))
    _show_counts(workspace, indicator_id)
    if sql:
        told = explain_sql(definitions, indicator_id, as_at=_date_of_figures(workspace), dialect=sql)
        console.print(escape(told), soft_wrap=True)


@app.command(name="test")
def count_table(indicator_id: IndicatorArgument, workspace: WorkspaceOption = Path()) -> None:
    """Count the made-up people of the table beside a definition, and say who is counted otherwise."""
    from evenground.engine.cases import find_cases, run_cases
    from evenground.indicators import SHIPPED

    definitions = _load(workspace, indicator_id)
    path = find_cases(indicator_id, SHIPPED, workspace / "definitions")
    if path is None:
        where = f"definitions/indicators/{indicator_id}.cases.csv"
        fault = Fault(where, "is not there.", "Write a table of made-up people: see the page on definitions.")
        raise DefinitionError(f"There is nothing to test {indicator_id} on.", [fault])
    console.print(f"{run_cases(definitions, indicator_id, path)} people are counted as {path.name} expects.")


def _show_counts(workspace: Path, indicator_id: str) -> None:
    """The counts of the current release, as it publishes them; a word where there is none."""
    from evenground.cli.show import list_counts
    from evenground.errors import ReleaseError
    from evenground.releases import current_release
    from evenground.workspace import PLACE_FILE

    if not (workspace / PLACE_FILE).is_file():
        return
    try:
        release = current_release(workspace / "releases")
    except ReleaseError as error:
        console.print(f"No counts: {error}")
        return
    if indicator_id in release.indicators:
        console.print(list_counts(release, indicator_id))
    else:
        console.print(f"No counts: the release {release.id} leaves this indicator out.")


def _date_of_figures(workspace: Path) -> dt.date:
    from evenground.workspace import PLACE_FILE, load_workspace

    if (workspace / PLACE_FILE).is_file():
        return load_workspace(workspace).place.place.as_at
    return dt.datetime.now(tz=dt.UTC).date()


def _load(workspace: Path, indicator_id: str) -> Definitions:
    from evenground.indicators import SHIPPED, load_definitions

    definitions = load_definitions(SHIPPED, workspace / "definitions")
    if indicator_id not in definitions.indicators:
        hint = suggest(indicator_id, definitions.indicators)
        fault = Fault(f'"{indicator_id}"', "is not an indicator.", hint)
        raise DefinitionError("There is no such indicator.", [fault])
    return definitions


def _list_features(definitions: Definitions, indicator_id: str) -> Table:
    from evenground.indicators.expressions import features_of

    indicator = definitions.indicators[indicator_id]
    nodes = [definitions.expand(part.node) for part in (indicator.denominator, indicator.numerator)]
    table = Table("Feature", "Kind", "Codes", "Reference set to load")
    for name in sorted({name for node in nodes for name in features_of(node)}):
        feature = definitions.features[name]
        codes = definitions.codelists[feature.codelist].codes
        systems = sorted({code.code_system for code in codes})
        table.add_row(name, feature.kind, f"{len(codes)} {', '.join(systems)}", feature.reference_set or "")
    return table
