"""Names of files that came from outside."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

_LONGEST: Final = 80


def clean_name(name: str) -> str:
    """A name without folders, and with letters, digits, dots, hyphens and underscores only.

    >>> clean_name("../../etc/91547 <b>data</b>.CSV"), clean_name(r"C:\\files\\.hidden.csv")
    ('b-.csv', 'hidden.csv')
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip(".")
    stem, dot, ending = plain.rpartition(".")
    return f"{(stem or 'file')[:_LONGEST]}{dot}{ending.lower()}"
