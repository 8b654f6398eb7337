"""The site's log, which the site can write to, is held against what builds wrote down of it."""

from __future__ import annotations

import pytest

from evenground.audit_log import Event, append_line, read_lines
from evenground.errors import AuditLogError
from evenground.pipeline.releasing import SITE_LOG, log_path, submit, verify_logs
from evenground.workspace import Workspace, load_workspace
from tests.support.release_factory import make_sample_content

PLACE = """
[place]
name = "Wenbury"
code = "E08900001"
synthetic = true
as_at = 2026-03-31

[areas]
file = "areas.csv"
lsoa_edition = "2021"
imd_edition = "2025"
"""


@pytest.fixture
def town(tmp_path) -> Workspace:
    (tmp_path / "place.toml").write_text(PLACE)
    (tmp_path / "secure").mkdir(mode=0o700)
    workspace = load_workspace(tmp_path)
    for name in ("analyst-1", "steward-1"):
        append_line(tmp_path / SITE_LOG, Event.LOGGED_IN, by=name)
    submit(workspace, make_sample_content(), warnings=(), audit={})
    return workspace


def test_a_build_writes_down_the_last_line_of_the_sites_log(town):
    (built,) = (line for line in read_lines(log_path(town)) if line.event == Event.BUILT)
    *_, last = read_lines(town.root / SITE_LOG)
    assert (built.facts["site_log_line"], built.facts["site_log_hash"]) == (2, last.hash)
    append_line(town.root / SITE_LOG, Event.LOGGED_IN, by="analyst-1")
    assert verify_logs(town)["The log of the site"].number == 3


def test_lines_cut_off_the_end_of_the_sites_log_are_missed(town):
    log = town.root / SITE_LOG
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    with pytest.raises(
        AuditLogError, match="was cut: it has 1 lines, and line 1 of the log of the secure zone"
    ):
        verify_logs(town)


def test_a_site_log_that_is_gone_is_missed(town):
    (town.root / SITE_LOG).unlink()
    with pytest.raises(AuditLogError, match="it has 0 lines"):
        verify_logs(town)


def test_a_site_log_that_was_written_anew_is_not_the_one_that_was_named(town):
    log = town.root / SITE_LOG
    log.unlink()
    for name in ("analyst-2", "analyst-3"):
        append_line(log, Event.LOGGED_IN, by=name)
    with pytest.raises(AuditLogError, match="is not the line that line 1"):
        verify_logs(town)


def test_a_site_log_that_somebody_altered_stops_no_build_and_is_told_of(town):
    log = town.root / SITE_LOG
    log.write_text(log.read_text().replace("analyst-1", "analyst-9"))
    submit(town, make_sample_content(as_at="2026-06-30"), warnings=(), audit={})
    with pytest.raises(AuditLogError, match="was altered"):
        verify_logs(town)
