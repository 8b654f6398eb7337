"""The ``evenground`` command: what an analyst and a data steward type."""

import os

# Before NumPy is there: matrices here are small, and threads that share them wait longer than they work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from evenground.cli.commands import app, main

__all__ = ["app", "main"]
