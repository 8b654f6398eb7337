"""Pictures from a release: accessible inline SVG, a sentence, and the table behind them.

Every function here reads published figures only, and gives the same bytes for the same release.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import polars as pl

from evenground.errors import InputError, suggest
from evenground.geography.services import Service
from evenground.releases import IndicatorInfo, Release
from evenground.reports.area_drawing import draw_areas
from evenground.reports.cells import Cell, describe_cell, make_cell, published, round_cell
from evenground.reports.drawing import ReferenceLine, Row, draw_rows
from evenground.reports.maps import COMPARED, MapClasses, classify_against, classify_areas, fit_shapes
from evenground.reports.sentences import (
    say_area_spread,
    say_decile_gap,
    say_ethnic_differences,
    say_quintile_gap,
    say_top_community,
)
from evenground.reports.services_map import lay_over
from evenground.reports.svg import make_inline_safe
from evenground.reports.words import (
    PERCENT,
    clean_text,
    format_count,
    format_count_with_interval,
    format_share,
    format_value,
    format_value_with_interval,
)
from evenground.vocabulary import (
    ALL_SERVICES,
    ETHNIC_GROUPS,
    ETHNIC_GROUPS_5,
    EVERYONE,
    MISSING_CATEGORY,
    UNKNOWN_AREA,
    UNRECORDED_ETHNIC_GROUPS,
    AreaType,
    CommunityType,
    Comparison,
    Cut,
    PublishedCut,
    ValueNote,
)

QUINTILES: Final = {
    "1": "1: most deprived fifth",
    "2": "2",
    "3": "3",
    "4": "4",
    "5": "5: least deprived fifth",
}
DECILES: Final = {
    "1": "1: most deprived tenth",
    **{str(number): str(number) for number in range(2, 10)},
    "10": "10: least deprived tenth",
}
DECILES_OF: Final = {
    PublishedCut.COUNTY_UA_DECILE: "England’s counties and unitary authorities",
    PublishedCut.DISTRICT_UA_DECILE: "England’s districts and unitary authorities",
    PublishedCut.CCG_DECILE: "England’s clinical commissioning groups",
    PublishedCut.LSOA_DECILE: "England’s small areas",
}
AREA_UNKNOWN: Final = "Area unknown"
ETHNIC_GROUP_MISSING: Final = "Missing from the record"
UNRECORDED_5: Final = frozenset({"not_stated", "not_known", MISSING_CATEGORY})
AREA_NOUNS: Final = {
    AreaType.MSOA: "neighbourhood (MSOA)",
    AreaType.LSOA: "small area (LSOA)",
    AreaType.WARD: "ward",
    AreaType.PCN: "primary care network (PCN)",
}
FIGURE_COLUMNS: Final = ("Value", "95% interval", "Numerator", "Denominator")


@dataclass(frozen=True, slots=True)
class FigureData:
    """The figures that a picture draws, as numbers, for programs that draw it anew.

    Attributes
    ----------
    kind
        Bars against names, or lines over time.
    unit
        Of every number; ``%``, or words.
    categories
        The names of the bars, or the periods.
    series
        Name and cells of each, a cell a category: values and limits are rounded as they are shown.
    """

    kind: Literal["bars", "lines"]
    unit: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[Cell, ...]], ...]

    @classmethod
    def of(
        cls,
        kind: Literal["bars", "lines"],
        unit: str,
        categories: Sequence[str],
        series: Sequence[tuple[str, Sequence[Cell]]],
    ) -> FigureData:
        """The data of a figure from cells as a release holds them."""
        rounded = tuple((name, tuple(round_cell(cell) for cell in cells)) for name, cells in series)
        return cls(kind, unit, tuple(categories), rounded)


@dataclass(frozen=True)
class Figure:
    """A picture, what it shows in words, and its figures.

    Attributes
    ----------
    id
        Letters, digits and hyphens; every id inside ``svg`` starts with it.
    title, summary
        Plain text, not escaped for HTML.
    svg
        One ``<svg>`` element that may be put into a page as it is.
    columns, rows
        The table behind the picture, as plain text; the first column names the row.
    areas
        Where each row is about an area: its type and code, row by row; else empty.
    data
        What is drawn as numbers, where it is bars or lines.
    """

    id: str
    title: str
    summary: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    areas: tuple[tuple[str, str], ...] = ()
    data: FigureData | None = None


def draw_quintile_bars(
    release: Release, indicator_id: str, *, area_type: str = AreaType.PLACE, area_code: str | None = None
) -> Figure:
    """An indicator by national deprivation fifth, 1 the most deprived, against the area as a whole.

    Parameters
    ----------
    release
        The release to read.
    indicator_id
        One of its indicators.
    area_type, area_code
        The area; without a code, the place.

    Raises
    ------
    InputError
        Where the release has no such indicator, or an area other than the place has no code.
    """
    view = _View.of(release, indicator_id, area_type, area_code)
    found = view.rows(Cut.IMD_QUINTILE)
    cells = [make_cell(label, found.get(category)) for category, label in QUINTILES.items()]
    summary = say_quintile_gap(
        cells, unit=view.info.unit, polarity=view.info.polarity, is_service=view.info.is_service
    )
    if UNKNOWN_AREA in found:
        cells.append(make_cell(AREA_UNKNOWN, found[UNKNOWN_AREA], recorded=False))
    edition = release.manifest.imd_edition
    heading = f"Deprivation (national fifths, Index of Multiple Deprivation {edition}; 1 = most deprived)"
    return view.bars(
        "deprivation",
        f"{view.info.name}, by national deprivation fifth: {view.name}",
        summary,
        cells,
        heading,
    )


def draw_ethnic_group_bars(
    release: Release,
    indicator_id: str,
    *,
    area_type: str = AreaType.PLACE,
    area_code: str | None = None,
    detail: Literal["16", "5"] = "16",
) -> Figure:
    """An indicator by ethnic group, highest first; then groups without a figure, then people without a group.

    Parameters
    ----------
    release, indicator_id, area_type, area_code
        As for ``draw_quintile_bars``.
    detail
        ``16`` for the NHS 16+1 categories of 2001, ``5`` for the five high-level groups.

    Raises
    ------
    InputError
        As for ``draw_quintile_bars``.
    """
    view = _View.of(release, indicator_id, area_type, area_code)
    names, cut, unrecorded = _ethnic_detail(detail)
    found = view.rows(cut)
    cells = [
        make_cell(name, found.get(category), recorded=category not in unrecorded)
        for category, name in names.items()
    ]
    cells.sort(key=_ethnic_order)
    summary = say_ethnic_differences(
        cells, view.overall, area_name=view.name, unit=view.info.unit, polarity=view.info.polarity
    )
    title = f"{view.info.name}, by ethnic group: {view.name}"
    return view.bars(f"ethnic-group-{detail}", title, summary, cells, "Ethnic group")


def draw_decile_bars(
    release: Release, indicator_id: str, cut: str, *, area_type: str, area_code: str
) -> Figure:
    """A published indicator by tenths of England's areas, 1 the most deprived, against England as a whole.

    Parameters
    ----------
    release, indicator_id
        As for ``draw_quintile_bars``.
    cut
        One of ``vocabulary.PublishedCut``.
    area_type, area_code
        The area that is broken down so: England.

    Raises
    ------
    InputError
        Where the release has no such indicator.
    """
    values = release.figures_of(indicator_id).filter(pl.col("cut") == cut)
    period, edition = max(values.select("period", "edition").iter_rows(), default=("", ""))
    view = _View.of(release, indicator_id, area_type, area_code, period=str(period))
    found = view.rows(cut)
    cells = [make_cell(label, found.get(category)) for category, label in DECILES.items()]
    what = DECILES_OF[PublishedCut(cut)]
    summary = say_decile_gap(cells, what=what, unit=view.info.unit, polarity=view.info.polarity)
    told = f" ({edition})" if edition else ""
    return view.bars(
        str(cut).replace("_", "-"),
        f"{view.info.name}, by tenths of {what}, {period}: {view.name}",
        summary,
        cells,
        f"Tenths of {what} by average deprivation{told}; 1 = most deprived",
    )


def draw_map(
    release: Release,
    indicator_id: str,
    *,
    area_type: Literal["msoa", "lsoa", "ward", "pcn"] | AreaType = AreaType.MSOA,
    cut: str = Cut.ALL,
    category: str = EVERYONE,
    people: str = "",
    classes: MapClasses = MapClasses.QUANTILES,
    link_to: Callable[[str, str], str] | None = None,
    services: Sequence[Service] = (),
) -> Figure:
    """An indicator by area, in classes, and patterns where there is no value.

    Parameters
    ----------
    release, indicator_id
        As for ``draw_quintile_bars``.
    area_type
        ``msoa``, ``lsoa``, ``ward`` or ``pcn``.
    cut, category, people
        The people to map, where not everybody, and what to call them.
    classes
        ``quantiles``: up to five classes of equally many areas. ``benchmark``: each area against the place's
        figure, as the release compares them.
    link_to
        The path of the site that an area leads to, by its type and code; without it none leads anywhere.

    services
        Services and events to mark on it, by kind.

    Raises
    ------
    InputError
        Where the release has no such indicator, or ``area_type`` is another.
    """
    if area_type not in AREA_NOUNS:
        raise InputError(f'There are no maps of "{area_type}". {suggest(area_type, AREA_NOUNS)}')
    view = _View.of(release, indicator_id, AreaType.PLACE, None)
    cells = view.areas(AreaType(area_type), cut, category)
    unit, polarity = view.info.unit, view.info.polarity
    known = {code: cell for code, cell in cells.items() if code != UNKNOWN_AREA}
    tooltips = {code: _tooltip(cell, unit) for code, cell in known.items()}
    if classes == MapClasses.BENCHMARK:
        compared = view.comparisons(AreaType(area_type), cut, category)
        fills, legend = classify_against(known, compared, place_name=view.name)
        said = {code: COMPARED[Comparison(one)] for code, one in compared.items() if code in known}
        tooltips |= {code: f"{tooltips[code]}, {words}" for code, words in said.items()}
    else:
        fills, legend = classify_areas(known, unit=unit, polarity=polarity)
    links = {code: link_to(area_type, code) for code in known} if link_to else {}
    boundaries = _boundaries(release, area_type)
    shapes, height = fit_shapes(boundaries, fills, tooltips, links)
    over = lay_over(services, boundaries, fills)
    noun = AREA_NOUNS[AreaType(area_type)]
    of_people = f", {people}" if people else ""
    figure = finish_figure(
        (
            "map",
            area_type,
            indicator_id,
            *(() if cut == Cut.ALL else (cut, category)),
            *(() if classes == MapClasses.QUANTILES else (str(classes),)),
        ),
        f"{view.info.name}{of_people}, by {noun}: {view.name}",
        say_area_spread(
            list(known.values()), view.overall, place_name=view.name, unit=unit, polarity=polarity
        ),
        draw_areas(shapes, legend, height=height, places=over.marks, kinds=over.kinds),
        (noun[0].upper() + noun[1:], *FIGURE_COLUMNS),
        [(cell.label, *describe_cell(cell, unit)) for cell in cells.values()],
    )
    return replace(figure, areas=tuple((str(area_type), code) for code in cells))


def draw_ranking(release: Release, service_id: str, community_type: str, *, top: int = 10) -> Figure:
    """The communities where most people are expected to miss out, with intervals.

    Parameters
    ----------
    release
        The release to read.
    service_id
        An indicator that is a service, or ``all``.
    community_type
        ``msoa_ethnic_group`` or ``lsoa``.
    top
        How many communities, from the first rank.

    Raises
    ------
    InputError
        Where the release does not rank such a service or kind of community.
    """
    ranked = _ranked(release, service_id, community_type).head(top).to_dicts()
    cells = [_community_cell(release, row) for row in ranked]
    every = service_id == ALL_SERVICES
    name = "All services" if every else release.indicators[service_id].name
    axis = "Expected number of missed services" if every else "Expected number of people missing out"
    nouns = ("missed service", "missed services") if every else ("person", "people")
    rows = [
        Row(cell, format_count(row["expected_missing"], cell.note), _community_tooltip(cell))
        for cell, row in zip(cells, ranked, strict=True)
    ]
    return finish_figure(
        ("ranking", community_type, service_id),
        f"{name}: where most are missing out in {release.manifest.place_name}",
        say_top_community(cells, name=_first_name(cells), singular=nouns[0], plural=nouns[1]),
        draw_rows(rows, (), unit=axis, mark="dot"),
        (
            "Community",
            "Rank",
            "Expected to be missing out (95% interval)",
            "Eligible",
            "Reached",
            "Probability of being in the top 10",
        ),
        [_community_text(cell, row) for cell, row in zip(cells, ranked, strict=True)],
    )


@dataclass(frozen=True, slots=True)
class _View:
    """One indicator in one area of a release."""

    release: Release
    info: IndicatorInfo
    area_type: str
    area_code: str
    name: str
    values: pl.DataFrame

    @classmethod
    def of(
        cls,
        release: Release,
        indicator_id: str,
        area_type: str,
        area_code: str | None,
        *,
        period: str | None = None,
    ) -> _View:
        if indicator_id not in release.indicators:
            hint = suggest(indicator_id, release.indicators)
            raise InputError(f'The release has no indicator "{indicator_id}". {hint}')
        if area_code is None and area_type != AreaType.PLACE:
            raise InputError(f"Give the code of the {area_type} to draw: area_code is missing.")
        code = area_code or release.manifest.place_code
        every = release.latest_values.filter(pl.col("indicator_id") == indicator_id)
        # A release may hold earlier periods for the trend; a picture shows the latest. Publishers do not give
        # every kind of area and every breakdown for the same one.
        values = every.filter(pl.col("period") == pl.col("period").max().over("area_type", "cut"))
        if period:
            values = every.filter(pl.col("period") == period)
        name = release.area_names.get((area_type, code), code)
        return cls(release, release.indicators[indicator_id], area_type, code, clean_text(name), values)

    def rows(self, cut: str) -> dict[str, dict[str, Any]]:
        """The rows of one cut by category."""
        found = self.values.filter(
            pl.col("area_type") == self.area_type, pl.col("area_code") == self.area_code, pl.col("cut") == cut
        )
        return {row["category"]: row for row in found.iter_rows(named=True)}

    @property
    def overall(self) -> Cell:
        """The figure for everybody."""
        return make_cell(f"{self.name} overall", self.rows(Cut.ALL).get(EVERYONE))

    def areas(self, area_type: AreaType, cut: str = Cut.ALL, category: str = EVERYONE) -> dict[str, Cell]:
        """Every area of a type, by name; people without an area last, where they are counted."""
        found = self.values.filter(
            pl.col("area_type") == area_type, pl.col("cut") == cut, pl.col("category") == category
        )
        rows = {row["area_code"]: row for row in found.iter_rows(named=True)}
        names = {code: name for (kind, code), name in self.release.area_names.items() if kind == area_type}
        names.pop(UNKNOWN_AREA, None)
        ordered = sorted(names.items(), key=lambda item: (item[1], item[0]))
        cells = {code: make_cell(clean_text(name), rows.get(code)) for code, name in ordered}
        if UNKNOWN_AREA in rows:
            cells[UNKNOWN_AREA] = make_cell(AREA_UNKNOWN, rows[UNKNOWN_AREA], recorded=False)
        return cells

    def comparisons(self, area_type: AreaType, cut: str, category: str) -> dict[str, str]:
        """How each area of a type compares with the place, where it is compared."""
        found = self.values.filter(
            pl.col("area_type") == area_type,
            pl.col("cut") == cut,
            pl.col("category") == category,
            pl.col("comparison") != Comparison.NOT_COMPARED,
        )
        return dict(found.select("area_code", "comparison").iter_rows())

    def bars(self, kind: str, title: str, summary: str, cells: Sequence[Cell], heading: str) -> Figure:
        """Cells as a figure with bars."""
        unit = self.info.unit
        # The axis names any other unit: a label and 'per 100,000' would not fit on one line of a phone.
        short = unit if unit == PERCENT else ""
        rows = [Row(cell, format_value(cell.value, short, cell.note), _tooltip(cell, unit)) for cell in cells]
        lines = self._lines() if published(cells) else []
        table = [(cell.label, *describe_cell(cell, unit)) for cell in cells]
        overall = self.overall
        table.append((overall.label, *describe_cell(overall, unit)))
        figure = finish_figure(
            (kind, self.info.id, self.area_type, self.area_code),
            title,
            summary,
            draw_rows(rows, lines, unit=unit),
            (heading, *FIGURE_COLUMNS),
            table,
        )
        drawn = (*cells, overall)
        names = [cell.label for cell in drawn]
        return replace(figure, data=FigureData.of("bars", unit, names, [(self.info.name, drawn)]))

    def _lines(self) -> list[ReferenceLine]:
        lines, unit, target = [], self.info.unit, self.info.target
        overall = self.overall
        if overall.value is not None:
            level = format_value(overall.value, unit, overall.note)
            lines.append(ReferenceLine(f"{overall.label}: {level}", overall.value, "average"))
        if target is not None:
            decimals = 0 if target.value == round(target.value) else 1
            level = format_value(target.value, unit, decimals=decimals)
            lines.append(ReferenceLine(f"Target: {level}", target.value, "target"))
        return lines


def _ethnic_detail(detail: str) -> tuple[Mapping[str, str], Cut, frozenset[str]]:
    if detail == "16":
        names, cut, unrecorded = ETHNIC_GROUPS, Cut.ETHNIC_GROUP, UNRECORDED_ETHNIC_GROUPS
    elif detail == "5":
        names, cut, unrecorded = ETHNIC_GROUPS_5, Cut.ETHNIC_GROUP_5, UNRECORDED_5
    else:
        raise InputError(f'There is no ethnic detail "{detail}": choose 16 or 5.')
    return {**names, MISSING_CATEGORY: ETHNIC_GROUP_MISSING}, cut, unrecorded


def _ethnic_order(cell: Cell) -> tuple[bool, bool, float]:
    """Sorting keeps the order of the code list among equals and among groups without a figure."""
    return (not cell.recorded, cell.value is None, -(cell.value or 0.0))


def _tooltip(cell: Cell, unit: str) -> str:
    figure = format_value_with_interval(cell.value, cell.lower, cell.upper, unit, cell.note)
    return f"{cell.label}: {figure}"


def _boundaries(release: Release, area_type: str) -> dict[str, str]:
    table = release.table("boundaries").filter(pl.col("area_type") == area_type).sort("area_code")
    return dict(table.select("area_code", "geojson").iter_rows())


def _ranked(release: Release, service_id: str, community_type: str) -> pl.DataFrame:
    rankings = release.table("rankings")
    for column, wanted, known in (
        ("service_id", service_id, rankings["service_id"].unique().to_list()),
        ("community_type", community_type, list(CommunityType)),
    ):
        if wanted not in known:
            raise InputError(f'The release ranks no {column} "{wanted}". {suggest(wanted, known)}')
    return rankings.filter(
        pl.col("service_id") == service_id, pl.col("community_type") == community_type
    ).sort("rank", "area_code", "ethnic_group")


def _community_cell(release: Release, row: Mapping[str, Any]) -> Cell:
    area = clean_text(release.area_names.get((row["area_type"], row["area_code"]), row["area_code"]))
    group = row["ethnic_group"]
    label = area if group in (None, EVERYONE) else f"{area}: {ETHNIC_GROUPS.get(group, clean_text(group))}"
    value = row["expected_missing"]
    if value is None:
        return Cell(label, note=row["value_note"])
    lower, upper = (None if row[name] is None else float(row[name]) for name in ("lower_cl", "upper_cl"))
    return Cell(label, float(value), lower, upper, ValueNote.PUBLISHED)


def _first_name(cells: Sequence[Cell]) -> str:
    """'Old Town: Pakistani' as 'Old Town (Pakistani)', which reads well inside a sentence."""
    area, colon, group = cells[0].label.rpartition(": ") if cells else ("", "", "")
    return f"{area} ({group})" if colon else group


def _community_text(cell: Cell, row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        cell.label,
        str(row["rank"]),
        format_count_with_interval(row["expected_missing"], row["lower_cl"], row["upper_cl"], cell.note),
        format_count(row["eligible"], row["value_note"]),
        format_count(row["reached"], row["value_note"]),
        format_share(row["probability_top_10"]),
    )


def _community_tooltip(cell: Cell) -> str:
    value, lower, upper = (
        None if number is None else round(number) for number in (cell.value, cell.lower, cell.upper)
    )
    return f"{cell.label}: {format_count_with_interval(value, lower, upper, cell.note)} expected to miss out"


def finish_figure(
    names: Sequence[str],
    title: str,
    summary: str,
    picture: str | ET.Element,
    columns: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
) -> Figure:
    """A drawing with its words and table, its parts named after ``names`` so that no page has an id twice."""
    figure_id = re.sub(r"[^a-z0-9]+", "-", "-".join(names).lower()).strip("-")
    title = clean_text(title)
    svg = make_inline_safe(picture, prefix=figure_id, title=title, description=summary)
    return Figure(figure_id, title, summary, svg, columns, tuple(rows))
