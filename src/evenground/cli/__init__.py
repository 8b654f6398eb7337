"""The ``evenground`` command: what an analyst and a data steward type."""

from evenground.cli.commands import app, main

__all__ = ["app", "main"]
