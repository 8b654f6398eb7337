"""The ONS's look-up of postcodes: what is kept of it, and what is said where it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenground.errors import WorkspaceError
from evenground.geography.postcodes import (
    Placed,
    PostcodeLookup,
    load_postcodes,
    parse_postcode,
    prepare_postcodes,
    write_postcodes,
)

NSPL = """pcd,pcd2,pcds,dointr,doterm,lsoa11,lsoa21
ZZ1 1AA,ZZ1  1AA,ZZ1 1AA,198001,,E01000001,E01000091
ZZ1 1AB,ZZ1  1AB,ZZ1 1AB,198001,201906,E01000001,E01000091
ZZ1 2AB,ZZ1  2AB,ZZ1 2AB,198001,,E01000009,E01000099
ZZ2 1AA,ZZ2  1AA,ZZ2 1AA,198001,,E01000009,E01000099
ZZ9 9ZZ,ZZ9  9ZZ,ZZ9 9ZZ,198001,,,
"""
ONSPD_2024 = """PCD7,PCD8,PCDS,DOINTR,DOTERM,LSOA21CD,LSOA11CD
ZZ1 1AA,ZZ1  1AA,ZZ1 1AA,198001,,E01000091,E01000001
not one,,not one,,,E01000091,
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "NSPL.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("edition", "lsoa"), [("2021", "E01000091"), ("2011", "E01000001")])
def test_the_districts_of_the_place_are_kept_with_what_lies_outside_it(
    tmp_path: Path, edition: str, lsoa: str
) -> None:
    found = prepare_postcodes(write(tmp_path, NSPL), [lsoa, "E01000092"], lsoa_edition=edition)
    assert found.frame.rows() == [
        ("ZZ11AA", lsoa, None),
        ("ZZ11AB", lsoa, "201906"),
        ("ZZ12AB", None, None),
    ]
    counts = (found.inside, found.ended, found.outside, found.districts, found.unreadable, found.empty)
    assert counts == (2, 1, 1, 1, 0, 1)


def test_headers_of_every_year_are_read_and_rows_without_a_postcode_are_told(tmp_path: Path) -> None:
    found = prepare_postcodes(write(tmp_path, "\ufeff" + ONSPD_2024), ["E01000091"], lsoa_edition="2021")
    assert (found.inside, found.unreadable) == (1, 1)


@pytest.mark.parametrize(
    ("text", "edition", "said"),
    [
        ("a,b\n1,2\n", "2021", ["no column of postcodes", "no column of the LSOAs of 2021"]),
        ("pcds,lsoa11\nZZ1 1AA,E01000001\n", "2021", ["It has lsoa11.", "lsoa_edition = 2021"]),
        (NSPL.replace("E010000", "W010000"), "2021", ["no postcode in any of the place's 1 LSOAs of 2021"]),
        ("", "2021", ["is not a CSV file that can be read", "Unzip"]),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_what_to_do(
    tmp_path: Path, text: str, edition: str, said: list[str]
) -> None:
    with pytest.raises(WorkspaceError) as caught:
        prepare_postcodes(write(tmp_path, text), ["E01000091"], lsoa_edition=edition)
    for words in (*said, "NSPL.csv"):
        assert words in str(caught.value)


def test_what_is_written_is_read_again_and_is_the_same_each_time(tmp_path: Path) -> None:
    frame = prepare_postcodes(write(tmp_path, NSPL), ["E01000091"], lsoa_edition="2021").frame
    content = write_postcodes(frame, lsoa_edition="2021", source="NSPL.csv")
    assert content == write_postcodes(frame, lsoa_edition="2021", source="NSPL.csv")
    path = tmp_path / "postcodes.parquet"
    path.write_bytes(content)
    lookup = load_postcodes(path)
    assert (lookup.lsoa_edition, lookup.source) == ("2021", "NSPL.csv")
    assert place(lookup, "zz1 1ab") == Placed("E01000091", "201906")
    assert place(lookup, "ZZ12AB") == Placed(None, None)
    assert place(lookup, "ZZ1 9ZZ") is None
    assert lookup.list_lsoas("ZZ1") == ["E01000091"]
    assert lookup.list_lsoas("ZZ2") == []


def place(lookup: PostcodeLookup, text: str) -> Placed | None:
    postcode = parse_postcode(text)
    assert postcode is not None
    return lookup.find(postcode)


def test_something_else_in_its_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "postcodes.parquet"
    path.write_bytes(b"not Parquet")
    with pytest.raises(WorkspaceError, match="is not a look-up of postcodes"):
        load_postcodes(path)


@pytest.mark.parametrize(
    "text", ["S60 1AAA", "60 1AA", "SSS1 1AA", "S60 11A", "Old Town", "", "002B", "ZZ1 1"]
)
def test_what_has_not_the_shape_of_a_postcode_is_none(text: str) -> None:
    assert parse_postcode(text) is None
