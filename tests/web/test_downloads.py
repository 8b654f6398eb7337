"""CSV files: the page's figures, words where there are none, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from django.core.exceptions import BadRequest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from evenground.releases import TABLES, Release
from evenground_web.accounts.roles import Role
from evenground_web.common import downloads
from evenground_web.common.downloads import make_cell_safe, xlsx_response
from tests.support.release_factory import MISSING_LSOA, SUPPRESSED_LSOA, ZERO_LSOA, write_sample_release

INDICATOR_CSV = "/profiles/core20plus5_adults/smi_annual_health_check/figures.csv"
PUBLIC_CSVS = [
    "/profiles/core20plus5_adults/table.csv",
    "/profiles/core20plus5_adults/table.csv?area=msoa:X02000003&cut=ethnic_group:J",
    INDICATOR_CSV,
    "/profiles/core20plus5_adults/fingertips.csv?area=msoa:X02000003",
    "/profiles/core20plus5_adults/smi_annual_health_check/fingertips.csv",
    "/priorities/table.csv",
    "/priorities/table.csv?service=bowel_screening&kind=lsoa&order=per_100",
]


def read_csv(client: Client, address: str) -> list[dict[str, str]]:
    response = client.get(address)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("address", PUBLIC_CSVS)
def test_a_table_comes_as_a_csv_file_with_rows(client: Client, address: str) -> None:
    response = client.get(address)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert read_csv(client, address)


def test_suppressed_missing_and_zero_are_three_words_in_a_file(client: Client) -> None:
    rows = {row["area_code"]: row for row in read_csv(client, INDICATOR_CSV) if row["area_type"] == "lsoa"}
    assert rows[SUPPRESSED_LSOA]["value"] == "suppressed"
    assert rows[SUPPRESSED_LSOA]["numerator"] == rows[SUPPRESSED_LSOA]["denominator"] == "suppressed"
    assert rows[SUPPRESSED_LSOA]["lower_cl"] == ""
    assert rows[MISSING_LSOA]["value"] == "no data"
    assert rows[ZERO_LSOA]["value"] == "0.0"
    assert rows["unknown"]["area_name"] == "Area unknown"


def test_the_ranking_writes_a_word_where_counts_are_suppressed(client: Client) -> None:
    last = read_csv(client, "/priorities/table.csv")[-1]
    assert (last["eligible"], last["reached"], last["value_note"]) == ("suppressed",) * 3
    assert last["expected_missing"] == "20"


def test_a_file_holds_every_row_of_the_ranking_in_the_order_of_the_page(client: Client) -> None:
    rows = read_csv(client, "/priorities/table.csv?kind=lsoa")
    assert [int(row["position"]) for row in rows] == list(range(1, 13))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "|", "%"])
def test_text_that_a_spreadsheet_would_run_is_made_plain(
    client: Client, site: Settings, release: Release, tmp_path: Path, start: str
) -> None:
    tables = {name: release.table(name) for name in TABLES}
    evil = f'{start}HYPERLINK("http://evil.example","x")'
    tables["areas"] = tables["areas"].with_columns(
        pl.when(pl.col("area_type") == "msoa").then(pl.lit(evil)).otherwise("area_name").alias("area_name")
    )
    write_sample_release(tmp_path, tables=tables)
    site.EVENGROUND_RELEASES = tmp_path
    row = read_csv(client, "/profiles/screening/table.csv?area=msoa:X02000001")[0]
    assert row["area_name"] == f"'{evil}"


@given(st.text())
def test_no_text_is_left_that_starts_a_formula(text: str) -> None:
    safe = make_cell_safe(text)
    assert isinstance(safe, str)
    assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert safe in (text, f"'{text}")


@given(st.floats(allow_nan=False) | st.integers())
def test_numbers_are_left_as_they_are(number: float) -> None:
    assert make_cell_safe(number) == number


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_whole_table_holds_every_row_and_column_of_the_release(
    client_of: Callable[[Role | None], Client], release: Release, name: str
) -> None:
    rows = read_csv(client_of(Role.ANALYST), f"/about-the-data/tables/{name}.csv")
    frame = release.table(name)
    assert len(rows) == frame.height
    assert list(rows[0]) == frame.columns


def test_a_table_that_is_not_of_the_release_is_not_found(
    client_of: Callable[[Role | None], Client],
) -> None:
    client = client_of(Role.ANALYST)
    assert client.get("/about-the-data/tables/persons.csv").status_code == 404
    assert client.get("/about-the-data/tables/manifest.csv").status_code == 404


def read_workbook(client: Client, address: str) -> list[tuple[object, ...]]:
    response = client.get(address)
    assert response.status_code == 200
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"].endswith('.xlsx"')
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    (sheet,) = book.worksheets
    assert sheet.freeze_panes == "A2"
    assert all(cell.data_type in {"s", "n"} for row in sheet.iter_rows() for cell in row)
    return [tuple(row) for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize("address", [address for address in PUBLIC_CSVS if "fingertips" not in address])
def test_a_workbook_holds_what_the_csv_file_holds(client: Client, address: str) -> None:
    head, *rows = read_workbook(client, address + ("&" if "?" in address else "?") + "file=xlsx")
    expected = read_csv(client, address)
    assert list(head) == list(expected[0])
    assert len(rows) == len(expected)
    for row, line in zip(rows, expected, strict=True):
        for cell, text in zip(row, line.values(), strict=True):
            same = cell is None if text == "" else str(cell) == text.removeprefix("'")
            # A workbook keeps sixteen digits of a number.
            assert same or float(str(cell)) == pytest.approx(float(text), rel=1e-14)


def test_text_in_a_workbook_is_no_formula_whatever_it_begins_with() -> None:
    response = xlsx_response(
        "x.xlsx", ["name", "n"], [("=1+1", 1), ("http://example.org", None), ("@SUM", 2)]
    )
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert [cell.value for cell in sheet["A"]] == ["name", "=1+1", "http://example.org", "@SUM"]
    assert [cell.data_type for cell in sheet["A"]] == ["s"] * 4
    assert not any(cell.hyperlink for cell in sheet["A"])


def test_more_rows_than_a_sheet_holds_are_refused_and_the_csv_file_is_named(monkeypatch) -> None:
    monkeypatch.setattr(downloads, "_MOST_ROWS", 3)
    assert xlsx_response("x.xlsx", ["n"], [(1,), (2,)]).status_code == 200
    with pytest.raises(BadRequest, match="Take the CSV file"):
        xlsx_response("x.xlsx", ["n"], [(1,), (2,), (3,)])
