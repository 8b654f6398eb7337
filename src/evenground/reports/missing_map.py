"""People missing out, by area: a map of a ranking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from evenground.releases import Release
from evenground.reports.area_drawing import draw_areas
from evenground.reports.cells import Cell
from evenground.reports.charts import AREA_NOUNS, Figure, finish_figure
from evenground.reports.maps import classify_areas, fit_shapes
from evenground.reports.words import count_in_words, format_count
from evenground.vocabulary import AreaType, Polarity, ValueNote

_UNIT = ""


def draw_missing_map(
    release: Release,
    ranked: pl.DataFrame,
    *,
    what: str,
    noun: str,
    link_to: Callable[[str, str], str] | None = None,
) -> Figure | None:
    """Areas by how many are expected to miss out there, or none where the release cannot draw it.

    Parameters
    ----------
    release
        For names and boundaries.
    ranked
        Ranked communities of one service and kind, as in the release's ``rankings``. Communities of one area
        are added up.
    what
        The service, in words.
    noun
        What is counted, in the plural: 'people missing out'.
    link_to
        As for ``charts.draw_map``.
    """
    if ranked.is_empty():
        return None
    area_type = AreaType(ranked["area_type"][0])
    summed = (
        ranked.group_by("area_code")
        .agg(pl.col("expected_missing").sum(), pl.len().alias("communities"))
        .sort("expected_missing", "area_code", descending=[True, False])
    )
    table = release.table("boundaries").filter(pl.col("area_type") == area_type).sort("area_code")
    boundaries = dict(table.select("area_code", "geojson").iter_rows())
    cells = {code: _cell(release, area_type, code, missing) for code, missing, _ in summed.iter_rows()}
    if not set(cells) & set(boundaries):
        return None
    unranked = {code: _cell(release, area_type, code, None) for code in boundaries if code not in cells}
    shown = cells | unranked
    fills, legend = classify_areas(shown, unit=_UNIT, polarity=Polarity.NONE, decimals=0)
    tooltips = {code: f"{cell.label}: {_say(cell, noun)}" for code, cell in shown.items()}
    links = {code: link_to(area_type, code) for code in shown} if link_to else {}
    shapes, height = fit_shapes(boundaries, fills, tooltips, links)
    area = AREA_NOUNS[area_type]
    figure = finish_figure(
        ("missing-map", area_type, what),
        f"{what}: {noun}, by {area}",
        _summarise(list(cells.values()), noun),
        draw_areas(shapes, legend, height=height),
        (area[0].upper() + area[1:], noun[0].upper() + noun[1:], "Communities ranked there"),
        [
            (cells[code].label, format_count(missing), format_count(communities))
            for code, missing, communities in summed.iter_rows()
        ],
    )
    return replace(figure, areas=tuple((str(area_type), code) for code in cells))


def _cell(release: Release, area_type: str, code: str, missing: int | None) -> Cell:
    name = release.area_names.get((area_type, code), code)
    note = ValueNote.MISSING if missing is None else ValueNote.PUBLISHED
    return Cell(name, None if missing is None else float(missing), note=note)


def _say(cell: Cell, noun: str) -> str:
    return "nobody is ranked here" if cell.value is None else f"{format_count(round(cell.value))} {noun}"


def _summarise(cells: list[Cell], noun: str) -> str:
    """How many areas hold half of those missing out: whether one outreach or many are wanted."""
    most = cells[0]
    total = sum(cell.value or 0.0 for cell in cells)
    if total <= 0:
        return f"No area has {noun}, as far as can be told."
    reached, areas = 0.0, 0
    for cell in cells:
        reached, areas = reached + (cell.value or 0.0), areas + 1
        if reached >= total / 2:
            break
    of = count_in_words(len(cells), "area")
    half = f"Half of them are in {areas} of {of}." if len(cells) > 1 else ""
    return f"Most are in {most.label}: {_say(most, noun)}. {half}".strip()
