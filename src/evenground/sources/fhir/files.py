"""The files of a bulk export: which type of resource each holds, and whether it can be read to its end."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from evenground.errors import Fault, suggest
from evenground.sources.staging.files import (
    FileError,
    InputFile,
    escape_glob,
    name_of,
    quote,
    quote_name,
    read_through,
)
from evenground.sources.staging.inputs import Intake

_NAME: Final = re.compile(r"(?P<type>[A-Za-z]+)(?P<part>[^A-Za-z].*)?\.(ndjson|jsonl)(\.gz)?", re.IGNORECASE)


def find_resources(
    path: str, types: Collection[str], intake: Intake
) -> tuple[list[tuple[str, InputFile]], list[Fault]]:
    """The files of the wanted types of resources in a folder, in the order of types and then of names."""
    folder = intake.root / path
    if not folder.is_dir():
        what = "is a file, not a folder." if folder.exists() else "is not there."
        return [], [Fault(path, what, "Name the folder that holds Patient.ndjson and the others.")]
    wanted = {name.casefold(): name for name in types}
    found: list[tuple[str, Path]] = []
    for file in sorted(folder.iterdir()):
        matched = _NAME.fullmatch(file.name)
        if matched and matched["type"].casefold() in wanted and file.is_file():
            found.append((wanted[matched["type"].casefold()], file))
    files, faults = [], []
    for resource, file in sorted(found, key=lambda entry: list(types).index(entry[0])):
        name = name_of(file, intake.root)
        intake.tell(f"Checking {name}")
        try:
            files.append((resource, _open(name, file, resource)))
        except FileError as error:
            faults.append(error.fault)
    missing = {"Patient"} - {resource for resource, _ in found}
    if missing:
        hint = suggest("Patient.ndjson", (file.name for file in folder.iterdir()))
        faults.append(Fault(f"{path}, Patient.ndjson", "is not there.", hint))
    return files, faults


def _open(name: str, path: Path, resource: str) -> InputFile:
    found = read_through(name, path)
    first = found.start.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
    if found.nul or not found.utf_8 or (first and not first.startswith(b"{")):
        raise FileError(Fault(name, "is not NDJSON: one resource a line, in UTF-8.", "Export it again."))
    # The first megabyte is all that is held of it: a longer line is left to the reading itself.
    if first and len(first) < len(found.start):
        _check_first(name, first, resource)
    return InputFile(name, path, found.sha256, "ndjson")


def _check_first(name: str, line: bytes, resource: str) -> None:
    try:
        kind = json.loads(line).get("resourceType")
    except ValueError:
        kind = None
    if kind == "Bundle":
        hint = "Write each resource of the bundle on a line of its own, one file a type."
        raise FileError(Fault(name, "is a Bundle, not one resource a line.", hint))
    if kind is None:
        hint = "Export it again: a resource may not be spread over lines."
        raise FileError(Fault(name, "does not hold a whole resource in its first line.", hint))
    if kind != resource:
        hint = "Name the file after the type that it holds."
        raise FileError(Fault(name, f"holds resources of another type than {resource}.", hint))


def scan(file: InputFile, columns: Mapping[str, str]) -> str:
    """The table that reads the columns of a file; a line that is no JSON gives a row of nothing."""
    listed = ", ".join(f"{quote_name(name)}: {quote(kind)}" for name, kind in columns.items())
    return f"read_ndjson({quote(escape_glob(str(file.path)))}, columns = {{{listed}}}, ignore_errors = true)"
