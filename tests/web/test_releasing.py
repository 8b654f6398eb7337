"""The release gate in the site: stewards only, never one's own, and one decision at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from evenground.audit_log import read_lines
from evenground.gate import read_history, send_back, submit_candidate
from evenground.releases import Release, current_release
from evenground_web.accounts.roles import Role
from evenground_web.accounts.writes import create_account
from tests.support.release_factory import make_sample_content, write_sample_release

PASSWORD = "heather lantern plough"  # noqa: S105


@pytest.fixture
def folder(site: Settings, tmp_path: Path) -> Path:
    """A folder of releases of this test's own: the sample, and a later candidate of the same place."""
    write_sample_release(tmp_path / "releases", synthetic=False)
    site.EVENGROUND_RELEASES = tmp_path / "releases"
    site.EVENGROUND_LOG = str(tmp_path / "site-log.jsonl")
    return tmp_path / "releases"


@pytest.fixture
def candidate(folder: Path) -> Release:
    content = make_sample_content(synthetic=False, as_at="2026-06-30")
    return submit_candidate(folder, content, by="analyst")[0]


@pytest.fixture
def steward(client_of: Callable[[Role | None], Client]) -> Client:
    return client_of(Role.STEWARD)


def text(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.STEWARD])
def test_only_a_steward_sees_or_decides(client_of, candidate: Release, role: Role) -> None:
    client = client_of(role)
    assert client.get("/releases/").status_code == 403
    assert client.get(f"/releases/{candidate.id}/").status_code == 403
    answer = client.post(f"/releases/{candidate.id}/", {"decision": "approve", "seen": 1})
    assert answer.status_code == 403


def test_somebody_who_has_not_logged_in_is_asked_to(client: Client, candidate: Release) -> None:
    answer = client.post(f"/releases/{candidate.id}/", {"decision": "approve", "seen": 1})
    assert (answer.status_code, answer["Location"].startswith("/account/log-in/")) == (302, True)


def test_the_steward_sees_what_waits_and_what_it_would_change(steward: Client, candidate: Release) -> None:
    assert candidate.id in text(steward.get("/releases/"))
    page = text(steward.get(f"/releases/{candidate.id}/"))
    assert "Figures as at: 2026-03-31 before, 2026-06-30 now" in page
    assert "Figures by indicator" in page
    assert "Built by analyst on" in page


def test_an_approval_makes_it_current_and_is_logged(
    steward: Client, folder: Path, candidate: Release
) -> None:
    answer = steward.post(
        f"/releases/{candidate.id}/",
        {"decision": "approve", "reason": "As expected.", "seen": 1},
        follow=True,
    )
    assert "is approved, and the site shows it" in text(answer)
    assert current_release(folder).id == candidate.id
    assert "30 June 2026" in text(steward.get("/"))
    entry = read_history(folder, candidate.id)[-1]
    assert (entry.action, entry.by, entry.reason) == ("approved", "steward", "As expected.")
    (line,) = read_lines(folder.parent / "site-log.jsonl")
    assert (line.event, line.by, dict(line.facts)) == ("approved", "steward", {"release": candidate.id})


def test_a_return_needs_a_reason_and_keeps_what_the_site_shows(
    steward: Client, folder: Path, candidate: Release
) -> None:
    before = current_release(folder).id
    missing = steward.post(f"/releases/{candidate.id}/", {"decision": "return", "seen": 1})
    assert "Give a reason" in text(missing)
    assert "Error: Decide on" in text(missing)
    steward.post(f"/releases/{candidate.id}/", {"decision": "return", "reason": "Smoking?", "seen": 1})
    assert "returned by steward: Smoking?" in text(steward.get("/releases/"))
    assert current_release(folder).id == before


def test_nothing_chosen_is_told(steward: Client, candidate: Release) -> None:
    assert "Choose whether to approve" in text(steward.post(f"/releases/{candidate.id}/", {"seen": 1}))


def test_whoever_built_it_is_not_offered_to_approve_and_is_refused(folder: Path) -> None:
    candidate = submit_candidate(
        folder, make_sample_content(synthetic=False, as_at="2026-09-30"), by="Steward-2"
    )[0]
    account = create_account(
        username="steward-2", display_name="A steward", role=Role.STEWARD, password=PASSWORD
    )
    client = Client()
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    page = text(client.get(f"/releases/{candidate.id}/"))
    assert "You built this candidate" in page
    assert 'value="approve"' not in page
    refused = client.post(f"/releases/{candidate.id}/", {"decision": "approve", "seen": 1})
    assert "may not approve it" in text(refused)
    assert current_release(folder).id != candidate.id


