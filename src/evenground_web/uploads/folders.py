"""Where uploads stand: beside the releases, in a folder that the account of the site alone can open.

::

    uploads/
      incoming-...            a file as it arrives; gone with its request
      waiting/<digest>/       a checked file, with its report, until somebody decides
      aside/<time>--<name>    what was replaced or taken out, to be put back
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Final

from django.conf import settings

LONGEST_WAIT: Final = dt.timedelta(days=14)
LONGEST_ARRIVAL: Final = dt.timedelta(hours=6)


def workspace_root() -> Path:
    """The workspace whose sources files are for."""
    return Path(settings.EVENGROUND_RELEASES).resolve().parent


def uploads_folder() -> Path:
    """The folder of all three."""
    return workspace_root() / "uploads"


def waiting_folder() -> Path:
    """What is checked and not decided."""
    return uploads_folder() / "waiting"


def aside_folder() -> Path:
    """What was replaced or taken out."""
    return uploads_folder() / "aside"


def make_folders() -> Path:
    """Make them where they are not there, and return the first.

    Raises
    ------
    PermissionError
        Where the account of the site may not.
    """
    for folder in (uploads_folder(), waiting_folder(), aside_folder()):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return uploads_folder()


def clear_old(now: dt.datetime) -> None:
    """Remove what waited too long, and what a stopped process left of a file that arrived."""
    for folder in waiting_folder().iterdir():
        if _age(folder, now) > LONGEST_WAIT:
            shutil.rmtree(folder, ignore_errors=True)
    for left in uploads_folder().glob("incoming-*"):
        if _age(left, now) > LONGEST_ARRIVAL:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _age(path: Path, now: dt.datetime) -> dt.timedelta:
    try:
        return now - dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    except FileNotFoundError:
        return dt.timedelta(0)
