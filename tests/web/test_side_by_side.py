"""The overview of a profile, the page of an area, and areas or groups side by side."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import TABLES, Release
from tests.support.published_release import write_published_release
from tests.support.release_factory import PLACE, write_sample_release
from tests.support.wide_release import WIDE, write_wide_release

OVERVIEW = "/profiles/core20plus5_adults/overview/"
AREA = "/areas/msoa/X02000003/"
COMPARE = "/compare/?by=msoa&with=X02000001&with=X02000003&profile=core20plus5_adults"
GROUPS = "/compare/?by=ethnic_group&with=A&with=J&with=missing&profile=screening"
PAGES = [
    OVERVIEW,
    f"{OVERVIEW}?by=lsoa&sort=worse",
    f"{OVERVIEW}?by=lsoa&within=msoa:X02000003&sort=smi_annual_health_check&order=reverse",
    f"{OVERVIEW}?by=ethnic_group",
    f"{OVERVIEW}?by=plus_group",
    AREA,
    f"{AREA}?profile=screening",
    "/areas/lsoa/X01000003D/",
    "/areas/lsoa/unknown/",
    f"/areas/place/{PLACE}/",
    "/areas/ltla/X07000001/",
    "/compare/",
    "/compare/?by=msoa&with=X02000001",
    COMPARE,
    GROUPS,
]


def words_of(page: str) -> str:
    bare = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", bare)).split())


def get(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def columns_of(page: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'eg-heat__head"><a [^>]*>([^<]+)</a>', page)]


def read_csv(client: Client, address: str) -> list[dict[str, str]]:
    response = client.get(address)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.fixture
def with_tables(site: Settings, release: Release, tmp_path: Path) -> Callable[..., None]:
    """Puts the sample release in place with some of its tables changed."""

    def change(**changes: pl.DataFrame) -> None:
        write_sample_release(tmp_path, tables={name: release.table(name) for name in TABLES} | changes)
        site.EVENGROUND_RELEASES = tmp_path

    return change


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_one_heading_no_id_twice_and_no_inline_style(client: Client, address: str) -> None:
    page = get(client, address)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page)


@pytest.mark.parametrize("address", [PAGES[2], PAGES[4], AREA, f"/areas/place/{PLACE}/", COMPARE, GROUPS])
def test_every_link_of_a_page_leads_somewhere(client: Client, address: str) -> None:
    links = {html.unescape(link) for link in re.findall(r'href="(/[^"#]*)', get(client, address))}
    pages = {link for link in links if not link.startswith("/static/")}
    assert {link: client.get(link).status_code for link in pages} == dict.fromkeys(pages, 200)


@pytest.mark.parametrize(
    "address",
    [
        f"{OVERVIEW}?by=shoe_size",
        f"{OVERVIEW}?sort=nothing",
        f"{OVERVIEW}?sort=bowel_screening",
        f"{OVERVIEW}?within=msoa:X99",
        f"{OVERVIEW}?page=0",
        f"{OVERVIEW}?page=2",
        f"{OVERVIEW}?page=x",
        "/profiles/nothing/overview/",
        "/areas/msoa/X99/",
        "/areas/country/unknown/",
        "/areas/nothing/X02000003/",
        f"{AREA}?profile=nothing",
        "/compare/?by=nothing",
        "/compare/?profile=nothing",
        "/compare/figures.csv?by=msoa&with=X02000001",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_overview_has_a_cell_for_every_indicator_and_area_with_its_figure_and_its_word(
    client: Client, release: Release
) -> None:
    page = get(client, OVERVIEW)
    assert columns_of(page) == ["Fairfield & Vale", "Mill Bank", "Old Town", "Area unknown"]
    values = release.latest_values.filter(
        (pl.col("area_type") == "msoa")
        & (pl.col("cut") == "all")
        & (pl.col("indicator_id") != "bowel_screening")
    )
    cells = re.findall(r'<td class="eg-cell eg-cell--(\w)">([^<]*)<i>([^<]*)</i></td>', page)
    assert len(cells) == values.height == 12
    compared = values.filter(pl.col("value_note") == "published")["comparison"]
    assert sorted(word for _, figure, word in cells if figure) == sorted(compared)
    row = values.filter(
        (pl.col("indicator_id") == "smi_annual_health_check") & (pl.col("area_code") == "X02000003")
    )
    assert f">{row['value'].item():.1f}<i>{row['comparison'].item()}</i>" in page


def test_overview_tells_suppressed_missing_and_zero_apart(client: Client) -> None:
    page = get(client, f"{OVERVIEW}?by=lsoa")
    line = page[page.index("SMI health check</a>") :].split("</tr>")[0]
    order = columns_of(page)
    cells = re.findall(r'<td class="eg-cell eg-cell--(\w)">(.*?)</td>', line)
    by_name = dict(zip(order, cells, strict=True))
    assert by_name["Samplebury 003D"] == ("x", "<i>suppressed</i>")
    assert by_name["Samplebury 003B"] == ("m", "<i>no data</i>")
    assert by_name["Samplebury 003C"] == ("w", "0<i>worse</i>")
    assert order[-1] == "Area unknown"


def test_overview_can_be_sorted_by_an_indicator_worst_first_and_turned_round(
    client: Client, release: Release
) -> None:
    worst_first = columns_of(get(client, f"{OVERVIEW}?sort=smi_annual_health_check"))
    values = release.latest_values.filter(
        (pl.col("area_type") == "msoa")
        & (pl.col("cut") == "all")
        & (pl.col("indicator_id") == "smi_annual_health_check")
        & (pl.col("area_code") != "unknown")
    ).sort("value")
    names = {code: name for (kind, code), name in release.area_names.items() if kind == "msoa"}
    assert worst_first == [*(names[code] for code in values["area_code"]), "Area unknown"]
    turned = columns_of(get(client, f"{OVERVIEW}?sort=smi_annual_health_check&order=reverse"))
    assert turned == [*worst_first[2::-1], "Area unknown"]


def test_areas_without_a_figure_come_after_those_with_one_and_the_unknown_last(client: Client) -> None:
    order = columns_of(get(client, f"{OVERVIEW}?by=lsoa&sort=smi_annual_health_check"))
    assert order[0] == "Samplebury 003C"
    assert order[-3:] == ["Samplebury 003B", "Samplebury 003D", "Area unknown"]


def test_the_sentence_of_the_overview_counts_what_the_table_shows(client: Client) -> None:
    page = get(client, f"{OVERVIEW}?by=lsoa")
    words = words_of(page)
    cells = re.findall(r"<i>(\w[\w ]*)</i></td>", page)
    counted = re.search(r"Of (\d+) figures compared with Samplebury, (\d+) are worse", words)
    assert counted
    assert int(counted[2]) == cells.count("worse")
    assert int(counted[1]) == sum(
        cells.count(word) for word in ("worse", "better", "similar", "higher", "lower")
    )
    assert f"{cells.count('suppressed')} figure" in words
    assert "chance alone would still put about" in words


def test_overview_keeps_to_an_area_when_asked(client: Client) -> None:
    page = get(client, f"{OVERVIEW}?by=lsoa&within=msoa:X02000003")
    assert columns_of(page) == [f"Samplebury 003{letter}" for letter in "ABCD"]
    assert "in Fairfield & Vale" in words_of(page)


def test_groups_stand_in_their_own_order_with_those_not_known_last(client: Client) -> None:
    order = columns_of(get(client, f"{OVERVIEW}?by=ethnic_group"))
    assert order[0] == "White British"
    assert set(order[-3:]) == {"Not known", "Not stated", "Missing"}


def test_the_download_of_an_overview_holds_the_figures_of_its_cells(client: Client) -> None:
    rows = read_csv(client, "/profiles/core20plus5_adults/overview/table.csv?by=msoa")
    names = {row["area_name"] for row in rows}
    assert names == {"Fairfield & Vale", "Mill Bank", "Old Town", "Area unknown"}
    assert len(rows) == 12


def test_a_release_without_areas_or_groups_says_so(client: Client, release: Release, with_tables) -> None:
    values = release.table("values")
    with_tables(values=values.filter((pl.col("area_type") == "place") & (pl.col("cut") == "all")))
    assert "no figures of several areas or groups" in words_of(get(client, OVERVIEW))
    assert "no figures of several areas or groups" in words_of(get(client, "/compare/"))
    assert client.get("/profiles/core20plus5_adults/overview/table.csv").status_code == 404


def test_an_indicator_that_no_column_has_is_named_below(
    client: Client, release: Release, with_tables
) -> None:
    is_smi = pl.col("indicator_id") == "smi_annual_health_check"
    with_tables(values=release.table("values").filter(~(is_smi & (pl.col("area_type") == "msoa"))))
    words = words_of(get(client, OVERVIEW))
    assert "Not here, because they have no figures by these areas: SMI health check" in words


def test_an_area_says_where_it_lies_and_what_lies_in_it(client: Client) -> None:
    page = get(client, AREA)
    words = words_of(page)
    assert "Neighbourhood (MSOA) Fairfield & Vale" in words
    assert "Lies in Samplebury (Whole place)" in words
    assert "People 6,700, registered with" in words
    assert "Small areas (LSOAs) in it (4)" in words
    assert 'href="/areas/lsoa/X01000003D/"' in page
    small = words_of(get(client, "/areas/lsoa/X01000003D/"))
    assert "Lies in Fairfield & Vale (Neighbourhood (MSOA)), Samplebury (District), Samplebury" in small
    assert "In tenth" in small
    assert "1 = most deprived" in small


def test_an_area_is_told_apart_from_the_place_in_one_sentence(client: Client, release: Release) -> None:
    words = words_of(get(client, AREA))
    own = release.latest_values.filter(
        (pl.col("area_type") == "msoa") & (pl.col("area_code") == "X02000003") & (pl.col("cut") == "all")
    )
    worse = own.filter(pl.col("comparison") == "worse").height
    assert worse
    assert f"Of 4 indicators compared with Samplebury, Fairfield & Vale is worse on {worse}" in words
    assert "Furthest behind, by share of the place’s figure: SMI health check (" in words


def test_an_area_keeps_suppressed_figures_suppressed(client: Client) -> None:
    words = words_of(get(client, "/areas/lsoa/X01000003D/"))
    assert "illness Value suppressed 95% interval None" in words
    assert "figure is suppressed: too few people to publish" in words or "figures are suppressed" in words


def test_people_without_an_area_have_a_page(client: Client) -> None:
    words = words_of(get(client, "/areas/lsoa/unknown/"))
    assert "People for whom no area of this kind is known" in words


def test_the_whole_place_has_a_page_and_is_not_compared_with_itself(client: Client) -> None:
    page = get(client, f"/areas/place/{PLACE}/")
    assert "Against Samplebury" not in words_of(page)
    assert "<h1" in page
    assert "Neighbourhoods (MSOAs) in it (3)" in words_of(page)


def test_the_download_of_an_area_is_what_its_page_shows(client: Client) -> None:
    rows = read_csv(client, "/areas/msoa/X02000003/table.csv?profile=core20plus5_adults")
    assert [row["indicator_id"] for row in rows] == [
        "copd_emergency_admissions",
        "hypertension_prevalence",
        "smi_annual_health_check",
    ]
    assert {row["area_name"] for row in rows} == {"Fairfield & Vale"}


def test_areas_stand_side_by_side_with_a_picture_an_indicator(client: Client) -> None:
    page = get(client, COMPARE)
    words = words_of(page)
    assert "Against Samplebury: Old Town is worse on" in words
    assert len(re.findall(r'<section class="eg-figure"', page)) == 3
    assert len(re.findall(r"as a table</span></summary>", page)) == 3
    assert '<option value="X02000003" selected>' in page


def test_groups_stand_side_by_side_and_those_not_known_among_them(client: Client) -> None:
    words = words_of(get(client, GROUPS))
    assert "White British is worse on" in words
    assert re.search(
        r"Pakistani .60.0%. is worse than White British .68.2%., by 8.2 percentage points", words
    )


def test_the_same_area_twice_is_shown_once(client: Client) -> None:
    page = get(client, "/compare/?by=msoa&with=X02000001&with=X02000001")
    assert "Choose one more at least to stand beside Old Town" in words_of(page)


def test_an_unknown_area_is_named_and_the_nearest_offered(client: Client) -> None:
    response = client.get("/compare/?by=msoa&with=Old+Towm&with=X02000001")
    assert response.status_code == 404
    words = words_of(response.content.decode())
    assert "This release has no figures of ‘Old Towm’ among neighbourhoods (MSOAs)." in words
    assert 'Did you mean "Old Town"?' in words


def test_an_area_may_be_asked_for_by_its_name(client: Client) -> None:
    page = get(client, "/compare/?by=msoa&with=old+town&with=Mill+Bank")
    assert "Old Town is worse on" in words_of(page)


def test_more_than_six_are_refused_and_the_choice_kept(client: Client) -> None:
    asked = "".join(f"&with=X{number}" for number in range(7))
    response = client.get(f"/compare/?by=msoa{asked}")
    assert response.status_code == 400
    assert "You asked for 7. Choose 2 to 6 to compare." in words_of(response.content.decode())


def test_ten_thousand_at_once_are_refused_in_plain_words(client: Client) -> None:
    response = client.get("/compare/?" + "&".join(f"with=X{number}" for number in range(10_000)))
    assert response.status_code == 400
    assert "You can compare up to six areas or groups" in words_of(response.content.decode())


def test_what_was_typed_is_text_and_never_markup(client: Client) -> None:
    page = client.get("/compare/?by=msoa&with=<img src=x>&with=X02000001").content.decode()
    assert "<img" not in page


def test_the_download_of_a_comparison_has_the_place_beside_each(client: Client) -> None:
    rows = read_csv(client, COMPARE.replace("/compare/?", "/compare/figures.csv?"))
    assert {row["area_name"] for row in rows} == {"Old Town", "Fairfield & Vale", "Samplebury"}
    assert len(rows) == 9


def test_names_that_somebody_typed_are_escaped_in_the_table(
    client: Client, release: Release, with_tables
) -> None:
    evil = pl.when(pl.col("area_code") == "X02000001").then(pl.lit("<img src=x>")).otherwise("area_name")
    with_tables(areas=release.table("areas").with_columns(evil.alias("area_name")))
    for address in (OVERVIEW, "/areas/msoa/X02000001/", COMPARE):
        assert "<img" not in get(client, address)


def test_areas_in_the_table_of_a_map_and_in_priorities_lead_to_their_pages(client: Client) -> None:
    indicator = get(client, "/profiles/screening/bowel_screening/")
    assert '<a href="/areas/msoa/X02000001/">Old Town</a>' in indicator
    assert '<a href="/areas/msoa/X02000001/">Pakistani people in Old Town</a>' in get(client, "/priorities/")


def test_profile_and_indicator_lead_to_the_overview_and_the_area(client: Client) -> None:
    profile = get(client, "/profiles/screening/?area=msoa:X02000001")
    assert 'href="/profiles/screening/overview/"' in profile
    assert 'href="/areas/msoa/X02000001/"' in profile
    assert 'href="/profiles/screening/overview/?sort=bowel_screening"' in get(
        client, "/profiles/screening/bowel_screening/"
    )


def test_a_table_too_wide_is_shown_in_parts(client: Client, site: Settings, tmp_path: Path) -> None:
    write_wide_release(tmp_path, indicators=2, areas=520)
    site.EVENGROUND_RELEASES = tmp_path
    first = get(client, f"/profiles/{WIDE}/overview/?by=lsoa")
    assert "520 small areas: 1 to 200 stand in this table." in words_of(first)
    last = get(client, f"/profiles/{WIDE}/overview/?by=lsoa&page=3")
    assert columns_of(last)[-1] == "Small area 00520"
    assert len(columns_of(last)) == 120


def test_of_very_many_areas_a_reader_types_which(client: Client, site: Settings, tmp_path: Path) -> None:
    write_wide_release(tmp_path, indicators=2, areas=520)
    site.EVENGROUND_RELEASES = tmp_path
    page = get(client, "/compare/?by=lsoa&with=Small+area+00007&with=X10000001")
    assert "Type a code or a name" in words_of(page)
    assert 'value="Small area 00007"' in page
    assert "Small area 00002" in words_of(page)


@pytest.fixture(scope="module")
def published_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published_release(tmp_path_factory.mktemp("published"))


def test_a_published_figure_stands_beside_england_s_of_the_same_period(
    client: Client, site: Settings, published_releases: Path
) -> None:
    site.EVENGROUND_RELEASES = published_releases
    page = words_of(get(client, "/areas/ltla/X08000001/"))
    assert "Against a wider area England 14.7% Worse" in page
    assert "Published figure, 2022/23" in page


def test_an_area_leads_to_those_nearest_in_deprivation_side_by_side(client: Client) -> None:
    page = client.get("/areas/lsoa/X01000003D/").content.decode()
    link = re.search(r'href="([^"]+)">Compare with the 5 small areas nearest in deprivation', page)
    assert link, page[-3000:]
    address = html.unescape(link[1])
    assert address.count("with=") == 6
    assert client.get(address).status_code == 200
