"""Finding and opening a provider's files: what they are, how they are encoded, which columns they hold.

CSV files are read through once before DuckDB reads them: for their digest, to find the encoding, and to see
that a gzip file is whole. What DuckDB cannot read as it stands (gzip, Windows-1252, UTF-16) is written as
plain UTF-8 into the temporary folder of the secure zone.
"""

# ruff: noqa: S608 - identifiers are ours; every text from outside goes through quote().

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, Final, Literal

import duckdb

from evenground.errors import Fault, SourceError

_CHUNK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_SPREADSHEETS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS: Final = (",", ";", "\t", "|")
_SEPARATOR_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_DATA_CELL: Final = re.compile(r"\s*[\d./:+-]*\d[\d./:+ TZ-]*\s*")
_MAX_LINE: Final = 2_000_000


class FileError(Exception):
    """One file that cannot be used; caught here and told with all the others."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file ready to be scanned. ``path`` may be a temporary copy; ``name`` is what messages call it.

    ``relation``, where there is one, is the SQL that reads it in place of its format: columns c0, c1, ... of
    text, in the order of ``columns``. It is given the name of the table for rejected CSV rows.
    """

    name: str
    path: Path
    sha256: str
    format: Literal["csv", "parquet", "ndjson"]
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    separator: str = ","
    lines: int = 0
    notes: tuple[str, ...] = ()
    relation: Callable[[str], str] | None = None

    def find(self, column: str) -> int | None:
        """The position of a column: by its exact name, else by the only one that differs in case alone."""
        if self.columns.count(column) == 1:
            return self.columns.index(column)
        folded = [name.casefold() for name in self.columns]
        same = [place for place, name in enumerate(folded) if name == column.casefold()]
        return same[0] if len(same) == 1 else None

    def scan(self, rejects: str) -> str:
        """The table that reads it, columns named c0, c1, ...; rejected CSV rows go to ``rejects``."""
        if self.relation:
            return self.relation(rejects)
        path = quote(escape_glob(str(self.path)))
        if self.format == "parquet":
            names = ", ".join(
                f"{quote_name(name)} AS c{place}"
                for place, name in enumerate(self.columns)
                if self.columns.count(name) == 1
            )
            return f"(SELECT {names} FROM read_parquet({path}, hive_partitioning = false))"
        columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(self.columns)))
        return (
            f"read_csv({path}, auto_detect = false, header = true, delim = {quote(self.separator)}, "
            f"quote = '\"', escape = '\"', columns = {{{columns}}}, max_line_size = {_MAX_LINE}, "
            f"store_rejects = true, rejects_limit = 0, rejects_table = '{rejects}', "
            f"rejects_scan = '{rejects}_scan')"
        )


