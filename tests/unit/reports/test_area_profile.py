"""An area's profile: its figures are the release's, suppressed stays suppressed, and bad input is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from evenground.errors import InputError
from evenground.releases import Release, current_release
from evenground.reports.area_profile import make_area_profile
from evenground.reports.documents import Document, Paragraph, Picture, Section, Table, render_document
from evenground.reports.documents.model import walk_blocks
from evenground.reports.subjects import Area, place_of, require_area
from evenground.reports.words import format_count, format_number, round_as_shown
from tests.support.published_release import write_published_release
from tests.support.release_factory import MISSING_LSOA, PLACE, SUPPRESSED_LSOA, ZERO_LSOA

COLUMNS = {"Value", "95% interval", "Count", "Numerator", "Denominator", "Against Samplebury", "Target"}
NUMBER = re.compile(r"−?\d[\d,]*(?:\.\d+)?")


def find_section(document: Document, heading: str) -> Section:
    return next(section for section in document.sections if section.heading == heading)


def list_texts(document: Document) -> list[str]:
    return [block.text for block in walk_blocks(document) if isinstance(block, Paragraph)]


def rows_of(document: Document) -> dict[str, tuple[str, ...]]:
    """The rows of 'Every figure' by the name of the indicator."""
    tables = [
        block
        for part in find_section(document, "Every figure").sections
        for block in part.blocks
        if isinstance(block, Table)
    ]
    return {row[0]: row for table in tables for row in table.rows}


class Tables(HTMLParser):
    """The cells of every table of a page, row by row, with the heads of their columns."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[tuple[str, str]] = []
        self._heads: list[str] = []
        self._place = 0
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "thead":
            self._heads = []
        if tag == "tr":
            self._place = 0
        if tag in ("th", "td"):
            self._in = "head" if ("scope", "col") in attrs else "cell"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._in = ""
            self._place += 1

    def handle_data(self, data: str) -> None:
        if self._in == "head":
            self._heads.append(data)
        elif self._in == "cell":
            self.cells.append((self._heads[self._place], data))


def list_published_numbers(release: Release) -> set[str]:
    values = release.table("values")
    counts = pl.concat([values["numerator"], values["denominator"], release.table("areas")["population"]])
    told = {format_count(count) for count in counts.drop_nulls()}
    for column in ("value", "lower_cl", "upper_cl"):
        told |= {format_number(value) for value in values[column].drop_nulls()}
    targets = [info.target.value for info in release.indicators.values() if info.target]
    return told | {format_number(one, decimals=0) for one in targets} | {"0", "100"}


@pytest.mark.parametrize("code", ["place", "X02000003", SUPPRESSED_LSOA])
def test_every_figure_of_a_report_is_one_that_the_release_publishes(release: Release, code: str) -> None:
    document = make_area_profile(release, require_area(release, code), next(iter(release.profiles.values())))
    published = list_published_numbers(release)
    page = Tables(render_document(document, "html").decode())
    figures = [
        (column, number)
        for column, text in page.cells
        if column
        in {"Value", "95% interval", "Count", "Numerator", "Denominator", "Against Samplebury", "Target"}
        for number in NUMBER.findall(text.replace("per 100,000", ""))
    ]
    assert len(figures) > 10
    assert [one for one in figures if one[1] not in published] == []


def test_suppressed_missing_and_zero_keep_their_words(release: Release) -> None:
    name = "Physical health check for people with severe mental illness"
    told = {
        code: rows_of(make_area_profile(release, require_area(release, code)))[name][1]
        for code in (SUPPRESSED_LSOA, MISSING_LSOA, ZERO_LSOA)
    }
    assert told == {SUPPRESSED_LSOA: "suppressed", MISSING_LSOA: "no data", ZERO_LSOA: "0%"}


def test_words_in_the_place_of_figures_are_explained(release: Release) -> None:
    document = make_area_profile(release, require_area(release, SUPPRESSED_LSOA))
    section = find_section(document, "How to read this report")
    table = next(block for block in section.blocks if isinstance(block, Table))
    assert {row[0] for row in table.rows} == {"suppressed", "too few events", "0"}


def test_a_report_says_release_policy_base_sources_and_periods(release: Release) -> None:
    document = make_area_profile(release, require_area(release, "Old Town"))
    section = find_section(document, "About the figures")
    facts, sources = (block for block in section.blocks if isinstance(block, Table))
    told = {"Release": release.id, "Disclosure policy": release.manifest.policy}
    assert dict(facts.rows) | told == dict(facts.rows)
    assert dict(facts.rows)["People counted"] == "people registered with the place’s GP practices"
    assert len(sources.rows) == len(release.indicators)
    assert {row[1] for row in sources.rows} == {"1 April 2025 to 31 March 2026"}
    assert release.id in document.footer


def test_invented_data_say_so_first(release: Release, changed_release: Callable[..., Release]) -> None:
    place = require_area(release, "place")
    assert "Invented data" in list_texts(make_area_profile(release, place))[0]
    real = changed_release({"synthetic": False})
    assert not any("Invented" in text for text in [*list_texts(make_area_profile(real, place))])


def test_an_area_is_compared_with_the_place_and_the_place_with_nothing(release: Release) -> None:
    headings = [
        {section.heading for section in make_area_profile(release, require_area(release, name)).sections}
        for name in ("Old Town", "place")
    ]
    assert "How it compares with Samplebury" in headings[0]
    assert "How it compares with Samplebury" not in headings[1]