def test_a_steward_who_is_too_late_is_told_who_was_first(
    steward: Client, folder: Path, candidate: Release
) -> None:
    send_back(folder, candidate.id, by="steward-2", reason="Not yet.")
    answer = steward.post(f"/releases/{candidate.id}/", {"decision": "approve", "seen": 1})
    assert "was returned by steward-2" in text(answer)
    assert current_release(folder).id != candidate.id


def test_a_candidate_that_was_altered_is_not_approved(
    steward: Client, folder: Path, candidate: Release
) -> None:
    coverage = candidate.path / "coverage.json"
    coverage.write_text(coverage.read_text().replace("19870", "19875"))
    answer = steward.post(f"/releases/{candidate.id}/", {"decision": "approve", "seen": 1})
    assert "coverage.json was altered" in text(answer)
    assert current_release(folder).id != candidate.id


def test_an_unknown_or_decided_candidate_is_not_found(
    steward: Client, folder: Path, candidate: Release
) -> None:
    assert steward.get("/releases/2026-01-01-nothing/").status_code == 404
    steward.post(f"/releases/{candidate.id}/", {"decision": "approve", "seen": 1})
    assert steward.get(f"/releases/{candidate.id}/").status_code == 404


def test_figures_of_a_candidate_are_on_no_page_before_it_is_approved(
    client: Client, candidate: Release
) -> None:
    for address in ("/", "/about-the-data/", "/profiles/", "/priorities/"):
        page = text(client.get(address))
        assert candidate.id not in page
        assert "30 June 2026" not in page


def test_log_ins_and_whole_tables_are_logged_and_nothing_that_was_typed(client_of, folder: Path) -> None:
    create_account(username="analyst-1", display_name="An analyst", role=Role.ANALYST, password=PASSWORD)
    client = Client()
    client.post("/account/log-in/", {"username": "my secret by mistake", "password": "x"})
    client.post("/account/log-in/", {"username": "analyst-1", "password": PASSWORD})
    client.get("/about-the-data/tables/values.csv")
    log = folder.parent / "site-log.jsonl"
    told = [(line.event, line.by) for line in read_lines(log)]
    assert told == [("log_in_failed", "somebody"), ("logged_in", "analyst-1"), ("exported", "analyst-1")]
    assert "secret" not in log.read_text()


def test_every_download_is_logged_by_whom_and_what_and_a_page_is_not(client_of, folder: Path) -> None:
    analyst = client_of(Role.ANALYST)
    log = folder.parent / "site-log.jsonl"
    before = len(list(read_lines(log)))
    analyst.get("/profiles/")
    page = text(analyst.get("/priorities/"))
    link = re.search(r'href="(/priorities/[^"]*\.csv[^"]*)"', page)
    assert link is not None
    answer = analyst.get(link[1].replace("&amp;", "&") + "&typed=my+secret+by+mistake")
    assert answer.status_code == 200
    assert analyst.get("/about-the-data/tables/nothing.csv").status_code == 404
    (line,) = list(read_lines(log))[before:]
    assert line.event == "exported"
    assert set(line.facts) == {"release", "what"}
    assert "secret" not in log.read_text()


def test_figures_read_by_a_program_are_logged_and_an_answer_that_is_still_right_is_not(
    client_of, folder: Path
) -> None:
    analyst = client_of(Role.ANALYST)
    log = folder.parent / "site-log.jsonl"
    before = len(list(read_lines(log)))
    answer = analyst.get("/api/v1/values?limit=1&indicator_id=bowel_screening")
    assert answer.status_code == 200
    assert analyst.get("/api/v1/profiles").status_code == 200
    again = analyst.get(
        "/api/v1/values?limit=1&indicator_id=bowel_screening", headers={"If-None-Match": answer["ETag"]}
    )
    assert again.status_code == 304
    (line,) = list(read_lines(log))[before:]
    assert (line.event, line.facts["what"]) == ("exported", "list_values")


def test_a_log_that_cannot_be_written_keeps_nobody_out(site: Settings, client_of, tmp_path: Path) -> None:
    site.EVENGROUND_LOG = str(tmp_path / "nowhere" / "log.jsonl")
    assert client_of(Role.ANALYST).get("/about-the-data/tables/areas.csv").status_code == 200
