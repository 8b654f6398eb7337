"""Tables in pages, of Nomis and of the Open Geography portal."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from evenground.errors import SourceError
from evenground.geography import load_boundaries
from evenground.sources.editions import load_editions
from evenground.sources.fetch import KNOWN_SERVICES, fetch_nomis, fetch_ons
from tests.unit.fetch.conftest import Publisher, Question, Reply

ROWS = [f'"E0100000{n}","{n * 10}"' for n in range(7)]
HEADER = '"GEOGRAPHY_CODE","OBS_VALUE"'
LOOKUP = [("E01000001", "U", "E01000001"), ("E01000002", "S", "E01034001"), ("E01000002", "S", "E01034002")]
SERVICE = next(iter(KNOWN_SERVICES))


def nomis_page(question: Question) -> Reply:
    offset, limit = int(question.query["RecordOffset"]), int(question.query["RecordLimit"])
    lines = ROWS[offset : offset + limit]
    body = "\r\n".join([HEADER, *lines, ""]) if lines else ""
    return Reply(body.encode(), headers={"Content-Type": "text/csv", "ETag": f'"{offset}"'})


def fetch_table(publisher: Publisher, path: Path, **facts: Any):
    options = publisher.options(**{key: facts.pop(key) for key in ("again", "force") if key in facts})
    return fetch_nomis(path, "NM_2041_1", "TYPE151", page_rows=3, options=options, **facts)


@pytest.mark.parametrize("count", [1, 3, 6, 7])
def test_pages_are_one_table_with_one_header(publisher, tmp_path, monkeypatch, count):
    monkeypatch.setattr(f"{__name__}.ROWS", ROWS[:count])
    publisher.answer = nomis_page
    one = fetch_table(publisher, tmp_path / "t.csv", settings={"measures": "20100"})
    rows = list(csv.reader(one.path.read_text().splitlines()))
    assert rows[0] == ["GEOGRAPHY_CODE", "OBS_VALUE"]
    assert [row[1] for row in rows[1:]] == [str(n * 10) for n in range(count)]
    assert one.rows == count
    assert publisher.asked[0].path == "/dataset/NM_2041_1.data.csv"
    asked = {"geography": "TYPE151", "measures": "20100", "RecordOffset": "0", "RecordLimit": "3"}
    assert publisher.asked[0].query == asked


def test_a_table_goes_on_from_the_page_after_the_last_whole_one(publisher, tmp_path):
    def stop(question: Question) -> Reply:
        reply = nomis_page(question)
        return reply if question.query["RecordOffset"] != "3" else Reply(reply.body[:20], says=99)

    publisher.answer = stop
    with pytest.raises(SourceError, match=r"broke off.*bytes that came are kept for a day in t\.csv\.part"):
        fetch_table(publisher, tmp_path / "t.csv")
    with (tmp_path / "t.csv.part").open("ab") as part:
        part.write(b"half a row")
    publisher.answer, before = nomis_page, len(publisher.asked)
    one = fetch_table(publisher, tmp_path / "t.csv")
    assert [question.query["RecordOffset"] for question in publisher.asked[before:]] == ["3", "6"]
    assert one.rows == 7
    assert one.path.read_text().splitlines() == [HEADER, *ROWS]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv", "t.csv.fetched.json"]


def test_what_came_of_another_question_is_not_gone_on_with(publisher, tmp_path):
    first_only = (nomis_page, lambda _question: Reply(status=503))
    publisher.answer = lambda question: first_only[question.query["RecordOffset"] != "0"](question)
    with pytest.raises(SourceError, match="kept for a day"):
        fetch_table(publisher, tmp_path / "t.csv")
    publisher.answer, before = nomis_page, len(publisher.asked)
    fetch_table(publisher, tmp_path / "t.csv", settings={"measures": "20301"})
    assert publisher.asked[before].query["RecordOffset"] == "0"


def test_pages_that_the_server_knows_unchanged_are_not_sent_again(publisher, tmp_path):
    publisher.answer = nomis_page
    fetch_table(publisher, tmp_path / "t.csv")
    publisher.asked.clear()

    def same(question: Question) -> Reply:
        assert question.headers["if-none-match"] == f'"{question.query["RecordOffset"]}"'
        return Reply(status=304)

    publisher.answer = same
    assert not fetch_table(publisher, tmp_path / "t.csv", again=True).is_new
    assert len(publisher.asked) == 3


def test_one_changed_page_brings_the_whole_table_anew(publisher, tmp_path, monkeypatch):
    publisher.answer = nomis_page
    fetch_table(publisher, tmp_path / "t.csv")
    monkeypatch.setattr(f"{__name__}.ROWS", [*ROWS[:4], '"E01000004","5"', *ROWS[5:]])

    def some_same(question: Question) -> Reply:
        first = question.headers.get("if-none-match") == '"0"'
        return Reply(status=304) if first else nomis_page(question)

    publisher.answer = some_same
    one = fetch_table(publisher, tmp_path / "t.csv", again=True)
    assert (one.is_new, one.rows) == (True, 7)
    assert '"E01000004","5"' in one.path.read_text()


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        ([""], "has no rows of what was asked"),
        ([HEADER], "has no rows of what was asked"),
        (["error,what\nx,y\n"], "without the columns OBS_VALUE"),
        ([f"{HEADER}\n" + "\n".join(ROWS[:3]), "OBS_VALUE,OTHER\n1,2\n"], "other columns than the first"),
        ([f'{HEADER}\n"E01000001"\n'], "it is cut short"),
        (["<html>"], "sends a web page"),
    ],
)
def test_what_is_not_the_table_of_nomis_is_told(publisher, tmp_path, bodies, told):
    publisher.queue = [Reply(body.encode()) for body in bodies]
    with pytest.raises(SourceError, match=told):
        fetch_table(publisher, tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


def test_columns_that_were_selected_must_come(publisher, tmp_path):
    publisher.answer = nomis_page
    with pytest.raises(SourceError, match="without the columns C_SEX"):
        fetch_table(publisher, tmp_path / "t.csv", select="geography_code,c_sex")


@pytest.mark.parametrize("key", ["uid", "RecordLimit", "geography", "a b"])
def test_choices_that_are_not_the_users_to_set_are_refused(publisher, tmp_path, key):
    with pytest.raises(SourceError, match=f"--set {key}"):
        fetch_table(publisher, tmp_path / "t.csv", settings={key: "1"})
    assert publisher.asked == []


def portal(question: Question) -> Reply:
    """An ArcGIS server with two features a page."""
    if question.query.get("returnIdsOnly"):
        return as_json(identifiers(len(LOOKUP)))
    assert question.query["orderByFields"] == "FID"
    offset = int(question.query["resultOffset"])
    names = ("LSOA11CD", "CHGIND", "LSOA21CD")
    found = [dict(zip(names, row, strict=True)) for row in LOOKUP[offset : offset + 2]]
    if question.query["f"] == "geojson":
        shape = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
        return as_json({"features": [{"properties": one, "geometry": shape} for one in found]})
    return as_json(
        {"fields": [{"name": name} for name in names], "features": [{"attributes": a} for a in found]}
    )


def identifiers(count: int) -> dict[str, Any]:
    return {"objectIdFieldName": "FID", "objectIds": list(range(count)) or None}


def as_json(told: object) -> Reply:
    return Reply(json.dumps(told).encode(), headers={"Content-Type": "application/json"})


def test_a_look_up_of_the_portal_is_one_that_a_source_reads(publisher, tmp_path):
    publisher.answer = portal
    one = fetch_ons(tmp_path / "l.csv", SERVICE, where="LAD22CD='E08000018'", options=publisher.options())
    assert one.rows == 3
    editions, faults = load_editions("the look-up", one.path, read="2011")
    assert faults == []
    assert editions.frame.height == 2
    assert one.path.read_text().splitlines() == ["LSOA11CD,CHGIND,LSOA21CD", *map(",".join, LOOKUP)]
    first, *pages = publisher.asked
    assert first.path == f"/{SERVICE}/FeatureServer/0/query"
    assert [question.query["resultOffset"] for question in pages] == ["0", "2"]
    assert {question.query["where"] for question in publisher.asked} == {"LAD22CD='E08000018'"}


def test_a_look_up_that_grew_between_two_runs_is_begun_afresh(publisher, tmp_path, monkeypatch):
    def stop(question: Question) -> Reply:
        return portal(question) if question.query.get("resultOffset") != "2" else Reply(status=503)

    publisher.answer = stop
    with pytest.raises(SourceError, match="kept for a day"):
        fetch_ons(tmp_path / "l.csv", SERVICE, options=publisher.options())
    monkeypatch.setattr(f"{__name__}.LOOKUP", [*LOOKUP, ("E01000003", "U", "E01000003")])
    publisher.answer, before = portal, len(publisher.asked)
    one = fetch_ons(tmp_path / "l.csv", SERVICE, options=publisher.options())
    assert [question.query.get("resultOffset") for question in publisher.asked[before:]] == [None, "0", "2"]
    assert one.rows == 4


def test_rows_that_were_added_are_fetched_though_the_first_pages_are_the_same(
    publisher, tmp_path, monkeypatch
):
    def marked(question: Question) -> Reply:
        if "if-none-match" in question.headers:
            return Reply(status=304)
        return Reply(portal(question).body, headers={"ETag": '"page"'})

    publisher.answer = marked
    fetch_ons(tmp_path / "l.csv", SERVICE, options=publisher.options())
    assert not fetch_ons(tmp_path / "l.csv", SERVICE, options=publisher.options(again=True)).is_new
    monkeypatch.setattr(f"{__name__}.LOOKUP", [*LOOKUP, ("E01000003", "U", "E01000003")])
    one = fetch_ons(tmp_path / "l.csv", SERVICE, options=publisher.options(again=True))
    assert (one.is_new, one.rows) == (True, 4)


def test_boundaries_are_one_collection_under_the_names_that_a_place_reads(publisher, tmp_path):
    publisher.answer = portal
    one = fetch_ons(
        tmp_path / "b.geojson",
        SERVICE,
        geometry=True,
        rename={"LSOA21CD": "lsoa_code"},
        options=publisher.options(),
    )
    assert set(load_boundaries(one.path)) == {row[2] for row in LOOKUP}
    assert publisher.asked[1].query["outSR"] == "4326"


def test_an_error_that_comes_with_the_status_of_success_is_told(publisher, tmp_path):
    publisher.answer = lambda _question: as_json(
        {"error": {"code": 400, "message": "Invalid URL", "details": []}}
    )
    with pytest.raises(SourceError, match='answers with an error: "Invalid URL".*new version'):
        fetch_ons(tmp_path / "l.csv", SERVICE, options=publisher.options())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("replies", "told"),
    [
        ([identifiers(0)], "has no rows of what was asked"),
        ([{"layers": []}], "not a table of features"),
        ([["objectIds"]], "not a table of features"),
        ([identifiers(3), {"fields": [{"name": "A"}], "features": []}], "there are 3 rows, and sends 0"),
        (
            [identifiers(1), {"fields": [{"name": "A"}], "features": [{"attributes": {"B": 1}}]}],
            "not a table",
        ),
        (
            [identifiers(1), {"fields": [{"name": "A"}], "features": [{"attributes": {"A": 1}}] * 2}],
            "sends 2",
        ),
        ([identifiers(1), {"features": [{"attributes": {}}]}], "not a table of features"),
    ],
)
def test_what_is_not_a_table_of_the_portal_is_told(publisher, tmp_path, replies, told):
    publisher.queue = [as_json(reply) for reply in replies]
    with pytest.raises(SourceError, match=told):
        fetch_ons(tmp_path / "l.csv", SERVICE, options=publisher.options())
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_could_be_another_path_is_not_asked_for(publisher, tmp_path):
    with pytest.raises(SourceError, match="is not the name of a service"):
        fetch_ons(tmp_path / "l.csv", "../x", options=publisher.options())
    assert publisher.asked == []
