"""What is kept beside a fetched file: where it came from, and by what it is known again."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from evenground.errors import Fault, SourceError
from evenground.sources.fetch.transport import Validator
from evenground.workspace import write_atomically


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched, and what became of it.

    Parameters
    ----------
    path
        Where it lies.
    rows
        Rows of the table, without its header, or areas of the boundaries.
    size
        In bytes.
    is_new
        Whether the file was written now; otherwise it is as it was.
    on
        The day (UTC) on which it was fetched.
    """

    path: Path
    rows: int
    size: int
    is_new: bool
    on: str


@dataclass(frozen=True, slots=True)
class Record:
    """The JSON beside a file. ``pages`` is by what the server knows each page again."""

    address: str
    pages: tuple[Validator, ...]
    sha256: str
    rows: int
    size: int
    on: str

    def as_fetched(self, path: Path, *, is_new: bool) -> Fetched:
        """The file as it is told about."""
        return Fetched(path, self.rows, self.size, is_new, self.on)


def record_path(path: Path) -> Path:
    """Where the record of a file lies: beside it."""
    return path.with_name(f"{path.name}.fetched.json")


def read_record(path: Path) -> Record | None:
    """What is known of the file at ``path``, or nothing."""
    try:
        told = json.loads(record_path(path).read_text(encoding="utf-8"))
        pages = tuple(Validator(**page) for page in told.pop("pages"))
        return Record(pages=pages, **told)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write_record(path: Path, record: Record) -> None:
    """Keep what is known of the file at ``path``."""
    text = json.dumps(asdict(record), indent=2, ensure_ascii=False)
    write_atomically(record_path(path), f"{text}\n".encode())


def check_replaceable(path: Path, record: Record | None, address: str) -> None:
    """That a file which is there is the one that was fetched, from the same address.

    Raises
    ------
    SourceError
        Where somebody changed it since, put it there, or asked for something else then.
    """
    if not path.exists():
        return
    if not path.is_file():
        fault = Fault(str(path), "is not a file.", "Name another with --out.")
        raise SourceError("Nothing was fetched.", [fault])
    if record is None:
        what = "is there already, and was not fetched."
    elif record.sha256 != digest(path):
        what = "was changed since it was fetched."
    elif record.address != address:
        what = f"holds something else, fetched on {record.on} from {record.address}."
    else:
        return
    fault = Fault(str(path), what, "Move it, name another file with --out, or write over it with --force.")
    raise SourceError("Nothing was fetched.", [fault])


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def today() -> str:
    """The day, in UTC."""
    return dt.datetime.now(dt.UTC).date().isoformat()
