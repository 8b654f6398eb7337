"""A report as a presentation: charts that can be edited, words for every picture, a title on every slide.

Whatever is too long for slides (tables of detail) is left to the other formats, and a slide says so. The
figures behind a chart stand in the notes below it.
"""

from __future__ import annotations

import datetime as dt
import io
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Emu, Inches, Pt

from evenground.reports.cells import Cell
from evenground.reports.charts import FigureData
from evenground.reports.documents.model import (
    LANGUAGE,
    Block,
    Bullets,
    Document,
    Paragraph,
    Picture,
    Section,
    Table,
    walk_blocks,
)
from evenground.reports.documents.packages import fix_dates
from evenground.reports.documents.template import (
    BLUE,
    BOTTOM,
    FONT,
    INK,
    MARGIN,
    QUIET,
    SECTION,
    TEXT,
    TITLE,
    TITLE_ONLY,
    TOP,
    WIDTH,
    find_layout,
    make_colour,
    open_template,
)
from evenground.reports.files import render_plain_png
from evenground.reports.words import PERCENT, clean_text, format_date, format_value, round_as_shown
from evenground.vocabulary import ValueNote

_LINES_OF_A_SLIDE: Final = 13
_CHARACTERS_OF_A_LINE: Final = 95
_ROOM: Final = WIDTH - 2 * MARGIN
_SENTENCE: Final = Inches(1.05)
_SERIES_COLOURS: Final = (make_colour("4A90D0"), make_colour("6B1D48"), make_colour("00401E"))
_SHORT: Final = 300
_LONGEST_ABOVE: Final = 620
"""Characters above a picture or table: in large letters, and in small ones."""

_LINES_ABOVE: Final = 4
_NOT_DRAWN: Final = "What cannot stand on this scale is in the notes."
_CHART_DATA: Final[Any] = CategoryChartData
_LEFT_OUT: Final = "The Word, PDF and HTML files of this report hold tables that are too long for slides:"


def render(document: Document) -> bytes:
    """The document as a presentation (Office Open XML), the same bytes for the same content."""
    deck = _Deck(document)
    deck.add_cover()
    for section in document.sections:
        deck.add_section(section, ())
    deck.add_left_out()
    return deck.save()


