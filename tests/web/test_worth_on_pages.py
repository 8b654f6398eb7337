"""Need, gap, expected benefit and deliverability on the pages: side by side, never merged, nobody unseen."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.unit.spending.test_records import EVENING, GAIN, KNOWN, NURSE
from tests.web.test_pages import get, words_of

PAGE = "/priorities/?service=bowel_screening"
GROUP = "/priorities/communities/msoa_ethnic_group/X02000001/group/J/"


@pytest.fixture
def definitions(site: Settings, tmp_path: Path) -> Path:
    """A place that knows of nothing yet: an empty folder of definitions."""
    site.EVENGROUND_DEFINITIONS = tmp_path / "definitions"
    for folder in ("evidence", "deliverability", "interventions/staff"):
        (site.EVENGROUND_DEFINITIONS / folder).mkdir(parents=True)
    return site.EVENGROUND_DEFINITIONS


@pytest.fixture
def valued(definitions: Path) -> Path:
    """One that has a record of evidence, for White British people alone, and one of how to serve others."""
    own = GAIN + 'applies_to = { ethnic_group = ["A"] }\n'
    (definitions / "evidence/bowel.toml").write_text(own, encoding="utf-8")
    (definitions / "deliverability/evenings.toml").write_text(KNOWN, encoding="utf-8")
    (definitions / "interventions/evening.toml").write_text(EVENING, encoding="utf-8")
    (definitions / "interventions/staff/nurse.toml").write_text(NURSE, encoding="utf-8")
    return definitions


def rows_of(client: Client, query: str) -> list[dict[str, str]]:
    text = client.get(f"/priorities/table.csv?{query}").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_without_evidence_the_page_says_people_reached_only(client: Client, definitions: Path) -> None:
    page = get(client, PAGE)
    assert "People reached only: no record of evidence says" in words_of(page)
    assert "How easily communities can be served" in words_of(page)
    for heading in ("Need: not reached yet", "Gap to the standard"):
        assert heading in page
    for heading in ("Expected benefit</th>", "How it can be served</th>"):
        assert heading not in page


def test_with_evidence_three_columns_stand_apart_with_interval_unit_and_source(
    client: Client, valued: Path
) -> None:
    words = words_of(get(client, PAGE))
    assert "Expected benefit is in quality-adjusted life years, if the whole gap were closed" in words
    # 125 (100 to 150) White British people of one neighbourhood miss out: 0.02 (0.01 to 0.03) years each.
    assert "2.5 (1.3 to 4.0)" in words
    assert "What expected benefit rests on" in words
    assert "0.02 (0.01 to 0.03, 95% interval) quality-adjusted life years" in words
    assert "Adults of a made-up trial" in words
    assert "A made-up trial, 2020" in words
    assert "Barriers heard: No evening appointments" in words
    assert "Capacity: 40 people a week" in words


def test_the_flag_says_whom_benefit_passes_over_on_the_page_and_in_the_table(
    client: Client, valued: Path
) -> None:
    words = words_of(get(client, PAGE))
    assert (
        "Going by benefit alone would pass over: African, Other White, Pakistani. Going by need would not."
        in words
    )
    rows = rows_of(client, "service=bowel_screening")
    flagged = {row["community"]: row["passed_over"] for row in rows}
    assert flagged["Pakistani people in Old Town"] == "True"
    assert flagged["White British people in Old Town"] == "False"
    known = next(row for row in rows if row["ethnic_group"] == "A")
    assert (known["benefit_unit"], known["evidence_id"]) == ("quality-adjusted life years", "bowel")
    assert float(known["benefit_lower_cl"]) < float(known["expected_benefit"])
    assert known["can_be_reached_by"] == "Evening opening"
    book = client.get("/priorities/table.csv?service=bowel_screening&file=xlsx").content
    assert book.startswith(b"PK")


@pytest.mark.parametrize(
    ("order", "first"),
    [("need", "Pakistani people in Old Town"), ("benefit", "White British people in Old Town")],
)
def test_each_order_is_in_the_address(client: Client, valued: Path, order: str, first: str) -> None:
    rows = rows_of(client, f"service=bowel_screening&order={order}")
    assert rows[0]["community"] == first
    assert rows[-1]["value_note"] == "suppressed"
    assert f"order={order}" in get(client, f"{PAGE}&order={order}")


def test_an_order_by_benefit_without_evidence_is_said_and_goes_by_people(
    client: Client, definitions: Path
) -> None:
    assert "So the order is by how many miss out." in words_of(get(client, f"{PAGE}&order=benefit"))
    assert "Choose one service to see expected benefit" in words_of(
        get(client, "/priorities/?service=all&order=benefit")
    )
    assert [row["position"] for row in rows_of(client, "service=bowel_screening&order=benefit")] == [
        row["position"] for row in rows_of(client, "service=bowel_screening")
    ]


def test_small_areas_say_that_they_belong_to_no_one_group(client: Client, definitions: Path) -> None:
    (definitions / "evidence/bowel.toml").write_text(GAIN, encoding="utf-8")
    assert "Small areas belong to no one group" in words_of(get(client, f"{PAGE}&kind=lsoa"))


def test_another_standard_moves_gap_and_benefit_and_not_need(client: Client, valued: Path) -> None:
    own, other = (
        {row["community"]: row for row in rows_of(client, f"service=bowel_screening{standard}")}
        for standard in ("&standard=80", "&standard=95")
    )
    name = "White British people in Old Town"
    assert own[name]["need"] == other[name]["need"]
    assert float(own[name]["expected_benefit"]) < float(other[name]["expected_benefit"])


@pytest.mark.parametrize("address", [GROUP, f"{GROUP}brief/"])
def test_a_community_and_its_brief_say_the_same(client: Client, valued: Path, address: str) -> None:
    words = words_of(get(client, address))
    assert (
        "Equity flag. Bowel screening uptake, ages 60 to 74: Going by benefit alone would pass over" in words
    )
    assert "Capacity: 40 people a week. Travel: not known. Barriers heard: No evening appointments." in words
    assert "What money can buy that reaches them: Evening opening" in words


def test_records_that_cannot_be_read_are_told_and_the_ranking_stays(
    client: Client, definitions: Path
) -> None:
    (definitions / "evidence/bowel.toml").write_text(GAIN.replace("0.03", "0.01"), encoding="utf-8")
    (definitions / "deliverability/evenings.toml").write_text("known = [{}]", encoding="utf-8")
    words = words_of(get(client, PAGE))
    assert "Some of the place’s records cannot be read" in words
    assert "The evidence cannot be used" in words
    assert "What is known of serving communities cannot be used" in words
    assert "Pakistani people in Old Town" in words
