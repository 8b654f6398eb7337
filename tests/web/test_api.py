"""The interface for programs: what it gives, in parts, what it refuses, and what it does not send twice."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from django.test import Client

from evenground.releases import Manifest, Release
from evenground_web.api import schemas
from evenground_web.api.views import api

V1 = "/api/v1"


@pytest.fixture
def client() -> Client:
    return Client()


def ask(client: Client, address: str, status: int = 200, **headers: str) -> Any:
    response = client.get(f"{V1}{address}", headers=headers)
    assert response.status_code == status, response.content
    return response.json()


def test_release_is_its_manifest(client: Client, release: Release) -> None:
    assert Manifest.model_validate(ask(client, "/release")) == release.manifest


def test_indicators_and_profiles_are_those_of_the_release(client: Client, release: Release) -> None:
    assert [one["id"] for one in ask(client, "/indicators")["items"]] == list(release.indicators)
    assert [one["id"] for one in ask(client, "/profiles")["items"]] == list(release.profiles)


@pytest.mark.parametrize(
    ("table", "page"),
    [
        ("values", schemas.ValuePage),
        ("inequality", schemas.InequalityPage),
        ("rankings", schemas.RankingPage),
        ("clusters", schemas.ClusterPage),
        ("areas", schemas.AreaPage),
    ],
)
def test_every_row_of_a_table_comes_once_and_is_what_the_description_says(
    client: Client, release: Release, table: str, page: type[schemas.Page]
) -> None:
    rows: list[dict[str, Any]] = []
    address: str | None = f"/{table}?limit=97"
    while address:
        answer = ask(client, address)
        page.model_validate(answer)
        assert answer["release_id"] == release.id
        assert len(answer["items"]) <= 97
        rows += answer["items"]
        address = answer["next"].removeprefix(V1) if answer["next"] else None
    frame = release.table(table)
    assert answer["total"] == len(rows) == frame.height
    assert list(rows[0]) == frame.columns
    given = pl.DataFrame(rows, schema={name: frame.schema[name] for name in rows[0]})
    order = given.columns
    assert given.sort(order).equals(frame.select(order).sort(order))


def test_neighbours_that_share_a_gap_come_by_service_kind_and_group(client: Client) -> None:
    (one,) = ask(client, "/clusters?service_id=bowel_screening&community_type=msoa_ethnic_group")["items"]
    assert (one["ethnic_group"], one["areas"], len(one["area_codes"].split(";"))) == ("J", 2, 2)
    assert ask(client, "/clusters?community_type=lsoa&ethnic_group=J")["total"] == 0
    assert 'Did you mean "ethnic_group"?' in ask(client, "/clusters?ethnic=J", 422)["detail"]


def test_filters_go_together_and_a_repeated_one_widens(client: Client) -> None:
    asked = "/values?indicator_id=bowel_screening&area_type=place&cut=all&cut=local_quintile&latest=true"
    items = ask(client, asked)["items"]
    assert {(one["cut"], one["category"]) for one in items} == {
        ("all", "all"),
        *(("local_quintile", category) for category in (*"12345", "unknown")),
    }
    assert {one["period"] for one in items} == {"2025-04-01 to 2026-03-31"}


def test_earlier_dates_come_unless_only_the_latest_is_asked_for(client: Client) -> None:
    asked = "/values?indicator_id=bowel_screening&area_type=place&cut=all"
    assert ask(client, asked)["total"] == 6
    assert ask(client, f"{asked}&latest=true")["total"] == 1


def test_a_withheld_figure_has_no_value_and_says_why(client: Client) -> None:
    (one,) = ask(client, "/values?indicator_id=smi_annual_health_check&area_code=X01000003D&latest=true")[
        "items"
    ]
    assert (one["value"], one["numerator"], one["value_note"]) == (None, None, "suppressed")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (
            "/values?indicator=bowel_screening",
            '"indicator" is not a filter here. Did you mean "indicator_id"?',
        ),
        ("/values?indicator_id=bowel_screning", 'Did you mean "bowel_screening"?'),
        ("/areas?area_code=E99999999", 'The release holds nothing with area_code "E99999999"'),
    ],
)
def test_what_is_misspelt_is_told_and_not_passed_over(client: Client, address: str, told: str) -> None:
    assert told in ask(client, address, 422)["detail"]


@pytest.mark.parametrize("part", ["limit=0", "limit=10001", "offset=-1", "limit=many"])
def test_parts_that_make_no_sense_are_refused(client: Client, part: str) -> None:
    assert "detail" in ask(client, f"/values?{part}", 422)


def test_past_the_end_there_is_nothing_and_no_next_part(client: Client) -> None:
    answer = ask(client, "/areas?offset=100000")
    assert (answer["items"], answer["next"]) == ([], None)


def test_what_has_not_changed_is_not_sent_again(client: Client) -> None:
    first = client.get(f"{V1}/areas")
    again = client.get(f"{V1}/areas", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = client.get(f"{V1}/areas?area_type=msoa", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_nothing_can_be_written(client: Client) -> None:
    for method in (client.post, client.put, client.delete, client.patch):
        assert method(f"{V1}/values").status_code == 405


def test_a_site_without_a_release_says_so(client: Client, settings: Any, tmp_path: Any) -> None:
    settings.EVENGROUND_RELEASES = tmp_path
    assert "There is no release" in ask(client, "/release", 503)["detail"]


def test_the_description_names_every_address_and_its_answers(client: Client) -> None:
    described = json.loads(client.get(f"{V1}/openapi.json").content)
    assert sorted(described["paths"]) == sorted(
        f"{V1}/{name}"
        for name in (
            "areas",
            "clusters",
            "indicators",
            "inequality",
            "profiles",
            "rankings",
            "release",
            "values",
        )
    )
    parameters = {one["name"] for one in described["paths"][f"{V1}/values"]["get"]["parameters"]}
    assert {"indicator_id", "area_code", "cut", "period", "latest", "limit", "offset"} <= parameters
    assert api.docs_url is None, "the usual page of documentation would load scripts from elsewhere"
