"""The extract that every test of this folder changes in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.extracts import Extract


@pytest.fixture
def extract(tmp_path: Path) -> Extract:
    """An extract of three persons and three events that reads without a fault."""
    return Extract(tmp_path)