def quote(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def escape_glob(path: str) -> str:
    """A path of which no character stands for others."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def find_files(pattern: str, root: Path, where: str) -> list[tuple[str, Path]]:
    """The files that a path of ``place.toml`` names, each with the name that messages use, in name order.

    Raises
    ------
    FileError
        Where there is no such file, or it is a folder.
    """
    path = root / pattern
    if path.is_dir():
        hint = f'Name a file in it, or all of them: "{pattern.rstrip("/")}/*.csv".'
        raise FileError(Fault(f"{where}, {pattern}", "is a folder, not a file.", hint))
    if path.is_file():
        return [(name_of(path, root), path)]
    if not re.search(r"[*?\[]", pattern):
        near = get_close_matches(path.name, _names_in(path.parent), n=1)
        hint = f'Did you mean "{near[0]}"?' if near else "Check the path in place.toml."
        raise FileError(Fault(f"{where}, {pattern}", "is not there.", hint))
    anchor = Path(path.anchor) if Path(pattern).is_absolute() else root
    relative = str(path.relative_to(anchor)) if Path(pattern).is_absolute() else pattern
    found = sorted(entry for entry in anchor.glob(relative) if entry.is_file())
    if not found:
        raise FileError(Fault(f"{where}, {pattern}", "matches no file.", "Check the pattern in place.toml."))
    return [(name_of(entry, root), entry) for entry in found]


def _names_in(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []


def name_of(path: Path, root: Path) -> str:
    """What messages and releases call a file."""
    # A release records this name, and must be the same on a machine where the file lies elsewhere.
    return str(path.relative_to(root)) if path.is_relative_to(root) else f"{path.parent.name}/{path.name}"


def open_file(
    name: str, path: Path, *, wanted: Collection[str], separator: str | None, copy: Path
) -> InputFile:
    """Read a file through once and say what it is; ``copy`` is where plain UTF-8 goes if it must be written.

    Raises
    ------
    FileError
        Where the file is empty, truncated, a spreadsheet, not text, or holds a header line only of data.
    """
    with _told(name, path), path.open("rb") as stream:
        return _describe(_Reader(name, path, stream), wanted, separator, copy)


def read_through(name: str, path: Path) -> Content:
    """Read a file to its end, unpacking it if it is gzip, and say what was found; nothing is written.

    Raises
    ------
    FileError
        Where it may not be opened, or is a gzip file that is cut short.
    """
    with _told(name, path), path.open("rb") as stream:
        return _read_reader(_Reader(name, path, stream), None)[0]


@contextmanager
def _told(name: str, path: Path) -> Iterator[None]:
    """Tells that a file cannot be opened or unpacked, without what it holds."""
    try:
        yield
        return
    except PermissionError:
        hint = "Give the account that runs the build the right to read it."
        fault = Fault(name, "may not be opened.", hint)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        hint = "Copy it again from the provider, and compare its size."
        fault = Fault(
            name, f"is a gzip file that is cut short or damaged ({path.stat().st_size:,} bytes).", hint
        )
    raise FileError(fault)


@dataclass(slots=True)
class _Reader:
    """A file's content in chunks, unpacked if it is gzip, with the digest of the file as it stands."""

    name: str
    path: Path
    stream: IO[bytes]
    packed: bool = False
    digest: Any = field(default_factory=hashlib.sha256)

    def read(self, size: int = -1) -> bytes:
        """What gzip reads from: the raw bytes, counted into the digest."""
        chunk = self.stream.read(size)
        self.digest.update(chunk)
        return chunk

    def chunks(self) -> Iterator[bytes]:
        """The content from the start."""
        self.stream.seek(0)
        self.digest = hashlib.sha256()
        self.packed = self.stream.read(2) == _GZIP
        self.stream.seek(0)
        source: Any = gzip.GzipFile(fileobj=self, mode="rb") if self.packed else self  # type: ignore[call-overload]
        while chunk := source.read(_CHUNK):
            yield chunk


@dataclass(slots=True)
class Content:
    """What one pass over a file's content found out."""

    sha256: str = ""
    start: bytes = b""
    lines: int = 0
    last: bytes = b"\n"
    utf_8: bool = True
    nul: bool = False


def _describe(reader: _Reader, wanted: Collection[str], separator: str | None, copy: Path) -> InputFile:
    found, packed = _read_reader(reader, copy)
    name = reader.name
    if not found.start.removeprefix(codecs.BOM_UTF8).strip():
        raise FileError(Fault(name, "is empty (0 rows).", "Ask the provider to send it again."))
    path = copy if packed else reader.path
    sha256 = found.sha256
    if found.start.startswith(_PARQUET):
        return _describe_parquet(InputFile(name, path, sha256, "parquet"))
    if found.start.startswith(_SPREADSHEETS):
        raise FileError(Fault(name, "is a spreadsheet or zip file.", "Save it as CSV (UTF-8)."))
    encoding = _encoding(found)
    if found.nul and encoding != "utf-16":
        raise FileError(Fault(name, "is neither CSV nor Parquet.", "Export it again as CSV (UTF-8)."))
    notes: tuple[str, ...] = ()
    lines = found.lines + (not found.last.endswith(b"\n"))
    if encoding != "utf-8":
        path, lines = _write_utf_8(path, copy, encoding)
        notes = (f"read as {'Windows-1252' if encoding == 'cp1252' else 'UTF-16'}, not UTF-8",)
    described = InputFile(name, path, sha256, "csv", lines=lines, notes=notes)
    return _describe_csv(described, wanted, separator)


def _read_reader(reader: _Reader, copy: Path | None) -> tuple[Content, bool]:
    text = Content()
    decoder = codecs.getincrementaldecoder("utf-8")()
    chunks = reader.chunks()
    first = next(chunks, b"")
    text.start = first
    target = _create(copy) if copy and reader.packed else None
    try:
        chunk = first
        while chunk:
            if target:
                target.write(chunk)
            _note(text, chunk, decoder)
            chunk = next(chunks, b"")
    finally:
        if target:
            target.close()
    text.utf_8 = text.utf_8 and not decoder.getstate()[0]
    text.sha256 = reader.digest.hexdigest()
    return text, reader.packed


def _note(text: Content, chunk: bytes, decoder: codecs.IncrementalDecoder) -> None:
    text.lines += chunk.count(b"\n")
    text.last = chunk
    text.nul = text.nul or b"\0" in chunk
    if text.utf_8 and not (chunk.isascii() and not decoder.getstate()[0]):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            text.utf_8 = False
            decoder.reset()


def _encoding(text: Content) -> str:
    if text.start.startswith(_UTF_16):
        return "utf-16"
    return "utf-8" if text.utf_8 else "cp1252"


def _create(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _write_utf_8(path: Path, copy: Path, encoding: str) -> tuple[Path, int]:
    target = copy.with_suffix(".utf8")
    # Windows-1252 leaves five bytes without a character; one of them must not stop a build.
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    lines, last = 0, ""
    with path.open("rb") as source, _create(target) as out:
        # A byte-order mark before Windows-1252 is a slip of whoever saved the file: it is no character.
        if encoding == "cp1252" and source.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            source.seek(0)
        while chunk := source.read(_CHUNK):
            last = decoder.decode(chunk)
            lines += last.count("\n")
            out.write(last.encode())
        out.write(decoder.decode(b"", final=True).encode())
    return target, lines + (not last.endswith("\n"))


def _describe_parquet(file: InputFile) -> InputFile:
    path = quote(escape_glob(str(file.path)))
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(
                f"DESCRIBE SELECT * FROM read_parquet({path}, hive_partitioning = false)"
            ).fetchall()
    except duckdb.Error:
        rows = []
    if not rows:
        hint = "Copy it again from the provider, and compare its size."
        size = file.path.stat().st_size
        raise FileError(
            Fault(file.name, f"is a Parquet file that is cut short or damaged ({size:,} bytes).", hint)
        )
    return replace(file, columns=tuple(row[0] for row in rows), types=tuple(row[1] for row in rows))


def _describe_csv(file: InputFile, wanted: Collection[str], separator: str | None) -> InputFile:
    with file.path.open(encoding="utf-8-sig", newline=None) as stream:
        line = stream.readline(_MAX_LINE).rstrip("\n")
    headers = {
        mark: tuple(name.strip() for name in next(csv.reader([line], delimiter=mark), []))
        for mark in ([separator] if separator else _SEPARATORS)
    }
    folded = {name.casefold() for name in wanted}
    # max() keeps the first of equals, so the comma wins where nothing speaks for another separator.
    best = max(
        headers, key=lambda mark: (len(folded & {n.casefold() for n in headers[mark]}), len(headers[mark]))
    )
    notes = file.notes
    if best != "," and separator is None:
        notes += (f"cells are separated by a {_SEPARATOR_NAMES[best]}",)
    columns = headers[best]
    return replace(file, columns=columns, types=("VARCHAR",) * len(columns), separator=best, notes=notes)


def check_columns(file: InputFile, wanted: Mapping[str, str], header: str) -> list[Fault]:
    """The faults of a file that lacks columns: ``wanted`` is column to hint, ``header`` names its columns.

    Only a name close to the one that is missing is told: what stands in the first line may be a person.
    """
    missing = {column: hint for column, hint in wanted.items() if file.find(column) is None}
    if missing and any(_DATA_CELL.fullmatch(name) for name in file.columns):
        what = "has no header line: its first line holds data."
        return [Fault(file.name, what, f"Add a first line with the column names{header}.")]
    faults = []
    for column, advice in missing.items():
        same = [name for name in file.columns if name.casefold() == column.casefold()]
        near = get_close_matches(column.casefold(), {n.casefold(): n for n in file.columns}, n=1)
        hint = advice
        what = f"is not one of its {len(file.columns)} columns."
        if len(same) > 1:
            what, near = f"stands {len(same)} times in its header line.", []
        if near:
            name = next(n for n in file.columns if n.casefold() == near[0])
            hint = f'Did you mean "{name}"? {advice}'.rstrip()
        faults.append(Fault(f'{file.name}, column "{column}"', what, hint))
    return faults


def source_error(name: str, faults: list[Fault]) -> SourceError:
    """The error that tells every fault of a source's files."""
    return SourceError(f'The source "{name}" cannot be read.', faults)
