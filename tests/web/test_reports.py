"""Reports to download from an area's and a profile's page: four formats, logged, and none that cannot be."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.audit_log import read_lines
from evenground.reports.documents import FORMATS
from evenground_web.accounts.roles import Role
from evenground_web.common.turns import SEATS, turns_folder
from tests.support.release_factory import SUPPRESSED_LSOA

AREA = "/areas/msoa/X02000001/"
PROFILE = "/profiles/screening/?area=msoa:X02000001"


def list_links(client: Client, address: str) -> list[str]:
    page = client.get(address).content.decode()
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]*/report\.[^"]*)"', page)]


@pytest.mark.parametrize("address", [AREA, AREA + "?profile=screening", PROFILE])
def test_a_page_offers_its_report_in_every_format(client: Client, address: str) -> None:
    links = list_links(client, address)
    assert [link.partition("?")[0].rpartition(".")[2] for link in links] == list(FORMATS)
    assert {"profile=" in link for link in links} == {address.endswith("profile=screening")}


def test_each_report_that_a_page_offers_comes_as_a_file(client: Client) -> None:
    for link, media_type in zip(list_links(client, PROFILE), FORMATS.values(), strict=True):
        answer = client.get(link)
        assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
        assert re.fullmatch(
            r'attachment; filename="msoa-X02000001[\w-]*\.\w+"', answer["Content-Disposition"]
        )


def test_a_report_is_of_the_area_and_profile_that_the_page_shows(client: Client) -> None:
    page = client.get("/profiles/screening/report.html?area=msoa:X02000001").content.decode()
    assert "<h1>Old Town</h1>" in page
    assert "Bowel screening uptake" in page
    assert "Physical health check" not in page


def test_the_page_of_all_profiles_offers_the_annual_statement(client: Client) -> None:
    page = client.get("/profiles/").content.decode()
    assert re.findall(r'href="/profiles/statement\.(\w+)"', page) == list(FORMATS)
    answer = client.get("/profiles/statement.html")
    assert answer["Content-Disposition"] == 'attachment; filename="statement.html"'
    assert "section 13SA" in answer.content.decode()


def test_suppressed_stays_suppressed_in_a_report(client: Client) -> None:
    page = client.get(
        f"/areas/lsoa/{SUPPRESSED_LSOA}/report.html?profile=core20plus5_adults"
    ).content.decode()
    assert "<td>suppressed</td>" in page


@pytest.mark.parametrize(
    "address",
    [
        AREA + "report.odf",
        AREA + "report.html?profile=nothing",
        "/areas/msoa/X09999999/report.html",
        "/profiles/nothing/report.html",
        "/profiles/screening/report.html?area=msoa:nowhere",
        "/areas/ltla/X07000001/report.html",
    ],
)
def test_there_is_no_report_of_what_is_not_there(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_formats_that_cannot_be_written_are_not_offered(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("docx", "pptx", "typst"):
        monkeypatch.setitem(sys.modules, module, None)
    assert list_links(client, AREA) == [AREA + "report.html"]
    assert client.get(AREA + "report.pdf").status_code == 404


def test_every_report_is_logged(
    site: Settings, client_of: Callable[[Role | None], Client], tmp_path: Path
) -> None:
    site.EVENGROUND_LOG = str(tmp_path / "site-log.jsonl")
    client_of(Role.ANALYST).get(AREA + "report.html?profile=screening")
    (line,) = list(read_lines(tmp_path / "site-log.jsonl"))
    assert (line.event, line.by) == ("exported", "analyst")
    assert line.facts["what"] == "area_report area_code X02000001 area_type msoa kind html"


def test_many_reports_at_once_leave_threads_for_pages(client: Client) -> None:
    # Another process of the site has both seats.
    taking = "import fcntl, sys; held = [open(name, 'w') for name in sys.argv[1:]];"
    taking += "[fcntl.flock(one, fcntl.LOCK_EX) for one in held]; print('taken', flush=True); input()"
    names = [str(turns_folder() / seat) for seat in SEATS]
    command = [sys.executable, "-c", taking, *names]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "taken\n"
        answer = client.get(AREA + "report.html?profile=screening")
        other.communicate("\n")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert client.get(AREA + "report.html?profile=screening").status_code == 200
