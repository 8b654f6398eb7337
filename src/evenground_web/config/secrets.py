"""The key that signs sessions."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def load_secret_key(database: str) -> str:
    """The key kept beside the database, made when first asked for; a passing one where there is no file.

    The file is readable by its owner only. Of two processes that start at once, both use the first one's key.
    """
    if not database or database == ":memory:":
        return secrets.token_urlsafe(50)
    path = Path(f"{database}.key")
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, key: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key)
        with suppress(FileExistsError):
            # A link fails where the name is taken, which a rename would not.
            Path(path).hardlink_to(temporary)
    finally:
        Path(temporary).unlink()
