"""A release's tables together: what gives hidden counts away is hidden, and the result is attacked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Final

import polars as pl

from evenground.disclosure import (
    Audit,
    IndicatorTold,
    Policy,
    Published,
    audit,
    choose_layers,
    choose_rows_to_hide,
    choose_secondary,
    find_policy,
    withhold_figures,
    withhold_populations,
)
from evenground.errors import DisclosureError, FaultsError
from evenground.pipeline.linkages import list_rates
from evenground.releases import TABLES, CoverageRow, IndicatorInfo, Release, list_releases
from evenground.vocabulary import AreaType, Basis, Cut, ValueNote
from evenground.workspace import write_atomically

Tables = dict[str, pl.DataFrame]
_GROUP: Final = ("area_type", "area_code", "cut", "category")
_COUNTS: Final = ("numerator", "denominator")
_ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class Closed:
    """Tables that give nothing away, the counts that are hidden for that, and what was tried."""

    tables: Tables
    hidden: pl.DataFrame
    audit: Audit


@dataclass(frozen=True, slots=True)
class Told:
    """What a release will say besides its tables."""

    indicators: tuple[IndicatorInfo, ...]
    coverage: tuple[CoverageRow, ...]
    made_of: str
    earlier: tuple[Published, ...] = field(default=())


def close_tables(
    tables: Mapping[str, pl.DataFrame],
    told: Told,
    policy: Policy,
    rank: Callable[[pl.DataFrame], pl.DataFrame] | None,
    *,
    programs: bool = True,
) -> Closed:
    """Hide what gives hidden counts away, rank what is left, and attack the result.

    Parameters
    ----------
    tables
        Every table of the release but ``rankings``, with the counts that are small hidden.
    told
        What else the release will say, and the earlier releases of the place.
    policy
        The policy.
    rank
        Makes ``rankings`` without the communities whose figures it is given; none where nobody is counted.
    programs
        Whether to close what only linear programs find as well, and not sums alone.

    Raises
    ------
    DisclosureError
        Where something can still be worked out: it names the counts and the routes.
    """
    layers = choose_layers(tables["values"], policy)
    tables = _withhold(tables, layers, policy)
    release = Published("this release", tables, tell(told.indicators), policy, (), told.made_of)
    rows = tuple(row.model_dump() for row in told.coverage)
    # A release of the same records under the same policy is this one, most likely: the same is hidden then.
    is_twin = [(one.made_of, one.policy) == (told.made_of, policy) for one in told.earlier]
    twins, others = (
        tuple(compress(told.earlier, which)) for which in (is_twin, [not one for one in is_twin])
    )
    for against in (others, told.earlier) if twins else (others,):
        hidden = pl.concat([layers, _choose(release, against, programs=programs)])
        closed = _withhold(tables, hidden, policy)
        if rank is not None:
            closed["rankings"] = rank(hidden)
        attacked = replace(release, tables=closed, coverage=rows)
        found = audit(attacked, against=told.earlier, programs=False)
        if found.is_safe and all(_shows_the_same(attacked, twin) for twin in twins):
            break
    found.require_safe()
    return Closed(closed, hidden, found)


def _choose(release: Published, earlier: tuple[Published, ...], *, programs: bool) -> pl.DataFrame:
    hidden = choose_secondary(release, against=earlier, programs=False)
    for _ in range(_ATTEMPTS if release.policy.secondary and programs else 0):
        # Tables with more hidden are other tables: they are read again, until nothing more is to be hidden.
        again = replace(release, tables=_withhold(release.tables, hidden, release.policy))
        more = choose_secondary(again, against=earlier)
        if more.is_empty():
            break
        hidden = pl.concat([hidden, more]).unique(maintain_order=True)
    return hidden


def _shows_the_same(one: Published, other: Published) -> bool:
    """Whether both show and hide the same counts, of the indicators that both count in the same way."""
    same = [
        name
        for name, told in one.indicators.items()
        if told == other.indicators.get(name) and told.definition
    ]
    names = ["indicator_id", "period", *_GROUP]
    ours, theirs = (
        release.tables["values"].filter(pl.col("indicator_id").is_in(same)).select(*names, *_COUNTS)
        for release in (one, other)
    )
    both = ours.join(theirs, on=names, how="inner", suffix="_other")
    return all(both[name].equals(both[f"{name}_other"], check_names=False) for name in _COUNTS)


def split_periods(tables: Mapping[str, pl.DataFrame], latest: str) -> tuple[Tables, list[Tables]]:
    """The tables of the latest date, and those of each earlier date of a time series.

    People come and go between dates, so nothing adds up across them: each is attacked by itself. Populations
    and rankings are of the latest date.
    """
    values, inequality, areas = (tables[name] for name in ("values", "inequality", "areas"))
    is_earlier = (pl.col("basis") != Basis.PUBLISHED) & (pl.col("period") != latest)
    earlier = values.filter(is_earlier)["period"].unique().sort().to_list()
    now = {
        **tables,
        "values": values.filter(~is_earlier),
        "inequality": inequality.filter(~pl.col("period").is_in(earlier)) if earlier else inequality,
    }
    unknown = areas.with_columns(
        pl.lit(None, pl.Int64).alias("population"), pl.lit(str(ValueNote.MISSING)).alias("population_note")
    )
    rankings = pl.DataFrame(TABLES["rankings"].empty_table())
    before = [
        {
            "values": values.filter(is_earlier & (pl.col("period") == period)),
            "inequality": inequality.filter(pl.col("period") == period),
            "areas": unknown,
            "rankings": rankings,
        }
        for period in earlier
    ]
    return now, before


def join_closed(latest: Closed, earlier: Sequence[Closed]) -> Closed:
    """The tables of all dates together again, and what was hidden and tried in all."""
    if not earlier:
        return latest
    tables = dict(latest.tables)
    for name in ("values", "inequality"):
        keys = [key for key in _ORDER if key in tables[name].columns]
        tables[name] = pl.concat([*(one.tables[name] for one in earlier), tables[name]]).sort(keys)
    hidden = pl.concat([latest.hidden, *(one.hidden for one in earlier)])
    tried = {
        what: sum(one.audit.tried.get(what, 0) for one in (latest, *earlier)) for what in latest.audit.tried
    }
    return Closed(tables, hidden, replace(latest.audit, tried=tried))


_ORDER: Final = ("indicator_id", "area_type", "area_code", "cut", "category", "period", "measure")


def _withhold(tables: Mapping[str, pl.DataFrame], hidden: pl.DataFrame, policy: Policy) -> Tables:
    return {
        **tables,
        "values": withhold_figures(tables["values"], hidden, policy),
        "areas": withhold_populations(tables["areas"], hidden, policy),
        "inequality": _withhold_inequality(tables["inequality"], hidden),
    }


def _withhold_inequality(inequality: pl.DataFrame, hidden: pl.DataFrame) -> pl.DataFrame:
    """An inequality across the fifths of the place says too much where one of them is hidden."""
    fifths = hidden.filter((pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == Cut.LOCAL_QUINTILE))
    gone = fifths.select("indicator_id", "area_code", "period", pl.lit(value=True).alias("_gone")).unique()
    keys = ["indicator_id", "area_code", "period"]
    marked = inequality.join(gone, on=keys, how="left", maintain_order="left")
    is_gone = pl.col("_gone").fill_null(value=False)
    return marked.with_columns(
        *(
            pl.when(is_gone).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("value", "lower_cl", "upper_cl")
        ),
        pl.when(is_gone).then(pl.lit(str(ValueNote.MISSING))).otherwise("value_note").alias("value_note"),
    ).drop("_gone")


def hide_rows(rows: Iterable[CoverageRow], policy: Policy) -> tuple[CoverageRow, ...]:
    """What was read, kept and dropped, with the counts hidden that would give a hidden one away."""
    rows = tuple(rows)
    if not policy.secondary:
        return rows
    hidden = choose_rows_to_hide([row.model_dump() for row in rows], policy)
    note = ValueNote.SUPPRESSED_SECONDARY if policy.names_reasons else ValueNote.SUPPRESSED
    return tuple(
        row.model_copy(update={"count": None, "value_note": str(note)}) if place in hidden else row
        for place, row in enumerate(rows)
    )


def tell(indicators: Iterable[IndicatorInfo]) -> dict[str, IndicatorTold]:
    """What a release says of its indicators that an attacker can use."""
    return {
        one.id: IndicatorTold(
            one.value_type,
            one.multiplier,
            (one.name, one.short_name, one.description, one.numerator, one.denominator),
            one.definition_sha256,
        )
        for one in indicators
        if one.basis != Basis.PUBLISHED
    }


def publish_of(release: Release, own: Path | None) -> Published:
    """What somebody outside holds of a release.

    Raises
    ------
    DisclosureError
        Where the policy that it follows is not known here.
    """
    manifest = release.manifest
    return Published(
        release.id,
        {name: release.table(name) for name in ("values", "areas", "rankings")},
        tell(release.indicators.values()),
        find_policy(manifest.policy, own=own),
        (*(row.model_dump() for row in release.coverage), *list_rates(release.linkages)),
        manifest.records_sha256,
    )


def open_earlier(
    folder: Path, *, place_code: str, periods: Sequence[str], own: Path | None, leave_out: str = ""
) -> tuple[Published, ...]:
    """The other releases of a place, of what they say of some periods.

    Parameters
    ----------
    folder
        The releases.
    place_code
        The place.
    periods
        Only figures of these count the same people.
    own
        The folder of the place's own definitions, for its policies.
    leave_out
        The id of a release that is not an earlier one.
    """
    found = []
    for release in list_releases(folder):
        if release.manifest.place_code != place_code or release.id == leave_out:
            continue
        values = release.table("values").filter(pl.col("period").is_in(list(periods)))
        if values.filter(pl.col("basis") != Basis.PUBLISHED).is_empty():
            continue
        try:
            published = publish_of(release, own)
        except (DisclosureError, FaultsError):
            continue
        found.append(replace(published, tables={**published.tables, "values": values}, coverage=()))
    return tuple(found)


def write_record(folder: Path, release_id: str, closed: Closed) -> None:
    """Which counts a release hides for the sake of others: that stays in the secure zone."""
    content = io.BytesIO()
    closed.hidden.sort(closed.hidden.columns).write_parquet(content)
    write_atomically(folder / f"{release_id}.secondary.parquet", content.getvalue())


def list_withheld(hidden: pl.DataFrame, period: str) -> pl.DataFrame:
    """The figures of one period that are hidden for the sake of others."""
    return hidden.filter(pl.col("period") == period).select("indicator_id", *_GROUP).unique()
