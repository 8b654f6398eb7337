"""Areas by deprivation and figure on one chart, in quadrants cut by the middle area and the fitted line."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evenground.errors import InputError
from evenground.releases import Release
from evenground.reports.canvas import TEXT, Drawing, round_ticks
from evenground.reports.charts import Figure, finish_figure
from evenground.reports.drawing import INK, LEGEND_CHARACTERS, LINE, MARGIN, QUIET, WIDTH
from evenground.reports.priority_areas import (
    STANDING_WORDS,
    PlacedArea,
    PriorityAreas,
    Standing,
    say_priority_areas,
)
from evenground.reports.words import (
    PERCENT,
    clean_text,
    format_number,
    format_value,
    format_value_with_interval,
)
from evenground.vocabulary import AreaType, Polarity

AREA_NOUNS: Final = {
    AreaType.LSOA: "small area (LSOA)",
    AreaType.MSOA: "neighbourhood (MSOA)",
    AreaType.WARD: "ward",
}
COLUMNS: Final = (
    "Where it stands",
    "Value (95% interval)",
    "Predicted by deprivation",
    "Deprivation: less deprived areas of England",
)
MOST_NUMBERED: Final = 9
_PRIORITY: Final = "#b3261e"
_OTHER: Final = "#5c6a75"
_GROUND: Final = "#fbe9e7"
_LEFT: Final = 60
_HEIGHT: Final = 300
_PLOT: Final = WIDTH - _LEFT - 8
_MIDDLE_DASHES: Final = "6 4"


def draw_priority_areas(release: Release, found: PriorityAreas) -> Figure | None:
    """The areas as points, those to act in first as diamonds; full where chance does not explain them.

    Parameters
    ----------
    release
        The release that the areas were found in.
    found
        What ``find_priority_areas`` found.

    Returns
    -------
    Figure or None
        ``None`` where no area could be placed. The table has every area, placed or not.

    Raises
    ------
    InputError
        Where the areas are of a type that has no name here.
    """
    if found.median is None or found.intercept is None or found.slope is None:
        return None
    if found.area_type not in AREA_NOUNS:
        raise InputError(f'There is no chart of areas of the type "{found.area_type}".')
    info, place = found.info, clean_text(release.manifest.place_name)
    return finish_figure(
        ("priority-areas", found.area_type, info.id),
        f"{info.name} against deprivation, by {AREA_NOUNS[found.area_type]}: {place}",
        say_priority_areas(found),
        _draw(found, (found.median, found.intercept, found.slope), release.manifest.imd_edition),
        ("Area", *COLUMNS),
        [(area.name, *describe_area(area, info.unit)) for area in found.areas],
    )


def describe_area(area: PlacedArea, unit: str) -> tuple[str, str, str, str]:
    """Where an area stands, its figure, what deprivation predicts and how deprived it is, as text."""
    cell = area.cell
    return (
        STANDING_WORDS[area.standing],
        format_value_with_interval(cell.value, cell.lower, cell.upper, unit, cell.note),
        "none" if area.predicted is None else format_value(area.predicted, unit),
        "not known" if area.deprivation is None else f"{format_number(area.deprivation, decimals=0)}%",
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where deprivation and figures stand, in pixels."""

    top: float
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]

    @property
    def bottom(self) -> float:
        return self.top + _HEIGHT

    @property
    def left(self) -> float:
        return MARGIN + _LEFT

    @property
    def right(self) -> float:
        return self.left + _PLOT

    def x(self, deprivation: float) -> float:
        return self.left + _PLOT * (deprivation - self.x_ticks[0]) / (self.x_ticks[-1] - self.x_ticks[0])

    def y(self, value: float) -> float:
        return self.top + _HEIGHT * (self.y_ticks[-1] - value) / (self.y_ticks[-1] - self.y_ticks[0])


def _draw(found: PriorityAreas, cuts: tuple[float, float, float], edition: str) -> str:
    median, intercept, slope = cuts
    placed = [area for area in found.areas if area.standing != Standing.NOT_PLACED]
    numbered = found.with_standing(Standing.PRIORITY)[:MOST_NUMBERED]
    root = Drawing()
    top = _draw_key(root, bool(found.with_standing(Standing.PERHAPS))) + LINE
    frame = _fit_frame(placed, top, intercept, slope)
    _draw_ground(root, frame, found, median, intercept, slope)
    _draw_axes(root, frame, found.info.unit, edition)
    for area in sorted(placed, key=lambda area: list(Standing).index(area.standing), reverse=True):
        _draw_area(root, frame, area, found.info.unit)
    for number, area in enumerate(numbered, start=1):
        x, y = frame.x(area.deprivation or 0.0), frame.y(area.cell.value or 0.0)
        at_edge = x > frame.right - 24
        root.text(
            str(number),
            x - 9 if at_edge else x + 9,
            y + 5,
            "numbers",
            anchor="end" if at_edge else "start",
            weight="700",
        )
    y = frame.bottom + 3 * LINE + MARGIN
    for number, area in enumerate(numbered, start=1):
        for line in textwrap.wrap(f"{number}: {area.name}", LEGEND_CHARACTERS):
            root.text(line, MARGIN, y + TEXT, "legend")
            y += LINE
    return root.render(y + MARGIN)


