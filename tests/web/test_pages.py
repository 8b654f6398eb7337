"""Every public page, and what a reader finds there."""

from __future__ import annotations

import html
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.gate import BuildStage, write_stages
from evenground.releases import TABLES, Release
from evenground_web.common import reads
from tests.support.release_factory import PLACE, SERVICES, write_sample_release

PROFILE = "/profiles/core20plus5_adults/"
SMI = f"{PROFILE}smi_annual_health_check/"
PUBLIC_PAGES = [
    "/",
    "/profiles/",
    PROFILE,
    f"{PROFILE}?area=msoa:X02000002&cut=ethnic_group:J",
    f"{PROFILE}?pictures=hypertension_prevalence",
    SMI,
    f"{SMI}?area=msoa:X02000003&map=lsoa",
    f"{PROFILE}copd_emergency_admissions/",
    f"{PROFILE}hypertension_prevalence/",
    f"{SMI}inequality/",
    "/search/",
    "/search/?q=samplebury",
    "/priorities/areas/",
    "/priorities/",
    "/priorities/?service=bowel_screening&kind=lsoa&order=per_100",
    "/about-the-data/",
    "/accessibility/",
    "/account/log-in/",
]


class _Text(HTMLParser):
    """The words of a page, without markup, scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style", "svg")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "svg")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def words_of(page: str) -> str:
    parser = _Text()
    parser.feed(page)
    return " ".join(" ".join(parser.parts).split())


def get(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_anybody_can_read_a_public_page(client: Client, address: str) -> None:
    page = get(client, address)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert '<html lang="en-GB"' in page
    assert 'id="maincontent"' in page


@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_a_page_holds_no_id_twice(client: Client, address: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', get(client, address))
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_every_link_of_a_page_leads_somewhere(client: Client, address: str) -> None:
    page = get(client, address)
    links = {html.unescape(link) for link in re.findall(r'(?:href|src)="(/[^"#]*)', page)}
    pages = {link for link in links if not link.startswith("/static/")}
    assert pages
    assert {link: client.get(link).status_code for link in pages} == dict.fromkeys(pages, 200)
    fragments = re.findall(r'href="#([^"]+)"', page)
    assert all(f'id="{fragment}"' in page for fragment in fragments)


@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_a_page_asks_no_other_host_for_anything(client: Client, address: str) -> None:
    page = re.sub(r'xmlns(:\w+)?="[^"]*"', "", get(client, address))
    assert not re.findall(r'(?:href|src|action)="(?:https?:)?//[^"]*"', page)
    assert "url(http" not in page


@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_a_page_has_no_inline_style_or_handler(client: Client, address: str) -> None:
    page = get(client, address)
    assert "<style" not in page
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page)


def test_home_names_the_gaps_that_only_something_local_explains(client: Client) -> None:
    words = words_of(get(client, "/"))
    assert re.search(r"Pakistani people in Old Town \d points below communities like it in", words)
    assert "About 185 people miss out, likely between 160 and 210" in words
    assert "31 March 2026" in words


def test_home_names_the_three_communities_where_most_miss_out(client: Client) -> None:
    words = words_of(get(client, "/"))
    first, second = (f"Pakistani people in {area} : about" for area in ("Old Town", "Mill Bank"))
    assert words.index(first) < words.index(second)
    assert "about 185 offers not taken up (160 to 210)" in words


def test_priorities_by_local_gap_name_the_service_of_each(client: Client) -> None:
    words = words_of(get(client, "/priorities/?order=local"))
    assert "20 of 24 are shown" in words
    assert "Below communities like it 7 points" in words
    assert "Bowel screening uptake, ages 60 to 74. Uptake is about" in words


def test_an_area_without_breakdowns_is_shown_beside_those_of_the_whole_place(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    cut_for_areas = (pl.col("area_type") != "place") & (pl.col("cut") != "all")
    tables["values"] = tables["values"].filter(~cut_for_areas)
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    page = words_of(get(client, f"{SMI}?area=msoa:X02000001"))
    assert "There are no figures by deprivation or ethnic group for Old Town alone" in page


def test_home_says_that_invented_data_is_invented(client: Client) -> None:
    assert "Invented data." in words_of(get(client, "/"))


def test_real_data_is_not_called_invented(client: Client, site: Settings, tmp_path: Path) -> None:
    write_sample_release(tmp_path, synthetic=False)
    site.EVENGROUND_RELEASES = tmp_path
    assert "Invented data" not in get(client, "/")


def test_a_gap_is_left_out_where_a_fifth_is_suppressed(client: Client) -> None:
    words = words_of(get(client, "/"))
    assert "Bowel screening 13.7 percentage points" in words
    assert "SMI health check" not in words


def test_profile_tells_suppressed_missing_and_zero_apart(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    notes = {"X02000001": "suppressed", "X02000002": "missing", "X02000003": "zero"}
    values = release.table("values").with_columns(
        pl.col("area_code").replace_strict(notes, default=pl.col("value_note")).alias("value_note"),
        pl.when(pl.col("area_code").is_in(["X02000001", "X02000002"]))
        .then(None)
        .when(pl.col("area_code") == "X02000003")
        .then(0.0)
        .otherwise(pl.col("value"))
        .alias("value"),
    )
    tables = {name: release.table(name) for name in TABLES} | {"values": values}
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    for code, word in (("X02000001", "suppressed"), ("X02000002", "no data"), ("X02000003", "0%")):
        words = words_of(get(client, f"/profiles/screening/?area=msoa:{code}"))
        assert f"Value {word} 95% interval" in words


def test_profile_compares_an_area_in_words(client: Client) -> None:
    words = words_of(get(client, f"{PROFILE}?area=msoa:X02000003"))
    assert "Against Samplebury Worse" in words
    assert "Target 60% Not met" in words


def test_the_whole_place_is_not_compared_with_itself(client: Client) -> None:
    assert "Against Samplebury" not in words_of(get(client, PROFILE))
    assert "Against Samplebury Similar" in words_of(get(client, f"{PROFILE}?cut=imd_quintile:3"))


def test_a_map_against_the_place_keeps_its_choice_in_the_address(client: Client) -> None:
    page = get(client, f"{SMI}?map=lsoa&classes=benchmark")
    assert '<option value="benchmark" selected>Against Samplebury</option>' in page
    assert "Better than Samplebury (" in page
    link = re.search(r'href="([^"]*pictures/[^"]*map[^"]*\.svg[^"]*)"', page)
    assert link
    assert client.get(html.unescape(link[1])).status_code == 200


def test_two_breakdowns_at_once_are_a_picture_that_can_be_had_as_a_file(client: Client) -> None:
    page = get(client, "/profiles/screening/bowel_screening/")
    assert "by ethnic group, five groups and deprivation, national fifths" in words_of(page)
    assert "The groups differ most in ‘" in words_of(page)
    link = re.search(r'href="([^"]*pictures/pair-[^"]*\.svg[^"]*)"', page)
    assert link
    assert client.get(html.unescape(link[1])).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/profiles/nothing/",
        f"{PROFILE}nothing/",
        "/profiles/screening/smi_annual_health_check/",
        f"{PROFILE}?area=msoa:X99",
        f"{PROFILE}?area=<script>",
        f"{PROFILE}?cut=ethnic_group:nobody",
        f"{SMI}?map=ward",
        f"{SMI}?classes=rainbow",
        "/priorities/?service=nothing",
        "/priorities/?kind=nothing",
        "/priorities/?order=nothing",
        "/nowhere/",
    ],
)
def test_what_is_not_there_gives_a_page_that_says_so(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()
    assert response.content.decode().count("<script>") == 1


@pytest.mark.parametrize(
    "address",
    [f"{PROFILE}hypertension_prevalence/?map=lsoa", "/groups/ethnic_group/J/", "/priorities/?kind=lsoa"],
)
def test_each_area_of_a_map_leads_to_its_page(client: Client, address: str) -> None:
    page = get(client, address)
    links = re.findall(r'<a href="(/areas/(?:lsoa|msoa)/[^"/]+/)" tabindex="-1">', page)
    assert len(links) >= 3
    assert client.get(links[0]).status_code == 200
    # The table behind the picture has the same links for the keyboard.
    assert all(f'<a href="{link}">' in page for link in links)


def test_indicator_shows_every_chart_with_a_sentence_and_a_table(client: Client, release: Release) -> None:
    page = get(client, f"{PROFILE}hypertension_prevalence/")
    assert len(re.findall(r'<section class="eg-figure"', page)) == 5
    assert page.count('role="img"') == 5
    assert len(re.findall(r"Show the figures", page)) == 5
    assert "Slope index of inequality" in page


def test_profile_shows_an_indicator_in_pictures_with_their_tables(client: Client, release: Release) -> None:
    page = get(client, PROFILE)
    first = release.profiles["core20plus5_adults"].sections[0].indicators[0]
    assert f"In pictures: {release.indicators[first].short_name}" in words_of(page)
    assert page.count('<div class="eg-picture"><svg') == 4
    assert page.count("as a table</span></summary>") == 4


def test_indicator_tells_what_became_of_the_gap_and_of_each_end_of_it(client: Client) -> None:
    words = words_of(get(client, "/profiles/screening/bowel_screening/"))
    assert "over time: Samplebury" in words
    assert "Recent trend, over 5 years: getting better." in words
    assert "it narrowed; the most deprived did better, the least deprived did not clearly change." in words
    assert "31 March 2021" in words


def test_indicator_of_an_area_has_the_line_of_that_area(client: Client) -> None:
    words = words_of(get(client, "/profiles/screening/bowel_screening/?area=msoa:X02000001"))
    assert "over time: Old Town" in words


def test_the_indicator_in_pictures_can_be_chosen_and_keeps_the_area(client: Client, release: Release) -> None:
    page = get(client, f"{PROFILE}?area=msoa:X02000002&pictures=hypertension_prevalence")
    assert f"In pictures: {release.indicators['hypertension_prevalence'].short_name}" in words_of(page)
    assert '<input type="hidden" name="area" value="msoa:X02000002">' in page
    assert client.get(f"{PROFILE}?pictures=nonsense").status_code == 404


def test_indicator_says_why_there_is_no_gap(client: Client) -> None:
    assert "Not worked out: a fifth has no published figure" in words_of(get(client, SMI))


def test_priorities_tell_interval_chance_and_reason(client: Client) -> None:
    words = words_of(get(client, "/priorities/?service=bowel_screening"))
    assert "1. Pakistani people in Old Town" in words
    assert "185 (160 to 210)" in words
    assert "almost certain (96%)" in words
    assert "below the standard of 60" in words


def test_priorities_of_all_services_name_the_service_that_misses_most(client: Client) -> None:
    words = words_of(get(client, "/priorities/"))
    assert "Physical health check for people with severe mental illness misses most." in words


def test_priorities_can_be_ordered_by_share(client: Client) -> None:
    words = words_of(get(client, "/priorities/?order=per_100"))
    shares = [int(share) for share in re.findall(r"Of each 100 (\d+) ", words)]
    assert len(shares) == 12
    assert shares == sorted(shares, reverse=True)


def test_priorities_without_a_ranking_say_so(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    tables["rankings"] = tables["rankings"].clear()
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    assert "There is nothing to rank here" in words_of(get(client, "/priorities/"))
    assert "does not rank communities" in words_of(get(client, "/"))


def test_priorities_show_more_on_request(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    rankings = tables["rankings"]
    more = [rankings.with_columns(pl.col("rank") + 12 * step) for step in range(4)]
    write_sample_release(tmp_path, tables=tables | {"rankings": pl.concat(more)})
    site.EVENGROUND_RELEASES = tmp_path
    first = get(client, "/priorities/")
    assert "20 of 48 are shown" in words_of(first)
    link = re.search(r'href="([^"]*show=40[^"]*)"', first)
    assert link
    assert "40 of 48 are shown" in words_of(get(client, html.unescape(link[1])))


def test_about_the_data_defines_every_indicator(client: Client, release: Release) -> None:
    words = words_of(get(client, "/about-the-data/"))
    for info in release.indicators.values():
        for part in (info.name, info.numerator, info.denominator, info.source, info.author, info.checker):
            assert part in words
    assert "A count from 1 to 7 is suppressed" in words
    assert "1 = most deprived" in words
    assert release.id in words
    assert all(file.sha256 in words for file in release.manifest.files)


def test_about_the_data_shows_suppressed_coverage_as_a_word(client: Client) -> None:
    words = words_of(get(client, "/about-the-data/"))
    assert "Dropped: date of birth in the future suppressed" in words
    assert "Dropped: event for an unknown person 0" in words
    assert "Kept 104,000" in words


def test_about_the_data_says_how_complete_ethnic_group_and_area_are(client: Client) -> None:
    words = words_of(get(client, "/about-the-data/"))
    assert "Ethnic group recorded 18,860 people (95%)" in words
    assert "Ethnic group not known 200 people (1%)" in words
    assert "Area unknown suppressed" in words


def test_about_the_data_says_who_was_linked_less_often(client: Client) -> None:
    words = re.sub(
        r"(People|Linked|Rate|95% interval) (?=[\d,]+|suppressed|not shown|None)",
        "",
        words_of(get(client, "/about-the-data/")),
    )
    assert "Tenants: people of Council housing found in GP records" in words
    assert "Everybody 1,000 840 84.0% 81.6 to 86.1" in words
    assert "Ethnic group: Bangladeshi 200 140 70.0% 63.3 to 75.9" in words
    assert "Ethnic group: African 10 suppressed not shown None" in words
    assert "Area unknown suppressed suppressed not shown None" in words


def test_about_the_data_says_how_long_the_build_took_where_that_was_noted(
    client: Client, release: Release
) -> None:
    assert "How long the build took" not in words_of(get(client, "/about-the-data/"))
    stages = [
        BuildStage(name="Read GP records", seconds=1.25, peak_bytes=310_000_000),
        BuildStage(name="Rank communities", seconds=2.5),
    ]
    write_stages(release, stages)
    try:
        words = words_of(get(client, "/about-the-data/"))
    finally:
        shutil.rmtree(release.path.parent / "decisions")
    assert "Read GP records 1.2 310 MB" in words
    assert "Rank communities 2.5 not measured" in words
    assert "Whole build 3.8 310 MB" in words


def test_about_the_data_tells_what_is_left_out_apart_from_the_rows_read(client: Client) -> None:
    words = words_of(get(client, "/about-the-data/"))
    assert "Indicators: Screening Bowel screening (not recorded)" in words


def test_without_a_release_the_site_says_what_to_run(client: Client, site: Settings, tmp_path: Path) -> None:
    site.EVENGROUND_RELEASES = tmp_path
    for address in ("/", "/priorities/", PROFILE, "/about-the-data/"):
        response = client.get(address)
        assert response.status_code == 503
        assert "evenground build" in response.content.decode()
    assert client.get("/accessibility/").status_code == 200


def test_a_release_that_is_gone_is_told_from_none(client: Client, site: Settings, tmp_path: Path) -> None:
    (tmp_path / "current").write_text("2026-01-01-000000000000\n")
    site.EVENGROUND_RELEASES = tmp_path
    response = client.get("/")
    assert response.status_code == 503
    assert "The figures cannot be read" in response.content.decode()
    assert str(tmp_path) not in response.content.decode()


def test_a_new_release_shows_without_a_restart(client: Client, site: Settings, tmp_path: Path) -> None:
    site.EVENGROUND_RELEASES = tmp_path
    write_sample_release(tmp_path)
    assert "31 March 2026" in words_of(get(client, "/"))
    write_sample_release(tmp_path, as_at="2026-06-30")
    assert "30 June 2026" in words_of(get(client, "/"))


def test_a_release_is_read_once_while_it_is_current() -> None:
    assert reads.current() is reads.current()


def test_names_of_areas_are_text_and_never_markup(
    client: Client, site: Settings, release: Release, tmp_path: Path
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    evil = '<img src=x onerror="alert(1)">'
    tables["areas"] = tables["areas"].with_columns(
        pl.when(pl.col("area_code") == "X02000001")
        .then(pl.lit(evil))
        .otherwise("area_name")
        .alias("area_name")
    )
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    for address in ("/", PROFILE, SMI, f"{SMI}?area=msoa:X02000001", "/priorities/"):
        assert "<img" not in get(client, address)


def test_robots_keep_out_of_the_accounts(client: Client) -> None:
    assert "Disallow: /account/" in client.get("/robots.txt").content.decode()


def test_a_broken_page_still_says_sorry(
    client: Client, site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("evenground_web.profiles.views.current", fail)
    client.raise_request_exception = False
    response = client.get("/profiles/")
    assert response.status_code == 500
    assert "Sorry, there is a problem" in response.content.decode()
    assert "secret detail" not in response.content.decode()


def test_no_suppressed_figure_of_the_release_is_a_number_anywhere(client: Client, release: Release) -> None:
    """The counts behind suppressed cells are not in the release, so no page can show them; the words must."""
    suppressed = release.table("values").filter(pl.col("value_note") == "suppressed")
    assert suppressed.height
    figures = ["numerator", "denominator", "value", "lower_cl", "upper_cl"]
    assert suppressed.select(pl.col(figures).is_null().all()).row(0) == (True,) * len(figures)
    page = words_of(get(client, f"{PROFILE}?area=msoa:X02000003&cut=ethnic_group:N"))
    assert "health check for people with severe mental illness Value suppressed 95% interval None" in page


def test_each_service_that_is_ranked_can_be_chosen(client: Client) -> None:
    page = get(client, "/priorities/")
    assert all(f'<option value="{service}"' in page for service in ("all", *SERVICES))


def test_the_place_is_the_first_area_to_choose(client: Client) -> None:
    page = get(client, PROFILE)
    assert PLACE not in page
    assert page.index('<optgroup label="Whole place">') < page.index(
        '<optgroup label="Neighbourhoods (MSOAs)">'
    )


def test_indicator_is_shown_by_plus_group_with_what_the_group_is(client: Client) -> None:
    page = words_of(get(client, SMI))
    assert "Ethnic minority communities People whose recorded ethnic group is not White British." in page
    assert "A person can be in several" in page


def test_plus_group_can_be_chosen_for_a_whole_profile(client: Client) -> None:
    page = get(client, f"{PROFILE}?cut=plus_group:ethnic_minority_communities")
    assert "Plus groups: Ethnic minority communities" in words_of(page)


def test_indicator_is_shown_by_two_breakdowns_at_once(client: Client) -> None:
    page = get(client, SMI)
    table = page[page.index('id="pair-caption"') :].split("</table>")[0]
    heads, lines = (
        {html.unescape(name) for name in re.findall(rf'<th scope="{scope}"[^>]*>([^<]+)<', table)}
        for scope in ("col", "row")
    )
    assert {"1, most deprived fifth", "5, least deprived fifth"} <= lines
    assert {"White", "Asian"} <= heads
    assert len(heads) <= len(lines)
    assert table.count("<td") == 1 + len(heads) * len(lines)


def test_pair_of_breakdowns_that_is_not_there_is_not_found(client: Client) -> None:
    assert client.get(f"{SMI}?pair=sex*shoe_size").status_code == 404
