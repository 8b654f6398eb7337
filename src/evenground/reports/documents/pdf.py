"""A report as a PDF that a screen reader can read: tagged, with a title, a language and words for pictures.

Typst is told to hold the file to PDF/UA-1, and refuses what would not be accessible. It uses the fonts that
it brings along and no others, so that the bytes do not depend on the machine.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import typst

from evenground.errors import EvengroundError
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
from evenground.reports.words import clean_text, format_date

_OTHER_SCRIPTS: Final = re.compile("[^\x00-\u052f\u1e00-\u1fff\u2010-\u2027\u2030-\u22ff]")
"""Beside Latin, Greek and Cyrillic letters, punctuation and signs."""

_MANY_COLUMNS: Final = 6
_COLUMN: Final = 8.2
_ALONE: Final = 10.0
_WORDS: Final = 2.8
_TALLEST: Final = 22.5
_TALLEST_PICTURE: Final = 17.5
"""Centimetres: a column, a picture alone, the words above one, and what fits on a page below a heading."""

_VIEW_BOX: Final = re.compile(r'viewBox="\S+ \S+ (\S+) (\S+)"')
_LANGUAGE, _REGION = LANGUAGE.split("-")

_SET_APART: Final = 'stroke: (left: 3pt + rgb("#6b1d48")), inset: (left: 8pt, y: 3pt)'
_TEMPLATE: Final = """
#set document(title: {title}, description: {subtitle}, author: "Evenground", date: datetime({date}))
#set page(paper: "a4", margin: (x: 2cm, top: 2cm, bottom: 2.2cm), footer: context [
  #set text(size: 8pt, fill: rgb("#4c6272"))
  #grid(columns: (1fr, auto), gutter: 1em)[#{footer}][#counter(page).display("1 of 1", both: true)]
])
#set text(lang: "{language}", region: "{region}", font: "Libertinus Serif", size: 10.5pt)
#set text(fill: rgb("#212b32"))
#set par(leading: 0.6em, spacing: 0.9em)
#show title: set text(size: 24pt, fill: rgb("#003d78"))
#show heading: set text(fill: rgb("#003d78"))
#show heading: set block(above: 1.5em, below: 0.8em, sticky: true)
#show heading.where(level: 1): set text(size: 16pt)
#show heading.where(level: 2): set text(size: 13pt)
#show heading.where(level: 3): set text(size: 11.5pt, fill: rgb("#212b32"))
#show figure.where(kind: table): set figure.caption(position: top)
#show figure.where(kind: table): set block(breakable: true)
#show figure.where(kind: image): set figure.caption(position: top)
#show figure.caption: it => block(width: 100%, sticky: true, align(left, strong(it.body)))
#show figure: set align(left)
#set figure(numbering: none, supplement: none)
#set table(stroke: (x: none, y: 0.5pt + rgb("#aeb7bd")), inset: (x: 4pt, y: 4pt),
  fill: (_, y) => if y == 0 {{ rgb("#e8edee") }})
#show table.cell.where(y: 0): strong
#show table.cell: set par(justify: false)

#title({title})
#block(below: 1.2em, text(size: 13pt, fill: rgb("#4c6272"), {subtitle}))
#par({dated})
{body}
"""


def render(document: Document) -> bytes:
    """The document as a PDF held to PDF/UA-1, the same bytes for the same content.

    Raises
    ------
    EvengroundError
        Where Typst refuses it.
    """
    whole = add_tables_behind(document)
    pictures: dict[str, str] = {}
    body = "\n".join([*_blocks(whole.blocks, pictures), *_sections(whole.sections, 1, pictures)])
    date = document.as_at
    source = _TEMPLATE.format(
        title=_text(document.title),
        subtitle=_text(document.subtitle),
        date=f"year: {date.year}, month: {date.month}, day: {date.day}",
        footer=_text(document.footer),
        language=_LANGUAGE,
        region=_REGION.lower(),
        dated=_text(f"Figures as at {format_date(date)}"),
        body=body,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, svg in pictures.items():
            (folder / file).write_text(svg, encoding="utf-8")
        return _compile(source, folder, date)


@cache
def _fonts() -> Any:
    """The fonts that Typst brings along; reading the system's would make files differ between machines."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def _compile(source: str, folder: Path, date: dt.date) -> bytes:
    try:
        return _run_typst(source, folder, date)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise EvengroundError(f"The PDF could not be made: {error}.") from error
    # PDF/UA refuses letters that its font lacks, which nobody could read: they become question marks.
    for file in folder.iterdir():
        file.write_text(_keep_letters(file.read_text(encoding="utf-8")), encoding="utf-8")
    try:
        return _run_typst(_keep_letters(source), folder, date)
    except typst.TypstError as error:
        raise EvengroundError(f"The PDF could not be made: {error}. Take another format.") from error


