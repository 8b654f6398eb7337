"""Fingertips' files: fetched once, asked again politely, gone on with where they broke off."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from http.client import HTTPMessage
from pathlib import Path
from typing import Any
from urllib.request import Request

import polars as pl
import pytest

from evenground.errors import SourceError
from evenground.pipeline import build_release
from evenground.sources.fetch import fetch_fingertips
from evenground.sources.fetch.transport import Refused, _Redirects
from tests.support.aggregates import (
    FINGERTIPS_HEADER,
    fingertips_row,
    own_row,
    write_definition,
    write_place,
)
from tests.unit.fetch.conftest import Publisher, Question, Reply

TAG = '"one"'


def table(*rows: dict[str, Any]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, FINGERTIPS_HEADER, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


SMOKING = table(fingertips_row(), own_row(value="17.25", lower="17", upper="18"))


def fetch(publisher: Publisher, folder: Path, *indicators: int, **facts: bool):
    return fetch_fingertips(folder, indicators or (91547,), 502, options=publisher.options(**facts))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_file_is_kept_as_it_came_with_what_it_is_beside_it(publisher, tmp_path):
    publisher.queue = [Reply(SMOKING, headers={"ETag": TAG})]
    (one,) = fetch(publisher, tmp_path)
    assert one.path.read_bytes() == SMOKING
    assert (one.rows, one.size, one.is_new) == (2, len(SMOKING), True)
    assert names(tmp_path) == ["91547_502.csv", "91547_502.csv.fetched.json"]
    record = json.loads((tmp_path / "91547_502.csv.fetched.json").read_text())
    assert (record["rows"], record["pages"][0]["etag"]) == (2, TAG)
    (question,) = publisher.asked
    assert question.path == "/all_data/csv/by_indicator_id"
    wanted = {"indicator_ids": "91547", "child_area_type_id": "502", "parent_area_type_id": "15"}
    assert question.query == wanted


def test_nothing_about_who_asks_is_sent(publisher, tmp_path):
    publisher.queue = [Reply(SMOKING)]
    fetch(publisher, tmp_path)
    (question,) = publisher.asked
    assert set(question.headers) == {"host", "user-agent", "accept-encoding", "connection"}
    assert question.headers["user-agent"].startswith("Evenground/")


def test_what_is_there_is_not_asked_for_until_somebody_wants_it_anew(publisher, tmp_path):
    publisher.queue = [Reply(SMOKING, headers={"ETag": TAG}), Reply(status=304)]
    fetch(publisher, tmp_path)
    (kept,) = fetch(publisher, tmp_path)
    assert (kept.is_new, len(publisher.asked)) == (False, 1)
    (kept,) = fetch(publisher, tmp_path, again=True)
    assert (kept.is_new, kept.rows) == (False, 2)
    assert publisher.asked[1].headers["if-none-match"] == TAG


def test_a_newer_file_takes_the_place_of_the_older(publisher, tmp_path):
    newer = table(own_row(value="16"))
    publisher.queue = [
        Reply(SMOKING, headers={"Last-Modified": "Mon, 02 Mar 2026 10:00:00 GMT"}),
        Reply(newer),
    ]
    fetch(publisher, tmp_path)
    (one,) = fetch(publisher, tmp_path, again=True)
    assert (one.is_new, one.rows, one.path.read_bytes()) == (True, 1, newer)
    assert publisher.asked[1].headers["if-modified-since"] == "Mon, 02 Mar 2026 10:00:00 GMT"


def test_a_server_that_sends_the_same_again_changes_nothing(publisher, tmp_path):
    publisher.answer = lambda _question: Reply(SMOKING)
    fetch(publisher, tmp_path)
    (one,) = fetch(publisher, tmp_path, again=True)
    assert not one.is_new
    assert names(tmp_path) == ["91547_502.csv", "91547_502.csv.fetched.json"]


def test_a_file_that_somebody_changed_is_not_written_over_unless_forced(publisher, tmp_path):
    publisher.answer = lambda _question: Reply(SMOKING)
    (one,) = fetch(publisher, tmp_path)
    one.path.write_bytes(b"mine")
    with pytest.raises(SourceError, match="was changed since it was fetched"):
        fetch(publisher, tmp_path, again=True)
    assert one.path.read_bytes() == b"mine"
    fetch(publisher, tmp_path, force=True)
    assert one.path.read_bytes() == SMOKING


def test_a_file_that_was_never_fetched_is_not_written_over(publisher, tmp_path):
    (tmp_path / "91547_502.csv").write_bytes(b"mine")
    with pytest.raises(SourceError, match="is there already, and was not fetched"):
        fetch(publisher, tmp_path)
    assert publisher.asked == []


def test_the_answer_to_another_question_is_not_written_over(publisher, tmp_path):
    publisher.answer = lambda _question: Reply(SMOKING)
    fetch(publisher, tmp_path)
    with pytest.raises(SourceError, match="holds something else, fetched on"):
        fetch_fingertips(tmp_path, [91547], 502, parent_area_type=6, options=publisher.options())


def ranged(question: Question) -> Reply:
    """The whole file, or the rest of it, as a server that knows ranges answers."""
    start = int(question.headers.get("range", "bytes=0-")[6:-1])
    if not start:
        return Reply(SMOKING, headers={"ETag": TAG})
    assert question.headers["if-range"] == TAG
    span = f"bytes {start}-{len(SMOKING) - 1}/{len(SMOKING)}"
    return Reply(SMOKING[start:], 206, {"ETag": TAG, "Content-Range": span})


def broken(at: int, **headers: str) -> Reply:
    return Reply(SMOKING[:at], headers=headers, says=len(SMOKING))


def test_a_broken_connection_goes_on_where_it_broke_off(publisher, tmp_path):
    publisher.queue = [broken(300, ETag=TAG)]
    publisher.answer = ranged
    (one,) = fetch(publisher, tmp_path)
    assert one.path.read_bytes() == SMOKING
    assert publisher.asked[1].headers["range"] == "bytes=300-"
    assert publisher.waits == [2.0]


def test_after_three_tries_what_came_stays_and_the_next_run_goes_on(publisher, tmp_path):
    def stop(question: Question) -> Reply:
        reply = ranged(question)
        return Reply(reply.body[:100], reply.status, reply.headers, says=len(reply.body))

    publisher.answer = stop
    with pytest.raises(SourceError, match=r"broke off .* tried 3 times.*300 bytes .* 91547_502\.csv\.part"):
        fetch(publisher, tmp_path)
    assert names(tmp_path) == ["91547_502.csv.part", "91547_502.csv.part.json"]
    assert publisher.waits == [2.0, 8.0]
    publisher.answer = ranged
    (one,) = fetch(publisher, tmp_path)
    assert one.path.read_bytes() == SMOKING
    assert publisher.asked[-1].headers["range"] == "bytes=300-"
    assert names(tmp_path) == ["91547_502.csv", "91547_502.csv.fetched.json"]


def test_a_part_older_than_a_day_is_begun_afresh(publisher, tmp_path):
    publisher.queue = [broken(300, ETag=TAG), Reply(status=503), Reply(status=503)]
    with pytest.raises(SourceError):
        fetch(publisher, tmp_path)
    state = tmp_path / "91547_502.csv.part.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"at": "2026-01-01T00:00:00+00:00"}))
    publisher.answer = ranged
    fetch(publisher, tmp_path)
    assert "range" not in publisher.asked[-1].headers


def test_a_server_that_ignores_ranges_starts_afresh(publisher, tmp_path):
    publisher.queue = [broken(300, ETag=TAG), Reply(SMOKING, headers={"ETag": '"two"'})]
    (one,) = fetch(publisher, tmp_path)
    assert one.path.read_bytes() == SMOKING


def test_a_rest_that_does_not_fit_is_not_joined_on(publisher, tmp_path):
    wrong = Reply(b"x" * 10, 206, {"Content-Range": "bytes 5-14/15"})
    publisher.queue = [broken(300, ETag=TAG), wrong, Reply(SMOKING)]
    (one,) = fetch(publisher, tmp_path)
    assert one.path.read_bytes() == SMOKING


def test_a_part_that_the_server_has_no_rest_of_is_begun_afresh(publisher, tmp_path):
    publisher.queue = [broken(300, ETag=TAG), Reply(status=416), Reply(SMOKING)]
    (one,) = fetch(publisher, tmp_path)
    assert one.path.read_bytes() == SMOKING
    assert "range" not in publisher.asked[2].headers


def test_without_a_mark_to_know_it_by_nothing_half_stays(publisher, tmp_path):
    publisher.answer = lambda _question: broken(300)
    with pytest.raises(SourceError, match="broke off before the end") as told:
        fetch(publisher, tmp_path)
    assert "kept" not in str(told.value)
    assert names(tmp_path) == []


def test_a_server_that_asks_to_wait_is_waited_for_but_not_long(publisher, tmp_path):
    publisher.queue = [Reply(status=429, headers={"Retry-After": "7"}), Reply(status=503), Reply(SMOKING)]
    fetch(publisher, tmp_path)
    assert publisher.waits == [7.0, 8.0]
    other = Reply(SMOKING.replace(b"91547", b"200"))
    publisher.queue = [Reply(status=429, headers={"Retry-After": "86400"}), other]
    fetch(publisher, tmp_path, 200)
    assert publisher.waits[-1] == 30.0


def test_stopped_by_hand_nothing_stays_that_cannot_be_gone_on_with(publisher, tmp_path):
    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    for reply, left in ((broken(300), 0), (broken(300, ETag=TAG), 2)):
        publisher.queue = [reply]
        with pytest.raises(KeyboardInterrupt):
            fetch_fingertips(tmp_path, [91547], 502, options=replace(publisher.options(), wait=stop))
        assert len(names(tmp_path)) == left


def test_a_folder_that_is_a_file_is_told(publisher, tmp_path):
    (tmp_path / "data").write_bytes(b"")
    publisher.answer = lambda _question: Reply(SMOKING)
    with pytest.raises(SourceError, match="cannot be written"):
        fetch(publisher, tmp_path / "data")


@pytest.mark.reference
@pytest.mark.parametrize(
    ("indicator", "name", "rows"),
    [(200, "200_learning_disability_qof_deciles.csv", 464), (247, "247_dementia_qof.csv", 224)],
)
def test_real_files_of_fingertips_come_through_as_they_are(
    publisher, tmp_path, shared, indicator, name, rows
):
    real = (shared / "data" / "fingertips" / name).read_bytes()
    publisher.queue = [Reply(real)]
    (one,) = fetch(publisher, tmp_path, indicator)
    assert (one.rows, one.path.read_bytes()) == (rows, real)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(status=404), "has nothing of this name .answer 404.*Check the number"),
        (Reply(status=400), "does not understand what was asked .answer 400"),
        (Reply(status=403), "does not let this be read"),
        (Reply(status=500), "has a fault .answer 500.*tried 3 times"),
        (Reply(b"<!DOCTYPE html><p>Sign in", headers={"Content-Type": "text/html"}), "sends a web page"),
        (Reply(b" <html>"), "sends a web page"),
        (Reply(b""), "has no rows of what was asked.*--area-type"),
        (Reply(table()), "has no rows of what was asked.*--area-type"),
        (Reply(b"a,b\r\n1,2\r\n"), "without the columns Indicator ID, Area Code.* and 10 more"),
        (Reply(SMOKING[:-60]), "row 3 has .* cells, not 26: it is cut short"),
        (Reply(SMOKING.replace(b"91547", b"91548")), "sends a table of another indicator"),
        (Reply(b"\xff\xfe\x00,\x00"), "cannot be read as a table"),
        (Reply(SMOKING, says=600_000_000), "sends more than 500 MB"),
        (Reply(SMOKING, headers={"Content-Encoding": "gzip"}), "sends the file packed"),
    ],
)
def test_what_is_not_the_table_is_told_and_leaves_nothing(publisher, tmp_path, reply, told):
    publisher.answer = lambda _question: reply
    with pytest.raises(SourceError, match=told) as error:
        fetch(publisher, tmp_path)
    assert "127.0.0.1" in error.value.faults[0].where
    assert "indicator 91547" in error.value.faults[0].where
    assert names(tmp_path) == []


def test_one_indicator_that_is_not_there_does_not_stop_the_others(publisher, tmp_path):
    publisher.queue = [Reply(status=404), Reply(SMOKING)]
    with pytest.raises(SourceError, match="1 of 2 indicators are there.") as told:
        fetch(publisher, tmp_path, 200, 91547)
    assert [fault.where.split(", ")[1] for fault in told.value.faults] == ["indicator 200"]
    assert "91547_502.csv" in names(tmp_path)


def test_without_a_way_to_the_internet_it_stops_at_the_first(publisher, tmp_path):
    mirror = publisher.options()
    closed = replace(mirror, mirror="http://127.0.0.1:1")
    with pytest.raises(SourceError, match="cannot be reached.*a way to the internet") as told:
        fetch_fingertips(tmp_path, [1, 2, 3], 502, options=closed)
    assert len(told.value.faults) == 1
    assert len(publisher.waits) == 2


def test_a_redirect_is_followed_to_this_machine_and_nowhere_without_https(publisher, tmp_path):
    here = Reply(status=302, headers={"Location": f"{publisher.url}/moved"})
    publisher.queue = [here, Reply(SMOKING)]
    fetch(publisher, tmp_path)
    assert publisher.asked[1].path == "/moved"
    publisher.queue = [Reply(status=302, headers={"Location": "http://example.org/moved"})]
    with pytest.raises(SourceError, match="sends on to example.org, which is not https"):
        fetch(publisher, tmp_path, again=True)


def test_a_publisher_does_not_send_on_to_this_machine():
    asked, here = Request("https://example.org/a"), "http://127.0.0.1:8000/a"
    with pytest.raises(Refused, match="which is not https"):
        _Redirects().redirect_request(asked, io.BytesIO(), 302, "Found", HTTPMessage(), here)


def test_a_proxy_is_not_asked_for_a_mirror_on_this_machine(publisher, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    publisher.queue = [Reply(SMOKING)]
    assert fetch(publisher, tmp_path)[0].is_new


def test_a_file_of_no_said_length_is_stopped_where_it_is_too_large(publisher, tmp_path, monkeypatch):
    monkeypatch.setattr("evenground.sources.fetch.whole.MOST_BYTES", len(SMOKING) - 1)
    publisher.queue = [Reply(SMOKING, says=-1)]
    with pytest.raises(SourceError, match="sends more than"):
        fetch(publisher, tmp_path)
    monkeypatch.setattr("evenground.sources.fetch.whole.MOST_BYTES", len(SMOKING))
    publisher.queue = [Reply(SMOKING, says=-1)]
    assert fetch(publisher, tmp_path)[0].size == len(SMOKING)


@pytest.mark.parametrize(
    "mirror",
    [
        "http://example.org",
        "https://example.org/?key=1",
        "https://example.org/#a",
        "file:///etc",
        "ftp://example.org",
        "https://a:b@example.org",
        "https://[",
        "x",
    ],
)
def test_a_mirror_is_https_or_on_this_machine(publisher, tmp_path, mirror):
    options = replace(publisher.options(), mirror=mirror)
    with pytest.raises(SourceError, match="Nothing was asked for"):
        fetch_fingertips(tmp_path, [91547], 502, options=options)


def test_a_fetched_file_is_read_by_the_source_of_its_kind(publisher, tmp_path):
    publisher.queue = [Reply(SMOKING)]
    fetch(publisher, tmp_path / "data" / "fingertips")
    write_definition(tmp_path)
    source = '[[sources]]\nname = "Fingertips"\nkind = "fingertips"\npath = "data/fingertips/*.csv"\n'
    place = write_place(tmp_path, f'{source}indicators = {{ 91547 = "smoking_published" }}\n')
    release, report = build_release(place)
    assert report.aggregates[0].tables[0].kept == 2
    values = release.table("values").filter(basis="published", area_type="place")
    assert values.get_column("value").to_list() == [17.25]
    assert values.schema["value"] == pl.Float64
