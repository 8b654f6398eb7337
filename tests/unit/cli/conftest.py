"""The command line, as a user types it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from evenground.cli import main


@pytest.fixture
def evenground(monkeypatch, capsys):
    """Run the command in this process, and give what it printed and its exit code."""

    def run(*arguments: object, cwd: Path | None = None) -> SimpleNamespace:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["evenground", *map(str, arguments)])
            if cwd:
                patch.chdir(cwd)
            with pytest.raises(SystemExit) as ended:
                main()
        printed = capsys.readouterr()
        code = ended.value.code or 0
        return SimpleNamespace(stdout=printed.out, stderr=printed.err, returncode=code)

    return run
