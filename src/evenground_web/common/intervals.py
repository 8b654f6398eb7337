"""An interval as a small picture, for a row of a table."""

from __future__ import annotations

from markupsafe import Markup

_WIDTH, _HEIGHT, _PAD = 160, 20, 6


def draw_interval(value: float, lower: float, upper: float, largest: float) -> Markup:
    """A bar to ``value`` and a line from ``lower`` to ``upper``, on an axis from 0 to ``largest``.

    It is hidden from screen readers: the numbers stand beside it.

    >>> "circle" in draw_interval(5, 3, 8, 10)
    True
    """
    scale = (_WIDTH - 2 * _PAD) / largest if largest > 0 else 0.0
    start, middle, end = (round(_PAD + scale * max(0.0, point), 1) for point in (lower, value, upper))
    return Markup(  # noqa: S704  (numbers only)
        f'<svg class="eg-interval" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'aria-hidden="true" focusable="false">'
        f'<line class="eg-interval__axis" x1="{_PAD}" y1="10" x2="{_WIDTH - _PAD}" y2="10"/>'
        f'<rect class="eg-interval__bar" x="{_PAD}" y="4" width="{round(middle - _PAD, 1)}" height="12"/>'
        f'<line class="eg-interval__line" x1="{start}" y1="10" x2="{end}" y2="10"/>'
        f'<line class="eg-interval__end" x1="{start}" y1="5" x2="{start}" y2="15"/>'
        f'<line class="eg-interval__end" x1="{end}" y1="5" x2="{end}" y2="15"/>'
        f'<circle class="eg-interval__dot" cx="{middle}" cy="10" r="3.5"/></svg>'
    )