def _run_typst(source: str, folder: Path, date: dt.date) -> bytes:
    stamp = int(dt.datetime.combine(date, dt.time(), tzinfo=dt.UTC).timestamp())
    made = typst.compile(
        source.encode(),
        root=str(folder),
        font_paths=_fonts(),
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=stamp,
    )
    return bytes(made)


def _keep_letters(text: str) -> str:
    return _OTHER_SCRIPTS.sub("?", text)


def _text(text: str) -> str:
    """A string of Typst, in which nothing is markup."""
    return json.dumps(clean_text(text), ensure_ascii=False)


def _sections(sections: Iterable[Section], level: int, pictures: dict[str, str]) -> Iterator[str]:
    for section in sections:
        yield f"#heading(level: {level}, {_text(section.heading)})"
        yield from _blocks(section.blocks, pictures, stick=bool(section.sections))
        yield from _sections(section.sections, level + 1, pictures)


def _blocks(blocks: Iterable[Block], pictures: dict[str, str], *, stick: bool = False) -> Iterator[str]:
    """Words stay on the page of the picture, or with ``stick`` of the heading, that follows them."""
    groups = [
        (is_picture, list(group))
        for is_picture, group in groupby(blocks, key=lambda one: isinstance(one, Picture))
    ]
    for number, (is_picture, group) in enumerate(groups, start=1):
        if is_picture:
            yield from _place_pictures([one for one in group if isinstance(one, Picture)], pictures)
            continue
        words = [_block(one) for one in group if not isinstance(one, Picture)]
        stays = stick or number < len(groups)
        yield from (f"#block(sticky: true, {one.removeprefix('#')})" if stays else one for one in words)


def _block(block: Paragraph | Bullets | Table) -> str:
    if isinstance(block, Paragraph):
        words = f"par({_text(block.text)})"
        return {
            "plain": f"#{words}",
            "note": f'#text(size: 9pt, fill: rgb("#4c6272"), {words})',
            "warning": f"#block({_SET_APART}, strong({words}))",
        }[block.style]
    if isinstance(block, Bullets):
        return f"#list({', '.join(_text(item) for item in block.items)})"
    return _table(block)


def _table(table: Table) -> str:
    columns = ", ".join(f"{100 * share:.2f}%" for share in table.shares)
    head = ", ".join(_text(column) for column in table.columns)
    rows = "\n".join("  " + ", ".join(_text(cell) for cell in row) + "," for row in table.rows)
    size = "7.5pt" if len(table.columns) > _MANY_COLUMNS else "9pt"
    return (
        f"#figure(kind: table, caption: {_text(table.title)}, {{\n set text(size: {size})\n"
        f" table(columns: ({columns}), align: left, table.header({head}),\n{rows}\n )\n}})"
    )


def _place_pictures(block: list[Picture], pictures: dict[str, str]) -> Iterator[str]:
    """Pictures that follow one another stand in two columns, each below the shorter, page by page."""
    if len(block) == 1:
        yield f"#block(width: {_ALONE:.2f}cm, {_picture(block[0], pictures, _ALONE)})"
        return
    columns: tuple[list[str], list[str]] = ([], [])
    heights = [0.0, 0.0]
    for picture in block:
        column = 0 if heights[0] <= heights[1] else 1
        height = _fit(picture, _COLUMN)[1] + _WORDS
        if heights[column] and heights[column] + height > _TALLEST:
            yield _two_columns(columns)
            columns, heights, column = ([], []), [0.0, 0.0], 0
        columns[column].append(_picture(picture, pictures, _COLUMN))
        heights[column] += height
    yield _two_columns(columns)


def _two_columns(columns: tuple[list[str], list[str]]) -> str:
    first, second = (f"stack(spacing: 5mm, {', '.join(column)})" for column in columns)
    return f"#grid(columns: (1fr, 1fr), gutter: 6mm, {first}, {second})"


def _fit(picture: Picture, width: float) -> tuple[float, float]:
    """Width and height of a picture in centimetres, no taller than a page has room for."""
    wide, tall = _size_of(picture)
    height = min(width * tall / wide, _TALLEST_PICTURE)
    return height * wide / tall, height


def _size_of(picture: Picture) -> tuple[float, float]:
    found = _VIEW_BOX.search(picture.figure.svg)
    return (float(found[1]), float(found[2])) if found else (1.0, 1.0)


def _picture(picture: Picture, pictures: dict[str, str], room: float) -> str:
    name = f"{len(pictures)}.svg"
    pictures[name] = picture.figure.svg
    figure = picture.figure
    width, _ = _fit(picture, room)
    return (
        f"block(breakable: false, {{ figure(kind: image, caption: {_text(figure.title)}, {{\n"
        f" par({_text(figure.summary)})\n"
        f' image("{name}", width: {width:.2f}cm, alt: {_text(picture.alt_text)})\n}}) }})'
    )
