"""Published figures of a place from the sources that bring them, and a report of every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import ValidationError

from evenground.contract import TableReport
from evenground.errors import Fault, SourceError, suggest
from evenground.indicators.published import PublishedIndicator
from evenground.sources.aggregates import words
from evenground.sources.aggregates.conversion import convert_figures, describe_figures, widen_areas
from evenground.sources.aggregates.options import (
    CountsOptions,
    FingertipsIndicator,
    FingertipsOptions,
)
from evenground.sources.aggregates.sift import FIGURE, NUMBERS, Place, Rules, say_rows, sift
from evenground.sources.aggregates.tables import Table, open_tables, read_table
from evenground.sources.editions import Editions, check_edition, find_editions
from evenground.sources.staging.files import source_error
from evenground.sources.staging.inputs import Intake, Progress
from evenground.sources.staging.session import Session
from evenground.workspace import PLACE_FILE, SourceSection, explain_validation, temporary_folder

KINDS: Final[Mapping[str, type[FingertipsOptions | CountsOptions]]] = {
    "fingertips": FingertipsOptions,
    "counts": CountsOptions,
}

FIGURE_COLUMNS: Final = {
    "indicator_id": pl.String,
    "area_type": pl.String,
    "area_code": pl.String,
    "area_name": pl.String,
    "cut": pl.String,
    "category": pl.String,
    "edition": pl.String,
    "period": pl.String,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "value": pl.Float64,
    "lower_cl": pl.Float64,
    "upper_cl": pl.Float64,
    "value_note": pl.String,
}


@dataclass(slots=True)
class AggregateReport:
    """What one source of published figures gave: its tables, and the digest of each file.

    ``lsoa_conversion`` tells how its LSOAs were read as those of another edition; it is empty where they were
    not.
    """

    source: str
    tables: list[TableReport] = field(default_factory=list)
    sha256: dict[str, str] = field(default_factory=dict)
    lsoa_conversion: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The figures of one source: ``FIGURE_COLUMNS``, one row a figure and kind of area.

    ``is_published`` says that whoever made them published them; where it is false, they are counts that the
    disclosure policy has yet to be applied to.
    """

    report: AggregateReport
    is_published: bool
    figures: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Opened:
    section: SourceSection
    options: FingertipsOptions | CountsOptions
    tables: list[Table]
    editions: Editions | None


def split_sections(
    sections: Sequence[SourceSection],
) -> tuple[tuple[SourceSection, ...], tuple[SourceSection, ...]]:
    """The sources of persons, and those of published figures."""
    persons = tuple(section for section in sections if section.kind not in KINDS)
    return persons, tuple(section for section in sections if section.kind in KINDS)


def load_aggregates(
    sections: Sequence[SourceSection],
    *,
    root: Path,
    folder: Path,
    indicators: Mapping[str, PublishedIndicator],
    areas: pl.DataFrame,
    place_code: str,
    lsoa_edition: str | None = None,
    progress: Progress | None = None,
) -> tuple[Aggregate, ...]:
    """Read the sources of published figures.

    Parameters
    ----------
    sections
        The ``[[sources]]`` of the kinds in ``KINDS``.
    root
        The workspace: paths of the sections are relative to it.
    folder
        Where temporary files stand; they are gone afterwards.
    indicators
        The published indicators, by id.
    areas
        The areas of the place, one row each with ``area_type`` and ``area_code``.
    place_code
        The code of the place.
    lsoa_edition
        Of which census year the place's LSOAs are: figures of the other are converted by a look-up.
    progress
        Called with a sentence as each file is begun.

    Raises
    ------
    SourceError
        With every fault of every section and file.
    """
    tell = progress or (lambda _: None)
    with temporary_folder(folder, ".aggregates") as name:
        opened, faults = _open_all(sections, root, Path(name), indicators, lsoa_edition, tell)
        if faults:
            raise SourceError("The published figures cannot be read.", faults)
        loaded = []
        for source in opened:
            with Session(source.section.name, Path(name)) as session:
                comparators = frozenset({words.ENGLAND, *source.options.comparators})
                place = Place(place_code, areas, comparators)
                rules = Rules(source.options, indicators, place)
                loaded.append(_load_one(session, source, rules, tell))
    return tuple(loaded)


def check_aggregates(
    sections: Sequence[SourceSection],
    *,
    root: Path,
    folder: Path,
    indicators: Mapping[str, PublishedIndicator],
    lsoa_edition: str | None = None,
) -> list[Fault]:
    """Every fault of the sections and of their files; no row is checked."""
    with temporary_folder(folder, ".aggregates") as name:
        return _open_all(sections, root, Path(name), indicators, lsoa_edition, lambda _: None)[1]


def _open_all(
    sections: Sequence[SourceSection],
    root: Path,
    temporary: Path,
    indicators: Mapping[str, PublishedIndicator],
    lsoa_edition: str | None,
    tell: Progress,
) -> tuple[list[_Opened], list[Fault]]:
    intake = Intake("", root, temporary, tell)
    opened: list[_Opened] = []
    faults: list[Fault] = []
    for section in sections:
        try:
            options = read_aggregate_options(section)
        except SourceError as error:
            faults += error.faults
            continue
        options, wrong = with_indicators(section.name, options, indicators)
        intake.source = section.name
        tables, found = open_tables(section.name, options, intake)
        misfit = check_edition(section.name, options, lsoa_edition)
        editions, unreadable = (None, []) if misfit else find_editions(section.name, options, root)
        faults += [*wrong, *found, *misfit, *unreadable]
        opened.append(_Opened(section, options, tables, editions))
    return opened, faults


