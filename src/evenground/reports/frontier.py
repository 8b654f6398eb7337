"""What fairness costs, as a picture: people reached in all against people reached as weighted."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from evenground.reports.canvas import Drawing, round_ticks
from evenground.reports.charts import Figure, finish_figure
from evenground.reports.drawing import INK, LINE, MARGIN, QUIET, WIDTH
from evenground.reports.words import format_number

_LEFT = 60
_HEIGHT = 220
COLUMNS = ("Weights count for", "More people reached", "As weighted", "Of Plus groups")


def draw_frontier(frontier: pl.DataFrame, budget: float) -> Figure | None:
    """The plans from the most people reached to the fairest.

    Parameters
    ----------
    frontier
        ``evenground.spending.Spending.frontier``.
    budget
        Pounds.

    Returns
    -------
    Figure or None
        ``None`` where there is one plan only: then fairness costs nothing that shows.
    """
    if frontier.height < 2:
        return None
    first, last = frontier.row(0, named=True), frontier.row(-1, named=True)
    fewer = first["expected_reached"] - last["expected_reached"]
    less = format_number(fewer, decimals=int(fewer < 10))
    most = format_number(first["expected_reached"], decimals=0)
    summary = (
        f"The fairest plan reaches {less} people fewer than the one that reaches most, of {most}. "
        f"{first['weights']}"
    )
    rows = [
        (
            f"{row['emphasis']:.0%}",
            *(
                format_number(row[name], decimals=0)
                for name in ("expected_reached", "weighted", "plus_groups_reached")
            ),
        )
        for row in frontier.iter_rows(named=True)
    ]
    title = f"What fairness costs of £{format_number(budget, decimals=0)}"
    return finish_figure(("frontier",), title, summary, _draw(frontier), COLUMNS, rows)


def _draw(frontier: pl.DataFrame) -> str:
    root = Drawing()
    across = [float(value) for value in frontier["expected_reached"]]
    up = [float(value) for value in frontier["weighted"]]
    x_ticks, y_ticks = round_ticks(min(across), max(across)), round_ticks(min(up), max(up))
    left, top, plot = MARGIN + _LEFT, MARGIN + LINE, WIDTH - _LEFT - 16

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            left + plot * (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]),
            top + _HEIGHT * (y_ticks[-1] - y) / (y_ticks[-1] - y_ticks[0]),
        )

    root.text("People reached, as weighted", MARGIN, MARGIN + 8, "unit")
    for tick in y_ticks:
        y = place(x_ticks[0], tick)[1]
        root.rule((left, y), (left + plot, y), "grid", "#c5ccd1", "1")
        root.text(f"{tick:,.10g}", left - 8, y + 5, "levels", anchor="end")
    for number, tick in enumerate(x_ticks):
        x = place(tick, y_ticks[0])[0]
        anchor = "end" if number == len(x_ticks) - 1 else "middle"
        root.text(f"{tick:,.10g}", x, top + _HEIGHT + LINE, "levels", anchor=anchor)
    root.rule((left, top + _HEIGHT), (left + plot, top + _HEIGHT), "axis", QUIET, "1")
    root.text("More people reached, in all", left, top + _HEIGHT + 2 * LINE, "axis-title")
    points = [place(x, y) for x, y in zip(across, up, strict=True)]
    for start, end in pairwise(points):
        root.rule(start, end, "line", INK, "2")
    for x, y in points:
        root.dot(x, y, INK)
    return root.render(top + _HEIGHT + 3 * LINE)
