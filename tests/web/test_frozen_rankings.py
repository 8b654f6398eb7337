"""A ranking frozen with its reasons: by whom, as it stood, never changed, and in the log."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from evenground.audit_log import read_lines
from evenground.errors import AuditLogError
from evenground.pipeline.frozen import verify_frozen
from evenground.releases import Release
from evenground.workspace import load_workspace
from evenground_web.accounts.roles import MAY_FREEZE, Role
from evenground_web.priorities.models import FrozenRanking, FrozenRankingError
from tests.support.release_factory import write_sample_release
from tests.unit.spending.test_records import GAIN
from tests.web.test_pages import words_of

NEW = "/priorities/frozen/new/"
CHOICE = {"service": "bowel_screening", "kind": "lsoa", "order": "per_100"}
WORDS = {"title": "Outreach for bowel screening", "reasons": "Most of each 100.\nThe champions agreed."}


@pytest.fixture
def lead(client_of: Callable[[Role | None], Client]) -> Client:
    return client_of(Role.LEAD)


@pytest.fixture
def log(site: Settings, tmp_path: Path) -> Path:
    site.EVENGROUND_LOG = str(tmp_path / "site-log.jsonl")
    return tmp_path / "site-log.jsonl"


def freeze(client: Client, release: Release, **changes: str) -> FrozenRanking:
    answer = client.post(NEW, CHOICE | WORDS | {"release": release.id} | changes)
    assert answer.status_code == 302, words_of(answer.content.decode())
    return FrozenRanking.objects.latest("id")


@pytest.mark.parametrize("role", [role for role in Role if role not in MAY_FREEZE])
def test_who_does_not_decide_does_not_freeze(client_of, release: Release, role: Role) -> None:
    client = client_of(role)
    assert client.get(NEW, CHOICE).status_code == 403
    assert client.post(NEW, CHOICE | WORDS | {"release": release.id}).status_code == 403
    assert not FrozenRanking.objects.exists()
    assert "Freeze this ranking" not in client.get("/priorities/").content.decode()
    assert client.get("/priorities/frozen/").status_code == 200


def test_whoever_has_not_logged_in_is_asked_to(client: Client) -> None:
    for address in (NEW, "/priorities/frozen/", "/priorities/frozen/1/"):
        assert client.get(address)["Location"].startswith("/account/log-in/")


def test_it_is_kept_as_it_stood_with_who_when_why_and_the_digest_of_the_release(
    lead: Client, release: Release
) -> None:
    assert "Frozen by" not in words_of(lead.get("/priorities/frozen/").content.decode())
    frozen = freeze(lead, release)
    assert (frozen.frozen_by, frozen.frozen_by_role) == ("lead", "lead")
    assert frozen.release_id == release.id
    assert len(frozen.release_sha256) == 64
    assert len(frozen.rows) == 12
    page = words_of(lead.get(f"/priorities/frozen/{frozen.pk}/").content.decode())
    for words in (*WORDS["reasons"].splitlines(), release.id, frozen.sha256, "How many of each 100", "60%"):
        assert words in page
    assert "This is not what was frozen" not in page
    listed = words_of(lead.get("/priorities/frozen/").content.decode())
    assert "Outreach for bowel screening" in listed


def test_a_later_release_does_not_change_it(
    lead: Client, release: Release, site: Settings, tmp_path: Path
) -> None:
    frozen = freeze(lead, release)
    before = lead.get(f"/priorities/frozen/{frozen.pk}/").content.decode()
    write_sample_release(tmp_path / "later", as_at="2026-06-30", place_name="Elsewhere")
    site.EVENGROUND_RELEASES = tmp_path / "later"
    after = lead.get(f"/priorities/frozen/{frozen.pk}/").content.decode()
    assert "31 March 2026" in words_of(after)
    main = re.compile(r"<main.*</main>", re.DOTALL)
    assert "Samplebury 001A" in main.search(after)[0]
    assert main.search(before)[0].count("<tr") == main.search(after)[0].count("<tr")


def test_it_cannot_be_frozen_against_figures_that_changed_meanwhile(
    lead: Client, release: Release, site: Settings, tmp_path: Path
) -> None:
    write_sample_release(tmp_path / "later", as_at="2026-06-30")
    site.EVENGROUND_RELEASES = tmp_path / "later"
    answer = lead.post(NEW, CHOICE | WORDS | {"release": release.id})
    assert "The figures changed since you opened this page" in words_of(answer.content.decode())
    assert not FrozenRanking.objects.exists()


def test_nothing_of_it_can_be_changed_or_removed(lead: Client, release: Release) -> None:
    frozen = freeze(lead, release)
    frozen.reasons = "Others."
    for change in (
        frozen.save,
        frozen.delete,
        FrozenRanking.objects.all().delete,
        lambda: FrozenRanking.objects.update(reasons="Others."),
    ):
        with pytest.raises(FrozenRankingError):
            change()
    assert lead.post(f"/priorities/frozen/{frozen.pk}/").status_code == 405


PLACE = """\
[place]
name = "Samplebury"
code = "X00000001"
as_at = 2026-03-31
synthetic = true

