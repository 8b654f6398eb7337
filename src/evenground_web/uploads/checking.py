"""The check of an uploaded file, in a process of its own: the site cannot import what reads sources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

_LONGEST: Final = 300
_PASSED_ON: Final = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class CheckFailedError(Exception):
    """The check did not come to an end; says what to do."""


def check_file(root: Path, file: Path, *, source: str, name: str, folder: Path) -> dict[str, Any]:
    """What ``evenground figures check`` finds; it writes ``report.json`` and ``rows.csv`` to ``folder``.

    Parameters
    ----------
    root
        The workspace.
    file
        The file as it arrived.
    source, name
        The source that it is for, and the name that it is to have.
    folder
        Where its findings and its temporary files go.

    Raises
    ------
    CheckFailedError
        Where the workspace cannot be read, or the check takes too long.
    """
    report = folder / "report.json"
    command = [
        *(sys.executable, "-m", "evenground", "figures", "check", str(file)),
        *("--workspace", str(root), "--source", source, "--name", name),
        *("--report", str(report), "--rows", str(folder / "rows.csv"), "--folder", str(folder)),
    ]
    passed = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    try:
        # No shell; the name was made plain, and the source is one of place.toml.
        done = subprocess.run(  # noqa: S603
            command, env=passed, capture_output=True, timeout=_LONGEST, check=False, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise CheckFailedError(
            f"The check took longer than {_LONGEST // 60} minutes. Send fewer indicators in one file."
        ) from None
    if not report.is_file():
        told = done.stderr.decode(errors="replace").strip().removeprefix("Not done.").strip()
        raise CheckFailedError(
            told[:1_000] or "The check could not be run. Tell whoever looks after the site."
        )
    found: dict[str, Any] = json.loads(report.read_bytes())
    return found
