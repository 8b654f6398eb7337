"""Files as providers send them: packed, in other encodings and separators, damaged, or not there."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import stat
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evenground.errors import SourceError
from evenground.sources.staging.session import Session
from tests.support.extracts import EVENTS, PERSONS, Extract


def refused(extract: Extract) -> str:
    """The one fault of the message, after which nothing is left behind."""
    with pytest.raises(SourceError) as raised:
        extract.load()
    assert len(raised.value.faults) == 1
    assert raised.value.__cause__ is None
    assert not extract.folder.exists() or not list(extract.folder.iterdir())
    return str(raised.value.faults[0])


def test_a_gzip_file_is_read_as_what_it_holds(extract: Extract) -> None:
    extract.write("persons.csv", gzip.compress(PERSONS.encode()))
    extract.write("events.csv.gz", gzip.compress(EVENTS.encode()[:60]) + gzip.compress(EVENTS.encode()[60:]))
    extract.events["path"] = "data/events.csv.gz"
    assert extract.load_events()[0].height == 3


def test_parquet_is_read_with_its_own_dates_and_numbers(extract: Extract) -> None:
    plain = extract.load()
    events = pl.read_csv(extract.root / "data" / "events.csv", try_parse_dates=True)
    persons = pl.read_csv(extract.root / "data" / "persons.csv", try_parse_dates=True)
    assert events.schema["event_date"] == pl.Date
    expected = [pl.read_parquet(path) for path in (plain.persons, plain.events)]
    events.write_parquet(extract.root / "data" / "events.parquet")
    persons.with_columns(pl.col("birth_date").cast(pl.Datetime)).write_parquet(
        extract.root / "data" / "persons.parquet"
    )
    extract.events["path"], extract.persons["path"] = "data/events.parquet", "data/persons.parquet"
    report = extract.load()
    assert pl.read_parquet(report.persons).equals(expected[0])
    assert pl.read_parquet(report.events).equals(expected[1])


def test_codes_that_parquet_holds_as_floating_point_numbers_are_repaired(extract: Extract) -> None:
    table = pa.table(
        {"person_id": ["p1", "p3"], "code": [59621000.0, 9.99e17], "event_date": ["2020-01-01"] * 2}
    )
    pq.write_table(table, extract.root / "data" / "events.parquet")
    extract.events.update(path="data/events.parquet", columns={n: n for n in table.column_names})
    events, report = extract.load_events()
    assert events["code"].to_list() == ["59621000"]
    assert report.changed == {"code written as a decimal number (repaired)": 1}
    assert report.dropped == {"code in scientific notation (digits lost)": 1}


def test_a_column_of_a_type_that_cannot_be_read_is_named(extract: Extract) -> None:
    table = pa.table({"person_id": [["p1"]], "code": ["59621000"], "event_date": [True], "value": [1.0]})
    pq.write_table(table, extract.root / "data" / "events.parquet")
    extract.events["path"] = "data/events.parquet"
    with pytest.raises(SourceError) as raised:
        extract.load()
    assert [str(fault).split(",")[1] for fault in raised.value.faults] == [
        ' column "person_id": is of the type VARCHAR[]',
        ' column "event_date": is of the type BOOLEAN',
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_column(extract: Extract) -> None:
    extract.write("persons.csv", b"\xef\xbb\xbf" + PERSONS.encode())
    extract.write(
        "events.csv", '\ufeff"person_id","code","event_date","value"\r\n"p1","59621000","2020-01-01",""\r\n'
    )
    report = extract.load()
    assert report.tables[0].notes == []
    assert pl.read_parquet(report.events).height == 1


def test_windows_1252_is_read_and_noted(extract: Extract) -> None:
    extract.write(
        "persons.csv", (PERSONS + "p9,1950-01-01,1,Não,E01000001,Y1,,\n").encode("cp1252") + b"\x81\n"
    )
    extract.persons["values"] = {"ethnic_group": {"Não": "S"}}
    persons, report = extract.load_persons()
    assert persons["ethnic_group"][3] == "S"
    assert "read as Windows-1252, not UTF-8" in report.notes


def test_a_byte_order_mark_before_windows_1252_is_no_part_of_the_first_column(extract: Extract) -> None:
    text = PERSONS + "p9,1950-01-01,1,Não,E01000001,Y1,,\n"
    extract.write("persons.csv", codecs.BOM_UTF8 + text.encode("cp1252"))
    persons, report = extract.load_persons()
    assert report.read == persons.height == text.count("\n") - 1
    assert "read as Windows-1252, not UTF-8" in report.notes


def test_utf_8_is_not_taken_for_windows_1252_where_a_chunk_ends_in_a_character(extract: Extract) -> None:
    padding = "x" * ((1 << 20) - len("note,person_id,birth_date\n") - 1)
    extract.write("persons.csv", f"note,person_id,birth_date\n{padding}é,p1,1980-01-01\n")
    extract.persons["columns"] = {"person_id": "person_id", "birth_date": "birth_date"}
    _, report = extract.load_persons()
    assert report.kept == 1
    assert report.notes == []


def test_utf_16_is_read_and_noted(extract: Extract) -> None:
    extract.write("persons.csv", PERSONS.replace(",", "\t").encode("utf-16"))
    _, report = extract.load_persons()
    assert report.kept == 3
    assert report.notes == ["read as UTF-16, not UTF-8", "cells are separated by a tab"]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_found_and_noted(extract: Extract, separator: str) -> None:
    extract.write("persons.csv", PERSONS.replace(",", separator))
    _, report = extract.load_persons()
    assert report.kept == 3
    assert len(report.notes) == 1
    extract.persons["separator"] = separator
    assert extract.load_persons()[1].notes == []


@pytest.mark.parametrize("kept", [10, 40, -9, -1])
def test_a_gzip_file_that_is_cut_short_is_named(extract: Extract, kept: int) -> None:
    extract.write("events.csv", gzip.compress(EVENTS.encode() * 50)[:kept])
    message = refused(extract)
    assert message.startswith("data/events.csv: is a gzip file that is cut short or damaged (")


def test_a_gzip_file_with_a_wrong_checksum_is_named(extract: Extract) -> None:
    packed = bytearray(gzip.compress(EVENTS.encode()))
    packed[-8] ^= 0xFF
    extract.write("events.csv", bytes(packed))
    assert "cut short or damaged" in refused(extract)


def test_a_parquet_file_that_is_cut_short_is_named(extract: Extract) -> None:
    path = extract.root / "data" / "events.parquet"
    pl.read_csv(extract.root / "data" / "events.csv").write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    extract.events["path"] = "data/events.parquet"
    assert "is a Parquet file that is cut short or damaged" in refused(extract)


def test_a_parquet_file_damaged_inside_is_named(extract: Extract) -> None:
    path = extract.root / "data" / "events.parquet"
    pl.DataFrame({name: ["x" * 500] * 50 for name in EVENTS.splitlines()[0].split(",")}).write_parquet(path)
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(bytes(content))
    extract.events["path"] = "data/events.parquet"
    assert "cannot be read to its end" in refused(extract)


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_named(extract: Extract, content: str) -> None:
    extract.write("persons.csv", content)
    assert refused(extract).startswith("data/persons.csv: is empty (0 rows).")


def test_persons_with_a_header_only_are_an_error(extract: Extract) -> None:
    extract.write("persons.csv", PERSONS.splitlines()[0])
    assert "no rows (0) below the header line" in refused(extract)


def test_one_of_several_event_files_may_hold_a_header_only(extract: Extract) -> None:
    extract.write("events-2.csv", EVENTS.splitlines()[0] + "\n")
    extract.events["path"] = "data/events*.csv"
    report = extract.load()
    assert "holds a header line and no rows" in [note for table in report.tables for note in table.notes]


def test_a_file_without_a_header_line_is_named_and_not_quoted(extract: Extract) -> None:
    extract.write("persons.csv", "".join(PERSONS.splitlines(keepends=True)[1:]))
    message = refused(extract)
    assert "has no header line" in message
    assert "p3" not in message


def test_a_missing_column_is_named_with_the_nearest(extract: Extract) -> None:
    extract.persons["columns"]["birth_date"] = "brith_date"
    message = refused(extract)
    assert message.startswith('data/persons.csv, column "brith_date": is not one of its 8 columns.')
    assert 'Did you mean "birth_date"?' in message


def test_columns_are_found_whatever_their_case(extract: Extract) -> None:
    extract.persons["columns"]["birth_date"] = "BIRTH_DATE"
    assert extract.load_persons()[1].kept == 3


def test_a_column_that_stands_twice_is_named(extract: Extract) -> None:
    extract.write("events.csv", "person_id,code,event_date,code,value\np1,1,2020-01-01,2,\n")
    assert "stands 2 times in its header line" in refused(extract)


def test_a_missing_file_is_named_with_the_nearest(extract: Extract) -> None:
    extract.events["path"] = "data/event.csv"
    assert refused(extract) == 'events 1, data/event.csv: is not there. Did you mean "events.csv"?'


def test_a_folder_is_named(extract: Extract) -> None:
    extract.events["path"] = "data"
    assert "is a folder, not a file" in refused(extract)


def test_a_pattern_that_matches_nothing_is_named(extract: Extract) -> None:
    extract.events["path"] = "data/*.parquet"
    assert "matches no file" in refused(extract)


def test_a_spreadsheet_is_named(extract: Extract) -> None:
    extract.write("events.csv", b"PK\x03\x04rest")
    assert "is a spreadsheet or zip file" in refused(extract)


def test_something_that_is_neither_csv_nor_parquet_is_named(extract: Extract) -> None:
    extract.write("events.csv", b"\x01\x02\x00\x03" * 10)
    assert "is neither CSV nor Parquet" in refused(extract)


def test_all_faults_of_all_files_are_told_at_once(extract: Extract) -> None:
    extract.persons["columns"]["sex"] = "gender"
    extract.events["path"] = "data/none.csv"
    with pytest.raises(SourceError) as raised:
        extract.load()
    assert len(raised.value.faults) == 2


def test_a_path_may_hold_the_signs_of_a_pattern(extract: Extract) -> None:
    (extract.root / "data" / "events.csv").rename(extract.root / "data" / "events [1].csv")
    extract.events["path"] = "data/events [1].csv"
    assert extract.load_events()[0].height == 3


def test_rows_swallowed_by_a_stray_quotation_mark_are_pointed_out(extract: Extract) -> None:
    extract.add_events('p1,59621000,2020-05-05,"1', "p1,59621000,2020-05-06,", 'p1,59621000,2020-05-07,1"')
    _, report = extract.load_events()
    assert any("2 lines are empty or inside a quoted cell" in note for note in report.notes)


def test_the_first_ragged_line_is_named(extract: Extract) -> None:
    extract.add_events("p1,59621000")
    _, report = extract.load_events()
    assert report.notes == ["row with too few or too many cells: the first is line 5 of the file"]


def test_two_loads_give_the_same_bytes(extract: Extract) -> None:
    rows = [
        f"p{1 + 2 * (n % 2)},{700000 + n % 700},{2000 + n % 26}-0{1 + n % 9}-11,{n % 13}"
        for n in range(150_000)
    ]
    extract.add_events(*rows)
    digests = set()
    for _ in range(3):
        report = extract.load()
        digests.add(tuple(digest(path) for path in (report.persons, report.events)))
    assert len(digests) == 1


def test_the_order_of_rows_does_not_change_the_files(extract: Extract) -> None:
    before = [digest(path) for path in (extract.load().persons, extract.load().events)]
    for name, content in (("persons.csv", PERSONS), ("events.csv", EVENTS)):
        header, *rows = content.splitlines()
        extract.write(name, "\n".join([header, *reversed(rows)]))
    assert [digest(path) for path in (extract.load().persons, extract.load().events)] == before


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_report_holds_the_digest_of_each_file_as_it_was_sent(extract: Extract) -> None:
    path = extract.write("events.csv", gzip.compress(EVENTS.encode()))
    assert extract.load().sha256 == {
        "data/persons.csv": hashlib.sha256(PERSONS.encode()).hexdigest(),
        "data/events.csv": digest(path),
    }


def test_the_contract_files_are_for_the_owner_alone_and_nothing_else_is_left(extract: Extract) -> None:
    extract.write("events.csv", gzip.compress(EVENTS.encode()))
    extract.load()
    files = sorted(extract.folder.iterdir())
    assert [file.name for file in files] == ["events.parquet", "persons.parquet"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert stat.S_IMODE(extract.folder.stat().st_mode) == 0o700


def test_temporary_files_are_for_the_owner_alone(extract: Extract, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, int] = {}
    run = Session.run

    def look(session: Session, *arguments: object) -> list[tuple[object, ...]]:
        for path in extract.folder.rglob("*"):
            seen[path.name] = stat.S_IMODE(path.stat().st_mode)
        return run(session, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "run", look)
    extract.write("events.csv", gzip.compress(EVENTS.encode("utf-16")))
    extract.load()
    folders = [mode for name, mode in seen.items() if name.startswith(".sources-")]
    copies = [mode for name, mode in seen.items() if name.startswith("copy-")]
    assert folders == [0o700]
    assert len(copies) == 2
    assert set(copies) == {0o600}


def test_a_failed_load_leaves_the_files_of_the_last_one(extract: Extract) -> None:
    report = extract.load()
    before = [digest(report.persons), digest(report.events)]
    extract.add_persons("p9,1950-01-01,1,A,E01000001,Y1,,")
    extract.write("events.csv", "person_id,code,event_date,value\nx,59621000,2020-01-01,\n")
    with pytest.raises(SourceError):
        extract.load()
    assert [digest(report.persons), digest(report.events)] == before
    assert len(list(extract.folder.iterdir())) == 2


def test_progress_names_each_file(extract: Extract) -> None:
    told: list[str] = []
    extract.load(told.append)
    assert "Reading persons from data/persons.csv" in told
    assert "Reading events from data/events.csv" in told
