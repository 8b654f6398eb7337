"""Published figures beside our own in a release: what is missing worked out, marked, and guarded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenground.disclosure import Policy, protect_figures
from evenground.errors import DisclosureError, Fault, SourceError
from evenground.geography import Geography
from evenground.indicators.published import PublishedIndicator
from evenground.pipeline.figures import CONFIDENCE_LEVEL, INEQUALITY_TYPES, measure_inequality
from evenground.releases import TABLES, CoverageRow
from evenground.sources.aggregates import Aggregate, AggregateReport
from evenground.sources.aggregates.load import FIGURE_COLUMNS, KINDS
from evenground.sources.aggregates.words import ENGLAND
from evenground.stats import Estimate, calculate_crude_rate, calculate_proportion, compare_with_benchmark
from evenground.vocabulary import (
    AreaType,
    Basis,
    Comparison,
    Cut,
    PublishedCut,
    ValueNote,
    ValueType,
)
from evenground.workspace import SourceSection

_KEY: Final = ("indicator_id", "area_type", "area_code", "cut", "category", "period")
_TENTHS: Final = tuple(str(number) for number in range(1, 11))
_AGREES: Final = 0.005
"""A published value and its counts agree within this share of the value, or within this many points."""

PUBLISHED_BASE: Final = "published"
"""The population base of a release without people of its own: each publisher says of whom its figures are."""

_WORKED_OUT: Final = "worked_out"
_AS_PUBLISHED: Final = "published"


@dataclass(frozen=True, slots=True)
class Published:
    """The published part of a release: rows for its tables, and the indicators that they are of."""

    values: pl.DataFrame
    inequality: pl.DataFrame
    areas: pl.DataFrame
    indicators: Mapping[str, PublishedIndicator]


def make_published(
    aggregates: Sequence[Aggregate],
    indicators: Mapping[str, PublishedIndicator],
    *,
    geography: Geography,
    policy: Policy,
) -> Published:
    """The figures of all sources of published figures, as a release holds them.

    Parameters
    ----------
    aggregates
        As ``load_aggregates`` gives them.
    indicators
        The published indicators, by id.
    geography
        The areas of the place.
    policy
        The disclosure policy: for counts that nobody has published. What is published stands as it is.

    Raises
    ------
    SourceError
        Where two sources bring figures of one area, group and period that disagree.
    """
    frames = [_mark(aggregate, policy) for aggregate in aggregates]
    figures = pl.concat(frames) if frames else _no_figures()
    figures = _keep_first(figures)
    own = geography.areas().select("area_type", "area_code", pl.lit(value=True).alias("is_own"))
    figures = figures.join(own, on=["area_type", "area_code"], how="left", maintain_order="left")
    worked_out = [
        _work_out(of_one, indicators[str(name)], geography.place_code)
        for (name,), of_one in sorted(figures.group_by("indicator_id", maintain_order=True))
    ]
    values = pl.concat(worked_out) if worked_out else _work_out_nothing(figures)
    values = values.sort(*_KEY).select(*TABLES["values"].names, "area_name")
    used = {name: one for name, one in indicators.items() if name in set(values["indicator_id"])}
    return Published(
        values=values.drop("area_name"),
        inequality=_inequality(values, used),
        areas=_comparators(values, geography),
        indicators=used,
    )


def mark_counted(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Our own tables with the columns that tell them from published figures."""
    has_limits = pl.col("lower_cl").is_not_null()
    values = tables["values"].with_columns(
        pl.lit(str(Basis.COUNTED)).alias("basis"),
        pl.lit("").alias("source"),
        pl.lit("").alias("edition"),
        pl.when(has_limits).then(pl.lit(_WORKED_OUT)).otherwise(pl.lit("")).alias("limits"),
    )
    inequality = tables["inequality"].with_columns(
        pl.lit(str(Cut.LOCAL_QUINTILE)).alias("cut"), pl.lit("").alias("edition")
    )
    return {**tables, "values": values, "inequality": inequality}


