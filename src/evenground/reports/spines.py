"""The spine chart of an area: every indicator against the place, with the range of areas like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from evenground.reports.cells import describe_cell
from evenground.reports.charts import Figure, FigureData, finish_figure
from evenground.reports.drawing import GAP, LINE, MARGIN, QUIET, WIDTH
from evenground.reports.marks import MEANINGS, Drawing, draw_key, wrap_label
from evenground.reports.standings import Spread, Standing, say_standing
from evenground.reports.words import (
    PERCENT,
    clean_text,
    format_interval,
    format_value,
    format_value_with_interval,
)
from evenground.vocabulary import Comparison, Polarity

RANGE: Final = "#d8dde0"
MIDDLE: Final = "#aeb7bd"
_BAND: Final = 24
_CENTRE: Final = WIDTH / 2
_HALF: Final = _CENTRE - 12
_LABEL_CHARACTERS: Final = 36


def draw_spine(
    standings: Sequence[Standing],
    *,
    area_type: str,
    area_code: str,
    area_name: str,
    place_name: str,
    noun: str,
    part: str = "",
) -> Figure | None:
    """One row an indicator: the place in the middle, worse to the left and better to the right of it.

    Each row has a scale of its own: the furthest of the area and of others of its type touches the edge.

    Parameters
    ----------
    standings
        From ``read_standings``.
    area_type, area_code, area_name
        The area.
    place_name
        What stands in the middle.
    noun
        What the other areas are, in the plural.
    part
        Where these are some of the area's standings: what they are about.

    Returns
    -------
    Figure or None
        ``None`` where no indicator has a figure of the place to stand in the middle.
    """
    drawn = [one for one in standings if one.place.value is not None and one.spread is not None]
    if not drawn:
        return None
    area_name, place_name = clean_text(area_name), clean_text(place_name)
    drawing = Drawing()
    y = _draw_legend(drawing, drawn, area_name, place_name, noun)
    for one in drawn:
        y = _draw_row(drawing, one, y)
    figure = finish_figure(
        ("spine", area_type, area_code, part),
        f"{area_name} against {place_name}" + (f": {part}" if part else ""),
        say_standing(standings, area_name=area_name, place_name=place_name),
        drawing.finish(y),
        _columns(place_name),
        [_table_row(one) for one in standings],
    )
    return replace(figure, data=_read_data(drawn, area_name, place_name))


def _read_data(drawn: Sequence[Standing], area_name: str, place_name: str) -> FigureData | None:
    """The figures in per cent: others have no place on one scale with them."""
    shown = [one for one in drawn if one.info.unit == PERCENT]
    if not shown:
        return None
    names = tuple(clean_text(one.info.short_name) for one in shown)
    series = ((area_name, tuple(one.cell for one in shown)), (place_name, tuple(one.place for one in shown)))
    return FigureData.of("bars", PERCENT, names, series)


def _draw_legend(
    drawing: Drawing, drawn: Sequence[Standing], area_name: str, place_name: str, noun: str
) -> float:
    y: float = MARGIN
    kinds = {one.comparison for one in drawn if one.cell.value is not None}
    entries = {str(kind): f"{area_name}, {words}" for kind, words in MEANINGS.items() if kind in kinds}
    y = draw_key(drawing, entries, y)
    wider = sorted({one.wider.label for one in drawn if one.wider is not None})
    if wider:
        drawing.wider(12, y + LINE / 2)
        drawing.text(", ".join(wider), 34, y + LINE / 2)
        y += LINE + 4
    for fill, words in ((RANGE, f"All {noun} with a figure"), (MIDDLE, "The middle half of them")):
        drawing.box(0, 24, y + 4, LINE - 8, fill=fill)
        drawing.text(words, 34, y + LINE / 2)
        y += LINE + 4
    drawing.text("← worse", 0, y + LINE / 2)
    drawing.text(_short(place_name), _CENTRE, y + LINE / 2, anchor="middle", weight="600")
    drawing.text("better →", WIDTH, y + LINE / 2, anchor="end")
    return y + LINE + GAP


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:24]} …"


def _draw_row(drawing: Drawing, one: Standing, y: float) -> float:
    cell, unit = one.cell, one.info.unit
    drawing.text(
        format_value(cell.value, unit if unit == PERCENT else "", cell.note),
        WIDTH,
        y + LINE / 2,
        anchor="end",
        weight="600",
    )
    name = one.info.short_name
    label = name if unit == PERCENT else f"{name} ({unit})"
    if one.info.polarity == Polarity.NONE:
        label += " (higher →)"
    for line in wrap_label(label, _LABEL_CHARACTERS):
        drawing.text(line, 0, y + LINE / 2)
        y += LINE
    _draw_band(drawing, one, y)
    return y + _BAND + GAP


def _draw_band(drawing: Drawing, one: Standing, y: float) -> None:
    spread = one.spread
    if spread is None:
        return
    scale, middle = _Scale(one, spread), y + _BAND / 2
    drawing.box(*scale.between(spread.lowest, spread.highest), y + 5, _BAND - 10, fill=RANGE)
    if spread.lower_quartile is not None and spread.upper_quartile is not None:
        ends = scale.between(spread.lower_quartile, spread.upper_quartile)
        drawing.box(*ends, y + 5, _BAND - 10, fill=MIDDLE)
    drawing.line(_CENTRE, y, _CENTRE, y + _BAND, stroke=QUIET)
    if one.wider is not None and one.wider.value is not None:
        told = f"{one.wider.label}: {format_value(one.wider.value, one.info.unit, one.wider.note)}"
        drawing.wider(scale.place(one.wider.value), middle, told)
    cell = one.cell
    if cell.value is None:
        return
    if cell.lower is not None and cell.upper is not None:
        ends = scale.between(cell.lower, cell.upper)
        drawing.line(ends[0], middle, ends[1], middle)
    figure = format_value_with_interval(cell.value, cell.lower, cell.upper, one.info.unit, cell.note)
    meaning = MEANINGS[Comparison(one.comparison)]
    drawing.mark(one.comparison, scale.place(cell.value), middle, f"{cell.label}: {figure}, {meaning}")


class _Scale:
    """From values of one indicator to places: the place in the middle, better to the right."""

    def __init__(self, one: Standing, spread: Spread) -> None:
        self._centre = one.place.value or 0.0
        levels = [spread.lowest, spread.highest]
        levels += [
            cell.value for cell in (one.cell, one.wider) if cell is not None and cell.value is not None
        ]
        self._furthest = max(abs(level - self._centre) for level in levels) or 1.0
        self._sign = -1 if one.info.polarity == Polarity.LOWER_IS_BETTER else 1

    def place(self, value: float) -> float:
        share = self._sign * (value - self._centre) / self._furthest
        return _CENTRE + _HALF * min(max(share, -1.0), 1.0)

    def between(self, low: float, high: float) -> tuple[float, float]:
        first, second = sorted((self.place(low), self.place(high)))
        return first, second


def _columns(place_name: str) -> tuple[str, ...]:
    return (
        "Indicator",
        "Value",
        "95% interval",
        place_name,
        f"Against {place_name}",
        "Wider area",
        "Lowest",
        "Lower quartile",
        "Upper quartile",
        "Highest",
        "Areas with a figure",
    )


def _table_row(one: Standing) -> tuple[str, ...]:
    cell, unit, place = one.cell, one.info.unit, one.place
    value, interval, _, _ = describe_cell(cell, unit)
    return (
        one.info.name,
        value,
        interval,
        format_value(place.value, unit, place.note),
        MEANINGS[Comparison(one.comparison)],
        _say_wider(one),
        *_say_spread(one.spread, unit),
    )


def _say_wider(one: Standing) -> str:
    if one.wider is None:
        return "none"
    interval = format_interval(one.wider.lower, one.wider.upper, one.info.unit)
    value = format_value(one.wider.value, one.info.unit, one.wider.note)
    return f"{one.wider.label}: {value}" + (f" ({interval})" if interval else "")


def _say_spread(spread: Spread | None, unit: str) -> tuple[str, ...]:
    if spread is None:
        return (*["no data"] * 4, "0")
    quartiles = [
        "too few areas" if level is None else format_value(level, unit)
        for level in (spread.lower_quartile, spread.upper_quartile)
    ]
    lowest, highest = format_value(spread.lowest, unit), format_value(spread.highest, unit)
    return (lowest, *quartiles, highest, f"{spread.areas:,}")
