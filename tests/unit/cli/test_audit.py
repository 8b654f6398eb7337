"""``evenground disclosure``: a release attacked from the command line, and the policies."""

from __future__ import annotations

import re

import pytest

from evenground.audit_log import read_lines
from evenground.releases import current_release


def test_a_release_that_gives_nothing_away_is_told_with_what_was_tried(evenground, wenbury):
    told = evenground("disclosure", "audit", "--workspace", wenbury.root, "--sums", "--alone")
    assert told.returncode == 0
    assert "No suppressed count can be worked out" in told.stdout
    assert "no other release" in told.stdout
    assert re.search(r"suppressed counts\s*│\s*[\d,]{4,}", told.stdout)


def test_what_sums_do_not_find_programs_do_and_the_counts_to_blame_are_named_without_values(
    evenground, wenbury
):
    """The small Wenbury of tests is built without linear programs: it gives a few counts away to them."""
    told = evenground("disclosure", "audit", "--workspace", wenbury.root)
    assert told.returncode == 6
    words = " ".join(told.stdout.split())
    assert "4 values are possible, 5 are needed" in words
    assert "lsoa in " in words
    values = current_release(wenbury.releases).table("values")
    assert any(name in told.stdout for name in values["indicator_id"].unique())


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (["audit", "2026-03-31-nothing"], 7, 'There is no release "2026-03-31-nothing"'),
        (["audit", "--against", "2026-03-31-nothing"], 7, 'There is no release "2026-03-31-nothing"'),
    ],
)
def test_a_release_that_is_not_there_is_told(evenground, wenbury, asked, code, words):
    told = evenground("disclosure", *asked, "--workspace", wenbury.root)
    assert words in " ".join(told.stderr.split())
    assert told.returncode == code


def test_policies_are_listed_in_words(evenground, wenbury):
    told = evenground("disclosure", "policies", "--workspace", wenbury.root).stdout
    assert "nhs-7-5" in told
    assert "threshold-10" in told
    assert "from 1 to 7 is suppressed" in " ".join(told.split())


def test_a_ranking_that_is_written_to_a_file_is_logged(evenground, wenbury, tmp_path):
    out = tmp_path / "ranking.csv"
    written = evenground("rank", "-w", wenbury.root, "--out", out)
    assert (written.returncode, out.is_file()) == (0, True)
    *_, last = read_lines(wenbury.secure / "log.jsonl")
    assert last.event == "exported"
    assert last.facts["file"] == "ranking.csv"
    assert last.facts["release"] == current_release(wenbury.releases).id
