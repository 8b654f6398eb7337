"""What a report says, before it is a Word, PowerPoint, PDF or HTML file.

A document is a tree: sections with a heading, in them blocks and further sections. How deep a section lies
is the level of its heading, so that no level can be skipped. All text is plain: each format escapes it for
itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from evenground.reports.charts import Figure

LANGUAGE: Final = "en-GB"
NO_FIGURE: Final = "none"
"""What stands in a table where a figure has no such thing as an interval or a wider area."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``note`` is small print, ``warning`` is set apart.

    ``in_slides`` is false for words about how a picture is drawn, where a presentation draws it otherwise.
    """

    text: str
    style: Literal["plain", "note", "warning"] = "plain"
    in_slides: bool = True


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list without an order."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows and columns; the first column names the row.

    Attributes
    ----------
    title
        What the table is of: its caption.
    columns, rows
        Plain text.
    widths
        Of the columns, against one another; one wide column and equal others where it is empty.
    in_slides
        False for detail that a presentation leaves to the other formats.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()
    in_slides: bool = True

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of the width that each column takes."""
        widths = self.widths or (2.4, *(1.0 for _ in self.columns[1:]))
        return tuple(width / sum(widths) for width in widths)


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure: its picture, the sentence about it and, in the table behind it, its numbers.

    ``is_in_tables`` where the document holds its numbers in a table of its own.
    """

    figure: Figure
    is_in_tables: bool = False

    @property
    def alt_text(self) -> str:
        """The picture in words, for whoever does not see it."""
        return f"{self.figure.title}. {self.figure.summary}"

    @property
    def table(self) -> Table:
        """The figures behind the picture, without columns that hold nothing."""
        rows = self.figure.rows
        kept = [
            place
            for place in range(len(self.figure.columns))
            if place == 0 or any(row[place] != NO_FIGURE for row in rows)
        ]
        return Table(
            self.figure.title,
            tuple(self.figure.columns[place] for place in kept),
            tuple(tuple(row[place] for place in kept) for row in rows),
        )


Block = Paragraph | Bullets | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    heading: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A report.

    Attributes
    ----------
    title, subtitle
        The title is the one heading above all others.
    as_at
        The date of its figures, which every format carries as its own date.
    footer
        What stands at the foot of every page: whose figures, of which release.
    blocks
        What stands before the first heading.
    sections
        In order.
    """

    title: str
    subtitle: str
    as_at: dt.date
    footer: str
    blocks: tuple[Block, ...]
    sections: tuple[Section, ...]


def walk_blocks(document: Document) -> Iterator[Block]:
    """Every block of a document, in the order of reading."""

    def within(section: Section) -> Iterator[Block]:
        yield from section.blocks
        for inner in section.sections:
            yield from within(inner)

    yield from document.blocks
    for section in document.sections:
        yield from within(section)


def add_tables_behind(document: Document) -> Document:
    """The document with the tables behind its pictures at the end, for formats that cannot fold them away."""
    pictures = [one for one in walk_blocks(document) if isinstance(one, Picture) and not one.is_in_tables]
    if not pictures:
        return document
    words = Paragraph("Every picture again, as a table.")
    behind = Section("The figures behind the pictures", (words, *(one.table for one in pictures)))
    return replace(document, sections=(*document.sections, behind))
