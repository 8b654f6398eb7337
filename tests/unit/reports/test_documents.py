"""One content in four formats: headings, words for pictures, header rows, escaping, the same bytes again."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
import sys
import zipfile
from html.parser import HTMLParser

import docx
import pptx
import pytest
from docx.oxml.ns import qn

from evenground.errors import EvengroundError, InputError
from evenground.releases import Release
from evenground.reports.area_profile import make_area_profile
from evenground.reports.documents import (
    FORMATS,
    Bullets,
    Document,
    Paragraph,
    Picture,
    Section,
    Table,
    render_document,
    require_format,
)
from evenground.reports.documents.model import walk_blocks
from evenground.reports.subjects import require_area

HOSTILE = '<b>Old</b> & "Town" <script>alert(1)</script> #panic("x") \\ ]] $x$'


@pytest.fixture(scope="module")
def profile(release: Release) -> Document:
    return make_area_profile(
        release, require_area(release, "Old Town"), release.profiles["core20plus5_adults"]
    )


@pytest.fixture(scope="module")
def files(profile: Document) -> dict[str, bytes]:
    return {name: render_document(profile, name) for name in FORMATS}


def list_headings(document: Document) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []

    def walk(sections: tuple[Section, ...], level: int) -> None:
        for section in sections:
            found.append((level, section.heading))
            walk(section.sections, level + 1)

    walk(document.sections, 1)
    return found


def list_pictures(document: Document) -> list[Picture]:
    return [block for block in walk_blocks(document) if isinstance(block, Picture)]


def make_hostile() -> Document:
    blocks = (
        Paragraph(HOSTILE, "warning"),
        Bullets((HOSTILE,)),
        Table(HOSTILE, (HOSTILE, "B"), ((HOSTILE, HOSTILE),)),
    )
    section = Section(HOSTILE, blocks, (Section(HOSTILE, (Paragraph(HOSTILE, "note"),)),))
    return Document(HOSTILE, HOSTILE, dt.date(2026, 3, 31), HOSTILE, (Paragraph(HOSTILE),), (section,))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_content_gives_the_same_bytes(profile: Document, files: dict[str, bytes], name: str) -> None:
    assert render_document(profile, name) == files[name]


@pytest.mark.parametrize("name", ["docx", "pptx"])
def test_no_part_of_an_office_file_tells_when_it_was_written(files: dict[str, bytes], name: str) -> None:
    def list_dates(content: bytes) -> set[tuple[int, ...]]:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            inner = [list_dates(package.read(part)) for part in package.namelist() if part.endswith(".xlsx")]
            own = {entry.date_time for entry in package.infolist()}
            stamps = re.findall(rb"<dcterms:\w+[^>]*>([^<]*)<", package.read("docProps/core.xml"))
        assert set(stamps) == {b"2026-03-31T00:00:00Z"}
        return own.union(*inner)

    assert list_dates(files[name]) == {(2026, 3, 31, 0, 0, 0)}


def test_word_has_the_headings_in_order_and_a_title(profile: Document, files: dict[str, bytes]) -> None:
    paragraphs = docx.Document(io.BytesIO(files["docx"])).paragraphs
    assert [one.text for one in paragraphs if one.style.name == "Title"] == ["Old Town"]
    headings = [
        (int(one.style.name[-1]), one.text) for one in paragraphs if one.style.name.startswith("Heading")
    ]
    assert headings == [*list_headings(profile), (1, "The figures behind the pictures")]


def test_word_says_its_title_and_language(files: dict[str, bytes]) -> None:
    file = docx.Document(io.BytesIO(files["docx"]))
    assert (file.core_properties.title, file.core_properties.language) == ("Old Town", "en-GB")
    assert {one.get(qn("w:val")) for one in file.styles.element.iter(qn("w:lang"))} == {"en-GB"}


def test_every_picture_in_word_has_words(profile: Document, files: dict[str, bytes]) -> None:
    shapes = docx.Document(io.BytesIO(files["docx"])).inline_shapes
    told = [shape._inline.docPr.get("descr") for shape in shapes]
    assert told == [picture.alt_text for picture in list_pictures(profile)]
    assert told
    assert all(told)


def test_every_table_in_word_has_one_header_row_that_repeats(files: dict[str, bytes]) -> None:
    tables = docx.Document(io.BytesIO(files["docx"])).tables
    assert tables
    for table in tables:
        marked = [
            row._tr.trPr is not None and row._tr.trPr.find(qn("w:tblHeader")) is not None
            for row in table.rows
        ]
        assert marked == [True] + [False] * (len(table.rows) - 1)


def test_no_picture_in_word_is_wider_or_taller_than_its_page(files: dict[str, bytes]) -> None:
    file = docx.Document(io.BytesIO(files["docx"]))
    page = file.sections[0]
    wide = page.page_width - page.left_margin - page.right_margin
    tall = page.page_height - page.top_margin - page.bottom_margin
    assert all(shape.width <= wide and shape.height < tall for shape in file.inline_shapes)


def test_every_slide_has_a_title_and_stays_within_its_edges(files: dict[str, bytes]) -> None:
    deck = pptx.Presentation(io.BytesIO(files["pptx"]))
    assert round(deck.slide_width / deck.slide_height, 3) == round(16 / 9, 3)
    for slide in deck.slides:
        assert slide.shapes.title.text.strip()
        for shape in slide.shapes:
            assert min(shape.left, shape.top) >= 0, shape.name
            assert shape.left + shape.width <= deck.slide_width, shape.name
            assert shape.top + shape.height <= deck.slide_height, shape.name


def test_charts_on_slides_can_be_edited_and_have_words_and_notes(files: dict[str, bytes]) -> None:
    deck = pptx.Presentation(io.BytesIO(files["pptx"]))
    drawn = [(slide, shape) for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert drawn
    for slide, shape in drawn:
        assert shape._element.xpath(".//p:cNvPr")[0].get("descr")
        assert shape.chart.part.chart_workbook.xlsx_part is not None
        assert slide.has_notes_slide
        assert "|" in slide.notes_slide.notes_text_frame.text


def test_every_picture_and_table_on_a_slide_has_words(profile: Document, files: dict[str, bytes]) -> None:
    deck = pptx.Presentation(io.BytesIO(files["pptx"]))
    shapes = [shape for slide in deck.slides for shape in slide.shapes]
    told = [
        shape._element.xpath(".//p:cNvPr")[0].get("descr")
        for shape in shapes
        if shape.has_chart or shape.has_table or shape.shape_type == 13
    ]
    assert len(told) > len(list_pictures(profile))
    assert all(told)


def test_a_chart_on_a_slide_names_what_is_suppressed_and_draws_no_bar_for_it(release: Release) -> None:
    area = require_area(release, "Fairfield & Vale")
    document = make_area_profile(release, area, release.profiles["core20plus5_adults"], pictures=1)
    deck = pptx.Presentation(io.BytesIO(render_document(document, "pptx")))
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    plots = [chart.plots[0] for chart in charts]
    hidden = [
        (name, plot.series[0].values[place])
        for plot in plots
        for place, name in enumerate(plot.categories)
        if "(suppressed)" in name
    ]
    assert hidden
    assert {value for _, value in hidden} == {None}


def test_the_pdf_is_tagged_and_says_its_language_and_title(files: dict[str, bytes]) -> None:
    content = files["pdf"]
    assert content.startswith(b"%PDF-")
    for mark in (b"/StructTreeRoot", b"/Lang(en-GB)", b"pdfuaid:part", b"/TH", b"/Alt", b"/FontFile3"):
        assert mark in content, mark
    assert b"Old Town" in content


def test_the_html_asks_for_nothing_outside(files: dict[str, bytes]) -> None:
    text = files["html"].decode()
    outside = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?!#)([^"'\s)>]+)""", text)
    assert outside == []
    assert "<script" not in text
    assert '<html lang="en-GB">' in text
    assert "@media print" in text
    assert 'href="#main"' in text


