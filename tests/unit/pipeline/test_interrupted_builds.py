"""A build that is killed, or finds no disk left: nothing half-published, and the next one works."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evenground.errors import DiskFullError, is_disk_full
from evenground.pipeline import build_release
from evenground.releases import current_release, list_releases, verify_release
from evenground.workspace import (
    Workspace,
    load_workspace,
    remove_leftovers,
    temporary_folder,
    write_atomically,
)
from tests.support.linkage import make_register

BUILD = [sys.executable, "-m", "evenground", "build", "--workspace"]
FULL = 14
WITHOUT_BYTECODE = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
"""For a program whose files may not grow: it must leave no module compiled by half for the next one."""


@pytest.fixture(scope="module")
def town_template(tmp_path_factory) -> Path:
    """A town of five areas and one source, built; never written to by a test."""
    root = tmp_path_factory.mktemp("template") / "town"
    place = make_register(root).root / "place.toml"
    # An invented place: what a build makes is current at once, without a second person.
    place.write_text(place.read_text().replace("as_at =", "synthetic = true\nas_at =", 1))
    build_release(load_workspace(root))
    return root


@pytest.fixture
def town(town_template, tmp_path) -> Workspace:
    """The town, a test's own to change."""
    shutil.copytree(town_template, tmp_path / "town")
    return load_workspace(tmp_path / "town")


def change_date(workspace: Workspace) -> Workspace:
    """So that the next build makes another release than the one that is current."""
    path = workspace.root / "place.toml"
    path.write_text(path.read_text().replace("as_at = 2026-03-31", "as_at = 2026-03-30"))
    return load_workspace(workspace.root)


def leftovers(workspace: Workspace) -> list[str]:
    """What stands in the workspace that only a running build should have."""
    found = [*workspace.secure.rglob("*"), *workspace.releases.glob("*")]
    return [path.name for path in found if path.name.startswith((".", "build-"))]


@pytest.mark.parametrize("stage", ["Writing persons", "Count people", "Write and verify"])
def test_the_build_after_one_that_was_killed_starts_cleanly(town, stage):
    before = current_release(town.releases).id
    change_date(town)
    killed = subprocess.Popen([*BUILD, town.root], stderr=subprocess.PIPE, text=True)
    assert any(line.startswith(stage) for line in killed.stderr)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stderr.close()
    assert current_release(town.releases).id == before
    assert [release.id for release in list_releases(town.releases)] == [before]
    release, report = build_release(load_workspace(town.root))
    assert not report.unchanged
    assert verify_release(current_release(town.releases).path).id == release.id != before
    assert leftovers(town) == []


def test_what_a_killed_process_left_goes_at_any_depth_and_nothing_else_does(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = [tmp_path / f".sources-{ended.pid}-ab", tmp_path / "prepared" / f".spill-{ended.pid}-cd"]
    of_an_earlier_start = tmp_path / f"build-{os.getpid()}-ef"
    kept = [
        tmp_path / f"build-{os.getppid()}-gh",
        tmp_path / "prepared" / "persons",
        tmp_path / "reports-1-a",
    ]
    for folder in (*gone, of_an_earlier_start, *kept):
        folder.mkdir(parents=True)
    with temporary_folder(tmp_path, "build") as in_use:
        remove_leftovers(tmp_path)
        assert in_use.is_dir()
        assert in_use.stat().st_mode & 0o077 == 0
    assert not any(folder.exists() for folder in (*gone, of_an_earlier_start, in_use))
    assert all(folder.exists() for folder in kept)


_ON_A_TINY_DISK = """
import json, pathlib, shutil, subprocess, sys
template, root, folder, size, *command = sys.argv[1:]
root = pathlib.Path(root)
shutil.copytree(template, root)
disk = root / folder
shutil.move(disk, root.parent / "aside")
disk.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", disk], check=True)
shutil.copytree(root.parent / "aside", disk, dirs_exist_ok=True)
before = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
done = subprocess.run([*command, root], capture_output=True, text=True)
after = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
log = root / "secure" / "log.jsonl"
told = {"code": done.returncode, "told": done.stderr, "log": log.read_text() if log.exists() else ""}
json.dump(told | {"new": sorted({*after} ^ {*before})}, sys.stdout)
"""


@pytest.fixture(scope="module")
def next_town(town_template, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("next") / "town"
    shutil.copytree(town_template, root)
    change_date(load_workspace(root))
    shutil.rmtree(root / "secure")
    (root / "secure").mkdir(mode=0o700)
    return root


def build_on_a_tiny_disk(template: Path, tmp_path: Path, folder: str, size: str) -> dict:
    """Build with one folder of the workspace on a disk of its own, which holds ``size``."""
    script = [sys.executable, "-c", _ON_A_TINY_DISK, template, tmp_path / "town", folder, size, *BUILD]
    done = subprocess.run(["unshare", "--mount", *script], capture_output=True, text=True)
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("no disk can be mounted here")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no disk can be mounted here")
@pytest.mark.parametrize(
    ("folder", "written", "free"),
    [("secure", "town/secure", "16k"), ("releases", "releases/candidates", "16k")],
)
def test_no_disk_left_is_a_sentence_with_a_code_of_its_own_and_changes_nothing(
    next_town, tmp_path, folder, written, free
):
    held = sum(path.stat().st_size + 4096 for path in (next_town / folder).rglob("*"))
    size = str(held + int(free.removesuffix("k")) * 1024)
    done = build_on_a_tiny_disk(next_town, tmp_path, folder, size)
    assert done["code"] == FULL, done["told"]
    assert f"There is no disk left for what is written to the folder '{written}'" in " ".join(
        done["told"].split()
    )
    assert "Traceback" not in done["told"]
    assert set(done["new"]) <= {"secure/reports", "secure/log.jsonl"}
    assert "secure/log.jsonl" in done["new"]
    line = json.loads(done["log"].splitlines()[-1])
    assert (line["event"], line["facts"]) == ("build_failed", {"code": FULL, "error": "DiskFullError"})


def test_a_file_that_may_not_grow_is_told_in_the_same_way(next_town, tmp_path):
    """The same where no disk can be mounted: no file may be larger than 10,000 bytes."""
    root = tmp_path / "town"
    shutil.copytree(next_town, root)
    before = {*root.rglob("*")}
    done = subprocess.run(
        [*BUILD, root],
        capture_output=True,
        text=True,
        env=WITHOUT_BYTECODE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
    )
    assert done.returncode == FULL, done.stderr
    assert "Traceback" not in done.stderr
    assert {*root.rglob("*")} == before | {root / "secure" / "log.jsonl"}


def test_a_pointer_that_cannot_be_written_stays_as_it_was(tmp_path):
    current = tmp_path / "current"
    current.write_text("one\n")
    code = (
        "import resource, pathlib, sys; from evenground.workspace import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))\n"
        "write_atomically(pathlib.Path(sys.argv[1]), b'two')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, current], capture_output=True, text=True, env=WITHOUT_BYTECODE
    )
    assert "DiskFullError" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["current"]
    assert current.read_text() == "one\n"


def test_another_fault_is_not_taken_for_a_full_disk(tmp_path):
    with pytest.raises(PermissionError), temporary_folder(tmp_path, ".x"):
        raise PermissionError(13, "no")
    with pytest.raises(DiskFullError) as told, temporary_folder(tmp_path, ".x"):
        raise RuntimeError("IO Error: Could not write: No space left on device; row: 9434765919")
    assert "9434765919" not in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__
    assert not is_disk_full(told.value)
    write_atomically(tmp_path / "a", b"1")