def test_pictures_are_of_what_an_area_is_clearly_behind_on(release: Release) -> None:
    document = make_area_profile(release, require_area(release, "Old Town"))
    pictured = [section.heading for section in find_section(document, "In pictures").sections]
    worse = {name for name, row in rows_of(document).items() if row[4].startswith("worse")}
    assert set(pictured) == worse
    assert worse


def test_a_profile_fills_up_with_its_other_indicators_and_pictures_can_be_left_out(release: Release) -> None:
    area, profile = require_area(release, "Fairfield & Vale"), release.profiles["core20plus5_adults"]
    document = make_area_profile(release, area, profile)
    assert len(find_section(document, "In pictures").sections) == 3
    without = make_area_profile(release, area, profile, pictures=0)
    assert "In pictures" not in [section.heading for section in without.sections]


def test_the_place_is_told_by_its_widest_gaps(release: Release) -> None:
    glance = find_section(make_area_profile(release, place_of(release)), "At a glance").blocks[0]
    assert isinstance(glance, Paragraph)
    assert glance.text.startswith("On 1 of 1 indicator in per cent the most deprived fifth")
    assert "percentage points" in glance.text


def test_a_place_whose_gaps_nobody_measured_is_not_said_to_have_none(tmp_path: Path) -> None:
    published = current_release(write_published_release(tmp_path))
    glance = find_section(make_area_profile(published, place_of(published)), "At a glance").blocks[0]
    assert isinstance(glance, Paragraph)
    assert glance.text == "This release measures no gap between the fifths of the place’s own areas."


def test_a_published_figure_stands_with_its_period_and_beside_a_wider_area(tmp_path: Path) -> None:
    published = current_release(write_published_release(tmp_path))
    rows = rows_of(make_area_profile(published, place_of(published)))
    row = rows["Smoking, as published (published figure, 2022/23)"]
    assert row[1] == "20.0%"
    assert row[4].startswith("England: ")


def test_charts_carry_their_numbers_with_nothing_where_nothing_is_published(release: Release) -> None:
    document = make_area_profile(
        release, require_area(release, "Fairfield & Vale"), release.profiles["core20plus5_adults"]
    )
    data = [block.figure.data for block in walk_blocks(document) if isinstance(block, Picture)]
    cells = [cell for one in data if one for _, cells in one.series for cell in cells]
    assert {cell.note for cell in cells if cell.value is None} >= {"suppressed"}
    shown = {round_as_shown(cell.value) for cell in cells if cell.value is not None}
    assert shown <= {round_as_shown(value) for value in release.table("values")["value"].drop_nulls()}


@pytest.mark.parametrize("asked", ["X02000001", "msoa:X02000001", "old town", " Old Town "])
def test_an_area_is_found_by_code_key_or_name(release: Release, asked: str) -> None:
    assert require_area(release, asked) == Area("msoa", "X02000001", "Old Town")


def test_the_name_of_a_place_and_its_district_means_the_place(
    changed_release: Callable[..., Release],
) -> None:
    def take_code_of_place(areas: pl.DataFrame) -> pl.DataFrame:
        is_district = pl.col("area_type") == "ltla"
        return areas.with_columns(
            pl.when(is_district).then(pl.lit(PLACE)).otherwise(pl.col("area_code")).alias("area_code")
        )

    assert require_area(changed_release(areas=take_code_of_place), "Samplebury").is_place


def test_an_unknown_area_is_told_with_the_nearest_names(release: Release) -> None:
    with pytest.raises(InputError, match=r'no area "Mil Bank". Did you mean Mill Bank \(msoa:X02000002\)'):
        require_area(release, "Mil Bank")


def test_nothing_like_an_area_is_told_how_to_name_one(release: Release) -> None:
    with pytest.raises(InputError, match="a code, a name, a type and code"):
        require_area(release, "zzzzzz")


def test_an_area_of_a_type_without_figures_is_told_with_types_that_have_some(release: Release) -> None:
    with pytest.raises(InputError, match="no figures for Samplebury.*places, neighbourhoods and small areas"):
        require_area(release, "X07000001")


def test_several_areas_of_one_name_are_told_apart(changed_release: Callable[..., Release]) -> None:
    release = changed_release(areas=lambda areas: areas.with_columns(pl.lit("Same").alias("area_name")))
    with pytest.raises(InputError, match="Several areas are called .* lsoa:X01000001A"):
        require_area(release, "same")


def test_a_profile_without_figures_for_an_area_is_told(changed_release: Callable[..., Release]) -> None:
    release = changed_release(
        values=lambda values: values.filter(pl.col("indicator_id") != "bowel_screening")
    )
    with pytest.raises(InputError, match='no figures of the profile "Screening" for Old Town'):
        make_area_profile(release, require_area(release, "Old Town"), release.profiles["screening"])


def test_html_in_names_of_areas_is_text_in_the_report(changed_release: Callable[..., Release]) -> None:
    def rename(areas: pl.DataFrame) -> pl.DataFrame:
        return areas.with_columns((pl.lit("<script>x</script>") + pl.col("area_code")).alias("area_name"))

    release = changed_release(areas=rename)
    page = render_document(make_area_profile(release, require_area(release, "X02000001")), "html").decode()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
