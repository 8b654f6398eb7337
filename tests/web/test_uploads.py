"""Files of published figures sent through the site: checked, refused, put in place, and never lost."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings
from typer.testing import CliRunner

from evenground.cli import app
from evenground.pipeline import build_release
from evenground.workspace import Workspace
from evenground_web.accounts.roles import Role
from evenground_web.uploads import views, writes
from tests.support.aggregates import FINGERTIPS_HEADER, own_row, write_definition, write_place
from tests.support.release_factory import write_sample_release
from tests.web.test_pages import words_of

SOURCES = """
[[sources]]
name = "Fingertips"
kind = "fingertips"
path = "data/fingertips/*.csv"
indicators = { 91547 = "smoking_published" }
"""
NHS_NUMBER = "999 000 0018"
Send = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path, settings: Settings) -> Workspace:
    """A workspace with a source that takes files, and the site on its releases."""
    write_definition(tmp_path / "place")
    workspace = write_place(tmp_path / "place", SOURCES)
    write_sample_release(workspace.releases)
    settings.EVENGROUND_RELEASES = workspace.releases
    settings.EVENGROUND_LOG = str(tmp_path / "log.jsonl")
    return workspace


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check's own command in this process: to start one takes seconds."""

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        done = CliRunner().invoke(app, command[command.index("evenground") + 1 :])
        return subprocess.CompletedProcess(command, done.exit_code, b"", b"")

    monkeypatch.setattr("evenground_web.uploads.checking.subprocess.run", run)


@pytest.fixture
def steward(place: Workspace, client_of: Callable[[Role | None], Client]) -> Client:
    return client_of(Role.STEWARD)


@pytest.fixture
def send(steward: Client) -> Send:
    """Sends rows, or bytes, as a file; the page that follows."""

    def run(content: list[dict[str, Any]] | bytes, name: str = "new.csv") -> Any:
        sent = content if isinstance(content, bytes) else as_csv(content)
        data = {"file": SimpleUploadedFile(name, sent), "source": "Fingertips"}
        return steward.post("/uploads/", data, follow=True)

    return run


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, FINGERTIPS_HEADER, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def address_of(response: Any) -> str:
    return str(response.redirect_chain[-1][0])


def decide(client: Client, address: str, decision: str = "place", **more: str) -> Any:
    return client.post(address, {"decision": decision, **more}, follow=True)


def files_in(place: Workspace) -> list[str]:
    """Everything in the workspace that an upload may have written."""
    folders = (place.root / "data/fingertips", place.root / "uploads")
    return sorted(
        str(path.relative_to(place.root)) for one in folders for path in one.rglob("*") if path.is_file()
    )


