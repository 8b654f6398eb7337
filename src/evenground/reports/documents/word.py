"""A report as a Word file: real headings, header rows that repeat, and words for every picture."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from typing import Any, Final
from xml.sax.saxutils import escape

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

from evenground.reports.documents.model import (
    LANGUAGE,
    Block,
    Bullets,
    Document,
    Paragraph,
    Picture,
    Section,
    Table,
    add_tables_behind,
)
from evenground.reports.documents.packages import fix_dates
from evenground.reports.files import render_plain_png
from evenground.reports.words import clean_text, format_date

FONT: Final = "Arial"
_INK: Final = RGBColor(0x21, 0x2B, 0x32)
_BLUE: Final = RGBColor(0x00, 0x3D, 0x78)
_QUIET: Final = RGBColor(0x4C, 0x62, 0x72)
_WIDE, _TALL = 17.0, 17.5
"""Centimetres between the margins of a page, and how tall a picture may be."""

_PICTURE_WIDTH: Final = 11.0
_TWIPS: Final = 567
_MANY_COLUMNS: Final = 6
_MARGIN: Final = Cm(2)
_STYLES: Final = {
    "Title": (24, True, _BLUE, 0, 2),
    "Subtitle": (13, False, _QUIET, 0, 10),
    "Heading 1": (16, True, _BLUE, 18, 6),
    "Heading 2": (13, True, _BLUE, 14, 4),
    "Heading 3": (11.5, True, _INK, 10, 4),
    "Caption": (10, True, _INK, 8, 4),
    "Normal": (10.5, False, _INK, 3, 5),
}
_SMALL: Final = "Small print"
_WARNING: Final = "Warning"
_TABLE_TEXT: Final = "Table text"


def render(document: Document) -> bytes:
    """The document as a Word file (Office Open XML), the same bytes for the same content."""
    file = docx.Document()
    _set_up(file, document)
    file.add_paragraph(clean_text(document.title), style="Title")
    file.add_paragraph(clean_text(document.subtitle), style="Subtitle")
    file.add_paragraph(f"Figures as at {format_date(document.as_at)}")
    whole = add_tables_behind(document)
    _add_blocks(file, whole.blocks)
    for section in whole.sections:
        _add_section(file, section, 1)
    # Word wants a paragraph after a table at the end.
    file.add_paragraph(clean_text(document.footer), style=_SMALL)
    content = io.BytesIO()
    file.save(content)
    return fix_dates(content.getvalue(), document.as_at)


def _set_up(file: Any, document: Document) -> None:
    page = file.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = _MARGIN
    for name, (size, bold, colour, before, after) in _STYLES.items():
        _style(file.styles[name], size, bold=bold, colour=colour, before=before, after=after)
    for name in ("Title", "Subtitle", "Heading 1", "Heading 2", "Heading 3", "Caption"):
        file.styles[name].paragraph_format.keep_with_next = True
    _style(_add_style(file, _SMALL), 9, colour=_QUIET, before=3, after=4)
    _style(_add_style(file, _WARNING), 10.5, bold=True, colour=RGBColor(0x6B, 0x1D, 0x48), after=6)
    _style(_add_style(file, _TABLE_TEXT), 9, after=0)
    for language in file.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGE)
    for language in file.settings.element.iter(qn("w:themeFontLang")):
        language.set(qn("w:val"), LANGUAGE)
    _set_properties(file.core_properties, document)
    _add_footer(page.footer.paragraphs[0], document.footer)


def _add_style(file: Any, name: str) -> Any:
    style = file.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = file.styles["Normal"]
    return style


def _style(
    style: Any,
    size: float,
    *,
    bold: bool = False,
    colour: RGBColor = _INK,
    before: float = 0,
    after: float = 6,
) -> None:
    font = style.font
    font.name, font.size, font.bold, font.italic = FONT, Pt(size), bold, False
    font.color.rgb = colour
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{script}"), FONT)
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    for border in style.element.iter(qn("w:pBdr")):
        border.getparent().remove(border)


def _set_properties(properties: Any, document: Document) -> None:
    day = dt.datetime.combine(document.as_at, dt.time(), tzinfo=dt.UTC)
    properties.title = clean_text(document.title)
    properties.subject = clean_text(document.subtitle)
    properties.language = LANGUAGE
    properties.author = properties.last_modified_by = "Evenground"
    properties.comments = clean_text(document.footer)
    properties.created = properties.modified = day


def _add_footer(paragraph: Any, text: str) -> None:
    paragraph.style = _SMALL
    paragraph.add_run(f"{clean_text(text)} Page ")
    for kind, instruction in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = instruction
        run._r.append(mark)


def _add_section(file: Any, section: Section, level: int) -> None:
    file.add_heading(clean_text(section.heading), level)
    _add_blocks(file, section.blocks)
    for inner in section.sections:
        _add_section(file, inner, level + 1)


def _add_blocks(file: Any, blocks: Iterable[Block]) -> None:
    for block in blocks:
        if isinstance(block, Paragraph):
            style = {"plain": "Normal", "note": _SMALL, "warning": _WARNING}[block.style]
            file.add_paragraph(clean_text(block.text), style=style)
        elif isinstance(block, Bullets):
            for item in block.items:
                file.add_paragraph(clean_text(item), style="List Bullet")
        elif isinstance(block, Table):
            _add_table(file, block)
        else:
            _add_picture(file, block)


def _add_picture(file: Any, picture: Picture) -> None:
    figure = picture.figure
    file.add_paragraph(clean_text(figure.title), style="Caption")
    file.add_paragraph(clean_text(figure.summary)).paragraph_format.keep_with_next = True
    image = render_plain_png(figure)
    shape = file.add_picture(io.BytesIO(image), width=Cm(_PICTURE_WIDTH))
    if shape.height > Cm(_TALL):
        shape.width, shape.height = int(shape.width * Cm(_TALL) / shape.height), Cm(_TALL)
    shape._inline.docPr.set("descr", clean_text(picture.alt_text))
    shape._inline.docPr.set("title", clean_text(figure.title))


def _add_table(file: Any, table: Table) -> None:
    file.add_paragraph(clean_text(table.title), style="Caption")
    # Cell by cell through the library takes minutes for a long report, so the table is written as a whole.
    body = parse_xml(_table_xml(table))
    file.element.body.insert_element_before(body, "w:sectPr")


def _table_xml(table: Table) -> str:
    widths = [round(share * _WIDE * _TWIPS) for share in table.shares]
    size = 15 if len(table.columns) > _MANY_COLUMNS else 18
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = _row_xml(table.columns, widths, size, is_head=True)
    rows = "".join(_row_xml(row, widths, size) for row in table.rows)
    title = escape(clean_text(table.title), {'"': "&quot;"})
    return (
        f"<w:tbl {nsdecls('w')}><w:tblPr>"
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{_BORDERS}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{_PADDING}</w:tblCellMar>'
        f'<w:tblLook w:val="04A0" w:firstRow="1" w:firstColumn="1" w:noHBand="1" w:noVBand="1"/>'
        f'<w:tblCaption w:val="{title}"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{head}{rows}</w:tbl>'
    )


_BORDERS: Final = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="AEB7BD"/>'
    for side in ("top", "bottom", "insideH")
)
_PADDING: Final = (
    '<w:top w:w="40" w:type="dxa"/><w:left w:w="70" w:type="dxa"/>'
    '<w:bottom w:w="40" w:type="dxa"/><w:right w:w="70" w:type="dxa"/>'
)


def _row_xml(cells: Iterable[str], widths: Iterable[int], size: int, *, is_head: bool = False) -> str:
    marks = "<w:cantSplit/>" + ("<w:tblHeader/>" if is_head else "")
    shade = '<w:shd w:val="clear" w:color="auto" w:fill="E8EDEE"/>' if is_head else ""
    bold = "<w:b/>" if is_head else ""
    keep = "<w:keepNext/>" if is_head else ""
    written = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}</w:tcPr>'
        f'<w:p><w:pPr><w:pStyle w:val="Tabletext"/>{keep}</w:pPr>'
        f'<w:r><w:rPr>{bold}<w:sz w:val="{size}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(clean_text(cell))}</w:t></w:r></w:p></w:tc>'
        for cell, width in zip(cells, widths, strict=True)
    )
    return f"<w:tr><w:trPr>{marks}</w:trPr>{written}</w:tr>"
