"""The annual statement: four breakdowns of every indicator, what is unknown, and what is not answered."""

from __future__ import annotations

import io
from collections.abc import Callable

import polars as pl
import pptx
import pytest

from evenground.errors import InputError
from evenground.indicators import SHIPPED, load_definitions
from evenground.releases import Release
from evenground.reports.documents import Document, Paragraph, Picture, Section, Table, render_document
from evenground.reports.documents.model import walk_blocks
from evenground.reports.statement import make_statement
from evenground.reports.statement_domains import load_statement
from evenground.reports.words import format_number, format_value
from evenground.vocabulary import ETHNIC_GROUPS

SCREENING = "Bowel screening uptake, ages 60 to 74"
SMI = "Physical health check for people with severe mental illness"


@pytest.fixture(scope="module")
def statement(release: Release) -> Document:
    return make_statement(release, pictures=1)


def find_section(document: Document, heading: str) -> Section:
    every = [*document.sections, *(inner for one in document.sections for inner in one.sections)]
    return next(section for section in every if section.heading == heading and section.blocks)


def tables_of(section: Section) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


def words_of(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))


def add_age_and_sex(values: pl.DataFrame) -> pl.DataFrame:
    """Everybody's figures again as those of one sex and one age band, and a band that nobody is in."""
    place = values.filter((pl.col("area_type") == "place") & (pl.col("cut") == "all"))
    nobody = {name: pl.lit(0, pl.Int64) for name in ("numerator", "denominator")}
    none = {name: pl.lit(None, pl.Float64) for name in ("value", "lower_cl", "upper_cl")}
    return pl.concat(
        [
            values,
            place.with_columns(cut=pl.lit("sex"), category=pl.lit("female")),
            place.with_columns(cut=pl.lit("age_band"), category=pl.lit("60-64")),
            place.with_columns(
                cut=pl.lit("age_band"), category=pl.lit("0-4"), value_note=pl.lit("missing"), **nobody, **none
            ),
        ]
    )


def test_every_indicator_of_the_place_has_a_part_of_its_own(release: Release, statement: Document) -> None:
    headings = [inner.heading for section in statement.sections for inner in section.sections]
    assert {info.name for info in release.indicators.values()} <= set(headings)


def test_the_summary_sets_the_ends_of_deprivation_beside_every_measure_of_their_gap(
    release: Release, statement: Document
) -> None:
    row = next(row for row in tables_of(find_section(statement, "Summary"))[0].rows if row[0] == SCREENING)
    latest = pl.col("period") == pl.col("period").max()
    own = pl.col("indicator_id") == "bowel_screening"
    measures = release.table("inequality").filter(own & (pl.col("cut") == "local_quintile")).filter(latest)
    held = {one["measure"]: one["value"] for one in measures.to_dicts() if one["value"] is not None}
    assert held
    for measure, cell in zip(("gap", "sii", "rii"), row[4:], strict=True):
        told = (
            format_number(held[measure], decimals=2 if measure == "rii" else 1) if measure in held else "none"
        )
        assert cell.split(" (")[0] == told
    fifths = release.latest_values.filter(
        own & (pl.col("area_type") == "place") & (pl.col("cut") == "local_quintile")
    )
    values = {one["category"]: one["value"] for one in fifths.to_dicts()}
    assert row[2:4] == (format_value(values["1"], "%"), format_value(values["5"], "%"))


def test_who_is_clearly_worse_off_is_named_by_the_comparison_of_the_release(
    release: Release, statement: Document
) -> None:
    rows = {row[0]: row for row in tables_of(find_section(statement, "Summary"))[1].rows}
    assert "Recorded hypertension" not in rows, "it has no better and no worse"
    own = (pl.col("indicator_id") == "bowel_screening") & (pl.col("cut") == "ethnic_group")
    place = release.latest_values.filter(own & (pl.col("area_type") == "place"))
    worse = place.filter(
        (pl.col("comparison") == "worse") & ~pl.col("category").is_in(["Z", "99", "missing"])
    )
    assert set(rows[SCREENING][1].split("; ")) == {ETHNIC_GROUPS[one] for one in worse["category"]}
    assert rows[SCREENING][2:] == ("no data", "no data")


