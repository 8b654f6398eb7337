"""The same hierarchical model by R's lme4, where that is here."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

_SCRIPT = Path(__file__).with_name("glmer.R")


@dataclass(frozen=True)
class Fitted:
    """What glmer found: spreads on the logit scale, strata with ``fitted`` and ``main``, and its time."""

    area: float
    community: float
    stratum: float
    strata: pl.DataFrame
    seconds: float
    processor: float


@cache
def has_lme4() -> bool:
    """Whether R is here, with lme4."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return False
    asked = [rscript, "-e", "quit(status = !requireNamespace('lme4', quietly = TRUE))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def fit_glmer(counts: pl.DataFrame, *, points: int = 1, is_quick: bool = False) -> Fitted:
    """Fit with glmer: 1 point is Laplace's approximation, 0 a faster and coarser one.

    ``is_quick`` leaves out the derivatives at the end and takes the quicker of lme4's optimisers.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "strata.csv", Path(folder) / "fitted.csv"
        counts.write_csv(given)
        command = [
            "Rscript",
            str(_SCRIPT),
            str(given),
            str(points),
            str(made),
            "quick" if is_quick else "own",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        return Fitted(strata=pl.read_csv(made), **found)
