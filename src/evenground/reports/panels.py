"""Small pictures side by side: a panel a series over time, and pairs of bars. Written as SVG, in pixels.

Every panel has the same scale, so that levels can be compared between them, and one series to be read against
is drawn into each. A name and the first and last level stand above a panel: no colour has to be told apart.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evenground.reports.canvas import TEXT, Drawing, round_ticks
from evenground.reports.cells import Cell
from evenground.reports.drawing import AVERAGE, BAR, LABEL_CHARACTERS, LINE, MARGIN, QUIET, WIDTH
from evenground.reports.words import clean_text

_SERIES: Final = "#005eb8"
_SHARE: Final = "#8a949c"
_LEFT: Final = 52
_GAP: Final = 24
_PANEL: Final = (WIDTH - _LEFT - _GAP) // 2
_HEIGHT: Final = 96
_NAME_CHARACTERS: Final = 23
_LINE_CHARACTERS: Final = 50
_LONGEST_PERIOD: Final = 9
_MOST_NAME_LINES: Final = 2
_DASHES: Final = "7 4"
_BAR: Final = 16
_BAR_WIDTH: Final = 190


@dataclass(frozen=True, slots=True)
class Panel:
    """A series with its name: a cell a period. Where a cell has no value its line is broken."""

    name: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two shares of one group, each with the words at its right; ``None`` where there is no number."""

    name: str
    shares: tuple[float | None, float | None]
    words: tuple[str, str]


def draw_panels(
    panels: Sequence[Panel],
    periods: Sequence[str],
    say: Callable[[Cell], str],
    *,
    against: Panel | None = None,
    level: float | None = None,
) -> str:
    """Panels in two columns, all on one scale.

    Parameters
    ----------
    panels
        One a group.
    periods
        As they fit below a line, as many as each panel has cells.
    say
        A cell in words: its value with the unit, or why there is none. A panel without any value is not
        drawn: its name and the word for why stand below.
    against
        A series that is drawn into each panel, dashed.
    level
        A level that is ruled through each panel and lies within the scale, such as 0 of a gap.

    Returns
    -------
    str
        SVG, not yet fit for a page: see ``make_inline_safe``.
    """
    root = Drawing()
    y = _draw_key(root, against)
    scale = _fit_scale([*panels, *([against] if against else [])], level)
    drawn = [panel for panel in panels if any(cell.value is not None for cell in panel.cells)]
    for first in range(0, len(drawn), 2):
        y = _draw_row(root, drawn[first : first + 2], periods, say, against, level, scale, y)
    named = [f"{panel.name}: {say(panel.cells[-1])}" for panel in panels if panel not in drawn]
    return root.render(_list_undrawn(root, named, y))


