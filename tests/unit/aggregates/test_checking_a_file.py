"""A file of published figures checked before it is put beside others: row by row, and against its source."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evenground.errors import InputError, SourceError
from evenground.sources.aggregates.checking import FileCheck, Verdict, check_figure_file
from evenground.sources.aggregates.person_level import find_person_level
from evenground.workspace import Workspace
from tests.support.aggregates import fingertips_row, own_row, write_csv, write_definition, write_place

SOURCES = """
[[sources]]
name = "Fingertips"
kind = "fingertips"
path = "data/fingertips/*.csv"
indicators = { 91547 = "smoking_published" }
"""
NHS_NUMBER = "999 000 0018"


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A workspace with a source of Fingertips files, one of which is there."""
    write_definition(tmp_path / "place")
    workspace = write_place(tmp_path / "place", SOURCES)
    write_csv(workspace.root / "data/fingertips/first.csv", [fingertips_row(), own_row()])
    return workspace


@pytest.fixture
def check(place: Workspace, tmp_path: Path) -> Callable[..., FileCheck]:
    """Checks a file of rows, or of bytes, under a name; nothing temporary stays."""

    def run(content: list[dict[str, Any]] | bytes, name: str = "new.csv") -> FileCheck:
        file, folder = tmp_path / "sent.csv", tmp_path / "folder"
        folder.mkdir()
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            write_csv(file, content)
        found = check_figure_file(place, file, source="Fingertips", name=name, folder=folder)
        assert list(folder.iterdir()) == []
        return found

    return run


def later(**cells: Any) -> dict[str, Any]:
    """A row of another year than the file that is there."""
    return own_row(**({"period": "2023/24"} | cells))


def test_a_file_that_fits_says_how_many_of_its_rows_would_be_used(check: Callable[..., FileCheck]) -> None:
    found = check([fingertips_row(period="2023/24"), later()])
    assert (found.verdict, found.read, found.kept) == (Verdict.FITS, 2, 2)
    assert found.rows.is_empty()


def test_each_row_that_is_not_simply_kept_is_told_with_its_number_and_reason(
    check: Callable[..., FileCheck],
) -> None:
    rows = [
        later(),
        later(id=""),
        later(period="soon"),
        later(code="E06000001"),
        later(sex="Male", value="*"),
    ]
    found = check(rows)
    assert found.verdict == Verdict.FITS
    assert found.rows.select("row", "outcome").rows() == [
        (3, "dropped"),
        (4, "dropped"),
        (5, "dropped"),
        (6, "kept, changed"),
    ]
    assert found.rows["reason"].to_list()[:2] == ["no indicator id", "period not readable"]
    assert all(found.rows["meaning"].to_list())


def test_rows_that_no_table_can_hold_are_counted(check: Callable[..., FileCheck], tmp_path: Path) -> None:
    write_csv(tmp_path / "whole.csv", [later()])
    found = check((tmp_path / "whole.csv").read_bytes() + b"91547,too,few\r\n")
    assert found.read == 2
    assert found.rows.row(-1, named=True)["outcome"] == "not readable"


def test_a_file_of_another_place_cannot_be_used_and_says_why_of_each_row(
    check: Callable[..., FileCheck],
) -> None:
    found = check([later(code="E06000001"), later(code="E06000002")])
    assert found.verdict == Verdict.FAULTS
    assert "none of its 2 rows can be used" in str(found.faults[0])
    assert found.rows["row"].to_list() == [2, 3]


def test_figures_that_disagree_with_another_file_of_the_source_are_a_fault(
    check: Callable[..., FileCheck],
) -> None:
    found = check([own_row(value="21", lower="19", upper="23", count="315")])
    assert found.verdict == Verdict.FAULTS
    assert "stand in more than one of its files" in str(found.faults[0])


def test_a_file_that_replaces_another_of_its_name_is_not_held_against_it(
    check: Callable[..., FileCheck],
) -> None:
    found = check([own_row(value="21", lower="19", upper="23", count="315")], "first.csv")
    assert found.verdict == Verdict.FITS