def _fit_frame(placed: Sequence[PlacedArea], top: float, intercept: float, slope: float) -> _Frame:
    """Scales that hold every point and the whole line."""
    scale = [area.deprivation for area in placed if area.deprivation is not None]
    ticks = [tick for tick in round_ticks(min(scale), max(scale), steps=4) if 0 <= tick <= 100]
    ticks = ticks if ticks[-1] >= max(scale) else [*ticks, 100.0]
    levels = [area.cell.value for area in placed if area.cell.value is not None]
    levels += [intercept + slope * end / 100 for end in (ticks[0], ticks[-1])]
    return _Frame(top, ticks, round_ticks(min(levels), max(levels), steps=4))


def _draw_key(root: Drawing, is_unsure: bool) -> float:
    y = float(MARGIN)
    entries = [(Standing.PRIORITY, "Priority area")]
    entries += [(Standing.PERHAPS, "Priority area, but that may be chance")] if is_unsure else []
    for standing, words in [*entries, (Standing.NEITHER, "Other area")]:
        _draw_mark(root, MARGIN + 14, y + LINE / 2, standing, "key")
        root.text(words, MARGIN + 52, y + LINE / 2 + 5, "legend")
        y += LINE + 2
    for dashes, words in (
        ("", "What deprivation predicts"),
        (_MIDDLE_DASHES, "The middle area by deprivation"),
    ):
        root.rule((MARGIN, y + LINE / 2), (MARGIN + 42, y + LINE / 2), "key", INK, "2", dashes)
        root.text(words, MARGIN + 52, y + LINE / 2 + 5, "legend")
        y += LINE + 2
    return y


def _draw_ground(
    root: Drawing, frame: _Frame, found: PriorityAreas, median: float, intercept: float, slope: float
) -> None:
    """The quadrant of priority areas, the line, and the middle."""
    ends = [frame.x_ticks[0], median, frame.x_ticks[-1]]
    line = [(frame.x(end), frame.y(intercept + slope * end / 100)) for end in ends]
    far = frame.bottom if found.info.polarity == Polarity.HIGHER_IS_BETTER else frame.top
    corners = [line[1], line[2], (line[2][0], far), (line[1][0], far)]
    path = "L".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    root.add("path", "ground", d=f"M{path}Z", fill=_GROUND)
    for tick in frame.y_ticks:
        root.rule((frame.left, frame.y(tick)), (frame.right, frame.y(tick)), "grid", "#c5ccd1", "1")
    root.rule(line[0], line[2], "line", INK, "2")
    root.rule(
        (frame.x(median), frame.top), (frame.x(median), frame.bottom), "middle", INK, "2", _MIDDLE_DASHES
    )


def _draw_axes(root: Drawing, frame: _Frame, unit: str, edition: str) -> None:
    sign = "%" if unit == PERCENT else ""
    if not sign:
        root.text(unit, MARGIN, frame.top - 8, "unit")
    for tick in frame.y_ticks:
        words = f"{tick:,g}".replace("-", "−")
        root.text(f"{words}{sign}", frame.left - 8, frame.y(tick) + 5, "levels", anchor="end")
    last = len(frame.x_ticks) - 1
    for number, tick in enumerate(frame.x_ticks):
        anchor = "end" if number == last else "middle"
        root.text(f"{tick:g}%", frame.x(tick), frame.bottom + LINE, "levels", anchor=anchor)
    root.rule((frame.left, frame.bottom), (frame.right, frame.bottom), "axis", QUIET, "1")
    for number, words in enumerate(
        (
            "More deprived to the right: share of England’s",
            f"small areas that are less deprived (IMD {edition})",
        )
    ):
        root.text(words, frame.left - 40, frame.bottom + LINE * (2 + number), "axis-title")


def _draw_area(root: Drawing, frame: _Frame, area: PlacedArea, unit: str) -> None:
    x, y = frame.x(area.deprivation or 0.0), frame.y(area.cell.value or 0.0)
    told = format_value_with_interval(area.cell.value, area.cell.lower, area.cell.upper, unit, area.cell.note)
    _draw_mark(root, x, y, area.standing, "areas", f"{area.name}: {told}")


def _draw_mark(root: Drawing, x: float, y: float, standing: Standing, layer: str, told: str = "") -> None:
    """A full diamond, an empty one, or a ring."""
    label = {"aria_label": told} if told else {}
    if standing in (Standing.PRIORITY, Standing.PERHAPS):
        size = 7.0
        path = f"M{x:.1f},{y - size:.1f}l{size:g},{size:g}l-{size:g},{size:g}l-{size:g},-{size:g}Z"
        fill = _PRIORITY if standing == Standing.PRIORITY else "#ffffff"
        root.add("path", layer, d=path, fill=fill, stroke=_PRIORITY, stroke_width="2", **label)
        return
    place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4"}
    root.add("circle", layer, fill="#ffffff", stroke=_OTHER, stroke_width="1.5", **place, **label)
