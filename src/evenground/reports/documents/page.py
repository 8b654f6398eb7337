"""A report as one HTML file that needs nothing beside it: for a browser, a screen reader and a printer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import count
from typing import Final

from evenground.reports.documents.model import (
    LANGUAGE,
    Block,
    Bullets,
    Document,
    Paragraph,
    Picture,
    Section,
    Table,
)
from evenground.reports.words import clean_text, format_date

_FEW_COLUMNS: Final = 5
_STYLE: Final = """
*{box-sizing:border-box}
body{margin:0;font:1.05rem/1.5 arial,sans-serif;color:#212b32;background:#fff}
a{color:#005eb8}
a:focus,summary:focus,[tabindex]:focus{outline:3px solid #212b32;outline-offset:2px;background:#fff3b0}
.skip{position:absolute;left:-999rem}
.skip:focus{position:static;display:block;padding:.5rem 1rem}
header,main,footer{max-width:62rem;margin:0 auto;padding:1rem 1.25rem}
header{border-bottom:4px solid #005eb8}
h1{font-size:2rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.5rem;margin:2.2rem 0 .6rem;border-top:1px solid #aeb7bd;padding-top:1rem}
h3{font-size:1.2rem;margin:1.6rem 0 .5rem}
h4{font-size:1.05rem;margin:1.2rem 0 .4rem}
p,ul{max-width:44rem;margin:.5rem 0}
.subtitle{font-size:1.2rem;color:#4c6272}
.note,footer{font-size:.9rem;color:#4c6272}
.warning{border-left:6px solid #6b1d48;padding:.4rem .8rem;background:#f7eff3}
nav ol{list-style:none;padding:0;columns:2 18rem}
.scroll{overflow-x:auto;margin:.8rem 0}
.narrow{margin:.8rem 0}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;font-weight:700;padding:.3rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-bottom:1px solid #d8dde0}
thead th{border-bottom:2px solid #4c6272}
tbody th{font-weight:400}
figure{margin:1rem 0;break-inside:avoid}
figure svg{width:100%;max-width:34rem;height:auto;display:block}
figcaption{max-width:44rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:1.5rem;align-items:start}
summary{cursor:pointer;color:#005eb8}
@media (max-width:40rem){
.narrow table{font-size:.75rem;table-layout:fixed}
.narrow th,.narrow td{padding:.25rem .2rem;overflow-wrap:break-word;hyphens:auto}
}
@page{size:A4;margin:16mm}
@media print{
body{font-size:10pt}
header,main,footer{max-width:none;padding:0}
nav,.skip{display:none}
details>summary{display:none}
h2,h3,h4,caption{break-after:avoid}
tr,figure{break-inside:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}
.pair{grid-template-columns:1fr 1fr}
a{color:inherit}
}
"""


def render(document: Document) -> bytes:
    """The document as one HTML file; pictures are drawings in it, each with its figures folded behind it."""
    ids = _Ids()
    main = "\n".join([_contents(document), *_blocks(document.blocks, ids), *_sections(document, ids)])
    page = f"""<!doctype html>
<html lang="{LANGUAGE}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{_text(document.title)}: {_text(document.subtitle)}</title>
<style>{_STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<h1>{_text(document.title)}</h1>
<p class="subtitle">{_text(document.subtitle)}</p>
<p>Figures as at {format_date(document.as_at)}</p>
</header>
<main id="main" tabindex="-1">
{main}
</main>
<footer><p>{_text(document.footer)}</p></footer>
</body>
</html>
"""
    return page.encode()


class _Ids:
    """Ids that no page has twice."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def next(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"


def _text(text: str) -> str:
    return escape(clean_text(text))


def _contents(document: Document) -> str:
    links = "".join(
        f'<li><a href="#part-{number}">{_text(section.heading)}</a></li>'
        for number, section in enumerate(document.sections, start=1)
    )
    return f'<nav aria-label="Contents"><ol>{links}</ol></nav>'


def _sections(document: Document, ids: _Ids) -> Iterator[str]:
    for number, section in enumerate(document.sections, start=1):
        yield from _section(section, 2, f"part-{number}", ids)


def _section(section: Section, level: int, name: str, ids: _Ids) -> Iterator[str]:
    yield f'<section aria-labelledby="{name}">'
    yield f'<h{level} id="{name}">{_text(section.heading)}</h{level}>'
    yield from _blocks(section.blocks, ids)
    for inner in section.sections:
        yield from _section(inner, level + 1, ids.next("section"), ids)
    yield "</section>"


def _blocks(blocks: Iterable[Block], ids: _Ids) -> Iterator[str]:
    pictures: list[str] = []
    for block in blocks:
        if isinstance(block, Picture):
            pictures.append(_picture(block, ids))
            continue
        yield from _pair(pictures)
        pictures = []
        yield _block(block, ids)
    yield from _pair(pictures)


def _pair(pictures: list[str]) -> Iterator[str]:
    """Pictures that follow one another stand side by side where there is room."""
    if len(pictures) > 1:
        yield f'<div class="pair">{"".join(pictures)}</div>'
    else:
        yield from pictures


def _block(block: Paragraph | Bullets | Table, ids: _Ids) -> str:
    if isinstance(block, Paragraph):
        named = "" if block.style == "plain" else f' class="{block.style}"'
        return f"<p{named}>{_text(block.text)}</p>"
    if isinstance(block, Bullets):
        return f"<ul>{''.join(f'<li>{_text(item)}</li>' for item in block.items)}</ul>"
    return _table(block, ids)


def _table(table: Table, ids: _Ids) -> str:
    """Only a table too wide for a phone scrolls in a part of its own, which is a stop of the keyboard."""
    name = ids.next("table")
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in table.columns)
    rows = "".join(_row(row) for row in table.rows)
    written = (
        f'<table><caption id="{name}">{_text(table.title)}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table>"
    )
    if len(table.columns) <= _FEW_COLUMNS:
        return f'<div class="narrow">{written}</div>'
    return f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{name}">{written}</div>'


def _row(row: tuple[str, ...]) -> str:
    cells = "".join(f"<td>{_text(cell)}</td>" for cell in row[1:])
    return f'<tr><th scope="row">{_text(row[0])}</th>{cells}</tr>\n'


def _picture(picture: Picture, ids: _Ids) -> str:
    figure = picture.figure
    return (
        f"<figure><figcaption><strong>{_text(figure.title)}</strong>"
        f"<p>{_text(figure.summary)}</p></figcaption>{figure.svg}"
        f"<details><summary>The figures of this picture as a table</summary>"
        f"{_table(picture.table, ids)}</details></figure>"
    )