def draw_pairs(pairs: Sequence[Pair], key: tuple[str, str]) -> str:
    """Two bars a group, one below the other: what it is of everybody, and what it bears.

    Parameters
    ----------
    pairs
        One a group, from the top. One without any number is not drawn: its name and words stand below.
    key
        What the first and the second bar stand for.

    Returns
    -------
    str
        SVG, not yet fit for a page.
    """
    root = Drawing()
    y = float(MARGIN)
    for colour, words in zip((_SHARE, BAR), key, strict=True):
        for number, line in enumerate(textwrap.wrap(words, 50) or [""]):
            if not number:
                root.box(MARGIN, y, 28, _BAR, colour, "key")
            root.text(line, MARGIN + 38, y + _BAR - 3, "legend")
            y += LINE + 2
    y += MARGIN
    highest = max((share for pair in pairs for share in pair.shares if share is not None), default=1.0) or 1.0
    drawn = [pair for pair in pairs if any(share is not None for share in pair.shares)]
    for pair in drawn:
        for line in textwrap.wrap(clean_text(pair.name), LABEL_CHARACTERS) or [""]:
            root.text(line, MARGIN, y + TEXT, "labels", weight="700")
            y += LINE
        for share, words, colour in zip(pair.shares, pair.words, (_SHARE, BAR), strict=True):
            width = 0.0 if share is None else _BAR_WIDTH * share / highest
            if share is not None:
                root.box(MARGIN, y + 3, max(width, 1.0), _BAR, colour, "bars")
            root.text(words, MARGIN + (width + 8 if share is not None else 0), y + _BAR, "values")
            y += _BAR + 4
        y += MARGIN + 4
    named = [f"{pair.name}: {pair.words[0]}" for pair in pairs if pair not in drawn]
    return root.render(_list_undrawn(root, named, y))


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the periods and levels of one panel stand."""

    left: float
    top: float
    ticks: Sequence[float]
    count: int

    def x(self, number: int) -> float:
        return self.left + 5 + (_PANEL - 10) * (number / (self.count - 1) if self.count > 1 else 0.5)

    def y(self, level: float) -> float:
        return self.top + _HEIGHT * (self.ticks[-1] - level) / (self.ticks[-1] - self.ticks[0])


def _draw_key(root: Drawing, against: Panel | None) -> float:
    if against is None:
        return float(MARGIN)
    root.rule((MARGIN, MARGIN + LINE / 2), (MARGIN + 42, MARGIN + LINE / 2), "key", _SERIES, "3")
    root.text("The group named above the panel", MARGIN + 52, MARGIN + LINE / 2 + 5, "legend")
    y = MARGIN + LINE + 4
    root.rule((MARGIN, y + LINE / 2), (MARGIN + 42, y + LINE / 2), "key", AVERAGE, "2", _DASHES)
    root.text(against.name, MARGIN + 52, y + LINE / 2 + 5, "legend")
    return y + LINE + 2 * MARGIN


def _list_undrawn(root: Drawing, named: Sequence[str], y: float) -> float:
    """Groups without any figure are named, each with the word for why; an empty picture would say less."""
    for words in named:
        for line in textwrap.wrap(clean_text(words), _LINE_CHARACTERS):
            root.text(line, MARGIN, y + TEXT, "undrawn")
            y += LINE
    return y + (MARGIN if named else 0)


def _fit_scale(panels: Sequence[Panel], level: float | None) -> list[float]:
    levels = [
        limit
        for panel in panels
        for cell in panel.cells
        for limit in (cell.lower, cell.value, cell.upper)
        if limit is not None
    ]
    held = levels + ([] if level is None else [level])
    return round_ticks(min(held, default=0.0), max(held, default=1.0))


def _draw_row(
    root: Drawing,
    panels: Sequence[Panel],
    periods: Sequence[str],
    say: Callable[[Cell], str],
    against: Panel | None,
    level: float | None,
    ticks: Sequence[float],
    y: float,
) -> float:
    """One row of panels; returns where the next begins."""
    names = [
        textwrap.wrap(clean_text(panel.name), _NAME_CHARACTERS, max_lines=_MOST_NAME_LINES, placeholder=" …")
        for panel in panels
    ]
    head = LINE * (max(len(lines) for lines in names) + 1)
    for number, (panel, lines) in enumerate(zip(panels, names, strict=True)):
        left = MARGIN + _LEFT + number * (_PANEL + _GAP)
        frame = _Frame(left, y + head + 2 * MARGIN, ticks, len(periods))
        start = left if number else MARGIN
        for place, line in enumerate(lines):
            root.text(line, start, y + TEXT + LINE * place, "labels", weight="700")
        root.text(_say_ends(panel, say), start, y + head - LINE + TEXT, "values")
        _draw_ground(root, frame, level, labelled=number == 0)
        if against:
            _draw_line(root, frame, against.cells, AVERAGE, "2", _DASHES)
        _draw_band(root, frame, panel.cells)
        _draw_line(root, frame, panel.cells, _SERIES, "3")
        _draw_dots(root, frame, panel.cells)
        _draw_periods(root, frame, periods)
    return y + head + 2 * MARGIN + _HEIGHT + LINE + 2 * MARGIN + 4


def _say_ends(panel: Panel, say: Callable[[Cell], str]) -> str:
    shown = [cell for cell in panel.cells if cell.value is not None]
    if not shown:
        return say(panel.cells[-1]) if panel.cells else ""
    return say(shown[0]) if len(shown) == 1 else f"{say(shown[0])} → {say(shown[-1])}"


def _draw_ground(root: Drawing, frame: _Frame, level: float | None, *, labelled: bool) -> None:
    decimals = max(len(f"{tick:g}".partition(".")[2]) for tick in frame.ticks)
    for tick in frame.ticks:
        root.rule((frame.left, frame.y(tick)), (frame.left + _PANEL, frame.y(tick)), "grid", "#c5ccd1", "1")
        if labelled:
            words = f"{tick:,.{decimals}f}".replace("-", "−")
            root.text(words, frame.left - 8, frame.y(tick) + 5, "levels", anchor="end")
    if level is not None:
        root.rule((frame.left, frame.y(level)), (frame.left + _PANEL, frame.y(level)), "level", QUIET, "2")


def _runs(cells: Sequence[Cell], *, limits: bool) -> Iterator[list[tuple[int, Cell]]]:
    """The unbroken runs of cells that have a value, or an interval."""
    run: list[tuple[int, Cell]] = []
    for number, cell in enumerate(cells):
        if cell.has_interval if limits else cell.value is not None:
            run.append((number, cell))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _draw_line(
    root: Drawing, frame: _Frame, cells: Sequence[Cell], colour: str, width: str, dashes: str = ""
) -> None:
    for run in _runs(cells, limits=False):
        if len(run) > 1:
            points = [f"{frame.x(number):.1f},{frame.y(cell.value or 0.0):.1f}" for number, cell in run]
            dashed = {"stroke_dasharray": dashes} if dashes else {}
            style = {"fill": "none", "stroke": colour, "stroke_width": width, **dashed}
            root.add("path", "lines", d=f"M{'L'.join(points)}", **style)


def _draw_band(root: Drawing, frame: _Frame, cells: Sequence[Cell]) -> None:
    for run in _runs(cells, limits=True):
        if len(run) == 1:
            number, cell = run[0]
            x, top, bottom = frame.x(number), frame.y(cell.upper or 0.0), frame.y(cell.lower or 0.0)
            root.box(x - 1, top, 2, max(bottom - top, 0.1), _SERIES, "bands")
            continue
        there = [f"{frame.x(number):.1f},{frame.y(cell.upper or 0.0):.1f}" for number, cell in run]
        back = [f"{frame.x(number):.1f},{frame.y(cell.lower or 0.0):.1f}" for number, cell in reversed(run)]
        root.add("path", "bands", d=f"M{'L'.join(there + back)}Z", fill=_SERIES, opacity="0.18")


def _draw_dots(root: Drawing, frame: _Frame, cells: Sequence[Cell]) -> None:
    """At the ends of the series, and where no line reaches."""
    for run in _runs(cells, limits=False):
        for number, cell in {run[0][0]: run[0][1], run[-1][0]: run[-1][1]}.items():
            root.dot(frame.x(number), frame.y(cell.value or 0.0), _SERIES)


def _draw_periods(root: Drawing, frame: _Frame, periods: Sequence[str]) -> None:
    ends = {0: ("start", frame.left), len(periods) - 1: ("end", frame.left + _PANEL)}
    for number, (anchor, x) in ends.items():
        words = periods[number]
        if len(words) <= _LONGEST_PERIOD or len(ends) == 1:
            root.text(words, x, frame.top + _HEIGHT + LINE, "periods", anchor=anchor)