def add_published(tables: Mapping[str, pl.DataFrame], published: Published | None) -> dict[str, pl.DataFrame]:
    """Our own tables, marked as such, with the published figures after them."""
    own = mark_counted(tables)
    if published is None:
        return own
    added = {"values": published.values, "inequality": published.inequality, "areas": published.areas}
    return own | {
        name: pl.concat([own[name].select(TABLES[name].names), rows], how="vertical_relaxed")
        for name, rows in added.items()
    }


def make_tables_without_people(geography: Geography, boundaries: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The tables of a place that has no source of persons: its areas, and nothing counted."""
    empty = {name: pl.DataFrame(pl.from_arrow(schema.empty_table())) for name, schema in TABLES.items()}
    areas = geography.areas().with_columns(
        pl.lit(None, pl.Int64).alias("population"), pl.lit(str(ValueNote.MISSING)).alias("population_note")
    )
    values = empty["values"].drop("basis", "source", "edition", "limits")
    inequality = empty["inequality"].drop("cut", "edition")
    return {**empty, "values": values, "inequality": inequality, "areas": areas, "boundaries": boundaries}


def take_unpublished(
    values: pl.DataFrame, sections: Sequence[SourceSection], published: Collection[str]
) -> pl.DataFrame:
    """The rows that the disclosure policy must hold for: all but those that are rightly marked as published.

    Parameters
    ----------
    values
        The ``values`` table of a release.
    sections
        The sources of the place. Only Fingertips, and tables that name their publication, may carry the mark.
    published
        The ids of the published indicators: no figure of an indicator that is counted here may carry it.

    Raises
    ------
    DisclosureError
        Where rows carry the mark that may not: nothing is released then.
    """
    allowed = [section.name for section in sections if _may_be_marked(section)]
    marked = values.filter(pl.col("basis") == Basis.PUBLISHED)
    known = [str(basis) for basis in Basis]
    wrong = marked.filter(
        ~pl.col("source").is_in(allowed).fill_null(value=False)
        | ~pl.col("indicator_id").is_in(list(published))
    ).height + int((~values["basis"].is_in(known).fill_null(value=False)).sum())
    if wrong:
        raise DisclosureError(
            f"{wrong} rows of values are marked as published by others, and no source that may publish "
            "brought them. Nothing was released."
        )
    return values.filter(pl.col("basis") != Basis.PUBLISHED)


def _may_be_marked(section: SourceSection) -> bool:
    if section.kind not in KINDS:
        return False
    return section.kind == "fingertips" or bool(section.options.get("publication"))


def describe_reports(reports: Sequence[AggregateReport]) -> Iterator[CoverageRow]:
    """What was read of published tables. The counts are of rows, not of people, and so they are exact."""
    for report in reports:
        for table in report.tables:
            name = f"{table.table} ({table.file.rpartition('/')[2]})"
            facts = [("read", "", table.read), ("kept", "", table.kept)]
            facts += [("changed", *entry) for entry in sorted(table.changed.items())]
            facts += [("dropped", *entry) for entry in sorted(table.dropped.items())]
            for what, reason, count in facts:
                note = ValueNote.PUBLISHED if count else ValueNote.ZERO
                yield CoverageRow(
                    source=report.source, table=name, what=what, reason=reason, count=count, value_note=note
                )


def _no_figures() -> pl.DataFrame:
    return pl.DataFrame(schema={**FIGURE_COLUMNS, "basis": pl.String, "source": pl.String})


def _mark(aggregate: Aggregate, policy: Policy) -> pl.DataFrame:
    basis = Basis.PUBLISHED if aggregate.is_published else Basis.PROVIDED
    figures = aggregate.figures if aggregate.is_published else _protect(aggregate.figures, policy)
    return figures.with_columns(
        pl.lit(str(basis)).alias("basis"), pl.lit(aggregate.report.source).alias("source")
    )


def _protect(figures: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Counts under the policy. Values and limits come from the protected counts: see ``_work_out``."""
    counted = (pl.col("value_note") == ValueNote.PUBLISHED) & pl.col("numerator").is_not_null()
    shown = protect_figures(figures.filter(counted), policy)
    withheld = figures.filter(~counted).with_columns(
        pl.lit(None, pl.Int64).alias("numerator"), pl.lit(None, pl.Int64).alias("denominator")
    )
    empty = [pl.lit(None, pl.Float64).alias(name) for name in ("value", "lower_cl", "upper_cl")]
    return pl.concat([shown.select(figures.columns), withheld]).with_columns(empty)


def _keep_first(figures: pl.DataFrame) -> pl.DataFrame:
    """Without the figures that an earlier source brought just so; those it brought otherwise are refused."""
    says = ("numerator", "denominator", "value", "lower_cl", "upper_cl", "value_note", "basis")
    figures = figures.unique(subset=[*_KEY, *says], keep="first", maintain_order=True)
    twice = figures.filter(pl.struct(*_KEY).is_duplicated())
    if twice.is_empty():
        return figures
    names = ", ".join(twice["indicator_id"].unique().sort().to_list())
    sources = " and ".join(f'"{name}"' for name in twice["source"].unique().sort().to_list())
    what = f"bring {twice.height // 2:,} figures that disagree ({names})."
    fault = Fault(f"The sources {sources}", what, "Let one of them bring each indicator and period.")
    raise SourceError("The published figures cannot be used together.", [fault])


def _work_out(figures: pl.DataFrame, indicator: PublishedIndicator, place_code: str) -> pl.DataFrame:
    """The figures of one indicator with what its publisher left out, where the counts give it."""
    value, lower, upper = (_floats(figures, name) for name in ("value", "lower_cl", "upper_cl"))
    given = ~np.isnan(lower) & ~np.isnan(upper)
    shown = (figures["value_note"] == ValueNote.PUBLISHED).to_numpy() | (
        figures["value_note"] == ValueNote.ZERO
    ).to_numpy()
    from_counts = _estimate(figures, indicator, value)
    missing = np.isnan(value) & shown
    value = np.where(missing, from_counts[0], value)
    agrees = np.abs(value - from_counts[0]) <= _AGREES * np.maximum(np.abs(value), 1.0)
    fill = shown & ~given & agrees
    lower = np.where(fill, np.minimum(from_counts[1], value), np.where(given, lower, np.nan))
    upper = np.where(fill, np.maximum(from_counts[2], value), np.where(given, upper, np.nan))
    has_limits = ~np.isnan(lower) & ~np.isnan(upper) & shown
    note = np.select(
        [~shown, np.isnan(value), value == 0],
        [figures["value_note"].to_numpy(), str(ValueNote.MISSING), str(ValueNote.ZERO)],
        default=str(ValueNote.PUBLISHED),
    )
    limits = np.select([given & has_limits, has_limits], [_AS_PUBLISHED, _WORKED_OUT], default="")
    done = figures.with_columns(
        _series("value", np.where(shown, value, np.nan)),
        _series("lower_cl", np.where(has_limits, lower, np.nan)),
        _series("upper_cl", np.where(has_limits, upper, np.nan)),
        _series("confidence_level", np.where(has_limits, CONFIDENCE_LEVEL, np.nan)),
        pl.Series("value_note", note.astype(str), dtype=pl.String),
        pl.Series("limits", limits.astype(str), dtype=pl.String),
    )
    return _compare(done, indicator, place_code)


def _work_out_nothing(figures: pl.DataFrame) -> pl.DataFrame:
    texts = [pl.lit("").alias(name) for name in ("limits", "comparison")]
    return figures.with_columns(*texts, pl.lit(None, pl.Float64).alias("confidence_level"))


def _estimate(
    figures: pl.DataFrame, indicator: PublishedIndicator, value: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Value and limits that the counts give; a numerator that is not there is found from the value."""
    numerator, denominator = _floats(figures, "numerator"), _floats(figures, "denominator")
    nothing = np.full(figures.height, np.nan)
    if indicator.value_type is ValueType.DSR:
        return nothing, nothing, nothing
    found = value * denominator / indicator.multiplier
    is_whole = np.abs(found - np.round(found)) < 0.01
    numerator = np.where(np.isnan(numerator) & is_whole, np.round(found), numerator)
    is_share = indicator.value_type is ValueType.PROPORTION
    impossible = ~(denominator > 0) | (is_share & (numerator > denominator))
    numerator = np.where(impossible, np.nan, numerator)
    denominator = np.where(impossible, np.nan, denominator)
    calculate = calculate_proportion if is_share else calculate_crude_rate
    estimate: Estimate = calculate(
        numerator, denominator, confidence_level=CONFIDENCE_LEVEL, multiplier=indicator.multiplier
    )
    return tuple(estimate)


def _compare(figures: pl.DataFrame, indicator: PublishedIndicator, place_code: str) -> pl.DataFrame:
    """The place's areas against the place's own figure of the same period, as for figures counted here."""
    of_place = (pl.col("area_type") == AreaType.PLACE) & (pl.col("cut") == Cut.ALL)
    benchmarks = figures.filter(of_place).select("period", pl.col("value").alias("benchmark"))
    joined = figures.join(benchmarks, on="period", how="left", maintain_order="left")
    words = compare_with_benchmark(
        _floats(joined, "lower_cl"),
        _floats(joined, "upper_cl"),
        _floats(joined, "benchmark"),
        polarity=str(indicator.polarity),
    )
    compared = pl.lit(pl.Series(np.asarray(words).astype(str), dtype=pl.String))
    return joined.with_columns(
        pl.when(pl.col("is_own") & (pl.col("area_code") != place_code))
        .then(compared)
        .otherwise(pl.lit(str(Comparison.NOT_COMPARED)))
        .alias("comparison")
    ).drop("benchmark")


def _inequality(values: pl.DataFrame, indicators: Mapping[str, PublishedIndicator]) -> pl.DataFrame:
    """Slope and relative index and the gap across the published tenths of England's areas."""
    tenths = values.filter(
        pl.col("cut").is_in([str(cut) for cut in PublishedCut]) & (pl.col("area_code") == ENGLAND)
    )
    keys = ("indicator_id", "area_type", "area_code", "cut", "edition", "period")
    rows = [
        dict(zip(keys, key, strict=True)) | row
        for key, of_one in sorted(tenths.group_by(*keys, maintain_order=True))
        for row in _measure(of_one, indicators[str(key[0])])
    ]
    names = TABLES["inequality"].names
    return pl.DataFrame(rows, schema={name: INEQUALITY_TYPES.get(name, pl.String) for name in names})


def _measure(tenths: pl.DataFrame, indicator: PublishedIndicator) -> Iterator[dict[str, object]]:
    ordered = tenths.sort(pl.col("category").cast(pl.Int32))
    needed = ordered.select("value", "lower_cl", "upper_cl", "denominator")
    if tuple(ordered["category"]) != _TENTHS or needed.null_count().sum_horizontal()[0]:
        return
    for measure, (value, lower_cl, upper_cl) in measure_inequality(ordered, indicator.polarity).items():
        yield {
            "measure": measure,
            "value": value,
            "lower_cl": lower_cl,
            "upper_cl": upper_cl,
            "confidence_level": CONFIDENCE_LEVEL,
            "value_note": str(ValueNote.MISSING if value is None else ValueNote.PUBLISHED),
        }


def _comparators(values: pl.DataFrame, geography: Geography) -> pl.DataFrame:
    """The areas outside the place that there are figures of."""
    own = geography.areas().select("area_type", "area_code")
    others = (
        values.select("area_type", "area_code", "area_name")
        .join(own, on=["area_type", "area_code"], how="anti")
        .sort("area_type", "area_code", "area_name", descending=[False, False, True])
        .unique(subset=["area_type", "area_code"], keep="first", maintain_order=True)
    )
    name = pl.when(pl.col("area_code") == ENGLAND).then(pl.lit("England")).otherwise("area_name")
    named = pl.when(name == "").then("area_code").otherwise(name).alias("area_name")
    schema = pl.DataFrame(pl.from_arrow(TABLES["areas"].empty_table())).schema
    return others.select(
        "area_type",
        "area_code",
        named,
        *(pl.lit(None, schema[column]).alias(column) for column in TABLES["areas"].names[3:-1]),
        pl.lit(str(ValueNote.MISSING)).alias("population_note"),
    )


def _floats(frame: pl.DataFrame, name: str) -> NDArray[np.float64]:
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _series(name: str, values: NDArray[np.float64]) -> pl.Series:
    return pl.Series(name, values, dtype=pl.Float64).fill_nan(None)
