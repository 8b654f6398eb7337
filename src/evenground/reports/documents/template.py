"""A presentation without slides: 16 by 9, our own colours and sizes, one kind of slide for each content.

It is made from the library's plain presentation, so that nothing binary has to be kept and reviewed: its
master and layouts get new measures here, and layouts that no report uses go.
"""

from __future__ import annotations

from typing import Any, Final

import pptx
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Emu, Inches, Pt


def make_colour(digits: str) -> Any:
    """A colour by its six hexadecimal digits."""
    colours: Any = RGBColor
    return colours.from_string(digits)


FONT: Final = "Arial"
INK: Final = make_colour("212B32")
BLUE: Final = make_colour("003D78")
QUIET: Final = make_colour("4C6272")
WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
MARGIN: Final = Inches(0.6)
TOP: Final = Inches(1.45)
"""Where the content of a slide begins, below its title."""

BOTTOM: Final = Inches(6.85)
TITLE, TEXT, TITLE_ONLY, SECTION = "Title Slide", "Title and Content", "Title Only", "Section Header"
_KEPT: Final = (TITLE, TEXT, TITLE_ONLY, SECTION)
_COLOURS: Final = {
    "dk1": "212B32",
    "lt1": "FFFFFF",
    "dk2": "003D78",
    "lt2": "E8EDEE",
    "accent1": "4A90D0",
    "accent2": "6B1D48",
    "accent3": "00401E",
    "accent4": "8A949C",
    "accent5": "005EB8",
    "accent6": "4C6272",
}


def open_template() -> Any:
    """An empty presentation with the layouts ``TITLE``, ``TEXT``, ``TITLE_ONLY`` and ``SECTION``."""
    presentation = pptx.Presentation()
    presentation.slide_width, presentation.slide_height = WIDTH, HEIGHT
    master = presentation.slide_master
    _set_theme(master)
    for layout in list(presentation.slide_layouts):
        if layout.name not in _KEPT:
            presentation.slide_layouts.remove(layout)
    for shapes in (master, *presentation.slide_layouts):
        _measure(shapes)
    return presentation


def find_layout(presentation: Any, name: str) -> Any:
    """A layout by its name."""
    return next(layout for layout in presentation.slide_layouts if layout.name == name)


def _measure(holder: Any) -> None:
    """Put each placeholder in its place on the wide slide; dates and the like go."""
    is_cover = getattr(holder, "name", "") in (TITLE, SECTION)
    for shape in holder.placeholders:
        kind = shape.placeholder_format.type.name
        if kind in ("TITLE", "CENTER_TITLE"):
            _place(shape, *((Inches(2.2), Inches(1.6)) if is_cover else (Inches(0.35), Inches(1.0))))
            anchor = MSO_ANCHOR.BOTTOM if is_cover else MSO_ANCHOR.MIDDLE
            _set_text(shape, 36 if is_cover else 26, BLUE, anchor)
        elif kind in ("SUBTITLE", "BODY", "OBJECT"):
            _place(shape, *((Inches(4.0), Inches(1.8)) if is_cover else (TOP, BOTTOM - TOP)))
            _set_text(shape, 20 if is_cover else 18, QUIET if is_cover else INK, MSO_ANCHOR.TOP)
        else:
            shape._element.getparent().remove(shape._element)


def _place(shape: Any, top: int, height: int) -> None:
    shape.left, shape.top, shape.width, shape.height = MARGIN, Emu(top), WIDTH - 2 * MARGIN, Emu(height)


def _set_text(shape: Any, size: int, colour: Any, anchor: Any) -> None:
    frame = shape.text_frame
    frame.vertical_anchor = anchor
    properties = frame._txBody.bodyPr
    for fit in ("a:normAutofit", "a:spAutoFit", "a:noAutofit"):
        for old in properties.findall(qn(fit)):
            properties.remove(old)
    for paragraph in frame.paragraphs:
        paragraph.font.size, paragraph.font.color.rgb = Pt(size), colour
    styles = frame._txBody.find(qn("a:lstStyle"))
    if styles is not None:
        for level in list(styles):
            styles.remove(level)
        styles.append(_level(size, colour))


def _level(size: int, colour: Any) -> Any:
    return parse_xml(
        f'<a:lvl1pPr {nsdecls("a")} marL="0" indent="0" algn="l"><a:buNone/>'
        f'<a:defRPr sz="{size * 100}" b="0"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>'
        f'<a:latin typeface="{FONT}"/></a:defRPr></a:lvl1pPr>'
    )


def _set_theme(master: Any) -> None:
    """Our colours and typeface in the theme, so that what somebody adds by hand looks the same."""
    part = next(
        relation.target_part for relation in master.part.rels.values() if relation.reltype.endswith("/theme")
    )
    text = part.blob.decode("utf-8")
    for name, value in _COLOURS.items():
        text = _replace_colour(text, name, value)
    part._blob = text.replace('latin typeface="Calibri"', f'latin typeface="{FONT}"').encode("utf-8")


def _replace_colour(theme: str, name: str, value: str) -> str:
    start, end = theme.index(f"<a:{name}>"), theme.index(f"</a:{name}>")
    return f'{theme[:start]}<a:{name}><a:srgbClr val="{value}"/>{theme[end:]}'
