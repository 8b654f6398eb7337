"""The annual statement on health inequalities: every indicator by deprivation, ethnicity, age and sex.

NHS England's statement under section 13SA of the National Health Service Act 2006 asks NHS bodies to break
data down by at least these four, to say what is recorded as unknown, and to publish it each year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from evenground.errors import InputError
from evenground.releases import IndicatorInfo, Release
from evenground.reports import charts
from evenground.reports.cells import Cell, describe_cell, make_cell
from evenground.reports.completeness import list_completeness
from evenground.reports.documents import Block, Document, Paragraph, Picture, Section, Table
from evenground.reports.inequality import list_clear_gaps, say_clear_gaps
from evenground.reports.names import name_category
from evenground.reports.report_parts import (
    date_of,
    make_reading_section,
    make_source_section,
    say_release,
    warn_of_invention,
)
from evenground.reports.sentences import say_ethnic_differences, say_group_differences, say_quintile_gap
from evenground.reports.statement_domains import load_statement, make_domain_section
from evenground.reports.subjects import Group, order_of_group
from evenground.reports.words import (
    NOTE_WORDS,
    PERCENT,
    clean_text,
    count_in_words,
    format_number,
    format_value,
    format_value_with_interval,
    list_in_words,
)
from evenground.vocabulary import EVERYONE, UNKNOWN_AREA, AreaType, Comparison, Cut, Polarity, ValueNote

MOST_PICTURED: Final = 6
_BREAKDOWNS: Final = {
    Cut.IMD_QUINTILE: "deprivation, national fifths",
    Cut.LOCAL_QUINTILE: "deprivation, fifths of the place’s own areas",
    Cut.ETHNIC_GROUP: "ethnic group",
    Cut.AGE_BAND: "age",
    Cut.SEX: "sex",
}
_FOUR: Final = {
    "deprivation": (Cut.IMD_QUINTILE, Cut.LOCAL_QUINTILE),
    "ethnic group": (Cut.ETHNIC_GROUP,),
    "age": (Cut.AGE_BAND,),
    "sex": (Cut.SEX,),
}
_UNRECORDED: Final = frozenset(
    {"99", "Z", "missing", "not_stated", "not_known", "indeterminate", UNKNOWN_AREA}
)
_DUTY: Final = (
    "Integrated care boards, NHS trusts and foundation trusts review in their annual reports how far they "
    "collect, analyse and publish information on health inequalities as NHS England says that they should. "
    "Data are to be broken down by deprivation, ethnicity, age and sex at least, and what is recorded as "
    "unknown is to be told and mended. This report gives those figures for one place. What was done about "
    "them is for the body itself to add."
)
_MOST_NAMED: Final = 6
_MEASURES: Final = ("gap", "sii", "rii")


def make_statement(release: Release, *, pictures: int = MOST_PICTURED) -> Document:
    """The statement of a place from a release, and from nothing else.

    Parameters
    ----------
    release
        The release.
    pictures
        How many indicators to show in pictures, those with the widest gap first.

    Returns
    -------
    Document
        For ``render_document``.

    Raises
    ------
    InputError
        Where the release has no figures of the place.

    References
    ----------
    NHS England's statement on information on health inequalities: see ``statement_domains.toml``.
    """
    views = [view for info in release.indicators.values() if (view := _View.of(release, info)).has_figures]
    if not views:
        raise InputError("This release has no figures of the whole place, so there is nothing to state.")
    sections = [
        _say_what_this_is(),
        _summarise(release, views),
        make_domain_section(release),
        _tell_unknown(release, views),
        *_draw_widest(release, views, pictures),
        *_by_topic(views),
    ]
    sections += [make_reading_section(sections), make_source_section(release, [view.info for view in views])]
    return Document(
        title=f"Information on health inequalities: {clean_text(release.manifest.place_name)}",
        subtitle="Annual statement by deprivation, ethnicity, age and sex",
        as_at=date_of(release),
        footer=say_release(release),
        blocks=warn_of_invention(release),
        sections=tuple(sections),
    )


@dataclass(frozen=True, slots=True)
class _View:
    """One indicator in the whole place, by each breakdown, and the measures of its gap."""

    release: Release
    info: IndicatorInfo
    overall: Cell
    groups: Mapping[Cut, tuple[Cell, ...]]
    worse: Mapping[Cut, tuple[str, ...]]
    measures: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, release: Release, info: IndicatorInfo) -> _View:
        own = (pl.col("area_type") == AreaType.PLACE) & (pl.col("indicator_id") == info.id)
        values = release.latest_values.filter(own)
        rows = values.filter(pl.col("period") == pl.col("period").max().over("cut")).to_dicts()
        by_cut = {cut: [row for row in rows if row["cut"] == cut] for cut in (Cut.ALL, *_BREAKDOWNS)}
        whole = next((row for row in by_cut[Cut.ALL] if row["category"] == EVERYONE), None)
        measures = release.table("inequality").filter(own & (pl.col("cut") == Cut.LOCAL_QUINTILE))
        latest = measures.filter(pl.col("period") == pl.col("period").max())
        return cls(
            release,
            info,
            make_cell(f"{clean_text(release.manifest.place_name)} overall", whole),
            {cut: _make_cells(cut, by_cut[cut]) for cut in _BREAKDOWNS if by_cut[cut]},
            {cut: _name_worse(cut, by_cut[cut]) for cut in _BREAKDOWNS},
            {row["measure"]: row for row in latest.to_dicts() if row["value_note"] == ValueNote.PUBLISHED},
        )

    @property
    def has_figures(self) -> bool:
        return bool(self.groups) or self.overall.note != ValueNote.MISSING

    @property
    def missing_breakdowns(self) -> list[str]:
        return [name for name, cuts in _FOUR.items() if not any(cut in self.groups for cut in cuts)]

    def say_end(self, category: str) -> str:
        """The figure of one end of the place's own fifths."""
        cells = self.groups.get(Cut.LOCAL_QUINTILE, ())
        name = name_category(category, Cut.LOCAL_QUINTILE)
        cell = next((one for one in cells if one.label == name), Cell(name))
        return format_value(cell.value, self.info.unit, cell.note)

    def say_worse(self, cut: Cut) -> str:
        """The groups that are clearly worse off, or that there are none, or no figures."""
        if cut not in self.groups:
            return NOTE_WORDS[ValueNote.MISSING]
        names = [name.removeprefix("Ages ") for name in self.worse[cut]]
        more = len(names) - _MOST_NAMED
        shown = [*names[:_MOST_NAMED], f"{more} others"] if more > 1 else names
        # Names such as 'White and Asian' hold the word that would join them.
        return "; ".join(shown) or "none"

    def say_measure(self, measure: str) -> str:
        """A measure of the gap with its interval; the relative index has no unit."""
        row = self.measures.get(measure)
        if row is None:
            return "none"
        decimals = 2 if measure == "rii" else 1
        number = format_number(row["value"], decimals=decimals)
        if row["lower_cl"] is None or row["upper_cl"] is None:
            return number
        limits = [format_number(row[name], decimals=decimals) for name in ("lower_cl", "upper_cl")]
        return f"{number} ({' to '.join(limits)})"

    def say(self) -> Iterator[Paragraph]:
        """What each breakdown shows, in words."""
        info, place = self.info, clean_text(self.release.manifest.place_name)
        about = {"area_name": place, "unit": info.unit, "polarity": info.polarity}
        value = self.overall
        told = format_value_with_interval(value.value, value.lower, value.upper, info.unit, value.note)
        yield Paragraph(f"{place} overall: {told}. {info.description}")
        for cut, cells in self.groups.items():
            if cut == Cut.IMD_QUINTILE:
                fifths = [cell for cell in cells if cell.recorded]
                words = say_quintile_gap(
                    fifths, unit=info.unit, polarity=info.polarity, is_service=info.is_service
                )
            elif cut == Cut.ETHNIC_GROUP:
                words = say_ethnic_differences(cells, self.overall, **about)
            elif cut in (Cut.AGE_BAND, Cut.SEX):
                noun = "age band" if cut == Cut.AGE_BAND else "sex"
                words = say_group_differences(cells, self.overall, **about, noun=noun)
            else:
                words = self._say_measures()
            if words:
                yield Paragraph(f"By {_BREAKDOWNS[cut]}: {words[:1].lower()}{words[1:]}")

    def _say_measures(self) -> str:
        names = {"gap": "gap", "sii": "slope index", "rii": "relative index"}
        unit = " percentage points" if self.info.unit == PERCENT else f" {self.info.unit}"
        told = [
            f"{names[one]} {self.say_measure(one)}{'' if one == 'rii' else unit}"
            for one in _MEASURES
            if one in self.measures
        ]
        return f"{list_in_words(told)}." if told else "no measure of the gap could be worked out."

    def tables(self) -> Iterator[Table]:
        """A table for each breakdown; groups that nobody of the indicator belongs to are left out."""
        for cut, cells in self.groups.items():
            shown = [cell for cell in cells if cell.note != ValueNote.MISSING or cell.denominator]
            rows = [(cell.label, *describe_cell(cell, self.info.unit)) for cell in (*shown, self.overall)]
            yield Table(
                f"{self.info.name}, by {_BREAKDOWNS[cut]}",
                ("People", "Value", "95% interval", "Numerator", "Denominator"),
                tuple(rows),
                (2, 1.2, 1.6, 1, 1),
                in_slides=False,
            )

    def make_section(self) -> Section:
        """Words and tables of the indicator."""
        words: list[Block] = list(self.say())
        missing = self.missing_breakdowns
        if missing:
            told = list_in_words(missing)
            words.append(Paragraph(f"This release does not show it by {told}.", "note"))
        return Section(self.info.name, (*words, *self.tables()))


