"""The log: what was added stays as it was, and whoever changes it is found out."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evenground.audit_log import START, Event, Head, append_line, parse_event, read_lines, verify_log
from evenground.errors import AuditLogError

AT = dt.datetime(2026, 5, 1, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    for number in range(1, 6):
        append_line(path, Event.BUILT, by="analyst-1", facts={"release": f"r{number}"}, at=AT)
    return path


def edit(path: Path, change) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))


def test_a_log_that_nobody_has_written_to_is_whole(tmp_path):
    assert verify_log(tmp_path / "log.jsonl") == Head(0, START)


def test_lines_are_numbered_chained_and_readable_by_their_owner_only(log):
    lines = list(read_lines(log))
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert lines[2].facts == {"release": "r3"}
    assert lines[0].at == "2026-05-01T09:30:00Z"
    assert verify_log(log) == Head(5, lines[-1].hash)
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"r2", b"rX"), *lines[2:]], "Line 2 .* was altered"),
        (lambda lines: [lines[0], *lines[2:]], "Line 2 .* does not follow"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "Line 1 .* does not follow"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "Line 4 .* does not follow"),
        (lambda lines: [*lines[:3], b"nonsense\n", *lines[3:]], "Line 4 .* is not a line of a log"),
        (lambda lines: [*lines[:3], b"{}\n", *lines[3:]], "Line 4 .* is not a line of a log"),
        (lambda lines: [*lines, b'{"torn'], "Line 6 .* ends half-way"),
    ],
)
def test_the_first_line_that_is_not_as_it_was_written_is_named(log, change, told):
    edit(log, change)
    with pytest.raises(AuditLogError, match=told):
        verify_log(log)


def test_a_line_altered_with_a_new_hash_breaks_the_next(log):
    def forge(lines):
        from evenground import audit_log

        line = json.loads(lines[1])
        line["facts"]["release"] = "another"
        line["hash"] = audit_log._hash(line)
        return [lines[0], audit_log._json(line) + b"\n", *lines[2:]]

    edit(log, forge)
    with pytest.raises(AuditLogError, match="Line 3 .* does not follow"):
        verify_log(log)


def test_lines_cut_off_at_the_end_are_missed_by_whoever_named_them(log):
    head = verify_log(log)
    edit(log, lambda lines: lines[:3])
    assert verify_log(log).number == 3
    with pytest.raises(AuditLogError, match="was cut: it has 3 lines, and release r5 names line 5"):
        verify_log(log, {"release r5": head})


def test_a_log_that_was_written_anew_is_not_the_one_that_was_named(log, tmp_path):
    head = verify_log(log)
    other = tmp_path / "other.jsonl"
    for _ in range(6):
        append_line(other, Event.BUILT, by="analyst-1", at=AT)
    with pytest.raises(AuditLogError, match="Line 5 .* is not the line that release r5 names"):
        verify_log(other, {"release r5": head})


def test_what_a_writer_left_half_way_stays_and_is_told(log):
    with log.open("ab") as file:
        file.write(b'{"at": "2026-05')
    append_line(log, Event.APPROVED, by="steward-1", at=AT)
    assert [line.event for line in read_lines(log)][-2:] == ["mended", "approved"]
    assert b'{"at": "2026-05\n' in log.read_bytes()
    edit(log, lambda lines: [*lines[:5], b"something else\n", *lines[6:]])
    with pytest.raises(AuditLogError, match="Line 6 .* is not a line of a log"):
        verify_log(log)


def test_a_log_of_which_the_very_first_line_was_torn_goes_on(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_bytes(b'{"at"')
    append_line(log, Event.BUILT, by="analyst-1", at=AT)
    assert [line.event for line in read_lines(log)] == ["mended", "built"]


def test_nothing_is_added_to_a_log_whose_last_line_was_altered(log):
    before = log.read_bytes().replace(b"r5", b"rX")
    log.write_bytes(before)
    with pytest.raises(AuditLogError, match="last line .* is not as it was written"):
        append_line(log, Event.BUILT, by="analyst-1")
    assert log.read_bytes() == before


WRITE_MANY = """
import sys
from pathlib import Path
from evenground.audit_log import Event, append_line
for number in range(int(sys.argv[3])):
    append_line(Path(sys.argv[1]), Event.EXPORTED, by=sys.argv[2], facts={"file": f"{number}.csv"})
"""


def write_many(path: Path, who: str, lines: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITE_MANY, str(path), who, str(lines)])


def test_many_writers_at_once_leave_one_whole_chain(tmp_path):
    log = tmp_path / "log.jsonl"
    writers = [write_many(log, f"analyst-{who}", 25) for who in range(4)]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    assert verify_log(log).number == 100


def test_a_writer_that_is_killed_leaves_a_log_that_can_be_added_to(tmp_path):
    log = tmp_path / "log.jsonl"
    writer = write_many(log, "analyst-1", 100_000)
    while not log.exists() or log.stat().st_size < 500:
        time.sleep(0.001)
    writer.kill()
    writer.wait()
    head = append_line(log, Event.BUILT, by="analyst-2", at=AT)
    assert verify_log(log) == head


@pytest.mark.parametrize("value", ["two\nlines", "x" * 401, 1.5, True, None])
def test_a_fact_that_cannot_stand_in_a_log_is_refused_and_not_repeated(tmp_path, value):
    with pytest.raises(AuditLogError, match='The fact "file"') as caught:
        append_line(tmp_path / "log.jsonl", Event.EXPORTED, by="a", facts={"file": value})
    assert str(value) not in str(caught.value).replace("400", "")
    assert not (tmp_path / "log.jsonl").exists()


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    with pytest.raises(AuditLogError, match="cannot be written"):
        append_line(tmp_path / "nowhere" / "log.jsonl", Event.BUILT, by="a")


def test_an_event_that_is_not_known_is_told_with_the_nearest():
    assert parse_event("built") is Event.BUILT
    with pytest.raises(AuditLogError, match='Did you mean "approved"'):
        parse_event("aproved")
