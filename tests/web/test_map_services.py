"""Services and events over a map: off unless asked for, by shape, with a table, and seen when they change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.web.test_pages import get, words_of

INDICATOR = "/profiles/core20plus5_adults/hypertension_prevalence/"
GROUP = "/groups/ethnic_group/J/"
HEADER = "name,kind,longitude,latitude,source,starts,ends"
LIBRARY = "Old Town library,Library,-1.39,53.405,Council list,,"
CLINIC = "Pop-up <b>clinic</b>,Clinic,-1.35,53.41,Council list,2026-05-01,2026-05-03"
ELSEWHERE = "Other hall,Hall,-4.2,57.4,Council list,,2026-06-30"


@pytest.fixture
def services(site: Settings, tmp_path: Path) -> Path:
    """A file of three services, one of them outside the place."""
    path = tmp_path / "services.csv"
    site.EVENGROUND_SERVICES = path
    path.write_text("\n".join([HEADER, LIBRARY, CLINIC, ELSEWHERE]))
    return path


def marks_of(page: str) -> list[str]:
    layers = re.findall(r'<g class="evenground-places">(.*?)</g>', page)
    return re.findall(r"<title>(.*?)</title>", "".join(layers))


@pytest.mark.parametrize("address", [INDICATOR, GROUP])
def test_services_are_laid_over_a_map_where_the_address_asks_for_them(
    client: Client, services: Path, address: str
) -> None:
    plain = get(client, address)
    assert marks_of(plain) == []
    assert "Services and events on the map" in plain
    assert "Old Town library" not in plain
    page = get(client, f"{address}?show=services")
    assert marks_of(page) == [
        "Clinic: Pop-up &lt;b&gt;clinic&lt;/b&gt; (1 May 2026 to 3 May 2026)",
        "Library: Old Town library",
    ]
    words = words_of(page)
    for said in (
        "3 services and events. 1 of them outside the areas of the map.",
        "Old Town library Library no dates given Old Town Council list",
        "Other hall Hall until 30 June 2026 outside the map",
    ):
        assert said in words
    assert "<b>clinic" not in page
    for label in ("Clinic (1)", "Hall (0)", "Library (1)"):
        assert f">{label}</text>" in page
    key = "".join(re.findall(r'<g class="evenground-key">(.*?)</g>', page))
    assert len(set(re.findall(r' d="([^"]+)"', key))) == 3


def test_a_place_without_services_offers_none(client: Client, site: Settings, tmp_path: Path) -> None:
    site.EVENGROUND_SERVICES = tmp_path / "services.csv"
    page = get(client, f"{INDICATOR}?show=services")
    assert "Services and events" not in page


def test_a_file_that_changes_is_seen_at_once_and_one_with_faults_says_so(
    client: Client, services: Path
) -> None:
    address = f"{INDICATOR}?show=services"
    assert len(marks_of(get(client, address))) == 2
    services.write_text("\n".join([HEADER, LIBRARY]))
    assert marks_of(get(client, address)) == ["Library: Old Town library"]
    services.write_text("\n".join([HEADER, LIBRARY.replace("-1.39", "139")]))
    page = get(client, address)
    assert marks_of(page) == []
    assert "has faults, and is not shown" in page


def test_the_picture_to_download_has_what_the_page_has(client: Client, services: Path) -> None:
    page = get(client, f"{INDICATOR}?show=services")
    (address,) = re.findall(r'href="([^"]*/map-msoa[^"]*\.svg[^"]*)"', page)
    assert "show=services" in address
    picture = client.get(address.replace("&amp;", "&")).content.decode()
    assert "Library: Old Town library" in picture
    assert "href" not in picture