def _make_cells(cut: Cut, rows: Sequence[Mapping[str, Any]]) -> tuple[Cell, ...]:
    ordered = sorted(rows, key=lambda row: order_of_group(Group(cut, row["category"])))
    return tuple(
        make_cell(
            clean_text(name_category(row["category"], cut)),
            row,
            recorded=row["category"] not in _UNRECORDED,
        )
        for row in ordered
    )


def _name_worse(cut: Cut, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The groups that the release compares as worse than everybody, in their usual order."""
    worse = [
        row for row in rows if row["comparison"] == Comparison.WORSE and row["category"] not in _UNRECORDED
    ]
    worse.sort(key=lambda row: order_of_group(Group(cut, row["category"])))
    return tuple(clean_text(name_category(row["category"], cut)) for row in worse)


def _say_what_this_is() -> Section:
    statement = load_statement()
    return Section(
        "What this is",
        (
            Paragraph(_DUTY),
            Paragraph(
                f"{statement.title}. {statement.publisher}, for {statement.period}. {statement.url}", "note"
            ),
            Paragraph(
                f"{statement.later_title}: {statement.later_url} The list of what is asked, below, follows "
                "the earlier one: check it against the edition that your report is for.",
                "note",
            ),
        ),
    )


def _summarise(release: Release, views: Sequence[_View]) -> Section:
    rows = [
        (
            view.info.name,
            format_value(view.overall.value, view.info.unit, view.overall.note),
            view.say_end("1"),
            view.say_end("5"),
            *(view.say_measure(measure) for measure in _MEASURES),
        )
        for view in views
    ]
    place = clean_text(release.manifest.place_name)
    return Section(
        "Summary",
        (
            Paragraph(say_clear_gaps(release, [view.info.id for view in views])),
            Paragraph(
                f"The fifths are of {place}’s own areas. The gap and the slope index are in the unit of the "
                "indicator, in percentage points where that is %. Both are larger where the more deprived "
                "have the worse of it; so is the relative index, which is 1 where there is no gap. Never "
                "read one without the figures beside it: a gap can narrow because everybody does worse."
            ),
            Table(
                "Every indicator, the ends of deprivation, and the gap between them (95% intervals)",
                (
                    "Indicator",
                    "Overall",
                    "Most deprived fifth",
                    "Least deprived fifth",
                    "Gap",
                    "Slope index",
                    "Relative index",
                ),
                tuple(rows),
                (2.2, 1, 1, 1, 1.5, 1.5, 1.5),
            ),
            _make_worse_table(views, place),
        ),
    )


def _make_worse_table(views: Sequence[_View], place: str) -> Table:
    """Who is behind everybody by more than chance, by each breakdown but deprivation, which has its own."""
    cuts = (Cut.ETHNIC_GROUP, Cut.AGE_BAND, Cut.SEX)
    sided = [view for view in views if view.info.polarity != Polarity.NONE]
    return Table(
        f"Who is clearly worse off than {place} overall, where an indicator has a better and a worse",
        ("Indicator", "Ethnic groups", "Ages", "Sex"),
        tuple((view.info.name, *(view.say_worse(cut) for cut in cuts)) for view in sided),
        (2, 2.5, 2, 0.8),
    )


def _tell_unknown(release: Release, views: Sequence[_View]) -> Section:
    """How complete ethnic group is, and what is not broken down by one of the four."""
    blocks: list[Block] = []
    recorded = list_completeness(release)
    if recorded:
        rows = tuple((what[:1].upper() + what[1:], count) for what, count in recorded)
        blocks.append(Table("What the records hold of people", ("What", "People"), rows, (1, 1)))
    else:
        blocks.append(Paragraph("This release does not say how many people have an ethnic group on record."))
    blocks += [
        Paragraph(
            "Not stated, not known and missing are three different things, and stand apart in every table. "
            "People without an area are counted in the whole and shown as area unknown."
        )
    ]
    without = [
        (view.info.name, list_in_words(view.missing_breakdowns)) for view in views if view.missing_breakdowns
    ]
    complete = len(views) - len(without)
    blocks.append(
        Paragraph(f"{count_in_words(complete, 'indicator')} of {len(views):,} can be shown by all four.")
    )
    if without:
        blocks.append(Table("Not shown by", ("Indicator", "Not by"), tuple(without), (2, 1)))
    return Section("What is not known", tuple(blocks))


def _draw_widest(release: Release, views: Sequence[_View], most: int) -> Iterator[Section]:
    by_id = {view.info.id: view for view in views}
    widest = list_clear_gaps(release, by_id)["indicator_id"].to_list()[:most]
    sections = []
    for name in widest:
        groups = by_id[name].groups
        figures = []
        if Cut.IMD_QUINTILE in groups:
            figures.append(charts.draw_quintile_bars(release, name))
        if Cut.ETHNIC_GROUP in groups:
            figures.append(charts.draw_ethnic_group_bars(release, name))
        if figures:
            pictures = tuple(Picture(figure, is_in_tables=True) for figure in figures)
            sections.append(Section(f"{by_id[name].info.name}: in pictures", pictures))
    if sections:
        words = Paragraph("The figures of each picture stand in the tables of its indicator.")
        yield Section("The widest gaps, in pictures", (words,), tuple(sections))


def _by_topic(views: Sequence[_View]) -> Iterator[Section]:
    for topic in dict.fromkeys(view.info.topic for view in views):
        sections = tuple(view.make_section() for view in views if view.info.topic == topic)
        yield Section(clean_text(topic), (), sections)
