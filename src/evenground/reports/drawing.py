"""Rows of bars or dots, and maps, as Altair draws them.

Everything stands at a position given in pixels of a drawing 480 wide, so that nothing depends on how wide a
machine's fonts are: a label has a line of its own above its bar, which also keeps it readable on a phone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from evenground.reports.cells import Cell
from evenground.reports.svg import FONT
from evenground.reports.words import PERCENT, clean_text

WIDTH: Final = 464
MARGIN: Final = 8
LINE: Final = 20
BAND: Final = 22
GAP: Final = 12
AXIS_HEIGHT: Final = 46
TEXT_SIZE: Final = 16
LABEL_CHARACTERS: Final = 44
LEGEND_CHARACTERS: Final = 52
MOST_LINES: Final = 3

# Contrast: bars and dots 3.4:1 on white, the ink of whiskers 4:1 on the bars, text at least 7:1.
BAR: Final = "#4a90d0"
UNRECORDED_BAR: Final = "#8a949c"
INK: Final = "#212b32"
QUIET: Final = "#4c6272"
GRID: Final = "#d8dde0"
AVERAGE: Final = "#7c2855"
TARGET: Final = "#00401e"


def _altair() -> Any:
    """Altair, imported late (it takes a second) and untyped: its types spell out the whole of Vega-Lite."""
    import altair

    return altair


@dataclass(frozen=True, slots=True)
class Row:
    """A cell with the words at its right: its value, or why there is none."""

    cell: Cell
    text: str
    tooltip: str


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A level to read the bars against, named in the legend above them."""

    label: str
    value: float
    kind: Literal["average", "target"]


