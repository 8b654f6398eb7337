"""What every category of test shares."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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


_LONGEST = (
    "tests/unit/pipeline/test_build.py",
    "tests/docs/test_code_blocks.py",
    "tests/unit/cli/",
    "tests/spec/",
    "tests/unit/engine/test_spark_backend.py",
    "tests/unit/pipeline/",
    "tests/browser/",
    "tests/unit/disclosure/",
    "tests/reference/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no process is left with one at the end; each file's tests in one process.

    Tests on Spark share one, whatever their file: starting it takes longer than what they do.
    """

    def place(item: pytest.Item) -> int:
        return next((n for n, start in enumerate(_LONGEST) if item.nodeid.startswith(start)), len(_LONGEST))

    items.sort(key=place)
    for item in items:
        on_spark = "spark" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("spark" if on_spark else item.nodeid.partition("::")[0]))


@contextmanager
def made_once(factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """A folder that all processes of a run share, and whether this one is to fill it; the others wait."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shared-{name}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_suffix(".done")
        if done.exists():
            yield folder, False
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder, True
        done.touch()


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

    with made_once(tmp_path_factory, "wenbury") as (folder, is_mine):
        root = folder / "wenbury"
        if is_mine:
            build_release(make_small_wenbury(root))
    return root


@pytest.fixture
def wenbury(wenbury_template: Path, tmp_path: Path) -> Workspace:
    """A built workspace of Wenbury in small, a test's own to change."""
    from evenground.workspace import load_workspace

    shutil.copytree(wenbury_template, tmp_path / "wenbury")
    return load_workspace(tmp_path / "wenbury")
