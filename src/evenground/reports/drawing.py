"""Rows of bars or dots, and lines over time, as Vega-Lite specifications drawn by vl-convert.

Everything stands at a position given in pixels of a drawing 440 wide, so that nothing depends on how wide a
machine's fonts are: a label has a line of its own above its bar, which also keeps it readable on a phone.

The specifications are written out: they are short, and building them through Altair costs four times as
much as drawing them. In a notebook, ``altair.Chart.from_dict`` takes one as it is.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from evenground.errors import EvengroundError
from evenground.reports.cells import Cell
from evenground.reports.svg import FONT
from evenground.reports.words import PERCENT, clean_text

WIDTH: Final = 424
MARGIN: Final = 8
LINE: Final = 20
BAND: Final = 22
GAP: Final = 12
AXIS_TEXT_SIZE: Final = 15
TEXT_SIZE: Final = 16
LABEL_CHARACTERS: Final = 40
LEGEND_CHARACTERS: Final = 48
MOST_LINES: Final = 3
MOST_STEPS: Final = 5
VEGA_LITE: Final = "6.4"
"""Fixed, so that an upgrade of vl-convert does not change the pictures of an old release."""

# Contrast: bars and dots 3.4:1 on white, the ink of whiskers 4:1 on the bars, text at least 7:1.
BAR: Final = "#4a90d0"
UNRECORDED_BAR: Final = "#8a949c"
INK: Final = "#212b32"
QUIET: Final = "#4c6272"
AVERAGE: Final = "#6b1d48"
TARGET: Final = "#00401e"


Data = dict[str, Any]
"""One record of a layer, or one part of a specification."""


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


def draw_rows(
    rows: Sequence[Row], lines: Sequence[ReferenceLine], *, unit: str, mark: Literal["bar", "dot"] = "bar"
) -> str:
    """Horizontal bars (from zero) or dots, with whiskers, an axis, and lines to read them against.

    A row without a value is a line of text. Returns SVG as Vega writes it, not yet fit for a page.
    """
    layout = _RowLayout.of(rows, lines)
    ticks = _ticks(_highest(rows, lines), unit)
    x = _position("value", {"domain": [0, ticks[-1]], "nice": False}, _axis(ticks, unit))
    layers = [
        _bars(layout.bands, x) if mark == "bar" else _dots(layout.bands, x),
        _references(layout.references, x),
        *_whiskers(layout.bands, x),
        _texts(layout.labels, "labels"),
        _texts(layout.values, "values", align="right", weight="bold"),
        *_key(layout.key),
    ]
    return _render(layers, layout.height, _axis_height(unit) if layout.bands else 0)


LineKind = Literal["whole", "first", "last"]
LINE_KINDS: Final[tuple[LineKind, ...]] = ("whole", "first", "last")


@dataclass(frozen=True, slots=True)
class Line:
    """A series of cells, one a period; where a cell has no value the line is broken."""

    label: str
    kind: LineKind
    cells: Sequence[Cell]


def draw_lines(lines: Sequence[Line], periods: Sequence[str], *, unit: str) -> str:
    """Lines over time, each of its own colour, dashes and marks, with its interval as a band.

    Returns SVG as Vega writes it, not yet fit for a page.
    """
    key, top = _place_line_key(lines)
    levels = [
        limit
        for line in lines
        for cell in line.cells
        for limit in (cell.lower, cell.value, cell.upper)
        if limit is not None
    ]
    ticks = _range_ticks(min(levels, default=0.0), max(levels, default=1.0), unit)
    plot = _Plot(top + (LINE if unit == PERCENT else 2 * LINE), ticks, len(periods))
    points = [point for line in lines for point in _line_points(line, plot)]
    bands = [point for point in points if point["low"] is not None]
    own = {"detail": {"field": "series", "type": "nominal"}, "x": _position("x"), "y": _position("y")}
    stroke = {"stroke": _as_it_is("stroke"), "strokeDash": _as_it_is("dash")}
    heading = [_text(clean_text(unit), 0, top + LINE)] if unit != PERCENT else []
    mark = {"type": "line", "strokeWidth": 3, "aria": False}
    area = {"type": "area", "opacity": 0.14, "aria": False}
    encoding = own | {"y": _position("low"), "y2": {"field": "high"}, "fill": _as_it_is("stroke")}
    layers = [
        _layer("grid", plot.grid(), {"type": "rule", "stroke": QUIET, "opacity": 0.35, "aria": False}, _RULE),
        _layer("bands", bands, area, encoding),
        _layer("lines", points, mark, own | stroke),
        _marks("points", [point for point in points if point["shown"]]),
        _texts(plot.levels(unit), "levels", align="right"),
        *(_texts(texts, f"periods-{align}", align=align) for align, texts in plot.periods(periods)),
        _layer("key", key, {"type": "rule", "strokeWidth": 3, "aria": False}, _RULE | stroke),
        _marks("key-marks", [{**entry, "x": (entry["x"] + entry["x2"]) / 2} for entry in key]),
        _texts([_text(entry["label"], 52, entry["y"]) for entry in key], "legend"),
        _texts(heading, "unit"),
    ]
    return _render(layers, plot.bottom + 2 * LINE, 0)


_LINE_STYLES: Final[Mapping[str, Data]] = {
    "whole": {"stroke": INK, "dash": [], "shape": "circle"},
    "first": {"stroke": AVERAGE, "dash": [9, 4], "shape": "square"},
    "last": {"stroke": TARGET, "dash": [2, 3], "shape": "triangle-up"},
}
_MOST_MARKS: Final = 12
_LEFT: Final = 64
_PLOT_HEIGHT: Final = 210


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where the periods and levels of a line chart stand, in pixels."""

    top: float
    ticks: Sequence[float]
    count: int

    @property
    def bottom(self) -> float:
        return self.top + _PLOT_HEIGHT

    def x(self, number: int) -> float:
        return _LEFT + 8 + (WIDTH - _LEFT - 16) * (number / (self.count - 1) if self.count > 1 else 0.5)

    def y(self, level: float | None) -> float | None:
        if level is None:
            return None
        share = (level - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])
        return round(self.bottom - _PLOT_HEIGHT * share, 2)

    def grid(self) -> list[Data]:
        return [{"x": _LEFT, "x2": WIDTH, "y": self.y(tick), "y2": self.y(tick)} for tick in self.ticks]

    def levels(self, unit: str) -> list[Data]:
        decimals = max(len(f"{tick:g}".partition(".")[2]) for tick in self.ticks)
        sign = "%" if unit == PERCENT else ""
        return [_text(f"{tick:,.{decimals}f}{sign}", _LEFT - 8, self.y(tick) or 0.0) for tick in self.ticks]

    def periods(self, names: Sequence[str]) -> list[tuple[str, list[Data]]]:
        last = len(names) - 1
        wanted = sorted({0, last // 2, last}) if last > 2 else range(last + 1)
        align = {0: "left", last: "right"}
        found: dict[str, list[Data]] = {}
        for number in wanted:
            side = align.get(number, "center") if last else "center"
            nudge = {"left": -8, "right": 8, "center": 0}[side]
            place = _text(names[number], self.x(number) + nudge, self.bottom + LINE)
            found.setdefault(side, []).append(place)
        return list(found.items())


def _place_line_key(lines: Sequence[Line]) -> tuple[list[Data], float]:
    key, y = [], LINE / 2
    for line in lines:
        key.append({"x": 0, "x2": 42, "y": y, "y2": y, "label": line.label, **_LINE_STYLES[line.kind]})
        y += LINE + 4
    return key, y


def _line_points(line: Line, plot: _Plot) -> list[Data]:
    """The points that have a value, each with the unbroken run that it is a part of."""
    style = _LINE_STYLES[line.kind]
    ends = {0, len(line.cells) - 1}
    return [
        {
            "series": f"{line.label} {sum(one.value is None for one in line.cells[:number])}",
            "x": plot.x(number),
            "y": plot.y(cell.value),
            "low": plot.y(cell.lower if cell.has_interval else None),
            "high": plot.y(cell.upper if cell.has_interval else None),
            "shown": len(line.cells) <= _MOST_MARKS or number in ends or _is_alone(line.cells, number),
            **style,
        }
        for number, cell in enumerate(line.cells)
        if cell.value is not None
    ]


def _is_alone(cells: Sequence[Cell], number: int) -> bool:
    """Whether no line reaches a point: both its neighbours have no value."""
    beside = (cells[place] for place in (number - 1, number + 1) if 0 <= place < len(cells))
    return all(cell.value is None for cell in beside)


def _marks(name: str, points: Sequence[Data]) -> Data:
    encoding = {
        "x": _position("x"),
        "y": _position("y"),
        "fill": _as_it_is("stroke"),
        "shape": _as_it_is("shape"),
    }
    mark = {"type": "point", "size": 80, "opacity": 1, "stroke": "white", "strokeWidth": 1, "aria": False}
    return _layer(name, points, mark, encoding)


def _range_ticks(lowest: float, highest: float, unit: str) -> list[float]:
    """Round numbers around the levels: from zero, unless the levels are all far above it."""
    ticks = _ticks(highest, unit)
    if lowest < highest / 2:
        return ticks
    step = _step(max(highest - lowest, highest * 0.02) / 4)
    first = math.floor(round(lowest / step, 6))
    last = max(math.ceil(round(highest / step, 6)), first + 1)
    return [round(step * number, 6) for number in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _RowLayout:
    """Where everything stands, in pixels from the top."""

    height: float
    bands: list[Data]
    labels: list[Data]
    values: list[Data]
    references: list[Data]
    key: list[Data]

    @classmethod
    def of(cls, rows: Sequence[Row], lines: Sequence[ReferenceLine]) -> _RowLayout:
        key, y = _place_key(lines)
        bands: list[Data] = []
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


def _place_key(lines: Sequence[ReferenceLine]) -> tuple[list[Data], float]:
    key, y = [], 0.0
    for line in lines:
        wrapped = _wrap(line.label, LEGEND_CHARACTERS)
        key.append({**_reference(line, y), "y": y, "y2": y + LINE, "x": 6, "lines": wrapped})
        y += (LINE + 2) * len(wrapped) + 2
    return key, y + (GAP if lines else 0)


def _band(row: Row, y: float) -> Data:
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


def _reference(line: ReferenceLine, y: float) -> Data:
    average = line.kind == "average"
    return {
        "value": line.value,
        "y": y - 2,
        "y2": y + BAND + 2,
        "stroke": AVERAGE if average else TARGET,
        "dash": [] if average else [5, 3],
    }


def _text(text: str, x: float, y: float) -> Data:
    return {"text": text, "x": x, "y": y}


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(clean_text(text), width, max_lines=MOST_LINES, placeholder=" …") or [""]


def _highest(rows: Sequence[Row], lines: Sequence[ReferenceLine]) -> float:
    """The end of the longest whisker, bar or line."""
    levels = [limit for row in rows for limit in (row.cell.value, row.cell.upper) if limit is not None]
    return max([*levels, *(line.value for line in lines), 0.0])


def _ticks(highest: float, unit: str) -> list[float]:
    """Round numbers from zero to past the highest level; a percentage near 100 ends there."""
    if unit == PERCENT and 75 < highest <= 100:
        return [0, 25, 50, 75, 100]
    step = _step((highest or 1.0) / MOST_STEPS)
    return [round(step * number, 6) for number in range(math.ceil(round(highest / step, 6)) + 1)] or [0, 1]


def _step(rough: float) -> float:
    """The round number next above."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)


def _axis(ticks: Sequence[float], unit: str) -> Data:
    decimals = max(len(f"{tick:g}".partition(".")[2]) for tick in ticks[:2])
    number = f"format(datum.value, ',.{decimals}f')"
    return {
        "aria": False,
        "grid": False,
        "values": list(ticks),
        "labelExpr": f"{number} + '%'" if unit == PERCENT else number,
        "labelFontSize": AXIS_TEXT_SIZE,
        "labelColor": INK,
        "labelPadding": 6,
        "labelOverlap": False,
        "labelFlush": True,
        "labelLimit": 0,
        "domainColor": QUIET,
        "tickColor": QUIET,
        "title": None if unit == PERCENT else clean_text(unit),
        "titleFontSize": AXIS_TEXT_SIZE,
        "titleFontWeight": "normal",
        "titleColor": INK,
        "titleX": 0,
        "titleY": 36,
        "titleAlign": "left",
        "titleAnchor": "start",
    }


def _axis_height(unit: str) -> float:
    return 24 if unit == PERCENT else 46


def _bars(bands: Sequence[Data], x: Data) -> Data:
    encoding = {
        "x": x,
        "x2": {"field": "zero"},
        **_box("y", "y2"),
        "fill": _as_it_is("fill"),
        "description": {"field": "tooltip", "type": "nominal"},
    }
    return _layer("bars", bands, {"type": "rect"}, encoding)


def _dots(bands: Sequence[Data], x: Data) -> Data:
    encoding = {
        "x": x,
        "y": _position("middle"),
        "fill": _as_it_is("fill"),
        "description": {"field": "tooltip", "type": "nominal"},
    }
    return _layer("dots", bands, {"type": "point", "filled": True, "size": 150, "opacity": 1}, encoding)


def _whiskers(bands: Sequence[Data], x: Data) -> list[Data]:
    known = [band for band in bands if band["whisker"]]
    lines = [{**band, "value": band["lower"]} for band in known]
    ends = [{**band, "value": band[end]} for band in known for end in ("lower", "upper")]
    mark = {"type": "rule", "stroke": INK, "strokeWidth": 2, "aria": False}
    return [
        _layer("whiskers", lines, mark, {"x": x, "x2": {"field": "upper"}, "y": _position("middle")}),
        _layer("caps", ends, mark, {"x": x, "y": _position("cap"), "y2": {"field": "cap2"}}),
    ]


def _references(references: Sequence[Data], x: Data) -> Data:
    return _layer("references", references, LINE_MARK, {"x": x, **_box("y", "y2"), **LINE_STYLE})


def _key(key: Sequence[Data]) -> list[Data]:
    texts = [
        _text(line, 18, entry["y"] + LINE / 2 + number * (LINE + 2))
        for entry in key
        for number, line in enumerate(entry["lines"])
    ]
    samples = _layer("key", key, LINE_MARK, {"x": _position("x"), **_box("y", "y2"), **LINE_STYLE})
    return [samples, _texts(texts, "legend")]


def _texts(texts: Sequence[Data], name: str, *, align: str = "left", weight: str = "normal") -> Data:
    mark = {
        "type": "text",
        "align": align,
        "baseline": "middle",
        "fontSize": TEXT_SIZE,
        "fontWeight": weight,
        "fill": INK,
        "limit": 0,
        "aria": False,
    }
    encoding = {"x": _position("x"), "y": _position("y"), "text": {"field": "text", "type": "nominal"}}
    return _layer(name, texts, mark, encoding)


def _position(field: str, scale: Data | None = None, axis: Data | None = None) -> Data:
    """A place along an axis; without a scale, in pixels."""
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis, "title": None}


def _box(*fields: str) -> Data:
    """Pixels from a field to the one whose name ends in 2."""
    return {name: {"field": name} if name.endswith("2") else _position(name) for name in fields}


def _as_it_is(field: str) -> Data:
    return {"field": field, "type": "nominal", "scale": None}


LINE_MARK: Final = {"type": "rule", "strokeWidth": 3, "aria": False}
LINE_STYLE: Final = {"stroke": _as_it_is("stroke"), "strokeDash": _as_it_is("dash")}
_RULE: Final = _box("x", "x2", "y", "y2")


def _layer(name: str, records: Sequence[Data], mark: Data, encoding: Data) -> Data:
    return {"name": name, "data": {"values": list(records)}, "mark": mark, "encoding": encoding}


def _render(layers: Sequence[Data], height: float, below: float) -> str:
    try:
        import vl_convert  # loads a JavaScript engine, so only where something is drawn
    except ModuleNotFoundError:
        raise EvengroundError("Pictures need vl-convert-python: install evenground[web].") from None
    specification = {
        "width": WIDTH,
        "height": height,
        "autosize": "none",
        "padding": {"left": MARGIN, "right": MARGIN, "top": MARGIN, "bottom": MARGIN + below},
        "background": "white",
        "config": {"font": FONT, "view": {"stroke": None}},
        "layer": [layer for layer in layers if layer["data"]["values"]],
    }
    return str(vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE))
