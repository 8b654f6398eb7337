"""What every category of test shares."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.spark import spark

if TYPE_CHECKING:
    from evenground.workspace import Workspace

# As the command line does, and before NumPy is there: small matrices go slower on several threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__all__ = ["spark"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public reference data that lies beside a checkout, or a skip that says why."""
    folder = Path(os.environ.get("EVENGROUND_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data" / "README.md").is_file():
        pytest.skip("the public reference data (a folder 'shared' beside the checkout) is not here")
    return folder


@pytest.fixture(scope="session")
def wenbury_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wenbury in small, built; never written to by a test."""
    from evenground.pipeline import build_release
    from tests.support.wenbury import make_small_wenbury

    workspace = make_small_wenbury(tmp_path_factory.mktemp("template") / "wenbury")
    build_release(workspace)
    return workspace.root


@pytest.fixture
def wenbury(wenbury_template: Path, tmp_path: Path) -> Workspace:
    """A built workspace of Wenbury in small, a test's own to change."""
    from evenground.workspace import load_workspace

    shutil.copytree(wenbury_template, tmp_path / "wenbury")
    return load_workspace(tmp_path / "wenbury")
