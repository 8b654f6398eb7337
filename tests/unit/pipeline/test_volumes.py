"""Whether the disk of a workspace is known to be encrypted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evenground.pipeline.volumes import is_encrypted, warn_of_plain_disk
from evenground.workspace import Workspace, load_workspace

PLACE = (
    '[place]\nname = "Ours"\ncode = "E08000000"\nas_at = 2026-03-31\n\n'
    '[areas]\nlsoa_edition = "2021"\nimd_edition = "2025"\n'
)


def workspace(root: Path, extra: str = "") -> Workspace:
    (root / "place.toml").write_text(PLACE + extra)
    return load_workspace(root)


@pytest.fixture
def blocks(tmp_path):
    """What Linux tells of block devices, made up: the disk under the workspace, built on another."""
    device = tmp_path.stat().st_dev
    own = tmp_path / "sys" / f"{os.major(device)}:{os.minor(device)}"
    (own / "slaves").mkdir(parents=True)
    under = tmp_path / "sys" / "under"
    (under / "dm").mkdir(parents=True)
    (own / "slaves" / "dm-0").symlink_to(under)
    return tmp_path / "sys"


@pytest.mark.parametrize(("uuid", "encrypted"), [("CRYPT-LUKS2-abc-data", True), ("LVM-abc", False)])
def test_a_volume_built_on_an_encrypted_one_is_encrypted(tmp_path, blocks, uuid, encrypted):
    (blocks / "under" / "dm" / "uuid").write_text(uuid)
    assert is_encrypted(tmp_path, blocks) is encrypted
    assert ("not known to be encrypted" in warn_of_plain_disk(workspace(tmp_path), blocks)) is not encrypted


def test_a_place_may_state_that_its_disk_is_encrypted_elsewhere(tmp_path):
    said = workspace(tmp_path, "\n[secure]\nencrypted_volume = true\n")
    assert warn_of_plain_disk(said, tmp_path / "nothing") == ""


def test_an_invented_place_is_not_warned(tmp_path):
    (tmp_path / "place.toml").write_text(PLACE.replace("as_at", "synthetic = true\nas_at"))
    assert warn_of_plain_disk(load_workspace(tmp_path), tmp_path / "nothing") == ""