[areas]
file = "areas.csv"
lsoa_edition = "2021"
imd_edition = "2025"
"""
TRIGGERS = ("unchanged", "kept", "not_replaced")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE priorities_frozenranking SET reasons = 'Others.'",
        "DELETE FROM priorities_frozenranking",
        "INSERT OR REPLACE INTO priorities_frozenranking SELECT * FROM priorities_frozenranking",
    ],
)
def test_the_database_itself_refuses_to_change_or_remove_a_record(
    lead: Client, release: Release, change: str
) -> None:
    frozen = freeze(lead, release)
    with pytest.raises(IntegrityError, match="A frozen ranking cannot be"), transaction.atomic():
        connection.cursor().execute(change)
    assert FrozenRanking.objects.get(pk=frozen.pk).reasons == frozen.reasons


def write_database(path: Path) -> None:
    """The records of the test's database, as the site keeps them in a file."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM priorities_frozenranking")
        names = [f'"{column[0]}"' for column in cursor.description]
        rows = cursor.fetchall()
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"CREATE TABLE priorities_frozenranking ({', '.join(names)})")
        file.executemany(f"INSERT INTO priorities_frozenranking VALUES ({', '.join('?' * len(names))})", rows)


def test_the_proof_of_the_logs_proves_the_records_as_well(
    lead: Client,
    release: Release,
    site: Settings,
    tmp_path: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    workspace = tmp_path / "place"
    workspace.mkdir()
    (workspace / "place.toml").write_text(PLACE, encoding="utf-8")
    database, site.EVENGROUND_LOG = workspace / "site.sqlite3", str(workspace / "site-log.jsonl")
    with django_capture_on_commit_callbacks(execute=True):
        freeze(lead, release)
        freeze(lead, release, title="Another")
    write_database(database)
    place = load_workspace(workspace)
    assert verify_frozen(place) == 2
    first, second = FrozenRanking.objects.order_by("id")
    for change, told in (
        (f"UPDATE priorities_frozenranking SET title = 'x' WHERE id = {first.pk}", "was altered"),
        (
            f"UPDATE priorities_frozenranking SET sha256 = 'x' WHERE id = {first.pk}",
            "not the one that the log",
        ),
        (f"DELETE FROM priorities_frozenranking WHERE id = {second.pk}", f"record {second.pk} was removed"),
    ):
        with closing(sqlite3.connect(database)) as file, file:
            file.execute(change)
        with pytest.raises(AuditLogError, match=told):
            verify_frozen(place)
    database.unlink()
    with pytest.raises(AuditLogError, match=f"record {first.pk} was removed"):
        verify_frozen(place)


def test_need_benefit_and_whom_it_passes_over_are_frozen_with_the_evidence(
    lead: Client, release: Release, site: Settings, tmp_path: Path
) -> None:
    site.EVENGROUND_DEFINITIONS = tmp_path / "definitions"
    (tmp_path / "definitions/evidence").mkdir(parents=True)
    record = tmp_path / "definitions/evidence/bowel.toml"
    record.write_text(GAIN + 'applies_to = { ethnic_group = ["A"] }\n', encoding="utf-8")
    choice = {"kind": "msoa_ethnic_group", "order": "benefit"}
    frozen = freeze(lead, release, **choice)
    assert frozen.rows[0]["ethnic_group"] == "A"
    # What the place's records say afterwards changes nothing.
    record.unlink()
    words = words_of(lead.get(f"/priorities/frozen/{frozen.pk}/").content.decode())
    assert "Going by benefit alone would have passed over: African, Other White, Pakistani" in words
    assert "A made-up trial, 2020" in words
    assert "This is not what was frozen" not in words


def test_a_record_altered_in_the_database_says_so(lead: Client, release: Release) -> None:
    frozen = freeze(lead, release)
    with connection.cursor() as cursor:
        # Whoever has the file can take the guards away.
        for trigger in TRIGGERS:
            cursor.execute(f"DROP TRIGGER priorities_frozenranking_{trigger}")
        cursor.execute("UPDATE priorities_frozenranking SET reasons = 'Others.' WHERE id = %s", [frozen.pk])
    page = words_of(lead.get(f"/priorities/frozen/{frozen.pk}/").content.decode())
    assert "This is not what was frozen" in page


def test_it_is_in_the_sites_log(
    lead: Client,
    release: Release,
    log: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        frozen = freeze(lead, release)
    line = list(read_lines(log))[-1]
    assert (line.event, line.by) == ("frozen", "lead")
    assert line.facts == {"record": frozen.pk, "release": release.id, "sha256": frozen.sha256}


def test_another_standard_is_frozen_with_its_ranking(lead: Client, release: Release) -> None:
    frozen = freeze(lead, release, standard="85")
    page = words_of(lead.get(f"/priorities/frozen/{frozen.pk}/").content.decode())
    assert "85%, chosen for this ranking" in page
    assert "below the standard of 85%" in page


@pytest.mark.parametrize("missing", ["title", "reasons"])
def test_without_reasons_there_is_no_record(lead: Client, release: Release, missing: str) -> None:
    answer = lead.post(NEW, CHOICE | WORDS | {"release": release.id, missing: " "})
    assert answer.status_code == 200
    assert "There is a problem" in words_of(answer.content.decode())
    assert not FrozenRanking.objects.exists()


def test_what_people_write_is_text_and_never_markup(lead: Client, release: Release) -> None:
    frozen = freeze(lead, release, title="<b>bold</b>", reasons="<script>alert(1)</script>")
    for address in ("/priorities/frozen/", f"/priorities/frozen/{frozen.pk}/"):
        page = lead.get(address).content.decode()
        assert "<b>bold" not in page
        assert "<script>alert" not in page


def test_the_empty_list_says_what_to_do(client_of) -> None:
    assert "A prevention lead or public health analyst can freeze one" in words_of(
        client_of(Role.BOARD).get("/priorities/frozen/").content.decode()
    )