def read_aggregate_options(section: SourceSection) -> FingertipsOptions | CountsOptions:
    """Check what ``place.toml`` says of a source of published figures.

    Raises
    ------
    SourceError
        With every fault of the section.
    """
    model = KINDS[section.kind]
    try:
        return model.model_validate(section.options)
    except ValidationError as error:
        faults = explain_validation(f'{PLACE_FILE}, source "{section.name}"', error, model)
    raise SourceError(f'The source "{section.name}" is not described rightly.', faults)


def with_indicators(
    source: str, options: FingertipsOptions | CountsOptions, indicators: Mapping[str, PublishedIndicator]
) -> tuple[FingertipsOptions | CountsOptions, list[Fault]]:
    """The options with the indicators that the definitions name, and a fault for each that they do not."""
    where = f'{PLACE_FILE}, source "{source}"'
    if isinstance(options, CountsOptions):
        named = [(f"figures[{n}].indicator", one.indicator) for n, one in enumerate(options.figures, start=1)]
        named += [(f'values.indicator."{text}"', name) for text, name in options.values.indicator.items()]
    else:
        if not options.indicators:
            known = {
                str(one.fingertips_id): FingertipsIndicator(indicator=one.id)
                for one in indicators.values()
                if one.fingertips_id is not None
            }
            options = options.model_copy(update={"indicators": known})
        named = [(f"indicators.{number}", entry.indicator) for number, entry in options.indicators.items()]
        named.append(("rows_without_id", options.rows_without_id))
    faults = [
        Fault(f"{where}, {key}", f'"{name}" is not a published indicator.', suggest(name, indicators.keys()))
        for key, name in named
        if name is not None and name not in indicators
    ]
    return options, faults


def _load_one(session: Session, source: _Opened, rules: Rules, tell: Progress) -> Aggregate:
    report = AggregateReport(source.section.name)
    areas, editions = rules.place.areas, source.editions
    if editions:
        report.lsoa_conversion = describe_figures(editions)
        report.sha256[editions.name] = editions.sha256
        rules = replace(rules, place=replace(rules.place, areas=widen_areas(areas, editions)))
    frames: list[pl.DataFrame] = []
    faults: list[Fault] = []
    for table in source.tables:
        tell(f"Reading {table.name} from {table.file.name}")
        rows, rejected, notes = read_table(session, table)
        started = TableReport(table.name, table.file.name, sum(rejected.values()), dropped=dict(rejected))
        started.notes = [*table.file.notes, *notes]
        sifted = sift(rows, rules, started)
        if editions:
            sifted.kept = convert_figures(sifted.kept, editions, rules, areas, sifted.report)
        report.tables.append(sifted.report)
        report.sha256[table.file.name] = table.file.sha256
        frames.append(sifted.kept.with_columns(pl.lit(len(frames)).alias("table_no")))
        faults += sifted.faults or _find_useless(sifted.report)
    kept = _drop_repeated(pl.concat(frames, how="vertical_relaxed"), report.tables)
    faults += _find_clashes(kept, source.section.name)
    if faults:
        raise source_error(source.section.name, faults)
    return Aggregate(report, rules.is_published, _as_figures(kept))


def _drop_repeated(kept: pl.DataFrame, tables: Sequence[TableReport]) -> pl.DataFrame:
    """Without the figures that an earlier file brought just so: each download of Fingertips holds England."""
    says = [*FIGURE, *NUMBERS, "value_note"]
    first = kept.unique(subset=says, keep="first", maintain_order=True)
    repeated = kept.join(first.select("table_no", "row"), on=["table_no", "row"], how="anti")
    again = repeated.group_by("table_no").agg(pl.col("row").unique().sort()).sort("table_no")
    for number, rows in again.iter_rows():
        table = tables[number]
        table.kept -= len(rows)
        table.dropped[words.REPEATED] = table.dropped.get(words.REPEATED, 0) + len(rows)
        table.notes.append(f"{words.REPEATED} as in an earlier file: {say_rows(rows)}")
    return first


def _find_useless(report: TableReport) -> list[Fault]:
    if not report.read:
        return [Fault(report.file, "no rows (0) below the header line.", "Download it again.")]
    if report.kept:
        return []
    told = "; ".join(f"{reason}: {count:,}" for reason, count in report.dropped.items())
    hint = "Check indicators, comparators and periods in place.toml, and the area codes of the place."
    return [Fault(report.file, f"none of its {report.read:,} rows can be used ({told}).", hint)]


def _find_clashes(kept: pl.DataFrame, source: str) -> list[Fault]:
    """Figures that two files of one source bring."""
    key = ("indicator_id", "area_code", "cut", "category", "period")
    twice = kept.filter(pl.struct(*key).is_duplicated())
    if twice.is_empty():
        return []
    names = ", ".join(twice["indicator_id"].unique().sort().to_list())
    what = f"{twice.height:,} figures stand in more than one of its files, and disagree ({names})."
    return [Fault(f'{PLACE_FILE}, source "{source}", path', what, "Keep one file for each indicator.")]


def _as_figures(kept: pl.DataFrame) -> pl.DataFrame:
    whole = [pl.col(name).round().cast(pl.Int64).alias(name) for name in ("numerator", "denominator")]
    return (
        kept.with_columns(*whole, pl.col("types").alias("area_type"))
        .explode("area_type")
        .select(FIGURE_COLUMNS.keys())
        .cast(FIGURE_COLUMNS)  # type: ignore[arg-type]
        .sort("indicator_id", "area_type", "area_code", "cut", "category", "period")
    )