class _Deck:
    """Slides, one after the other."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.file = open_template()
        properties = self.file.core_properties
        day = dt.datetime.combine(document.as_at, dt.time(), tzinfo=dt.UTC)
        properties.title, properties.subject = clean_text(document.title), clean_text(document.subtitle)
        properties.author = properties.last_modified_by = "Evenground"
        properties.language, properties.comments = LANGUAGE, clean_text(document.footer)
        properties.created = properties.modified = day

    def save(self) -> bytes:
        for number, slide in enumerate(self.file.slides, start=1):
            self._add_footer(slide, number)
        master = self.file.slide_master
        for part in (master, *master.slide_layouts, *self.file.slides):
            for run in part._element.iter(qn("a:r")):
                run.get_or_add_rPr().set("lang", LANGUAGE)
        content = io.BytesIO()
        self.file.save(content)
        return fix_dates(content.getvalue(), self.document.as_at)

    def add_slide(self, layout: str, title: str) -> Any:
        slide = self.file.slides.add_slide(find_layout(self.file, layout))
        slide.shapes.title.text = clean_text(title)
        if layout not in (TITLE, SECTION):
            _write(slide.shapes.title.text_frame, [clean_text(title)], _title_size(title), colour=BLUE)
        return slide

    def _add_footer(self, slide: Any, number: int) -> None:
        """Last on the slide, so that it is read last."""
        box = slide.shapes.add_textbox(MARGIN, Inches(6.98), _ROOM, Inches(0.35))
        box.name = "Footer"
        text = f"{clean_text(self.document.footer)} Slide {number}."
        _write(box.text_frame, [text], 10, colour=QUIET)

    def add_cover(self) -> None:
        document = self.document
        slide = self.add_slide(TITLE, document.title)
        lines = [document.subtitle, f"Figures as at {format_date(document.as_at)}"]
        lines += [block.text for block in document.blocks if isinstance(block, Paragraph)]
        slide.placeholders[1].text = "\n".join(clean_text(line) for line in lines)

    def add_section(self, section: Section, above: Sequence[str]) -> None:
        """Its own blocks under its heading; sections in it follow, each under both headings."""
        title = ": ".join([*above[-1:], section.heading])
        if section.sections and not any(isinstance(block, Table | Picture) for block in section.blocks):
            slide = self.add_slide(SECTION, title)
            words = [block.text for block in section.blocks if isinstance(block, Paragraph)]
            slide.placeholders[1].text = "\n".join(clean_text(line) for line in words) or " "
        else:
            self.add_blocks(title, section.blocks)
        for inner in section.sections:
            self.add_section(inner, (*above, section.heading))

    def add_blocks(self, title: str, blocks: Iterable[Block]) -> None:
        """Words go above the table or picture that follows them; long ones onto slides before it."""
        words: list[str] = []
        for block in blocks:
            if isinstance(block, Paragraph):
                words += [clean_text(block.text)] if block.in_slides else []
            elif isinstance(block, Bullets):
                words += [f"• {clean_text(item)}" for item in block.items]
            elif isinstance(block, Picture):
                words = self._keep_short(title, words, len(block.figure.summary))
                words = self.add_picture(block, words)
            elif block.in_slides:
                words = self._keep_short(title, words, 0)
                words = self.add_table(block, words)
        self._add_words(title, words)

    def _keep_short(self, title: str, words: list[str], beside: int) -> list[str]:
        """The words, where they fit above something; else none, and they are on slides of their own."""
        if sum(map(len, words)) + beside <= _LONGEST_ABOVE:
            return words
        self._add_words(title, words)
        return []

    def _add_words(self, title: str, words: Sequence[str]) -> None:
        for number, page in enumerate(_fill_slides(words)):
            slide = self.add_slide(TEXT, title + (" (continued)" if number else ""))
            _write(slide.placeholders[1].text_frame, page, 18)

    def add_table(self, table: Table, words: Sequence[str]) -> list[str]:
        """The table on as many slides as it needs, the words above its first rows; returns no words."""
        pages = _fill_tables(table, room=_ROOM_FOR_ROWS - (_LINES_ABOVE if words else 0))
        for number, rows in enumerate(pages, start=1):
            part = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
            slide = self.add_slide(TITLE_ONLY, table.title + part)
            top: int = TOP
            if words and number == 1:
                _add_words_above(slide, words)
                top = TOP + _SENTENCE
            size = (len(rows) + 1, len(table.columns))
            frame = slide.shapes.add_table(*size, MARGIN, top, _ROOM, Inches(0.35))
            frame._element.nvGraphicFramePr.cNvPr.set("descr", f"Table: {clean_text(table.title)}{part}")
            frame.name = "Table"
            _fill_table(frame.table, table, rows)
        return []

    def add_picture(self, picture: Picture, words: Sequence[str]) -> list[str]:
        """The picture with the words and its sentence above it; returns no words."""
        figure = picture.figure
        slide = self.add_slide(TITLE_ONLY, figure.title)
        drawn = len(figure.data.categories) if figure.data else len(figure.rows)
        note = [_NOT_DRAWN] if drawn < len(figure.rows) else []
        _add_words_above(slide, [*words, clean_text(figure.summary), *note])
        top = TOP + _SENTENCE
        room = (MARGIN, top, _ROOM, BOTTOM - top)
        shape = _add_chart(slide, figure.data, room) if figure.data else _add_image(slide, picture, room)
        properties = shape._element.xpath(".//p:cNvPr")[0]
        properties.set("descr", clean_text(picture.alt_text))
        properties.set("title", clean_text(figure.title))
        table = picture.table
        lines = [" | ".join(cells) for cells in (table.columns, *table.rows)]
        notes = slide.notes_slide.notes_text_frame
        notes.text = "\n".join(clean_text(line) for line in [figure.title, *lines])
        return []

    def add_left_out(self) -> None:
        names = [
            block.title
            for block in walk_blocks(self.document)
            if isinstance(block, Table) and not block.in_slides
        ]
        if names:
            shown = [*names[:8], f"and {len(names) - 8} more"] if len(names) > 9 else names
            self.add_blocks("What is not on these slides", [Paragraph(_LEFT_OUT), Bullets(tuple(shown))])


def _add_words_above(slide: Any, words: Sequence[str]) -> None:
    box = slide.shapes.add_textbox(MARGIN, TOP - Inches(0.15), _ROOM, _SENTENCE)
    box.name = "What this shows"
    _write(box.text_frame, words, 16 if sum(map(len, words)) < _SHORT else 12)


def _title_size(title: str) -> int:
    return 26 if len(title) < 75 else 20


def _write(frame: Any, lines: Sequence[str], size: int, *, colour: Any = INK, bold: bool = False) -> None:
    frame.word_wrap = True
    for number, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.text = line
        paragraph.space_after = Pt(0 if len(lines) == 1 else 4)
        # On the runs themselves: what a paragraph says of its letters is not heeded.
        for run in paragraph.runs:
            run.font.size, run.font.name, run.font.bold = Pt(size), FONT, bold
            run.font.color.rgb = colour


def _fill_slides(words: Sequence[str]) -> list[list[str]]:
    """Paragraphs on as many slides as they need."""
    pages: list[list[str]] = []
    lines = _LINES_OF_A_SLIDE + 1
    for text in words:
        needed = max(1, len(textwrap.wrap(text, _CHARACTERS_OF_A_LINE)))
        if lines + needed > _LINES_OF_A_SLIDE:
            pages.append([])
            lines = 0
        pages[-1].append(text)
        lines += needed
    return pages


_ROOM_FOR_ROWS: Final = 15
_TABLE_TEXT: Final = 12
_CHARACTERS_ACROSS: Final = 135


def _fill_tables(table: Table, *, room: int) -> list[list[tuple[str, ...]]]:
    """Rows on as many slides as they need, by how many lines each takes."""
    shares = table.shares

    def count_lines(cells: Sequence[str]) -> int:
        widths = (max(4, int(share * _CHARACTERS_ACROSS) - 2) for share in shares)
        return max(len(textwrap.wrap(cell, width)) or 1 for cell, width in zip(cells, widths, strict=True))

    room -= count_lines(table.columns)
    pages: list[list[tuple[str, ...]]] = [[]]
    lines = 0
    for row in table.rows:
        needed = count_lines(row)
        if pages[-1] and lines + needed > room:
            pages.append([])
            lines = 0
        pages[-1].append(row)
        lines += needed
    return pages


def _fill_table(shown: Any, table: Table, rows: Sequence[tuple[str, ...]]) -> None:
    shown.first_row, shown.first_col, shown.horz_banding = True, True, False
    for column, share in zip(shown.columns, table.shares, strict=True):
        column.width = Emu(int(_ROOM * share))
    for number, cells in enumerate([table.columns, *rows]):
        shown.rows[number].height = Inches(0.3)
        for place, text in enumerate(cells):
            cell = shown.cell(number, place)
            cell.margin_top = cell.margin_bottom = Inches(0.03)
            is_head = number == 0
            cell.fill.solid()
            cell.fill.fore_color.rgb = make_colour("E8EDEE" if is_head else "FFFFFF")
            _write(cell.text_frame, [clean_text(text)], _TABLE_TEXT, bold=is_head)


def _add_image(slide: Any, picture: Picture, room: tuple[int, int, int, int]) -> Any:
    """The picture in the middle, as large as there is room."""
    left, top, width, height = room
    shape = slide.shapes.add_picture(io.BytesIO(render_plain_png(picture.figure)), left, top, height=height)
    if shape.width > width:
        shape.height, shape.width = int(shape.height * width / shape.width), width
    shape.left = Emu(left + (width - shape.width) // 2)
    return shape


def _add_chart(slide: Any, data: FigureData, room: tuple[int, int, int, int]) -> Any:
    """A chart of the presentation itself, with its figures in a workbook that can be opened."""
    bars = data.kind == "bars"
    chart_data = _CHART_DATA(number_format=_number_format(data.unit))
    series = data.series
    # Bars are drawn from the bottom up, so the first comes last.
    order = range(len(data.categories))[:: -1 if bars else 1]
    chart_data.categories = [_name_category(data, place) for place in order]
    for name, cells in series:
        values = [None if (value := cells[place].value) is None else round_as_shown(value) for place in order]
        chart_data.add_series(clean_text(name), values)
    kind = XL_CHART_TYPE.BAR_CLUSTERED if bars else XL_CHART_TYPE.LINE_MARKERS
    shape = slide.shapes.add_chart(kind, *room, chart_data)
    chart = shape.chart
    chart.font.size, chart.font.name = Pt(12 if len(data.categories) < 16 else 9), FONT
    chart.has_title = False
    chart.has_legend = len(series) > 1
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    _style_axes(chart, data)
    for number, plotted in enumerate(chart.plots[0].series):
        _style_series(plotted, _SERIES_COLOURS[number], bars=bars)
        _add_intervals(plotted, [series[number][1][place] for place in order], bars=bars)
    return shape


def _name_category(data: FigureData, place: int) -> str:
    """The name of a bar; where it has no figure, with the word for why."""
    cell = data.series[0][1][place]
    name = clean_text(data.categories[place])
    if data.kind == "lines" or cell.note in (ValueNote.PUBLISHED, ValueNote.ZERO):
        return name
    return f"{name} ({format_value(cell.value, data.unit, cell.note)})"


def _number_format(unit: str) -> str:
    return '0.0"%"' if unit == PERCENT else "#,##0.0"


def _style_axes(chart: Any, data: FigureData) -> None:
    value, category = chart.value_axis, chart.category_axis
    value.has_major_gridlines = True
    value.major_gridlines.format.line.color.rgb = make_colour("D8DDE0")
    if data.kind == "bars":
        value.minimum_scale = 0
    value.has_title = data.unit != PERCENT
    if value.has_title:
        value.axis_title.text_frame.text = clean_text(data.unit)
    value.tick_labels.number_format = '0"%"' if data.unit == PERCENT else "#,##0"
    value.tick_labels.number_format_is_linked = False
    category.has_major_gridlines = False
    if data.kind == "bars":
        chart.plots[0].gap_width = 40
        chart.plots[0].has_data_labels = True
        labels = chart.plots[0].data_labels
        labels.number_format, labels.number_format_is_linked = _number_format(data.unit), False
        labels.show_value = True
        # Outside the bar it would stand on the whisker.
        labels.position = XL_LABEL_POSITION.INSIDE_BASE


def _style_series(series: Any, colour: Any, *, bars: bool) -> None:
    if bars:
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = colour
        series.invert_if_negative = False
        return
    series.smooth = False
    series.format.line.color.rgb = colour
    series.format.line.width = Pt(2.5)
    series.marker.format.fill.solid()
    series.marker.format.fill.fore_color.rgb = colour


def _add_intervals(series: Any, cells: Sequence[Cell], *, bars: bool) -> None:
    """The 95% intervals as error bars, each of its own length."""
    if not any(cell.has_interval for cell in cells):
        return
    lengths = {
        "minus": [(cell.value or 0.0) - (cell.lower or 0.0) if cell.has_interval else 0.0 for cell in cells],
        "plus": [(cell.upper or 0.0) - (cell.value or 0.0) if cell.has_interval else 0.0 for cell in cells],
    }
    literals = "".join(f"<c:{side}>{_literal(lengths[side])}</c:{side}>" for side in ("plus", "minus"))
    direction = "" if bars else '<c:errDir val="y"/>'
    whiskers = parse_xml(
        f'<c:errBars {nsdecls("c", "a")}>{direction}<c:errBarType val="both"/>'
        f'<c:errValType val="cust"/><c:noEndCap val="0"/>{literals}'
        '<c:spPr><a:ln w="19050"><a:solidFill><a:srgbClr val="212B32"/></a:solidFill></a:ln></c:spPr>'
        "</c:errBars>"
    )
    series._element.find(qn("c:cat")).addprevious(whiskers)


def _literal(numbers: Sequence[float]) -> str:
    points = "".join(
        f'<c:pt idx="{place}"><c:v>{max(0.0, round_as_shown(number)):g}</c:v></c:pt>'
        for place, number in enumerate(numbers)
    )
    count = f'<c:ptCount val="{len(numbers)}"/>'
    return f"<c:numLit><c:formatCode>General</c:formatCode>{count}{points}</c:numLit>"