def test_what_looks_like_records_of_people_is_refused_before_a_row_is_read(
    check: Callable[..., FileCheck],
) -> None:
    found = check([later(), later(note=NHS_NUMBER)])
    assert (found.verdict, found.read) == (Verdict.PERSON_LEVEL, 0)
    assert found.rows.is_empty()


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("Value note", NHS_NUMBER, "an NHS number"),
        ("Area Code", "9990000018.0", "an NHS number"),
        ("Area Name", f"Patient {NHS_NUMBER}", "an NHS number"),
        ("Value note", "1956-04-30", "a date such as one of birth"),
        ("Category", "30/04/1956", "a date such as one of birth"),
        ("Area Code", "ZZ99 3WZ", "a postcode"),
    ],
)
def test_what_is_of_people_is_found_without_saying_what_stands_there(
    tmp_path: Path, column: str, cell: str, told: str
) -> None:
    write_csv(tmp_path / "sent.csv", [later(), later() | {column: cell}])
    words = " ".join(str(fault) for fault in find_person_level(tmp_path / "sent.csv", "new.csv"))
    assert told in words
    assert "row 3" in words
    assert cell not in words


@pytest.mark.parametrize("column", ["NHS Number", "nhs_no", "DateOfBirth", "DOB", "Post code", "Surname"])
def test_a_column_of_records_of_people_is_refused(tmp_path: Path, column: str) -> None:
    (tmp_path / "sent.csv").write_text(f"Area Code,{column},Value\nX08000001,,1\n")
    found = find_person_level(tmp_path / "sent.csv", "new.csv")
    assert "is a column of records of people" in str(found[0])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252"])
def test_an_nhs_number_is_found_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "sent.csv").write_bytes(f"a,b\n{NHS_NUMBER}\n".encode(encoding))
    assert find_person_level(tmp_path / "sent.csv", "new.csv")


def test_numbers_of_figures_are_not_taken_for_nhs_numbers(check: Callable[..., FileCheck]) -> None:
    rows = [later(value="14.9990000018", lower="0.9990000018", upper="20.1", count="", denominator="")]
    assert check(rows).verdict == Verdict.FITS


def test_a_file_in_windows_encoding_is_read_and_that_is_noted(
    check: Callable[..., FileCheck], tmp_path: Path
) -> None:
    write_csv(tmp_path / "whole.csv", [later(name="Côte")])
    found = check((tmp_path / "whole.csv").read_text(encoding="utf-8").encode("cp1252"))
    assert found.verdict == Verdict.FITS
    assert "Windows-1252" in " ".join(found.notes)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\x00\x01\x02", b"PK\x03\x04zip", gzip.compress(b"a,b\n")])
def test_what_is_no_table_of_text_is_a_fault(check: Callable[..., FileCheck], content: bytes) -> None:
    assert check(content).verdict == Verdict.FAULTS


def test_the_file_as_the_publisher_gives_it_is_checked_row_by_row(tmp_path: Path, shared: Path) -> None:
    file = shared / "data/fingertips/91547_smoking_prevalence_qof.csv.gz"
    write_definition(tmp_path / "place")
    place = write_place(tmp_path / "place", SOURCES, code="E08000018", name="Rotherham")
    (place.root / "data/fingertips").mkdir()
    sent = tmp_path / "sent.csv"
    sent.write_bytes(gzip.decompress(file.read_bytes()))
    found = check_figure_file(place, sent, source="Fingertips", name="smoking.csv")
    reasons = dict(found.rows.group_by("reason").len().iter_rows())
    assert found.verdict == Verdict.FITS
    assert reasons["no indicator id"] == 6_267
    assert found.rows.filter(pl.col("outcome") == "dropped").height + found.kept == found.read


def test_a_source_that_cannot_take_another_file_is_told(place: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "sent.csv"
    write_csv(file, [own_row()])
    with pytest.raises(SourceError, match="Did you mean"):
        check_figure_file(place, file, source="Fingertip")
    with pytest.raises(InputError, match="There is no file"):
        check_figure_file(place, tmp_path / "none.csv", source="Fingertips")
    single = write_place(tmp_path / "single", SOURCES.replace("*.csv", "one.csv"))
    with pytest.raises(SourceError, match="names one file"):
        check_figure_file(single, file, source="Fingertips")
