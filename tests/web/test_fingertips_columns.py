"""Downloads in the columns of Fingertips: what a program that reads those finds in them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.sources.aggregates.words import (
    DECILES,
    SUPPRESSED_NOTE,
    read_area_label,
    read_category_type,
    read_decile,
    read_period,
)
from evenground.vocabulary import PublishedCut
from evenground_web.profiles.fingertips import list_columns, say_period
from tests.support.published_release import write_published_release
from tests.support.release_factory import MISSING_LSOA, PLACE, SUPPRESSED_LSOA, ZERO_LSOA
from tests.web.test_pages import get

ADDRESS = "/profiles/core20plus5_adults/smi_annual_health_check/fingertips.csv"


def read(client: Client, address: str = ADDRESS) -> list[dict[str, str]]:
    text = client.get(address).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def whole(rows: list[dict[str, str]], **wanted: str) -> list[dict[str, str]]:
    return [
        row for row in rows if all(row[name.replace("_", " ")] == value for name, value in wanted.items())
    ]


def test_there_are_26_columns_in_the_order_of_fingertips(client: Client) -> None:
    columns = list(read(client)[0])
    assert len(columns) == 26
    assert columns[:4] == ["Indicator ID", "Indicator Name", "Parent Code", "Parent Name"]
    assert columns[11:15] == ["Time period", "Value", "Lower CI 95.0 limit", "Upper CI 95.0 limit"]
    assert columns[-4:] == [
        "Compared to Samplebury value or percentiles",
        "Time period Sortable",
        "New data",
        "Compared to goal",
    ]


def test_the_columns_are_those_of_a_file_that_fingertips_gave(shared) -> None:
    file = next(path for path in sorted((shared / "data" / "fingertips").glob("*.csv")))
    with file.open(encoding="utf-8-sig", newline="") as lines:
        real = next(csv.reader(lines))
    ours = list_columns("Samplebury")
    # Newer files have one more at the end; the parent's name differs.
    assert [name for name in real[:26] if "Compared to" not in name] == [
        name for name in ours if "Compared to" not in name
    ]
    assert [name.startswith("Compared to") for name in real[:26]] == [
        name.startswith("Compared to") for name in ours
    ]


def test_suppressed_missing_and_zero_are_told_apart(client: Client) -> None:
    rows = {
        row["Area Code"]: row
        for row in read(client)
        if row["Area Type"] == "LSOA" and row["Time period"] == "2025/26"
    }
    assert rows[SUPPRESSED_LSOA]["Value"] == rows[SUPPRESSED_LSOA]["Count"] == ""
    assert SUPPRESSED_NOTE.split("|")[0] in rows[SUPPRESSED_LSOA]["Value note"]
    assert (rows[MISSING_LSOA]["Value"], rows[MISSING_LSOA]["Value note"]) == ("", "no data")
    assert float(rows[ZERO_LSOA]["Value"]) == 0
    assert rows[ZERO_LSOA]["Value note"] == ""


def test_breakdowns_stand_in_their_columns_and_pairs_that_have_none_are_left_out(client: Client) -> None:
    rows = [row for row in read(client) if row["Area Code"] == PLACE]
    kinds = {row["Category Type"] for row in rows}
    assert "Deprivation, national fifths (IMD2025)" in kinds
    assert "Ethnic group" in kinds
    assert {row["Category"] for row in rows if row["Category Type"] == "Plus groups"} == {
        "Ethnic minority communities"
    }
    assert not any("," in row["Category"].replace(", most", "").replace(", least", "") for row in rows)


def test_an_area_is_compared_to_the_place_and_to_the_goal(client: Client) -> None:
    row = read(client, "/profiles/screening/fingertips.csv?area=msoa:X02000001")[0]
    assert (row["Parent Code"], row["Parent Name"]) == (PLACE, "Samplebury")
    assert row["Compared to Samplebury value or percentiles"] in {"Better", "Similar", "Worse"}
    assert row["Compared to goal"] in {"Better", "Similar", "Worse"}


def test_our_own_import_reads_areas_and_periods(client: Client) -> None:
    rows = read(client)
    assert all(read_area_label(row["Area Type"]) for row in rows)
    assert {read_period(row["Time period"]) for row in rows} == {
        f"{year}/{year % 100 + 1}" for year in range(2020, 2026)
    }


@pytest.mark.parametrize(
    ("period", "told"),
    [("2025-04-01 to 2026-03-31", "2025/26"), ("2024-04-01 to 2026-03-31", "2024-04-01 to 2026-03-31")],
)
def test_only_one_year_is_told_as_a_year(period: str, told: str) -> None:
    assert say_period(period) == told


def test_the_pages_lead_to_the_files(client: Client) -> None:
    assert ADDRESS in get(client, "/profiles/core20plus5_adults/smi_annual_health_check/")
    page = get(client, "/profiles/core20plus5_adults/?area=msoa:X02000002")
    assert "/profiles/core20plus5_adults/fingertips.csv?area=msoa%3AX02000002" in page


def test_published_tenths_stand_as_fingertips_gave_them_and_england_has_no_parent(
    client: Client, site: Settings, tmp_path: Path
) -> None:
    site.EVENGROUND_RELEASES = write_published_release(tmp_path)
    rows = read(client, "/profiles/published/smoking_published/fingertips.csv")
    tenths = [row for row in rows if row["Category"]]
    assert {row["Area Code"] for row in tenths} == {"E92000001"}
    assert {row["Parent Code"] for row in tenths} == {""}
    kind = read_category_type(tenths[0]["Category Type"])
    assert kind == (PublishedCut.COUNTY_UA_DECILE, "IMD2019, 4/21 geography")
    assert {read_decile(row["Category"]) for row in tenths} == set(DECILES.values())
