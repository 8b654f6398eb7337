"""What NHS England asks bodies to report on health inequalities, and what a release can answer."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from evenground.releases import Release
from evenground.reports.documents.model import Block, Bullets, Paragraph, Section, Table
from evenground.reports.words import count_in_words, list_in_words

_FILE: Final = Path(__file__).with_name("statement_domains.toml")
NO_DATA: Final = "no data in this release"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ask(_Frozen):
    """One thing that is asked, and the indicators that answer it or come near."""

    what: str
    answered_by: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


class Domain(_Frozen):
    """A domain of the statement."""

    name: str
    asks: tuple[Ask, ...]


class Statement(_Frozen):
    """The statement: its title, where it stands, the time that it is for, and its domains."""

    title: str
    publisher: str
    period: str
    url: str
    later_title: str
    later_url: str
    domains: tuple[Domain, ...]


@cache
def load_statement() -> Statement:
    """The statement as this version knows it."""
    return Statement.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")), strict=False)


def make_domain_section(release: Release) -> Section:
    """Each thing that is asked with what the release answers, and the domains that it has nothing on.

    Parameters
    ----------
    release
        The release to look in.
    """
    statement = load_statement()
    rows = [row for domain in statement.domains for row in _list_rows(release, domain)]
    empty = [
        domain.name
        for domain in statement.domains
        if not any(_held(release, ask.answered_by + ask.near) for ask in domain.asks)
    ]
    answered = sum(row[1] == "answered" for row in rows)
    blocks: list[Block] = [
        Paragraph(
            f"Of {count_in_words(len(rows), 'thing')} that the statement asks for, this release answers "
            f"{answered}. Where an indicator comes near without being what is asked, it is named."
        ),
        Table(
            "What is asked, and what this release holds",
            ("What is asked", "In this release", "Indicators"),
            tuple(rows),
            (2.4, 1.1, 2.5),
        ),
    ]
    if empty:
        blocks += [Paragraph("Domains of which this release holds nothing at all:"), Bullets(tuple(empty))]
    return Section("What the statement asks for", tuple(blocks))


def _list_rows(release: Release, domain: Domain) -> Iterator[tuple[str, str, str]]:
    for ask in domain.asks:
        answers, near = _held(release, ask.answered_by), _held(release, ask.near)
        state = "answered" if answers else "near" if near else NO_DATA
        yield f"{domain.name}: {_lower_first(ask.what)}", state, list_in_words(answers or near) or "none"


def _lower_first(words: str) -> str:
    """As it reads after a colon; a name such as NHS stays."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _held(release: Release, indicator_ids: tuple[str, ...]) -> list[str]:
    return [release.indicators[one].name for one in indicator_ids if one in release.indicators]