def test_what_is_recorded_as_unknown_stands_in_the_tables_and_is_counted(statement: Document) -> None:
    section = find_section(statement, SCREENING)
    people = [row[0] for table in tables_of(section) for row in table.rows]
    assert {"Area unknown", "Not stated", "Not known", "Missing"} <= set(people)
    assert "Ethnic group is not recorded for" in words_of(section)
    recorded = dict(tables_of(find_section(statement, "What is not known"))[0].rows)
    assert recorded["Ethnic group recorded"] == "18,860 people (95%)"
    assert recorded["Area unknown"] == "suppressed"


def test_a_breakdown_that_the_release_does_not_hold_is_told(statement: Document) -> None:
    assert "does not show it by age and sex" in words_of(find_section(statement, SMI))
    table = tables_of(find_section(statement, "What is not known"))[1]
    assert (SMI, "age and sex") in table.rows


def test_age_and_sex_have_tables_without_people_whom_nobody_counts(
    changed_release: Callable[..., Release],
) -> None:
    section = find_section(make_statement(changed_release(values=add_age_and_sex), pictures=0), SMI)
    tables = {
        table.title.rpartition(", by ")[2]: [row[0] for row in table.rows] for table in tables_of(section)
    }
    assert tables["age"] == ["Ages 60 to 64", "Samplebury overall"]
    assert tables["sex"] == ["Female", "Samplebury overall"]
    assert "By sex: no sex is clearly different" in words_of(section)
    assert "does not show it" not in words_of(section)


def test_each_thing_that_is_asked_is_answered_near_or_without_data(statement: Document) -> None:
    rows = tables_of(find_section(statement, "What the statement asks for"))[0].rows
    asks = [ask for domain in load_statement().domains for ask in domain.asks]
    assert len(rows) == len(asks)
    states = {row[0]: row[1] for row in rows}
    assert states["Mental health: physical health checks of people with severe mental illness"] == "answered"
    assert states["Elective recovery: how many people wait, and how long"] == "no data in this release"
    assert "this release answers 1." in words_of(find_section(statement, "What the statement asks for"))


def test_the_statement_is_cited_with_its_period_and_address(statement: Document) -> None:
    words = words_of(find_section(statement, "What this is"))
    assert "section 13SA" in words
    assert "1 April 2023 to 31 March 2025" in words
    assert "https://www.england.nhs.uk/long-read/" in words


def test_every_indicator_that_is_said_to_answer_is_one_that_ships() -> None:
    named = {
        one
        for domain in load_statement().domains
        for ask in domain.asks
        for one in ask.answered_by + ask.near
    }
    assert named <= set(load_definitions(SHIPPED).indicators)


def test_pictures_are_of_the_widest_gaps_and_their_figures_stand_in_tables(statement: Document) -> None:
    pictures = [block for block in walk_blocks(statement) if isinstance(block, Picture)]
    assert {picture.figure.title.partition(",")[0] for picture in pictures} == {"Bowel screening uptake"}
    assert all(picture.is_in_tables for picture in pictures)


@pytest.mark.parametrize("name", ["docx", "pdf", "html"])
def test_the_statement_comes_in_every_format(statement: Document, name: str) -> None:
    assert render_document(statement, name) == render_document(statement, name)


def test_slides_leave_tables_of_detail_out_and_say_where_they_are(statement: Document) -> None:
    deck = pptx.Presentation(io.BytesIO(render_document(statement, "pptx")))
    last = list(deck.slides)[-1]
    assert last.shapes.title.text == "What is not on these slides"
    titles = [slide.shapes.title.text for slide in deck.slides if any(one.has_table for one in slide.shapes)]
    assert titles
    assert not any("by ethnic group" in title for title in titles)


def test_a_release_without_figures_of_the_place_is_told(changed_release: Callable[..., Release]) -> None:
    release = changed_release(values=lambda values: values.filter(pl.col("area_type") != "place"))
    with pytest.raises(InputError, match="no figures of the whole place"):
        make_statement(release)
