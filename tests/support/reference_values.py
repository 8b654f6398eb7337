"""The values of the field's own programs, and how close ours must come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

LEVELS = {"90": 0.9, "95": 0.95, "99": 0.99, "99_8": 0.998}
"""Confidence levels by the ending of the reference's columns."""


def read(file: Path) -> pl.DataFrame:
    """A table of the reference; an empty field and NA are null, NaN stays NaN."""
    return pl.read_csv(file, infer_schema_length=None, null_values=["", "NA"])


def read_edge_cases(folder: Path) -> list[dict[str, Any]]:
    """The edge cases of one method: case_id, description, data, args, group_cols, expected by program."""
    cases: list[dict[str, Any]] = json.loads((folder / "edge_cases.json").read_text(encoding="utf-8"))
    return cases


def assert_close(ours: ArrayLike, theirs: pl.Series, *, rtol: float = 1e-9, atol: float = 1e-15) -> None:
    """Every figure within 1e-9 relative of the reference's, NaN where it has none."""
    np.testing.assert_allclose(ours, theirs.to_numpy().astype(float), rtol=rtol, atol=atol)
