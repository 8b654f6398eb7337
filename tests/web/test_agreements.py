"""The page of data-sharing agreements: who gives what to whom, what ends, what would go dark."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET
from pathlib import Path

from django.test import Client
from pytest_django.fixtures import Settings

from evenground.releases import AgreementFlow, Release
from evenground.reports.flows import draw_flows
from evenground_web.agreements.reads import list_agreements
from tests.support.release_factory import AGREEMENTS, write_sample_release


def test_anybody_reads_who_gives_what_to_whom_and_for_what(client: Client) -> None:
    page = " ".join(client.get("/agreements/").content.decode().split())
    assert "2 flows of data about people, from 2 givers to 1 receiver." in page
    assert "Who gives which data to whom" in page
    assert "population health management, service planning" in page
    assert "31 March 2096" in page
    assert "DPIA-01" in page


def test_an_agreement_that_ended_or_is_overdue_is_told_with_what_goes_dark(client: Client) -> None:
    page = " ".join(client.get("/agreements/").content.decode().split())
    assert "Screening results</a> ended on 30 June 2026: 1 of 4 indicators would go dark" in page
    assert "should have been reviewed by 1 October 2025" in page


def test_standing_depends_on_the_day(release: Release) -> None:
    def screening(day: dt.date):
        return next(one for one in list_agreements(release, day) if one.info.id == "screening")

    end = dt.date(2026, 6, 30)
    assert [screening(end - dt.timedelta(days)).ends_soon for days in (91, 90, 0, -1)] == [
        False,
        True,
        True,
        True,
    ]
    assert screening(end).standing == "In force"
    assert screening(end + dt.timedelta(1)).standing == "Ended"
    assert screening(dt.date(2025, 1, 1)).standing == "Not begun"
    assert [info.id for info in screening(end).indicators] == ["bowel_screening"]


def test_a_release_without_agreements_says_so(client: Client, site: Settings, tmp_path: Path) -> None:
    write_sample_release(tmp_path, agreements=())
    site.EVENGROUND_RELEASES = tmp_path
    assert "This release names no agreement" in client.get("/agreements/").content.decode()


def test_the_page_about_the_data_leads_to_it(client: Client) -> None:
    assert 'href="/agreements/"' in client.get("/about-the-data/").content.decode()


def test_names_of_any_form_are_drawn_as_text() -> None:
    flow = AgreementFlow(source='<script>"&', giver="A" * 80, receiver="</svg>", what="")
    figure = draw_flows([AGREEMENTS[0].model_copy(update={"flows": (flow, flow)})], "flows")
    root = ET.fromstring(figure.svg)  # noqa: S314
    assert "<script>" not in figure.svg
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg", "g", "title", "desc", "rect", "text", "line", "path",
    }  # fmt: skip
    assert figure.rows[0][:3] == ("A" * 80, '<script>"&', "</svg>")


def test_every_flow_of_several_receivers_is_drawn() -> None:
    other = AGREEMENTS[1].flows[0].model_copy(update={"receiver": "Another body"})
    figure = draw_flows([AGREEMENTS[0], AGREEMENTS[1].model_copy(update={"flows": (other,)})], "flows")
    assert figure.svg.count("<rect") == 4
    assert figure.svg.count("<line") == 2
    assert len(figure.rows) == 2
