"""The profile of one area as a report: how it stands to the place, every figure, and some in pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from evenground.errors import InputError
from evenground.releases import IndicatorInfo, Profile, Release
from evenground.reports import charts
from evenground.reports.area_facts import AreaFacts, Parts, describe_area
from evenground.reports.charts import Figure
from evenground.reports.documents import Block, Document, Paragraph, Picture, Section, Table
from evenground.reports.figures import Row, list_rows
from evenground.reports.inequality import list_clear_gaps, say_clear_gaps
from evenground.reports.marks import MEANINGS
from evenground.reports.names import AREA_KINDS, say_dates
from evenground.reports.over_time import draw_over_time
from evenground.reports.provenance import is_published
from evenground.reports.report_parts import (
    date_of,
    make_reading_section,
    make_source_section,
    say_release,
    warn_of_invention,
)
from evenground.reports.spines import draw_spine
from evenground.reports.standings import Standing, read_standings, say_standing
from evenground.reports.subjects import Area, find_broken_down, list_indicators
from evenground.reports.words import (
    NOTE_WORDS,
    clean_text,
    count_in_words,
    format_value,
    format_value_with_interval,
)
from evenground.vocabulary import AreaType, Comparison, Cut, PublishedCut, ValueNote

MOST_PICTURED: Final = 6
_NO_DATA: Final = NOTE_WORDS[ValueNote.MISSING]
_FEWEST_GROUPS: Final = 5
"""With fewer ethnic groups that have a figure, the five high-level groups tell more."""

_ROWS_OF_A_SPINE: Final = 8
"""So many fit on a page with their legend."""


def make_area_profile(
    release: Release, area: Area, profile: Profile | None = None, *, pictures: int = MOST_PICTURED
) -> Document:
    """The profile of an area from a release, and from nothing else.

    Parameters
    ----------
    release
        The release.
    area
        One of its areas; see ``require_area``.
    profile
        Which indicators; every one of the release by default, by topic.
    pictures
        How many indicators to show in pictures, those furthest behind first.

    Returns
    -------
    Document
        For ``render_document``.

    Raises
    ------
    InputError
        Where the release has no figures of the area for these indicators.
    """
    view = _View.of(release, area, profile)
    pictured = view.choose_pictured(pictures)
    facts = describe_area(release, area)
    sections = [
        view.at_a_glance(facts),
        *([] if area.is_place else [view.compared(facts)]),
        view.every_figure(),
        *([view.in_pictures(pictured)] if pictured else []),
    ]
    sections += [
        make_reading_section(sections),
        make_source_section(release, [row.indicator for row in view.rows.values()]),
    ]
    return Document(
        title=clean_text(area.name),
        subtitle=clean_text(f"{facts.kind} profile: {profile.name if profile else 'every indicator'}"),
        as_at=date_of(release),
        footer=say_release(release),
        blocks=warn_of_invention(release),
        sections=tuple(section for section in sections if section.blocks or section.sections),
    )


@dataclass(frozen=True, slots=True)
class _View:
    """The figures of one area, by the sections of a profile or by topic."""

    release: Release
    area: Area
    rows: dict[str, Row]
    standings: dict[str, Standing]
    parts: tuple[tuple[str, str, tuple[str, ...]], ...]
    is_profile: bool

    @classmethod
    def of(cls, release: Release, area: Area, profile: Profile | None) -> _View:
        infos = list_indicators(release, profile) if profile else list(release.indicators.values())
        ids = [info.id for info in infos]
        rows = {row.indicator.id: row for row in list_rows(release, ids, area) if row.raw is not None}
        if not rows:
            told = f' of the profile "{profile.name}"' if profile else ""
            raise InputError(
                f"This release has no figures{told} for {area.name}. Take another area or profile."
            )
        standings = read_standings(release, area.area_type, area.area_code, ids)
        return cls(
            release,
            area,
            rows,
            {one.info.id: one for one in standings if one.info.id in rows},
            tuple(_part(infos, profile)),
            profile is not None,
        )

    @property
    def place(self) -> str:
        return clean_text(self.release.manifest.place_name)

    def at_a_glance(self, facts: AreaFacts) -> Section:
        """What the area is, and how its figures come out."""
        told = [
            ("Kind", facts.kind),
            ("Code", self.area.area_code),
            ("Lies in", ", ".join(one.name for one in facts.parents)),
            ("People", facts.population),
            ("Deprivation", facts.deprivation),
            ("Holds", ", ".join(_count_part(part) for part in facts.parts)),
        ]
        table = Table(
            f"About {self.area.name}",
            ("What", self.area.name),
            tuple((label, value) for label, value in told if value not in ("", _NO_DATA)),
            (1, 3),
        )
        words = say_clear_gaps(self.release, self.rows) if self.area.is_place else self._say_standing()
        return Section("At a glance", (Paragraph(words), table))

    def _say_standing(self) -> str:
        return say_standing(list(self.standings.values()), area_name=self.area.name, place_name=self.place)

    def compared(self, facts: AreaFacts) -> Section:
        """The spine charts: every indicator against the place, as many to a picture as a page holds."""
        ordered = dict.fromkeys(one for _, _, ids in self.parts for one in ids)
        groups = _chunk([self.standings[one] for one in ordered if one in self.standings], _ROWS_OF_A_SPINE)
        pictures = [
            Picture(figure)
            for number, group in enumerate(groups, start=1)
            if (figure := self._draw_spine(group, facts, _name_part(number, len(groups))))
        ]
        words = Paragraph(
            f"In each picture {self.place} stands in the middle of every line. A mark to the left of it is "
            "worse, one to the right better. The light band holds every other area of the same kind that has "
            "a figure, the dark band the middle half of them. Each line has a scale of its own.",
            in_slides=False,
        )
        return Section(f"How it compares with {self.place}", (words, *pictures) if pictures else ())

    def _draw_spine(self, group: Sequence[Standing], facts: AreaFacts, part: str) -> Figure | None:
        return draw_spine(
            group,
            area_type=self.area.area_type,
            area_code=self.area.area_code,
            area_name=self.area.name,
            place_name=self.place,
            noun=facts.plural,
            part=part,
        )

    def every_figure(self) -> Section:
        """A table for each part."""
        sections = []
        for name, words, ids in self.parts:
            rows = [self.rows[one] for one in ids if one in self.rows]
            if rows:
                blocks = (*((Paragraph(words),) if words else ()), self._make_table(name, rows))
                sections.append(Section(name, blocks))
        return Section("Every figure", (), tuple(sections))

    def _make_table(self, name: str, rows: Sequence[Row]) -> Table:
        columns = {"Indicator": 2.6, "Value": 1.0, "95% interval": 1.2, "Count": 1.3}
        if not self.area.is_place:
            columns[f"Against {self.place}"] = 1.3
        if self._has_wider:
            columns["Against a wider area"] = 1.5
        columns["Target"] = 1.0
        return Table(
            f"{name}: {self.area.name}",
            tuple(columns),
            tuple(self._table_row(row) for row in rows),
            tuple(columns.values()),
        )

    def _table_row(self, row: Row) -> tuple[str, ...]:
        name = row.indicator.name
        if is_published(row.indicator):
            name += f" (published figure, {say_dates(row.period)})"
        against = [] if self.area.is_place else [self._say_against(row)]
        if self._has_wider:
            against.append(self._say_against_wider(row))
        target = f"{row.target}: {_TARGETS[row.target_state]}" if row.target else "none set"
        return (name, row.value, row.interval or "none", row.count or "none", *against, target.rstrip(": "))

    @property
    def _has_wider(self) -> bool:
        return any(one.wider is not None for one in self.standings.values())

    def _say_against(self, row: Row) -> str:
        standing = self.standings.get(row.indicator.id)
        if standing is None or standing.place.value is None:
            return "not compared"
        level = format_value(standing.place.value, row.indicator.unit, standing.place.note)
        return f"{_say_comparison(row.comparison)} ({level})"

    def _say_against_wider(self, row: Row) -> str:
        standing = self.standings.get(row.indicator.id)
        if standing is None or standing.wider is None:
            return "none"
        wider = standing.wider
        level = format_value(wider.value, row.indicator.unit, wider.note)
        return f"{wider.label}: {_say_comparison(standing.against_wider)} ({level})"

    def choose_pictured(self, most: int) -> list[IndicatorInfo]:
        """Those clearly behind, the furthest first: against the place, or of the place by its own gap.

        Where a profile was asked for, its others follow.
        """
        if self.area.is_place:
            first = list_clear_gaps(self.release, self.rows)["indicator_id"].to_list()
        else:
            worse = [one for one in self.standings.values() if one.comparison == Comparison.WORSE]
            worse.sort(key=lambda one: (-abs(one.shift or 0.0), one.info.id))
            first = [one.info.id for one in worse]
        others = [name for name, row in self.rows.items() if row.note == ValueNote.PUBLISHED]
        chosen = dict.fromkeys([*first, *(others if self.is_profile else ())])
        return [self.rows[name].indicator for name in list(chosen)[:most]]

    def in_pictures(self, infos: Sequence[IndicatorInfo]) -> Section:
        """The charts of the site, of those indicators that are furthest behind."""
        sections = []
        for info in infos:
            figures = list(self._draw(info))
            if figures:
                blocks: tuple[Block, ...] = (Paragraph(self._say_figure(info)), *map(Picture, figures))
                note = self._say_whole_place(info)
                sections.append(Section(info.name, (*blocks[:1], *note, *blocks[1:])))
        several = count_in_words(len(sections), "indicator")
        how = "by the gap between fifths of its areas" if self.area.is_place else f"against {self.place}"
        words = Paragraph(
            f"{several}: those furthest behind {how} first."
            if self.is_profile
            else f"{several} clearly behind {how}, the furthest first."
        )
        return Section("In pictures", (words,) if sections else (), tuple(sections))

    def _say_figure(self, info: IndicatorInfo) -> str:
        raw = self.rows[info.id].raw or {}
        value = format_value_with_interval(
            raw["value"], raw["lower_cl"], raw["upper_cl"], info.unit, raw["value_note"]
        )
        against = (
            "" if self.area.is_place else f"; against {self.place}: {self._say_against(self.rows[info.id])}"
        )
        return f"{self.area.name}: {value}{against}. {info.description}"

    def _say_whole_place(self, info: IndicatorInfo) -> tuple[Paragraph, ...]:
        if is_published(info):
            return ()
        cuts = {"deprivation": Cut.IMD_QUINTILE, "ethnic group": Cut.ETHNIC_GROUP}
        missing = [
            words
            for words, cut in cuts.items()
            if find_broken_down(self.release, info.id, self.area, cut) != self.area
        ]
        if not missing:
            return ()
        told = " or ".join(missing)
        return (
            Paragraph(
                f"There are no figures by {told} for {self.area.name} alone, so they are shown for the "
                f"whole of {self.place}.",
                "note",
            ),
        )

    def _draw(self, info: IndicatorInfo) -> Iterator[Figure]:
        release, area = self.release, self.area
        shown = find_broken_down(release, info.id, area, Cut.IMD_QUINTILE)
        where = {"area_type": shown.area_type, "area_code": shown.area_code}
        if _count_figures(release, info.id, shown, Cut.IMD_QUINTILE):
            yield charts.draw_quintile_bars(release, info.id, **where)
        shown = find_broken_down(release, info.id, area, Cut.ETHNIC_GROUP)
        is_fine = _count_figures(release, info.id, shown, Cut.ETHNIC_GROUP) >= _FEWEST_GROUPS
        if is_fine or _count_figures(release, info.id, shown, Cut.ETHNIC_GROUP_5):
            kind, code = shown.area_type, shown.area_code
            yield charts.draw_ethnic_group_bars(
                release, info.id, area_type=kind, area_code=code, detail="16" if is_fine else "5"
            )
        if area.is_place and _has_map(release, info.id):
            yield charts.draw_map(release, info.id)
        yield from _draw_deciles(release, info.id)
        over_time = draw_over_time(release, info.id, area_type=area.area_type, area_code=area.area_code)
        if over_time:
            yield over_time


_TARGETS: Final = {"met": "met", "missed": "not met", "close": "about there", "": ""}


def _part(
    infos: Sequence[IndicatorInfo], profile: Profile | None
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    if profile:
        for section in profile.sections:
            yield clean_text(section.name), section.words, section.indicators
        return
    for topic in dict.fromkeys(info.topic for info in infos):
        yield clean_text(topic), "", tuple(info.id for info in infos if info.topic == topic)


def _count_part(part: Parts) -> str:
    singular, plural = AREA_KINDS[AreaType(part.area_type)]
    return count_in_words(part.count, singular[:1].lower() + singular[1:], plural)


def _say_comparison(comparison: str) -> str:
    return MEANINGS[Comparison(comparison)]


def _name_part(number: int, parts: int) -> str:
    return "" if parts == 1 else f"part {number} of {parts}"


def _count_figures(release: Release, indicator_id: str, area: Area, cut: Cut) -> int:
    """How many groups of a breakdown have a figure."""
    own = (pl.col("area_type") == area.area_type) & (pl.col("area_code") == area.area_code)
    known = pl.col("value_note").is_in([ValueNote.PUBLISHED, ValueNote.ZERO])
    return release.latest_values.filter(
        own & known & (pl.col("indicator_id") == indicator_id) & (pl.col("cut") == cut)
    ).height


def _has_map(release: Release, indicator_id: str) -> bool:
    drawn = release.table("boundaries").filter(pl.col("area_type") == AreaType.MSOA)
    figures = (pl.col("indicator_id") == indicator_id) & (pl.col("area_type") == AreaType.MSOA)
    return not drawn.is_empty() and not release.latest_values.filter(figures).is_empty()


def _draw_deciles(release: Release, indicator_id: str) -> Iterator[Figure]:
    tenths = release.latest_values.filter(
        (pl.col("indicator_id") == indicator_id) & pl.col("cut").is_in(list(PublishedCut))
    )
    for cut, area_type, area_code in sorted(
        tenths.select("cut", "area_type", "area_code").unique().iter_rows()
    ):
        yield charts.draw_decile_bars(release, indicator_id, cut, area_type=area_type, area_code=area_code)


def _chunk(standings: Sequence[Standing], size: int) -> list[Sequence[Standing]]:
    """Parts of about the same length, none longer than ``size``."""
    parts = max(1, -(-len(standings) // size))
    each = -(-len(standings) // parts)
    return [standings[start : start + each] for start in range(0, len(standings), each)] if standings else []
