"""A folder in which a test writes its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sources import Sources


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """No sources yet."""
    return Sources(tmp_path)
