"""``evenground report``, as somebody types it who wants a file to print."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evenground.releases import Release
from tests.support.release_factory import write_sample_release


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from evenground.cli.new_workspace import write_workspace

    folder = tmp_path_factory.mktemp("reports") / "samplebury"
    write_workspace(folder, name="Samplebury", code="X00000001")
    write_sample_release(folder / "releases")
    return folder


@pytest.fixture(scope="module")
def release(workspace: Path) -> Release:
    from evenground.releases import current_release

    return current_release(workspace / "releases")


def test_a_profile_is_written_under_a_name_of_its_own(evenground, workspace, release, tmp_path):
    done = evenground("report", "profile", "Old Town", "-w", workspace, "--format", "html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = tmp_path / "profile-msoa-X02000001.html"
    assert release.id in written.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == [written.name]


def test_a_release_and_a_profile_can_be_named(evenground, workspace, release, tmp_path):
    out = tmp_path / "screening.pdf"
    options = ("--release", release.id, "--profile", "screening", "--pictures", "0", "--out", out)
    done = evenground("report", "profile", "place", "-w", workspace, *options)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes().startswith(b"%PDF-")


def test_a_file_that_is_there_is_not_written_over_unless_asked(evenground, workspace, tmp_path):
    out = tmp_path / "mine.html"
    out.write_text("mine")
    asked = ("report", "profile", "X02000001", "-w", workspace, "--format", "html", "--out", out)
    done = evenground(*asked)
    assert (done.returncode, out.read_text()) == (2, "mine")
    assert "--force" in done.stderr
    assert evenground(*asked, "--force").returncode == 0
    assert out.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("Old Twn",), 8, "Old Town"),
        (("place", "--profile", "screning"), 8, "screening"),
        (("place", "--format", "odf"), 2, "docx"),
        (("place", "--out", "report.doc"), 2, "must end in .pdf"),
        (("place", "--out", "nowhere/report.pdf"), 2, "is not there"),
        (("place", "--release", "2020-01-01-000000000000"), 7, "There is no release"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(evenground, workspace, tmp_path, options, code, told):
    done = evenground("report", "profile", *options, "-w", workspace, cwd=tmp_path)
    assert done.returncode == code
    assert told in " ".join(done.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_told_before_anything_is_read(evenground, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "typst", None)
    done = evenground("report", "profile", "place", "-w", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "pip install 'evenground[reports]'" in done.stderr.replace("\n", " ")


def test_the_annual_statement_is_written(evenground, workspace, release, tmp_path):
    asked = ("report", "statement", "-w", workspace, "--format", "html", "--pictures", "0")
    done = evenground(*asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = tmp_path / f"statement-{release.manifest.place_code}.html"
    assert "section 13SA" in written.read_text(encoding="utf-8")
    assert evenground(*asked, cwd=tmp_path).returncode == 2