def test_no_id_of_the_html_is_there_twice(files: dict[str, bytes]) -> None:
    ids = re.findall(r'\bid="([^"]+)"', files["html"].decode())
    assert len(ids) == len(set(ids))


def test_every_reference_in_the_html_leads_somewhere(files: dict[str, bytes]) -> None:
    text = files["html"].decode()
    ids = set(re.findall(r'\bid="([^"]+)"', text))
    wanted = re.findall(r'href="#([^"]+)"', text) + re.findall(r"url\(#([^)]+)\)", text)
    wanted += [name for names in re.findall(r'aria-labelledby="([^"]+)"', text) for name in names.split()]
    assert set(wanted) <= ids


class Elements(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_in_names_is_text_in_html() -> None:
    page = Elements(render_document(make_hostile(), "html").decode())
    assert not {"b", "script"} & page.tags
    assert " ".join(page.texts).count(html.unescape(HOSTILE)) >= 8


def test_html_in_names_is_text_in_word() -> None:
    file = docx.Document(io.BytesIO(render_document(make_hostile(), "docx")))
    assert [one.text for one in file.paragraphs].count(HOSTILE) == 10
    assert [cell.text for cell in file.tables[0].rows[1].cells] == [HOSTILE, HOSTILE]


def test_html_in_names_is_text_in_powerpoint() -> None:
    deck = pptx.Presentation(io.BytesIO(render_document(make_hostile(), "pptx")))
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    assert [cell.text for cell in tables[0].rows[1].cells] == [HOSTILE, HOSTILE]


def test_markup_in_names_is_text_in_pdf() -> None:
    """What Typst would run as code stands in strings: otherwise this would stop with 'panicked'."""
    assert render_document(make_hostile(), "pdf").startswith(b"%PDF-")


def test_letters_that_the_font_of_the_pdf_lacks_do_not_stop_it() -> None:
    document = Document("Café 😀", "中", dt.date(2026, 3, 31), "x", (), (Section("বাংলা", (Paragraph("ŵ"),)),))
    assert render_document(document, "pdf").startswith(b"%PDF-")


def test_an_unknown_format_is_told_with_the_known_ones() -> None:
    with pytest.raises(InputError, match='Did you mean "docx"'):
        require_format("doc")


@pytest.mark.parametrize(("name", "module"), [("docx", "docx"), ("pptx", "pptx"), ("pdf", "typst")])
def test_a_missing_extra_is_told_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, name: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EvengroundError, match=re.escape("pip install 'evenground[reports]'")):
        require_format(name)
    assert require_format("html") == "html"


def test_a_document_without_pictures_needs_no_tables_behind_them() -> None:
    file = docx.Document(io.BytesIO(render_document(make_hostile(), "docx")))
    assert "The figures behind the pictures" not in [one.text for one in file.paragraphs]
