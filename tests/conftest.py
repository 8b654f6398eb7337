"""What every category of test shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public reference data that lies beside a checkout, or a skip that says why."""
    folder = Path(os.environ.get("EVENGROUND_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data" / "README.md").is_file():
        pytest.skip("the public reference data (a folder 'shared' beside the checkout) is not here")
    return folder