def events_of(place: Workspace) -> list[tuple[str, dict[str, Any]]]:
    lines = (place.root.parent / "log.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    return [(line["event"], line["facts"]) for line in told if line["event"].startswith("figures_")]


def test_a_file_is_checked_put_in_place_logged_and_built_from(place: Workspace, send: Send) -> None:
    answer = send([own_row(), own_row(id="", period="2021/22")])
    page = answer.content.decode()
    assert "1 of its 2 rows" in words_of(page)
    assert "no indicator id" in page
    assert not (place.root / "data/fingertips").exists()
    done = decide(answer.client, address_of(answer))
    assert "new.csv is in place. The next build reads it." in done.content.decode()
    assert files_in(place) == ["data/fingertips/new.csv"]
    assert [event for event, _ in events_of(place)] == ["figures_uploaded", "figures_placed"]
    facts = events_of(place)[-1][1]
    assert facts["file"] == "new.csv"
    assert len(facts["sha256"]) == 64
    release, _ = build_release(place)
    assert "smoking_published" in release.indicators


@pytest.mark.usefixtures("here")
def test_the_report_by_row_comes_as_a_file_with_formulas_made_harmless(place: Workspace, send: Send) -> None:
    answer = send([own_row(), own_row(id="=1+1", period="soon")])
    rows = answer.client.get(f"{address_of(answer)}rows.csv").content.decode("utf-8-sig")
    assert rows.splitlines()[1].startswith("3,dropped,")
    assert "=1+1" not in rows
    assert answer.client.get(f"{address_of(answer)}rows.csv?file=xlsx").status_code == 200


@pytest.mark.usefixtures("here")
def test_records_of_people_are_refused_and_neither_they_nor_their_name_are_kept(
    place: Workspace, send: Send
) -> None:
    answer = send([own_row(), own_row(note=NHS_NUMBER, period="2021/22")], "Patient list.csv")
    page = answer.content.decode()
    assert "Refused, and not kept." in page
    assert "1 row, the first of them row 3, holds what looks like an NHS number" in words_of(page)
    kept = {name.rpartition("/")[2] for name in files_in(place)}
    assert kept == {"facts.json", "report.json", "rows.csv"}
    written = [path for path in place.root.parent.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    for text in [page, *(path.read_bytes().decode(errors="replace") for path in written)]:
        assert NHS_NUMBER not in text
        assert "Patient-list" not in text
    assert events_of(place)[0][0] == "figures_refused"


@pytest.mark.usefixtures("here")
def test_a_file_that_no_build_can_use_says_why_and_is_not_kept(place: Workspace, send: Send) -> None:
    answer = send([own_row(code="E06000001")])
    assert "none of its 1 rows can be used" in answer.content.decode()
    assert not [name for name in files_in(place) if name.endswith("figures.csv")]
    refused = decide(answer.client, address_of(answer))
    assert "cannot be used, so it is not put in place" in refused.content.decode()


@pytest.mark.usefixtures("here")
def test_a_file_of_the_same_name_is_replaced_only_when_told_and_can_be_put_back(
    place: Workspace, send: Send
) -> None:
    first, second = [own_row()], [own_row(value="21", lower="19", upper="23", count="315")]
    answer = send(first)
    decide(answer.client, address_of(answer))
    answer = send(second)
    assert "A file named new.csv is there already" in answer.content.decode()
    refused = decide(answer.client, address_of(answer))
    assert "new.csv is there already. Say that it is to be replaced" in refused.content.decode()
    target = place.root / "data/fingertips/new.csv"
    assert target.read_bytes() == as_csv(first)
    page = decide(answer.client, address_of(answer), replace="on").content.decode()
    assert target.read_bytes() == as_csv(second)
    (back,) = re.findall(r'action="(/uploads/put-back/[^"]+)"', page)
    page = answer.client.post(back, follow=True).content.decode()
    assert "new.csv is back." in page
    assert target.read_bytes() == as_csv(first)
    (again,) = re.findall(r'action="(/uploads/put-back/[^"]+)"', page)
    answer.client.post(again)
    assert target.read_bytes() == as_csv(second)


@pytest.mark.usefixtures("here")
def test_the_same_file_again_is_said_to_be_the_same(send: Send) -> None:
    answer = send([own_row()])
    decide(answer.client, address_of(answer))
    assert "It is the same file, byte for byte." in send([own_row()]).content.decode()


@pytest.mark.usefixtures("here")
def test_a_file_is_taken_out_and_put_back(place: Workspace, send: Send) -> None:
    answer = send([own_row()])
    decide(answer.client, address_of(answer))
    taken = {"source": "Fingertips", "file": "new.csv"}
    page = answer.client.post("/uploads/take-out/", taken, follow=True).content.decode()
    assert not (place.root / "data/fingertips/new.csv").exists()
    (back,) = re.findall(r'action="(/uploads/put-back/[^"]+)"', page)
    answer.client.post(back)
    assert files_in(place) == ["data/fingertips/new.csv"]
    missing = answer.client.post("/uploads/take-out/", {"source": "Fingertips", "file": "../place.toml"})
    assert "This file is no longer there." in missing.content.decode()
    assert (place.root / "place.toml").is_file()


@pytest.mark.usefixtures("here")
def test_a_discarded_file_is_gone(place: Workspace, send: Send) -> None:
    answer = send([own_row()])
    decide(answer.client, address_of(answer), "discard")
    assert files_in(place) == []
    assert answer.client.get(address_of(answer)).status_code == 404


@pytest.mark.usefixtures("here")
def test_two_who_decide_at_once_do_not_lose_a_file(place: Workspace, send: Send) -> None:
    answer = send([own_row()])
    waiting = writes.require_waiting(address_of(answer).split("/")[2])
    decide(answer.client, address_of(answer))
    from evenground_web.accounts.models import Account
    from evenground_web.uploads.reads import require_source

    with pytest.raises(writes.NotPlacedError, match="Somebody else has decided"):
        writes.place_file(
            waiting=waiting,
            source=require_source("Fingertips"),
            replace=True,
            account=Account.objects.get(username="steward"),
        )
    assert files_in(place) == ["data/fingertips/new.csv"]


def test_a_file_past_the_limit_is_refused_unread_with_a_page(steward: Client, place: Workspace) -> None:
    body = io.BytesIO(b"")
    answer = steward.post(
        "/uploads/", body.read(), content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="209715200"
    )
    assert answer.status_code == 413
    assert "larger than 50 MB, so it was not read" in words_of(answer.content.decode())
    assert not (place.root / "uploads").exists()


def test_a_file_that_turns_out_too_large_stops_at_the_limit_and_leaves_nothing(
    place: Workspace, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_BYTES", 1_000)
    monkeypatch.setattr(views, "_MORE", 10_000_000)
    answer = send(b"x" * 300_000)
    assert answer.status_code == 413
    assert files_in(place) == []


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("figures.zip", b"PK\x03\x04", "Send the CSV file itself"),
        ("figures.xlsx", b"PK\x03\x04", "Send the CSV file itself"),
        ("zip.csv", b"PK\x03\x04" + b"\0" * 500, "is a spreadsheet or zip file"),
        ("gzip.csv", b"\x1f\x8b\x08\x00" + b"\0" * 100, "is packed"),
        ("empty.csv", b"", "is empty"),
        ("picture.csv", b"\x89PNG\r\n\x00\x01", "neither CSV nor Parquet"),
    ],
)
def test_what_is_no_csv_file_is_refused_in_words(send: Send, name: str, content: bytes, told: str) -> None:
    assert told in words_of(send(content, name).content.decode())


@pytest.mark.usefixtures("here")
def test_names_from_outside_are_made_plain_and_html_is_shown_as_text(place: Workspace, send: Send) -> None:
    answer = send([own_row(name="<script>alert(1)</script>")], "<b>figures</b>.csv")
    decide(answer.client, address_of(answer))
    (name,) = files_in(place)
    assert re.fullmatch(r"data/fingertips/[A-Za-z0-9._-]+\.csv", name)
    assert "<script>alert" not in answer.content.decode()


def test_whoever_is_no_steward_may_not_send(
    place: Workspace, client_of: Callable[[Role | None], Client]
) -> None:
    assert client_of(None).get("/uploads/").status_code == 302
    analyst = client_of(Role.ANALYST)
    data = {"file": SimpleUploadedFile("new.csv", as_csv([own_row()])), "source": "Fingertips"}
    assert analyst.post("/uploads/", data).status_code == 403
    assert not (place.root / "uploads").exists()


def test_a_file_sent_from_another_site_is_refused(
    place: Workspace, client_of: Callable[[Role | None], Client]
) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = client_of(Role.STEWARD).cookies
    data = {"file": SimpleUploadedFile("new.csv", as_csv([own_row()])), "source": "Fingertips"}
    assert careful.post("/uploads/", data).status_code == 403
    assert files_in(place) == []


def test_a_place_without_such_a_source_says_what_to_add(steward: Client, place: Workspace) -> None:
    (place.root / "place.toml").write_text(
        (place.root / "place.toml").read_text().replace("*.csv", "one.csv")
    )
    assert "No source of the place takes files." in steward.get("/uploads/").content.decode()
    data = {"file": SimpleUploadedFile("new.csv", as_csv([own_row()])), "source": "Fingertips"}
    assert steward.post("/uploads/", data).status_code in (404, 200)
    assert files_in(place) == []


def test_the_page_about_the_data_leads_a_steward_there(
    steward: Client, client_of: Callable[[Role | None], Client]
) -> None:
    assert 'href="/uploads/"' in steward.get("/about-the-data/").content.decode()
    assert 'href="/uploads/"' not in client_of(Role.BOARD).get("/about-the-data/").content.decode()


@pytest.mark.usefixtures("here")
def test_files_can_be_sent_before_there_is_a_release(place: Workspace, send: Send) -> None:
    (place.releases / "current").unlink()
    answer = send([own_row(), own_row(period="soon")])
    assert "1 of its 2 rows" in words_of(answer.content.decode())
    assert answer.client.get(f"{address_of(answer)}rows.csv").status_code == 200
    decide(answer.client, address_of(answer))
    assert files_in(place) == ["data/fingertips/new.csv"]
