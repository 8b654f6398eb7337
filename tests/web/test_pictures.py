"""Pictures as files: what is in them, and that each page leads to its own."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ET
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import Release
from tests.support.release_factory import write_sample_release
from tests.web.test_pages import get

SMI = "/profiles/core20plus5_adults/smi_annual_health_check/"
PICTURE = f"{SMI}pictures/deprivation-smi-annual-health-check-place-x00000001"


def links_of(page: str, kind: str) -> list[str]:
    return [unescape(link) for link in re.findall(rf'href="([^"]*/pictures/[^"]*\.{kind}[^"]*)"', page)]


def texts_of(svg: bytes) -> str:
    root = ET.fromstring(svg)  # noqa: S314 (what the site wrote)
    return " ".join(element.text or "" for element in root.iter() if element.tag.endswith("}text"))


@pytest.mark.parametrize(
    "address", [SMI, f"{SMI}?area=msoa:X02000002&map=lsoa", "/profiles/core20plus5_adults/"]
)
def test_every_picture_of_a_page_can_be_had_as_a_file(client: Client, address: str) -> None:
    page = get(client, address)
    links = links_of(page, "svg")
    assert len(links) == page.count('<div class="eg-picture">') > 0
    for link in links:
        answer = client.get(link)
        assert answer.status_code == 200, link
        assert answer["Content-Type"] == "image/svg+xml"
        assert re.fullmatch(r'attachment; filename="[a-z0-9-]+\.svg"', answer["Content-Disposition"])
        ET.fromstring(answer.content)  # noqa: S314


def test_a_file_says_what_it_shows_and_where_it_is_from(client: Client, release: Release) -> None:
    words = texts_of(client.get(f"{PICTURE}.svg").content)
    assert "Physical health check for people with severe mental illness, by" in " ".join(words.split())
    assert "Source: counted from sample. Definition: A sample source, 2025." in words
    assert "Invented data: no real place, no real people." in words
    assert release.id in words


def test_figures_of_a_real_place_are_not_called_invented(
    client: Client, site: Settings, tmp_path: Path
) -> None:
    write_sample_release(tmp_path, synthetic=False)
    site.EVENGROUND_RELEASES = tmp_path
    assert "Invented" not in texts_of(client.get(f"{PICTURE}.svg").content)


def test_a_png_is_twice_the_size_of_the_drawing(client: Client) -> None:
    answer = client.get(f"{PICTURE}.png")
    assert answer["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", answer.content[16:24])
    drawing = ET.fromstring(client.get(f"{PICTURE}.svg").content)  # noqa: S314
    assert abs(width - 2 * float(drawing.get("width", 0))) <= 2
    assert abs(height - 2 * float(drawing.get("height", 0))) <= 2


@pytest.mark.parametrize(
    "address",
    [
        f"{PICTURE}.pdf",
        f"{SMI}pictures/nothing.svg",
        f"{PICTURE}.svg?area=msoa:X02000002",
        f"{PICTURE}.svg?map=ward",
        "/profiles/core20plus5_adults/nothing/pictures/x.svg",
    ],
)
def test_a_picture_that_there_is_not_is_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_the_same_release_gives_the_same_file(client: Client) -> None:
    assert client.get(f"{PICTURE}.svg").content == client.get(f"{PICTURE}.svg").content
