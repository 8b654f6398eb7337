"""Who gives which data to whom, for what: data-sharing agreements as a picture with its table."""

from __future__ import annotations

import datetime as dt
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evenground.releases import AgreementInfo
from evenground.reports.charts import Figure
from evenground.reports.drawing import INK, MARGIN, TEXT_SIZE, WIDTH
from evenground.reports.svg import FONT, NAMESPACE
from evenground.reports.words import clean_text, format_date

COLUMNS: Final = ("Who gives", "What", "To whom", "For what", "Until")

_LEFT: Final = 208
_RIGHT: Final = 164
_LEFT_CHARACTERS: Final = 23
_RIGHT_CHARACTERS: Final = 18
_LINE: Final = 20
_PAD: Final = 12
_GAP: Final = 14
_GIVER: Final = {"fill": "#e8edee", "stroke": "#4c6272"}
_RECEIVER: Final = {"fill": "#d8e7f5", "stroke": "#005eb8"}


@dataclass(frozen=True, slots=True)
class _Text:
    line: str
    weight: str = "400"


@dataclass(frozen=True, slots=True)
class _Flow:
    giver: str
    what: str
    receiver: str
    purposes: tuple[str, ...]
    until: str


def draw_flows(agreements: Sequence[AgreementInfo], figure_id: str) -> Figure:
    """The flows of all agreements: givers on the left, each with an arrow to whom it gives, by receiver.

    Parameters
    ----------
    agreements
        As a release holds them.
    figure_id
        What every id of the picture starts with: letters, digits and hyphens.
    """
    flows = [
        _Flow(flow.giver, flow.source, flow.receiver, one.purposes, one.end)
        for one in agreements
        for flow in one.flows
    ]
    receivers = list(dict.fromkeys(flow.receiver for flow in flows))
    title = "Who gives which data to whom"
    summary = (
        f"{_count(len(flows), 'flow')} of data about people, from "
        f"{_count(len({flow.giver for flow in flows}), 'giver')} to {_count(len(receivers), 'receiver')}."
    )
    root = _make_root(figure_id, title, summary)
    drawing = ET.SubElement(root, "g", {"aria-hidden": "true"})
    top = MARGIN
    for receiver in receivers:
        top = _draw_receiver(drawing, receiver, [flow for flow in flows if flow.receiver == receiver], top)
    root.set("viewBox", f"0 0 {WIDTH + 2 * MARGIN} {top}")
    rows = tuple(
        (
            flow.giver,
            flow.what,
            flow.receiver,
            ", ".join(flow.purposes),
            format_date(dt.date.fromisoformat(flow.until)),
        )
        for flow in flows
    )
    return Figure(figure_id, title, summary, ET.tostring(root, encoding="unicode"), COLUMNS, rows)


def _draw_receiver(drawing: ET.Element, receiver: str, flows: Sequence[_Flow], top: int) -> int:
    """Draws a receiver with all who give to it, and returns where the next one begins."""
    purposes = list(dict.fromkeys(purpose for flow in flows for purpose in flow.purposes))
    right = [*_bold(receiver, _RIGHT_CHARACTERS)]
    right += [_Text(line) for line in _wrap(f"for {', '.join(purposes)}", _RIGHT_CHARACTERS)]
    givers = [
        [*_bold(flow.giver, _LEFT_CHARACTERS), *(_Text(line) for line in _wrap(flow.what, _LEFT_CHARACTERS))]
        for flow in flows
    ]
    heights = [_height(lines) for lines in givers]
    left_height = sum(heights) + _GAP * (len(heights) - 1)
    height = max(left_height, _height(right))
    x = MARGIN + WIDTH - _RIGHT
    _box(drawing, x, top, _RIGHT, height, right, _RECEIVER)
    y = top + (height - left_height) // 2
    for lines, own in zip(givers, heights, strict=True):
        _box(drawing, MARGIN, y, _LEFT, own, lines, _GIVER)
        _arrow(drawing, MARGIN + _LEFT, x, y + own // 2)
        y += own + _GAP
    return top + height + _GAP + MARGIN


def _box(
    drawing: ET.Element,
    x: int,
    y: int,
    width: int,
    height: int,
    lines: Sequence[_Text],
    colours: dict[str, str],
) -> None:
    place = {"x": str(x), "y": str(y), "width": str(width), "height": str(height), "rx": "4"}
    ET.SubElement(drawing, "rect", place | colours)
    first = y + (height - _LINE * len(lines)) // 2 + 15
    for number, text in enumerate(lines):
        place = {"x": str(x + _PAD), "y": str(first + _LINE * number), "fill": INK}
        style = {"font-size": str(TEXT_SIZE - 1), "font-weight": text.weight}
        ET.SubElement(drawing, "text", place | style).text = text.line


def _arrow(drawing: ET.Element, start: int, end: int, y: int) -> None:
    line = {"x1": str(start), "x2": str(end - 8), "y1": str(y), "y2": str(y)}
    ET.SubElement(drawing, "line", line | {"stroke": INK, "stroke-width": "2"})
    ET.SubElement(drawing, "path", {"d": f"M{end - 10},{y - 6}L{end},{y}L{end - 10},{y + 6}Z", "fill": INK})


def _make_root(figure_id: str, title: str, summary: str) -> ET.Element:
    root = ET.Element(
        "svg",
        {
            "xmlns": NAMESPACE,
            "class": "evenground-figure",
            "width": "100%",
            "role": "img",
            "aria-labelledby": f"{figure_id}-title {figure_id}-desc",
            "focusable": "false",
            "font-family": FONT,
        },
    )
    ET.SubElement(root, "title", {"id": f"{figure_id}-title"}).text = title
    ET.SubElement(root, "desc", {"id": f"{figure_id}-desc"}).text = summary
    return root


def _bold(text: str, width: int) -> list[_Text]:
    return [_Text(line, "600") for line in _wrap(text, width)]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(clean_text(text), width) or [""]


def _height(lines: Sequence[_Text]) -> int:
    return _LINE * len(lines) + 2 * _PAD


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
