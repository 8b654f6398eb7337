"""Profiles and whole tables as CSV or as workbooks, and pictures as files.

In a table the word for a figure that is not published stands in the value's column.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports.charts import Figure
from evenground.reports.files import render_png, render_svg
from evenground.vocabulary import UNKNOWN_AREA, ValueNote
from evenground_web.common.downloads import table_response
from evenground_web.common.words import name_category
from evenground_web.profiles.reads import Area, Group, list_figures, list_rows, picture_notes

COLUMNS: Final = (
    "indicator_id",
    "indicator_name",
    "area_type",
    "area_code",
    "area_name",
    "cut",
    "category",
    "category_name",
    "period",
    "value",
    "unit",
    "lower_cl",
    "upper_cl",
    "confidence_level",
    "numerator",
    "denominator",
    "value_note",
    "comparison_with_place",
    "target",
    "basis",
    "source",
    "edition",
    "limits",
)
PICTURE_KINDS: Final = {"svg": "image/svg+xml", "png": "image/png"}
_WORDS: Final = {
    ValueNote.SUPPRESSED: "suppressed",
    ValueNote.SUPPRESSED_SECONDARY: "suppressed to protect another number",
    ValueNote.MISSING: "no data",
    ValueNote.TOO_FEW_EVENTS: "too few events",
}


def profile_table(
    request: HttpRequest, release: Release, profile: Profile, area: Area, group: Group
) -> HttpResponse:
    """The table of a profile."""
    ids = [indicator_id for section in profile.sections for indicator_id in section.indicators]
    rows = [row.raw for row in list_rows(release, ids, area, group) if row.raw is not None]
    return table_response(request, profile.id, COLUMNS, _figure_rows(release, rows))


def indicator_table(request: HttpRequest, release: Release, info: IndicatorInfo) -> HttpResponse:
    """Every published figure of an indicator, for every area and group."""
    rows = _figure_rows(release, list_figures(release, info.id))
    return table_response(request, info.id, COLUMNS, rows)


def figures_table(
    request: HttpRequest, name: str, release: Release, rows: Iterable[dict[str, Any]]
) -> HttpResponse:
    """Rows of the release's values, each with its names."""
    return table_response(request, name, COLUMNS, _figure_rows(release, rows))


def whole_table(request: HttpRequest, release: Release, name: str) -> HttpResponse:
    """One whole table of the release, as it is, with words where figures are not published."""
    frame = release.table(name)
    rows = (tuple(_word_for(row, column) for column in frame.columns) for row in frame.iter_rows(named=True))
    return table_response(request, f"{release.id}-{name}", frame.columns, rows)


def picture_file(release: Release, info: IndicatorInfo, picture: Figure, kind: str) -> HttpResponse:
    """A picture as a file of one of ``PICTURE_KINDS``, with its title, what it shows and its source."""
    notes = tuple(picture_notes(release, info, picture))
    response = HttpResponse(_render(picture, notes, kind), content_type=PICTURE_KINDS[kind])
    response["Content-Disposition"] = f'attachment; filename="{picture.id}.{kind}"'
    return response


@lru_cache(maxsize=64)
def _render(picture: Figure, notes: tuple[str, ...], kind: str) -> bytes:
    if kind == "png":
        return render_png(picture, notes)
    return render_svg(picture, notes).encode()


def _figure_rows(release: Release, rows: Iterable[dict[str, Any]]) -> Iterable[tuple[object, ...]]:
    for row in rows:
        info = release.indicators[row["indicator_id"]]
        facts = {
            **row,
            "indicator_name": info.name,
            "area_name": _area_name(release, row),
            "category_name": _category_name(release, row),
            "unit": info.unit,
            "comparison_with_place": row["comparison"],
            "target": info.target.value if info.target else None,
        }
        yield tuple(_word_for(facts, column) for column in COLUMNS)


def _category_name(release: Release, row: dict[str, Any]) -> str:
    group = release.groups.get((row["cut"], row["category"]))
    return group.name if group else name_category(row["category"], row["cut"])


def _area_name(release: Release, row: dict[str, Any]) -> str:
    if row["area_code"] == UNKNOWN_AREA:
        return "Area unknown"
    return release.area_names.get((row["area_type"], row["area_code"]), "")


def _word_for(row: dict[str, Any], column: str) -> object:
    cell = row[column]
    if cell is None and column in ("value", "numerator", "denominator", "eligible", "reached"):
        return _WORDS.get(row.get("value_note", ""), "")
    return cell