@dataclass(frozen=True, slots=True)
class Swatch:
    """One entry of a map's legend: its fill, and what it means."""

    fill: str
    label: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One area of a map, in pixels, with its fill and tooltip."""

    geometry: Mapping[str, Any]
    fill: str
    tooltip: str


def draw_rows(
    rows: Sequence[Row], lines: Sequence[ReferenceLine], *, unit: str, mark: Literal["bar", "dot"] = "bar"
) -> str:
    """Horizontal bars (from zero) or dots, with whiskers, an axis, and lines to read them against.

    A row without a value is a line of text. Returns SVG as Vega writes it, not yet fit for a page.
    """
    alt = _altair()
    layout = _RowLayout.of(rows, lines)
    scale = alt.Scale(domain=[0, _highest(rows, lines, unit)], nice=False, zero=True)
    axis = _axis(unit, layout.height) if layout.bands else None
    x = alt.X("value:Q", scale=scale, axis=axis, title=None)
    layers = [_marks(layout, x, mark), *_whiskers(layout, x), _references(layout, x)]
    layers += [_texts(layout.labels, "labels"), *_key(layout.key)]
    layers.append(_texts(layout.values, "values", align="right", weight="bold"))
    return _render(layers, layout.height, AXIS_HEIGHT if layout.bands else 0)


def draw_areas(shapes: Sequence[Shape], legend: Sequence[Swatch], *, height: int) -> str:
    """Areas filled by class, with the legend below. Returns SVG as Vega writes it."""
    alt = _altair()
    features = [
        {"type": "Feature", "geometry": shape.geometry, "fill": shape.fill, "tooltip": shape.tooltip}
        for shape in shapes
    ]
    areas = (
        alt.Chart(alt.Data(values=features), name="areas")
        .mark_geoshape(stroke=QUIET, strokeWidth=0.6)
        .encode(fill=alt.Fill("fill:N", scale=None), description="tooltip:N")
        .project(type="identity", scale=1, translate=[0, 0])
    )
    swatches, texts, y = [], [], height + GAP
    for swatch in legend:
        swatches.append({"x": 0, "x2": 28, "y": y, "y2": y + LINE, "fill": swatch.fill})
        for line in _wrap(swatch.label, LEGEND_CHARACTERS):
            texts.append(_text(line, 38, y + LINE / 2))
            y += LINE + 4
    boxes = (
        alt.Chart(alt.Data(values=swatches), name="swatches")
        .mark_rect(stroke=QUIET, strokeWidth=1, aria=False)
        .encode(x=_pixels("x"), x2="x2:Q", y=_pixels("y"), y2="y2:Q", fill=alt.Fill("fill:N", scale=None))
    )
    return _render([areas, boxes, _texts(texts, "legend")], y, 0)


@dataclass(frozen=True, slots=True)
class _RowLayout:
    """Where everything stands, in pixels from the top."""

    height: float
    bands: list[dict[str, Any]]
    labels: list[dict[str, Any]]
    values: list[dict[str, Any]]
    references: list[dict[str, Any]]
    key: list[dict[str, Any]]

    @classmethod
    def of(cls, rows: Sequence[Row], lines: Sequence[ReferenceLine]) -> _RowLayout:
        key, y = _place_key(lines)
        bands: list[dict[str, Any]] = []
        labels, values, references = [], [], []
        for row in rows:
            values.append(_text(row.text, WIDTH, y + LINE / 2))
            for line in _wrap(row.cell.label, LABEL_CHARACTERS):
                labels.append(_text(line, 0, y + LINE / 2))
                y += LINE
            if row.cell.value is not None:
                bands.append(_band(row, y))
                references += [_reference(line, y) for line in lines]
                y += BAND
            y += GAP
        return cls(y, bands, labels, values, references, key)


def _place_key(lines: Sequence[ReferenceLine]) -> tuple[list[dict[str, Any]], float]:
    key, y = [], 0.0
    for line in lines:
        wrapped = _wrap(line.label, LEGEND_CHARACTERS)
        key.append({**_reference(line, y), "y": y, "y2": y + LINE, "x": 6, "lines": wrapped})
        y += (LINE + 2) * len(wrapped) + 2
    return key, y + (GAP if lines else 0)


def _band(row: Row, y: float) -> dict[str, Any]:
    cell = row.cell
    return {
        "value": cell.value,
        "zero": 0,
        "lower": cell.lower,
        "upper": cell.upper,
        "whisker": cell.has_interval,
        "y": y + 2,
        "y2": y + BAND - 2,
        "middle": y + BAND / 2,
        "cap": y + BAND / 2 - 5,
        "cap2": y + BAND / 2 + 5,
        "fill": BAR if cell.recorded else UNRECORDED_BAR,
        "tooltip": row.tooltip,
    }


def _reference(line: ReferenceLine, y: float) -> dict[str, Any]:
    average = line.kind == "average"
    return {
        "value": line.value,
        "y": y - 2,
        "y2": y + BAND + 2,
        "stroke": AVERAGE if average else TARGET,
        "dash": [] if average else [5, 3],
    }


def _text(text: str, x: float, y: float) -> dict[str, Any]:
    return {"text": text, "x": x, "y": y}


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(clean_text(text), width, max_lines=MOST_LINES, placeholder=" …") or [""]


def _highest(rows: Sequence[Row], lines: Sequence[ReferenceLine], unit: str) -> float:
    """The end of the axis: past every whisker and line; a percentage that gets near 100 ends there."""
    levels = [limit for row in rows for limit in (row.cell.value, row.cell.upper) if limit is not None]
    highest = max([*levels, *(line.value for line in lines), 0.0])
    if unit == PERCENT and highest > 80:
        return max(100.0, highest)
    return highest * 1.05 or 1.0


def _axis(unit: str, height: float) -> Any:
    alt = _altair()
    suffix = "datum.label + '%'" if unit == PERCENT else "datum.label"
    return alt.Axis(
        aria=False,
        tickCount=5,
        format=",",
        labelExpr=suffix,
        labelFontSize=14,
        labelColor=INK,
        labelPadding=6,
        labelOverlap=False,
        labelFlush=False,
        labelBound=False,
        labelLimit=0,
        domainColor=QUIET,
        tickColor=QUIET,
        gridColor=GRID,
        offset=0,
        title="" if unit == PERCENT else clean_text(unit),
        titleFontSize=14,
        titleFontWeight="normal",
        titleColor=INK,
        titleY=36,
        titleX=0,
        titleAlign="left",
        titleAnchor="start",
    )


def _pixels(field: str) -> Any:
    alt = _altair()
    channel = alt.X if field.startswith("x") else alt.Y
    return channel(f"{field}:Q", scale=None, axis=None)


def _marks(layout: _RowLayout, x: Any, mark: str) -> Any:
    alt = _altair()
    chart = alt.Chart(alt.Data(values=layout.bands), name="bars" if mark == "bar" else "dots")
    fill = alt.Fill("fill:N", scale=None)
    if mark == "dot":
        return chart.mark_point(filled=True, size=150, opacity=1).encode(
            x=x, y=_pixels("middle"), fill=fill, description="tooltip:N"
        )
    return chart.mark_rect().encode(
        x=x, x2="zero:Q", y=_pixels("y"), y2="y2:Q", fill=fill, description="tooltip:N"
    )


def _whiskers(layout: _RowLayout, x: Any) -> list[Any]:
    alt = _altair()
    bands = [band for band in layout.bands if band["whisker"]]
    ends = [{**band, "value": band[end]} for band in bands for end in ("lower", "upper")]
    lines = [{**band, "value": band["lower"]} for band in bands]
    style = {"stroke": INK, "strokeWidth": 2, "aria": False}
    return [
        alt.Chart(alt.Data(values=lines), name="whiskers")
        .mark_rule(**style)
        .encode(x=x, x2="upper:Q", y=_pixels("middle")),
        alt.Chart(alt.Data(values=ends), name="caps")
        .mark_rule(**style)
        .encode(x=x, y=_pixels("cap"), y2="cap2:Q"),
    ]


def _references(layout: _RowLayout, x: Any) -> Any:
    alt = _altair()
    return (
        alt.Chart(alt.Data(values=layout.references), name="references")
        .mark_rule(strokeWidth=3, aria=False)
        .encode(x=x, y=_pixels("y"), y2="y2:Q", **_line_style())
    )


def _line_style() -> dict[str, Any]:
    alt = _altair()
    return {
        "stroke": alt.Stroke("stroke:N", scale=None),
        "strokeDash": alt.StrokeDash("dash:N", scale=None),
    }


def _key(key: Sequence[Mapping[str, Any]]) -> list[Any]:
    alt = _altair()
    samples = (
        alt.Chart(alt.Data(values=list(key)), name="key")
        .mark_rule(strokeWidth=3, aria=False)
        .encode(x=_pixels("x"), y=_pixels("y"), y2="y2:Q", **_line_style())
    )
    texts = [
        _text(line, 18, entry["y"] + LINE / 2 + number * (LINE + 2))
        for entry in key
        for number, line in enumerate(entry["lines"])
    ]
    return [samples, _texts(texts, "legend")]


def _texts(
    texts: Sequence[Mapping[str, Any]], name: str, *, align: str = "left", weight: str = "normal"
) -> Any:
    alt = _altair()
    return (
        alt.Chart(alt.Data(values=list(texts)), name=name)
        .mark_text(
            align=align,
            baseline="middle",
            fontSize=TEXT_SIZE,
            fontWeight=weight,
            fill=INK,
            aria=False,
            limit=0,
        )
        .encode(x=_pixels("x"), y=_pixels("y"), text="text:N")
    )


def _render(layers: Sequence[Any], height: float, below: float) -> str:
    import vl_convert

    alt = _altair()
    chart = alt.layer(
        *layers,
        width=WIDTH,
        height=height,
        autosize="none",
        padding={"left": MARGIN, "right": MARGIN, "top": MARGIN, "bottom": MARGIN + below},
        background="white",
    ).configure(font=FONT)
    chart = chart.configure_view(stroke=None)
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))
