"""``evenground worth``: need, gap and expected benefit of each community, beside one another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from evenground.cli.consoles import console
from evenground.cli.opening import note_export, open_release, require_table_path, write_frame
from evenground.cli.spend import (
    CommunityOption,
    CountsOption,
    CovariatesOption,
    ReleaseOption,
    ServiceOption,
    StandardOption,
    StrataOption,
    WorkspaceOption,
    read_communities,
    read_ranked,
)

if TYPE_CHECKING:
    import polars as pl

    from evenground.releases import Release

_DELIVERABILITY: Final = {
    "barriers_heard": "Barriers heard",
    "capacity": "Capacity",
    "travel_minutes": "Minutes to travel",
}


def worth(
    workspace: WorkspaceOption = Path(),
    service: ServiceOption = None,
    by: CommunityOption = None,
    release: ReleaseOption = None,
    ranking: Annotated[
        Path | None, typer.Option(help="Value this .csv or .parquet ranking, not a release's.")
    ] = None,
    counts: CountsOption = None,
    standard: StandardOption = None,
    strata: StrataOption = None,
    covariates: CovariatesOption = None,
    evidence: Annotated[
        Path | None,
        typer.Option(help="The folder of what reaching somebody is worth; the workspace's by default."),
    ] = None,
    deliverability: Annotated[
        Path | None,
        typer.Option(help="The folder of how easily communities can be served; as for the evidence."),
    ] = None,
    need: Annotated[
        str | None,
        typer.Option(help="The column that says how much need there is; people not reached by default."),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, help="How many to show, and among how many a group is looked for.")
    ] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Write every community to this .csv or .parquet file.")
    ] = None,
) -> None:
    """Set need, gap to the standard and expected benefit side by side, and say whom benefit passes over."""
    if out:
        require_table_path(out)
    found: Release | None = None
    if ranking or counts:
        frame, keys = read_ranked(ranking, counts, by, standard, strata, covariates)
    else:
        found = open_release(workspace, release)
        frame, keys = read_communities(found, service, by)
    from evenground.indicators import SHIPPED
    from evenground.spending import load_deliverability, load_evidence, say_passed_over, value_communities

    own = workspace / "definitions"
    valued = value_communities(
        frame,
        load_evidence(SHIPPED / "evidence", evidence or own / "evidence"),
        by=keys,
        service=service,
        need=need,
        top=top,
        deliverability=load_deliverability(deliverability or own / "deliverability"),
    )
    names = found.area_names if found else {}
    of_type = dict(frame.select("area_code", "area_type").iter_rows()) if found else {}
    console.print(_draw(valued.head(top), list(keys or _keys(valued)), names, of_type))
    console.print(_say_worth(valued, say_passed_over(valued)))
    if out:
        write_frame(valued, out)
        console.print(f"Wrote {valued.height} communities to {out}.")
        if found is not None:
            note_export(workspace, found, out, f"need, gap and benefit of {service}")


def _keys(valued: pl.DataFrame) -> list[str]:
    return valued.columns[: valued.columns.index("need")]


def _draw(valued: pl.DataFrame, keys: list[str], names: dict[Any, str], of_type: dict[str, str]) -> Table:
    from evenground.spending.tables import name_value

    extra = {name: words for name, words in _DELIVERABILITY.items() if name in valued.columns}
    table = Table(title="Most need first; the columns are not added up", title_justify="left")
    for heading in ("Community", "Need", "Gap to the standard", "Expected benefit", "By benefit"):
        table.add_column(heading, justify="left" if heading == "Community" else "right")
    for heading in (*extra.values(), "Plus group"):
        table.add_column(heading)
    for row in valued.iter_rows(named=True):
        told = [
            names.get((of_type.get(row[key], ""), row[key]), name_value(key, str(row[key]))) for key in keys
        ]
        group = row["plus_group"] or ""
        table.add_row(
            ", ".join(told),
            f"{row['need']:,.0f}",
            _with_limits(row, "gap", "gap", ".0f"),
            _with_limits(row, "expected_benefit", "benefit", ".3g"),
            "" if row["rank_by_benefit"] is None else f"{row['rank_by_benefit']}",
            *(_say_fact(row[name]) for name in extra),
            f"{group} (passed over)" if row["passed_over"] else group,
        )
    return table


def _say_fact(fact: str | float | None) -> str:
    if fact is None:
        return "not known"
    return fact if isinstance(fact, str) else f"{fact:,g}"


def _with_limits(row: dict[str, Any], name: str, limits: str, form: str) -> str:
    if row[name] is None:
        return "not known"
    lower, upper = row.get(f"{limits}_lower_cl"), row.get(f"{limits}_upper_cl")
    words = f"{row[name]:,{form}}"
    return words if lower is None or upper is None else f"{words} ({lower:,{form}} to {upper:,{form}})"


def _say_worth(valued: pl.DataFrame, passed_over: str) -> str:
    units = valued["benefit_unit"].drop_nulls().unique().sort().to_list()
    if not units:
        return "There is no evidence of what reaching somebody is worth here: people reached are all it says."
    lines = [f"Benefit is of: {'; '.join(units)}, if the whole gap were closed."]
    if valued["expected_benefit"].null_count():
        lines.append("Where it is not known, no record of evidence tells.")
    if len(units) > 1:
        return " ".join([*lines, "Benefits in several units have no order: nothing goes by them."])
    return " ".join(
        [*lines, passed_over or "Going by benefit passes over no Plus group that need would not."]
    )
