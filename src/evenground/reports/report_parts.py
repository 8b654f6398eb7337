"""What every report says: whose figures these are, how to read them, and why some are not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl

from evenground.releases import IndicatorInfo, Release
from evenground.reports.documents.model import Block, Bullets, Paragraph, Picture, Section, Table
from evenground.reports.names import NOTE_MEANINGS, say_dates
from evenground.reports.provenance import is_published
from evenground.reports.words import clean_text, format_date, list_in_words
from evenground.vocabulary import AreaType, Cut

INVENTED: Final = "Invented data: no real place, no real people."
_BASES: Final = {
    "registered": "people registered with the place’s GP practices",
    "resident": "people who live in the place",
    "published": "nobody here: every figure is one that others published",
}
_INTERVALS: Final = (
    "The 95% interval says how far chance alone could move a figure. A wide one means that few people stand "
    "behind it."
)
_SIMILAR: Final = (
    "A figure is similar to another where its 95% interval holds the other, and better or worse, or higher "
    "or lower, only where it does not. With many indicators chance alone makes some look better or worse."
)


def say_release(release: Release) -> str:
    """One line on whose figures these are, for the foot of every page."""
    manifest = release.manifest
    told = f"Evenground {manifest.place_name}, release {manifest.release_id}, policy {manifest.policy}."
    return clean_text(f"{INVENTED} {told}" if manifest.synthetic else told)


def date_of(release: Release) -> dt.date:
    """The date of a release's figures."""
    return dt.date.fromisoformat(release.manifest.as_at)


def warn_of_invention(release: Release) -> tuple[Paragraph, ...]:
    """That a place is invented, where it is."""
    return (Paragraph(INVENTED, "warning"),) if release.manifest.synthetic else ()


def make_reading_section(sections: Iterable[Section]) -> Section:
    """How to read the report: those words are explained that stand in the place of figures in it.

    Parameters
    ----------
    sections
        The rest of the report.
    """
    cells = set(_list_cells(sections))
    meanings = tuple((word, meaning) for word, meaning in NOTE_MEANINGS.items() if _stands_in(word, cells))
    blocks: list[Block] = [Paragraph(_INTERVALS), Paragraph(_SIMILAR)]
    if meanings:
        blocks.append(Table("Words in the place of figures", ("Word", "What it means"), meanings, (1, 4)))
    return Section("How to read this report", tuple(blocks))


def _list_cells(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        for block in section.blocks:
            table = block.table if isinstance(block, Picture) else block
            if isinstance(table, Table):
                yield from (cell for row in table.rows for cell in row[1:])
        yield from _list_cells(section.sections)


def _stands_in(word: str, cells: set[str]) -> bool:
    """Whether a word is a cell; a true zero has a unit, and a count of nobody has none."""
    return any(cell.startswith(("0%", "0 per")) for cell in cells) if word == "0" else word in cells


def make_source_section(release: Release, indicators: Sequence[IndicatorInfo]) -> Section:
    """Sources, periods, base, policy and release.

    Parameters
    ----------
    release
        The release that the report was made from.
    indicators
        Those that stand in the report.
    """
    manifest = release.manifest
    base = _BASES.get(manifest.population_base, manifest.population_base)
    facts = (
        ("Release", manifest.release_id),
        ("Figures as at", format_date(date_of(release))),
        ("People counted", base),
        ("Small areas", f"LSOAs of {manifest.lsoa_edition}"),
        ("Deprivation", f"Index of Multiple Deprivation {manifest.imd_edition}; 1 = most deprived"),
        ("Disclosure policy", manifest.policy),
        ("Counted from", list_in_words(list(dict.fromkeys(one.name for one in manifest.sources))) or "none"),
        ("Made with", f"Evenground {manifest.code_version}"),
    )
    sources = _list_sources(release, indicators)
    return Section(
        "About the figures",
        (
            Paragraph(
                "This report was made from one release, which anybody can check, and from nothing else."
            ),
            Table("The release", ("What", "In this report"), facts, (1, 3)),
            Paragraph("How people’s privacy is protected:"),
            Bullets(tuple(manifest.policy_words)),
            Table(
                "Period and source of each indicator",
                ("Indicator", "Period", "Basis", "Definition or publisher"),
                sources,
                (2.2, 1.3, 0.9, 3),
                in_slides=False,
            ),
        ),
    )


def _list_sources(release: Release, indicators: Sequence[IndicatorInfo]) -> tuple[tuple[str, ...], ...]:
    values = release.latest_values.filter(pl.col("cut") == Cut.ALL)
    found = values.group_by("indicator_id").agg(
        pl.col("period").filter(pl.col("area_type") == AreaType.PLACE).max().alias("place"),
        pl.col("period").max().alias("any"),
        pl.col("edition").max(),
    )
    periods = {name: (place or other or "", edition) for name, place, other, edition in found.iter_rows()}
    return tuple(
        (
            info.name,
            say_dates(periods.get(info.id, ("", ""))[0]),
            "published" if is_published(info) else "counted",
            info.source,
        )
        for info in indicators
    )
